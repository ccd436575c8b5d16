"""Moves of members, and what of a household is brought up to date after them."""

from typing import Any

import numpy as np

from returnsim.core.demography import LEAVING_RATE
from returnsim.core.fused.compiling import inner, seldom
from returnsim.core.fused.layout import (
    CAMP,
    FIRST_CUSTODY,
    HOME_0,
    LAST_CUSTODY,
    MEN,
    WOMEN,
    Here,
    Logs,
)
from returnsim.core.state import CLASSES, PARTIES, PLACES

_LEAVING = np.array(LEAVING_RATE)


@seldom
def move(
    at: Here,
    h: Any,
    who: Any,
    step: int,
    source: int,
    cls: int,
    target: int,
    number: int,
    target_class: int,
    logs: Logs,
) -> None:
    """Move members of one class, and count and log them."""
    if number == 0:
        return
    if source < PLACES:
        h.members[source, cls] -= number
        at.shared.stock[source, cls] -= number
    h.members[target, target_class] += number
    at.shared.stock[target, target_class] += number
    if source != target:
        at.tally.flows[source, target, cls] += number
    h.touched = True
    if at.logged:
        line = logs.moves[at.room.moves]
        line[0], line[1], line[2], line[3] = at.r, who.n, source, cls
        line[4], line[5], line[6], line[7] = target, target_class, number, step
        at.room.moves += 1


@seldom
def note(at: Here, who: Any, deed: int, guarantor: int, logs: Logs) -> None:
    """Log a registration or what came of it."""
    if at.logged:
        line = logs.deeds[at.room.deeds]
        line[0], line[1], line[2], line[3], line[4] = at.r, who.n, at.t, deed, guarantor
        at.room.deeds += 1


@seldom
def report(at: Here, who: Any, guarantor: int, amount: int, logs: Logs) -> None:
    """Keep a harm to be told of at the end of the week."""
    if amount > 0:
        line = logs.harms[at.room.harms]
        line[0], line[1], line[2] = who.n, guarantor, amount
        at.room.harms += 1


@inner
def is_sought(h: Any, who: Any, party: int) -> bool:
    """Whether wanted men of a party are still sought."""
    return who.wanted and h.party_settled[party] == 0


@inner
def exposure_at(p: Any, h: Any, place: int, sought: bool) -> int:
    """Exposure of a household's members at a place, in 1/UNIT."""
    exposure = 0
    for c in range(CLASSES):
        by_class = p.exposure_wanted[c] if sought else p.exposure[c]
        exposure += h.members[place, c] * by_class
    return exposure


@seldom
def refresh(at: Here, h: Any, who: Any) -> None:
    """As `returnsim.core.week.refresh`, of one household."""
    p = at.p
    size, in_custody = 0, 0
    for c in range(CLASSES):
        size += h.members[CAMP, c]
        for place in range(FIRST_CUSTODY, LAST_CUSTODY + 1):
            in_custody += h.members[place, c]
    h.camp_size = size
    h.in_custody = in_custody > 0
    for o in range(at.options):
        _refresh_option(p, h, who, o)
    for party in range(PARTIES):
        h.home_exposure[party] = exposure_at(p, h, HOME_0 + party, is_sought(h, who, party))
        h.home_men[party] = h.members[HOME_0 + party, MEN]
    bound = p.births_per_woman * h.members[CAMP, WOMEN]
    for c in range(CLASSES):
        living = h.members[CAMP, c]
        for party in range(PARTIES):
            living += h.members[HOME_0 + party, c]
        worst = p.death_per_week[c] * (1.0 + p.death_closed_care)
        bound = bound + living * _LEAVING[c] + h.members[CAMP, c] * worst
    h.life_bound = bound * (1.0 + 1e-9)
    if size == 0:
        h.option = 0


@inner
def _refresh_option(p: Any, h: Any, who: Any, o: int) -> None:
    goers, settled, sought = 0, 0, 0
    for c in range(CLASSES):
        if p.options[o, c]:
            number = h.members[CAMP, c]
            goers += number
            settled += number * p.exposure[c]
            sought += number * p.exposure_wanted[c]
    h.option_size[o] = goers
    h.option_exposure[o] = sought if who.wanted else settled
    h.option_exposure_settled[o] = settled
