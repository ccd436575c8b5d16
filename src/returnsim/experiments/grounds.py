"""What cases stand on: whether their people, their weeks and their replicates are the same."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any


def notes_on(grounds: Collection[Mapping[str, Any]], replicates: Collection[int]) -> Iterator[str]:
    """What to know of cases before they are told apart.

    Parameters
    ----------
    grounds : collection of mapping
        The ``ground`` of each, as its ``run.json`` says it: population, start, weeks and the week
        from which it was recorded.
    replicates : collection of int
        How many each has.
    """
    if min(replicates) < max(replicates):
        yield (
            f"Cases have from {min(replicates)} to {max(replicates)} replicates; differences are "
            "over those that both have."
        )
    if not is_of_one_people(grounds):
        yield (
            "Cases have unlike populations: their households are not the same people, and "
            "differences are not those of levers alone."
        )
    if len({(g["start"], g["weeks"], g["recorded_from"]) for g in grounds}) > 1:
        yield "Cases span unlike weeks: what is summed up is each one's own."


def is_of_one_people(grounds: Collection[Mapping[str, Any]]) -> bool:
    """Whether all cases have the same households."""
    return len({ground["population"] for ground in grounds}) <= 1
