"""What changes over time: entries that hold from one date to another, and periods.

A lever or a dated number is a tuple of `Entry` here, whether it was written as one value or as a
list of dated entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Generic, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from returnsim.scenario.quantities import Date, Model, NonNegative, Rules, Share, Text, YesNo

Q = TypeVar("Q")


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


class DatedShare(Step[Share]):
    """A share from 0 to 1 that holds from one date to another."""


class DatedNumber(Step[NonNegative]):
    """A number of 0 or more that holds from one date to another."""


class DatedLimit(Step[NonNegative | None]):
    """A limit that holds from one date to another; null: no limit."""


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
            rules.broken((i + 1, "from"), f"dates out of order: must be later than {before.from_}")
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
    last = date.min
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
