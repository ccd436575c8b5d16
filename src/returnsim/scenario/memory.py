"""What memory a run takes, asked while it can still be said in words."""

import os

from returnsim.errors import UsageError
from returnsim.scenario.levers import weekly_levers
from returnsim.scenario.schema import Scenario

BYTES_A_HOUSEHOLD = 600
"""Of one replicate, by measurement."""

AT_ONCE = 16
"""Replicates that are in memory together."""

BYTES_A_WEEK = 2 * 8 * 80
"""Of one replicate: two runs of some eighty columns."""

UNITS = ("GB", "TB", "PB", "EB")


def check_memory(scenario: Scenario, replicates: int = 1, households: int | None = None) -> None:
    """Make sure that this machine has the memory that a run takes.

    Parameters
    ----------
    scenario : Scenario
        What is to be run.
    replicates : int
        How many are told of together.
    households : int, optional
        Simulated in place of the full camp.

    Raises
    ------
    UsageError
        If it has not, saying what it would take.
    """
    people, size = scenario.population.people.value, scenario.population.household_size.value
    full = people / size
    number = full if households is None else households
    arriving = float(weekly_levers(scenario).arrivals_people.sum()) / size * number / full
    rows = (number + arriving) * min(replicates, AT_ONCE)
    needed = rows * BYTES_A_HOUSEHOLD + replicates * scenario.weeks * BYTES_A_WEEK
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed <= there:
        return
    what = f"{number:,.0f} households"
    if arriving >= 1:
        what += f" and {arriving:,.0f} who arrive"
    raise UsageError(
        f"population: {what}, {replicates:,} replicates of {scenario.weeks:,} weeks: would take "
        f"about {_in_words(needed)} of memory, and this machine has {_in_words(there)}; simulate "
        "fewer `households`, each for several, or fewer replicates"
    )


def _in_words(size: float) -> str:
    size /= 1e9
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.0f} {UNITS[-1]}"
