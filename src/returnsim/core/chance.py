"""How one uniform decides between many things that may happen in a week.

`happens` gives the probability of a hazard, `which` decides between competing risks, and `binomial`
inverts the distribution function (inverse CDF).
"""

import numpy as np
from jaxtyping import Float, Int64


def happens(hazard: float | np.ndarray) -> float | np.ndarray:
    """Probability that something of a constant weekly hazard happens within the week."""
    return -np.expm1(-hazard)


def which(
    u: Float[np.ndarray, "n"], hazards: Float[np.ndarray, "kinds n"]
) -> tuple[Int64[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Competing risks, at most one event a week, from one uniform a row.

    Parameters
    ----------
    u : array, shape (n,)
        Uniforms on [0, 1).
    hazards : array, shape (kinds, n)
        Weekly hazards of each kind.

    Returns
    -------
    kind : array of int, shape (n,)
        Which kind happens, or -1 for none. An event happens when ``u < 1 - exp(-total)``.
    rest : array, shape (n,)
        What the draw leaves undecided, itself a uniform on [0, 1), where something happens.
    """
    cumulated = np.cumsum(hazards, axis=0)
    total = cumulated[-1]
    probability = happens(total)
    event = u < probability
    v = np.where(event, u * total / np.where(probability > 0, probability, 1.0), np.inf)
    kind = np.minimum((cumulated <= v).sum(axis=0), len(hazards) - 1)
    columns = np.arange(len(u))
    width = hazards[kind, columns]
    below = np.where(kind > 0, cumulated[kind - 1, columns], 0.0)
    rest = np.where(event, (v - below) / np.where(width > 0, width, 1.0), 0.0)
    return np.where(event, kind, -1), np.clip(rest, 0.0, np.nextafter(1.0, 0.0))


def pick(
    rest: Float[np.ndarray, "n"], weights: Int64[np.ndarray, "classes n"]
) -> Int64[np.ndarray, "n"]:
    """Pick one class of each row by integer weights, with a uniform on [0, 1)."""
    cumulated = np.cumsum(weights, axis=0)
    place = np.floor(rest * cumulated[-1])
    return np.asarray((cumulated <= place).sum(axis=0), dtype=np.int64)


def binomial(
    u: Float[np.ndarray, "n"], trials: Int64[np.ndarray, "n"], hazard: np.ndarray
) -> tuple[Int64[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Count successes of probability ``1 - exp(-hazard)`` by inversion of one uniform.

    Returns
    -------
    count : array of int, shape (n,)
    rest : array, shape (n,)
        What the draw leaves undecided, itself uniform, for the next class.
    """
    # Beyond a hazard of 30 everyone is caught; the cap keeps the recurrence finite.
    x = np.minimum(hazard, 30.0)
    odds = np.expm1(x)
    mass = np.exp(-x * trials)
    below = np.zeros_like(u)
    count = np.zeros(u.shape, dtype=np.int64)
    going = (u >= mass) & (trials > 0)
    while going.any():
        below = np.where(going, below + mass, below)
        mass = np.where(going, mass * odds * (trials - count) / (count + 1), mass)
        count = np.where(going, count + 1, count)
        going = going & (u >= below + mass) & (count < trials)
    rest = (u - below) / np.where(mass > 0, mass, 1.0)
    return count, np.clip(rest, 0.0, np.nextafter(1.0, 0.0))
