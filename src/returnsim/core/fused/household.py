"""The steps of a week that a household in camp takes by itself; numbered as in ``docs/model.md``.

Axes, formulas and order are those of the processes in ``returnsim.core``.
"""

from typing import Any

import numpy as np

from returnsim.core.decision import CLOSED, HOME_ROW
from returnsim.core.demography import AGEING, AGEING_PLACES, EVENTS, FIRST_DEATH, death_hazard
from returnsim.core.fused.chance import cut, differ, uniform, weigh, which
from returnsim.core.fused.changes import move, note, refresh
from returnsim.core.fused.compiling import inner, seldom
from returnsim.core.fused.layout import (
    CAMP,
    LIFE,
    MEN,
    ONWARD_PLACE,
    ONWARD_STEP,
    WOMEN,
    Here,
    Logs,
)
from returnsim.core.hardship import approached, hardship_target, price_index, purse, want
from returnsim.core.inputs import WEEKS_PER_YEAR
from returnsim.core.log import Deed
from returnsim.core.news import heard_of, safety
from returnsim.core.passage import fare_of, shortfall
from returnsim.core.risk import believed_exposure, perceived_conscription, perceived_harm
from returnsim.core.state import CLASSES, NOBODY
from returnsim.core.trust import discounted, survival
from returnsim.core.utility import (
    intention,
    offer_terms,
    onward_terms,
    pull_terms,
    total,
    withdrawal,
)
from returnsim.draws import Weekly

_CHOICE, _CAMP_LIFE = int(Weekly.CHOICE), int(Weekly.CAMP_LIFE)
_REGISTERED, _CHANGED = int(Deed.REGISTERED), int(Deed.CHANGED)
_WITHDREW, _LAPSED = int(Deed.WITHDREW), int(Deed.LAPSED)
_AGEING_CLASS = np.array([int(source) for source, _, _ in AGEING])
_AGEING_RATE = np.array([rate for _, _, rate in AGEING])
_AGEING_PLACES = np.array([int(place) for place in AGEING_PLACES])
_EVENTS = np.ascontiguousarray(EVENTS, dtype=np.int64)


@inner
def draw(at: Here, who: Any, process: int) -> float:
    """A household's draw of the week for a process."""
    room = at.room
    return uniform(room.drawn, room.drawn_of, process, who.n, at.seed, at.replicate, at.calendar)


@inner
def target(at: Here, who: Any, reserves: float) -> float:
    """Where a household's hardship goes at the week's conditions."""
    p, levers = at.p, at.levers
    wanting = want(
        levers.severity,
        levers.aid,
        reserves,
        p.hunger_point,
        p.hunger_width,
        at.hunger_floor,
        p.relief,
        p.relief_half_weeks,
    )
    return hardship_target(wanting, levers.medical, who.vulnerable, p.medical_hardship)


@inner
def live_a_week(at: Here, h: Any, who: Any) -> None:
    """Step 3."""
    p, levers = at.p, at.levers
    reserves, severity = h.reserves, levers.severity
    goal = target(at, who, reserves)
    h.hardship = approached(h.hardship, goal, p.hardship_speed)
    h.reserves = purse(
        reserves,
        who.income,
        who.remittance,
        severity,
        levers.aid,
        price_index(severity, p.price_rise),
        p.purchased_share,
    )


@inner
def camp_life(at: Here, h: Any, who: Any, logs: Logs) -> None:
    """Step 4."""
    if h.life_bound <= 0.0:
        return
    u = draw(at, who, _CAMP_LIFE)
    if u >= h.life_bound:
        return
    p, hazards = at.p, at.room.hazards
    hazards[0] = p.births_per_woman * h.members[CAMP, WOMEN]
    kind = 1
    for place in _AGEING_PLACES:
        for i in range(len(_AGEING_CLASS)):
            hazards[kind] = h.members[place, _AGEING_CLASS[i]] * _AGEING_RATE[i]
            kind += 1
    for c in range(CLASSES):
        hazards[FIRST_DEATH + c] = death_hazard(
            h.members[CAMP, c],
            p.death_per_week[c],
            h.hardship,
            p.death_closed_care,
            at.levers.medical,
        )
    what, _ = which(u, hazards, FIRST_DEATH + CLASSES)
    if what >= 0:
        source, place, cls = _EVENTS[0, what], _EVENTS[1, what], _EVENTS[2, what]
        move(at, h, who, LIFE, source, cls, place, 1, _EVENTS[4, what], logs)
        refresh(at, h, who)


@inner
def learn(at: Here, h: Any, who: Any) -> None:
    """Step 5: beliefs, and the trust that follows from them, left in the room."""
    p, levers = at.p, at.levers
    room = at.room
    guarantors = at.guarantors
    reach, salience = levers.reach, levers.salience
    perceived = at.shared.perceived[h.origin]
    for g in range(guarantors):
        harm = heard_of(h.harm_heard[g], at.shared.public_harm[g], at.public_share)
        safe = heard_of(h.safe[g], at.shared.public_safe[g], at.public_share)
        passages = heard_of(h.passage_heard[g], at.shared.public_passage[g], at.public_share)
        room.harm_news[g] = reach * salience * harm
        room.safety_news[g] = reach * safety(safe, perceived, passages, p.passage_weeks)
    for g in range(guarantors):
        harm_told, safety_told = 0.0, 0.0
        for j in range(guarantors):
            harm_told += levers.spill[g, j] * room.harm_news[j]
            safety_told += levers.spill[g, j] * room.safety_news[j]
        forgetting = p.forgetting
        kappa = discounted(p.kappa0[g], h.kappa[g], forgetting, harm_told)
        omega = discounted(p.omega0[g], h.omega[g], forgetting, safety_told)
        told_so = levers.active[g] and levers.persuasion[g] > 0
        if told_so and who.persuasion_lot < p.persuasion_reach[g]:
            omega += reach * levers.persuasion[g]
        h.kappa[g], h.omega[g] = kappa, omega
        room.trust[g] = survival(kappa, omega, p.horizon_weeks)


@inner
def bar(at: Here, h: Any, who: Any) -> None:
    """Which options an exit ban closes, left in the room."""
    barred, p, levers = at.room.barred, at.p, at.levers
    for o in range(at.options):
        barred[o] = 0
    for c in range(CLASSES):
        strength = levers.ban[c]
        if strength > 0 and who.ban_lot < strength and h.members[CAMP, c] > 0:
            for o in range(at.options):
                barred[o] |= p.options[o, c]


@inner
def value_of(at: Here, h: Any, o: int, g: int, pull: float) -> float:
    """Utility of an option with a guarantor, the cost of the journey left out."""
    p, levers = at.p, at.levers
    exposure = believed_exposure(
        h.option_exposure[o],
        h.option_exposure_settled[o],
        p.believed_settles[g],
    )
    perceived = at.shared.perceived[h.origin]
    harm = perceived_harm(h.kappa[g], h.omega[g], exposure, perceived, p.horizon_weeks)
    draft = perceived_conscription(
        h.members[CAMP, MEN] * p.options[o, MEN],
        at.room.trust[g],
        p.conscription_per_week,
        levers.enforced,
        levers.deferral,
        p.horizon_weeks,
    )
    terms = offer_terms(p, harm, draft, 0.0, o > 0)
    whole = pull
    for term in terms:
        whole = whole + term
    return whole


@inner
def weigh_up(at: Here, h: Any, who: Any) -> float:
    """What a household has before it: utilities, the best guarantors, what a ban closes.

    Returns
    -------
    float
        The utility of what the household is registered for.
    """
    room = at.room
    pull = _pull(at, h, who)
    for o in range(at.options):
        room.utilities[HOME_ROW + o] = CLOSED
        room.free[HOME_ROW + o] = CLOSED
        room.whose[o] = NOBODY
    registered = CLOSED
    for g in range(at.guarantors):
        if at.levers.active[g]:
            for o in range(at.options):
                registered = max(registered, _look_at(at, h, o, g, pull))
    room.utilities[0], room.free[0] = 0.0, 0.0
    room.utilities[1] = _onward(at, h, who)
    room.free[1] = room.utilities[1]
    bar(at, h, who)
    for o in range(at.options):
        if room.barred[o]:
            room.utilities[HOME_ROW + o] = CLOSED
    return registered


@inner
def _pull(at: Here, h: Any, who: Any) -> float:
    terms = pull_terms(
        at.p,
        h.hardship,
        who.head_age + at.t / WEEKS_PER_YEAR,
        who.attachment,
        at.levers.services[h.origin],
        h.moving / max(h.known, 1),
        h.party_week[0] != NOBODY,
    )
    return total(terms)


@inner
def _look_at(at: Here, h: Any, o: int, g: int, pull: float) -> float:
    """Weigh one option with one guarantor; gives its utility if it is what h is registered for."""
    room, levers = at.room, at.levers
    goers = h.option_size[o]
    is_open = at.p.covers[g, h.origin] and goers > 0
    if o > 0:
        is_open = is_open and h.party_week[0] == NOBODY and goers < h.camp_size
    mine = h.option == o + 1 and h.guarantor == g
    if not (is_open or mine):
        return CLOSED
    fee = levers.price[g] * (goers / h.camp_size)
    toll = fare_of(levers.transport_cost, at.shared_cost, levers.subsidy, fee)
    value = value_of(at, h, o, g, pull)
    priced = value - at.p.cost * shortfall(toll.amount, toll.full, h.reserves)
    if is_open:
        room.free[HOME_ROW + o] = max(room.free[HOME_ROW + o], value)
        refused = h.refused_until[g] > at.t
        if not refused and priced > room.utilities[HOME_ROW + o]:
            room.utilities[HOME_ROW + o] = priced
            room.whose[o] = g
    return priced if mine else CLOSED


@inner
def _onward(at: Here, h: Any, who: Any) -> float:
    if not at.levers.onward_open:
        return CLOSED
    cost, reserves = at.levers.onward_cost, h.reserves
    if reserves + who.goods < cost:
        return CLOSED
    short = shortfall(cost, cost, reserves)
    return total(onward_terms(at.p, h.hardship, short))


@inner
def choose(at: Here, h: Any, who: Any, logs: Logs) -> None:
    """Step 6."""
    room, tally, p = at.room, at.tally, at.p
    number = HOME_ROW + at.options
    registered = weigh_up(at, h, who)
    threshold = bool(p.threshold)
    if at.counted or h.option == 0:
        whole = weigh(room.free, threshold, room.weights, number)
        if at.counted:
            not_home = (room.weights[0] + room.weights[1]) / whole
            tally.intention += intention(not_home, p.intention_weeks)
            tally.chose += 1
    u = draw(at, who, _CHOICE)
    if h.option > 0:
        _wait_on(at, h, who, u, registered, threshold, logs)
        return
    # Mostly nothing is refused, barred or beyond the purse, and the weights are known already.
    if differ(room.utilities, room.free, number):
        weigh(room.utilities, threshold, room.weights, number)
    option = cut(u, room.weights, number) - 1
    if option > 0:
        h.cleared = False
        h.option = option
        h.guarantor = room.whose[option - 1]
        h.registered_week = at.t
        tally.registered += 1
        note(at, who, _REGISTERED, room.whose[option - 1], logs)
    elif option == 0:
        for c in range(CLASSES):
            leaving = h.members[CAMP, c]
            move(at, h, who, ONWARD_STEP, CAMP, c, ONWARD_PLACE, leaving, c, logs)
        refresh(at, h, who)


@seldom
def _wait_on(
    at: Here,
    h: Any,
    who: Any,
    u: float,
    registered: float,
    threshold: bool,
    logs: Logs,
) -> None:
    """Of one who is registered: whether the name lapses, is taken back, or goes on waiting."""
    room = at.room
    option, guarantor = h.option, h.guarantor
    goers = h.option_size[option - 1]
    lapsed = not at.levers.active[guarantor] or goers == 0
    leave = withdrawal(registered, at.p.commitment, at.p.threshold)
    withdrawn = not lapsed and u < leave
    if lapsed or withdrawn:
        h.option = 0
        h.cleared = False
        at.tally.withdrawn += 1
        note(at, who, _LAPSED if lapsed else _WITHDREW, guarantor, logs)
        return
    if not room.barred[option - 1]:
        return
    splits = at.options - 1
    room.ways[0] = 0.0
    for i in range(splits):
        room.ways[1 + i] = room.utilities[HOME_ROW + 1 + i]
    weigh(room.ways, threshold, room.weights, 1 + splits)
    picked = cut((u - leave) / (1.0 - leave if leave < 1 else 1.0), room.weights, 1 + splits)
    if picked > 0:
        whose = room.whose[picked]
        h.cleared = h.cleared and guarantor == whose
        h.option = picked + 1
        h.guarantor = whose
        note(at, who, _CHANGED, whose, logs)
