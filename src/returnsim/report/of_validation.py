"""What a validation has to tell: where the model agrees with the record, and where it does not."""

from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.experiments.validated import PATTERNS, RIVALS, SCORES, VALIDATION
from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, plain, read_table
from returnsim.report.words import (
    counted,
    general,
    guesses_said,
    limits,
    provenance_table,
    scale_said,
)

if TYPE_CHECKING:
    import pandas as pd

WORDS = ("role", "quantity", "guarantor", "from", "to", "unit", "in50", "in90", "source")
NUMBERS = ("simulated", "low90", "high90", "observed", "observed_low", "observed_high")
SCORE = ("points", "relative_crps", "skill_over_carried", "skill_over_trend")
ROLES = {"used": "used to fit", "judged": "to judge by"}


def part_of_validation(folder: Path, told: Told) -> Part:
    """Tell of a validation.

    Parameters
    ----------
    folder : Path
        That `returnsim validate` has written, with whatever of its tables is there.
    told : Told
        Its ``run.json``.
    """
    pictures = pictures_of(folder)
    answers: list[Block] = [Words(p.caption) for p in pictures if isinstance(p, Picture)]
    if (folder / VALIDATION).exists():
        answers.append(_observed(read_table(folder / VALIDATION, WORDS, NUMBERS)))
    if (folder / SCORES).exists():
        answers.append(_scores(read_table(folder / SCORES, ("quantity",), SCORE)))
    if (folder / PATTERNS).exists():
        answers.append(_patterns(folder / PATTERNS))
    if (folder / RIVALS).exists():
        rivals = read_table(folder / RIVALS, ("pattern",))
        rows = [tuple(row) for row in rivals.itertuples(index=False, name=None)]
        heads = tuple(plain(name) for name in rivals.columns)
        answers.append(Table("Patterns by rule of decision", heads, rows, words=len(heads)))
    many = counted(told.count_or_length("replicates"), "replicate")
    return Part(
        told.text("title"),
        f"Held against the record: {many}, {scale_said(told)}; in {plain(folder)}.",
        {
            "question": [
                Words("Does the scenario tell what was observed, and what was not fitted to?")
            ],
            "answer": answers,
            "figures": pictures,
            "guesses": guesses_said(told),
            "limits": limits(
                [
                    "What was used to fit is no test. The structure of the model and its defaults "
                    "were made with the record in view, so that agreement is weaker evidence than "
                    "it looks."
                ]
            ),
            "provenance": [provenance_table(told), Commands([told.command()])],
        },
    )


def _observed(table: "pd.DataFrame") -> Table:
    rows = []
    for row in table.to_dict("records"):
        what = str(row["quantity"]).replace("_", " ")
        when = f"{row['from']} to {row['to']}" if row["from"] else str(row["to"])
        whose = f" ({row['guarantor']})" if row["guarantor"] else ""
        simulated = f"{general(row['low90'])} to {general(row['high90'])}"
        seen = f"{general(row['observed_low'])} to {general(row['observed_high'])}"
        inside = {"True": "within", "False": "outside"}.get(str(row["in90"]), "")
        rows.append(
            (
                f"{what}{whose}, {when}",
                str(row["unit"]),
                ROLES.get(str(row["role"]), str(row["role"])),
                inside,
                f"{general(row['simulated'])} ({simulated})",
                f"{general(row['observed'])} ({seen})",
            )
        )
    head = ("what", "unit", "role", "of the 90 %", "foretold (middle 90 %)", "observed (range)")
    return Table("Every observation beside what was foretold of it", head, rows, words=4)


def _scores(table: "pd.DataFrame") -> Table:
    rows = [
        (str(row["quantity"]).replace("_", " "), *(general(row[name]) for name in SCORE))
        for row in table.to_dict("records")
    ]
    head = ("quantity", "points", "error", "skill over the last value", "skill over a line")
    caption = (
        "Scores of what was not used to fit: the error is the continuous ranked probability score "
        "as a share of what was observed; a skill below 0 is worse than the naive forecast"
    )
    return Table(caption, head, rows)


def _patterns(file: Path) -> Table:
    words = ("rule_of_decision", "pattern", "check", "unit", "rule", "verdict")
    table = read_table(file, words, ("value", "low90", "high90"))
    own = table[table["rule_of_decision"] == table["rule_of_decision"].iloc[0]]
    rows = [
        (
            str(row["pattern"]),
            str(row["check"]),
            str(row["unit"]),
            str(row["rule"]),
            str(row["verdict"]),
            f"{general(row['value'])} ({general(row['low90'])} to {general(row['high90'])})",
        )
        for row in own.to_dict("records")
    ]
    head = ("pattern", "check", "unit", "rule", "verdict", "median (middle 90 %)")
    return Table("Every check of the pattern card", head, rows, words=5)
