"""The twin as a Mesa model: its agents, its data collector, its end."""

import mesa
import numpy as np
import pytest

from .busy import busy_inputs, busy_population
from .cases import FAMILY, twin_of
from .tiny import tiny_inputs, tiny_population


def test_every_household_is_an_agent_in_the_order_of_its_number():
    twin = twin_of(busy_inputs(1, weeks=1), busy_population(1, households=20))
    assert isinstance(twin, mesa.Model)
    assert all(isinstance(household, mesa.Agent) for household in twin.households)
    assert twin.agents.get("number") == list(range(20))
    assert twin.agents.get("unique_id") == list(range(1, 21))
    assert list(twin.agents) == twin.households


def test_contacts_are_agents_and_know_each_other():
    population = busy_population(2, households=30, replicates=2)
    twin = twin_of(busy_inputs(2, weeks=1), population, row=1)
    for household in twin.households:
        assert household.contacts
        assert all(household in contact.contacts for contact in household.contacts)
        assert household.known == sum(contact.arrived for contact in household.contacts)


def test_the_data_collector_has_a_row_for_each_recorded_week():
    twin = twin_of(busy_inputs(3, weeks=6, record_from=2), busy_population(3))
    columns = twin.run()
    frame = twin.datacollector.get_model_vars_dataframe()
    assert len(frame) == 4
    assert {name: frame[name].tolist() for name in frame} == columns


def test_the_order_in_which_the_agents_act_changes_nobody_s_week():
    inputs, population = busy_inputs(4, weeks=25), busy_population(4)
    in_turn, shuffled = twin_of(inputs, population), twin_of(inputs, population)
    shuffled.agents.shuffle(inplace=True)
    assert list(shuffled.agents) != shuffled.households
    while in_turn.running:
        in_turn.step()
        shuffled.step()
        for one, other in zip(in_turn.households, shuffled.households, strict=True):
            assert one.members == other.members
            assert one.option == other.option
            assert (one.kappa, one.omega) == (other.kappa, other.omega)
    for name, values in in_turn.columns.items():
        np.testing.assert_allclose(values, shuffled.columns[name], rtol=1e-12, err_msg=name)


def test_the_generators_that_mesa_offers_are_left_untouched():
    twin = twin_of(busy_inputs(5, weeks=5), busy_population(5))
    before = twin.rng.bit_generator.state, twin.random.getstate()
    twin.run()
    assert (twin.rng.bit_generator.state, twin.random.getstate()) == before


def test_another_replicate_has_other_luck():
    inputs, population = busy_inputs(6), busy_population(6)
    one, other = twin_of(inputs, population), twin_of(inputs, population, replicate=1)
    assert one.run()["departures"] != other.run()["departures"]


def test_a_run_ends_with_its_weeks_and_cannot_be_stepped_beyond():
    twin = twin_of(tiny_inputs(3), tiny_population([FAMILY]))
    assert twin.running
    twin.run()
    assert (twin.t, twin.running) == (3, False)
    with pytest.raises(RuntimeError, match="all 3 weeks have been simulated"):
        twin.step()
