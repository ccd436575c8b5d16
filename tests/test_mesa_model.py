"""The Mesa model: the same weeks as the core, households as views of it, levers in the hand."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import mesa
import numpy as np
import pytest
from benchmarks.peers.plain_choice import WHOLE, Choice
from benchmarks.peers.plain_mesa import PlainModel
from hypothesis import given, settings
from hypothesis import strategies as st

import returnsim
from returnsim import ReturnModel, load_scenario, scenario_from, simulate
from returnsim.core.inputs import Place
from returnsim.core.state import check
from returnsim.errors import ScenarioError, UsageError
from returnsim.household import Household
from returnsim.scenario.quantities import CLASSES
from returnsim.scenario.schema import Scenario

ROOT = Path(__file__).parents[1]
RUKBAN = ROOT / "scenarios" / "rukban" / "2019-2025.yaml"
AT_ONCE = {"2019-2025", "no-centre"}
SCENARIOS = [
    pytest.param(file, id=file.stem, marks=[] if file.stem in AT_ONCE else pytest.mark.slow)
    for file in sorted((ROOT / "scenarios").rglob("*.yaml"))
]
WEEKS = 12
CHANGE = 5

CAMP = {
    "title": "A made-up camp",
    "start": "2021-01-04",
    "weeks": WEEKS,
    "population": {
        "people": 400,
        "origins": {"north": 0.5, "south": 0.5},
        "reserves_weeks": 4,
    },
    "guarantors": {
        "state": {
            "track_record": {"harms": 3, "exposure_weeks": 150},
            "enforcement": 0.2,
            "grace_weeks": 3,
            "capacity_files_per_week": 40,
        },
        "elders": {"neutrality": 0.8, "origins": ["north"], "vetting_refusal": 0.2},
    },
    "levers": {
        "siege": {"severity": 0.6},
        "aid": {"coverage": 0.1},
        "medical": {"access": 0.5},
        "corridor": {"open": True, "parties_per_week": 7},
        "conscription": {"enforced": 1, "deferral_weeks": 6},
        "threat": {"level": 1.5},
        "transport": {"cost_weeks_of_subsistence": 3, "subsidy": 0.1},
        "arrivals": [
            {"from": "2021-01-04", "people_per_week": 0},
            {"from": "2021-01-25", "until": "2021-02-08", "people_per_week": 40},
        ],
    },
    "behaviour": {"intercept": 0.5},
    "hazards": {"harm_per_week": 0.02},
}


SMALL = scenario_from(CAMP, "camp")


def camp(**changes: object) -> Scenario:
    return scenario_from(CAMP, "camp", {k.replace("__", "."): v for k, v in changes.items()})


def stepped(weeks: int, **kwargs: object) -> ReturnModel:
    model = ReturnModel(camp(), **kwargs)
    for _ in range(weeks):
        model.step()
    return model


def columns(model: ReturnModel) -> dict[str, np.ndarray]:
    """All weeks to the end of the scenario."""
    while model.t < model.given.weeks:
        model.step()
    return {name: np.array(v) for name, v in model.datacollector.model_vars.items()}


def first(model: ReturnModel, status: str) -> Household:
    return next(h for h in model.households if h.status == status)


# The same weeks as the core


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


# Its course


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


# Households


def test_households_enter_when_they_arrive_and_stay_in_the_model():
    model = ReturnModel(camp())
    there = len(model.agents)
    while model.t < WEEKS:
        model.step()
        assert len(model.agents) == model.camp.state.arrived.sum()
    assert len(model.agents) == len(model.camp.state.camp_size) > there
    assert [h.row for h in model.households] == list(range(len(model.agents)))
    assert all(known in model.agents for h in model.agents for known in h.contacts)


def test_a_household_is_a_view_of_its_row():
    model = stepped(6)
    state, people = model.camp.state, model.camp.people
    for h in model.households:
        assert list(h.members) == list(CLASSES)
        assert list(h.members.values()) == state.members[Place.CAMP, :, h.row].tolist()
        assert sum(h.places.values()) == state.members[:, :, h.row].sum()
        assert h.places["camp"] == sum(h.members.values())
        assert h.in_camp == (h.places["camp"] > 0)
        assert h.hardship == h.siege_severity == state.hardship[h.row]
        assert h.reserves == state.reserves[h.row]
        assert h.origin == ("north", "south")[people.origin[0, h.row]]
        assert h.wanted == people.wanted[0, h.row]
        assert h.vulnerable == people.vulnerable[0, h.row]
        assert h.age == pytest.approx(people.head_age[0, h.row] + 6 * 7 / 365.25)
        assert {k.row for k in h.contacts} <= set(range(len(model.households)))
    assert all(h in k.contacts for h in model.households for k in h.contacts)


def test_the_trust_of_the_agents_is_the_trust_of_the_record():
    model = stepped(6)
    stayed = model.agents.select(lambda h: h.in_camp)
    for name in ("state", "elders"):
        assert np.mean([h.trust[name] for h in stayed]) == pytest.approx(
            model.week[f"trust_{name}"]
        )
    assert stayed.agg("hardship", np.mean) == pytest.approx(model.week["hardship"])


def test_a_status_says_where_a_household_stands():
    ban = {"members": ["men_conscription_age"], "strength": 0.5}
    model = ReturnModel(camp(), levers__exit_ban=ban)
    seen = set()
    while model.t < WEEKS:
        model.step()
        seen |= {h.status for h in model.households}
        for h in model.households:
            if h.status in {"in camp", "waiting", "partly home"}:
                assert h.in_camp
            elif h.status != "none left":
                assert h.places["camp"] == 0 < h.places[h.status]
            has_gone = model.camp.state.party_week[0, h.row] >= 0
            assert (h.guarantor is not None) == (h.status == "waiting" or has_gone)
    assert {"in camp", "waiting", "home", "partly home"} <= seen


def test_mesas_ways_with_sets_of_agents_work():
    model = stepped(3)
    groups = model.agents.groupby("origin")
    assert sum(groups.count().values()) == len(model.agents)
    assert set(groups.agg("hardship", np.mean)) == {"north", "south"}
    assert len(model.agents.get("age")) == len(model.agents)
    assert set(model.agents.shuffle()) == set(model.agents)
    model.agents.select(lambda h: h.in_camp).set("hardship", 0.5)
    assert model.agents.select(lambda h: h.in_camp).agg("hardship", max) == 0.5


def test_the_terms_sum_to_the_utility_that_the_plain_twin_finds():
    model = ReturnModel(camp())
    _, people, _, draws = model.camp
    twin = PlainModel(model.camp.inputs, people, draws.seed, 0)
    seen = set()
    for _ in range(6):
        model.step()
        twin.step()
        for h in model.households:
            offer = Choice(twin.households[h.row]).best(WHOLE) if h.in_camp else None
            assert bool(h.utilities()) == (offer is not None)
            if offer is not None:
                assert sum(h.utilities().values()) == pytest.approx(offer[0], rel=1e-9)
                assert h.best_guarantor == model.guarantor_names[offer[1]]
                seen.add(h.best_guarantor)
    assert seen == {"state", "elders"}


def test_each_term_is_its_coefficient_times_what_the_household_lives_through():
    model = stepped(4)
    p = model.camp.inputs.parameters
    checked = 0
    for h in model.households:
        terms = h.utilities()
        if not terms:
            assert np.isnan(h.perceived_risk)
            assert h.best_guarantor is None
            continue
        assert terms["perceived_risk"] == pytest.approx(-p.perceived_risk[0] * h.perceived_risk)
        assert terms["conscription"] == pytest.approx(-p.conscription[0] * h.conscription_risk)
        assert terms["hardship"] == pytest.approx(p.hardship[0] * h.hardship)
        assert terms["attachment"] == pytest.approx(p.attachment[0] * h.attachment)
        assert terms["separation"] == 0
        checked += 1
    assert checked > 20


def test_a_household_certain_by_its_terms_registers_in_the_week():
    model = ReturnModel(camp(), behaviour__intercept=40)
    sure = [h for h in model.households if sum(h.utilities().values()) > 20]
    model.step()
    refused = model.camp.state.refusals > 0
    assert len(sure) > 20
    assert all(h.status != "in camp" or refused[h.row] for h in sure)


def test_levers_of_the_week_to_come_show_in_what_a_household_sees():
    model = stepped(2)
    h = next(h for h in model.households if h.utilities() and h.conscription_risk > 0)
    model.levers.conscription.enforced = 0
    assert h.conscription_risk == 0
    assert h.utilities()["conscription"] == 0


@settings(max_examples=40, deadline=None)
@given(
    trust=st.floats(1e-6, 1 - 1e-6),
    hardship=st.floats(0, 1),
    reserves=st.floats(0, 1e6),
)
def test_what_is_set_is_in_the_arrays_of_the_core(trust: float, hardship: float, reserves: float):
    model = ReturnModel(SMALL, households=20)
    h = next(h for h in model.households if h.in_camp)
    omega = model.camp.state.omega[:, h.row].copy()
    h.trust["elders"], h.hardship, h.reserves = trust, hardship, reserves
    assert h.trust["elders"] == pytest.approx(trust, rel=1e-9)
    np.testing.assert_array_equal(model.camp.state.omega[:, h.row], omega)
    assert model.camp.state.hardship[h.row] == h.siege_severity == hardship
    assert model.camp.state.reserves[h.row] == reserves
    check(model.camp.state)


def test_more_trust_lowers_the_risk_seen_and_more_danger_raises_it():
    model = stepped(2)
    h = next(h for h in model.households if h.best_guarantor == "state" and h.origin == "south")
    h.trust["state"] = 0.3
    doubtful = h.perceived_risk
    h.trust["state"] = 0.9
    assert h.perceived_risk < doubtful


# Levers


BY_HAND = {
    "siege.severity": 0.1,
    "aid.coverage": 0.7,
    "medical.access": 0.9,
    "corridor.open": False,
    "corridor.parties_per_week": 2.5,
    "exit_ban.members": ["men_conscription_age"],
    "threat.level": 3.0,
    "conscription.enforced": 0.2,
    "conscription.deferral_weeks": 1,
    "services.conditions": 0.4,
    "transport.cost_weeks_of_subsistence": 6,
    "transport.subsidy": 0.8,
    "onward.open": True,
    "news.reach": 0.3,
    "news.salience": 1,
}


def dated(lever: str, field: str, value: object) -> dict[str, object]:
    """The same change in the words of the file: from the week of the change on."""
    before = CAMP["levers"].get(lever, {})
    return {
        f"levers.{lever}": [
            {"from": "2021-01-04", **before},
            {"from": "2021-02-08", field: value},
        ]
    }


@pytest.mark.parametrize("path", BY_HAND)
def test_a_lever_set_by_hand_is_a_dated_entry_from_the_next_week_on(path: str):
    lever, field = path.split(".")
    model = stepped(CHANGE, households=120)
    setattr(getattr(model.levers, lever), field, BY_HAND[path])
    written = scenario_from(CAMP, "camp", dated(lever, field, BY_HAND[path]))
    mine, other = columns(model), columns(ReturnModel(written, households=120))
    np.testing.assert_equal(mine, other)
    untouched = columns(ReturnModel(camp(), households=120))
    for name, values in untouched.items():
        np.testing.assert_array_equal(values[:CHANGE], mine[name][:CHANGE], err_msg=name)
    assert any(not np.array_equal(v, mine[n], equal_nan=True) for n, v in untouched.items())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enforcement", 0.9),
        ("enforcement_after_grace", 0.7),
        ("card_protection", 0.9),
        ("persuasion", 50.0),
        ("price_per_person", 2.0),
        ("capacity_files_per_week", 3),
    ],
)
def test_a_guarantor_changed_by_hand_is_a_dated_entry_too(field: str, value: float):
    model = stepped(CHANGE)
    setattr(model.guarantors["state"], field, value)
    first_value = CAMP["guarantors"]["state"].get(field, 0.2 if "after" in field else 0)
    entries = [
        {"from": "2021-01-04", "value": first_value},
        {"from": "2021-02-08", "value": value},
    ]
    written = scenario_from(CAMP, "camp", {f"guarantors.state.{field}": entries})
    np.testing.assert_equal(columns(model), columns(ReturnModel(written)))


def test_a_guarantor_sent_away_and_called_back_has_its_capacity_again():
    model = stepped(CHANGE)
    state = model.guarantors["state"]
    state.active = False
    model.step()
    assert not any(h.status == "waiting" and h.guarantor == "state" for h in model.households)
    state.active = True
    assert state.capacity_files_per_week == 40
    model.step()
    periods = [["2021-01-04", "2021-02-08"], ["2021-02-15", None]]
    written = ReturnModel(camp(guarantors__state__active=periods))
    np.testing.assert_equal(columns(model), columns(written))


def test_a_closed_corridor_opens_with_the_places_of_the_file():
    model = ReturnModel(camp(), levers__corridor={"open": False, "parties_per_week": 7})
    for _ in range(CHANGE):
        model.step()
    model.levers.corridor.open = True
    assert model.levers.corridor.parties_per_week == 7
    after = columns(model)["departing_parties"][CHANGE:]
    assert 0 < after.max() <= 7


def test_places_of_a_smaller_camp_are_its_share_of_those_of_the_real_one():
    model = ReturnModel(camp(behaviour__intercept=50), households=20)
    model.levers.corridor.parties_per_week = 3
    weight = model.camp.inputs.parameters.weight[0]
    places = model.camp.inputs.conditions.places[:, 0]
    assert places.sum() == np.floor(WEEKS * 3 / weight + 1e-9)


def test_danger_can_be_set_for_one_place_of_origin():
    model = stepped(1)
    model.levers.threat.level = {"north": 4}
    assert model.levers.threat.level == {"north": 4.0, "south": 1.5}
    model.levers.threat.level = 2
    assert model.levers.threat.level == 2.0


def test_a_ban_has_members_and_a_strength():
    model = stepped(1)
    ban = model.levers.exit_ban
    assert (ban.members, ban.strength) == ((), 0.0)
    ban.members = ["women", "children"]
    ban.strength = 0.5
    assert (ban.members, ban.strength) == (("children", "women"), 0.5)
    ban.members = []
    assert ban.members == ()
    with pytest.raises(UsageError, match=r"exit_ban\.members first"):
        ban.strength = 0.5


def test_levers_can_be_listed():
    model = ReturnModel(camp())
    assert "siege" in dir(model.levers)
    assert dir(model.levers.transport) == ["cost_weeks_of_subsistence", "subsidy"]
    assert "levers.siege(severity=0.6)" in repr(model.levers)
    assert list(model.guarantors) == ["state", "elders"]


# Collecting


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


def test_mesas_batch_run_sweeps_replicates_and_levers():
    rows = mesa.batch_run(
        ReturnModel,
        {
            "scenario": str(RUKBAN),
            "households": 40,
            "weeks": 8,
            "levers__siege__severity": [0.0, 0.9],
            "replicate": [0, 1],
        },
        number_processes=1,
        display_progress=False,
    )
    assert len(rows) == 4
    reserves = {(r["levers__siege__severity"], r["replicate"]): r["reserves"] for r in rows}
    assert len(set(reserves.values())) == 4
    kept = simulate(
        load_scenario(RUKBAN, {"weeks": 8, "levers.siege.severity": 0.9}), 2, households=40
    )
    assert reserves[0.9, 1] == kept.columns["reserves"][1, -1]


@pytest.mark.filterwarnings("ignore")
def test_solaraviz_draws_steps_and_resets_the_model():
    solara = pytest.importorskip("solara")
    import ipyvuetify
    from mesa.visualization import SolaraViz, make_plot_component

    given = {"scenario": str(RUKBAN), "households": 40, "weeks": 8}
    slider = {"type": "SliderFloat", "value": 0.5, "min": 0, "max": 1, "step": 0.1}
    model = solara.reactive(ReturnModel(**given))
    page = SolaraViz(
        model,
        components=[make_plot_component(["camp_population", "at_home"])],
        model_params={**given, "levers__siege__severity": slider},
    )
    _, rendered = solara.render(solara.AppLayout(children=[page]), handle_error=False)
    rendered.find(ipyvuetify.Btn, children=["Step"]).widget.click()
    assert model.value.t == 1
    rendered.find(ipyvuetify.Btn, children=["Reset"]).widget.click()
    assert (model.value.t, model.value.levers.siege.severity) == (0, 0.5)
    rendered.close()


@pytest.mark.filterwarnings("ignore")
def test_solaraviz_needs_no_more_than_the_model():
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, make_plot_component

    page = SolaraViz(ReturnModel(camp()), components=[make_plot_component("camp_population")])
    _, rendered = solara.render(page, handle_error=False)
    rendered.close()


# Mistakes


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
    ],
)
def test_a_wrong_argument_is_named(kwargs: dict[str, object], said: str):
    with pytest.raises(UsageError, match=said):
        ReturnModel(camp(), **kwargs)


def test_a_wrong_keyword_is_named_as_in_the_file():
    with pytest.raises(ScenarioError, match="did you mean"):
        ReturnModel(camp(), levers__sieg__severity=0)


def test_without_a_scenario_it_says_so():
    with pytest.raises(UsageError, match="name a scenario file"):
        ReturnModel()


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan"), "much"])
def test_trust_lies_between_nought_and_one(value: object):
    h = ReturnModel(camp()).households[0]
    with pytest.raises(UsageError, match="trust"):
        h.trust["state"] = value


@pytest.mark.parametrize(
    ("name", "value"),
    [("hardship", -0.1), ("hardship", float("nan")), ("siege_severity", 2), ("reserves", -1)],
)
def test_a_state_out_of_its_bounds_is_refused(name: str, value: float):
    h = ReturnModel(camp()).households[0]
    before = (h.hardship, h.reserves)
    with pytest.raises(UsageError, match="must be"):
        setattr(h, name, value)
    assert (h.hardship, h.reserves) == before


def test_an_unknown_guarantor_is_told_with_the_nearest():
    model = ReturnModel(camp())
    for mapping in (model.guarantors, model.households[0].trust):
        with pytest.raises(UsageError, match="no such guarantor; did you mean 'elders'"):
            mapping["elder"]


@pytest.mark.parametrize("name", ["members", "status", "contacts", "places", "origin"])
def test_what_follows_from_the_state_cannot_be_set(name: str):
    with pytest.raises(AttributeError):
        setattr(ReturnModel(camp()).households[0], name, None)


def test_a_household_that_has_left_can_no_longer_be_changed():
    h = first(stepped(WEEKS), "home")
    for change in (
        lambda: setattr(h, "hardship", 0.1),
        lambda: setattr(h, "reserves", 1),
        lambda: h.trust.__setitem__("state", 0.5),
    ):
        with pytest.raises(UsageError, match="nobody is in the camp"):
            change()


def test_agents_are_neither_added_nor_removed_from_outside():
    model = ReturnModel(camp())
    number = len(model.agents)
    for stranger in (lambda: Household(model, 0), lambda: mesa.Agent(model)):
        with pytest.raises(UsageError, match="from outside"):
            stranger()
    with pytest.raises(UsageError, match="cannot be removed"):
        model.households[0].remove()
    assert len(model.agents) == number


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("siege.severity", 2, r"levers\.siege\.severity: 2: must be a number from 0 to 1"),
        ("siege.severity", "high", "must be a number"),
        ("siege.severty", 0, "did you mean 'severity'"),
        ("corridor.open", 1, "must be true or false"),
        ("corridor.parties_per_week", -1, "0 or more"),
        ("threat.level", {"east": 1}, "no such place of origin"),
        ("exit_ban.members", ["men"], "no such class of members"),
        ("arrivals.people_per_week", 5, "settled when the model is made"),
    ],
)
def test_a_lever_out_of_its_bounds_is_refused_and_stays(path: str, value: object, said: str):
    model = ReturnModel(camp())
    before = repr(model.levers)
    lever, field = path.split(".")
    with pytest.raises(UsageError, match=said):
        setattr(getattr(model.levers, lever), field, value)
    assert repr(model.levers) == before


def test_unknown_levers_and_whole_levers_are_told():
    model = ReturnModel(camp())
    with pytest.raises(UsageError, match="did you mean 'siege'"):
        model.levers.seige.severity = 0
    with pytest.raises(UsageError, match=r"levers\.siege\.severity"):
        model.levers.siege = 0
    with pytest.raises(UsageError, match="true or false"):
        model.guarantors["state"].active = "yes"
    with pytest.raises(UsageError, match="of a guarantor there are"):
        model.guarantors["state"].neutrality = 1


def test_after_the_end_no_lever_can_be_moved():
    model = stepped(WEEKS)
    assert model.levers.siege.severity == 0.6
    with pytest.raises(UsageError, match="are over"):
        model.levers.siege.severity = 0


# The other Mesa


def _newer_python() -> str | None:
    beside = Path(sys.base_prefix).parent.glob("3.1[2-9]*/bin/python3")
    named = [shutil.which(f"python3.1{minor}") for minor in (3, 2)]
    for python in [*map(str, beside), *filter(None, named)]:
        asked = subprocess.run(
            [python, "-c", "import sys; print(sys.version_info >= (3, 12))"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == "True":
            return python
    return None


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this is the newer Mesa already")
def test_the_model_works_on_the_mesa_of_newer_pythons(tmp_path: Path):
    python = _newer_python()
    if python is None:
        pytest.skip("there is no Python 3.12 or newer beside this one")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    there = tmp_path / "venv" / "bin" / "python"
    install = [there, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["-c", ROOT / "constraints.txt", f"{ROOT}[dev]"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"its packages cannot be had: {done.stderr.strip().splitlines()[-1]}")
    tests = ["tests/test_mesa_model.py", "tests/cli/test_parity.py"]
    run = [there, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    ran = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    version = [there, "-c", "import mesa; print(mesa.__version__)"]
    told = subprocess.run(version, capture_output=True, text=True, check=True).stdout
    assert tuple(map(int, told.split(".")[:2])) >= (3, 5)


def test_the_model_is_found_in_the_package_itself():
    assert returnsim.ReturnModel is ReturnModel
    assert "ReturnModel" in dir(returnsim)


@pytest.mark.filterwarnings("ignore")
def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path, monkeypatch, capsys):
    pytest.importorskip("solara")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    text = (ROOT / "docs" / "mesa.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    shared: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/mesa.md", "exec"), shared)
    assert (tmp_path / "camp.png").stat().st_size > 0
    assert "perceived_risk" in capsys.readouterr().out
