"""Returns by what the same people did without a lever, over time and by group, with the harm."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.attribution import LABELS
from returnsim.analysis.followed import Followed
from returnsim.analysis.quantities import per_hundred
from returnsim.analysis.switch import (
    AFTER_RETURN,
    FEW,
    RETURNED,
    VOLUNTARY,
    brought_about,
    called,
    fewest,
)
from returnsim.figures.colours import LABEL_COLOURS, WORDS
from returnsim.figures.labels import Label, label_ends, shortened
from returnsim.figures.style import (
    LABEL_SIZE,
    count_axis,
    in_style,
    new_figure,
    save,
    time_axis,
    week_edges,
)

if TYPE_CHECKING:
    import pandas as pd

LATER = 2**31 - 1
ROW, HEAD = 0.23, 1.9
LONGEST_GROUP = 32
APART = 0.19
HARMED_NOTE = (
    "Harmed are those who were detained, conscripted or killed after their return, each counted "
    "once; who returned earlier has lived longer with the risk."
)


def write_attribution_figures(
    runs: Sequence[Followed], table: "pd.DataFrame", directory: str | Path
) -> list[Path]:
    """Draw two figures for each lever, as PNG and SVG.

    Parameters
    ----------
    runs : sequence of Followed
        One for each lever.
    table : pandas.DataFrame
        Their `switch_table`.
    directory : str or Path
        A folder that exists.

    Returns
    -------
    list of Path
        The files: the same runs give the same bytes with the same versions.
    """
    files = []
    with in_style():
        for run in runs:
            lever = (run.lever or "").replace(":", "_")
            figures = {"returns": returns_by_label(run), "groups": returns_by_group(run, table)}
            for name, figure in figures.items():
                files += save(figure, Path(directory), f"{name}_without_{lever}")
    return files


def returns_by_label(run: Followed) -> Figure:
    """Returns to date by label, and beneath them how many of these were harmed.

    Parameters
    ----------
    run : Followed
        With a lever.

    Returns
    -------
    Figure
    """
    lever, trajectories = _plain(run), run.trajectories
    brought = brought_about(run.lever or "")
    note = (
        "Coloured areas are means over the replicates, which add up. Voluntary: home by then "
        f"without {lever} too; hastened: within a year after; {brought}: later or never, which is "
        f"known a year after the return. {HARMED_NOTE}"
    )
    subject = f"Returns, by what the same people did without {lever}"
    figure = new_figure(trajectories, subject, 6.6, note)
    top, beneath = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
    returned = _to_date(run, run.label, run.returns.week)
    first = np.full(len(run.label), LATER)
    counts = np.isin(run.harms.kind, AFTER_RETURN)
    np.minimum.at(first, run.harms.person[counts], run.harms.week[counts])
    harmed = _to_date(run, run.label[first < LATER], first[first < LATER])
    top.set_title("Returned to date")
    _stack(top, run, returned, [f"{value:,.0f}" for value in returned[:, -1]])
    beneath.set_title("Of these, detained, conscripted or killed to date")
    rates = per_hundred(harmed[:, -1], returned[:, -1])
    enough = returned[:, -1] >= fewest(run)
    said = [
        f"{number:,.0f}, {rate:.1f} per 100" if is_known else f"{number:,.0f}"
        for number, rate, is_known in zip(harmed[:, -1], rates, enough, strict=True)
    ]
    _stack(beneath, run, harmed, said)
    return figure


def returns_by_group(run: Followed, table: "pd.DataFrame") -> Figure:
    """Share of the returns that the lever brought about and the harm, group by group.

    Parameters
    ----------
    run : Followed
        With a lever.
    table : pandas.DataFrame
        A `switch_table` that has the lever.

    Returns
    -------
    Figure
    """
    lever, brought = _plain(run), brought_about(run.lever or "")
    rows = table[table["lever"] == run.lever]

    def of_category(name: str) -> "pd.DataFrame":
        return rows[rows["category"] == name].reset_index(drop=True)

    returned = of_category(RETURNED)
    heights = _heights(returned["by"].tolist())
    note = (
        f"Dots are means over all replicates together, lines the middle 90 % of the replicates. "
        f"{brought.capitalize()}: without {lever} home more than a year later or never. "
        f"{HARMED_NOTE} Rates of fewer than {FEW} simulated people, in all replicates, are left "
        "out. Groups are of the model's households, as they entered the camp."
    )
    subject = f"Returns {brought} by {lever}, and the harm after return, group by group"
    figure = new_figure(run.trajectories, subject, HEAD + ROW * (heights[-1] + 1), note)
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_title(f"{brought.capitalize()},\nof all who returned")
    shares = of_category(brought).where(returned["people"] >= fewest(run))
    _dots(left, shares, "share_of_returned", heights, LABEL_COLOURS["pushed"])
    left.set_xlabel("percent")
    right.set_title("Detained, conscripted\nor killed after return")
    for label, name, side in ((VOLUNTARY, VOLUNTARY, -APART), ("pushed", brought, APART)):
        colour, of = LABEL_COLOURS[label], of_category(name)
        of = of.where(of["people"] >= fewest(run))
        _dots(right, of, "any_harm_per_100", heights + side, colour)
        _name(right, of, name, side, colour)
    right.set_xlabel("per 100 returned")
    shown = shortened(returned["group"].tolist(), LONGEST_GROUP).shown
    names = [
        f"{shown[group]}  ({people:,.0f})"
        for group, people in zip(returned["group"], returned["people"], strict=True)
    ]
    for axes in (left, right):
        axes.set_xlim(left=0)
    left.set_yticks(heights, names)
    left.set_ylim(heights[-1] + 0.7, -0.9)
    left.set_ylabel("households (people returned)")
    return figure


def _plain(run: Followed) -> str:
    return (run.lever or "").removeprefix("guarantor:").replace("_", " ")


def _to_date(run: Followed, label: np.ndarray, week: np.ndarray) -> np.ndarray:
    """People by label up to the first day recorded and after each week, shape (labels, W + 1)."""
    trajectories = run.trajectories
    weeks = trajectories.scenario.weeks
    cell = label * weeks + week
    weekly = np.bincount(cell, minlength=len(LABELS) * weeks).reshape(len(LABELS), weeks)
    to_date = np.pad(weekly.cumsum(axis=1), ((0, 0), (1, 0)))
    people = to_date[:, trajectories.weeks[0] :] * trajectories.weight
    return np.asarray(people / len(trajectories.replicates))


def _stack(axes: Axes, run: Followed, to_date: np.ndarray, said: Sequence[str]) -> None:
    x = week_edges(run.trajectories)
    below = np.zeros(len(x))
    labels = []
    for label, people, what in zip(LABELS, to_date, said, strict=True):
        above = below + people
        axes.fill_between(x, below, above, color=LABEL_COLOURS[label], alpha=0.85, linewidth=0)
        if people[-1] > 0:
            text = f"{called(label, run.lever or '')} {what}"
            labels.append(Label(float(below[-1] + above[-1]) / 2, text, LABEL_COLOURS[label]))
        below = above
    time_axis(axes, run.trajectories)
    count_axis(axes, "people")
    label_ends(axes, labels)


def _heights(by: Sequence[str]) -> np.ndarray:
    """Places of the rows from the top, a gap before each crossing."""
    new = [0, *(before != after for before, after in pairwise(by))]
    return np.arange(len(by)) + 0.6 * np.cumsum(new)


def _dots(axes: Axes, rows: "pd.DataFrame", column: str, heights: np.ndarray, colour: str) -> None:
    low, high = rows[f"{column}_low90"], rows[f"{column}_high90"]
    axes.hlines(heights, low, high, color=colour, linewidth=1.4, alpha=0.6)
    axes.plot(rows[column], heights, "o", color=colour, markersize=4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")


def _name(axes: Axes, rows: "pd.DataFrame", name: str, side: float, colour: str) -> None:
    """Name the dots where the first row has them, above or below."""
    first = rows["any_harm_per_100"].iloc[0]
    if np.isfinite(first):
        at, beside = (first, side), (0, -8 if side > 0 else 8)
    else:
        name, at, beside = f"{name}: too few returned", (0, side), (5, -6 if side > 0 else 6)
    axes.annotate(
        name,
        at,
        beside,
        ha="left" if beside[0] else "center",
        textcoords="offset points",
        color=WORDS[colour],
        fontsize=LABEL_SIZE,
        va="center",
        annotation_clip=False,
    )
