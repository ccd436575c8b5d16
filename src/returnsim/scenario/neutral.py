"""A scenario without one of its levers: the other half of a pair."""

from collections.abc import Mapping

from returnsim.errors import UsageError
from returnsim.scenario.choices import choice
from returnsim.scenario.lever_types import (
    Aid,
    Arrivals,
    Conscription,
    Corridor,
    ExitBan,
    Medical,
    News,
    Onward,
    Services,
    Siege,
    Threat,
    Transport,
)
from returnsim.scenario.quantities import NonNegative, Share
from returnsim.scenario.schema import Scenario

GUARANTOR = "guarantor:"
NEUTRAL: Mapping[str, object] = {
    "siege": (Siege(severity=Share(value=0)),),
    "aid": (Aid(coverage=Share(value=1)),),
    "medical": (Medical(access=Share(value=1)),),
    "corridor": (Corridor(open=True, parties_per_week=None),),
    "exit_ban": (ExitBan(members=()),),
    "threat": (Threat(level=NonNegative(value=0)),),
    "conscription": (Conscription(enforced=Share(value=0)),),
    "services": (Services(conditions=NonNegative(value=1)),),
    "transport": (Transport(),),
    "onward": (Onward(open=False),),
    "arrivals": (Arrivals(),),
    "news": (News(reach=Share(value=0), salience=NonNegative(value=0)),),
}
"""Each lever as if nobody had touched it; without news, beliefs stay as they were at the start."""


def without(scenario: Scenario, lever: str) -> Scenario:
    """Put a lever at its neutral value, and leave everything else as it is.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.
    lever : str
        Name of a lever, such as ``siege``, or ``guarantor:NAME`` for a guarantor who never is
        there to be asked.

    Returns
    -------
    Scenario
        The same scenario if the lever was neutral.

    Raises
    ------
    UsageError
        If there is no such lever or guarantor.
    """
    problem = problem_of(scenario, lever)
    if problem:
        raise UsageError(f"without {lever}: {problem}")
    if not lever.startswith(GUARANTOR):
        levers = scenario.levers.model_copy(update={lever: NEUTRAL[lever]})
        posterior = scenario.posterior and scenario.posterior.without("levers", lever)
        return scenario.model_copy(update={"levers": levers, "posterior": posterior})
    name = lever.removeprefix(GUARANTOR)
    absent = scenario.guarantors[name].model_copy(update={"active": ()})
    guarantors = dict(scenario.guarantors) | {name: absent}
    return scenario.model_copy(update={"guarantors": guarantors})


def problem_of(scenario: Scenario, lever: str) -> str:
    """What is wrong with a lever to go without, or nothing."""
    if lever.startswith(GUARANTOR):
        name = lever.removeprefix(GUARANTOR)
        if name in scenario.guarantors:
            return ""
        return f"no such guarantor; {choice(name, scenario.guarantor_names)}"
    if lever in NEUTRAL:
        return ""
    return f"no such lever; {choice(lever, (*NEUTRAL, f'{GUARANTOR}NAME'))}"
