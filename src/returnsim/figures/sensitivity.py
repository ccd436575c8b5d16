"""Figures of a study of sensitivity: effects of all factors, indices of those kept, and when."""

import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from returnsim.experiments.sensitivity import rule_in_words
from returnsim.experiments.sensitivity_runs import Studied
from returnsim.experiments.sensitivity_tables import (
    LEAST_TOLD,
    in_words,
    is_blind,
    outcome_infos,
    percent,
    said_of,
)
from returnsim.figures.colours import (
    BLACK,
    BLUE,
    CASE_COLOURS,
    GREY,
    LIGHT_GREY,
    ORANGE,
    PAPER,
    SKY,
)
from returnsim.figures.labels import Label, label_ends, shortened
from returnsim.figures.style import LABEL_SIZE, in_style, on_axis, save, say_if_empty, titled

MOST_PANELS = 6
COLUMNS, COLUMNS_OVER_TIME = 3, 2
LINE_OF_PANEL = 24
LONGEST_NAME = 22
MOST_LINES = 5
MOST_PERCENT = 160.0
LEAST_INDEX, MOST_INDEX = -0.15, 1.15
CORNERS = ("not_yet_known",)
"""Outcomes that are drawn only where there is room."""


def write_sensitivity_figures(studied: Studied, directory: Path) -> dict[str, str]:
    """Draw a study, as PNG and SVG.

    Parameters
    ----------
    studied : Studied
        Any.
    directory : Path
        Where to; it exists.

    Returns
    -------
    dict of str to str
        For each figure, by the stem of its files, a sentence on what it shows.
    """
    told = {}
    with in_style():
        drawn = {"elementary-effects": effects_figure(studied), "indices": indices_figure(studied)}
        if studied.dated:
            drawn["indices-over-time"] = over_time_figure(studied)
        for name, (figure, sentence) in drawn.items():
            save(figure, directory, name)
            told[name] = sentence
    return told


def shown_outcomes(studied: Studied) -> list[str]:
    """Those that are drawn: the experiment's own first, and the harm per 100 beside them."""
    named = [n for n in studied.experiment.experiment.outcomes if n not in CORNERS]
    harm = [n for n in studied.study.effects if n.endswith("_per_100") and n not in named]
    room = MOST_PANELS - min(len(harm), MOST_PANELS // 2)
    first = [*named[:room], *harm][:MOST_PANELS]
    rest = [n for n in studied.study.effects if n not in first and n not in CORNERS]
    chosen = (first + rest)[:MOST_PANELS]
    return [n for n in studied.study.effects if n in chosen]


def effects_figure(studied: Studied) -> tuple[Figure, str]:
    """Mean effect of every factor on each outcome, with its interval; and a sentence."""
    study, shown = studied.study, shown_outcomes(studied)
    order = sorted(study.factors, key=lambda name: study.scores[name])
    note = (
        "Bars: mean absolute elementary effect (mu*) of each factor, in % of the largest of that "
        "outcome, with 90 % bootstrap intervals. Rings: standard deviation of the effects "
        "(sigma), on the same scale: as large as the bar where the effect depends on the other "
        f"factors or bends. Blue: kept for the indices. {rule_in_words(study.settings)}"
    )
    down = -(-len(shown) // COLUMNS)
    height = 1.5 + down * (0.7 + 0.16 * len(order))
    figure = _figure(studied, "Which factors matter at all", height, note)
    columns = min(COLUMNS, len(shown))
    grid = figure.subplots(down, columns, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)[: len(shown)]
    for panel in list(grid.flat)[len(shown) :]:
        panel.set_visible(False)
    places, names = np.arange(len(order)), _names(studied)
    rows = [study.factors.index(name) for name in order]
    colours = [BLUE if name in study.kept else LIGHT_GREY for name in order]
    for panel, outcome in zip(panels, shown, strict=True):
        effects = study.effects[outcome]
        largest = np.nan_to_num(effects.mu_star).max() or 1.0
        scale = 100 / largest
        mu_star = effects.mu_star[rows] * scale
        panel.barh(places, mu_star, color=colours, height=0.7)
        low, high = effects.mu_star_low[rows] * scale, effects.mu_star_high[rows] * scale
        panel.hlines(places, low, high, color=BLACK, linewidth=0.9)
        ring = {"color": ORANGE, "markersize": 3.5, "markerfacecolor": "none", "zorder": 3}
        panel.plot(effects.sigma[rows] * scale, places, "o", **ring)
        panel.set_title(_panel_title(studied, outcome, effects.noise, 18), fontsize=8)
        panel.set_xlim(0, MOST_PERCENT)
        say_if_empty(panel, np.where(effects.mu_star > 0, 1.0, np.nan), "no effect")
        panel.grid(visible=True, axis="x")
        panel.grid(visible=False, axis="y")
        panel.tick_params(axis="y", length=0)
        panel.set_ylim(-0.6, len(order) - 0.4)
    for row in grid:
        row[0].set_yticks(places, [names[name] for name in order], fontsize=LABEL_SIZE - 0.5)
    for panel in grid[-1]:
        panel.set_xlabel("% of the largest", fontsize=LABEL_SIZE)
    strongest = [name for name in reversed(order) if name in study.kept]
    return figure, (f"Of {len(order)} factors, {len(strongest)} are kept: {', '.join(strongest)}.")


def indices_figure(studied: Studied) -> tuple[Figure, str]:
    """First-order and total index of every kept factor, with intervals; and a sentence."""
    study, shown = studied.study, shown_outcomes(studied)
    order = sorted(range(len(study.kept)), key=lambda i: _largest(studied, i, shown))
    note = (
        "Pale bars: total index, what a factor does alone and together with others; dark bars: "
        "first-order index, what it does alone; lines: 90 % bootstrap intervals, cut at the edge. "
        "Indices are estimates, and can fall below 0 or above 1."
    )
    rows = -(-len(shown) // COLUMNS)
    height = 1.6 + rows * (0.75 + 0.22 * len(order))
    figure = _figure(studied, "How much of the variance is whose", height, note)
    grid = figure.subplots(rows, min(COLUMNS, len(shown)), sharey=True, sharex=True, squeeze=False)
    places, names = np.arange(len(order)), _names(studied)
    for panel, outcome in zip(grid.flat, shown, strict=False):
        indices = study.indices[outcome]
        for value, low, high, shift, colour in (
            (indices.total, indices.total_low, indices.total_high, 0.2, SKY),
            (indices.first, indices.first_low, indices.first_high, -0.2, BLUE),
        ):
            at = places + shift
            panel.barh(at, np.nan_to_num(value[order]), color=colour, height=0.4)
            panel.hlines(at, low[order], high[order], color=BLACK, linewidth=0.8)
        panel.set_xlim(LEAST_INDEX, MOST_INDEX)
        panel.set_ylim(-0.6, len(order) - 0.4)
        say_if_empty(panel, indices.total, "does not vary, or too rarely defined")
        panel.set_title(_panel_title(studied, outcome, indices.noise, LINE_OF_PANEL), fontsize=8)
        panel.axvline(0, color=GREY, linewidth=0.6)
        panel.grid(visible=True, axis="x")
        panel.grid(visible=False, axis="y")
        panel.tick_params(axis="y", length=0)
    for panel in list(grid.flat)[len(shown) :]:
        panel.set_visible(False)
    for row in grid:
        row[0].set_yticks(places, [names[study.kept[i]] for i in order], fontsize=LABEL_SIZE)
    for panel in grid[-1]:
        panel.set_xlabel("share of the variance", fontsize=LABEL_SIZE)
    return figure, " ".join(_sentences(studied, shown))


def over_time_figure(studied: Studied) -> tuple[Figure, str]:
    """Total index of the strongest factors, day by day; and a sentence."""
    study = studied.study
    shown = [
        n for n in shown_outcomes(studied) if any(t.outcome == n for t in studied.dated.values())
    ]
    drawn = {outcome: _strongest(studied, outcome)[:MOST_LINES] for outcome in shown}
    # The same factor has the same line in every panel.
    order = list(dict.fromkeys(i for those in drawn.values() for i in those))
    note = (
        "Lines: total index on each day, of what is summed up to then or counted then; thin lines: "
        f"90 % bootstrap intervals, cut at the edge. Of {len(study.kept)} factors kept, those with "
        f"the largest index of an outcome on any day are drawn, {MOST_LINES} at most; nothing "
        "where an outcome is mostly luck, or does not vary yet."
    )
    rows = -(-len(shown) // COLUMNS_OVER_TIME)
    figure = _figure(studied, "When which factor matters", 1.7 + 2.0 * rows, note)
    grid = figure.subplots(rows, min(COLUMNS_OVER_TIME, len(shown)), sharey=True, squeeze=False)
    for panel, outcome in zip(grid.flat, shown, strict=False):
        lines = [(i, *_line_of(order.index(i))) for i in drawn[outcome]]
        _draw_over_time(panel, studied, outcome, lines)
    for panel in list(grid.flat)[len(shown) :]:
        panel.set_visible(False)
    for row in grid:
        row[0].set_ylabel("total index", fontsize=LABEL_SIZE)
    return figure, _change_sentence(studied, shown)


def _line_of(place: int) -> tuple[str, str]:
    """Colour and style of the factor at a place: dashed, with hollow dots, once all are used."""
    again, colour = divmod(place, len(CASE_COLOURS))
    return CASE_COLOURS[colour], "--" if again else "-"


def _draw_over_time(
    panel: Axes, studied: Studied, outcome: str, drawn: Sequence[tuple[int, str, str]]
) -> None:
    study = studied.study
    on_days = [(t.day, study.indices[n]) for n, t in studied.dated.items() if t.outcome == outcome]
    x = np.array([on_axis(day) for day, _ in on_days])
    step = 0.006 * (x[-1] - x[0]) if len(x) > 1 else 0.0
    labels, names = [], _names(studied)
    clear = np.array([1.0 if not is_blind(indices.noise) else np.nan for _, indices in on_days])
    for place, (i, colour, style) in enumerate(drawn):
        total, low, high = (
            clear * np.array([getattr(indices, name)[i] for _, indices in on_days])
            for name in ("total", "total_low", "total_high")
        )
        at = x + step * (place - (len(drawn) - 1) / 2)
        face = PAPER if style == "--" else colour
        dot: dict[str, Any] = {"marker": "o", "markersize": 3.5, "markerfacecolor": face}
        panel.plot(at, total, linestyle=style, color=colour, linewidth=1.3, zorder=3, **dot)
        panel.vlines(at, low, high, color=colour, linewidth=0.8, alpha=0.5)
        if total[-1] >= LEAST_TOLD:
            labels.append(Label(float(total[-1]), names[study.kept[i]], colour, style))
    title = outcome_infos(studied)[outcome]["title"].removesuffix(" at the end")
    panel.set_title("\n".join(textwrap.wrap(title, LINE_OF_PANEL + 6)), fontsize=8)
    panel.set_ylim(0, MOST_INDEX)
    margin = max(7.0, 0.05 * (x[-1] - x[0]))
    panel.set_xlim(x[0] - margin, x[-1] + margin)
    text = "mostly luck" if np.isnan(clear).all() else "no factor stands out"
    say_if_empty(panel, clear if drawn else np.full(1, np.nan), text)
    locator = AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    label_ends(panel, labels)


def _figure(studied: Studied, subject: str, height: float, note: str) -> Figure:
    told, said = studied.experiment.experiment, said_of(studied)
    scale = "the whole camp" if told.households is None else f"{told.households:,} households"
    text = (
        f"{note} {said['replicates']:,} replicates at each point (seed {told.seed}), the same "
        f"draws at all; {scale}. The ranges are mostly guesses, as are {said['guesses']} of the "
        f"{said['numbers']} numbers: this shows what follows from them; it is not a forecast."
    )
    return titled(told.title, subject, height, text)


def _panel_title(studied: Studied, outcome: str, noise: float, width: int) -> str:
    lines = textwrap.wrap(outcome_infos(studied)[outcome]["title"], width)
    luck = "" if np.isnan(noise) else f"luck {percent(noise)}"
    return "\n".join([*lines, luck])


def _names(studied: Studied) -> dict[str, str]:
    """The same for a factor in every figure."""
    return shortened(studied.study.factors, LONGEST_NAME).shown


def _largest(studied: Studied, i: int, outcomes: Sequence[str]) -> float:
    """The largest total index of a factor in any outcome that is not mostly luck."""
    told = [studied.study.indices[n] for n in outcomes]
    clear = [float(np.nan_to_num(one.total[i])) for one in told if not is_blind(one.noise)]
    return max(clear, default=0.0)


def _strongest(studied: Studied, outcome: str) -> list[int]:
    """The factors that matter to an outcome, by their largest total index on any clear day."""
    told = [studied.study.indices[n] for n, t in studied.dated.items() if t.outcome == outcome]
    clear = [np.nan_to_num(one.total) for one in told if not is_blind(one.noise)]
    largest = np.max(clear, axis=0) if clear else np.zeros(len(studied.study.kept))
    order = np.argsort(-largest, kind="stable")
    return [int(i) for i in order if largest[i] >= LEAST_TOLD]


def _sentences(studied: Studied, shown: Sequence[str]) -> list[str]:
    said = zip(studied.study.effects, in_words(studied), strict=False)
    return [f"{one[:1].upper()}{one[1:]}" for name, one in said if name in shown]


def _change_sentence(studied: Studied, shown: Sequence[str]) -> str:
    """Which factor leads on the first and the last day, outcome by outcome."""
    parts = []
    for outcome in shown:
        days: list[tuple[date, str]] = []
        for name, there in studied.dated.items():
            indices = studied.study.indices[name]
            total = indices.total
            is_told = np.nan_to_num(total).max() >= LEAST_TOLD and not is_blind(indices.noise)
            if there.outcome == outcome and is_told:
                days.append((there.day, studied.study.kept[int(np.nanargmax(total))]))
        if days:
            title = outcome_infos(studied)[outcome]["title"]
            (first, early), (last, late) = days[0], days[-1]
            change = (
                f"{early} on {first}, {late} on {last}" if early != late else f"{late} throughout"
            )
            parts.append(f"{title}: {change}")
    return (
        f"What matters most: {'; '.join(parts)}." if parts else "No factor stands out on any day."
    )
