"""Which returns a lever brought about: two runs with the same draws, person by person.

A return of the run with the lever is set against the run without it. It is the ``k``-th return of
a member of its class from its household, and the question is when, without the lever, ``k`` members
of that class of that household had returned: by the same week, within the year after, or not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.inputs import Class, Place
from returnsim.core.run import Events
from returnsim.core.state import HELD, HOME

LABELS = ("voluntary", "hastened", "pushed", "not_yet_known")
"""Without the lever they would have been home by then (voluntary), within a year after
(hastened), later or never (pushed); or the runs end before that can be told (not yet known)."""

WEEKS_HASTENED = 52
NEVER = 2**31 - 1


class Attribution(NamedTuple):
    """Every return of the run with the lever, one row a person, in the order of the rows.

    Attributes
    ----------
    replicate : array, shape (P,)
        Row of the replicate among those that were asked for.
    household, week, person_class : array, shape (P,)
        Whose return it is, and when.
    label : array, shape (P,)
        Place of its label in `LABELS`.
    replicates, weeks : int
        How many there are.
    """

    replicate: Int64[np.ndarray, "P"]
    household: Int64[np.ndarray, "P"]
    week: Int64[np.ndarray, "P"]
    person_class: Int64[np.ndarray, "P"]
    label: Int64[np.ndarray, "P"]
    replicates: int
    weeks: int

    def weekly(self, record_from: int, weight: float) -> Mapping[str, Float[np.ndarray, "R W"]]:
        """Returns a week by label.

        Parameters
        ----------
        record_from : int
            First week that is told.
        weight : float
            People of the real camp that one simulated person stands for.

        Returns
        -------
        dict of str to array, shape (R, W)
            For each of `LABELS`, people of the real camp; together they are the departures.
        """
        shape = (len(LABELS), self.replicates, self.weeks)
        cell = np.ravel_multi_index((self.label, self.replicate, self.week), shape)
        count = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
        return {label: count[i, :, record_from:] * weight for i, label in enumerate(LABELS)}


def attribute(
    with_lever: Events, without_lever: Events, replicates: Sequence[int], weeks: int
) -> Attribution:
    """Label every return of a run by what became of it without the lever.

    Labels do not change when the runs are made longer: a return is only called pushed once a year
    has passed in which it did not come about without the lever. Members are matched by class and
    number within their household; somebody who was born, or grew into the class, in one run alone
    has no match in the other.

    Parameters
    ----------
    with_lever, without_lever : Events
        Of two runs with the same seed, replicates and households; replicates by number.
    replicates : sequence of int
        Their numbers.
    weeks : int
        How long both were run.

    Returns
    -------
    Attribution
    """
    places = {number: row for row, number in enumerate(replicates)}
    mine, other = _returns(with_lever, places), _returns(without_lever, places)
    key, other_key = _keys(mine, other)
    place = np.searchsorted(other_key, key)
    found = np.append(other_key, -1)[place] == key
    then = np.where(found, np.append(other[2], NEVER)[place], NEVER)
    week = mine[2]
    last = weeks - 1
    label = np.select(
        [then <= week, then <= week + WEEKS_HASTENED, week + WEEKS_HASTENED <= last],
        [LABELS.index(name) for name in ("voluntary", "hastened", "pushed")],
        default=LABELS.index("not_yet_known"),
    )
    return Attribution(mine[0], mine[1], week, mine[3], label, len(replicates), weeks)


Returns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Replicate (row), household, week and class of every return, one person each, sorted by
replicate, household, class and week."""


def _returns(events: Events, places: Mapping[int, int]) -> Returns:
    left = (events.source == Place.CAMP) & np.isin(events.target, (*HOME, *HELD))
    left &= np.isin(events.replicate, list(places))
    of, number = Events(*(field[left] for field in events)), events.number[left]
    row = np.array([places[r] for r in of.replicate.tolist()], dtype=np.int64)
    order = np.lexsort((of.week, of.source_class, of.household, row))
    each = np.repeat(order, number[order])
    return row[each], of.household[each], of.week[each], of.source_class[each]


def _keys(mine: Returns, other: Returns) -> tuple[np.ndarray, np.ndarray]:
    """One ascending number for the replicate, household, class and count of each return."""
    group = [_group(returns, mine, other) for returns in (mine, other)]
    number = [_number(one) for one in group]
    most = 1 + max(int(n.max(initial=0)) for n in number)
    return group[0] * most + number[0], group[1] * most + number[1]


def _group(returns: Returns, mine: Returns, other: Returns) -> np.ndarray:
    """Which replicate, household and class a return belongs to."""
    households = 1 + max(int(one[1].max(initial=0)) for one in (mine, other))
    row, household, _, person_class = returns
    return (row * households + household) * len(Class) + person_class


def _number(group: np.ndarray) -> np.ndarray:
    """Number the returns of each group from 0, in the order of weeks."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(first, len(group)))
    return np.arange(len(group)) - np.repeat(first, sizes)
