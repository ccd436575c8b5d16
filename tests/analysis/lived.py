"""Followed runs made by hand, person by person, so that ledgers can be worked out on paper."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from returnsim.analysis.followed import Followed, Others, Traits
from returnsim.analysis.returns import HARM_KINDS, Harms, Returns
from returnsim.core.inputs import Class
from returnsim.core.record import column_names
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories
from tests.analysis.made import made

MEN, WOMEN = Class.MEN_CONSCRIPTION_AGE, Class.WOMEN
HOUSEHOLDS = 100


class Person(NamedTuple):
    """Somebody who returned, and what befell them: pairs of a kind and the week of the run."""

    week: int
    harms: tuple[tuple[str, int], ...] = ()
    person_class: int = MEN
    household: int = 0
    replicate: int = 0
    guarantor: int = 0
    held: bool = False


def lived(
    people: Iterable[Person],
    weeks: int = 100,
    replicates: int = 1,
    *,
    scenario: Scenario | None = None,
    record_from: int = 0,
    staying: dict[tuple[int, int], int] | None = None,
    **columns: object,
) -> Followed:
    """A run in which these people returned, of which so many weeks were lived.

    ``staying`` has the women who did not return, by replicate and household; ``columns`` are those
    of the weekly record, from the start.
    """
    order = ("replicate", "household", "person_class", "week")
    rows = sorted(people, key=lambda p: tuple(getattr(p, name) for name in order))
    returns = Returns(
        *(
            np.array([getattr(p, name) for p in rows], dtype=np.int64)
            for name in ("replicate", "household", "week", "person_class")
        ),
        np.zeros(len(rows), dtype=np.int64),
        np.array([p.guarantor for p in rows], dtype=np.int64),
        np.array([p.held for p in rows], dtype=bool),
    )
    befell = [
        (i, HARM_KINDS.index(kind), week) for i, p in enumerate(rows) for kind, week in p.harms
    ]
    harms = Harms(*np.array(befell, dtype=np.int64).reshape(-1, 3).T)
    run = made(weeks, replicates, **columns)
    if scenario is not None:
        missing = set(column_names(scenario.guarantor_names)) - run.columns.keys()
        zeros = dict.fromkeys(missing, np.zeros((replicates, weeks)))
        run = replace(run, scenario=scenario, columns=run.columns | zeros)
    return followed(recorded(run, record_from), returns, harms, staying or {})


def recorded(run: Trajectories, first: int) -> Trajectories:
    """The same run with its weeks recorded from one on."""
    columns = {name: values[:, first:] for name, values in run.columns.items()}
    return replace(run, weeks=run.weeks[first:], dates=run.dates[first:], columns=columns)


def followed(
    run: Trajectories, returns: Returns, harms: Harms, staying: dict[tuple[int, int], int]
) -> Followed:
    shape = (len(run.replicates), HOUSEHOLDS)
    fates = np.zeros((*shape, len(Class), 3), dtype=np.int16)
    for (replicate, household), number in staying.items():
        fates[replicate, household, WOMEN, 0] = number
    nobody = np.zeros((*shape, len(Class)), dtype=np.int16)
    traits = (np.zeros(shape, dtype=np.int64), np.full(shape, 40.0), *[np.zeros(shape, bool)] * 2)
    return Followed(
        run,
        None,
        returns,
        harms,
        np.zeros(len(returns.week), dtype=np.int64),
        Others(fates, nobody, nobody, nobody),
        Traits(*traits),
    )
