"""How long those who returned stayed unharmed, and what harmed them first.

Weeks are counted from 1, the week of the return: harm befalls people in it already.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.analysis.followed import Followed
from returnsim.analysis.periods import periods_of
from returnsim.analysis.returns import HARM_KINDS, KILLED_KIND
from returnsim.analysis.summary import percentiles

FIRST_KINDS = HARM_KINDS[: KILLED_KIND + 1]
"""Detained, conscripted, killed: what can befall someone first. To be held on the way is told
beside it, and the disappeared were detained before."""

UNHARMED = -1
A_YEAR = 52


class Lives(NamedTuple):
    """Everyone who returned in the weeks recorded, a row a person, and what befell them.

    Attributes
    ----------
    replicate : array, shape (P,)
        Ascending.
    period, household, person_class, guarantor, held : array, shape (P,)
        Period of the return, whose it is, under whose word, and whether they were held on the way.
    reach : array, shape (P,)
        Weeks from the return to the end of the run.
    time : array, shape (P,)
        Weeks from the return to the first harm, or to the end of the run.
    kind : array, shape (P,)
        What befell them first, a place in `FIRST_KINDS`, or `UNHARMED`.
    harm_person, harm_kind, harm_time : array, shape (H,)
        Everything that befell them, an event a row: row of the person, place in `HARM_KINDS`, and
        weeks from the return.
    replicates, weeks : int
        How many replicates there are, and weeks a return can be followed for.
    """

    replicate: Int64[np.ndarray, "P"]
    period: Int64[np.ndarray, "P"]
    household: Int64[np.ndarray, "P"]
    person_class: Int64[np.ndarray, "P"]
    guarantor: Int64[np.ndarray, "P"]
    held: Bool[np.ndarray, "P"]
    reach: Int64[np.ndarray, "P"]
    time: Int64[np.ndarray, "P"]
    kind: Int64[np.ndarray, "P"]
    harm_person: Int64[np.ndarray, "H"]
    harm_kind: Int64[np.ndarray, "H"]
    harm_time: Int64[np.ndarray, "H"]
    replicates: int
    weeks: int


class Weekly(NamedTuple):
    """By replicate and weeks since return, in simulated people; place 0 is the week of the return.

    Attributes
    ----------
    at_risk : array, shape (R, W)
        Those who were followed and unharmed as the week began.
    harmed : array, shape (3, R, W)
        Of them, those harmed in it, by kind.
    """

    at_risk: Int64[np.ndarray, "R W"]
    harmed: Int64[np.ndarray, "3 R W"]


class Curves(NamedTuple):
    """By weeks since return, from 0 weeks on; NaN beyond what anyone could be followed for.

    Attributes
    ----------
    unharmed : array, shape (W + 1,)
        Kaplan-Meier: the share unharmed after so many weeks.
    by_kind : array, shape (K, W + 1)
        Aalen-Johansen: the share whom each kind has befallen first; with the unharmed, all.
    """

    unharmed: Float[np.ndarray, "W_plus_1"]
    by_kind: Float[np.ndarray, "K W_plus_1"]


class Spread(NamedTuple):
    """A curve of all replicates together, and the range of the replicates around it."""

    mean: Float[np.ndarray, "W_plus_1"]
    median: Float[np.ndarray, "W_plus_1"]
    low90: Float[np.ndarray, "W_plus_1"]
    high90: Float[np.ndarray, "W_plus_1"]


class Incidence(NamedTuple):
    """Shares of those who returned, by weeks since return from 0 on.

    Attributes
    ----------
    harmed : Spread
        Detained, conscripted or killed by then.
    by_kind : tuple of Spread
        Whom each of `FIRST_KINDS` has befallen first; their means add up to that of the harmed.
    """

    harmed: Spread
    by_kind: tuple[Spread, ...]


def lives_of(followed: Followed) -> Lives:
    """Those who returned in the weeks recorded, from a followed run.

    Parameters
    ----------
    followed : Followed
        Any.

    Returns
    -------
    Lives
        In the order of its returns.
    """
    trajectories, returns = followed.trajectories, followed.returns
    first, end = int(trajectories.weeks[0]), int(trajectories.weeks[-1]) + 1
    told = np.flatnonzero(returns.week >= first)
    row = np.full(len(returns.week), -1)
    row[told] = np.arange(len(told))
    theirs = row[followed.harms.person] >= 0
    harms = followed.harms._replace(
        **{name: values[theirs] for name, values in followed.harms._asdict().items()}
    )
    week = returns.week[told]
    since = harms.week - returns.week[harms.person] + 1
    time, kind = _first(row[harms.person], harms.kind, since, end - week)
    return Lives(
        returns.replicate[told],
        periods_of(trajectories).of_week[week - first],
        returns.household[told],
        returns.person_class[told],
        returns.guarantor[told],
        returns.held[told],
        end - week,
        time,
        kind,
        row[harms.person],
        harms.kind,
        since,
        len(trajectories.replicates),
        end - first,
    )


def _first(
    person: np.ndarray, kind: np.ndarray, since: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Time to the first harm or the end, and its kind."""
    counts = np.flatnonzero(kind < len(FIRST_KINDS))
    order = counts[np.lexsort((since[counts], person[counts]))]
    whose, place = np.unique(person[order], return_index=True)
    time, first = reach.copy(), np.full(len(reach), UNHARMED)
    time[whose] = since[order[place]]
    first[whose] = kind[order[place]]
    return time, first


def followed_for_a_year(lives: Lives) -> Bool[np.ndarray, "P"]:
    """Who returned a year or more before the end of the run: in their first year, the same people.

    Where danger changes with the calendar, a rate by weeks since return of everyone can rise or
    fall for no other reason than that those who returned last are no longer in it.
    """
    return np.asarray(lives.reach >= A_YEAR)


def weekly_risk(lives: Lives, chosen: Bool[np.ndarray, "P"]) -> Weekly:
    """Count who was at risk and who was harmed, week by week since the return.

    Parameters
    ----------
    lives : Lives
        From `lives_of`.
    chosen : array, shape (P,)
        Of whom.
    """
    shape = (lives.replicates, lives.weeks)

    def last_weeks(of: np.ndarray) -> np.ndarray:
        cell = lives.replicate[of] * lives.weeks + lives.time[of] - 1
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)

    at_risk = last_weeks(chosen)[:, ::-1].cumsum(axis=1)[:, ::-1]
    kinds = range(len(FIRST_KINDS))
    return Weekly(at_risk, np.stack([last_weeks(chosen & (lives.kind == k)) for k in kinds]))


def curves(
    time: Int64[np.ndarray, "P"],
    kind: Int64[np.ndarray, "P"],
    reach: Int64[np.ndarray, "P"],
    weeks: int,
    kinds: int = len(FIRST_KINDS),
) -> Curves:
    """Estimate the share unharmed and the share harmed first by each kind.

    With ``S`` the Kaplan-Meier estimate of the share unharmed and ``d_k(s)`` those whom kind ``k``
    befell first in week ``s``, of ``n(s)`` at risk, the Aalen-Johansen estimate is::

        I_k(t) = sum of S(s-) d_k(s) / n(s) over s <= t,   S(s-) sum_k d_k(s) / n(s) = S(s-) - S(s)

    so that each fall of ``S`` is shared out among the kinds of its week, and
    ``1 - S(t) = sum_k I_k(t)``. Whoever is not harmed by the end of the run is censored there.
    Later returns are followed for less long: where danger changes with the calendar, the far end of
    a curve is that of those who returned first.

    Parameters
    ----------
    time, kind, reach : array, shape (P,)
        As in `Lives`.
    weeks : int
        How far the curves go.
    kinds : int
        How many kinds there are.

    References
    ----------
    Kaplan and Meier (1958), "Nonparametric estimation from incomplete observations"; Aalen and
    Johansen (1978), "An empirical transition matrix for non-homogeneous Markov chains based on
    censored observations", Scandinavian Journal of Statistics 5, 141-150.
    """
    seen = np.arange(weeks + 1)
    if len(time) == 0:
        return Curves(np.full(weeks + 1, np.nan), np.full((kinds, weeks + 1), np.nan))
    from scipy.stats import CensoredData, ecdf

    harmed = kind != UNHARMED
    sample = CensoredData(uncensored=time[harmed], right=time[~harmed])
    unharmed = np.asarray(ecdf(sample).sf.evaluate(seen))
    cell = kind[harmed] * (weeks + 1) + time[harmed]
    number = np.bincount(cell, minlength=kinds * (weeks + 1)).reshape(kinds, weeks + 1)
    falls = -np.diff(unharmed, prepend=1.0)
    by_kind = np.cumsum(falls * number / np.maximum(number.sum(axis=0), 1), axis=1)
    known = seen <= reach.max()
    return Curves(np.where(known, unharmed, np.nan), np.where(known, by_kind, np.nan))


def incidence(lives: Lives, chosen: Bool[np.ndarray, "P"]) -> Incidence:
    """Share harmed by weeks since return, by replicate and for all of them together.

    Parameters
    ----------
    lives : Lives
        From `lives_of`.
    chosen : array, shape (P,)
        Of whom.
    """
    rows = np.flatnonzero(chosen)

    def estimate(of: np.ndarray) -> np.ndarray:
        found = curves(lives.time[of], lives.kind[of], lives.reach[of], lives.weeks)
        return np.vstack([1.0 - found.unharmed, found.by_kind])

    each = np.stack([estimate(of) for of in by_replicate(lives, rows)], axis=1)
    spreads = [
        Spread(mean, *percentiles(values, (50.0, 5.0, 95.0)))
        for mean, values in zip(estimate(rows), each, strict=True)
    ]
    return Incidence(spreads[0], tuple(spreads[1:]))


def by_replicate(lives: Lives, rows: Int64[np.ndarray, "n"]) -> list[Int64[np.ndarray, "m"]]:
    """Part some rows, ascending, by replicate."""
    bounds = np.searchsorted(lives.replicate[rows], np.arange(lives.replicates + 1))
    return [rows[a:b] for a, b in pairwise(bounds)]
