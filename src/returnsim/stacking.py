"""Replicates of several cases side by side in one block, and taken apart again."""

from collections.abc import Sequence

import numpy as np

from returnsim.core.inputs import Population
from returnsim.core.log import Events, joined, numbered
from returnsim.core.run import Run


def side_by_side(people: Sequence[Population]) -> Population:
    """Put the populations of several cases into one block.

    Parameters
    ----------
    people : sequence of Population
        Each with as many households, who arrive in the same weeks.
    """
    if len(people) == 1:
        return people[0]
    starts, rows, links, above = [np.zeros(1, dtype=np.int64)], [], 0, 0
    for one in people:
        starts.append(one.contact_start[1:] + links)
        rows.append(one.contact_rows + above)
        links += len(one.contact_rows)
        above += one.members.shape[0] * one.members.shape[1]
    fields = {
        name: np.concatenate([getattr(one, name) for one in people])
        for name in Population._fields
        if name not in {"arrival_week", "contact_start", "contact_rows"}
    }
    return Population(
        **fields,
        arrival_week=people[0].arrival_week,
        contact_start=np.concatenate(starts),
        contact_rows=np.concatenate(rows),
    )


def rows_of(whole: Run, first: int, end: int, numbers: list[int]) -> Run:
    """What some rows of a block went through, their replicates by number."""
    columns = {name: values[first:end] for name, values in whole.columns.items()}
    return Run(columns, _own(whole.events, first, end, numbers))


def put_together(parts: Sequence[Run]) -> Run:
    """The replicates of several runs of one case as one run."""
    columns = {n: np.concatenate([p.columns[n] for p in parts]) for n in parts[0].columns}
    kept = [part.events for part in parts if part.events is not None]
    return Run(columns, _in_order(joined(kept)) if kept else None)


def _own(events: Events | None, first: int, end: int, numbers: list[int]) -> Events | None:
    if events is None:
        return None
    inside = (events.replicate >= first) & (events.replicate < end)
    mine = Events(*(field[inside] for field in events))
    return _in_order(numbered(mine._replace(replicate=mine.replicate - first), numbers))


def _in_order(events: Events) -> Events:
    """Sort by replicate, so that the order does not tell which replicates were stepped together."""
    order = np.argsort(events.replicate, kind="stable")
    return Events(*(field[order] for field in events))
