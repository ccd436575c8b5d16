"""Other files that a scenario names: found from where they are named, a posterior read in whole."""

from pathlib import Path

from pydantic import ValidationError

from returnsim.errors import Problem
from returnsim.scenario.posterior import Posterior, UnfitError, read_posterior
from returnsim.scenario.problems import shown
from returnsim.scenario.tree import Node, absolute, plain

ELSEWHERE = ("observations", "patterns", "posterior")


def from_folder(key: str, node: Node, folder: Path | None, problems: list[Problem]) -> Node:
    """Make the path of another file absolute; read it, if it is a posterior.

    Parameters
    ----------
    key : str
        Of `ELSEWHERE`.
    node : Node
        What is written there.
    folder : Path or None
        From which the path leads; if not given, that of the file in which it is written, or else
        the working directory.
    problems : list of Problem
        Is added to.
    """
    written = node.value
    if folder is None:
        folder = node.mark.file.parent if node.mark.file is not None else Path()
    if key == "posterior" and isinstance(written, dict):
        return _as_dumped(node, folder)
    if not isinstance(written, str | Path):
        return node
    path = absolute(folder / written)
    if key != "posterior":
        return Node(path, node.mark, node.key_mark)
    mark = node.key_mark or node.mark
    try:
        return Node(read_posterior(Path(path)), node.mark, node.key_mark)
    except UnfitError as error:
        problems += [
            Problem(mark.file, mark.line, mark.column, key, shown(node), _told(column, rule))
            for column, rule in error.broken
        ]
        return Node(None, node.mark, node.key_mark)


def _as_dumped(node: Node, folder: Path) -> Node:
    """A posterior that is written out in the scenario; left as it is where it is none."""
    try:
        posterior = Posterior.model_validate(plain(node))
    except ValidationError:
        return node
    if posterior.file is not None:
        there = Path(absolute(folder / posterior.file))
        posterior = posterior.model_copy(update={"file": there})
    return Node(posterior, node.mark, node.key_mark)


def _told(column: str, rule: str) -> str:
    return f"column {column}: {rule}" if column else rule
