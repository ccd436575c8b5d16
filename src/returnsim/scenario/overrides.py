"""Changes to a scenario by dotted path, on days or for good.

``levers.siege.severity`` replaces what stands there wholly, be it dated or not. Days in brackets
reach into what is dated: ``levers.siege[2022-05-01:].severity`` is the severity from that day on,
``levers.siege[2022-05-01:2022-09-01].severity`` between two days, after which what would have held
returns, and ``levers.siege[2022-05-01].severity`` that of the entry which begins on that day.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

from returnsim.errors import Problem
from returnsim.scenario.choices import choice
from returnsim.scenario.elsewhere import ELSEWHERE, from_folder
from returnsim.scenario.paths import Days, ImpossibleError, parsed
from returnsim.scenario.posterior import parsed_columns
from returnsim.scenario.precedence import below_override, posterior_of, with_posterior
from returnsim.scenario.problems import shown
from returnsim.scenario.schema import Guarantor
from returnsim.scenario.tree import Mark, Node, at, day_of, node_of, replace
from returnsim.scenario.written import defaults_of, plain_value
from returnsim.scenario.yaml_text import Unreadable, read_yaml

Overrides = Sequence[str] | Mapping[str, object]
NAMED = (("guarantors",), ("population", "origins"), ("behaviour", "splits"))
"""Mappings by name whose defaults an override may reach into."""

OF_AN_ENTRY = frozenset({"from", "until", "linear", "why", "source"})


class Override(NamedTuple):
    """A change: where, and what shall stand there."""

    path: str
    node: Node


def read_overrides(overrides: Overrides, problems: list[Problem]) -> list[Override]:
    """Read overrides as they are typed; what cannot be read is added to the problems.

    Parameters
    ----------
    overrides : sequence of str or mapping
        Each ``"path=value"``, or a mapping from path to plain value.
    problems : list of Problem
        Is added to.
    """
    if isinstance(overrides, Mapping):
        return [Override(path, node_of(v, Mark(None))) for path, v in overrides.items()]
    listed = [overrides] if isinstance(overrides, str) else overrides
    read = [_typed(text, problems) for text in listed]
    return [override for override in read if override is not None]


def apply_override(root: Node, override: Override, problems: list[Problem]) -> Node:
    """Apply a change to a tree; what is wrong with it is added to the problems instead.

    Parameters
    ----------
    root : Node
        Of a scenario; it is left as it is.
    override : Override
        The change.
    problems : list of Problem
        Is added to.

    Returns
    -------
    Node
        The changed tree.
    """
    path, node = override
    try:
        place = parsed(path)
        keys, days, field = place
        if keys[0] == "posterior" and place != (("posterior",), None, ()):
            raise ImpossibleError("a posterior is set as a whole")
        _check_guarantor(root, keys)
        if len(keys) == 1 and keys[0] in ELSEWHERE:
            node = from_folder(keys[0], node, None, problems)
        root = _reach_into(below_override(root, place), keys)
        if keys == ("posterior",):
            return spelled_out(replace(root, keys, node), problems)
        if days is None:
            return replace(root, keys, node)
        return replace(root, keys, _on_days(root, keys, field, days, node))
    except ImpossibleError as error:
        mark = node.mark
        problems.append(Problem(mark.file, mark.line, mark.column, path, "", str(error)))
        return root


def spelled_out(root: Node, problems: list[Problem]) -> Node:
    """Turn the draws of a posterior from a day on into draws of the entry that begins then.

    Where there is no such entry one is made, with the median of the draws: what is set later can
    then be told from it by its days.
    """
    posterior, node = posterior_of(root), at(root, ("posterior",))
    if posterior is None or node is None:
        return root
    bare, draws = with_posterior(root, None), {}
    for path, place in parsed_columns(posterior):
        column, days = posterior.draws[path], place.days
        if days is None or days.is_entry:
            draws[path] = column
            continue
        middle = Node(median(column), node.mark, node.key_mark)
        bare = apply_override(bare, Override(path, middle), problems)
        entry = ".".join([f"{'.'.join(place.keys)}[{days.first}]", *place.field])
        draws[entry.removesuffix(".value")] = column
    return with_posterior(bare, posterior.keeping(draws))


def _typed(text: str, problems: list[Problem]) -> Override | None:
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals:
        rule = "an override has the form path.to.key=value"
        problems.append(Problem(None, None, None, "", text, rule))
        return None
    try:
        return Override(path, read_yaml(value, None, problems, path))
    except Unreadable as error:
        problems.extend(error.problems)
        return None


def _on_days(
    root: Node, keys: tuple[str, ...], field: tuple[str, ...], days: Days, node: Node
) -> Node:
    """The dated entries at a path, changed on some days."""
    entries = _entries(root, keys, node.mark)
    same = [i for i, entry in enumerate(entries) if _day(entry, "from") == days.first]
    if days.is_entry:
        if not same:
            begin = ", ".join(str(_day(entry, "from")) for entry in entries)
            raise ImpossibleError(f"no entry begins on that day; entries begin on: {begin}")
        entries[same[0]] = replace(entries[same[0]], field, node)
        return Node(entries, node.mark, node.mark)
    _check_days(entries, field, days)
    later = [_without_field(e, field) for e in entries if _begins_after(e, days.first)]
    before = [e for e in entries if not _begins_after(e, days.first)]
    if same:
        before[-1] = replace(before[-1], field, node)
    else:
        new: dict[str, object] = {"from": days.first}
        if days.until is not None:
            new["until"] = days.until
        before.append(replace(node_of(new, node.mark), field, node))
    kept = later if days.until is None else [e for e in entries if _begins_after(e, days.first)]
    return Node([*before, *(entry for entry in kept if entry is not None)], node.mark, node.mark)


def _check_days(entries: list[Node], field: tuple[str, ...], days: Days) -> None:
    """Make sure that the days can be changed without changing others."""
    ends = [*(_day(entry, "from") for entry in entries[1:]), date.max]
    for entry, following in zip(entries, ends, strict=True):
        begins, until = _day(entry, "from") or date.min, _day(entry, "until")
        line = _parts(entry).get("linear")
        if line is not None and line.value is True and begins <= days.first < (following or begins):
            raise ImpossibleError("a line is drawn across that day; write the entries out instead")
        if begins == days.first and until != days.until:
            raise ImpossibleError(
                f"an entry from that day to {until or 'the end'} is there; change it by "
                f"[{days.first}]"
            )
        within = days.until is not None and days.first < begins < days.until
        if within and field[0] in _parts(entry):
            raise ImpossibleError(f"an entry of its own begins in between, on {begins}")


def _entries(root: Node, keys: tuple[str, ...], mark: Mark) -> list[Node]:
    """What stands at a path as a list of dated entries, the first from the start of the run."""
    there = at(root, keys)
    if there is None:
        there = node_of(_default(keys), mark)
    if isinstance(there.value, list):
        return list(there.value)
    if isinstance(there.value, dict) and "from" in there.value:
        return [there]
    start = at(root, ("start",)) or node_of(date.min, mark)
    if there.value is None and keys[-1] == "enforcement_after_grace":
        return []
    if keys[0] == "levers" and isinstance(there.value, dict):
        return [Node({"from": start, **there.value}, there.mark, there.key_mark)]
    return [Node({"from": start, "value": there}, there.mark, there.key_mark)]


def _default(keys: tuple[str, ...]) -> object:
    try:
        if keys[0] == "guarantors":
            return plain_value(Guarantor.model_fields[keys[2]].default)
        return defaults_of(keys)
    except (KeyError, AttributeError, IndexError):
        raise ImpossibleError(f"{keys[-1]!r} is not known there, or has no days") from None


def _without_field(entry: Node, field: tuple[str, ...]) -> Node | None:
    """An entry that no longer sets a field; None if it then sets nothing."""
    parts = {key: part for key, part in _parts(entry).items() if key != field[0]}
    return Node(parts, entry.mark, entry.key_mark) if parts.keys() - OF_AN_ENTRY else None


def _begins_after(entry: Node, day: date) -> bool:
    return (_day(entry, "from") or date.min) > day


def _day(entry: Node, key: str) -> date | None:
    return day_of(_parts(entry).get(key))


def _parts(entry: Node) -> dict[str, Node]:
    if not isinstance(entry.value, dict):
        raise ImpossibleError(f"has no days: {shown(entry)}")
    return entry.value


def _check_guarantor(root: Node, path: tuple[str, ...]) -> None:
    """A part of a guarantor can only be changed if it is there."""
    if path[0] != "guarantors" or len(path) <= len(("guarantors", "name")):
        return
    there = at(root, ("guarantors",))
    written = there is not None and isinstance(there.value, dict)
    names = tuple(there.value) if there is not None and isinstance(there.value, dict) else ()
    if not written:
        names = tuple(defaults_of(("guarantors",)))
    if path[1] not in names:
        raise ImpossibleError(f"no such guarantor; {choice(path[1], names)}")


def _reach_into(root: Node, path: tuple[str, ...]) -> Node:
    """Write out a default mapping by name where an override changes a part of it."""
    for named in NAMED:
        if len(path) > len(named) and path[: len(named)] == named and at(root, named) is None:
            return replace(root, named, node_of(defaults_of(named), Mark(None)))
    return root
