"""Without a lever, a scenario is as if nobody had touched it, and in all else the same."""

import numpy as np
import pytest

from returnsim.assemble import simulate
from returnsim.errors import UsageError
from returnsim.experiments.cells import cell_of, scenario_given
from returnsim.scenario.files import scenario_from
from returnsim.scenario.lever_types import Levers
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.neutral import NEUTRAL, without
from returnsim.scenario.written import plain_scenario, scenario_hash
from tests.scenario.files import START, day

INF = np.inf
TOUCHED = scenario_from(
    {
        "title": "a camp under every lever",
        "start": START,
        "weeks": 10,
        "population": {"people": 300, "origins": {"north": 0.5, "south": 0.5}},
        "behaviour": {"intercept": 0.5},
        "guarantors": {
            "state": {"track_record": {"harms": 3, "exposure_weeks": 150}, "enforcement": 0.2},
            "elders": {"neutrality": 0.8, "persuasion": 3},
        },
        "levers": {
            "siege": [{"from": START, "severity": 0.6}, {"from": day(30), "severity": 0.9}],
            "aid": {"coverage": 0.1},
            "medical": {"access": 0.5},
            "corridor": [
                {"from": START, "open": True, "parties_per_week": 7},
                {"from": day(40), "open": False},
            ],
            "exit_ban": {"members": ["men_conscription_age"], "strength": 0.5},
            "threat": {"level": 1.5, "origins": {"north": 2}},
            "conscription": {"enforced": 0.9, "deferral_weeks": 6},
            "services": {"conditions": 0.4, "origins": {"south": 0.5}},
            "transport": {"cost_weeks_of_subsistence": 3, "subsidy": 0.1},
            "onward": {"open": True, "cost_weeks_of_subsistence": 2},
            "arrivals": {"people_per_week": 12},
            "news": {"reach": 0.7, "salience": 4},
        },
    },
    "touched",
)
NEUTRAL_WEEKS = {
    "siege": {"severity": 0},
    "aid": {"aid": 1},
    "medical": {"medical": 1},
    "corridor": {"corridor_open": True, "parties_per_week": INF},
    "exit_ban": {"ban": 0},
    "threat": {"threat": 0},
    "conscription": {"enforced": 0, "deferral": 0},
    "services": {"services": 1},
    "transport": {"transport_cost": 0, "subsidy": 0},
    "onward": {"onward_open": False, "onward_cost": 0},
    "arrivals": {"arrivals_people": 0},
    "news": {"reach": 0, "salience": 0},
}
ALL = (*NEUTRAL, "guarantor:state", "guarantor:elders")


def test_every_lever_can_be_gone_without():
    assert set(NEUTRAL) == set(NEUTRAL_WEEKS) == set(Levers.model_fields)


@pytest.mark.parametrize("lever", NEUTRAL)
def test_the_lever_is_neutral_in_every_week_and_the_others_are_as_they_were(lever: str):
    before, after = weekly_levers(TOUCHED), weekly_levers(without(TOUCHED, lever))
    neutral = NEUTRAL_WEEKS[lever]
    for name in WeeklyLevers._fields:
        if name in neutral:
            assert (getattr(after, name) == neutral[name]).all(), name
        else:
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)
    assert any((getattr(before, name) != value).any() for name, value in neutral.items())


def test_a_guarantor_who_is_gone_without_is_never_there_to_be_asked_and_others_are():
    before, after = weekly_levers(TOUCHED), weekly_levers(without(TOUCHED, "guarantor:elders"))
    assert before.active.all()
    np.testing.assert_array_equal(after.active, np.tile([True, False], (10, 1)))
    for name in set(WeeklyLevers._fields) - {"active", "files"}:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)


def test_nobody_returns_under_a_guarantor_who_is_gone_without_and_some_under_others():
    run = simulate(without(TOUCHED, "guarantor:state"), 2)
    assert (run["departures_state"] == 0).all()
    assert run["departures_elders"].sum() > 0


@pytest.mark.parametrize("lever", ALL)
def test_nothing_else_of_the_scenario_changes_and_the_scenario_itself_stays(lever: str):
    before = plain_scenario(TOUCHED)
    after = plain_scenario(without(TOUCHED, lever))
    section = "guarantors" if lever.startswith("guarantor:") else "levers"
    name = lever.removeprefix("guarantor:")
    assert after[section].pop(name) != before[section][name]
    del before[section][name]
    assert after == before
    assert name in plain_scenario(TOUCHED)[section]
    assert without(TOUCHED, lever).name == "touched"


@pytest.mark.parametrize("lever", ALL)
def test_what_is_neutral_already_stays_the_same_scenario(lever: str):
    once = without(TOUCHED, lever)
    assert scenario_hash(once) != scenario_hash(TOUCHED)
    assert scenario_hash(without(once, lever)) == scenario_hash(once)


@pytest.mark.parametrize("lever", ALL)
def test_a_scenario_without_a_lever_can_be_written_and_read_again(lever: str):
    half = without(TOUCHED, lever)
    assert scenario_hash(scenario_given(cell_of(half, None, 1, 0).given)) == scenario_hash(half)


def test_without_siege_and_with_all_care_there_is_no_hardship_in_camp():
    run = simulate(without(without(TOUCHED, "siege"), "medical"), 2)
    assert (run["hardship"] == 0).all()
    assert (run["died_in_camp"] == 0).all()
    assert (simulate(TOUCHED, 2)["hardship"] > 0).all()


@pytest.mark.parametrize(
    ("lever", "told"),
    [
        ("seige", "without seige: no such lever; did you mean 'siege'?"),
        ("guarantor:elder", "without guarantor:elder: no such guarantor; did you mean 'elders'?"),
        ("elders", "without elders: no such lever"),
    ],
)
def test_what_there_is_not_cannot_be_gone_without(lever: str, told: str):
    with pytest.raises(UsageError) as error:
        without(TOUCHED, lever)
    assert str(error.value).startswith(told)
