"""A validation written down: what was foretold beside what was observed, and the patterns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.analysis.patterns import Held
from returnsim.analysis.validation import Validation
from returnsim.analysis.validation_tables import (
    patterns_table,
    points_table,
    rivals_table,
    scores_table,
)
from returnsim.analysis.worlds import Size
from returnsim.digests import RUN, write_run
from returnsim.errors import RunError, UsageError
from returnsim.folders import as_json, is_free, reason_of, write_text, written_whole
from returnsim.results.contents import CAPTIONS, FIGURES, foreign_in, told_in
from returnsim.results.identity import SHOWN_HASH, planned
from returnsim.results.provenance import ground_of, made_with
from returnsim.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "returnsim validation 1"
VALIDATION, SCORES, PATTERNS, RIVALS = "validation.csv", "scores.csv", "patterns.csv", "rivals.csv"


def check_validation(
    target: Path,
    scenario: Scenario,
    size: Size,
    options: Sequence[str] = (),
    *,
    overwrite: bool = False,
) -> None:
    """Find out before the runs whether a validation can go where it is meant to.

    Parameters
    ----------
    target : Path
        Where to.
    scenario : Scenario
        What is held against the record.
    size : Size
        Of the runs.
    options : sequence of str
        What is left out of it or added to it, as it was typed.
    overwrite : bool
        Whether another validation may be replaced.

    Raises
    ------
    UsageError
        If something else is there, or another validation and ``overwrite`` is not set, or if
        nothing can be written there.
    """
    if is_free(target):
        return
    foreign = foreign_in(target, (VALIDATION, SCORES, PATTERNS, RIVALS, RUN))
    there = told_in(target, FORMAT)
    if foreign or not there:
        what = f", such as {foreign[0]}" if foreign else ""
        raise UsageError(
            f"{target}: holds files that returnsim validate did not write{what}; they are left "
            "alone. Name another folder with --out"
        )
    asked = _asked(scenario, size, options)
    # Earlier versions did not say with which options.
    before = {key: there.get(key, asked[key] if key == "options" else None) for key in asked}
    if before != asked and not overwrite:
        raise UsageError(
            f"{target}: holds another validation.\n"
            f"  there:    {_in_words(before)}\n"
            f"  this one: {_in_words(asked)}\n"
            "Add --overwrite to replace it, or name another folder with --out"
        )


def _asked(scenario: Scenario, size: Size, options: Sequence[str]) -> dict[str, Any]:
    """What makes two validations the same, but for the record and the card themselves."""
    identity = planned(scenario, size.replicates, size.seed, size.households)
    return {
        "scenario_hash": identity.scenario_hash,
        "seed": size.seed,
        "replicates": size.replicates,
        "households": identity.households,
        "options": list(options),
    }


def _in_words(asked: Mapping[str, Any]) -> str:
    return " ".join(
        (
            f"scenario {str(asked['scenario_hash'])[:SHOWN_HASH]}, seed {asked['seed']},",
            f"{asked['replicates']} replicates, {asked['households']} households",
            *asked["options"],
        )
    )


def write_validation(
    scenario: Scenario,
    validation: Validation | None,
    held: Sequence[Held],
    size: Size,
    engine: str,
    target: Path,
    command: str,
    draw: Callable[[Path], dict[str, str]] | None,
    options: Sequence[str] = (),
) -> None:
    """Write the tables, ``run.json`` and with ``draw`` ``figures``: all of it, or nothing.

    Parameters
    ----------
    scenario : Scenario
        What was held against the record.
    validation : Validation or None
        What the record says of it, if it has one.
    held : sequence of Held
        Its card of patterns, and the same under rival rules.
    size : Size
        Of the runs.
    engine : str
        What stepped them.
    target : Path
        Where to.
    command : str
        What to type to have it again.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.
    options : sequence of str
        As for `check_validation`.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    tables: dict[str, pd.DataFrame] = {}
    if validation is not None:
        tables |= {VALIDATION: points_table(validation), SCORES: scores_table(validation)}
    if held:
        tables[PATTERNS] = patterns_table(held)
    if len(held) > 1:
        tables[RIVALS] = rivals_table(held)
    try:
        with written_whole(target.resolve()) as folder:
            for name, table in tables.items():
                text = table.to_csv(index=False, float_format="%.8g", lineterminator="\n")
                write_text(folder / name, text)
            if draw is not None:
                (folder / FIGURES).mkdir()
                captions = draw(folder / FIGURES)
                write_text(folder / FIGURES / CAPTIONS, as_json(captions) + "\n")
            write_run(folder, _provenance(scenario, size, engine, command, options))
    except OSError as error:
        raise RunError(f"{target}: the results could not be written: {reason_of(error)}") from error


def _provenance(
    scenario: Scenario, size: Size, engine: str, command: str, options: Sequence[str]
) -> dict[str, Any]:
    guesses, numbers = scenario.guesses()
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "title": scenario.title,
        **_asked(scenario, size, options),
        "numbers": numbers,
        "guesses": guesses,
        "posterior": scenario.posterior.experiment if scenario.posterior is not None else None,
        "ground": ground_of(scenario),
        "command": command,
        **made_with(engine),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
