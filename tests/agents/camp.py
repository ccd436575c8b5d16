"""A made-up camp, and ways to step it in tests."""

from pathlib import Path

import numpy as np

from returnsim import ReturnModel, scenario_from
from returnsim.household import Household
from returnsim.scenario.schema import Scenario

ROOT = Path(__file__).parents[2]
RUKBAN = ROOT / "scenarios" / "rukban" / "2019-2025.yaml"
WEEKS = 12
CHANGE = 5

CAMP = {
    "title": "A made-up camp",
    "start": "2021-01-04",
    "weeks": WEEKS,
    "population": {
        "people": 400,
        "origins": {"north": 0.5, "south": 0.5},
        "reserves_weeks": 4,
    },
    "guarantors": {
        "state": {
            "track_record": {"harms": 3, "exposure_weeks": 150},
            "enforcement": 0.2,
            "grace_weeks": 3,
            "capacity_files_per_week": 40,
        },
        "elders": {"neutrality": 0.8, "origins": ["north"], "vetting_refusal": 0.2},
    },
    "levers": {
        "siege": {"severity": 0.6},
        "aid": {"coverage": 0.1},
        "medical": {"access": 0.5},
        "corridor": {"open": True, "parties_per_week": 7},
        "conscription": {"enforced": 1, "deferral_weeks": 6},
        "threat": {"level": 1.5},
        "transport": {"cost_weeks_of_subsistence": 3, "subsidy": 0.1},
        "arrivals": [
            {"from": "2021-01-04", "people_per_week": 0},
            {"from": "2021-01-25", "until": "2021-02-08", "people_per_week": 40},
        ],
    },
    "behaviour": {"intercept": 0.5},
    "hazards": {"harm_per_week": 0.02},
}


SMALL = scenario_from(CAMP, "camp")


def camp(**changes: object) -> Scenario:
    return scenario_from(CAMP, "camp", {k.replace("__", "."): v for k, v in changes.items()})


def stepped(weeks: int, **kwargs: object) -> ReturnModel:
    model = ReturnModel(camp(), **kwargs)
    for _ in range(weeks):
        model.step()
    return model


def columns(model: ReturnModel) -> dict[str, np.ndarray]:
    """All weeks to the end of the scenario."""
    while model.t < model.given.weeks:
        model.step()
    return {name: np.array(v) for name, v in model.datacollector.model_vars.items()}


def first(model: ReturnModel, status: str) -> Household:
    return next(h for h in model.households if h.status == status)
