"""What a scenario sets, in what it differs from its base, and how much of it is guessed."""

import re
import shlex
import types
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from returnsim.errors import ReturnsimError
from returnsim.report.content import Block, Table, Words
from returnsim.report.reading import Told, damaged, plain
from returnsim.results.contents import SCENARIO
from returnsim.scenario.compare import differences
from returnsim.scenario.dated import Entry
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import load_scenario, scenario_from, scenario_hash
from returnsim.scenario.paths import SECTIONS
from returnsim.scenario.schema import Scenario

LEVERS = ("levers.", "guarantors.", "guarantors")
"""What the paths of those begin with that somebody could set otherwise."""

LONG = re.compile(r"\d+\.\d{4,}")
"""A number with more digits than a reader can use."""


class Base(NamedTuple):
    """What a scenario is told apart from."""

    name: str
    scenario: Scenario


def scenario_in(folder: Path, told: Told) -> Scenario:
    """The scenario of a run, made sure to be the one that was run.

    Raises
    ------
    UsageError
        If it is missing, cannot be read, or is another.
    """
    file = folder / SCENARIO
    if not file.is_file():
        raise damaged(file, "is missing")
    scenario = load_scenario(file)
    if scenario_hash(scenario) != told.of("scenario_hash", str):
        raise damaged(file, "is not the scenario that was run")
    return scenario


def base_of(scenario: Scenario, command: str, asked: Path | None) -> Base | None:
    """What a run's scenario extends, or was changed from on the command line.

    Parameters
    ----------
    scenario : Scenario
        That was run.
    command : str
        What was typed to run it; its file is looked at only if it still gives that scenario.
    asked : Path or None
        A scenario file to tell it apart from in any case.

    Returns
    -------
    Base or None
        None where there is none, or it cannot be found from here.
    """
    if asked is not None:
        return Base(str(asked), load_scenario(asked))
    try:
        words = shlex.split(command)
        file = Path(words[2])
        changes = [after for word, after in pairwise(words) if word == "--set"]
        if scenario_hash(load_scenario(file, changes)) != scenario_hash(scenario):
            return None
        extended = _extended(file)
        if extended is not None:
            return Base(str(extended), load_scenario(extended))
        return Base(str(file), load_scenario(file)) if changes else None
    except (ReturnsimError, OSError, ValueError, IndexError):
        return None


def _extended(file: Path) -> Path | None:
    from ruamel.yaml import YAML

    written = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    named = written.get("extends") if isinstance(written, Mapping) else None
    return file.parent / named if isinstance(named, str) else None


def levers_said(scenario: Scenario, base: Base | None) -> list[Block]:
    """What the scenario sets that could be set otherwise, and in what it differs from its base."""
    blocks: list[Block] = []
    if base is not None:
        blocks += differences_said(base, [(scenario.title, scenario)])
    # The first has a record, for somebody must: beside it, every default stands as it is.
    record = {"track_record": {"harms": 0, "exposure_weeks": 1}}
    named = {name: record if i == 0 else {} for i, name in enumerate(scenario.guarantor_names)}
    written = {"title": "-", "start": scenario.start, "weeks": scenario.weeks, "guarantors": named}
    neutral = scenario_from(written, "-")
    rows = [
        (plain(path), _lines(other), meaning(path))
        for path, _, other in differences(neutral, scenario)
        if path.startswith(LEVERS)
    ]
    if rows:
        blocks.append(
            Table(
                "Levers and guarantors as they are set; what is not named is as the model has it",
                ("lever", "set to", "what it is, and its unit"),
                rows,
                words=3,
            )
        )
    return blocks


def differences_said(base: Base, others: Sequence[tuple[str, Scenario]]) -> list[Block]:
    """In what scenarios differ from another, a row each, with what it means."""
    name = plain(base.name)
    blocks: list[Block] = []
    same = []
    for called, scenario in others:
        found = differences(base.scenario, scenario)
        if not found:
            same.append(called)
            continue
        rows = [
            (plain(path), _lines(one), _lines(other), meaning(path)) for path, one, other in found
        ]
        columns = ("what", f"in {name}", "here", "what it is, and its unit")
        blocks.append(Table(f"{plain(called)}: what differs from {name}", columns, rows, words=4))
    if same:
        blocks.append(
            Words(f"{' and '.join(map(plain, same))}: in nothing that is simulated unlike {name}.")
        )
    return blocks


def _lines(lines: Iterable[str]) -> str:
    return "; ".join(LONG.sub(lambda number: f"{float(number[0]):.4g}", plain(x)) for x in lines)


def meaning(path: str) -> str:
    """What a number of a scenario is, and in which unit, in the words of the reference.

    Parameters
    ----------
    path : str
        Such as ``levers.siege`` or ``guarantors.russia.enforcement``.

    Returns
    -------
    str
        Empty where the reference has no word on it.
    """
    inside: Any = Scenario
    said = ""
    for key in path.split("."):
        if not (isinstance(inside, type) and issubclass(inside, BaseModel)):
            inside = _within(_value_of(inside))
            continue
        field = inside.model_fields.get(key)
        if field is None:
            return ""
        said = field.description or ""
        inside = _within(field.annotation)
    if isinstance(inside, type) and issubclass(inside, Entry):
        fields = inside.model_fields
        names = [name for name in _values(inside) if name != "value"]
        parts = [f"{name}: {fields[name].description}" for name in names]
        said = " ".join([said, *parts])
    return " ".join(said.replace("`", "").split())


def _values(entry: type[Entry]) -> list[str]:
    own = {name for name in entry.model_fields if name not in Entry.model_fields}
    return [name for name in entry.model_fields if name in own]


def _within(annotation: Any) -> Any:
    """The model that a field holds, one or many; a mapping is left as it is."""
    origin = get_origin(annotation)
    if origin in (Annotated, tuple, list):
        return _within(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _within(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation


def _value_of(annotation: Any) -> Any:
    arguments = get_args(annotation)
    return arguments[1] if len(arguments) == 2 else None


def guesses_table(scenario: Scenario) -> Table:
    """How many numbers of each part of a scenario have no source."""
    by_section = {name: [0, 0] for name in SECTIONS}
    for path, quantity in quantities(scenario):
        counts = by_section[path.partition(".")[0]]
        counts[0] += quantity.source is None
        counts[1] += 1
    rows = [
        (name, f"{guesses:,}", f"{all_:,}", f"{100 * guesses / all_:.0f} %")
        for name, (guesses, all_) in by_section.items()
        if all_
    ]
    head = ("part of the scenario", "guesses", "numbers", "share")
    return Table("Numbers without a source, by part of the scenario", head, rows)
