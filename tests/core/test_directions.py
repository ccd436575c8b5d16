"""Which way things must go, for any household and for whole camps."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.assemble import simulate
from returnsim.core.decision import decide
from returnsim.core.inputs import Class, Inputs
from returnsim.core.rows import Rows
from returnsim.core.trust import Beliefs, survival
from returnsim.core.week import step
from tests.agents.camp import camp as made_up_camp
from tests.core.runs import camp_of, record, returned
from tests.reference.busy import busy_inputs, busy_population
from tests.reference.tiny import tiny_inputs, tiny_population

OPTIONS = [[True] * 5, [True, True, False, True, True]]

states = st.fixed_dictionaries(
    {
        "intercept": st.floats(-6, 3),
        "hardship": st.floats(0, 8),
        "perceived_risk": st.floats(0, 20),
        "conscription": st.floats(0, 5),
        "separation": st.floats(-1, 4),
        "cost": st.floats(0, 4),
        "onward_intercept": st.floats(-8, 3),
        "onward_open": st.booleans(),
        "transport_cost": st.floats(0, 10),
        "enforced": st.floats(0, 1),
        "conscription_per_week": st.floats(0, 0.05),
        "deferral": st.floats(0, 60),
    }
)
families = st.lists(st.integers(0, 4), min_size=5, max_size=5).filter(sum)
unit = st.floats(0, 1)
kappas, omegas = st.floats(0.05, 40), st.floats(1, 1000)


def share_going_home(
    given_: dict,
    family: list[int],
    *,
    hardship: float,
    kappa: float,
    omega: float,
    threat: float,
    exposure: float = 1.0,
) -> float:
    """P(home) in a week of one household in camp, cost left out."""
    inputs = tiny_inputs(
        1,
        options=OPTIONS,
        threat=threat,
        exposure=round(1024 * exposure),
        exposure_wanted=round(1024 * exposure),
        intention_weeks=1.0,
        kappa0=kappa,
        omega0=omega,
        **given_,
    )
    camp = camp_of(inputs, tiny_population([family], reserves=2.0))
    camp.state.hardship[:] = hardship
    rows = Rows(np.array([0]), 1)
    belief = np.array([[kappa]]), np.array([[omega]])
    trust = survival(*belief, inputs.parameters.horizon_weeks)
    week = type(inputs.conditions)(*(field[0] for field in inputs.conditions))
    chosen = decide(
        rows,
        camp.state,
        camp.people,
        Beliefs(*belief, trust),
        np.array([0.5]),
        week,
        inputs.parameters,
        0,
    )
    return float(chosen.intention[0])


ROUNDING = 1e-12


@settings(max_examples=60, deadline=None)
@given(states, families, unit, unit, kappas, omegas, st.floats(0, 4))
def test_hardship_never_lowers_the_chance_of_going_home(g, family, h, more, kappa, omega, threat):
    low, high = sorted((h, more))
    at = {"kappa": kappa, "omega": omega, "threat": threat}
    one = share_going_home(g, family, hardship=low, **at)
    assert one <= share_going_home(g, family, hardship=high, **at) + ROUNDING


@settings(max_examples=60, deadline=None)
@given(states, families, unit, kappas, kappas, omegas, st.floats(0, 4))
def test_evidence_of_harm_never_raises_the_chance_of_going_home(
    g, family, h, kappa, other, omega, threat
):
    low, high = sorted((kappa, other))
    at = {"hardship": h, "omega": omega, "threat": threat}
    one = share_going_home(g, family, kappa=low, **at)
    assert one >= share_going_home(g, family, kappa=high, **at) - ROUNDING


@settings(max_examples=60, deadline=None)
@given(states, families, unit, kappas, omegas, st.floats(0, 4), st.floats(0, 4))
def test_threat_never_raises_the_chance_of_going_home(g, family, h, kappa, omega, threat, other):
    low, high = sorted((threat, other))
    at = {"hardship": h, "kappa": kappa, "omega": omega}
    one = share_going_home(g, family, threat=low, **at)
    assert one >= share_going_home(g, family, threat=high, **at) - ROUNDING


@settings(max_examples=60, deadline=None)
@given(states, families, unit, kappas, omegas, st.floats(0, 4), st.floats(0, 4))
def test_exposure_never_raises_the_chance_of_going_home(g, family, h, kappa, omega, one, other):
    low, high = sorted((one, other))
    at = {"hardship": h, "kappa": kappa, "omega": omega, "threat": 1.0}
    share = share_going_home(g, family, exposure=low, **at)
    assert share >= share_going_home(g, family, exposure=high, **at) - ROUNDING


CLOSED_OR_FREE = (
    "places",
    "files",
    "corridor_open",
    "active",
    "transport_cost",
    "price",
    "onward_open",
    "ban",
    "aid",
    "medical",
)


def alone_with_the_siege(inputs: Inputs) -> Inputs:
    """News, norm, cost, deaths, capacity, the onward route and splits off."""
    weeks = len(inputs.conditions.severity)
    neutral = tiny_inputs(weeks, guarantors=3, origins=2)
    p = inputs.parameters
    zero = np.zeros(1)
    return inputs._replace(
        parameters=p._replace(
            norm=zero,
            cost=zero,
            hardship=np.array([4.0]),
            commitment=np.array([60.0]),
            death_per_week=np.zeros_like(p.death_per_week),
            births_per_woman=zero,
            refusal=np.zeros_like(p.refusal),
            options=np.ones((1, 5), dtype=bool),
        ),
        conditions=inputs.conditions._replace(
            **{name: getattr(neutral.conditions, name) for name in CLOSED_OR_FREE},
            reach=np.zeros_like(inputs.conditions.reach),
        ),
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_set_of_people_home_by_any_week_grows_with_the_siege(seed: int):
    weeks = 25
    inputs = alone_with_the_siege(busy_inputs(seed, weeks=weeks))
    people = busy_population(seed, households=150)
    camps = []
    for severity in (0.2, 0.6, 0.95):
        level = np.full_like(inputs.conditions.severity, severity)
        case = inputs._replace(conditions=inputs.conditions._replace(severity=level))
        camps.append(camp_of(case, people))
    strictly = False
    for t in range(weeks):
        for camp in camps:
            step(camp, t)
        home = [returned(camp.state) for camp in camps]
        for fewer, more in itertools.pairwise(home):
            assert (fewer.sum(axis=0) <= more.sum(axis=0)).all()
            strictly |= bool((fewer.sum(axis=0) < more.sum(axis=0)).any())
    assert strictly


def test_without_news_beliefs_stay_at_their_start():
    inputs = busy_inputs(2, weeks=20)
    inputs = inputs._replace(
        conditions=inputs.conditions._replace(reach=np.zeros_like(inputs.conditions.reach))
    )
    columns = record(inputs, busy_population(2))
    for g in range(3):
        trust = columns[f"trust_{g}"][0]
        start = survival(
            inputs.parameters.kappa0[0, g],
            inputs.parameters.omega0[0, g],
            inputs.parameters.horizon_weeks[0],
        )
        np.testing.assert_allclose(trust[~np.isnan(trust)], start, rtol=1e-12)


def test_a_harm_in_the_family_ahead_lowers_the_trust_of_those_who_wait():
    inputs = tiny_inputs(
        3,
        intercept=-60.0,
        threat=1.0,
        harm_per_week=50.0,
        options=OPTIONS,
    )
    camp = camp_of(inputs, tiny_population([[2, 1, 1, 0, 0]]))
    camp.state.party_week[0, 0], camp.state.party_guarantor[0, 0] = 0, 0
    camp.state.members[1, Class.WOMEN, 0] += 1
    camp.state.stock[0, 1, Class.WOMEN] += 1
    camp.state.home_exposure[0, 0] = 1024
    before = camp.state.kappa[0, 0]
    step(camp, 0)
    step(camp, 1)
    assert camp.state.kappa[0, 0] > before


def test_where_no_news_comes_a_change_of_the_danger_is_not_heard_of():
    changing = [{"from": "2021-01-04", "level": 1.5}, {"from": "2021-02-01", "level": 9}]
    deaf, hearing = (
        simulate(made_up_camp(levers__threat=changing, levers__news__reach=reach), 2, 4)
        for reach in (0, 1)
    )
    assert (deaf["perceived_threat"] == 1.5).all()
    assert (hearing["perceived_threat"][:, -1] > 5).all()
