"""Tiny inputs built by hand: everything neutral unless a test says otherwise.

Neutral means: nothing is known, feared, charged, refused or forbidden, nobody is born, grows older
or dies, and every household weighs going home under the first guarantor and staying alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from returnsim.core.inputs import (
    UNIT,
    UNLIMITED,
    Class,
    Conditions,
    Inputs,
    Parameters,
    Population,
)

K = len(Class)

NEUTRAL_PARAMETERS = {
    "weight": 1.0,
    "intercept": 0.0,
    "hardship": 0.0,
    "age": 0.0,
    "attachment": 0.0,
    "services": 0.0,
    "norm": 0.0,
    "reunite": 0.0,
    "perceived_risk": 0.0,
    "conscription": 0.0,
    "cost": 0.0,
    "separation": 0.0,
    "onward_intercept": 0.0,
    "commitment": 50.0,
    "horizon_weeks": 26.0,
    "intention_weeks": 52.0,
    "threshold": False,
    "kappa0": 1.0,
    "omega0": 100.0,
    "forgetting": 1.0,
    "threat_news_weeks": 1.0,
    "passage_weeks": 0.0,
    "public_weight": 0.0,
    "harm_held": UNIT,
    "harm_detained": UNIT,
    "harm_killed": UNIT,
    "harm_conscripted_early": UNIT,
    "hardship_speed": 1.0,
    "hunger_point": 0.5,
    "hunger_width": 0.1,
    "relief": 0.0,
    "relief_half_weeks": 1.0,
    "medical_hardship": 0.0,
    "price_rise": 0.0,
    "purchased_share": 0.0,
    "exposure": UNIT,
    "exposure_wanted": UNIT,
    "harm_per_week": 0.0,
    "killed_share": 0.0,
    "conscription_per_week": 0.0,
    "births_per_woman": 0.0,
    "death_per_week": 0.0,
    "death_closed_care": 0.0,
    "hold": 0.0,
    "held_release_per_week": 0.0,
    "held_arrest_per_week": 0.0,
    "detained_released_per_week": 0.0,
    "detained_disappeared_per_week": 0.0,
    "detained_died_per_week": 0.0,
    "lorry_sharing": 0.0,
    "lorry_sharing_parties": 1.0,
    "retry_weeks": 8.0,
    "covers": True,
    "grace_weeks": np.inf,
    "settles_wanted": 0.0,
    "believed_settles": 0.0,
    "refusal": 0.0,
    "persuasion_reach": 0.0,
}

NEUTRAL_CONDITIONS = {
    "severity": 0.0,
    "aid": 0.0,
    "medical": 1.0,
    "corridor_open": True,
    "places": UNLIMITED,
    "ban": 0.0,
    "threat": 0.0,
    "enforced": 0.0,
    "deferral": 0.0,
    "conditions_at_home": 1.0,
    "transport_cost": 0.0,
    "subsidy": 0.0,
    "onward_open": False,
    "onward_cost": 0.0,
    "reach": 1.0,
    "salience": 1.0,
    "active": True,
    "enforcement": 0.0,
    "enforcement_after_grace": 0.0,
    "card_protection": 0.0,
    "files": UNLIMITED,
    "persuasion": 0.0,
    "price": 0.0,
}

NEUTRAL_TRAITS = {
    "origin": 0,
    "head_age": 45.0,
    "wanted": False,
    "vulnerable": False,
    "attachment": 0.0,
    "income": 0.0,
    "remittance": 0.0,
    "goods": 0.0,
    "reserves": 0.0,
    "queue_lot": 0.5,
    "ban_lot": 0.5,
    "persuasion_lot": 0.5,
    "vetting_lot": 0.5,
    "settling_lot": 0.5,
    "checkpoint_lots": 0.5,
}


@dataclass(frozen=True)
class ByWeek:
    """Values of a lever week by week, the same on all its other axes."""

    values: list[Any]


def annotated_axes(annotation: Any) -> list[str]:
    """Names of the axes in an annotation such as ``Float[np.ndarray, "T C G"]``."""
    axes: list[str] = annotation.dim_str.split()
    return axes


def filled(annotation: Any, sizes: dict[str, int], value: Any) -> np.ndarray:
    """Spread a value over the full shape of a field, in the field's own type of number."""
    shape = [sizes[axis] for axis in annotated_axes(annotation)]
    dtype = getattr(np, annotation.dtypes[-1])
    if isinstance(value, ByWeek):
        value = np.reshape(value.values, (-1, *[1] * (len(shape) - 1)))
    return np.array(np.broadcast_to(value, shape), dtype=dtype, order="C")


def tiny_inputs(
    weeks: int = 1,
    *,
    guarantors: int = 1,
    origins: int = 1,
    cases: int = 1,
    options: list[list[bool]] | None = None,
    record_from: int = 0,
    first_calendar_week: int = 2600,
    **overrides: Any,
) -> Inputs:
    """Inputs that are neutral in everything but what is given.

    Parameters
    ----------
    weeks, guarantors, origins, cases : int
        The sizes of the axes T, G, O and C.
    options : list of list of bool, optional
        The classes that go with each option, the whole first; without it there are no splits.
    record_from, first_calendar_week : int
        As in `Inputs`.
    **overrides : float, array or ByWeek
        Fields of `Parameters` and `Conditions` by name, spread over the field's axes by NumPy's
        rules; `ByWeek` gives one value a week. ``services`` is the coefficient of that name, the
        services at home themselves are ``conditions_at_home``.
    """
    options = options or [[True] * K]
    sizes = {"T": weeks, "C": cases, "G": guarantors, "O": origins, "P": len(options), "K": K}
    neutral = {
        **NEUTRAL_PARAMETERS,
        **NEUTRAL_CONDITIONS,
        "options": options,
        "spill": np.eye(guarantors),
    }
    unknown = overrides.keys() - neutral.keys()
    if unknown:
        raise TypeError(f"no such parameter or lever: {', '.join(sorted(unknown))}")
    values = neutral | overrides
    parameters = {
        name: filled(annotation, sizes, values[name])
        for name, annotation in Parameters.__annotations__.items()
    }
    conditions = {
        name: filled(
            annotation, sizes, values[name if name != "services" else "conditions_at_home"]
        )
        for name, annotation in Conditions.__annotations__.items()
    }
    return Inputs(
        Parameters(**parameters), Conditions(**conditions), first_calendar_week, record_from
    )


def tiny_population(
    members: Any,
    *,
    contacts: list[tuple[int, int]] | None = None,
    arrival_week: list[int] | int = -1,
    replicates: int = 1,
    **overrides: Any,
) -> Population:
    """Households that are alike in everything but what is given.

    Parameters
    ----------
    members : array, shape (N, 5) or (R, N, 5)
        Members of each household by class.
    contacts : list of (int, int), optional
        Pairs of households that know each other, the same in every replicate.
    arrival_week : list of int or int
        -1 for those in camp from the start.
    replicates : int
        How many rows, where `members` does not say it.
    **overrides : float or array
        Fields of `Population` by name, spread over shape (R, N) by NumPy's rules. Lots of the
        checkpoint have a further axis of two.
    """
    counts = np.array(members, dtype=np.int16)
    counts = np.array(np.broadcast_to(counts, (replicates, *counts.shape)[-3:]), dtype=np.int16)
    rows, households, _ = counts.shape
    unknown = overrides.keys() - NEUTRAL_TRAITS.keys()
    if unknown:
        raise TypeError(f"no such trait: {', '.join(sorted(unknown))}")
    sizes = {"R": rows, "N": households, "2": 2}
    traits = {
        name: filled(Population.__annotations__[name], sizes, value)
        for name, value in (NEUTRAL_TRAITS | overrides).items()
    }
    start, links = contact_table(contacts or [], rows, households)
    return Population(
        members=counts,
        arrival_week=np.array(np.broadcast_to(arrival_week, households), dtype=np.int64),
        contact_start=start,
        contact_rows=links.astype(np.int32),
        **traits,
    )


def contact_table(
    pairs: list[tuple[int, int]], rows: int, households: int
) -> tuple[np.ndarray, np.ndarray]:
    """Contacts as compressed rows over ``r * N + n``, each row ascending."""
    known: list[set[int]] = [set() for _ in range(households)]
    for one, other in pairs:
        known[one].add(other)
        known[other].add(one)
    lines = [
        sorted(r * households + n for n in known[k]) for r in range(rows) for k in range(households)
    ]
    start = np.cumsum([0] + [len(line) for line in lines], dtype=np.int64)
    return start, np.array([row for line in lines for row in line], dtype=np.int64)
