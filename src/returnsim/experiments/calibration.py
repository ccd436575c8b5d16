"""An experiment's factors fitted to the record: whole generations of runs on every core."""

import math
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.analysis.calibration.fit import Fit, Progress, Runs, Sizes, fit, run_prior
from returnsim.analysis.calibration.posterior import INSTALL
from returnsim.analysis.calibration.priors import Prior, values_at
from returnsim.analysis.calibration.problem import Problem
from returnsim.analysis.calibration.ranks import Trial, trial
from returnsim.analysis.calibration.targets import (
    Target,
    observed_on_scale,
    on_scale,
    targets_of,
    values_of,
)
from returnsim.analysis.observations import observations_of
from returnsim.assemble import plan_run, step_together
from returnsim.core.run import MODEL_VERSION
from returnsim.draws import STREAM_VERSION
from returnsim.errors import Problem as Wrong
from returnsim.errors import RunError, ScenarioError, UsageError
from returnsim.experiments.cells import HOUSEHOLDS_A_BLOCK
from returnsim.experiments.files import LoadedExperiment
from returnsim.experiments.schema import Calibration, paths_of
from returnsim.scenario.files import load_tree, scenario_of
from returnsim.scenario.overrides import Override
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, node_of
from returnsim.scenario.written import scenario_hash
from returnsim.trajectories import Trajectories
from returnsim.workers import Pool, process_pool

GENERATIONS = "generations"
TRIALS_A_LINE = 10
DAYS = 7


class Fitted(NamedTuple):
    """A calibration, and what it was about.

    Attributes
    ----------
    experiment : LoadedExperiment
        The experiment.
    scenario : Scenario
        Its base.
    priors : tuple of Prior
        Of the factors.
    targets : tuple of Target
        What was fitted to.
    fit : Fit
        What came of it.
    """

    experiment: LoadedExperiment
    scenario: Scenario
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    fit: Fit


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
    """

    tree: Node
    weeks: int
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    seed: int
    households: int | None


def calibrate(
    experiment: LoadedExperiment, folder: Path, workers: int, *, progress: Progress = lambda _: None
) -> Fitted:
    """Fit an experiment's factors; what an earlier call in the same folder ran is made use of.

    Parameters
    ----------
    experiment : LoadedExperiment
        With a ``calibration`` section.
    folder : Path
        Where every generation of runs is kept.
    workers : int
        Processes; the result does not depend on it.
    progress : callable
        Is told a line now and then.

    Returns
    -------
    Fitted

    Raises
    ------
    ScenarioError
        If the experiment or its scenario leaves nothing to fit, or nothing to fit to.
    UsageError
        If the folder cannot be made.
    """
    what = prepared(experiment)
    small, told = what.camp, what.section
    _make(folder / GENERATIONS)
    with process_pool(workers) as pool:
        remembered = Remembered(pool, folder / GENERATIONS)
        found = fit(
            what.problem,
            partial(remembered.run, small),
            _sizes(told),
            experiment.experiment.seed,
            full=None if small.households is None else partial(remembered.run, _whole(small)),
            progress=progress,
        )
    return Fitted(experiment, what.scenario, small.priors, small.targets, found)


def check_fit(
    experiment: LoadedExperiment,
    folder: Path,
    workers: int,
    trials: int,
    *,
    progress: Progress = lambda _: None,
) -> list[Trial]:
    """Fit records that the model itself makes, to see whether the fit can be believed.

    Parameters
    ----------
    experiment : LoadedExperiment
        With a ``calibration`` section. Runs over the prior are shared by all trials; the search is
        left out, for they cover the prior already.
    folder : Path
        Where the runs over the prior are kept.
    workers : int
        Processes; the result does not depend on it.
    trials : int
        How many records to make.
    progress : callable
        Is told a line now and then.

    Returns
    -------
    list of Trial

    Raises
    ------
    ScenarioError
        As `calibrate`.
    """
    what = prepared(experiment)
    seed = experiment.experiment.seed
    sizes = _sizes(what.section)._replace(generations=0, full=0)
    _make(folder / GENERATIONS)
    with process_pool(workers) as pool:
        remembered = Remembered(pool, folder / GENERATIONS)
        bank = run_prior(what.problem, partial(remembered.run, what.camp), sizes.prior, seed)
        progress(f"{len(bank.places):,} runs over the prior")
        futures = [pool.submit(_trial, what, sizes, seed, number, bank) for number in range(trials)]
        found = []
        for number, future in enumerate(futures, start=1):
            found.append(future.result())
            if number % TRIALS_A_LINE == 0 or number == trials:
                progress(f"{number} of {trials} records made and fitted")
    return found


def _trial(what: "Prepared", sizes: Sizes, seed: int, number: int, bank: Runs) -> Trial:
    return trial(what.problem, partial(_run_here, what.camp), sizes, seed, number, bank)


def _run_here(camp: Camp, places: np.ndarray, replicates: np.ndarray) -> np.ndarray:
    values = values_at(camp.priors, places)
    blocks = [
        run_block_of(camp, values[rows], replicates[rows]) for rows in _blocks(camp, len(places), 1)
    ]
    return np.concatenate(blocks)


class Prepared(NamedTuple):
    """An experiment read as a fit.

    Attributes
    ----------
    scenario : Scenario
        Its base.
    camp : Camp
        What is run, as small as the experiment says.
    problem : Problem
        What was observed.
    section : Calibration
        How it is fitted.
    """

    scenario: Scenario
    camp: Camp
    problem: Problem
    section: Calibration


def prepared(experiment: LoadedExperiment) -> Prepared:
    """Read an experiment as a fit. Errors as for `calibrate`."""
    told = _section(experiment)
    scenario = experiment.scenario(experiment.cases[0])
    priors = priors_of(experiment)
    targets = _targets(experiment, scenario, told)
    observed, variance = observed_on_scale(targets)
    problem = Problem(
        tuple(prior.name for prior in priors),
        tuple(target.name for target in targets),
        observed,
        variance,
        told.discrepancy,
    )
    camp = Camp(
        load_tree(experiment.file.parent / experiment.experiment.base),
        _weeks(scenario, targets),
        priors,
        targets,
        experiment.experiment.seed,
        experiment.experiment.households,
    )
    _check_ends(experiment, camp)
    return Prepared(scenario, camp, problem, told)


def require_libraries() -> None:
    """Make sure that what a fit needs is installed.

    Raises
    ------
    UsageError
        If it is not.
    """
    missing = [name for name in ("cmaes", "emcee", "sklearn") if find_spec(name) is None]
    if missing:
        raise UsageError(INSTALL)


def priors_of(experiment: LoadedExperiment) -> tuple[Prior, ...]:
    """The factors of an experiment as parameters to fit."""
    found = []
    for name, factor in experiment.experiment.factors.items():
        low, high = factor.range or (0.0, 0.0)
        found.append(Prior(name, paths_of(name, factor), low, high, factor.log))
    return tuple(found)


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
    plans = [plan_run(scenario, camp.seed, camp.households) for scenario in scenarios]
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


def _scenario(camp: Camp, values: np.ndarray, marks: Mapping[str, Mark] | None = None) -> Scenario:
    at = marks or {}
    changes = [
        Override(path, node_of(float(value), at.get(prior.name, Mark(None))))
        for prior, value in zip(camp.priors, values, strict=True)
        for path in prior.paths
    ]
    weeks = Override("weeks", node_of(camp.weeks, Mark(None)))
    return scenario_of(camp.tree, "calibration", [weeks, *changes])


def _whole(camp: Camp) -> Camp:
    return camp._replace(households=None)


def _blocks(camp: Camp, rows: int, workers: int) -> list[np.ndarray]:
    """Rows that fit the cache together, and at least one block a worker."""
    plan = plan_run(_middle(camp), camp.seed, camp.households)
    size = max(1, HOUSEHOLDS_A_BLOCK // plan.spec.households)
    number = max(workers, math.ceil(rows / size))
    return [block for block in np.array_split(np.arange(rows), number) if len(block)]


def _middle(camp: Camp) -> Scenario:
    return _scenario(camp, values_at(camp.priors, np.full((1, len(camp.priors)), 0.5))[0])


def _weeks(scenario: Scenario, targets: tuple[Target, ...]) -> int:
    """To the end of the week after the last target."""
    last = max(target.observation.end for target in targets)
    return min(scenario.weeks, (last - scenario.start).days // DAYS + 2)


def _section(experiment: LoadedExperiment) -> Calibration:
    told = experiment.experiment
    if told.calibration is None:
        raise _wrong(
            experiment, "calibration", "is missing: say what to fit to, as `calibration: {}`"
        )
    if not told.factors:
        raise _wrong(experiment, "factors", "names nothing to fit")
    for name, factor in told.factors.items():
        if factor.range is None:
            raise _wrong(experiment, f"factors.{name}", "a fit needs a range, not a list of values")
    if told.cases:
        raise _wrong(experiment, "cases", "a fit is of the base alone; leave the cases out")
    return told.calibration


def _targets(
    experiment: LoadedExperiment, scenario: Scenario, told: Calibration
) -> tuple[Target, ...]:
    targets = targets_of(observations_of(scenario), told.use, told.until)
    first = scenario.record_from or scenario.start
    within = tuple(
        target
        for target in targets
        if first <= (target.observation.start or target.observation.end)
        and target.observation.end < scenario.end
    )
    if not within:
        raise _wrong(
            experiment,
            "calibration.use",
            "the base scenario's record has no such row within the weeks that are run",
        )
    return within


def _check_ends(experiment: LoadedExperiment, camp: Camp) -> None:
    """Make sure that the model can be run at both ends of every range."""
    marks = {prior.name: experiment.mark_of(f"factors.{prior.name}") for prior in camp.priors}
    for end in (0.0, 0.5, 1.0):
        values = values_at(camp.priors, np.full((1, len(camp.priors)), end))[0]
        plan_run(_scenario(camp, values, marks), camp.seed, camp.households)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{folder}: {reason}; name a folder with --out") from None


def _wrong(experiment: LoadedExperiment, path: str, rule: str) -> ScenarioError:
    mark = experiment.mark_of(path)
    return ScenarioError([Wrong(mark.file, mark.line, mark.column, path, "", rule)])


def _sizes(told: Calibration) -> Sizes:
    return Sizes(
        prior=told.prior_runs,
        generations=told.generations,
        candidates=told.candidates,
        shared=told.shared_replicates,
        waves=told.waves,
        runs=told.runs_a_wave,
        steps=told.steps,
        draws=told.draws,
        full=told.full_size_draws,
    )


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
    return np.column_stack([table[name].to_numpy() for name in columns])


def _write(
    file: Path, mark: str, places: np.ndarray, replicates: np.ndarray, outcomes: np.ndarray
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"replicate": replicates}
    columns |= {f"place_{i}": places[:, i] for i in range(places.shape[1])}
    columns |= {f"outcome_{i}": outcomes[:, i] for i in range(outcomes.shape[1])}
    table = pa.table(columns).replace_schema_metadata({"mark": mark})
    partial_file = file.with_suffix(".partial")
    try:
        pq.write_table(table, partial_file, compression="zstd")
        partial_file.replace(file)
    except OSError as error:
        raise RunError(f"{file}: could not be written: {error.strerror or error}") from error
    finally:
        partial_file.unlink(missing_ok=True)
