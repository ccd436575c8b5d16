"""Names beside what is drawn: short and told apart, led to their lines, clear of points."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox, offset_copy

from returnsim.figures.colours import GREY, PAPER
from returnsim.figures.style import LABEL_GAP, LABEL_SIZE

LEAD = 16.0
"""Points from the edge of a panel to the names beside it, for a piece of each line."""

NEAREST, FURTHEST, STEP = 4.0, 84.0, 8.0
"""Points from a dot to the edge of its name."""

DIRECTIONS = 16
CLEARANCE = 5.5
"""Points about the middle of a dot that no name may touch."""


class Shortened(NamedTuple):
    """Names as a figure shows them.

    Attributes
    ----------
    shown : dict of str to str
        Every name to what is shown of it, no two alike.
    note : str
        What to know of the parts that are left out; empty where nothing is, or it goes without
        saying.
    """

    shown: dict[str, str]
    note: str


class Label(NamedTuple):
    """What a line or an area is called where it ends.

    Attributes
    ----------
    height : float
        Of the end, or the middle of the area there; NaN where there is none.
    text : str
        The name.
    colour, style : str
        Of the line.
    """

    height: float
    text: str
    colour: str
    style: str = "-"


def shortened(names: Sequence[str], most: int) -> Shortened:
    """Shorten names by what all of them share, and only then cut them.

    Parameters
    ----------
    names : sequence of str
        All that a figure shows. Parts of the names of designed cases are set apart by commas, as
        in ``siege=0.5, word=kept``.
    most : int
        Characters that there is room for.

    Returns
    -------
    Shortened
    """
    note = ""
    shown = {name: name for name in names}
    if len(shown) > 1 and _is_long(shown, most):
        shown, note = _without_shared_parts(shown, most)
    if len(shown) > 1 and _is_long(shown, most):
        shown = _without_shared_words(shown)
    for cut in (_cut_end, _cut_middle, _cut_start):
        found = {name: cut(text, most) for name, text in shown.items()}
        if len(set(found.values())) == len(found):
            return Shortened(found, note)
    numbered = {
        name: _cut_end(f"{place}: {text}", most)
        for place, (name, text) in enumerate(shown.items(), start=1)
    }
    return Shortened(numbered, note)


def _is_long(shown: dict[str, str], most: int) -> bool:
    return any(len(text) > most for text in shown.values())


def _without_shared_parts(shown: dict[str, str], most: int) -> tuple[dict[str, str], str]:
    """Leave out parts that are the same in all names, then what all parts of a place begin with."""
    rows = [text.split(", ") for text in shown.values()]
    if len({len(row) for row in rows}) > 1 or len(rows[0]) == 1:
        return shown, ""
    columns = list(zip(*rows, strict=True))
    shared = [column[0] for column in columns if len(set(column)) == 1]
    columns = [column for column in columns if len(set(column)) > 1]
    note = f" All have {', '.join(shared)}." if shared else ""
    found = _joined(shown, columns)
    keys = [_key(column) for column in columns]
    if _is_long(found, most) and any(keys):
        bare = [
            [part.removeprefix(f"{key}=") for part in column]
            for key, column in zip(keys, columns, strict=True)
        ]
        found = _joined(shown, bare)
        note = f"Names give, in this order: {', '.join(key or 'case' for key in keys)}.{note}"
    return found, note.strip()


def _joined(shown: dict[str, str], columns: Sequence[Sequence[str]]) -> dict[str, str]:
    return dict(zip(shown, map(", ".join, zip(*columns, strict=True)), strict=True))


def _key(column: Sequence[str]) -> str:
    """What stands before the equals sign in every part, where that is the same."""
    keys = {part.partition("=")[0] if "=" in part else "" for part in column}
    return keys.pop() if len(keys) == 1 else ""


def _without_shared_words(shown: dict[str, str]) -> dict[str, str]:
    """Leave out the words that all begin with, and those that all end with."""
    rows = [text.split() for text in shown.values()]
    first = _shared(rows)
    last = _shared([row[first:][::-1] for row in rows])
    return {
        name: ("… " if first else "")
        + " ".join(row[first : len(row) - last])
        + (" …" if last else "")
        for name, row in zip(shown, rows, strict=True)
    }


def _shared(rows: Sequence[Sequence[str]]) -> int:
    """How many words all rows begin with, so that a word is left of each."""
    most = min(len(row) for row in rows) - 1
    return next((n for n in range(most) if len({row[n] for row in rows}) > 1), max(most, 0))


def _cut_end(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _cut_middle(text: str, most: int) -> str:
    head = (most - 1) // 2
    return text if len(text) <= most else f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def _cut_start(text: str, most: int) -> str:
    return text if len(text) <= most else f"…{text[len(text) - most + 1 :]}"


def label_ends(axes: Axes, labels: Sequence[Label]) -> None:
    """Name lines where they end, on the right, moved apart where they would touch.

    A piece of each line leads to its name, which is in ink: words in pale colours are hard to
    read, and darker ones are hard to tell apart.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    labels : sequence of Label
        In any order.
    """
    there = sorted((label for label in labels if np.isfinite(label.height)), key=lambda x: x.height)
    to_pixels, to_axes = axes.transData.transform, axes.transAxes.inverted().transform
    # Constrained layout has not run yet; three quarters are about what it leaves of the height.
    height = axes.bbox.height * 72 / axes.figure.dpi * 0.75
    gap = LABEL_SIZE * LABEL_GAP / height
    ends = [float(np.clip(to_axes(to_pixels((0, x.height)))[1], 0, 1)) for x in there]
    beside = offset_copy(axes.transAxes, axes.get_figure(root=True), x=LEAD, units="points")
    for end, y, label in zip(ends, _apart(ends, gap), there, strict=True):
        axes.annotate(
            label.text,
            (1, end),
            (1, y),
            xycoords="axes fraction",
            textcoords=beside,
            fontsize=LABEL_SIZE,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.colour,
                "linestyle": label.style,
                "linewidth": 1.4,
                "relpos": (0, 0.5),
                "patchA": None,
                "shrinkA": 4,
                "shrinkB": 0,
            },
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


def label_points(axes: Axes, names: Sequence[tuple[float, float, str]], points: np.ndarray) -> None:
    """Name points where no point lies beneath the words, with a thin line to each.

    Parameters
    ----------
    axes : Axes
        With all else drawn, in a figure that was laid out.
    names : sequence of (float, float, str)
        Places, and what to write beside them.
    points : array, shape (N, 2)
        All that are drawn; those without a place are NaN.
    """
    point = axes.figure.dpi / 72
    dots = axes.transData.transform(points[np.isfinite(points).all(axis=1)])
    taken: list[Bbox] = []
    for x, y, name in names:
        if not np.isfinite((x, y)).all():
            continue
        label = axes.annotate(
            name,
            (x, y),
            (0, 0),
            textcoords="offset points",
            fontsize=LABEL_SIZE,
            ha="center",
            va="center",
            zorder=6,
            bbox={"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.5},
            arrowprops={
                "arrowstyle": "-",
                "color": GREY,
                "linewidth": 0.7,
                "shrinkA": 0,
                "shrinkB": CLEARANCE,
            },
        )
        # Within the panel; were it part of the layout, that would have to be done again.
        label.set_in_layout(False)
        size = np.array(Text.get_window_extent(label).padded(point).size)
        moves = sorted(_moves(size / point), key=np.hypot.reduce)
        middles = axes.transData.transform((x, y)) + point * np.array(moves)
        places = [Bbox([middle - size / 2, middle + size / 2]) for middle in middles]
        beneath = [_beneath(place, axes.bbox, dots, taken, CLEARANCE * point) for place in places]
        best = int(np.argmin(beneath))
        label.xyann = tuple(moves[best])
        taken.append(places[best])


def _moves(size: np.ndarray) -> list[np.ndarray]:
    """Where the middle of a name may lie from its point: all round, from near to far."""
    angles = 2 * np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    reaches = np.arange(NEAREST, FURTHEST, STEP)
    around = [np.array([np.cos(angle), np.sin(angle)]) for angle in angles]
    return [way * (reach + size / 2) for reach, way in product(reaches, around)]


def _beneath(place: Bbox, room: Bbox, dots: np.ndarray, taken: list[Bbox], clear: float) -> int:
    """How much lies beneath a name: points and other names; all that there is, beyond the panel."""
    if not (room.contains(*place.min) and room.contains(*place.max)):
        return len(dots) + len(taken) + 1
    wide = place.padded(clear)
    return int(wide.count_contains(dots)) + wide.count_overlaps(taken)
