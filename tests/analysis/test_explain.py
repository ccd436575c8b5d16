"""An explanation takes the core's own choice apart, and adds nothing to it."""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.analysis.explain import (
    ExplainedHousehold,
    alternatives,
    explain_household,
)
from returnsim.analysis.groups import EVERYONE, explain_groups, groupings
from returnsim.analysis.moments import Moment, Week, live, moment_in, moment_of
from returnsim.assemble import Plan, plan_run
from returnsim.core.decision import CLOSED, outlook_on, weigh
from returnsim.core.inputs import week_of
from returnsim.core.rows import Rows
from returnsim.core.state import NOBODY
from returnsim.core.trust import Beliefs, survival
from returnsim.core.utility import total
from returnsim.core.week import step
from returnsim.draws import Draws, Weekly
from returnsim.errors import UsageError
from tests.analysis.explained import SEED, WEEKS, made, moment
from tests.core.runs import camp_of
from tests.reference.busy import busy_inputs, busy_population


def lived(plan: Plan, replicates: list[int]) -> Iterator[tuple[Week, Moment]]:
    for week in live(plan, replicates):
        yield week, moment_of(week, replicates)


@pytest.mark.parametrize("seed", range(4))
def test_the_terms_of_any_way_home_sum_to_the_utility_that_the_core_weighs(seed: int):
    inputs, people = busy_inputs(seed, weeks=12), busy_population(seed, replicates=2)
    camp, seen = camp_of(inputs, people), 0
    for t in range(12):
        rows = Rows(np.flatnonzero(camp.state.camp_size > 0), people.members.shape[1])
        kappa, omega = camp.state.kappa[:, rows.index], camp.state.omega[:, rows.index]
        beliefs = Beliefs(kappa, omega, survival(kappa, omega, inputs.parameters.horizon_weeks))
        week, p = week_of(inputs.conditions, t), inputs.parameters
        weighed = weigh(rows, camp.state, people, beliefs, week, p, t)
        mine = camp.state.guarantor[rows.index].astype(np.int64)
        ways = [
            (np.full(len(rows), o + 1), weighed.offers.guarantor[o], weighed.offers.utility[o])
            for o in range(len(p.options))
        ]
        is_open = weighed.offers.registered > CLOSED
        own = np.maximum(camp.state.option[rows.index], 1).astype(np.int64)
        ways.append((own, np.where(is_open, mine, NOBODY), weighed.offers.registered))
        for option, guarantor, utility in ways:
            out = outlook_on(option, guarantor, weighed.standing, camp.state, beliefs, week, p)
            there = guarantor != NOBODY
            np.testing.assert_array_equal(there, utility > CLOSED)
            np.testing.assert_array_equal(total(tuple(out.terms.values()))[there], utility[there])
            assert all(np.isnan(term[~there]).all() for term in out.terms.values())
            seen += int(there.sum())
        step(camp, t)
    assert seen > 500


def test_the_choice_finds_the_households_as_they_are_told_of():
    plan = plan_run(made(), SEED, 60)
    for week, found in lived(plan, [0, 2]):
        index = week.happened.rows.index
        np.testing.assert_array_equal(found.household, index % week.camp.people.members.shape[1])
        np.testing.assert_array_equal(found.beliefs.trust, week.happened.trust)


def chosen(week: Week, found: Moment) -> np.ndarray:
    """Which alternative the core took for each."""
    choices, registered = week.happened.choices, found.state.option.astype(int)
    given_up = choices.lapsed | choices.withdrawn
    of_registered = np.where(choices.changed, choices.option + 1, registered + 1)
    of_others = np.choose(np.clip(choices.option, -1, 1) + 1, [1, 0, choices.option + 1])
    return np.where(registered > 0, np.where(given_up, 0, of_registered), of_others)


def test_the_probabilities_cut_by_the_draw_give_the_cores_own_choice():
    plan = plan_run(made(), SEED, 60)
    seen: set[tuple[bool, int]] = set()
    changes = 0
    for week, found in lived(plan, [0, 1, 2, 3]):
        draws = Draws(SEED, [0, 1, 2, 3])
        calendar = plan.inputs.first_calendar_week + week.t
        households = week.camp.people.members.shape[1]
        u = draws.weekly(Weekly.CHOICE, calendar, households).ravel()[week.happened.rows.index]
        chances = found.probabilities()
        np.testing.assert_allclose(chances.sum(axis=0), 1, rtol=1e-12)
        cut = (np.cumsum(chances, axis=0)[:-1] <= u).sum(axis=0)
        took = chosen(week, found)
        np.testing.assert_array_equal(cut, took)
        changes += int(week.happened.choices.changed.sum())
        seen |= set(zip((found.state.option > 0).tolist(), took.tolist(), strict=True))
    assert seen >= {(False, a) for a in range(4)} | {(True, a) for a in (0, 2, 3)}
    assert changes > 0


ONLY_THE_INTERCEPT = {
    f"behaviour__{name}": 0
    for name in (
        *("hardship", "age", "attachment", "services", "norm", "reunite", "perceived_risk"),
        *("conscription", "cost", "separation"),
    )
}


def test_without_coefficients_the_terms_are_the_intercept_alone_and_no_lever_changes_anything():
    scenario = made(**ONLY_THE_INTERCEPT, behaviour__intercept=-2, behaviour__onward_intercept=-9)
    plan, seen = plan_run(scenario, SEED, 40), 0
    for household in range(0, 40, 4):
        told = explain_household(scenario, plan, household, 0, week=0)
        assert all(change.at is None for change in told.changes)
        for way in told.ways:
            assert way.terms == dict.fromkeys(way.terms, 0) | {"intercept": -2}
            assert way.utility == -2
            seen += 1
        weights = {o.option: math.exp(o.utility) for o in told.offers if not o.closed}
        for offer in told.offers:
            share = weights.get(offer.option, 0) / sum(weights.values())
            assert offer.probability == pytest.approx(share, rel=1e-12)
    assert seen > 10


@settings(max_examples=15, deadline=None)
@given(st.floats(-0.9, -0.1), st.floats(1, 4))
def test_where_conditions_alone_weigh_the_change_is_where_the_utility_crosses_that_of_staying(
    intercept: float, services: float
):
    scenario = made(
        **(ONLY_THE_INTERCEPT | {"behaviour__services": services}),
        behaviour__intercept=intercept,
        behaviour__onward_intercept=-9,
    )
    told = explain_household(scenario, plan_run(scenario, SEED, 20), 0, 0, week=0)
    (change,) = [c for c in told.changes if c.at is not None]
    crossing = 1 - intercept / services
    assert change.lever == "levers.services.conditions"
    assert change.at == pytest.approx(crossing, rel=1e-9)
    assert change.change == pytest.approx((change.at - 1) / change.highest)
    assert (told.likeliest, change.to) == ("stay", "whole")


@cache
def one_by_one() -> list[ExplainedHousehold]:
    scenario = made()
    plan = plan_run(scenario, SEED, 20)
    households = plan.spec.households + len(plan.arrival_weeks)
    told = [
        explain_household(scenario, plan, household, replicate, week=3)
        for replicate in range(2)
        for household in range(households)
    ]
    return [one for one in told if one.status == "in camp"]


def is_in(told: ExplainedHousehold, grouping: str, name: str) -> bool:
    who = told.who
    men, size = who.in_camp["men_conscription_age"], sum(who.in_camp.values())
    return {
        "": True,
        "men of 18 to 42": name
        == ("none" if not men else "one alone" if size == 1 else "with others"),
        "wanted": name == ("somebody" if who.wanted else "nobody"),
        "age of the head": name
        == (
            "under 35" if who.head_age < 35 else "35 to 59" if who.head_age < 60 else "60 and over"
        ),
        "origin": name == who.origin,
    }[grouping]


@pytest.mark.slow
def test_means_of_groups_are_the_means_of_their_households_own():
    scenario = made()
    told = explain_groups(scenario, plan_run(scenario, SEED, 20), 2, week=3)
    assert told.groups[0].name == EVERYONE
    assert sum(g.households for g in told.groups if g.grouping == "origin") == (
        told.groups[0].households
    )
    for group in told.groups:
        own = [one for one in one_by_one() if is_in(one, group.grouping, group.name)]
        assert group.households == len(own) / 2
        if not own:
            assert math.isnan(group.home)
            continue
        home = [sum(o.probability for o in one.offers[2:]) for one in own]
        assert group.home == pytest.approx(np.mean(home), rel=1e-12)
        best = [max(ways, key=lambda w: w.utility) for one in own if (ways := one.ways)]
        assert group.with_a_way == len(best) / len(own)
        assert group.by_a_split == pytest.approx(np.mean([w.option != "whole" for w in best]))
        for term, mean in group.terms.items():
            assert mean == pytest.approx(np.mean([w.terms[term] for w in best]), abs=1e-12)
        assert group.utility == pytest.approx(sum(group.terms.values()), abs=1e-12)
        assert group.trust == pytest.approx(np.mean([w.trust for w in best]))
        for moved in group.moved:
            changes = [
                c.change for one in own for c in one.changes if c.lever == moved.lever and c.to
            ]
            by_change = [abs(c) for c in changes if c]
            assert moved.share == pytest.approx(len(by_change) / len(own))
            assert moved.share == pytest.approx(moved.share_raised + moved.share_lowered)
            assert moved.share_as_it_is == pytest.approx(changes.count(0) / len(own))
            if by_change:
                assert moved.median == pytest.approx(np.median(by_change) * moved.highest)


def test_every_household_is_in_one_group_of_each_grouping():
    counted: dict[str, np.ndarray] = {}
    for grouping, _, mask in groupings(made(), moment(3)):
        counted[grouping] = counted.get(grouping, 0) + mask.astype(int)
    assert len(counted) == 5
    assert all((number == 1).all() for number in counted.values())


def test_replicates_in_any_blocks_are_the_same_households(monkeypatch: pytest.MonkeyPatch):
    whole = moment(3, replicates=3)
    monkeypatch.setattr("returnsim.analysis.moments.BLOCK", 2)
    parts = moment_in(plan_run(made(), SEED, 60), 3, 3)
    np.testing.assert_array_equal(parts.replicate, whole.replicate)
    np.testing.assert_array_equal(parts.household, whole.household)
    np.testing.assert_array_equal(parts.probabilities(), whole.probabilities())


def test_the_week_by_default_is_the_first_in_camp_with_an_offer_open():
    scenario = made(guarantors__state__active=["2021-02-01", None])
    plan = plan_run(scenario, SEED, 60)
    south = [
        told
        for household in range(12)
        if (told := explain_household(scenario, plan, household, 0)).who.origin == "south"
    ]
    there = [told for told in south if told.first_offer]
    assert len(there) > 3
    assert {(told.week, told.status) for told in there} == {(4, "in camp")}
    # The others went elsewhere before.
    assert {(told.week, told.status) for told in south if not told.first_offer} <= {(11, "gone")}
    before = explain_household(scenario, plan, there[0].household, 0, week=3)
    assert not before.ways
    assert {o.closed for o in before.offers[2:]} == {"nobody vouches for those of its origin"}


def test_a_household_without_any_offer_is_told_of_in_the_last_week():
    scenario = made(guarantors__state__active=False, guarantors__elders__active=False)
    told = explain_household(scenario, plan_run(scenario, SEED, 20), 0, 0)
    assert (told.week, told.first_offer) == (WEEKS[-1], False)


def test_who_has_left_and_who_is_yet_to_come_are_told_as_such():
    scenario = made()
    plan = plan_run(scenario, SEED, 60)
    last = plan.spec.households + len(plan.arrival_weeks) - 1
    early = explain_household(scenario, plan, last, 0, week=0)
    assert (early.status, early.offers, early.changes) == ("not yet arrived", (), ())
    assert early.arrival_week == plan.arrival_weeks[-1]
    assert explain_household(scenario, plan, last, 0, early.arrival_week).status == "in camp"
    told = [explain_household(scenario, plan, h, 0, week=WEEKS[-1]) for h in range(30)]
    gone = [one for one in told if one.status == "gone"]
    assert len(gone) > 2
    for one in gone:
        assert one.who.places["camp"] == sum(one.who.in_camp.values()) == 0
        assert sum(one.who.places.values()) > 0
        assert bool(one.who.parties) or one.who.places["onward"] or one.who.places["died"]


def test_the_registered_keep_their_place_or_take_their_name_back():
    scenario, seen = made(), 0
    plan = plan_run(scenario, SEED, 60)
    names = alternatives(scenario)
    for week, found in lived(plan, [0]):
        for row in np.flatnonzero(found.state.option > 0)[:2]:
            told = explain_household(scenario, plan, int(found.household[row]), 0, week.t)
            registration = told.who.registration
            assert registration is not None
            own = told.offers[names.index(registration.option)]
            if own.closed:
                assert told.offers[0].probability == 1
                continue
            (way,) = [w for w in told.ways if w.option == registration.option]
            leaves = 1 / (1 + math.exp(way.utility + registration.commitment))
            assert told.offers[0].probability == pytest.approx(leaves, rel=1e-12)
            assert own.guarantor == way.guarantor == registration.guarantor
            seen += 1
    assert seen > 8


@pytest.mark.parametrize(
    ("household", "week", "said"),
    [
        (-1, 0, "numbered 0 to"),
        (10_000, 0, "numbered 0 to"),
        (0, -1, "0 to 11"),
        (0, 12, "0 to 11"),
    ],
)
def test_a_household_or_week_that_is_not_there_is_told(household: int, week: int, said: str):
    scenario = made()
    with pytest.raises(UsageError, match=said):
        explain_household(scenario, plan_run(scenario, SEED, 20), household, 0, week)


def test_a_week_with_nobody_in_camp_is_told_with_one_that_has():
    scenario = made(levers__onward={"open": True}, behaviour__onward_intercept=40, weeks=12)
    plan = plan_run(scenario, SEED, 20)
    with pytest.raises(UsageError, match=r"week 11: nobody is in camp.*--week \d+"):
        explain_groups(scenario, plan, 1, week=11)


def test_an_explanation_is_given_up_between_two_weeks():
    scenario, lived_through = made(), []

    def poll(t: int) -> None:
        lived_through.append(t)
        if t == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        explain_household(scenario, plan_run(scenario, SEED, 20), 0, 0, WEEKS[-1], poll)
    assert lived_through == [0, 1, 2]
