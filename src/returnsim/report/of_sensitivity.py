"""What a study of sensitivity has to tell: which unknowns move the outcomes."""

from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import MORRIS, Told, plain, read_table
from returnsim.report.words import counted, guesses_said, limits, provenance_table, scale_said

if TYPE_CHECKING:
    import pandas as pd

SOBOL = "sobol.csv"


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
    answers += [_indices(sobol), _luck(sobol)]
    return Part(
        told.text("title"),
        f"A study of {counted(morris['factor'].nunique(), 'factor')}, "
        f"{counted(told.count('replicates'), 'replicate')} at each point, {scale_said(told)}; in "
        f"{plain(folder)}.",
        {
            "question": [Words(question)] if question else [],
            "levers": [_screened(morris)],
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


def _screened(morris: "pd.DataFrame") -> Table:
    strongest = morris.loc[morris.groupby("factor", sort=False)["share"].idxmax()]
    rows = [
        (
            row["factor"],
            "yes" if row["kept"] == "True" else "no",
            str(row["outcome"]).replace("_", " "),
            f"{100 * row['share']:.0f}",
        )
        for row in strongest.sort_values("share", ascending=False).to_dict("records")
    ]
    head = ("factor", "kept", "moves most", "effect, % of the largest")
    return Table("What was varied, and how far it moves an outcome", head, rows, words=3)


def _indices(sobol: "pd.DataFrame") -> Table:
    outcomes = list(dict.fromkeys(sobol["outcome"]))[:6]
    by_place = {(row["factor"], row["outcome"]): row for row in sobol.to_dict("records")}
    rows = [
        (factor, *(_index(by_place.get((factor, outcome))) for outcome in outcomes))
        for factor in dict.fromkeys(sobol["factor"])
    ]
    heads = [outcome.replace("_", " ") for outcome in outcomes]
    caption = "Total index: share of the variance that a factor has a part in (90 % interval)"
    return Table(caption, ("factor", *heads), rows)


def _index(row: "dict[str, float] | None") -> str:
    if row is None or row["total"] != row["total"]:
        return "not defined"
    return f"{row['total']:.2f} ({row['total_low90']:.2f} to {row['total_high90']:.2f})"


def _luck(sobol: "pd.DataFrame") -> Table:
    noise = sobol.groupby("outcome", sort=False)["noise"].first()
    rows = [
        (str(name).replace("_", " "), "" if value != value else f"{100 * value:.0f}")
        for name, value in noise.items()
    ]
    return Table("How much of each outcome is luck", ("outcome", "% of the variance"), rows)
