"""Which columns of a run can be observed, and in which unit."""

import math
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from returnsim.analysis.defined import divided
from returnsim.scenario.quantities import CLASSES

PEOPLE = ("people",)
HOUSEHOLDS = ("households", "families")
PARTIES = ("parties",)
PERCENT = ("percent",)
MEN_SHARE = "departures_men_share"
"""Men of any age among those who left, in percent; half of the elderly are counted as men."""


class Kind(NamedTuple):
    """How a quantity is counted.

    Attributes
    ----------
    is_stock : bool
        Counted on one day; otherwise summed over a window of days.
    units : tuple of str
        What its unit may be called; the first is the usual name.
    """

    is_stock: bool
    units: tuple[str, ...]


@cache
def observable() -> Mapping[str, Kind]:
    """Every quantity that may stand in a table of observations, in the order of the record."""
    gone = ("disappeared", "conscripted", "killed", "died_in_camp", "onward")
    stocks = (
        *("camp_population", *(f"camp_{name}" for name in CLASSES)),
        *("at_home", "held", "in_custody", *(f"{name}_to_date" for name in gone), "hungry"),
    )
    flows = (
        *("arrivals", "births", "died_in_camp", "onward"),
        *("departures", *(f"departures_{name}" for name in CLASSES), "departing_single_men"),
        *("newly_held", "held_released", "detained", "detained_men_conscription_age"),
        *("released", "disappeared", "conscripted", "killed"),
    )
    households = (
        *("registered", "withdrawn", "refused"),
        *("departing_households", "departing_households_split"),
    )
    return (
        {name: Kind(is_stock=True, units=PEOPLE) for name in stocks}
        | {name: Kind(is_stock=True, units=HOUSEHOLDS) for name in ("waiting", "without_care")}
        | {"intention_share": Kind(is_stock=True, units=PERCENT)}
        | {name: Kind(is_stock=False, units=PEOPLE) for name in flows}
        | {name: Kind(is_stock=False, units=HOUSEHOLDS) for name in households}
        | {"departing_parties": Kind(is_stock=False, units=PARTIES)}
        | {MEN_SHARE: Kind(is_stock=False, units=PERCENT)}
    )


def most_of(unit: str) -> float:
    """The most that there can be in a unit: a share is at most of all."""
    return 100.0 if unit in PERCENT else math.inf


def per_hundred(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Share in percent, elementwise; NaN where the whole is nothing."""
    return divided(100 * part, whole)
