"""The held and the detained: released, arrested, disappeared or killed; at most one a week."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.core.chance import pick, which
from returnsim.core.elementwise import Value
from returnsim.core.inputs import UNIT, Conditions, Parameters, Place, Population
from returnsim.core.news import Reports, join_reports
from returnsim.core.rows import Rows
from returnsim.core.state import (
    CLASSES,
    DETAINED,
    HELD,
    HOME,
    PARTIES,
    Moves,
    State,
    exposure_of,
    make_moves,
)

RELEASE_HELD, ARREST, DETENTION = 0, PARTIES, 2 * PARTIES
OUTCOMES = (None, Place.DISAPPEARED, Place.KILLED)
"""Ends of a detention in the order of their hazards; None stands for coming home."""


class Fates(NamedTuple):
    """What a step did to people, and the harm that will be told of it."""

    moves: list[Moves]
    harm: Reports


def arrest_hazard(exposure: Value, per_week: Value, threat: Value, protection: Value) -> Value:
    """Weekly hazard that one of those held is arrested, lowered by the card they carry."""
    return per_week * threat * exposure / UNIT * (1.0 - protection)


def in_custody(state: State, households: int) -> Rows:
    """Households with somebody held or detained."""
    places = state.members[HELD[0] : DETAINED[-1] + 1]
    return Rows(np.flatnonzero(places.any(axis=(0, 1))), households)


def unsettled(state: State, people: Population, party: int, index: np.ndarray) -> np.ndarray:
    """Whether wanted men of a party are still sought."""
    return np.asarray(people.wanted.ravel()[index] & ~state.party_settled[party, index])


def keep_in_custody(
    draws: Float[np.ndarray, "B"],
    rows: Rows,
    state: State,
    people: Population,
    week: Conditions,
    p: Parameters,
) -> Fates:
    """Step 7, on those who were held or detained when the week's passage began."""
    if not len(rows):
        return Fates([], join_reports([]))
    index = rows.index
    held = [state.members[place][:, index] for place in HELD]
    detained = [state.members[place][:, index] for place in DETAINED]
    kind, rest = which(draws[index], _hazards(rows, state, people, week, p, held, detained))
    moves: list[Moves] = []
    harms: list[Reports] = []
    for party in range(PARTIES):
        guarantor = state.party_guarantor[party, index].astype(np.int64)
        freed = np.flatnonzero(kind == RELEASE_HELD + party)
        for c in range(CLASSES) if len(freed) else ():
            count = held[party][c, freed]
            moves.append(make_moves(index[freed], HELD[party], HOME[party], c, count))
        taken = np.flatnonzero(kind == ARREST + party)
        if len(taken):
            weights = held[party][:, taken] * unit_exposure(
                rows.subset(taken), p, unsettled(state, people, party, index[taken])
            )
            cls = pick(rest[taken], weights)
            moves.append(make_moves(index[taken], HELD[party], DETAINED[party], cls))
            harms.append(_report(rows, taken, guarantor, p.harm_detained))
        for i, outcome in enumerate(OUTCOMES):
            ended = np.flatnonzero(kind == DETENTION + len(OUTCOMES) * party + i)
            if not len(ended):
                continue
            cls = pick(rest[ended], detained[party][:, ended].astype(np.int64))
            to = HOME[party] if outcome is None else outcome
            moves.append(make_moves(index[ended], DETAINED[party], to, cls))
            if outcome is Place.KILLED:
                harms.append(_report(rows, ended, guarantor, p.harm_killed))
    return Fates(moves, join_reports(harms))


def _hazards(
    rows: Rows,
    state: State,
    people: Population,
    week: Conditions,
    p: Parameters,
    held: list[np.ndarray],
    detained: list[np.ndarray],
) -> Float[np.ndarray, "kinds n"]:
    index = rows.index
    hazards = np.empty((DETENTION + len(OUTCOMES) * PARTIES, len(rows)))
    threat = rows.at(week.threat, people.origin.ravel()[index])
    for party in range(PARTIES):
        guarantor = np.maximum(state.party_guarantor[party, index], 0)
        sought = unsettled(state, people, party, index)
        exposure = exposure_of(p, rows, held[party].astype(np.int64), sought)
        protection = rows.at(week.card_protection, guarantor)
        hazards[RELEASE_HELD + party] = rows.of(p.held_release_per_week) * held[party].any(axis=0)
        hazards[ARREST + party] = arrest_hazard(
            exposure, rows.of(p.held_arrest_per_week), threat, protection
        )
        number = detained[party].sum(axis=0)
        rates = (
            p.detained_released_per_week,
            p.detained_disappeared_per_week,
            p.detained_died_per_week,
        )
        for i, rate in enumerate(rates):
            hazards[DETENTION + len(OUTCOMES) * party + i] = number * rows.of(rate)
    return hazards


def unit_exposure(rows: Rows, p: Parameters, sought: np.ndarray) -> np.ndarray:
    """Exposure of one member of each class, shape (classes, n)."""
    return np.where(sought[:, None], rows.of(p.exposure_wanted), rows.of(p.exposure)).T


def _report(rows: Rows, which_: np.ndarray, guarantor: np.ndarray, weight: np.ndarray) -> Reports:
    some = rows.subset(which_)
    amount = np.broadcast_to(some.of(weight), which_.shape)
    return Reports(some.index, guarantor[which_], amount)
