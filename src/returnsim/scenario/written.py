"""A scenario written out: as a file that can be read again, and as a hash of what it simulates."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from returnsim.scenario.dated import ALWAYS, Entry
from returnsim.scenario.evidence import SECTIONS, filled
from returnsim.scenario.quantities import Model, Quantity
from returnsim.scenario.schema import Scenario

Plain = Any
LARGEST_EXACT_WHOLE = 2**53
WIDTH = 110


class _Representer(SafeRepresenter):
    """Quotes every text that does not begin like a word: some would not be read as text again."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.yaml_representers = self.yaml_representers | {str: _Representer.represent_text}

    def represent_text(self, text: str) -> Any:
        """One text as a YAML scalar."""
        style = None if text[:1].isalnum() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def dump_scenario(scenario: Scenario, relative_to: Path | None = None) -> str:
    """Write a scenario as YAML with every default filled.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.
    relative_to : Path, optional
        Folder from which the path of the observations is written; absolute if not given.

    Returns
    -------
    str
        A complete scenario file. Read again, it has the same hash.
    """
    data = plain_scenario(scenario)
    if scenario.observations is not None:
        data["observations"] = _path_from(scenario.observations, relative_to)
    text = StringIO()
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = WIDTH
    yaml.dump(data, text)
    return text.getvalue()


def plain_scenario(scenario: Scenario) -> dict[str, Plain]:
    """A scenario as plain data of the shape of a scenario file, every default filled."""
    return {
        name: plain_value(getattr(scenario, name))
        for name in Scenario.model_fields
        if name != "extends"
    }


def defaults_of(path: Sequence[str]) -> Plain:
    """What a scenario file that says nothing has at a path, as plain data."""
    value: Any = Scenario.model_fields[path[0]].default
    for key in path[1:]:
        value = getattr(value, key)
    return plain_value(value)


def scenario_hash(scenario: Scenario) -> str:
    """Fingerprint of all that changes the simulation.

    Titles, names, observations, sources, ranges and reasons leave it as it is. The order of
    guarantors, origins and splits counts, for it decides ties and draws.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Returns
    -------
    str
        SHA-256 of canonical JSON, 64 hexadecimal digits.
    """
    what = {
        "start": scenario.start.isoformat(),
        "weeks": scenario.weeks,
        "record_from": None if scenario.record_from is None else scenario.record_from.isoformat(),
        **{name: _canonical(getattr(scenario, name)) for name in SECTIONS},
    }
    text = json.dumps(what, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def plain_value(value: object) -> Plain:
    """A part of a scenario as plain data of the shape of a scenario file."""
    if isinstance(value, Quantity):
        return _plain_quantity(value)
    if isinstance(value, Model):
        return {name: plain_value(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {name: plain_value(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return _plain_tuple(value)
    if isinstance(value, Path):
        return str(value)
    return value


def _plain_tuple(value: tuple[object, ...]) -> Plain:
    if value == ALWAYS:
        return True
    if value and isinstance(value[0], Entry):
        entries = [part for part in value if isinstance(part, Entry)]
        if entries[0].from_ is None:
            return _plain_entry(filled(entries)[0])
        return [_plain_entry(entry) for entry in filled(entries)]
    return [plain_value(part) for part in value]


def _plain_entry(entry: Entry) -> Plain:
    named = [name for name in entry.value_names() if name in entry.model_fields_set]
    values = {name: plain_value(getattr(entry, name)) for name in named}
    evidence = {name: getattr(entry, name) for name in ("source", "why")}
    told = {name: text for name, text in evidence.items() if text is not None}
    if entry.from_ is None:
        plain_number = named == ["value"] and not told
        return values["value"] if plain_number else values | told
    dates: dict[str, Plain] = {"from": entry.from_}
    if entry.until is not None:
        dates["until"] = entry.until
    if entry.linear:
        dates["linear"] = True
    return dates | values | told


def _plain_quantity(quantity: Quantity) -> Plain:
    number = _plain_number(quantity.value)
    told: dict[str, Plain] = {}
    if quantity.range is not None:
        told["range"] = [_plain_number(end) for end in quantity.range]
    for name in ("source", "why"):
        if getattr(quantity, name) is not None:
            told[name] = getattr(quantity, name)
    return {"value": number} | told if told else number


def _plain_number(number: float) -> int | float:
    whole = number.is_integer() and abs(number) < LARGEST_EXACT_WHOLE
    return int(number) if whole else number


def _canonical(value: object) -> Plain:
    if isinstance(value, Quantity):
        # Adding zero makes minus zero zero.
        return value.value + 0.0
    if isinstance(value, Entry):
        named = [name for name in value.value_names() if name in value.model_fields_set]
        dates = {"from": _canonical(value.from_), "until": _canonical(value.until)}
        return dates | {"linear": value.linear} | {n: _canonical(getattr(value, n)) for n in named}
    if isinstance(value, Model):
        return {name: _canonical(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return [[name, _canonical(part)] for name, part in value.items()]
    if isinstance(value, tuple):
        entries = [part for part in value if isinstance(part, Entry)]
        return [_canonical(part) for part in (filled(entries) if entries else value)]
    return value.isoformat() if isinstance(value, date) else value


def _path_from(path: Path, folder: Path | None) -> str:
    if folder is None:
        return str(path)
    return Path(os.path.relpath(path, folder.resolve())).as_posix()
