"""Paths to the numbers of a scenario, as they are typed: keys, and days in brackets."""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

SECTIONS = (
    "population",
    "guarantors",
    "levers",
    "behaviour",
    "beliefs",
    "livelihood",
    "hazards",
    "custody",
    "passage",
)
"""Parts of a scenario that have numbers, in the order of a file."""

DAYS = re.compile(
    r"(?P<key>[^\[\]]+)\[(?P<first>\d{4}-\d\d-\d\d)(?P<on>:(?P<until>\d{4}-\d\d-\d\d)?)?\]"
)


class Days(NamedTuple):
    """A part of a path that names days."""

    first: date
    until: date | None
    is_entry: bool  # the entry that begins on the first day, whenever it ends


class ParsedPath(NamedTuple):
    """A path taken apart.

    Attributes
    ----------
    keys : tuple of str
        Up to what is dated; all of them where no days are named.
    days : Days or None
        The days, if there are any.
    field : tuple of str
        The keys after the days.
    """

    keys: tuple[str, ...]
    days: Days | None
    field: tuple[str, ...]

    @property
    def number(self) -> tuple[str, ...]:
        """Every key on the way to the number, without its days and without the word `value`."""
        every = (*self.keys, *self.field)
        return every[:-1] if every[-1] == "value" else every


class ImpossibleError(Exception):
    """What cannot be done, in words."""


@lru_cache(maxsize=10_000)
def parsed(path: str) -> ParsedPath:
    """Take a path apart.

    Raises
    ------
    ImpossibleError
        If it is none.
    """
    keys = tuple(path.split("."))
    if not all(keys):
        raise ImpossibleError("a path is key.key.key")
    if keys[0] == "extends":
        raise ImpossibleError("only a file can extend another")
    dated = [i for i, key in enumerate(keys) if "[" in key or "]" in key]
    if not dated:
        return ParsedPath(keys, None, ())
    place = dated[0]
    match = DAYS.fullmatch(keys[place])
    if match is None or len(dated) > 1:
        raise ImpossibleError("days are written as key[2022-05-01:] or key[2022-05-01:2022-09-01]")
    try:
        first = date.fromisoformat(match["first"])
        until = date.fromisoformat(match["until"]) if match["until"] else None
    except ValueError:
        raise ImpossibleError("names a day that does not exist") from None
    if until is not None and until <= first:
        raise ImpossibleError("the second day must be later than the first")
    days = Days(first, until, match["on"] is None)
    return ParsedPath((*keys[:place], match["key"]), days, keys[place + 1 :] or ("value",))
