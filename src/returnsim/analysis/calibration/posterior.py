"""The posterior over an emulator: a Gaussian likelihood, sampled by an ensemble of walkers.

The variance has three parts: the error of observation, the luck of a single history (the record is
one), and the misfit of the model, of which the standard deviation is itself fitted (Kennedy and
O'Hagan 2001, "Bayesian calibration of computer models"; for the likelihood of summaries Wood 2010,
"Statistical inference for noisy nonlinear ecological dynamic systems"). The walkers move by
differences between one another (ter Braak 2006; Foreman-Mackey et al. 2013, "emcee").
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.calibration.emulator import Emulator
from returnsim.analysis.calibration.problem import Luck, Problem

SMALLEST_MISFIT = 1e-3
"""A misfit below this is the same as none: counts are never so exact."""
LARGEST_LOG_MISFIT = 20.0
"""So that squares are numbers; the prior has long left nothing of it."""

WALKERS_A_DIMENSION = 4
WHOLE = 0.1
"""Share of the moves that are by a whole difference between two walkers."""

BURN_IN = 0.4
"""Share of the steps that is thrown away."""

INSTALL = (
    "returnsim calibrate needs emcee and cmaes: install the extra calibration "
    "(in a checkout: pip install -e '.[calibration]')"
)


class Sampled(NamedTuple):
    """Draws of a posterior.

    Attributes
    ----------
    places : array, shape (n, d)
        In the unit cube.
    discrepancy : array, shape (n,)
        Standard deviation of the model's misfit, on the scale of the fit; 0 where it is not fitted,
        as where its prior's scale is no more than `SMALLEST_MISFIT`.
    log_posterior : array, shape (n,)
        Up to a constant.
    acceptance : float
        Share of the walkers' proposals that were taken.
    effective : float
        Draws that would be worth as much if they were independent: the least over the dimensions.
    """

    places: Float[np.ndarray, "n d"]
    discrepancy: Float[np.ndarray, "n"]
    log_posterior: Float[np.ndarray, "n"]
    acceptance: float
    effective: float


def log_likelihood(
    problem: Problem,
    mean: Float[np.ndarray, "n m"],
    covariance: Float[np.ndarray, "*n m m"],
    discrepancy: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n"]:
    """Log density of what was observed, given mean outcomes and the model's misfit.

    Parameters
    ----------
    problem : Problem
        What was observed, and how surely.
    mean : array, shape (n, m)
        Outcomes on average.
    covariance : array, shape (n, m, m) or (m, m)
        Of the luck of a single history, at each or at all.
    discrepancy : array, shape (n,)
        Standard deviation of the misfit.

    Returns
    -------
    array, shape (n,)
    """
    whole = np.eye(mean.shape[1]) * (problem.variance + discrepancy[:, None] ** 2)[:, None, :]
    whole += covariance
    root = np.linalg.cholesky(whole)
    away = np.linalg.solve(root, (problem.observed - mean)[:, :, None])[:, :, 0]
    sizes = np.diagonal(root, axis1=1, axis2=2)
    parts = away**2 + np.log(2.0 * np.pi * sizes**2)
    total: np.ndarray = -0.5 * parts.sum(axis=1)
    return total


def sample(
    problem: Problem,
    emulator: Emulator,
    luck: Luck,
    seed: int,
    *,
    draws: int,
    steps: int,
    temperature: float = 1.0,
) -> Sampled:
    """Draw from the posterior.

    Parameters
    ----------
    problem : Problem
        What was observed.
    emulator : Emulator
        Of the mean outcomes.
    luck : Luck
        Of the size of camp that was observed.
    seed : int
        The same seed gives the same draws.
    draws : int
        How many to give.
    steps : int
        Of each walker.
    temperature : float
        Above 1 the likelihood counts for less, and draws are spread wider: to know where to run
        the model next.

    Returns
    -------
    Sampled
    """
    import emcee

    sides = len(problem.parameters)
    fitted = problem.discrepancy_scale > SMALLEST_MISFIT
    dimensions = sides + fitted

    def density(points: np.ndarray) -> np.ndarray:
        inside = ((points[:, :sides] >= 0) & (points[:, :sides] <= 1)).all(axis=1)
        misfit = np.zeros(len(points))
        if fitted:
            misfit = np.exp(np.minimum(points[:, sides], LARGEST_LOG_MISFIT))
        places = np.clip(points[:, :sides], 0.0, 1.0)
        mean = emulator.mean(places) + luck.shift
        covariance = luck.covariance_at(places)
        log_density = log_likelihood(problem, mean, covariance, misfit) / temperature
        if fitted:
            # Half-normal, and the Jacobian of its logarithm.
            log_density += points[:, sides] - 0.5 * (misfit / problem.discrepancy_scale) ** 2
            inside &= misfit > SMALLEST_MISFIT
        return np.where(inside, log_density, -np.inf)

    walkers = max(2 * WALKERS_A_DIMENSION, WALKERS_A_DIMENSION * dimensions)
    random = np.random.RandomState(seed % 2**32)
    start = random.uniform(0.05, 0.95, (20 * walkers, dimensions))
    if fitted:
        start[:, sides] = np.log(_first_misfits(problem.discrepancy_scale, start[:, sides]))
    # The better of many random places: an ensemble spread over the whole cube would take long.
    start = start[np.argsort(-density(start), kind="stable")[:walkers]]
    # A whole difference now and then leads from one mode to another (ter Braak 2006). No snooker
    # moves: as of emcee 3.1.6 they miss the density, and draw a normal's variance 10 % too small.
    whole = emcee.moves.DEMove(gamma0=1.0)
    moves = [(emcee.moves.DEMove(), 1.0 - WHOLE), (whole, WHOLE)]
    sampler = emcee.EnsembleSampler(walkers, dimensions, density, moves=moves, vectorize=True)
    sampler._random = random
    sampler.run_mcmc(start, steps, skip_initial_state_check=True)
    return _kept(sampler, sides, draws, fitted=fitted)


def predicted(
    problem: Problem, emulator: Emulator, luck: Luck, posterior: Sampled, seed: int
) -> Float[np.ndarray, "n m"]:
    """What would be observed under each draw: its mean, luck, misfit and error of observation.

    Parameters
    ----------
    problem : Problem
        What was observed, and how surely.
    emulator : Emulator
        Of the mean outcomes.
    luck : Luck
        Of the size of camp that was observed.
    posterior : Sampled
        Draws.
    seed : int
        The same seed gives the same predictions.

    Returns
    -------
    array, shape (n, m)
        On the scale of the fit.
    """
    random = np.random.default_rng(seed)
    mean = emulator.mean(posterior.places) + luck.shift
    histories = random.multivariate_normal(
        np.zeros(len(luck.shift)), luck.covariance, len(mean), method="eigh"
    ) * luck.scale(posterior.places)
    spread = np.sqrt(posterior.discrepancy[:, None] ** 2 + problem.variance)
    drawn: np.ndarray = mean + histories + spread * random.standard_normal(mean.shape)
    return drawn


def effective_draws(chain: Float[np.ndarray, "steps walkers sides"]) -> float:
    """How many independent draws a chain is worth (Sokal 1997), of its slowest parameter."""
    from emcee.autocorr import integrated_time

    # A walker that never moved has no correlation to tell, and rounding gives it a deviation.
    moved = chain[:, (np.ptp(chain, axis=0) > 0).all(axis=-1)]
    slowest = float(len(chain))
    if moved.shape[1]:
        slowest = float(np.max(integrated_time(moved, quiet=True, tol=0)))
    return float(chain[..., 0].size / max(slowest, 1.0))


def _first_misfits(scale: float, places: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Up to the scale of the prior, each large enough to count: others have no density."""
    misfits = scale * places
    above: np.ndarray = SMALLEST_MISFIT + (scale - SMALLEST_MISFIT) * places
    return np.where(misfits > SMALLEST_MISFIT, misfits, above)


def _kept(sampler: Any, sides: int, draws: int, *, fitted: bool) -> Sampled:
    chain = sampler.get_chain(discard=int(BURN_IN * sampler.iteration))
    density = sampler.get_log_prob(discard=int(BURN_IN * sampler.iteration))
    flat = chain.reshape(-1, chain.shape[-1])
    chosen = np.linspace(0, len(flat) - 1, min(draws, len(flat))).astype(int)
    return Sampled(
        places=flat[chosen, :sides],
        discrepancy=np.exp(flat[chosen, sides]) if fitted else np.zeros(len(chosen)),
        log_posterior=density.reshape(-1)[chosen],
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        effective=effective_draws(chain),
    )
