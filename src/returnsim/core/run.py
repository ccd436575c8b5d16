"""Weeks and replicates: a block from its first week to its last."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from returnsim.core.inputs import Inputs, Population
from returnsim.core.record import column_names, record_week
from returnsim.core.state import Moves
from returnsim.core.week import open_camp, step
from returnsim.draws import Draws

MODEL_VERSION = 1
"""Raised when the same scenario and seed no longer give the same numbers: results made before then
are results of another model."""


class Events(NamedTuple):
    """Movements of members in the order of weeks; row for row of the same length.

    Places and classes are the numbers of `Place` and `Class`; the newly born come from
    ``state.BORN``, those who arrive from ``state.OUTSIDE``. Growing older keeps the place.
    """

    replicate: Int64[np.ndarray, "E"]  # row of the block
    household: Int64[np.ndarray, "E"]
    week: Int64[np.ndarray, "E"]
    source: Int64[np.ndarray, "E"]
    source_class: Int64[np.ndarray, "E"]
    target: Int64[np.ndarray, "E"]
    target_class: Int64[np.ndarray, "E"]
    number: Int64[np.ndarray, "E"]


class Run(NamedTuple):
    """What a block of replicates went through.

    Attributes
    ----------
    columns : dict of str to array, shape (R, W)
        The weekly record from ``inputs.record_from`` on.
    events : Events or None
        Every movement of members, where they were asked for.
    """

    columns: dict[str, np.ndarray]
    events: Events | None


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
        Whether to keep every movement of members.
    """
    camp = open_camp(inputs, people, draws)
    weeks = len(inputs.conditions.severity)
    recorded = range(inputs.record_from, weeks)
    columns = {
        name: np.empty((len(people.members), len(recorded))) for name in column_names(guarantors)
    }
    kept: list[Events] = []
    for t in range(weeks):
        happened = step(camp, t)
        if t in recorded:
            for name, values in record_week(camp, happened, t, guarantors).items():
                columns[name][:, t - inputs.record_from] = values
        if events:
            kept.append(_events(happened.moves, t, people))
        if after_week is not None:
            after_week(t)
    return Run(columns, join_events(kept) if events else None)


def numbered(events: Events, replicates: Sequence[int]) -> Events:
    """The same events with each replicate by its number instead of its row in the block."""
    number = np.asarray(replicates, dtype=np.int64)
    return events._replace(replicate=number[events.replicate])


def join_events(parts: list[Events]) -> Events:
    """The events of several weeks or blocks, one after the other."""
    return Events(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def _events(moves: Moves, t: int, people: Population) -> Events:
    households = people.members.shape[1]
    return Events(
        moves.rows // households,
        moves.rows % households,
        np.full(len(moves.rows), t),
        *moves[1:],
    )
