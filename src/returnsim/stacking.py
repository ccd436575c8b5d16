"""Replicates of several cases side by side in one block, and taken apart again."""

from collections.abc import Iterable, Sequence

import numpy as np

from returnsim.core.inputs import Population
from returnsim.core.log import Events, joined, numbered
from returnsim.core.run import Run

NOT_BY_REPLICATE = {"arrival_week", "contact_start", "contact_rows"}


def side_by_side(people: Iterable[Population], replicates: int) -> Population:
    """Put populations into one block, each taken when the one before is in its place.

    Parameters
    ----------
    people : iterable of Population
        At least one; each with as many households, who arrive in the same weeks.
    replicates : int
        Of all of them together.
    """
    whole: dict[str, np.ndarray] = {}
    starts, rows, links, done = [np.zeros(1, dtype=np.int64)], [], 0, 0
    for one in people:
        mine, households, _ = one.members.shape
        if mine == replicates:
            return one
        for name, field in one._asdict().items():
            if name not in NOT_BY_REPLICATE:
                whole.setdefault(name, np.empty((replicates, *field.shape[1:]), field.dtype))
                whole[name][done : done + mine] = field
        starts.append(one.contact_start[1:] + links)
        rows.append(one.contact_rows + np.int32(done * households))
        links += len(one.contact_rows)
        done += mine
    return Population(
        **whole,
        arrival_week=one.arrival_week,
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
