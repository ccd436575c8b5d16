"""A posterior: draws of numbers of a scenario that were fitted together to what was observed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from returnsim.digests import CHECKSUM, sealed
from returnsim.scenario.paths import SECTIONS, ImpossibleError, ParsedPath, parsed
from returnsim.scenario.quantities import SMALLEST, Date, Finite, Model, Rules, Text
from returnsim.scenario.tree import is_file, why_no_file

DISCREPANCY, LOG_POSTERIOR = "discrepancy", "log_posterior"
METADATA = b"returnsim"
MOST_BYTES = 20_000_000
MOST_NUMBERS = 40_000
"""A scenario that is written out whole must stay small enough to be read again."""

NOT_HELD = (
    ("population", "people"),
    ("population", "household_size"),
    ("population", "shares"),
    ("population", "single_men_households"),
    ("population", "women_headed_households"),
    ("population", "origins"),
    ("population", "contacts"),
    ("levers", "arrivals"),
)
"""What decides who is in the camp, and who knows whom: the same in every draw."""

HORIZON = ("behaviour", "horizon_weeks")
"""What is meant by a promise that was kept: one number for all replicates that are measured."""


def _column(raw: object) -> object:
    """A column may be written as one text, with blanks between its numbers."""
    if not isinstance(raw, str):
        return raw
    try:
        return tuple(float(word) for word in raw.split())
    except ValueError:
        raise ValueError("must be numbers with blanks between them") from None


Column = Annotated[
    tuple[Finite, ...], BeforeValidator(_column, json_schema_input_type=tuple[float, ...] | str)
]
Misfit = Annotated[
    tuple[Annotated[Finite, Field(ge=0)], ...],
    BeforeValidator(_column, json_schema_input_type=tuple[float, ...] | str),
]


class Fitted(Model):
    """What a posterior was fitted to."""

    use: tuple[Text, ...] = ()
    """Uses of the rows of the table of observations."""
    until: Date | None = None
    """Last day of the rows; null: all."""


class Posterior(Model):
    """Draws of some numbers of the scenario; each replicate takes a row of them."""

    file: Path | None = None
    """Where they were read from."""
    experiment: Text = ""
    """The experiment that they come from."""
    fitted: Fitted = Fitted()
    """What they were fitted to."""
    draws: Mapping[str, Column] = {}
    """Draws by the path of the number, in the order in which they are set; a row is a draw."""
    discrepancy: Misfit = Field(default=(), validate_default=True)
    """Standard deviation of the model's misfit, on the log scale, by row; none: 0."""

    @property
    def rows(self) -> int:
        """How many draws there are."""
        return len(self.discrepancy)

    @property
    def source(self) -> str:
        """The posterior as the source of a number."""
        return f"posterior of the experiment {self.experiment}" if self.experiment else "posterior"

    def __str__(self) -> str:
        """Say in a few words what is drawn, and from what."""
        return f"{len(self.draws)} drawn from the {self.rows:,} rows of the {self.source}"

    def keeping(self, draws: Mapping[str, tuple[float, ...]]) -> "Posterior":
        """The same with other columns of as many rows."""
        return self.model_copy(update={"draws": draws})

    def without(self, *place: str) -> "Posterior":
        """The same without the numbers at a place and below it."""
        there = {p: v for p, v in self.draws.items() if parsed(p).number[: len(place)] != place}
        return self.keeping(there)

    @field_validator("draws")
    @classmethod
    def _paths_that_may_be_drawn(
        cls, draws: Mapping[str, tuple[float, ...]]
    ) -> Mapping[str, tuple[float, ...]]:
        rules = Rules()
        for path, column in draws.items():
            rule = rule_broken_by(path)
            if rule:
                rules.broken((path,), rule, key=True)
            if any(0 < abs(number) < SMALLEST for number in column):
                rules.broken((path,), f"must be 0 or no closer to it than {SMALLEST:g}", key=True)
        if sum(map(len, draws.values())) > MOST_NUMBERS:
            rules.broken((), f"more than {MOST_NUMBERS:,} numbers: keep fewer draws", key=True)
        rules.settle()
        return {path.removesuffix(".value"): values for path, values in draws.items()}

    @field_validator("discrepancy")
    @classmethod
    def _misfit_of_each_row(
        cls, discrepancy: tuple[float, ...], info: ValidationInfo
    ) -> tuple[float, ...]:
        columns = list(info.data.get("draws", {}).values())
        return (0.0,) * len(columns[0]) if columns and not discrepancy else discrepancy

    @model_validator(mode="after")
    def _as_many_rows_in_each(self) -> Self:
        rules = Rules()
        if not self.rows:
            rules.broken((), "there are no draws in it", key=True)
        for path, values in self.draws.items():
            if len(values) != self.rows:
                rules.broken(("draws", path), f"must have {self.rows} draws", key=True)
        rules.settle()
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe both ways of writing it: the file, or all that is in it."""
        written = handler.resolve_ref_schema(handler(schema))
        full = {k: v for k, v in written.items() if k not in {"title", "description"}}
        about = {k: written[k] for k in ("title", "description")}
        written.clear()
        written.update(about, anyOf=[{"type": "string"}, full])
        return written


class UnfitError(Exception):
    """What is wrong with a file of draws, each with the path that it is about."""

    def __init__(self, *broken: tuple[str, str]) -> None:
        self.broken = broken
        super().__init__("; ".join(rule for _, rule in broken))


def rule_broken_by(path: str) -> str:
    """Why a path cannot be drawn, or nothing."""
    try:
        number = parsed(path).number
    except ImpossibleError as error:
        return str(error)
    if number[:1] in {("start",), ("weeks",), ("record_from",)}:
        return "a posterior may not hold it: time is the same in every draw"
    if number[0] not in SECTIONS:
        return f"no number of a scenario; one of {', '.join(SECTIONS)} comes first"
    if number == HORIZON:
        return "a posterior may not hold it: what a kept promise is, is the same in every draw"
    if any(number[: len(place)] == place for place in NOT_HELD):
        return "a posterior may not hold it: who is in the camp is the same in every draw"
    return ""


def most_draws(columns: int) -> int:
    """How many draws a file of some columns may have, so that a scenario can take it."""
    # Beside them stand the misfit and the density, which count when a file is opened.
    return min(MOST_NUMBERS // columns, 2 * MOST_NUMBERS // (columns + 2))


def is_related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one of two places is the same as the other, inside it or around it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def parsed_columns(posterior: Posterior) -> list[tuple[str, ParsedPath]]:
    """The paths of the draws, and each taken apart."""
    return [(path, parsed(path)) for path in posterior.draws]


def read_posterior(file: Path) -> Posterior:
    """Read a Parquet file of draws.

    Parameters
    ----------
    file : Path
        A row a draw; columns are paths of a scenario, and ``discrepancy``. The metadata of its
        schema say under the key ``returnsim`` which experiment it comes from and what it was
        fitted to, and vouch for all of it with a ``checksum``, if there is one.

    Returns
    -------
    Posterior

    Raises
    ------
    UnfitError
        With all that is wrong.
    """
    columns, told = _columns_of(file)
    columns.pop(LOG_POSTERIOR, None)
    raw = {
        "file": file,
        "experiment": told.get("experiment") or "",
        "fitted": told.get("fitted") or {},
        "discrepancy": columns.pop(DISCREPANCY, ()),
        "draws": columns,
    }
    try:
        return Posterior.model_validate(raw)
    except ValidationError as error:
        # Paths are not looked at where a value is wrong.
        paths = [(path, rule) for path in columns if (rule := rule_broken_by(path))]
        raise UnfitError(*dict.fromkeys([*_broken(error), *paths])) from None


def _columns_of(file: Path) -> tuple[dict[str, Any], Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not is_file(file):
        raise UnfitError(("", why_no_file(file, "*.parquet")))
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnfitError(("", f"larger than {MOST_BYTES:,} bytes; this is no posterior"))
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            if len(schema.names) * parquet.metadata.num_rows > 2 * MOST_NUMBERS:
                rule = f"more than {MOST_NUMBERS:,} numbers: keep fewer draws"
                raise UnfitError(("", rule))
            # It stands there twice: a key that is damaged in one place is found in the other.
            metadata = {**(schema.metadata or {}), **(parquet.metadata.metadata or {})}
            table = parquet.read()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UnfitError(("", f"cannot be read as Parquet: {reason}")) from None
    names = schema.names
    twice = [(name, "two columns have this name") for name in set(names) if names.count(name) > 1]
    texts = [
        (name, "must be numbers")
        for name, kind in zip(names, schema.types, strict=True)
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind))
    ]
    if twice or texts:
        raise UnfitError(*twice, *texts)
    columns = {name: tuple(table[name].to_numpy().astype(float).tolist()) for name in names}
    told = _told(metadata)
    if CHECKSUM in told and told != vouching(told, columns):
        raise UnfitError(("", "is damaged: it is not as the fit wrote it; fit or copy it anew"))
    return columns, told


def vouching(told: Mapping[str, Any], columns: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """What a file of draws says of itself, with a checksum of that and of its numbers."""
    numbers = [(name, list(values)) for name, values in columns.items()]
    return {**told, CHECKSUM: sealed({**told, "columns": numbers})[CHECKSUM]}


def _told(metadata: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    try:
        told = json.loads(metadata.get(METADATA, b"{}"))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise UnfitError(("", "its metadata `returnsim` are no JSON object"))
    return told


def _broken(error: ValidationError) -> list[tuple[str, str]]:
    """Each thing that is wrong, with the column, in words."""
    found: dict[tuple[str, str], None] = {}
    for details in error.errors(include_url=False):
        place = [str(part) for part in details["loc"] if not isinstance(part, int)]
        path = "" if not place or place == ["draws"] else place[-1]
        if details["type"] == "rules":
            for where, rule, _ in details["ctx"]["broken"]:
                found[str(where[-1]) if where else path, rule] = None
        elif details["type"] == "finite_number":
            found[path, "must be finite numbers, none missing"] = None
        else:
            found[path, str(details["msg"])] = None
    return list(found)
