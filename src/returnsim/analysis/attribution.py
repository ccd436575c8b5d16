"""Which returns a lever brought about: two runs with the same draws, person by person.

A return of the run with the lever is set against the run without it. It is the ``k``-th return of
a member of its class from its household, and the question is when, without the lever, ``k`` members
of that class of that household had returned: by the same week, within the year after, or not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.analysis.returns import Returns, ever_in_camp, of_replicates, returns_of
from returnsim.core.inputs import Class
from returnsim.core.log import Events

LABELS = ("voluntary", "hastened", "pushed", "not_yet_known", "in_one_run")
"""Without the lever they would have been home by then (voluntary), within a year after
(hastened), later or never (pushed); the runs end before that can be told (not yet known); or in the
run without it the household never had so many members of that class in the camp (in one run)."""

VOLUNTARY, HASTENED, PUSHED, NOT_YET_KNOWN, IN_ONE_RUN = range(len(LABELS))
WEEKS_HASTENED = 52
NEVER = 2**31 - 1


class Movements(NamedTuple):
    """A run as attribution needs it.

    Attributes
    ----------
    events : Events
        Its movements; replicates by number.
    members : array, shape (R, N, K)
        Its households as they enter the camp.
    """

    events: Events
    members: np.ndarray


class Attribution(NamedTuple):
    """Every return of the run with the lever, one row a person.

    Attributes
    ----------
    returns : Returns
        Who and when.
    label : array, shape (P,)
        Place of its label in `LABELS`.
    then : array, shape (P,)
        The week of the return without the lever that it is set against, `NEVER` where none is.
    number : array, shape (P,)
        Which return of its class from its household it is, counted from 0.
    replicates, weeks : int
        How many there are.
    """

    returns: Returns
    label: Int64[np.ndarray, "P"]
    then: Int64[np.ndarray, "P"]
    number: Int64[np.ndarray, "P"]
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
        who = self.returns
        cell = np.ravel_multi_index((self.label, who.replicate, who.week), shape)
        count = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
        return {label: count[i, :, record_from:] * weight for i, label in enumerate(LABELS)}


def column_of_pair(label: str, lever: str) -> str:
    """Name of the weekly column of returns with a label, told from a pair without a lever."""
    return f"{label}_without_{lever.replace(':', '_')}"


def attribute(
    with_lever: Movements, without_lever: Movements, replicates: Sequence[int], weeks: int
) -> Attribution:
    """Label every return of a run by what became of it without the lever.

    Labels do not change when the runs are made longer: a return is only called pushed once a year
    has passed in which it did not come about without the lever. Members are matched by class and
    number within their household.

    Parameters
    ----------
    with_lever, without_lever : Movements
        Two runs with the same seed and replicates.
    replicates : sequence of int
        Their numbers.
    weeks : int
        How long both were run.

    Returns
    -------
    Attribution
        Swap the two runs to learn what the lever prevented: the label ``pushed`` then says that
        with the lever the return came about more than a year later or never.
    """
    events = of_replicates(with_lever.events, replicates)
    others = of_replicates(without_lever.events, replicates)
    mine, other = returns_of(events), returns_of(others)
    key, other_key, number = _keys(mine, other)
    place = np.searchsorted(other_key, key)
    found = np.append(other_key, -1)[place] == key
    then = np.where(found, np.append(other.week, NEVER)[place], NEVER)
    year_after = mine.week + WEEKS_HASTENED
    ever = ever_in_camp(others, without_lever.members, mine, year_after)
    # A household that the other run does not have will never be in it.
    alone = mine.household >= without_lever.members.shape[1]
    label = np.select(
        [alone, then <= mine.week, then <= year_after, year_after >= weeks, number >= ever],
        [IN_ONE_RUN, VOLUNTARY, HASTENED, NOT_YET_KNOWN, IN_ONE_RUN],
        default=PUSHED,
    )
    return Attribution(mine, label, then, number, len(replicates), weeks)


def _keys(mine: Returns, other: Returns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One ascending number for the replicate, household, class and count of each return.

    The third array is the count of each of mine, from 0.
    """
    households = 1 + max(int(one.household.max(initial=0)) for one in (mine, other))
    group = [
        (one.replicate * households + one.household) * len(Class) + one.person_class
        for one in (mine, other)
    ]
    number = [_number(one) for one in group]
    most = 1 + max(int(n.max(initial=0)) for n in number)
    return group[0] * most + number[0], group[1] * most + number[1], number[0]


def _number(group: np.ndarray) -> np.ndarray:
    """Number the returns of each group from 0, in the order of weeks."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(first, len(group)))
    return np.arange(len(group)) - np.repeat(first, sizes)
