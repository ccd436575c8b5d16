"""Births, ageing and the deaths that want and closed care add; at most one a household and week."""

import numpy as np
from jaxtyping import Float, Int, Int16

from returnsim.core.chance import which
from returnsim.core.elementwise import Value
from returnsim.core.inputs import WEEKS_PER_YEAR, Class, Conditions, Parameters, Place
from returnsim.core.rows import Rows
from returnsim.core.state import BORN, CLASSES, HOME, Moves, State, make_moves

AGEING = (
    (Class.CHILDREN, Class.MEN_CONSCRIPTION_AGE, 1 / (2 * 18 * WEEKS_PER_YEAR)),
    (Class.CHILDREN, Class.WOMEN, 1 / (2 * 18 * WEEKS_PER_YEAR)),
    (Class.WOMEN, Class.ELDERLY, 1 / (42 * WEEKS_PER_YEAR)),
    (Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER, 1 / (25 * WEEKS_PER_YEAR)),
    (Class.MEN_OLDER, Class.ELDERLY, 1 / (17 * WEEKS_PER_YEAR)),
)
"""From class, to class, weekly rate of one member: memoryless, the width of each class in years."""

AGEING_PLACES = (Place.CAMP, *HOME)
LEAVING_RATE = tuple(sum(rate for c, _, rate in AGEING if c == cls) for cls in range(CLASSES))
_LEAVING = np.array(LEAVING_RATE)
EVENTS = np.array(
    [
        (BORN, Place.CAMP, Class.CHILDREN, 1, Class.CHILDREN),
        *((place, place, c, 1, to) for place in AGEING_PLACES for c, to, _ in AGEING),
        *((Place.CAMP, Place.DIED, c, 1, c) for c in Class),
    ]
).T
"""Each kind of event as a move: source, target, class before, one member, class after."""

FIRST_DEATH = 1 + len(AGEING_PLACES) * len(AGEING)


def death_hazard(
    number: Value, per_week: Value, hardship: Value, closed_care: Value, medical_access: Value
) -> Value:
    """Weekly hazard of one death in camp among ``number``: nil without want and with care open."""
    return number * per_week * (hardship + closed_care * (1.0 - medical_access))


def life_hazards(
    rows: Rows, state: State, week: Conditions, p: Parameters
) -> Float[np.ndarray, "kinds n"]:
    """All hazards of step 4 in their order: birth, ageing by place, death by class."""
    members = state.members[:, :, rows.index]
    hardship = state.hardship[rows.index]
    hazards = np.empty((FIRST_DEATH + CLASSES, len(rows)))
    hazards[0] = rows.of(p.births_per_woman) * members[Place.CAMP, Class.WOMEN]
    kind = 1
    for place in AGEING_PLACES:
        for source, _, rate in AGEING:
            hazards[kind] = members[place, source] * rate
            kind += 1
    for c in range(CLASSES):
        hazards[FIRST_DEATH + c] = death_hazard(
            members[Place.CAMP, c],
            rows.at(p.death_per_week, c),
            hardship,
            rows.of(p.death_closed_care),
            rows.of(week.medical),
        )
    return hazards


def life_bound(
    in_camp: Int16[np.ndarray, "K n"], living: Int[np.ndarray, "K n"], rows: Rows, p: Parameters
) -> Float[np.ndarray, "n"]:
    """A number that the sum of `life_hazards` never exceeds, whatever the week's conditions.

    Parameters
    ----------
    in_camp, living : arrays of int, shape (K, n)
        Members in camp, and those in camp and at home together.
    rows : Rows
        Whose they are.
    p : Parameters
    """
    worst = rows.of(p.death_per_week).T
    worst = worst * (1.0 + rows.of(p.death_closed_care))
    deaths = (in_camp * (worst[:, None] if worst.ndim == 1 else worst)).sum(axis=0)
    births = rows.of(p.births_per_woman) * in_camp[Class.WOMEN]
    # The hazards are summed in another order: allow for rounding.
    return np.asarray((births + deaths + _LEAVING @ living) * (1.0 + 1e-9))


def camp_life(
    draws: Float[np.ndarray, "B"], state: State, week: Conditions, p: Parameters, households: int
) -> list[Moves]:
    """Step 4 for every household with members in camp or at home."""
    candidates = np.flatnonzero(draws < state.life_bound)
    rows = Rows(candidates, households)
    kind, _ = which(draws[candidates], life_hazards(rows, state, week, p))
    happened = kind >= 0
    return [make_moves(candidates[happened], *EVENTS[:, kind[happened]])]
