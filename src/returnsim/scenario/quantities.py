"""The kinds of values in a scenario file: numbers with their evidence, dates, dated entries.

A number is written plainly or with its evidence, ``{value, range, source, why}``; either way it
is a `Quantity` here. What changes over time is a tuple of `Entry`, whether it was written as one
mapping or as a list of dated ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

ClassName = Literal["children", "women", "men_conscription_age", "men_older", "elderly"]
CLASSES: tuple[str, ...] = get_args(ClassName)
"""Classes of members, in the order of the last axis of every array that has one."""

SUM_TOLERANCE = 1e-6
"""How far shares that make up a whole may miss one."""

Location = tuple[str | int, ...]


class Rules:
    """Collects broken rules, so that a reader meets them all at once."""

    def __init__(self) -> None:
        self._broken: list[tuple[Location, str]] = []

    def broken(self, where: Location, rule: str) -> None:
        """Note that ``rule`` does not hold at ``where``, relative to what is validated."""
        self._broken.append((where, rule))

    def settle(self) -> None:
        """Raise one error for all that was noted, if anything was."""
        if self._broken:
            text = "; ".join(rule for _, rule in self._broken)
            # Braces in names would otherwise be taken for places of a template.
            raise PydanticCustomError("rules", "{text}", {"text": text, "broken": self._broken})


class Model(BaseModel):
    """A closed, unchangeable part of a scenario file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


def _as_date(raw: object) -> object:
    if isinstance(raw, str):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise ValueError("must be a date that exists, such as 2019-02-04") from None
    if isinstance(raw, datetime) or not isinstance(raw, date):
        raise ValueError("must be a date, such as 2019-02-04")
    return raw


Date = Annotated[date, BeforeValidator(_as_date, json_schema_input_type=date)]
Text = Annotated[str, Field(strict=True)]
YesNo = Annotated[bool, Field(strict=True)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Quantity(Model):
    """A number: written plainly, or with the range in which it may lie and where it comes from."""

    minimum: ClassVar[float | None] = None
    above: ClassVar[float | None] = None
    maximum: ClassVar[float | None] = None
    multiple_of: ClassVar[float | None] = None

    value: Finite
    """The number used."""
    range: tuple[Finite, Finite] | None = None
    """Lowest and highest plausible value; what calibration and sensitivity move within."""
    source: Text | None = None
    """Where the number comes from; a number without a source is counted as a guess."""
    why: Text | None = None
    """What speaks for the number, or what to know about it."""

    @model_validator(mode="before")
    @classmethod
    def _plain_number(cls, raw: object) -> object:
        return raw if isinstance(raw, Mapping | Quantity) else {"value": raw}

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        rules = Rules()
        if not self._allowed(self.value):
            rules.broken(("value",), f"must be {self.bounds()}")
        if self.range is not None:
            low, high = self.range
            if not (self._allowed(low) and self._allowed(high)):
                rules.broken(("range",), f"both ends must be {self.bounds()}")
            if low > high:
                rules.broken(("range",), "the lower end comes first: [lowest, highest]")
            elif not low <= self.value <= high:
                rules.broken(("range",), f"must contain the value, {self.value:g}")
        rules.settle()
        return self

    @classmethod
    def _allowed(cls, number: float) -> bool:
        return (
            (cls.minimum is None or number >= cls.minimum)
            and (cls.above is None or number > cls.above)
            and (cls.maximum is None or number <= cls.maximum)
            and (cls.multiple_of is None or number % cls.multiple_of == 0)
        )

    @classmethod
    def bounds(cls) -> str:
        """Say in words which numbers are allowed."""
        if cls.minimum is not None and cls.maximum is not None:
            kind = "a number" if cls.multiple_of is None else f"a multiple of {cls.multiple_of:g}"
            return f"{kind} from {cls.minimum:g} to {cls.maximum:g}"
        if cls.minimum is not None:
            return f"{cls.minimum:g} or more"
        return "any number" if cls.above is None else f"more than {cls.above:g}"

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe both ways of writing the number."""
        written = handler.resolve_ref_schema(handler(schema))
        limits = {
            "minimum": cls.minimum,
            "exclusiveMinimum": cls.above,
            "maximum": cls.maximum,
            "multipleOf": cls.multiple_of,
        }
        number = {"type": "number"} | {k: v for k, v in limits.items() if v is not None}
        full = {k: v for k, v in written.items() if k not in {"title", "description"}}
        full["properties"] = {
            **full["properties"],
            "value": number | {"description": "The number used."},
        }
        about = {k: written[k] for k in ("title", "description")}
        written.clear()
        written.update(about, anyOf=[number, full])
        return written


class Number(Quantity):
    """Any number."""


class NonNegative(Quantity):
    """A number that is 0 or more."""

    minimum: ClassVar[float | None] = 0


class Positive(Quantity):
    """A number above 0."""

    above: ClassVar[float | None] = 0


class Share(Quantity):
    """A share of a whole, from 0 to 1."""

    minimum: ClassVar[float | None] = 0
    maximum: ClassVar[float | None] = 1


class Weeks(Quantity):
    """A time in weeks, 0 or more."""

    minimum: ClassVar[float | None] = 0


class PositiveWeeks(Quantity):
    """A time in weeks, above 0."""

    above: ClassVar[float | None] = 0


class OneWeekOrMore(Quantity):
    """A time in weeks, 1 or more."""

    minimum: ClassVar[float | None] = 1


class MoreThanOne(Quantity):
    """A number above 1."""

    above: ClassVar[float | None] = 1


class EvenCount(Quantity):
    """An even whole number from 2 to 40."""

    minimum: ClassVar[float | None] = 2
    maximum: ClassVar[float | None] = 40
    multiple_of: ClassVar[float | None] = 2


class Entry(Model):
    """What holds from one date to another. It sets the fields it names and leaves the others."""

    from_: Date | None = Field(default=None, alias="from")
    """First day on which the entry holds; not needed where a single entry always holds."""
    until: Date | None = None
    """First day on which it no longer holds, and what held before returns; null: open end."""
    linear: YesNo = False
    """Draw a line from this entry's numbers to those of the next entry, reached on its `from`."""
    why: Text | None = None
    """What happened, or what speaks for the values."""
    source: Text | None = None
    """Where the values come from."""

    @property
    def first_day(self) -> date:
        """The day from which the entry holds; the first of all days if it always has."""
        return self.from_ or date.min

    @classmethod
    def value_names(cls) -> tuple[str, ...]:
        """The fields that carry values, in order: all but the dates and the evidence."""
        return tuple(name for name in cls.model_fields if name not in Entry.model_fields)


Q = TypeVar("Q")
E = TypeVar("E", bound=Entry)


class Step(Entry, Generic[Q]):
    """A dated number: the value that holds from one date to another."""

    value: Q
    """The number."""

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, raw: object) -> object:
        if isinstance(raw, Step):
            return raw
        if not isinstance(raw, Mapping):
            return {"value": raw}
        if "range" not in raw or isinstance(raw.get("value"), Mapping):
            return raw
        rest = {key: value for key, value in raw.items() if key not in {"value", "range"}}
        with_range = {key: raw[key] for key in ("value", "range") if key in raw}
        return rest | {"value": with_range}

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        """Name the class in the JSON schema."""
        kind = get_args(params[0]) or params
        return f"Dated{kind[0].__name__}"

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let the range stand beside the value."""
        written = handler.resolve_ref_schema(handler(schema))
        ends = {"type": "number"}
        written["properties"]["range"] = {
            "description": "Lowest and highest plausible value.",
            "type": "array",
            "prefixItems": [ends, ends],
            "minItems": 2,
            "maxItems": 2,
        }
        return written


@dataclass(frozen=True)
class _OneOrDated:
    """Accept one value or a list of dated entries; check the order of the dates."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            _check_dates, core_schema.no_info_before_validator_function(_as_list, handler(source))
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        entries = handler(schema)
        entry = entries["items"]
        name = handler.resolve_ref_schema(entry)["properties"].get("value")
        plain = [entry] if name is None else [name, entry]
        return {"anyOf": [*plain, entries | {"minItems": 1}]}


Dated = Annotated[tuple[E, ...], _OneOrDated()]


def _as_list(raw: object) -> object:
    return raw if isinstance(raw, list | tuple) else (raw,)


def _check_dates(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    rules = Rules()
    if not entries:
        rules.broken((), "the list is empty; leave the key out to keep the default")
    for i, entry in enumerate(entries):
        dated = entry.from_ is not None
        if not dated and (len(entries) > 1 or entry.until is not None or entry.linear):
            rules.broken((i,), "`from` is missing: an entry needs the date from which it holds")
        if dated and entry.until is not None and entry.until <= entry.first_day:
            rules.broken((i, "until"), "must be later than `from`")
    if entries and entries[-1].linear:
        rules.broken(
            (len(entries) - 1, "linear"), "the last entry has no next one to draw a line to"
        )
    for i, (before, after) in enumerate(pairwise(entries)):
        if before.from_ is not None and after.from_ is not None and after.from_ <= before.from_:
            rules.broken(
                (i + 1, "from"), f"dates out of order: must be later than {before.from_}"
            )
    rules.settle()
    return entries


Period = tuple[date, date | None]
ALWAYS: tuple[Period, ...] = ((date.min, None),)


def _as_periods(raw: object) -> object:
    if isinstance(raw, bool):
        return ALWAYS if raw else ()
    if not isinstance(raw, list | tuple):
        raise ValueError("must be true, a pair [from, until] or a list of such pairs")
    if raw and not any(isinstance(item, list | tuple) for item in raw):
        return (raw,)
    return raw


def _check_periods(periods: tuple[Period, ...]) -> tuple[Period, ...]:
    rules = Rules()
    last = date.min - timedelta(0)
    for i, (first, until) in enumerate(periods):
        if until is not None and until <= first:
            rules.broken((i, 1), "must be later than the first date of the pair")
        if i and first < last:
            rules.broken((i, 0), f"dates out of order: must not be earlier than {last}")
        last = until or date.max
    rules.settle()
    return periods


@dataclass(frozen=True)
class _PeriodsForm:
    """Accept true, a pair of dates or a list of pairs."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            _check_periods,
            core_schema.no_info_before_validator_function(_as_periods, handler(source)),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [{"type": "boolean"}, many["items"], many]}


Periods = Annotated[tuple[tuple[Date, Date | None], ...], _PeriodsForm()]
