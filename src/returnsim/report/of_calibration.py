"""What a fit has to tell: what the record says of what nobody knows, and what it leaves open."""

from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.experiments.calibration_tables import PARAMETERS, RANKS, TARGETS
from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, plain, read_table
from returnsim.report.words import (
    counted,
    general,
    limits,
    provenance_table,
    scale_said,
)

if TYPE_CHECKING:
    import pandas as pd

IF_RIGHT = (
    "A fit says which numbers agree with the record if the model's structure is right; it does not "
    "show that it is."
)


def part_of_calibration(folder: Path, told: Told) -> Part:
    """Tell of a fit.

    Parameters
    ----------
    folder : Path
        That `returnsim calibrate` has written.
    told : Told
        Its ``run.json``.
    """
    parameters = read_table(
        folder / PARAMETERS,
        ("parameter", "path", "prior", "verdict"),
        ("prior_low", "prior_high", "median", "low90", "high90", "variance_taken_away"),
    )
    targets = read_table(
        folder / TARGETS,
        ("target", "unit"),
        ("observed", "observed_low90", "observed_high90", "fitted", "low90", "high90"),
    )
    pictures = pictures_of(folder)
    number = len(parameters)
    unknown = int((parameters["verdict"] == "not identified").sum())
    question = told.text("question", "")
    return Part(
        told.text("title"),
        f"{counted(number, 'parameter')} fitted to {told.count('targets')} rows of the record by "
        f"{counted(told.count('runs'), 'run')}, {scale_said(told)}; in {plain(folder)}.",
        {
            "question": [Words(question)] if question else [],
            "levers": [_fitted(parameters)],
            "answer": [
                *(Words(picture.caption) for picture in pictures if isinstance(picture, Picture)),
                _rows(targets),
            ],
            "figures": pictures,
            "guesses": [
                Words(
                    f"{unknown} of the {number} parameters are as good as unknown after the fit, "
                    "and every number that was not fitted is as it stands in the scenario."
                )
            ],
            "limits": limits([IF_RIGHT, "That a fit meets the rows it was made from is no test."]),
            "provenance": [provenance_table(told), Commands([told.command()])],
        },
    )


def _fitted(parameters: "pd.DataFrame") -> Table:
    rows = [
        (
            row["parameter"],
            row["path"],
            row["verdict"],
            f"{general(row['prior_low'])} to {general(row['prior_high'])}",
            _with_ends(row, "median", "low90", "high90"),
            f"{100 * max(row['variance_taken_away'], 0):.0f}",
        )
        for row in parameters.to_dict("records")
    ]
    head = ("parameter", "path", "verdict", "before", "after (90 %)", "known, %")
    return Table("What was fitted, before the record and after it", head, rows, words=3)


def _rows(targets: "pd.DataFrame") -> Table:
    rows = [
        (
            row["target"],
            row["unit"],
            _with_ends(row, "observed", "observed_low90", "observed_high90"),
            _with_ends(row, "fitted", "low90", "high90"),
        )
        for row in targets.to_dict("records")
    ]
    head = ("row", "unit", "observed (90 %)", "fitted (90 %)")
    return Table("The rows that were fitted to", head, rows, words=2)


def part_of_check(folder: Path, told: Told) -> Part:
    """Tell of fits to records that the model made itself."""
    ranks = read_table(
        folder / RANKS, ("parameter", "trials_by_rank"), ("variance_taken_away", "p")
    )
    pictures = pictures_of(folder)
    question = told.text("question", "")
    answers: list[Block] = [Words(p.caption) for p in pictures if isinstance(p, Picture)]
    answers.append(
        Table(
            "Ranks of the true values among the draws of their fits: as even as chance makes them, "
            "unless p is small",
            ("parameter", "trials by rank", "known, %", "p"),
            [
                (
                    row["parameter"],
                    row["trials_by_rank"],
                    f"{100 * row['variance_taken_away']:.0f}",
                    general(row["p"]),
                )
                for row in ranks.to_dict("records")
            ],
            words=2,
        )
    )
    return Part(
        told.text("title"),
        f"{counted(told.count('trials'), 'record')} made by the model and fitted; in "
        f"{plain(folder)}.",
        {
            "question": [Words(question)] if question else [],
            "answer": answers,
            "figures": pictures,
            "limits": limits([IF_RIGHT]),
            "provenance": [provenance_table(told), Commands([told.command()])],
        },
    )


def _with_ends(row: dict[str, float], middle: str, low: str, high: str) -> str:
    return f"{general(row[middle])} ({general(row[low])} to {general(row[high])})"
