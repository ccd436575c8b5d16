"""Designs: from factors to the points at which a scenario is run."""

from collections.abc import Sequence
from itertools import product
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np

from returnsim.errors import UsageError
from returnsim.interrupts import interrupts_held

if TYPE_CHECKING:
    import pandas as pd

SAMPLED = ("latin_hypercube", "sobol")


class Levels(NamedTuple):
    """The values of a factor.

    Attributes
    ----------
    name : str
        Of the factor.
    low, high : float or None
        Ends of its range, where it has one.
    log : bool
        Whether the range is spaced and sampled by its logarithm.
    number : int
        How many values it has: those written, or as many as the range is cut into.
    """

    name: str
    low: float | None
    high: float | None
    log: bool
    number: int


Place = int | float | None
"""Where in a factor's levels a point lies: the place of a value, a value within a range, or None
where the factor is left as it is."""


def value_at(levels: Levels, place: int) -> float:
    """One of the evenly spaced values of a range, both ends included.

    Parameters
    ----------
    levels : Levels
        With a range.
    place : int
        From 0 to ``levels.number - 1``.
    """
    return _within(levels, place / (levels.number - 1))


def full_factorial(factors: Sequence[Levels]) -> list[tuple[Place, ...]]:
    """Every combination, the last factor moving fastest.

    Parameters
    ----------
    factors : sequence of Levels
        The factors.

    Returns
    -------
    list of tuple
        For each point the place of every factor.
    """
    return list(product(*(range(levels.number) for levels in factors)))


def one_at_a_time(factors: Sequence[Levels]) -> list[tuple[Place, ...]]:
    """First the scenario as it is, then each factor through its values with the others left.

    Arguments and result as for `full_factorial`.
    """
    nothing: tuple[Place, ...] = (None,) * len(factors)
    points = [nothing]
    for i, levels in enumerate(factors):
        points += [(*nothing[:i], place, *nothing[i + 1 :]) for place in range(levels.number)]
    return points


def sample(
    factors: Sequence[Levels], kind: str, samples: int, seed: int
) -> list[tuple[Place, ...]]:
    """Sample points evenly (McKay et al. 1979; Sobol 1967, scrambled as by Owen 1998).

    Parameters
    ----------
    factors : sequence of Levels
        The factors; of written values each is met about equally often.
    kind : str
        ``latin_hypercube`` or ``sobol``.
    samples : int
        How many points; for Sobol's sequence a power of two, or it is not even.
    seed : int
        Of the sample.

    Returns
    -------
    list of tuple
        For each point a value within the range of each factor, or the place of its value.
    """
    from scipy.stats import qmc

    engine = {"latin_hypercube": qmc.LatinHypercube, "sobol": qmc.Sobol}[kind]
    # SciPy swallows a Ctrl-C that comes while it reads the numbers of Sobol's sequence.
    with interrupts_held():
        sequence = engine(len(factors), rng=seed)
    unit = sequence.random(samples)
    return [
        tuple(place_at(levels, float(u)) for levels, u in zip(factors, row, strict=True))
        for row in unit
    ]


def place_at(levels: Levels, share: float) -> int | float:
    """Where in its levels a factor lies, at a share of the way from its lowest to its highest.

    Parameters
    ----------
    levels : Levels
        Of the factor.
    share : float
        From 0 to 1.
    """
    if levels.low is None:
        return min(int(share * levels.number), levels.number - 1)
    return _within(levels, share)


def share_reached(levels: Levels, share: float) -> float:
    """How far a factor really is where it was to be at a share of the way.

    Parameters
    ----------
    levels : Levels
        Of the factor; written values are taken to be evenly spaced.
    share : float
        From 0 to 1.
    """
    if levels.low is None:
        return place_at(levels, share) / max(levels.number - 1, 1)
    return share


def read_points(file: Path, names: Sequence[str]) -> "pd.DataFrame":
    """Read a table of points.

    Parameters
    ----------
    file : Path
        CSV, or Parquet by its ending.
    names : sequence of str
        The factors, each a column of the table.

    Returns
    -------
    pandas.DataFrame
        One row a point, the columns in the order of the factors.

    Raises
    ------
    UsageError
        With all that is wrong with the table.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        table = pd.read_parquet(file) if file.suffix == ".parquet" else _read_csv(file)
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        # What pandas and Arrow raise of a table that they cannot read is any of these.
        raise UsageError(f"{file}: cannot be read as a table: {error}") from None
    odd = [
        name
        for name in table.columns
        if not table[name].map(lambda v: isinstance(v, str | int | float | np.generic)).all()
    ]
    wrong = [f"{file}: the column {name!r} holds more than numbers and text" for name in odd]
    wrong += [
        f"{file}: has no column for the factor {name!r}"
        for name in names
        if name not in table.columns
    ]
    wrong += [
        f"{file}: the column {name!r} belongs to no factor; the factors are: {', '.join(names)}"
        for name in table.columns
        if name not in names
    ]
    if len(table) == 0:
        wrong.append(f"{file}: has no points")
    for name in (name for name in names if name in table.columns):
        gaps = [int(row) + 2 for row in np.flatnonzero(table[name].isna())]
        if gaps:
            wrong.append(f"{file}:{gaps[0]}: {name}: is missing")
    if wrong:
        raise UsageError("\n".join(wrong))
    return table[list(names)]


def _read_csv(file: Path) -> "pd.DataFrame":
    """Read a table whose lines have no more values than its header has names."""
    import pandas as pd

    with catch_warnings():
        # Pandas would take what is too much for an index, or drop it with a warning.
        simplefilter("error", pd.errors.ParserWarning)
        try:
            # A blank line is a row without values, or the lines could not be told by number.
            return pd.read_csv(file, skip_blank_lines=False, index_col=False)
        except pd.errors.ParserWarning:
            raise UsageError(f"{file}: its lines have more values than its header names") from None


def _within(levels: Levels, share: float) -> float:
    if levels.low is None or levels.high is None:
        raise ValueError(f"{levels.name} has no range")
    if levels.log:
        between = exp(log(levels.low) * (1 - share) + log(levels.high) * share)
        # An exponential misses the ends by a last digit.
        return {0.0: levels.low, 1.0: levels.high}.get(share, between)
    # Of the two ways to write this, the one that gives the ends exactly.
    return levels.low * (1 - share) + levels.high * share
