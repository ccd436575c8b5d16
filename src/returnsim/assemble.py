"""From a resolved scenario to what the core is given, and the one way to run it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.core.engines import AUTO, NUMBA, NUMPY, choose_engine
from returnsim.core.inputs import Inputs, Population, stack
from returnsim.core.log import joined, numbered
from returnsim.core.run import Run, run_block
from returnsim.core_numbers import conditions_of, parameters_of, per_week, population_spec
from returnsim.draws import Draws, calendar_week
from returnsim.errors import UsageError
from returnsim.memory import check_memory
from returnsim.population import PopulationSpec, composition, make_members, make_population
from returnsim.posterior_rows import all_drawn, posterior_rows
from returnsim.scenario.levers import weekly_levers
from returnsim.scenario.limits import FEWEST_HOUSEHOLDS
from returnsim.scenario.schema import Scenario
from returnsim.stacking import rows_of, side_by_side
from returnsim.trajectories import Trajectories
from returnsim.workers import run_blocks, stop_if_told

BLOCK, COMPILED_BLOCK = 16, 4
"""Replicates stepped together by NumPy, and by the compiled loops, by measurement: more gain little
and take more memory."""

HOUSEHOLDS_AT_ONCE = 32_768
"""Households drawn together."""

Progress = Callable[[int, int], None]


class Plan(NamedTuple):
    """All that a run of a scenario needs, for any of its replicates.

    Attributes
    ----------
    inputs : Inputs
        The numbers as the scenario has them; of one with a posterior, each replicate has its own
        (`own_plans`), in arrays of the same shapes.
    spec : PopulationSpec
        Likewise.
    arrival_weeks : array
        Of the households that come later.
    guarantors : tuple of str
        Their names.
    seed : int
        The seed.
    drawn_from : Scenario or None
        The scenario, if its replicates have numbers of their own.
    households : int or None
        As it was asked for.
    engine : str
        What steps it: ``numpy`` or ``numba``.
    """

    inputs: Inputs
    spec: PopulationSpec
    arrival_weeks: np.ndarray
    guarantors: tuple[str, ...]
    seed: int
    drawn_from: Scenario | None = None
    households: int | None = None
    engine: str = NUMPY

    @property
    def all_households(self) -> int:
        """Of one replicate, those who come later among them."""
        return self.spec.households + len(self.arrival_weeks)

    def by(self, engine: str, replicates: int) -> "Plan":
        """The same plan by an engine; ``auto`` is chosen for so many replicates."""
        weeks = len(self.inputs.conditions.severity)
        household_weeks = replicates * self.all_households * weeks
        return self._replace(engine=choose_engine(engine, household_weeks))

    def blocks(self, replicates: int) -> list[list[int]]:
        """So many replicates by number, those that are stepped together in one list."""
        size = COMPILED_BLOCK if self.engine == NUMBA else BLOCK
        numbers = range(replicates)
        return [list(numbers[i : i + size]) for i in numbers[::size]]


def simulate(
    scenario: Scenario,
    replicates: int = 64,
    seed: int = 1,
    *,
    households: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    events: bool = False,
    engine: str = AUTO,
) -> Trajectories:
    """Run a scenario.

    Parameters
    ----------
    scenario : Scenario
        From `returnsim.load_scenario`.
    replicates : int
        How many; replicate ``k`` is the same whatever their number.
    seed : int
        From 0 to 2**64 - 1.
    households : int, optional
        Simulate so many in place of the full camp, each standing for several.
    workers : int
        Processes, or threads where the engine is numba. More than one process needs the caller to
        be importable, as `multiprocessing` does.
    progress : callable, optional
        Called now and then with replicate-weeks done and to do; what it raises ends the run.
    events : bool
        Whether to keep the date and kind of everything that befell each household's members
        (`returnsim.events.events_frame`).
    engine : str
        ``numpy``; ``numba`` for compiled loops, which need the extra ``fast``; or ``auto`` for
        these where they are installed and the run is worth loading or compiling them. Counts are
        the same by each, and other numbers within 1e-12.

    Returns
    -------
    Trajectories

    Raises
    ------
    UsageError
        If an argument is out of range, the population's targets cannot be met, or this machine has
        not the memory.
    """
    replicates, workers = whole_number("replicates", replicates), whole_number("workers", workers)
    if replicates < 1:
        raise UsageError(f"replicates: {replicates}: at least 1 is needed")
    plan = plan_run(scenario, seed, households).by(engine, replicates)
    check_room(plan, replicates, workers)
    total = replicates * scenario.weeks
    runs = run_blocks(
        partial(run_plan, plan, events=events),
        plan.blocks(replicates),
        workers,
        progress and (lambda done: progress(done, total)),
        in_threads=plan.engine == NUMBA,
    )
    return trajectories_of(scenario, plan, list(range(replicates)), runs)


def check_room(plan: Plan, replicates: int, workers: int = 1) -> None:
    """Make sure that there is the memory that a run of a plan takes.

    Raises
    ------
    UsageError
        If it is not there.
    """
    together = sum(len(block) for block in plan.blocks(replicates)[:workers])
    weeks = len(plan.inputs.conditions.severity)
    check_memory(plan.all_households, together, replicates, weeks)


def trajectories_of(
    scenario: Scenario, plan: Plan, replicates: list[int], runs: list[Run]
) -> Trajectories:
    """Put the blocks of a scenario's run together, in the order of its replicates."""
    columns = {
        name: np.concatenate([run.columns[name] for run in runs]) for name in runs[0].columns
    }
    events = [run.events for run in runs if run.events is not None]
    deeds = [run.deeds for run in runs if run.deeds is not None]
    weeks = np.arange(plan.inputs.record_from, scenario.weeks)
    return Trajectories(
        scenario=scenario,
        seed=plan.seed,
        replicates=np.asarray(replicates, dtype=np.int64),
        households=plan.all_households,
        weight=float(plan.inputs.parameters.weight[0]),
        weeks=weeks,
        dates=np.datetime64(scenario.start) + weeks * np.timedelta64(7, "D"),
        columns=columns,
        events=joined(events) if events else None,
        deeds=joined(deeds) if deeds else None,
        engine=plan.engine,
    )


def whole_number(name: str, value: object) -> int:
    """A whole number that a user gives, as NumPy's or Python's own.

    Parameters
    ----------
    name : str
        What it is.
    value : object
        What was given.

    Raises
    ------
    UsageError
        If it is none, or not from 0 to 2**64 - 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise UsageError(f"{name}: {value!r}: must be a whole number")
    if not 0 <= value < 2**64:
        raise UsageError(f"{name}: {value}: must be a whole number from 0 to 2**64 - 1")
    return int(value)


def plan_run(scenario: Scenario, seed: int, households: int | None = None) -> Plan:
    """Turn a scenario into what the core is given. Arguments and errors as for `simulate`."""
    seed = whole_number("seed", seed)
    size, full = scenario.population.household_size.value, _full_camp(scenario)
    households = None if households is None else whole_number("households", households)
    if households is not None and households < FEWEST_HOUSEHOLDS:
        raise UsageError(f"households: {households}: at least {FEWEST_HOUSEHOLDS} are needed")
    number = full if households is None else households
    weight = full / number
    levers = weekly_levers(scenario)
    arriving = per_week(levers.arrivals_people / size, weight)
    arrival_weeks = np.repeat(np.arange(len(arriving)), arriving)
    return Plan(
        inputs=Inputs(
            parameters=parameters_of(scenario, weight),
            conditions=conditions_of(scenario, levers, weight),
            first_calendar_week=calendar_week(scenario.start),
            record_from=_record_from(scenario),
        ),
        spec=population_spec(scenario, number),
        arrival_weeks=arrival_weeks,
        guarantors=scenario.guarantor_names,
        seed=seed,
        drawn_from=scenario if _is_drawn(scenario) else None,
        households=households,
    )


def _full_camp(scenario: Scenario) -> int:
    people = scenario.population
    return max(1, round(people.people.value / people.household_size.value))


def own_plans(plan: Plan, replicates: list[int]) -> list[Plan]:
    """The plan of each replicate by itself, with its own numbers."""
    scenario = plan.drawn_from
    if scenario is None:
        return [plan] * len(replicates)
    made: dict[int, Plan] = {}
    rows = posterior_rows(scenario, plan.seed, replicates).tolist()
    for row, own in zip(rows, all_drawn(scenario, plan.seed, replicates), strict=True):
        if row not in made:
            made[row] = plan_run(own, plan.seed, plan.households)
    return [made[row] for row in rows]


def inputs_of(plan: Plan, replicates: list[int]) -> Inputs:
    """The numbers of some replicates: one case for all, or one for each if they have their own."""
    return _stacked(_cases(plan, replicates))


def block_of(plan: Plan, replicates: list[int]) -> tuple[Inputs, Population, Draws]:
    """What the core is given to live through some replicates of a plan together."""
    return _block([plan], [replicates])


def _block(plans: list[Plan], numbers: list[list[int]]) -> tuple[Inputs, Population, Draws]:
    seed, pairs = plans[0].seed, zip(plans, numbers, strict=True)
    cases = [case for plan, mine in pairs for case in _cases(plan, mine)]
    together = [number for mine in numbers for number in mine]
    # Here all households are made, whoever asks for them.
    check_memory(plans[0].all_households, len(together), len(together), 0)
    people = side_by_side(
        (
            make_population(own.spec, own.arrival_weeks, Draws(seed, few))
            for own, mine in cases
            for few in _few(own, mine)
        ),
        len(together),
    )
    draws = Draws(seed, together)
    return _stacked(cases), people, draws


def _cases(plan: Plan, replicates: list[int]) -> list[tuple[Plan, list[int]]]:
    """Which of the replicates, in their order, have numbers in common."""
    if plan.drawn_from is None:
        return [(plan, replicates)]
    own = own_plans(plan, replicates)
    return [(one, [replicate]) for one, replicate in zip(own, replicates, strict=True)]


def _few(plan: Plan, replicates: list[int]) -> list[list[int]]:
    """Replicates by so few that what is drawn to make their households takes little room."""
    number = max(1, HOUSEHOLDS_AT_ONCE // plan.all_households)
    return [replicates[i : i + number] for i in range(0, len(replicates), number)]


def _stacked(cases: list[tuple[Plan, list[int]]]) -> Inputs:
    if len(cases) == 1:
        return cases[0][0].inputs
    return stack([plan.inputs for plan, _ in cases], [len(mine) for _, mine in cases])


def _is_drawn(scenario: Scenario) -> bool:
    return scenario.posterior is not None and bool(scenario.posterior.draws)


def members_of(plan: Plan, replicates: list[int]) -> np.ndarray:
    """The households of some replicates as they enter the camp, by class, shape (R, N, K)."""
    # A posterior holds none of the numbers that decide who they are.
    return make_members(plan.spec, plan.all_households, Draws(plan.seed, replicates))


def plan_of(trajectories: Trajectories) -> Plan:
    """The plan that a run was made by."""
    scenario = trajectories.scenario
    number = round(_full_camp(scenario) / trajectories.weight)
    # The full camp may have fewer households than can be asked for in place of it.
    return plan_run(scenario, trajectories.seed, None if trajectories.weight == 1 else number)


def check_population(scenario: Scenario, file: Path | None = None) -> None:
    """Make sure that households can be made to the scenario's targets.

    Raises
    ------
    UsageError
        If they cannot, naming the file where it is given.
    """
    try:
        composition(population_spec(scenario, FEWEST_HOUSEHOLDS))
    except UsageError as error:
        raise UsageError(f"{file}: {error}" if file else str(error)) from None


def run_plan(
    plan: Plan,
    replicates: list[int],
    after_week: Callable[[int], None] | None = None,
    *,
    events: bool = False,
) -> Run:
    """Run some replicates of a plan as one block."""
    run = run_block(
        *block_of(plan, replicates),
        plan.guarantors,
        after_week=after_week,
        events=events,
        engine=plan.engine,
    )
    if run.events is None or run.deeds is None:
        return run
    events_by_number = numbered(run.events, replicates)
    return run._replace(events=events_by_number, deeds=numbered(run.deeds, replicates))


def step_together(plans: list[Plan], numbers: list[list[int]], *, events: bool) -> list[Run]:
    """Step several cases as one array, and take them apart again.

    Parameters
    ----------
    plans : list of Plan
        Of one shape, seed and engine.
    numbers : list of list of int
        For each plan, its replicates by number.
    events : bool
        Whether to keep the movements of members.

    Returns
    -------
    list of Run
        One a plan; the same as if it had been stepped alone.
    """
    whole = run_block(
        *_block(plans, numbers),
        plans[0].guarantors,
        after_week=stop_if_told,
        events=events,
        engine=plans[0].engine,
    )
    ends = np.cumsum([len(mine) for mine in numbers])
    return [
        rows_of(whole, end - len(mine), end, mine)
        for end, mine in zip(ends.tolist(), numbers, strict=True)
    ]


def _record_from(scenario: Scenario) -> int:
    if scenario.record_from is None:
        return 0
    return (scenario.record_from - scenario.start) // timedelta(weeks=1)
