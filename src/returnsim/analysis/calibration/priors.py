"""What may be thought of a parameter before the record is seen."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Prior(NamedTuple):
    """A parameter to fit: even between two ends, in itself or in its logarithm.

    Attributes
    ----------
    name : str
        For tables and figures.
    paths : tuple of str
        Dotted paths in the scenario, which all have the same value.
    low, high : float
        The ends.
    log : bool
        Whether its logarithm is even between the ends.
    """

    name: str
    paths: tuple[str, ...]
    low: float
    high: float
    log: bool = False


def values_at(
    priors: tuple[Prior, ...], places: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, "n d"]:
    """Values of the parameters at places in the unit cube, in which the prior is uniform.

    Parameters
    ----------
    priors : tuple of Prior
        One a column.
    places : array, shape (n, d)
        From 0 to 1.

    Returns
    -------
    array, shape (n, d)
    """
    low, high, log = _ends(priors)
    along = low + (high - low) * places
    values: np.ndarray = np.where(log, np.exp(along), along)
    return values


def _ends(priors: tuple[Prior, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    log = np.array([prior.log for prior in priors])
    ends = np.array([(prior.low, prior.high) for prior in priors])
    ends[log] = np.log(ends[log])
    return ends[:, 0], ends[:, 1], log
