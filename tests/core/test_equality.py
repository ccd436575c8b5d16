"""The core against its plain Mesa twin, against itself in other blocks, and a changed future."""

import numpy as np
import pytest
from benchmarks.peers.plain_mesa import PlainModel

from returnsim.core.inputs import Conditions, Inputs, Population, stack
from returnsim.core.record import record_week
from returnsim.core.week import step
from tests.core.runs import camp_of, one_replicate, record, weeks_of
from tests.reference.busy import busy_inputs, busy_population
from tests.reference.tiny import tiny_inputs, tiny_population

FLOAT_TOLERANCE = 1e-12


def close(one: float, other: float) -> bool:
    if np.isnan(one) or np.isnan(other):
        return bool(np.isnan(one) and np.isnan(other))
    return abs(one - other) <= FLOAT_TOLERANCE * max(1.0, abs(other))


def assert_same_household(camp, row: int, twin_household) -> None:
    state = camp.state
    assert np.array_equal(state.members[:, :, row], np.array(twin_household.members))
    assert state.option[row] == twin_household.option
    assert list(state.party_week[:, row]) == list(twin_household.party_week)
    assert list(state.party_guarantor[:, row]) == list(twin_household.party_guarantor)
    assert close(state.hardship[row], twin_household.hardship)
    assert close(state.reserves[row], twin_household.reserves)
    if twin_household.option:
        assert state.guarantor[row] == twin_household.guarantor
        assert state.registered_week[row] == twin_household.registered_week
        assert state.cleared[row] == twin_household.cleared
    if state.camp_size[row]:
        for g in range(len(state.kappa)):
            assert close(state.kappa[g, row], twin_household.kappa[g])
            assert close(state.omega[g, row], twin_household.omega[g])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cases", [1, 2])
def test_the_core_equals_the_plain_mesa_twin_household_by_household(seed: int, cases: int):
    replicates = 2
    inputs = busy_inputs(seed, weeks=30, cases=cases)
    people = busy_population(seed, replicates=replicates)
    households = people.members.shape[1]
    camp = camp_of(inputs, people, seed=9)
    twins = [PlainModel(inputs, people, 9, r, r) for r in range(replicates)]
    for t, happened in weeks_of(camp):
        columns = record_week(camp, happened, t, ("0", "1", "2"))
        for r, twin in enumerate(twins):
            twin.step()
            for n, household in enumerate(twin.households):
                assert_same_household(camp, r * households + n, household)
            for name, values in twin.columns.items():
                assert close(columns[name][r], values[-1]), (name, t)


def test_a_replicate_alone_is_bit_equal_to_itself_in_a_block():
    inputs, people = busy_inputs(3), busy_population(3, replicates=5)
    block = record(inputs, people)
    for k in (0, 3, 4):
        alone = record(inputs, one_replicate(people, k), numbers=[k])
        for name, values in alone.items():
            np.testing.assert_array_equal(values[0], block[name][k], err_msg=name)


def test_cases_stacked_in_one_block_are_bit_equal_to_their_runs_apart():
    cases = [busy_inputs(seed) for seed in (1, 2, 3)]
    people = busy_population(8, replicates=3)
    together = record(stack(cases, [1, 1, 1]), people)
    for k, case in enumerate(cases):
        alone = record(case, one_replicate(people, k), numbers=[k])
        for name, values in alone.items():
            np.testing.assert_array_equal(values[0], together[name][k], err_msg=name)


def test_two_seeds_differ():
    inputs, people = busy_inputs(3), busy_population(3)
    one, other = record(inputs, people, seed=1), record(inputs, people, seed=2)
    assert not np.array_equal(one["departures"], other["departures"])


@pytest.mark.parametrize("field", Conditions._fields)
def test_a_lever_that_changes_in_a_week_leaves_all_weeks_before_bit_equal(field: str):
    change, weeks = 12, 20
    inputs, people = busy_inputs(4, weeks=weeks), busy_population(4)
    other = busy_inputs(77, weeks=weeks)
    values = getattr(inputs.conditions, field).copy()
    values[change:] = getattr(other.conditions, field)[change:]
    if field == "spill":  # the same in both
        values[change:] /= 2
    changed = inputs._replace(conditions=inputs.conditions._replace(**{field: values}))
    before, after = record(inputs, people), record(changed, people)
    for name in before:
        np.testing.assert_array_equal(
            before[name][:, :change], after[name][:, :change], err_msg=name
        )
    assert any(
        not np.array_equal(before[name][:, change:], after[name][:, change:], equal_nan=True)
        for name in before
    )


def with_one_more(people: Population, week: int) -> Population:
    """The same households and one more, known to the first of them, who arrives in ``week``."""
    fields = {
        name: np.concatenate([values, values[:, :1]], axis=1)
        for name, values in people._asdict().items()
        if name not in {"arrival_week", "contact_start", "contact_rows"}
    }
    n = len(people.arrival_week)
    start, rows = people.contact_start, people.contact_rows
    return Population(
        **fields,
        arrival_week=np.append(people.arrival_week, week),
        contact_rows=np.concatenate([rows[: start[1]], [n], rows[start[1] :], [0]], dtype=np.int32),
        contact_start=np.concatenate([start[:1], start[1:] + 1, [start[-1] + 2]]),
    )


def test_one_more_arriving_household_changes_no_other_history_when_nobody_hears_or_queues():
    quiet = {"reach": 0.0}
    inputs = busy_inputs(6, weeks=25)
    unlimited = tiny_inputs(25, guarantors=3).conditions
    inputs = Inputs(
        inputs.parameters._replace(norm=np.zeros(1), lorry_sharing=np.zeros(1)),
        inputs.conditions._replace(
            places=unlimited.places,
            files=unlimited.files,
            reach=np.full_like(inputs.conditions.reach, quiet["reach"]),
        ),
        inputs.first_calendar_week,
        inputs.record_from,
    )
    people = busy_population(6)
    households = people.members.shape[1]
    one, other = camp_of(inputs, people), camp_of(inputs, with_one_more(people, 5))
    for t in range(25):
        step(one, t)
        step(other, t)
        np.testing.assert_array_equal(
            one.state.members, other.state.members[:, :, :households], err_msg=f"week {t}"
        )
    assert other.state.arrived[households]


def test_two_households_alike_in_every_trait_still_have_luck_of_their_own():
    inputs = tiny_inputs(1, intercept=0.0)
    people = tiny_population([[0, 1, 0, 0, 0]] * 400)
    columns = record(inputs, people)
    assert 100 < columns["departures"][0, 0] < 300
