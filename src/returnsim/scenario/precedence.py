"""Who has the last word, a posterior or a value: whatever is written or typed later.

While a tree is put together, `Drawn` stands in the place of every number that its posterior holds.
Whatever changes the tree later moves it with its place, or replaces it as any other number.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from returnsim.scenario.posterior import Posterior
from returnsim.scenario.tree import OF_A_NUMBER, Drawn, Node, at, day_of


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


def settled(root: Node) -> Node:
    """A tree with its own numbers, and in its posterior what is still drawn, by its path."""
    posterior = posterior_of(root)
    if posterior is None:
        return root
    left = {drawn.column: path for path, drawn in drawn_in(root)}
    draws = {left[name]: column for name, column in posterior.draws.items() if name in left}
    return with_posterior(bare(root), posterior.keeping(draws))


def bare(root: Node) -> Node:
    """A tree with its own numbers in the place of all that is drawn."""
    value = root.value
    if isinstance(value, Drawn):
        return bare(value.own)
    if isinstance(value, dict):
        return Node({key: bare(part) for key, part in value.items()}, root.mark, root.key_mark)
    if isinstance(value, list):
        return Node([bare(part) for part in value], root.mark, root.key_mark)
    return root


def drawn_in(root: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Drawn]]:
    """What is drawn in a tree, each with the path by which it is set alone."""
    if isinstance(root.value, Drawn):
        yield ".".join(path).removesuffix(".value"), root.value
    elif isinstance(root.value, dict):
        for key, part in root.value.items():
            yield from drawn_in(part, (*path, key))
    elif isinstance(root.value, list):
        for entry in root.value:
            begin = day_of(at(entry, ("from",)))
            yield from drawn_in(entry, (*path[:-1], f"{path[-1]}[{begin}]"))


def put(root: Node, path: tuple[str | int, ...], node: Node) -> Node:
    """Put something in the place of what is there, and leave all that is said around it."""
    if not path:
        return node
    key, rest = path[0], path[1:]
    parts: Any = copy(root.value)
    parts[key] = put(parts[key], rest, node)
    return Node(parts, root.mark, root.key_mark)


def is_number(node: Node | None) -> bool:
    """Whether a number stands there, by itself or with its evidence."""
    if node is None:
        return False
    if isinstance(node.value, Mapping):
        return "value" in node.value and node.value.keys() <= OF_A_NUMBER
    return isinstance(node.value, bool | int | float)
