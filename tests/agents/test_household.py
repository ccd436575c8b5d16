"""Households as agents: views of a row, which can be set where that means something."""

import numpy as np
import pytest
from benchmarks.peers.plain_choice import WHOLE, Choice
from benchmarks.peers.plain_mesa import PlainModel
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim import ReturnModel
from returnsim.core.inputs import Place
from returnsim.core.state import check
from returnsim.errors import UsageError
from returnsim.scenario.quantities import CLASSES

from .camp import SMALL, WEEKS, camp, first, stepped


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
