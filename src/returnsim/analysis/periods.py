"""Calendar half-years or quarters of a run, and rows of tables by them."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.analysis.defined import divided as divided
from returnsim.analysis.summary import percentiles
from returnsim.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("part", "guarantor", "who", "group", "kind", "unit"),
    *("mean", "median", "low90", "high90"),
)
WHOLE = "all"
"""Group of all weeks recorded; no period is called so."""
ANY = "(any)"
"""Stands for every guarantor together; no guarantor can be called so."""
DAYS_IN_QUARTERS = 3 * 365.25
"""A record shorter than this is cut into quarters."""


class Periods(NamedTuple):
    """Calendar periods.

    Attributes
    ----------
    names : tuple of str
        Such as ``2019-H1`` or ``2019-Q3``, in order; each has a week that is recorded.
    of_week : array, shape (W,)
        Place in ``names`` of each week recorded.
    """

    names: tuple[str, ...]
    of_week: Int64[np.ndarray, "W"]

    def sums(self, weekly: Float[np.ndarray, "R W"]) -> Float[np.ndarray, "R P"]:
        """Sums over the weeks of each period."""
        first = np.searchsorted(self.of_week, np.arange(len(self.names)))
        return np.asarray(np.add.reduceat(weekly, first, axis=1))


class Measure(NamedTuple):
    """One number of each replicate and group.

    Attributes
    ----------
    kind, unit : str
        What it is.
    values : array, shape (R, G)
        NaN where it is not defined.
    mean : array, shape (G,)
        Of a count, the mean over the replicates; of a share or a rate, that of all replicates
        together, so that a replicate in which few are counted weighs little.
    """

    kind: str
    unit: str
    values: Float[np.ndarray, "R G"]
    mean: Float[np.ndarray, "G"]


class Rows(NamedTuple):
    """What some rows of a ledger have in common."""

    part: str
    guarantor: str
    who: str
    groups: tuple[str, ...]


def periods_of(trajectories: Trajectories) -> Periods:
    """Cut the weeks recorded into half-years, or into quarters where they are under three years.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    Periods
        A week belongs to the period in which it begins.
    """
    months, letter = (3, "Q") if 7 * len(trajectories.weeks) < DAYS_IN_QUARTERS else (6, "H")
    number = trajectories.dates.astype("datetime64[M]").astype(np.int64) // months
    a_year = 12 // months
    names = (
        f"{1970 + n // a_year}-{letter}{n % a_year + 1}"
        for n in range(int(number[0]), int(number[-1]) + 1)
    )
    return Periods(tuple(names), number - number[0])


def with_whole(by_period: Float[np.ndarray, "R P"]) -> Float[np.ndarray, "R P_plus_1"]:
    """Put the sum over all periods before them."""
    return np.column_stack([by_period.sum(axis=1), by_period])


def counted(kind: str, unit: str, values: Float[np.ndarray, "R G"]) -> Measure:
    """A count, defined in every replicate and group."""
    return Measure(kind, unit, values, values.mean(axis=0))


def ratio(
    kind: str,
    unit: str,
    part: Float[np.ndarray, "R G"],
    whole: Float[np.ndarray, "R G"],
    scale: float = 1.0,
) -> Measure:
    """``scale * part / whole``, not defined where the whole is nothing."""
    return Measure(
        kind, unit, divided(scale * part, whole), divided(scale * part.sum(0), whole.sum(0))
    )


def lines(rows: Rows, measures: list[Measure]) -> list[tuple[object, ...]]:
    """Rows of a ledger, group by group and in each the measures in their order."""
    found = [(m, percentiles(m.values, (50.0, 5.0, 95.0))) for m in measures]
    return [
        (*rows[:3], group, m.kind, m.unit, float(m.mean[g]), *(float(v) for v in spread[:, g]))
        for g, group in enumerate(rows.groups)
        for m, spread in found
    ]


def table(rows: list[tuple[object, ...]]) -> "pd.DataFrame":
    """Lay rows out under `COLUMNS`."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS))
