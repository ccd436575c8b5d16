"""Scenario discovery: the box of parameters in which something is so (Bryant and Lempert 2010).

A box is a leaf of a small classification tree (CART, Breiman et al. 1984), and is told only where
the same search in points dealt out by chance seldom finds one as good.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from math import ceil, exp, log
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from returnsim.errors import UsageError

DEEPEST = 2
"""Splits on the way to a box: so many parameters at most bound it."""
LEAST_LEAF = 0.1
"""Share of the points that a box must hold."""
LEAST_DENSITY = 0.5
"""A box in which less than this share of the points is of interest does not tell where it is so."""
PERMUTATIONS = 499
"""How often the points of interest are dealt out anew by chance."""
ENOUGH = 10
"""Boxes as good as the one found after which more need not be looked for (Besag, Clifford 1991)."""
FALSE_BOXES = 0.05
"""Of the boxes told, the share that may be there by chance (Benjamini and Hochberg 1995)."""
FOLDS = 10
"""Into how many parts the points are split, each held out of one search."""
SEED = 1
NEARLY = 1e-12

NEEDS = (
    "the verdict needs scikit-learn, which finds where it flips: install the extra verdict "
    "(in a checkout: pip install -e '.[verdict]')"
)


class Axis(NamedTuple):
    """One of the parameters that nobody knows, over the points.

    Attributes
    ----------
    name, unit : str
        Of the parameter.
    values : array, shape (P,)
        Its value at each point; of a parameter with labels, the place of its label.
    low, high : float
        Ends of what was sampled.
    log : bool
        Whether it was sampled by its logarithm, and is split by it.
    labels : tuple of str
        By place; empty for numbers.
    """

    name: str
    unit: str
    values: Float[np.ndarray, "P"]
    low: float
    high: float
    log: bool = False
    labels: tuple[str, ...] = ()

    def scaled(self) -> Float[np.ndarray, "P"]:
        """The values from 0 to 1, as single floats: those that the tree compares."""
        low, high = (log(self.low), log(self.high)) if self.log else (self.low, self.high)
        values = np.log(self.values) if self.log else self.values
        shares = (values - low) / (high - low) if high > low else np.zeros(len(values))
        return np.asarray(shares, dtype=np.float32).astype(float)

    def at(self, share: float) -> float:
        """The value at a share of the way from the low to the high end."""
        if self.log:
            return exp(log(self.low) + share * (log(self.high) - log(self.low)))
        return self.low + share * (self.high - self.low)


class Side(NamedTuple):
    """The range of one parameter that bounds a box.

    Attributes
    ----------
    name, unit : str
        Of the parameter.
    low, high : float
        In its unit; an end that is not bounded is that of the sample. Of labels, their places.
    labels : tuple of str
        Those within, where it has labels.
    words : str
        The same for a reader.
    """

    name: str
    unit: str
    low: float
    high: float
    labels: tuple[str, ...]
    words: str


class Box(NamedTuple):
    """Where in the space something is so.

    Attributes
    ----------
    sides : tuple of Side
        The parameters that bound it.
    points : int
        Sampled points within.
    coverage : float
        Share of all points of interest that lie within.
    density : float
        Share of the points within that are of interest.
    held_out_density : float
        The same of boxes found without the points that they are measured by; NaN without any.
    chance : float
        How likely chance would give so good a box, corrected for the number of boxes sought.
    """

    sides: tuple[Side, ...]
    points: int
    coverage: float
    density: float
    held_out_density: float
    chance: float


Bounds = Float[np.ndarray, "K 2"]
"""Lower and upper end of each parameter, scaled; infinite where it is not bounded."""


def require_tree() -> None:
    """Make sure that boxes can be looked for.

    Raises
    ------
    UsageError
        If scikit-learn is not installed.
    """
    if find_spec("sklearn") is None:
        raise UsageError(NEEDS)


def find_boxes(
    axes: Sequence[Axis], interests: Sequence[Bool[np.ndarray, "P"]]
) -> list[Box | None]:
    """Look for a box of each of several kinds of points.

    Parameters
    ----------
    axes : sequence of Axis
        The parameters, K of them.
    interests : sequence of array, shape (P,)
        For each box, which points are of interest.

    Returns
    -------
    list of Box or None
        None where there is none, or none better than chance: of all that are told, at most
        `FALSE_BOXES` are expected to be there by chance.

    Raises
    ------
    UsageError
        If scikit-learn is not installed.
    """
    from scipy.stats import false_discovery_control

    require_tree()
    if not interests or not axes:
        return [None] * len(interests)
    x = np.column_stack([axis.scaled() for axis in axes])
    found = [_search(x, interest) for interest in interests]
    chances = _chances(x, interests, [gain for _, gain in found])
    return [
        _box(axes, x, interest, bounds, float(chance))
        if bounds is not None and chance <= FALSE_BOXES
        else None
        for interest, (bounds, _), chance in zip(
            interests, found, false_discovery_control(chances), strict=True
        )
    ]


def _box(
    axes: Sequence[Axis], x: np.ndarray, interest: np.ndarray, bounds: Bounds, chance: float
) -> Box:
    inside = _inside(x, bounds)
    points, hits = int(inside.sum()), int((inside & interest).sum())
    sides = tuple(
        _side(axis, float(low), float(high))
        for axis, (low, high) in zip(axes, bounds, strict=True)
        if np.isfinite([low, high]).any()
    )
    shares = hits / int(interest.sum()), hits / points, _held_out(x, interest)
    return Box(sides, points, *shares, chance)


def _side(axis: Axis, low: float, high: float) -> Side:
    if axis.labels:
        scaled = np.arange(len(axis.labels)) / max(1, len(axis.labels) - 1)
        places = np.flatnonzero((scaled > low) & (scaled <= high))
        within = tuple(axis.labels[place] for place in places)
        words = f"{axis.name} {' or '.join(within)}"
        return Side(axis.name, axis.unit, float(places[0]), float(places[-1]), within, words)
    ends = (
        axis.low if low == -np.inf else axis.at(low),
        axis.high if high == np.inf else axis.at(high),
    )
    unit = f" {axis.unit}" if axis.unit else ""
    if low == -np.inf:
        words = f"{axis.name} up to {ends[1]:.3g}{unit}"
    elif high == np.inf:
        words = f"{axis.name} above {ends[0]:.3g}{unit}"
    else:
        words = f"{axis.name} {ends[0]:.3g} to {ends[1]:.3g}{unit}"
    return Side(axis.name, axis.unit, *ends, (), words)


def _inside(x: np.ndarray, bounds: Bounds) -> np.ndarray:
    return np.asarray(((x > bounds[:, 0]) & (x <= bounds[:, 1])).all(axis=1))


def _held_out(x: np.ndarray, interest: np.ndarray) -> float:
    """Density of boxes in points that had no part in finding them (cross-validation)."""
    from sklearn.model_selection import KFold

    inside = np.zeros(len(x), dtype=bool)
    folds = KFold(min(FOLDS, len(x)), shuffle=True, random_state=SEED)
    for others, part in folds.split(x):
        bounds, _ = _search(x[others], interest[others])
        if bounds is not None:
            inside[part] = _inside(x[part], bounds)
    return float(interest[inside].mean()) if inside.any() else float("nan")


def _chances(
    x: np.ndarray, interests: Sequence[np.ndarray], gains: Sequence[float]
) -> Float[np.ndarray, "B"]:
    """How likely a search in as many points of interest, dealt out by chance, gains as much.

    What chance gives depends on the number of points of interest alone, so that all of the same
    number share the same deals.
    """
    from sklearn.utils import shuffle

    numbers = np.array([int(interest.sum()) for interest in interests])
    wanted = np.asarray(gains) - NEARLY
    chances = np.ones(len(interests))
    for number in np.unique(numbers):
        mine = numbers == number
        most = wanted[mine].max()
        dealt = np.arange(len(x)) < number
        drawn: list[float] = []
        exceeding = 0
        while len(drawn) < PERMUTATIONS and exceeding < ENOUGH:
            lot = SEED + PERMUTATIONS * int(number) + len(drawn)
            drawn.append(_search(x, shuffle(dealt, random_state=lot))[1])
            exceeding += drawn[-1] >= most
        as_good = (np.array(drawn) >= wanted[mine, np.newaxis]).sum(axis=1)
        whole = len(drawn) == PERMUTATIONS
        chances[mine] = (as_good + 1) / (len(drawn) + 1) if whole else as_good / len(drawn)
    return chances


def _search(x: np.ndarray, interest: np.ndarray) -> tuple[Bounds | None, float]:
    """The leaf that holds the most points of interest beyond what its size alone would give it.

    What it gains is its weighted relative accuracy, its size times its density less that of all
    (Lavrač et al. 1999); leaves that are not dense enough are left aside. No leaf gains 0.
    """
    from sklearn.tree import DecisionTreeClassifier

    if interest.all() or not interest.any():
        return None, 0.0
    tree = DecisionTreeClassifier(
        max_depth=DEEPEST, min_samples_leaf=ceil(LEAST_LEAF * len(x)), random_state=SEED
    ).fit(x, interest)
    best, most = None, 0.0
    for bounds in _leaves(tree.tree_, 0, np.tile([-np.inf, np.inf], (x.shape[1], 1))):
        inside = _inside(x, bounds)
        density = interest[inside].mean()
        gain = float(inside.mean() * (density - interest.mean()))
        if density >= LEAST_DENSITY and gain > most:
            best, most = bounds, gain
    return best, most


def _leaves(tree: Any, node: int, bounds: Bounds) -> list[Bounds]:
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left == right:
        return [bounds]
    axis, threshold = int(tree.feature[node]), float(tree.threshold[node])
    below, above = bounds.copy(), bounds.copy()
    below[axis, 1], above[axis, 0] = threshold, threshold
    return [*_leaves(tree, left, below), *_leaves(tree, right, above)]
