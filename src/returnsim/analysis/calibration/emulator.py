"""A smooth stand-in for the model: what its outcomes are on average, at any parameters.

Outcomes of single runs are the mean at their parameters plus luck. A curve through thousands of
them, each with luck of its own, gives the mean without the luck; what is left over of runs that it
has not seen gives the luck's covariance, and with it whatever the curve cannot follow. A fit to a
few lucky populations is thus not mistaken for a fit to the model.

The curve is a polynomial of the second degree, and a small neural network for what that leaves:
where places on the lorries or the purse begin to bind, outcomes bend, and a polynomial alone
misses it by several times the luck.
"""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

RIDGE = 1e-4
"""Penalty on the polynomial's coefficients, as a share of the runs: it only steadies them."""

HIDDEN = (64, 64)
WEIGHT_DECAY = 0.1
MOST_EPOCHS, PATIENCE = 300, 15
FEWEST_RUNS = 200
"""With fewer runs there is no network: they do not tell its shape from luck."""


class Emulator(NamedTuple):
    """Means of the outcomes over the unit cube.

    Attributes
    ----------
    coefficients : array, shape (f, m)
        Of the polynomial's features, by outcome.
    layers : tuple of (weights, offsets)
        Of the network for what the polynomial leaves; none: there is none.
    scale : array, shape (m,)
        Unit of the network's outcomes.
    runs : int
        How many it rests on.
    """

    coefficients: Float[np.ndarray, "f m"]
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    scale: Float[np.ndarray, "m"]
    runs: int

    def mean(self, places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """Mean outcomes at some places in the unit cube."""
        mean: np.ndarray = features(places) @ self.coefficients
        if not self.layers:
            return mean
        values = 2.0 * places - 1.0
        for weights, offsets in self.layers[:-1]:
            values = np.maximum(values @ weights + offsets, 0.0)
        weights, offsets = self.layers[-1]
        mean += (values @ weights + offsets) * self.scale
        return mean


def features(places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n f"]:
    """One, each coordinate from -1 to 1, and all products of two."""
    centred = 2.0 * places - 1.0
    rows, columns = np.triu_indices(places.shape[1])
    products = centred[:, rows] * centred[:, columns]
    return np.hstack([np.ones((len(places), 1)), centred, products])


def fit_emulator(
    places: Float[np.ndarray, "n d"], outcomes: Float[np.ndarray, "n m"], seed: int
) -> Emulator:
    """Fit an emulator to runs.

    Parameters
    ----------
    places : array, shape (n, d)
        Parameters of each run, in the unit cube.
    outcomes : array, shape (n, m)
        What came of it.
    seed : int
        Of the network's start; the same seed gives the same emulator.

    Returns
    -------
    Emulator
    """
    design = features(places)
    runs, number = design.shape
    penalty = RIDGE * runs * np.eye(number)
    penalty[0, 0] = 0.0
    coefficients = np.linalg.solve(design.T @ design + penalty, design.T @ outcomes)
    rest = outcomes - design @ coefficients
    scale = np.maximum(rest.std(axis=0), 1e-12)
    layers = _network(places, rest / scale, seed) if runs >= FEWEST_RUNS else ()
    return Emulator(coefficients, layers, scale, runs)


def _network(
    places: np.ndarray, rest: np.ndarray, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Train on most of the runs until the others are predicted no better."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN,
        alpha=WEIGHT_DECAY,
        early_stopping=True,
        max_iter=MOST_EPOCHS,
        n_iter_no_change=PATIENCE,
        random_state=seed % 2**32,
    )
    with warnings.catch_warnings():
        # It is told after how many rounds to leave off.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(2.0 * places - 1.0, rest)
    return tuple(zip(network.coefs_, network.intercepts_, strict=True))
