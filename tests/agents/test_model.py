"""The Mesa model: the same weeks as the core, to the end and no further."""

from pathlib import Path

import mesa
import numpy as np
import pytest

import returnsim
from returnsim import ReturnModel, load_scenario, simulate
from returnsim.errors import ScenarioError, UsageError
from returnsim.household import Household

from .camp import ROOT, RUKBAN, WEEKS, camp, columns

AT_ONCE = {"2019-2025", "no-centre"}
SCENARIOS = [
    pytest.param(file, id=file.stem, marks=[] if file.stem in AT_ONCE else pytest.mark.slow)
    for file in sorted((ROOT / "scenarios").rglob("*.yaml"))
    if file.name != "patterns.yaml"
]


@pytest.mark.parametrize("file", SCENARIOS)
def test_stepped_to_the_end_it_is_that_replicate_of_simulate_bit_for_bit(file: Path):
    scenario = load_scenario(file)
    model = ReturnModel(scenario, rng=3, replicate=1, households=60)
    kept = simulate(scenario, 2, seed=3, households=60).columns
    mine = columns(model)
    assert list(mine) == list(kept)
    for name, values in kept.items():
        np.testing.assert_array_equal(mine[name][-values.shape[1] :], values[1], err_msg=name)


def test_the_full_camp_with_late_arrivals_is_equal_too():
    kept = simulate(camp(), 1, seed=9).columns
    for name, values in columns(ReturnModel(camp(), rng=9)).items():
        np.testing.assert_array_equal(values, kept[name][0], err_msg=name)


def test_what_is_drawn_from_mesas_generators_changes_no_week():
    plain, disturbed = ReturnModel(camp()), ReturnModel(camp())
    while plain.t < WEEKS:
        plain.step()
        disturbed.random.random()
        disturbed.rng.random()
        disturbed.agents.shuffle(inplace=True)
        disturbed.step()
        np.testing.assert_equal(plain.week, disturbed.week)


def test_without_a_seed_it_is_the_usual_one_and_another_seed_is_another_camp():
    usual, one, other = (ReturnModel(camp(), rng=seed) for seed in (None, np.int64(1), 2))
    assert usual.households[3].places == one.households[3].places
    np.testing.assert_equal(columns(usual), columns(one))
    assert not np.array_equal(columns(usual)["registered"], columns(other)["registered"])


def test_two_models_side_by_side_share_nothing():
    one, other = ReturnModel(camp()), ReturnModel(camp())
    one.levers.siege.severity = 0
    one.households[0].reserves = 99
    one.step()
    assert other.levers.siege.severity == 0.6
    assert other.households[0].reserves != 99
    np.testing.assert_equal(columns(other), columns(ReturnModel(camp())))


def test_keywords_are_paths_of_the_scenario_with_underscores_for_dots(tmp_path: Path):
    model = ReturnModel(
        RUKBAN, households=30, levers__siege__severity=np.float64(0.25), weeks=np.int64(4)
    )
    assert (model.levers.siege.severity, model.given.weeks) == (0.25, 4)
    again = ReturnModel(camp(), levers__corridor__open=False)
    assert again.levers.corridor.open is False
    assert again.given.name == "camp"


def test_it_runs_to_the_end_of_the_scenario_and_not_beyond():
    model = ReturnModel(camp())
    model.run_model()
    assert (model.t, model.steps, model.running) == (WEEKS, WEEKS, False)
    assert str(model.date) == "2021-03-29"
    with pytest.raises(UsageError, match="12 weeks of the scenario are over"):
        model.step()
    assert (model.t, model.steps) == (WEEKS, WEEKS)


def test_it_stops_once_the_camp_is_empty_but_those_at_home_can_be_followed():
    model = ReturnModel(camp(), behaviour__intercept=90, levers__arrivals={"people_per_week": 0})
    model.levers.corridor.parties_per_week = None
    model.guarantors["state"].capacity_files_per_week = None
    model.levers.transport.subsidy = 1
    model.run_model()
    assert model.week["camp_population"] == 0
    assert model.t < WEEKS
    model.step()
    assert model.week["at_home"] > 0


def test_an_empty_camp_waits_for_those_still_to_come():
    late = [
        {"from": "2021-01-04", "people_per_week": 0},
        {"from": "2021-03-01", "people_per_week": 40},
    ]
    model = ReturnModel(camp(), behaviour__intercept=90, levers__arrivals=late)
    model.levers.corridor.parties_per_week = None
    model.guarantors["state"].capacity_files_per_week = None
    model.levers.transport.subsidy = 1
    for _ in range(8):
        model.step()
    assert model.week["camp_population"] == 0
    assert model.running
    model.run_model()
    assert model.week["at_home"] > 0
    assert model.t == WEEKS


def test_the_data_collector_has_the_columns_of_the_weekly_record():
    model = ReturnModel(camp())
    model.run_model()
    table = model.datacollector.get_model_vars_dataframe()
    assert len(table) == WEEKS
    assert {"camp_population", "departures_state", "trust_elders"} <= set(table.columns)


def test_agents_are_reported_for_a_sample_alone():
    model = ReturnModel(camp(), collect_agents=5)
    model.run_model()
    table = model.datacollector.get_agent_vars_dataframe()
    assert len(table) == 5 * WEEKS
    assert {"hardship", "status", "perceived_risk"} <= set(table.columns)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"rng": -1}, "rng: -1"),
        ({"rng": 1.5}, "rng: 1.5: must be a whole number"),
        ({"rng": True}, "whole number"),
        ({"replicate": -1}, "replicate: -1"),
        ({"collect_agents": -1}, "collect_agents: -1"),
        ({"seed": 4}, "give the seed as rng"),
        ({"households": 3}, "households: 3"),
        ({"households": "60"}, "households: '60': must be a whole number"),
    ],
)
def test_a_wrong_argument_is_named(kwargs: dict[str, object], said: str):
    with pytest.raises(UsageError, match=said):
        ReturnModel(camp(), **kwargs)


def test_a_wrong_keyword_is_named_as_in_the_file():
    with pytest.raises(ScenarioError, match="did you mean"):
        ReturnModel(camp(), levers__sieg__severity=0)


def test_what_is_no_scenario_is_said_to_be_none():
    with pytest.raises(UsageError, match="scenario: 3: must be a scenario file"):
        ReturnModel(3)


def test_without_a_scenario_it_says_so():
    with pytest.raises(UsageError, match="name a scenario file"):
        ReturnModel()


def test_agents_are_neither_added_nor_removed_from_outside():
    model = ReturnModel(camp())
    number = len(model.agents)
    for stranger in (lambda: Household(model, 0), lambda: mesa.Agent(model)):
        with pytest.raises(UsageError, match="from outside"):
            stranger()
    with pytest.raises(UsageError, match="cannot be removed"):
        model.households[0].remove()
    assert len(model.agents) == number


def test_the_model_is_found_in_the_package_itself():
    assert returnsim.ReturnModel is ReturnModel
    assert "ReturnModel" in dir(returnsim)
