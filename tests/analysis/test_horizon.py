"""A run that ends while a word still holds says so, and no other run does."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from returnsim.analysis.followed import follow
from returnsim.analysis.horizon import horizon_warnings
from returnsim.posterior_rows import posterior_rows
from returnsim.scenario.files import scenario_from
from returnsim.scenario.schema import Scenario
from tests.agents.camp import camp
from tests.analysis.lived import WOMEN, Person, lived
from tests.analysis.made import START

WEEKS, GRACE, DEFERRAL = 40, 10, 26
WORD = {
    "track_record": {"harms": 1, "exposure_weeks": 100},
    "enforcement": 0.5,
    "enforcement_after_grace": 0.1,
    "grace_weeks": GRACE,
}
LAST = WEEKS - 1


def day(week: int) -> date:
    return START + timedelta(weeks=week)


def scenario(
    levers: dict[str, Any] | None = None,
    draws: dict[str, list[float]] | None = None,
    **word: Any,
) -> Scenario:
    raw = {
        "title": "made",
        "start": START,
        "weeks": WEEKS,
        "guarantors": {"mediator": WORD | word},
        "levers": levers or {},
    }
    return scenario_from(raw | ({"posterior": {"draws": draws}} if draws else {}), "made")


def draft(enforced: float = 1, deferral: float = DEFERRAL) -> dict[str, Any]:
    return {"conscription": {"enforced": enforced, "deferral_weeks": deferral}}


KEPT, LATER, IN_GRACE = (
    f"guarantors.mediator.{name}"
    for name in ("enforcement", "enforcement_after_grace", "grace_weeks")
)
ENFORCED, PUT_OFF = "levers.conscription.enforced", "levers.conscription.deferral_weeks"
DRAFTED = "hazards.conscription_per_week"
UNENDING: dict[str, Any] = {"grace_weeks": None, "enforcement_after_grace": None}


def test_a_run_that_ends_within_the_grace_period_of_the_last_to_return_says_so():
    (said,) = horizon_warnings(scenario())
    assert f"under mediator from {day(WEEKS - GRACE)} on is not yet visible" in said
    assert f"ends on {day(WEEKS)}" in said
    assert "50 % of harm, and 10 % afterwards" in said


@pytest.mark.parametrize(
    ("until", "is_said"), [(WEEKS - GRACE, False), (WEEKS - GRACE + 1, True), (WEEKS, True)]
)
def test_it_is_said_exactly_when_it_could_be_asked_within_the_last_weeks_of_grace(
    until: int, is_said: bool
):
    active = [[START, day(until)]]
    assert bool(horizon_warnings(scenario(active=active))) is is_said


def test_it_is_said_from_the_first_week_in_which_it_could_be_asked_again():
    active = [[START, day(20)], [day(35), day(36)]]
    (said,) = horizon_warnings(scenario(active=active))
    assert f"from {day(35)} on" in said


@pytest.mark.parametrize(
    "word",
    [
        {"grace_weeks": None},
        {"grace_weeks": 0},
        {"enforcement_after_grace": 0.5},
        {"enforcement_after_grace": None},
        {"enforcement_after_grace": 0.9},
        {"active": []},
        # By the end it keeps no more during the grace period than after it.
        {"enforcement": [{"from": START, "value": 0.9}, {"from": day(38), "value": 0.1}]},
    ],
)
def test_a_word_that_will_not_be_worth_less_hides_nothing(word: dict[str, Any]):
    assert horizon_warnings(scenario(**word)) == []


def test_a_deferral_that_is_kept_in_part_hides_the_conscription_of_the_last_to_return():
    (said,) = horizon_warnings(scenario(draft(), **UNENDING))
    assert f"the men who return under mediator from {day(WEEKS - DEFERRAL)} on" in said
    assert (
        "26 weeks for which conscription is put off, a promise that mediator keeps to 50 %" in said
    )


@pytest.mark.parametrize(
    ("levers", "word"),
    [
        (draft(enforced=0), {}),
        (draft(deferral=0), {}),
        (draft(), {"enforcement": 0}),
        (draft(), {"active": [[START, day(WEEKS - DEFERRAL)]]}),
    ],
)
def test_a_deferral_that_is_over_or_not_kept_or_not_needed_hides_nothing(
    levers: dict[str, Any], word: dict[str, Any]
):
    assert horizon_warnings(scenario(levers, **UNENDING, **word)) == []


def test_a_deferral_that_only_the_grace_period_keeps_hides_no_more_than_it():
    first = day(WEEKS - GRACE)
    grace, deferral = horizon_warnings(scenario(draft(), enforcement_after_grace=0))
    assert f"from {first} on" in grace
    assert f"from {first} on" in deferral


def test_after_the_run_it_says_how_many_people_it_is_about():
    late = WEEKS - GRACE
    people = [Person(late - 1), *[Person(late, person_class=WOMEN)] * 3, Person(LAST)]
    of = scenario(draft(deferral=1))
    run = lived(people, WEEKS, replicates=2, scenario=of)
    grace, deferral = horizon_warnings(of, run)
    # Four in one replicate and none in the other.
    assert f"from {day(late)} on (2.0 people, 0 to 4)" in grace
    assert f"from {day(LAST)} on (0.5 people, 0 to 1)" in deferral


def test_the_people_are_those_of_the_real_camp():
    run = lived([Person(LAST)], WEEKS, scenario=scenario())
    to_scale = replace(run, trajectories=replace(run.trajectories, weight=50.0))
    (said,) = horizon_warnings(scenario(), to_scale)
    assert "(50 people)" in said


def test_after_the_run_nothing_is_said_of_nobody():
    run = lived([Person(WEEKS - GRACE - 1)], WEEKS, scenario=scenario())
    assert horizon_warnings(scenario(), run) == []


def test_each_guarantor_is_looked_at_apart():
    changes = {"guarantors__state__enforcement_after_grace": 0}
    said = horizon_warnings(camp(**changes, levers__conscription__enforced=0))
    assert ["under state" in sentence for sentence in said] == [True]


def test_where_the_run_is_long_enough_those_who_are_named_have_seen_the_word_end():
    changes = {
        "guarantors__elders__active": [],
        "guarantors__state__active": ["2021-01-04", "2021-03-29"],
        "guarantors__state__enforcement": 1,
        "guarantors__state__enforcement_after_grace": 0,
        "guarantors__state__grace_weeks": 8,
        "levers__conscription__enforced": 0,
        "hazards__harm_per_week": 2,
    }
    short, longer = (camp(**changes, weeks=weeks) for weeks in (13, 20))
    (said,) = horizon_warnings(short)
    assert "from 2021-02-08 on" in said
    assert horizon_warnings(longer) == []
    runs = [follow(of, 2, lever=None) for of in (short, longer)]
    # Those who returned from week 5 on; the others see the grace period end in both.
    late_harm = [
        run.returns.week[run.harms.person[run.harms.week - run.returns.week[run.harms.person] >= 8]]
        for run in runs
    ]
    assert (late_harm[0] < 5).all()
    assert (late_harm[1] >= 5).any()


def test_a_posterior_that_draws_a_word_of_less_worth_says_so_whatever_is_written():
    of = scenario(draws={LATER: [0, 0.1], KEPT: [0.4, 0.6]}, enforcement_after_grace=0.5)
    (said,) = horizon_warnings(of)
    assert said.startswith("The harm of those who return")
    assert f"under mediator from {day(WEEKS - GRACE)} on is not yet visible" in said
    assert (
        "10 weeks, in which mediator prevents 40 % to 60 % of harm, and 0 % to 10 % after" in said
    )


def test_a_posterior_that_draws_a_word_that_will_not_be_worth_less_hides_nothing():
    assert horizon_warnings(scenario(draws={LATER: [0.5, 0.9]}, enforcement_after_grace=0.05)) == []


def test_where_only_some_draws_hide_harm_it_is_said_of_how_many_and_of_them_alone():
    (said,) = horizon_warnings(scenario(draws={LATER: [0.2, 0.5, 0.9, 0.1]}))
    assert said.startswith("In 2 of 4 draws of the posterior, the harm of those who return")
    assert "prevents 50 % of harm, and 10 % to 20 % afterwards" in said


def test_where_the_grace_period_is_drawn_it_is_said_from_when_on_at_the_earliest():
    (said,) = horizon_warnings(scenario(draws={IN_GRACE: [6, 10, 0]}))
    assert said.startswith("In 2 of 3 draws")
    assert f"from {day(WEEKS - 10)} on at the earliest is not yet visible" in said
    assert "within the grace period of 6 to 10 weeks" in said


@pytest.mark.parametrize(
    ("written", "draws", "said"),
    [
        (draft(enforced=0), {ENFORCED: [0, 1]}, "26 weeks for which"),
        (draft(deferral=0), {PUT_OFF: [0, 4]}, "4 weeks for which"),
        (draft(), {DRAFTED: [0, 0.1]}, "26 weeks for which"),
        (draft(), {KEPT: [0, 0.3]}, "keeps to 30 %"),
    ],
)
def test_a_deferral_is_that_of_the_draws(
    written: dict[str, Any], draws: dict[str, list[float]], said: str
):
    (sentence,) = horizon_warnings(scenario(written, draws, **UNENDING))
    assert sentence.startswith("In 1 of 2 draws of the posterior, the harm of the men")
    assert said in sentence
    never = {path: [low, low] for path, (low, _) in draws.items()}
    assert horizon_warnings(scenario(written, never, **UNENDING)) == []


def test_after_the_run_it_is_about_those_whose_own_replicate_hides_their_harm():
    replicates = 12
    of = scenario(draws={LATER: [0.5, 0.1, 0.3], IN_GRACE: [10, 10, 4]})
    rows = posterior_rows(of, 1, list(range(replicates))).tolist()
    hides = [replicate for replicate, row in enumerate(rows) if row > 0]
    assert set(rows) == {0, 1, 2}
    # Of the five in each, those of the row of a short grace period have seen it end.
    late = [Person(WEEKS - 10, replicate=r) for r in range(replicates) for _ in range(5)]
    run = lived([*late, Person(LAST, replicate=hides[0])], WEEKS, replicates, scenario=of)
    (said,) = horizon_warnings(of, run)
    assert said.startswith(f"In {len(hides)} of 12 replicates, the harm")
    about = 5 * rows.count(1) + 1
    assert f"at the earliest ({about / len(hides):.1f} people" in said


def test_after_the_run_nothing_is_said_where_only_a_replicate_that_hides_nothing_had_returns():
    of = scenario(draws={LATER: [0.5, 0.1]})
    rows = posterior_rows(of, 1, list(range(12))).tolist()
    assert set(rows) == {0, 1}
    run = lived([Person(LAST, replicate=rows.index(0))], WEEKS, 12, scenario=of)
    assert horizon_warnings(of, run) == []
    run = lived([Person(LAST, replicate=rows.index(1))], WEEKS, 12, scenario=of)
    assert len(horizon_warnings(of, run)) == 1
