"""The order of a week, and how it changes a state.

The steps are numbered as in ``docs/model.md``.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.core.custody import in_custody, keep_in_custody
from returnsim.core.decision import ONWARD, Choices, barred_options, decide, join_choices
from returnsim.core.demography import camp_life, life_bound
from returnsim.core.hardship import live_a_week, target_of
from returnsim.core.harm import at_home, party_is_out
from returnsim.core.inputs import NOT_LATER, Conditions, Inputs, Place, Population, week_of
from returnsim.core.news import Reports, join_reports, safety_changes, tell
from returnsim.core.passage import (
    Departures,
    Files,
    depart,
    departure_moves,
    process_files,
)
from returnsim.core.risk import threat_perceived
from returnsim.core.rows import Rows
from returnsim.core.state import (
    CLASSES,
    HOME,
    NO_MOVES,
    OUTSIDE,
    PLACES,
    Moves,
    State,
    distinct,
    exposures,
    initial_state,
    join_moves,
    moves_by_class,
    neighbours,
)
from returnsim.core.trust import Beliefs, learn
from returnsim.draws import Draws, Weekly


class Camp(NamedTuple):
    """A block of replicates: what it is given, and its state."""

    inputs: Inputs
    people: Population
    state: State
    draws: Draws


class Happened(NamedTuple):
    """What a week did, for the record."""

    moves: Moves
    rows: Rows  # in camp when the week's choices were made
    trust: Float[np.ndarray, "G n"]  # of these rows
    choices: Choices  # of these rows
    files: Files
    departures: Departures


def open_camp(inputs: Inputs, people: Population, draws: Draws) -> Camp:
    """A block before its first week, with those who are in the camp from the start."""
    camp = Camp(inputs, people, initial_state(inputs, people), draws)
    replicates, households, _ = people.members.shape
    first = np.flatnonzero(np.tile(people.arrival_week == NOT_LATER, replicates))
    for _, part in Rows(first, households).parts():
        _enter(camp, week_of(inputs.conditions, 0), part)
    return camp


def step(camp: Camp, t: int, *, intentions: bool = True) -> Happened:
    """Live through week ``t`` (from 0), changing the camp's state.

    Without ``intentions`` the record of the week cannot be made.
    """
    inputs, people, state, draws = camp
    p, week = inputs.parameters, week_of(inputs.conditions, t)
    calendar = inputs.first_calendar_week + t
    households = people.members.shape[1]

    def uniforms(process: Weekly) -> Float[np.ndarray, "B"]:
        return draws.weekly(process, calendar, households).ravel()

    # 1. Conditions
    state.perceived[:] = threat_perceived(
        state.perceived, week.threat, week.reach[:, None], p.threat_news_weeks[:, None]
    )
    # 2. Arrivals
    moves = [_arrive(camp, week, t)]
    # 3. Hardship and the purse
    rows = Rows(np.flatnonzero(state.camp_size > 0), households)
    for _, part in rows.parts():
        lived = live_a_week(part, state, people, week, p)
        state.hardship[part.index], state.reserves[part.index] = lived
    # 4. Camp life
    moves.append(_apply(camp, camp_life(uniforms(Weekly.CAMP_LIFE), state, week, p, households)))
    rows = rows.subset(state.camp_size[rows.index] > 0)
    # 5. News and trust
    trust = np.empty((len(state.kappa), len(rows)))
    for where, part in rows.parts():
        beliefs = learn(part, state, people, week, p)
        state.kappa[:, part.index], state.omega[:, part.index] = beliefs.kappa, beliefs.omega
        trust[:, where] = beliefs.trust
    _forget_the_news(state)
    # 6. The choice
    u = uniforms(Weekly.CHOICE)
    choices = join_choices(
        [
            decide(
                part,
                state,
                people,
                Beliefs(state.kappa[:, part.index], state.omega[:, part.index], trust[:, where]),
                u[part.index],
                week,
                p,
                t,
                intentions=intentions,
            )
            for where, part in rows.parts()
        ]
    )
    moves.append(_apply(camp, _choose(state, rows, choices, t)))
    # 7. Custody
    confined = in_custody(state, households)
    custody = keep_in_custody(uniforms(Weekly.CUSTODY), confined, state, people, week, p)
    # 8. Passage
    files = process_files(_waiting(state, households), state, people, week, p)
    _file(state, files, t, camp)
    waiting = _waiting(state, households)
    departures = depart(waiting, _barred(waiting, camp, week), state, people, week, p)
    _send_off(state, departures, t)
    # Custody decides nothing of who leaves the camp: both are brought up to date at once.
    moves.append(_apply(camp, custody.moves + departure_moves(departures)))
    # 9. At home
    harms, fates_at_home = [custody.harm, departures.harm], []
    for party, process in enumerate((Weekly.HOME_0, Weekly.HOME_1)):
        if party_is_out(state, party):
            fates = at_home(uniforms(process), party, state, people, week, p, t)
            fates_at_home += fates.moves
            harms.append(fates.harm)
    moves.append(_apply(camp, fates_at_home))
    # 10. News for next week
    made = join_moves(moves)
    _spread_the_news(camp, made, departures, join_reports(harms))
    state.parties_last_week[:] = np.bincount(
        departures.rows.replicate, minlength=len(state.perceived)
    )
    return Happened(made, rows, trust, choices, files, departures)


def _apply(camp: Camp, moves: list[Moves]) -> Moves:
    """Move the members, and bring what is counted of them up to date."""
    state = camp.state
    made = join_moves(moves)
    if not len(made.rows):
        return made
    replicate = made.rows // camp.people.members.shape[1]
    inside = made.source < PLACES
    leave = (made.source * CLASSES + made.source_class)[inside]
    enter = made.target * CLASSES + made.target_class
    for add, cells, some in ((np.subtract, leave, inside), (np.add, enter, slice(None))):
        number = made.number[some]
        # Along one axis and without a change of type: much faster than by several.
        add.at(
            state.members.reshape(-1),
            cells * len(state.camp_size) + made.rows[some],
            number.astype(np.int16),
        )
        add.at(state.stock.reshape(-1), replicate[some] * PLACES * CLASSES + cells, number)
    refresh(camp, distinct(made.rows, len(state.camp_size)))
    return made


def refresh(camp: Camp, touched: np.ndarray) -> None:
    """Recompute what is derived from the members of some rows."""
    inputs, people, state, _ = camp
    p = inputs.parameters
    rows = Rows(touched, people.members.shape[1])
    wanted = people.wanted.ravel()[touched]
    in_camp = state.members[Place.CAMP][:, touched]
    at_home = state.members[HOME[0] : HOME[-1] + 1][:, :, touched]
    state.camp_size[touched] = in_camp.sum(axis=0)
    state.option_size[:, touched] = p.options @ in_camp
    settled = p.options @ exposures(p.exposure, rows, in_camp)
    sought = p.options @ exposures(p.exposure_wanted, rows, in_camp)
    state.option_exposure_settled[:, touched] = settled
    state.option_exposure[:, touched] = np.where(wanted, sought, settled)
    state.home_exposure[:, touched] = np.where(
        wanted & ~state.party_settled[:, touched],
        exposures(p.exposure_wanted, rows, at_home).sum(axis=1),
        exposures(p.exposure, rows, at_home).sum(axis=1),
    )
    state.life_bound[touched] = life_bound(in_camp, in_camp + at_home.sum(axis=0), rows, p)
    empty = touched[state.camp_size[touched] == 0]
    state.option[empty] = 0


def _arrive(camp: Camp, week: Conditions, t: int) -> Moves:
    """Those whose week has come enter the camp, and their contacts know of it."""
    come = np.flatnonzero(camp.people.arrival_week == t)
    if not len(come):
        return NO_MOVES
    replicates, households, _ = camp.people.members.shape
    newcomers = (np.arange(replicates)[:, None] * households + come).ravel()
    made = _enter(camp, week, Rows(newcomers, households))
    listener, _ = neighbours(camp.people, newcomers)
    np.add.at(camp.state.known, listener, np.int32(1))
    return made


def _enter(camp: Camp, week: Conditions, rows: Rows) -> Moves:
    state, index = camp.state, rows.index
    members = camp.people.members.reshape(-1, CLASSES)[index].T[:, None]
    made = _apply(camp, [moves_by_class(index, OUTSIDE, [Place.CAMP], members)])
    state.arrived[index] = True
    reserves = state.reserves[index]
    state.hardship[index] = target_of(rows, reserves, camp.people, week, camp.inputs.parameters)
    return made


def _forget_the_news(state: State) -> None:
    for heard in (state.harm_heard, state.passage_heard, state.public_harm, state.public_passage):
        heard[:] = 0


def _choose(state: State, rows: Rows, choices: Choices, t: int) -> list[Moves]:
    index = rows.index
    over = index[choices.lapsed | choices.withdrawn]
    state.option[over] = 0
    state.cleared[over] = False
    for chosen, is_new in (
        (np.flatnonzero(choices.changed), False),
        (np.flatnonzero((choices.option > 0) & ~choices.changed), True),
    ):
        these = index[chosen]
        same_guarantor = state.guarantor[these] == choices.guarantor[chosen]
        state.cleared[these] &= same_guarantor & (not is_new)
        state.option[these] = choices.option[chosen]
        state.guarantor[these] = choices.guarantor[chosen]
        if is_new:
            state.registered_week[these] = t
    leaving = index[choices.option == ONWARD]
    if not len(leaving):
        return []
    numbers = state.members[Place.CAMP][:, None, leaving]
    return [moves_by_class(leaving, Place.CAMP, [Place.ONWARD], numbers)]


def _waiting(state: State, households: int) -> Rows:
    return Rows(np.flatnonzero(state.option > 0), households)


def _file(state: State, files: Files, t: int, camp: Camp) -> None:
    state.cleared[files.cleared.index] = True
    refused = files.refused.index
    state.option[refused] = 0
    state.refusals[refused] += 1
    retry = files.refused.of(camp.inputs.parameters.retry_weeks)
    state.refused_until[files.refused_by, refused] = np.ceil(t + retry)


def _barred(waiting: Rows, camp: Camp, week: Conditions) -> np.ndarray:
    state = camp.state
    barred = barred_options(waiting, state, camp.people, week, camp.inputs.parameters)
    registered = state.option[waiting.index].astype(np.int64)
    return np.asarray(barred[registered - 1, np.arange(len(waiting))])


def _send_off(state: State, d: Departures, t: int) -> None:
    index = d.rows.index
    state.party_week[d.party, index] = t
    state.party_guarantor[d.party, index] = d.guarantor
    state.party_settled[d.party, index] = d.settled
    state.option[index] = 0
    state.cleared[index] = False
    state.reserves[index] = np.where(d.is_split, d.reserves, state.reserves[index])


def _spread_the_news(camp: Camp, made: Moves, departures: Departures, harm: Reports) -> None:
    people, state = camp.people, camp.state
    households = people.members.shape[1]
    tell(harm, state.harm_heard, state.public_harm, people, households)
    tell(departures.passages, state.passage_heard, state.public_passage, people, households)
    rows = Rows(distinct(made.rows, len(state.camp_size)), households)
    index = rows.index
    changes = safety_changes(
        rows,
        state.told_exposure[:, index],
        state.home_exposure[:, index],
        state.party_guarantor[:, index],
    )
    tell(changes, state.safe, state.public_safe, people, households)
    state.told_exposure[:, index] = state.home_exposure[:, index]
    _spread_who_moves(camp)


def _spread_who_moves(camp: Camp) -> None:
    """Tell contacts of those who registered, left, or took their name back."""
    people, state = camp.people, camp.state
    moving = (state.option > 0) | (state.arrived & (state.camp_size == 0))
    changed = np.flatnonzero(moving != state.on_the_move)
    if not len(changed):
        return
    listener, position = neighbours(people, changed)
    change = np.where(moving[changed], np.int32(1), np.int32(-1))
    np.add.at(state.moving, listener, change[position])
    state.on_the_move[:] = moving
