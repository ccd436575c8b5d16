"""Scenario files: read, extend, override, all problems at once; and the other way, written out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.drawn import problems_of_draws
from returnsim.scenario.elsewhere import ELSEWHERE, from_folder
from returnsim.scenario.overrides import (
    Override,
    Overrides,
    apply_override,
    placed,
    read_overrides,
)
from returnsim.scenario.precedence import bare, settled
from returnsim.scenario.problems import in_order, problems_of, shown
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, is_file, merge, node_of, plain, why_no_file
from returnsim.scenario.written import dump_scenario, scenario_hash
from returnsim.scenario.yaml_text import Unreadable, kind_in, read_text, read_yaml

__all__ = [
    "dump_scenario",
    "load_scenario",
    "load_tree",
    "require_observations",
    "require_patterns",
    "scenario_from",
    "scenario_hash",
    "scenario_of",
]

MOST_FILES = 20
MEANT = {
    "experiment": "has a `base`, and so is an experiment: `returnsim sweep` runs it. A scenario "
    "takes over another by `extends`",
    "card": "is a card of patterns: a scenario names it under `patterns`, and `returnsim validate` "
    "holds the scenario to it",
}
"""What a file is that is no scenario, and what takes it."""


def load_scenario(path: str | Path, overrides: Overrides = ()) -> Scenario:
    """Read a scenario file, with whatever it extends, and apply overrides.

    Parameters
    ----------
    path : str or Path
        A YAML file.
    overrides : sequence of str or mapping
        Each ``"path.to.key=value"``, the value as in YAML; or a mapping from dotted path to value.
        What stood there is replaced wholly, be it dated or not, unless the path names days (see
        `returnsim.scenario.overrides`).

    Returns
    -------
    Scenario
        Complete, with every default filled; ``observations`` and ``patterns`` are absolute paths,
        and a posterior holds its draws.

    Raises
    ------
    ScenarioError
        With all that is wrong, each with its place.
    """
    file = Path(path)
    problems: list[Problem] = []
    root = _tree(file, problems)
    return _scenario(root, file.stem, read_overrides(overrides, problems), problems)


def load_tree(path: str | Path) -> Node:
    """Read a scenario file, with whatever it extends, as a tree from which many can be made.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Raises
    ------
    ScenarioError
        If it cannot be read as YAML; whether it is a scenario is not asked yet.
    """
    problems: list[Problem] = []
    root = _tree(Path(path), problems)
    if problems:
        raise ScenarioError(in_order(problems))
    return root


def scenario_of(root: Node, name: str, overrides: Sequence[Override]) -> Scenario:
    """Make a scenario from a tree and changes to it.

    Parameters
    ----------
    root : Node
        From `load_tree`; it is left as it is.
    name : str
        Short name of the scenario.
    overrides : sequence of Override
        Applied one after the other.

    Raises
    ------
    ScenarioError
        With all that is wrong, each where its value was written.
    """
    return _scenario(root, name, overrides, [])


def _tree(file: Path, problems: list[Problem]) -> Node:
    try:
        return _with_parents(_read(file, problems), file, (file.resolve(),), problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None


def _scenario(
    root: Node, name: str, overrides: Sequence[Override], problems: list[Problem]
) -> Scenario:
    found = list(problems)
    for override in overrides:
        root = apply_override(root, override, found)
    root = settled(root)
    try:
        scenario = Scenario.model_validate(plain(root))
    except ValidationError as error:
        found += problems_of(error, root)
    if not found:
        found += problems_of_draws(root)
    if found:
        raise ScenarioError(in_order(found))
    scenario._name = name
    return scenario


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
    root = _placed(node_of(mapping, Mark(here)), Path.cwd(), problems)
    try:
        root = _with_parents(root, here, (), problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None
    return _scenario(root, name, read_overrides(overrides, problems), problems)


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
    _require("observations", scenario.observations, "*.csv", file or Path(scenario.name))


def require_patterns(scenario: Scenario, file: Path | None = None) -> None:
    """Make sure that the patterns which a scenario names are there; as `require_observations`."""
    _require("patterns", scenario.patterns, "*.yaml", file or Path(scenario.name))


def _require(key: str, path: Path | None, like: str, where: Path) -> None:
    if path is not None and not is_file(path):
        rule = why_no_file(path, like)
        raise ScenarioError([Problem(where, None, None, key, str(path), rule)])


def _read(file: Path, problems: list[Problem]) -> Node:
    node = read_yaml(read_text(file), file, problems)
    if node.value is None:
        raise Unreadable([Problem(file, None, None, "", "", "the file is empty")])
    if not isinstance(node.value, dict):
        rule = "a scenario file is a mapping: lines of the form `key: value`"
        raise Unreadable([Problem(file, node.mark.line, node.mark.column, "", shown(node), rule)])
    meant = kind_in(node)
    if meant in MEANT:
        raise Unreadable([Problem(file, None, None, "", "", MEANT[meant])])
    return _placed(node, file.parent, problems)


def _placed(node: Node, folder: Path, problems: list[Problem]) -> Node:
    """Find the other files that a file names, from where it stands."""
    assert isinstance(node.value, dict)  # noqa: S101
    parts = {
        key: from_folder(key, part, folder, problems) if key in ELSEWHERE else part
        for key, part in node.value.items()
    }
    return Node(parts, node.mark, node.key_mark)


def _with_parents(node: Node, file: Path, seen: tuple[Path, ...], problems: list[Problem]) -> Node:
    """Lay a file over the one that it extends, and that over the next."""
    assert isinstance(node.value, dict)  # noqa: S101
    extends = node.value.get("extends")
    if extends is None or extends.value is None:
        return placed(node, problems)
    if not isinstance(extends.value, str) or not extends.value.strip():
        raise _cannot_extend(extends, "must be the path of a scenario file, as text")
    parent = file.parent / extends.value
    if not is_file(parent):
        raise _cannot_extend(extends, why_no_file(parent, "*.yaml", f"no such file: {parent}"))
    known = parent.resolve()
    if known in seen:
        round_trip = " -> ".join(path.name for path in (*seen, known))
        raise _cannot_extend(extends, f"the files extend one another in a circle: {round_trip}")
    if len(seen) >= MOST_FILES:
        raise _cannot_extend(extends, f"more than {MOST_FILES} files extend one another")
    below = _with_parents(_read(parent, problems), parent, (*seen, known), problems)
    parts = {key: part for key, part in node.value.items() if key != "extends"}
    own = Node(parts, node.mark, node.key_mark)
    if "posterior" in parts:
        return placed(merge(bare(below), own), problems)
    return merge(below, own)


def _cannot_extend(node: Node, rule: str) -> Unreadable:
    mark = node.mark
    return Unreadable([Problem(mark.file, mark.line, mark.column, "extends", shown(node), rule)])
