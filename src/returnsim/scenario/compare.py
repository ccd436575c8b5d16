"""In what two scenarios differ, line by line as a reader would tell it."""

from collections.abc import Iterator, Mapping
from typing import Any

from returnsim.scenario.evidence import SECTIONS
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import plain_value

ABSENT = "-"
EVIDENCE = ("range", "source", "why")
TIME = ("start", "weeks", "record_from")


def differences(first: Scenario, second: Scenario) -> list[tuple[str, str, str]]:
    """List what is simulated differently.

    Parameters
    ----------
    first, second : Scenario
        The scenarios to compare.

    Returns
    -------
    list of tuple of str
        Path, value in the first, value in the second, in the order of a scenario file. Dated
        values are one line: each value after the date from which it holds. Sources, ranges and
        reasons are left out, as are titles and observations.
    """
    one, other = (_flat(scenario) for scenario in (first, second))
    return [
        (path, one.get(path, ABSENT), other.get(path, ABSENT))
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    ]


def _flat(scenario: Scenario) -> dict[str, str]:
    return {
        path: text
        for name in (*TIME, *SECTIONS)
        for path, text in _lines(name, plain_value(getattr(scenario, name)))
    }


def _lines(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and "value" not in value:
        for key, part in value.items():
            if key not in EVIDENCE:
                yield from _lines(f"{path}.{key}", part)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield path, "; ".join(_entry(entry) for entry in value)
    else:
        yield path, _text(value)


def _entry(entry: Mapping[str, Any]) -> str:
    until = f" to {entry['until']}" if "until" in entry else ""
    line = " in a line" if entry.get("linear") else ""
    values = {
        key: part
        for key, part in entry.items()
        if key not in (*EVIDENCE, "from", "until", "linear")
    }
    if list(values) == ["value"]:
        told = _text(values["value"])
    else:
        told = ", ".join(f"{key} {_text(part)}" for key, part in values.items())
    return f"{entry['from']}{until}{line}: {told}"


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
