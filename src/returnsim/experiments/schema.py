"""What an experiment file may say: cases, factors and their design, and the outcomes measured."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from returnsim.scenario.quantities import Date, Finite, Model, Text, YesNo

Plain = Any


class Outcome(Model):
    """One number of each replicate: what is counted, and when."""

    column: Text | tuple[Text, ...] | None = None
    """Column of the weekly record, or several that are added up; null: the outcome's own name."""
    measure: Literal["end", "date", "cumulative", "peak", "mean"] | None = None
    """When: at the end, at a date, summed up, at the highest, on average over the weeks; null: at
    the end for stocks, summed up for flows, on average for means such as hardship."""
    date: Date | None = None
    """The day of `measure: date`: a stock at the end of its week, a flow summed up to then."""
    per_100: Text | tuple[Text, ...] | None = None
    """Columns to divide by, which makes the outcome a number per hundred: flows summed up and
    stocks counted at the end of the same weeks, otherwise measured the same way."""
    without: Text | None = None
    """The lever that the pair goes without, as ``siege`` or ``guarantor:NAME``: the column is then
    one of ``voluntary``, ``hastened``, ``pushed`` and ``not_yet_known``."""
    unit: Text | None = None
    """Unit; null: that of the columns."""
    good: Literal["more", "less"] | None = None
    """Which direction is good; null: neither, or that of the built-in outcome of this name."""


class Case(Model):
    """One named case: another scenario file, changes to it, or both."""

    scenario: Text | None = None
    """A scenario file in place of the base, as a path from the experiment file."""
    set: Mapping[str, Plain] = {}
    """Dotted paths and what shall stand there."""
    title: Text | None = None
    """What the case is, in a line; null: its name."""


class Factor(Model):
    """Something in the scenario that the design varies."""

    path: Text | tuple[Text, ...] | None = None
    """Dotted path, or several that always have the same value; null: the factor's own name."""
    values: tuple[Plain, ...] | None = None
    """The values to try."""
    range: tuple[Finite, Finite] | None = None
    """Lowest and highest value; sampling designs draw from within."""
    levels: Annotated[int, Field(strict=True, ge=2)] = 5
    """Into how many evenly spaced values a range is cut where a design needs a list."""
    log: YesNo = False
    """Whether a range is spaced and sampled by its logarithm."""
    kind: Literal["lever", "uncertainty"] | None = None
    """A lever is set by an actor, an uncertainty is known to nobody; null: a lever under
    ``levers`` and ``guarantors``, an uncertainty elsewhere."""
    unit: Text = ""
    """Unit, for tables and figures."""
    title: Text | None = None
    """What it is, in a few words; null: its name."""


def paths_of(name: str, factor: Factor) -> tuple[str, ...]:
    """The paths that a factor changes: its name where it has none."""
    if factor.path is None:
        return (name,)
    return (factor.path,) if isinstance(factor.path, str) else factor.path


class Design(Model):
    """How factors are combined."""

    kind: Literal["full_factorial", "latin_hypercube", "sobol", "one_at_a_time", "points"] = (
        "full_factorial"
    )
    """Every combination; a sample that is even in each factor; a low-discrepancy sequence; each
    factor alone with the others as in the case; or a table of points."""
    samples: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    """How many points to sample; a Sobol sequence wants a power of two."""
    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    """Seed of a sample."""
    file: Text | None = None
    """CSV or Parquet table with a column for each factor, as a path from the experiment file."""


class Experiment(Model):
    """Many runs of a scenario that differ in what is to be compared."""

    title: Annotated[Text, Field(min_length=1)]
    """What the experiment is, in a line."""
    question: Text = ""
    """What it is meant to answer."""
    base: Text
    """The scenario file that cases change, as a path from the experiment file."""
    cases: Mapping[str, Case] = {}
    """Cases by name; none: the base alone. With factors, every case meets every point, and is
    called by both; a single case's name is left out."""
    factors: Mapping[str, Factor] = {}
    """What the design varies, by name."""
    design: Design = Design()
    """How factors are combined."""
    baseline: Text | None = None
    """The case that others are compared with; null: the first."""
    replicates: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 64
    """How often each case is run; they are simulated by sixteens."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**64 - 1)] = 1
    """The seed, the same for every case, so that differences are those of the cases alone."""
    households: Annotated[int, Field(strict=True, ge=20)] | None = None
    """Simulate so many households in place of the whole camp, each standing for several."""
    outcomes: Mapping[str, Outcome] = {}
    """What is measured, by name; none: returns, the harm after them, and what staying costs."""
