"""An experiment's factors fitted to the record: whole generations of runs on every core."""

from collections.abc import Iterator
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
from returnsim.core.engines import AUTO, NUMPY, choose_engine
from returnsim.errors import Problem as Wrong
from returnsim.errors import ScenarioError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.destinations import CHECK as CHECK
from returnsim.experiments.destinations import GENERATIONS, check_fit_folder
from returnsim.experiments.generations import (
    Camp,
    Remembered,
    check_ends,
    check_memory_of,
    households_of,
    make_folder,
    run_here,
    whole,
)
from returnsim.experiments.schema import Calibration, paths_of
from returnsim.scenario.files import load_tree
from returnsim.scenario.limits import DAYS
from returnsim.scenario.posterior import most_draws, rule_broken_by
from returnsim.scenario.problems import in_order
from returnsim.scenario.schema import Scenario
from returnsim.workers import process_pool

TRIALS_A_LINE = 10


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
    left_out : tuple of str
        Rows of the record that were to be fitted to and lie outside the weeks run.
    engine : str
        What stepped the runs: ``numpy`` or ``numba``.
    """

    experiment: LoadedExperiment
    scenario: Scenario
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    fit: Fit
    left_out: tuple[str, ...] = ()
    engine: str = NUMPY


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
        If the folder cannot be made or holds something else, or this machine has not the memory.
    """
    what = prepared_fit(experiment)
    small, told = _by(what.camp, engine, _sizes(what.section)), what.section
    check_fit_folder(folder, experiment.name, check=False)
    for camp in (small, whole(small)):
        check_memory_of(camp, workers)
    make_folder(folder / GENERATIONS)
    for line in what.left_out_in_words():
        progress(line)
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
    return Fitted(
        *(experiment, what.scenario, small.priors, small.targets, found),
        what.left_out,
        small.engine,
    )


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
    ScenarioError, UsageError
        As `calibrate`.
    """
    what = prepared_fit(experiment)
    seed = experiment.experiment.seed
    sizes = _sizes(what.section)._replace(generations=0, full=0)
    camp = _by(what.camp, engine, sizes)
    check_fit_folder(folder, experiment.name, check=True)
    check_memory_of(camp, workers)
    make_folder(folder / GENERATIONS)
    for line in what.left_out_in_words():
        progress(line)
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
    left_out : tuple of str
        Rows of the record that lie outside the weeks run.
    """

    scenario: Scenario
    camp: Camp
    problem: Problem
    section: Calibration
    left_out: tuple[str, ...]

    def left_out_in_words(self) -> Iterator[str]:
        """A line on the rows that are left out, if any are."""
        if self.left_out:
            rows = f"{len(self.left_out)} row{'' if len(self.left_out) == 1 else 's'}"
            yield (
                f"{rows} of the record left out, outside the weeks run: {'; '.join(self.left_out)}"
            )


def prepared_fit(experiment: LoadedExperiment) -> Prepared:
    """Read an experiment as a fit.

    Raises
    ------
    ScenarioError
        With all that leaves nothing to fit or nothing to fit to, or what a scenario could not take.
    UsageError
        If the record cannot be read, or the model not run at some end of the ranges.
    """
    told = experiment.experiment.calibration
    if told is None:
        rule = "is missing: say what to fit to, as `calibration: {}`"
        raise ScenarioError([_problem(experiment, "calibration", rule)])
    scenario = experiment.scenario(experiment.cases[0])
    priors = priors_of(experiment)
    wrong = list(_problems(experiment, priors, told))
    targets, left_out = _targets(scenario, told)
    if not targets:
        rule = "the base scenario's record has no such row within the weeks that are run"
        wrong.append(_problem(experiment, "calibration.use", rule))
    if wrong:
        raise ScenarioError(in_order(wrong))
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
    return Prepared(scenario, camp, problem, told, left_out)


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


def _problems(
    experiment: LoadedExperiment, priors: tuple[Prior, ...], told: Calibration
) -> Iterator[Wrong]:
    """What stands against a fit, and against a scenario taking the posterior it will come to."""
    if not priors:
        yield _problem(experiment, "factors", "names nothing to fit")
    for name, factor in experiment.experiment.factors.items():
        if factor.range is None:
            rule = "a fit needs a range, not a list of values"
            yield _problem(experiment, f"factors.{name}", rule)
    if experiment.experiment.cases:
        yield _problem(experiment, "cases", "a fit is of the base alone; leave the cases out")
    for prior in priors:
        for path in prior.paths:
            if rule := rule_broken_by(path):
                yield _problem(experiment, f"factors.{prior.name}", f"{path}: {rule}")
    columns = sum(len(prior.paths) for prior in priors)
    if columns and told.draws > (most := most_draws(columns)):
        rule = f"is more than a scenario can take of {columns} numbers; at most {most:,}"
        yield _problem(experiment, "calibration.draws", rule)


def _targets(scenario: Scenario, told: Calibration) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The rows to fit to, and the names of those that lie outside the weeks run."""
    targets = targets_of(observations_of(scenario), told.use, told.until)
    first = scenario.record_from or scenario.start
    within = tuple(
        target
        for target in targets
        if first <= (target.observation.start or target.observation.end)
        and target.observation.end < scenario.end
    )
    return within, tuple(target.name for target in targets if target not in within)


def _problem(experiment: LoadedExperiment, path: str, rule: str) -> Wrong:
    mark = experiment.mark_of(path)
    return Wrong(mark.file, mark.line, mark.column, path, "", rule)


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
