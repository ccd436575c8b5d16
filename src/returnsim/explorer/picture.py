"""A picture of a scenario: some replicates with the siege and without it, and more as they come."""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from returnsim.analysis.attribution import Movements, attribute, column_of_pair
from returnsim.analysis.summary import PAIR
from returnsim.assemble import Plan, members_of, plan_run, run_plan, trajectories_of
from returnsim.core.run import Run
from returnsim.explorer.desk import Poll
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import scenario_hash
from returnsim.trajectories import Trajectories

FIRST, FURTHER = 3, 31
"""Replicates of the first picture, to be there within a second, and of each further step."""

MOST_KEPT = 32
Key = tuple[str, int, int | None, int, int]


class Half(NamedTuple):
    """Some replicates of one scenario.

    Attributes
    ----------
    run : Run
        With its events.
    members : array, shape (R, N, K)
        The households as they enter the camp.
    """

    run: Run
    members: np.ndarray


class Batch(NamedTuple):
    """Some replicates of a scenario, and of the same without the siege."""

    numbers: list[int]
    run: Run  # its columns have the returns by label


@dataclass(frozen=True, eq=False)
class Picture:
    """A scenario as far as it was simulated.

    Attributes
    ----------
    trajectories : Trajectories
        With the returns by label (`attribution.column_of_pair`).
    """

    trajectories: Trajectories

    @property
    def replicates(self) -> int:
        """How many."""
        return len(self.trajectories.replicates)

    @property
    def is_window(self) -> bool:
        """Whether the record begins after the run: its harm is of all who ever returned."""
        return bool(self.trajectories.weeks[0] > 0)

    def first(self, replicates: int) -> "Picture":
        """The same of the first so many replicates."""
        if replicates >= self.replicates:
            return self
        told = self.trajectories
        columns = {name: values[:replicates] for name, values in told.columns.items()}
        return Picture(
            Trajectories(
                scenario=told.scenario,
                seed=told.seed,
                replicates=told.replicates[:replicates],
                households=told.households,
                weight=told.weight,
                weeks=told.weeks,
                dates=told.dates,
                columns=columns,
                engine=told.engine,
            )
        )


class Kept:
    """Halves that were simulated, for whoever asks for the same again; the oldest go first."""

    def __init__(self) -> None:
        self._halves: OrderedDict[Key, Half] = OrderedDict()

    def get(self, key: Key) -> Half | None:
        """A half, if it is kept."""
        if key in self._halves:
            self._halves.move_to_end(key)
        return self._halves.get(key)

    def keep(self, key: Key, half: Half) -> None:
        """Keep a half."""
        self._halves[key] = half
        if len(self._halves) > MOST_KEPT:
            self._halves.popitem(last=False)


def steps(replicates: int) -> list[list[int]]:
    """The replicates by number, in the steps in which a picture grows."""
    edges = [0, *range(FIRST, replicates, FURTHER), replicates]
    return [list(range(a, b)) for a, b in pairwise(edges) if a < b]


def neutral(scenario: Scenario) -> Scenario:
    """The same camp without the siege."""
    return without(scenario, PAIR)


def key_of(scenario: Scenario, seed: int, households: int | None, numbers: list[int]) -> Key:
    """What makes two halves the same."""
    return scenario_hash(scenario), seed, households, numbers[0], numbers[-1]


def live_half(
    scenario: Scenario,
    seed: int,
    households: int | None,
    engine: str,
    numbers: list[int],
    poll: Poll,
) -> Half:
    """Simulate some replicates of a scenario."""
    plan = plan_run(scenario, seed, households)._replace(engine=engine)
    run = run_plan(plan, numbers, after_week=poll, events=True)
    return Half(run._replace(deeds=None), members_of(plan, numbers))


def joined(plan: Plan, numbers: list[int], mine: Half, theirs: Half) -> Batch:
    """Tell the returns that the siege pushed from the others."""
    inputs = plan.inputs
    weeks, weight = len(inputs.conditions.severity), float(inputs.parameters.weight[0])
    found = attribute(_lived(mine), _lived(theirs), numbers, weeks)
    weekly = found.weekly(inputs.record_from, weight)
    labels = {column_of_pair(label, PAIR): values for label, values in weekly.items()}
    return Batch(numbers, mine.run._replace(columns=dict(mine.run.columns) | labels, events=None))


def picture_of(scenario: Scenario, plan: Plan, parts: list[Batch]) -> Picture:
    """Put the parts together."""
    numbers = [number for part in parts for number in part.numbers]
    return Picture(trajectories_of(scenario, plan, numbers, [part.run for part in parts]))


def _lived(half: Half) -> Movements:
    if half.run.events is None:
        raise ValueError("the run kept no events")
    return Movements(half.run.events, half.members)
