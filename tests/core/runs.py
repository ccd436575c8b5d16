"""Ways to live through weeks of the core in tests, and to look at what came of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from returnsim.core.inputs import Inputs, Place, Population
from returnsim.core.record import record_week
from returnsim.core.state import HELD, HOME, State
from returnsim.core.week import Camp, Happened, open_camp, step
from returnsim.draws import Draws


def camp_of(
    inputs: Inputs, people: Population, seed: int = 5, numbers: list[int] | None = None
) -> Camp:
    replicates = list(range(len(people.members))) if numbers is None else numbers
    return open_camp(inputs, people, Draws(seed, replicates))


def weeks_of(camp: Camp) -> Iterator[tuple[int, Happened]]:
    for t in range(len(camp.inputs.conditions.severity)):
        yield t, step(camp, t)


def live(inputs: Inputs, people: Population, **kwargs: Any) -> Camp:
    """The camp after its last week."""
    camp = camp_of(inputs, people, **kwargs)
    for _ in weeks_of(camp):
        pass
    return camp


def record(inputs: Inputs, people: Population, **kwargs: Any) -> dict[str, np.ndarray]:
    """Weekly columns, each of shape (R, T)."""
    camp = camp_of(inputs, people, **kwargs)
    names = tuple(str(g) for g in range(inputs.parameters.kappa0.shape[1]))
    rows = [record_week(camp, happened, t, names) for t, happened in weeks_of(camp)]
    return {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}


def one_replicate(people: Population, row: int) -> Population:
    """A population of one of its replicates alone."""
    households = people.members.shape[1]
    first, last = row * households, (row + 1) * households
    start = people.contact_start
    shared = {"arrival_week", "contact_start", "contact_rows"}
    fields = {
        name: getattr(people, name)[row : row + 1]
        for name in Population._fields
        if name not in shared
    }
    return Population(
        **fields,
        arrival_week=people.arrival_week,
        contact_start=start[first : last + 1] - start[first],
        contact_rows=people.contact_rows[start[first] : start[last]] - first,
    )


def returned(state: State) -> np.ndarray:
    """People of each class who left the camp for home, whatever became of them, shape (5, B)."""
    places = [*HOME, *HELD, Place.DETAINED_0, Place.DETAINED_1]
    places += [Place.DISAPPEARED, Place.CONSCRIPTED, Place.KILLED]
    return state.members[places].sum(axis=0)
