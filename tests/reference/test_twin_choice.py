"""The twin's choice (step 6) against sums done by hand."""

import math

import numpy as np
import pytest
from benchmarks.peers.plain_choice import Choice

from returnsim.core.inputs import UNLIMITED, Place
from returnsim.draws import Weekly

from .cases import CERTAIN, FAMILY, ONE_MAN, WHOLE_AND_WITHOUT_MEN, home_of, luck, twin_of
from .tiny import ByWeek, tiny_inputs, tiny_population

# 6. Perceived risk and the choice


def test_the_value_of_going_home_is_the_sum_of_its_terms():
    inputs = tiny_inputs(
        guarantors=2,
        intercept=0.3,
        age=0.5,
        attachment=0.7,
        services=1.2,
        perceived_risk=2.0,
        conscription=1.5,
        cost=0.9,
        conditions_at_home=0.4,
        threat=1.5,
        kappa0=[1.0, 2.0],
        omega0=[50.0, 80.0],
        horizon_weeks=20.0,
        exposure=[256, 256, 1024, 512, 0],
        exposure_wanted=[256, 256, 2048, 1024, 0],
        believed_settles=[0.5, 0.0],
        conscription_per_week=0.02,
        enforced=0.5,
        deferral=10.0,
        transport_cost=3.0,
        subsidy=0.5,
        price=[0.0, 1.0],
        intention_weeks=2.0,
    )
    population = tiny_population(
        [FAMILY], head_age=60.0, attachment=-1.0, reserves=1.0, wanted=True
    )
    twin = twin_of(inputs, population)
    twin.now = twin.conditions(0)
    common = 0.3 + 0.5 * 1 - 0.7 - 1.2 * 0.6
    values = []
    for g, (m, kappa, omega, short) in enumerate(
        ((2.75 - 0.5, 1.0, 50.0, 0.5 / 3.0), (2.75, 2.0, 80.0, 1.5 / 4.0))
    ):
        harm = 1 - (omega / (omega + 20 * m * 1.5)) ** kappa
        tau = (omega / (omega + 20)) ** kappa
        draft = 1 - math.exp(-0.02 * 0.5 * (20 - 10 * tau))
        plain = common - 2.0 * harm - 1.5 * draft
        values.append(plain)
        choice = Choice(twin.households[0])
        assert choice.value(1, g) == pytest.approx(plain - 0.9 * short)
        assert choice.value_but_cost(1, g) == pytest.approx(plain)
    p = 1 / (1 + math.exp(-max(values)))
    assert twin.run()["intention_share"] == pytest.approx([1 - (1 - p) ** 2])


def test_a_household_registers_when_its_draw_is_in_the_upper_share_of_going_home():
    inputs = tiny_inputs(intercept=-0.8, corridor_open=False)
    twin = twin_of(inputs, tiny_population([FAMILY] * 60))
    columns = twin.run()
    p_home = 1 / (1 + math.exp(0.8))
    going = [u >= 1 - p_home for u in luck(Weekly.CHOICE, inputs, 0, 60)]
    assert [household.option == 1 for household in twin.households] == going
    assert columns["registered"] == columns["waiting"] == [sum(going)]
    assert 0 < sum(going) < 60


def test_the_better_trusted_guarantor_is_chosen_and_the_first_of_two_alike():
    inputs = tiny_inputs(
        guarantors=3,
        intercept=CERTAIN,
        perceived_risk=1.0,
        threat=1.0,
        omega0=[50.0, 90.0, 90.0],
        corridor_open=False,
    )
    twin = twin_of(inputs, tiny_population([FAMILY]))
    twin.step()
    assert twin.households[0].guarantor == 1


def test_onward_is_taken_by_those_who_can_pay():
    inputs = tiny_inputs(
        intercept=-CERTAIN, onward_open=True, onward_cost=3.0, onward_intercept=CERTAIN
    )
    twin = twin_of(inputs, tiny_population([FAMILY] * 2, reserves=[1.0, 2.0], goods=1.0))
    columns = twin.run()
    assert [h.count(Place.ONWARD) for h in twin.households] == [0, 4]
    assert columns["onward"] == [4.0]


def test_the_men_stay_behind_when_they_are_barred_and_follow_when_they_are_not():
    inputs = tiny_inputs(
        2,
        options=WHOLE_AND_WITHOUT_MEN,
        intercept=CERTAIN,
        ban=np.array([[[0, 0, 0.6, 0, 0]], [[0] * 5]]),
    )
    twin = twin_of(inputs, tiny_population([FAMILY], ban_lot=0.5))
    twin.step()
    household = twin.households[0]
    assert household.members[Place.HOME_0] == [2, 1, 0, 0, 0]
    assert household.members[Place.CAMP] == ONE_MAN
    twin.step()
    assert household.members[Place.HOME_1] == ONE_MAN
    assert household.party_week == [0, 1]
    assert twin.columns["departing_households_split"] == [1.0, 0.0]
    assert twin.columns["departing_single_men"] == [0.0, 1.0]


def test_a_ban_on_men_holds_those_with_a_lot_below_its_strength():
    twin = twin_of(
        tiny_inputs(intercept=CERTAIN, ban=[0, 0, 0.5, 0, 0]),
        tiny_population([ONE_MAN, ONE_MAN, [0, 1, 0, 0, 0]], ban_lot=[0.49, 0.5, 0.0]),
    )
    twin.step()
    assert [home_of(household) for household in twin.households] == [0, 1, 1]


def test_a_waiting_household_may_change_to_a_split_and_keeps_its_place():
    ban = np.array([[[0] * 5], [[0, 0, 1.0, 0, 0]]])
    inputs = tiny_inputs(
        2,
        options=WHOLE_AND_WITHOUT_MEN,
        intercept=CERTAIN,
        separation=CERTAIN / 2,
        ban=ban,
        corridor_open=False,
    )
    twin = twin_of(inputs, tiny_population([FAMILY]))
    twin.step()
    household = twin.households[0]
    assert (household.option, household.registered_week) == (1, 0)
    twin.step()
    assert (household.option, household.registered_week, household.cleared) == (2, 0, True)


def test_a_change_to_another_guarantor_needs_a_new_file():
    inputs = tiny_inputs(
        2,
        guarantors=2,
        options=WHOLE_AND_WITHOUT_MEN,
        intercept=CERTAIN,
        separation=CERTAIN / 2,
        cost=1.0,
        price=[[[0.0, 1.0]], [[1.0, 0.0]]],
        ban=[[[0] * 5], [[0, 0, 1.0, 0, 0]]],
        files=[UNLIMITED, 0],
        corridor_open=False,
    )
    twin = twin_of(inputs, tiny_population([FAMILY]))
    twin.step()
    household = twin.households[0]
    assert (household.option, household.guarantor, household.cleared) == (1, 0, True)
    twin.step()
    assert (household.option, household.guarantor, household.cleared) == (2, 1, False)
    assert household.registered_week == 0


def test_a_waiting_household_withdraws_by_what_it_now_thinks_of_going():
    services = ByWeek([1.0, 0.0])
    inputs = tiny_inputs(
        2,
        intercept=CERTAIN,
        services=CERTAIN + 1.0,
        commitment=0.2,
        conditions_at_home=services,
        corridor_open=False,
    )
    twin = twin_of(inputs, tiny_population([FAMILY] * 40))
    columns = twin.run()
    q = 1 / (1 + math.exp(-1.0 + 0.2))
    gone = [u < q for u in luck(Weekly.CHOICE, inputs, 1, 40)]
    assert [household.option == 0 for household in twin.households] == gone
    assert columns["withdrawn"] == [0.0, sum(gone)]


def test_a_registration_lapses_with_its_guarantor():
    inputs = tiny_inputs(2, intercept=CERTAIN, active=ByWeek([True, False]), corridor_open=False)
    columns = twin_of(inputs, tiny_population([FAMILY])).run()
    assert columns["withdrawn"] == [0.0, 1.0]
    assert columns["waiting"] == [1.0, 0.0]


def test_a_registration_ends_with_the_last_member_in_camp_and_is_not_withdrawn():
    inputs = tiny_inputs(
        2,
        intercept=CERTAIN,
        corridor_open=False,
        severity=ByWeek([0.0, 1.0]),
        hunger_width=0.01,
        death_per_week=100.0,
    )
    columns = twin_of(inputs, tiny_population([ONE_MAN])).run()
    assert columns["waiting"] == [1.0, 0.0]
    assert columns["withdrawn"] == [0.0, 0.0]
    assert columns["died_in_camp"] == [0.0, 1.0]


def test_where_nobody_of_a_waiting_split_stays_behind_everyone_goes():
    inputs = tiny_inputs(
        2,
        options=WHOLE_AND_WITHOUT_MEN,
        intercept=CERTAIN,
        separation=-CERTAIN,
        corridor_open=ByWeek([False, True]),
        severity=ByWeek([0.0, 1.0]),
        hunger_width=0.01,
        death_per_week=[0, 0, 100.0, 0, 0],
    )
    twin = twin_of(inputs, tiny_population([FAMILY]))
    columns = twin.run()
    assert twin.households[0].members[Place.HOME_0] == [2, 1, 0, 0, 0]
    assert columns["departing_households"] == [0.0, 1.0]
    assert columns["departing_households_split"] == [0.0, 0.0]


def test_the_norm_is_the_share_of_known_contacts_already_moving():
    inputs = tiny_inputs(2, intercept=0.5, norm=3.0, places=0)
    population = tiny_population(
        [ONE_MAN] * 4, contacts=[(0, 1), (0, 2), (0, 3)], arrival_week=[-1, -1, -1, 1]
    )
    twin = twin_of(inputs, population)
    twin.step()
    moving = sum(household.registered for household in twin.households[1:3])
    household = twin.households[0]
    assert household.norm() == moving / 2
    twin.step()
    later = sum(h.registered for h in twin.households[1:4])
    assert household.norm() == later / 3
