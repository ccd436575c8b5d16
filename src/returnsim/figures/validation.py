"""Figure of a validation: each observation, what was foretold of it, and what the naive say."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator

from returnsim.analysis.quantities import PERCENT
from returnsim.analysis.validation import Point, Validation
from returnsim.analysis.worlds import Size
from returnsim.figures.colours import BLACK, BLUE, GREY, ORANGE, VERMILION
from returnsim.figures.labels import shortened
from returnsim.figures.style import LABEL_SIZE, in_style, save, titled
from returnsim.scenario.schema import Scenario

ROW, AROUND = 0.2, 1.9
LONGEST_NAME = 60
PLAIN_UP_TO = 10.0
"""Counts are on a scale that is plain up to here, or further, and logarithmic beyond: nothing has a
place on it."""


def write_validation_figure(
    scenario: Scenario, validation: Validation, size: Size, directory: Path
) -> dict[str, str]:
    """Draw a validation, as PNG and SVG.

    Parameters
    ----------
    scenario : Scenario
        What was held against the record.
    validation : Validation
        What came of it.
    size : Size
        Of the runs.
    directory : Path
        Where to; it exists.

    Returns
    -------
    dict of str to str
        For the figure, by the stem of its files, a sentence on what it shows.
    """
    if not any(point.is_told for point in validation.points):
        return {}
    with in_style():
        figure, sentence = validation_figure(scenario, validation, size)
        save(figure, directory, "validation")
    return {"validation": sentence}


def validation_figure(scenario: Scenario, validation: Validation, size: Size) -> tuple[Figure, str]:
    """What was foretold beside what was observed; and a sentence."""
    groups = _groups([point for point in validation.points if point.is_told])
    rows = sum(len(points) for _, points in groups)
    note = (
        "Bands: the middle 50 and 90 % of what would be observed if the model were right, with the "
        "luck of a single history, the error of observation and the misfit of the fit. Markers "
        "with lines: what was observed, and its range. The naive forecasts, the last value carried "
        "on and a straight line, know only what was fitted to before the day. What was used to "
        "fit is no test."
    )
    height = AROUND + 0.35 * len(groups) + ROW * rows
    text = f"{note} {rests_on(scenario, size)}"
    figure = titled(scenario.title, "Foretold and observed", height, text)
    key, *panels = figure.subplots(
        len(groups) + 1, 1, height_ratios=[1.6, *(len(points) + 1.2 for _, points in groups)]
    )
    key.set_axis_off()
    key.legend(handles=_handles(), loc="center right", ncols=3, fontsize=LABEL_SIZE - 0.5)
    for panel, (name, points) in zip(panels, groups, strict=True):
        _draw(panel, name, points)
    return figure, _sentence(validation)


def rests_on(scenario: Scenario, size: Size) -> str:
    """What a figure of this kind rests on, in sentences."""
    camp = f"{size.households:,} households for the camp" if size.households else "the whole camp"
    return f"{size.replicates:,} replicates (seed {size.seed}), {camp}. {scenario.rests_on()}"


def _groups(points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """Those that judge before those that were used, counts before percent; each by date."""
    groups = []
    for used, role in ((False, "not used to fit"), (True, "used to fit")):
        for percent, unit in ((False, "counts"), (True, "percent")):
            mine = [
                p for p in points if p.used == used and (p.observation.unit in PERCENT) == percent
            ]
            if mine:
                groups.append((f"{role}, {unit}", sorted(mine, key=lambda p: p.observation.end)))
    return groups


def _draw(panel: Axes, name: str, points: Sequence[Point]) -> None:
    height = np.arange(len(points))[::-1]
    for band, alpha in (
        (((p.low90, p.high90) for p in points), 0.22),
        (
            ((p.low50, p.high50) for p in points),
            0.45,
        ),
    ):
        low, high = np.array(list(band)).T
        panel.barh(height, high - low, left=low, height=0.7, color=BLUE, alpha=alpha, linewidth=0)
    panel.plot([p.median for p in points], height, "|", color=BLUE, markersize=7, clip_on=False)
    for marker, colour, which in (("^", GREY, "carried"), ("s", ORANGE, "trend")):
        values = [getattr(p.naive, which) for p in points]
        panel.plot(
            values,
            height,
            marker,
            color="none",
            markeredgecolor=colour,
            markersize=4,
            clip_on=False,
        )
    for y, point in zip(height, points, strict=True):
        colour = BLACK if point.is_within(0.9) else VERMILION
        one = point.observation
        panel.plot([one.low, one.high], [y, y], color=colour, linewidth=1.2, clip_on=False)
        panel.plot([one.best], [y], "o", color=colour, markersize=3.5, clip_on=False)
    names = shortened([_label(point) for point in points], LONGEST_NAME).shown
    panel.set_yticks(height, [names[_label(point)] for point in points], fontsize=LABEL_SIZE - 1)
    panel.tick_params(axis="x", labelsize=LABEL_SIZE - 1)
    panel.set_ylim(-0.6, len(points) - 0.4)
    panel.grid(axis="x")
    panel.grid(visible=False, axis="y")
    highest = max(max(p.high90, p.observation.high) for p in points)
    if name.endswith("counts") and highest > 3 * PLAIN_UP_TO:
        lowest = min(min(p.low90, p.observation.low) for p in points)
        begin = _plain_up_to(lowest)
        panel.set_xscale("symlog", linthresh=begin, linscale=0.5)
        decades = np.arange(np.log10(begin), np.log10(highest))
        panel.set_xticks([0.0, *(10.0**decades)])
        panel.xaxis.set_minor_locator(NullLocator())
        name = f"{name}; scale in powers of ten above {begin:,.0f}"
    panel.set_title(name, fontsize=LABEL_SIZE + 0.5)
    panel.set_xlim(left=0)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))


def _plain_up_to(lowest: float) -> float:
    """Where the logarithmic part begins: at the power of ten below all that is drawn."""
    return float(max(PLAIN_UP_TO, 10.0 ** np.floor(np.log10(max(lowest, 1.0)))))


def _label(point: Point) -> str:
    one = point.observation
    what = one.quantity.replace("_", " ")
    if one.guarantor:
        what += f" ({one.guarantor})"
    if one.start is None:
        return f"{what}, {one.end.day} {one.end:%b %Y}"
    return f"{what}, {one.start.day} {one.start:%b %y} to {one.end.day} {one.end:%b %y}"


def _handles() -> list[Patch | Line2D]:
    def hollow(marker: str, colour: str, label: str) -> Line2D:
        line = Line2D([], [], marker=marker, linestyle="none", color="none", label=label)
        line.set_markeredgecolor(colour)
        return line

    return [
        Line2D([], [], color=BLUE, marker="|", linestyle="none", label="foretold, median"),
        Patch(color=BLUE, alpha=0.6, linewidth=0, label="foretold, middle 50 %"),
        Patch(color=BLUE, alpha=0.22, linewidth=0, label="foretold, middle 90 %"),
        Line2D([], [], color=BLACK, marker="o", markersize=3.5, label="observed, within 90 %"),
        Line2D([], [], color=VERMILION, marker="o", markersize=3.5, label="observed, outside"),
        hollow("^", GREY, "naive, last value"),
        hollow("s", ORANGE, "naive, straight line"),
    ]


def _sentence(validation: Validation) -> str:
    if not validation.coverage:
        return "No observation was left to judge by; all that is drawn was used to fit."
    parts = [f"{one.within} lie in the middle {one.band:.0%}" for one in validation.coverage]
    verdicts = {one.verdict for one in validation.coverage} - {""}
    said = f"; the bands are {' and '.join(sorted(verdicts))}" if verdicts else ""
    return (
        f"Of {validation.coverage[0].points} observations that were not used to fit, "
        f"{' and '.join(parts)}{said}."
    )
