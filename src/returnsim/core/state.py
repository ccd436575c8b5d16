"""The arrays of a camp, what may move in them, and what must always hold of them.

Replicates and households are laid out as one run of rows, ``row = replicate * N + household``; any
leading axis (place, class, party, guarantor, option) comes before it in memory, so that a process
walks contiguous rows. A week is written to a state by ``week.py``, or by the loops of ``fused``,
and by no process; between weeks `returnsim.household` writes what a user sets by hand.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Int8, Int16, Int32, Int64

from returnsim.core.inputs import NOT_LATER, Class, Inputs, Parameters, Place, Population
from returnsim.core.rows import Rows

PLACES = len(Place)
CLASSES = len(Class)
PARTIES = 2
BORN, OUTSIDE = PLACES, PLACES + 1
"""Where the newly born and the newly arrived come from; no members are counted there."""

NOBODY = -1

HOME = (Place.HOME_0, Place.HOME_1)
HELD = (Place.HELD_0, Place.HELD_1)
DETAINED = (Place.DETAINED_0, Place.DETAINED_1)
PARTY_OF = np.array([NOBODY, 0, 1, 0, 1, 0, 1, *[NOBODY] * 7])
"""By place, BORN and OUTSIDE included: which party of its household a member there is of."""


class State(NamedTuple):
    """Everything about a block that changes.

    Attributes
    ----------
    members
        People of the household, by place and class.
    hardship
        Want and closed care, from 0 to 1.
    reserves
        Savings, in weeks of subsistence.
    kappa
        Belief in a guarantor: harms known of, and those expected of it before.
    omega
        Belief in a guarantor: weeks lived under its word among which they were.
    option
        What it is registered for: 0 nothing, 1 everyone, from 2 on a split.
    guarantor
        Whom it is registered with.
    registered_week
        Week of the registration.
    cleared
        Whether its file is through.
    refusals
        How often its file was refused.
    refused_until
        Week in which a guarantor may be asked again.
    party_guarantor
        Under whose word a party went.
    party_week
        Week in which a party went; -1 where it has not.
    party_settled
        Whether the party's file was settled.
    arrived
        Whether it is or was in the camp.
    known
        Contacts who are or were in the camp.
    moving
        Of the known, those registered or all gone from the camp.
    on_the_move
        Whether its contacts count it among these.
    perceived
        Threat as believed in the camp, by origin.
    parties_last_week
        Parties that left in the week before.
    stock
        People by place and class.
    safe
        Exposure now at home under a guarantor, among those it hears of.
    harm_heard
        Last week's harms among those it hears of, weighted, by guarantor.
    passage_heard
        Exposure that came home last week, among those it hears of, by guarantor.
    public_safe
        The same as ``safe``, over all households.
    public_harm
        The same as ``harm_heard``, over all households.
    public_passage
        The same as ``passage_heard``, over all households.
    camp_size
        Members in camp.
    option_size
        Goers of an option.
    option_exposure
        Exposure of the goers, their file not settled.
    option_exposure_settled
        Exposure of the goers, their file settled.
    home_exposure
        Exposure of a party at home.
    told_exposure
        What those who hear of it know of ``home_exposure``.
    life_bound
        Sum of the hazards of camp life, or more.
    """

    members: Int16[np.ndarray, "12 5 B"]
    hardship: Float[np.ndarray, "B"]
    reserves: Float[np.ndarray, "B"]
    kappa: Float[np.ndarray, "G B"]
    omega: Float[np.ndarray, "G B"]
    option: Int8[np.ndarray, "B"]
    guarantor: Int8[np.ndarray, "B"]
    registered_week: Int32[np.ndarray, "B"]
    cleared: Bool[np.ndarray, "B"]
    refusals: Int16[np.ndarray, "B"]
    refused_until: Int32[np.ndarray, "G B"]
    party_guarantor: Int8[np.ndarray, "2 B"]
    party_week: Int32[np.ndarray, "2 B"]
    party_settled: Bool[np.ndarray, "2 B"]
    arrived: Bool[np.ndarray, "B"]
    known: Int32[np.ndarray, "B"]
    moving: Int32[np.ndarray, "B"]
    on_the_move: Bool[np.ndarray, "B"]
    perceived: Float[np.ndarray, "R O"]
    parties_last_week: Int64[np.ndarray, "R"]
    stock: Int64[np.ndarray, "R 12 5"]
    # news
    safe: Int32[np.ndarray, "G B"]
    harm_heard: Int32[np.ndarray, "G B"]
    passage_heard: Int32[np.ndarray, "G B"]
    public_safe: Int64[np.ndarray, "G R"]
    public_harm: Int64[np.ndarray, "G R"]
    public_passage: Int64[np.ndarray, "G R"]
    # kept in step with `members` by `refresh`
    camp_size: Int16[np.ndarray, "B"]
    option_size: Int16[np.ndarray, "P B"]
    option_exposure: Int32[np.ndarray, "P B"]
    option_exposure_settled: Int32[np.ndarray, "P B"]
    home_exposure: Int32[np.ndarray, "2 B"]
    told_exposure: Int32[np.ndarray, "2 B"]
    life_bound: Float[np.ndarray, "B"]


class Moves(NamedTuple):
    """Members who go from one place and class to another; one row of each array a movement."""

    rows: Int64[np.ndarray, "M"]
    source: Int64[np.ndarray, "M"]
    source_class: Int64[np.ndarray, "M"]
    target: Int64[np.ndarray, "M"]
    target_class: Int64[np.ndarray, "M"]
    number: Int64[np.ndarray, "M"]


NO_MOVES = Moves(*[np.empty(0, dtype=np.int64)] * len(Moves._fields))


def make_moves(
    rows: Int64[np.ndarray, "M"],
    source: np.ndarray | int,
    target: np.ndarray | int,
    cls: np.ndarray | int,
    number: np.ndarray | int = 1,
    target_class: np.ndarray | int | None = None,
) -> Moves:
    """Moves of ``number`` members of a class; single numbers hold for every row."""
    size = len(rows)
    if size == 0:
        return NO_MOVES

    def each(value: np.ndarray | int) -> np.ndarray:
        if isinstance(value, np.ndarray):
            return value.astype(np.int64, copy=False)
        # Members of an enumeration are dear to turn into numbers.
        return np.full(size, int(value))

    before = each(cls)
    after = before if target_class is None else each(target_class)
    return Moves(rows, each(source), before, each(target), after, each(number))


def moves_by_class(
    rows: Int64[np.ndarray, "n"],
    source: int,
    targets: list[np.ndarray | int],
    numbers: Int[np.ndarray, "K targets n"],
) -> Moves:
    """Moves of members of every class to one or more places, class by class."""
    shape = numbers.shape
    target = np.empty(shape, dtype=np.int64)
    for i, place in enumerate(targets):
        target[:, i] = place
    cls = np.repeat(np.arange(CLASSES), shape[1] * shape[2])
    row = np.tile(rows, CLASSES * shape[1])
    return make_moves(row, source, target.ravel(), cls, numbers.ravel())


def join_moves(parts: list[Moves]) -> Moves:
    """All moves in the order in which they were made, without those of nobody."""
    parts = [part for part in parts if len(part.rows)]
    if not parts:
        return NO_MOVES
    joined = Moves(*(np.concatenate(field) for field in zip(*parts, strict=True)))
    if joined.number.all():
        return joined
    some = joined.number > 0
    return Moves(*(field[some] for field in joined))


def initial_state(inputs: Inputs, population: Population) -> State:
    """Lay out a block before its first week: nobody in the camp yet, beliefs at their start."""
    p = inputs.parameters
    replicates, households, _ = population.members.shape
    size = replicates * households
    guarantors, options = p.kappa0.shape[1], len(p.options)
    origins = inputs.conditions.threat.shape[2]

    def ints(kind: type, *shape: int) -> np.ndarray:
        return np.zeros((*shape, size), dtype=kind)

    def each(values: np.ndarray) -> np.ndarray:
        rows = np.broadcast_to(values, (replicates, guarantors)).T
        return np.repeat(rows, households, axis=1)

    threat = np.broadcast_to(inputs.conditions.threat[0], (replicates, origins)).copy()
    return State(
        members=ints(np.int16, PLACES, CLASSES),
        hardship=np.zeros(size),
        reserves=population.reserves.ravel().copy(),
        kappa=each(p.kappa0),
        omega=each(p.omega0),
        option=ints(np.int8),
        guarantor=np.full(size, NOBODY, dtype=np.int8),
        registered_week=ints(np.int32),
        cleared=np.zeros(size, dtype=bool),
        refusals=ints(np.int16),
        refused_until=ints(np.int32, guarantors),
        party_guarantor=np.full((PARTIES, size), NOBODY, dtype=np.int8),
        party_week=np.full((PARTIES, size), NOBODY, dtype=np.int32),
        party_settled=np.zeros((PARTIES, size), dtype=bool),
        arrived=np.zeros(size, dtype=bool),
        known=known_at_start(population),
        moving=ints(np.int32),
        on_the_move=np.zeros(size, dtype=bool),
        perceived=threat,
        parties_last_week=np.zeros(replicates, dtype=np.int64),
        stock=np.zeros((replicates, PLACES, CLASSES), dtype=np.int64),
        safe=ints(np.int32, guarantors),
        harm_heard=ints(np.int32, guarantors),
        passage_heard=ints(np.int32, guarantors),
        public_safe=np.zeros((guarantors, replicates), dtype=np.int64),
        public_harm=np.zeros((guarantors, replicates), dtype=np.int64),
        public_passage=np.zeros((guarantors, replicates), dtype=np.int64),
        camp_size=ints(np.int16),
        option_size=ints(np.int16, options),
        option_exposure=ints(np.int32, options),
        option_exposure_settled=ints(np.int32, options),
        home_exposure=ints(np.int32, PARTIES),
        told_exposure=ints(np.int32, PARTIES),
        life_bound=np.zeros(size),
    )


def known_at_start(population: Population) -> Int32[np.ndarray, "B"]:
    """How many of each household's contacts are in the camp from the start."""
    replicates, households, _ = population.members.shape
    there = population.arrival_week == NOT_LATER
    known = np.empty(replicates * households, dtype=np.int32)
    # Replicate by replicate: their links are many times as many as their households.
    for first in range(0, len(known), households):
        start = population.contact_start[first : first + households + 1]
        contacts = population.contact_rows[start[0] : start[-1]] - first
        before = np.concatenate([[0], np.cumsum(there[contacts])])[start - start[0]]
        known[first : first + households] = np.diff(before)
    return known


def neighbours(
    population: Population, rows: Int64[np.ndarray, "n"]
) -> tuple[Int32[np.ndarray, "links"], Int64[np.ndarray, "links"]]:
    """The contacts of some rows.

    Returns
    -------
    listener, position : arrays of int
        Each link's contact as a row, and the place in ``rows`` of whom it is a contact.
    """
    start = population.contact_start[rows]
    count = population.contact_start[rows + 1] - start
    position = np.repeat(np.arange(len(rows)), count)
    first = np.repeat(start - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return population.contact_rows[first + np.arange(len(position))], position


def distinct(rows: Int64[np.ndarray, "n"], size: int) -> Int64[np.ndarray, "m"]:
    """The different ones among some rows, ascending."""
    present = np.zeros(size, dtype=bool)
    present[rows] = True
    return np.flatnonzero(present)


def exposure_of(
    parameters: Parameters, rows: Rows, counts: Int[np.ndarray, "K n"], unsettled: np.ndarray
) -> Int64[np.ndarray, "n"]:
    """Exposure in 1/UNIT of groups given by class; ``unsettled`` marks wanted men among them."""
    plain = exposures(parameters.exposure, rows, counts).sum(axis=0)
    if not unsettled.any():
        return np.asarray(plain)
    wanted = exposures(parameters.exposure_wanted, rows, counts).sum(axis=0)
    return np.asarray(np.where(unsettled, wanted, plain))


def exposures(
    of_one: Int64[np.ndarray, "C K"], rows: Rows, counts: Int[np.ndarray, "*groups K n"]
) -> Int64[np.ndarray, "*groups K n"]:
    """Exposure in 1/UNIT of each class of some groups."""
    by_class = rows.of(of_one)
    return np.asarray(counts * (by_class[:, None] if by_class.ndim == 1 else by_class.T))


def check(state: State) -> None:
    """Raise AssertionError where a state breaks what must always hold."""
    problems = {
        "a count below zero": (state.members < 0).any(),
        "hardship outside [0, 1]": ((state.hardship < 0) | (state.hardship > 1)).any(),
        "reserves below zero": (state.reserves < 0).any(),
        "a belief that is not positive": (state.kappa <= 0).any() or (state.omega <= 0).any(),
        "stock out of step with members": not np.array_equal(
            state.stock,
            np.moveaxis(
                state.members.reshape(PLACES, CLASSES, len(state.stock), -1).sum(axis=3), 2, 0
            ),
        ),
        "camp size out of step": not np.array_equal(
            state.camp_size, state.members[Place.CAMP].sum(axis=0)
        ),
        "somebody registered with nobody left in camp": (
            (state.option > 0) & (state.camp_size == 0)
        ).any(),
        "more contacts moving than known": (state.moving > state.known).any(),
        "news of safety below zero": (state.safe < 0).any() or (state.public_safe < 0).any(),
        "somebody of a party that never left": any(
            ((state.party_week[p] == NOBODY) & (state.members[place].sum(axis=0) > 0)).any()
            for p in range(PARTIES)
            for place in (HOME[p], HELD[p], DETAINED[p])
        ),
    }
    broken = [name for name, is_broken in problems.items() if is_broken]
    if broken:
        raise AssertionError("; ".join(broken))
