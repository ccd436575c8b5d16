"""What may befall a party at home: killing, detention, conscription; at most one a week."""

import numpy as np
from jaxtyping import Float

from returnsim.core.chance import pick, which
from returnsim.core.custody import Fates, unit_exposure, unsettled
from returnsim.core.elementwise import Value, either
from returnsim.core.inputs import UNIT, Class, Conditions, Parameters, Place, Population
from returnsim.core.news import Reports, join_reports
from returnsim.core.rows import Rows
from returnsim.core.state import DETAINED, HOME, NOBODY, State, make_moves

KILLED, TAKEN, DRAFTED = 0, 1, 2


def promise_in_force(
    weeks_home: Value, grace_weeks: Value, enforcement: Value, after_grace: Value
) -> Value:
    """Enforcement of a guarantor's promise so many weeks after a return."""
    return either(weeks_home < grace_weeks, enforcement, after_grace)


def harm_hazard(per_week: Value, threat: Value, exposure: Value, enforcement: Value) -> Value:
    """Weekly hazard of detention or killing of one of a party."""
    return per_week * threat * exposure * (1.0 - enforcement)


def conscription_hazard(
    per_week: Value, enforced: Value, men: Value, broken_promise: Value
) -> Value:
    """Weekly hazard that one man is taken for the army.

    ``broken_promise`` is 1 once the promised deferral is over and, before, the part of the promise
    that the guarantor does not enforce.
    """
    return per_week * enforced * men * broken_promise


def at_home(
    draws: Float[np.ndarray, "B"],
    party: int,
    state: State,
    people: Population,
    week: Conditions,
    p: Parameters,
    t: int,
) -> Fates:
    """Step 9 for one party of every household."""
    households = people.members.shape[1]
    rows = Rows(np.flatnonzero(draws < _bound(party, state, week, p)), households)
    if not len(rows):
        return Fates([], join_reports([]))
    index = rows.index
    home = state.members[HOME[party]][:, index].astype(np.int64)
    guarantor = np.maximum(state.party_guarantor[party, index], 0).astype(np.int64)
    age = t - state.party_week[party, index]
    enforcement = promise_in_force(
        age,
        rows.at(p.grace_weeks, guarantor),
        rows.at(week.enforcement, guarantor),
        rows.at(week.enforcement_after_grace, guarantor),
    )
    harm = harm_hazard(
        rows.of(p.harm_per_week),
        rows.at(week.threat, people.origin.ravel()[index]),
        state.home_exposure[party, index] / UNIT,
        enforcement,
    )
    deferred = age < rows.of(week.deferral)
    draft = conscription_hazard(
        rows.of(p.conscription_per_week),
        rows.of(week.enforced),
        home[Class.MEN_CONSCRIPTION_AGE],
        np.where(deferred, 1.0 - enforcement, 1.0),
    )
    killed = rows.of(p.killed_share) * harm
    kind, rest = which(draws[index], np.vstack([killed, harm - killed, draft]))
    sought = unsettled(state, people, party, index)
    victim = pick(rest, home * unit_exposure(rows, p, sought))
    men = np.full(len(rows), int(Class.MEN_CONSCRIPTION_AGE))
    moves, harms = [], []
    for what, place, cls, weight, counts in (
        (KILLED, Place.KILLED, victim, p.harm_killed, True),
        (TAKEN, DETAINED[party], victim, p.harm_detained, True),
        (DRAFTED, Place.CONSCRIPTED, men, p.harm_conscripted_early, deferred),
    ):
        these = np.flatnonzero(kind == what)
        if not len(these):
            continue
        moves.append(make_moves(index[these], HOME[party], place, cls[these]))
        told = np.flatnonzero((kind == what) & counts)
        amount = np.broadcast_to(rows.subset(told).of(weight), told.shape)
        harms.append(Reports(index[told], guarantor[told], amount))
    return Fates(moves, join_reports(harms))


def _bound(party: int, state: State, week: Conditions, p: Parameters) -> Float[np.ndarray, "B"]:
    """A number that no row's hazard exceeds: only rows whose draw is below it are looked at."""
    replicates = len(state.perceived)
    exposure = state.home_exposure[party].reshape(replicates, -1)
    men = state.members[HOME[party], Class.MEN_CONSCRIPTION_AGE].reshape(replicates, -1)
    by_exposure = (p.harm_per_week * week.threat.max(axis=1) / UNIT)[:, None]
    by_man = (p.conscription_per_week * week.enforced)[:, None]
    # The exact hazard rounds differently: allow for it.
    bound = (exposure * by_exposure + men * by_man) * (1.0 + 1e-9)
    return np.asarray(bound.ravel())


def party_is_out(state: State, party: int) -> bool:
    """Whether any household of the block has sent that party."""
    return bool((state.party_week[party] != NOBODY).any())
