"""What a broken rule means to whoever wrote the file: place, path, value, and what to do."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from returnsim.errors import Problem
from returnsim.scenario.choices import choice
from returnsim.scenario.dated import Entry
from returnsim.scenario.quantities import CLASSES, Location, Quantity
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Node, dotted

LONGEST_VALUE = 40
RULES: Mapping[str, str] = {
    "missing": "is missing",
    "float_type": "must be a number, or {value: number, range: [lowest, highest], source: ...}",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text; put it in quotes",
    "path_type": "must be the path of a file, as text",
    "string_too_short": "must not be empty",
    "model_type": "must be a mapping (`key: value`); leave the key out to keep the defaults",
    "dict_type": "must be a mapping (`name: value`)",
    "mapping_type": "must be a mapping (`name: value`)",
    "tuple_type": "must be a list",
    "too_long": "has too many items",
    "recursion_loop": "must not contain itself",
}


def problems_of(
    error: ValidationError, root: Node, model: type[BaseModel] = Scenario
) -> list[Problem]:
    """Turn all that validation found into problems with places.

    Parameters
    ----------
    error : pydantic.ValidationError
        From validating ``root``.
    root : Node
        What was validated, with its places.
    model : type
        What it was validated as.

    Returns
    -------
    list of Problem
        In the order in which they were found.
    """
    return [
        _problem(root, location, rule, is_key)
        for details in error.errors(include_url=False)
        for location, rule, is_key in _broken(details, model)
    ]


def in_order(problems: list[Problem]) -> list[Problem]:
    """Put problems in the order of the file, those of overrides last, each once."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda p: (p.line is None, str(p.file or ""), p.line or 0, p.column or 0),
    )


def _broken(details: Any, model: type[BaseModel]) -> Iterator[tuple[Location, str, bool]]:
    """Location, rule, and whether the key rather than the value is wrong."""
    location: Location = details["loc"]
    kind: str = details["type"]
    context: Mapping[str, Any] = details.get("ctx", {})
    if kind == "rules":
        for where, rule, is_key in context["broken"]:
            yield (*location, *where), rule, is_key
    elif kind == "extra_forbidden":
        yield location, _unknown_key(location, model), True
    elif kind == "missing" and isinstance(location[-1], int):
        yield location[:-1], "must be a pair", False
    elif kind == "literal_error":
        known = tuple(re.findall("'([^']*)'", context["expected"]))
        what = "class of members" if set(known) <= set(CLASSES) else "value"
        yield location, f"no such {what}; {choice(details['input'], known)}", False
    elif kind == "value_error":
        yield location, str(context["error"]), False
    elif kind == "model_type" and _model_at(location, model) is None:
        yield location, RULES["float_type"], False
    elif kind in {"greater_than_equal", "less_than_equal"}:
        yield location, _limit(context), False
    else:
        yield location, RULES.get(kind, str(details["msg"])), False


def _limit(context: Mapping[str, Any]) -> str:
    if "ge" in context:
        return f"must be {context['ge']} or more"
    return f"must be {context['le']} or less"


def _problem(root: Node, location: Location, rule: str, is_key: bool) -> Problem:
    node, path = _walk(root, location)
    missing = rule == RULES["missing"]
    mark = node.key_mark if (is_key or missing) and node.key_mark is not None else node.mark
    if missing and location:
        path = [*path, str(location[-1])] if path[-1:] != [str(location[-1])] else path
    value = "" if is_key or missing else shown(node)
    return Problem(mark.file, mark.line, mark.column, dotted(path), value, rule)


def _walk(root: Node, location: Location) -> tuple[Node, list[str]]:
    """Follow a location as far as it was written; validation may know finer parts."""
    node, path = root, list[str]()
    above = root
    for part, following in zip_longest(location, location[1:]):
        found = _part(node, part)
        if found is not None and isinstance(following, int) and isinstance(part, int):
            # A pair may stand without the list around it.
            found = found if isinstance(found.value, list) else node
        if found is node:
            continue
        if found is not None:
            above, node = node, found
            path.append(f"[{part + 1}]" if isinstance(part, int) else part)
        elif path[-1:] == ["value"] and _part(above, part) is not None:
            # The range may stand beside the value as well as within it.
            node = _part(above, part) or node
            path[-1] = str(part)
    return node, path


def _part(node: Node, part: str | int) -> Node | None:
    if isinstance(node.value, dict) and isinstance(part, str):
        return node.value.get(part)
    if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None


def shown(node: Node) -> str:
    """A value in one short line, as it might be written in the file."""
    if isinstance(node.value, dict):
        text = "{" + ", ".join(f"{key}: {shown(part)}" for key, part in node.value.items()) + "}"
    elif isinstance(node.value, list):
        text = "[" + ", ".join(map(shown, node.value)) + "]"
    elif node.value is None:
        text = "null"
    elif isinstance(node.value, bool):
        text = str(node.value).lower()
    else:
        text = " ".join(str(node.value).split()) or "''"
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _unknown_key(location: Location, root: type[BaseModel]) -> str:
    model = _model_at(location[:-1], root)
    if model is None:
        return "no such key here"
    elsewhere = _elsewhere(location[-1]) if root is Scenario else ""
    return f"no such key here; {choice(location[-1], _keys(model), elsewhere)}"


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    keys = [info.alias or name for name, info in model.model_fields.items()]
    return tuple(keys)


def _elsewhere(given: object) -> str:
    """The path of a key that is known in another place, if it is known in one place only."""
    places = [path for path in _paths(Scenario, ()) if path[-1] == given]
    return ".".join(places[0]) if len(places) == 1 else ""


def _paths(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        path = (*above, info.alias or name)
        inner = _inner_model(info.annotation)
        shared = issubclass(model, Entry) and name in Entry.model_fields
        if not shared:
            yield path
        if inner is not None and not issubclass(inner, Quantity) and not _is_named(info.annotation):
            yield from _paths(inner, path)


def _model_at(location: Location, root: type[BaseModel]) -> type[BaseModel] | None:
    """The model that describes the mapping at a location."""
    model: type[BaseModel] | None = root
    parts = iter(location)
    for part in parts:
        if isinstance(part, int) or model is None:
            continue
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        if field is None:
            return None
        if _is_named(field.annotation):
            next(parts, None)
        model = _inner_model(field.annotation)
    return model


def _is_named(annotation: Any) -> bool:
    """Whether a field is a mapping from names that the user chooses."""
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None
