"""How time and memory grow with households, weeks, replicates and cores.

    .venv/bin/python -m benchmarks.scaling --out .benchmarks/scaling.json

A slope is the power with which a cost grows, from a line through its logarithms: 1 is in
proportion. Camps of every size are stepped in processes of their own; the largest has a million
households, and is left out where the memory for it is not free.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.camps import RUKBAN, SEED, lot_of, plan_of, stepping, warm
from benchmarks.measuring import WALL, Case, figure_of, log_log_slope, machine, rates_in_turns
from benchmarks.memory import TooLargeError, measured

from returnsim import load_scenario, simulate
from returnsim.assemble import BLOCK
from returnsim.core.engines import NUMBA, NUMPY

ENGINES = (NUMPY, NUMBA)
REPEATED_UP_TO = 200_000  # households


class Sizes(NamedTuple):
    """What is measured."""

    households: tuple[int, ...] = (2000, 20_000, 200_000, 1_000_000)
    first_weeks: int = 8
    weeks: tuple[int, ...] = (26, 52, 104, 208, 331)
    replicates: tuple[int, ...] = (1, 4, 16, 64)
    camp: int = 2000
    weeks_of_replicates: int = 52
    of_cores: int = 32  # replicates


SMALL = Sizes((200, 2000), 3, (4, 8), (1, 4), 100, 8, 4)


def by_households(sizes: Sizes) -> list[dict]:
    """One camp of each size over its first weeks, when almost everyone is still there."""
    told = []
    for households in sizes.households:
        times = 3 if households <= REPEATED_UP_TO else 1
        try:
            told.append(measured(list(ENGINES), households, 1, sizes.first_weeks, times))
        except TooLargeError as error:
            print(f"left out: {error}")
    return told


def by_weeks(sizes: Sizes, rounds: int) -> dict[str, list[dict]]:
    """Runs of so many weeks, of a block of replicates, in turns."""
    numbers = list(range(BLOCK if sizes.camp >= 1000 else 2))
    lots = {w: lot_of(plan_of(sizes.camp, w), numbers).without_history() for w in sizes.weeks}
    return _in_turns(lots, rounds)


def by_replicates(sizes: Sizes, rounds: int) -> dict[str, list[dict]]:
    """Blocks of so many replicates, in turns."""
    plan = plan_of(sizes.camp, sizes.weeks_of_replicates)
    lots = {r: lot_of(plan, list(range(r))).without_history() for r in sizes.replicates}
    return _in_turns(lots, rounds)


def _in_turns(lots: dict, rounds: int) -> dict[str, list[dict]]:
    told = {}
    for engine in ENGINES:
        cases = {size: Case(stepping(lot, engine), 1) for size, lot in lots.items()}
        runs_a_second = rates_in_turns(cases, rounds)
        told[engine] = [
            {"size": size, "seconds": [1 / rate for rate in rates]}
            for size, rates in runs_a_second.items()
        ]
    return told


def by_cores(sizes: Sizes, rounds: int) -> dict[str, list[dict]]:
    """`returnsim.simulate` with more and more workers: processes for NumPy, threads for numba."""
    cores = os.cpu_count() or 1
    counts = sorted({1, *(2**i for i in range(1, 10) if 2**i <= cores), cores})
    scenario = load_scenario(RUKBAN, {"weeks": 2 * sizes.weeks_of_replicates})
    cases = {
        (engine, workers): Case(
            partial(
                simulate,
                scenario,
                sizes.of_cores,
                SEED,
                households=sizes.camp,
                workers=workers,
                engine=engine,
            ),
            1,
            WALL,
        )
        for engine in ENGINES
        for workers in counts
    }
    runs_a_second = rates_in_turns(cases, rounds)
    return {
        engine: [
            {"size": n, "seconds": [1 / rate for rate in runs_a_second[(engine, n)]]}
            for n in counts
        ]
        for engine in ENGINES
    }


def slope_of(lines: list[dict]) -> float:
    """Power of the size with which the median seconds grow."""
    seconds = [figure_of(line["seconds"]).median for line in lines]
    return log_log_slope([line["size"] for line in lines], seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="tiny camps, to try it")
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    sizes = SMALL if wanted.small else Sizes()
    warm()
    told = {
        "machine": machine(),
        "sizes": sizes._asdict(),
        "households": by_households(sizes),
        "weeks": by_weeks(sizes, wanted.rounds),
        "replicates": by_replicates(sizes, wanted.rounds),
        "cores": by_cores(sizes, wanted.rounds),
    }
    for what in ("weeks", "replicates"):
        for engine, lines in told[what].items():
            print(f"{what}, {engine}: slope {slope_of(lines):.2f}")
    if wanted.out is not None:
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
