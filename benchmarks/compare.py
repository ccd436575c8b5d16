"""Two runs of the benchmarks side by side, with a verdict only where it clears the noise.

    .venv/bin/python -m benchmarks.compare BEFORE.json AFTER.json

Reads what ``pytest benchmarks --benchmark-json`` writes. Each benchmark's ratio of medians is told
with a bootstrap interval over its rounds. The rounds of one run share whatever else the machine did
then, so that the interval alone is too narrow: it must also lie outside a band of noise around 1.
Exits with 1 if anything is slower, with 2 if a file cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.measuring import interval_of_ratio, short

NOISE = 0.1
FEWEST_ROUNDS = 5
FASTER, SLOWER, NOTHING, TOO_FEW = "faster", "slower", "no difference shown", "too few rounds"


class Compared(NamedTuple):
    """What two runs say of one benchmark; a ratio above 1 is more time."""

    name: str
    ratio: float
    low: float
    high: float
    verdict: str

    def __str__(self) -> str:
        told = f"{short(self.ratio)} ({short(self.low)} to {short(self.high)})"
        return f"{self.name:70} {told:28} {self.verdict}"


def timings_of(file: Path) -> dict[str, list[float]]:
    """The seconds of each round, by benchmark.

    Raises
    ------
    ValueError
        If the file is not what pytest-benchmark writes.
    """
    try:
        benchmarks = json.loads(file.read_text())["benchmarks"]
        return {each["fullname"]: list(map(float, each["stats"]["data"])) for each in benchmarks}
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{file}: not the JSON of a run of the benchmarks") from None


def verdict_of(low: float, high: float, noise: float) -> str:
    """What an interval of the ratio shows.

    Parameters
    ----------
    low, high : float
        Interval of time after over time before.
    noise : float
        Share by which two runs of the same code may differ.
    """
    if low > 1 + noise:
        return SLOWER
    return FASTER if high < 1 / (1 + noise) else NOTHING


def compare(
    name: str, before: Sequence[float], after: Sequence[float], noise: float = NOISE
) -> Compared:
    """Compare the timings of one benchmark."""
    ratio = float(np.median(after) / np.median(before))
    if min(len(before), len(after)) < FEWEST_ROUNDS:
        return Compared(name, ratio, float("nan"), float("nan"), TOO_FEW)
    low, high = interval_of_ratio(before, after)
    return Compared(name, ratio, low, high, verdict_of(low, high, noise))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--noise", type=float, default=NOISE)
    wanted = parser.parse_args()
    try:
        before, after = timings_of(wanted.before), timings_of(wanted.after)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    both = [
        compare(name, before[name], after[name], wanted.noise) for name in before if name in after
    ]
    for compared in both:
        print(compared)
    for name in sorted(set(before) ^ set(after)):
        print(f"{name}: in one run only")
    return 1 if any(compared.verdict == SLOWER for compared in both) else 0


if __name__ == "__main__":
    sys.exit(main())
