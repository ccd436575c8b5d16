"""Which numbers a scenario rests on, and which of them have a source."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from returnsim.scenario.dated import Entry
from returnsim.scenario.paths import SECTIONS
from returnsim.scenario.quantities import Model, Quantity

if TYPE_CHECKING:
    from returnsim.scenario.schema import Scenario


def guesses_of(scenario: "Scenario") -> tuple[int, int]:
    """Count the numbers in effect that have no source, and all of them.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Returns
    -------
    tuple of int
        Numbers without a source (defaults among them), and all numbers. What is drawn from a
        posterior is fitted to what was observed, and no guess.
    """
    numbers = [quantity for _, quantity in quantities(scenario)]
    return sum(q.source is None for q in numbers), len(numbers)


def rested_on(scenario: "Scenario") -> str:
    """Say in a sentence how many of the numbers are guesses, and what is drawn."""
    guesses, numbers = guesses_of(scenario)
    drawn = "" if scenario.posterior is None else f", {scenario.posterior}"
    return (
        f"{guesses} of the {numbers} numbers that the scenario rests on are guesses without a "
        f"source{drawn}."
    )


def quantities(scenario: "Scenario") -> Iterator[tuple[str, Quantity]]:
    """List the numbers in effect, defaults included, in the order of a scenario file.

    Numbers of entries that begin after the run are left out; nulls are not numbers. A number of a
    dated entry without a source of its own has the entry's; what is drawn from a posterior has that
    as its source.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Yields
    ------
    tuple of str and Quantity
        The dotted path, with the date of a dated entry in brackets, as in
        ``levers.siege[2019-02-04].severity``, and the number.
    """
    posterior = scenario.posterior
    for section in SECTIONS:
        for path, number in _within(section, getattr(scenario, section), scenario.end):
            if posterior is not None and path in posterior.draws:
                yield path, number.model_copy(update={"source": posterior.source})
            else:
                yield path, number


def _within(path: str, value: object, end: date) -> Iterator[tuple[str, Quantity]]:
    if isinstance(value, Quantity):
        yield path, value
    elif isinstance(value, Model):
        for name in type(value).model_fields:
            yield from _within(f"{path}.{name}", getattr(value, name), end)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _within(f"{path}.{name}", part, end)
    elif isinstance(value, tuple) and value and isinstance(value[0], Entry):
        yield from _of_entries(path, value, end)


def _of_entries(path: str, entries: Sequence[Entry], end: date) -> Iterator[tuple[str, Quantity]]:
    named = entries[0].model_fields_set
    for i, entry in enumerate(filled(entries)):
        if entry.first_day >= end:
            continue
        where = path if entry.from_ is None else f"{path}[{entry.from_}]"
        for name in entry.value_names():
            if i and name not in entry.model_fields_set:
                continue
            # A dated number is known by its place alone, without the word `value`.
            inner = where if name == "value" else f"{where}.{name}"
            for full, number in _within(inner, getattr(entry, name), end):
                yield full, _with_source(number, entry) if i or name in named else number


def _with_source(number: Quantity, entry: Entry) -> Quantity:
    if number.source is not None or entry.source is None:
        return number
    return number.model_copy(update={"source": entry.source})


def filled(entries: Sequence[Entry]) -> list[Entry]:
    """Let the first entry name every field, as far as that changes nothing.

    A first entry that draws a line is left as it is: a field that it does not name keeps its
    default up to the next entry.
    """
    first, *others = entries
    if not first.linear:
        names = {*first.model_fields_set, *first.value_names()}
        first = first.model_copy()
        first.model_fields_set.update(names)
    return [first, *others]
