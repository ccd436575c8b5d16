"""One household of the twin and what can be said of it alone (``docs/model.md``, section 1)."""

import math
from types import SimpleNamespace

from returnsim.core.inputs import UNIT, Class, Place, Population

CLASSES = len(Class)
NOBODY = -1
HOME = (Place.HOME_0, Place.HOME_1)
HELD = (Place.HELD_0, Place.HELD_1)
DETAINED = (Place.DETAINED_0, Place.DETAINED_1)


class Household:
    """The agent: its fixed traits, its lots and its changing state.

    ``option`` is 0 while not registered, 1 for whole and 2 onwards for the splits; ``guarantor``
    and ``registered_week`` are -1 while not registered, and so are the two of a party not gone.
    """

    def __init__(self, population: Population, row: int, number: int, guarantors: int) -> None:
        def of(field: str) -> float:
            return float(getattr(population, field)[row, number])

        self.number = number
        self.arrival_week = int(population.arrival_week[number])
        self.family = [int(count) for count in population.members[row, number]]
        self.origin = int(of("origin"))
        self.head_age = of("head_age")
        self.wanted = bool(of("wanted"))
        self.vulnerable = bool(of("vulnerable"))
        self.attachment = of("attachment")
        self.income = of("income")
        self.remittance = of("remittance")
        self.goods = of("goods")
        self.queue_lot = of("queue_lot")
        self.ban_lot = of("ban_lot")
        self.persuasion_lot = of("persuasion_lot")
        self.vetting_lot = of("vetting_lot")
        self.settling_lot = of("settling_lot")
        self.checkpoint_lots = [float(lot) for lot in population.checkpoint_lots[row, number]]
        households = len(population.arrival_week)
        line = row * households + number
        start, end = int(population.contact_start[line]), int(population.contact_start[line + 1])
        self.contacts = [
            int(contact) - row * households for contact in population.contact_rows[start:end]
        ]

        self.arrived = False
        self.members = [[0] * CLASSES for _ in Place]
        self.hardship = 0.0
        self.reserves = of("reserves")
        self.kappa = [0.0] * guarantors
        self.omega = [0.0] * guarantors
        self.option = 0
        self.guarantor = NOBODY
        self.registered_week = NOBODY
        self.cleared = False
        self.refusals = 0
        self.closed_until = [0.0] * guarantors
        self.party_guarantor = [NOBODY, NOBODY]
        self.party_week = [NOBODY, NOBODY]
        self.party_settled = [False, False]

        # News by guarantor: harm and passage of this week and of the last one, and safety at home.
        self.harm_made, self.harm_last = [0] * guarantors, [0] * guarantors
        self.passage_made, self.passage_last = [0] * guarantors, [0] * guarantors
        self.safe = [0] * guarantors
        self.moving = False

    def count(self, *places: Place) -> int:
        """How many members are in some places."""
        return sum(sum(self.members[place]) for place in places)

    @property
    def in_camp(self) -> bool:
        """At least one member is in the camp."""
        return self.count(Place.CAMP) > 0

    @property
    def registered(self) -> bool:
        """The household waits to go home."""
        return self.option > 0

    def move(self, source: Place, target: Place, kind: int, people: int = 1) -> None:
        """Bring some members of one class from a place to another."""
        self.members[source][kind] -= people
        self.members[target][kind] += people

    def goers(self, classes: list[bool]) -> list[int]:
        """Members in camp, by class, who go when some classes go."""
        camp = self.members[Place.CAMP]
        return [n if goes else 0 for n, goes in zip(camp, classes, strict=True)]

    def end_registration(self) -> None:
        """Leave the queue, for whatever reason."""
        self.option = 0
        self.guarantor = NOBODY
        self.registered_week = NOBODY
        self.cleared = False


def exposure(counts: list[int], part: list[int]) -> int:
    """``sum_c n_c m_c``, in 1/1024 of a man of conscription age."""
    return sum(n * m for n, m in zip(counts, part, strict=True))


def exposure_of(parameters: SimpleNamespace, wanted: bool) -> list[int]:
    """``m_c`` of every class, in 1/1024: as wanted, or as not wanted or settled."""
    part: list[int] = parameters.exposure_wanted if wanted else parameters.exposure
    return part


def parts(parameters: SimpleNamespace, household: Household, party: int, place: Place) -> list[int]:
    """Exposure by class, in 1/1024, of those of a party who are in one place."""
    unsettled = household.wanted and not household.party_settled[party]
    part = exposure_of(parameters, unsettled)
    return [n * m for n, m in zip(household.members[place], part, strict=True)]


def in_units(whole: int) -> float:
    """An integer of exposure or of harm as the number the formulas use."""
    return whole / UNIT


def trust(kappa: float, omega: float, weeks: float) -> float:
    """The chance that one man of conscription age stays unharmed for some weeks at threat 1."""
    return math.pow(omega / (omega + weeks), kappa)
