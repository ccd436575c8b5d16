"""Step 8: files, the queue for places, and the road, for the households of one replicate."""

from typing import Any

import numpy as np

from returnsim.core.fused.chance import binomial
from returnsim.core.fused.changes import move, note, refresh, report
from returnsim.core.fused.compiling import compiled, seldom
from returnsim.core.fused.household import bar
from returnsim.core.fused.layout import CAMP, DEPARTURE, HELD_0, HOME_0, MEN, Here, Logs
from returnsim.core.inputs import UNLIMITED
from returnsim.core.log import Deed
from returnsim.core.passage import fare_of, paid, refusal_chance
from returnsim.core.state import CLASSES, NOBODY

_CLEARED, _REFUSED = int(Deed.CLEARED), int(Deed.REFUSED)


@compiled
def process_files(at: Here, households: Any, traits: Any, waiting: np.ndarray, logs: Logs) -> None:
    """Each active guarantor looks at the first files of those who wait for it."""
    for g in range(at.guarantors):
        if at.levers.active[g]:
            mine = _waiting_for(households, waiting, g)
            files = at.levers.files[g]
            if files < UNLIMITED:
                mine = _served(households, traits, mine, files)
            for n in mine:
                _decide_on(at, households[n], traits[n], g, logs)


@compiled
def _waiting_for(households: Any, waiting: np.ndarray, g: int) -> np.ndarray:
    mine = np.empty(len(waiting), dtype=np.int64)
    number = 0
    for n in waiting:
        h = households[n]
        if h.option > 0 and not h.cleared and h.guarantor == g:
            mine[number] = n
            number += 1
    return mine[:number]


@compiled
def _served(households: Any, traits: Any, waiting: np.ndarray, places: int) -> np.ndarray:
    """Cut a queue to those who are served, all of them in the order of their numbers.

    Served by week of registration, then by the fixed lot, then by number.
    """
    if len(waiting) <= places:
        return waiting
    by = np.empty(len(waiting))
    for i in range(len(waiting)):
        by[i] = traits[waiting[i]].queue_lot
    order = waiting[np.argsort(by, kind="mergesort")]
    for i in range(len(order)):
        by[i] = households[order[i]].registered_week
    return np.sort(order[np.argsort(by, kind="mergesort")][:places])


@seldom
def _decide_on(at: Here, h: Any, who: Any, g: int, logs: Logs) -> None:
    if who.vetting_lot >= refusal_chance(at.p.refusal[g], h.refusals + 1):
        h.cleared = True
        note(at, who, _CLEARED, g, logs)
        return
    h.option = 0
    h.refusals += 1
    h.refused_until[g] = np.ceil(at.t + at.p.retry_weeks)
    at.tally.refused += 1
    note(at, who, _REFUSED, g, logs)


@compiled
def depart(at: Here, households: Any, traits: Any, waiting: np.ndarray, logs: Logs) -> None:
    """Those of the waiting who leave: cleared, free to go, able to pay, and in time for a place."""
    if not at.levers.corridor_open:
        return
    ready = np.empty(len(waiting), dtype=np.int64)
    number = 0
    for n in waiting:
        if households[n].option > 0 and _is_ready(at, households[n], traits[n]):
            ready[number] = n
            number += 1
    ready = ready[:number]
    if at.levers.places < UNLIMITED:
        ready = _served(households, traits, ready, at.levers.places)
    for n in ready:
        _leave(at, households[n], traits[n], logs)


@seldom
def _toll(at: Here, h: Any) -> float:
    levers = at.levers
    share_going = h.option_size[h.option - 1] / h.camp_size
    fee = levers.price[h.guarantor] * share_going
    return fare_of(levers.transport_cost, at.shared_cost, levers.subsidy, fee).amount


@seldom
def _is_ready(at: Here, h: Any, who: Any) -> bool:
    goers = h.option_size[h.option - 1]
    if not h.cleared or goers == 0:
        return False
    bar(at, h, who)
    if at.room.barred[h.option - 1]:
        return False
    goods = who.goods if goers == h.camp_size else 0.0
    return h.reserves + goods >= _toll(at, h)


@seldom
def _leave(at: Here, h: Any, who: Any, logs: Logs) -> None:
    p, levers, room = at.p, at.levers, at.room
    option, guarantor = h.option - 1, h.guarantor
    party = 1 if h.party_week[0] != NOBODY else 0
    settled = who.settling_lot < p.settles_wanted[guarantor]
    wanted = who.wanted and not settled
    left = paid(h.reserves, _toll(at, h))
    exposed = levers.threat[h.origin] * (1.0 - levers.card_protection[guarantor])
    rest = who.checkpoint_lots[party]
    goers, held, exposure = 0, 0, 0
    for c in range(CLASSES):
        going = h.members[CAMP, c] if p.options[option, c] else 0
        stopped, rest = binomial(rest, going, p.hold[c] * exposed)
        room.counts[c], room.held[c] = going, stopped
        goers += going
        held += stopped
        exposure += going * (p.exposure_wanted[c] if wanted else p.exposure[c])
    is_split = goers < h.camp_size
    h.party_week[party] = at.t
    h.party_guarantor[party] = guarantor
    h.party_settled[party] = settled
    h.option = 0
    h.cleared = False
    if is_split:
        h.reserves = left
    for c in range(CLASSES):
        stopped = room.held[c]
        home = room.counts[c] - stopped
        move(at, h, who, DEPARTURE, CAMP, c, HOME_0 + party, home, c, logs)
        move(at, h, who, DEPARTURE, CAMP, c, HELD_0 + party, stopped, c, logs)
    refresh(at, h, who)
    line = logs.passages[room.passages]
    line[0], line[1], line[2] = who.n, guarantor, exposure
    room.passages += 1
    report(at, who, guarantor, held * p.harm_held, logs)
    _count(at.tally, goers, room.counts[MEN], guarantor, is_split)


@seldom
def _count(tally: Any, goers: int, men: int, guarantor: int, is_split: bool) -> None:
    tally.parties += 1
    tally.departures[guarantor] += goers
    if goers >= 2:
        tally.parties_of_several += 1
        tally.parties_of_several_split += is_split
    elif men == 1:
        tally.single_men += 1
