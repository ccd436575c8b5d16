"""Who has the last word, a posterior or a value: whatever is written or typed later."""

from collections.abc import Iterator, Mapping
from datetime import date

from returnsim.scenario.paths import Days, ParsedPath
from returnsim.scenario.posterior import Posterior, is_related, parsed_columns
from returnsim.scenario.tree import OF_A_NUMBER, Node, at, day_of


def posterior_of(root: Node) -> Posterior | None:
    """The posterior of a tree, if it has one that could be read."""
    node = at(root, ("posterior",))
    return node.value if node is not None and isinstance(node.value, Posterior) else None


def with_posterior(root: Node, posterior: Posterior | None) -> Node:
    """The same tree with another posterior in the place of its own."""
    there = at(root, ("posterior",))
    if there is None or not isinstance(root.value, dict):
        return root
    node = Node(posterior, there.mark, there.key_mark)
    return Node(root.value | {"posterior": node}, root.mark, root.key_mark)


def below_file(below: Node, own: Node) -> Node:
    """A file's parent, its posterior without the numbers that the file sets.

    Parameters
    ----------
    below : Node
        What the file extends.
    own : Node
        The file.
    """
    posterior = posterior_of(below)
    if posterior is None:
        return below
    kept = {
        path: posterior.draws[path]
        for path, place in parsed_columns(posterior)
        if not _is_set(own, below, place.number)
    }
    return with_posterior(below, posterior.keeping(kept))


def below_override(root: Node, path: ParsedPath) -> Node:
    """A tree, its posterior without the numbers that an override will set.

    Parameters
    ----------
    root : Node
        As it is before.
    path : ParsedPath
        What the override sets.
    """
    posterior = posterior_of(root)
    if posterior is None:
        return root
    kept = {
        left: posterior.draws[name]
        for name, place in parsed_columns(posterior)
        for left in _left(root, name, place, path)
    }
    return with_posterior(root, posterior.keeping(kept))


def _is_set(own: Node, below: Node | None, number: tuple[str, ...]) -> bool:
    """Whether a file sets a number, or what is around or inside it."""
    for key in number:
        if not isinstance(own.value, dict):
            return True
        if "value" in own.value and own.value.keys() <= OF_A_NUMBER:
            return True
        if below is not None and not isinstance(below.value, dict):
            # What was no mapping is replaced wholly.
            return True
        if key not in own.value:
            return False
        own, below = own.value[key], _part(below, key)
    return own.value != {}


def _left(root: Node, name: str, drawn: ParsedPath, path: ParsedPath) -> Iterator[str]:
    """By which path a number is still drawn after an override, if it is."""
    if path.days is None:
        if not is_related(_replaced(root, path.keys), drawn.number):
            yield name
    elif not is_related(path.number, drawn.number):
        yield name
    elif drawn.days is not None:
        if not _covers(path.days, drawn.days.first):
            yield name
    else:
        begin = _begin(root, path.keys)
        if begin is not None and begin < path.days.first:
            # Up to the day, the number is still drawn: that of the entry which begins the run.
            rest = drawn.number[len(path.keys) :]
            yield ".".join([f"{'.'.join(path.keys)}[{begin}]", *rest])


def _replaced(root: Node, keys: tuple[str, ...]) -> tuple[str, ...]:
    """What an override without days replaces: on the way, what is no mapping, wholly."""
    for depth in range(1, len(keys)):
        node = at(root, keys[:depth])
        if node is not None and not isinstance(node.value, dict):
            return keys[:depth]
    return keys[:-1] if keys[-1] == "value" else keys


def _covers(days: Days, day: date) -> bool:
    if days.is_entry:
        return day == days.first
    return day >= days.first and (days.until is None or day < days.until)


def _begin(root: Node, keys: tuple[str, ...]) -> date | None:
    """The day on which what stands at a path begins, if it is one entry."""
    there = at(root, keys)
    if there is None and keys[-1] != "enforcement_after_grace":
        return day_of(at(root, ("start",)))
    if there is None or there.value is None or isinstance(there.value, list):
        return None
    if isinstance(there.value, Mapping) and "from" in there.value:
        return day_of(there.value["from"])
    return day_of(at(root, ("start",)))


def _part(node: Node | None, key: str) -> Node | None:
    return node.value.get(key) if node is not None and isinstance(node.value, dict) else None
