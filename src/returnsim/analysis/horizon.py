"""Where a run ends too early to show the harm of those who returned last."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np

from returnsim.analysis.followed import Followed
from returnsim.core.inputs import Class
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.schema import Scenario


class Hidden(NamedTuple):
    """A word that still holds for those who return last, when the run ends.

    Attributes
    ----------
    guarantor : int
        Its place among the scenario's.
    since : int
        First week from which those who return under it do not see its word end.
    whom, why : str
        Whose harm is not visible, and what puts it off.
    of_men : bool
        Whether it is about men of conscription age alone.
    """

    guarantor: int
    since: int
    whom: str
    why: str
    of_men: bool


def horizon_warnings(scenario: Scenario, followed: Followed | None = None) -> list[str]:
    """Say of whom the run ends before the harm that their guarantor only puts off can be seen.

    That is so of those who return under a guarantor so late that the run ends within its grace
    period, where it prevents less harm afterwards; and of those for whom conscription, which is
    enforced, is still deferred, where the guarantor makes the deferral good at least in part.

    Parameters
    ----------
    scenario : Scenario
        What is to be run, or was.
    followed : Followed, optional
        Its run; then each sentence says how many people it is about, and there is none where it is
        about nobody.

    Returns
    -------
    list of str
        Sentences, in the order of the guarantors.
    """
    levers = weekly_levers(scenario)
    sentences = []
    for g in range(len(scenario.guarantors)):
        for hidden in _hidden(scenario, levers, g):
            number = "" if followed is None else _number(followed, hidden)
            if followed is None or number:
                sentences.append(_sentence(scenario, hidden, number))
    return sentences


def _hidden(scenario: Scenario, levers: WeeklyLevers, g: int) -> list[Hidden]:
    name, guarantor = scenario.guarantor_names[g], list(scenario.guarantors.values())[g]
    grace = np.inf if guarantor.grace_weeks is None else guarantor.grace_weeks.value
    kept, later = levers.enforcement[-1, g], levers.enforcement_after_grace[-1, g]
    # By week of return: how long ago that is in the last week, and what then protects them.
    age = np.arange(scenario.weeks)[::-1]
    in_force = np.where(age < grace, kept, later)
    active = levers.active[:, g]
    found = []
    late = active & (age < grace)
    if np.isfinite(grace) and kept > later and late.any():
        why = (
            f"within the grace period of {grace:g} weeks, in which {name} prevents {kept:.0%} of "
            f"harm, and {later:.0%} afterwards"
        ).replace("%", " %")
        found.append(Hidden(g, int(late.argmax()), "those who return", why, of_men=False))
    deferral = float(levers.deferral[-1])
    late = active & (age < deferral) & (in_force > 0)
    is_drafted = levers.enforced[-1] > 0 and scenario.hazards.conscription_per_week.value > 0
    if is_drafted and late.any():
        why = (
            f"within the {deferral:g} weeks for which conscription is put off, a promise that "
            f"{name} keeps to {in_force[late].max():.0%}"
        ).replace("%", " %")
        found.append(Hidden(g, int(late.argmax()), "the men who return", why, of_men=True))
    return found


def _sentence(scenario: Scenario, hidden: Hidden, number: str) -> str:
    name = scenario.guarantor_names[hidden.guarantor]
    since = scenario.start + timedelta(weeks=hidden.since)
    return (
        f"The harm of {hidden.whom} under {name} from {since} on{number} is not yet visible: "
        f"the run ends on {scenario.end}, {hidden.why}."
    )


def _number(followed: Followed, hidden: Hidden) -> str:
    """How many people it is about, or nothing where there are none."""
    returns, trajectories = followed.returns, followed.trajectories
    late = (returns.guarantor == hidden.guarantor) & (returns.week >= hidden.since)
    if hidden.of_men:
        late &= returns.person_class == Class.MEN_CONSCRIPTION_AGE
    number = trajectories.weight * np.bincount(
        returns.replicate[late], minlength=len(trajectories.replicates)
    )
    if not number.any():
        return ""
    low, high = np.percentile(number, (5, 95))
    mean = float(number.mean())
    between = "" if f"{low:,.0f}" == f"{high:,.0f}" else f", {low:,.0f} to {high:,.0f}"
    return f" ({mean:,.{0 if mean >= 10 else 1}f} people{between})"
