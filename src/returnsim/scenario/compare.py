"""In what two scenarios differ, as a reader would tell it."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from statistics import fmean
from typing import Any

from returnsim.scenario.dated import Entry
from returnsim.scenario.paths import SECTIONS
from returnsim.scenario.posterior import Posterior
from returnsim.scenario.quantities import Model, Quantity
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import plain_value

ABSENT = "-"
DATES = ("from", "until", "linear")
EVIDENCE = ("range", "source", "why")
FINGERPRINT = 8
TIME = ("start", "weeks", "record_from")


def differences(first: Scenario, second: Scenario) -> list[tuple[str, list[str], list[str]]]:
    """List what is simulated differently.

    Parameters
    ----------
    first, second : Scenario
        The scenarios to compare.

    Returns
    -------
    list of tuple of str, list of str and list of str
        Path and the lines that tell its value in the first and in the second scenario, in the order
        of a scenario file. Dated values have a line for each entry that the other has not. Sources,
        ranges and reasons are left out, as are titles and observations.
    """
    one, other = (_told(scenario) for scenario in (first, second))
    return [
        (path, _unlike(one.get(path), other.get(path)), _unlike(other.get(path), one.get(path)))
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    ]


def _unlike(lines: list[str] | None, others: list[str] | None) -> list[str]:
    if lines is None:
        return [ABSENT]
    alike = [line for line in lines if line in (others or ())]
    rest = [line for line in lines if line not in alike]
    return [*rest, f"({len(alike)} as in the other)"] if alike else rest


def _told(scenario: Scenario) -> dict[str, list[str]]:
    return {
        path: lines
        for name in (*TIME, *SECTIONS)
        for path, lines in _lines(name, getattr(scenario, name))
    } | _drawn(scenario.posterior)


def _drawn(posterior: Posterior | None) -> dict[str, list[str]]:
    """A line for each number that a posterior draws."""
    if posterior is None:
        return {}
    return {
        f"posterior: {path}": [
            f"{len(draws)} draws from {min(draws):.4g} to {max(draws):.4g}, mean "
            f"{fmean(draws):.4g} (row by row: {_fingerprint(draws)})"
        ]
        for path, draws in posterior.draws.items()
    }


def _fingerprint(draws: Sequence[float]) -> str:
    """Tells other draws apart, or the same in another order: each replicate has its row."""
    return sha256(repr(list(draws)).encode()).hexdigest()[:FINGERPRINT]


def _lines(path: str, value: object) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, Model) and not isinstance(value, Quantity):
        for name in type(value).model_fields:
            yield from _lines(f"{path}.{name}", getattr(value, name))
    elif isinstance(value, Mapping):
        # Names and their order: it decides ties and draws.
        yield path, [_text(list(value))]
        for name, part in value.items():
            yield from _lines(f"{path}.{name}", part)
    elif isinstance(value, tuple) and value and isinstance(value[0], Entry):
        entries = plain_value(value)
        listed = entries if isinstance(entries, list) else [entries]
        yield path, [_entry(entry) for entry in listed]
    else:
        yield path, [_text(plain_value(value))]


def _entry(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return _text(entry)
    until = f" to {entry['until']}" if "until" in entry else ""
    line = ", in a line to the next" if entry.get("linear") else ""
    when = f"{entry['from']}{until}{line}: " if "from" in entry else ""
    values = {key: part for key, part in entry.items() if key not in (*EVIDENCE, *DATES)}
    if list(values) == ["value"]:
        return when + _text(values["value"])
    return when + ", ".join(f"{key} {_text(part)}" for key, part in values.items())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        if "value" in value:
            return _text(value["value"])
        return "{" + ", ".join(f"{key}: {_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
