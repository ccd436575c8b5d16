"""Whether a fit can be believed: records made by the model itself, fitted as if they were real.

Parameters are drawn from the prior, a record is made with them, and it is fitted. Where in the
posterior the true value lies is then as likely to be anywhere as anywhere else; a fit that is too
sure puts it at the ends too often, one that leans puts it to one side (Talts et al. 2018,
"Validating Bayesian inference algorithms with simulation-based calibration").
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64
from scipy.stats import binom, chi2

from returnsim.analysis.calibration.fit import Runs, Sizes, fit
from returnsim.analysis.calibration.problem import Problem, Simulate

DRAWS = 63
"""Draws of each posterior, thinned to be as good as independent: ranks are 0 to 63."""

BINS = 8
CHECK_REPLICATES = 2**40
"""First number of the replicates that records are made of: no fit uses them."""


class Trial(NamedTuple):
    """One record made and fitted.

    Attributes
    ----------
    truth : array, shape (d,)
        Places in the unit cube that the record was made with.
    ranks : array, shape (d,)
        How many of the `DRAWS` lie below.
    taken_away : array, shape (d,)
        Share of the prior's variance that the record took away.
    """

    truth: Float[np.ndarray, "d"]
    ranks: Int64[np.ndarray, "d"]
    taken_away: Float[np.ndarray, "d"]


class Verdict(NamedTuple):
    """Whether the ranks of one parameter are as even as chance makes them.

    Attributes
    ----------
    counts : array, shape (BINS,)
        Trials by rank.
    low, high : int
        What a single count stays within in 99 of 100 even samples.
    p : float
        Probability of counts so uneven, by Pearson's test.
    """

    counts: Int64[np.ndarray, "b"]
    low: int
    high: int
    p: float


def trial(
    shape: Problem, simulate: Simulate, sizes: Sizes, seed: int, number: int, bank: Runs
) -> Trial:
    """Make one record and fit it.

    Parameters
    ----------
    shape : Problem
        Names, variances and the prior of the misfit; what it observed is not looked at.
    simulate : callable
        The model.
    sizes : Sizes
        Of the fit.
    seed, number : int
        The seed, and which trial this is.
    bank : Runs
        Runs over the prior, the same for all trials.
    """
    random = np.random.default_rng((seed, number))
    truth = random.uniform(size=len(shape.parameters))
    record = simulate(truth[None, :], np.array([CHECK_REPLICATES + number]))[0]
    misfit = shape.discrepancy_scale * abs(random.standard_normal())
    spread = np.sqrt(shape.variance + misfit**2)
    problem = shape._replace(observed=record + spread * random.standard_normal(len(record)))
    places = fit(problem, simulate, sizes, seed + number, bank=bank).posterior.places
    thinned = places[np.linspace(0, len(places) - 1, DRAWS).astype(int)]
    return Trial(
        truth,
        (thinned < truth).sum(axis=0).astype(np.int64),
        1.0 - 12.0 * places.var(axis=0),
    )


def verdicts(trials: list[Trial]) -> tuple[Verdict, ...]:
    """Judge the ranks of each parameter."""
    ranks = np.array([one.ranks for one in trials])
    number = len(ranks)
    low, high = binom.interval(0.99, number, 1.0 / BINS)
    found = []
    for column in ranks.T:
        counts = np.bincount(column * BINS // (DRAWS + 1), minlength=BINS)
        statistic = float(((counts - number / BINS) ** 2 / (number / BINS)).sum())
        found.append(Verdict(counts, int(low), int(high), float(chi2.sf(statistic, BINS - 1))))
    return tuple(found)
