"""Weeks and replicates: a block from its first week to its last."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from returnsim.core.inputs import Inputs, Population
from returnsim.core.record import column_names, record_week
from returnsim.core.state import Moves
from returnsim.core.week import open_camp, step
from returnsim.draws import Draws


class Run(NamedTuple):
    """What a block of replicates went through.

    Attributes
    ----------
    columns : dict of str to array, shape (R, W)
        The weekly record from ``inputs.record_from`` on.
    events : list of Moves
        Every movement of members, week by week, where they were asked for.
    """

    columns: dict[str, np.ndarray]
    events: list[Moves]


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
    kept: list[Moves] = []
    for t in range(weeks):
        happened = step(camp, t)
        if t in recorded:
            for name, values in record_week(camp, happened, t, guarantors).items():
                columns[name][:, t - inputs.record_from] = values
        if events:
            kept.append(happened.moves)
        if after_week is not None:
            after_week(t)
    return Run(columns, kept)
