"""The twin's custody, passage and weeks at home (steps 7 to 9) against sums done by hand."""

import math

import pytest

from returnsim.core.inputs import UNIT, Place
from returnsim.draws import Weekly

from .cases import CERTAIN, FAMILY, ONE_MAN, WHOLE_AND_WITHOUT_MEN, luck, twin_of
from .tiny import ByWeek, tiny_inputs, tiny_population

# 7. Custody


def test_the_held_are_let_go_to_their_party_or_arrested():
    held_then_free = tiny_inputs(
        2,
        intercept=CERTAIN,
        hold=CERTAIN,
        threat=1.0,
        held_release_per_week=CERTAIN,
    )
    twin = twin_of(held_then_free, tiny_population([FAMILY]))
    columns = twin.run()
    assert columns["newly_held"] == [4.0, 0.0]
    assert columns["held_released"] == [0.0, 4.0]
    assert columns["at_home"] == [0.0, 4.0]


def test_an_arrest_takes_one_a_week_and_by_exposure():
    inputs = tiny_inputs(
        3,
        intercept=CERTAIN,
        hold=CERTAIN,
        threat=1.0,
        held_arrest_per_week=100.0,
        exposure=[0, 0, UNIT, 0, 0],
    )
    twin = twin_of(inputs, tiny_population([[2, 1, 2, 0, 0]]))
    columns = twin.run()
    assert columns["detained"] == [0.0, 1.0, 1.0]
    assert twin.households[0].members[Place.DETAINED_0] == [0, 0, 2, 0, 0]
    assert columns["held"] == [5.0, 4.0, 3.0]


def test_death_in_detention_counts_as_killed_and_is_news():
    inputs = tiny_inputs(
        4,
        intercept=CERTAIN,
        places=ByWeek([1, 0, 0, 0]),
        threat=1.0,
        harm_per_week=100.0,
        harm_detained=0,
        harm_killed=2 * UNIT,
        detained_died_per_week=100.0,
    )
    population = tiny_population([ONE_MAN] * 2, contacts=[(0, 1)], queue_lot=[0.1, 0.9])
    twin = twin_of(inputs, population)
    columns = twin.run()
    assert columns["detained"] == [1.0, 0.0, 0.0, 0.0]
    assert columns["killed"] == [0.0, 1.0, 0.0, 0.0]
    assert twin.households[1].kappa[0] == 3.0


# 8. Passage


def test_a_queue_of_three_leaves_in_the_order_of_the_lots():
    inputs = tiny_inputs(4, intercept=CERTAIN, places=1)
    twin = twin_of(inputs, tiny_population([ONE_MAN] * 3, queue_lot=[0.6, 0.2, 0.4]))
    columns = twin.run()
    assert [household.party_week[0] for household in twin.households] == [2, 0, 1]
    assert columns["waiting"] == [2.0, 1.0, 0.0, 0.0]
    assert columns["departures"] == columns["departures_0"] == [1.0, 1.0, 1.0, 0.0]


def test_those_registered_earlier_go_before_those_with_a_better_lot():
    inputs = tiny_inputs(3, intercept=CERTAIN, places=ByWeek([0, 1, 1]))
    population = tiny_population([ONE_MAN] * 2, queue_lot=[0.9, 0.1], arrival_week=[-1, 1])
    twin = twin_of(inputs, population)
    twin.run()
    assert [household.party_week[0] for household in twin.households] == [1, 2]


def test_a_closed_corridor_lets_nobody_leave():
    inputs = tiny_inputs(3, intercept=CERTAIN, corridor_open=ByWeek([False, True, False]))
    columns = twin_of(inputs, tiny_population([FAMILY] * 2)).run()
    assert columns["departures"] == [0.0, 8.0, 0.0]


def test_files_are_processed_in_turn_and_those_refused_come_back_after_a_while():
    inputs = tiny_inputs(4, intercept=CERTAIN, files=1, refusal=0.6, retry_weeks=2.0)
    population = tiny_population([ONE_MAN] * 2, queue_lot=[0.1, 0.9], vetting_lot=[0.5, 0.7])
    twin = twin_of(inputs, population)
    columns = twin.run()
    assert columns["refused"] == [1.0, 0.0, 0.0, 0.0]
    assert columns["departures"] == [0.0, 1.0, 1.0, 0.0]
    assert twin.households[0].refusals == 1
    assert [household.party_week[0] for household in twin.households] == [2, 1]


def test_who_cannot_pay_is_passed_over_and_keeps_the_place():
    inputs = tiny_inputs(2, intercept=CERTAIN, places=1, transport_cost=2.0)
    population = tiny_population(
        [ONE_MAN] * 3, reserves=[0.5, 0.5, 2.0], goods=[1.0, 1.5, 0.0], queue_lot=[0.1, 0.5, 0.9]
    )
    twin = twin_of(inputs, population)
    columns = twin.run()
    assert [household.party_week[0] for household in twin.households] == [-1, 0, 1]
    assert columns["waiting"] == [2.0, 1.0]
    assert twin.households[0].registered_week == 0


def test_lorries_are_shared_by_the_parties_of_the_week_before():
    inputs = tiny_inputs(
        2,
        intercept=CERTAIN,
        places=1,
        transport_cost=2.0,
        lorry_sharing=0.5,
        lorry_sharing_parties=3.0,
        weight=3.0,
        price=0.5,
    )
    population = tiny_population([ONE_MAN] * 2, reserves=10.0, queue_lot=[0.1, 0.9])
    twin = twin_of(inputs, population)
    twin.step()
    assert twin.households[1].fare(1, 0) == pytest.approx(2.0 * 0.75 + 0.5)


def test_a_split_pays_its_share_of_the_fee_from_its_reserves():
    inputs = tiny_inputs(
        options=WHOLE_AND_WITHOUT_MEN,
        intercept=CERTAIN,
        ban=[0, 0, 1.0, 0, 0],
        transport_cost=1.0,
        price=2.0,
    )
    twin = twin_of(inputs, tiny_population([FAMILY], reserves=6.0))
    twin.step()
    assert twin.households[0].reserves == pytest.approx(6.0 - 1.0 - 2.0 * 3 / 4)


def test_the_number_held_at_the_checkpoint_is_the_inverse_of_the_lot():
    hazard = -math.log(0.7)
    inputs = tiny_inputs(intercept=CERTAIN, hold=hazard / 2, threat=4.0, card_protection=0.5)
    population = tiny_population(
        [[0, 0, 2, 0, 0]] * 3,
        checkpoint_lots=[[[0.48, 0], [0.5, 0], [0.92, 0]]],
    )
    twin = twin_of(inputs, population)
    twin.step()
    assert [household.count(Place.HELD_0) for household in twin.households] == [0, 1, 2]


def test_a_settled_file_takes_the_wanted_risk_away():
    inputs = tiny_inputs(intercept=CERTAIN, settles_wanted=0.4, exposure_wanted=5 * UNIT)
    population = tiny_population([ONE_MAN] * 2, wanted=True, settling_lot=[0.39, 0.4])
    twin = twin_of(inputs, population)
    twin.step()
    assert [household.safe[0] for household in twin.households] == [UNIT, 5 * UNIT]
    assert [household.passage_last[0] for household in twin.households] == [UNIT, 5 * UNIT]


# 9. At home


def test_harm_at_home_strikes_below_its_chance_and_kills_its_share():
    inputs = tiny_inputs(
        intercept=CERTAIN, threat=2.0, harm_per_week=0.5, killed_share=0.25, enforcement=0.2
    )
    twin = twin_of(inputs, tiny_population([ONE_MAN] * 60))
    columns = twin.run()
    total = 0.5 * 2.0 * 0.8
    chance = 1 - math.exp(-total)
    drawn = luck(Weekly.HOME_0, inputs, 0, 60)
    killed = sum(u < chance * 0.25 for u in drawn)
    assert columns["killed"] == [killed]
    assert columns["detained"] == [sum(u < chance for u in drawn) - killed]
    assert 0 < killed < columns["detained"][0]


def test_the_guarantee_lasts_for_its_grace_and_no_longer():
    inputs = tiny_inputs(
        4,
        intercept=CERTAIN,
        threat=1.0,
        harm_per_week=100.0,
        grace_weeks=2.0,
        enforcement=1.0,
        enforcement_after_grace=0.0,
    )
    columns = twin_of(inputs, tiny_population([ONE_MAN])).run()
    assert columns["detained"] == [0.0, 0.0, 1.0, 0.0]


def test_conscription_is_news_only_before_the_deferral_ends():
    for enforcement, week, made in ((0.0, 0, 1), (1.0, 2, 0)):
        inputs = tiny_inputs(
            4,
            intercept=CERTAIN,
            places=ByWeek([1, 0, 0, 0]),
            conscription_per_week=100.0,
            enforced=1.0,
            deferral=2.0,
            enforcement=enforcement,
        )
        population = tiny_population([ONE_MAN] * 2, contacts=[(0, 1)], queue_lot=[0.1, 0.9])
        twin = twin_of(inputs, population)
        columns = twin.run()
        assert columns["conscripted"].index(1.0) == week
        assert twin.households[1].kappa[0] == 1.0 + made
