"""Models whose posterior is known in closed form."""

import numpy as np

from returnsim.analysis.calibration.problem import Problem

OBSERVED_SD, LUCK_SD = 0.05, 0.08
SLOPES = np.array([[1.0, 0.3, 0.0], [0.2, -1.0, 0.0], [0.5, 0.5, 0.0], [-0.4, 0.8, 0.0]])
"""Four outcomes of three parameters, of which the last does nothing."""


def simulate(places, replicates):
    """A linear model with normal luck, keyed by the replicate."""
    luck = np.array([np.random.default_rng((7, int(r))).normal(size=4) for r in replicates])
    return places @ SLOPES.T + LUCK_SD * luck


def problem(observed, discrepancy_scale=0.0):
    return Problem(
        ("first", "second", "idle"),
        ("a", "b", "c", "d"),
        np.asarray(observed, dtype=float),
        np.full(4, OBSERVED_SD**2),
        discrepancy_scale,
    )


def closed_form(observed):
    """Mean and covariance of the first two parameters' posterior, far from the cube's walls."""
    slopes = SLOPES[:, :2]
    precision = slopes.T @ slopes / (OBSERVED_SD**2 + LUCK_SD**2)
    covariance = np.linalg.inv(precision)
    return covariance @ slopes.T @ observed / (OBSERVED_SD**2 + LUCK_SD**2), covariance
