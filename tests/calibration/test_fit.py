"""A fit finds what is known in closed form, and says what it cannot know."""

import numpy as np
import pytest

from returnsim.analysis.calibration.fit import Sizes, fit, run_prior
from returnsim.analysis.calibration.posterior import (
    effective_draws,
    log_likelihood,
    predicted,
)
from returnsim.analysis.calibration.ranks import trial, verdicts
from tests.calibration.toys import (
    LUCK_SD,
    OBSERVED_SD,
    SLOPES,
    closed_form,
    problem,
    simulate,
)

SIZES = Sizes(
    prior=256, generations=8, candidates=8, shared=2, waves=(4.0, 1.0), runs=200, steps=3000,
    draws=2000, full=0,
)  # fmt: skip
RECORD = SLOPES @ [0.45, 0.5, 0.0] + [0.03, -0.05, 0.02, 0.04]


@pytest.fixture(scope="module")
def fitted():
    return fit(problem(RECORD), simulate, SIZES, seed=3)


def test_the_posterior_of_a_linear_model_is_that_of_the_closed_form(fitted):
    mean, covariance = closed_form(RECORD)
    sd = np.sqrt(np.diag(covariance))
    found = fitted.posterior.places[:, :2]
    # The sampler's error, and that of the emulator's slopes: luck over the root of the runs.
    error = sd / np.sqrt(fitted.posterior.effective) + sd * LUCK_SD / OBSERVED_SD / np.sqrt(
        fitted.emulator.runs / len(fitted.emulator.coefficients)
    )
    assert (abs(found.mean(axis=0) - mean) < 4 * error).all()
    assert found.std(axis=0) == pytest.approx(sd, rel=0.2)


def test_a_parameter_that_does_nothing_keeps_its_prior(fitted):
    idle = fitted.posterior.places[:, 2]
    assert idle.var() == pytest.approx(1 / 12, rel=0.15)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_posterior_to_the_last_bit(fitted):
    again = fit(problem(RECORD), simulate, SIZES, seed=3)
    assert np.array_equal(again.posterior.places, fitted.posterior.places)
    assert np.array_equal(again.posterior.discrepancy, fitted.posterior.discrepancy)


@pytest.mark.slow
def test_a_record_that_the_model_cannot_make_is_laid_to_misfit():
    impossible = RECORD + np.array([0.5, 0.5, -0.5, 0.5])
    found = fit(problem(impossible, 0.5), simulate, SIZES, seed=3)
    right = fit(problem(RECORD, 0.5), simulate, SIZES, seed=3)
    assert np.median(found.posterior.discrepancy) > 3 * np.median(right.posterior.discrepancy)


def test_predictions_carry_error_luck_and_misfit(fitted):
    drawn = predicted(
        fitted.problem,
        fitted.emulator,
        fitted.luck,
        fitted.posterior._replace(discrepancy=np.full(len(fitted.posterior.places), 0.3)),
        seed=1,
    )
    means = fitted.emulator.mean(fitted.posterior.places)
    expected = means.var(axis=0) + OBSERVED_SD**2 + np.diag(fitted.luck.covariance) + 0.3**2
    assert drawn.var(axis=0) == pytest.approx(expected, rel=5 * np.sqrt(2 / len(drawn)))


def test_a_walker_that_never_moved_is_left_out_of_the_effective_draws():
    chain = np.random.default_rng(1).standard_normal((400, 8, 2))
    alone = effective_draws(chain)
    stuck = np.concatenate([chain, np.full((400, 1, 2), 0.1)], axis=1)
    assert effective_draws(stuck) == pytest.approx(alone * 9 / 8)
    assert effective_draws(stuck[:, 8:]) == 1.0


def test_the_likelihood_is_that_of_the_multivariate_normal():
    from scipy.stats import multivariate_normal

    random = np.random.default_rng(2)
    root = random.normal(size=(4, 4))
    covariance, mean = root @ root.T, random.normal(size=(3, 4))
    misfit = np.array([0.0, 0.2, 1.5])
    found = log_likelihood(problem(RECORD), mean, covariance, misfit)
    for row, value in enumerate(found):
        whole = covariance + (OBSERVED_SD**2 + misfit[row] ** 2) * np.eye(4)
        assert value == pytest.approx(multivariate_normal(mean[row], whole).logpdf(RECORD))


@pytest.mark.slow
def test_ranks_of_true_parameters_are_even():
    sizes = SIZES._replace(generations=0, waves=(1.0,), runs=64, steps=1000, draws=256)
    shape = problem(np.zeros(4), 0.1)
    bank = run_prior(shape, simulate, 128, seed=5)
    found = verdicts([trial(shape, simulate, sizes, 5, number, bank) for number in range(24)])
    assert all(verdict.p > 1e-3 for verdict in found)


@pytest.mark.slow
def test_ranks_show_a_fit_that_is_too_sure():
    sizes = SIZES._replace(generations=0, waves=(1.0,), runs=64, steps=1000, draws=256)
    shape = problem(np.zeros(4))
    bank = run_prior(shape, simulate, 128, seed=5)

    def surer(number):
        random = np.random.default_rng((9, number))
        truth = random.uniform(0.2, 0.8, size=3)
        record = simulate(truth[None, :], np.array([10**6 + number]))[0]
        noisy = record + 6 * OBSERVED_SD * random.standard_normal(4)
        posterior = fit(shape._replace(observed=noisy), simulate, sizes, number, bank=bank)
        places = posterior.posterior.places[:: len(posterior.posterior.places) // 63][:63]
        return (places < truth).sum(axis=0)

    ranks = [surer(number) for number in range(20)]
    at_the_ends = np.mean([(r[:2] < 8) | (r[:2] >= 56) for r in ranks])
    assert at_the_ends > 0.25 + 4 * np.sqrt(0.25 * 0.75 / 40)


def test_no_run_shares_its_luck_with_another_nor_with_the_bank():
    sizes = SIZES._replace(generations=0, waves=(1.0,), runs=64, steps=400, draws=64)
    bank = run_prior(problem(RECORD), simulate, 256, seed=5)
    found = fit(problem(RECORD), simulate, sizes, seed=3, bank=bank)
    assert len(set(found.runs.replicates.tolist())) == len(found.runs.replicates) == 256 + 64
