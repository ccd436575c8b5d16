"""How every figure looks: its size, plain numbers, dates and bands, what it rests on."""

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
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
from returnsim.figures.colours import BLACK, GREY, GRID, for_both_pages
from returnsim.folders import write_text
from returnsim.trajectories import Trajectories

WIDTH = 7.5
"""In inches, at which the smallest words are still read on half a page and on a phone held wide."""

DPI = 160
TITLE_SIZE, CAPTION_SIZE = 10.5, 7.5
LINE_OF_CAPTION = 122
LINE_OF_TITLE = 84
USUAL_LINES = 5
"""Of title and caption together; what is more makes a figure higher, not its panels lower."""

NARROW = 0.5
"""Share of the width below which a panel has room for few dates."""

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
        "grid.color": GRID,
        "text.color": BLACK,
        "axes.labelcolor": BLACK,
        "axes.titlecolor": BLACK,
        "xtick.color": BLACK,
        "ytick.color": BLACK,
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
    return titled(trajectories.scenario.title, subject, height, caption(trajectories, note))


def titled(title: str, subject: str, height: float, text: str) -> Figure:
    """Begin a figure of anything.

    Parameters
    ----------
    title : str
        Of what was run.
    subject : str
        What the figure shows; each line of it is wrapped by itself.
    height : float
        In inches, with a title and a caption of the usual length.
    text : str
        The caption: what to know to read it, and what it rests on.

    Returns
    -------
    Figure
    """
    lines = [line for part in subject.splitlines() for line in even_lines(part, LINE_OF_TITLE)]
    head = [first_words(title, LINE_OF_TITLE), *lines]
    foot = textwrap.wrap(text, LINE_OF_CAPTION)
    more = max(0, len(head) + len(foot) - USUAL_LINES)
    figure = Figure(figsize=(WIDTH, height + more * CAPTION_SIZE * LABEL_GAP / 72))
    FigureCanvasAgg(figure)
    figure.suptitle("\n".join(head), x=0.01, ha="left", fontsize=TITLE_SIZE)
    figure.supxlabel("\n".join(foot), x=0.01, ha="left", fontsize=CAPTION_SIZE, color=GREY)
    return figure


def first_words(text: str, most: int) -> str:
    """The words with which a text begins, as far as there is room; of a single word a part."""
    shown = textwrap.shorten(text, most, placeholder=" ...")
    return f"{text[: most - 4]} ..." if shown == "..." else shown


def even_lines(text: str, most: int) -> list[str]:
    """Wrap a text into as few lines as it takes, and these as even as can be.

    Parameters
    ----------
    text : str
        A title or a name.
    most : int
        Characters of a line at most.

    Returns
    -------
    list of str
    """
    number = len(textwrap.wrap(text, most))
    wrapped = (textwrap.wrap(text, width) for width in range(1, most + 1))
    return next((lines for lines in wrapped if len(lines) <= number), [])


def caption(trajectories: Trajectories, note: str = "") -> str:
    """Say what a figure rests on.

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
    return text.strip()


def plural(word: str, number: int) -> str:
    """The word, with an s unless there is one."""
    return word if number == 1 else f"{word}s"


def rounded(value: float) -> str:
    """Whole, but for small medians between two whole numbers."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


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
    files = [directory / f"{name}.{ending}" for ending in ENDINGS]
    figure.savefig(files[0], dpi=DPI, metadata={"Software": None})
    # What was laid out once stays so: the second file is the same picture, sooner.
    figure.set_layout_engine("none")
    text = StringIO()
    figure.savefig(text, format="svg", dpi=DPI, metadata={"Date": None})
    write_text(files[1], for_both_pages(text.getvalue()))
    return files


def since(trajectories: Trajectories) -> str:
    """From when running totals are counted: all along, or from the first week recorded."""
    if trajectories.weeks[0] == 0:
        return "to date"
    day = trajectories.dates[0].astype(object)
    return f"since {day.day} {day:%b %Y}"


def of_these(trajectories: Trajectories) -> str:
    """Of whose returns a figure is that follows them: a sentence where not of all."""
    if trajectories.weeks[0] == 0:
        return ""
    return f" Told of those who returned {since(trajectories)}, and not of those before."


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
    locator = AutoDateLocator(*date_ticks(axes))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def date_ticks(axes: Axes) -> tuple[None, int, int]:
    """How few and how many dates there is room for: fewer where panels stand abreast.

    Below the fewest years Matplotlib takes months, six of them at most between two dates.
    """
    return (None, 4, 9) if axes.get_position().width > NARROW else (None, 2, 5)


def count_axis(axes: Axes, unit: str) -> None:
    """An axis of counts from 0, in whole numbers with separators, its unit said."""
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    if axes.get_ylim()[1] < 1:
        axes.set_ylim(top=1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def draw_bands(
    axes: Axes,
    x: np.ndarray,
    values: np.ndarray,
    colour: str,
    *,
    inner: bool = True,
    shade: float = 0.18,
    **line: Any,
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
    shade : float
        How opaque the range of the middle 90 % is; less where many overlap.
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
        axes.vlines(x, found.p5, found.p95, color=colour, alpha=0.4, linewidth=6, clip_on=False)
        line = line | {"marker": "o"}
    else:
        axes.fill_between(x, found.p5, found.p95, color=colour, alpha=shade, linewidth=0)
        if inner:
            axes.fill_between(x, found.p25, found.p75, color=colour, alpha=0.3, linewidth=0)
    # A line at nothing must be seen, not cut in half by the edge of the panel.
    axes.plot(x, found.p50, color=colour, **({"linewidth": 1.4, "clip_on": False} | line))
    return found.p50


def say_if_empty(axes: Axes, values: np.ndarray, text: str) -> None:
    """Write why a panel is empty, where none of its values exists."""
    if np.isnan(values).all():
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)
