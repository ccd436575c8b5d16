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
from returnsim.scenario.paths import Days, ImpossibleError, ParsedPath, parsed
from returnsim.scenario.posterior import parsed_columns
from returnsim.scenario.precedence import bare, drawn_in, is_number, posterior_of, put
from returnsim.scenario.problems import shown
from returnsim.scenario.schema import Guarantor
from returnsim.scenario.tree import Drawn, Mark, Node, at, day_of, node_of, replace
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
        if keys == ("posterior",):
            return placed(replace(bare(root), keys, node), problems)
        root = _reach_into(root, keys)
        if days is None:
            return replace(root, keys, node)
        return replace(root, keys, _on_days(root, keys, field, days, node))
    except ImpossibleError as error:
        mark = node.mark
        problems.append(Problem(mark.file, mark.line, mark.column, path, "", str(error)))
        return root


def placed(root: Node, problems: list[Problem]) -> Node:
    """Put `Drawn` in the places of a tree that its posterior holds.

    A column is set as an override is, in their order: where it has days, from the day on an entry
    is made, and where it has none what is dated is replaced. By itself such a place has the median
    of the draws.

    Parameters
    ----------
    root : Node
        In which nothing is drawn yet.
    problems : list of Problem
        Is added to where a column cannot be set.
    """
    posterior, there = posterior_of(root), at(root, ("posterior",))
    if posterior is None or there is None:
        return root
    mark, known = there.key_mark or there.mark, len(problems)
    for name, place in parsed_columns(posterior):
        own = _number_at(root, place)
        if own is not None:
            where, number = own
            root = put(root, where, Node(Drawn(name, number), mark, mark))
        else:
            middle = node_of(_by_itself(place, posterior.draws[name]), mark)
            change = Override(name, Node(Drawn(name, middle), mark, mark))
            root = apply_override(root, change, problems)
    if len(problems) == known:
        left = {drawn.column for _, drawn in drawn_in(root)}
        rule = "a later column of the posterior replaces it"
        problems += [
            Problem(mark.file, mark.line, mark.column, name, "", rule)
            for name in posterior.draws
            if name not in left
        ]
    return root


def _number_at(root: Node, place: ParsedPath) -> tuple[tuple[str | int, ...], Node] | None:
    """The number that a column without days, or of an entry, is drawn for, and the way to it."""
    where: tuple[str | int, ...] = place.keys
    there = at(root, place.keys)
    if place.days is not None:
        if not place.days.is_entry or there is None or not isinstance(there.value, list):
            return None
        begins = [day_of(at(entry, ("from",))) for entry in there.value]
        if place.days.first not in begins:
            return None
        i = begins.index(place.days.first)
        where = (*place.keys, i, *place.field)
        there = at(there.value[i], place.field)
    return (where, there) if there is not None and is_number(there) else None


def _by_itself(place: ParsedPath, column: Sequence[float]) -> object:
    """What stands in the place of a drawn number where nothing is written."""
    if place.days is None:
        try:
            default = _default(place.number)
        except ImpossibleError:
            default = None
        if is_number(node_of(default, Mark(None))):
            return default
    return median(column)


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
    lines = [False, *map(_is_linear, entries)]
    later = [
        _without_field(entry, field, ends_a_line=line)
        for entry, line in zip(entries, lines, strict=False)
        if _begins_after(entry, days.first)
    ]
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
        if _is_linear(entry) and begins <= days.first < (following or begins):
            raise ImpossibleError("a line is drawn across that day; write the entries out instead")
        if _is_linear(entry) and following == days.first and field[0] in _parts(entry):
            raise ImpossibleError(
                f"a line is drawn to that day; change where it ends by [{days.first}], or write "
                "the entries out"
            )
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


def _without_field(entry: Node, field: tuple[str, ...], *, ends_a_line: bool) -> Node | None:
    """An entry that no longer sets a field; None if it then does nothing."""
    parts = {key: part for key, part in _parts(entry).items() if key != field[0]}
    is_needed = ends_a_line or parts.keys() - OF_AN_ENTRY
    return Node(parts, entry.mark, entry.key_mark) if is_needed else None


def _is_linear(entry: Node) -> bool:
    line = _parts(entry).get("linear")
    return line is not None and line.value is True


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
