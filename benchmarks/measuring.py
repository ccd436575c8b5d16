"""Rounds in turns, medians with their spread, intervals of ratios, slopes: all that is not a camp.

A machine that is shared is at times half as fast. What is compared is therefore timed in turns, a
ratio is taken within each round, and the median of the rounds is told with the lowest and highest.
What runs on one thread is timed by the processor time that it takes, which other work on the
machine hardly changes; what runs on several, by the clock on the wall.
"""

import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

RESAMPLES = 2000
CONFIDENCE = 0.95


class Figure(NamedTuple):
    """A median of rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(self.low)} to {short(self.high)})"


Clock = Callable[[], float]
PROCESSOR: Clock = time.process_time
WALL: Clock = time.perf_counter


class Case(NamedTuple):
    """Something to be timed, and how many units of work it does."""

    run: Callable[[], object]
    units: float
    clock: Clock = PROCESSOR


def seconds_of(work: Callable[[], object], clock: Clock = PROCESSOR) -> float:
    """Time one call."""
    started = clock()
    work()
    return clock() - started


def rates_in_turns(cases: Mapping[str, Case], rounds: int) -> dict[str, list[float]]:
    """Units a second of each case in each round; every round begins with another case."""
    names = list(cases)
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            case = cases[name]
            rates[name].append(case.units / seconds_of(case.run, case.clock))
    return rates


def figure_of(values: Sequence[float]) -> Figure:
    """Sum up the rounds."""
    return Figure(float(np.median(values)), float(min(values)), float(max(values)))


def ratio(of: Sequence[float], to: Sequence[float]) -> Figure:
    """One rate over another, round by round."""
    return figure_of([a / b for a, b in zip(of, to, strict=True)])


def interval_of_ratio(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """Bootstrap interval of the median of ``after`` over that of ``before``.

    Parameters
    ----------
    before, after : sequence of float
        Timings, all above 0.

    Returns
    -------
    low, high : float
    """
    lots = np.random.Generator(np.random.Philox(1))
    medians = [
        np.median(lots.choice(np.asarray(values), (RESAMPLES, len(values))), axis=1)
        for values in (before, after)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians[1] / medians[0], [tail, 1 - tail])
    return float(low), float(high)


def log_log_slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Power of a size with which a cost grows; 1 where it is in proportion."""
    if len(set(sizes)) < 2:
        raise ValueError("a slope needs two sizes at least")
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def short(value: float) -> str:
    """Three figures, and no more digits than a measurement has."""
    if not math.isfinite(value) or value == 0:
        return str(value)
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def machine() -> dict[str, str]:
    """What was measured on."""
    return {
        "processor": _processor(),
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "NumPy": version("numpy"),
        "numba": version("numba"),
        "Mesa": version("mesa"),
        "date": datetime.now(UTC).date().isoformat(),
        "load": f"{psutil.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
