"""What befell whom: movements of members and deeds of households, week by week."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Int8, Int64

from returnsim.core.state import NOBODY, PARTY_OF, Moves
from returnsim.core.week import Camp, Happened


class Events(NamedTuple):
    """Movements of members in the order of weeks; row for row of the same length.

    Places and classes are the numbers of `Place` and `Class`; the newly born come from
    ``state.BORN``, those who arrive from ``state.OUTSIDE``. Growing older keeps the place. The
    guarantor is that under whose word the party returned, NOBODY where no party is concerned.
    """

    replicate: Int64[np.ndarray, "E"]  # row of the block
    household: Int64[np.ndarray, "E"]
    week: Int64[np.ndarray, "E"]
    source: Int64[np.ndarray, "E"]
    source_class: Int64[np.ndarray, "E"]
    target: Int64[np.ndarray, "E"]
    target_class: Int64[np.ndarray, "E"]
    number: Int64[np.ndarray, "E"]
    guarantor: Int64[np.ndarray, "E"]


class Deed(IntEnum):
    """What a household or a guarantor did about a return, short of the journey itself."""

    REGISTERED = 0
    CHANGED = 1  # one who waits will go in a split instead
    WITHDREW = 2
    LAPSED = 3  # the guarantor is gone, or nobody of the option is left
    CLEARED = 4
    REFUSED = 5


class Deeds(NamedTuple):
    """Registrations and what came of them, in the order of weeks; of the same length."""

    replicate: Int64[np.ndarray, "D"]  # row of the block
    household: Int64[np.ndarray, "D"]
    week: Int64[np.ndarray, "D"]
    deed: Int64[np.ndarray, "D"]  # of `Deed`
    guarantor: Int64[np.ndarray, "D"]


Log = TypeVar("Log", Events, Deeds)


def numbered(rows: Log, replicates: Sequence[int]) -> Log:
    """The same rows with each replicate by its number instead of its place in the block."""
    number = np.asarray(replicates, dtype=np.int64)
    return rows._replace(replicate=number[rows.replicate])


def joined(parts: Sequence[Log]) -> Log:
    """The rows of several weeks or blocks, one after the other."""
    return type(parts[0])(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def events_of(moves: Moves, t: int, camp: Camp) -> Events:
    """The moves of a week that was just lived through."""
    return events_from(moves, t, camp.people.members.shape[1], camp.state.party_guarantor)


def events_from(
    moves: Moves, t: int, households: int, party_guarantor: Int8[np.ndarray, "2 B"]
) -> Events:
    """The moves of week ``t``, with the guarantor of each party as it stands afterwards."""
    party = np.maximum(PARTY_OF[moves.source], PARTY_OF[moves.target])
    word = party_guarantor[np.maximum(party, 0), moves.rows]
    return Events(
        moves.rows // households,
        moves.rows % households,
        np.full(len(moves.rows), t),
        *moves[1:],
        np.where(party == NOBODY, NOBODY, word.astype(np.int64)),
    )


def deeds_of(happened: Happened, t: int, camp: Camp) -> Deeds:
    """The week's registrations and what came of them, in the order of the week."""
    choices, files, index = happened.choices, happened.files, happened.rows.index
    is_new = (choices.option > 0) & ~choices.changed
    kinds = (
        (Deed.REGISTERED, index[is_new], choices.guarantor[is_new]),
        (Deed.CHANGED, index[choices.changed], choices.guarantor[choices.changed]),
        (Deed.WITHDREW, index[choices.withdrawn], None),
        (Deed.LAPSED, index[choices.lapsed], None),
        (Deed.CLEARED, files.cleared.index, None),
        (Deed.REFUSED, files.refused.index, files.refused_by),
    )
    households = camp.people.members.shape[1]
    rows = np.concatenate([rows for _, rows, _ in kinds])
    # Whose word it was stays with a household that is registered no more.
    word = [
        camp.state.guarantor[rows].astype(np.int64) if by is None else by for _, rows, by in kinds
    ]
    return Deeds(
        rows // households,
        rows % households,
        np.full(len(rows), t),
        np.repeat([deed for deed, _, _ in kinds], [len(rows) for _, rows, _ in kinds]),
        np.concatenate(word),
    )
