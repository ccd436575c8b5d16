"""The camps that are measured: Rukban as it is shipped, at several sizes and over some weeks."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.plain_mesa import PlainModel

from returnsim.assemble import Plan, block_of, plan_run
from returnsim.core.engines import ENGINES
from returnsim.core.inputs import Inputs, Population
from returnsim.core.run import Run, run_block
from returnsim.draws import Draws
from returnsim.scenario.files import load_scenario

ROOT = Path(__file__).parents[1]
RUKBAN = ROOT / "scenarios" / "rukban" / "2019-2025.yaml"
SEED = 1
WARM_HOUSEHOLDS = 50


class Lot(NamedTuple):
    """Some replicates of a camp, made and ready to be stepped."""

    inputs: Inputs
    people: Population
    replicates: list[int]
    guarantors: tuple[str, ...]

    @property
    def weeks(self) -> int:
        """How many are stepped."""
        return len(self.inputs.conditions.severity)

    @property
    def households(self) -> int:
        """Of one replicate, those who come later among them."""
        return self.people.members.shape[1]

    @property
    def rows(self) -> int:
        """Households of all replicates."""
        return self.households * len(self.replicates)

    @property
    def household_weeks(self) -> int:
        """Those who went home are counted too: they live on, and are stepped."""
        return self.rows * self.weeks

    @property
    def draws(self) -> Draws:
        """The draws of its replicates."""
        return Draws(SEED, self.replicates)

    def without_history(self) -> "Lot":
        """The same, of which no week is recorded."""
        return self._replace(inputs=self.inputs._replace(record_from=self.weeks))

    def step(self, engine: str) -> Run:
        """Step all weeks as one block."""
        return run_block(self.inputs, self.people, self.draws, self.guarantors, engine=engine)


def plan_of(households: int, weeks: int) -> Plan:
    """Rukban's first weeks with so many households; each replicate draws its own posterior row."""
    return plan_run(load_scenario(RUKBAN, {"weeks": weeks}), SEED, households)


def lot_of(plan: Plan, replicates: list[int]) -> Lot:
    """Make the households of some replicates."""
    inputs, people, _ = block_of(plan, replicates)
    return Lot(inputs, people, replicates, plan.guarantors)


def lots_of(plan: Plan, replicates: int, size: int) -> list[Lot]:
    """Some replicates in lots that are stepped one after the other, as a run does."""
    numbers = range(replicates)
    return [lot_of(plan, list(numbers[i : i + size])) for i in numbers[::size]]


def step_in_turn(lots: list[Lot], engine: str) -> None:
    """Step each lot, one after the other."""
    for lot in lots:
        lot.step(engine)


def step_twin(lot: Lot) -> None:
    """Step the one replicate of a lot with the plain Mesa twin."""
    (replicate,) = lot.replicates
    PlainModel(lot.inputs, lot.people, SEED, replicate).run()


def step_in_threads(lots: list[Lot], engine: str, threads: int) -> None:
    """Step each lot by itself, so many at a time."""
    with ThreadPoolExecutor(threads) as pool:
        for run in [pool.submit(lot.step, engine) for lot in lots]:
            run.result()


def stepping(lot: Lot, engine: str) -> partial[Run]:
    """A call that steps a lot."""
    return partial(lot.step, engine)


def warm(engines: Iterable[str] = ENGINES) -> None:
    """Step a tiny camp, so that loops are compiled and loaded before anything is measured."""
    tiny = lot_of(plan_of(WARM_HOUSEHOLDS, 2), [0])
    for engine in engines:
        for lot in (tiny, tiny.without_history()):
            lot.step(engine)
