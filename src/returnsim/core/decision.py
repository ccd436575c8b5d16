"""The choice of the week: stay, go onward, go home whole, or send some ahead."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.hardship import Value
from returnsim.core.inputs import UNIT, WEEKS_PER_YEAR, Class, Conditions, Parameters, Place
from returnsim.core.inputs import Population as People
from returnsim.core.passage import Fare, fare
from returnsim.core.risk import perceived_conscription, perceived_harm
from returnsim.core.state import NOBODY, Rows, State
from returnsim.core.trust import Beliefs
from returnsim.core.utility import (
    Coefficients,
    coefficients_of,
    intention,
    offer_terms,
    onward_terms,
    pull_terms,
    total,
    withdrawal,
)

STAY, ONWARD = 0, NOBODY
CLOSED = -np.inf


class Choices(NamedTuple):
    """What the households in camp decide; arrays run over the rows in camp."""

    option: Int64[np.ndarray, "n"]  # STAY, ONWARD, 1.. home; of those not registered
    guarantor: Int64[np.ndarray, "n"]
    lapsed: np.ndarray
    withdrawn: np.ndarray
    changed: np.ndarray  # the waiting who now go in the split of `option` with `guarantor`
    intention: Float[np.ndarray, "n"]


class Offers(NamedTuple):
    """The best offer of each option of going home, and what the registered think of theirs."""

    utility: Float[np.ndarray, "P n"]
    guarantor: Int64[np.ndarray, "P n"]
    free: Float[np.ndarray, "P n"]  # with cost, refusals and ban left out
    registered: Float[np.ndarray, "n"]


class Standing(NamedTuple):
    """What the decision needs to know of some rows, gathered once."""

    rows: Rows
    k: Coefficients
    pull: np.ndarray
    perceived: np.ndarray
    origin: np.ndarray
    reserves: np.ndarray
    size: np.ndarray
    men: np.ndarray
    first_party: np.ndarray  # none has gone yet


def decide(
    rows: Rows,
    state: State,
    people: People,
    beliefs: Beliefs,
    u: Float[np.ndarray, "n"],
    week: Conditions,
    p: Parameters,
    t: int,
) -> Choices:
    """Step 6 for the households in camp.

    Parameters
    ----------
    rows : Rows
        The households in camp.
    state, people, beliefs
        As they stand; ``beliefs`` of these rows.
    u : array, shape (n,)
        The choice draws.
    week, p
        The week's levers and the parameters.
    t : int
        Weeks since the start, for the head's age.
    """
    standing = _standing(rows, state, people, p, week, t)
    offers = _offers(standing, state, beliefs, week, p, t)
    onward = _onward(standing, state, people, week)
    barred = barred_options(rows, state, people, week, p)
    registered = state.option[rows.index]

    shares = np.vstack([np.zeros(len(rows)), onward, np.where(barred, CLOSED, offers.utility)])
    chosen = _cut(u, shares) - 1
    option = np.where(chosen == -1, STAY, np.where(chosen == 0, ONWARD, chosen))
    option = np.where(registered > 0, STAY, option)
    guarantor = np.where(option > 0, _of_option(offers.guarantor, option), NOBODY)

    free = np.vstack([np.zeros(len(rows)), onward, offers.free])
    waiting = np.flatnonzero(registered > 0)
    lapsed, withdrawn, changed = (np.zeros(len(rows), dtype=bool) for _ in range(3))
    if len(waiting):
        fate = _waiting(waiting, standing, state, offers, barred, u, week)
        lapsed[waiting], withdrawn[waiting] = fate.lapsed, fate.withdrawn
        changed[waiting] = fate.option > 0
        option[waiting] = fate.option
        guarantor[waiting] = fate.guarantor
    return Choices(
        option,
        guarantor,
        lapsed,
        withdrawn,
        changed,
        np.asarray(intention(_share_not_home(free), standing.k.intention_weeks)),
    )


def _standing(
    rows: Rows, state: State, people: People, p: Parameters, week: Conditions, t: int
) -> Standing:
    index = rows.index
    gone_before = state.party_week[0, index] != NOBODY
    origin = people.origin.ravel()[index]
    return Standing(
        rows=rows,
        k=coefficients_of(rows, p),
        pull=np.asarray(total(_pull(rows, state, people, p, week, t))),
        perceived=state.perceived[rows.replicate, origin],
        origin=origin,
        reserves=state.reserves[index],
        size=state.camp_size[index],
        men=state.members[Place.CAMP, Class.MEN_CONSCRIPTION_AGE, index],
        first_party=~gone_before,
    )


def _pull(
    rows: Rows, state: State, people: People, p: Parameters, week: Conditions, t: int
) -> dict[str, Value]:
    index = rows.index
    origin = people.origin.ravel()[index]
    return pull_terms(
        coefficients_of(rows, p),
        hardship=state.hardship[index],
        age=people.head_age.ravel()[index] + t / WEEKS_PER_YEAR,
        attachment=people.attachment.ravel()[index],
        services=rows.at(week.services, origin),
        norm=state.moving[index] / np.maximum(state.known[index], 1),
        reunite=state.party_week[0, index] != NOBODY,
    )


def _offers(
    s: Standing, state: State, beliefs: Beliefs, week: Conditions, p: Parameters, t: int
) -> Offers:
    index, n, options = s.rows.index, len(s.rows), len(p.options)
    best = np.full((options, n), CLOSED)
    free = np.full((options, n), CLOSED)
    whose = np.full((options, n), NOBODY, dtype=np.int64)
    registered = np.full(n, CLOSED)
    registered_option, registered_with = state.option[index], state.guarantor[index]
    for g in map(int, np.flatnonzero(week.active.any(axis=0))):
        covered = s.rows.at(week.active, g) & s.rows.at(p.covers[:, g], s.origin)
        refused = state.refused_until[g, index] > t
        for o in range(options):
            goers = state.option_size[o, index]
            is_open = covered & (goers > 0)
            if o > 0:
                is_open &= s.first_party & (goers < s.size)
            toll = fare(s.rows, state.parties_last_week, week, p, goers / s.size, g)
            value = _utility(s, state, beliefs, week, p, o, g)
            priced = value - s.k.cost * toll.short(s.reserves)
            mine = (registered_option == o + 1) & (registered_with == g)
            registered = np.where(mine, priced, registered)
            free[o] = np.maximum(free[o], np.where(is_open, value, CLOSED))
            offer = np.where(is_open & ~refused, priced, CLOSED)
            better = offer > best[o]
            best[o] = np.where(better, offer, best[o])
            whose[o] = np.where(better, g, whose[o])
    return Offers(best, whose, free, registered)


class Risks(NamedTuple):
    """What an option with a guarantor is believed to bring within the horizon."""

    harm: Float[np.ndarray, "n"]  # probability of harm to the goers
    conscription: Float[np.ndarray, "n"]  # probability that a man among them is taken


def _risks(
    s: Standing, state: State, beliefs: Beliefs, week: Conditions, p: Parameters, o: int, g: int
) -> Risks:
    wanted = state.option_exposure[o, s.rows.index]
    exposure = wanted / UNIT
    if p.believed_settles[:, g].any():
        settled = state.option_exposure_settled[o, s.rows.index]
        exposure = exposure - s.rows.at(p.believed_settles, g) * ((wanted - settled) / UNIT)
    men = s.men * p.options[o, Class.MEN_CONSCRIPTION_AGE]
    harm = perceived_harm(
        beliefs.kappa[g], beliefs.omega[g], exposure, s.perceived, s.k.horizon_weeks
    )
    draft = perceived_conscription(
        men,
        beliefs.trust[g],
        per_week=s.k.conscription_per_week,
        enforced=s.rows.of(week.enforced),
        deferral_weeks=s.rows.of(week.deferral),
        horizon_weeks=s.k.horizon_weeks,
    )
    return Risks(np.asarray(harm), np.asarray(draft))


def _utility(
    s: Standing, state: State, beliefs: Beliefs, week: Conditions, p: Parameters, o: int, g: int
) -> np.ndarray:
    """Utility of an option with a guarantor, the cost of the journey left out."""
    harm, draft = _risks(s, state, beliefs, week, p, o, g)
    terms = offer_terms(s.k, harm=harm, conscription=draft, short=0.0, is_split=float(o > 0))
    return np.asarray(s.pull + total(terms))


class Outlook(NamedTuple):
    """What going home whole is to some rows, with the best offer that they have."""

    guarantor: Int64[np.ndarray, "n"]  # NOBODY: nothing is open to them
    risks: Risks
    terms: dict[str, np.ndarray]  # of the utility, by name; all NaN where nothing is open


def outlook(
    rows: Rows,
    state: State,
    people: People,
    beliefs: Beliefs,
    week: Conditions,
    p: Parameters,
    t: int,
) -> Outlook:
    """Look at the best offer of going home whole, term by term; arguments as for `decide`."""
    s = _standing(rows, state, people, p, week, t)
    best = _offers(s, state, beliefs, week, p, t).guarantor[0]
    pull = _pull(rows, state, people, p, week, t)
    nothing = np.full(len(rows), np.nan)
    risks = Risks(nothing.copy(), nothing.copy())
    unknown = offer_terms(s.k, harm=nothing, conscription=nothing, short=nothing, is_split=nothing)
    terms = {name: nothing.copy() for name in pull | unknown}
    whole = state.option_size[0, rows.index] / np.maximum(s.size, 1)
    for g in map(int, np.unique(best[best != NOBODY])):
        mine = best == g
        seen = _risks(s, state, beliefs, week, p, 0, g)
        short = fare(rows, state.parties_last_week, week, p, whole, g).short(s.reserves)
        offer = offer_terms(
            s.k, harm=seen.harm, conscription=seen.conscription, short=short, is_split=0.0
        )
        for kept, values in zip(risks, seen, strict=True):
            kept[mine] = values[mine]
        for name, value in (pull | offer).items():
            terms[name][mine] = np.broadcast_to(value, best.shape)[mine]
    return Outlook(best, risks, terms)


def _onward(s: Standing, state: State, people: People, week: Conditions) -> np.ndarray:
    if not week.onward_open.any():
        return np.full(len(s.rows), CLOSED)
    index = s.rows.index
    cost = s.rows.of(week.onward_cost)
    toll = Fare(cost, cost)
    affordable = s.reserves + people.goods.ravel()[index] >= cost
    terms = onward_terms(s.k, hardship=state.hardship[index], short=toll.short(s.reserves))
    value = total(terms)
    return np.where(s.rows.of(week.onward_open) & affordable, value, CLOSED)


def barred_options(
    rows: Rows, state: State, people: People, week: Conditions, p: Parameters
) -> np.ndarray:
    """Which options an exit ban closes to which rows, shape (options, n)."""
    barred = np.zeros((len(p.options), len(rows)), dtype=bool)
    for c in map(int, np.flatnonzero((week.ban > 0).any(axis=0))):
        held_back = people.ban_lot.ravel()[rows.index] < rows.at(week.ban, c)
        held_back &= state.members[Place.CAMP, c, rows.index] > 0
        barred[p.options[:, c]] |= held_back
    return barred


def _weights(utilities: np.ndarray) -> np.ndarray:
    """Logit numerators; shifted by the largest so that none overflows."""
    return np.asarray(np.exp(utilities - utilities.max(axis=0)))


def _cut(u: np.ndarray, utilities: np.ndarray) -> np.ndarray:
    """Which alternative a uniform falls into, in the order of the rows of ``utilities``."""
    cumulated = np.cumsum(_weights(utilities), axis=0)
    return np.asarray((cumulated[:-1] <= u * cumulated[-1]).sum(axis=0))


def _share_not_home(utilities: np.ndarray) -> np.ndarray:
    weights = _weights(utilities)
    return np.asarray((weights[0] + weights[1]) / weights.sum(axis=0))


def _of_option(values: np.ndarray, option: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.maximum(option, 1) - 1, np.arange(len(option))])


class _Fate(NamedTuple):
    lapsed: np.ndarray
    withdrawn: np.ndarray
    option: np.ndarray  # a split changed to, or STAY
    guarantor: np.ndarray


def _waiting(
    waiting: np.ndarray,
    s: Standing,
    state: State,
    offers: Offers,
    barred: np.ndarray,
    u: np.ndarray,
    week: Conditions,
) -> _Fate:
    rows = s.rows.subset(waiting)
    option = state.option[rows.index].astype(np.int64)
    guarantor = state.guarantor[rows.index].astype(np.int64)
    goers = state.option_size[option - 1, rows.index]
    lapsed = ~rows.at(week.active, guarantor) | (goers == 0)
    commitment = np.broadcast_to(s.k.commitment, s.reserves.shape)[waiting]
    leave_queue = np.asarray(withdrawal(offers.registered[waiting], commitment))
    draw = u[waiting]
    withdrawn = ~lapsed & (draw < leave_queue)
    may_change = ~lapsed & ~withdrawn & barred[option - 1, waiting]
    new = np.zeros(len(waiting), dtype=np.int64)
    if may_change.any():
        splits = np.where(barred[1:, waiting], CLOSED, offers.utility[1:, waiting])
        rest = (draw - leave_queue) / np.where(leave_queue < 1, 1.0 - leave_queue, 1.0)
        picked = _cut(rest, np.vstack([np.zeros(len(waiting)), splits]))
        new = np.where(may_change & (picked > 0), picked + 1, 0)
    whose = _of_option(offers.guarantor[:, waiting], new)
    return _Fate(lapsed, withdrawn, new, np.where(new > 0, whose, guarantor))
