"""Figures of a verdict: which policy is better in how much of the space, and the frontier."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from returnsim.experiments.compare import Comparison
from returnsim.experiments.frontier import PUSHED, Standing, in_words
from returnsim.experiments.unknowns import SAFE_IN_WORDS
from returnsim.experiments.verdict import RULE, Judgement, Verdict
from returnsim.figures.colours import ON_DEEP, ON_PALE, PAPER, case_colours
from returnsim.figures.comparison import new_figure
from returnsim.figures.factors import COLOUR_MAP
from returnsim.figures.labels import Label, label_ends, label_points, shortened
from returnsim.figures.style import in_style, save

TOLD = ("safe_voluntary", "harmed", "pushed", "hardship", "died_in_camp")
MOST_ABREAST = ((3, 8), (2, 14), (1, np.inf))
"""How many panels stand abreast, up to how many policies."""

LONGEST_NAME = 24
USUAL_POLICIES = 12
"""As many have their names beside a panel of the usual height."""

SMALL = 7.5


def write_verdict_figures(
    verdict: Verdict, comparison: Comparison, directory: Path
) -> dict[str, str]:
    """Draw a verdict, as PNG and SVG.

    Parameters
    ----------
    verdict : Verdict
        Any.
    comparison : Comparison
        What it was made from.
    directory : Path
        Where to; it exists.

    Returns
    -------
    dict of str to str
        For each figure, by the stem of its files, a sentence on what it shows.
    """
    told: dict[str, str] = {}
    with in_style():
        figures = {
            "shares": shares_figure(verdict, comparison),
            "frontier": frontier_figure(verdict, comparison),
        }
        for name, (figure, sentence) in figures.items():
            save(figure, directory, name)
            told[name] = sentence
    return told


def shares_figure(verdict: Verdict, comparison: Comparison) -> tuple[Figure, str]:
    """In how much of the space each policy is better than each other one; and a sentence."""
    sample = verdict.sample
    number = len(sample.policies)
    columns = next(n for n, most in MOST_ABREAST if number <= most)
    rows = -(-len(TOLD) // columns)
    fewer = (
        ", or of fewer, at which the outcome is defined, where a panel says so,"
        if any(_of_fewer(verdict, outcome) for outcome in TOLD)
        else ""
    )
    note = (
        f"Each square: in how many percent of {sample.points} points over {len(sample.axes)} "
        f"parameters that nobody knows{fewer} the policy of its row is better than that of its "
        f"column. Framed and bold: it is the better one. {RULE}"
    )
    height = 2.0 + rows * (1.1 + 0.3 * number)
    figure = new_figure(comparison, "Which policy is better, over what nobody knows", height, note)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for panel, outcome in zip(grid.flat, TOLD, strict=False):
        _draw_shares(panel, verdict, outcome)
    for panel in list(grid.flat)[len(TOLD) :]:
        panel.set_visible(False)
    return figure, _shares_sentence(verdict)


def frontier_figure(verdict: Verdict, comparison: Comparison) -> tuple[Figure, str]:
    """Safe voluntary returns against harm and against hardship; and a sentence."""
    limit = f"{verdict.pushed_at_most:.0%}".replace("%", " %")
    note = (
        "Markers are means over the points, lines the middle 90 % of them: the same unknowns move "
        "every policy at once, so that lines overlap even where one is better. Diamonds are on the "
        f"frontier; filled: the siege pushes at most {limit} of the returns, hollow: it pushes "
        "more, or that is not yet known of most, and the policy is not on the frontier; the share "
        f"stands in brackets. {SAFE_IN_WORDS}"
    )
    height = 7.6 + 0.3 * max(0, len(verdict.standings) - USUAL_POLICIES)
    subject = "Safe voluntary returns against harm and suffering"
    figure = new_figure(comparison, subject, height, note)
    panels = figure.subplots(2, 1, sharex=True)
    for panel, measure, title in (
        (panels[0], "harmed", "Detained, conscripted or killed after return (less is better)"),
        (panels[1], "hardship", "Hardship in camp, mean over the weeks (less is better)"),
    ):
        _draw_frontier(panel, verdict, measure)
        panel.set_title("\n".join(textwrap.wrap(title, 90)))
        panel.set_xlabel("safe voluntary returns, people (more is better)")
    panels[0].set_xlabel("")
    panels[0].set_ylabel("people")
    panels[1].set_ylabel("0 to 1")
    figure.draw_without_rendering()
    for panel, measure in zip(panels, ("harmed", "hardship"), strict=True):
        _number_standings(panel, verdict, measure)
    return figure, " ".join(in_words(verdict.standings, verdict.pushed_at_most))


def _draw_shares(panel: Axes, verdict: Verdict, outcome: str) -> None:
    policies = verdict.sample.policies
    info = verdict.sample.outcomes[outcome]
    judged = {(one.policy, one.other): one for one in verdict.judgements if one.outcome == outcome}
    shares = np.full((len(policies), len(policies)), np.nan)
    for (policy, other), one in judged.items():
        if one.points:
            place = policies.index(policy), policies.index(other)
            shares[place] = one.policy_better / one.points
            shares[place[::-1]] = one.other_better / one.points
    panel.imshow(shares, cmap=COLOUR_MAP, vmin=0.0, vmax=1.0, aspect="auto")
    decided = {(one.better, one.worse) for one in judged.values() if one.is_decided}
    for (row, column), share in np.ndenumerate(shares):
        if not np.isnan(share):
            is_better = (policies[row], policies[column]) in decided
            _write_share(panel, row, column, float(share), is_better=is_better)
    panel.grid(visible=False)
    title = f"{info.title[:1].upper()}{info.title[1:]} ({info.good} is better)"
    title += _of_fewer(verdict, outcome)
    panel.set_title("\n".join(textwrap.wrap(title, 28)), fontsize=8)
    names = list(shortened(policies, LONGEST_NAME).shown.values())
    panel.set_yticks(range(len(names)), names)
    panel.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=SMALL)
    panel.tick_params(length=0)


def _of_fewer(verdict: Verdict, outcome: str) -> str:
    """At how many points the pairs can be judged, where an outcome is not defined at all."""
    numbers = [one.points for one in verdict.judgements if one.outcome == outcome]
    low, high = min(numbers), max(numbers)
    if low == verdict.sample.points:
        return ""
    return f"; of {low} to {high} points" if low < high else f"; of {low} points"


def _write_share(panel: Axes, row: int, column: int, share: float, *, is_better: bool) -> None:
    colour = ON_DEEP if share < 0.5 else ON_PALE
    weight = "bold" if is_better else "normal"
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": colour, "fontsize": SMALL}
    panel.text(column, row, f"{100 * share:.0f}", fontweight=weight, **style)
    if is_better:
        x, y = np.array([-1, 1, 1, -1, -1]), np.array([-1, -1, 1, 1, -1])
        panel.plot(column + 0.44 * x, row + 0.44 * y, color=colour, linewidth=1.2)


def _draw_frontier(panel: Axes, verdict: Verdict, measure: str) -> None:
    colours = case_colours(verdict.sample.policies)
    names = shortened(verdict.sample.policies, LONGEST_NAME).shown
    labels = []
    for place, one in enumerate(verdict.standings):
        colour = colours[one.policy]
        x, y = one.measures["safe_voluntary"], one.measures[measure]
        panel.hlines(y.mean, x.low90, x.high90, color=colour, linewidth=0.8, alpha=0.6)
        panel.vlines(x.mean, y.low90, y.high90, color=colour, linewidth=0.8, alpha=0.6)
        face = colour if one.is_within else PAPER
        marker = "D" if one.is_on_frontier else "o"
        style: dict[str, Any] = {
            "color": colour,
            "markerfacecolor": face,
            "markersize": 7,
            "zorder": 3 + place,
        }
        panel.plot(x.mean, y.mean, marker, **style)
        text = f"{place + 1}  {_label(one, names[one.policy])}"
        labels.append(Label(y.mean, text, colour))
    panel.set_ylim(bottom=0)
    panel.grid(visible=True, axis="both")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=5))
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(FuncFormatter(_number))
    label_ends(panel, labels)


def _number_standings(panel: Axes, verdict: Verdict, measure: str) -> None:
    measures = [one.measures for one in verdict.standings]
    places = np.array([(one["safe_voluntary"].mean, one[measure].mean) for one in measures])
    numbers = [(x, y, f"{place}") for place, (x, y) in enumerate(places, start=1)]
    label_points(panel, numbers, places)


def _label(one: Standing, name: str) -> str:
    if not one.is_told:
        return f"{name} (not yet known)"
    pushed = one.measures[PUSHED].mean
    share = "nobody returns" if np.isnan(pushed) else f"{pushed:.0%} pushed".replace("%", " %")
    return f"{name} ({share})"


def _shares_sentence(verdict: Verdict) -> str:
    """Which policies are better in safe voluntary returns, and in harm; and how much is open."""
    parts = []
    for outcome in TOLD[:2]:
        judged = [one for one in verdict.judgements if one.outcome == outcome]
        title = verdict.sample.outcomes[outcome].title
        parts.append(f"{title}: {_told(judged)}")
    told = [one for one in verdict.judgements if one.outcome in TOLD]
    undecided = sum(one.is_undecided for one in told)
    return (
        f"{'; '.join(parts)}. Of {len(told)} questions of two policies and one outcome, "
        f"{undecided} are not decidable."
    )


def _told(judged: Sequence[Judgement]) -> str:
    decided = sorted((one for one in judged if one.is_decided), key=lambda one: -one.share)
    if not decided:
        return "no policy is better than another"
    first = decided[0]
    share = f"{first.share:.0%}".replace("%", " %")
    return (
        f"{len(decided)} of {len(judged)} pairs are decided, most clearly {first.better} over "
        f"{first.worse} (better in {share} of {first.where})"
    )


def _number(value: float, _: int = 0) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"
