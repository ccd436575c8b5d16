"""Two ways to step the same camp: NumPy on whole arrays, and loops compiled by numba.

Every count is the same by both, and every number within 1e-12.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import NamedTuple

from returnsim.compiled import is_compiled
from returnsim.core.inputs import Inputs, Population
from returnsim.core.log import Deeds, Events, deeds_of, events_of
from returnsim.core.record import Tally, tally
from returnsim.core.week import open_camp, step
from returnsim.draws import Draws
from returnsim.errors import UsageError

AUTO, NUMPY, NUMBA = "auto", "numpy", "numba"

WORTH_LOADING = 10_000_000
WORTH_COMPILING = 150_000_000
"""Household-weeks from which the compiled loops save more time than it takes to load them, or to
compile them where that was never done on this machine."""


class KeptWeek(NamedTuple):
    """What is kept of a week."""

    tally: Callable[[], Tally]  # to be called before the next week
    events: Events | None
    deeds: Deeds | None


Live = Callable[[int], KeptWeek]
"""Lives through a week, given by its number from 0; weeks come one after the other."""


def by_numpy(inputs: Inputs, people: Population, draws: Draws, events: bool) -> Live:
    """Step all households at once, process by process."""
    camp = open_camp(inputs, people, draws)

    def live(t: int) -> KeptWeek:
        happened = step(camp, t, intentions=t >= inputs.record_from)

        def counted() -> Tally:
            return tally(camp, happened)

        if not events:
            return KeptWeek(counted, None, None)
        return KeptWeek(counted, events_of(happened.moves, t, camp), deeds_of(happened, t, camp))

    return live


def by_numba(inputs: Inputs, people: Population, draws: Draws, events: bool) -> Live:
    """Step one household after the other in a compiled loop, which holds no lock meanwhile."""
    from returnsim.core.fused.engine import Loop

    loop = Loop(inputs, people, draws, events)

    def live(t: int) -> KeptWeek:
        loop.step(t)
        if not events:
            return KeptWeek(loop.tally, None, None)
        return KeptWeek(loop.tally, loop.events(t), loop.deeds())

    return live


def choose_engine(wanted: str, household_weeks: int | float) -> str:
    """The engine for a piece of work.

    Parameters
    ----------
    wanted : str
        `NUMPY`, `NUMBA`, or `AUTO`: numba where it is installed and worth its start-up.
    household_weeks : float
        How much there is to do.

    Raises
    ------
    UsageError
        If there is no such engine, or numba is not installed.
    """
    if wanted not in {AUTO, *ENGINES}:
        known = ", ".join((AUTO, *ENGINES))
        raise UsageError(f"engine: {wanted}: must be one of {known}")
    is_there = find_spec("numba") is not None
    if wanted == NUMBA and not is_there:
        raise UsageError(
            "engine: numba is not installed: install the extra fast "
            "(in a checkout: pip install -e '.[fast]'), or choose numpy"
        )
    if wanted != AUTO:
        return wanted
    worth = WORTH_LOADING if is_compiled() else WORTH_COMPILING
    return NUMBA if is_there and household_weeks >= worth else NUMPY


ENGINES: Mapping[str, Callable[[Inputs, Population, Draws, bool], Live]] = MappingProxyType(
    {NUMPY: by_numpy, NUMBA: by_numba}
)
