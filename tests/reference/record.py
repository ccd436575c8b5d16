"""Step 10 of ``docs/model.md``: one week of one replicate, in people of the real camp."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import Class, Place

from .household import DETAINED, HELD, HOME, Household, parts, trust

if TYPE_CHECKING:
    from .twin import Twin


class Flows:
    """What happened in one week, counted in the simulated camp."""

    def __init__(self, guarantors: int) -> None:
        self.arrivals = 0
        self.births = 0
        self.died_in_camp = 0
        self.onward = 0
        self.registered = 0
        self.withdrawn = 0
        self.refused = 0
        self.departures = [0] * len(Class)
        self.departures_with = [0] * guarantors
        self.parties = 0
        self.parties_of_several = 0
        self.parties_split = 0
        self.parties_single_men = 0
        self.newly_held = 0
        self.held_released = 0
        self.detained = 0
        self.released = 0
        self.disappeared = 0
        self.conscripted = 0
        self.killed = 0
        self.intentions: list[float] = []

    def depart(self, goers: list[int], g: int, somebody_stays: bool) -> None:
        """Count a party that leaves for home."""
        people = sum(goers)
        self.departures = [a + b for a, b in zip(self.departures, goers, strict=True)]
        self.departures_with[g] += people
        self.parties += 1
        self.parties_of_several += people >= 2
        self.parties_split += people >= 2 and somebody_stays
        self.parties_single_men += people == 1 and goers[Class.MEN_CONSCRIPTION_AGE] == 1


def step_10_record(twin: "Twin") -> None:
    if twin.t >= twin.inputs.record_from:
        for name, value in columns(twin).items():
            twin.columns.setdefault(name, []).append(value)
    twin.parties_last_week = twin.flows.parties
    for household in twin.households:
        household.harm_last, household.harm_made = household.harm_made, [0] * twin.guarantors
        household.passage_last = household.passage_made
        household.passage_made = [0] * twin.guarantors
        household.safe = [0] * twin.guarantors
        for party in (0, 1):
            at_home = sum(parts(twin.parameters, household, party, HOME[party]))
            if at_home:
                household.safe[household.party_guarantor[party]] += at_home
        nobody_left = household.arrived and not household.in_camp
        household.moving = household.registered or nobody_left


def columns(twin: "Twin") -> dict[str, float]:
    """All columns of the week that ends."""
    weight = twin.parameters.weight
    counts = stocks(twin) | flows(twin.flows)
    return {name: count * weight for name, count in counts.items()} | means(twin)


def stocks(twin: "Twin") -> dict[str, int]:
    """People in each place and households that wait, at the end of the week."""
    households = twin.households

    def people(*places: Place) -> int:
        return sum(household.count(*places) for household in households)

    camp = {
        f"camp_{kind.name.lower()}": sum(h.members[Place.CAMP][kind] for h in households)
        for kind in Class
    }
    return {
        "camp_population": people(Place.CAMP),
        **camp,
        "at_home": people(*HOME),
        "held": people(*HELD),
        "in_custody": people(*DETAINED),
        "disappeared_to_date": people(Place.DISAPPEARED),
        "conscripted_to_date": people(Place.CONSCRIPTED),
        "killed_to_date": people(Place.KILLED),
        "died_in_camp_to_date": people(Place.DIED),
        "onward_to_date": people(Place.ONWARD),
        "waiting": sum(household.registered for household in households),
    }


def flows(week: Flows) -> dict[str, int]:
    """What happened in the week."""
    return {
        "arrivals": week.arrivals,
        "births": week.births,
        "died_in_camp": week.died_in_camp,
        "onward": week.onward,
        "registered": week.registered,
        "withdrawn": week.withdrawn,
        "refused": week.refused,
        "departures": sum(week.departures),
        **{f"departures_{kind.name.lower()}": week.departures[kind] for kind in Class},
        **{f"departures_{g}": people for g, people in enumerate(week.departures_with)},
        "departing_parties": week.parties,
        "departing_households": week.parties_of_several,
        "departing_households_split": week.parties_split,
        "departing_single_men": week.parties_single_men,
        "newly_held": week.newly_held,
        "held_released": week.held_released,
        "detained": week.detained,
        "released": week.released,
        "disappeared": week.disappeared,
        "conscripted": week.conscripted,
        "killed": week.killed,
    }


def means(twin: "Twin") -> dict[str, float]:
    """Averages over the households in camp, NaN where there are none."""
    par = twin.parameters
    in_camp = [household for household in twin.households if household.in_camp]
    with_men = [h for h in in_camp if h.members[Place.CAMP][Class.MEN_CONSCRIPTION_AGE] > 0]

    def tau(household: Household, g: int) -> float:
        return trust(household.kappa[g], household.omega[g], par.horizon_weeks)

    price = 1 + par.price_rise * twin.now.severity
    week = {
        "hardship": mean([household.hardship for household in in_camp]),
        "reserves": mean([household.reserves for household in in_camp]),
        "perceived_threat": mean([twin.perceived[household.origin] for household in in_camp]),
        "price_index": price if in_camp else math.nan,
        "intention_share": mean(twin.flows.intentions),
    }
    for g in range(twin.guarantors):
        week[f"trust_{g}"] = mean([tau(household, g) for household in in_camp])
        week[f"trust_{g}_men_conscription_age"] = mean([tau(h, g) for h in with_men])
    return week


def mean(values: list[float]) -> float:
    """Sum in the order of the households, divided by their number."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values) if values else math.nan
