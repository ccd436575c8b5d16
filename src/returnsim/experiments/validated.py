"""A validation written down: what was foretold beside what was observed, and the patterns."""

from collections.abc import Callable, Sequence
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
from returnsim.results import (
    CAPTIONS,
    FIGURES,
    foreign_in,
    ground_of,
    made_with,
    planned,
    told_in,
)
from returnsim.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "returnsim validation 1"
VALIDATION, SCORES, PATTERNS, RIVALS = "validation.csv", "scores.csv", "patterns.csv", "rivals.csv"


def check_validation(target: Path) -> None:
    """Find out before the runs whether a validation can go where it is meant to.

    Raises
    ------
    UsageError
        If something else is there, or nothing can be written there.
    """
    if is_free(target):
        return
    foreign = foreign_in(target, (VALIDATION, SCORES, PATTERNS, RIVALS, RUN))
    if foreign or not told_in(target, FORMAT):
        what = f", such as {foreign[0]}" if foreign else ""
        raise UsageError(
            f"{target}: holds files that returnsim validate did not write{what}; they are left "
            "alone. Name another folder with --out"
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
            write_run(folder, _provenance(scenario, size, engine, command))
    except OSError as error:
        raise RunError(f"{target}: the results could not be written: {reason_of(error)}") from error


def _provenance(scenario: Scenario, size: Size, engine: str, command: str) -> dict[str, Any]:
    identity = planned(scenario, size.replicates, size.seed, size.households)
    guesses, numbers = scenario.guesses()
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "title": scenario.title,
        "scenario_hash": identity.scenario_hash,
        "seed": size.seed,
        "replicates": size.replicates,
        "households": identity.households,
        "numbers": numbers,
        "guesses": guesses,
        "posterior": scenario.posterior.experiment if scenario.posterior is not None else None,
        "ground": ground_of(scenario),
        "command": command,
        **made_with(engine),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
