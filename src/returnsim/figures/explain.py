"""Figures of an explanation: what speaks for and against going home, and what would change it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.explain import TERMS, ExplainedHousehold, Way
from returnsim.analysis.flips import short_path
from returnsim.analysis.groups import FEW, Group, Groups
from returnsim.assemble import Plan
from returnsim.figures.colours import BLACK, BLUE, GREY, ON_DEEP, ON_PALE, PAPER, VERMILION
from returnsim.figures.labels import shortened
from returnsim.figures.style import LABEL_SIZE, in_style, new_figure, save
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories

AGAINST_TO_FOR, NONE_TO_ALL = "RdBu", "Blues"
DARK = 0.55
"""What is written on a colour of less lightness is white."""

LONGEST_GROUP, LONGEST_LEVER, LONGEST_GUARANTOR = 40, 26, 16
MOST_LEVERS = 12
LEAST_SHARE = 0.01

NOT_A_MIND = (
    "This explains a rule in a model, not a family's mind; it must never serve to select people."
)


def write_explanation(
    told: ExplainedHousehold | Groups, scenario: Scenario, plan: Plan, directory: Path, name: str
) -> list[Path]:
    """Draw an explanation and save it as PNG and SVG.

    Parameters
    ----------
    told : ExplainedHousehold or Groups
        Of a household without a way home there is nothing to draw.
    scenario : Scenario
        What was explained.
    plan : Plan
        Made of it.
    directory : Path
        A folder that exists.
    name : str
        What the names of the files begin with.

    Returns
    -------
    list of Path
        The files.
    """
    with in_style():
        if isinstance(told, Groups):
            files = save(terms_figure(told, scenario, plan), directory, f"{name}-terms")
            return files + save(changes_figure(told, scenario, plan), directory, f"{name}-changes")
        if not told.ways:
            return []
        return save(ways_figure(told, scenario, plan), directory, name)


def ways_figure(told: ExplainedHousehold, scenario: Scenario, plan: Plan) -> Figure:
    """The terms of each way home of a household as bars, for it to the right."""
    run = _run(scenario, plan, [told.replicate], told.week)
    subject = (
        f"Household {told.household} of replicate {told.replicate} in the week from "
        f"{told.date.day} {told.date:%B %Y}:\nwhat speaks for going home, and what against it"
    )
    figure = new_figure(run, subject, 4.8, f"The bars add up to the sum. {NOT_A_MIND}")
    panels = figure.subplots(1, len(told.ways), sharex=True, sharey=True, squeeze=False)[0]
    values = [0.0, *(v for way in told.ways for v in (*way.terms.values(), way.utility))]
    low, high = min(values), max(values)
    room = 0.2 * max(high - low, 0.1)
    chances = {offer.option: offer.probability for offer in told.offers}
    for panel, way in zip(panels, told.ways, strict=True):
        _draw_way(panel, way)
        guarantor = shortened([way.guarantor], LONGEST_GUARANTOR).shown[way.guarantor]
        chance = f"probability {chances[way.option]:.2g} this week"
        panel.set_title(f"{way.option.replace('_', ' ')}, with {guarantor}:\n{chance}")
        panel.set_xlabel("log-odds against staying")
        panel.set_xlim(low - room, high + room)
    return figure


def _draw_way(panel: Axes, way: Way) -> None:
    names = [*TERMS.values(), "sum"]
    values = [*(way.terms[name] for name in TERMS), way.utility]
    places = [*range(len(TERMS)), len(TERMS) + 0.4]
    colours = [BLUE if value > 0 else VERMILION for value in values]
    panel.barh(places, values, color=[*colours[:-1], BLACK], height=0.7)
    for place, value in zip(places, values, strict=True):
        is_for = value >= 0
        panel.annotate(
            f"{value:+.2f}" if value else "0",
            (value, place),
            xytext=(4 if is_for else -4, 0),
            textcoords="offset points",
            ha="left" if is_for else "right",
            va="center",
            fontsize=LABEL_SIZE,
            color=BLACK if value else GREY,
        )
    panel.axvline(0, color=GREY, linewidth=0.8)
    panel.set_yticks(places, names)
    panel.set_ylim(places[-1] + 0.6, -0.6)
    panel.grid(visible=False, axis="y")
    panel.grid(visible=True, axis="x")


def terms_figure(told: Groups, scenario: Scenario, plan: Plan) -> Figure:
    """Mean terms of the best way home by group, beside the chance of choosing it."""
    groups = [group for group in told.groups if group.households > 0]
    shown = [name for name in TERMS if any(abs(g.terms[name]) >= 0.005 for g in groups)]
    values = np.array([[*(g.terms[name] for name in shown), g.utility] for g in groups])
    note = (
        "Means over the households of each group, of the chance too: it is not that of the mean "
        f"sum. Terms left out are 0. {NOT_A_MIND}"
    )
    figure = _groups_figure(told, scenario, plan, "what holds them, and what moves them", note)
    left, right = figure.subplots(1, 2, width_ratios=[4.5, 1])
    highest = max(float(np.nanmax(np.abs(values), initial=0.0)), 0.1)
    written = [[f"{v + 0.0:+.2f}" if v == v else "" for v in np.round(row, 2)] for row in values]
    _draw_map(left, values / highest, written, AGAINST_TO_FOR, (-1.0, 1.0))
    _label(left, groups, [*(TERMS[name] for name in shown), "sum"])
    left.axvline(len(shown) - 0.5, color=PAPER, linewidth=4)
    left.set_title("Log-odds against staying, of the best way home:\nblue for it, red against it")
    chances = [100 * group.home for group in groups]
    right.barh(range(len(groups)), chances, color=BLACK, height=0.6)
    for place, chance in enumerate(chances):
        right.annotate(
            f"{chance:.2g}",
            (chance, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=LABEL_SIZE,
        )
    right.set_title("Choose home\nthis week, %")
    right.set_ylim(left.get_ylim())
    right.set_xlim(0, 1.3 * max(*chances, 0.1))
    right.set_yticks([])
    right.grid(visible=False)
    return figure


def changes_figure(told: Groups, scenario: Scenario, plan: Plan) -> Figure:
    """Share of each group whose likeliest choice one lever alone would change, and by how much."""
    groups = [group for group in told.groups if group.households > 0]
    note = (
        "Signs say whether the lever is raised or lowered. Each is changed alone and felt; purse "
        "and beliefs stay as they are. Levers that change the likeliest choice of less than "
        f"{LEAST_SHARE:.0%} of every group are left out, and all beyond {MOST_LEVERS}. {NOT_A_MIND}"
    )
    figure = _groups_figure(told, scenario, plan, "what would change the likeliest choice", note)
    axes = figure.subplots()
    names, shares, written = _columns(groups)
    if not names:
        axes.text(0.5, 0.5, "No lever alone does.", ha="center", color=GREY)
        axes.set_axis_off()
        return figure
    _draw_map(axes, shares, written, NONE_TO_ALL, (0.0, 1.0))
    _label(axes, groups, names)
    axes.set_title("Share of the households in per cent, and below it the median change")
    return figure


def _columns(groups: Sequence[Group]) -> tuple[list[str], np.ndarray, list[list[str]]]:
    """The levers, raised or lowered, that change the likeliest choice of most in some group."""
    found = []
    for i, moved in enumerate(groups[0].moved):
        of_all = [group.moved[i] for group in groups]
        is_switch = isinstance(moved.highest, bool)
        up = [(m.share_raised, m.median_raised) for m in of_all]
        down = [(m.share_lowered, m.median_lowered) for m in of_all]
        for sign, changes in (("+", up), ("−", down)):
            shares = [share for share, _ in changes]
            cells = [_cell(share, "" if is_switch else sign, by) for share, by in changes]
            found.append((f"{sign} {short_path(moved.lever)}", shares, cells))
    largest = np.array([max(shares) for _, shares, _ in found])
    most = np.sort(np.argsort(-largest, kind="stable")[:MOST_LEVERS])
    kept = [found[i] for i in most if largest[i] >= LEAST_SHARE]
    written = [list(row) for row in zip(*(cells for _, _, cells in kept), strict=True)]
    return [name for name, _, _ in kept], np.array([s for _, s, _ in kept]).T, written


def _cell(share: float, sign: str, median: float) -> str:
    if share == 0:
        return ""
    whole = "<1" if share < 0.01 else f"{100 * share:.0f}"
    return f"{whole}\n{sign}{median:.2g}" if sign else whole


def _draw_map(
    axes: Axes,
    values: np.ndarray,
    written: Sequence[Sequence[str]],
    colours: str,
    ends: tuple[float, float],
) -> None:
    axes.imshow(values, cmap=colours, vmin=ends[0], vmax=ends[1], aspect="auto")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    scale = colormaps[colours]
    for (row, column), value in np.ndenumerate(values):
        place = (value - ends[0]) / (ends[1] - ends[0]) if value == value else 0.5
        light = float(np.dot(scale(place)[:3], (0.299, 0.587, 0.114)))
        colour = ON_PALE if light > DARK else ON_DEEP
        axes.text(
            *(column, row, written[row][column]),
            ha="center",
            va="center",
            color=colour,
            fontsize=LABEL_SIZE,
        )


def _label(axes: Axes, groups: Sequence[Group], columns: Sequence[str]) -> None:
    names = shortened([_name(group) for group in groups], LONGEST_GROUP).shown
    numbered = [f"{names[_name(group)]} ({_people(group)})" for group in groups]
    levers = shortened(columns, LONGEST_LEVER).shown
    axes.set_yticks(range(len(groups)), numbered, fontsize=LABEL_SIZE)
    axes.set_xticks(
        range(len(columns)),
        [levers[column] for column in columns],
        fontsize=LABEL_SIZE,
        rotation=35,
        ha="right",
        rotation_mode="anchor",
    )
    axes.tick_params(length=0)
    for place in range(1, len(groups)):
        if groups[place].grouping != groups[place - 1].grouping:
            axes.axhline(place - 0.5, color=PAPER, linewidth=4)


def _name(group: Group) -> str:
    return f"{group.grouping}: {group.name}" if group.grouping else group.name


def _people(group: Group) -> str:
    return f"{group.households:,.0f}" if group.households >= 10 else f"{group.households:.2g}"


def _groups_figure(told: Groups, scenario: Scenario, plan: Plan, what: str, note: str) -> Figure:
    run = _run(scenario, plan, list(range(told.replicates)), told.week)
    subject = f"Households in camp in the week from {told.date.day} {told.date:%B %Y}:\n{what}"
    height = 2.5 + 0.32 * len(told.groups)
    small = any(0 < g.households * told.replicates < FEW for g in told.groups)
    few = f" Groups of fewer than {FEW} in all say little." if small else ""
    return new_figure(run, subject, height, f"In brackets how many in a replicate.{few} {note}")


def _run(scenario: Scenario, plan: Plan, replicates: list[int], week: int) -> Trajectories:
    """What was run, without any columns: for what a figure rests on."""
    return Trajectories(
        scenario=scenario,
        seed=plan.seed,
        replicates=np.asarray(replicates, dtype=np.int64),
        households=plan.all_households,
        weight=float(plan.inputs.parameters.weight[0]),
        weeks=np.array([week]),
        dates=np.datetime64(scenario.start) + np.array([week]) * np.timedelta64(7, "D"),
        columns={},
    )
