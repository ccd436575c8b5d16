"""What the stand-in does not know of the model counts as error, where it is and as large as it is.

The models here are such that its error, or the luck, is known in closed form.
"""

import numpy as np
import pytest

from returnsim.analysis.calibration.emulator import cross_validated, fit_spread
from returnsim.analysis.calibration.fit import Sizes, fit
from returnsim.analysis.calibration.problem import Luck, Problem

OUTCOMES = 4
OBSERVED_SD = 0.05
SIZES = Sizes(
    prior=128, generations=0, waves=(1.0,), runs=64, steps=1200, draws=1000, full=0
)  # fmt: skip
LEAST_LUCK, GROWTH = 0.05, 2.5


def problem(observed, names=("x", "idle")):
    variance = np.full(OUTCOMES, OBSERVED_SD**2)
    return Problem(names, ("a", "b", "c", "d"), np.asarray(observed), variance, 0.0)


def drawn(replicates):
    rows = [np.random.default_rng((11, int(number))).normal(size=OUTCOMES) for number in replicates]
    return np.array(rows)


def luck_sd(places):
    """Of each outcome at some places: it grows with the first parameter."""
    return LEAST_LUCK * np.exp(GROWTH * places[:, :1])


def uneven(places, replicates):
    """A model whose only parameter that does anything is how much luck makes."""
    return luck_sd(places) * drawn(replicates)


def bent(places):
    """Means that no polynomial of the second degree follows."""
    return np.sin(9.0 * places[:, :1]) * np.array([1.0, 0.5, -1.0, 0.2]) + places[:, :1]


def test_an_error_that_is_the_same_all_over_the_posterior_counts():
    at = np.array([[0.5, 0.5]])
    found = fit(
        problem(bent(at)[0]), lambda places, replicates: bent(places) + 0.01 * drawn(replicates),
        SIZES, seed=2,
    )  # fmt: skip
    assert not found.emulator.networks
    places = found.posterior.places
    error = found.emulator.mean(places) - bent(places)
    worst = int(np.argmax((error**2).mean(axis=0)))
    # Of a single sign: taken around its mean, most of it would be lost.
    assert error[:, worst].var() < 0.5 * (error[:, worst] ** 2).mean()
    counted = found.luck.covariance_at(places)[:, worst, worst].mean()
    assert counted == pytest.approx((error[:, worst] ** 2).mean(), rel=0.5)


def test_a_parameter_that_only_luck_tells_has_the_posterior_of_the_closed_form():
    observed = np.array([0.5, -0.6, 0.4, -0.3])
    found = fit(problem(observed), uneven, SIZES._replace(prior=1024, runs=256), seed=3)
    grid = (np.arange(2000) + 0.5) / 2000
    variance = luck_sd(grid[:, None])[:, 0] ** 2 + OBSERVED_SD**2
    density = variance ** (-OUTCOMES / 2) * np.exp(-(observed**2).sum() / (2 * variance))
    density /= density.sum()
    mean = density @ grid
    sd = np.sqrt(density @ (grid - mean) ** 2)
    assert abs(mean - 0.5) > sd
    draws = found.posterior.places[:, 0]
    assert draws.mean() == pytest.approx(mean, abs=0.25 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.25)


def test_how_luck_goes_with_the_parameters_is_found():
    places = np.random.default_rng(4).uniform(size=(3000, 2))
    _, left_over = cross_validated(places, uneven(places, np.arange(3000)), seed=4)
    luck = Luck(np.zeros(OUTCOMES), np.eye(OUTCOMES), fit_spread(places, left_over))
    ends = np.array([[0.1, 0.3], [0.5, 0.5], [0.9, 0.7]])
    # The logarithm of a variance is told to the root of two over the runs for each coefficient;
    # the error of the curve itself adds a little.
    error = np.sqrt(2 / 3000 * luck.spread.shape[0])
    assert np.log(luck.scale(ends)) == pytest.approx(
        np.log(luck_sd(ends) * np.ones(OUTCOMES)), abs=4 * 0.5 * error + 0.05
    )


def test_what_is_left_over_of_a_run_is_what_a_curve_without_it_leaves():
    places = np.random.default_rng(5).uniform(size=(100, 2))
    outcomes = np.zeros((100, OUTCOMES))
    outcomes[7] = 100.0
    _, left_over = cross_validated(places, outcomes, seed=5)
    assert left_over[7] == pytest.approx(np.full(OUTCOMES, 100.0))


def test_runs_that_are_all_the_same_leave_nothing_over():
    places = np.random.default_rng(6).uniform(size=(100, 2))
    _, left_over = cross_validated(places, np.ones((100, OUTCOMES)), seed=6)
    spread = fit_spread(places, left_over)
    assert np.isfinite(spread).all()
    assert abs(left_over).max() < 1e-3
