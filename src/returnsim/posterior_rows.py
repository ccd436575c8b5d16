"""Which row of its posterior each replicate of a scenario has."""

import numpy as np

from returnsim.draws import Draws, Once
from returnsim.scenario.drawn import scenarios_drawn
from returnsim.scenario.schema import Scenario


def drawn(scenario: Scenario, seed: int, replicate: int) -> Scenario:
    """The scenario of one replicate: a row of its posterior in place of its own numbers.

    Which row depends on seed and replicate alone, so that it is the same in all cases compared.

    Parameters
    ----------
    scenario : Scenario
        Any; one without a posterior is the same in every replicate.
    seed, replicate : int
        Which run.

    Returns
    -------
    Scenario
        Without a posterior.
    """
    return all_drawn(scenario, seed, [replicate])[0]


def all_drawn(scenario: Scenario, seed: int, replicates: list[int]) -> list[Scenario]:
    """The scenarios of several replicates, as `drawn` makes each."""
    if scenario.posterior is None:
        return [scenario] * len(replicates)
    return scenarios_drawn(scenario, posterior_rows(scenario, seed, replicates).tolist())


def posterior_rows(scenario: Scenario, seed: int, replicates: list[int]) -> np.ndarray:
    """Which row of its posterior each replicate of a scenario has, shape (R,)."""
    if scenario.posterior is None:
        raise ValueError("the scenario has no posterior")
    lots = Draws(seed, replicates).once(Once.POSTERIOR_ROW, 1)[:, 0]
    return (lots * scenario.posterior.rows).astype(np.int64)
