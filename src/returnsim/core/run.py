"""Weeks and replicates: a block from its first week to its last."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from returnsim.core.engines import ENGINES, NUMPY
from returnsim.core.inputs import Inputs, Population
from returnsim.core.log import Deeds, Events, joined
from returnsim.core.record import Record
from returnsim.draws import Draws

MODEL_VERSION = 3
"""Raised when the same scenario and seed no longer give the same numbers: results made before then
are results of another model."""


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
    engine: str = NUMPY,
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
    engine : str
        One of `returnsim.core.engines.ENGINES`.
    """
    live = ENGINES[engine](inputs, people, draws, events)
    weeks = len(inputs.conditions.severity)
    record = Record(inputs, len(people.members), guarantors)
    kept: list[Events] = []
    deeds: list[Deeds] = []
    for t in range(weeks):
        lived = live(t)
        if t >= inputs.record_from:
            record.add(lived.tally())
        if lived.events is not None and lived.deeds is not None:
            kept.append(lived.events)
            deeds.append(lived.deeds)
        # What a week leaves is let go before the next takes as much again.
        del lived
        if after_week is not None:
            after_week(t)
    columns = record.columns()
    if not events:
        return Run(columns, None)
    return Run(columns, joined(kept), joined(deeds))
