"""Figures of a pattern card: every check against its rule, and rivals by what they fail."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.patterns import Held, Judged
from returnsim.analysis.validation_tables import rivals_table
from returnsim.analysis.worlds import Size
from returnsim.figures.colours import BLACK, BLUE, GREY, LIGHT_GREY, VERMILION, WORDS
from returnsim.figures.labels import shortened
from returnsim.figures.style import LABEL_SIZE, even_lines, first_words, in_style, save, titled
from returnsim.figures.validation import rests_on
from returnsim.scenario.schema import Scenario

ROW, AROUND = 0.3, 1.7
COLOURS = {True: BLUE, False: VERMILION, None: GREY}
MARKS = {"pass": ("✓", BLUE), "FAIL": ("✗", VERMILION), "told": ("·", GREY)}
LOW, HIGH = 0.25, 0.75
"""Where the ends of the rule lie on the axis of every row."""

LONGEST_NAME, LINE_OF_NAME, LINE_OF_RIVALS = 80, 42, 70
SMALL = LABEL_SIZE - 0.5
BESIDE = 0.03
"""How far from the picture its words begin, as a share of its width."""


def write_patterns_figures(
    scenario: Scenario, held: Sequence[Held], size: Size, directory: Path
) -> dict[str, str]:
    """Draw a card and its rivals, as PNG and SVG.

    Parameters
    ----------
    scenario : Scenario
        What was held against the card.
    held : sequence of Held
        The scenario's own first.
    size : Size
        Of the runs.
    directory : Path
        Where to; it exists.

    Returns
    -------
    dict of str to str
        For each figure, by the stem of its files, a sentence on what it shows.
    """
    told: dict[str, str] = {}
    with in_style():
        figures = {"patterns": patterns_figure(scenario, held[0], size)}
        if len(held) > 1:
            figures["rivals"] = rivals_figure(scenario, held, size)
        for name, (figure, sentence) in figures.items():
            save(figure, directory, name)
            told[name] = sentence
    return told


def patterns_figure(scenario: Scenario, held: Held, size: Size) -> tuple[Figure, str]:
    """Every check, its middle 90 % beside its rule; and a sentence."""
    rows: list[Judged | str] = []
    for pattern in held.loaded.card.patterns:
        rows += [pattern, *(one for one in held.judged if one.pattern == pattern)]
    note = (
        "Each row has its own scale. Shaded: the rule, as wide in every row, and open to one side "
        "where there is one limit; upright line: no difference. Line: the middle 90 % of the "
        "replicates; dot: their median, which passes or fails. An arrow leads out of the picture; "
        "where there is no dot, the median lies there too."
    )
    figure = _titled(
        scenario, held.loaded.card.title or "Patterns", AROUND + ROW * len(rows), note, size
    )
    panel = figure.subplots()
    names = shortened([row if isinstance(row, str) else row.name for row in rows], LONGEST_NAME)
    for y, row in zip(range(len(rows))[::-1], rows, strict=True):
        name = names.shown[row if isinstance(row, str) else row.name]
        weight = "bold" if isinstance(row, str) else "normal"
        name = "\n".join(even_lines(name, LINE_OF_NAME))
        panel.text(-BESIDE, y, name, ha="right", va="center", fontsize=SMALL, weight=weight)
        if not isinstance(row, str):
            _draw_check(panel, y, row)
    panel.set_xlim(0, 1)
    panel.set_ylim(-0.7, len(rows) - 0.3)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.grid(visible=False)
    panel.spines[["left", "bottom"]].set_visible(False)
    failed = held.failed()
    number = len(held.ruled())
    said = f"; these fail: {', '.join(failed)}" if failed else ""
    return figure, f"{number - len(failed)} of {number} patterns hold{said}."


def rivals_figure(scenario: Scenario, held: Sequence[Held], size: Size) -> tuple[Figure, str]:
    """Which patterns hold under which rule of decision; and a sentence."""
    table = rivals_table(held)
    rules = [str(name) for name in table.columns[1:]]
    note = (
        "✓: all checks of the pattern pass; ✗: one fails. A rival differs from the scenario by its "
        "rule alone: unless it names draws of its own, its other numbers were not fitted again."
    )
    figure = _titled(
        scenario,
        "Rules of decision and the patterns that they fail",
        AROUND + 0.5 + ROW * len(table),
        note,
        size,
    )
    panel = figure.subplots()
    for x, rule in enumerate(rules):
        for y, said in zip(range(len(table))[::-1], table[rule], strict=True):
            mark, colour = MARKS[said]
            panel.text(x, y, mark, ha="center", va="center", fontsize=12, color=colour)
    panel.set_xlim(-0.6, len(rules) - 0.4)
    panel.set_ylim(-0.6, len(table) - 0.4)
    width = max(LINE_OF_RIVALS // len(rules), 6)
    ruled = shortened(rules, 3 * width).shown
    panel.set_xticks(range(len(rules)), [textwrap.fill(ruled[rule], width) for rule in rules])
    names = shortened(list(table["pattern"]), LINE_OF_NAME).shown
    panel.set_yticks(range(len(table))[::-1], [names[name] for name in table["pattern"]])
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.spines[["left", "bottom"]].set_visible(False)
    parts = [f"{one.rival or 'as it is'}: {len(one.failed())}" for one in held]
    return (
        figure,
        f"Patterns of {len(held[0].ruled())} that fail, by rule of decision: {', '.join(parts)}.",
    )


def _draw_check(panel: Axes, y: int, one: Judged) -> None:
    colour = COLOURS[one.passes]
    rule_said = "" if one.passes is None else f"\nrule: {one.check.in_words()}"
    said = f"{_short(one.value)} {one.check.unit}".strip()
    text = f"{first_words(said, LINE_OF_NAME)}, {one.verdict}{rule_said}"
    style: dict[str, Any] = {"va": "center", "fontsize": SMALL, "linespacing": 1.1}
    panel.text(1 + BESIDE, y, text, color=WORDS[colour], **style)
    if not np.isfinite(one.value):
        return
    place, rule = _axis(one)
    if rule is not None:
        panel.barh(y, rule[1] - rule[0], left=rule[0], height=0.8, color=LIGHT_GREY, alpha=0.45)
    low, middle, high = (place(v) for v in (one.low90, one.value, one.high90))
    panel.plot(np.clip([low, high], 0, 1), [y, y], color=colour, linewidth=1.6)
    if 0 <= middle <= 1:
        panel.plot([middle], [y], "o", color=colour, markersize=4.5)
    arrow: dict[str, Any] = {"color": colour, "markersize": 6, "clip_on": False}
    if low < 0:
        panel.plot([0], [y], "<", **arrow)
    if high > 1:
        panel.plot([1], [y], ">", **arrow)
    if one.differs is not None and rule is None:
        panel.plot([0.5, 0.5], [y - 0.35, y + 0.35], color=BLACK, linewidth=0.8)


def _axis(one: Judged) -> tuple[Callable[[float], float], tuple[float, float] | None]:
    """Where on the common axis a value lies, and the rule's span; None where there is no rule."""
    low, high = one.check.limits()
    if np.isfinite(low) and np.isfinite(high):
        width = (high - low) or 1.0
        return lambda v: LOW + (HIGH - LOW) * (v - low) / width, (LOW, HIGH)
    if one.passes is None:
        none = 1.0 if one.check.unit == "times" else 0.0 if one.differs is not None else one.value
        reach = max(abs(one.low90 - none), abs(one.high90 - none)) or 1.0
        return lambda v: 0.5 + (HIGH - LOW) / 2 * (v - none) / reach, None
    limit = low if np.isfinite(low) else high
    reach = max(abs(limit), abs(one.value - limit)) or 1.0
    span = (0.5, 1.0) if np.isfinite(low) else (0.0, 0.5)
    return lambda v: 0.5 + (HIGH - LOW) / 2 * (v - limit) / reach, span


def _short(value: float) -> str:
    if not np.isfinite(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def _titled(scenario: Scenario, subject: str, height: float, note: str, size: Size) -> Figure:
    return titled(scenario.title, subject, height, f"{note} {rests_on(scenario, size)}")
