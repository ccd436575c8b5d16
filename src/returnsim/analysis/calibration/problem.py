"""What a fit is about, in numbers alone: any model that can be called so can be fitted."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.analysis.calibration.emulator import spread_features

Simulate = Callable[[Float[np.ndarray, "n d"], Int64[np.ndarray, "n"]], Float[np.ndarray, "n m"]]
"""Outcomes on the scale of the fit at some places in the unit cube, each with the luck of the
replicate of that number."""


class Problem(NamedTuple):
    """What is known and what is asked.

    Attributes
    ----------
    parameters : tuple of str
        Names, one a side of the unit cube, in which the prior is uniform.
    targets : tuple of str
        Names of the outcomes.
    observed : array, shape (m,)
        On the scale of the fit.
    variance : array, shape (m,)
        Of the observation's error, on that scale.
    discrepancy_scale : float
        Of the half-normal prior of the model's misfit, a standard deviation on that scale that
        all targets share; 0, or as good as 0: the model is taken to be right.
    """

    parameters: tuple[str, ...]
    targets: tuple[str, ...]
    observed: Float[np.ndarray, "m"]
    variance: Float[np.ndarray, "m"]
    discrepancy_scale: float


class Luck(NamedTuple):
    """What the camp that was observed does otherwise than the emulator: luck, and its error.

    Attributes
    ----------
    shift : array, shape (m,)
        Mean outcome at full size less that of the emulator.
    covariance : array, shape (m, m)
        Of single runs around that, where the posterior lies.
    spread : array, shape (g, m)
        Coefficients of the `spread_features`: the logarithm of the variance at a place, in that
        of `covariance`.
    """

    shift: Float[np.ndarray, "m"]
    covariance: Float[np.ndarray, "m m"]
    spread: Float[np.ndarray, "g m"]

    def scale(self, places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """Standard deviations at some places, in that of `covariance`."""
        scale: np.ndarray = np.exp(0.5 * spread_features(places) @ self.spread)
        return scale

    def covariance_at(self, places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m m"]:
        """Of single runs at some places."""
        scale = self.scale(places)
        covariance: np.ndarray = self.covariance * scale[:, :, None] * scale[:, None, :]
        return covariance
