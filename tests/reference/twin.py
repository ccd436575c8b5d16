"""The model a second time: slow, plain, one household after the other.

Written from ``docs/model.md`` alone and without a look at the core, to be read beside that page:
the functions carry the numbers of its steps. It shares with the core only the shape of what it is
given and the draws.
"""

from types import SimpleNamespace

from returnsim.core.inputs import Inputs, Population
from returnsim.draws import Draws, Weekly

from .away import step_7_custody, step_8_passage, step_9_at_home
from .camp import (
    enter,
    step_1_conditions,
    step_2_arrivals,
    step_3_hardship,
    step_4_camp_life,
    step_5_news,
)
from .choice import step_6_choice
from .household import Household
from .record import Flows, step_10_record

STAYS_THE_SAME = {"options"}


class Twin:
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
    row : int
        The row of this replicate in the population.
    """

    def __init__(
        self, inputs: Inputs, population: Population, seed: int, replicate: int, row: int
    ) -> None:
        cases, rows = len(inputs.parameters.weight), len(population.members)
        self.case = row if cases == rows else 0
        self.inputs = inputs
        self.parameters = SimpleNamespace(
            **{
                name: (field if name in STAYS_THE_SAME else field[self.case]).tolist()
                for name, field in inputs.parameters._asdict().items()
            }
        )
        self.draws = Draws(seed, [replicate])
        self.weeks = len(inputs.conditions.severity)
        self.guarantors = len(self.parameters.kappa0)
        self.households = [
            Household(population, row, n, self.guarantors)
            for n in range(len(population.arrival_week))
        ]
        self.t = 0
        self.now = self.conditions(0)
        self.perceived = list(self.now.threat)
        self.parties_last_week = 0
        self.columns: dict[str, list[float]] = {}
        for household in self.households:
            household.kappa = list(self.parameters.kappa0)
            household.omega = list(self.parameters.omega0)
            if household.arrival_week < 0:
                enter(self, household)

    def conditions(self, week: int) -> SimpleNamespace:
        """Return the levers of one week."""
        fields = self.inputs.conditions._asdict().items()
        return SimpleNamespace(**{name: field[week, self.case].tolist() for name, field in fields})

    def draw(self, process: Weekly) -> list[float]:
        """One uniform a household."""
        week = self.inputs.first_calendar_week + self.t
        drawn: list[float] = self.draws.weekly(process, week, len(self.households))[0].tolist()
        return drawn

    def run(self) -> dict[str, list[float]]:
        """Simulate every week and give back those recorded."""
        while self.t < self.weeks:
            self.step()
        return self.columns

    def step(self) -> None:
        """One week: the numbered list of section 2."""
        self.now = self.conditions(self.t)
        self.flows = Flows(self.guarantors)
        step_1_conditions(self)
        step_2_arrivals(self)
        step_3_hardship(self)
        step_4_camp_life(self)
        step_5_news(self)
        step_6_choice(self)
        step_7_custody(self)
        step_8_passage(self)
        step_9_at_home(self)
        step_10_record(self)
        self.t += 1
