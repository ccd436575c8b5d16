"""A made-up camp in which everything that is weighed differs, and its households at a choice."""

from functools import cache

from returnsim.analysis.moments import Moment, moment_in
from returnsim.assemble import plan_run
from returnsim.scenario.files import scenario_from
from returnsim.scenario.schema import Scenario
from tests.agents.camp import CAMP

SEED = 3
MADE = CAMP | {
    "levers": CAMP["levers"]
    | {
        "exit_ban": [
            {"from": "2021-01-04", "members": []},
            {"from": "2021-02-01", "until": "2021-02-22", "members": ["men_conscription_age"]},
        ],
        "onward": {"open": True, "cost_weeks_of_subsistence": 5},
        "corridor": {"parties_per_week": 2},
    },
    "guarantors": {
        "state": CAMP["guarantors"]["state"] | {"price_per_person": 0.5},
        "elders": CAMP["guarantors"]["elders"] | {"active": ["2021-01-18", "2021-03-08"]},
    },
    "behaviour": {"intercept": -1, "onward_intercept": -4, "separation": 2, "perceived_risk": 3},
}
WEEKS = range(CAMP["weeks"])
BANNED = 5


def made(**changes: object) -> Scenario:
    return scenario_from(MADE, "made", {k.replace("__", "."): v for k, v in changes.items()})


@cache
def moment(t: int = 3, replicates: int = 2, households: int = 60) -> Moment:
    return moment_in(plan_run(made(), SEED, households), replicates, t)
