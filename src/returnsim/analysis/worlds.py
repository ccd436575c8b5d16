"""Runs that are asked for a few numbers each, block by block: the runs are not kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from returnsim.assemble import Plan, block_of, plan_run, run_plan, trajectories_of
from returnsim.core.engines import AUTO
from returnsim.core.inputs import Population
from returnsim.errors import UsageError
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import scenario_hash
from returnsim.trajectories import Trajectories
from returnsim.workers import AfterWeek, run_blocks

Progress = Callable[[int, int], None]
Told = Callable[[str], Progress | None]


class Lived(NamedTuple):
    """Some replicates of a scenario, lived through.

    Attributes
    ----------
    trajectories : Trajectories
        With events where they were asked for.
    plan : Plan
        By which it was run.
    """

    trajectories: Trajectories
    plan: Plan

    def people(self) -> Population:
        """The households and their traits."""
        return block_of(self.plan, self.trajectories.replicates.tolist())[1]


class Question(Protocol):
    """A number that each replicate of a run has."""

    @property
    def last_day(self) -> date:
        """The last day that it is about."""

    @property
    def needs_events(self) -> bool:
        """Whether it is read off the movements of members."""

    def answer(self, lived: Lived) -> Float[np.ndarray, "R"]:
        """The number of each replicate; NaN where it is not defined."""


Answers = Mapping[tuple[str, Question], Float[np.ndarray, "R"]]
"""By the fingerprint of a scenario and what was asked of it."""


class Size(NamedTuple):
    """How large a study is.

    Attributes
    ----------
    replicates, seed, households
        As for `returnsim.simulate`.
    workers : int
        Processes.
    engine : str
        As for `returnsim.simulate`.
    """

    replicates: int
    seed: int
    households: int | None = None
    workers: int = 1
    engine: str = AUTO


def ask(
    scenario: Scenario,
    questions: Sequence[Question],
    size: Size,
    progress: Progress | None = None,
) -> Float[np.ndarray, "Q R"]:
    """Run a scenario as far as some questions reach, and have each replicate answer them.

    Parameters
    ----------
    scenario : Scenario
        Any.
    questions : sequence of Question
        At least one.
    size : Size
        Of the run.
    progress : callable, optional
        Called now and then with replicate-weeks done and to do.

    Raises
    ------
    UsageError
        As for `returnsim.simulate`.
    """
    if size.replicates < 1:
        raise UsageError(f"replicates: {size.replicates}: at least 1 is needed")
    short, plan = _planned(scenario, questions, size)
    total = size.replicates * short.weeks
    parts = run_blocks(
        partial(_answers, short, plan, questions),
        plan.blocks(size.replicates),
        size.workers,
        progress and (lambda done: progress(done, total)),
    )
    return np.concatenate(parts, axis=1)


def ask_all(
    pairs: Iterable[tuple[Scenario, Question]], size: Size, told: Told = lambda _: None
) -> Answers:
    """Ask questions of several scenarios; each is run once, and all have the same draws.

    Parameters
    ----------
    pairs : iterable of (Scenario, Question)
        What to ask of which.
    size : Size
        Of each run.
    told : callable
        Is given which scenario is about to be run, in words; what it gives is told of progress.

    Raises
    ------
    UsageError
        As for `returnsim.simulate`.
    """
    asked = _by_scenario(pairs)
    found: dict[tuple[str, Question], np.ndarray] = {}
    for number, (key, (scenario, questions)) in enumerate(asked.items(), start=1):
        progress = told(f"{size.replicates} replicates of world {number} of {len(asked)}")
        values = ask(scenario, list(questions), size, progress)
        found |= {(key, question): row for question, row in zip(questions, values, strict=True)}
    return found


def engines_of(pairs: Iterable[tuple[Scenario, Question]], size: Size) -> list[str]:
    """What steps the runs in which questions are asked, each once. Arguments as for `ask_all`."""
    asked = _by_scenario(pairs).values()
    return sorted({_planned(one, list(questions), size)[1].engine for one, questions in asked})


def _by_scenario(
    pairs: Iterable[tuple[Scenario, Question]],
) -> dict[str, tuple[Scenario, dict[Question, None]]]:
    """Each scenario once, by its fingerprint, with what is asked of it."""
    asked: dict[str, tuple[Scenario, dict[Question, None]]] = {}
    for scenario, question in pairs:
        _, questions = asked.setdefault(scenario_hash(scenario), (scenario, {}))
        questions[question] = None
    return asked


def _planned(
    scenario: Scenario, questions: Sequence[Question], size: Size
) -> tuple[Scenario, Plan]:
    """The scenario as far as questions reach, and its plan."""
    short = _until(scenario, max(question.last_day for question in questions))
    plan = plan_run(short, size.seed, size.households)
    return short, plan.by(size.engine, size.replicates)


def _answers(
    scenario: Scenario,
    plan: Plan,
    questions: Sequence[Question],
    replicates: list[int],
    after_week: AfterWeek,
) -> np.ndarray:
    events = any(question.needs_events for question in questions)
    run = run_plan(plan, replicates, after_week, events=events)
    lived = Lived(trajectories_of(scenario, plan, replicates, [run]), plan)
    return np.stack([question.answer(lived) for question in questions])


def _until(scenario: Scenario, day: date) -> Scenario:
    """The scenario up to the week of a day; weeks that come later change nothing before them."""
    first = scenario.record_from or scenario.start
    weeks = 1 + (max(day, first) - scenario.start) // timedelta(weeks=1)
    return scenario.model_copy(update={"weeks": min(scenario.weeks, weeks)})
