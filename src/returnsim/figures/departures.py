"""Who went home and when, with what befell them beneath."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from returnsim.analysis.attribution import column_of_pair
from returnsim.analysis.observations import Observation
from returnsim.analysis.summary import PAIR, bands, in_words
from returnsim.figures.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from returnsim.figures.labels import Label, label_ends
from returnsim.figures.observed import (
    Mark,
    draw_key,
    draw_observed,
    key_height,
    legend_handles,
    within,
)
from returnsim.figures.style import (
    count_axis,
    draw_bands,
    new_figure,
    on_axis,
    rounded,
    since,
    time_axis,
    week_edges,
)
from returnsim.trajectories import Trajectories

STACK = (
    ("children", SKY),
    ("women", ORANGE),
    ("elderly", PURPLE),
    ("men_older", GREEN),
    ("men_conscription_age", BLUE),
)
HARM = (
    ("newly_held", "held at a checkpoint", ORANGE),
    ("detained", "detained", VERMILION),
    ("conscripted", "conscripted", BLUE),
    ("disappeared", "disappeared", PURPLE),
    ("killed", "killed", BLACK),
)
PANELS, AROUND = (2.9, 1.9, 2.1), 1.5
"""Heights in inches."""

LINEAR_BELOW = 10.0
SMOOTHED_WEEKS = 4
NOTE = (
    "Coloured areas are means over the replicates, which add up; lines are medians, shaded ranges "
    "the middle 90 %. {pushed} Harm is that of everyone who has returned; some of the detained are "
    "later counted as disappeared or killed."
)


PUSHED_NOTE = (
    "Pushed are those who without the siege would have come home more than a year later or never; "
    "of the last year that cannot be told yet."
)
NOT_COMPUTED = "How many the siege pushed was not computed."


def departures(trajectories: Trajectories, observations: Sequence[Observation]) -> Figure:
    """People who returned, by class and by week, and beneath them the harm that came to them.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        Departures counted over a window are laid on the simulated median at its first day.

    Returns
    -------
    Figure
    """
    marks = _based(trajectories, within(trajectories, observations, "departures"))
    note = NOTE.format(pushed=PUSHED_NOTE if _pushed(trajectories) is not None else NOT_COMPUTED)
    if marks:
        note += " Observed counts begin on the simulated median at the first day counted."
    heights = [*PANELS, *([key_height(marks)] if marks else [])]
    subject = "People who returned, and the harm after it"
    figure = new_figure(trajectories, subject, AROUND + sum(heights), note)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    top = figure.add_subplot(grid[0, 0])
    _draw_stack(top, trajectories, marks)
    _draw_weekly(figure.add_subplot(grid[1, 0], sharex=top), trajectories)
    _draw_harm(figure.add_subplot(grid[2, 0], sharex=top), trajectories)
    if marks:
        draw_key(figure.add_subplot(grid[3, 0]), marks, "Observed, by the end of")
    return figure


def _based(trajectories: Trajectories, observations: Sequence[Observation]) -> list[Mark]:
    """Count each observation from the simulated median at the day before its window."""
    x = week_edges(trajectories)
    to_date = np.concatenate([[0.0], bands(trajectories["departures"].cumsum(axis=1)).p50])
    return [
        Mark(i, o, float(np.interp(on_axis(o.start or o.end), x, to_date)))
        for i, o in enumerate(observations, start=1)
    ]


def _draw_stack(axes: Axes, trajectories: Trajectories, marks: Sequence[Mark]) -> None:
    axes.set_title(f"Returned {since(trajectories)}, by class")
    x = week_edges(trajectories)
    below = np.zeros(len(x))
    labels = []
    for name, colour in STACK:
        weekly = trajectories[f"departures_{name}"].mean(axis=0)
        above = below + np.concatenate([[0.0], weekly.cumsum()])
        axes.fill_between(x, below, above, color=colour, alpha=0.55, linewidth=0)
        labels.append(Label(float(below[-1] + above[-1]) / 2, in_words(name), colour))
        below = above
    pushed = _pushed(trajectories)
    if pushed is not None:
        to_date = np.concatenate([[0.0], bands(pushed.cumsum(axis=1)).p50])
        axes.plot(x, to_date, color=VERMILION, linewidth=1.6, linestyle="--")
        text = f"pushed by the siege {rounded(float(to_date[-1]))}"
        labels.append(Label(float(to_date[-1]), text, VERMILION, "--"))
    for mark in marks:
        o = mark.observation
        window = [on_axis(o.start or o.end), on_axis(o.end) + 1.0]
        axes.plot(window, [mark.base, mark.base + o.best], color=BLACK, linewidth=0.7, zorder=3)
    draw_observed(axes, marks)
    time_axis(axes, trajectories)
    count_axis(axes, "people")
    label_ends(axes, labels)
    if marks:
        axes.legend(handles=legend_handles(marks), loc="lower right")


def _draw_weekly(axes: Axes, trajectories: Trajectories) -> None:
    span = min(SMOOTHED_WEEKS, len(trajectories.weeks))
    what = f"Returned a week, mean of {span} weeks" if span > 1 else "Returned in the week"
    dashed = "" if _pushed(trajectories) is None else ", dashed: pushed by the siege"
    axes.set_title(f"{what}{dashed}; scale in powers of ten above {LINEAR_BELOW:g}")
    to_date = np.pad(trajectories["departures"].cumsum(axis=1), ((0, 0), (1, 0)))
    values = (to_date[:, span:] - to_date[:, :-span]) / span
    edges = week_edges(trajectories)
    middle = (edges[span:] + edges[:-span]) / 2
    draw_bands(axes, middle, values, BLUE, inner=False)
    pushed = _pushed(trajectories)
    if pushed is not None:
        of_them = np.pad(pushed.cumsum(axis=1), ((0, 0), (1, 0)))
        of_them = (of_them[:, span:] - of_them[:, :-span]) / span
        draw_bands(axes, middle, of_them, VERMILION, inner=False, linestyle="--")
    axes.set_yscale("symlog", linthresh=LINEAR_BELOW)
    top = max(float(bands(values).p95.max()) * 1.3, LINEAR_BELOW)
    axes.set_ylim(0, top)
    powers = [10.0**n for n in range(1, 12) if 10.0**n <= top]
    axes.set_yticks([0.0, LINEAR_BELOW / 2, *powers], minor=False)
    axes.set_yticks([], minor=True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel("people a week")
    time_axis(axes, trajectories)


def _pushed(trajectories: Trajectories) -> np.ndarray | None:
    """People a week whom the siege pushed; None where that was not computed."""
    return trajectories.columns.get(column_of_pair("pushed", PAIR))


def _draw_harm(axes: Axes, trajectories: Trajectories) -> None:
    axes.set_title(f"Harm {since(trajectories)} to those who have ever returned")
    x = week_edges(trajectories)
    labels = []
    for column, text, colour in HARM:
        to_date = np.pad(trajectories[column].cumsum(axis=1), ((0, 0), (1, 0)))
        median = draw_bands(axes, x, to_date, colour, inner=False)
        labels.append(Label(float(median[-1]), f"{text} {rounded(float(median[-1]))}", colour))
    time_axis(axes, trajectories)
    count_axis(axes, "people")
    label_ends(axes, labels)
