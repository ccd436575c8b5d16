"""Utilities of the choice, term by term: the one definition for a scalar, an array, a loop.

Random utility with log-odds against staying, whose utility is 0 (McFadden 1974, "Conditional logit
analysis of qualitative choice behavior").
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.elementwise import Value, either
from returnsim.core.hardship import logistic
from returnsim.core.inputs import Parameters
from returnsim.core.rows import Rows

REFERENCE_AGE, AGE_STEP = 45.0, 15.0
"""Years: the age at which the term of age is 0, and those that its coefficient is for."""


class Coefficients(NamedTuple):
    """The parameters of the decision, each as one value for all or one for each row."""

    intercept: Value
    hardship: Value
    age: Value
    attachment: Value
    services: Value
    norm: Value
    reunite: Value
    perceived_risk: Value
    conscription: Value
    cost: Value
    separation: Value
    onward_intercept: Value
    commitment: Value
    horizon_weeks: Value
    intention_weeks: Value
    threshold: Value
    conscription_per_week: Value


def coefficients_of(rows: Rows, p: Parameters) -> Coefficients:
    """Take the decision's parameters for some rows."""
    return Coefficients(*(rows.of(getattr(p, name)) for name in Coefficients._fields))


class PullTerms(NamedTuple):
    """Terms of going home that hold whoever vouches."""

    intercept: Value
    hardship: Value
    age: Value
    attachment: Value
    services: Value
    norm: Value
    reunite: Value


class OfferTerms(NamedTuple):
    """Terms of going home that hang on the guarantor and on who goes."""

    perceived_risk: Value
    conscription: Value
    separation: Value
    cost: Value


class OnwardTerms(NamedTuple):
    """Terms of going on elsewhere."""

    intercept: Value
    hardship: Value
    cost: Value


def pull_terms(
    k: Coefficients,
    hardship: Value,
    age: Value,
    attachment: Value,
    services: Value,
    norm: Value,
    reunite: Value,
) -> PullTerms:
    """What draws a household home, whoever vouches.

    Parameters
    ----------
    k : Coefficients
    hardship : share
    age : years of the head
    attachment : standard deviations
    services : conditions at home, 1 the reference
    norm : share of known contacts who registered or left
    reunite : 1 where a party of the household went before
    """
    return PullTerms(
        k.intercept,
        k.hardship * hardship,
        k.age * (age - REFERENCE_AGE) / AGE_STEP,
        k.attachment * attachment,
        k.services * (services - 1.0),
        k.norm * norm,
        k.reunite * reunite,
    )


def offer_terms(
    k: Coefficients, harm: Value, conscription: Value, short: Value, is_split: Value
) -> OfferTerms:
    """What an offer weighs.

    Parameters
    ----------
    k : Coefficients
    harm : probability of harm as perceived, `risk.perceived_harm`
    conscription : probability of conscription as perceived, `risk.perceived_conscription`
    short : share of the journey's cost that the purse lacks
    is_split : 1 where somebody is to stay behind
    """
    return OfferTerms(
        -k.perceived_risk * harm,
        -k.conscription * conscription,
        -k.separation * is_split,
        -k.cost * short,
    )


def onward_terms(k: Coefficients, hardship: Value, short: Value) -> OnwardTerms:
    """What going on elsewhere weighs."""
    return OnwardTerms(k.onward_intercept, k.hardship * hardship, -k.cost * short)


def total(terms: tuple[Value, ...]) -> Value:
    """Sum of the terms, in their order."""
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


def decided(utilities: Float[np.ndarray, "A n"], threshold: Value) -> Float[np.ndarray, "A n"]:
    """Utilities by which the logit takes the best, the first of equals, where a threshold holds."""
    if not np.any(threshold):
        return utilities
    is_best = np.arange(len(utilities))[:, None] == utilities.argmax(axis=0)
    return np.where(threshold, np.where(is_best, 0.0, -np.inf), utilities)


def _weights(utilities: Float[np.ndarray, "A n"]) -> Float[np.ndarray, "A n"]:
    """Logit numerators; shifted by the largest so that none overflows."""
    return np.asarray(np.exp(utilities - utilities.max(axis=0)))


def logit(utilities: Float[np.ndarray, "A n"]) -> Float[np.ndarray, "A n"]:
    """Probability of each alternative (the first axis), at least one of which is open."""
    weights = _weights(utilities)
    return np.asarray(weights / weights.sum(axis=0))


def cut(u: Float[np.ndarray, "n"], utilities: Float[np.ndarray, "A n"]) -> Int64[np.ndarray, "n"]:
    """Which alternative a uniform falls into, in their order, by the inverse CDF of the logit."""
    cumulated = np.cumsum(_weights(utilities), axis=0)
    return np.asarray((cumulated[:-1] <= u * cumulated[-1]).sum(axis=0))


def share_not_home(utilities: Float[np.ndarray, "A n"]) -> Float[np.ndarray, "n"]:
    """Probability of one of the first two alternatives, to stay or to go onward."""
    weights = _weights(utilities)
    return np.asarray((weights[0] + weights[1]) / weights.sum(axis=0))


def withdrawal(utility: Value, commitment: Value, threshold: Value) -> Value:
    """Weekly probability that a registered household takes its name back."""
    bound = utility + commitment
    return either(threshold, either(bound < 0.0, 1.0, 0.0), logistic(-bound))


def intention(share_not_home: Value, weeks: Value) -> Value:
    """Probability of choosing home within ``weeks`` at today's conditions."""
    return 1.0 - share_not_home**weeks
