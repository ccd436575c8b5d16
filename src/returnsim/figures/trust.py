"""How far each guarantor is trusted."""

from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.observations import Observation
from returnsim.analysis.summary import bands
from returnsim.figures.colours import BLUE, GREY, VERMILION
from returnsim.figures.labels import shortened
from returnsim.figures.style import (
    draw_bands,
    new_figure,
    on_axis,
    say_if_empty,
    time_axis,
    week_edges,
    week_ends,
)
from returnsim.trajectories import Trajectories

LEAST_SPAN = 0.05
PANELS_A_ROW = 2
LONGEST_NAME = 40
ASKED = (0.97, 1.0)
"""From where to where in the height of a panel it is marked when a guarantor can be asked."""

NOTE = (
    "Trust is the chance, as households see it, that one man of conscription age stays unharmed "
    "for {horizon:g} weeks at the threat at which hazards are stated; the mean over the households "
    "in camp. Blue: all households, with the middle 50 and 90 % of the replicates; dashed: those "
    "with a man of conscription age. Grey bar at the top: when the guarantor can be asked."
)


def trust(trajectories: Trajectories, observations: Sequence[Observation]) -> Figure:
    """Trust in each guarantor over time, of all households and of those with young men.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        Not used: nobody counted trust.

    Returns
    -------
    Figure
    """
    del observations
    names = trajectories.scenario.guarantor_names
    columns = min(PANELS_A_ROW, len(names))
    rows = ceil(len(names) / columns)
    note = NOTE.format(horizon=trajectories.scenario.behaviour.horizon_weeks.value)
    figure = new_figure(trajectories, "Trust in those who promise safety", 1.6 + 2.2 * rows, note)
    grid = figure.add_gridspec(rows, columns)
    first: Axes | None = None
    for i, name in enumerate(names):
        axes = figure.add_subplot(grid[divmod(i, columns)], sharey=first)
        first = first or axes
        _draw_guarantor(axes, trajectories, name)
        if i % columns == 0:
            axes.set_ylabel("trust, 0 to 1")
    if first is not None:
        # What changes in the third digit is no change to speak of.
        first.set_ylim(bottom=0.0, top=max(first.get_ylim()[1], LEAST_SPAN))
    return figure


def _draw_guarantor(axes: Axes, trajectories: Trajectories, name: str) -> None:
    axes.set_title(shortened(trajectories.scenario.guarantor_names, LONGEST_NAME).shown[name])
    x = week_ends(trajectories)
    values = trajectories[f"trust_{name}"]
    draw_bands(axes, x, values, BLUE)
    young = bands(trajectories[f"trust_{name}_men_conscription_age"]).p50
    marker = "s" if len(x) == 1 else None
    axes.plot(x, young, color=VERMILION, linestyle="--", linewidth=1.2, marker=marker)
    time_axis(axes, trajectories)
    _shade_activity(axes, trajectories, name)
    say_if_empty(axes, values, "nobody was in camp")


def _shade_activity(axes: Axes, trajectories: Trajectories, name: str) -> None:
    edges = week_edges(trajectories)
    periods = trajectories.scenario.guarantors[name].active
    shown = 0
    for first, until in periods:
        begin = max(on_axis(first), edges[0])
        end = edges[-1] if until is None else min(on_axis(until), edges[-1])
        if begin < end:
            axes.axvspan(begin, end, *ASKED, color=GREY, linewidth=0.8)
            shown += 1
    if not shown:
        axes.text(
            *(0.5, 0.03, "cannot be asked in these weeks"),
            transform=axes.transAxes,
            ha="center",
            fontsize=8,
            color=GREY,
        )
