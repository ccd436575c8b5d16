"""Harm by weeks since return: how quiet the first weeks are, and what comes after them."""

from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import MultipleLocator

from returnsim.analysis.followed import Followed
from returnsim.analysis.harm_ledger import COARSE_WEEKS, FINE_UNTIL, FINE_WEEKS
from returnsim.analysis.periods import divided
from returnsim.analysis.summary import percentiles
from returnsim.analysis.survival import (
    FIRST_KINDS,
    UNHARMED,
    Incidence,
    Lives,
    Spread,
    Weekly,
    followed_for_a_year,
    incidence,
    lives_of,
    weekly_risk,
)
from returnsim.figures.colours import BLACK, BLUE, GREY, PAPER, VERMILION
from returnsim.figures.labels import Label, label_ends, shortened
from returnsim.figures.style import LABEL_SIZE, new_figure, of_these, say_if_empty
from returnsim.scenario.levers import weekly_levers
from returnsim.scenario.schema import Scenario

PANELS_A_ROW = 2
SHOWN_WEEKS = 156
FEWEST_WEEKS = 1000
"""Person-weeks of simulated people, of all replicates together, from which on there is a rate."""
FEWEST_FOLLOWED = 100
"""Simulated people still at risk, of all replicates together, or the share harmed is not drawn."""
FEWEST_HARMED = 10
"""Simulated people harmed in a bin on average, of all replicates together, or bins are wider."""
_LINES = (
    ("any harm", GREY, "--"),
    *zip(FIRST_KINDS, (VERMILION, BLUE, BLACK), "---", strict=True),
)
ROOM = 1.4
LONGEST_NAME = 24
NOTE = (
    "Above: people detained, conscripted or killed for the first time, per 1,000 person-weeks "
    "until then, {whom}, in bins as fine as their number bears; left out below {fewest:,} "
    "simulated person-weeks. Below: whom each harm has befallen first, of everyone "
    "(Aalen-Johansen), and any of them (Kaplan-Meier). Lines: all replicates together; shaded: the "
    "middle 90 % of them, cut at the frame. Blue: the end of the grace period; dotted: until when "
    "conscription is deferred. The first {shown:g} weeks. Later returns are followed for less "
    "long, and danger changes with the calendar too: the far end is that of those who returned "
    "first."
)
SAME = "of those followed for a year, so that these are the same people throughout it"
ALL = "of everyone, as nobody could be followed for a year"


class Word(NamedTuple):
    """For how many weeks after a return something is promised; None where nothing is, or always."""

    grace: float | None
    deferral: float | None


class Panels(NamedTuple):
    """Of one guarantor."""

    rate: Axes
    shares: Axes
    word: Word
    found: tuple[Spread, ...]


def honeymoon(followed: Followed) -> Figure:
    """Rate of harm by weeks since return under each guarantor, and the share harmed by kind.

    Parameters
    ----------
    followed : Followed
        A run in which every return was followed.

    Returns
    -------
    Figure
    """
    lives, trajectories = lives_of(followed), followed.trajectories
    some = np.unique(lives.guarantor).tolist()
    columns = min(PANELS_A_ROW, len(some))
    rows = ceil(len(some) / PANELS_A_ROW)
    a_year = followed_for_a_year(lives)
    whom = a_year if a_year.any() else ~a_year
    note = f"{_note(lives, trajectories.scenario, some)}{of_these(trajectories)}"
    height = 1.6 + 4.4 * rows if some else 3.0
    figure = new_figure(trajectories, "Harm by weeks since return", height, note)
    if not some:
        axes = figure.add_subplot()
        axes.set_axis_off()
        say_if_empty(axes, np.array([np.nan]), "nobody returned in the weeks recorded")
        return figure
    grid = figure.add_gridspec(2 * rows, columns)
    drawn: list[Panels] = []
    for i, g in enumerate(some):
        row, column = divmod(i, columns)
        rate = figure.add_subplot(grid[2 * row, column])
        shares = figure.add_subplot(grid[2 * row + 1, column])
        theirs = lives.guarantor == g
        found = _reliable(incidence(lives, theirs), weekly_risk(lives, theirs))
        drawn.append(Panels(rate, shares, _word(trajectories.scenario, g), found))
        rate.set_title(_title(followed, lives, g))
        _draw_rate(rate, weekly_risk(lives, theirs & whom), drawn[-1].word)
        _draw_shares(shares, found)
        if column == 0:
            rate.set_ylabel("harmed per 1,000\nperson-weeks")
            shares.set_ylabel("per 100 returned")
    _frame(drawn, lives.weeks)
    return figure


def _note(lives: Lives, scenario: Scenario, some: list[int]) -> str:
    whom = SAME if followed_for_a_year(lives).any() else ALL
    shown = min(lives.weeks, SHOWN_WEEKS)
    note = NOTE.format(whom=whom, fewest=FEWEST_WEEKS, shown=shown)
    nobody = [name for g, name in enumerate(scenario.guarantor_names) if g not in some]
    return f"{note} Nobody returned under {' or '.join(nobody)}." if nobody else note


def _title(followed: Followed, lives: Lives, g: int) -> str:
    weight = followed.trajectories.weight / lives.replicates
    theirs = lives.guarantor == g
    returned = weight * theirs.sum()
    harmed = weight * (theirs & (lives.kind != UNHARMED)).sum()
    names = followed.trajectories.scenario.guarantor_names
    name = shortened(names, LONGEST_NAME).shown[names[g]]
    return f"{name}: {returned:,.0f} returned,\n{harmed:,.0f} of them harmed by the end of the run"


def _reliable(found: Incidence, weekly: Weekly) -> tuple[Spread, ...]:
    """Any harm and each kind, per 100, as far as enough are followed for it to be estimated."""
    at_risk = weekly.at_risk.sum(axis=0)
    weeks = min(int((at_risk >= FEWEST_FOLLOWED).sum()), SHOWN_WEEKS)
    # That nobody is harmed before the first week says nothing.
    scale = 100.0 if weeks else np.nan
    return tuple(
        Spread(*(scale * values[: weeks + 1] for values in spread))
        for spread in (found.harmed, *found.by_kind)
    )


def _word(scenario: Scenario, g: int) -> Word:
    grace = list(scenario.guarantors.values())[g].grace_weeks
    levers = weekly_levers(scenario)
    deferrals = np.unique(levers.deferral[(levers.enforced > 0) & (levers.deferral > 0)])
    # Of several, none can be marked.
    deferral = float(deferrals[0]) if len(deferrals) == 1 else None
    return Word(None if grace is None else grace.value, deferral)


def _draw_rate(axes: Axes, weekly: Weekly, word: Word) -> None:
    weekly = Weekly(weekly.at_risk[:, :SHOWN_WEEKS], weekly.harmed[..., :SHOWN_WEEKS])
    edges = _edges(weekly, word)
    at_risk = np.add.reduceat(weekly.at_risk, edges[:-1], axis=1)
    harmed = np.add.reduceat(weekly.harmed.sum(axis=0), edges[:-1], axis=1)
    enough = at_risk.sum(axis=0) >= FEWEST_WEEKS
    rate = np.where(enough, 1000 * divided(harmed.sum(axis=0), at_risk.sum(axis=0)), np.nan)
    each = np.where(enough, 1000 * divided(harmed, at_risk), np.nan)
    low, high = (np.append(p, p[-1]) for p in percentiles(each, (5.0, 95.0)))
    axes.fill_between(edges, low, high, step="post", color=VERMILION, alpha=0.18, linewidth=0)
    axes.stairs(rate, edges, baseline=None, color=VERMILION, linewidth=1.6, clip_on=False)
    say_if_empty(axes, rate, f"fewer than {FEWEST_WEEKS:,}\nsimulated person-weeks")


def _edges(weekly: Weekly, word: Word) -> Int64[np.ndarray, "bins_plus_1"]:
    """Bins that begin anew where a promise ends, and in which enough people are harmed."""
    weeks = weekly.at_risk.shape[1]
    cuts = {ceil(w) for w in word if w is not None and 0 < w < weeks} | {0, weeks}
    if weeks > FINE_UNTIL:
        cuts.add(FINE_UNTIL)
    for fine, coarse in ((FINE_WEEKS, COARSE_WEEKS), (13, 26), (26, 52), (weeks, weeks)):
        begins = [
            week
            for first, end in pairwise(sorted(cuts))
            for week in range(first, end, fine if first < FINE_UNTIL else coarse)
        ]
        if weekly.harmed.sum() >= FEWEST_HARMED * len(begins):
            break
    return np.array([*begins, weeks])


def _draw_shares(axes: Axes, found: tuple[Spread, ...]) -> None:
    axes.set_xlabel("weeks since return")
    for (_, colour, style), spread in zip(_LINES, found, strict=True):
        weeks = np.arange(len(spread.mean))
        low, high = spread.low90, spread.high90
        axes.fill_between(weeks, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
        axes.step(weeks, spread.mean, where="post", color=colour, linestyle=style, linewidth=1.4)
    say_if_empty(axes, found[0].mean, f"fewer than {FEWEST_FOLLOWED} simulated\npeople followed")


def _labels(found: tuple[Spread, ...]) -> list[Label]:
    return [
        Label(float(spread.mean[-1]), f"{name} {_share(spread.mean[-1])}", colour, style)
        for (name, colour, style), spread in zip(_LINES, found, strict=True)
    ]


def _share(value: float) -> str:
    """A number per hundred: a few hundredths are not nothing, and nothing has no sign."""
    return f"{value + 0.0:.1f}" if abs(value) >= 0.05 or abs(value) < 0.0005 else f"{value:.2g}"


def _frame(drawn: list[Panels], weeks: int) -> None:
    """Give all panels the same scales, by their lines, and then mark and name what is in them."""
    for all_axes in ([p.rate for p in drawn], [p.shares for p in drawn]):
        heights = [_heights(axes) for axes in all_axes]
        top = float(np.nanmax(np.concatenate([*heights, [0.0]])))
        for axes in all_axes:
            axes.set_xlim(0, min(weeks, SHOWN_WEEKS))
            axes.set_ylim(0, ROOM * top if top > 0 else 1)
            if weeks > COARSE_WEEKS:
                apart = COARSE_WEEKS * (2 if weeks > FINE_UNTIL else 1)
                axes.xaxis.set_major_locator(MultipleLocator(apart))
    for panels in drawn:
        _mark(panels.rate, panels.word, is_named=True)
        _mark(panels.shares, panels.word, is_named=False)
        label_ends(panels.shares, _labels(panels.found))


def _heights(axes: Axes) -> np.ndarray:
    """Of the lines and steps drawn."""
    steps = [np.asarray(p.get_data()[0]) for p in axes.patches if isinstance(p, StepPatch)]
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    return np.concatenate([*steps, *lines])


def _mark(axes: Axes, word: Word, *, is_named: bool) -> None:
    """Show until when a promise holds."""
    end = axes.get_xlim()[1]
    said = (("grace", word.grace, 0.99, BLUE, "--"), ("deferral", word.deferral, 0.91, GREY, ":"))
    for text, weeks, height, colour, style in said:
        if weeks is None or not 0 < weeks < end:
            continue
        axes.axvline(weeks, color=colour, linestyle=style, linewidth=1.3)
        if is_named:
            axes.annotate(
                f" {text} {weeks:g} weeks",
                (weeks, height),
                xycoords=axes.get_xaxis_transform(),
                va="top",
                fontsize=LABEL_SIZE,
                color=colour,
                bbox={"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.5},
            )
