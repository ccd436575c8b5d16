"""What a run has to tell: of those who returned, of those who stayed, and of the harm to both."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.report.compared import compare_commands
from returnsim.report.content import Block, Commands, Part, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, damaged, plain, read_table
from returnsim.report.scenarios import base_of, guesses_table, levers_said, scenario_in
from returnsim.report.words import (
    MIDDLE,
    NOT_SUMS,
    counted,
    guesses_said,
    limits,
    listed,
    provenance_table,
    ranged,
    scale_said,
)
from returnsim.results.contents import GUARANTORS, HARM, SUMMARY

if TYPE_CHECKING:
    import pandas as pd

WORDS = ("part", "guarantor", "who", "group", "kind", "unit")
NUMBERS = ("mean", "median", "low90", "high90")
WHO = {"everyone": "everyone", "men_conscription_age": "men of conscription age"}
HARMS = (
    ("detained", "were detained"),
    ("conscripted", "were conscripted"),
    ("killed", "were killed"),
    ("disappeared", "disappeared"),
)
NOTE = "note"
"""The unit of what is no outcome."""

EARLIER = "all who had returned by the end"
"""Told of a record that begins after the run does: its harm is of everyone home by then."""

NOT_COMPUTED = (
    "How many of them the siege pushed was not computed: that takes the same camp without the "
    "siege, which `returnsim run` adds unless told `--no-pair`."
)


class Summary:
    """The outcomes of a run, found by how they are called."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.table = read_table(file, ("outcome", "unit"), NUMBERS[1:])

    def said(self, begin: str, unit: str = "people") -> str:
        """The first outcome that begins so, with its range."""
        row = self.row(begin, unit)
        return ranged(row["median"], row["low90"], row["high90"], str(row["unit"]))

    def has(self, begin: str) -> bool:
        """Whether there is one."""
        return bool(self.table["outcome"].str.startswith(begin).any())

    def row(self, begin: str, unit: str = "people") -> Mapping[str, Any]:
        """The first outcome that begins so, in a unit that begins so."""
        is_it = self.table["outcome"].str.startswith(begin)
        is_it &= self.table["unit"].str.startswith(unit)
        if not is_it.any():
            raise damaged(self.file, f"has no outcome {begin!r}")
        found: Mapping[str, Any] = self.table[is_it].iloc[0].to_dict()
        return found


def part_of_run(folder: Path, told: Told, base: Path | None) -> Part:
    """Tell of a run.

    Parameters
    ----------
    folder : Path
        That `returnsim run` has written.
    told : Told
        Its ``run.json``.
    base : Path or None
        A scenario file to tell its scenario apart from.
    """
    scenario = scenario_in(folder, told)
    summary = Summary(folder / SUMMARY)
    whose = " in the weeks recorded" if summary.has(EARLIER) else ""
    harm = read_table(folder / HARM, WORDS, NUMBERS)
    guarantors = read_table(folder / GUARANTORS, WORDS, NUMBERS)
    number = told.count_or_length("replicates")
    notes = [plain(note) for note in told.list("notes")]
    return Part(
        told.text("title"),
        f"A run of {counted(number, 'replicate')} of {counted(scenario.weeks, 'week')} from "
        f"{scenario.start}, {scale_said(told)}; in {plain(folder)}.",
        {
            "question": [Words(plain(scenario.question))] if scenario.question else [],
            "levers": levers_said(scenario, base_of(scenario, told.command(), base)),
            "answer": [
                *_answer(summary, number),
                *map(Words, notes),
                _every_outcome(summary),
            ],
            "figures": pictures_of(folder, is_run=True),
            "harm": [
                _harm(harm, whose),
                _in_camp(harm),
                _promises(guarantors, whose),
                Words(NOT_SUMS),
            ],
            "switch": _switch(summary),
            "guesses": [*guesses_said(told), guesses_table(scenario)],
            "limits": limits(notes),
            "provenance": [
                provenance_table(told),
                Commands([told.command(), *compare_commands(folder)]),
            ],
        },
    )


def _answer(summary: Summary, replicates: int) -> list[Block]:
    told = summary.said
    pushed = (
        f"Of these the siege pushed {told('of these, pushed')}, who without it would have come "
        f"home more than a year later or never; {told('of these, home by then')} would have been "
        f"home by then without it too, {told('of these, hastened')} within a year after, and of "
        f"{told('of these, not yet known')} it cannot be told yet."
        if summary.has("of these, pushed")
        else NOT_COMPUTED
    )
    stayed = "To stay is not harmless either: " if summary.row("died in camp")["median"] else ""
    many = (
        f"Numbers are medians of {replicates:,} replicates, in brackets {MIDDLE}; medians do not "
        "add up."
        if replicates > 1
        else "Numbers are of a single replicate: how much of them is luck cannot be told."
    )
    return [
        Words(
            f"{told('in camp at the start')} people were in camp at the start; {told('returned')} "
            f"{summary.row('returned')['outcome']}. {pushed} {_befell(summary)} {NOT_SUMS}"
        ),
        Words(
            f"{stayed}{told('died in camp')} died in the camp of want and closed care. "
            f"{told('went on elsewhere')} went on elsewhere, and {told('in camp at the end')} were "
            f"in the camp at the end. {many}"
        ),
    ]


def _befell(summary: Summary) -> str:
    """The harm after return, and of whom it is told."""
    harms = listed(
        f"{summary.said(harm)} {verb}, {summary.said(harm, 'per 100')} per 100"
        for harm, verb in HARMS
    )
    if not summary.has(EARLIER):
        return f"Of those who returned, {harms}."
    return (
        f"{summary.said(EARLIER)} had returned by the end, before these weeks or in them. Of all "
        f"of these, in these weeks, {harms}."
    )


def _every_outcome(summary: Summary) -> Table:
    rows = [
        (
            row["outcome"],
            row["unit"],
            ranged(row["median"], row["low90"], row["high90"], row["unit"]),
        )
        for row in summary.table.to_dict("records")
        if row["unit"] != NOTE
    ]
    head = ("outcome", "unit", "median (middle 90 %)")
    return Table("Every outcome of the run", head, rows, words=2)


def _harm(harm: "pd.DataFrame", whose: str) -> Table:
    of_all = harm[
        (harm["part"] == "after return") & (harm["guarantor"] == "(any)") & (harm["group"] == "all")
    ]
    by_who = {
        who: {
            (row["kind"], row["unit"]): ranged(
                row["mean"], row["low90"], row["high90"], row["unit"]
            )
            for row in of_all[of_all["who"] == who].to_dict("records")
        }
        for who in WHO
    }
    kinds = list(by_who["everyone"])
    rows = [
        (*kind, *(by_who[who].get(kind, "") for who in WHO))  # some are told of everyone only
        for kind in kinds
    ]
    caption = (
        f"What befell those who returned{whose}, up to the end of the run: means over the "
        "replicates, in brackets the middle 90 % of them. Harmed: detained, conscripted or killed "
        "at least once"
    )
    return Table(caption, ("", "unit", *WHO.values()), rows, words=2)


def _in_camp(harm: "pd.DataFrame") -> Table:
    of_all = harm[(harm["part"] == "in camp") & (harm["group"] == "all")]
    rows = [
        (row["kind"], row["unit"], ranged(row["mean"], row["low90"], row["high90"], row["unit"]))
        for row in of_all.to_dict("records")
    ]
    return Table("What befell those in the camp", ("", "unit", "mean (middle 90 %)"), rows, words=2)


def _promises(guarantors: "pd.DataFrame", whose: str) -> Table:
    kinds = ("trusted it", "kept", "broken", "not yet due", "held on the way")
    of_all = guarantors[
        (guarantors["part"] == "promises")
        & (guarantors["who"] == "everyone")
        & (guarantors["group"] == "all")
        & (guarantors["unit"] == "people")
    ]
    rows = []
    for name, theirs in of_all.groupby("guarantor", sort=False):
        by_kind = {row["kind"]: row for row in theirs.to_dict("records")}
        told = [by_kind[kind] for kind in kinds if kind in by_kind]
        rows.append(
            (str(name), *(ranged(r["mean"], r["low90"], r["high90"], "people") for r in told))
        )
    caption = (
        f"Promises, in people: who returned{whose} under each word, and whether it was kept. A "
        "promise kept is not a life unharmed"
    )
    return Table(caption, ("guarantor", *kinds), rows)


def _switch(summary: Summary) -> list[Block]:
    if not summary.has("of these, pushed"):
        return [Words(NOT_COMPUTED)]
    labels = ("home by then", "hastened", "pushed", "not yet known", "in camp in time")
    rows = [("returned", summary.said("returned"))]
    for label in labels:
        row = summary.row(f"of these, {label}")
        rows.append((str(row["outcome"]), summary.said(f"of these, {label}")))
    return [
        Table(
            "Returns by what the same people did in the same camp without the siege",
            ("people", "median (middle 90 %)"),
            rows,
        ),
        Words("`returnsim attribute` tells the same of any lever, by group and with the harm."),
    ]
