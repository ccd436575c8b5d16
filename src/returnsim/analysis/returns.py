"""Everyone who returned, a row a person, and what befell them, read off the movements of a run.

The core counts members and knows no names. Members of one class of one party who are in the same
place are alike in it, so that any of them may be the one who moves: it is taken to be whoever has
been there longest. So a man who comes out of detention is harmed again only after the others of his
class at home: harm is told of more people rather than of fewer.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from returnsim.core.inputs import Place
from returnsim.core.log import Events
from returnsim.core.state import BORN, DETAINED, HELD, HOME, NOBODY, PARTIES, PARTY_OF, PLACES

HARM_KINDS = ("detained", "conscripted", "killed", "disappeared")
"""What befalls people after their return; the disappeared were detained before, and so were some of
the killed."""

DETAINED_KIND, CONSCRIPTED_KIND, KILLED_KIND, DISAPPEARED_KIND = range(len(HARM_KINDS))
KIND_OF = np.full(PLACES + 2, NOBODY)
"""By the place to which somebody is taken: the kind of harm, NOBODY for none."""

KIND_OF[list(DETAINED)] = DETAINED_KIND
KIND_OF[[Place.CONSCRIPTED, Place.KILLED, Place.DISAPPEARED]] = (
    CONSCRIPTED_KIND,
    KILLED_KIND,
    DISAPPEARED_KIND,
)


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
        In the order of the events.
    """
    households = 1 + int(max(returns.household.max(initial=0), events.household.max(initial=0)))
    party = PARTY_OF[events.source]
    kind = KIND_OF[events.target]
    key = (events.replicate * households + events.household) * PARTIES + party
    whose = (returns.replicate * households + returns.household) * PARTIES + returns.party
    # Most parties never meet with harm, and need not be followed.
    touched = np.unique(key[(party >= 0) & (kind >= 0)])
    there = _as_they_left(returns, whose, touched)
    rows = np.flatnonzero((party >= 0) & np.isin(key, touched))
    moves = (key, events.source, events.source_class, events.target, events.target_class)
    found = []
    for group, source, before, target, after, what, week, number in zip(
        *(column[rows].tolist() for column in (*moves, kind, events.week, events.number)),
        strict=True,
    ):
        for _ in range(number):
            person = there[group, source, before].popleft()
            there[group, target, after].append(person)
            if what >= 0:
                found.append((person, what, week))
    return Harms(*np.array(found, dtype=np.int64).reshape(-1, len(Harms._fields)).T)


def _as_they_left(
    returns: Returns, whose: np.ndarray, touched: np.ndarray
) -> dict[tuple[int, int, int], deque[int]]:
    """The people of some parties as they left the camp, by party, place and class."""
    # In every other household backwards: the order must not tell who is harmed.
    backwards = (returns.replicate + returns.household) % 2 == 1
    place = np.where(returns.held, np.array(HELD)[returns.party], np.array(HOME)[returns.party])
    order = np.arange(len(whose))
    people = np.lexsort((np.where(backwards, -order, order), whose))
    people = people[np.isin(whose[people], touched)]
    there: dict[tuple[int, int, int], deque[int]] = defaultdict(deque)
    columns = (people, whose[people], place[people], returns.person_class[people])
    for person, group, at, cls in zip(*(column.tolist() for column in columns), strict=True):
        there[group, at, cls].append(person)
    return there


def _each(events: Events, chosen: np.ndarray) -> Events:
    """Some events, one row a person."""
    rows = np.flatnonzero(chosen)
    each = np.repeat(rows, events.number[rows])
    return Events(*(field[each] for field in events))
