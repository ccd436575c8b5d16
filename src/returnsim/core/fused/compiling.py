"""The rules of the core, made known to the compiler, and how the loops are compiled and kept."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.extending import overload, register_jitable

from returnsim.compiled import cache_folder
from returnsim.core import (
    chance,
    custody,
    demography,
    elementwise,
    hardship,
    harm,
    news,
    passage,
    risk,
    trust,
    utility,
)

Function = TypeVar("Function", bound=Callable[..., Any])

RULES: tuple[Callable[..., Any], ...] = (
    chance.happens,
    custody.arrest_hazard,
    demography.death_hazard,
    hardship.logistic,
    hardship.hunger_floor,
    hardship.want,
    hardship.hardship_target,
    hardship.approached,
    hardship.price_index,
    hardship.purse,
    harm.promise_in_force,
    harm.harm_hazard,
    harm.conscription_hazard,
    news.public_share,
    news.heard_of,
    news.safety,
    passage.shortfall,
    passage.paid,
    passage.lorry_cost,
    passage.fare_of,
    passage.refusal_chance,
    risk.threat_perceived,
    risk.believed_exposure,
    risk.perceived_harm,
    risk.perceived_conscription,
    trust.discounted,
    trust.survival,
    utility.pull_terms,
    utility.offer_terms,
    utility.onward_terms,
    utility.total,
    utility.withdrawal,
    utility.intention,
)
"""The elementwise rules, as the NumPy core calls them on arrays."""

# Division by zero gives infinities and NaN as in NumPy, and nothing is reordered.
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False}


@overload(elementwise.either, jit_options=SETTINGS, strict=False)
def _either(condition: Any, yes: Any, no: Any) -> Callable[..., Any]:  # noqa: ARG001
    return lambda condition, yes, no: yes if condition else no


for _rule in RULES:
    register_jitable(_nrt=False, **SETTINGS)(_rule)


def compiled(function: Function) -> Function:
    """Compile a loop when it is first called, and keep the machine code on disk.

    Parameters
    ----------
    function : callable
        What numba can compile; it may call the rules.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = before or str(cache_folder())
    try:
        made: Function = numba.njit(cache=True, **SETTINGS)(function)
    finally:
        settings.CACHE_DIR = before
    return made


def inner(function: Function) -> Function:
    """Compile what loops call for a household: it makes no array, so none is kept count of.

    Counting references to the arrays of a record took more time than the arithmetic.
    """
    made: Function = numba.njit(_nrt=False, forceinline=True, **SETTINGS)(function)
    return made


def seldom(function: Function) -> Function:
    """Compile as `inner` what is called for few households, by itself."""
    made: Function = numba.njit(_nrt=False, **SETTINGS)(function)
    return made
