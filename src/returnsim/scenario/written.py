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
from returnsim.scenario.evidence import filled
from returnsim.scenario.parameters import Behaviour
from returnsim.scenario.paths import SECTIONS
from returnsim.scenario.posterior import Posterior
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
        Folder from which the paths of other files are written; absolute if not given.

    Returns
    -------
    str
        A complete scenario file. Read again, it has the same hash.
    """
    data = plain_scenario(scenario)
    for name in ("observations", "patterns"):
        if data[name] is not None:
            data[name] = _path_from(Path(data[name]), relative_to)
    if scenario.posterior is not None:
        data["posterior"] = _posterior_from(scenario.posterior, relative_to)
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

    Titles, names, observations, sources, ranges and reasons leave it as it is; of a posterior only
    the draws count. The order of guarantors, origins and splits counts, for it decides ties and
    draws.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Returns
    -------
    str
        SHA-256 of canonical JSON, 64 hexadecimal digits.
    """
    return sha256(numbers_text(scenario).encode()).hexdigest()


def population_hash(scenario: Scenario) -> str:
    """Fingerprint of what the households are drawn from: with one seed they are then the same."""
    numbers = plain_value(scenario.population, evidence=False)
    drawn = scenario.posterior.draws if scenario.posterior is not None else {}
    theirs = {path: draws for path, draws in drawn.items() if path.startswith("population.")}
    parts = [numbers, theirs] if theirs else numbers
    return sha256(json.dumps(parts, allow_nan=False).encode()).hexdigest()


def numbers_text(scenario: Scenario) -> str:
    """All that changes the simulation, as one line of JSON.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Returns
    -------
    str
        An object of the shape of a scenario file without title, question, observations, sources,
        ranges and reasons, and with no more of a posterior than its draws. With a title it can be
        loaded again (`scenario_from`), and then has the same hash.
    """
    names = ("start", "weeks", "record_from", *SECTIONS)
    numbers = {name: plain_value(getattr(scenario, name), evidence=False) for name in names}
    if scenario.behaviour.choice == Behaviour.model_fields["choice"].default:
        # Scenarios that were simulated before there was a choice of rule keep their fingerprint.
        del numbers["behaviour"]["choice"]
    if scenario.posterior is not None and scenario.posterior.draws:
        numbers["posterior"] = {"draws": plain_value(scenario.posterior.draws)}
    return json.dumps(numbers, separators=(",", ":"), allow_nan=False, default=date.isoformat)


def plain_value(value: object, *, evidence: bool = True) -> Plain:
    """A part of a scenario as plain data of the shape of a scenario file.

    Parameters
    ----------
    value : object
        A part of a scenario.
    evidence : bool
        Whether ranges, sources and reasons are told.
    """
    if isinstance(value, Quantity):
        return _plain_quantity(value) if evidence else _plain_number(value.value)
    if isinstance(value, Model):
        names = type(value).model_fields
        return {name: plain_value(getattr(value, name), evidence=evidence) for name in names}
    if isinstance(value, Mapping):
        return {name: plain_value(part, evidence=evidence) for name, part in value.items()}
    if isinstance(value, tuple):
        return _plain_tuple(value, evidence)
    if isinstance(value, Path):
        return str(value)
    return value


def _plain_tuple(value: tuple[object, ...], evidence: bool) -> Plain:
    if value == ALWAYS:
        return True
    if value and isinstance(value[0], Entry):
        entries = [part for part in value if isinstance(part, Entry)]
        if entries[0].from_ is None:
            return _plain_entry(filled(entries)[0], evidence)
        return [_plain_entry(entry, evidence) for entry in filled(entries)]
    return [plain_value(part, evidence=evidence) for part in value]


def _plain_entry(entry: Entry, evidence: bool) -> Plain:
    named = [name for name in entry.value_names() if name in entry.model_fields_set]
    values = {name: plain_value(getattr(entry, name), evidence=evidence) for name in named}
    reasons = {name: getattr(entry, name) for name in ("source", "why") if evidence}
    told = {name: text for name, text in reasons.items() if text is not None}
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


def _posterior_from(posterior: Posterior, folder: Path | None) -> Plain:
    """A posterior with each column as one text: thousands of lines are slow to read again."""

    def text(column: Sequence[float]) -> str:
        return " ".join(map(repr, column))

    return plain_value(posterior) | {
        "file": _path_from(posterior.file, folder) if posterior.file is not None else None,
        "draws": {path: text(column) for path, column in posterior.draws.items()},
        "discrepancy": text(posterior.discrepancy),
    }


def _path_from(path: Path, folder: Path | None) -> str:
    if folder is None:
        return str(path)
    return Path(os.path.relpath(path, folder.resolve())).as_posix()
