"""How every figure looks: colours that all can tell apart, plain numbers, what it rests on."""

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from returnsim.analysis.summary import bands
from returnsim.trajectories import Trajectories

# Okabe and Ito (2008), "Color universal design".
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#666666"
LIGHT_GREY = "#BBBBBB"

LABEL_COLOURS = {
    "voluntary": BLUE,
    "hastened": SKY,
    "pushed": VERMILION,
    "not_yet_known": LIGHT_GREY,
    "in_one_run": PURPLE,
}
"""Of ``attribution.LABELS``, the same in every figure; who is induced is coloured as pushed."""

WIDTH = 10.0
DPI = 150
LINE_OF_CAPTION = 172
LINE_OF_TITLE = 100
LABEL_SIZE = 8.0
LABEL_GAP = 1.25
ENDINGS = ("png", "svg")


@contextmanager
def in_style() -> Iterator[None]:
    """Apply the style while figures are drawn and saved, and nowhere else."""
    style: Any = {
        "font.size": 9.0,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": LABEL_SIZE,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "returnsim",
        # A dollar in the title of a scenario is a dollar.
        "text.parse_math": False,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # Scripts that the font lacks are shown as boxes; the run is none the worse for it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def new_figure(trajectories: Trajectories, subject: str, height: float, note: str = "") -> Figure:
    """Begin a figure, with its title and what it rests on.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    subject : str
        What the figure shows.
    height : float
        In inches.
    note : str
        What to know to read it.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    title = textwrap.shorten(trajectories.scenario.title, LINE_OF_TITLE, placeholder=" ...")
    figure.suptitle(f"{title}\n{subject}", x=0.01, ha="left", fontsize=11)
    figure.supxlabel(caption(trajectories, note), x=0.01, ha="left", fontsize=7.5, color=GREY)
    return figure


def caption(trajectories: Trajectories, note: str = "") -> str:
    """Say what a figure rests on, in full lines.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    note : str
        What to know to read the figure.

    Returns
    -------
    str
        Replicates, seed, scale, share of guesses, and that it is no forecast.
    """
    number = len(trajectories.replicates)
    scale = (
        ""
        if trajectories.weight == 1
        else f", each standing for {trajectories.weight:.3g} of the camp's"
    )
    text = (
        f"{note} {number:,} {plural('replicate', number)} (seed {trajectories.seed}) of "
        f"{trajectories.households:,} households{scale}. {trajectories.scenario.rests_on()} This "
        "shows what follows from these assumptions; it is not a forecast."
    )
    return textwrap.fill(text.strip(), LINE_OF_CAPTION)


def plural(word: str, number: int) -> str:
    """The word, with an s unless there is one."""
    return word if number == 1 else f"{word}s"


def save(figure: Figure, directory: Path, name: str) -> list[Path]:
    """Save a figure as PNG and SVG, the same bytes for the same run.

    Parameters
    ----------
    figure : Figure
        Drawn within `in_style`.
    directory : Path
        Where to; it exists.
    name : str
        Of the file, without ending.

    Returns
    -------
    list of Path
        The files.
    """
    files = []
    for ending in ENDINGS:
        file = directory / f"{name}.{ending}"
        metadata: dict[str, Any] = {"svg": {"Date": None}, "png": {"Software": None}}[ending]
        figure.savefig(file, dpi=DPI, metadata=metadata)
        # What was laid out once stays so: the second file is the same picture, sooner.
        figure.set_layout_engine("none")
        files.append(file)
    return files


def since(trajectories: Trajectories) -> str:
    """From when running totals are counted: all along, or from the first week recorded."""
    if trajectories.weeks[0] == 0:
        return "to date"
    day = trajectories.dates[0].astype(object)
    return f"since {day.day} {day:%b %Y}"


def on_axis(days: Any) -> Any:
    """Place a day, or an array of days, on the axis of time."""
    return date2num(days)  # type: ignore[no-untyped-call]


def week_edges(trajectories: Trajectories) -> np.ndarray:
    """Places of the first day recorded and of the first day after each week, shape (W + 1,)."""
    first: float = on_axis(trajectories.dates[0])
    return first + 7.0 * np.arange(len(trajectories.weeks) + 1)


def week_ends(trajectories: Trajectories) -> np.ndarray:
    """Where stocks, and flows to date, are drawn: the first day after each week, shape (W,)."""
    return week_edges(trajectories)[1:]


def time_axis(axes: Axes, trajectories: Trajectories) -> None:
    """Lay out the dates of the weeks recorded."""
    edges = week_edges(trajectories)
    axes.set_xlim(edges[0], edges[-1])
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def count_axis(axes: Axes, unit: str) -> None:
    """An axis of counts from 0, in whole numbers with separators, its unit said."""
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    if axes.get_ylim()[1] < 1:
        axes.set_ylim(top=1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def draw_bands(
    axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, *, inner: bool = True, **line: Any
) -> np.ndarray:
    """Draw the median of the replicates and the ranges of the middle 90 and 50 % of them.

    Parameters
    ----------
    axes : Axes
        Where to.
    x : array, shape (W,)
        Dates.
    values : array, shape (R, W)
        A column of a run.
    colour : str
        Of line and ranges.
    inner : bool
        Whether to draw the range of the middle 50 %.
    **line
        For the median's line.

    Returns
    -------
    array, shape (W,)
        The median.
    """
    found = bands(values)
    if len(x) == 1:
        # A range without width would not be seen.
        axes.vlines(x, found.p5, found.p95, color=colour, alpha=0.4, linewidth=6)
        line = line | {"marker": "o"}
    else:
        axes.fill_between(x, found.p5, found.p95, color=colour, alpha=0.18, linewidth=0)
        if inner:
            axes.fill_between(x, found.p25, found.p75, color=colour, alpha=0.3, linewidth=0)
    # A line at nothing must be seen, not cut in half by the edge of the panel.
    axes.plot(x, found.p50, color=colour, **({"linewidth": 1.4, "clip_on": False} | line))
    return found.p50


def label_ends(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Name lines where they end, on the right, moved apart where they would touch.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    labels : sequence of (float, str, str)
        Height of the line's end, text and colour; lines that end in NaN get no label.
    """
    there = sorted((label for label in labels if np.isfinite(label[0])), key=lambda x: x[0])
    to_pixels, to_axes = axes.transData.transform, axes.transAxes.inverted().transform
    # Constrained layout has not run yet; three quarters are about what it leaves of the height.
    height = axes.bbox.height * 72 / axes.figure.dpi * 0.75
    gap = LABEL_SIZE * LABEL_GAP / height
    heights = [float(to_axes(to_pixels((0, y)))[1]) for y, _, _ in there]
    for y, (_, text, colour) in zip(_apart(heights, gap), there, strict=True):
        axes.annotate(
            text,
            (1.01, y),
            xycoords="axes fraction",
            color=colour,
            fontsize=LABEL_SIZE,
            va="center",
            annotation_clip=False,
        )


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart to a gap, each as little as can be, and within the panel."""
    from scipy.optimize import isotonic_regression

    if not heights:
        return []
    steps = gap * np.arange(len(heights))
    nearest = isotonic_regression(np.asarray(heights) - steps).x
    within = np.clip(nearest, 0.0, max(0.0, 1.0 - float(steps[-1])))
    return [float(height) for height in within + steps]


def say_if_empty(axes: Axes, values: np.ndarray, text: str) -> None:
    """Write why a panel is empty, where none of its values exists."""
    if np.isnan(values).all():
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)
