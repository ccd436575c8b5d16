"""Figures of a fit: prior against posterior, what is told only together, the fit to the record."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from returnsim.analysis.calibration.priors import values_at
from returnsim.analysis.calibration.ranks import BINS as BINS_OF_RANKS
from returnsim.analysis.calibration.ranks import Trial, verdicts
from returnsim.experiments.calibration import Fitted
from returnsim.experiments.calibration_tables import TIED, Said, said_of, targets_table, ties_of
from returnsim.experiments.cases import LoadedExperiment
from returnsim.figures.colours import BLACK, BLUE, GREY, LIGHT_GREY, SKY, VERMILION
from returnsim.figures.labels import shortened
from returnsim.figures.style import in_style, plural, save, titled

COLUMNS, BINS = 4, 24
MOST_IN_PAIRS = 5
COLOURS = {"identified": BLUE, "partly identified": SKY, "not identified": LIGHT_GREY}
LONGEST_NAME, LONGEST_TARGET = 24, 48
SMALL = 7.5
ROW = 0.27
MOST_TIMES = 4.0
"""Multiples of what was observed that are shown, so that one row does not press the others flat."""


def write_calibration_figures(fitted: Fitted, directory: Path) -> dict[str, str]:
    """Draw a fit, as PNG and SVG.

    Parameters
    ----------
    fitted : Fitted
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
        figures = {"marginals": marginals_figure(fitted), "fit": fit_figure(fitted)}
        if len(fitted.priors) > 1:
            figures["pairs"] = pairs_figure(fitted)
        for name, (figure, sentence) in figures.items():
            save(figure, directory, name)
            told[name] = sentence
    return told


def write_ranks_figure(experiment: LoadedExperiment, trials: list[Trial], directory: Path) -> str:
    """Draw where the true values lie among the draws of their fits, as PNG and SVG.

    Parameters
    ----------
    experiment : LoadedExperiment
        What was fitted.
    trials : list of Trial
        Records made by the model and fitted.
    directory : Path
        Where to; it exists.

    Returns
    -------
    str
        A sentence on what it shows.
    """
    names = list(experiment.experiment.factors)
    shown = shortened(names, LONGEST_NAME).shown
    judged = verdicts(trials)
    taken = np.mean([one.taken_away for one in trials], axis=0)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    with in_style():
        note = (
            f"{len(trials)} records were made by the model with parameters from the prior, and "
            "fitted. Bars: how often the true value had that rank among the draws of its "
            "posterior. The grey band holds each bar in 99 of 100 even samples. A fit that is too "
            "sure has high bars at both ends. Known: the share of the prior's variance that a "
            "record takes away, on average; p: how probable bars so uneven are by chance alone."
        )
        subject = "Does the fit find what is known?"
        figure = titled(experiment.experiment.title, subject, 1.4 + 1.6 * rows, note)
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for i, panel in enumerate(grid.flat):
            if i >= len(names):
                panel.set_visible(False)
                continue
            one = judged[i]
            panel.axhspan(one.low, one.high, color=LIGHT_GREY, alpha=0.6, linewidth=0)
            colour = BLUE if one.p > 0.01 else VERMILION
            panel.bar(np.arange(BINS_OF_RANKS), one.counts, width=0.9, color=colour)
            panel.set_xticks([0, BINS_OF_RANKS - 1], ["lowest", "highest"], fontsize=SMALL)
            panel.set_title(
                f"{shown[names[i]]}\n{100 * taken[i]:.0f} % known, p = {one.p:.2f}", fontsize=SMALL
            )
        for row in grid:
            row[0].set_ylabel("records", fontsize=SMALL)
        save(figure, directory, "ranks")
    uneven = [name for name, one in zip(names, judged, strict=True) if one.p <= 0.01]
    if uneven:
        return f"The ranks of {', '.join(uneven)} are less even than chance would make them."
    return "The ranks of the true values are as even as chance makes them."


def marginals_figure(fitted: Fitted) -> tuple[Figure, str]:
    """What the record says of each parameter, beside what was thought before; and a sentence."""
    said = said_of(fitted)
    values = values_at(fitted.priors, fitted.fit.posterior.places)
    rows = -(-len(said) // COLUMNS)
    note = (
        "Bars: the posterior; the dashed line is the prior, even over its range (in the logarithm "
        "where the axis is). Under each name the share of the prior's variance that the record "
        "takes away: from 50 % on a number is called identified, below 20 % not."
    )
    figure = _figure(fitted, "Before the record and after it", 1.3 + 1.5 * rows, note)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    names = _names(fitted)
    for i, one in enumerate(said):
        _draw_marginal(grid.flat[i], fitted, i, values[:, i], one)
        share = f"{100 * max(one.taken_away, 0):.0f} %: {one.verdict}"
        grid.flat[i].set_title(f"{names[i]}\n{share}", fontsize=SMALL)
    for panel in list(grid.flat)[len(said) :]:
        panel.set_visible(False)
    return figure, _said_sentence(said)


def pairs_figure(fitted: Fitted) -> tuple[Figure, str]:
    """The parameters that the record tells only together; and a sentence."""
    ties = ties_of(fitted)
    chosen = _most_tied(fitted)
    values = values_at(fitted.priors, fitted.fit.posterior.places)
    number = len(chosen)
    note = (
        "Each point is a draw of the posterior; axes are the ranges of the prior, bars how often a "
        f"value is drawn. r: correlation over these ranges, in bold from {TIED:g} on."
    )
    figure = _figure(
        fitted, "Numbers that the record ties to one another", 1.4 + 1.35 * number, note
    )
    grid = figure.subplots(number, number, squeeze=False)
    for row, i in enumerate(chosen):
        for column, j in enumerate(chosen):
            _draw_pair(grid[row, column], fitted, values, (i, j), (row, column, number))
    return figure, _ties_sentence(ties)


def fit_figure(fitted: Fitted) -> tuple[Figure, str]:
    """The record and what the fitted model would have it be; and a sentence."""
    table = targets_table(fitted)
    note = (
        "Bands: the middle 50 and 90 % of what would be observed under the posterior, with the "
        "error of observation, the luck of a single history and the model's misfit. Dots: what "
        "was observed, with its 90 % range. Counts are increments between the dates."
    )
    is_seen = table["observed"] > 0
    scale = table["observed"].where(is_seen, table["observed_high90"])
    if not is_seen.all():
        note += " Where nothing was observed, a row is drawn against the upper end of that range."
    is_cut = table["high90"] > MOST_TIMES * scale
    if is_cut.any():
        note += " Bands that are cut at the edge have their middle 90 % written there."
    figure = _figure(fitted, "The rows that were fitted to", 1.5 + ROW * len(table), note)
    panel = figure.subplots()
    height = np.arange(len(table))[::-1]
    targets = shortened(table["target"].tolist(), LONGEST_TARGET).shown
    for low, high, colour in (("low90", "high90", SKY), ("low50", "high50", BLUE)):
        panel.barh(
            height,
            (table[high] - table[low]) / scale,
            left=table[low] / scale,
            height=0.55,
            color=colour,
            alpha=0.55,
            linewidth=0,
        )
    error = [
        (table["observed"] - table["observed_low90"]) / scale,
        (table["observed_high90"] - table["observed"]) / scale,
    ]
    panel.errorbar(
        table["observed"] / scale,
        height,
        xerr=error,
        fmt="o",
        color=BLACK,
        markersize=3.5,
        linewidth=1.2,
        capsize=2,
    )
    panel.set_yticks(
        height,
        [
            f"{targets[row.target]}: {_number(row.observed)} {row.unit}"
            for row in table.itertuples()
        ],
        fontsize=SMALL,
    )
    panel.grid(axis="x")
    panel.set_xlim(0, MOST_TIMES if is_cut.any() else None)
    for place, row in zip(height[is_cut], table[is_cut].itertuples(), strict=True):
        text = f"{_number(row.low90)} to {_number(row.high90)} {row.unit} →"
        panel.text(MOST_TIMES, place, text, ha="right", va="center", fontsize=SMALL)
    panel.set_xlabel("as a multiple of what was observed")
    inside = int(
        ((table["low90"] <= table["observed"]) & (table["observed"] <= table["high90"])).sum()
    )
    sentence = (
        f"{inside} of the {len(table)} rows that were fitted to lie within the middle 90 % of what "
        "the fitted model would have them be; that is no test of it."
    )
    return figure, sentence


def _draw_marginal(panel: Axes, fitted: Fitted, i: int, values: np.ndarray, said: Said) -> None:
    prior = fitted.priors[i]
    edges = (
        np.geomspace(prior.low, prior.high, BINS + 1)
        if prior.log
        else np.linspace(prior.low, prior.high, BINS + 1)
    )
    counts, _ = np.histogram(values, edges)
    panel.bar(
        edges[:-1],
        counts / len(values) * BINS,
        np.diff(edges),
        align="edge",
        color=COLOURS[said.verdict],
    )
    panel.axhline(1.0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    if prior.log:
        panel.set_xscale("log")
        panel.set_xticks([prior.low, prior.high], minor=False)
        panel.minorticks_off()
    else:
        panel.set_xticks([prior.low, prior.high])
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    panel.set_xlim(prior.low, prior.high)
    panel.set_yticks([])
    panel.grid(visible=False)
    panel.tick_params(labelsize=SMALL)
    first, *_, last = panel.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")


def _draw_pair(
    panel: Axes,
    fitted: Fitted,
    values: np.ndarray,
    pair: tuple[int, int],
    place: tuple[int, int, int],
) -> None:
    (i, j), (row, column, number) = pair, place
    if column > row:
        panel.set_visible(False)
        return
    across, up = fitted.priors[j], fitted.priors[i]
    names = _names(fitted)
    if row == column:
        panel.hist(fitted.fit.posterior.places[:, j], bins=BINS, range=(0, 1), color=BLUE)
        panel.set_xlim(0, 1)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.set_title(textwrap.fill(names[j], 18), fontsize=SMALL)
    else:
        panel.plot(values[:, j], values[:, i], ".", color=BLUE, markersize=1.5, alpha=0.5)
        panel.set_xscale("log" if across.log else "linear")
        panel.set_yscale("log" if up.log else "linear")
        panel.set_xlim(across.low, across.high)
        panel.set_ylim(up.low, up.high)
        r = np.corrcoef(fitted.fit.posterior.places[:, [i, j]].T)[0, 1]
        strong = abs(r) >= TIED
        panel.set_title(
            f"r = {round(r, 2) + 0.0:.2f}",
            fontsize=SMALL,
            color=VERMILION if strong else GREY,
            fontweight="bold" if strong else "normal",
        )
        panel.minorticks_off()
        for axis, prior in ((panel.xaxis, across), (panel.yaxis, up)):
            axis.set_ticks([prior.low, prior.high])
            axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    panel.grid(visible=False)
    panel.tick_params(labelsize=SMALL - 1)
    if column == 0 and row > 0:
        panel.set_ylabel(textwrap.fill(names[i], 16), fontsize=SMALL)
    if row == number - 1:
        panel.set_xlabel(textwrap.fill(names[j], 18), fontsize=SMALL)


def _names(fitted: Fitted) -> list[str]:
    """The same for a parameter in every figure, in the order of the experiment."""
    return list(shortened([prior.name for prior in fitted.priors], LONGEST_NAME).shown.values())


def _most_tied(fitted: Fitted) -> list[int]:
    """The parameters of the closest pairs, in the order of the experiment."""
    names = list(fitted.fit.problem.parameters)
    together = np.abs(np.corrcoef(fitted.fit.posterior.places.T))
    rows, columns = np.triu_indices(len(names), 1)
    chosen: list[int] = []
    for k in np.argsort(-together[rows, columns], kind="stable"):
        for one in (int(rows[k]), int(columns[k])):
            if one not in chosen and len(chosen) < MOST_IN_PAIRS:
                chosen.append(one)
    return sorted(chosen)


def _figure(fitted: Fitted, subject: str, height: float, note: str) -> Figure:
    told = fitted.experiment.experiment
    camp = (
        f"a camp of {told.households:,} households stands for the whole, corrected for its size"
        if told.households
        else "the whole camp"
    )
    number, rows = len(fitted.priors), len(fitted.targets)
    text = (
        f"{note} {number} {plural('parameter', number)}, {rows} {plural('row', rows)} of the "
        f"record, {len(fitted.fit.runs.places):,} runs (seed {told.seed}); {camp}. A fit says "
        "which numbers agree with the record if the model's structure is right; it does not show "
        "that it is."
    )
    return titled(told.title, subject, height, text)


def _said_sentence(said: tuple[Said, ...]) -> str:
    by_verdict = {
        verdict: [one.name for one in said if one.verdict == verdict] for verdict in COLOURS
    }
    parts = [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names]
    text = "; ".join(parts)
    return f"What the record says of each number. {text[0].upper()}{text[1:]}."


def _ties_sentence(ties: tuple[tuple[str, str, float], ...]) -> str:
    if not ties:
        return "No two numbers are tied closely by the record."
    closest = ", ".join(f"{a} and {b} ({r:+.2f})" for a, b, r in ties[:5])
    return f"Numbers of which the record tells only what they make together: {closest}."


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
