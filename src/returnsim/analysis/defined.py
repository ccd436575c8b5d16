"""Sums of numbers of which some are not defined, which NaN says."""

import numpy as np


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    there = ~np.isnan(values)
    return divided(np.where(there, values, 0.0).sum(axis=-1), there.sum(axis=-1))


def divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The quotient, elementwise; NaN where the whole is nothing."""
    found: np.ndarray = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found
