"""Belief in a guarantor: a Gamma distribution over the harm it lets through, learned from news."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.core.elementwise import Value
from returnsim.core.inputs import Conditions, Parameters, Population
from returnsim.core.news import evidence
from returnsim.core.rows import Rows
from returnsim.core.state import State


def discounted(prior: Value, belief: Value, forgetting: Value, heard: Value) -> Value:
    """One week's update of a parameter of the Gamma belief.

    Power-discounted Bayes for a Poisson rate: what was learned beyond the prior fades by
    ``forgetting`` (f, a week), then the week's evidence is added (Ibrahim and Chen 2000).
    """
    return prior + forgetting * (belief - prior) + heard


def survival(kappa: Value, omega: Value, exposure_weeks: Value) -> Value:
    """Predictive probability of no harm over some exposure-weeks: the Lomax survival function.

    ``(omega / (omega + exposure_weeks)) ** kappa``, the Gamma-Poisson mixture's mass at zero.
    """
    return np.exp(-kappa * np.log1p(exposure_weeks / omega))


class Beliefs(NamedTuple):
    """Beliefs of some rows about every guarantor, and the trust that follows from them."""

    kappa: Float[np.ndarray, "G n"]
    omega: Float[np.ndarray, "G n"]
    trust: Float[np.ndarray, "G n"]


def learn(
    rows: Rows,
    state: State,
    population: Population,
    week: Conditions,
    p: Parameters,
) -> Beliefs:
    """Step 5: what the households in camp believe after the news of last week."""
    guarantors = len(state.kappa)
    perceived = state.perceived[rows.replicate, population.origin.ravel()[rows.index]]
    reach, salience = rows.of(week.reach), rows.of(week.salience)
    harms, safeties = [], []
    for g in range(guarantors):
        heard = evidence(g, rows, state, perceived, p)
        harms.append(reach * salience * heard.harm)
        safeties.append(reach * heard.safety)
    forgetting, horizon = rows.of(p.forgetting), rows.of(p.horizon_weeks)
    kappa = np.empty((guarantors, len(rows)))
    omega = np.empty_like(kappa)
    trust = np.empty_like(kappa)
    for g in range(guarantors):
        for belief, old, prior, news in (
            (kappa, state.kappa, p.kappa0, harms),
            (omega, state.omega, p.omega0, safeties),
        ):
            told = np.zeros(len(rows))
            for j in range(guarantors):
                told += rows.of(week.spill[:, g, j]) * news[j]
            start = rows.of(prior[:, g])
            belief[g] = discounted(start, old[g, rows.index], forgetting, told)
        if (week.active[:, g] & (week.persuasion[:, g] > 0)).any():
            omega[g] += reach * claimed(g, rows, population, week, p)
        trust[g] = survival(kappa[g], omega[g], horizon)
    return Beliefs(kappa, omega, trust)


def claimed(
    guarantor: int, rows: Rows, population: Population, week: Conditions, p: Parameters
) -> Float[np.ndarray, "n"]:
    """Exposure-weeks of safety that a guarantor's go-betweens claim to those they reach."""
    lot = population.persuasion_lot.ravel()[rows.index]
    reached = rows.at(week.active, guarantor) & (lot < rows.at(p.persuasion_reach, guarantor))
    return np.asarray(rows.at(week.persuasion, guarantor) * reached)
