"""The figures to quote: ratios to the plain Mesa twin, in one process and in turns.

    .venv/bin/python -m benchmarks.ratios --out .benchmarks/ratios.json

Every case steps the same first weeks of Rukban. The twin, which is slow, is given fewer households
of the same camp: its rate hardly depends on their number, and where it does, that favours it. With
history, core and twin record every week; without, neither does.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.camps import (
    Lot,
    lot_of,
    lots_of,
    plan_of,
    step_in_threads,
    step_in_turn,
    step_twin,
    stepping,
    warm,
)
from benchmarks.floors import floor_cases
from benchmarks.measuring import WALL, Case, Figure, machine, rates_in_turns, ratio

from returnsim.assemble import COMPILED_BLOCK
from returnsim.core.engines import NUMBA, NUMPY

HISTORY = ", history"
TWIN = "twin"


class Sizes(NamedTuple):
    """What is measured."""

    weeks: int = 104
    twin: int = 400  # households
    households: int = 2000
    many: int = 20_000
    replicates: int = 64


SMALL = Sizes(weeks=8, twin=40, households=100, many=400, replicates=8)


class Quoted(NamedTuple):
    """A ratio of two cases, and what it was meant to reach."""

    name: str
    of: str
    to: str
    target: float | None = None
    aim: float | None = None


QUOTED = (
    Quoted("NumPy, one replicate, to the twin", "NumPy one", TWIN, 20, 30),
    Quoted("NumPy, a block, to the twin", "NumPy block", TWIN, 60, 90),
    Quoted("NumPy, 20,000 households to 2,000", "NumPy many", "NumPy one", 0.7),
    Quoted("numba, one replicate, to the twin", "numba one", TWIN),
    Quoted("numba, a block on one thread, to the twin", "numba block", TWIN),
    Quoted("numba to NumPy, a block on one thread", "numba block", "NumPy block", 2.5),
    Quoted("numba, two threads to one", "numba two threads", "numba one thread", 1.7),
    Quoted("numba, two threads, to the twin", "numba two threads", TWIN),
)
"""Each is measured with and without history, except the two of threads."""


def quiet_cases(sizes: Sizes) -> dict[str, Case]:
    """The twin and both engines, for one replicate and for a block, with and without history."""
    twin = lot_of(plan_of(sizes.twin, sizes.weeks), [0])
    plan = plan_of(sizes.households, sizes.weeks)
    one, block = lot_of(plan, [0]), lot_of(plan, list(range(sizes.replicates)))
    few = lots_of(plan, sizes.replicates, COMPILED_BLOCK)
    cases = {}
    for ending, seen in ((HISTORY, _recorded), ("", Lot.without_history)):
        cases[TWIN + ending] = Case(partial(step_twin, seen(twin)), twin.household_weeks)
        for engine, label in ((NUMPY, "NumPy"), (NUMBA, "numba")):
            cases[f"{label} one{ending}"] = Case(stepping(seen(one), engine), one.household_weeks)
        # The compiled loops gain nothing from many at once, and are given few, as in a run.
        in_turn = partial(step_in_turn, [seen(lot) for lot in few], NUMBA)
        cases[f"NumPy block{ending}"] = Case(stepping(seen(block), NUMPY), block.household_weeks)
        cases[f"numba block{ending}"] = Case(in_turn, block.household_weeks)
    return cases


def _recorded(lot: Lot) -> Lot:
    return lot


def all_cases(sizes: Sizes) -> dict[str, Case]:
    """Those and the camp of many households, two threads, and the floors."""
    cases = quiet_cases(sizes)
    many = lot_of(plan_of(sizes.many, sizes.weeks), [0])
    for ending, lot in ((HISTORY, many), ("", many.without_history())):
        cases["NumPy many" + ending] = Case(stepping(lot, NUMPY), lot.household_weeks)
    plan = plan_of(sizes.households, sizes.weeks)
    numbers = list(range(sizes.replicates))
    size = min(COMPILED_BLOCK, sizes.replicates // 2)
    lots = [lot.without_history() for lot in lots_of(plan, sizes.replicates, size)]
    steps = sum(lot.household_weeks for lot in lots)
    for name, threads in (("one thread", 1), ("two threads", 2)):
        run = partial(step_in_threads, lots, NUMBA, threads)
        cases[f"numba {name}"] = Case(run, steps, WALL)
    one, block = lot_of(plan, [0]), lot_of(plan, numbers)
    return cases | floor_cases("one", one) | floor_cases("block", block)


def quoted_of(rates: Mapping[str, Sequence[float]]) -> dict[str, Figure]:
    """Every ratio for which there are rates, by its name."""
    figures = {}
    for ending in ("", HISTORY):
        for quoted in QUOTED:
            of, to = quoted.of + ending, quoted.to + ending
            if of in rates and to in rates:
                figures[quoted.name + ending] = ratio(rates[of], rates[to])
    return figures


def measure(cases: dict[str, Case], rounds: int) -> dict[str, list[float]]:
    """Rates of all cases, in household-weeks a second."""
    warm()
    return rates_in_turns(cases, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="tiny camps, to try it")
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    sizes = SMALL if wanted.small else Sizes()
    rates = measure(all_cases(sizes), wanted.rounds)
    for name, figure in quoted_of(rates).items():
        print(f"{name:60} {figure}")
    if wanted.out is not None:
        told = {"machine": machine(), "sizes": sizes._asdict(), "rates": rates}
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
