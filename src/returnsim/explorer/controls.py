"""The controls of a scenario's levers and guarantors, made of the schema: none is written by hand.

A number is a slider, a yes or no a switch. What is dated has a slider for the whole time and one
for each step of its own.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from returnsim.analysis.flips import USUAL_HIGH
from returnsim.explorer.words import label_of, named, of_nothing, unit_of
from returnsim.scenario.dated import Entry
from returnsim.scenario.evidence import filled
from returnsim.scenario.lever_types import Levers
from returnsim.scenario.quantities import Quantity
from returnsim.scenario.schema import Guarantor, Scenario

STEPS = 200
FINEST = 3
"""By how many powers of ten a step may be finer so that the value as written lies on one."""

FIRST_SHOWN = (
    *("neutrality", "enforcement", "enforcement_after_grace", "grace_weeks"),
    "card_protection",
)
"""What a guarantor's card shows before the rest, beside the track record."""


class Control(NamedTuple):
    """One thing that can be moved.

    Attributes
    ----------
    path : str
        The override that moving it sets.
    label : str
        What it is.
    kind : str
        ``number``, ``switch`` or ``classes``.
    value : float, bool, tuple of str or None
        As the scenario has it; None where a number has no limit, and of the whole time where it
        varies.
    unit, about : str
        Its unit, and all there is to know about it.
    low, high, step : float
        Of a number.
    nothing : str
        What a number that is null means; empty where it must be a number.
    since, until : date or None
        Of a step.
    varies : str
        From where to where it goes, of the whole time of what is dated; else empty.
    """

    path: str
    label: str
    kind: str
    value: Any
    unit: str
    about: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    nothing: str = ""
    since: date | None = None
    until: date | None = None
    varies: str = ""


class Group(NamedTuple):
    """The controls of one field: for the whole time, and by steps."""

    name: str
    whole: Control
    steps: Sequence[Control]
    addable: str  # path of a step to be added, with the place of its days as {}; or empty
    default: Any = None  # what holds on days of which nothing is said


class ControlBlock(NamedTuple):
    """A lever or a guarantor.

    Attributes
    ----------
    path : str
        As in a scenario file.
    title, about : str
        What it is called, and what it is.
    groups : sequence of Group
        Its fields, the first ones first.
    rest : sequence of Group
        Those that a card shows when asked to.
    """

    path: str
    title: str
    about: str
    groups: Sequence[Group]
    rest: Sequence[Group] = ()


def lever_blocks(scenario: Scenario) -> list[ControlBlock]:
    """Every lever of a scenario."""
    return [
        _drawn(
            scenario, ControlBlock(f"levers.{name}", label_of(name), about, _lever(scenario, name))
        )
        for name, about in ((n, info.description or "") for n, info in Levers.model_fields.items())
    ]


def guarantor_blocks(scenario: Scenario) -> list[ControlBlock]:
    """Every guarantor of a scenario."""
    return [_drawn(scenario, _guarantor(scenario, name)) for name in scenario.guarantors]


def text_of(value: Any) -> str:
    """A number for a reader: to three digits, and no more zeros than it takes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(label_of(str(part)).lower() for part in value) or "nobody"
    if value is None:
        return "no limit"
    # From here on three digits would be told as 1e+03.
    if value >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _drawn(scenario: Scenario, block: ControlBlock) -> ControlBlock:
    """Say of what is drawn from a posterior that it is."""
    draws = scenario.posterior.draws if scenario.posterior is not None else {}

    def told(control: Control) -> Control:
        path = control.path.replace(f"[{scenario.start}:]", f"[{scenario.start}]")
        if path not in draws:
            return control
        told = "Each replicate draws its own from the posterior; moved, all have this one."
        return control._replace(about=f"{control.about} {told}")

    def groups(parts: Sequence[Group]) -> list[Group]:
        return [
            part._replace(whole=told(part.whole), steps=[told(step) for step in part.steps])
            for part in parts
        ]

    return block._replace(groups=groups(block.groups), rest=groups(block.rest))


def _lever(scenario: Scenario, name: str) -> list[Group]:
    return list(_fields(scenario, name))


def _fields(scenario: Scenario, name: str) -> Iterator[Group]:
    entries = getattr(scenario.levers, name)
    model = type(entries[0])
    for field in model.value_names():
        info = model.model_fields[field]
        if field == "origins":
            yield from _by_origin(f"levers.{name}", entries)
        else:
            yield _dated(scenario, f"levers.{name}", field, info, entries)


def _guarantor(scenario: Scenario, name: str) -> ControlBlock:
    guarantor, path = scenario.guarantors[name], f"guarantors.{name}"
    groups: dict[str, Group] = {}
    for field, info in Guarantor.model_fields.items():
        value = getattr(guarantor, field)
        if field in ("origins", "track_record"):
            continue
        if field == "active":
            groups[field] = _active(path, info, value)
        elif _is_dated(info):
            groups[field] = _dated(
                *(scenario, f"{path}.{field}", "value", info, value or ()), name=field
            )
        else:
            groups[field] = Group(field, _plain(f"{path}.{field}", field, info, value), (), "")
    record = guarantor.track_record
    of_record = [
        Group(
            part, _plain(f"{path}.track_record.{part}", part, info, getattr(record, part)), (), ""
        )
        for part, info in (type(record).model_fields.items() if record is not None else ())
    ]
    first = [groups.pop(field) for field in ("active", *FIRST_SHOWN)]
    return ControlBlock(path, named(name), "", [*first, *of_record], list(groups.values()))


def _active(path: str, info: FieldInfo, periods: Sequence[Any]) -> Group:
    told = "; ".join(
        "always" if first == date.min else f"from {first}" + (f" to {until}" if until else "")
        for first, until in periods
    )
    about = f"{info.description or ''} As it is: {told or 'never'}."
    control = Control(f"{path}.active", label_of("active"), "switch", bool(periods), "", about)
    return Group("active", control, (), "")


def _by_origin(path: str, entries: Sequence[Any]) -> Iterator[Group]:
    """The factors of those places of origin that are named where a lever is not dated."""
    if len(entries) == 1 and entries[0].from_ is None:
        for origin, quantity in entries[0].origins.items():
            # A path has no way to name these.
            if not set(origin) & set(".[]="):
                place, kind = f"{path}.origins.{origin}", type(quantity)
                control = _number(place, "origins", kind, quantity, "")
                yield Group(f"origins.{origin}", control._replace(label=f"× for {origin}"), (), "")


def _dated(
    scenario: Scenario,
    path: str,
    field: str,
    info: FieldInfo,
    entries: Sequence[Entry],
    name: str | None = None,
) -> Group:
    """A field of dated entries: one control for the whole time, and one for each step."""
    shown, inner = name or field, "" if field == "value" else f".{field}"
    told = filled(entries) if entries else ()
    named = _of_the_run(scenario, [entry for entry in told if field in entry.model_fields_set])
    values = [getattr(entry, field) for entry in named]
    default = _default(info, type(entries[0]), field) if entries else None
    if entries and not named:
        values = [default]
    is_line = any(entry.linear for entry in entries)
    days = entries and entries[0].from_ is not None
    from_start = days and not is_line and len(type(entries[0]).value_names()) > 1
    whole_path = f"{path}[{scenario.start}:]{inner}" if from_start else f"{path}{inner}"
    about = info.description or ""
    only = named[0] if named else None
    if only is None or (len(named) == 1 and only.first_day <= scenario.start and not only.until):
        whole = _plain(whole_path, shown, info, values[0] if values else None, only, about)
        steps: list[Control] = []
    else:
        whole = _plain(whole_path, shown, info, values[0], None, about)
        spanned = [default, *values] if named[0].first_day > scenario.start else values
        whole = whole._replace(value=None, varies=_span(spanned), high=_high(shown, values))
        steps = [
            _plain(f"{path}[{entry.from_}]{inner}", shown, info, value, entry, about)._replace(
                since=entry.from_,
                until=entry.until,
                high=whole.high,
                step=_step(whole.high, getattr(value, "value", None)),
            )
            for entry, value in zip(named, values, strict=True)
        ]
    addable = "" if is_line or not entries else f"{path}[{{}}]{inner}"
    return Group(shown, whole, steps, addable, default)


def _of_the_run(scenario: Scenario, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that hold on some day of the run, but for those that a later one covers."""
    start, end = scenario.start, scenario.end
    there = [
        entry
        for entry in entries
        if entry.first_day < end and (entry.until is None or entry.until > start)
    ]
    # The last that holds throughout leaves no day to those before it.
    for place in reversed(range(len(there))):
        if _holds_throughout(scenario, there[place]):
            return there[place:]
    return there


def _holds_throughout(scenario: Scenario, entry: Entry) -> bool:
    return entry.first_day <= scenario.start and (
        entry.until is None or entry.until >= scenario.end
    )


def _default(info: FieldInfo, entry: type[Entry], field: str) -> Any:
    """What holds where no entry says anything."""
    own = entry.model_fields[field]
    if not own.is_required():
        return own.default
    # A dated number has none of its own: no limit, as before, or 0.
    kinds = _kinds(own.annotation)
    if NoneType in kinds or info.default is None:
        return None
    return kinds[0](value=0)


def _plain(
    path: str,
    field: str,
    info: FieldInfo,
    value: Any,
    entry: Entry | None = None,
    about: str | None = None,
) -> Control:
    about = (info.description or "") if about is None else about
    kinds = _kinds(info.annotation)
    if isinstance(value, bool):
        told = f"{about} {_evidence(None, entry)}".strip()
        return Control(path, label_of(field), "switch", value, "", told)
    if isinstance(value, tuple):
        told = f"{about} {_evidence(None, entry)}".strip()
        return Control(path, label_of(field), "classes", value, "", told)
    nothing = of_nothing(field) if NoneType in kinds or value is None else ""
    return _number(path, field, info.annotation, value, about, entry)._replace(nothing=nothing)


def _number(
    path: str,
    field: str,
    annotation: Any,
    quantity: Quantity | None,
    about: str,
    entry: Entry | None = None,
) -> Control:
    high = _high(field, [quantity])
    low = 0.0
    if quantity is not None:
        low = quantity.minimum or 0.0
        low = min(low, quantity.value)
    value = None if quantity is None else quantity.value
    step = _step(high, value)
    if quantity is not None and quantity.above is not None:
        low = step
    unit = unit_of(field, annotation)
    told = f"{about} Unit: {unit}. {_evidence(quantity, entry)}".strip()
    return Control(path, label_of(field), "number", value, unit, told, low, high, step)


def _evidence(quantity: Quantity | None, entry: Entry | None) -> str:
    """Where a value comes from, or that it is a guess."""
    of_both = [part for part in (quantity, entry) if part is not None]
    source = next((part.source for part in of_both if part.source), None)
    why = next((part.why for part in of_both if part.why), None)
    told = f"Source: {source}." if source else "No source: a guess."
    if quantity is not None and quantity.range is not None:
        low, high = quantity.range
        told = f"Plausible from {low:g} to {high:g}. {told}"
    return f"{told} {why[0].upper()}{why[1:]}." if why else told


def _high(field: str, values: Sequence[Any]) -> float:
    there = [value for value in values if isinstance(value, Quantity)]
    if there and all(quantity.maximum == 1 for quantity in there):
        return 1.0
    if not there and field not in USUAL_HIGH:
        return 1.0
    named = [max((q.value, *(q.range or ()))) for q in there]
    return _rounded_up(max([USUAL_HIGH.get(field, 1.0), *named]))


def _rounded_up(number: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(number))
    return next(part * power for part in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if part * power >= number)


def _step(high: float, value: float | None) -> float:
    step: float = 10.0 ** math.floor(math.log10(high / STEPS * 2))
    for _ in range(FINEST):
        if value is None or abs(value / step - round(value / step)) < 1e-9:
            break
        step /= 10
    return float(f"{step:.1g}")


def _span(values: Sequence[Any]) -> str:
    if all(isinstance(value, Quantity) for value in values):
        numbers = [value.value for value in values]
        if len(numbers) > 1:
            low, high = text_of(min(numbers)), text_of(max(numbers))
            return low if low == high else f"{low} to {high}"
    return "by steps"


def _is_dated(info: FieldInfo) -> bool:
    return any(
        isinstance(kind, type) and issubclass(kind, Entry)
        for outer in _kinds(info.annotation)
        for kind in get_args(outer)
    )


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """What an annotation allows, without what only tells how it is written."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part))
    if hasattr(annotation, "__metadata__"):
        return _kinds(get_args(annotation)[0])
    return (annotation,)
