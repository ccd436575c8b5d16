"""The model a second time, as a plain Mesa model: one object a household, one after the other.

Written from ``docs/model.md`` alone, to be read beside that page; the comments carry the numbers of
its steps. It shares with the core only the shape of what it is given and the draws, so that the two
can be held equal household by household. No step relies on the generators that Mesa offers: the
order of the agents never matters and every draw belongs to its household.
"""

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import mesa

from returnsim.core.inputs import Inputs, Population
from returnsim.draws import Draws, Weekly

from .plain_household import PlainHousehold
from .plain_news import News
from .plain_record import Flows, week_of

if TYPE_CHECKING:
    from mesa.agent import AgentSet

__all__ = ["PlainHousehold", "PlainModel"]

SHARED_BY_CASES = {"options"}
NOT_OF_ONE_HOUSEHOLD = {"arrival_week", "contact_start", "contact_rows"}


class PlainModel(mesa.Model):  # type: ignore[misc]
    """One replicate of one case, week by week.

    Parameters
    ----------
    inputs : Inputs
        Of one case, or of as many as the population has rows.
    population : Population
        The households of some replicates.
    seed : int
        With the replicate's number it fixes every draw.
    replicate : int
        The number of the replicate, for its draws.
    row : int, default 0
        The row of this replicate in the population.

    Attributes
    ----------
    t : int
        The week to come, from 0.
    households : list of PlainHousehold
        In the order of their numbers.
    flows : Flows
        What happened in the week just simulated.
    """

    def __init__(
        self, inputs: Inputs, population: Population, seed: int, replicate: int, row: int = 0
    ) -> None:
        super().__init__(rng=seed)
        self.inputs = inputs
        self.case = row if len(inputs.parameters.weight) == len(population.members) else 0
        self.parameters = SimpleNamespace(
            **{
                name: (field if name in SHARED_BY_CASES else field[self.case]).tolist()
                for name, field in inputs.parameters._asdict().items()
            }
        )
        self.draws = Draws(seed, [replicate])
        self.weeks = len(inputs.conditions.severity)
        self.guarantors = len(self.parameters.kappa0)
        self.t = 0
        self.now = self.conditions(0)
        self.perceived: list[float] = list(self.now.threat)
        self.parties_last_week = 0
        self.flows = Flows(self.guarantors)
        self.settle(population, row)
        self.week = week_of(self)
        self.datacollector = mesa.DataCollector(
            model_reporters={name: partial(of_the_week, name=name) for name in self.week}
        )

    def settle(self, population: Population, row: int) -> None:
        """Create the households, introduce them to their contacts and let the first ones in."""
        households = len(population.arrival_week)
        traits = {
            name: field[row].tolist()
            for name, field in population._asdict().items()
            if name not in NOT_OF_ONE_HOUSEHOLD
        }
        traits["arrival_week"] = population.arrival_week.tolist()
        PlainHousehold.create_agents(
            self,
            households,
            number=list(range(households)),
            traits=[
                dict(zip(traits, values, strict=True))
                for values in zip(*traits.values(), strict=True)
            ],
        )
        self.households: list[PlainHousehold] = list(self.agents)
        first = row * households
        for household in self.households:
            line = first + household.number
            start, end = population.contact_start[line : line + 2]
            known = population.contact_rows[start:end].tolist()
            household.contacts = [self.households[contact - first] for contact in known]
        self.agents.select(lambda household: household.arrival_week < 0).do("enter")

    @property
    def columns(self) -> dict[str, list[float]]:
        """The recorded weeks by the name of the column."""
        recorded: dict[str, list[float]] = self.datacollector.model_vars
        return recorded

    def conditions(self, week: int) -> SimpleNamespace:
        """Return the levers of one week."""
        levers = self.inputs.conditions._asdict().items()
        return SimpleNamespace(**{name: field[week, self.case].tolist() for name, field in levers})

    def draw(self, process: Weekly) -> list[float]:
        """One uniform a household."""
        week = self.inputs.first_calendar_week + self.t
        drawn: list[float] = self.draws.weekly(process, week, len(self.households))[0].tolist()
        return drawn

    def in_camp(self) -> "AgentSet":
        """The households with at least one member in the camp."""
        return self.agents.select(lambda household: household.in_camp)

    def gone(self) -> "AgentSet":
        """The households of whom a party has gone home."""
        return self.agents.select(lambda household: household.parties)

    def price_index(self) -> float:
        """What a week's subsistence costs, 1 without a siege."""
        return float(1 + self.parameters.price_rise * self.now.severity)

    def lorry_fare(self) -> float:
        """What the journey costs a household this week, without a guarantor's fee."""
        par, now = self.parameters, self.now
        parties = self.parties_last_week * par.weight
        sharing = parties / (parties + par.lorry_sharing_parties) if parties > 0 else 0.0
        return float(now.transport_cost * (1 - par.lorry_sharing * sharing) * (1 - now.subsidy))

    def run(self) -> dict[str, list[float]]:
        """Simulate every week that is left and give back those recorded."""
        self.run_model()
        return self.columns

    def step(self) -> None:
        """One week: the numbered list of section 2.

        Raises
        ------
        RuntimeError
            If all weeks have been simulated.
        """
        if self.t >= self.weeks:
            raise RuntimeError(f"all {self.weeks} weeks have been simulated")
        self.now = self.conditions(self.t)
        self.flows = Flows(self.guarantors)
        self.perceive_threat()  # 1
        self.agents.select(lambda household: household.arrival_week == self.t).do("arrive")  # 2
        self.in_camp().do("endure")  # 3
        self.agents.do("live", self.draw(Weekly.CAMP_LIFE))  # 4
        in_camp = self.in_camp()
        in_camp.do("hear", News(self.gone(), self.guarantors))  # 5
        in_camp.do("choose", self.draw(Weekly.CHOICE))  # 6
        self.gone().do("bear_custody", self.draw(Weekly.CUSTODY))  # 7
        self.open_passage()  # 8
        self.gone().do("live_at_home", self.draw(Weekly.HOME_0), self.draw(Weekly.HOME_1))  # 9
        self.record()  # 10
        self.t += 1
        self.running = self.t < self.weeks

    def perceive_threat(self) -> None:
        """Step 1: where news reaches, what is thought of the danger at home follows what it is."""
        for origin, threat in enumerate(self.now.threat):
            behind = self.now.reach * (threat - self.perceived[origin])
            self.perceived[origin] += behind / self.parameters.threat_news_weeks

    def open_passage(self) -> None:
        """Step 8: files are processed and those leave who can, both in the order of the queue."""
        queue = self.agents.select(lambda household: household.registered)
        queue.sort("place_in_queue", ascending=True, inplace=True)
        for g in range(self.guarantors):
            if self.now.active[g]:
                waiting = queue.select(
                    lambda household, g=g: household.guarantor == g and not household.cleared,
                    at_most=self.now.files[g],
                )
                waiting.do("undergo_vetting")
        if self.now.corridor_open:
            places = self.now.places
            for household in queue:
                if places == 0:
                    break
                if household.can_leave():
                    household.leave()
                    places -= 1

    def record(self) -> None:
        """Step 10: write the week down and pass its news on to the next."""
        if self.t >= self.inputs.record_from:
            self.week = week_of(self)
            self.datacollector.collect(self)
        self.parties_last_week = self.flows.parties
        self.agents.do("end_week")


def of_the_week(model: PlainModel, name: str) -> float:
    """One column of the week just simulated."""
    return model.week[name]
