"""The switch table has everybody once, by what they did in the other run, with the harm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.analysis.attribution import LABELS
from returnsim.analysis.followed import FATES, Followed, Others, Traits, follow
from returnsim.analysis.returns import HARM_KINDS, Harms, Returns
from returnsim.analysis.switch import (
    AFTER_RETURN,
    AS_IF,
    DID_NOT_RETURN,
    EVER,
    HARMS,
    RETURNED,
    Switch,
    as_if,
    categories,
    cautions,
    count,
    crossings,
    did_not_return,
    switch_table,
)
from returnsim.assemble import members_of, plan_of
from returnsim.core.inputs import Class
from returnsim.core.state import BORN
from returnsim.scenario.neutral import NEUTRAL
from tests.agents.camp import camp
from tests.analysis.made import made

ONE_WORD = {"guarantors__elders__active": []}
FULL = {
    "weeks": 80,
    "behaviour__intercept": -0.8,
    "levers__siege__severity": 0.8,
    "levers__onward": {"open": True, "cost_weeks_of_subsistence": 3},
    "hazards__births_per_woman": 0.02,
    "hazards__death_per_week__children": 0.005,
}


@pytest.fixture(scope="module")
def run() -> Followed:
    return follow(camp(**FULL), 3, households=80, events=True)


def whole(run: Followed) -> dict[str, np.ndarray]:
    """Rows of everybody, by name, each of one number a replicate."""
    return by_name(count(run, crossings(run)[0]), run)


def by_name(found: Switch, run: Followed, group: int = 0) -> dict[str, np.ndarray]:
    names = [row.name for row in categories(run.lever or "")]
    return dict(zip(names, found.people[:, group].T, strict=True))


def parts(name: str, lever: str) -> list[str]:
    return [row.name for row in categories(lever) if row.part_of == name]


def ever_in_camp(run: Followed) -> np.ndarray:
    """Members who came, and children born, counted from the movements."""
    events, replicates = run.trajectories.events, run.trajectories.replicates.tolist()
    assert events is not None
    there = members_of(plan_of(run.trajectories), replicates).sum(axis=(1, 2))
    born = events.source == BORN
    return np.asarray(there + np.bincount(events.replicate[born], minlength=len(there)))


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    intercept=st.integers(-200, 100).map(lambda hundredths: hundredths / 100),
    severity=st.floats(0.3, 1),
    lever=st.sampled_from(["siege", "conscription", "corridor", "arrivals", "guarantor:state"]),
)
def test_everybody_who_ever_was_in_the_camp_is_in_one_row(
    seed: int, intercept: float, severity: float, lever: str
):
    changes = {"behaviour__intercept": intercept, "levers__siege__severity": severity}
    scenario = camp(**FULL | changes | {"weeks": 60})
    run = follow(scenario, 2, seed, lever=lever, households=25, events=True)
    rows = whole(run)
    # Fates are shared out in fractions, which add up to whole people but for a last digit.
    np.testing.assert_allclose(rows[EVER], ever_in_camp(run), rtol=0, atol=1e-9)
    assert rows[RETURNED].tolist() == sum(rows[name] for name in parts(RETURNED, lever)).tolist()
    for name in (EVER, DID_NOT_RETURN, *parts(DID_NOT_RETURN, lever)):
        below = [rows[part] for part in parts(name, lever)]
        if below:
            np.testing.assert_allclose(sum(below), rows[name], rtol=0, atol=1e-9)
    assert all((people >= 0).all() for people in rows.values())


def test_the_groups_of_each_crossing_add_up_to_the_whole(run: Followed):
    everybody, *others = (count(run, crossing) for crossing in crossings(run))
    assert [found.by for found in others] == ["men", "head_age", "wanted", "origin"]
    for found in others:
        np.testing.assert_allclose(found.people.sum(axis=1), everybody.people[:, 0], atol=1e-9)
        np.testing.assert_array_equal(found.harm.sum(axis=1), everybody.harm[:, 0])
        assert (found.people[:, :, 0].sum(axis=0) > 0).all(), found.by


def test_harm_by_label_adds_up_to_the_weekly_record(run: Followed):
    names = [row.name for row in categories("siege")]
    (harm,) = np.moveaxis(count(run, crossings(run)[0]).harm, 1, 0)
    labels = [names.index(label) for label in LABELS]
    for number, name in enumerate(("newly_held", "detained", "conscripted", "killed")):
        on_record = run.trajectories[name].sum(axis=1)
        told = harm[:, labels, number].sum(axis=1) * run.trajectories.weight
        np.testing.assert_allclose(told, on_record)
        np.testing.assert_allclose(
            harm[:, names.index(RETURNED), number] * run.trajectories.weight, on_record
        )
        assert on_record.sum() > 0
    assert np.isnan(harm[:, names.index(DID_NOT_RETURN)]).all()


@pytest.mark.parametrize("place", range(5))
def test_the_returned_of_a_group_are_those_that_counting_one_by_one_gives(
    run: Followed, place: int
):
    crossing = crossings(run)[place]
    found = count(run, crossing)
    names = [row.name for row in categories("siege")]
    people, harm = np.zeros_like(found.people), np.zeros_like(found.harm)
    harmed: set[int] = set()
    for person in range(len(run.label)):
        replicate, household = run.returns.replicate[person], run.returns.household[person]
        row = names.index(LABELS[run.label[person]])
        cell = (replicate, crossing.group[replicate, household], row)
        people[cell] += 1
        harm[(*cell, 0)] += run.returns.held[person]
        for kind in run.harms.kind[run.harms.person == person].tolist():
            if kind in AFTER_RETURN:
                harm[(*cell, 1 + AFTER_RETURN.index(kind))] += 1
                harm[(*cell, 4)] += person not in harmed
                harmed.add(person)
    for label in LABELS:
        row = names.index(label)
        np.testing.assert_array_equal(found.people[:, :, row], people[:, :, row])
        np.testing.assert_array_equal(found.harm[:, :, row], harm[:, :, row])
    assert len(harmed) > 20


def test_households_are_told_apart_by_their_traits(run: Followed):
    traits = run.traits
    _, men, age, wanted, origin = crossings(run)
    members = members_of(plan_of(run.trajectories), [0, 1, 2])
    with_men = members[..., Class.MEN_CONSCRIPTION_AGE] > 0
    np.testing.assert_array_equal(men.group == 0, with_men)
    assert crossings(by_hand())[2].group.tolist() == [[0, 1], [1, 2]]
    np.testing.assert_array_equal(age.group == 0, traits.head_age < 35)
    np.testing.assert_array_equal(wanted.group == 0, traits.wanted)
    assert origin.groups == ("north", "south")
    np.testing.assert_array_equal(origin.group, traits.origin)


def test_where_the_lever_is_neutral_already_everyone_is_voluntary_or_never_went():
    run = follow(camp(**FULL | {"levers__siege__severity": 0}), 2, households=40)
    rows = whole(run)
    assert (rows["voluntary"] == rows[RETURNED]).all()
    never = sum(rows[f"never_{fate}"] for fate in FATES)
    np.testing.assert_allclose(never, rows[DID_NOT_RETURN])
    assert (rows["delayed"] == 0).all()
    assert rows[RETURNED].sum() > 0


def test_without_the_only_one_who_vouches_for_them_everyone_was_induced():
    shut = {
        "levers__corridor": [
            {"from": "2021-01-04", "open": True},
            {"from": "2021-03-01", "open": False},
        ]
    }
    run = follow(camp(weeks=80, **ONE_WORD | shut), 2, lever="guarantor:state", households=40)
    rows = whole(run)
    assert (rows["induced"] == rows[RETURNED]).all()
    assert (rows[RETURNED] > 0).all()


def test_a_siege_traps_a_guarantor_induces_and_anything_else_pushes_and_deters():
    def names(lever: str) -> set[str]:
        return {row.name for row in categories(lever)}

    assert {"pushed", "trapped"} <= names("siege")
    assert {"induced", "deterred"} <= names("guarantor:siege")
    assert {"pushed", "deterred"} <= names("conscription")
    assert not {"induced", "deterred"} & names("siege")
    assert not {"pushed", "trapped"} & names("guarantor:siege")


def test_every_lever_has_words_for_what_it_is_to_be_without_it():
    assert AS_IF.keys() == NEUTRAL.keys()
    assert as_if("guarantor:elders").startswith("elders ")


def test_those_who_were_delayed_are_among_the_voluntary():
    run = follow(camp(**FULL | {"weeks": 120, "levers__siege__severity": 1}), 2, households=60)
    rows = whole(run)
    assert rows["delayed"].sum() > 0
    for crossing in crossings(run):
        found = count(run, crossing)
        for group in range(len(crossing.groups)):
            told = by_name(found, run, group)
            assert (told["delayed"] <= told["voluntary"]).all()


def others(fates: list[list[int]], deterred: list[int], unknown: list[int] | None = None) -> Others:
    """One household of as many classes as are given."""
    classes = len(fates)

    def counts(values: list[int]) -> np.ndarray:
        return np.array(values, dtype=np.int16).reshape(1, 1, classes)

    return Others(
        np.array(fates, dtype=np.int16).reshape(1, 1, classes, len(FATES)),
        counts(deterred),
        counts(unknown or [0] * classes),
        counts([0] * classes),
    )


def told(given: Others) -> tuple[list[float], list[float], list[float]]:
    away = did_not_return(given)
    return (
        away.prevented[0, 0].tolist(),
        away.not_yet_known[0, 0].tolist(),
        away.never[0, 0].tolist(),
    )


def test_the_prevented_have_the_fates_of_their_own_class_in_proportion():
    found = told(others([[2, 2, 0], [0, 0, 3]], deterred=[2, 0], unknown=[1, 0]))
    assert found == ([1, 1, 0], [0.5, 0.5, 0], [0.5, 0.5, 3])


def test_who_grew_into_another_class_is_looked_for_in_the_household_and_never_counted_twice():
    # A child in the other run, a man who stayed in this one.
    assert told(others([[0, 0, 0], [1, 0, 0]], deterred=[1, 0])) == ([1, 0, 0], [0] * 3, [0] * 3)
    # A child in the other run, a man who returned in this one: nobody is left.
    assert told(others([[0, 0, 0], [0, 0, 0]], deterred=[1, 0])) == ([0] * 3, [0] * 3, [0] * 3)
    # Those who are there go before those who grew, and only who is left over makes room.
    found = told(others([[0, 0, 0], [1, 0, 0], [0, 1, 0]], deterred=[1, 0, 0], unknown=[0, 1, 0]))
    assert found == ([0, 1, 0], [1, 0, 0], [0] * 3)
    found = told(others([[0, 0, 0], [1, 1, 0]], deterred=[1, 0], unknown=[0, 2]))
    assert found == ([0] * 3, [1, 1, 0], [0] * 3)


people = st.lists(st.integers(0, 4), min_size=5, max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=5, max_size=5), people, people)
def test_those_who_did_not_return_are_all_told_whatever_the_other_run_has(
    fates: list[tuple[int, ...]], deterred: list[int], unknown: list[int]
):
    away = did_not_return(others([list(row) for row in fates], deterred, unknown))
    left = np.sum(fates, axis=0)
    np.testing.assert_allclose(sum(away)[0, 0], left, atol=1e-9)
    assert all((part > -1e-9).all() for part in away)
    kept = away.prevented.sum()
    surely = np.minimum(deterred, np.sum(fates, axis=1)).sum()
    assert surely - 1e-9 <= kept <= min(sum(deterred), left.sum()) + 1e-9
    assert away.not_yet_known.sum() <= sum(unknown) + 1e-9


def by_hand(lever: str | None = "siege", weeks: int = 80) -> Followed:
    """Two replicates of two households; one pushed and harmed return in four, weight 10."""
    trajectories = made(weeks=weeks, replicates=2, departures=0)
    object.__setattr__(trajectories, "weight", 10.0)
    nobody = np.zeros((2, 2, len(Class)), dtype=np.int16)
    stayed = np.zeros((2, 2, len(Class), len(FATES)), dtype=np.int16)
    stayed[1, 1, 0, 0] = 4
    pushed = LABELS.index("pushed")
    return Followed(
        trajectories,
        lever,
        Returns(
            replicate=np.array([0, 1, 1, 1]),
            household=np.array([0, 0, 0, 1]),
            week=np.array([3, 3, 3, 3]),
            person_class=np.array([2, 1, 2, 2]),
            party=np.zeros(4, dtype=np.int64),
            guarantor=np.zeros(4, dtype=np.int64),
            held=np.array([False, True, True, False]),
        ),
        Harms(
            person=np.array([0, 0, 0]),
            kind=np.array([HARM_KINDS.index(k) for k in ("detained", "detained", "conscripted")]),
            week=np.array([5, 20, 30]),
        ),
        np.array([pushed, pushed, pushed, 0]),
        Others(stayed, nobody, nobody, nobody),
        Traits(
            origin=np.zeros((2, 2), dtype=np.int64),
            head_age=np.array([[34.9, 35.0], [59.9, 60.0]]),
            wanted=np.array([[True, False], [False, False]]),
            has_men=np.array([[True, True], [False, True]]),
        ),
    )


def test_people_are_those_of_the_real_camp_and_rates_of_all_replicates_together():
    table = switch_table([by_hand()])
    rows = table[table["by"] == "everybody"].set_index("category")
    pushed = rows.loc["pushed"]
    assert (pushed["people"], pushed["low90"], pushed["high90"]) == pytest.approx((15, 10.5, 19.5))
    # One man of three was harmed, thrice; not the mean of 100 and 0.
    assert pushed["any_harm_per_100"] == pytest.approx(100 / 3)
    assert pushed["detained_per_100"] == pytest.approx(200 / 3)
    assert pushed["conscripted_per_100"] == pytest.approx(100 / 3)
    assert pushed["killed_per_100"] == 0
    assert pushed["held_per_100"] == pytest.approx(200 / 3)
    assert pushed["any_harm_per_100_low90"] == pytest.approx(5)
    assert pushed["any_harm_per_100_high90"] == pytest.approx(95)
    assert pushed["share_of_returned"] == pytest.approx(75)
    assert pushed["share_of_group"] == pytest.approx(37.5)
    assert rows.loc["never_stayed", "people"] == 20
    # Of one replicate alone, the other has no such return.
    assert rows.loc["voluntary", "any_harm_per_100"] == 0
    assert rows.loc["voluntary", "any_harm_per_100_high90"] == 0


def test_where_nobody_returned_the_harm_is_not_defined():
    table = switch_table([by_hand()]).set_index(["by", "group", "category"])
    columns = [f"{harm}_per_100{of}" for harm in HARMS for of in ("", "_low90", "_high90")]
    assert table.loc[("everybody", "everybody", "hastened"), columns].isna().all()
    assert table.loc[("everybody", "everybody", "never_stayed"), columns].isna().all()
    assert table.loc[("everybody", "everybody", "voluntary"), columns].notna().all()
    assert (table.loc[("head_age", "head 60 and over", "pushed"), "people"]) == 0


def test_the_rows_are_the_same_in_the_same_order_for_the_same_levers(run: Followed):
    table = switch_table([by_hand(), by_hand("guarantor:settlement")])
    again = switch_table([by_hand(), by_hand("guarantor:settlement")])
    assert table.equals(again)
    keys = table[["lever", "by", "group", "category"]]
    assert not keys.duplicated().any()
    groups = 1 + 2 + 3 + 2 + len(by_hand().trajectories.scenario.origin_names)
    assert len(table) == 2 * groups * len(categories("siege"))
    assert table["lever"].unique().tolist() == ["siege", "guarantor:settlement"]
    assert table["by"].unique().tolist() == ["everybody", "men", "head_age", "wanted", "origin"]
    assert list(table.columns)[:8] == [
        *("lever", "by", "group", "category", "part_of", "people", "low90", "high90")
    ]
    real = switch_table([run])
    assert [row.part_of for row in categories("siege")] == real["part_of"][:17].tolist()


def test_a_run_too_short_for_anyone_to_be_told_pushed_says_so():
    (said,) = cautions(by_hand(weeks=52))
    assert said.startswith("nobody can be told to be pushed")
    assert "52 weeks" in said
    assert "induced" in cautions(by_hand("guarantor:settlement", weeks=52))[0]
    assert cautions(by_hand(weeks=53)) == ()


def test_where_most_returns_are_not_yet_known_it_is_said_how_many():
    run = by_hand()
    run.label[:2] = LABELS.index("not_yet_known")
    assert cautions(run) == ()
    run.label[:3] = LABELS.index("not_yet_known")
    assert "75 % of the returns are not yet known" in cautions(run)[0]
    assert cautions(follow(camp(weeks=60, levers__corridor__open=False), 1)) == ()
