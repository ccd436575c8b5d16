"""Figures of a comparison: cases over time, their differences, and designs over their factors."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from returnsim.analysis.attribution import column_of_pair
from returnsim.analysis.summary import PAIR, bands
from returnsim.experiments.compare import Case, Comparison, Series
from returnsim.figures.colours import GREY, PAPER, case_colours
from returnsim.figures.factors import design_figures
from returnsim.figures.labels import Label, Shortened, label_ends, shortened
from returnsim.figures.style import (
    count_axis,
    draw_bands,
    in_style,
    on_axis,
    plural,
    rounded,
    save,
    titled,
)

HARMS = ("detained", "conscripted", "killed")
FIRST = ("returned", "pushed", "detained_per_100", "conscripted_per_100", "killed_per_100")
MOST_CASES = 12
LONGEST_NAME = 28
OF_MANY = {"shade": 0.1, "linewidth": 1.3}
"""How bands are drawn where those of many cases overlap."""


def write_comparison_figures(comparison: Comparison, directory: Path) -> dict[str, str]:
    """Draw a comparison, as PNG and SVG.

    Parameters
    ----------
    comparison : Comparison
        Any.
    directory : Path
        Where to; it exists.

    Returns
    -------
    dict of str to str
        For each figure, by the stem of its files, a sentence on what it shows.
    """
    told: dict[str, str] = {}
    with in_style():
        figures = [("series", *series_figure(comparison))]
        if 1 < len(comparison.cases) <= MOST_CASES:
            figures.append(("differences", *differences_figure(comparison)))
        figures += design_figures(comparison, new_figure)
        for name, figure, sentence in figures:
            save(figure, directory, name)
            told[name] = sentence
    return told


def new_figure(comparison: Comparison, subject: str, height: float, note: str) -> Figure:
    """Begin a figure of a comparison, with its title and what it rests on.

    Parameters
    ----------
    comparison : Comparison
        Any.
    subject : str
        What the figure shows.
    height : float
        In inches.
    note : str
        What to know to read it.
    """
    numbers = {len(case.replicates) for case in comparison.cases}
    most = max(numbers)
    scale = (
        "the whole camp"
        if comparison.weight == 1
        else f"each person simulated stands for {comparison.weight:.3g} of the camp's"
    )
    note = " ".join([note, *comparison.notes])
    text = (
        f"{note} {len(comparison.cases):,} {plural('case', len(comparison.cases))} of {most:,} "
        f"{plural('replicate', most)} (seed {comparison.seed}), the same draws in each; {scale}. "
        f"{comparison.guesses} of the {comparison.numbers} numbers that the baseline rests on are "
        "guesses without a source. This shows what follows from these assumptions; it is not a "
        "forecast."
    )
    return titled(comparison.title, subject, height, text.strip())


def series_figure(comparison: Comparison) -> tuple[Figure, str]:
    """People in camp, returned to date and harmed to date, case over case; and a sentence."""
    shown = len(comparison.series)
    names = _names(comparison)
    note = (
        "Lines are medians of the replicates, black of the baseline; shaded ranges are the middle "
        f"90 %. {names.note}"
    ).strip()
    if shown < len(comparison.cases):
        note += (
            f" Drawn are the baseline and {shown - 1} cases that differ from it, and from each "
            "other, in returns."
        )
    if any(_pushed(series) for series in comparison.series):
        mark = "Dashed" if len(comparison.series[0].dates) > 1 else "Hollow"
        note += f" {mark}: of those returned, whom the siege pushed."
    note += " Who is detained and later killed is counted at both times."
    figure = new_figure(comparison, "The camp, the returns and the harm after them", 8.8, note)
    axes = figure.subplots(3, 1, sharex=True)
    is_whole = all(series.is_whole for series in comparison.series)
    since = "to date" if is_whole else "since the first week recorded"
    panels: Sequence[tuple[str, Callable[[Series], np.ndarray]]] = (
        ("People in camp", _in_camp),
        (f"Returned, {since}", lambda s: _to_date(s, ("departures",))),
        (f"Detained, conscripted or killed after return, {since}", lambda s: _to_date(s, HARMS)),
    )
    ends = {}
    for panel, (title, values_of) in zip(axes, panels, strict=True):
        panel.set_title(title)
        labels = []
        for series in comparison.series:
            colour = _colour(comparison, series.case)
            median = draw_bands(
                panel, _days(series), values_of(series), colour, inner=False, **OF_MANY
            )
            if title.startswith("Returned"):
                _draw_pushed(panel, series, colour)
            labels.append(Label(float(median[-1]), names.shown[series.case], colour))
            ends[title, series.case] = float(median[-1])
        _time_axis(panel, comparison.series)
        count_axis(panel, "people")
        label_ends(panel, labels)
    return figure, _series_sentence(ends, panels[1][0], panels[2][0])


def differences_figure(comparison: Comparison) -> tuple[Figure, str]:
    """How each case differs from the baseline, outcome by outcome; and a sentence."""
    cases = [case for case in comparison.cases if case.name != comparison.baseline]
    names = sorted(
        comparison.outcomes,
        key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST),
    )
    shown = _names(comparison)
    columns = 3
    rows = -(-len(names) // columns)
    height = 1.6 + rows * (0.62 + 0.2 * len(cases))
    note = (
        f"Differences from {comparison.baseline!r}, replicate by replicate: dots are means, thick "
        f"lines their 90 % intervals, thin lines the middle 90 % of the replicates. {shown.note}"
    ).strip()
    figure = new_figure(comparison, "What each case changes, with the same draws", height, note)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for panel, name in zip(grid.flat, names, strict=False):
        _draw_differences(panel, comparison, cases, name)
        panel.set_yticks(range(len(cases)), [shown.shown[case.name] for case in cases])
    for panel in list(grid.flat)[len(names) :]:
        panel.set_visible(False)
    return figure, _difference_sentence(comparison, cases)


def _draw_differences(
    panel: Axes, comparison: Comparison, cases: Sequence[Case], name: str
) -> None:
    info = comparison.outcomes[name]
    unit = "" if info.unit in ("people", "per 100") else f", {info.unit}"
    better = {"less": " (less is better)", "more": " (more is better)", None: ""}[info.good]
    panel.set_title("\n".join(textwrap.wrap(f"{info.title}{unit}{better}", 27)), fontsize=8)
    panel.axvline(0.0, color=GREY, linewidth=0.8)
    for row, case in enumerate(cases):
        d = comparison.difference(case, name)
        colour = _colour(comparison, case.name)
        panel.hlines(row, d.low90, d.high90, color=colour, linewidth=0.8, alpha=0.6)
        panel.hlines(row, d.low, d.high, color=colour, linewidth=3.0)
        panel.plot([d.mean], [row], "o", color=colour, markersize=4)
    panel.set_ylim(len(cases) - 0.5, -0.5)
    panel.grid(axis="x")
    panel.tick_params(axis="x", labelsize=7.5)
    panel.locator_params(axis="x", nbins=3)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}"))


def _series_sentence(ends: dict[tuple[str, str], float], returned: str, harmed: str) -> str:
    back = {case: value for (title, case), value in ends.items() if title == returned}
    harm = {case: value for (title, case), value in ends.items() if title == harmed}
    low, high = min(back, key=back.__getitem__), max(back, key=back.__getitem__)
    if low == high:
        return (
            f"{back[low]:,.0f} people return ({low}); detained, conscripted or killed after it: "
            f"{rounded(harm[low])}."
        )
    return (
        f"From {back[low]:,.0f} people return ({low}; detained, conscripted or killed after it: "
        f"{rounded(harm[low])}) to {back[high]:,.0f} ({high}; {rounded(harm[high])})."
    )


def _difference_sentence(comparison: Comparison, cases: Sequence[Case]) -> str:
    parts, same = [], []
    counted = ("returned", "pushed", "detained", "conscripted", "killed")
    told = [name for name in counted if name in comparison.outcomes]
    if not told:
        return f"How each case differs from {comparison.baseline!r}, outcome by outcome."
    for name in told:
        means = {case.name: comparison.difference(case, name).mean for case in cases}
        most = max(means, key=lambda case: abs(np.nan_to_num(means[case])))
        title = comparison.outcomes[name].title
        if round(np.nan_to_num(means[most])) == 0:
            same.append(title)
        else:
            parts.append(f"{title}: {means[most]:+,.0f} ({most})")
    start = f"The largest mean differences from {comparison.baseline!r} are, in people, "
    sentence = f"{start}{'; '.join(parts)}." if parts else ""
    if same:
        sentence += f" No case changes by as much as one person: {', '.join(same)}."
    return sentence.strip()


def _colour(comparison: Comparison, case: str) -> str:
    """The same for a case in every panel; of more cases than colours, those over time have one."""
    return case_colours(_cases(comparison), comparison.baseline)[case]


def _pushed(series: Series) -> list[str]:
    return [name for name in series.columns if name == column_of_pair("pushed", PAIR)]


def _draw_pushed(panel: Axes, series: Series, colour: str) -> None:
    for name in _pushed(series):
        found = bands(_to_date(series, (name,)))
        style: dict[str, Any] = {"linewidth": 1.0, "linestyle": "--"}
        if len(series.dates) == 1:
            # A line of one week has no length.
            style |= {"marker": "o", "markerfacecolor": PAPER, "clip_on": False}
        panel.plot(_days(series), found.p50, color=colour, **style)


def _in_camp(series: Series) -> np.ndarray:
    return series.columns["camp_population"]


def _to_date(series: Series, names: Sequence[str]) -> np.ndarray:
    total: np.ndarray = np.sum([series.columns[name] for name in names], axis=0)
    return np.asarray(total.cumsum(axis=1))


def _days(series: Series) -> np.ndarray:
    """Stocks, and flows to date, are drawn on the first day after their week."""
    return np.asarray(on_axis(series.dates + np.timedelta64(7, "D")))


def _time_axis(panel: Axes, series: Sequence[Series]) -> None:
    first = min(one.dates[0] for one in series)
    last = max(one.dates[-1] for one in series) + np.timedelta64(7, "D")
    panel.set_xlim(on_axis(first), on_axis(last))
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _names(comparison: Comparison) -> Shortened:
    """The same for a case in every figure."""
    return shortened(_cases(comparison), LONGEST_NAME)


def _cases(comparison: Comparison) -> list[str]:
    """Names of all cases, those over time first."""
    names = [*(s.case for s in comparison.series), *(c.name for c in comparison.cases)]
    return list(dict.fromkeys(names))
