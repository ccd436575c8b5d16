"""What the camp believed of each guarantor, beside what was true for those who trusted it."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from returnsim.analysis.followed import Followed
from returnsim.analysis.guarantor_ledger import (
    Credibility,
    Promises,
    credibility_of,
    promises_of,
)
from returnsim.analysis.harm_ledger import MEN
from returnsim.analysis.periods import Periods, periods_of
from returnsim.analysis.summary import percentiles
from returnsim.analysis.survival import UNHARMED, Lives, lives_of
from returnsim.figures.colours import BLUE, GREY, SKY, VERMILION
from returnsim.figures.labels import Label, label_ends, shortened
from returnsim.figures.style import (
    LABEL_SIZE,
    count_axis,
    date_ticks,
    draw_bands,
    new_figure,
    of_these,
    say_if_empty,
    time_axis,
    week_edges,
    week_ends,
)
from returnsim.trajectories import Trajectories

PANELS_A_ROW = 2
LONGEST_NAME = 24
FEWEST_MEN = 20
"""Simulated men of a period, of all replicates together, from which on a share of them is drawn."""
NOTE = (
    "Blue: trust of the households with a man of conscription age, the chance as they see it that "
    "one such man, whom nobody seeks, stays unharmed for {weeks} weeks at threat 1. Orange: of the "
    "men of conscription age who returned in a period, the wanted among them and at the threat of "
    "the day, the share neither detained, killed nor conscripted before the deferral was over in "
    "{weeks} weeks (Kaplan-Meier), from {fewest} simulated men on; dashed: and not held on the "
    "way, which beliefs count too. Those who leave are not those who stay: the gap is one of "
    "credit, not of arithmetic. Shaded: the middle 90 % of the replicates. Bars: means."
)


def credibility(followed: Followed) -> Figure:
    """Trust and truth over time for each guarantor, and how many people relied on it.

    Parameters
    ----------
    followed : Followed
        A run in which every return was followed.

    Returns
    -------
    Figure
    """
    trajectories = followed.trajectories
    lives, periods = lives_of(followed), periods_of(trajectories)
    promises = promises_of(followed, lives)
    names = trajectories.scenario.guarantor_names
    columns, rows = min(PANELS_A_ROW, len(names)), ceil(len(names) / PANELS_A_ROW)
    note = NOTE.format(weeks=promises.weeks, fewest=FEWEST_MEN) + of_these(trajectories)
    subject = "What was believed of each guarantor, and what was true of those who trusted it"
    figure = new_figure(trajectories, subject, 1.7 + 3.9 * rows, note)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[1.7, 1] * rows)
    for g in range(len(names)):
        row, column = divmod(g, columns)
        above = figure.add_subplot(grid[2 * row, column])
        below = figure.add_subplot(grid[2 * row + 1, column], sharex=above)
        found = credibility_of(followed, lives, promises, periods, g)
        above.set_title(_title(trajectories, lives, promises, g))
        labels = _draw_belief(above, trajectories, names[g])
        labels += _draw_truth(above, trajectories, periods, found)
        label_ends(above, labels)
        _mark_not_due(above, trajectories, names[g], promises.weeks)
        _draw_numbers(below, trajectories, periods, found)
        if column == 0:
            above.set_ylabel("chance to stay\nunharmed, 0 to 1")
            below.set_ylabel("people")
    return figure


def _title(trajectories: Trajectories, lives: Lives, promises: Promises, g: int) -> str:
    theirs = lives.guarantor == g
    broken = promises.breach != UNHARMED
    due = promises.kept | broken
    trusted, broke, open_ = (
        trajectories.weight * (theirs & which).sum() / lives.replicates
        for which in (np.ones_like(due), broken, ~due)
    )
    names = trajectories.scenario.guarantor_names
    name = shortened(names, LONGEST_NAME).shown[names[g]]
    if not theirs.any():
        return f"{name}:\nnobody returned under it"
    broken_and_open = f"{broke:,.0f} promises broken, {open_:,.0f} not yet due"
    return f"{name}: {trusted:,.0f} trusted it,\n{broken_and_open}"


def _draw_belief(axes: Axes, trajectories: Trajectories, name: str) -> list[Label]:
    trust = trajectories[f"trust_{name}_{MEN}"]
    median = draw_bands(axes, week_ends(trajectories), trust, BLUE, inner=False)
    time_axis(axes, trajectories)
    axes.set_ylim(0, 1)
    say_if_empty(axes, trust, "nobody was in camp")
    return _label("believed", median, BLUE, "-")


def _draw_truth(
    axes: Axes, trajectories: Trajectories, periods: Periods, found: Credibility
) -> list[Label]:
    """Draw a step for each period in which there are enough men to tell."""
    edges = _period_edges(trajectories, periods)
    enough = found.men.sum(axis=0) >= FEWEST_MEN * trajectories.weight
    labels = []
    for name, measure, style in (("true", found.true, "-"), ("and not held", found.unheld, "--")):
        shares = np.where(enough, measure.mean, np.nan)
        axes.hlines(shares, edges[:-1], edges[1:], color=VERMILION, linestyle=style, linewidth=1.8)
        labels += _label(name, shares, VERMILION, style)
    low, high = percentiles(np.where(enough, found.true.values, np.nan), (5.0, 95.0))
    for begin, end, bottom, top in zip(edges[:-1], edges[1:], low, high, strict=True):
        axes.fill_between([begin, end], bottom, top, color=VERMILION, alpha=0.15, linewidth=0)
    return labels


def _label(name: str, values: np.ndarray, colour: str, style: str) -> list[Label]:
    """Name a line where it ends, if anywhere; before the last week, that is said."""
    last = values[~np.isnan(values)][-1:]
    early = " at last" if np.isnan(values[-1]) else ""
    return [Label(float(value), f"{name} {value:.2f}{early}", colour, style) for value in last]


def _period_edges(trajectories: Trajectories, periods: Periods) -> np.ndarray:
    edges = week_edges(trajectories)
    first = np.searchsorted(periods.of_week, np.arange(len(periods.names)))
    return np.append(edges[first], edges[-1])


def _mark_not_due(axes: Axes, trajectories: Trajectories, name: str, weeks: int) -> None:
    """Shade the weeks from which nobody is followed until the promise is due, away from trust."""
    edges = week_edges(trajectories)
    begin = max(edges[-1] - 7.0 * (weeks - 1), edges[0])
    axes.axvspan(begin, edges[-1], color=GREY, alpha=0.1, linewidth=0)
    drawn = trajectories[f"trust_{name}_{MEN}"][:, week_ends(trajectories) > begin]
    is_high = np.nan_to_num(drawn).mean() > 0.5
    axes.text(
        *((begin + edges[-1]) / 2, 0.02 if is_high else 0.98, "not yet\ndue"),
        ha="center",
        va="bottom" if is_high else "top",
        fontsize=LABEL_SIZE,
        color=GREY,
    )


def _draw_numbers(
    axes: Axes, trajectories: Trajectories, periods: Periods, found: Credibility
) -> None:
    edges = _period_edges(trajectories, periods)
    middle, width = edges[:-1] + np.diff(edges) / 2, 0.9 * np.diff(edges)
    everyone, men = found.people.mean(axis=0), found.men.mean(axis=0)
    axes.bar(middle, everyone, width, color=SKY)
    axes.bar(middle, men, width, color=BLUE)
    axes.set_title(f"Returned under it; dark: men\nof conscription age ({men.sum():,.0f})")
    say_if_empty(axes, np.where(everyone > 0, everyone, np.nan), "nobody returned under it")
    count_axis(axes, "")
    locator = AutoDateLocator(*date_ticks(axes))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
