"""Want in the camp, and the siege behind it."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.observations import Observation
from returnsim.figures.colours import BLACK, BLUE, GREEN, GREY, VERMILION
from returnsim.figures.style import (
    draw_bands,
    new_figure,
    on_axis,
    say_if_empty,
    time_axis,
    week_edges,
    week_ends,
)
from returnsim.scenario.levers import weekly_levers
from returnsim.trajectories import Trajectories

NOTE = (
    "Means over the households in camp: medians and the middle 50 and 90 % of the replicates. "
    "Dotted lines: days on which the siege changes in the scenario."
)
EMPTY = "nobody was in camp"


def hardship(trajectories: Trajectories, observations: Sequence[Observation]) -> Figure:
    """Hardship, reserves, prices, and the severity of the siege with the aid against it.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        Not used.

    Returns
    -------
    Figure
    """
    del observations
    figure = new_figure(trajectories, "Want in the camp", 7.6, NOTE)
    grid = figure.add_gridspec(4, 1, height_ratios=[1.3, 1, 0.8, 0.8])
    panels = [figure.add_subplot(grid[row, 0]) for row in range(4)]
    _draw_mean(panels[0], trajectories, "hardship", VERMILION)
    panels[0].set(title="Hardship", ylabel="0 to 1", ylim=(0, 1))
    _draw_mean(panels[1], trajectories, "reserves", GREEN)
    panels[1].set(title="Reserves", ylabel="weeks of subsistence")
    panels[1].set_ylim(bottom=0)
    _draw_mean(panels[2], trajectories, "price_index", BLUE)
    panels[2].set(title="Price of what a household must buy", ylabel="1 = no siege")
    _draw_levers(panels[3], trajectories)
    for axes in panels:
        time_axis(axes, trajectories)
        for day in _siege_changes(trajectories):
            axes.axvline(day, color=GREY, linestyle=":", linewidth=0.8, zorder=0.5)
        if axes is not panels[-1]:
            axes.tick_params(labelbottom=False)
            axes.xaxis.get_offset_text().set_visible(False)
    return figure


def _draw_mean(axes: Axes, trajectories: Trajectories, column: str, colour: str) -> None:
    draw_bands(axes, week_ends(trajectories), trajectories[column], colour)
    say_if_empty(axes, trajectories[column], EMPTY)


def _draw_levers(axes: Axes, trajectories: Trajectories) -> None:
    levers = weekly_levers(trajectories.scenario)
    edges = week_edges(trajectories)
    weeks = trajectories.weeks
    axes.stairs(levers.severity[weeks], edges, color=BLACK, baseline=None, label="siege severity")
    axes.stairs(
        *(levers.aid[weeks], edges),
        color=BLUE,
        linestyle="--",
        baseline=None,
        label="share of subsistence that aid covers",
    )
    axes.set(title="Siege and aid, as the scenario sets them", ylabel="0 to 1", ylim=(-0.03, 1.03))
    axes.legend(loc="lower left", bbox_to_anchor=(0.45, 0.98), ncols=2)


def _siege_changes(trajectories: Trajectories) -> list[float]:
    """Days within the weeks recorded on which an entry of the siege begins or ends."""
    days = {
        day
        for entry in trajectories.scenario.levers.siege
        for day in (entry.from_, entry.until)
        if day is not None
    }
    edges = week_edges(trajectories)
    return [day for day in map(on_axis, sorted(days)) if edges[0] < day < edges[-1]]
