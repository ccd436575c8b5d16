"""Whether the core became slower, by its ratios to the plain Mesa twin in the same process.

    .venv/bin/python -m benchmarks.guard            # fails where a ratio lost over a quarter
    .venv/bin/python -m benchmarks.guard --renew    # writes benchmarks/baseline.json anew

A ratio hardly depends on the machine, a time does. The baseline holds ratios, and what was measured
on is told beside them.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import Figure, machine, short
from benchmarks.ratios import HISTORY, QUOTED, SMALL, TWIN, Sizes, measure, quiet_cases, quoted_of

BASELINE = Path(__file__).parent / "baseline.json"
MOST_LOST = 0.25


class Fall(NamedTuple):
    """A ratio that fell by more than it may."""

    name: str
    before: float
    now: float

    def __str__(self) -> str:
        lost = 1 - self.now / self.before
        return f"{self.name}: {short(self.before)} before, {short(self.now)} now: {lost:.0%} lost"


def falls(before: Mapping[str, float], now: Mapping[str, float]) -> list[Fall]:
    """The ratios that fell by more than a quarter.

    Raises
    ------
    ValueError
        If a ratio of the baseline was not measured.
    """
    missing = sorted(set(before) - set(now))
    if missing:
        raise ValueError(f"not measured: {', '.join(missing)}")
    pairs = [Fall(name, value, now[name]) for name, value in before.items()]
    return [fall for fall in pairs if fall.now < (1 - MOST_LOST) * fall.before]


def to_the_twin(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """Those of the quoted ratios that are to the twin."""
    guarded = {quoted.name for quoted in QUOTED if quoted.to == TWIN}
    return {
        name: figure for name, figure in figures.items() if name.removesuffix(HISTORY) in guarded
    }


def medians(figures: Mapping[str, Figure]) -> dict[str, float]:
    """The figures without their spread."""
    return {name: figure.median for name, figure in figures.items()}


def told(rates: Mapping[str, Sequence[float]]) -> dict[str, Figure]:
    """Print the ratios to the twin."""
    figures = to_the_twin(quoted_of(rates))
    for name, figure in figures.items():
        print(f"{name:60} {figure}")
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renew", action="store_true", help="write the baseline anew")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="tiny camps, to try it")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    wanted = parser.parse_args()
    sizes = SMALL if wanted.small else Sizes()
    if not wanted.renew and not wanted.baseline.exists():
        print(f"{wanted.baseline}: there is none; --renew writes it", file=sys.stderr)
        return 2
    cases = quiet_cases(sizes)
    rates = measure(cases, wanted.rounds)
    figures = told(rates)
    if wanted.renew:
        wanted.baseline.write_text(json.dumps(_kept(figures, sizes), indent=2) + "\n")
        return 0
    baseline = json.loads(wanted.baseline.read_text())
    if baseline["sizes"] != sizes._asdict():
        print("the baseline was measured with other sizes: renew it", file=sys.stderr)
        return 2
    fallen = falls(baseline["ratios"], medians(figures))
    if fallen:
        print("a ratio fell: measured once more, and judged by all rounds")
        for name, more in measure(cases, wanted.rounds).items():
            rates[name] += more
        fallen = falls(baseline["ratios"], medians(told(rates)))
    for fall in fallen:
        print(fall, file=sys.stderr)
    return 1 if fallen else 0


def _kept(figures: Mapping[str, Figure], sizes: Sizes) -> dict:
    ratios = {name: round(median, 3) for name, median in medians(figures).items()}
    return {"machine": machine(), "sizes": sizes._asdict(), "ratios": ratios}


if __name__ == "__main__":
    sys.exit(main())
