"""Everyone who returned, a row a person, and what befell them, read off the movements of a run.

The core counts members and knows no names. Members of one class in one party are alike in it, so
that it is the same which of them a harm befell: the first is taken to befall the first who has not
been harmed, and so on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from returnsim.core.inputs import Class, Place
from returnsim.core.run import Events
from returnsim.core.state import BORN, DETAINED, HELD, HOME, PARTIES, PARTY_OF

HARM_KINDS = ("detained", "conscripted", "killed", "disappeared")
"""What befalls people after their return; the disappeared were detained before, and so were some of
the killed."""

DETAINED_KIND, CONSCRIPTED_KIND, KILLED_KIND, DISAPPEARED_KIND = range(len(HARM_KINDS))
YOUNGER: Mapping[int, tuple[int, ...]] = {
    Class.WOMEN: (Class.CHILDREN,),
    Class.MEN_CONSCRIPTION_AGE: (Class.CHILDREN,),
    Class.MEN_OLDER: (Class.MEN_CONSCRIPTION_AGE, Class.CHILDREN),
    Class.ELDERLY: (Class.MEN_OLDER, Class.WOMEN, Class.MEN_CONSCRIPTION_AGE),
}
"""The classes that members of a class may have been of when they returned, the likeliest first."""


class Returns(NamedTuple):
    """One row a person, in the order of replicate, household, class and week.

    Attributes
    ----------
    replicate : array, shape (P,)
        Place of the replicate among those that were asked for.
    household, week, person_class : array, shape (P,)
        Whose return it is, and when.
    party : array, shape (P,)
        0 of those of the household who went first, 1 of those who followed.
    guarantor : array, shape (P,)
        Under whose word.
    held : array, shape (P,)
        Whether they were held on the way.
    """

    replicate: Int64[np.ndarray, "P"]
    household: Int64[np.ndarray, "P"]
    week: Int64[np.ndarray, "P"]
    person_class: Int64[np.ndarray, "P"]
    party: Int64[np.ndarray, "P"]
    guarantor: Int64[np.ndarray, "P"]
    held: Bool[np.ndarray, "P"]


class Harms(NamedTuple):
    """What befell them, one row an event.

    Attributes
    ----------
    person : array, shape (H,)
        Row in `Returns`.
    kind : array, shape (H,)
        Place in `HARM_KINDS`.
    week : array, shape (H,)
        Weeks since the start of the run.
    """

    person: Int64[np.ndarray, "H"]
    kind: Int64[np.ndarray, "H"]
    week: Int64[np.ndarray, "H"]


def of_replicates(events: Events, replicates: Sequence[int]) -> Events:
    """The movements of some replicates, each by its place among them instead of its number.

    Parameters
    ----------
    events : Events
        Replicates by number.
    replicates : sequence of int
        Their numbers.
    """
    places = {number: row for row, number in enumerate(replicates)}
    mine = Events(*(field[np.isin(events.replicate, list(places))] for field in events))
    row = np.array([places[r] for r in mine.replicate.tolist()], dtype=np.int64)
    return mine._replace(replicate=row)


def returns_of(events: Events) -> Returns:
    """Everyone who left the camp for home, those who were held on the way included.

    Parameters
    ----------
    events : Events
        From `of_replicates`.
    """
    left = (events.source == Place.CAMP) & np.isin(events.target, (*HOME, *HELD))
    of = Events(*(field[left] for field in events))
    order = np.lexsort((of.week, of.source_class, of.household, of.replicate))
    each = np.repeat(order, of.number[order])
    return Returns(
        of.replicate[each],
        of.household[each],
        of.week[each],
        of.source_class[each],
        PARTY_OF[of.target[each]],
        of.guarantor[each],
        np.isin(of.target[each], HELD),
    )


def ever_in_camp(
    events: Events, members: np.ndarray, who: Returns, by: Int64[np.ndarray, "P"]
) -> Int64[np.ndarray, "P"]:
    """How many of their class the households of some people ever had in the camp, by some week.

    Parameters
    ----------
    events : Events
        From `of_replicates`; not necessarily of the run in which they returned.
    members : array, shape (R, N, K)
        Households of that run as they enter the camp; those beyond have nobody.
    who : Returns
        Whose households and classes.
    by : array, shape (P,)
        Weeks.
    """
    households = members.shape[1]
    span = 1 + int(max(events.week.max(initial=0), by.max(initial=0)))

    def key(
        replicate: np.ndarray, household: np.ndarray, cls: np.ndarray, week: np.ndarray
    ) -> np.ndarray:
        group = np.ravel_multi_index((replicate, household, cls), members.shape)
        return np.asarray(group * span + week)

    grew_up = (events.source == Place.CAMP) & (events.target == Place.CAMP)
    joined = _each(events, grew_up | (events.source == BORN))
    joins = np.sort(key(joined.replicate, joined.household, joined.target_class, joined.week))
    there = who.household < households
    household = np.minimum(who.household, households - 1)
    group = (who.replicate, household, who.person_class)
    until = np.searchsorted(joins, key(*group, by), "right")
    more = until - np.searchsorted(joins, key(*group, np.zeros_like(by)))
    return np.where(there, members[group].astype(np.int64) + more, 0)


def harms_of(returns: Returns, events: Events) -> Harms:
    """What befell those who returned, event by event.

    Parameters
    ----------
    returns : Returns
        From `returns_of` of the same events.
    events : Events
        From `of_replicates`, in the order of weeks within each replicate.

    Returns
    -------
    Harms
        In the order of the events: first those that end a life at home or begin a detention, then
        what became of the detained.
    """
    if len(returns.week) == 0:
        empty = np.empty(0, dtype=np.int64)
        return Harms(empty, empty, empty)
    groups = _Groups(returns, events)
    away = np.isin(events.source, (*HOME, *HELD)) & np.isin(
        events.target, (*DETAINED, Place.CONSCRIPTED, Place.KILLED)
    )
    first = _each(events, away)
    person = groups.whom(first)
    kind = np.select(
        [np.isin(first.target, DETAINED), first.target == Place.CONSCRIPTED],
        [DETAINED_KIND, CONSCRIPTED_KIND],
        KILLED_KIND,
    )
    detained = kind == DETAINED_KIND
    ends = _each(events, np.isin(events.source, DETAINED))
    whose = _in_turn(
        groups.key(Events(*(field[detained] for field in first))),
        person[detained],
        groups.key(ends),
    )
    worse = np.isin(ends.target, (Place.DISAPPEARED, Place.KILLED))
    end_kind = np.where(ends.target[worse] == Place.KILLED, KILLED_KIND, DISAPPEARED_KIND)
    return Harms(
        np.concatenate([person, whose[worse]]),
        np.concatenate([kind, end_kind]),
        np.concatenate([first.week, ends.week[worse]]),
    )


class _Groups:
    """The returned by replicate, household, party and class."""

    def __init__(self, returns: Returns, events: Events) -> None:
        self.households = 1 + int(max(returns.household.max(), events.household.max(initial=0)))
        key = self._key(returns.replicate, returns.household, returns.party, returns.person_class)
        # In every other household backwards: the order must not tell who is harmed.
        backwards = (returns.replicate + returns.household) % 2 == 1
        place = np.where(backwards, -np.arange(len(key)), np.arange(len(key)))
        self.person = np.lexsort((place, key))
        self.keys = key[self.person]
        older = (events.source == events.target) & (events.source != Place.CAMP)
        grown = _each(events, older)
        self.grown = np.sort(
            self._key(grown.replicate, grown.household, PARTY_OF[grown.source], grown.target_class)
        )

    def key(self, events: Events) -> np.ndarray:
        """Group of each event, by the party and the class of whom it befell."""
        party = PARTY_OF[events.source]
        return self._key(events.replicate, events.household, party, events.source_class)

    def whom(self, first: Events) -> np.ndarray:
        """Whom each event befell: the next of its group, or of those who grew into it."""
        key = self.key(first)
        rank = _rank(key)
        there, start = self._number(key)
        found = np.where(rank < there, start + rank, -1)
        grown = np.searchsorted(self.grown, key, "right") - np.searchsorted(self.grown, key)
        for c, younger in YOUNGER.items():
            over = np.flatnonzero((found < 0) & (first.source_class == c) & (rank < there + grown))
            left = rank[over] - there[over]
            for before in younger:
                number, begin = self._number(key[over] - c + before)
                fits = (left >= 0) & (left < number) & (found[over] < 0)
                found[over[fits]] = (begin + number - 1 - left)[fits]
                left = left - number
        again = np.flatnonzero(found < 0)
        found[again] = self._again(key[again], first.source_class[again], rank[again])
        return self.person[found]

    def _again(self, key: np.ndarray, person_class: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """Those harmed a second time, after a release."""
        found = np.full(len(key), -1, dtype=np.int64)
        for before in (None, *Class):
            number, begin = self._number(key if before is None else key - person_class + before)
            open_ = (found < 0) & (number > 0)
            found[open_] = begin[open_] + rank[open_] % number[open_]
        return found

    def _number(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        start = np.searchsorted(self.keys, key)
        return np.searchsorted(self.keys, key, "right") - start, start

    def _key(
        self, replicate: np.ndarray, household: np.ndarray, party: np.ndarray, cls: np.ndarray
    ) -> np.ndarray:
        family = replicate * self.households + household
        return np.asarray((family * PARTIES + party) * len(Class) + cls)


def _each(events: Events, chosen: np.ndarray) -> Events:
    """Some events, one row a person."""
    rows = np.flatnonzero(chosen)
    each = np.repeat(rows, events.number[rows])
    return Events(*(field[each] for field in events))


def _rank(key: np.ndarray) -> np.ndarray:
    """Number the rows of each group from 0, in their order."""
    order = np.argsort(key, kind="stable")
    new = np.diff(key[order], prepend=-1) != 0
    first = np.flatnonzero(new)
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(first, np.diff(np.append(first, len(key))))
    return rank


def _in_turn(began: np.ndarray, person: np.ndarray, ended: np.ndarray) -> np.ndarray:
    """Whose detention ends: that of whoever was detained first in the group."""
    order = np.argsort(began, kind="stable")
    place = np.searchsorted(began[order], ended) + _rank(ended)
    return np.asarray(person[order][place])
