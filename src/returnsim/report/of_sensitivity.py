"""What a study of sensitivity has to tell: which unknowns move the outcomes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.experiments.sensitivity_tables import MORRIS, SOBOL
from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, plain, read_table
from returnsim.report.words import counted, guesses_said, limits, provenance_table, scale_said

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES_A_TABLE = 4


def part_of_sensitivity(folder: Path, told: Told) -> Part:
    """Tell of a study.

    Parameters
    ----------
    folder : Path
        That `returnsim sensitivity` has written.
    told : Told
        Its ``sensitivity.json``.
    """
    morris = read_table(folder / MORRIS, ("outcome", "unit", "factor", "kept"), ("share",))
    sobol = read_table(
        folder / SOBOL,
        ("outcome", "unit", "factor"),
        ("total", "total_low90", "total_high90", "noise"),
    )
    pictures = pictures_of(folder)
    question = told.text("question", "")
    answers: list[Block] = [Words(p.caption) for p in pictures if isinstance(p, Picture)]
    titles = _titles(told)
    answers += [*_indices(sobol, titles), _luck(sobol, titles)]
    return Part(
        told.text("title"),
        f"A study of {counted(morris['factor'].nunique(), 'factor')}, "
        f"{counted(told.count('replicates'), 'replicate')} at each point, {scale_said(told)}; in "
        f"{plain(folder)}.",
        {
            "question": [Words(question)] if question else [],
            "levers": [_screened(morris, titles)],
            "answer": answers,
            "figures": pictures,
            "guesses": guesses_said(told),
            "limits": limits(
                [
                    "Indices are shares of the variance over the ranges that were tried; other "
                    "ranges give other indices. That a factor moves nothing here does not make it "
                    "unimportant to those who live with it."
                ]
            ),
            "provenance": [provenance_table(told), Commands([told.command()])],
        },
    )


def _titles(told: Told) -> dict[str, str]:
    infos = told.content.get("outcomes")
    named = infos.items() if isinstance(infos, dict) else ()
    return {name: plain(info["title"]) for name, info in named}


def _title(outcome: object, titles: Mapping[str, str]) -> str:
    return titles.get(str(outcome), str(outcome).replace("_", " "))


def _screened(morris: "pd.DataFrame", titles: Mapping[str, str]) -> Table:
    strongest = morris.loc[morris.groupby("factor", sort=False)["share"].idxmax()]
    rows = [
        (
            row["factor"],
            "yes" if row["kept"] == "True" else "no",
            _title(row["outcome"], titles),
            f"{100 * row['share']:.0f}",
        )
        for row in strongest.sort_values("share", ascending=False).to_dict("records")
    ]
    head = ("factor", "kept", "moves most", "effect, % of the largest")
    return Table("What was varied, and how far it moves an outcome", head, rows, words=3)


def _indices(sobol: "pd.DataFrame", titles: Mapping[str, str]) -> list[Table]:
    """As many tables as all outcomes take."""
    every = list(dict.fromkeys(sobol["outcome"]))
    by_place = {(row["factor"], row["outcome"]): row for row in sobol.to_dict("records")}
    factors = list(dict.fromkeys(sobol["factor"]))
    what = "Total index: share of the variance that a factor has a part in (90 % interval)"
    tables = []
    for begin in range(0, len(every), OUTCOMES_A_TABLE):
        outcomes = every[begin : begin + OUTCOMES_A_TABLE]
        heads = [_title(outcome, titles) for outcome in outcomes]
        rows = [
            (factor, *(_index(by_place.get((factor, outcome))) for outcome in outcomes))
            for factor in factors
        ]
        caption = f"{what}, further outcomes" if begin else what
        tables.append(Table(caption, ("factor", *heads), rows))
    return tables


def _index(row: "dict[str, float] | None") -> str:
    if row is None or row["total"] != row["total"]:
        return "not defined"
    return f"{row['total']:.2f} ({row['total_low90']:.2f} to {row['total_high90']:.2f})"


def _luck(sobol: "pd.DataFrame", titles: Mapping[str, str]) -> Table:
    noise = sobol.groupby("outcome", sort=False)["noise"].first()
    rows = [
        (_title(name, titles), "" if value != value else f"{100 * value:.0f}")
        for name, value in noise.items()
    ]
    return Table("How much of each outcome is luck", ("outcome", "% of the variance"), rows)
