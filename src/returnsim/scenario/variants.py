"""Many scenarios that differ from one in some sections: each section is made once."""

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.drawn import ends_of
from returnsim.scenario.files import scenario_of
from returnsim.scenario.overrides import Override, apply_override
from returnsim.scenario.paths import SECTIONS
from returnsim.scenario.posterior import Posterior
from returnsim.scenario.precedence import posterior_of, settled
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Node, at, plain

MOST_KEPT = 1000
"""Sections that are kept at a time."""

Column = tuple[float, ...]


class Section(NamedTuple):
    """A section of a scenario that is right, and what is drawn of it.

    Attributes
    ----------
    part : object
        The section.
    draws : dict of str to tuple of float
        What the posterior still holds of it, by path.
    """

    part: object
    draws: dict[str, Column]


class Variants:
    """Scenarios that are made of one by changes to it.

    Whether a section holds together is a matter of that section alone, so that one is looked at
    once for each set of changes to it; what sections must have in common the scenario looks at
    anew. Of what is wrong somewhere nothing is kept: `scenario_of` tells it.

    Parameters
    ----------
    root : Node
        From `returnsim.scenario.files.load_tree`.
    own : sequence of Override
        Changes that all of them share, made first.
    """

    def __init__(self, root: Node, own: Sequence[Override]) -> None:
        self._root = root
        self._own = tuple(own)
        self._kept: dict[tuple[object, ...], Section | None] = {}

    def scenario(self, name: str, changes: Sequence[Override]) -> Scenario:
        """Make a scenario: the same as `scenario_of` makes of the tree and all changes.

        Parameters
        ----------
        name : str
            Short name of the scenario.
        changes : sequence of Override
            Applied one after the other, after those that all share.

        Raises
        ------
        ScenarioError
            With all that is wrong, each where its value was written.
        """
        found = self._put_together(changes)
        if found is None:
            return scenario_of(self._root, name, [*self._own, *changes])
        found._name = name
        return found

    def _put_together(self, changes: Sequence[Override]) -> Scenario | None:
        """The scenario out of its sections, if each of them is right and they fit together."""
        by_section: dict[str, list[Override]] = {}
        for change in changes:
            by_section.setdefault(section_of(change.path), []).append(change)
        if self._base is None or not by_section.keys() <= {*SECTIONS}:
            return None
        told: dict[str, Any] = {
            name: getattr(self._base, name) for name in self._base.model_fields_set
        }
        drawn: dict[str, Section] = {}
        for name, those in by_section.items():
            section = self._section(name, those)
            if section is None:
                return None
            told[name], drawn[name] = section.part, section
        if self._base.posterior is not None:
            told["posterior"] = _left(self._base.posterior, drawn)
        try:
            return Scenario.model_validate(told)
        except ValidationError:
            return None

    @cached_property
    def _base(self) -> Scenario | None:
        try:
            return scenario_of(self._root, "base", self._own)
        except ScenarioError:
            return None

    @cached_property
    def _tree(self) -> Node:
        tree = self._root
        for change in self._own:
            tree = apply_override(tree, change, [])
        return tree

    def _section(self, name: str, changes: Sequence[Override]) -> Section | None:
        key = (name, *((change.path, repr(plain(change.node))) for change in changes))
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._made(name, changes)
        return self._kept[key]

    def _made(self, name: str, changes: Sequence[Override]) -> Section | None:
        problems: list[Problem] = []
        tree = self._tree
        for change in changes:
            tree = apply_override(tree, change, problems)
        tree = settled(tree)
        posterior = posterior_of(tree)
        columns = {} if posterior is None else posterior.draws
        draws = {path: column for path, column in columns.items() if section_of(path) == name}
        trees = [tree, *(ends_of(tree, draws, problems) if draws else ())]
        if problems:
            return None
        try:
            part, *_ = [_adapter(name).validate_python(plain(_at(one, name))) for one in trees]
        except ValidationError:
            return None
        return Section(part, draws)


def section_of(path: str) -> str:
    """The part of a scenario that a path leads into."""
    return path.partition(".")[0]


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    kind: Any = Scenario.model_fields[name].annotation
    return TypeAdapter(kind)


def _at(tree: Node, name: str) -> Node:
    node = at(tree, (name,))
    assert node is not None  # noqa: S101
    return node


def _left(posterior: Posterior, changed: dict[str, Section]) -> Posterior:
    """A posterior with what changed sections leave of it, in its own order."""
    paths = {id(c): path for section in changed.values() for path, c in section.draws.items()}
    draws = {}
    for path, column in posterior.draws.items():
        if section_of(path) not in changed:
            draws[path] = column
        elif id(column) in paths:
            draws[paths[id(column)]] = column
    return posterior.keeping(draws)
