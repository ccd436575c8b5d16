"""From the register to the road: files, the corridor, the fare, and the checkpoint."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.core.chance import binomial
from returnsim.core.elementwise import Value, either
from returnsim.core.inputs import UNLIMITED, Class, Conditions, Parameters, Place
from returnsim.core.inputs import Population as People
from returnsim.core.news import Reports
from returnsim.core.rows import Rows
from returnsim.core.state import CLASSES, NOBODY, Moves, State, exposure_of, moves_by_class


class Fare(NamedTuple):
    """What a journey costs in weeks of subsistence."""

    amount: Value  # to be paid
    full: Value  # before subsidy and shared lorries


def shortfall(amount: Value, full: Value, reserves: Value) -> Value:
    """Share of the full cost that the purse lacks, in [0, 1]; 0 where nothing is charged."""
    lacking = np.maximum(0.0, amount - reserves)
    return either(full > 0, lacking / either(full > 0, full, 1.0), 0.0)


def paid(reserves: Value, amount: Value) -> Value:
    """What the fare leaves in the purse; never below 0, for goods may pay a part of it."""
    return np.maximum(0.0, reserves - amount)


def lorry_cost(cost: Value, sharing: Value, parties: Value, half_at: Value) -> Value:
    """Cost of transport where many leave: lorries are shared, up to ``sharing`` of the cost."""
    return cost * (1.0 - sharing * parties / (parties + half_at))


def fare_of(cost: Value, shared_cost: Value, subsidy: Value, fee: Value) -> Fare:
    """Add what the guarantor charges to the lorry, of which a subsidy pays its part."""
    return Fare(shared_cost * (1.0 - subsidy) + fee, cost + fee)


def refusal_chance(refusal: Value, attempts: Value) -> Value:
    """Probability that a file is refused at its n-th attempt: it falls with each attempt."""
    return refusal**attempts


def fare(
    rows: Rows,
    parties_last_week: Int64[np.ndarray, "R"],
    week: Conditions,
    p: Parameters,
    share_going: np.ndarray,
    guarantor: np.ndarray | int,
) -> Fare:
    """What leaving with a guarantor costs; ``share_going`` is the share of those in camp who go."""
    by_replicate = lorry_cost(
        week.transport_cost,
        p.lorry_sharing,
        parties_last_week * p.weight,
        p.lorry_sharing_parties,
    )
    return fare_of(
        rows.of(week.transport_cost),
        np.asarray(by_replicate)[rows.replicate],
        rows.of(week.subsidy),
        rows.at(week.price, guarantor) * share_going,
    )


class Queue(NamedTuple):
    """Some waiting rows in the order in which they are served, replicate by replicate."""

    rows: Rows

    def first(self, places: np.ndarray) -> Rows:
        """Those served when each replicate has so many places, shape (R,) or (1,)."""
        replicate = self.rows.replicate
        rank = np.arange(len(replicate)) - np.searchsorted(replicate, replicate)
        return self.rows.subset(rank < self.rows.of(places))


def queue(rows: Rows, state: State, people: People) -> Queue:
    """Order by week of registration, then by the fixed lot, then by number."""
    lot = people.queue_lot.ravel()[rows.index]
    order = np.lexsort((rows.index, lot, state.registered_week[rows.index], rows.replicate))
    return Queue(rows.subset(order))


class Files(NamedTuple):
    """What the guarantors decided on the files of the week."""

    cleared: Rows
    refused: Rows
    refused_by: Int64[np.ndarray, "n"]


def process_files(
    rows: Rows, state: State, people: People, week: Conditions, p: Parameters
) -> Files:
    """Each active guarantor looks at the first files of those who wait for it."""
    cleared, refused, by = [], [], []
    new = rows.subset(~state.cleared[rows.index])
    guarantor = state.guarantor[new.index]
    for g in map(int, np.flatnonzero(week.active.any(axis=0))):
        mine = new.subset((guarantor == g) & new.at(week.active, g))
        served = mine
        if (week.files[:, g] < UNLIMITED).any():
            served = queue(mine, state, people).first(week.files[:, g])
        attempt = state.refusals[served.index] + 1
        lot = people.vetting_lot.ravel()[served.index]
        turned_away = lot < refusal_chance(served.at(p.refusal, g), attempt)
        cleared.append(served.index[~turned_away])
        refused.append(served.index[turned_away])
        by.append(np.full(turned_away.sum(), g))
    households = people.members.shape[1]
    return Files(
        Rows(_joined(cleared), households), Rows(_joined(refused), households), _joined(by)
    )


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([*parts, np.empty(0, dtype=np.int64)]).astype(np.int64)


class Departures(NamedTuple):
    """The parties that leave this week."""

    rows: Rows
    party: Int64[np.ndarray, "n"]
    guarantor: Int64[np.ndarray, "n"]
    settled: Bool[np.ndarray, "n"]
    goers: Int64[np.ndarray, "K n"]
    held: Int64[np.ndarray, "K n"]
    is_split: Bool[np.ndarray, "n"]
    reserves: Float[np.ndarray, "n"]  # of those who stay behind
    passages: Reports
    harm: Reports


def depart(
    rows: Rows,
    barred: np.ndarray,
    state: State,
    people: People,
    week: Conditions,
    p: Parameters,
) -> Departures:
    """Those of the waiting who leave: cleared, free to go, able to pay, and in time for a place.

    Parameters
    ----------
    rows : Rows
        The waiting.
    barred : array of bool, shape (n,)
        Whether an exit ban holds the party back.
    """
    index = rows.index
    option = state.option[index].astype(np.int64)
    guarantor = state.guarantor[index].astype(np.int64)
    goers = state.option_size[option - 1, index]
    size = state.camp_size[index]
    toll = fare(rows, state.parties_last_week, week, p, goers / size, guarantor)
    reserves = state.reserves[index]
    means = reserves + np.where(goers == size, people.goods.ravel()[index], 0.0)
    ready = state.cleared[index] & ~barred & (goers > 0) & (means >= toll.amount)
    ready &= rows.of(week.corridor_open)
    chosen = np.flatnonzero(ready)
    if (week.places < UNLIMITED).any():
        served = queue(rows.subset(chosen), state, people).first(week.places)
        chosen = np.searchsorted(index, np.sort(served.index))
    leavers = rows.subset(chosen)
    return _leave(
        leavers,
        option[chosen],
        guarantor[chosen],
        np.asarray(paid(reserves, toll.amount))[chosen],
        state,
        people,
        week,
        p,
    )


def _leave(
    rows: Rows,
    option: np.ndarray,
    guarantor: np.ndarray,
    reserves: np.ndarray,
    state: State,
    people: People,
    week: Conditions,
    p: Parameters,
) -> Departures:
    index = rows.index
    party = (state.party_week[0, index] != NOBODY).astype(np.int64)
    goers = state.members[Place.CAMP][:, index] * p.options[option - 1].T
    goers = goers.astype(np.int64)
    settled = people.settling_lot.ravel()[index] < rows.at(p.settles_wanted, guarantor)
    held = _checkpoint(rows, party, guarantor, goers, people, week, p)
    sought = people.wanted.ravel()[index] & ~settled
    exposure = exposure_of(p, rows, goers, sought)
    harm = held.sum(axis=0) * np.broadcast_to(rows.of(p.harm_held), index.shape)
    return Departures(
        rows=rows,
        party=party,
        guarantor=guarantor,
        settled=settled,
        goers=goers,
        held=held,
        is_split=goers.sum(axis=0) < state.camp_size[index],
        reserves=reserves,
        passages=Reports(index, guarantor, exposure),
        harm=Reports(index, guarantor, harm),
    )


def _checkpoint(
    rows: Rows,
    party: np.ndarray,
    guarantor: np.ndarray,
    goers: np.ndarray,
    people: People,
    week: Conditions,
    p: Parameters,
) -> Int64[np.ndarray, "K n"]:
    """How many of each class are held, from one uniform a journey."""
    threat = rows.at(week.threat, people.origin.ravel()[rows.index])
    exposed = threat * (1.0 - rows.at(week.card_protection, guarantor))
    lots = people.checkpoint_lots.reshape(-1, people.checkpoint_lots.shape[-1])
    rest = lots[rows.index, party]
    held = np.zeros_like(goers)
    for c in range(CLASSES) if len(rows) else ():
        held[c], rest = binomial(rest, goers[c], rows.at(p.hold, c) * exposed)
    return held


def departure_moves(d: Departures) -> list[Moves]:
    """The members who leave the camp, into the shelter or home."""
    if not len(d.rows):
        return []
    targets: list[np.ndarray | int] = [Place.HOME_0 + d.party, Place.HELD_0 + d.party]
    numbers = np.stack([d.goers - d.held, d.held], axis=1)
    return [moves_by_class(d.rows.index, Place.CAMP, targets, numbers)]


def single_men(d: Departures) -> Bool[np.ndarray, "n"]:
    """Parties of one man of conscription age."""
    return np.asarray((d.goers.sum(axis=0) == 1) & (d.goers[Class.MEN_CONSCRIPTION_AGE] == 1))
