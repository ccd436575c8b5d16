"""Generations of runs of a fit: on every core, each call kept in a file to go on from."""

import math
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.analysis.calibration.priors import Prior, values_at
from returnsim.analysis.calibration.targets import Target, on_scale, values_of
from returnsim.assemble import Plan, plan_run, step_together
from returnsim.core.engines import NUMPY
from returnsim.core.run import MODEL_VERSION
from returnsim.draws import STREAM_VERSION
from returnsim.errors import RunError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.cells import HOUSEHOLDS_A_BLOCK
from returnsim.folders import reason_of, written_in_place
from returnsim.memory import check_memory
from returnsim.scenario.files import scenario_of
from returnsim.scenario.limits import DAYS
from returnsim.scenario.overrides import Override
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, node_of
from returnsim.scenario.written import scenario_hash
from returnsim.trajectories import Trajectories
from returnsim.workers import Pool


class Camp(NamedTuple):
    """What a worker needs to run the model at any parameters.

    Attributes
    ----------
    tree : Node
        Of the base scenario.
    weeks : int
        How far to run: to the last target.
    priors : tuple of Prior
        Of the parameters, in the order of the columns of places.
    targets : tuple of Target
        What is measured.
    seed : int
        Of the luck.
    households : int or None
        Simulated in place of the full camp, where set.
    engine : str
        ``numpy`` or ``numba``.
    """

    tree: Node
    weeks: int
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    seed: int
    households: int | None
    engine: str = NUMPY


class Remembered:
    """Runs of the model on some processes, each call kept in a file: to go on from there.

    Parameters
    ----------
    pool : Pool
        Processes to run on.
    folder : Path
        For the files, one a call.
    """

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder
        self._calls = 0

    def run(self, camp: Camp, places: np.ndarray, replicates: np.ndarray) -> np.ndarray:
        """Outcomes on the scale of the fit, as `returnsim.analysis.calibration.problem.Simulate`.

        A call that an earlier process made with the same arguments is read from its file.
        """
        self._calls += 1
        file = self._folder / f"{self._calls:04}.parquet"
        mark = _fingerprint(camp, places, replicates)
        there = _read(file, mark)
        if there is not None:
            return there
        values = values_at(camp.priors, places)
        jobs = [
            (values[rows], replicates[rows])
            for rows in _blocks(camp, len(places), self._pool.workers)
        ]
        futures = [self._pool.submit(run_block_of, camp, *job) for job in jobs]
        outcomes = np.concatenate([future.result() for future in futures])
        _write(file, mark, places, replicates, outcomes)
        return outcomes


def run_block_of(camp: Camp, values: np.ndarray, replicates: np.ndarray) -> np.ndarray:
    """Run some rows of parameters as one array, in this process; outcomes on the fit's scale."""
    scenarios = [_scenario(camp, row) for row in values]
    plans = [
        plan_run(scenario, camp.seed, camp.households)._replace(engine=camp.engine)
        for scenario in scenarios
    ]
    runs = step_together(plans, [[int(number)] for number in replicates], events=False)
    weeks = np.arange(plans[0].inputs.record_from, camp.weeks)
    trajectories = Trajectories(
        scenario=scenarios[0],
        seed=camp.seed,
        replicates=replicates,
        households=plans[0].spec.households,
        weight=float(plans[0].inputs.parameters.weight[0]),
        weeks=weeks,
        dates=np.datetime64(scenarios[0].start) + weeks * np.timedelta64(DAYS, "D"),
        columns={
            name: np.concatenate([run.columns[name] for run in runs]) for name in runs[0].columns
        },
    )
    return on_scale(camp.targets, values_of(trajectories, camp.targets))


def run_here(camp: Camp, places: np.ndarray, replicates: np.ndarray) -> np.ndarray:
    """Run as `Remembered.run`, in this process and without a file."""
    values = values_at(camp.priors, places)
    blocks = [
        run_block_of(camp, values[rows], replicates[rows]) for rows in _blocks(camp, len(places), 1)
    ]
    return np.concatenate(blocks)


def check_ends(experiment: LoadedExperiment, camp: Camp) -> None:
    """Make sure that the model can be run at both ends of every range."""
    marks = {prior.name: experiment.mark_of(f"factors.{prior.name}") for prior in camp.priors}
    for end in (0.0, 0.5, 1.0):
        values = values_at(camp.priors, np.full((1, len(camp.priors)), end))[0]
        plan_run(_scenario(camp, values, marks), camp.seed, camp.households)


def households_of(camp: Camp) -> int:
    """How many households a run has at the middle of the ranges."""
    plan = plan_run(_middle(camp), camp.seed, camp.households)
    return plan.all_households


def check_memory_of(camp: Camp, workers: int) -> None:
    """Make sure that there is the memory to step what is stepped together, on every worker.

    Raises
    ------
    UsageError
        If it is not there.
    """
    plan = plan_run(_middle(camp), camp.seed, camp.households)
    together = workers * _rows_a_block(plan)
    check_memory(plan.all_households, together, together, camp.weeks)


def make_folder(folder: Path) -> None:
    """Make the folder for a fit's files.

    Raises
    ------
    UsageError
        If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: {reason_of(error)}; name a folder with --out") from None


def _scenario(camp: Camp, values: np.ndarray, marks: Mapping[str, Mark] | None = None) -> Scenario:
    at = marks or {}
    changes = [
        Override(path, node_of(float(value), at.get(prior.name, Mark(None))))
        for prior, value in zip(camp.priors, values, strict=True)
        for path in prior.paths
    ]
    # What an earlier fit found would bring the record in twice.
    fixed = {"weeks": camp.weeks, "posterior": None}
    base = [Override(path, node_of(value, Mark(None))) for path, value in fixed.items()]
    return scenario_of(camp.tree, "calibration", [*base, *changes])


def whole(camp: Camp) -> Camp:
    """The same at full size."""
    return camp._replace(households=None)


def _blocks(camp: Camp, rows: int, workers: int) -> list[np.ndarray]:
    """Rows that fit the cache together, and at least one block a worker."""
    plan = plan_run(_middle(camp), camp.seed, camp.households)
    number = max(workers, math.ceil(rows / _rows_a_block(plan)))
    return [block for block in np.array_split(np.arange(rows), number) if len(block)]


def _rows_a_block(plan: Plan) -> int:
    return max(1, HOUSEHOLDS_A_BLOCK // plan.all_households)


def _middle(camp: Camp) -> Scenario:
    return _scenario(camp, values_at(camp.priors, np.full((1, len(camp.priors)), 0.5))[0])


def _fingerprint(camp: Camp, places: np.ndarray, replicates: np.ndarray) -> str:
    parts = (
        MODEL_VERSION,
        STREAM_VERSION,
        scenario_hash(_middle(camp)),
        camp.priors,
        # Outcomes are kept on the scale of the fit, which the errors of the record make.
        [(target.name, target.observation.unit, target.offset) for target in camp.targets],
        camp.seed,
        camp.households,
    )
    mark = sha256(repr(parts).encode())
    mark.update(np.ascontiguousarray(places).tobytes())
    mark.update(np.ascontiguousarray(replicates).tobytes())
    return mark.hexdigest()


def _read(file: Path, mark: str) -> np.ndarray | None:
    """The outcomes kept in a file, if they are of that call and whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException):
        return None
    said = table.schema.metadata or {}
    if said.get(b"mark") != mark.encode():
        return None
    columns = [name for name in table.column_names if name.startswith("outcome_")]
    outcomes = np.column_stack([table[name].to_numpy() for name in columns])
    return outcomes if said.get(b"digest") == _digest(outcomes).encode() else None


def _digest(outcomes: np.ndarray) -> str:
    """Checksum of the numbers: Parquet itself finds few changes."""
    return sha256(np.ascontiguousarray(outcomes).tobytes()).hexdigest()


def _write(
    file: Path, mark: str, places: np.ndarray, replicates: np.ndarray, outcomes: np.ndarray
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"replicate": replicates}
    columns |= {f"place_{i}": places[:, i] for i in range(places.shape[1])}
    columns |= {f"outcome_{i}": outcomes[:, i] for i in range(outcomes.shape[1])}
    table = pa.table(columns).replace_schema_metadata({"mark": mark, "digest": _digest(outcomes)})
    try:
        with written_in_place(file) as partial_file:
            pq.write_table(table, partial_file, compression="zstd")
    except OSError as error:
        raise RunError(f"{file}: could not be written: {reason_of(error)}") from error
