"""The threshold rule: the best is taken for certain, in the core as in the slow twin."""

import numpy as np
import pytest
from benchmarks.peers.plain_mesa import PlainModel

from returnsim.core.inputs import stack
from returnsim.core.run import run_block
from returnsim.draws import Draws
from returnsim.scenario.written import numbers_text, scenario_hash
from tests.agents.camp import camp
from tests.reference.busy import busy_inputs, busy_population
from tests.reference.cases import SEED
from tests.reference.tiny import tiny_inputs, tiny_population

FAMILIES = [[2, 1, 1, 0, 0]] * 400


def by_threshold(inputs):
    """The same inputs with the other rule."""
    sure = np.ones_like(inputs.parameters.threshold)
    return inputs._replace(parameters=inputs.parameters._replace(threshold=sure))


def columns_of(inputs, population, replicates):
    names = tuple(map(str, range(inputs.parameters.kappa0.shape[1])))
    return run_block(inputs, population, Draws(SEED, replicates), names).columns


@pytest.mark.parametrize("seed", range(4))
def test_core_and_twin_are_equal_under_a_threshold(seed):
    inputs, population = by_threshold(busy_inputs(seed)), busy_population(seed)
    worth = inputs.parameters._replace(intercept=np.ones(1))
    inputs = inputs._replace(parameters=worth)
    twin = PlainModel(inputs, population, SEED, 3, 0).run()
    core = columns_of(inputs, population, [3])
    for name in ("registered", "departures"):
        assert core[name].sum() > 0
    for name, values in twin.items():
        np.testing.assert_allclose(core[name][0], values, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("worth", "share"), [(-0.01, 0.0), (0.01, 1.0)])
def test_all_go_above_the_threshold_and_nobody_below(worth, share):
    inputs = by_threshold(tiny_inputs(1, intercept=worth))
    columns = columns_of(inputs, tiny_population(FAMILIES), [0])
    assert columns["departing_households"].tolist() == [[share * len(FAMILIES)]]
    assert columns["intention_share"].tolist() == [[share]]


def test_a_name_is_taken_back_below_minus_the_commitment():
    for commitment, withdrawn in ((0.9, 1.0), (1.1, 0.0)):
        inputs = by_threshold(
            tiny_inputs(2, intercept=0.5, attachment=1.0, places=0, commitment=commitment)
        )
        # What the second week brings is worse by a coefficient of the age that has passed.
        worse = inputs.conditions.services.copy()
        worse[1] = 1.0 - 1.5
        parameters = inputs.parameters._replace(services=np.ones(1))
        inputs = inputs._replace(
            parameters=parameters, conditions=inputs.conditions._replace(services=worse)
        )
        columns = columns_of(inputs, tiny_population(FAMILIES), [0])
        assert columns["registered"][0, 0] == len(FAMILIES)
        assert columns["withdrawn"][0, 1] == withdrawn * len(FAMILIES)


def test_each_case_of_a_block_keeps_its_own_rule():
    chance, sure = busy_inputs(9), by_threshold(busy_inputs(9))
    population = busy_population(9, replicates=2)
    both = columns_of(stack([chance, sure], [1, 1]), population, [0, 1])
    for row, inputs in enumerate((chance, sure)):
        alone = columns_of(stack([inputs, inputs], [1, 1]), population, [0, 1])
        for name, values in both.items():
            np.testing.assert_array_equal(values[row], alone[name][row], err_msg=name)


def test_the_usual_rule_leaves_the_fingerprint_of_a_scenario_as_it_was():
    assert '"choice"' not in numbers_text(camp())
    assert scenario_hash(camp(behaviour__choice="logit")) == scenario_hash(camp())
    assert scenario_hash(camp(behaviour__choice="threshold")) != scenario_hash(camp())
