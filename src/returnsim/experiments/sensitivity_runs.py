"""A study of sensitivity run as two sweeps: whatever was run before is not run again."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.errors import UsageError
from returnsim.experiments.cases import LoadedExperiment, levels_of
from returnsim.experiments.destinations import check_study_folder
from returnsim.experiments.outcomes import (
    DEFAULTS,
    NOT_YET_KNOWN,
    columns_of,
    is_mean,
    is_stock,
    outcomes_of,
)
from returnsim.experiments.schema import Outcome, Sensitivity
from returnsim.experiments.sensitivity import (
    INDICES,
    SCREENING,
    Shares,
    Study,
    Values,
    require_salib,
    study_of,
)
from returnsim.experiments.sweep import Tally, check_folder
from returnsim.experiments.tables import OUTCOMES, run_of, told_cells
from returnsim.scenario.limits import DAYS

USUAL_DATES = 5
RunSweep = Callable[[LoadedExperiment, Path, str], Tally]
"""Sweeps an experiment into a folder; is told the stage."""


class Dated(NamedTuple):
    """An outcome as it stood on a day."""

    outcome: str
    day: date


class Studied(NamedTuple):
    """A study, and what it was about.

    Attributes
    ----------
    experiment : LoadedExperiment
        The experiment.
    study : Study
        What is said of it.
    dated : dict of str to Dated
        Which of the study's outcomes are another's on a day.
    folder : Path
        Where its sweeps are, by stage.
    """

    experiment: LoadedExperiment
    study: Study
    dated: Mapping[str, Dated]
    folder: Path


def check_study(experiment: LoadedExperiment, folder: Path) -> None:
    """Make sure that a study can be made of an experiment, in a folder, before anything runs.

    Raises
    ------
    UsageError
        If not; with the places in the file, if it is the experiment's.
    """
    experiment.require_sensitivity()
    require_salib()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder with --out")
    check_study_folder(folder, experiment.name)
    for stage in (SCREENING, INDICES):
        check_folder(folder / stage, experiment)


def run_study(experiment: LoadedExperiment, folder: Path, run_sweep: RunSweep) -> Studied:
    """Run what is missing of both stages, and tell what moves the outcomes.

    Parameters
    ----------
    experiment : LoadedExperiment
        With a section ``sensitivity``.
    folder : Path
        Each stage has a folder of its own in it.
    run_sweep : callable
        Runs a sweep.

    Raises
    ------
    UsageError
        If nothing can be told.
    """
    told = experiment.experiment
    settings = told.sensitivity or Sensitivity()
    own = dict(told.outcomes) or {name: Outcome() for name in DEFAULTS}
    dated = dated_outcomes(experiment, settings)
    on_days = {
        name: outcomes_of(told)[there.outcome].model_copy(
            update={"measure": "date", "date": there.day}
        )
        for name, there in dated.items()
    }

    def simulate(stage: str, shares: Shares) -> Values:
        wanted = own if stage == SCREENING else own | on_days
        at_points = experiment.at_points(shares, wanted)
        run_sweep(at_points, folder / stage, stage)
        return read_values(at_points, folder / stage)

    # How many are not known yet stands beside those pushed, and is no outcome of its own.
    aside = [name for name in outcomes_of(told) if name.startswith(NOT_YET_KNOWN)]
    levels = {name: levels_of(name, factor) for name, factor in told.factors.items()}
    study = study_of(tuple(told.factors), settings, simulate, aside, levels)
    return Studied(experiment, study, dated, folder)


def dated_outcomes(experiment: LoadedExperiment, settings: Sensitivity) -> dict[str, Dated]:
    """The outcomes that can be told of days: what is summed up, and what is counted at the end.

    Parameters
    ----------
    experiment : LoadedExperiment
        Any.
    settings : Sensitivity
        With the days; without, five of them, evenly spaced to the end.
    """
    scenario = experiment.scenario(experiment.cases[0])
    first = scenario.record_from or scenario.start
    weeks = (scenario.end - first).days // DAYS
    usual = [
        first + timedelta(weeks=round(weeks * k / USUAL_DATES), days=-1)
        for k in range(1, USUAL_DATES + 1)
    ]
    days = usual if settings.dates is None else settings.dates
    found: dict[str, Dated] = {}
    for name, outcome in outcomes_of(experiment.experiment).items():
        column = columns_of(outcome)[0]
        usual_measure = "end" if is_stock(column) else "cumulative"
        if outcome.measure == usual_measure and not is_mean(column):
            found |= {f"{name} on {day}": Dated(name, day) for day in dict.fromkeys(days)}
    return found


def read_values(experiment: LoadedExperiment, folder: Path) -> dict[str, np.ndarray]:
    """Each outcome of a sweep, shape (P, R), its points in order; NaN at those that failed.

    Parameters
    ----------
    experiment : LoadedExperiment
        At its points.
    folder : Path
        Of its sweep.
    """
    import pandas as pd

    failed = {row["case"] for row in told_cells(folder) if row["state"] == "failed"}
    names = [case.name for case in experiment.cases]
    table = pd.read_parquet(folder / OUTCOMES)
    said = run_of(folder)
    values = {}
    for outcome in outcomes_of(experiment.experiment):
        wide = table.pivot(index="case", columns="replicate", values=outcome)
        whole = wide.reindex(index=names, columns=range(said["replicates"])).to_numpy(float)
        whole = whole.copy()
        whole[[name in failed for name in names]] = np.nan
        values[outcome] = whole
    return values
