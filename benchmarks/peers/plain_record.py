"""Step 10 of ``docs/model.md``: one week of the plain Mesa model, in people of the real camp."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import Class, Place

if TYPE_CHECKING:
    from .plain_mesa import PlainModel


HUNGER = 0.5


class Flows:
    """What happened in one week, counted in the simulated camp.

    Parameters
    ----------
    guarantors : int
        How many there are.
    """

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

    def columns(self) -> dict[str, int]:
        """The flows by the name of their column."""
        return {
            "arrivals": self.arrivals,
            "births": self.births,
            "died_in_camp": self.died_in_camp,
            "onward": self.onward,
            "registered": self.registered,
            "withdrawn": self.withdrawn,
            "refused": self.refused,
            "departures": sum(self.departures),
            **{f"departures_{kind.name.lower()}": self.departures[kind] for kind in Class},
            **{f"departures_{g}": people for g, people in enumerate(self.departures_with)},
            "departing_parties": self.parties,
            "departing_households": self.parties_of_several,
            "departing_households_split": self.parties_split,
            "departing_single_men": self.parties_single_men,
            "newly_held": self.newly_held,
            "held_released": self.held_released,
            "detained": self.detained,
            "released": self.released,
            "disappeared": self.disappeared,
            "conscripted": self.conscripted,
            "killed": self.killed,
        }


def week_of(model: "PlainModel") -> dict[str, float]:
    """All columns of the week that ends, by name.

    Parameters
    ----------
    model : PlainModel
        After its step 9.

    Returns
    -------
    dict of str to float
        Counts in people of the real camp, and means over the households in camp, NaN where there
        are none.
    """
    weight = model.parameters.weight
    counts = stocks(model) | model.flows.columns()
    return {name: count * weight for name, count in counts.items()} | means(model)


def stocks(model: "PlainModel") -> dict[str, float]:
    """People in each place, households that wait, and those in want, at the end of the week."""
    in_place = [0] * len(Place)
    camp = [0] * len(Class)
    staying = model.in_camp()
    for members in model.agents.get("members"):
        for place, there in enumerate(members):
            in_place[place] += sum(there)
        for kind, people in enumerate(members[Place.CAMP]):
            camp[kind] += people
    return {
        "camp_population": in_place[Place.CAMP],
        **{f"camp_{kind.name.lower()}": camp[kind] for kind in Class},
        "at_home": in_place[Place.HOME_0] + in_place[Place.HOME_1],
        "held": in_place[Place.HELD_0] + in_place[Place.HELD_1],
        "in_custody": in_place[Place.DETAINED_0] + in_place[Place.DETAINED_1],
        "disappeared_to_date": in_place[Place.DISAPPEARED],
        "conscripted_to_date": in_place[Place.CONSCRIPTED],
        "killed_to_date": in_place[Place.KILLED],
        "died_in_camp_to_date": in_place[Place.DIED],
        "onward_to_date": in_place[Place.ONWARD],
        "waiting": model.agents.agg("registered", sum),
        "hungry": sum(sum(h.members[Place.CAMP]) for h in staying if h.hardship >= HUNGER),
        "without_care": sum(staying.get("vulnerable")) * (1.0 - model.now.medical),
    }


def means(model: "PlainModel") -> dict[str, float]:
    """Averages over the households in camp, NaN where there are none."""
    in_camp = model.in_camp()
    with_men = in_camp.select(lambda h: h.members[Place.CAMP][Class.MEN_CONSCRIPTION_AGE] > 0)
    week = {
        "hardship": in_camp.agg("hardship", mean),
        "reserves": in_camp.agg("reserves", mean),
        "perceived_threat": mean([model.perceived[origin] for origin in in_camp.get("origin")]),
        "price_index": model.price_index() if len(in_camp) else math.nan,
        "intention_share": mean(model.flows.intentions),
    }
    trust, trust_of_men = in_camp.get("trust"), with_men.get("trust")
    for g in range(model.guarantors):
        week[f"trust_{g}"] = mean([by_guarantor[g] for by_guarantor in trust])
        week[f"trust_{g}_men_conscription_age"] = mean([tau[g] for tau in trust_of_men])
    return week


def mean(values: list[float]) -> float:
    """The sum divided by the number, NaN where there is nothing."""
    return sum(values) / len(values) if values else math.nan
