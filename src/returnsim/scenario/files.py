"""Scenario files: read, extend, override, all problems at once; and the other way, written out."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.problems import choice, in_order, problems_of, shown
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, merge, node_of, plain, replace
from returnsim.scenario.written import defaults_of, dump_scenario, scenario_hash
from returnsim.scenario.yaml_text import Unreadable, read_text, read_yaml

__all__ = [
    "dump_scenario",
    "load_scenario",
    "require_observations",
    "scenario_from",
    "scenario_hash",
]

Overrides = Sequence[str] | Mapping[str, object]
MOST_FILES = 20
NAMED = (("guarantors",), ("population", "origins"), ("behaviour", "splits"))
"""Mappings by name whose defaults an override may reach into."""


def load_scenario(path: str | Path, overrides: Overrides = ()) -> Scenario:
    """Read a scenario file, with whatever it extends, and apply overrides.

    Parameters
    ----------
    path : str or Path
        A YAML file.
    overrides : sequence of str or mapping
        Each ``"path.to.key=value"``, the value as in YAML; or a mapping from dotted path to value.
        What stood there is replaced wholly, be it dated or not.

    Returns
    -------
    Scenario
        Complete, with every default filled; ``observations`` is an absolute path.

    Raises
    ------
    ScenarioError
        With all that is wrong, each with its place.
    """
    file = Path(path)
    problems: list[Problem] = []
    try:
        root = _with_parents(_read(file, problems), file, (file.resolve(),), problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None
    return _scenario(root, file.stem, overrides, problems)


def scenario_from(
    mapping: Mapping[str, object], name: str = "scenario", overrides: Overrides = ()
) -> Scenario:
    """Build a scenario from plain data of the shape of a scenario file.

    Parameters
    ----------
    mapping : mapping
        As read from YAML; paths in it start from the working directory.
    name : str
        Short name of the scenario.
    overrides : sequence of str or mapping
        As in `load_scenario`.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With all that is wrong.
    """
    here = Path(name)
    problems: list[Problem] = []
    root = _observations_from(node_of(mapping, Mark(here)), Path.cwd())
    try:
        root = _with_parents(root, here, (), problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None
    return _scenario(root, name, overrides, problems)


def require_observations(scenario: Scenario, file: Path | None = None) -> None:
    """Make sure that the table of observations which a scenario names is there.

    A scenario can be run without, so `load_scenario` does not ask for it.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.
    file : Path, optional
        The scenario's file, to be named in the error.

    Raises
    ------
    ScenarioError
        If the scenario names observations and there is no such file.
    """
    table = scenario.observations
    if table is not None and not table.is_file():
        where = file or Path(scenario.name)
        raise ScenarioError(
            [Problem(where, None, None, "observations", str(table), "no such file")]
        )


def _scenario(root: Node, name: str, overrides: Overrides, problems: list[Problem]) -> Scenario:
    found = list(problems)
    for node, path in _overrides(overrides, found):
        root = _reach_into(root, path)
        unknown = _unknown_guarantor(root, path)
        if unknown:
            found.append(Problem(None, None, None, ".".join(path), "", unknown))
        else:
            root = replace(root, path, node)
    try:
        scenario = Scenario.model_validate(plain(root))
    except ValidationError as error:
        found += problems_of(error, root)
    if found:
        raise ScenarioError(in_order(found))
    scenario._name = name
    return scenario


def _unknown_guarantor(root: Node, path: tuple[str, ...]) -> str:
    """What is wrong with changing a part of a guarantor that is not there, or nothing."""
    if path[0] != "guarantors" or len(path) <= len(("guarantors", "name")):
        return ""
    there = _at(root, ("guarantors",))
    names = tuple(there.value) if there is not None and isinstance(there.value, dict) else ()
    return "" if path[1] in names else f"no such guarantor; {choice(path[1], names)}"


def _read(file: Path, problems: list[Problem]) -> Node:
    node = read_yaml(read_text(file), file, problems)
    if node.value is None:
        raise Unreadable([Problem(file, None, None, "", "", "the file is empty")])
    if not isinstance(node.value, dict):
        rule = "a scenario file is a mapping: lines of the form `key: value`"
        raise Unreadable([Problem(file, node.mark.line, node.mark.column, "", shown(node), rule)])
    return _observations_from(node, file.parent)


def _observations_from(node: Node, folder: Path) -> Node:
    """Make the path of the observations absolute, from where it is written."""
    written = node.value.get("observations") if isinstance(node.value, dict) else None
    if written is None or not isinstance(written.value, str | Path):
        return node
    absolute = Node(_absolute(folder / written.value), written.mark, written.key_mark)
    assert isinstance(node.value, dict)  # noqa: S101
    return Node(node.value | {"observations": absolute}, node.mark, node.key_mark)


def _absolute(path: Path) -> str:
    """The path from the root; unlike resolving it, this asks nothing of the file system."""
    return os.path.abspath(path)  # noqa: PTH100


def _with_parents(node: Node, file: Path, seen: tuple[Path, ...], problems: list[Problem]) -> Node:
    """Lay a file over the one that it extends, and that over the next."""
    assert isinstance(node.value, dict)  # noqa: S101
    extends = node.value.get("extends")
    if extends is None or extends.value is None:
        return node
    if not isinstance(extends.value, str) or not extends.value.strip():
        raise _cannot_extend(extends, "must be the path of a scenario file, as text")
    parent = file.parent / extends.value
    if not parent.exists():
        raise _cannot_extend(extends, f"no such file: {parent}")
    known = parent.resolve()
    if known in seen:
        round_trip = " -> ".join(path.name for path in (*seen, known))
        raise _cannot_extend(extends, f"the files extend one another in a circle: {round_trip}")
    if len(seen) >= MOST_FILES:
        raise _cannot_extend(extends, f"more than {MOST_FILES} files extend one another")
    below = _with_parents(_read(parent, problems), parent, (*seen, known), problems)
    own = {key: part for key, part in node.value.items() if key != "extends"}
    return merge(below, Node(own, node.mark, node.key_mark))


def _cannot_extend(node: Node, rule: str) -> Unreadable:
    mark = node.mark
    return Unreadable([Problem(mark.file, mark.line, mark.column, "extends", shown(node), rule)])


def _overrides(overrides: Overrides, problems: list[Problem]) -> list[tuple[Node, tuple[str, ...]]]:
    """Values and the paths they belong to; what cannot be read is added to the problems."""
    pairs = (
        [(path, node_of(value, Mark(None))) for path, value in overrides.items()]
        if isinstance(overrides, Mapping)
        else [_override(text, problems) for text in _listed(overrides)]
    )
    read = []
    for path, node in pairs:
        if node is None:
            continue
        keys = tuple(path.split("."))
        if not all(keys):
            problems.append(Problem(None, None, None, path, "", "a path is key.key.key"))
        elif keys[0] == "extends":
            problems.append(Problem(None, None, None, path, "", "only a file can extend another"))
        else:
            if keys == ("observations",) and isinstance(node.value, str | Path):
                node = Node(_absolute(Path(node.value)), node.mark, node.key_mark)
            read.append((node, keys))
    return read


def _listed(overrides: Sequence[str]) -> Sequence[str]:
    return [overrides] if isinstance(overrides, str) else overrides


def _override(text: str, problems: list[Problem]) -> tuple[str, Node | None]:
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals:
        rule = "an override has the form path.to.key=value"
        problems.append(Problem(None, None, None, "", text, rule))
        return path, None
    try:
        return path, read_yaml(value, None, problems, path)
    except Unreadable as error:
        problems.extend(error.problems)
        return path, None


def _reach_into(root: Node, path: tuple[str, ...]) -> Node:
    """Write out a default mapping by name where an override changes a part of it."""
    assert isinstance(root.value, dict)  # noqa: S101
    for named in NAMED:
        if len(path) > len(named) and path[: len(named)] == named and _at(root, named) is None:
            return replace(root, named, node_of(defaults_of(named), Mark(None)))
    return root


def _at(root: Node, path: tuple[str, ...]) -> Node | None:
    node: Node | None = root
    for key in path:
        node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return node
