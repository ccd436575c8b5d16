"""A fit written down: the posterior for a scenario to take, and what it says and leaves open."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from returnsim.analysis.calibration.posterior import predicted
from returnsim.analysis.calibration.priors import values_at
from returnsim.analysis.calibration.ranks import Trial, verdicts
from returnsim.analysis.calibration.targets import NINETY_PERCENT, off_scale
from returnsim.analysis.summary import median_and_ends
from returnsim.digests import RUN
from returnsim.errors import RunError
from returnsim.experiments.calibration import Fitted
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.destinations import CHECK, SEARCH, SIZE
from returnsim.experiments.destinations import PARAMETERS as PARAMETERS
from returnsim.experiments.destinations import POSTERIOR as POSTERIOR
from returnsim.experiments.destinations import RANKS as RANKS
from returnsim.experiments.destinations import TARGETS as TARGETS
from returnsim.experiments.written import write_results
from returnsim.folders import as_json, reason_of, written_in_place
from returnsim.results.contents import FORMAT
from returnsim.results.provenance import made_with, versions
from returnsim.scenario.posterior import METADATA, vouching
from returnsim.scenario.written import scenario_hash

if TYPE_CHECKING:
    import pandas as pd

RANKS_FIGURE = "ranks"
DIGITS = 6
Draw = Callable[[Fitted, Path], dict[str, str]]
DrawRanks = Callable[[LoadedExperiment, list[Trial], Path], str]

IDENTIFIED, PARTLY = 0.5, 0.2
"""Shares of the prior variance that the record takes away; below the second a number is said not
to be identified."""

TIED = 0.5
"""Correlation in the posterior from which two parameters are named as told together only."""


class Said(NamedTuple):
    """What the record says of one parameter.

    Attributes
    ----------
    name : str
        Of the parameter.
    median, low90, high90 : float
        Of the posterior.
    taken_away : float
        Share of the variance of the prior, on the prior's own scale, that the record takes away.
    verdict : str
        ``identified``, ``partly identified`` or ``not identified``.
    """

    name: str
    median: float
    low90: float
    high90: float
    taken_away: float
    verdict: str


def said_of(fitted: Fitted) -> tuple[Said, ...]:
    """What the record says of each parameter, in the order of the experiment."""
    places = fitted.fit.posterior.places
    values = values_at(fitted.priors, places)
    found = []
    for i, prior in enumerate(fitted.priors):
        low, median, high = median_and_ends(values[:, i])
        taken = 1.0 - float(places[:, i].var() * 12.0)
        grade = 0 if taken >= IDENTIFIED else 1 if taken >= PARTLY else 2
        verdict = ("identified", "partly identified", "not identified")[grade]
        found.append(Said(prior.name, median, low, high, taken, verdict))
    return tuple(found)


def ties_of(fitted: Fitted) -> tuple[tuple[str, str, float], ...]:
    """Pairs of parameters that the record tells only together, the closest first."""
    together = np.corrcoef(fitted.fit.posterior.places.T)
    names = fitted.fit.problem.parameters
    rows, columns = np.triu_indices(len(names), 1)
    found = [
        (names[i], names[j], float(together[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if abs(together[i, j]) >= TIED
    ]
    return tuple(sorted(found, key=lambda tie: -abs(tie[2])))


def write_calibration(fitted: Fitted, folder: Path, command: str, draw: Draw | None) -> None:
    """Write the posterior, the tables, ``run.json``, ``checksums.json`` and ``figures``.

    Parameters
    ----------
    fitted : Fitted
        Any.
    folder : Path
        Where to; it is there.
    command : str
        What to type to have it again.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    tables = {
        PARAMETERS: parameters_table(fitted),
        TARGETS: targets_table(fitted),
        SEARCH: search_table(fitted),
    }
    if fitted.fit.size is not None:
        tables[SIZE] = size_table(fitted)
    folder.mkdir(parents=True, exist_ok=True)
    if fitted.fit.size is None:
        _remove(folder / SIZE)
    write_posterior(fitted, folder / POSTERIOR)
    write_results(
        folder,
        "the fit",
        tables,
        {RUN: as_json(_run_json(fitted, command)) + "\n"},
        None if draw is None else partial(draw, fitted),
        DIGITS,
        beside=(POSTERIOR,),
    )


def _remove(file: Path) -> None:
    """Remove a table of an earlier fit, which tells of a small camp that this one has not."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"{file}: could not be removed: {reason_of(error)}") from error


def write_ranks(
    experiment: LoadedExperiment,
    trials: list[Trial],
    folder: Path,
    command: str,
    draw: DrawRanks | None,
) -> "pd.DataFrame":
    """Write ``ranks.csv``, ``check.json``, ``checksums.json`` and, with ``draw``, the figure.

    Parameters
    ----------
    experiment : LoadedExperiment
        What was fitted.
    trials : list of Trial
        From `returnsim.experiments.calibration.check_fit`.
    folder : Path
        Where to; it is there.
    command : str
        What to type to have it again.
    draw : callable, optional
        Draws into a folder and gives a sentence on what is shown.

    Returns
    -------
    pandas.DataFrame
        A row a parameter: the share of the prior's variance that a record takes away on average,
        the trials by rank, and whether they are even.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    table = ranks_table(experiment, trials)
    told = {**_check_told(experiment, trials), "command": command, "versions": versions()}
    write_results(
        folder,
        "the ranks",
        {RANKS: table},
        {CHECK: as_json(told) + "\n"},
        None if draw is None else partial(_drawn, draw, experiment, trials),
        DIGITS,
    )
    return table


def _drawn(
    draw: DrawRanks, experiment: LoadedExperiment, trials: list[Trial], figures: Path
) -> dict[str, str]:
    return {RANKS_FIGURE: draw(experiment, trials, figures)}


def ranks_table(experiment: LoadedExperiment, trials: list[Trial]) -> "pd.DataFrame":
    """A row a parameter: how even the ranks of the true values are."""
    import pandas as pd

    taken = np.mean([one.taken_away for one in trials], axis=0)
    return pd.DataFrame(
        {
            "parameter": name,
            "variance_taken_away": taken[i],
            "trials_by_rank": " ".join(str(count) for count in judged.counts),
            "even_from": judged.low,
            "even_to": judged.high,
            "p": judged.p,
        }
        for i, (name, judged) in enumerate(
            zip(experiment.experiment.factors, verdicts(trials), strict=True)
        )
    )


def write_posterior(fitted: Fitted, file: Path) -> None:
    """Write the draws for a scenario to take: a column a path, and the misfit of each draw."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    posterior = fitted.fit.posterior
    values = values_at(fitted.priors, posterior.places)
    columns = {path: values[:, i] for i, prior in enumerate(fitted.priors) for path in prior.paths}
    columns |= {"discrepancy": posterior.discrepancy, "log_posterior": posterior.log_posterior}
    told = fitted.experiment.experiment
    section = told.calibration
    assert section is not None  # noqa: S101
    metadata = {
        "experiment": fitted.experiment.name,
        "title": told.title,
        "fitted": {
            "use": list(section.use),
            "until": section.until.isoformat() if section.until else None,
        },
        "households": told.households,
        "seed": told.seed,
        "prior": {p.name: [p.low, p.high, "log" if p.log else "even"] for p in fitted.priors},
        "versions": versions(),
    }
    vouched = vouching(metadata, {name: column.tolist() for name, column in columns.items()})
    table = pa.table(columns).replace_schema_metadata({METADATA: json.dumps(vouched).encode()})
    try:
        with written_in_place(file) as partial_file:
            pq.write_table(table, partial_file, compression="zstd")
    except OSError as error:
        raise RunError(f"{file}: could not be written: {reason_of(error)}") from error


def parameters_table(fitted: Fitted) -> "pd.DataFrame":
    """A row a parameter: its prior, its posterior, and whether the record identifies it."""
    import pandas as pd

    return pd.DataFrame(
        {
            "parameter": prior.name,
            "path": " ".join(prior.paths),
            "prior_low": prior.low,
            "prior_high": prior.high,
            "prior": "even in the logarithm" if prior.log else "even",
            "median": said.median,
            "low90": said.low90,
            "high90": said.high90,
            "variance_taken_away": said.taken_away,
            "verdict": said.verdict,
        }
        for prior, said in zip(fitted.priors, said_of(fitted), strict=True)
    )


def targets_table(fitted: Fitted) -> "pd.DataFrame":
    """A row a target: what was observed, and the fit's prediction with all three uncertainties."""
    import pandas as pd

    draws = predictions(fitted)
    bands = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    return pd.DataFrame(
        {
            "target": target.name,
            "unit": target.observation.unit,
            "observed": target.best,
            "observed_low90": max(target.best - NINETY_PERCENT * target.sd, 0.0),
            "observed_high90": target.best + NINETY_PERCENT * target.sd,
            "fitted": bands[2, i],
            "low50": bands[1, i],
            "high50": bands[3, i],
            "low90": bands[0, i],
            "high90": bands[4, i],
        }
        for i, target in enumerate(fitted.targets)
    )


def predictions(fitted: Fitted) -> np.ndarray:
    """What would be observed under each draw, in the units of the record, shape (n, m)."""
    fit = fitted.fit
    scaled = predicted(fit.problem, fit.emulator, fit.luck, fit.posterior, seed=0)
    return off_scale(fitted.targets, scaled)


def size_table(fitted: Fitted) -> "pd.DataFrame":
    """A row a target: what a small camp gives in place of the full one, same draws and luck."""
    import pandas as pd

    size = fitted.fit.size
    assert size is not None  # noqa: S101
    small, full = off_scale(fitted.targets, size.small), off_scale(fitted.targets, size.full)
    apart = size.small - size.full
    return pd.DataFrame(
        {
            "target": target.name,
            "unit": target.observation.unit,
            "draws": len(small),
            "small_mean": small[:, i].mean(),
            "full_mean": full[:, i].mean(),
            "bias_log": apart[:, i].mean(),
            "bias_log_se": apart[:, i].std(ddof=1) / len(apart) ** 0.5,
            "left_over_sd": fitted.fit.luck.covariance[i, i] ** 0.5,
        }
        for i, target in enumerate(fitted.targets)
    )


def ranks_as_json(
    experiment: LoadedExperiment, trials: list[Trial], ranks: "pd.DataFrame"
) -> dict[str, Any]:
    """A check, ready for JSON: what it is of, and a row a parameter of `write_ranks`."""
    rows = ranks.to_dict("records")
    return {**_check_told(experiment, trials), "ranks": rows}


def _check_told(experiment: LoadedExperiment, trials: list[Trial]) -> dict[str, Any]:
    told = experiment.experiment
    return {
        "format": FORMAT,
        "check_of": experiment.name,
        "title": told.title,
        "question": told.question,
        "trials": len(trials),
    }


def search_table(fitted: Fitted) -> "pd.DataFrame":
    """A row a generation of the search."""
    import pandas as pd

    return pd.DataFrame(
        [one._asdict() for one in fitted.fit.generations],
        columns=["number", "best", "median"],
    )


def summary(fitted: Fitted) -> dict[str, Any]:
    """The fit in a few numbers, for ``run.json`` and ``--json``."""
    fit = fitted.fit
    return {
        "runs": len(fit.runs.places),
        "targets": len(fitted.targets),
        "parameters": len(fitted.priors),
        "acceptance": round(fit.posterior.acceptance, 4),
        "effective_draws": round(fit.posterior.effective, 1),
        "discrepancy": [round(q, 4) for q in median_and_ends(fit.posterior.discrepancy)],
        "last_wave_moved": None if np.isnan(fit.moved) else round(fit.moved, 3),
        "left_out": list(fitted.left_out),
        "said": {one.name: one.verdict for one in said_of(fitted)},
        "told_together": [
            {"parameters": [a, b], "correlation": round(r, 3)} for a, b, r in ties_of(fitted)
        ],
    }


def _run_json(fitted: Fitted, command: str) -> dict[str, Any]:
    told = fitted.experiment.experiment
    assert told.calibration is not None  # noqa: S101
    return {
        "format": FORMAT,
        "calibration": fitted.experiment.name,
        "title": told.title,
        "question": told.question,
        "scenario_hash": scenario_hash(fitted.scenario),
        "seed": told.seed,
        "households_asked": told.households,
        "section": told.calibration.model_dump(mode="json"),
        "command": command,
        **made_with(fitted.engine),
        **summary(fitted),
    }
