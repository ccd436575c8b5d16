"""A smooth stand-in for the model: what its outcomes are on average, at any parameters.

Outcomes of single runs are the mean at their parameters plus luck. A curve through thousands of
them, each with luck of its own, gives the mean without the luck; what is left over of runs that it
has not seen gives the luck's covariance, and with it whatever the curve cannot follow. A fit to a
few lucky populations is thus not mistaken for a fit to the model.

The curve is a polynomial of the second degree, and a small neural network for what that leaves:
where places on the lorries or the purse begin to bind, outcomes bend, and a polynomial alone
misses it by several times the luck. Several such curves, each without some of the runs, are
averaged: every run is one that a curve has not seen.

Luck is no constant: where few go, a family more or less is a large share. How much is left over is
a curve of its own.
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

FOLDS = 4
"""Curves that are averaged, each without its share of the runs."""

SPREAD_PRIOR = 1.0
"""Standard deviation of a coefficient of the logarithm of what is left over, before it is seen."""

MOST_ROUNDS, CLOSE_ENOUGH, LONGEST_STEP = 100, 1e-6, 1.0
LEAST_SQUARE = 1e-24

Network = tuple[tuple[np.ndarray, np.ndarray], ...]
"""Weights and offsets of each layer."""


class Emulator(NamedTuple):
    """Means of the outcomes over the unit cube.

    Attributes
    ----------
    coefficients : array, shape (f, m)
        Of the polynomial's features, by outcome.
    networks : tuple of Network
        For what the polynomial leaves, to be averaged; none: there is none.
    runs : int
        How many it rests on.
    """

    coefficients: Float[np.ndarray, "f m"]
    networks: tuple[Network, ...]
    runs: int

    def mean(self, places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """Mean outcomes at some places in the unit cube."""
        mean: np.ndarray = features(places) @ self.coefficients
        for layers in self.networks:
            values = 2.0 * places - 1.0
            for weights, offsets in layers[:-1]:
                values = np.maximum(values @ weights + offsets, 0.0)
            weights, offsets = layers[-1]
            mean += (values @ weights + offsets) / len(self.networks)
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
    networks = (_network(places, rest, seed),) if runs >= FEWEST_RUNS else ()
    return Emulator(coefficients, networks, runs)


def cross_validated(
    places: Float[np.ndarray, "n d"], outcomes: Float[np.ndarray, "n m"], seed: int
) -> tuple[Emulator, Float[np.ndarray, "n m"]]:
    """Fit an emulator, and tell what is left over of each run by a curve that has not seen it.

    Parameters
    ----------
    places : array, shape (n, d)
        Parameters of each run, in the unit cube.
    outcomes : array, shape (n, m)
        What came of it.
    seed : int
        Of the networks' start, and of which runs are kept from which curve.

    Returns
    -------
    emulator : Emulator
        The mean of the curves.
    left_over : array, shape (n, m)
        Luck, and the error of a single curve: no less than that of their mean.
    """
    # By lot: every fourth point of a Sobol sequence is of one corner of the cube.
    fold = np.random.default_rng(seed).permutation(len(places)) % FOLDS
    left_over = np.empty_like(outcomes)
    curves = []
    for number in range(FOLDS):
        kept = fold != number
        curve = fit_emulator(places[kept], outcomes[kept], seed + number)
        left_over[~kept] = outcomes[~kept] - curve.mean(places[~kept])
        curves.append(curve)
    coefficients = np.mean([curve.coefficients for curve in curves], axis=0)
    networks = tuple(network for curve in curves for network in curve.networks)
    return Emulator(coefficients, networks, len(places)), left_over


def spread_features(places: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n g"]:
    """One, each coordinate from -1 to 1, and its square."""
    centred = 2.0 * places - 1.0
    return np.hstack([np.ones((len(places), 1)), centred, centred**2])


def fit_spread(
    places: Float[np.ndarray, "n d"], left_over: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "g m"]:
    """Fit the logarithm of the variance of what is left over, as it goes with the parameters.

    It is the likeliest for normal errors (gamma regression of their squares), found by Fisher
    scoring.

    Parameters
    ----------
    places : array, shape (n, d)
        Parameters of each run, in the unit cube.
    left_over : array, shape (n, m)
        From `cross_validated`.

    Returns
    -------
    array, shape (g, m)
        Coefficients of the `spread_features`, by outcome.
    """
    squares = np.maximum(left_over**2, LEAST_SQUARE)
    design = spread_features(places)
    penalty = np.full(design.shape[1], 2.0 / SPREAD_PRIOR**2)
    penalty[0] = 0.0
    scoring = np.linalg.inv(design.T @ design + np.diag(penalty))
    found = np.zeros((design.shape[1], squares.shape[1]))
    found[0] = np.log(squares.mean(axis=0))
    for _ in range(MOST_ROUNDS):
        slope = design.T @ (squares * np.exp(-(design @ found)) - 1.0)
        step = scoring @ (slope - penalty[:, None] * found)
        # Far from the best a whole step can throw it further away.
        step /= np.maximum(abs(step).max(axis=0) / LONGEST_STEP, 1.0)
        found += step
        if abs(step).max() < CLOSE_ENOUGH:
            break
    return found


def _network(places: np.ndarray, rest: np.ndarray, seed: int) -> Network:
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
        scale = np.maximum(rest.std(axis=0), 1e-12)
        network.fit(2.0 * places - 1.0, rest / scale)
    *inner, (weights, offsets) = zip(network.coefs_, network.intercepts_, strict=True)
    return (*inner, (weights * scale, offsets * scale))
