"""Everyone who returned is a row, and what befell each of them is a life that could be."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from returnsim.analysis.returns import (
    CONSCRIPTED_KIND,
    DETAINED_KIND,
    DISAPPEARED_KIND,
    HARM_KINDS,
    KILLED_KIND,
    Harms,
    Returns,
    harms_of,
    of_replicates,
    returns_of,
)
from returnsim.assemble import simulate
from returnsim.core.inputs import Class, Place
from returnsim.core.log import Events
from tests.agents.camp import camp

MAN, CHILD, OLDER = Class.MEN_CONSCRIPTION_AGE, Class.CHILDREN, Class.MEN_OLDER
CAMP, HOME_0, HOME_1 = Place.CAMP, Place.HOME_0, Place.HOME_1
HELD_0, DETAINED_0, DETAINED_1 = Place.HELD_0, Place.DETAINED_0, Place.DETAINED_1
TAKEN, LOST, KILLED = Place.CONSCRIPTED, Place.DISAPPEARED, Place.KILLED
HARM_OF = {
    DETAINED_0: DETAINED_KIND,
    DETAINED_1: DETAINED_KIND,
    TAKEN: CONSCRIPTED_KIND,
    KILLED: KILLED_KIND,
    LOST: DISAPPEARED_KIND,
}
PARTIES = ((HOME_0, HELD_0, DETAINED_0), (HOME_1, Place.HELD_1, DETAINED_1))
EVEN, ODD = 2, 3
Step = tuple[int, int, int, int]


def family(*steps: Step, household: int = EVEN) -> tuple[Returns, Harms]:
    """What harm the steps (week, from, to, class) of one family are read as."""
    events = Events(
        *np.array(
            [(0, household, week, a, c, b, c, 1, 0) for week, a, b, c in steps], dtype=np.int64
        ).T
    )
    return read(events)


def read(events: Events) -> tuple[Returns, Harms]:
    returns = returns_of(events)
    return returns, harms_of(returns, events)


def told(steps: list[Step], household: int = EVEN) -> dict[int, list[tuple[str, int]]]:
    """By person, what befell them and when, in order."""
    _, harms = family(*steps, household=household)
    found: dict[int, list[tuple[str, int]]] = {}
    for person, kind, week in sorted(zip(*harms, strict=True), key=lambda row: row[2]):
        found.setdefault(int(person), []).append((HARM_KINDS[kind], int(week)))
    return found


TWO_MEN = [(1, CAMP, HOME_0, MAN)] * 2


@pytest.mark.parametrize(("household", "first"), [(EVEN, 0), (ODD, 1)])
def test_two_men_of_a_family_are_harmed_one_after_the_other(household: int, first: int):
    steps = [*TWO_MEN, (5, HOME_0, DETAINED_0, MAN), (6, HOME_0, TAKEN, MAN)]
    assert told(steps, household) == {first: [("detained", 5)], 1 - first: [("conscripted", 6)]}


def test_the_only_man_who_was_released_is_the_one_who_is_conscripted():
    steps = [
        (1, CAMP, HOME_0, MAN),
        (1, CAMP, HOME_0, Class.WOMEN),
        (5, HOME_0, DETAINED_0, MAN),
        (9, DETAINED_0, HOME_0, MAN),
        (12, HOME_0, TAKEN, MAN),
    ]
    assert told(steps) == {1: [("detained", 5), ("conscripted", 12)]}


def test_nobody_is_harmed_who_has_disappeared():
    steps = [
        *TWO_MEN,
        (5, HOME_0, DETAINED_0, MAN),
        (6, DETAINED_0, LOST, MAN),
        (7, HOME_0, DETAINED_0, MAN),
        (8, DETAINED_0, HOME_0, MAN),
        (9, HOME_0, TAKEN, MAN),
    ]
    assert told(steps) == {
        0: [("detained", 5), ("disappeared", 6)],
        1: [("detained", 7), ("conscripted", 9)],
    }


def test_who_was_held_on_the_way_may_be_arrested_there_or_harmed_once_home():
    steps = [
        (1, CAMP, HELD_0, MAN),
        (1, CAMP, HELD_0, MAN),
        (3, HELD_0, DETAINED_0, MAN),
        (4, HELD_0, HOME_0, MAN),
        (6, DETAINED_0, KILLED, MAN),
        (8, HOME_0, TAKEN, MAN),
    ]
    assert told(steps) == {0: [("detained", 3), ("killed", 6)], 1: [("conscripted", 8)]}


def grew_up(week: int, before: int, after: int) -> tuple[int, ...]:
    return (0, EVEN, week, HOME_0, before, HOME_0, after, 1, 0)


def moved(week: int, source: int, target: int, cls: int) -> tuple[int, ...]:
    return (0, EVEN, week, source, cls, target, cls, 1, 0)


def by_row(*rows: tuple[int, ...]) -> list[tuple[str, int]]:
    """What befell whom, as the class they returned in, in the order of events."""
    returns, harms = read(Events(*np.array(rows, dtype=np.int64).T))
    classes = returns.person_class[harms.person].tolist()
    return [(HARM_KINDS[k], c) for k, c in zip(harms.kind, classes, strict=True)]


def test_a_child_who_grew_into_a_man_at_home_and_is_taken_is_the_one_who_is_harmed():
    left = [moved(1, CAMP, HOME_0, CHILD), moved(1, CAMP, HOME_0, MAN)]
    rows = [*left, moved(3, HOME_0, TAKEN, MAN), grew_up(60, CHILD, MAN)]
    assert by_row(*rows, moved(70, HOME_0, TAKEN, MAN)) == [
        ("conscripted", MAN),
        ("conscripted", CHILD),
    ]


def test_a_man_who_grew_too_old_for_conscription_is_not_the_one_who_is_conscripted():
    left = [moved(1, CAMP, HOME_0, CHILD), moved(1, CAMP, HOME_0, MAN)]
    grown = [grew_up(50, MAN, OLDER), grew_up(60, CHILD, MAN)]
    taken = [moved(70, HOME_0, TAKEN, MAN), moved(80, HOME_0, DETAINED_0, OLDER)]
    assert by_row(*left, *grown, *taken) == [("conscripted", CHILD), ("detained", MAN)]


def test_those_who_went_first_and_those_who_followed_are_told_apart():
    steps = [
        (1, CAMP, HOME_0, MAN),
        (20, CAMP, HOME_1, MAN),
        (25, HOME_1, DETAINED_1, MAN),
        (30, HOME_0, TAKEN, MAN),
    ]
    assert told(steps) == {0: [("conscripted", 30)], 1: [("detained", 25)]}
    returns, _ = family(*steps)
    assert returns.party.tolist() == [0, 1]


def test_where_nobody_returned_or_nobody_was_harmed_there_is_nothing_to_tell():
    assert told([(1, CAMP, Place.ONWARD, MAN)]) == {}
    assert told([(1, CAMP, HOME_0, MAN)]) == {}


HARSH = camp(
    weeks=150,
    hazards__harm_per_week=0.03,
    custody__mean_weeks=6,
    custody__hold__men_conscription_age=0.6,
    custody__held_arrest_per_week=0.1,
    population__household_size=7,
    behaviour__intercept=1,
)


@pytest.fixture(scope="module")
def harsh() -> Events:
    """A run in which the same people are harmed again and again."""
    run = simulate(HARSH, 3, events=True)
    assert run.events is not None
    return of_replicates(run.events, [0, 1, 2])


@dataclass
class Person:
    """One who returned, followed by hand."""

    row: int
    replicate: int
    household: int
    place: int
    cls: int
    since: int
    befell: list[tuple[int, int]] = field(default_factory=list)


def replayed(returns: Returns, events: Events) -> list[Person]:
    """Every movement after the return, by whoever of those alike has been there longest."""
    people: list[Person] = []
    for row in range(len(returns.week)):
        party, is_held = returns.party[row], returns.held[row]
        of = (int(returns.replicate[row]), int(returns.household[row]))
        backwards = sum(of) % 2 == 1
        cls = int(returns.person_class[row])
        people.append(
            Person(row, *of, PARTIES[party][int(is_held)], cls, -1 - row if backwards else row)
        )
    families: dict[tuple[int, int], list[Person]] = {}
    for person in people:
        families.setdefault((person.replicate, person.household), []).append(person)
    # Everyone is there before the first of these movements, whenever they came.
    later = len(people)
    for replicate, household, week, source, before, target, after, number, _ in zip(
        *events, strict=True
    ):
        if source not in [place for party in PARTIES for place in party]:
            continue
        for _ in range(number):
            alike = [
                person
                for person in families[replicate, household]
                if (person.place, person.cls) == (source, before)
            ]
            who = min(alike, key=lambda person: person.since)
            who.place, who.cls, who.since = int(target), int(after), later
            later += 1
            if target in HARM_OF and source != target:
                who.befell.append((HARM_OF[target], int(week)))
    return people


def test_harm_is_read_off_the_movements_as_a_replay_person_by_person_has_it(harsh: Events):
    returns, harms = read(harsh)
    found = sorted(zip(*(column.tolist() for column in harms), strict=True))
    people = replayed(returns, harsh)
    assert found == sorted((p.row, kind, week) for p in people for kind, week in p.befell)
    assert sum(len(p.befell) > 2 for p in people) > 20
    assert any(p.cls != returns.person_class[p.row] and p.befell for p in people)


def test_nothing_befalls_anyone_after_they_were_conscripted_killed_or_lost(harsh: Events):
    _, harms = read(harsh)
    order = np.lexsort((np.arange(len(harms.week)), harms.week, harms.person))
    person, kind = harms.person[order], harms.kind[order]
    goes_on = person[1:] == person[:-1]
    assert goes_on.sum() > 50
    assert (kind[:-1][goes_on] == DETAINED_KIND).all()


def test_everyone_who_left_for_home_is_a_row_and_every_harm_is_somebodys(harsh: Events):
    run = simulate(HARSH, 3)
    returns, harms = read(harsh)
    by_replicate = np.bincount(returns.replicate, minlength=3)
    assert by_replicate.tolist() == run["departures"].sum(axis=1).tolist()
    held = np.bincount(returns.replicate, weights=returns.held, minlength=3)
    assert held.tolist() == run["newly_held"].sum(axis=1).tolist()
    for number, name in enumerate(HARM_KINDS):
        of = returns.replicate[harms.person[harms.kind == number]]
        assert np.bincount(of, minlength=3).tolist() == run[name].sum(axis=1).tolist(), name
    assert (harms.week >= returns.week[harms.person]).all()
