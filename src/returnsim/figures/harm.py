"""Harm on the way home, at home and in the camp."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.observations import Observation
from returnsim.analysis.quantities import per_hundred
from returnsim.analysis.summary import returned_to_date
from returnsim.figures.colours import BLACK, BLUE, GREY, ORANGE, PURPLE, VERMILION
from returnsim.figures.labels import Label, label_ends
from returnsim.figures.observed import (
    Mark,
    draw_key,
    draw_observed,
    legend_handles,
    numbered,
    within,
)
from returnsim.figures.style import (
    count_axis,
    draw_bands,
    new_figure,
    rounded,
    say_if_empty,
    since,
    time_axis,
    week_ends,
)
from returnsim.trajectories import Trajectories

FEWEST_RETURNED = 100
AFTER_RETURN = (
    ("detained", "detained", VERMILION),
    ("conscripted", "conscripted", BLUE),
    ("disappeared", "disappeared", PURPLE),
    ("killed", "killed", BLACK),
)
NOTE = (
    "Lines are medians, shaded ranges the middle 90 % of the replicates. The disappeared were "
    "detained before, and some of the killed died in detention: do not add them up. Deaths in camp "
    f"are those that want and closed care add. Rates begin where {FEWEST_RETURNED} have returned"
)
EARLIER = ", among them those who returned before the first week shown"


def harm(trajectories: Trajectories, observations: Sequence[Observation]) -> Figure:
    """People held and detained, harm after return in numbers and per 100 returned, deaths in camp.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        People held, where that was observed.

    Returns
    -------
    Figure
    """
    marks = numbered(within(trajectories, observations, "held"))
    note = NOTE if trajectories.weeks[0] == 0 else NOTE + EARLIER
    subject = "Harm on the way home, at home and in the camp"
    figure = new_figure(trajectories, subject, 8.6, f"{note}.")
    grid = figure.add_gridspec(3, 2)
    _draw_stocks(figure.add_subplot(grid[0, 0]), trajectories, marks)
    _draw_custody(figure.add_subplot(grid[0, 1]), trajectories)
    _draw_after_return(figure.add_subplot(grid[1, 0]), trajectories)
    _draw_per_hundred(figure.add_subplot(grid[1, 1]), trajectories)
    last = grid[2, 0] if marks else grid[2, :]
    _draw_deaths_in_camp(figure.add_subplot(last), trajectories)
    if marks:
        draw_key(figure.add_subplot(grid[2, 1]), marks, "Held, as observed", columns=1)
    return figure


def _draw_stocks(axes: Axes, trajectories: Trajectories, marks: Sequence[Mark]) -> None:
    axes.set_title("Held in shelters on the way home")
    draw_bands(axes, week_ends(trajectories), trajectories["held"], ORANGE)
    draw_observed(axes, marks)
    time_axis(axes, trajectories)
    count_axis(axes, "people at the time")
    if marks:
        axes.legend(handles=legend_handles(marks), loc="upper right")


def _draw_custody(axes: Axes, trajectories: Trajectories) -> None:
    axes.set_title("In detention")
    draw_bands(axes, week_ends(trajectories), trajectories["in_custody"], VERMILION)
    time_axis(axes, trajectories)
    count_axis(axes, "people at the time")


def _draw_after_return(axes: Axes, trajectories: Trajectories) -> None:
    axes.set_title(f"Harm after return, {since(trajectories)}")
    labels = []
    for column, text, colour in AFTER_RETURN:
        to_date = trajectories[column].cumsum(axis=1)
        median = draw_bands(axes, week_ends(trajectories), to_date, colour, inner=False)
        labels.append(Label(float(median[-1]), f"{text} {rounded(float(median[-1]))}", colour))
    time_axis(axes, trajectories)
    count_axis(axes, "people")
    label_ends(axes, labels)


def _draw_per_hundred(axes: Axes, trajectories: Trajectories) -> None:
    axes.set_title(f"Harm {since(trajectories)}, per 100 ever returned")
    returned = returned_to_date(trajectories)
    returned = np.where(returned >= FEWEST_RETURNED, returned, 0.0)
    labels, shown = [], []
    for column, text, colour in AFTER_RETURN:
        share = per_hundred(trajectories[column].cumsum(axis=1), returned)
        median = draw_bands(axes, week_ends(trajectories), share, colour, inner=False)
        labels.append(Label(float(median[-1]), f"{text} {median[-1]:.2f}", colour))
        shown.append(median)
    time_axis(axes, trajectories)
    axes.set_ylabel("per 100 returned")
    axes.set_ylim(bottom=0)
    say_if_empty(axes, np.array(shown), f"fewer than {FEWEST_RETURNED} people have returned")
    label_ends(axes, labels)


def _draw_deaths_in_camp(axes: Axes, trajectories: Trajectories) -> None:
    axes.set_title(f"Died in the camp of want and closed care, {since(trajectories)}")
    to_date = trajectories["died_in_camp"].cumsum(axis=1)
    median = draw_bands(axes, week_ends(trajectories), to_date, GREY)
    time_axis(axes, trajectories)
    count_axis(axes, "people")
    label_ends(axes, [Label(float(median[-1]), rounded(float(median[-1])), GREY)])
