"""Hardship and the purse: want has a threshold, reserves put it off, a siege drains them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.core.elementwise import Value
from returnsim.core.inputs import Conditions, Parameters, Population
from returnsim.core.rows import Rows
from returnsim.core.state import State


def logistic(z: Value) -> Value:
    """The standard logistic function; beyond 700 the exponential is cut, not overflown."""
    return 1.0 / (1.0 + np.exp(np.minimum(-z, 700.0)))


def hunger_floor(point: Value, width: Value) -> Value:
    """What the threshold of want gives where nothing is cut."""
    return logistic(-point / width)


def want(
    severity: Value,
    aid: Value,
    reserves: Value,
    point: Value,
    width: Value,
    floor: Value,
    relief: Value,
    relief_half_weeks: Value,
) -> Value:
    """Want that unmet supply brings about in time, in [0, 1]; exactly 0 without a siege.

    A logistic threshold in the supply that is cut and not replaced by aid, put off by reserves;
    shifted and scaled by its ``floor`` (`hunger_floor`), so that no cut means no want.
    """
    cut = severity * (1.0 - aid) * (1.0 - relief * reserves / (reserves + relief_half_weeks))
    return (logistic((cut - point) / width) - floor) / (1.0 - floor)


def hardship_target(
    want_: Value, medical_access: Value, vulnerable: Value, medical_hardship: Value
) -> Value:
    """Where hardship goes: want, and for the vulnerable the care that is closed to them."""
    return want_ + (1.0 - want_) * medical_hardship * (1.0 - medical_access) * vulnerable


def approached(hardship: Value, target: Value, speed: Value) -> Value:
    """Hardship a week later: it makes up a share ``speed`` of the way to its target."""
    return hardship + speed * (target - hardship)


def price_index(severity: Value, price_rise: Value) -> Value:
    """Price of what is bought in camp, 1 without a siege."""
    return 1.0 + price_rise * severity


def purse(
    reserves: Value,
    income: Value,
    remittance: Value,
    severity: Value,
    aid: Value,
    price: Value,
    purchased_share: Value,
) -> Value:
    """Reserves after a week's income and purchases, in weeks of subsistence; never below 0."""
    bought = purchased_share * price * (1.0 - aid)
    return np.maximum(0.0, reserves + income * (1.0 - severity) + remittance - bought)


class Livelihood(NamedTuple):
    """Hardship and reserves of some rows."""

    hardship: Float[np.ndarray, "n"]
    reserves: Float[np.ndarray, "n"]


def target_of(
    rows: Rows, reserves: np.ndarray, population: Population, week: Conditions, p: Parameters
) -> Float[np.ndarray, "n"]:
    """The level that the hardship of some rows moves towards at a week's conditions."""
    point, width = rows.of(p.hunger_point), rows.of(p.hunger_width)
    wanting = want(
        rows.of(week.severity),
        rows.of(week.aid),
        reserves,
        point=point,
        width=width,
        floor=hunger_floor(point, width),
        relief=rows.of(p.relief),
        relief_half_weeks=rows.of(p.relief_half_weeks),
    )
    vulnerable = population.vulnerable.ravel()[rows.index]
    return np.asarray(
        hardship_target(wanting, rows.of(week.medical), vulnerable, rows.of(p.medical_hardship))
    )


def live_a_week(
    rows: Rows, state: State, population: Population, week: Conditions, p: Parameters
) -> Livelihood:
    """Step 3: hardship of the households in camp, and what the week leaves in the purse."""
    reserves = state.reserves[rows.index]
    hardship = state.hardship[rows.index]
    target = target_of(rows, reserves, population, week, p)
    severity = rows.of(week.severity)
    left = purse(
        reserves,
        income=population.income.ravel()[rows.index],
        remittance=population.remittance.ravel()[rows.index],
        severity=severity,
        aid=rows.of(week.aid),
        price=price_index(severity, rows.of(p.price_rise)),
        purchased_share=rows.of(p.purchased_share),
    )
    felt = approached(hardship, target, rows.of(p.hardship_speed))
    return Livelihood(np.asarray(felt), np.asarray(left))
