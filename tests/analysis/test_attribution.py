"""Returns are set against those of the same people without the lever, person by person."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.analysis.attribution import (
    LABELS,
    WEEKS_HASTENED,
    Attribution,
    Movements,
    attribute,
)
from returnsim.assemble import members_of, plan_of, simulate
from returnsim.core.inputs import Class, Place
from returnsim.core.log import Events
from returnsim.core.state import BORN, OUTSIDE
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario
from tests.agents.camp import camp

WOMEN, MEN, CHILDREN = Class.WOMEN, Class.MEN_CONSCRIPTION_AGE, Class.CHILDREN
VOLUNTARY, HASTENED, PUSHED, NOT_YET_KNOWN, IN_ONE_RUN = LABELS
LONG = 300


class Went(NamedTuple):
    """Members who moved; home from the camp, one woman of household 0, if nothing else is said."""

    week: int
    number: int = 1
    person_class: int = WOMEN
    household: int = 0
    replicate: int = 0
    source: int = Place.CAMP
    target: int = Place.HOME_0


MANY = np.full((2, 10, len(Class)), 99)
"""Households in which there is somebody for every return."""


def lived(*went: Went, members: np.ndarray = MANY) -> Movements:
    """A run of hand-made movements."""
    return Movements(events(*went), members)


def events(*went: Went) -> Events:
    """Movements in the order of weeks, as a run keeps them."""
    rows = [
        (
            *(w.replicate, w.household, w.week),
            *(w.source, w.person_class, w.target, w.person_class, w.number, 0),
        )
        for w in sorted(went, key=lambda w: w.week)
    ]
    return Events(*np.array(rows, dtype=np.int64).reshape(-1, len(Events._fields)).T)


def labels(found: Attribution) -> list[str]:
    return [LABELS[label] for label in found.label]


def told(with_lever: list[Went], without_lever: list[Went], weeks: int = LONG) -> list[str]:
    """Labels of the returns of replicate 0, in order."""
    return labels(attribute(lived(*with_lever), lived(*without_lever), [0], weeks))


@pytest.mark.parametrize(
    ("then", "label"),
    [
        (0, VOLUNTARY),
        (9, VOLUNTARY),
        (10, VOLUNTARY),
        (11, HASTENED),
        (10 + WEEKS_HASTENED, HASTENED),
        (11 + WEEKS_HASTENED, PUSHED),
        (LONG - 1, PUSHED),
        (None, PUSHED),
    ],
)
def test_a_label_tells_when_they_would_have_gone_without_the_lever(then: int | None, label: str):
    assert told([Went(10)], [] if then is None else [Went(then)]) == [label]


@pytest.mark.parametrize(
    ("weeks", "label"),
    [(11, NOT_YET_KNOWN), (10 + WEEKS_HASTENED, NOT_YET_KNOWN), (11 + WEEKS_HASTENED, PUSHED)],
)
def test_nobody_is_called_pushed_before_the_year_is_over(weeks: int, label: str):
    assert told([Went(10)], [], weeks) == [label]


def test_who_goes_without_the_lever_alone_is_not_among_the_returns_with_it():
    assert told([], [Went(3)]) == []
    assert told([Went(5)], [Went(3, number=4)]) == [VOLUNTARY]


def test_classes_of_a_household_that_go_apart_are_told_apart():
    found = told(
        [Went(5), Went(20, person_class=MEN)],
        [Went(30, target=Place.HOME_1), Went(5, person_class=MEN)],
    )
    assert found == [HASTENED, VOLUNTARY]


def test_members_of_a_class_are_matched_by_how_many_of_them_had_gone():
    found = told(
        [Went(3, person_class=CHILDREN), Went(10, number=3, person_class=CHILDREN)],
        [Went(3, number=2, person_class=CHILDREN), Went(80, person_class=CHILDREN)],
    )
    assert found == [VOLUNTARY, VOLUNTARY, PUSHED, PUSHED]


def test_a_household_is_not_matched_with_another():
    assert told([Went(10, household=1)], [Went(10, household=0)]) == [PUSHED]
    # Side by side, the last of one household and the first of the next do not run into each other.
    with_lever = [Went(10, number=2, household=h) for h in (0, 1, 2)]
    found = told(with_lever, [Went(10, household=0), Went(10, number=3, household=1)])
    assert found == [VOLUNTARY, PUSHED, VOLUNTARY, VOLUNTARY, PUSHED, PUSHED]


def test_to_be_held_on_the_way_is_a_return_and_to_come_free_is_none():
    held = Went(5, number=2, target=Place.HELD_0)
    freed = Went(9, number=2, source=Place.HELD_0)
    assert told([held, freed], [Went(50, number=2, target=Place.HELD_1)]) == [HASTENED] * 2
    assert told([Went(5, number=2)], [held, freed]) == [VOLUNTARY] * 2


@pytest.mark.parametrize(
    "other",
    [
        Went(1, target=Place.ONWARD),
        Went(1, target=Place.DIED),
        Went(1, source=BORN, target=Place.CAMP),
        Went(1, source=BORN),
        Went(1, source=OUTSIDE, target=Place.CAMP),
        Went(1, source=Place.CAMP, target=Place.CAMP),
        Went(1, source=Place.HOME_0, target=Place.DETAINED_0),
        Went(1, source=Place.DETAINED_0),
    ],
)
def test_only_who_leaves_the_camp_for_home_has_returned(other: Went):
    assert told([Went(5), other], [other]) == [PUSHED]


def test_each_replicate_is_set_against_itself_and_kept_in_the_order_asked_for():
    with_lever = lived(Went(10, replicate=16), Went(10, replicate=17), Went(10, replicate=3))
    without_lever = lived(Went(10, replicate=17), Went(40, replicate=3))
    found = attribute(with_lever, without_lever, [17, 16], LONG)
    assert found.returns.replicate.tolist() == [0, 1]
    assert labels(found) == [VOLUNTARY, PUSHED]
    assert found.replicates == 2


def test_the_rows_say_whose_return_it_is_and_when():
    with_lever = lived(
        Went(7, household=4, person_class=MEN), Went(2, household=9), Went(5, household=4, number=2)
    )
    found = attribute(with_lever, with_lever, [0], LONG)
    who = found.returns
    rows = zip(who.household, who.person_class, who.week, strict=True)
    assert list(rows) == [(4, WOMEN, 5), (4, WOMEN, 5), (4, MEN, 7), (9, WOMEN, 2)]


def test_returns_a_week_are_people_of_the_real_camp_from_the_first_week_told():
    with_lever = lived(Went(0), Went(2, number=2), Went(2, household=1), Went(1, replicate=1))
    without_lever = lived(Went(2, number=3))
    found = attribute(with_lever, without_lever, [0, 1], 4)
    weekly = found.weekly(1, 2.5)
    assert list(weekly) == list(LABELS)
    assert {label: values.tolist() for label, values in weekly.items()} == {
        VOLUNTARY: [[0, 5, 0], [0, 0, 0]],
        HASTENED: [[0, 0, 0], [0, 0, 0]],
        PUSHED: [[0, 0, 0], [0, 0, 0]],
        NOT_YET_KNOWN: [[0, 2.5, 0], [2.5, 0, 0]],
        IN_ONE_RUN: [[0, 0, 0], [0, 0, 0]],
    }
    assert found.weekly(0, 1)[HASTENED].tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]


def test_runs_in_which_nobody_returned_have_nothing_to_label():
    found = attribute(lived(), lived(), [0, 1], 5)
    assert len(found.label) == 0
    assert all((v == 0).all() and v.shape == (2, 5) for v in found.weekly(0, 1).values())


moves = st.lists(
    st.builds(
        Went,
        week=st.integers(0, 149),
        number=st.integers(1, 3),
        person_class=st.sampled_from([CHILDREN, MEN]),
        household=st.integers(0, 2),
        replicate=st.integers(0, 1),
        source=st.just(Place.CAMP),
        target=st.sampled_from([Place.HOME_0, Place.HOME_1, Place.HELD_0, Place.ONWARD]),
    ),
    max_size=25,
)


def counted(with_lever: list[Went], without_lever: list[Went], weeks: int) -> Counter[object]:
    """How many returns of each replicate, household, class and week have each label, by fingers."""

    def by_group(went: list[Went]) -> dict[object, list[int]]:
        found: dict[object, list[int]] = {}
        for w in sorted(went, key=lambda w: w.week):
            if w.target != Place.ONWARD:
                group = (w.replicate, w.household, w.person_class)
                found.setdefault(group, []).extend([w.week] * w.number)
        return found

    others = by_group(without_lever)
    rows: Counter[object] = Counter()
    for group, mine in by_group(with_lever).items():
        theirs = others.get(group, [])
        for k, week in enumerate(mine):
            wait = theirs[k] - week if k < len(theirs) else LONG
            if wait <= 0:
                label = VOLUNTARY
            elif wait <= WEEKS_HASTENED:
                label = HASTENED
            else:
                label = PUSHED if week + WEEKS_HASTENED < weeks else NOT_YET_KNOWN
            rows[group, week, label] += 1
    return rows


def rows_of(found: Attribution) -> list[tuple[object, int, str]]:
    who = found.returns
    groups = zip(who.replicate, who.household, who.person_class, strict=True)
    return list(zip(groups, who.week.tolist(), labels(found), strict=True))


@settings(max_examples=200, deadline=None)
@given(moves, moves)
def test_every_return_has_the_label_that_counting_by_hand_gives(a: list[Went], b: list[Went]):
    found = attribute(lived(*a), lived(*b), [0, 1], 150)
    assert Counter(rows_of(found)) == counted(a, b, 150)


@settings(max_examples=200, deadline=None)
@given(moves, moves, st.integers(1, 149))
def test_what_a_return_is_called_never_changes_when_the_runs_are_made_longer(
    a: list[Went], b: list[Went], weeks: int
):
    def cut(went: list[Went]) -> Movements:
        return lived(*(w for w in went if w.week < weeks))

    short = rows_of(attribute(cut(a), cut(b), [0, 1], weeks))
    whole = rows_of(attribute(lived(*a), lived(*b), [0, 1], 150))
    for one, other in zip(short, (row for row in whole if row[1] < weeks), strict=True):
        assert one[:2] == other[:2]
        assert one[2] in (other[2], NOT_YET_KNOWN)
        if one[2] == NOT_YET_KNOWN:
            assert one[1] + WEEKS_HASTENED >= weeks


@settings(deadline=None)
@given(moves)
def test_where_both_runs_are_the_same_every_return_is_voluntary(went: list[Went]):
    same = lived(*went)
    assert set(labels(attribute(same, same, [0, 1], 150))) <= {VOLUNTARY}


SIEGE = camp(weeks=80, record_from="2021-02-01", behaviour__intercept=-0.5)


def pair(scenario: Scenario, lever: str = "siege") -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Returns a week by label, and the departures, of a run set against one without the lever."""
    one, other = (simulate(s, 3, events=True) for s in (scenario, without(scenario, lever)))
    mine, theirs = (
        Movements(run.events, members_of(plan_of(run), [0, 1, 2])) for run in (one, other)
    )
    found = attribute(mine, theirs, one.replicates.tolist(), scenario.weeks)
    return dict(found.weekly(int(one.weeks[0]), one.weight)), one["departures"]


def test_the_returns_by_label_add_up_to_the_departures():
    weekly, departures = pair(SIEGE)
    np.testing.assert_allclose(sum(weekly.values()), departures)
    assert all(weekly[label].sum() > 0 for label in (VOLUNTARY, HASTENED, PUSHED, NOT_YET_KNOWN))


@pytest.mark.parametrize(
    ("there", "joined", "label"),
    [(1, None, PUSHED), (0, None, IN_ONE_RUN), (0, 62, PUSHED), (0, 63, IN_ONE_RUN)],
)
def test_who_was_not_in_the_camp_of_the_other_run_by_then_is_a_row_of_their_own(
    there: int, joined: int | None, label: str
):
    born = [] if joined is None else [Went(joined, source=BORN, target=Place.CAMP)]
    members = np.full((1, 1, len(Class)), there)
    found = attribute(lived(Went(10)), lived(*born, members=members), [0], LONG)
    assert labels(found) == [label]


def test_a_household_that_never_arrived_in_the_other_run_is_in_one_run():
    for weeks in (11, LONG):
        found = attribute(lived(Went(10, household=3)), lived(members=MANY[:1, :3]), [0], weeks)
        assert labels(found) == [IN_ONE_RUN]


def test_the_returns_by_label_stand_for_as_many_people_as_the_departures():
    run, calm = (
        simulate(s, 2, households=30, events=True) for s in (SIEGE, without(SIEGE, "siege"))
    )
    mine, theirs = (Movements(one.events, members_of(plan_of(one), [0, 1])) for one in (run, calm))
    found = attribute(mine, theirs, [0, 1], SIEGE.weeks).weekly(4, run.weight)
    assert run.weight > 1
    np.testing.assert_allclose(sum(found.values()), run["departures"])


def test_a_lever_that_is_neutral_already_moves_nobody():
    weekly, departures = pair(camp(weeks=80, levers__siege__severity=0))
    np.testing.assert_allclose(weekly[VOLUNTARY], departures)
    assert departures.sum() > 0


def test_without_the_only_one_who_vouches_for_them_nobody_would_have_gone():
    alone = camp(weeks=80, guarantors__elders__active=[])
    weekly, departures = pair(alone, "guarantor:state")
    assert (weekly[VOLUNTARY] + weekly[HASTENED] == 0).all()
    np.testing.assert_allclose(weekly[PUSHED][:, : 80 - WEEKS_HASTENED], departures[:, :28])
    np.testing.assert_allclose(weekly[NOT_YET_KNOWN][:, 28:], departures[:, 28:])
    assert departures[:, :28].sum() > 0
