"""What befalls those who left: custody, and the risks at home (steps 7 and 9).

Axes, formulas and order are those of ``core.custody`` and ``core.harm``.
"""

from typing import Any

from returnsim.core.custody import ARREST, DETENTION, OUTCOMES, RELEASE_HELD, arrest_hazard
from returnsim.core.fused.chance import pick, which
from returnsim.core.fused.changes import exposure_at, is_sought, move, refresh, report
from returnsim.core.fused.compiling import inner, seldom
from returnsim.core.fused.household import draw
from returnsim.core.fused.layout import (
    CONSCRIPTED,
    CUSTODY,
    DETAINED_0,
    DISAPPEARED,
    HELD_0,
    HOME_0,
    HOME_0_STEP,
    KILLED_PLACE,
    MEN,
    Here,
    Logs,
)
from returnsim.core.harm import (
    DRAFTED,
    KILLED,
    TAKEN,
    conscription_hazard,
    harm_hazard,
    promise_in_force,
)
from returnsim.core.inputs import UNIT
from returnsim.core.state import CLASSES, PARTIES
from returnsim.draws import Weekly

_CUSTODY, _HOME_0 = int(Weekly.CUSTODY), int(Weekly.HOME_0)
_ENDS = len(OUTCOMES)


@inner
def keep_in_custody(at: Here, h: Any, who: Any, logs: Logs) -> None:
    """Step 7."""
    p, levers = at.p, at.levers
    hazards = at.room.hazards
    if not h.in_custody:
        return
    threat = levers.threat[h.origin]
    for party in range(PARTIES):
        guarantor = max(h.party_guarantor[party], 0)
        exposure = exposure_at(p, h, HELD_0 + party, is_sought(h, who, party))
        held, detained = 0, 0
        for c in range(CLASSES):
            held += h.members[HELD_0 + party, c]
            detained += h.members[DETAINED_0 + party, c]
        hazards[RELEASE_HELD + party] = p.held_release_per_week * (held > 0)
        hazards[ARREST + party] = arrest_hazard(
            exposure, p.held_arrest_per_week, threat, levers.card_protection[guarantor]
        )
        first = DETENTION + _ENDS * party
        hazards[first] = detained * p.detained_released_per_week
        hazards[first + 1] = detained * p.detained_disappeared_per_week
        hazards[first + 2] = detained * p.detained_died_per_week
    kind, rest = which(draw(at, who, _CUSTODY), hazards, DETENTION + _ENDS * PARTIES)
    if kind < 0:
        return
    if kind < ARREST:
        _let_go(at, h, who, kind - RELEASE_HELD, logs)
    elif kind < DETENTION:
        _arrest(at, h, who, kind - ARREST, rest, logs)
    else:
        party = (kind - DETENTION) // _ENDS
        _end_detention(at, h, who, party, kind - DETENTION - _ENDS * party, rest, logs)
    refresh(at, h, who)


@seldom
def _let_go(at: Here, h: Any, who: Any, party: int, logs: Logs) -> None:
    for c in range(CLASSES):
        number = h.members[HELD_0 + party, c]
        move(at, h, who, CUSTODY, HELD_0 + party, c, HOME_0 + party, number, c, logs)


@seldom
def weigh_members(at: Here, h: Any, who: Any, place: int, party: int) -> None:
    """Weights by class of who is met at a place, left in the room."""
    sought = is_sought(h, who, party)
    for c in range(CLASSES):
        by_class = at.p.exposure_wanted[c] if sought else at.p.exposure[c]
        at.room.counts[c] = h.members[place, c] * by_class


@seldom
def _arrest(at: Here, h: Any, who: Any, party: int, rest: float, logs: Logs) -> None:
    weigh_members(at, h, who, HELD_0 + party, party)
    c = pick(rest, at.room.counts, CLASSES)
    move(at, h, who, CUSTODY, HELD_0 + party, c, DETAINED_0 + party, 1, c, logs)
    guarantor = h.party_guarantor[party]
    report(at, who, guarantor, at.p.harm_detained, logs)


@seldom
def _end_detention(
    at: Here, h: Any, who: Any, party: int, end: int, rest: float, logs: Logs
) -> None:
    for c in range(CLASSES):
        at.room.counts[c] = h.members[DETAINED_0 + party, c]
    c = pick(rest, at.room.counts, CLASSES)
    to = HOME_0 + party if end == 0 else (DISAPPEARED if end == 1 else KILLED_PLACE)
    move(at, h, who, CUSTODY, DETAINED_0 + party, c, to, 1, c, logs)
    if to == KILLED_PLACE:
        report(at, who, h.party_guarantor[party], at.p.harm_killed, logs)


@inner
def at_home(at: Here, h: Any, who: Any, party: int, logs: Logs) -> None:
    """Step 9, of one party."""
    p, levers = at.p, at.levers
    men = h.home_men[party]
    exposed = h.home_exposure[party]
    if exposed == 0 and men == 0:
        return
    guarantor = max(h.party_guarantor[party], 0)
    age = at.t - h.party_week[party]
    enforcement = promise_in_force(
        age,
        p.grace_weeks[guarantor],
        levers.enforcement[guarantor],
        levers.enforcement_after_grace[guarantor],
    )
    threat = levers.threat[h.origin]
    harm = harm_hazard(p.harm_per_week, threat, exposed / UNIT, enforcement)
    deferred = age < levers.deferral
    draft = conscription_hazard(
        p.conscription_per_week,
        levers.enforced,
        men,
        1.0 - enforcement if deferred else 1.0,
    )
    if harm + draft <= 0.0:
        return
    hazards = at.room.hazards
    killed = p.killed_share * harm
    hazards[KILLED], hazards[TAKEN], hazards[DRAFTED] = killed, harm - killed, draft
    u = draw(at, who, _HOME_0 + party)
    if u >= (harm + draft) * (1.0 + 1e-9):  # the probability is below the hazard
        return
    kind, rest = which(u, hazards, 3)
    if kind < 0:
        return
    step = HOME_0_STEP + party
    if kind == DRAFTED:
        move(at, h, who, step, HOME_0 + party, MEN, CONSCRIPTED, 1, MEN, logs)
        if deferred:
            report(at, who, guarantor, p.harm_conscripted_early, logs)
    else:
        weigh_members(at, h, who, HOME_0 + party, party)
        c = pick(rest, at.room.counts, CLASSES)
        to = KILLED_PLACE if kind == KILLED else DETAINED_0 + party
        move(at, h, who, step, HOME_0 + party, c, to, 1, c, logs)
        report(at, who, guarantor, p.harm_killed if kind == KILLED else p.harm_detained, logs)
    refresh(at, h, who)
