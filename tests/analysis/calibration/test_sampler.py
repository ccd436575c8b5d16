"""The sampler draws from the density that it is given, as wide as it is."""

import numpy as np
import pytest

from returnsim.analysis.calibration.emulator import Emulator
from returnsim.analysis.calibration.posterior import SMALLEST_MISFIT, sample
from returnsim.analysis.calibration.problem import Luck, Problem

SIDES = 6
SD = 0.05


def measured_directly(observed, discrepancy_scale=0.0):
    """Parameters that are themselves what is observed, with an error: outcomes from -1 to 1."""
    features = 1 + SIDES + SIDES * (SIDES + 1) // 2
    coefficients = np.zeros((features, SIDES))
    coefficients[1 : 1 + SIDES] = np.eye(SIDES)
    names = tuple("abcdef")
    variance = np.full(SIDES, (2 * SD) ** 2)
    return (
        Problem(names, names, np.asarray(observed, dtype=float), variance, discrepancy_scale),
        Emulator(coefficients, (), 0),
        Luck(np.zeros(SIDES), np.zeros((SIDES, SIDES)), np.zeros((1 + 2 * SIDES, SIDES))),
    )


@pytest.mark.slow
def test_draws_of_a_normal_have_its_variance():
    found = sample(*measured_directly(np.zeros(SIDES)), seed=3, draws=20_000, steps=4000)
    variance = found.places.var(axis=0).mean() / SD**2
    # Six sides, each told by so many independent draws.
    error = np.sqrt(2 / (SIDES * found.effective))
    assert error < 0.02
    assert variance == pytest.approx(1.0, abs=4 * error)


@pytest.mark.slow
def test_draws_at_a_wall_of_the_cube_are_of_half_a_normal():
    found = sample(*measured_directly(-np.ones(SIDES)), seed=4, draws=20_000, steps=4000)
    mean = found.places.mean() / SD
    error = np.sqrt((1 - 2 / np.pi) / (SIDES * found.effective))
    assert mean == pytest.approx(np.sqrt(2 / np.pi), abs=4 * error)


@pytest.mark.parametrize("scale", [2e-3, 1.01e-3])
def test_no_draw_has_a_misfit_that_counts_as_none(scale):
    found = sample(*measured_directly(np.zeros(SIDES), scale), seed=5, draws=400, steps=200)
    assert np.isfinite(found.log_posterior).all()
    assert (found.discrepancy > SMALLEST_MISFIT).all()


def test_a_misfit_that_may_only_be_as_small_as_none_is_none():
    none, least = (
        sample(*measured_directly(np.zeros(SIDES), scale), seed=5, draws=100, steps=100)
        for scale in (0.0, SMALLEST_MISFIT)
    )
    assert np.array_equal(none.places, least.places)
    assert not least.discrepancy.any()
