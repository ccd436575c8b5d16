"""The twin itself: nobody is lost, and the week in camp against sums done by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.core.inputs import UNIT, WEEKS_PER_YEAR, Place
from returnsim.draws import Weekly

from .busy import busy_inputs, busy_population
from .cases import CERTAIN, FAMILY, ONE_MAN, luck, twin_of
from .tiny import ByWeek, tiny_inputs, tiny_population

# Nobody is lost


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_people_change_only_by_births_and_arrivals(seed):
    population = busy_population(seed, households=30, arrivals=4)
    twin = twin_of(busy_inputs(seed, weeks=20), population)
    expected = 0
    for n, household in enumerate(twin.households):
        expected += household.count(*Place)
        assert household.count(*Place) == (
            0 if population.arrival_week[n] >= 0 else sum(household.family)
        )
    while twin.t < twin.weeks:
        twin.step()
        expected += twin.flows.arrivals + twin.flows.births
        assert sum(household.count(*Place) for household in twin.households) == expected
        assert all(min(min(place) for place in h.members) >= 0 for h in twin.households)


def test_stocks_are_the_flows_to_date():
    columns = twin_of(busy_inputs(3), busy_population(3)).run()
    for stock, flow in (
        ("disappeared_to_date", "disappeared"),
        ("conscripted_to_date", "conscripted"),
        ("killed_to_date", "killed"),
        ("died_in_camp_to_date", "died_in_camp"),
        ("onward_to_date", "onward"),
    ):
        assert columns[stock] == pytest.approx(np.cumsum(columns[flow]))
        assert columns[flow] != [0.0] * len(columns[flow])


def test_a_replicate_is_the_same_whatever_stands_beside_it():
    both = busy_population(5, replicates=2)
    alone = both._replace(
        **{
            name: getattr(both, name)[1:]
            for name, annotation in type(both).__annotations__.items()
            if annotation.dim_str.startswith("R")
        },
        contact_start=both.contact_start[: len(both.contact_start) // 2 + 1],
        contact_rows=both.contact_rows[: len(both.contact_rows) // 2],
    )
    inputs = busy_inputs(5, weeks=12)
    np.testing.assert_equal(
        twin_of(inputs, both, replicate=4, row=1).run(),
        twin_of(inputs, alone, replicate=4, row=0).run(),
    )


def test_each_row_has_its_own_case_where_there_are_as_many():
    population = busy_population(5, replicates=2)
    stacked = busy_inputs(5, weeks=8, cases=2)
    second = busy_inputs(1005, weeks=8)
    np.testing.assert_equal(
        twin_of(stacked, population, row=1).run(), twin_of(second, population, row=1).run()
    )


def test_only_the_weeks_from_the_first_recorded_one_are_kept():
    all_weeks = twin_of(busy_inputs(2, weeks=9), busy_population(2)).run()
    later = twin_of(busy_inputs(2, weeks=9, record_from=5), busy_population(2)).run()
    np.testing.assert_equal(later, {name: values[5:] for name, values in all_weeks.items()})


# 1. Conditions


def test_the_threat_is_heard_of_step_by_step():
    inputs = tiny_inputs(
        3, intercept=-CERTAIN, threat=ByWeek([2.0, 0.0, 0.0]), threat_news_weeks=4.0
    )
    columns = twin_of(inputs, tiny_population([FAMILY])).run()
    assert columns["perceived_threat"] == [2.0, 1.5, 1.125]


# 3. Hardship and the purse


def test_hardship_is_zero_without_siege_and_with_open_care():
    twin = twin_of(
        tiny_inputs(3, medical_hardship=0.7, intercept=-CERTAIN),
        tiny_population([FAMILY], vulnerable=True),
    )
    assert twin.run()["hardship"] == [0.0, 0.0, 0.0]


def test_a_full_siege_without_reserves_is_full_hardship():
    twin = twin_of(tiny_inputs(severity=1.0, hunger_width=0.01), tiny_population([FAMILY]))
    assert twin.run()["hardship"] == pytest.approx([1.0])


def test_hardship_goes_to_its_target_at_its_speed():
    inputs = tiny_inputs(
        2,
        severity=ByWeek([0.0, 0.8]),
        aid=0.25,
        hardship_speed=0.5,
        hunger_width=0.2,
        intercept=-CERTAIN,
    )
    twin = twin_of(inputs, tiny_population([FAMILY]))
    low = 1 / (1 + math.exp(2.5))
    want = (1 / (1 + math.exp(-0.5)) - low) / (1 - low)
    assert twin.run()["hardship"] == pytest.approx([0.0, want / 2])


def test_closed_care_weighs_on_the_vulnerable_alone():
    inputs = tiny_inputs(medical=0.5, medical_hardship=0.6)
    twin = twin_of(inputs, tiny_population([FAMILY, FAMILY], vulnerable=[True, False]))
    twin.step()
    assert [h.hardship for h in twin.households] == pytest.approx([0.3, 0.0])


def test_the_purse_pays_the_price_of_the_siege():
    inputs = tiny_inputs(severity=0.5, price_rise=2.0, purchased_share=0.4, aid=0.25)
    population = tiny_population([FAMILY] * 2, income=0.6, remittance=0.1, reserves=[5.0, 0.1])
    twin = twin_of(inputs, population)
    columns = twin.run()
    assert [h.reserves for h in twin.households] == pytest.approx([5 + 0.3 + 0.1 - 0.6, 0.0])
    assert columns["price_index"] == [2.0]


# 4. Camp life


def test_births_and_deaths_strike_when_the_draw_is_below_their_chance():
    inputs = tiny_inputs(births_per_woman=0.7, intercept=-CERTAIN)
    population = tiny_population([[0, 1, 0, 0, 0]] * 40)
    twin = twin_of(inputs, population)
    columns = twin.run()
    ageing = 1 / (42 * WEEKS_PER_YEAR)
    total = 0.7 + ageing
    drawn = luck(Weekly.CAMP_LIFE, inputs, 0, 40)
    chance = 1 - math.exp(-total)
    assert columns["births"] == [sum(u < chance and u * total / chance < 0.7 for u in drawn)]
    assert 0 < columns["births"][0] < 40


def test_closed_care_alone_can_kill_in_camp():
    inputs = tiny_inputs(medical=0.0, death_closed_care=1.0, death_per_week=30.0)
    columns = twin_of(inputs, tiny_population([ONE_MAN] * 5)).run()
    assert columns["died_in_camp"] == [5.0]
    assert columns["camp_population"] == [0.0]
    assert math.isnan(columns["hardship"][0])
    assert math.isnan(columns["price_index"][0])


# 5. News and trust


def test_trust_before_any_news_is_the_prior():
    inputs = tiny_inputs(kappa0=2.0, omega0=78.0, horizon_weeks=26.0, intercept=-CERTAIN)
    columns = twin_of(inputs, tiny_population([ONE_MAN])).run()
    assert columns["trust_0"] == pytest.approx([(78 / 104) ** 2])
    assert columns["trust_0_men_conscription_age"] == columns["trust_0"]


def test_harm_to_a_contact_is_heard_a_week_later_and_by_nobody_else():
    inputs = tiny_inputs(
        2, intercept=CERTAIN, places=1, hold=CERTAIN, threat=1.0, harm_held=UNIT // 2, salience=3.0
    )
    population = tiny_population([ONE_MAN] * 3, contacts=[(0, 1)], queue_lot=[0.1, 0.5, 0.9])
    twin = twin_of(inputs, population)
    twin.step()
    assert [h.kappa[0] for h in twin.households] == [1.0, 1.0, 1.0]
    assert twin.households[0].count(Place.HELD_0) == 1
    twin.step()
    assert [h.kappa[0] for h in twin.households] == [1.0, 2.5, 1.0]


def test_quiet_weeks_at_home_and_a_safe_passage_build_trust():
    inputs = tiny_inputs(
        3, intercept=CERTAIN, places=1, threat=2.0, passage_weeks=7.0, exposure=UNIT // 2, reach=0.5
    )
    population = tiny_population([ONE_MAN] * 4, contacts=[(0, 3)], queue_lot=[0.1, 0.2, 0.3, 0.9])
    twin = twin_of(inputs, population)
    twin.step()
    twin.step()
    assert twin.households[3].omega[0] == 100 + 0.5 * (2.0 * 0.5 + 7.0 * 0.5)
    twin.step()
    assert twin.households[3].omega[0] == 100 + 0.5 * (2.0 * 0.5 * 2 + 7.0 * 0.5)


def test_public_news_reaches_those_without_contacts_times_the_weight():
    inputs = tiny_inputs(
        2, intercept=CERTAIN, places=1, passage_weeks=4.0, public_weight=0.1, weight=10.0
    )
    twin = twin_of(inputs, tiny_population([ONE_MAN] * 3, queue_lot=[0.1, 0.5, 0.9]))
    twin.run()
    assert twin.households[2].omega[0] == pytest.approx(100 + 4.0 * 0.1 * 10)


def test_claims_of_go_betweens_fade_and_speak_for_their_own_guarantor_alone():
    inputs = tiny_inputs(
        2,
        guarantors=2,
        intercept=-CERTAIN,
        forgetting=0.5,
        persuasion=ByWeek([8.0, 0.0]),
        persuasion_reach=[1.0, 0.0],
        spill=[[1.0, 0.25], [0.25, 1.0]],
    )
    twin = twin_of(inputs, tiny_population([ONE_MAN]))
    twin.step()
    assert twin.households[0].omega == [108.0, 100.0]
    twin.step()
    assert twin.households[0].omega == [104.0, 100.0]


def test_news_of_one_guarantor_spills_over_to_the_other():
    inputs = tiny_inputs(
        2,
        guarantors=2,
        intercept=CERTAIN,
        places=1,
        passage_weeks=8.0,
        spill=[[1.0, 0.25], [0.25, 1.0]],
    )
    people = tiny_population([ONE_MAN] * 2, contacts=[(0, 1)], queue_lot=[0.1, 0.9])
    twin = twin_of(inputs, people)
    twin.step()
    twin.step()
    assert twin.households[1].omega == [108.0, 102.0]
