"""Weeks and replicates: a block from its first week to its last."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Int64

from returnsim.core.inputs import Inputs, Population
from returnsim.core.record import column_names, record_week
from returnsim.core.state import NOBODY, PARTY_OF, Moves
from returnsim.core.week import Camp, Happened, open_camp, step
from returnsim.draws import Draws

MODEL_VERSION = 3
"""Raised when the same scenario and seed no longer give the same numbers: results made before then
are results of another model."""


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


class Run(NamedTuple):
    """What a block of replicates went through.

    Attributes
    ----------
    columns : dict of str to array, shape (R, W)
        The weekly record from ``inputs.record_from`` on.
    events : Events or None
        Every movement of members, where they were asked for.
    deeds : Deeds or None
        Registrations and what came of them, where events were asked for.
    """

    columns: dict[str, np.ndarray]
    events: Events | None
    deeds: Deeds | None = None


def run_block(
    inputs: Inputs,
    people: Population,
    draws: Draws,
    guarantors: tuple[str, ...],
    *,
    after_week: Callable[[int], None] | None = None,
    events: bool = False,
) -> Run:
    """Live through all weeks.

    Parameters
    ----------
    inputs, people, draws
        What the block is given; ``draws`` has one row a replicate, as ``people`` has.
    guarantors : tuple of str
        Their names, for the columns.
    after_week : callable, optional
        Called with the number of each week that is over; what it raises ends the run.
    events : bool
        Whether to keep every movement of members, and every registration.
    """
    camp = open_camp(inputs, people, draws)
    weeks = len(inputs.conditions.severity)
    recorded = range(inputs.record_from, weeks)
    columns = {
        name: np.empty((len(people.members), len(recorded))) for name in column_names(guarantors)
    }
    kept: list[Events] = []
    deeds: list[Deeds] = []
    for t in range(weeks):
        happened = step(camp, t)
        if t in recorded:
            for name, values in record_week(camp, happened, t, guarantors).items():
                columns[name][:, t - inputs.record_from] = values
        if events:
            kept.append(_events(happened.moves, t, camp))
            deeds.append(_deeds(happened, t, camp))
        if after_week is not None:
            after_week(t)
    if not events:
        return Run(columns, None)
    return Run(columns, joined(kept), joined(deeds))


def numbered(rows: Log, replicates: Sequence[int]) -> Log:
    """The same rows with each replicate by its number instead of its place in the block."""
    number = np.asarray(replicates, dtype=np.int64)
    return rows._replace(replicate=number[rows.replicate])


def joined(parts: Sequence[Log]) -> Log:
    """The rows of several weeks or blocks, one after the other."""
    return type(parts[0])(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def _events(moves: Moves, t: int, camp: Camp) -> Events:
    households = camp.people.members.shape[1]
    party = np.maximum(PARTY_OF[moves.source], PARTY_OF[moves.target])
    word = camp.state.party_guarantor[np.maximum(party, 0), moves.rows]
    return Events(
        moves.rows // households,
        moves.rows % households,
        np.full(len(moves.rows), t),
        *moves[1:],
        np.where(party == NOBODY, NOBODY, word.astype(np.int64)),
    )


def _deeds(happened: Happened, t: int, camp: Camp) -> Deeds:
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
