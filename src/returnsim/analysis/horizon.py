"""Where a run ends too early to show the harm of those who returned last."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from returnsim.analysis.followed import Followed
from returnsim.core.inputs import Class
from returnsim.posterior_rows import posterior_rows
from returnsim.scenario.drawn import scenarios_drawn
from returnsim.scenario.levers import weekly_levers
from returnsim.scenario.schema import Scenario


class Hidden(NamedTuple):
    """A word that still holds for those who return last, when the run ends.

    Attributes
    ----------
    guarantor : int
        Its place among the scenario's.
    holds : array, shape (R,)
        In which replicates that is so.
    since : array, shape (R,)
        First week from which those who return under it do not see its word end.
    whom, why : str
        Whose harm is not visible, and what puts it off.
    of_men : bool
        Whether it is about men of conscription age alone.
    """

    guarantor: int
    holds: np.ndarray
    since: np.ndarray
    whom: str
    why: str
    of_men: bool


class _Terms(NamedTuple):
    """What decides it, by replicate: the levers are those of the last week, but for ``active``."""

    active: np.ndarray  # (R, T, G)
    kept: np.ndarray  # (R, G)
    later: np.ndarray  # (R, G)
    grace: np.ndarray  # (R, G), inf: never ends
    deferral: np.ndarray  # (R,)
    is_drafted: np.ndarray  # (R,)


def horizon_warnings(scenario: Scenario, followed: Followed | None = None) -> list[str]:
    """Say of whom the run ends before the harm that their guarantor only puts off can be seen.

    That is so of those who return under a guarantor so late that the run ends within its grace
    period, where it prevents less harm afterwards; and of those for whom conscription, which is
    enforced, is still deferred, where the guarantor makes the deferral good at least in part.

    Of a scenario with a posterior it is said where it is so in any replicate, or in any draw where
    there is no run; and in how many, where that is not in all.

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
    terms = _terms(scenario, followed)
    sentences = []
    for g, name in enumerate(scenario.guarantor_names):
        for hidden in _hidden(terms, name, g):
            number = "" if followed is None else _number(followed, hidden)
            if followed is None or number:
                unit = "draws of the posterior" if followed is None else "replicates"
                sentences.append(_sentence(scenario, hidden, number, unit))
    return sentences


def _terms(scenario: Scenario, followed: Followed | None) -> _Terms:
    posterior = scenario.posterior
    if posterior is None or not posterior.draws:
        rows = np.zeros(1 if followed is None else len(followed.trajectories.replicates), int)
    elif followed is None:
        rows = np.arange(posterior.rows)
    else:
        run = followed.trajectories
        rows = posterior_rows(scenario, run.seed, run.replicates.tolist())
    different, own = np.unique(rows, return_inverse=True)
    cases = [_of_case(case) for case in scenarios_drawn(scenario, different.tolist())]
    return _Terms(*(np.stack(values)[own] for values in zip(*cases, strict=True)))


def _of_case(case: Scenario) -> _Terms:
    levers = weekly_levers(case)
    graces = [g.grace_weeks for g in case.guarantors.values()]
    drafted = levers.enforced[-1] > 0 and case.hazards.conscription_per_week.value > 0
    return _Terms(
        levers.active,
        levers.enforcement[-1],
        levers.enforcement_after_grace[-1],
        np.array([np.inf if grace is None else grace.value for grace in graces]),
        levers.deferral[-1],
        np.array(drafted),
    )


def _hidden(terms: _Terms, name: str, g: int) -> list[Hidden]:
    active = terms.active[..., g]
    kept, later, grace = (values[:, g, None] for values in (terms.kept, terms.later, terms.grace))
    deferral = terms.deferral[:, None]
    # By week of return: how long ago that is in the last week, and what then protects them.
    age = np.arange(active.shape[1])[::-1]
    in_force = np.where(age < grace, kept, later)
    found = []
    late = active & (age < grace) & np.isfinite(grace) & (kept > later)
    if (holds := late.any(axis=1)).any():
        why = (
            f"within the grace period of {_span(grace[holds], _plain)} weeks, in which {name} "
            f"prevents {_span(kept[holds], _percent)} of harm, and "
            f"{_span(later[holds], _percent)} afterwards"
        )
        found.append(Hidden(g, holds, late.argmax(axis=1), "those who return", why, of_men=False))
    late = active & (age < deferral) & (in_force > 0) & terms.is_drafted[:, None]
    if (holds := late.any(axis=1)).any():
        best = np.where(late, in_force, 0.0).max(axis=1)[holds]
        why = (
            f"within the {_span(deferral[holds], _plain)} weeks for which conscription is put off, "
            f"a promise that {name} keeps to {_span(best, _percent)}"
        )
        found.append(Hidden(g, holds, late.argmax(axis=1), "the men who return", why, of_men=True))
    return found


def _span(values: np.ndarray, text: Callable[[float], str]) -> str:
    """From the lowest to the highest, or the one value that all are told as."""
    low, high = text(float(values.min())), text(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _plain(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{value:.0%}".replace("%", " %")


def _sentence(scenario: Scenario, hidden: Hidden, number: str, unit: str) -> str:
    name, total = scenario.guarantor_names[hidden.guarantor], len(hidden.holds)
    weeks = hidden.since[hidden.holds]
    since = f"{scenario.start + timedelta(weeks=int(weeks.min()))} on"
    if weeks.min() < weeks.max():
        since += " at the earliest"
    some = "The" if hidden.holds.all() else f"In {hidden.holds.sum()} of {total} {unit}, the"
    return (
        f"{some} harm of {hidden.whom} under {name} from {since}{number} is not yet visible: "
        f"the run ends on {scenario.end}, {hidden.why}."
    )


def _number(followed: Followed, hidden: Hidden) -> str:
    """How many people it is about where it holds, or nothing where there are none."""
    returns, trajectories = followed.returns, followed.trajectories
    late = (returns.guarantor == hidden.guarantor) & (
        returns.week >= hidden.since[returns.replicate]
    )
    if hidden.of_men:
        late &= returns.person_class == Class.MEN_CONSCRIPTION_AGE
    number = trajectories.weight * np.bincount(
        returns.replicate[late], minlength=len(trajectories.replicates)
    )
    number = number[hidden.holds]
    if not number.any():
        return ""
    low, high = np.percentile(number, (5, 95))
    mean = float(number.mean())
    between = "" if f"{low:,.0f}" == f"{high:,.0f}" else f", {low:,.0f} to {high:,.0f}"
    return f" ({mean:,.{0 if mean >= 10 else 1}f} people{between})"
