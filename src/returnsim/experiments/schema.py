"""What an experiment file may say: cases, factors and their design, and the outcomes measured."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from returnsim.scenario.limits import FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS
from returnsim.scenario.quantities import Date, Finite, Model, Text, YesNo

Plain = Any
Households = Annotated[int, Field(strict=True, ge=FEWEST_HOUSEHOLDS, le=MOST_HOUSEHOLDS)]


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
    """Lowest and highest value; sampling designs draw from within. Without it and without
    ``values``, the range that the base scenario gives at the path."""
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


class Calibration(Model):
    """Fitting the factors to the record of the base scenario."""

    use: tuple[Literal["calibrate", "validate", "context"], ...] = ("calibrate",)
    """Which rows of the table of observations to fit to."""
    until: Date | None = None
    """Leave out rows that end later; null: none."""
    discrepancy: Annotated[float, Field(strict=True, ge=0, le=10)] = 0.2
    """Scale of the half-normal prior of the model's misfit, a standard deviation of logarithms
    that all rows share; 0: the model is taken to be right."""
    prior_runs: Annotated[int, Field(strict=True, ge=16, le=1_000_000)] = 1024
    """Runs spread evenly over the ranges."""
    generations: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 30
    """Of the global search."""
    candidates: Annotated[int, Field(strict=True, ge=4, le=10_000)] = 16
    """In each generation."""
    shared_replicates: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 4
    """Replicates that each candidate is run with, the same for all of a generation."""
    waves: tuple[Annotated[float, Field(ge=1)], ...] = (8.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0)
    """Waves of runs towards the posterior: by how much the likelihood is flattened in each."""
    runs_a_wave: Annotated[int, Field(strict=True, ge=16, le=1_000_000)] = 1200
    """Runs in each wave."""
    steps: Annotated[int, Field(strict=True, ge=100, le=1_000_000)] = 4000
    """Of each walker that samples the posterior."""
    draws: Annotated[int, Field(strict=True, ge=16, le=100_000)] = 500
    """Kept of the posterior."""
    full_size_draws: Annotated[int, Field(strict=True, ge=8, le=10_000)] = 64
    """Draws that are run at full size, where a smaller camp stands for it."""


class Sensitivity(Model):
    """Which factors move the outcomes: all are screened, and those that do are looked at closely.

    Elementary effects (Morris 1991), then first-order and total indices (Sobol 2001).
    """

    trajectories: Annotated[int, Field(strict=True, ge=4, le=10_000)] = 20
    """Walks through the ranges for the screening; each has a point more than there are factors."""
    levels: Annotated[int, Field(strict=True, ge=4, le=100)] = 4
    """Into how many values the walks cut each range: an even number."""
    keep: Annotated[int, Field(strict=True, ge=2)] | None = None
    """How many factors are looked at closely; null: those that `keep_share` says."""
    keep_share: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.25
    """Keep the factors whose mean effect is at least this share of the largest, in any outcome."""
    samples: Annotated[int, Field(strict=True, ge=8, le=1_000_000)] = 128
    """Base points for the indices, a power of two; each is run with every kept factor changed in
    turn, two runs more than there are such factors."""
    dates: tuple[Date, ...] | None = None
    """Days on which the indices are told too, of what is summed up or counted; null: five days,
    evenly spaced; []: none."""
    resamples: Annotated[int, Field(strict=True, ge=100, le=100_000)] = 1000
    """How often the intervals are drawn anew (bootstrap)."""
    seed: Annotated[int, Field(strict=True, ge=1, le=2**32 - 1)] = 1
    """Seed of the points and of the intervals; the luck of the runs has the experiment's own."""


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
    households: Households | None = None
    """Simulate so many households in place of the whole camp, each standing for several."""
    calibration: Calibration | None = None
    """How the factors are fitted to the record; null: they are varied by the design."""
    sensitivity: Sensitivity | None = None
    """How large a study of the factors' sensitivity is; null: there is none."""
    outcomes: Mapping[str, Outcome] = {}
    """What is measured, by name; none: returns, the harm after them, and what staying costs."""

    @property
    def chooses_points(self) -> bool:
        """Whether a fit or a study chooses the points, as it goes, in place of a design."""
        return self.calibration is not None or self.sensitivity is not None
