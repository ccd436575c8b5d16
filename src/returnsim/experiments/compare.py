"""Cases side by side: every outcome, and its difference from the baseline under the same draws."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from returnsim.analysis.summary import median_and_ends

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.9
COLUMNS = (
    *("outcome", "unit", "good", "replicates", "defined", "median", "low90", "high90"),
    *("pairs", "difference", "ci90_low", "ci90_high"),
    *("difference_low90", "difference_high90", "unpaired_half_width"),
)
SHOWN_CASES = 8


class PairedDifference(NamedTuple):
    """How one case differs from another with the same draws.

    Attributes
    ----------
    pairs : int
        Replicates that both have a value of.
    mean : float
        Mean difference; NaN without a pair.
    low, high : float
        Ends of the 90 % interval of the mean (Student's t over pairs); NaN with fewer than two.
    low90, high90 : float
        5th and 95th percentile of the replicates' differences.
    half_width : float
        Half the width of the interval; infinite where there is none.
    unpaired_half_width : float
        What it would be if the draws had not been the same (Welch); NaN with fewer than two.
    """

    pairs: int
    mean: float
    low: float
    high: float
    low90: float
    high90: float
    half_width: float
    unpaired_half_width: float

    @property
    def is_none(self) -> bool:
        """Whether every replicate came out the same."""
        return self.pairs > 0 and self.mean == 0.0 and (self.pairs == 1 or self.half_width == 0.0)


@dataclass(frozen=True)
class Case:
    """One case of a comparison.

    Attributes
    ----------
    name, title : str
        What it is.
    factors : dict
        Value of each factor; None where the scenario's own stands.
    replicates : array, shape (R,)
        By number.
    outcomes : dict of str to array, shape (R,)
        Each in the unit of the outcome.
    """

    name: str
    title: str
    factors: Mapping[str, Any]
    replicates: np.ndarray
    outcomes: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Series:
    """The weeks of a case.

    Attributes
    ----------
    case : str
        Name of the case.
    dates : array of datetime64, shape (W,)
        First day of each week.
    columns : dict of str to array, shape (R, W)
        Of the weekly record.
    is_whole : bool
        Whether they begin with the scenario's first week.
    """

    case: str
    dates: np.ndarray
    columns: Mapping[str, np.ndarray]
    is_whole: bool


@dataclass(frozen=True)
class OutcomeInfo:
    """What an outcome is called, its unit, and which direction is good, if one is."""

    title: str
    unit: str
    good: str | None


@dataclass(frozen=True)
class Comparison:
    """Cases that were given the same draws.

    Attributes
    ----------
    title, question : str
        What is compared, and why.
    cases : tuple of Case
        The baseline among them.
    baseline : str
        Name of the case that others are compared with.
    outcomes : dict of str to OutcomeInfo
        What is compared, in order.
    factors : dict of str to dict
        ``title``, ``unit`` and ``kind`` of each factor.
    series : tuple of Series
        Weeks of some cases, to be drawn.
    seed, guesses, numbers : int
        What it rests on.
    weight : float
        People of the real camp that a simulated one stands for.
    design : str
        How the factors were combined, as in the experiment file; empty without factors.
    notes : tuple of str
        What else to know of the cases.
    fingerprint : str
        Of the tables of the sweep that it is of; empty if it is of other results.
    """

    title: str
    question: str
    cases: tuple[Case, ...]
    baseline: str
    outcomes: Mapping[str, OutcomeInfo]
    factors: Mapping[str, Mapping[str, str]]
    series: tuple[Series, ...]
    seed: int
    guesses: int
    numbers: int
    weight: float
    design: str = ""
    notes: tuple[str, ...] = field(default=())
    fingerprint: str = ""

    def case(self, name: str) -> Case:
        """The case of that name."""
        return next(case for case in self.cases if case.name == name)

    def difference(self, case: Case, outcome: str) -> PairedDifference:
        """How a case differs from the baseline in an outcome, over the replicates of both."""
        base = self.case(self.baseline)
        _, mine, theirs = np.intersect1d(case.replicates, base.replicates, return_indices=True)
        return paired_difference(case.outcomes[outcome][mine], base.outcomes[outcome][theirs])


def paired_difference(values: np.ndarray, baseline: np.ndarray) -> PairedDifference:
    """Difference of two cases with the same draws, replicate by replicate.

    Parameters
    ----------
    values, baseline : array, shape (R,)
        Of the same replicates; pairs with NaN are left out.

    Returns
    -------
    PairedDifference
    """
    there = ~(np.isnan(values) | np.isnan(baseline))
    a, b = values[there], baseline[there]
    d = a - b
    n = len(d)
    if n == 0:
        nan = math.nan
        return PairedDifference(0, nan, nan, nan, nan, nan, math.inf, nan)
    low90, high90 = np.percentile(d, (5.0, 95.0))
    mean = float(d.mean())
    if n == 1:
        nan = math.nan
        return PairedDifference(1, mean, nan, nan, float(low90), float(high90), math.inf, nan)
    half = _t(n - 1) * float(d.std(ddof=1)) / math.sqrt(n)
    low, high = mean - half, mean + half
    return PairedDifference(n, mean, low, high, float(low90), float(high90), half, _welch(a, b))


def table(comparison: Comparison) -> "pd.DataFrame":
    """Every outcome by case, a row each.

    Parameters
    ----------
    comparison : Comparison
        Any.

    Returns
    -------
    pandas.DataFrame
        ``case``, the factors, and `COLUMNS`; NaN where something is not defined. ``defined`` is in
        how many replicates it is, ``pairs`` in how many of the baseline too. ``low90`` and
        ``high90`` are percentiles over replicates, ``ci90`` is the interval of the mean
        difference from the baseline.
    """
    import pandas as pd

    columns = ["case", *comparison.factors, *COLUMNS]
    return pd.DataFrame(list(_rows(comparison)), columns=columns)


def _rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    for case in comparison.cases:
        factors = [case.factors.get(name) for name in comparison.factors]
        for name, info in comparison.outcomes.items():
            values = case.outcomes[name]
            low, median, high = median_and_ends(values)
            d = comparison.difference(case, name)
            defined = int((~np.isnan(values)).sum())
            yield (
                case.name,
                *factors,
                *(name, info.unit, info.good or "", len(values), defined, median, low, high),
                *(d.pairs, d.mean, d.low, d.high, d.low90, d.high90, d.unpaired_half_width),
            )


def _t(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + CONFIDENCE / 2, freedom))


def _welch(a: np.ndarray, b: np.ndarray) -> float:
    of_a, of_b = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    variance = float(of_a + of_b)
    if variance == 0.0:
        return 0.0
    freedom = variance**2 / (of_a**2 / (len(a) - 1) + of_b**2 / (len(b) - 1))
    return _t(float(freedom)) * math.sqrt(variance)
