"""The kinds of values in a scenario file: numbers with their evidence, dates, texts.

A number is written plainly or with its evidence, ``{value, range, source, why}``; either way it
is a `Quantity` here.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

ClassName = Literal["children", "women", "men_conscription_age", "men_older", "elderly"]
CLASSES: tuple[str, ...] = get_args(ClassName)
"""Classes of members, in their order along the axis ``K`` of every array that has one."""

SUM_TOLERANCE = 1e-6
"""How far shares that make up a whole may miss one."""

SMALLEST = 1e-12
"""No number is closer to 0 without being 0: what is divided by it would overflow."""

Location = tuple[str | int, ...]


class Rules:
    """Collects broken rules, so that a reader meets them all at once."""

    def __init__(self) -> None:
        self._broken: list[tuple[Location, str, bool]] = []

    def broken(self, where: Location, rule: str, *, key: bool = False) -> None:
        """Note a rule that does not hold at ``where``, relative to what is validated.

        With ``key``, it is the name that is wrong, or the whole: the value need not be told.
        """
        self._broken.append((where, rule, key))

    def settle(self) -> None:
        """Raise one error for all that was noted, if anything was."""
        if self._broken:
            text = "; ".join(rule for _, rule, _ in self._broken)
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
    largest: ClassVar[float] = 1e9  # larger ones are slips, and overflow where they are used

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
        elif not self._sensible(self.value):
            rules.broken(("value",), f"must be {self._sense()}")
        if self.range is not None:
            low, high = self.range
            if not (self._allowed(low) and self._allowed(high)):
                rules.broken(("range",), f"both ends must be {self.bounds()}")
            elif not (self._sensible(low) and self._sensible(high)):
                rules.broken(("range",), f"both ends must be {self._sense()}")
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
    def _sensible(cls, number: float) -> bool:
        return number == 0 or SMALLEST <= abs(number) <= cls.largest

    @classmethod
    def _sense(cls) -> str:
        return f"no further from 0 than {cls.largest:,.0f}, and 0 or no closer than {SMALLEST:g}"

    @classmethod
    def bounds(cls) -> str:
        """Say in words which numbers are allowed."""
        if cls.minimum is not None and cls.maximum is not None:
            kind = "an even number" if cls.multiple_of == 2 else "a number"
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
            "minimum": -cls.largest if cls.minimum is None and cls.above is None else cls.minimum,
            "exclusiveMinimum": cls.above,
            "maximum": cls.largest if cls.maximum is None else cls.maximum,
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


class Ratio(Quantity):
    """How many times a reference, from 0 to 1000."""

    minimum: ClassVar[float | None] = 0
    maximum: ClassVar[float | None] = 1000


class LogSd(Quantity):
    """A standard deviation of logarithms, from 0 to 10."""

    minimum: ClassVar[float | None] = 0
    maximum: ClassVar[float | None] = 10


class Positive(Quantity):
    """A number above 0."""

    above: ClassVar[float | None] = 0


class Share(Quantity):
    """A share of a whole, from 0 to 1."""

    minimum: ClassVar[float | None] = 0
    maximum: ClassVar[float | None] = 1


class PeoplePerWeek(Quantity):
    """People a week, 0 or more."""

    minimum: ClassVar[float | None] = 0
    largest: ClassVar[float] = 1e6


class Weeks(Quantity):
    """A time in weeks, 0 or more."""

    minimum: ClassVar[float | None] = 0
    largest: ClassVar[float] = 1e5


class PositiveWeeks(Quantity):
    """A time in weeks, above 0."""

    above: ClassVar[float | None] = 0
    largest: ClassVar[float] = 1e5


class OneWeekOrMore(Quantity):
    """A time in weeks, 1 or more."""

    minimum: ClassVar[float | None] = 1
    largest: ClassVar[float] = 1e5


class MoreThanOne(Quantity):
    """A number above 1."""

    above: ClassVar[float | None] = 1


class EvenCount(Quantity):
    """An even whole number from 2 to 40."""

    minimum: ClassVar[float | None] = 2
    maximum: ClassVar[float | None] = 40
    multiple_of: ClassVar[float | None] = 2
