"""From a resolved scenario to what the core is given, and the one way to run it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.core.inputs import (
    UNIT,
    UNLIMITED,
    Class,
    Conditions,
    Inputs,
    Parameters,
)
from returnsim.core.run import Run, joined, numbered, run_block
from returnsim.draws import Draws, calendar_week
from returnsim.errors import UsageError
from returnsim.population import PopulationSpec, composition, make_members, make_population
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories
from returnsim.workers import run_blocks

BLOCK = 16
"""Replicates stepped together, by measurement: more gain little and take more memory."""

FEWEST_HOUSEHOLDS = 20
Progress = Callable[[int, int], None]


class Plan(NamedTuple):
    """All that a run of a scenario needs, for any of its replicates."""

    inputs: Inputs
    spec: PopulationSpec
    arrival_weeks: np.ndarray
    guarantors: tuple[str, ...]
    seed: int


def simulate(
    scenario: Scenario,
    replicates: int = 64,
    seed: int = 1,
    *,
    households: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    events: bool = False,
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
        Processes. More than one needs the caller to be importable, as `multiprocessing` does.
    progress : callable, optional
        Called now and then with replicate-weeks done and to do; what it raises ends the run.
    events : bool
        Whether to keep the date and kind of everything that befell each household's members
        (`returnsim.events.events_frame`).

    Returns
    -------
    Trajectories

    Raises
    ------
    UsageError
        If an argument is out of range or the population's targets cannot be met.
    """
    if replicates < 1:
        raise UsageError(f"replicates: {replicates}: at least 1 is needed")
    plan = plan_run(scenario, seed, households)
    numbers = list(range(replicates))
    blocks = [numbers[i : i + BLOCK] for i in range(0, replicates, BLOCK)]
    total = replicates * scenario.weeks
    runs = run_blocks(
        partial(run_plan, plan, events=events),
        blocks,
        workers,
        progress and (lambda done: progress(done, total)),
    )
    return trajectories_of(scenario, plan, numbers, runs)


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
        households=plan.spec.households + len(plan.arrival_weeks),
        weight=float(plan.inputs.parameters.weight[0]),
        weeks=weeks,
        dates=np.datetime64(scenario.start) + weeks * np.timedelta64(7, "D"),
        columns=columns,
        events=joined(events) if events else None,
        deeds=joined(deeds) if deeds else None,
    )


def plan_run(scenario: Scenario, seed: int, households: int | None = None) -> Plan:
    """Turn a scenario into what the core is given. Arguments and errors as for `simulate`."""
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed: {seed}: must be a whole number from 0 to 2**64 - 1")
    people = scenario.population
    size = people.household_size.value
    full = max(1, round(people.people.value / size))
    if households is not None and households < FEWEST_HOUSEHOLDS:
        raise UsageError(f"households: {households}: at least {FEWEST_HOUSEHOLDS} are needed")
    number = full if households is None else households
    weight = full / number
    levers = weekly_levers(scenario)
    arriving = _per_week(levers.arrivals_people / size, weight)
    arrival_weeks = np.repeat(np.arange(len(arriving)), arriving)
    return Plan(
        inputs=Inputs(
            parameters=_parameters(scenario, weight),
            conditions=conditions_of(scenario, levers, weight),
            first_calendar_week=calendar_week(scenario.start),
            record_from=_record_from(scenario),
        ),
        spec=_population_spec(scenario, number),
        arrival_weeks=arrival_weeks,
        guarantors=scenario.guarantor_names,
        seed=seed,
    )


def members_of(plan: Plan, replicates: list[int]) -> np.ndarray:
    """The households of some replicates as they enter the camp, by class, shape (R, N, K)."""
    households = plan.spec.households + len(plan.arrival_weeks)
    return make_members(plan.spec, households, Draws(plan.seed, replicates))


def plan_of(trajectories: Trajectories) -> Plan:
    """The plan that a run was made by."""
    scenario = trajectories.scenario
    people = scenario.population
    full = max(1, round(people.people.value / people.household_size.value))
    return plan_run(scenario, trajectories.seed, round(full / trajectories.weight))


def check_population(scenario: Scenario, file: Path | None = None) -> None:
    """Make sure that households can be made to the scenario's targets.

    Raises
    ------
    UsageError
        If they cannot, naming the file where it is given.
    """
    try:
        composition(plan_run(scenario, seed=0).spec)
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
    draws = Draws(plan.seed, replicates)
    people = make_population(plan.spec, plan.arrival_weeks, draws)
    run = run_block(
        plan.inputs, people, draws, plan.guarantors, after_week=after_week, events=events
    )
    if run.events is None or run.deeds is None:
        return run
    events_by_number = numbered(run.events, replicates)
    return run._replace(events=events_by_number, deeds=numbered(run.deeds, replicates))


def _record_from(scenario: Scenario) -> int:
    if scenario.record_from is None:
        return 0
    return (scenario.record_from - scenario.start) // timedelta(weeks=1)


def _per_week(rate: np.ndarray, weight: float) -> np.ndarray:
    """Whole numbers a week from a rate: ``floor(C_t) - floor(C_(t-1))``, or UNLIMITED."""
    limited = np.where(np.isinf(rate), 0.0, rate)
    # Sums of tenths fall a hair short of whole numbers.
    cumulated = np.floor(np.cumsum(limited, axis=0) / weight + 1e-9)
    places = np.diff(cumulated, axis=0, prepend=0.0).astype(np.int64)
    return np.where(np.isinf(rate), UNLIMITED, places)


def conditions_of(scenario: Scenario, levers: WeeklyLevers, weight: float) -> Conditions:
    """Turn weekly levers of the real camp into those of the simulated one, as one case.

    Parameters
    ----------
    scenario : Scenario
        For what of its guarantors does not change.
    levers : WeeklyLevers
        In numbers of the real camp.
    weight : float
        People that one simulated person stands for; capacities are divided by it.
    """

    def case(values: np.ndarray) -> np.ndarray:
        return np.asarray(values)[:, None]

    return Conditions(
        severity=case(levers.severity),
        aid=case(levers.aid),
        medical=case(levers.medical),
        corridor_open=case(levers.corridor_open),
        places=case(_per_week(levers.parties_per_week, weight)),
        ban=case(levers.ban),
        threat=case(levers.threat),
        enforced=case(levers.enforced),
        deferral=case(levers.deferral),
        services=case(levers.services),
        transport_cost=case(levers.transport_cost),
        subsidy=case(levers.subsidy),
        onward_open=case(levers.onward_open),
        onward_cost=case(levers.onward_cost),
        reach=case(levers.reach),
        salience=case(levers.salience),
        spill=case(_spill(scenario, levers)),
        active=case(levers.active),
        enforcement=case(levers.enforcement),
        enforcement_after_grace=case(levers.enforcement_after_grace),
        card_protection=case(levers.card_protection),
        files=case(_per_week(levers.files, weight)),
        persuasion=case(levers.persuasion),
        price=case(levers.price),
    )


def _values(section: object, *names: str) -> dict[str, np.ndarray]:
    return {name: np.array([float(getattr(section, name).value)]) for name in names}


def _by_class(section: object) -> np.ndarray:
    return np.array([[float(getattr(section, c.name.lower()).value) for c in Class]])


def _units(value: float | np.ndarray) -> np.ndarray:
    return np.atleast_1d(np.rint(UNIT * np.asarray(value)).astype(np.int64))


def _parameters(scenario: Scenario, weight: float) -> Parameters:
    behaviour, beliefs, custody = scenario.behaviour, scenario.beliefs, scenario.custody
    exposure = _by_class(scenario.hazards.exposure)
    wanted = exposure.copy()
    men = [Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]
    wanted[:, men] *= scenario.hazards.wanted_multiplier.value
    splits = [[c.name.lower() in goers for c in Class] for goers in behaviour.splits.values()]
    kappa0, omega0 = _priors(scenario)
    harm = {
        f"harm_{kind}": _units(getattr(beliefs.harm_weight, kind).value)
        for kind in ("held", "detained", "killed", "conscripted_early")
    }
    ends = ("released", "disappeared", "died")
    shares = [getattr(custody, f"{end}_share").value for end in ends]
    rates = {
        f"detained_{end}_per_week": np.array([share / sum(shares) / custody.mean_weeks.value])
        for end, share in zip(ends, shares, strict=True)
    }
    return Parameters(
        weight=np.array([weight]),
        **_values(
            behaviour,
            *[
                "intercept",
                "hardship",
                "age",
                "attachment",
                "services",
                "norm",
                "reunite",
                "perceived_risk",
            ],
            *["conscription", "cost", "separation", "onward_intercept", "commitment"],
            *["horizon_weeks", "intention_weeks"],
        ),
        options=np.array([[True] * len(Class), *splits]),
        kappa0=kappa0,
        omega0=omega0,
        forgetting=np.array([2.0 ** (-1.0 / beliefs.memory_half_life_weeks.value)]),
        **_values(beliefs, "threat_news_weeks", "passage_weeks", "public_weight"),
        **harm,
        **_values(
            scenario.livelihood,
            *["hardship_speed", "hunger_point", "hunger_width", "relief", "relief_half_weeks"],
            *["medical_hardship", "price_rise", "purchased_share"],
        ),
        exposure=_units(exposure),
        exposure_wanted=_units(wanted),
        **_values(scenario.hazards, "harm_per_week", "killed_share", "conscription_per_week"),
        **_values(scenario.hazards, "births_per_woman", "death_closed_care"),
        death_per_week=_by_class(scenario.hazards.death_per_week),
        hold=_by_class(custody.hold),
        **_values(custody, "held_release_per_week", "held_arrest_per_week"),
        **rates,
        **_values(scenario.passage, "lorry_sharing", "lorry_sharing_parties", "retry_weeks"),
        **_guarantor_terms(scenario),
    )


def _guarantor_terms(scenario: Scenario) -> dict[str, np.ndarray]:
    guarantors = list(scenario.guarantors.values())
    terms = {
        name: np.array([[getattr(g, name).value for g in guarantors]])
        for name in ("settles_wanted", "believed_settles", "persuasion_reach")
    }
    never = float("inf")
    grace = [never if g.grace_weeks is None else g.grace_weeks.value for g in guarantors]
    covers = [
        [g.origins is None or origin in g.origins for origin in scenario.origin_names]
        for g in guarantors
    ]
    return terms | {
        "covers": np.array([covers]),
        "grace_weeks": np.array([grace], dtype=float),
        "refusal": np.array([[g.vetting_refusal.value for g in guarantors]]),
    }


def _priors(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Gamma priors; a guarantor without a record takes the mean of the first that has one."""
    records = [g.track_record for g in scenario.guarantors.values()]
    reference = next(r for r in records if r is not None)
    harms = reference.harms.value + 0.5
    unknown = (1.0, reference.exposure_weeks.value / harms)
    start = [
        unknown if r is None else (r.harms.value + 0.5, r.exposure_weeks.value) for r in records
    ]
    shading = [
        1.0 + scenario.beliefs.neutrality_weight.value * (1.0 - g.neutrality.value)
        for g in scenario.guarantors.values()
    ]
    kappa = [k * shade for (k, _), shade in zip(start, shading, strict=True)]
    return np.array([kappa]), np.array([[w for _, w in start]])


def _spill(scenario: Scenario, levers: WeeklyLevers) -> np.ndarray:
    """How far news of one guarantor counts for another, shape (T, G, G).

    Wholly where the two have been the same in every field up to that week: what will set them apart
    later must not be known before.
    """
    kappa0, omega0 = _priors(scenario)
    fixed = [*_guarantor_terms(scenario).values(), kappa0, omega0]
    weekly = (
        levers.active,
        levers.enforcement,
        levers.enforcement_after_grace,
        levers.card_protection,
        levers.files,
        levers.persuasion,
        levers.price,
    )
    number = len(scenario.guarantors)
    spill = np.full((scenario.weeks, number, number), scenario.beliefs.spillover.value)
    for g in range(number):
        for j in range(number):
            alike = all(np.array_equal(term[0, g], term[0, j]) for term in fixed)
            so_far = np.logical_and.reduce([values[:, g] == values[:, j] for values in weekly])
            spill[np.logical_and.accumulate(so_far) & alike, g, j] = 1.0
    return spill


def _population_spec(scenario: Scenario, households: int) -> PopulationSpec:
    people = scenario.population
    plain = {
        name: float(getattr(people, name).value)
        for name in PopulationSpec._fields
        if name not in {"households", "shares", "origins", "contacts"}
    }
    return PopulationSpec(
        households=households,
        shares=_by_class(people.shares)[0],
        origins=np.array([share.value for share in people.origins.values()]),
        contacts=int(people.contacts.value),
        **plain,
    )
