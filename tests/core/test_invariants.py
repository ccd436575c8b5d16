"""What must hold in any camp, whatever is done to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.assemble import block_of, plan_run
from returnsim.core.chance import binomial, pick, which
from returnsim.core.inputs import UNLIMITED, Inputs
from returnsim.core.record import record_week
from returnsim.core.state import check
from returnsim.core.week import open_camp, step
from returnsim.scenario.files import scenario_from
from tests.core.runs import camp_of, record, returned, weeks_of
from tests.reference.busy import busy_inputs, busy_population

SEEDS = st.integers(0, 10_000)


def with_levers(inputs: Inputs, **levers: float) -> Inputs:
    changed = {
        name: np.full_like(getattr(inputs.conditions, name), value)
        for name, value in levers.items()
    }
    return inputs._replace(conditions=inputs.conditions._replace(**changed))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, cases=st.sampled_from([1, 2]))
def test_people_are_conserved_and_counts_and_shares_stay_in_bounds(seed: int, cases: int):
    inputs = busy_inputs(seed, weeks=20, cases=cases)
    people = busy_population(seed, replicates=2)
    camp = camp_of(inputs, people, seed=seed)
    weight = inputs.parameters.weight
    total = camp.state.members.sum()
    for t, happened in weeks_of(camp):
        check(camp.state)
        columns = record_week(camp, happened, t, ("0", "1", "2"))
        total += round(float(((columns["births"] + columns["arrivals"]) / weight).sum()))
        assert camp.state.members.sum() == total
        places = ["camp_population", "at_home", "held", "in_custody"]
        places += [name for name in columns if name.endswith("_to_date")]
        accounted = sum(columns[name] / weight for name in places)
        assert accounted.sum() == pytest.approx(total)
        for name, values in columns.items():
            known = values[~np.isnan(values)]
            assert (known >= 0).all(), name
            if name in {"hardship", "intention_share"} or name.startswith("trust_"):
                assert (known <= 1).all(), name


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_classes_add_up(seed: int):
    columns = record(busy_inputs(seed, weeks=15), busy_population(seed))
    classes = ("children", "women", "men_conscription_age", "men_older", "elderly")
    for whole in ("departures", "camp"):
        total = columns["departures" if whole == "departures" else "camp_population"]
        np.testing.assert_allclose(sum(columns[f"{whole}_{c}"] for c in classes), total)
    np.testing.assert_allclose(
        sum(columns[f"departures_{g}"] for g in range(3)), columns["departures"]
    )


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_without_threat_nobody_is_held_detained_disappeared_or_killed(seed: int):
    inputs = with_levers(busy_inputs(seed, weeks=20), threat=0.0)
    columns = record(inputs, busy_population(seed))
    for name in ("newly_held", "held", "detained", "disappeared", "killed", "in_custody"):
        assert (columns[name] == 0).all(), name


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_closed_corridor_lets_nobody_home(seed: int):
    inputs = with_levers(busy_inputs(seed, weeks=15), corridor_open=False)
    assert (record(inputs, busy_population(seed))["departures"] == 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_no_more_parties_leave_than_there_are_places(seed: int):
    inputs = busy_inputs(seed, weeks=20)
    columns = record(inputs, busy_population(seed))
    places = inputs.conditions.places[:, 0]
    limited = places < UNLIMITED
    left = columns["departing_parties"][0] / inputs.parameters.weight[0]
    assert (left[limited] <= places[limited]).all()


def with_men_banned(seed: int) -> dict[str, np.ndarray]:
    inputs = busy_inputs(seed, weeks=15)
    ban = np.zeros_like(inputs.conditions.ban)
    ban[..., 2] = 1.0
    inputs = inputs._replace(conditions=inputs.conditions._replace(ban=ban))
    return record(inputs, busy_population(seed))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_full_ban_on_a_class_keeps_every_one_of_it_in_camp(seed: int):
    assert (with_men_banned(seed)["departures_men_conscription_age"] == 0).all()


def test_a_full_ban_on_a_class_does_not_keep_the_others():
    # In a world of few households nobody else may want to leave: some of several do.
    assert sum(with_men_banned(seed)["departures"].sum() for seed in range(5)) > 0


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_nobody_comes_back_to_the_camp(seed: int):
    camp = camp_of(busy_inputs(seed, weeks=15), busy_population(seed))
    before = returned(camp.state).sum(axis=0)
    for _ in weeks_of(camp):
        now = returned(camp.state).sum(axis=0)
        assert (now >= before).all()
        before = now


@settings(max_examples=200)
@given(
    u=st.floats(0, 1, exclude_max=True),
    hazards=st.lists(st.floats(0, 5), min_size=1, max_size=6),
)
def test_one_draw_decides_whether_and_which_of_the_risks_strikes(u: float, hazards: list[float]):
    kind, rest = which(np.array([u]), np.array(hazards)[:, None])
    total = float(np.cumsum(hazards)[-1])
    assert (kind[0] >= 0) == (u < -np.expm1(-total))
    if kind[0] >= 0:
        assert hazards[kind[0]] > 0
        assert 0 <= rest[0] < 1


@settings(max_examples=200)
@given(
    u=st.floats(0, 1, exclude_max=True),
    size=st.integers(0, 30),
    hazard=st.floats(0, 1000),
)
def test_a_binomial_number_lies_between_none_and_all(u: float, size: int, hazard: float):
    number, rest = binomial(np.array([u]), np.array([size]), np.array([hazard]))
    assert 0 <= number[0] <= size
    assert 0 <= rest[0] < 1
    if hazard == 0:
        assert number[0] == 0


@settings(max_examples=100)
@given(
    rest=st.floats(0, 1, exclude_max=True),
    weights=st.lists(st.integers(0, 5000), min_size=5, max_size=5).filter(sum),
)
def test_nobody_of_no_weight_is_picked(rest: float, weights: list[int]):
    chosen = pick(np.array([rest]), np.array(weights)[:, None])
    assert weights[chosen[0]] > 0


def test_a_household_that_is_gone_is_gone_from_every_mean():
    inputs = busy_inputs(1, weeks=10)
    inputs = inputs._replace(
        parameters=inputs.parameters._replace(onward_intercept=np.array([80.0])),
        conditions=inputs.conditions._replace(
            onward_open=np.ones_like(inputs.conditions.onward_open),
            onward_cost=np.zeros_like(inputs.conditions.onward_cost),
        ),
    )
    people = busy_population(1, arrivals=0)
    columns = record(inputs, people)
    assert (columns["camp_population"][0] == 0).all()
    for name in ("hardship", "reserves", "price_index", "trust_0"):
        assert np.isnan(columns[name]).all(), name


def test_contacts_are_counted_however_many_come_to_a_camp_of_few():
    scenario = scenario_from(
        {
            "title": "A hundred people, and two hundred thousand a week",
            "start": "2020-01-06",
            "weeks": 2,
            "population": {"people": 100, "contacts": 40},
            "levers": {"arrivals": {"people_per_week": 200_000}},
        }
    )
    inputs, people, draws = block_of(plan_run(scenario, 1), [0])
    camp = open_camp(inputs, people, draws)
    for t in range(scenario.weeks):
        step(camp, t)
    links = np.diff(people.contact_start)
    assert links.max() > np.iinfo(np.int16).max
    np.testing.assert_array_equal(camp.state.known, links)
    check(camp.state)
