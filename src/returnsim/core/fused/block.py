"""A week of a block of replicates, one household after the other."""

from typing import Any

import numpy as np

from returnsim.core.fused.away import at_home, keep_in_custody
from returnsim.core.fused.changes import move, refresh
from returnsim.core.fused.compiling import compiled, inner
from returnsim.core.fused.household import (
    camp_life,
    choose,
    learn,
    live_a_week,
    target,
)
from returnsim.core.fused.layout import (
    ARRIVAL,
    CAMP,
    MEN,
    MOST_DEEDS,
    MOST_MOVES,
    Here,
    Logs,
    Records,
)
from returnsim.core.fused.passage import depart, process_files
from returnsim.core.hardship import hunger_floor
from returnsim.core.inputs import NOT_LATER
from returnsim.core.news import public_share
from returnsim.core.passage import lorry_cost
from returnsim.core.record import HUNGER
from returnsim.core.risk import threat_perceived
from returnsim.core.state import CLASSES, NOBODY, OUTSIDE, PARTIES

SOME = 1024
"""Households between two looks at the room in the logs."""


@compiled
def live_through_week(
    block: Records,
    scratch: np.ndarray,
    guarantors: int,
    options: int,
    seed: np.uint64,
    replicates: np.ndarray,
    t: int,
    calendar: int,
    logged: bool,
    counted: bool,
    logs: Logs,
) -> Logs:
    """Step every replicate of a block through week ``t``, or open its camp.

    Parameters
    ----------
    block : Records
        Changed in place.
    scratch : array of one record
        Room; afterwards it says how many lines of the logs are in use.
    guarantors, options : int
        How many there are.
    seed, replicates, calendar
        What the draws are keyed by.
    t : int
        The week, from 0; NOT_LATER to let those in who are in the camp from the start.
    logged : bool
        Whether to log moves and deeds.
    counted : bool
        Whether the week is recorded; of others no more is counted than the next week needs.
    logs : Logs
        Room for them.

    Returns
    -------
    Logs
        The same, or longer ones.
    """
    number = len(block.arrival_week)
    scratch[0].moves = 0
    scratch[0].deeds = 0
    for r in range(len(replicates)):
        p = block.parameters[0 if len(block.parameters) == 1 else r]
        # Those who are in the camp from the start find the conditions of its first week.
        levers = block.levers[max(t, 0), 0 if block.levers.shape[1] == 1 else r]
        shared = block.shared[r]
        parties = shared.parties_last_week * p.weight
        at = Here(
            p,
            levers,
            shared,
            block.tally[r],
            scratch[0],
            guarantors,
            options,
            r,
            t,
            calendar,
            seed,
            replicates[r],
            logged,
            counted,
            public_share(p.weight, p.public_weight),
            lorry_cost(levers.transport_cost, p.lorry_sharing, parties, p.lorry_sharing_parties),
            hunger_floor(p.hunger_point, p.hunger_width),
        )
        households = block.households[r * number : (r + 1) * number]
        traits = block.traits[r * number : (r + 1) * number]
        if t == NOT_LATER:
            logs = _arrive(at, block, households, traits, logs)
        else:
            logs = _live_through(at, block, households, traits, logs)
    return logs


@compiled
def _live_through(at: Here, block: Records, households: Any, traits: Any, logs: Logs) -> Logs:
    _begin(at)
    if _anyone_comes(block.arrival_week, at.t):
        logs = _arrive(at, block, households, traits, logs)
    waiting = np.empty(len(households), dtype=np.int64)
    their_trust = np.empty((len(households), at.guarantors))
    number = 0
    for first in range(0, len(households), SOME):
        end = min(first + SOME, len(households))
        if at.logged:
            logs = _with_room(at, logs, MOST_MOVES * SOME, MOST_DEEDS * SOME)
        number = _live_some(at, households, traits, first, end, waiting, their_trust, number, logs)
    if at.logged:
        logs = _with_room(at, logs, MOST_MOVES * number, number)
    waiting = waiting[:number]
    process_files(at, households, traits, waiting, logs)
    depart(at, households, traits, waiting, logs)
    _after_the_queue(at, households, traits, waiting, their_trust, logs)
    _spread_the_news(at, block, households, logs)
    _close(at, block, households)
    return logs


@inner
def _live_some(
    at: Here,
    households: Any,
    traits: Any,
    first: int,
    end: int,
    waiting: np.ndarray,
    their_trust: np.ndarray,
    number: int,
    logs: Logs,
) -> int:
    """Steps 3 to 7, and 9 for those who do not wait; gives how many wait, by now."""
    for n in range(first, end):
        h, who = households[n], traits[n]
        _live(at, h, who, logs)
        if h.option > 0:
            waiting[number] = n
            for g in range(at.guarantors):
                their_trust[number, g] = at.room.trust[g]
            number += 1
        else:
            _count(at, h, who, at.room.trust)
            _at_home(at, h, who, logs)
    return number


@inner
def _after_the_queue(
    at: Here,
    households: Any,
    traits: Any,
    waiting: np.ndarray,
    their_trust: np.ndarray,
    logs: Logs,
) -> None:
    """Step 9, for those who waited for a place and may have left."""
    for i in range(len(waiting)):
        h, who = households[waiting[i]], traits[waiting[i]]
        _count(at, h, who, their_trust[i])
        _at_home(at, h, who, logs)


@inner
def _at_home(at: Here, h: Any, who: Any, logs: Logs) -> None:
    for party in range(PARTIES):
        if h.party_week[party] != NOBODY:
            at_home(at, h, who, party, logs)


@inner
def _begin(at: Here) -> None:
    """Forget the draws of last week, and let news of the threat arrive (step 1)."""
    room, shared, levers = at.room, at.shared, at.levers
    for process in range(len(room.drawn_of)):
        room.drawn_of[process] = -1
    room.harms = 0
    room.passages = 0
    for o in range(len(shared.perceived)):
        shared.perceived[o] = threat_perceived(
            shared.perceived[o], levers.threat[o], levers.reach, at.p.threat_news_weeks
        )


@inner
def _anyone_comes(arrival_week: np.ndarray, t: int) -> bool:
    for week in arrival_week:  # noqa: SIM110 (no generators in a compiled loop)
        if week == t:
            return True
    return False


@compiled
def _arrive(at: Here, block: Records, households: Any, traits: Any, logs: Logs) -> Logs:
    """Step 2: the households whose week has come enter the camp."""
    for n in range(len(households)):
        if block.arrival_week[n] != at.t:
            continue
        h, who = households[n], traits[n]
        if at.logged:
            logs = _with_room(at, logs, MOST_MOVES, 0)
        for c in range(CLASSES):
            move(at, h, who, ARRIVAL, OUTSIDE, c, CAMP, who.members[c], c, logs)
        refresh(at, h, who)
        h.arrived = True
        h.hardship = target(at, who, h.reserves)
        row = at.r * len(households) + n
        for i in range(block.contact_start[row], block.contact_start[row + 1]):
            block.households[block.contact_rows[i]].known += 1
    return logs


@inner
def _live(at: Here, h: Any, who: Any, logs: Logs) -> None:
    """Steps 3 to 7, of which no household sees what another does in them."""
    if h.camp_size > 0:
        live_a_week(at, h, who)
    camp_life(at, h, who, logs)
    h.chose = h.camp_size > 0
    if h.chose:
        learn(at, h, who)
    if h.chose or not h.arrived:
        for g in range(at.guarantors):
            h.harm_heard[g] = 0
            h.passage_heard[g] = 0
    if h.chose:
        choose(at, h, who, logs)
    if h.party_week[0] != NOBODY:
        keep_in_custody(at, h, who, logs)


@compiled
def _with_room(at: Here, logs: Logs, moves: int, deeds: int) -> Logs:
    """The logs, or longer ones, with room for so many lines more."""
    return Logs(
        _longer(logs.moves, at.room.moves, moves),
        _longer(logs.deeds, at.room.deeds, deeds),
        logs.harms,
        logs.passages,
    )


@compiled
def _longer(log: np.ndarray, used: int, lines: int) -> np.ndarray:
    if used + lines <= len(log):
        return log
    longer = np.empty((2 * (used + lines), log.shape[1]), dtype=np.int64)
    longer[:used] = log[:used]
    return longer


@inner
def _spread_the_news(at: Here, block: Records, households: Any, logs: Logs) -> None:
    """Step 10: what is made known this week is heard in the next."""
    shared, room = at.shared, at.room
    first = at.r * len(households)
    for g in range(at.guarantors):
        shared.public_harm[g] = 0
        shared.public_passage[g] = 0
    for i in range(room.harms):
        n, g, amount = logs.harms[i]
        shared.public_harm[g] += amount
        households[n].harm_heard[g] += amount
        for j in range(block.contact_start[first + n], block.contact_start[first + n + 1]):
            block.households[block.contact_rows[j]].harm_heard[g] += amount
    for i in range(room.passages):
        n, g, amount = logs.passages[i]
        shared.public_passage[g] += amount
        households[n].passage_heard[g] += amount
        for j in range(block.contact_start[first + n], block.contact_start[first + n + 1]):
            block.households[block.contact_rows[j]].passage_heard[g] += amount


@inner
def _tell_of_safety(at: Here, block: Records, h: Any, row: int) -> None:
    for party in range(PARTIES):
        change = h.home_exposure[party] - h.told_exposure[party]
        if change != 0:
            g = h.party_guarantor[party]
            at.shared.public_safe[g] += change
            h.safe[g] += change
            for j in range(block.contact_start[row], block.contact_start[row + 1]):
                block.households[block.contact_rows[j]].safe[g] += change
            h.told_exposure[party] = h.home_exposure[party]


@inner
def _close(at: Here, block: Records, households: Any) -> None:
    """Tell what changed of each household."""
    first = at.r * len(households)
    for n in range(len(households)):
        h = households[n]
        if h.touched:
            h.touched = False
            _tell_of_safety(at, block, h, first + n)
        moving = h.option > 0 or (h.arrived and h.camp_size == 0)
        if moving != h.on_the_move:
            h.on_the_move = moving
            for j in range(block.contact_start[first + n], block.contact_start[first + n + 1]):
                block.households[block.contact_rows[j]].moving += 1 if moving else -1
    at.shared.parties_last_week = at.tally.parties


@inner
def _count(at: Here, h: Any, who: Any, trust: np.ndarray) -> None:
    """Count a household that no longer leaves the camp this week."""
    tally = at.tally
    if h.camp_size == 0 or not at.counted:
        return
    tally.waiting += h.option > 0
    if h.hardship >= HUNGER:
        tally.hungry += h.camp_size
    tally.vulnerable += who.vulnerable
    if not h.chose:
        return
    with_men = h.members[CAMP, MEN] > 0
    tally.stayed += 1
    tally.with_men += with_men
    tally.hardship += h.hardship
    tally.reserves += h.reserves
    tally.perceived += at.shared.perceived[h.origin]
    for g in range(at.guarantors):
        tally.trust[g] += trust[g]
        if with_men:
            tally.trust_with_men[g] += trust[g]
