"""A sweep: every cell of an experiment run once, ever, and its tables written."""

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from returnsim.assemble import plan_run
from returnsim.core.engines import AUTO, choose_engine
from returnsim.core.record import column_names
from returnsim.errors import UsageError
from returnsim.experiments.cases import DesignedCase, LoadedExperiment
from returnsim.experiments.cells import (
    CELL,
    Cell,
    Result,
    cell_of,
    cells_a_task,
    engine_of,
    key_of,
)
from returnsim.experiments.execute import Site, Task, execute
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.pieces import Source
from returnsim.experiments.store import Store
from returnsim.experiments.tables import run_in, write_tables
from returnsim.memory import check_memory
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import scenario_hash

STORE = "store"
TASKS_A_WORKER = 2
"""Where there is little to do, it is cut so that each worker gets so many tasks."""
WAIT_SECONDS = 0.2


class Failure(NamedTuple):
    """A cell that could not be run.

    Attributes
    ----------
    key : str
        Of the cell.
    case : str
        The first case that needs it.
    without : str or None
        The lever that it goes without, where it is a pair.
    block : int
        Which sixteen replicates.
    error : str
        With its traceback.
    """

    key: str
    case: str
    without: str | None
    block: int
    error: str

    @property
    def reason(self) -> str:
        """The error in a line."""
        lines = self.error.strip().splitlines()
        # Without the module that the error comes from.
        return re.sub(r"^(\w+\.)+", "", lines[-1]) if lines else "no error was told"


@dataclass
class Tally:
    """How far a sweep has come, in cells.

    Attributes
    ----------
    total : int
        Cells that the experiment needs; one that cases share is counted once, when it is found.
    ran, cached, failed : int
        Run now; found in the store; ended in an error.
    failures : list of Failure
        Those that failed.
    """

    total: int = 0
    ran: int = 0
    cached: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Cells that need no more work."""
        return self.ran + self.cached + self.failed


Progress = Callable[[Tally], None]


def sweep(
    experiment: LoadedExperiment,
    folder: Path,
    site: Site,
    *,
    command: str,
    replicates: int | None = None,
    progress: Progress = lambda _: None,
) -> Tally:
    """Run what the store lacks of an experiment, and write the tables of all of it.

    Parameters
    ----------
    experiment : LoadedExperiment
        From `load_experiment`.
    folder : Path
        For the store and the tables; what is in it of the same experiment is made use of.
    site : Site
        Where cells are run.
    command : str
        What to type to do it again.
    replicates : int, optional
        In place of the experiment's own number.
    progress : callable
        Called about once a second, and after each cell; what it raises ends the sweep.

    Returns
    -------
    Tally
        Of this call. Cells that failed are in the store with their error; the tables go without.

    Raises
    ------
    UsageError
        If the folder or the site cannot be used, or has not the memory for some case.
    RunError
        If the disk does not take the results, or all workers are lost.
    """
    check_folder(folder, experiment)
    number = replicates or experiment.experiment.replicates
    if site.is_here and not any(Store(folder / STORE).names()):
        # What is kept already may have been run where there is more.
        check_memory_of(experiment, number, site.workers)
    with site.open():
        # A cluster that cannot be reached is told before anything is written.
        pass
    store = Store(folder / STORE)
    with store.at_work(), store.adding():
        work = _Work(experiment, store, number, site.workers, progress)
        work.run(_with_engine(site, store, work.household_weeks()))
        write_tables(work.source(), store, folder, command)
    return work.tally


def check_memory_of(experiment: LoadedExperiment, replicates: int, workers: int) -> None:
    """Make sure that the workers of this machine have the memory for the cells of every case.

    Raises
    ------
    UsageError
        If they have not, naming what it would take.
    """
    told = experiment.experiment
    pairs = {outcome.without for outcome in outcomes_of(told).values()} - {None}
    cells_a_case = math.ceil(replicates / CELL) * (1 + len(pairs))
    for scenario, cases in experiment.camps:
        plan = plan_run(scenario, told.seed, told.households)
        together = CELL * min(workers, cases * cells_a_case)
        check_memory(plan.all_households, together, together, scenario.weeks)


def _with_engine(site: Site, store: Store, household_weeks: float) -> Site:
    """The site, with the engine of what the store holds already where none was asked for."""
    if site.engine == AUTO:
        for key in store.names():
            if store.has(key):
                return site._replace(
                    engine=choose_engine(engine_of(store.record(key)["engine"]), 0)
                )
    return site.for_work(household_weeks)


def check_folder(folder: Path, experiment: LoadedExperiment) -> None:
    """Make sure that a folder is free for an experiment, or holds results of the same.

    Raises
    ------
    UsageError
        If it does not.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder with --out")
    # The tables alone say whose they are: they may have been handed on without their cells.
    there = (run_in(folder) or {}).get("experiment")
    if there == experiment.name:
        return
    if there:
        raise UsageError(
            f"{folder}: holds the results of the experiment {there!r}; "
            "name another folder with --out"
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / STORE).is_dir():
        raise UsageError(
            f"{folder}: holds files of another kind; they are left alone. "
            "Name another folder with --out"
        )


class _Work:
    """The cells of one sweep, in the order in which they are needed."""

    def __init__(
        self,
        experiment: LoadedExperiment,
        store: Store,
        replicates: int,
        workers: int,
        progress: Progress,
    ) -> None:
        told = experiment.experiment
        self.experiment = experiment
        self.store = store
        self.replicates = replicates
        self.progress = progress
        self.blocks = math.ceil(replicates / CELL)
        self.outcomes = outcomes_of(told)
        levers = (outcome.without for outcome in self.outcomes.values())
        self.pairs = tuple(dict.fromkeys(lever for lever in levers if lever))
        self.seed, self.households = told.seed, told.households
        self.columns: dict[str, None] = {}
        self.hashes: list[dict[str | None, str]] = []
        self.tally = Tally(self.blocks * len(experiment.cases) * (1 + len(self.pairs)))
        self.workers = workers
        self.elsewhere: list[Cell] = []
        self.seen: set[str] = set()

    def household_weeks(self) -> float:
        """How much there is to do, if nothing were in the store."""
        scenario = self.experiment.scenario(self.experiment.cases[0])
        people = scenario.population
        number = self.households or people.people.value / people.household_size.value
        return self.tally.total * CELL * number * scenario.weeks

    def source(self) -> Source:
        """What the tables are made from."""
        return Source(
            self.experiment,
            tuple(self.hashes),
            self.pairs,
            self.replicates,
            self.blocks,
            self.outcomes,
            tuple(self.columns),
        )

    def run(self, site: Site) -> None:
        """Run what is missing; wait for what another sweep in the same folder is running."""
        execute(self._tasks(), site, self._keep, tick=self._tick)
        while self.elsewhere:
            waiting, self.elsewhere = self.elsewhere, []
            mine = [cell for cell in waiting if self._is_mine(cell)]
            execute((Task((cell,)) for cell in mine), site, self._keep, tick=self._tick)
            self._tick()
            if self.elsewhere:
                time.sleep(WAIT_SECONDS)

    def _tick(self) -> None:
        self.progress(self.tally)

    def _keep(self, result: Result) -> None:
        self.store.commit(result)
        self.store.release(result.key)
        if result.error is None:
            self.tally.ran += 1
        else:
            self.tally.failed += 1
            self.tally.failures.append(self._failure(result))
        self._tick()

    def _failure(self, result: Result) -> Failure:
        for i, case in enumerate(self.experiment.cases[: len(self.hashes)]):
            for pair, hash_of_scenario in self.hashes[i].items():
                for block in range(self.blocks):
                    key = key_of(hash_of_scenario, self.households, self.seed, block)
                    if key == result.key:
                        return Failure(key, case.name, pair, block, result.error or "")
        return Failure(result.key, "", None, 0, result.error or "")

    def _tasks(self) -> Iterator[Task]:
        """Missing cells, those of one block over all cases before the next block's."""
        batch: list[Cell] = []
        size = 1
        for cell, scenario in self._missing():
            if not batch:
                size = min(cells_a_task(scenario, self.households), self._fair_share())
            batch.append(cell)
            if len(batch) >= size:
                yield Task(tuple(batch))
                batch = []
        if batch:
            yield Task(tuple(batch))

    def _fair_share(self) -> int:
        return max(1, math.ceil(self.tally.total / (TASKS_A_WORKER * self.workers)))

    def _missing(self) -> Iterator[tuple[Cell, Scenario]]:
        """Cells that are neither in the store nor under way elsewhere, each with its scenario."""
        for block in range(self.blocks):
            # Cells of another block have other names.
            self.seen.clear()
            for i, case in enumerate(self.experiment.cases):
                variants = self._variants(case) if block == 0 else None
                if variants is not None:
                    self.hashes.append({pair: scenario_hash(s) for pair, s in variants.items()})
                for pair in list(self.hashes[i]):
                    if self._is_there(i, pair, block):
                        continue
                    variants = variants or self._variants(case)
                    cell = cell_of(
                        variants[pair], self.households, self.seed, block, events=bool(self.pairs)
                    )
                    if self._is_mine(cell):
                        yield cell, variants[pair]

    def _variants(self, case: DesignedCase) -> dict[str | None, Scenario]:
        """The case as it is, and without each lever of which a pair is wanted."""
        scenario = self.experiment.scenario(case)
        self.columns |= dict.fromkeys(column_names(scenario.guarantor_names))
        variants: dict[str | None, Scenario] = {None: scenario}
        return variants | {pair: without(scenario, pair) for pair in self.pairs}

    def _is_there(self, i: int, pair: str | None, block: int) -> bool:
        """Whether a cell needs no work: it is in the store, or another case has the same."""
        key = key_of(self.hashes[i][pair], self.households, self.seed, block)
        if key in self.seen:
            self.tally.total -= 1
            return True
        self.seen.add(key)
        if not self.store.has(key, events=bool(self.pairs)):
            return False
        self.tally.cached += 1
        self._tick()
        return True

    def _is_mine(self, cell: Cell) -> bool:
        """Reserve a cell; one that another sweep is at is left to it and looked for later."""
        if not self.store.claim(cell.key):
            self.elsewhere.append(cell)
            return False
        if self.store.has(cell.key, events=cell.events):
            self.store.release(cell.key)
            self.tally.cached += 1
            return False
        if self.store.has_record(cell.key) and self.store.damage(cell.key):
            self.store.set_aside(cell.key)
        return True
