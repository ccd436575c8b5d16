"""Write the tables of the documentation that are made from the code, or say which are stale.

A table stands on a page between ``<!-- generated: NAME -->`` and ``<!-- end -->``. Without
arguments all are written; with ``--check`` nothing is, and the exit code is 1 if one is stale.
"""

import argparse
import ast
import inspect
import re
import sys
import tokenize
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from returnsim.core import inputs, state, week
from returnsim.explorer.words import unit_of
from returnsim.scenario.dated import Entry
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import load_scenario
from returnsim.scenario.lever_types import Levers
from returnsim.scenario.paths import parsed
from returnsim.scenario.quantities import CLASSES, Model, Quantity, Ratio, Share
from returnsim.scenario.schema import Guarantor, Scenario
from returnsim.scenario.written import plain_value

DOCS = Path(__file__).parent
ROOT = DOCS.parent
RUKBAN = ROOT / "scenarios/rukban/2019-2025.yaml"
CORE = "returnsim.core"
COMPILED = ROOT / "src/returnsim/core/fused/compiling.py"

BLOCK = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end -->", re.DOTALL)
STEP = re.compile(r"# (\d+\. .+)")
IN_STEP = re.compile(r"Step \d+")
ENTRY = re.compile(r"^    (\w+)\n((?: {8}.+\n)+)", re.MULTILINE)
SHARE = "share from 0 to 1"
UNITS: Mapping[str, str] = {
    "people": "people",
    "household_size": "people",
    "contacts": "households",
    "reserves_weeks": "weeks of subsistence",
    "goods_weeks": "weeks of subsistence",
    "income": "weeks of subsistence a week",
    "remittance": "weeks of subsistence a week",
    "purchased_share": "weeks of subsistence a week",
    "reserves_log_sd": "of the logarithm",
    "income_log_sd": "of the logarithm",
    "goods_log_sd": "of the logarithm",
    "neutrality_weight": "times the record",
    "public_weight": "times news of contacts",
    "hunger_width": "shortage",
    "relief_half_weeks": "weeks of subsistence",
    "price_rise": "times the price",
    "death_closed_care": "full hardship",
    "lorry_sharing_parties": "parties a week",
}
"""Units of numbers that neither their kind nor their section tells."""

Row = Sequence[str]


class Block(NamedTuple):
    """A generated table on a page."""

    page: Path
    name: str
    text: str
    due: str

    @property
    def is_stale(self) -> bool:
        """Whether the page has something other than what the code gives."""
        return self.text != self.due


def table(head: Row, rows: Sequence[Row]) -> str:
    """Lay out rows as a table that Markdown renders."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in lines)


def code(text: str) -> str:
    """A name as it stands in a file."""
    return f"`{text}`"


def prose(text: str) -> str:
    """Words of a docstring as they stand in a table."""
    return " ".join(text.replace("``", "`").split()).rstrip(".")


def fields_of(kind: type) -> str:
    """The fields of a group of arrays, with their types, shapes and meanings.

    Raises
    ------
    ValueError
        If the docstring of the group does not tell what a field is.
    """
    told = dict(ENTRY.findall(kind.__doc__ or ""))
    shapes = typing.get_type_hints(kind)
    untold = shapes.keys() ^ told.keys()
    if untold:
        raise ValueError(f"{kind.__name__}: told and there, but not both: {sorted(untold)}")
    rows = [
        (code(name), dtype_of(kind), f"({', '.join(kind.dim_str.split())})", prose(told[name]))
        for name, kind in shapes.items()
    ]
    return table(("field", "type", "shape", "meaning"), rows)


def dtype_of(array: Any) -> str:
    """The type of the numbers of an annotated array."""
    return str(array.dtypes[0]) if len(array.dtypes) == 1 else str(array.dtype.__name__).lower()


def levers() -> str:
    """What can be set from outside: levers, and what guarantors do."""
    rows = [lever_row(path, info) for path, info in lever_fields()]
    return table(("lever", "default", "allowed", "unit", "meaning"), rows)


def lever_fields() -> Iterator[tuple[str, Any]]:
    """Every field of a lever or a guarantor, by its path."""
    for name, info in Levers.model_fields.items():
        entry = inner(info.annotation)
        for field in entry.value_names():
            yield f"levers.{name}.{field}", entry.model_fields[field]
    for name, info in Guarantor.model_fields.items():
        within = inner(info.annotation)
        if is_section(within):
            for field in within.model_fields:
                yield f"guarantors.NAME.{name}.{field}", within.model_fields[field]
        else:
            yield f"guarantors.NAME.{name}", info


def lever_row(path: str, info: Any) -> Row:
    """One field of a lever or a guarantor."""
    allowed, unit = bounds(info.annotation, path)
    default = "needed" if info.is_required() else written(plain_value(info.default))
    return code(path), default, allowed, unit, prose(info.description or "")


def written(value: object) -> str:
    """A plain value as in a scenario file."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == [] or value == {}:
        return "null" if value is None else "none"
    return str(value)


def bounds(annotation: Any, path: str) -> tuple[str, str]:
    """What a field may be, and in which unit."""
    last = path.rpartition(".")[2]
    if last == "active":
        return "true, a pair of days, or a list of pairs", "dates"
    if last == "members":
        return ", ".join(CLASSES), "classes"
    within = inner(annotation)
    if within is bool:
        return "true or false", "yes or no"
    if last == "origins" and not is_quantity(within):
        return "names of origins", "names"
    if issubclass(within, Entry):
        within = inner(within.model_fields["value"].annotation)
    return within.bounds().removeprefix("a number "), unit_of(last, within)


def inner(annotation: Any) -> Any:
    """The kind of value that an annotation is about: one, many, by name or none."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated or origin is tuple:
        return inner(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return inner(next(a for a in arguments if a is not type(None)))
    if origin is not None and issubclass(origin, Mapping):
        return inner(arguments[1])
    return annotation


def is_quantity(kind: Any) -> bool:
    """Whether a kind of value is a number with its evidence."""
    return isinstance(kind, type) and issubclass(kind, Quantity)


def is_section(kind: Any) -> bool:
    """Whether a kind of value has fields of its own, and is no number and not dated."""
    return (
        isinstance(kind, type)
        and issubclass(kind, Model)
        and not issubclass(kind, Quantity | Entry)
    )


def rukban() -> str:
    """The numbers of the scenario of Rukban that are not its levers."""
    return numbers(lambda path: not path.startswith(("levers.", "guarantors.")))


def rukban_levers() -> str:
    """The numbers of the levers and guarantors of the scenario of Rukban."""
    return numbers(lambda path: path.startswith(("levers.", "guarantors.")))


def numbers(wanted: Callable[[str], bool]) -> str:
    """Numbers of the scenario of Rukban, each with where it comes from."""
    scenario = scenario_of_rukban()
    rows = [
        (
            code(path),
            value_of(scenario, path, quantity),
            "" if quantity.range is None else " to ".join(f"{end:g}" for end in quantity.range),
            unit_in(path, quantity),
            evidence_of(scenario, path, quantity),
        )
        for path, quantity in quantities(scenario)
        if wanted(path)
    ]
    return table(("number", "value", "range", "unit", "source"), rows)


@cache
def scenario_of_rukban() -> Scenario:
    """The scenario of Rukban, whose draws take a while to read."""
    return load_scenario(RUKBAN)


def value_of(scenario: Scenario, path: str, quantity: Quantity) -> str:
    """The number in effect: of what is drawn, the median and the middle 90 %."""
    posterior = scenario.posterior
    if posterior is None or path not in posterior.draws:
        return f"{quantity.value:g}"
    low, middle, high = np.quantile(posterior.draws[path], (0.05, 0.5, 0.95))
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def evidence_of(scenario: Scenario, path: str, quantity: Quantity) -> str:
    """Where a number comes from, or that it is a guess, and what speaks for it."""
    source = quantity.source or "guess"
    if scenario.posterior is not None and path in scenario.posterior.draws:
        source = f"fitted: {source}"
    why = quantity.why or entry_of(scenario, path).why
    return source if why is None else f"{source}; {prose(why)}"


def entry_of(scenario: Scenario, path: str) -> Entry:
    """The dated entry that a number stands in; an empty one where it stands in none."""
    place = parsed(path)
    if place.days is None:
        return Entry()
    inside: Any = scenario
    for key in place.keys:
        inside = inside[key] if isinstance(inside, Mapping) else getattr(inside, key)
    return next(entry for entry in inside if entry.from_ == place.days.first)


def unit_in(path: str, quantity: Quantity) -> str:
    """The unit of a number of a scenario."""
    section, *_, last = parsed(path).number
    if section in ("levers", "guarantors"):
        return unit_of(last, type(quantity))
    if last in UNITS:
        return UNITS[last]
    if isinstance(quantity, Share):
        return SHARE
    if last.endswith("_weeks"):
        return "weeks"
    if section == "behaviour":
        return "log-odds"
    if isinstance(quantity, Ratio):
        return "times the reference"
    if last.endswith("_per_week") or path.startswith(("custody.hold.", "hazards.")):
        return "a week"
    raise ValueError(f"{path}: its unit is not told in {__file__}")


def order_of_the_week() -> str:
    """The processes of a week in the order in which ``step`` calls them."""
    rows = [
        (title, code(home_of(function)), first_line(function))
        for title, functions in processes()
        for function in functions
    ]
    return table(("step", "function", "what it does"), rows)


def processes() -> Iterator[tuple[str, list[types.FunctionType]]]:
    """The steps of a week as its comments number them, with the functions called in each."""
    titles = list(step_titles())
    calls = calls_of(week.step)
    seen: set[types.FunctionType] = set()
    for i, (line, title) in enumerate(titles):
        until = titles[i + 1][0] if i + 1 < len(titles) else sys.maxsize
        here = [function for at, function in calls if line <= at < until]
        yield title, [f for f in dict.fromkeys(here) if f not in seen and is_process(f)]
        seen.update(here)


def step_titles() -> Iterator[tuple[int, str]]:
    """Line and title of each numbered comment in the function that lives through a week."""
    lines = iter(inspect.getsource(week.step).splitlines(keepends=True))
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        found = STEP.fullmatch(token.string) if token.type == tokenize.COMMENT else None
        if found:
            yield token.start[0], found[1]


def calls_of(function: types.FunctionType) -> list[tuple[int, types.FunctionType]]:
    """Functions of the core that a function calls, in order, each with its line.

    A function without a docstring only ties others together: those that it calls stand for it.
    """
    calls: list[tuple[int, types.FunctionType]] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            visit(child)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = vars(week).get(node.func.id)
            if inspect.isfunction(called) and called.__doc__:
                calls.append((node.lineno, called))
            elif inspect.isfunction(called):
                calls.extend((node.lineno, within) for _, within in calls_of(called))

    visit(ast.parse(inspect.getsource(function)))
    return calls


def is_process(function: types.FunctionType) -> bool:
    """Whether a function does something of a week, and does not only lay out arrays."""
    return function.__module__ not in (state.__name__, inputs.__name__) and (
        not function.__name__.startswith("join_")
    )


def rules() -> str:
    """The elementwise rules of the model, as the compiled loops list them."""
    tree = ast.parse(COMPILED.read_text(encoding="utf-8"))
    listed = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "RULES"
    )
    functions = [
        getattr(import_module(f"{CORE}.{name.value.id}"), name.attr)
        for name in typing.cast("ast.Tuple", listed).elts
        if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name)
    ]
    rows = [(code(home_of(function)), first_line(function)) for function in functions]
    return table(("rule", "what it gives"), rows)


def home_of(function: types.FunctionType) -> str:
    """Module and name of a function of the core."""
    return f"{function.__module__.removeprefix(CORE + '.')}.{function.__name__}"


def first_line(function: types.FunctionType) -> str:
    """What a function does, in its own words, or in those of its module if it is the step."""
    told = inspect.getdoc(function) or ""
    if IN_STEP.match(told):
        told = inspect.getdoc(sys.modules[function.__module__]) or ""
    return prose(told.partition("\n\n")[0])


TABLES: Mapping[str, Callable[[], str]] = {
    "household-traits": lambda: fields_of(inputs.Population),
    "state": lambda: fields_of(state.State),
    "conditions": lambda: fields_of(inputs.Conditions),
    "week": order_of_the_week,
    "rules": rules,
    "levers": levers,
    "rukban": rukban,
    "rukban-levers": rukban_levers,
}


def blocks(page: Path) -> list[Block]:
    """The generated tables of a page, each as it stands there and as it is due.

    Raises
    ------
    ValueError
        If a page names a table that there is not.
    """
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    unknown = [name for name, _ in found if name not in TABLES]
    if unknown:
        raise ValueError(f"{page.name}: no such table: {', '.join(unknown)}")
    return [Block(page, name, text, TABLES[name]()) for name, text in found]


def write(page: Path) -> None:
    """Bring the generated tables of a page up to date."""

    def due(found: re.Match[str]) -> str:
        return f"<!-- generated: {found[1]} -->\n{TABLES[found[1]]()}<!-- end -->"

    text = page.read_text(encoding="utf-8")
    page.write_text(BLOCK.sub(due, text), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the tables of some pages, or of all."""
    parser = argparse.ArgumentParser(description=__doc__, prog="generate.py")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is stale")
    parser.add_argument("pages", nargs="*", type=Path, default=sorted(DOCS.glob("*.md")))
    asked = parser.parse_args(arguments)
    stale = [block for page in asked.pages for block in blocks(page) if block.is_stale]
    for block in stale:
        sys.stdout.write(f"{block.page}: {block.name}: {'stale' if asked.check else 'written'}\n")
    if asked.check:
        return int(bool(stale))
    for page in {block.page for block in stale}:
        write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
