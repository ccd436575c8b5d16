"""A scenario's numbers reach the core as the page of the model says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.assemble import plan_run, simulate
from returnsim.core.demography import life_hazards
from returnsim.core.inputs import UNLIMITED, Class
from returnsim.core.rows import Rows
from returnsim.core.week import open_camp
from returnsim.draws import Draws
from returnsim.errors import UsageError
from returnsim.events import households_frame
from returnsim.scenario.files import scenario_from
from returnsim.scenario.limits import FEWEST_HOUSEHOLDS
from tests.reference.busy import busy_inputs, busy_population

BASE = {
    "title": "A camp",
    "start": "2020-01-06",
    "weeks": 20,
    "population": {"people": 2350, "household_size": 4.7},
}
KNOWN = {"track_record": {"harms": 3, "exposure_weeks": 140}, "neutrality": 0}


def parameters(**sections: object):
    return plan_run(scenario_from(BASE | sections), seed=1).inputs.parameters


def conditions(**sections: object):
    return plan_run(scenario_from(BASE | sections), seed=1).inputs.conditions


def test_priors_come_from_the_record_shaded_by_neutrality():
    p = parameters(
        guarantors={
            "known": KNOWN | {"neutrality": 0.2},
            "unknown": {"neutrality": 0.9},
        },
        beliefs={"neutrality_weight": 0.5},
    )
    np.testing.assert_allclose(p.kappa0, [[3.5 * (1 + 0.5 * 0.8), 1 + 0.5 * 0.1]])
    np.testing.assert_allclose(p.omega0, [[140, 140 / 3.5]])


def test_a_memory_is_worth_half_after_its_half_life():
    p = parameters(beliefs={"memory_half_life_weeks": 30})
    assert p.forgetting[0] ** 30 == pytest.approx(0.5)


def test_exposure_of_wanted_households_is_multiplied_for_men_only():
    p = parameters(hazards={"wanted_multiplier": 3, "exposure": {"women": 0.1, "men_older": 0.5}})
    plain, wanted = p.exposure[0], p.exposure_wanted[0]
    assert plain[Class.MEN_CONSCRIPTION_AGE] == 1024
    assert wanted[Class.MEN_CONSCRIPTION_AGE] == 3 * 1024
    assert wanted[Class.MEN_OLDER] == 3 * plain[Class.MEN_OLDER] == 3 * 512
    for c in (Class.WOMEN, Class.CHILDREN, Class.ELDERLY):
        assert wanted[c] == plain[c]


def test_detentions_end_at_the_mean_time_in_the_given_proportions():
    p = parameters(
        custody={"mean_weeks": 40, "released_share": 0.5, "disappeared_share": 0.3, "died_share": 0}
    )
    rates = [
        p.detained_released_per_week[0],
        p.detained_disappeared_per_week[0],
        p.detained_died_per_week[0],
    ]
    np.testing.assert_allclose(rates, [0.5 / 0.8 / 40, 0.3 / 0.8 / 40, 0])


def test_enforcement_after_grace_is_its_own_or_else_that_of_before():
    c = conditions(
        guarantors={
            "breaks": KNOWN | {"enforcement": 0.6, "enforcement_after_grace": 0.1},
            "keeps": {"enforcement": 0.7},
        }
    )
    np.testing.assert_allclose(c.enforcement[3, 0], [0.6, 0.7])
    np.testing.assert_allclose(c.enforcement_after_grace[3, 0], [0.1, 0.7])


def test_reach_and_salience_of_news_are_each_their_own():
    c = conditions(levers={"news": {"reach": 0.25, "salience": 8}})
    assert c.reach[0, 0] == 0.25
    assert c.salience[0, 0] == 8


def test_capacities_are_shared_out_when_households_stand_for_several():
    limited = BASE | {
        "levers": {"corridor": {"parties_per_week": 7.5}},
        "guarantors": {"known": KNOWN | {"capacity_files_per_week": 30}},
    }
    full = plan_run(scenario_from(limited), seed=1)
    third = plan_run(scenario_from(limited), seed=1, households=full.spec.households // 4)
    weight = third.inputs.parameters.weight[0]
    assert full.inputs.conditions.places.sum() == 150
    assert third.inputs.conditions.places.sum() == int(150 / weight)
    assert third.inputs.conditions.files.sum() == int(600 / weight)
    assert (conditions().places == UNLIMITED).all()


def test_arrivals_come_when_the_file_says_as_many_as_it_says():
    arrivals = [
        {"from": "2020-01-06", "people_per_week": 0},
        {"from": "2020-02-03", "until": "2020-03-02", "people_per_week": 47},
    ]
    run = simulate(scenario_from(BASE | {"levers": {"arrivals": arrivals}}), replicates=40)
    came = run["arrivals"]
    assert (came[:, :4] == 0).all()
    assert (came[:, 8:] == 0).all()
    error = came.sum(axis=1).std(ddof=1) / np.sqrt(40)
    assert abs(came.sum(axis=1).mean() - 4 * 47) < 4.5 * error


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), access=st.floats(0, 1), hardship=st.floats(0, 1))
def test_no_conditions_make_camp_life_riskier_than_its_bound(
    seed: int, access: float, hardship: float
):
    inputs, people = busy_inputs(seed, weeks=2), busy_population(seed)
    camp = open_camp(inputs, people, Draws(seed, [0]))
    camp.state.hardship[:] = hardship
    rows = Rows(np.arange(len(camp.state.hardship)), len(camp.state.hardship))
    week = type(inputs.conditions)(*(field[0] for field in inputs.conditions))
    week = week._replace(medical=np.array([access]))
    total = life_hazards(rows, camp.state, week, inputs.parameters).sum(axis=0)
    assert (total <= camp.state.life_bound).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"replicates": 2.0}, "replicates: 2.0: must be a whole number"),
        ({"replicates": 0}, "replicates: 0: at least 1 is needed"),
        ({"seed": "1"}, "seed: '1': must be a whole number"),
        ({"households": 60.5}, "households: 60.5: must be a whole number"),
        ({"workers": -1}, "workers: -1: must be a whole number from 0"),
    ],
)
def test_an_argument_that_is_no_whole_number_is_named(wrong: dict[str, object], said: str):
    with pytest.raises(UsageError, match=said):
        simulate(scenario_from(BASE), **({"replicates": 1} | wrong))


def test_a_run_that_no_machine_holds_is_refused_before_it_begins():
    huge = scenario_from(BASE | {"population": {"people": 9e8, "household_size": 4.5}})
    with pytest.raises(UsageError, match="200,000,000 households, 1,000,000 replicates of 20 week"):
        simulate(huge, 1_000_000)


def test_of_a_camp_of_a_few_households_each_is_told():
    few = scenario_from(
        {"title": "A camp", "start": "2021-01-04", "weeks": 3, "population": {"people": 50}}
    )
    run = simulate(few, 2)
    assert run.households < FEWEST_HOUSEHOLDS
    assert len(households_frame(run)) == 2 * run.households
