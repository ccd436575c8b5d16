"""The choice of the week: stay, go onward, go home whole, or send some ahead."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.core.inputs import WEEKS_PER_YEAR, Class, Conditions, Parameters, Place
from returnsim.core.inputs import Population as People
from returnsim.core.passage import Fare, fare, shortfall
from returnsim.core.risk import believed_exposure, perceived_conscription, perceived_harm
from returnsim.core.rows import Rows
from returnsim.core.state import NOBODY, State
from returnsim.core.trust import Beliefs
from returnsim.core.utility import (
    Coefficients,
    PullTerms,
    coefficients_of,
    cut,
    decided,
    intention,
    logit,
    offer_terms,
    onward_terms,
    pull_terms,
    share_not_home,
    total,
    withdrawal,
)

STAY, ONWARD = 0, -1
CLOSED = -np.inf
HOME_ROW = 2
"""Where going home begins among the alternatives: after staying and onward."""


class Choices(NamedTuple):
    """What the households in camp decide; arrays run over the rows in camp."""

    option: Int64[np.ndarray, "n"]  # STAY, ONWARD, 1.. home; of those not registered
    guarantor: Int64[np.ndarray, "n"]
    lapsed: np.ndarray
    withdrawn: np.ndarray
    changed: np.ndarray  # the waiting who now go in the split of `option` with `guarantor`
    intention: Float[np.ndarray, "n"]  # NaN where it is not asked for


def join_choices(parts: list[Choices]) -> Choices:
    """What rows decide that were looked at in parts, in the order of the parts."""
    if not parts:
        none, never = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
        return Choices(none, none, never, never, never, np.empty(0))
    return Choices(*(np.concatenate(field) for field in zip(*parts, strict=True)))


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
    pull_terms: PullTerms
    pull: np.ndarray  # their sum
    perceived: np.ndarray
    origin: np.ndarray
    reserves: np.ndarray
    size: np.ndarray
    men: np.ndarray
    first_party: np.ndarray  # none has gone yet


class Weighed(NamedTuple):
    """What some rows have before them this week."""

    standing: Standing
    offers: Offers
    barred: Bool[np.ndarray, "P n"]
    utilities: Float[np.ndarray, "A n"]  # stay, onward, whole, splits; CLOSED: not to be chosen


def decide(
    rows: Rows,
    state: State,
    people: People,
    beliefs: Beliefs,
    u: Float[np.ndarray, "n"],
    week: Conditions,
    p: Parameters,
    t: int,
    *,
    intentions: bool = True,
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
    intentions : bool
        Whether to work out who means to return, which decides nothing.
    """
    seen = weigh(rows, state, people, beliefs, week, p, t)
    offers, registered = seen.offers, state.option[rows.index]
    threshold = seen.standing.k.threshold
    chosen = cut(u, decided(seen.utilities, threshold)) - 1
    option = np.where(chosen == -1, STAY, np.where(chosen == 0, ONWARD, chosen))
    option = np.where(registered > 0, STAY, option)
    guarantor = np.where(option > 0, _of_option(offers.guarantor, option), NOBODY)

    waiting = np.flatnonzero(registered > 0)
    lapsed, withdrawn, changed = (np.zeros(len(rows), dtype=bool) for _ in range(3))
    if len(waiting):
        fate = _waiting(_registration(waiting, seen, state, week), seen, u)
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
        _intention(seen) if intentions else np.full(len(rows), np.nan),
    )


def _intention(seen: Weighed) -> Float[np.ndarray, "n"]:
    """Chance of choosing to go home within some weeks; cost, refusals and ban are left out."""
    k = seen.standing.k
    free = decided(np.vstack([seen.utilities[:2], seen.offers.free]), k.threshold)
    return np.asarray(intention(share_not_home(free), k.intention_weeks))


def weigh(
    rows: Rows,
    state: State,
    people: People,
    beliefs: Beliefs,
    week: Conditions,
    p: Parameters,
    t: int,
) -> Weighed:
    """What some rows have before them; arguments as for `decide`."""
    standing = _standing(rows, state, people, p, week, t)
    offers = _offers(standing, state, beliefs, week, p, t)
    onward = _onward(standing, state, people, week)
    barred = barred_options(rows, state, people, week, p)
    home = np.where(barred, CLOSED, offers.utility)
    return Weighed(standing, offers, barred, np.vstack([np.zeros(len(rows)), onward, home]))


def probabilities(seen: Weighed, state: State, week: Conditions) -> Float[np.ndarray, "A n"]:
    """How likely each alternative is this week, in the order of ``Weighed.utilities``.

    Of the registered, staying is to have the name taken back or lapse, and their own option is to
    keep their place.
    """
    shares = logit(decided(seen.utilities, seen.standing.k.threshold))
    waiting = np.flatnonzero(state.option[seen.standing.rows.index] > 0)
    place = _registration(waiting, seen, state, week)
    left = np.where(place.lapsed, 1.0, place.leave)
    change = np.where(place.barred, logit(_splits(waiting, seen)), 0.0)
    kept = np.where(place.barred, change[0], 1.0)
    shares[:, waiting] = 0.0
    shares[0, waiting] = left
    shares[HOME_ROW + 1 :, waiting] = (1.0 - left) * change[1:]
    shares[HOME_ROW - 1 + place.option, waiting] = (1.0 - left) * kept
    return shares


def _standing(
    rows: Rows, state: State, people: People, p: Parameters, week: Conditions, t: int
) -> Standing:
    index, k = rows.index, coefficients_of(rows, p)
    gone_before = state.party_week[0, index] != NOBODY
    origin = people.origin.ravel()[index]
    pull = pull_terms(
        k,
        hardship=state.hardship[index],
        age=people.head_age.ravel()[index] + t / WEEKS_PER_YEAR,
        attachment=people.attachment.ravel()[index],
        services=rows.at(week.services, origin),
        norm=state.moving[index] / np.maximum(state.known[index], 1),
        reunite=gone_before,
    )
    return Standing(
        rows=rows,
        k=k,
        pull_terms=pull,
        pull=np.asarray(total(pull)),
        perceived=state.perceived[rows.replicate, origin],
        origin=origin,
        reserves=state.reserves[index],
        size=state.camp_size[index],
        men=state.members[Place.CAMP, Class.MEN_CONSCRIPTION_AGE, index],
        first_party=~gone_before,
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
            priced = value - s.k.cost * shortfall(*toll, s.reserves)
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
    sought = state.option_exposure[o, s.rows.index]
    settled = sought
    if p.believed_settles[:, g].any():
        settled = state.option_exposure_settled[o, s.rows.index]
    exposure = believed_exposure(sought, settled, s.rows.at(p.believed_settles, g))
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
    # One by one, so that the terms as they are told sum to it bit for bit.
    return np.asarray(total((s.pull, *terms)))


class Outlook(NamedTuple):
    """What a way home is to some rows, under whoever vouches for it."""

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
    seen = weigh(rows, state, people, beliefs, week, p, t)
    best = seen.offers.guarantor[0]
    return outlook_on(np.ones_like(best), best, seen.standing, state, beliefs, week, p)


def outlook_on(
    option: Int64[np.ndarray, "n"],
    guarantor: Int64[np.ndarray, "n"],
    s: Standing,
    state: State,
    beliefs: Beliefs,
    week: Conditions,
    p: Parameters,
) -> Outlook:
    """Look at one option (from 1) of each row with one guarantor, open or not."""
    nothing = np.full(len(s.rows), np.nan)
    risks = Risks(nothing.copy(), nothing.copy())
    unknown = offer_terms(s.k, harm=nothing, conscription=nothing, short=nothing, is_split=nothing)
    terms = {name: nothing.copy() for name in (*s.pull_terms._fields, *unknown._fields)}
    there = guarantor != NOBODY
    for o, g in sorted(set(zip(option[there].tolist(), guarantor[there].tolist(), strict=True))):
        mine = there & (option == o) & (guarantor == g)
        harm, draft = seen = _risks(s, state, beliefs, week, p, o - 1, g)
        share = state.option_size[o - 1, s.rows.index] / np.maximum(s.size, 1)
        short = shortfall(*fare(s.rows, state.parties_last_week, week, p, share, g), s.reserves)
        offer = offer_terms(s.k, harm=harm, conscription=draft, short=short, is_split=float(o > 1))
        for kept, values in zip(risks, seen, strict=True):
            kept[mine] = values[mine]
        for name, value in (s.pull_terms._asdict() | offer._asdict()).items():
            terms[name][mine] = np.broadcast_to(value, mine.shape)[mine]
    return Outlook(guarantor, risks, terms)


def _onward(s: Standing, state: State, people: People, week: Conditions) -> np.ndarray:
    if not week.onward_open.any():
        return np.full(len(s.rows), CLOSED)
    index = s.rows.index
    cost = s.rows.of(week.onward_cost)
    toll = Fare(cost, cost)
    affordable = s.reserves + people.goods.ravel()[index] >= cost
    terms = onward_terms(s.k, hardship=state.hardship[index], short=shortfall(*toll, s.reserves))
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


def _of_option(values: np.ndarray, option: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.maximum(option, 1) - 1, np.arange(len(option))])


class _Registration(NamedTuple):
    """How those stand who are registered."""

    waiting: Int64[np.ndarray, "m"]  # places among the rows
    option: Int64[np.ndarray, "m"]
    guarantor: Int64[np.ndarray, "m"]
    lapsed: np.ndarray
    leave: Float[np.ndarray, "m"]  # probability that they take their name back
    barred: np.ndarray  # an exit ban closes their option


def _registration(
    waiting: Int64[np.ndarray, "m"], seen: Weighed, state: State, week: Conditions
) -> _Registration:
    rows, s = seen.standing.rows.subset(waiting), seen.standing
    option = state.option[rows.index].astype(np.int64)
    guarantor = state.guarantor[rows.index].astype(np.int64)
    goers = state.option_size[option - 1, rows.index]
    lapsed = ~rows.at(week.active, guarantor) | (goers == 0)
    commitment, threshold = (
        np.broadcast_to(value, s.reserves.shape)[waiting]
        for value in (s.k.commitment, s.k.threshold)
    )
    leave = np.asarray(withdrawal(seen.offers.registered[waiting], commitment, threshold))
    return _Registration(
        waiting, option, guarantor, lapsed, leave, seen.barred[option - 1, waiting]
    )


def _splits(waiting: Int64[np.ndarray, "m"], seen: Weighed) -> np.ndarray:
    """Utilities among which a barred party may change: to go on waiting, and the splits."""
    ways = np.vstack([np.zeros(len(waiting)), seen.utilities[HOME_ROW + 1 :, waiting]])
    threshold = np.broadcast_to(seen.standing.k.threshold, len(seen.standing.rows))[waiting]
    return decided(ways, threshold)


class _Fate(NamedTuple):
    lapsed: np.ndarray
    withdrawn: np.ndarray
    option: np.ndarray  # a split changed to, or STAY
    guarantor: np.ndarray


def _waiting(place: _Registration, seen: Weighed, u: np.ndarray) -> _Fate:
    waiting, draw = place.waiting, u[place.waiting]
    withdrawn = ~place.lapsed & (draw < place.leave)
    may_change = ~place.lapsed & ~withdrawn & place.barred
    new = np.zeros(len(waiting), dtype=np.int64)
    if may_change.any():
        rest = (draw - place.leave) / np.where(place.leave < 1, 1.0 - place.leave, 1.0)
        picked = cut(rest, _splits(waiting, seen))
        new = np.where(may_change & (picked > 0), picked + 1, 0)
    whose = _of_option(seen.offers.guarantor[:, waiting], new)
    return _Fate(place.lapsed, withdrawn, new, np.where(new > 0, whose, place.guarantor))
