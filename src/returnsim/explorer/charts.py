"""The charts of the page, as data: in grey what is written, in colour what is changed.

Colours are names of the page's style sheet, so that a chart is dark on a dark page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from returnsim.analysis.attribution import column_of_pair
from returnsim.analysis.simulated import camp_at_start
from returnsim.analysis.summary import PAIR, Bands, percentiles
from returnsim.explorer.picture import Picture
from returnsim.explorer.words import WHENEVER, WINDOW, named

Options = dict[str, Any]
MOST_POINTS = 400
WRITTEN = "var(--written)"
INK, FAINT, PAPER = "var(--ink)", "var(--faint)", "var(--paper)"
BLUE, VERMILION, SKY = "var(--blue)", "var(--vermilion)", "var(--sky)"
GREEN, PURPLE, ORANGE, BLACK = "var(--green)", "var(--purple)", "var(--orange)", "var(--black)"
TRUST_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
AS_WRITTEN = "as written"
PERCENTAGES = (5.0, 25.0, 50.0, 75.0, 95.0)
PLOT, LABEL = 200.0, 15.0
"""Heights in pixels of what is drawn on, about, and of a label."""

ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
WHOLE = "value => value == null ? '–' : Math.round(value).toLocaleString('en')"
SHARE = "value => value == null ? '–' : value.toFixed(2)"
RETURNED = (
    (("voluntary",), "willing", BLUE),
    (("hastened",), "hastened", SKY),
    (("pushed",), "pushed", VERMILION),
    (("not_yet_known", "in_one_run"), "cannot be told", ORANGE),
)
"""The labels of returns by the line that they are drawn in; together they are all returns."""

HARM = (
    ("detained", "detained", VERMILION),
    ("conscripted", "conscripted", BLUE),
    ("disappeared", "disappeared", PURPLE),
    ("killed", "killed", BLACK),
    ("died_in_camp", "died in camp", GREEN),
)


class Line:
    """One line with its band over replicates, of the scenario as written or changed.

    Parameters
    ----------
    name : str
        What it is called at its end.
    values : array, shape (R, W)
        By replicate.
    colour : str
        Of the style sheet.
    is_all_written : bool
        Whether it is the only one as written, whatever the changed one is called.
    """

    def __init__(
        self, name: str, values: np.ndarray, colour: str, *, is_all_written: bool = False
    ) -> None:
        self.name, self.colour, self.is_all_written = name, colour, is_all_written
        self.bands = _bands(values)

    @property
    def last(self) -> float:
        """The last median there is; NaN without any."""
        there = self.bands.p50[~np.isnan(self.bands.p50)]
        return float(there[-1]) if len(there) else float("nan")

    @property
    def reaches_the_end(self) -> bool:
        """Whether there is a median of the last week too."""
        return not np.isnan(self.bands.p50[-1])


def camp(written: Picture, changed: Picture | None) -> tuple[Options, str]:
    """People in the camp."""

    def values(picture: Picture) -> np.ndarray:
        told = picture.trajectories
        return np.column_stack([camp_at_start(told), told["camp_population"]])

    lines = [Line("changed" if changed else "in camp", values(changed or written), BLUE)]
    if changed:
        lines.insert(0, Line(AS_WRITTEN, values(written), WRITTEN, is_all_written=True))
    days = _days(written, from_start=True)
    return _chart(days, lines, WHOLE), _said("People in the camp at the end", lines)


def departures(written: Picture, changed: Picture | None) -> tuple[Options, str]:
    """Returned in the weeks recorded, by what the siege has to do with it."""

    def lines_of(picture: Picture, colour: str | None) -> list[Line]:
        told = picture.trajectories
        return [
            Line(
                name,
                np.sum([told[column_of_pair(label, PAIR)] for label in labels], axis=0).cumsum(1),
                colour or own,
            )
            for labels, name, own in RETURNED
        ]

    lines = [*(lines_of(written, WRITTEN) if changed else ()), *lines_of(changed or written, None)]
    when = WINDOW if written.is_window else "by the end"
    return _chart(_days(written), lines, WHOLE), _said(f"Returned {when}", lines)


def harm(written: Picture, changed: Picture | None) -> tuple[Options, str]:
    """Harm in the weeks recorded: after the return, and in the camp."""

    def lines_of(picture: Picture, colour: str | None) -> list[Line]:
        told = picture.trajectories
        return [Line(name, told[column].cumsum(1), colour or own) for column, name, own in HARM]

    lines = [*(lines_of(written, WRITTEN) if changed else ()), *lines_of(changed or written, None)]
    when = f"{WINDOW}, {WHENEVER}" if written.is_window else "by the end"
    return _chart(_days(written), lines, WHOLE), _said(f"Harmed {when}", lines)


def trust(written: Picture, changed: Picture | None) -> tuple[Options, str]:
    """Mean trust of those in the camp in each guarantor."""

    def lines_of(picture: Picture, is_written: bool) -> list[Line]:
        told = picture.trajectories
        return [
            Line(
                named(name),
                told[f"trust_{name}"],
                WRITTEN if is_written else TRUST_COLOURS[place % len(TRUST_COLOURS)],
            )
            for place, name in enumerate(told.scenario.guarantor_names)
        ]

    lines = [*(lines_of(written, True) if changed else ()), *lines_of(changed or written, False)]
    options = _chart(_days(written), lines, SHARE, top=1.0)
    if all(line.reaches_the_end for line in lines):
        return options, _said("Mean trust at the end", lines, lambda line: f"{line.last:.2f}")
    return options, _said("Mean trust", lines, _last_trust)


def story(
    days: Sequence[str],
    names: Sequence[str],
    trust: np.ndarray,
    hardship: np.ndarray,
    week: int,
) -> Options:
    """A household's trust in each guarantor and its hardship, with the week that is looked at."""
    lines = [
        Line(name, values[np.newaxis], TRUST_COLOURS[i % len(TRUST_COLOURS)])
        for i, (name, values) in enumerate(zip(names, trust, strict=True))
    ]
    lines.append(Line("hardship", hardship[np.newaxis], BLACK))
    options = _chart(days, lines, SHARE, top=1.0)
    options["series"][-1]["markLine"] = {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"color": FAINT, "type": "dashed"},
        "data": [{"xAxis": days[week]}],
    }
    return options


def _bands(values: np.ndarray) -> Bands:
    """As `bands`, sooner where every replicate has a value."""
    whole = ~np.isnan(values).any(axis=0)
    found = np.empty((len(PERCENTAGES), values.shape[1]))
    found[:, whole] = np.percentile(values[:, whole], PERCENTAGES, axis=0)
    found[:, ~whole] = percentiles(values[:, ~whole], PERCENTAGES)
    return Bands(*found)


def _days(picture: Picture, *, from_start: bool = False) -> list[str]:
    dates = picture.trajectories.dates
    ends = dates + np.timedelta64(7, "D")
    return [str(day) for day in (np.append(dates[:1], ends) if from_start else ends)]


def _chart(
    days: Sequence[str], lines: Sequence[Line], formatter: str, top: float | None = None
) -> Options:
    stride = max(1, -(-len(days) // MOST_POINTS))
    # The last day is always there.
    shown = np.arange(len(days) - 1, -1, -stride)[::-1]
    digits = 0 if top is None else 3
    highest = top or _top(lines)
    offsets = _apart([line.last / highest * PLOT for line in lines if _is_named(line)])
    places = iter(offsets)
    series = [
        part
        for n, line in enumerate(lines)
        for part in _series(n, line, days, shown, digits, next(places) if _is_named(line) else None)
    ]
    value_axis: Options = {
        "type": "value",
        "min": 0,
        "max": highest,
        "axisLabel": {"color": INK, "fontSize": 12},
        "splitLine": {"lineStyle": {"color": "var(--grid)"}},
    }
    return {
        "animation": False,
        "grid": {"left": 8, "right": 108, "top": 12, "bottom": 6, "containLabel": True},
        "textStyle": {"fontFamily": "inherit"},
        "tooltip": {
            "trigger": "axis",
            ":valueFormatter": formatter,
            "backgroundColor": PAPER,
            "borderColor": FAINT,
            "textStyle": {"color": INK, "fontSize": 12},
            "confine": True,
        },
        "xAxis": {
            "type": "time",
            "axisLabel": {"color": INK, "hideOverlap": True, "fontSize": 12},
            "axisLine": {"lineStyle": {"color": FAINT}},
        },
        "yAxis": value_axis,
        "series": series,
    }


def _is_named(line: Line) -> bool:
    """Whether a line is named where it ends; NaN has no end."""
    return (line.colour != WRITTEN or line.is_all_written) and line.last == line.last


def _top(lines: Sequence[Line]) -> float:
    """A round number above all that is drawn."""
    there = [values[~np.isnan(values)] for line in lines for values in (line.bands.p95,)]
    highest = max([float(values.max()) for values in there if len(values)], default=0.0)
    if highest < 5:
        return 5.0
    power: float = 10.0 ** np.floor(np.log10(highest))
    return next(float(part * power) for part in ROUND if part * power >= highest)


def _apart(heights: Sequence[float]) -> list[float]:
    """How far labels at some heights must move so that none lies on another, in pixels down."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved, below = [0.0] * len(heights), -LABEL
    for i in order:
        placed = max(heights[i], below + LABEL)
        moved[i], below = heights[i] - placed, placed
    # What is pushed over the top pushes back.
    over = max(0.0, below - PLOT)
    above = PLOT + LABEL
    for i in reversed(order if over else []):
        placed = min(heights[i] - moved[i], above - LABEL)
        moved[i], above = heights[i] - placed, placed
    return moved


def _series(
    number: int,
    line: Line,
    days: Sequence[str],
    shown: np.ndarray,
    digits: int,
    moved: float | None,
) -> list[Options]:
    is_written = line.colour == WRITTEN
    is_behind = is_written and not line.is_all_written
    low, middle, high = line.bands.p5, line.bands.p50, line.bands.p95

    def data(values: np.ndarray) -> list[list[Any]]:
        told = np.round(values, digits).tolist()
        return [[days[i], told[i] if told[i] == told[i] else None] for i in shown.tolist()]

    stack = f"band {number}"
    quiet: Options = {
        "type": "line",
        "symbol": "none",
        "silent": True,
        "lineStyle": {"opacity": 0, "color": line.colour},
        "tooltip": {"show": False},
        "stack": stack,
        "stackStrategy": "all",
        "emphasis": {"disabled": True},
        "z": 1 if is_written else 2,
    }
    area = {"areaStyle": {"color": line.colour, "opacity": 0.22 if is_written else 0.16}}
    return [
        quiet | {"name": f"{stack} low", "data": data(low)},
        quiet | {"name": f"{stack} high", "data": data(high - low)} | area,
        {
            "name": f"{line.name}, {AS_WRITTEN}" if is_behind else line.name,
            "type": "line",
            "symbol": "none",
            "data": data(middle),
            "itemStyle": {"color": line.colour},
            "lineStyle": {"color": line.colour, "width": 1.5 if is_written else 2.2},
            "emphasis": {"disabled": True},
            "z": 3 if is_written else 4,
            "endLabel": {
                "show": moved is not None,
                "offset": [0, round(moved or 0.0)],
                "formatter": line.name,
                "color": f"color-mix(in srgb, {line.colour}, var(--ink) 25%)",
                "fontSize": 12,
                "distance": 6,
            },
        },
    ]


def _last_trust(line: Line) -> str:
    """The last mean trust there is, and whether it is that of the end."""
    if line.last != line.last:
        return "not defined"
    when = "at the end" if line.reaches_the_end else "when last anybody was in camp"
    return f"{line.last:.2f} {when}"


def _said(
    subject: str,
    lines: Sequence[Line],
    last: Callable[[Line], str] = lambda line: f"{line.last:,.0f}",
) -> str:
    parts = []
    for line in lines:
        if line.colour != WRITTEN:
            there = (o for o in lines if o.colour == WRITTEN)
            before = next((o for o in there if o.is_all_written or o.name == line.name), None)
            was = f" (as written {last(before)})" if before is not None else ""
            parts.append(f"{line.name} {last(line)}{was}")
    return f"{subject}, medians: {', '.join(parts)}."
