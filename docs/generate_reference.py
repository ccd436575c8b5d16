"""The pages of reference that are made from the code when the site is built.

Each function gives Markdown: the command line from the commands themselves, the files from their
JSON Schemas.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from generate import SHARE, bounds, code, lever_fields, prose, table, unit_in

from returnsim import cli
from returnsim.experiments.schema import Experiment
from returnsim.scenario.evidence import quantities
from returnsim.scenario.json_schema import scenario_schema, schema_of
from returnsim.scenario.schema import Scenario

Schema = Mapping[str, Any]

DATED = ("from", "until", "linear", "why", "source")
"""Fields of every dated entry: told once."""

KIND = re.compile(r"<(.+)>")
KINDS_TYPED = {"path": "PATH", "str": "TEXT", "list[str]": "TEXT"}
HEAD = ("field", "default", "allowed", "unit", "meaning")
KINDS = {
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "string": "text",
    "null": "null",
}


def command_line() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(cli._app())
    return "\n".join(_commands(group, "returnsim"))


def _commands(command: Any, typed: str) -> Iterator[str]:
    context = command.make_context(typed, [], resilient_parsing=True)
    usage = " ".join([typed, *command.collect_usage_pieces(context)])
    about = "\n\n".join(" ".join(part.split()) for part in command.help.split("\n\n"))
    rows = [_parameter(*parameter.get_help_record(context)) for parameter in command.params]
    yield f"## {code(typed)}\n\n{about}\n\n```text\n{usage}\n```\n"
    yield table(("", "what it is", "default and range"), rows) if rows else ""
    for name, within in getattr(command, "commands", {}).items():
        yield from _commands(within, f"{typed} {name}")


def _parameter(name: str, about: str) -> Sequence[str]:
    told, _, limits = about.partition("  [")
    is_option = name.startswith("-")
    typed = KIND.sub(lambda kind: KINDS_TYPED.get(kind[1], "NUMBER") if is_option else "", name)
    bounds = limits.rstrip("]").replace("<=x<=", " to ").replace("x>=", "from ")
    return code(typed.strip()), told, bounds


def scenario_fields() -> str:
    """Every field of a scenario file."""
    return "\n".join(sections(scenario_schema(), _units_of_scenarios()))


def experiment_fields() -> str:
    """Every field of an experiment file."""
    return "\n".join(sections(schema_of(Experiment), {}))


def _units_of_scenarios() -> dict[str, str]:
    """The units of the fields of levers, and of the numbers that a scenario has by default."""
    plain = Scenario(title="any", start="2021-01-04", weeks=1)
    levers = {path: bounds(info.annotation, path)[1] for path, info in lever_fields()}
    return levers | {
        path.replace(".settlement.", ".NAME.").removesuffix(".home"): unit_in(path, quantity)
        for path, quantity in quantities(plain)
    }


def sections(schema: Schema, units: Mapping[str, str]) -> Iterator[str]:
    """Lay out the fields of a kind of file, those within a section in a table of their own."""
    kinds = schema["$defs"]
    fields = schema["properties"]
    inside = {name: _inside(name, field, kinds) for name, field in fields.items()}
    plain = [_row("", name, fields[name], kinds, units) for name in fields if inside[name] is None]
    yield "## At the top\n"
    yield _laid_out(plain)
    for name, section in inside.items():
        if section is not None:
            path, within = section
            yield f"## {code(path)}\n"
            yield f"{prose(fields[name].get('description') or within['description'])}.\n"
            yield _laid_out(list(_rows(f"{path}.", "", within, kinds, units)))


def _laid_out(rows: Sequence[Sequence[str]]) -> str:
    """A table of fields, without a column that is empty."""
    kept = [i for i in range(len(HEAD)) if any(row[i] for row in rows)]
    return "{.fields}\n" + table([HEAD[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _rows(
    base: str, path: str, section: Schema, kinds: Schema, units: Mapping[str, str]
) -> Iterator[Sequence[str]]:
    for name, field in section["properties"].items():
        if name in DATED and DATED[0] in section["properties"]:
            continue
        within = _inside(f"{path}{name}", field, kinds)
        if within is None:
            yield _row(base, f"{path}{name}", field, kinds, units)
        else:
            yield from _rows(base, f"{within[0]}.", within[1], kinds, units)


def _inside(path: str, field: Schema, kinds: Schema) -> tuple[str, Schema] | None:
    """The section that a field opens, with its path; nothing if the field is a value."""
    named = field.get("additionalProperties")
    if isinstance(named, Mapping):
        return _inside(f"{path}.NAME", named, kinds)
    kind = kinds.get(_name_of(field), field)
    if "properties" in kind and "value" not in kind["properties"]:
        return path, kind
    ways = [way for way in field.get("anyOf", ()) if "$ref" in way]
    return _inside(path, ways[0], kinds) if ways else None


def _name_of(field: Schema) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _row(
    base: str, path: str, field: Schema, kinds: Schema, units: Mapping[str, str]
) -> Sequence[str]:
    allowed = _allowed(field, kinds)
    unit = units.get(base + path, "") if "number" in allowed else ""
    default = _as_in_a_file(field["default"]) if "default" in field else ""
    meaning = prose(field.get("description") or "")
    return code(path), default, allowed, unit.replace(SHARE, "share"), meaning


def _as_in_a_file(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False).replace('"', "")
    return code(text) if text else ""


def _allowed(field: Schema, kinds: Schema) -> str:
    """What may stand there, in words."""
    if "$ref" in field:
        return _allowed(kinds[_name_of(field)], kinds)
    if "anyOf" in field:
        ways = [_allowed(way, kinds) for way in field["anyOf"] if "properties" not in way]
        return ", or ".join(dict.fromkeys(filter(None, ways)))
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "value" in field.get("properties", {}):
        return ""
    if field.get("type") == "array":
        return _many(field, kinds)
    if field.get("type") == "object":
        each = field.get("additionalProperties")
        return f"{_allowed(each, kinds)}, by name" if isinstance(each, Mapping) else "by name"
    kind = KINDS.get(field.get("type", ""), "any value")
    if field.get("format") == "date":
        kind = "day"
    return f"{kind} {_bounds(field)}".strip()


def _bounds(field: Schema) -> str:
    told = [f"{field[key]:,}" for key in ("minimum", "maximum") if key in field]
    text = " to ".join(told) + (" or more" if len(told) == 1 else "")
    if "exclusiveMinimum" in field:
        text = f"above {field['exclusiveMinimum']:,}"
    return f"{text}, even" if "multipleOf" in field else text


def _many(field: Schema, kinds: Schema) -> str:
    if "prefixItems" in field:
        return f"[{', '.join(_allowed(item, kinds) for item in field['prefixItems'])}]"
    each = _allowed(field["items"], kinds)
    return f"list of {each}" if each else "dated entries"
