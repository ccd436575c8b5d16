"""How many people live in the camp, beside what was counted."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from returnsim.analysis.observations import Observation
from returnsim.analysis.simulated import camp_at_start
from returnsim.figures.colours import BLUE
from returnsim.figures.observed import (
    draw_key,
    draw_observed,
    key_height,
    legend_handles,
    numbered,
    within,
)
from returnsim.figures.style import count_axis, draw_bands, new_figure, time_axis, week_edges
from returnsim.trajectories import Trajectories

PANEL, AROUND = 3.2, 1.3
"""Heights in inches."""


def camp_population(trajectories: Trajectories, observations: Sequence[Observation]) -> Figure:
    """People in camp: median, middle 50 and 90 % of the replicates, and what was observed.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        Whatever was observed of the camp.

    Returns
    -------
    Figure
    """
    marks = numbered(within(trajectories, observations, "camp_population"))
    heights = [PANEL, *([key_height(marks)] if marks else [])]
    figure = new_figure(trajectories, "People in the camp", AROUND + sum(heights))
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    axes = figure.add_subplot(grid[0, 0])
    x = week_edges(trajectories)
    values = np.column_stack([camp_at_start(trajectories), trajectories["camp_population"]])
    draw_bands(axes, x, values, BLUE)
    draw_observed(axes, marks)
    time_axis(axes, trajectories)
    count_axis(axes, "people")
    handles = [
        Line2D([], [], color=BLUE, label="median of the replicates"),
        Patch(color=BLUE, alpha=0.42, linewidth=0, label="middle 50 %"),
        Patch(color=BLUE, alpha=0.18, linewidth=0, label="middle 90 %"),
        *legend_handles(marks),
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3)
    if marks:
        draw_key(figure.add_subplot(grid[1, 0]), marks)
    return figure
