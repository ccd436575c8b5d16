"""What was read, with the place of every part: merged and changed before it is validated."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from numbers import Integral, Real
from pathlib import Path

OF_A_NUMBER = frozenset({"value", "range", "source", "why", "from", "until", "linear"})
SPEAKS = frozenset({"source", "why"})
NOT_ON_DISK = (
    "no file on disk but a pipe or a device; write it to a file: paths in it lead from its folder"
)


@dataclass(frozen=True)
class Mark:
    """A place in a file.

    Attributes
    ----------
    file : Path or None
        The file, or None for an override.
    line, column : int or None
        Counted from 1; None where the text has no lines.
    """

    file: Path | None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Node:
    """A value and where it stands.

    Attributes
    ----------
    value : mapping of str to Node, list of Node, Drawn, or a plain value
        What stands there.
    mark : Mark
        Where the value begins.
    key_mark : Mark or None
        Where its key begins, if it has one.
    """

    value: "dict[str, Node] | list[Node] | object"
    mark: Mark
    key_mark: Mark | None = None


@dataclass(frozen=True)
class Drawn:
    """What stands in the place of a number that is drawn from the posterior of its tree.

    It is moved, and lost, with its place: whatever is written or typed later has the last word.

    Attributes
    ----------
    column : str
        Its column of the posterior.
    own : Node
        The number that stands there by itself.
    """

    column: str
    own: Node


def dotted(path: Sequence[str]) -> str:
    """Join the parts of a path; the places in lists are in brackets already."""
    joined = "".join(part if part.startswith("[") else f".{part}" for part in path)
    return joined.removeprefix(".")


def node_of(data: object, mark: Mark) -> Node:
    """Wrap plain data, all of it at one place."""
    if isinstance(data, Mapping):
        return Node({str(key): node_of(value, mark) for key, value in data.items()}, mark, mark)
    if isinstance(data, list | tuple):
        return Node([node_of(value, mark) for value in data], mark, mark)
    if isinstance(data, Real) and not isinstance(data, bool | int | float):
        # A number of NumPy, say: validation wants Python's own.
        return Node(int(data) if isinstance(data, Integral) else float(data), mark, mark)
    return Node(data, mark, mark)


def at(root: Node, path: Sequence[str]) -> Node | None:
    """What stands at a path of keys, if anything does."""
    node: Node | None = root
    for key in path:
        node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return node


def absolute(path: Path) -> str:
    """The path from the root; unlike resolving it, this asks nothing of the file system."""
    return os.path.abspath(path)  # noqa: PTH100


def is_file(path: Path) -> bool:
    """Whether a file is there; under a name that the system cannot have there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def why_no_file(path: Path, like: str, missing: str = "no such file") -> str:
    """Why there is no file to be read, and what to do.

    Parameters
    ----------
    path : Path
        At which there is none.
    like : str
        What the names of such files are like, as ``*.yaml``.
    missing : str
        What to say where there is nothing.

    Returns
    -------
    str
        Of a folder with the first file of such a name in it, if there is one.
    """
    try:
        if path.is_dir():
            inside = sorted(file.name for file in path.glob(like) if file.is_file())
            such = f", such as {inside[0]}" if inside else ""
            return f"this is a folder; name a file in it{such}"
        return NOT_ON_DISK if path.exists() else missing
    except (OSError, ValueError):
        return missing


def plain(node: Node) -> object:
    """The data without its places."""
    if isinstance(node.value, dict):
        return {key: plain(part) for key, part in node.value.items()}
    if isinstance(node.value, list):
        return [plain(part) for part in node.value]
    return node.value


def merge(base: Node, change: Node) -> Node:
    """Lay one file over another: mappings are merged, everything else is replaced.

    A number, dated or with its evidence, replaces the number wholly, and a mapping that changes
    anything drops the source and reasons of what it changes: they spoke for other values.
    """
    if isinstance(base.value, Drawn) and isinstance(change.value, dict):
        return merge(base.value.own, change) if change.value else base
    if not isinstance(base.value, dict) or not isinstance(change.value, dict):
        return change
    if "value" in change.value and change.value.keys() <= OF_A_NUMBER:
        return change
    merged = _without_stale_evidence(base.value, set(change.value))
    for key, part in change.value.items():
        merged[key] = merge(merged[key], part) if key in merged else part
    return Node(merged, base.mark, base.key_mark)


def replace(node: Node, path: Sequence[str], value: Node) -> Node:
    """Set what stands at a dotted path; what is no mapping on the way becomes one."""
    change = value
    for key in reversed(path):
        change = Node({key: change}, value.mark, value.mark)
    return _lay(node, change, len(path))


def _lay(base: Node, change: Node, depth: int) -> Node:
    if depth and isinstance(base.value, Drawn):
        base = base.value.own
    if depth == 0 or not isinstance(base.value, dict):
        return change
    assert isinstance(change.value, dict)  # noqa: S101
    ((key, part),) = change.value.items()
    parts = _without_stale_evidence(base.value, {key}) if depth == 1 else dict(base.value)
    parts[key] = _lay(parts[key], part, depth - 1) if key in parts else part
    return Node(parts, base.mark, base.key_mark)


def _without_stale_evidence(parts: dict[str, Node], changed: set[str]) -> dict[str, Node]:
    if changed <= {"source", "why", "range"}:
        return dict(parts)
    return {key: part for key, part in parts.items() if key in changed or key not in SPEAKS}


def day_of(node: Node | None) -> date | None:
    """The day that stands at a node; None where none does."""
    if node is None or node.value is None:
        return None
    try:
        return node.value if isinstance(node.value, date) else date.fromisoformat(str(node.value))
    except ValueError:
        return None
