"""What memory a run takes, asked while it can still be said in words."""

import os
from pathlib import Path

from returnsim.errors import UsageError

BYTES_A_HOUSEHOLD = 600
"""Of one replicate that is stepped: what is measured is this or more."""

BYTES_A_WEEK = 8 * 80
"""Of one replicate's record: some eighty columns."""

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux says what a container may take."""

UNITS = ("GB", "TB", "PB", "EB")


def check_memory(households: float, together: int, replicates: int, weeks: int) -> None:
    """Make sure that there is the memory that a run takes at least.

    Parameters
    ----------
    households : float
        Of one replicate, those who come later among them.
    together : int
        Replicates that are stepped at a time, by all workers.
    replicates : int
        Replicates whose weeks are kept.
    weeks : int
        Of the run.

    Raises
    ------
    UsageError
        If it is not there, saying what it would take.
    """
    needed = households * together * BYTES_A_HOUSEHOLD + replicates * weeks * BYTES_A_WEEK
    there = memory_there()
    if needed <= there:
        return
    at_once = "" if together == replicates else f", {together:,} of them at a time"
    raise UsageError(
        f"population: {households:,.0f} households, {replicates:,} replicates of {weeks:,} "
        f"weeks{at_once}: would take about {_in_words(needed)} of memory, and this machine has "
        f"{_in_words(there)}; simulate fewer `households`, each for several, or fewer replicates"
    )


def memory_there() -> float:
    """Bytes of memory that this process may take: the machine's, or less in a container."""
    sizes = [float("inf")]
    if hasattr(os, "sysconf"):
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in LIMITS:
        try:
            sizes.append(int(file.read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return min(sizes)


def _in_words(size: float) -> str:
    size /= 1e9
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.0f} {UNITS[-1]}"
