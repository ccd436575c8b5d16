"""A study of sensitivity written down: three tables, all of it as JSON, figures, and in words."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from returnsim.analysis.summary import percent as percent
from returnsim.experiments.destinations import INDICES, OVER_TIME, SCREENING
from returnsim.experiments.destinations import MORRIS as MORRIS
from returnsim.experiments.destinations import SOBOL as SOBOL
from returnsim.experiments.destinations import WHOLE as WHOLE
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.schema import paths_of
from returnsim.experiments.sensitivity import (
    MOST_NOISE,
    Effects,
    Indices,
    Study,
    rule_in_words,
)
from returnsim.experiments.sensitivity_runs import Studied
from returnsim.experiments.tables import run_of
from returnsim.experiments.verdict_tables import as_text
from returnsim.experiments.written import write_results

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "returnsim sensitivity 1"
LEAST_TOLD = 0.05
"""A factor with a smaller total index is not told to move the outcome."""
ONE_WAY = 0.9
"""A factor moves an outcome one way if the mean effect is this share of the mean absolute one."""
MORE, LESS, EITHER = "more", "less", "either way"
Draw = Callable[[Studied, Path], dict[str, str]]

CAVEATS = (
    "A total index is the share of the variance that would remain if all else were known: what the "
    "factor does alone and together with others. The first is what it does alone.",
    "All of this holds of the ranges as they are written: most are guesses, a wider range makes a "
    "factor matter more, and a factor that does not matter here may matter elsewhere. That a "
    "factor moves an outcome in the model does not show that it does so in life.",
)


def write_study(studied: Studied, folder: Path, command: str, draw: Draw | None) -> None:
    """Write the tables, ``sensitivity.json``, ``checksums.json`` and, with ``draw``, ``figures``.

    Parameters
    ----------
    studied : Studied
        From `run_study`.
    folder : Path
        Where to; it is there.
    command : str
        What to type to have them again.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    tables = {
        MORRIS: morris_table(studied),
        SOBOL: sobol_table(studied),
        OVER_TIME: over_time_table(studied),
    }
    write_results(
        folder,
        "the study",
        tables,
        {WHOLE: as_text(as_json(studied, command))},
        None if draw is None else partial(draw, studied),
    )


def morris_table(studied: Studied) -> "pd.DataFrame":
    """A row for every outcome and factor: the elementary effects, in the outcome's unit.

    Parameters
    ----------
    studied : Studied
        Any.

    Returns
    -------
    pandas.DataFrame
        ``outcome, unit, factor, kept``; ``mu``, ``mu_star`` and ``sigma``, the latter two with
        90 % intervals; ``share``, of the outcome's largest ``mu_star``; ``trajectories`` that it
        is told from; ``noise``, the share of the variance that is luck.
    """
    import pandas as pd

    study, infos = studied.study, outcome_infos(studied)
    rows = [
        {"outcome": name, "unit": infos[name]["unit"], "factor": factor}
        | {"kept": factor in study.kept}
        | _effect(effects, i)
        for name, effects in study.effects.items()
        for i, factor in enumerate(study.factors)
    ]
    return pd.DataFrame(rows)


def sobol_table(studied: Studied) -> "pd.DataFrame":
    """A row for every outcome and kept factor: the first-order and total indices.

    Parameters
    ----------
    studied : Studied
        Any.

    Returns
    -------
    pandas.DataFrame
        ``outcome, unit, factor``; ``first`` and ``total`` with 90 % intervals; ``direction``, as
        the screening has it: what more of the factor makes of the outcome; ``groups`` of points
        that it is told from; ``mean`` and ``deviation`` of the outcome over the points; ``noise``.
    """
    import pandas as pd

    study, infos = studied.study, outcome_infos(studied)
    rows = [
        {"outcome": name, "unit": infos[name]["unit"], "factor": factor}
        | _index(study.indices[name], i)
        | {"direction": direction(study, name, factor)}
        for name in study.effects
        for i, factor in enumerate(study.kept)
    ]
    return pd.DataFrame(rows)


def over_time_table(studied: Studied) -> "pd.DataFrame":
    """A row for every outcome, day and kept factor. Columns as of `sobol_table`, with ``date``."""
    import pandas as pd

    study = studied.study
    columns = ["outcome", "date", "factor"]
    rows = [
        {"outcome": there.outcome, "date": str(there.day), "factor": factor}
        | _index(study.indices[name], i)
        for name, there in studied.dated.items()
        for i, factor in enumerate(study.kept)
    ]
    return pd.DataFrame(rows, columns=None if rows else columns)


def as_json(studied: Studied, command: str) -> dict[str, Any]:
    """All of a study, ready for JSON.

    Parameters
    ----------
    studied : Studied
        Any.
    command : str
        What to type to have it again.
    """
    experiment, study = studied.experiment, studied.study
    told, said = experiment.experiment, said_of(studied)
    stages = {stage: run_of(studied.folder / stage) for stage in (SCREENING, INDICES)}
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "title": told.title,
        "question": told.question,
        "command": command,
        "versions": said["versions"],
        "seed": told.seed,
        "replicates": said["replicates"],
        "households_asked": told.households,
        "guesses": said["guesses"],
        "numbers": said["numbers"],
        "settings": study.settings.model_dump(mode="json"),
        "rule": rule_in_words(study.settings),
        "voices": list(study.voices),
        "kept": list(study.kept),
        "trajectories_lost": study.trajectories_lost,
        "groups_lost": study.groups_lost,
        "points": {stage: len(run["cases"]) for stage, run in stages.items()},
        "sweeps": {stage: run["fingerprint"] for stage, run in stages.items()},
        "factors": {
            name: {
                "title": factor.title or name,
                "paths": list(paths_of(name, factor)),
                "unit": factor.unit,
                "range": factor.range,
                "log": factor.log,
                "kind": experiment.kind_of(name),
                "score": study.scores[name],
            }
            for name, factor in told.factors.items()
        },
        "outcomes": outcome_infos(studied),
        "screening": _rows(morris_table(studied)),
        "indices": _rows(sobol_table(studied)),
        "over_time": _rows(over_time_table(studied)),
        "in_words": list(in_words(studied)),
    }


def said_of(studied: Studied) -> Mapping[str, Any]:
    """What the screening's sweep says of itself."""
    return run_of(studied.folder / SCREENING)


def outcome_infos(studied: Studied) -> dict[str, dict[str, Any]]:
    """Title, unit and good direction of every outcome."""
    said = said_of(studied)["outcomes"]
    return {name: said[name] for name in outcomes_of(studied.experiment.experiment)}


def direction(study: Study, outcome: str, factor: str) -> str:
    """What more of a factor makes of an outcome: more, less, or either; empty if neither."""
    effects, place = study.effects[outcome], study.factors.index(factor)
    mu, mu_star = effects.mu[place], effects.mu_star[place]
    if not mu_star > 0:
        return ""
    if abs(mu) < ONE_WAY * mu_star:
        return EITHER
    return MORE if mu > 0 else LESS


def drivers_of(study: Study, outcome: str) -> list[int]:
    """Places among the kept factors of those that move an outcome, the strongest first."""
    indices = study.indices[outcome]
    if is_blind(indices.noise):
        return []
    total = indices.total
    return sorted(np.flatnonzero(total >= LEAST_TOLD).tolist(), key=lambda i: -total[i])


def in_words(studied: Studied) -> Iterator[str]:
    """A sentence for each outcome on what drives it, then which are named, and what is dropped."""
    study = studied.study
    for name, info in outcome_infos(studied).items():
        indices, title = study.indices[name], info["title"]
        driving = drivers_of(study, name)
        if not driving:
            yield f"{title}: {nothing_told(indices)}."
            continue
        parts = [f"{study.kept[i]} ({indices.total[i]:.2f})" for i in driving]
        luck = "" if np.isnan(indices.noise) else f" Luck is {percent(indices.noise)}."
        alone = min(1.0, float(np.clip(indices.first, 0, None).sum()))
        yield (
            f"{title}: moved by {', '.join(parts)}, by total index; factors alone make up "
            f"{percent(alone)} of the variance.{luck}"
        )
    yield f"Named are factors with a total index of {LEAST_TOLD:g} or more."
    rest = dropped(study)
    if rest:
        yield f"Of little matter to any outcome: {', '.join(rest)}."


def is_blind(noise: float) -> bool:
    """Whether an outcome is mostly luck, so that nothing is told of it."""
    return noise > MOST_NOISE


def nothing_told(indices: Indices) -> str:
    """Why no factor is told to move an outcome."""
    if is_blind(indices.noise):
        return f"mostly luck ({percent(indices.noise)}): more replicates could tell"
    if np.isnan(indices.total).all():
        few = np.isnan(indices.deviation) or indices.deviation > 0
        return "defined at too few points to tell" if few else "the same everywhere"
    return "no factor stands out"


def dropped(study: Study) -> list[str]:
    """The factors that the screening does not keep, in the order of the experiment."""
    return [name for name in study.factors if name not in study.kept]


def _effect(effects: Effects, i: int) -> dict[str, Any]:
    largest = np.nan_to_num(effects.mu_star).max()
    names = ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma", "sigma_low", "sigma_high")
    values = {f"{name}90" if name.endswith(("low", "high")) else name: name for name in names}
    return {column: float(getattr(effects, name)[i]) for column, name in values.items()} | {
        "share": float(effects.mu_star[i] / largest) if largest > 0 else float("nan"),
        "trajectories": effects.trajectories,
        "noise": effects.noise,
    }


def _index(indices: Indices, i: int) -> dict[str, Any]:
    names = ("first", "first_low", "first_high", "total", "total_low", "total_high")
    values = {f"{name}90" if name.endswith(("low", "high")) else name: name for name in names}
    return {column: float(getattr(indices, name)[i]) for column, name in values.items()} | {
        "groups": indices.groups,
        "mean": indices.mean,
        "deviation": indices.deviation,
        "noise": indices.noise,
    }


def _rows(table: "pd.DataFrame") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")
    return rows
