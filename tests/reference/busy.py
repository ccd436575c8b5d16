"""Inputs in which everything happens, often: drawn at random to set the twin and the core equal.

The numbers are far from any real camp. They are chosen so that within a few weeks every branch of
the model is taken by some household.
"""

from typing import Any

import numpy as np

from returnsim.core.inputs import UNIT, UNLIMITED, Inputs, Population, stack

from .tiny import K, tiny_inputs, tiny_population

SPLITS = [
    [True, True, True, True, True],
    [True, True, False, True, True],
    [False, False, False, True, True],
]
ORIGINS = 2
MEAN_FAMILY = [1.4, 1.0, 0.8, 0.4, 0.4]


def busy_inputs(
    seed: int, weeks: int = 30, guarantors: int = 3, cases: int = 1, record_from: int = 0
) -> Inputs:
    """One case, or several of the same calendar stacked, with everything going on at once."""
    drawn = [busy_case(seed + 1000 * case, weeks, guarantors, record_from) for case in range(cases)]
    return stack(drawn, [1] * cases) if cases > 1 else drawn[0]


def busy_case(seed: int, weeks: int, guarantors: int, record_from: int) -> Inputs:
    rng = np.random.default_rng(seed)

    def per_guarantor(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, guarantors)

    def week_by_week(low: float, high: float, *axes: int) -> np.ndarray:
        return rng.uniform(low, high, (weeks, 1, *axes))

    def mostly(share: float, *axes: int) -> np.ndarray:
        return rng.random((weeks, 1, *axes)) < share

    def at_most(low: int, high: int, *axes: int) -> np.ndarray:
        drawn = rng.integers(low, high, (weeks, 1, *axes))
        return np.where(rng.random(drawn.shape) < 0.2, UNLIMITED, drawn)

    spill = np.full((guarantors, guarantors), 0.2)
    np.fill_diagonal(spill, 1.0)
    parameters: dict[str, Any] = {
        "weight": 2.5,
        "intercept": -1.5,
        "hardship": 1.0,
        "age": 0.2,
        "attachment": 0.3,
        "services": 0.5,
        "norm": 0.8,
        "reunite": 1.0,
        "perceived_risk": 2.0,
        "conscription": 1.0,
        "cost": 1.5,
        "separation": 0.2,
        "onward_intercept": -4.0,
        "commitment": 3.0,
        "intention_weeks": 3.0,
        "kappa0": per_guarantor(0.5, 4),
        "omega0": per_guarantor(100, 600),
        "spill": spill,
        "forgetting": 0.97,
        "threat_news_weeks": 3.0,
        "passage_weeks": 2.0,
        "public_weight": 0.003,
        "harm_held": UNIT // 4,
        "harm_conscripted_early": UNIT // 2,
        "harm_killed": 3 * UNIT,
        "hardship_speed": 0.4,
        "relief": 0.6,
        "relief_half_weeks": 4.0,
        "medical_hardship": 0.5,
        "price_rise": 2.0,
        "purchased_share": 0.4,
        "exposure": rng.integers(50, UNIT, K),
        "exposure_wanted": rng.integers(UNIT, 4 * UNIT, K),
        "harm_per_week": 0.04,
        "killed_share": 0.3,
        "conscription_per_week": 0.04,
        "births_per_woman": 0.03,
        "death_per_week": rng.uniform(0, 0.02, K),
        "death_closed_care": 0.5,
        "hold": rng.uniform(0, 0.6, K),
        "held_release_per_week": 0.2,
        "held_arrest_per_week": 0.2,
        "detained_released_per_week": 0.1,
        "detained_disappeared_per_week": 0.05,
        "detained_died_per_week": 0.05,
        "lorry_sharing": 0.5,
        "lorry_sharing_parties": 5.0,
        "retry_weeks": 4.5,
        "covers": rng.random((guarantors, ORIGINS)) < 0.8,
        "grace_weeks": rng.integers(2, 12, guarantors),
        "settles_wanted": per_guarantor(0, 1),
        "believed_settles": per_guarantor(0, 1),
        "refusal": per_guarantor(0, 0.6),
        "persuasion_reach": per_guarantor(0, 1),
    }
    conditions: dict[str, Any] = {
        "severity": week_by_week(0, 1),
        "aid": week_by_week(0, 0.8),
        "medical": week_by_week(0, 1),
        "corridor_open": mostly(0.8),
        "places": at_most(0, 8),
        "ban": np.where(mostly(0.3, K), week_by_week(0, 1, K), 0.0),
        "threat": week_by_week(0, 2, ORIGINS),
        "enforced": week_by_week(0, 1),
        "deferral": week_by_week(0, 12),
        "conditions_at_home": week_by_week(0, 1, ORIGINS),
        "transport_cost": np.where(mostly(0.7), week_by_week(0, 3), 0.0),
        "subsidy": week_by_week(0, 1),
        "onward_open": mostly(0.5),
        "onward_cost": week_by_week(0, 8),
        "reach": week_by_week(0.2, 1),
        "salience": week_by_week(0.5, 2),
        "active": mostly(0.93, guarantors),
        "enforcement": week_by_week(0, 1, guarantors),
        "enforcement_after_grace": week_by_week(0, 0.5, guarantors),
        "card_protection": week_by_week(0, 1, guarantors),
        "files": at_most(0, 6, guarantors),
        "persuasion": week_by_week(0, 20, guarantors),
        "price": np.where(mostly(0.6, guarantors), week_by_week(0, 2, guarantors), 0.0),
    }
    return tiny_inputs(
        weeks,
        guarantors=guarantors,
        origins=ORIGINS,
        options=SPLITS,
        record_from=record_from,
        **parameters,
        **conditions,
    )


def busy_population(
    seed: int, households: int = 60, arrivals: int = 8, replicates: int = 1
) -> Population:
    """Households of every make, some of whom arrive within the first weeks."""
    rng = np.random.default_rng(seed)
    shape = (replicates, households)
    members = rng.poisson(MEAN_FAMILY, (*shape, K))
    members[:, ::7] = [0, 0, 1, 0, 0]
    members[members.sum(axis=2) == 0] = [0, 1, 0, 0, 0]
    here = households - arrivals
    pairs = [(n, (n + step) % here) for n in range(here) for step in (1, 2)]
    pairs += [(n, int(rng.integers(here))) for n in range(here, households)]
    return tiny_population(
        members,
        contacts=pairs,
        arrival_week=[-1] * here + sorted(rng.integers(0, 12, arrivals).tolist()),
        origin=rng.integers(0, ORIGINS, shape),
        head_age=rng.uniform(20, 75, shape),
        wanted=rng.random(shape) < 0.3,
        vulnerable=rng.random(shape) < 0.3,
        attachment=rng.normal(size=shape),
        income=rng.uniform(0, 0.6, shape),
        remittance=rng.uniform(0, 0.3, shape),
        goods=rng.uniform(0, 4, shape),
        reserves=rng.uniform(0, 6, shape),
        queue_lot=rng.random(shape),
        ban_lot=rng.random(shape),
        persuasion_lot=rng.random(shape),
        vetting_lot=rng.random(shape),
        settling_lot=rng.random(shape),
        checkpoint_lots=rng.random((*shape, 2)),
    )
