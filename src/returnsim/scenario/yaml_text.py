"""YAML text read with the place of every part, and without the traps of YAML.

Only plain data is read: no tags, no merge keys, few and shallow repetitions, each key once.
"""

import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.events import CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from returnsim.errors import Problem
from returnsim.scenario.tree import Mark, Node, dotted, why_no_file

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_NODES = 100_000
PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")
)
MERGE_TAG = "tag:yaml.org,2002:merge"
Kind = Literal["scenario", "experiment", "card"]


class Unreadable(Exception):  # noqa: N818
    """Text that is no plain YAML; carries the problems found.

    Parameters
    ----------
    problems : list of Problem
        At least one.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def read_text(file: Path) -> str:
    """Read a scenario file as text.

    Parameters
    ----------
    file : Path
        A UTF-8 text file of at most a megabyte; a byte order mark is allowed.

    Returns
    -------
    str

    Raises
    ------
    Unreadable
        If there is no such file, or it is a folder, a pipe, too large, or no text.
    """
    try:
        # A pipe or a socket would be waited for.
        if file.exists() and not file.is_file():
            raise _unreadable(file, why_no_file(file, "*.yaml"))
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(file, "no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(file, f"cannot be read: {reason}") from None
    if len(raw) > MOST_BYTES:
        raise _unreadable(file, f"larger than {MOST_BYTES:,} bytes; this is no scenario file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(file, "not a text file in UTF-8", line) from None
    if "\0" in text:
        raise _unreadable(file, "not a text file: it contains zero bytes")
    return text


def read_yaml(text: str, file: Path | None, problems: list[Problem], path: str = "") -> Node:
    """Read plain YAML data with the place of every part.

    Parameters
    ----------
    text : str
        YAML 1.2.
    file : Path or None
        What to name in problems; None for an override, whose places are not told.
    problems : list of Problem
        Is added to where a part cannot be read, but the rest can.
    path : str
        Dotted path to name in problems.

    Returns
    -------
    Node

    Raises
    ------
    Unreadable
        If the text cannot be understood at all.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _ShallowComposer
    try:
        with warnings.catch_warnings():
            # YAML lets an anchor be set again.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root = yaml.compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = mark is not None and file is not None
        line, column = (mark.line + 1, mark.column + 1) if told else (None, None)
        rule = " ".join(str(error.problem or error.context).split())
        problem = Problem(file, line, column, path, "", f"no valid YAML: {rule}")
        raise Unreadable([problem]) from None
    except (YAMLError, ValueError) as error:
        rule = f"no valid YAML: {str(error).splitlines()[0]}"
        raise Unreadable([Problem(file, None, None, path, "", rule)]) from None
    reader = _Reader(file, path, problems)
    return Node(None, reader.mark(None)) if root is None else reader.read(root, ())


def kind_of(file: Path) -> Kind:
    """What a file is meant as; one that cannot be read, as a scenario."""
    try:
        return kind_in(read_yaml(read_text(file), file, []))
    except Unreadable:
        return "scenario"


def kind_in(root: Node) -> Kind:
    """What is meant: an experiment has a `base`, a card has `patterns` of its own."""
    if not isinstance(root.value, dict):
        return "scenario"
    if "base" in root.value:
        return "experiment"
    patterns = root.value.get("patterns")
    return "card" if patterns is not None and isinstance(patterns.value, dict) else "scenario"


class _TooDeepError(MarkedYAMLError):
    """Text nested deeper than any scenario."""


class _ShallowComposer(Composer):
    """Refuses deep nesting before it is built: the builder recurses."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Build one node and all below it."""
        event = self.parser.peek_event()
        if self._depth >= MOST_DEPTH and isinstance(event, CollectionStartEvent):
            rule = f"nested deeper than {MOST_DEPTH} levels"
            raise _TooDeepError(problem=rule, problem_mark=event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Reader:
    """Turns YAML nodes into plain values, noting everything that is not plain."""

    def __init__(self, file: Path | None, path: str, problems: list[Problem]) -> None:
        self.file = file
        self.path = path
        self.problems = problems
        self.nodes = 0
        self._scalars = YAML(typ="safe", pure=True).constructor

    def mark(self, node: Any) -> Mark:
        """Where a node begins."""
        if node is None or self.file is None:
            return Mark(self.file, None if self.file is None else 1, None)
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def read(self, node: Any, where: tuple[str, ...]) -> Node:
        """Read one node and all below it."""
        self.nodes += 1
        if self.nodes > MOST_NODES or len(where) > MOST_DEPTH:
            rule = "the aliases (*name) repeat too much; write it out"
            mark = self.mark(node)
            path = dotted(where[:1])
            raise Unreadable([Problem(mark.file, mark.line, mark.column, path, "", rule)])
        if isinstance(node, MappingNode):
            self._check_tag(node, "map", where)
            return Node(dict(self._items(node, where)), self.mark(node))
        if isinstance(node, SequenceNode):
            self._check_tag(node, "seq", where)
            parts = [self.read(part, (*where, f"[{i + 1}]")) for i, part in enumerate(node.value)]
            return Node(parts, self.mark(node))
        return Node(self._scalar(node, where), self.mark(node))

    def note(self, node: Any, where: tuple[str, ...], rule: str, value: str = "") -> None:
        """Note a problem at a node."""
        mark = self.mark(node)
        path = dotted((self.path, *where) if self.path else where)
        self.problems.append(Problem(mark.file, mark.line, mark.column, path, value, rule))

    def _items(self, node: Any, where: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, where)
            if key is None:
                continue
            if key in first_lines:
                rule = f"written twice; the first is in line {first_lines[key]}"
                self.note(key_node, (*where, key), rule)
                continue
            first_lines[key] = key_node.start_mark.line + 1
            value = self.read(value_node, (*where, key))
            yield key, Node(value.value, value.mark, self.mark(key_node))

    def _key(self, node: Any, where: tuple[str, ...]) -> str | None:
        if not isinstance(node, ScalarNode):
            self.note(node, where, "a key must be a word")
            return None
        if str(node.tag) == MERGE_TAG:
            self.note(
                node, where, "merge keys (<<) are not read; use `extends` for what files share"
            )
            return None
        key = self._scalar(node, where)
        if isinstance(key, str):
            return key
        self.note(node, where, "a key must be text; put it in quotes", str(node.value))
        return None

    def _scalar(self, node: Any, where: tuple[str, ...]) -> object:
        tag = str(node.tag)
        if tag not in PLAIN_TAGS:
            self._refuse_tag(node, tag, where)
            return str(node.value)
        try:
            return self._scalars.construct_object(node)
        except (ValueError, YAMLError, OverflowError):
            # A day that no calendar has: validation says so, if a date is wanted here.
            return str(node.value)

    def _check_tag(self, node: Any, kind: str, where: tuple[str, ...]) -> None:
        if str(node.tag) != f"tag:yaml.org,2002:{kind}":
            self._refuse_tag(node, str(node.tag), where)

    def _refuse_tag(self, node: Any, tag: str, where: tuple[str, ...]) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self.note(node, where, "tags are not read: a scenario is plain data", shown)


def _unreadable(file: Path, rule: str, line: int | None = None) -> Unreadable:
    return Unreadable([Problem(file, line, None, "", "", rule)])
