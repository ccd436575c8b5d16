"""The guarantor ledger tells what became of each promise, and what was believed of it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.guarantor_ledger import (
    guarantor_ledger,
    promises_of,
)
from returnsim.analysis.periods import COLUMNS
from returnsim.analysis.survival import FIRST_KINDS, UNHARMED, lives_of
from returnsim.scenario.files import scenario_from
from returnsim.scenario.schema import Scenario
from tests.agents.camp import camp
from tests.analysis import ledgers
from tests.analysis.lived import WOMEN, Person, lived
from tests.analysis.made import START

MEN_NAME = "men_conscription_age"
WEEKS = 120
DUE = 52
PERCENT = "per 100 who trusted it"
KEPT = {
    "weeks": 90,
    "guarantors__elders__active": [],
    "guarantors__state__grace_weeks": None,
    "guarantors__state__enforcement": 1,
    "guarantors__state__card_protection": 1,
    "behaviour__horizon_weeks": 30,
}


def scenario(**given_: Any) -> Scenario:
    return scenario_from({"title": "made", "start": START, "weeks": WEEKS} | given_, "made")


DEFERRED = scenario(levers={"conscription": {"enforced": 1, "deferral_weeks": 26}})


def value(
    ledger: pd.DataFrame,
    kind: str,
    unit: str = "people",
    *,
    part: str = "promises",
    guarantor: str = "settlement",
    **others: str,
) -> float:
    """The one number that fits."""
    return ledgers.value(ledger, part, kind, unit, guarantor=guarantor, **others)


def became(*harms: tuple[str, int], week: int = 0, of: Scenario = DEFERRED) -> tuple[str, str]:
    """What became of the promise made to one man, and what broke it."""
    run = lived([Person(week, harms)], WEEKS, scenario=of)
    found = promises_of(run, lives_of(run))
    broken_by = "" if found.breach[0] == UNHARMED else FIRST_KINDS[found.breach[0]]
    if broken_by:
        assert not found.kept[0]
        return "broken", broken_by
    return ("kept" if found.kept[0] else "not yet due"), ""


# The promise.


@pytest.mark.parametrize("kind", ["detained", "killed"])
def test_a_promise_is_broken_by_harm_in_the_weeks_for_which_it_is_looked_at(kind: str):
    assert became((kind, 0)) == ("broken", kind)
    assert became((kind, DUE - 1)) == ("broken", kind)
    assert became((kind, DUE)) == ("kept", "")


@pytest.mark.parametrize(
    ("week", "what"), [(WEEKS - DUE, "kept"), (WEEKS - DUE + 1, "not yet due")]
)
def test_a_promise_is_kept_when_its_time_has_passed_and_not_due_before(week: int, what: str):
    assert became(week=week) == (what, "")


@pytest.mark.parametrize(("horizon", "last"), [(10, 9), (10.5, 10)])
def test_how_long_is_the_horizon_of_the_households(horizon: float, last: int):
    of = scenario(behaviour={"horizon_weeks": horizon})
    assert became(("killed", last), of=of) == ("broken", "killed")
    assert became(("killed", last + 1), of=of) == ("kept", "")


def test_conscription_breaks_the_promise_until_the_deferral_is_over_and_no_longer():
    assert became(("conscripted", 33), week=8) == ("broken", "conscripted")
    assert became(("conscripted", 34), week=8) == ("kept", "")


def test_the_deferral_that_counts_is_that_of_the_week_of_conscription():
    dated = [
        {"from": START, "enforced": 1, "deferral_weeks": 40},
        {"from": "2020-06-01", "deferral_weeks": 10},
    ]
    cut_short = scenario(levers={"conscription": dated})
    assert became(("conscripted", 20), of=cut_short) == ("broken", "conscripted")
    assert became(("conscripted", 21), of=cut_short) == ("kept", "")


def test_to_be_lost_in_detention_or_held_on_the_way_is_not_a_breach_of_its_own():
    assert became(("detained", 5), ("disappeared", 9)) == ("broken", "detained")
    assert became(("disappeared", 9)) == ("kept", "")
    ledger = guarantor_ledger(lived([Person(0, held=True)], WEEKS))
    assert value(ledger, "held on the way") == 1
    assert value(ledger, "kept") == 1


def test_the_first_breach_is_the_one_that_counts():
    assert became(("killed", 30), ("detained", 4)) == ("broken", "detained")
    assert became(("conscripted", 40), ("detained", 45)) == ("broken", "detained")


def test_promises_kept_broken_and_not_yet_due_are_those_of_everyone_who_trusted_it():
    run = follow(camp(weeks=80, behaviour__intercept=-0.5), 3, lever=None, households=70)
    ledger = guarantor_ledger(run)
    for guarantor in ("state", "elders"):
        for who in ("everyone", MEN_NAME):
            at = {"guarantor": guarantor, "who": who}
            kinds = ("kept", "broken", "not yet due")
            found = [value(ledger, kind, **at) for kind in kinds]
            assert sum(found) == pytest.approx(value(ledger, "trusted it", **at))
            assert min(found) > 0, (guarantor, who, found)
            assert sum(value(ledger, kind, PERCENT, **at) for kind in kinds) == pytest.approx(100)
            by_kind = [value(ledger, f"broken, {kind}", **at) for kind in FIRST_KINDS]
            assert sum(by_kind) == pytest.approx(found[1])
        departures = run.trajectories[f"departures_{guarantor}"].sum(axis=1)
        trusted = value(ledger, "trusted it", guarantor=guarantor)
        assert trusted == pytest.approx(departures.mean())


def test_men_are_told_apart_and_those_conscripted_late_are_told_among_the_kept():
    people = [
        Person(0, (("conscripted", 30),)),
        Person(0, (("detained", 9),)),
        Person(0, person_class=WOMEN),
        Person(WEEKS - 5),
    ]
    ledger = guarantor_ledger(lived(people, WEEKS, scenario=DEFERRED))
    for who, kept in (("everyone", 2), (MEN_NAME, 1)):
        assert value(ledger, "kept", who=who) == kept
        assert value(ledger, "kept, conscripted after the deferral", who=who) == 1
        assert value(ledger, "broken, detained", who=who) == 1
        assert value(ledger, "not yet due", who=who) == 1


def test_each_guarantor_answers_for_those_who_trusted_it():
    record = {"harms": 1, "exposure_weeks": 100}
    two = scenario(guarantors={"one": {"track_record": record}, "two": {"track_record": record}})
    people = [Person(0, (("killed", 4),), guarantor=1), Person(0)]
    ledger = guarantor_ledger(lived(people, WEEKS, scenario=two))
    for name, broken in (("one", 0), ("two", 1)):
        assert value(ledger, "trusted it", guarantor=name) == 1
        assert value(ledger, "broken", guarantor=name) == broken


def test_how_many_are_broken_in_the_end_allows_for_those_followed_less_long():
    # One of four is harmed in week 11; two could not be followed beyond week 10.
    people = [Person(0, (("killed", 10),)), Person(0), *[Person(WEEKS - 10)] * 2]
    ledger = guarantor_ledger(lived(people, WEEKS))
    kind = "broken within 52 weeks, as far as followed"
    assert value(ledger, kind, PERCENT) == 50
    assert value(ledger, "broken", PERCENT) == 25
    none_due = guarantor_ledger(lived([Person(WEEKS - 10)], WEEKS))
    assert np.isnan(value(none_due, kind, PERCENT))


# Against the model.


def broken(run: Followed) -> dict[str, float]:
    ledger = guarantor_ledger(run)
    kinds = ("trusted it", "kept", "broken", "kept, conscripted after the deferral")
    return {kind: value(ledger, kind, guarantor="state") for kind in kinds}


def test_a_word_that_is_always_kept_breaks_no_promise_and_an_empty_one_does():
    kept = broken(follow(camp(**KEPT), 2, lever=None))
    assert kept["broken"] == 0
    assert kept["kept"] > 0
    empty = broken(follow(camp(**KEPT | {"guarantors__state__enforcement": 0}), 2, lever=None))
    assert empty["broken"] > 0


def test_a_deferral_that_is_kept_is_never_told_as_broken_however_soon_the_draft_comes_after_it():
    changes = {"hazards__conscription_per_week": 2, "levers__conscription__deferral_weeks": 6}
    found = broken(follow(camp(**KEPT, **changes), 2, lever=None))
    assert found["broken"] == 0
    assert found["kept, conscripted after the deferral"] > 0


# Belief.


def believed(ledger: pd.DataFrame, kind: str, unit: str = "0 to 1", **at: str) -> float:
    at = {"who": MEN_NAME, "part": "credibility"} | at
    return value(ledger, kind, unit, **at)


def test_belief_stands_beside_what_was_true_of_the_men_who_trusted_it():
    people = [
        *[Person(0, (("detained", 9),)), Person(0), Person(0, held=True), Person(0)],
        Person(0, (("killed", 3),), person_class=WOMEN),
    ]
    trust = [[0.5] * 6 + [0.9] * 7 + [np.nan] * (WEEKS - 13)]
    run = lived(people, WEEKS, trust_settlement=0.4, trust_settlement_men_conscription_age=trust)
    ledger = guarantor_ledger(run)
    first = {"group": "2020-Q1"}
    mean = (6 * 0.5 + 7 * 0.9) / 13
    assert believed(ledger, "trusted it", "people", **first) == 4
    assert believed(ledger, "trusted it", "people", who="everyone", **first) == 5
    assert believed(ledger, "believed", **first) == pytest.approx(mean)
    assert believed(ledger, "believed", who="everyone", **first) == pytest.approx(0.4)
    assert believed(ledger, "true", **first) == 0.75
    assert believed(ledger, "true, and not held", **first) == 0.5
    gap = believed(ledger, "gap", "believed - true", **first)
    assert gap == pytest.approx(mean - 0.75)
    for kind in ("believed", "true"):
        assert np.isnan(believed(ledger, kind, group="2020-Q3"))


def test_what_was_true_is_not_told_of_a_period_that_cannot_be_followed_for_so_long():
    early, late = Person(WEEKS - DUE), Person(WEEKS - DUE + 13, (("killed", WEEKS - 1),))
    ledger = guarantor_ledger(lived([early, late], WEEKS))
    assert believed(ledger, "true", group="2021-Q2") == 1
    assert np.isnan(believed(ledger, "true", group="2021-Q3"))
    assert believed(ledger, "trusted it", "people", group="2021-Q3") == 1


def test_what_was_true_is_of_all_replicates_together_and_the_range_between_them():
    people = [Person(0, (("killed", 3),)), *[Person(0, replicate=1)] * 3]
    run = lived(people, WEEKS, 2, trust_settlement_men_conscription_age=0.5)
    ledger = guarantor_ledger(run)
    assert believed(ledger, "true", group="2020-Q1") == 0.75
    assert believed(ledger, "gap", "believed - true", group="2020-Q1") == -0.25
    assert believed(ledger, "true", group="2020-Q1", column="median") == 0.5


def test_the_rows_are_the_same_whatever_happened():
    quiet, busy = (
        guarantor_ledger(lived(people, WEEKS, 2)) for people in ([], [Person(0, (("killed", 4),))])
    )
    names = list(COLUMNS[:6])
    assert list(busy.columns) == list(COLUMNS)
    assert quiet[names].equals(busy[names])
    assert not busy[names].duplicated().any()


def test_only_who_returned_in_the_weeks_recorded_is_told():
    run = lived([Person(3), Person(60)], WEEKS, record_from=40)
    assert value(guarantor_ledger(run), "trusted it") == 1
