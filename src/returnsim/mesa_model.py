"""The camp as a Mesa model: the same core, one replicate, week by week."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

try:
    import mesa
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"returnsim.ReturnModel needs {error.name}: install the extra mesa "
        "(in a checkout: pip install -e '.[mesa]')",
        name=error.name,
    ) from None
import numpy as np

from returnsim.assemble import plan_run, whole_number
from returnsim.core.decision import Outlook, outlook
from returnsim.core.inputs import Place, week_of
from returnsim.core.record import column_names, record_week
from returnsim.core.rows import Rows
from returnsim.core.state import NOBODY
from returnsim.core.trust import Beliefs, survival
from returnsim.core.week import open_camp, step
from returnsim.core_numbers import conditions_of
from returnsim.draws import Draws
from returnsim.errors import UsageError
from returnsim.household import Household, arrived
from returnsim.intervention import Guarantors, Hand, Levers
from returnsim.memory import check_memory
from returnsim.population import make_population
from returnsim.posterior_rows import drawn
from returnsim.scenario.files import load_scenario, scenario_from
from returnsim.scenario.levers import WeeklyLevers
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import plain_scenario

USUAL_SEED = 1
AGENT_REPORTERS = (
    *("origin", "status", "in_camp", "guarantor", "age", "hardship", "reserves"),
    *("perceived_risk", "conscription_risk"),
)


class ReturnModel(mesa.Model):  # type: ignore[misc]
    """One replicate of a scenario; each step is one week of the core.

    Stepped to the end it equals that replicate of `returnsim.simulate` bit for bit. Mesa's own
    generators decide nothing in it, so that whatever else is drawn from them changes no week.

    Parameters
    ----------
    scenario : str, Path or Scenario
        A scenario file, or what `returnsim.load_scenario` gave.
    rng : int, optional
        The seed, from 0 to 2**64 - 1. None, which Mesa passes where nothing was asked for, is the
        usual one, 1: the same call always gives the same weeks.
    replicate : int
        Which replicate, from 0: what to vary for another course of luck.
    households : int, optional
        Simulate so many in place of the full camp, each standing for several.
    collect_agents : int
        How many of the households there at the start to report one by one, evenly spread over
        them; the columns of the week are collected in any case.
    **kwargs
        Values of the scenario to change, by path with two underscores for a dot, as in
        ``levers__siege__severity=0``.

    Attributes
    ----------
    t : int
        The week to come, from 0; the number of weeks lived.
    week : dict of str to float
        The columns of the last week, as in ``weekly.parquet``; empty before the first.
    camp : Camp
        The core's arrays, in which all state is.
    households : list of Household
        Those who are or were in the camp, by row.
    given : Scenario
        The scenario with its changes, and with the replicate's row of its posterior in their
        places. (Mesa has a use of its own for ``scenario``.)
    running : bool
        False once the scenario is over, or the camp is empty and nobody is yet to come.

    Raises
    ------
    UsageError
        If the scenario or an argument is wrong.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario | None = None,
        *,
        rng: int | None = None,
        replicate: int = 0,
        households: int | None = None,
        collect_agents: int = 0,
        **kwargs: Any,
    ) -> None:
        seed = USUAL_SEED if rng is None else whole_number("rng", rng)
        self._admitting = False
        super().__init__(rng=seed)
        self.replicate = whole_number("replicate", replicate)
        self.given = drawn(_scenario(scenario, kwargs), seed, self.replicate)
        plan = plan_run(self.given, seed, households)
        check_memory(plan.all_households, 1, 1, self.given.weeks)
        draws = Draws(seed, [self.replicate])
        people = make_population(plan.spec, plan.arrival_weeks, draws)
        self.camp = open_camp(plan.inputs, people, draws)
        self.t = 0
        self.week: dict[str, float] = {}
        self.origin_names = self.given.origin_names
        self.guarantor_names = plan.guarantors
        self._outlook: Outlook | None = None
        self._hand = Hand(self.given, lambda: self.t, self._take_levers)
        self._levers, self._guarantors = self._hand.levers(), self._hand.guarantors()
        self.households: list[Household] = []
        self._admit()
        self._last_arrival = int(people.arrival_week.max(initial=-1))
        self.datacollector = _collector(self, whole_number("collect_agents", collect_agents))

    def step(self) -> None:
        """Live through the week to come.

        It can be done to the end of the scenario, also when the camp is empty before: those who
        went home live on.

        Raises
        ------
        UsageError
            If the scenario is over.
        """
        if self.t >= self.given.weeks:
            self.steps = self.t
            raise UsageError(f"the {self.given.weeks} weeks of the scenario are over")
        self._outlook = None
        happened = step(self.camp, self.t)
        columns = record_week(self.camp, happened, self.t, self.guarantor_names)
        self.week = {name: float(values[0]) for name, values in columns.items()}
        self.t += 1
        self._admit()
        empty = not self.camp.state.stock[0, Place.CAMP].any() and self.t > self._last_arrival
        self.running = self.t < self.given.weeks and not empty
        self.datacollector.collect(self)

    @property
    def date(self) -> date:
        """First day of the week to come."""
        return self.given.start + timedelta(weeks=self.t)

    @property
    def levers(self) -> Levers:
        """The levers as of the week to come, by the names of the file; set, they hold from then.

        ``model.levers.siege.severity = 0.2``; numbers are those of the real camp, a limit of None
        is no limit. Danger and conditions at home are numbers or, by origin, mappings.
        """
        return self._levers

    @property
    def guarantors(self) -> Guarantors:
        """The guarantors by name, with what may change of them over time.

        ``model.guarantors["russia"].enforcement = 0.5``; also ``enforcement_after_grace``,
        ``card_protection``, ``persuasion``, ``price_per_person``, ``active`` and
        ``capacity_files_per_week``.
        """
        return self._guarantors

    def outlook(self) -> Outlook:
        """How each row sees going home now, with the levers of the week to come.

        Returns
        -------
        Outlook
            Over all rows; NaN, and nobody as guarantor, for those not in the camp.
        """
        if self._outlook is None:
            self._outlook = self._look_ahead()
        return self._outlook

    def touched(self) -> None:
        """Take note that somebody changed a state by hand: what was seen before is no longer so."""
        self._outlook = None

    @property
    def scenario(self) -> None:
        """Mesa's own scenarios, of which this model makes no use; see `given`.

        Where there is one, Mesa's visualisation hands it to the constructor in place of ours.
        """
        return None

    @scenario.setter
    def scenario(self, _: object) -> None:
        """Do without the empty one that Mesa makes."""

    def register_agent(self, agent: mesa.Agent) -> None:
        """Take in a household that arrives.

        Raises
        ------
        UsageError
            If it does not come with the scenario.
        """
        if not self._admitting:
            raise UsageError(
                "agents cannot be added from outside: households come with the population and "
                "the arrivals of the scenario"
            )
        super().register_agent(agent)

    def deregister_agent(self, agent: mesa.Agent) -> None:  # noqa: ARG002
        """Refuse: households stay in the model wherever their members go.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError("households cannot be removed: they stay, wherever their members go")

    def _admit(self) -> None:
        """Create the agents of those who have arrived since."""
        self._admitting = True
        rows = range(len(self.households), arrived(self.camp, self.t))
        self.households.extend(Household(self, row) for row in rows)
        self._admitting = False

    def _take_levers(self, weekly: WeeklyLevers) -> None:
        inputs = self.camp.inputs
        weight = float(inputs.parameters.weight[0])
        inputs = inputs._replace(conditions=conditions_of(self.given, weekly, weight))
        self.camp = self.camp._replace(inputs=inputs)
        self._outlook = None

    def _look_ahead(self) -> Outlook:
        inputs, people, state, _ = self.camp
        p = inputs.parameters
        rows = Rows(np.flatnonzero(state.camp_size > 0), people.members.shape[1])
        kappa, omega = state.kappa[:, rows.index], state.omega[:, rows.index]
        beliefs = Beliefs(kappa, omega, np.asarray(survival(kappa, omega, p.horizon_weeks[0])))
        week = week_of(inputs.conditions, min(self.t, self.given.weeks - 1))
        seen = outlook(rows, state, people, beliefs, week, p, self.t)
        size = len(state.camp_size)

        def everywhere(values: np.ndarray, absent: float) -> np.ndarray:
            spread = np.full(size, absent, dtype=values.dtype)
            spread[rows.index] = values
            return spread

        return Outlook(
            everywhere(seen.guarantor, NOBODY),
            type(seen.risks)(*(everywhere(values, np.nan) for values in seen.risks)),
            {name: everywhere(values, np.nan) for name, values in seen.terms.items()},
        )


class _SampleCollector(mesa.DataCollector):  # type: ignore[misc]
    """Reports some households only; walking over all of them would take longer than the week."""

    def __init__(self, sample: Iterable[Household], **reporters: Any) -> None:
        super().__init__(**reporters)
        self._sample = SimpleNamespace(agents=list(sample))

    def _record_agents(self, model: object) -> Any:  # noqa: ARG002
        return super()._record_agents(self._sample)


def _collector(model: ReturnModel, number: int) -> mesa.DataCollector:
    there = len(model.households)
    chosen = np.linspace(0, there, min(number, there), endpoint=False).astype(int)
    return _SampleCollector(
        [model.households[row] for row in chosen],
        model_reporters={
            name: partial(_of_the_week, name=name) for name in column_names(model.guarantor_names)
        },
        agent_reporters={name: name for name in AGENT_REPORTERS} if number else None,
    )


def _of_the_week(model: ReturnModel, name: str) -> float:
    return model.week[name]


def _scenario(scenario: str | Path | Scenario | None, changes: dict[str, Any]) -> Scenario:
    if scenario is None:
        raise UsageError(
            "scenario: name a scenario file; to SolaraViz, in model_params={'scenario': ...}"
        )
    if not isinstance(scenario, str | Path | Scenario):
        raise UsageError(f"scenario: {scenario!r}: must be a scenario file, or a scenario read")
    if "seed" in changes:
        raise UsageError("seed: give the seed as rng")
    overrides = {
        path.replace("__", "."): value.item() if isinstance(value, np.generic) else value
        for path, value in changes.items()
    }
    if not isinstance(scenario, Scenario):
        return load_scenario(scenario, overrides)
    if not overrides:
        return scenario
    return scenario_from(plain_scenario(scenario), scenario.name, overrides)
