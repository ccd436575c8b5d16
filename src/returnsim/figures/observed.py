"""What was observed, drawn into a figure: its range, and a number that leads to its source."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from returnsim.analysis.observations import Observation
from returnsim.figures.colours import BLACK, GREY, PAPER, VERMILION, WORDS
from returnsim.figures.style import LABEL_SIZE, first_words, on_axis
from returnsim.trajectories import Trajectories

LONGEST_SOURCE = 30
MOST_IN_KEY = 30
COLUMNS_OF_KEY = 2
LINE_OF_KEY = 1.4
BREAKS = re.compile(r"[,;:(]")


class Look(NamedTuple):
    """Marker, colour and meaning of a use."""

    marker: str
    colour: str
    meaning: str


LOOKS = {
    "calibrate": Look("o", BLACK, "observed, used to fit"),
    "validate": Look("D", VERMILION, "observed, kept to judge by"),
    "context": Look("X", GREY, "observed, context only"),
}


class Mark(NamedTuple):
    """An observation at its place.

    Attributes
    ----------
    number : int
        As in the key.
    observation : Observation
        What was observed.
    base : float
        What its values are counted from.
    """

    number: int
    observation: Observation
    base: float


def within(
    trajectories: Trajectories, observations: Sequence[Observation], quantity: str
) -> list[Observation]:
    """Pick observations of a quantity, of all guarantors together, within the weeks recorded.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observations : sequence of Observation
        All that there are.
    quantity : str
        Which to pick.

    Returns
    -------
    list of Observation
        By date.
    """
    first = trajectories.dates[0].item()
    after = (trajectories.dates[-1] + np.timedelta64(7, "D")).item()
    there = [
        o
        for o in observations
        if o.quantity == quantity
        and o.guarantor is None
        and first <= (o.start or o.end)
        and o.end < after
    ]
    return sorted(there, key=lambda o: (o.end, o.start or o.end))


def numbered(observations: Sequence[Observation]) -> list[Mark]:
    """Number observations, each counted from 0."""
    return [Mark(i, o, 0.0) for i, o in enumerate(observations, start=1)]


def draw_observed(axes: Axes, marks: Sequence[Mark]) -> None:
    """Draw each observation at the end of its last day: its best value, its range, its number.

    Parameters
    ----------
    axes : Axes
        Where to.
    marks : sequence of Mark
        What.
    """
    for number, o, base in marks:
        look = LOOKS[o.use]
        x = on_axis(o.end) + 1.0
        axes.vlines(
            x,
            base + o.low,
            base + o.high,
            color=look.colour,
            linewidth=1.2,
            zorder=4,
            clip_on=False,
        )
        axes.plot(
            [x],
            [base + o.best],
            marker=look.marker,
            color=look.colour,
            markersize=4.5,
            markeredgecolor=PAPER,
            markeredgewidth=0.5,
            linestyle="none",
            zorder=5,
            clip_on=False,
        )
        axes.annotate(
            str(number),
            (x, base + o.high),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=LABEL_SIZE - 1,
            color=WORDS[look.colour],
            ha="center",
            zorder=6,
            path_effects=[withStroke(linewidth=2, foreground=PAPER)],
        )


def draw_key(
    axes: Axes, marks: Sequence[Mark], heading: str = "Observed", columns: int = COLUMNS_OF_KEY
) -> None:
    """List numbers, dates and sources in an empty panel.

    Parameters
    ----------
    axes : Axes
        A panel of its own; its frame is taken away.
    marks : sequence of Mark
        What was drawn.
    heading : str
        Above the list.
    columns : int
        Into how many the list is set.
    """
    axes.set_axis_off()
    axes.set_title(heading, fontsize=LABEL_SIZE)
    entries = [
        f"{number:>2}  {o.end.day} {o.end:%b %Y}, {short_source(o.source)}"
        for number, o, _ in marks[:MOST_IN_KEY]
    ]
    if len(marks) > MOST_IN_KEY:
        entries.append(f"and {len(marks) - MOST_IN_KEY} more, in observations.csv")
    length = key_lines(marks, columns)
    for column in range(columns):
        axes.text(
            *(column / columns, 1, "\n".join(entries[column * length :][:length])),
            transform=axes.transAxes,
            va="top",
            fontsize=LABEL_SIZE - 1,
            linespacing=LINE_OF_KEY,
        )


def key_lines(marks: Sequence[Mark], columns: int = COLUMNS_OF_KEY) -> int:
    """How many lines a key has."""
    return -(-min(len(marks), MOST_IN_KEY + 1) // columns)


def key_height(marks: Sequence[Mark], columns: int = COLUMNS_OF_KEY) -> float:
    """How high a key is, in inches, its heading included."""
    return (key_lines(marks, columns) + 1.5) * (LABEL_SIZE - 1) * LINE_OF_KEY / 72


def legend_handles(marks: Sequence[Mark]) -> list[Line2D]:
    """Markers for a legend, of the uses that occur."""
    used = {mark.observation.use for mark in marks}
    return [
        Line2D(
            [],
            [],
            marker=look.marker,
            color=look.colour,
            linestyle="none",
            markersize=4.5,
            label=look.meaning,
        )
        for use, look in LOOKS.items()
        if use in used
    ]


def short_source(source: str) -> str:
    """The first words of a source, as far as a comma or the like."""
    first = BREAKS.split(source)[0].strip() or "no source given"
    return first_words(first, LONGEST_SOURCE)
