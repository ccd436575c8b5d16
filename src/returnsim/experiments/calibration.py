"""An experiment's factors fitted to the record: whole generations of runs on every core."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from returnsim.analysis.calibration.fit import Fit, Progress, Runs, Sizes, fit, run_prior
from returnsim.analysis.calibration.posterior import INSTALL
from returnsim.analysis.calibration.priors import Prior
from returnsim.analysis.calibration.problem import Problem
from returnsim.analysis.calibration.ranks import Trial, trial
from returnsim.analysis.calibration.targets import (
    Target,
    observed_on_scale,
    targets_of,
)
from returnsim.analysis.observations import observations_of
from returnsim.core.engines import AUTO, choose_engine
from returnsim.errors import Problem as Wrong
from returnsim.errors import ScenarioError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.generations import (
    Camp,
    Remembered,
    check_ends,
    households_of,
    make_folder,
    run_here,
    whole,
)
from returnsim.experiments.schema import Calibration, paths_of
from returnsim.scenario.files import load_tree
from returnsim.scenario.schema import Scenario
from returnsim.workers import process_pool

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


def calibrate(
    experiment: LoadedExperiment,
    folder: Path,
    workers: int,
    *,
    progress: Progress = lambda _: None,
    engine: str = AUTO,
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
    engine : str
        As for `returnsim.simulate`.

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
    small, told = _by(what.camp, engine, _sizes(what.section)), what.section
    make_folder(folder / GENERATIONS)
    with process_pool(workers) as pool:
        remembered = Remembered(pool, folder / GENERATIONS)
        found = fit(
            what.problem,
            partial(remembered.run, small),
            _sizes(told),
            experiment.experiment.seed,
            full=None if small.households is None else partial(remembered.run, whole(small)),
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
    engine: str = AUTO,
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
    camp = _by(what.camp, engine, sizes)
    make_folder(folder / GENERATIONS)
    with process_pool(workers) as pool:
        remembered = Remembered(pool, folder / GENERATIONS)
        bank = run_prior(what.problem, partial(remembered.run, camp), sizes.prior, seed)
        progress(f"{len(bank.places):,} runs over the prior")
        futures = [pool.submit(_trial, what, sizes, seed, number, bank) for number in range(trials)]
        found = []
        for number, future in enumerate(futures, start=1):
            found.append(future.result())
            if number % TRIALS_A_LINE == 0 or number == trials:
                progress(f"{number} of {trials} records made and fitted")
    return found


def _by(camp: Camp, engine: str, sizes: Sizes) -> Camp:
    """The camp with an engine, where it is left open one for about so many runs."""
    searched = sizes.generations * sizes.candidates * sizes.shared
    runs = sizes.prior + searched + len(sizes.waves) * sizes.runs
    return camp._replace(engine=choose_engine(engine, runs * households_of(camp) * camp.weeks))


def _trial(what: "Prepared", sizes: Sizes, seed: int, number: int, bank: Runs) -> Trial:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Every core has a trial of its own: threads of the linear algebra would only wait for one
    # another.
    with threadpool_limits(1):
        return trial(what.problem, partial(run_here, what.camp), sizes, seed, number, bank)


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
    check_ends(experiment, camp)
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
