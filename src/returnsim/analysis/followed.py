"""A run in which every return is followed, and set against the same camp without one lever."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from returnsim.analysis.attribution import (
    NEVER,
    NOT_YET_KNOWN,
    PUSHED,
    Attribution,
    Movements,
    attribute,
    column_of_pair,
)
from returnsim.analysis.returns import Harms, Returns, ever_in_camp, harms_of, of_replicates
from returnsim.assemble import (
    Plan,
    block_of,
    members_of,
    plan_run,
    run_plan,
    trajectories_of,
)
from returnsim.core.engines import AUTO
from returnsim.core.inputs import Class, Place
from returnsim.core.log import Events
from returnsim.core.run import Run
from returnsim.core.state import OUTSIDE
from returnsim.errors import UsageError
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import scenario_hash
from returnsim.trajectories import Trajectories
from returnsim.workers import AfterWeek, run_blocks

FATES = ("stayed", "onward", "died")
FATE_PLACES = (Place.CAMP, Place.ONWARD, Place.DIED)
Progress = Callable[[int, int], None]


class Traits(NamedTuple):
    """What households are told apart by, each of shape (R, N)."""

    origin: np.ndarray
    head_age: np.ndarray  # years, at the start
    wanted: np.ndarray
    has_men: np.ndarray  # of conscription age, as they enter the camp


class Others(NamedTuple):
    """Those who did not return, by household and class, in simulated people.

    Attributes
    ----------
    fates : array, shape (R, N, K, 3)
        Where they are at the end, `FATES`.
    deterred : array, shape (R, N, K)
        Of them, those who without the lever had returned more than a year before the end.
    not_yet_known : array, shape (R, N, K)
        Of them, those who without the lever returned within the last year.
    delayed : array, shape (R, N, K)
        Beside them, those who did return, but more than a year later than without the lever.
    """

    fates: np.ndarray
    deterred: np.ndarray
    not_yet_known: np.ndarray
    delayed: np.ndarray


class FollowedBlock(NamedTuple):
    """What following some replicates gives."""

    run: Run
    returns: Returns
    harms: Harms
    label: np.ndarray
    others: Others
    traits: Traits


@dataclass(frozen=True, eq=False)
class Followed:
    """A run in which every return was followed.

    Attributes
    ----------
    trajectories : Trajectories
        The run. Where it was set against a pair, its columns have the returns by label too
        (`column_of_pair`).
    lever : str or None
        What the pair went without; None where there was none, and labels say nothing.
    returns : Returns
        A row a person who returned, of all replicates.
    harms : Harms
        What befell them.
    label : array, shape (P,)
        Of each return, a place in ``attribution.LABELS``.
    others : Others
        Those who did not return.
    traits : Traits
        Of the households.
    """

    trajectories: Trajectories
    lever: str | None
    returns: Returns
    harms: Harms
    label: np.ndarray
    others: Others
    traits: Traits


def follow(
    scenario: Scenario,
    replicates: int = 64,
    seed: int = 1,
    *,
    lever: str | None = "siege",
    households: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    events: bool = False,
    engine: str = AUTO,
) -> Followed:
    """Run a scenario, follow every return, and set it against the same camp without a lever.

    Parameters
    ----------
    scenario : Scenario
        From `returnsim.load_scenario`.
    replicates, seed, households, workers, progress, engine
        As for `returnsim.simulate`; progress counts the weeks of the pair too.
    lever : str or None
        What the pair goes without, as in `without`; None for no pair.
    events : bool
        Whether the trajectories keep their events.

    Raises
    ------
    UsageError
        As for `simulate`, and if there is no such lever.
    """
    if replicates < 1:
        raise UsageError(f"replicates: {replicates}: at least 1 is needed")
    plan = plan_run(scenario, seed, households).by(engine, replicates)
    neutral = scenario if lever is None else without(scenario, lever)
    is_same = scenario_hash(neutral) == scenario_hash(scenario)
    pair = None
    if not is_same:
        pair = plan_run(neutral, seed, households)._replace(engine=plan.engine)
    parts = plan.blocks(replicates)
    total = (1 if pair is None else 2) * replicates * scenario.weeks
    blocks = run_blocks(
        partial(_follow, plan, pair, lever, events),
        parts,
        workers,
        progress and (lambda done: progress(done, total)),
    )
    return Followed(
        trajectories_of(scenario, plan, list(range(replicates)), [b.run for b in blocks]),
        lever,
        *_joined(blocks, [len(part) for part in parts]),
    )


def _follow(
    plan: Plan,
    pair: Plan | None,
    lever: str | None,
    keep_events: bool,
    replicates: list[int],
    after_week: AfterWeek,
) -> FollowedBlock:
    run = run_plan(plan, replicates, after_week, events=True)
    _, people, _ = block_of(plan, replicates)
    weeks = len(plan.inputs.conditions.severity)
    events = _events(run)
    mine = Movements(events, people.members)
    # Without a pair the run is set against itself.
    theirs = mine if pair is None else _lived(pair, replicates, after_week)
    found = attribute(mine, theirs, replicates, weeks)
    columns = dict(run.columns)
    if lever is not None:
        weight = float(plan.inputs.parameters.weight[0])
        weekly = found.weekly(plan.inputs.record_from, weight)
        columns |= {column_of_pair(label, lever): values for label, values in weekly.items()}
    own = of_replicates(events, replicates)
    kept = run if keep_events else run._replace(events=None, deeds=None)
    return FollowedBlock(
        kept._replace(columns=columns),
        found.returns,
        harms_of(found.returns, own),
        found.label,
        _others(own, people.members, attribute(theirs, mine, replicates, weeks)),
        Traits(
            people.origin,
            people.head_age,
            people.wanted,
            people.members[..., Class.MEN_CONSCRIPTION_AGE] > 0,
        ),
    )


def _events(run: Run) -> Events:
    if run.events is None:
        raise ValueError("the run kept no events")
    return run.events


def _lived(plan: Plan, replicates: list[int], after_week: AfterWeek) -> Movements:
    run = run_plan(plan, replicates, after_week, events=True)
    return Movements(_events(run), members_of(plan, replicates))


def _others(events: Events, members: np.ndarray, mirror: Attribution) -> Others:
    """Those who did not return; ``mirror`` labels the returns of the run without the lever."""
    shape = members.shape
    # Some are in the other run only: whole households, and children who were born there.
    to_the_end = np.full(len(mirror.label), mirror.weeks)
    here = mirror.number < ever_in_camp(events, members, mirror.returns, to_the_end)
    never = mirror.then == NEVER
    groups = {
        "deterred": (mirror.label == PUSHED) & never,
        "not_yet_known": (mirror.label == NOT_YET_KNOWN) & never,
        "delayed": (mirror.label == PUSHED) & ~never,
    }
    who = mirror.returns
    counts = {
        name: np.bincount(
            np.ravel_multi_index(
                tuple(field[chosen & here] for field in (who.replicate, who.household, who[3])),
                shape,
            ),
            minlength=members.size,
        ).reshape(shape)
        for name, chosen in groups.items()
    }
    fates = np.stack([_there(events, members, place) for place in FATE_PLACES], axis=-1)
    return Others(fates.astype(np.int16), **{n: c.astype(np.int16) for n, c in counts.items()})


def _there(events: Events, members: np.ndarray, place: int) -> np.ndarray:
    """Members of each household and class in a place at the end."""
    total = members.astype(np.int64) if place == Place.CAMP else np.zeros_like(members, np.int64)
    for place_of, class_of, sign in (
        (events.source, events.source_class, -1),
        (events.target, events.target_class, 1),
    ):
        # Those who arrive are among the members from the start.
        at = (place_of == place) & (events.source != OUTSIDE)
        cell = np.ravel_multi_index(
            (events.replicate[at], events.household[at], class_of[at]), members.shape
        )
        number = np.bincount(cell, weights=events.number[at], minlength=members.size)
        total += sign * number.astype(np.int64).reshape(members.shape)
    return total


def _joined(
    blocks: list[FollowedBlock], sizes: list[int]
) -> tuple[Returns, Harms, np.ndarray, Others, Traits]:
    """All replicates together, numbered on."""
    first = np.concatenate([[0], np.cumsum(sizes)])
    persons = np.concatenate([[0], np.cumsum([len(block.label) for block in blocks])])
    returns = [
        b.returns._replace(replicate=b.returns.replicate + first[i]) for i, b in _each(blocks)
    ]
    harms = [b.harms._replace(person=b.harms.person + persons[i]) for i, b in _each(blocks)]
    return (
        Returns(*map(np.concatenate, zip(*returns, strict=True))),
        Harms(*map(np.concatenate, zip(*harms, strict=True))),
        np.concatenate([block.label for block in blocks]),
        Others(*map(np.concatenate, zip(*(block.others for block in blocks), strict=True))),
        Traits(*map(np.concatenate, zip(*(block.traits for block in blocks), strict=True))),
    )


def _each(blocks: list[FollowedBlock]) -> list[tuple[int, FollowedBlock]]:
    return list(enumerate(blocks))
