"""What a verdict has to tell: which policy is better over what nobody knows, and what is open."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from returnsim.experiments.unknowns import MADE
from returnsim.experiments.verdict_tables import PAIRS, POLICIES, VERDICT, WHOLE
from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, plain, read_table, read_told
from returnsim.report.words import (
    counted,
    guesses_said,
    limits,
    provenance_table,
    ranged,
    scale_said,
)

MEASURES = {
    "safe_voluntary": ("safe voluntary returns, people", "people"),
    "returned": ("returned, people", "people"),
    "harmed": ("detained, conscripted or killed, people", "people"),
    "hardship": ("hardship in camp, 0 to 1", "0 to 1"),
    "died_in_camp": ("died in camp, people", "people"),
}
PUSHED, UNTOLD = "pushed_share", "untold_share"
SHARES = {PUSHED: "pushed by the siege, % of returns", UNTOLD: "not yet known, % of returns"}
Row = dict[str, Any]


def part_of_verdict(folder: Path, told: Told) -> Part:
    """Tell of a verdict.

    Parameters
    ----------
    folder : Path
        That `returnsim verdict` has written.
    told : Told
        The ``run.json`` of its sweep.
    """
    policies = _policies(folder / VERDICT / POLICIES)
    pairs = read_table(
        folder / VERDICT / PAIRS,
        ("policy", "other", "outcome", "better", "verdict"),
        ("points", "share_better", "share_low90", "share_high90", "mean_difference"),
    )
    pictures = pictures_of(folder / VERDICT)
    points = int(pairs["points"].max())
    question = told.text("question", "")
    return Part(
        told.text("title"),
        f"A verdict over {counted(points, 'point')} of what nobody knows, {scale_said(told)}; in "
        f"{plain(folder / VERDICT)}.",
        {
            "question": [Words(question)] if question else [],
            "levers": _levers(told, policies),
            "answer": [
                *(Words(picture.caption) for picture in pictures if isinstance(picture, Picture)),
                _measured(policies, (*MEASURES, PUSHED, UNTOLD), "The policies, by all measures"),
                _pairs(pairs.to_dict("records"), told),
            ],
            "figures": pictures,
            "harm": [
                _measured(policies, ("returned", "harmed", "died_in_camp"), "Harm beside returns")
            ],
            "switch": [
                _measured(policies, ("returned", PUSHED, UNTOLD, "harmed"), "Pushed and not")
            ],
            "guesses": guesses_said(told),
            "limits": limits(
                [
                    "A policy is better over the points that were tried; what lies outside of "
                    "their ranges is not in it."
                ]
            ),
            "provenance": [
                provenance_table(told),
                Commands(verdict_commands(folder, told)),
            ],
        },
    )


def _policies(file: Path) -> list[Row]:
    measures = (*MEASURES, PUSHED, UNTOLD)
    numbers = [f"{name}{end}" for name in measures for end in ("", "_low90", "_high90")]
    table = read_table(file, ("policy", "frontier"), numbers)
    rows: list[Row] = table.to_dict("records")
    return rows


def _levers(told: Told, policies: list[Row]) -> list[Block]:
    rows = [
        (plain(factor["title"]), plain(factor["unit"]) or "a number")
        for factor in told.mapping("factors").values()
    ]
    return [
        Words(f"The policies: {', '.join(row['policy'] for row in policies)}."),
        Table("What nobody knows, and is varied", ("parameter", "unit"), rows, words=2),
    ]


def _measured(policies: list[Row], names: Sequence[str], what: str) -> Table:
    titles = {name: title for name, (title, _) in MEASURES.items()} | SHARES
    rows = [(row["policy"], *(_mean(row, name) for name in names)) for row in policies]
    head = ("policy", *(titles[name] for name in names))
    return Table(f"{what}: mean (middle 90 % of the points)", head, rows)


def _mean(row: Row, name: str) -> str:
    ends = f"{name}_low90", f"{name}_high90"
    if name in SHARES:
        return _percent(row, name, *ends)
    return ranged(row[name], row[ends[0]], row[ends[1]], MEASURES[name][1])


def verdict_commands(folder: Path, told: Told) -> list[str]:
    """What to type to have a verdict again, after its sweep if another command ran that.

    Parameters
    ----------
    folder : Path
        Of the sweep.
    told : Told
        Its ``run.json``.
    """
    swept = shlex.split(told.command())
    own = read_told(folder / VERDICT / WHOLE) if (folder / VERDICT / WHOLE).is_file() else told
    if own is told or "command" not in own.content:
        # Earlier versions did not keep it.
        out = swept.index("--out") if "--out" in swept else len(swept)
        mine = shlex.join([swept[0], "verdict", *swept[2:3], *swept[out : out + 2]])
    else:
        mine = own.command()
    return [mine] if swept[1:2] == ["verdict"] else [told.command(), mine]


def _pairs(rows: list[Row], told: Told) -> Table:
    titles = {name: info.title for name, info in MADE.items()}
    titles |= {name: plain(info["title"]) for name, info in told.mapping("outcomes").items()}
    cells = [
        (
            titles.get(str(row["outcome"]), str(row["outcome"])),
            f"{row['policy']} or {row['other']}",
            f"{row['better']} is better"
            if row["better"] and row["verdict"] == "better"
            else str(row["verdict"]),
            _share(row),
        )
        for row in rows
    ]
    caption = (
        "Two policies at a time: which is better, and in how much of the space, of the points at "
        "which the outcome is defined for both"
    )
    return Table(
        caption, ("outcome", "policies", "verdict", "share of the space, %"), cells, words=3
    )


def _share(row: Row) -> str:
    return _percent(row, "share_better", "share_low90", "share_high90")


def _percent(row: Row, middle: str, low: str, high: str) -> str:
    return ranged(100 * row[middle], 100 * row[low], 100 * row[high], "percent")
