"""A validation and a pattern card as they are told in the terminal."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from rich.table import Table
    from rich.text import Text

    from returnsim.analysis.patterns import Held, Judged
    from returnsim.analysis.validation import Point, Score, Validation
    from returnsim.analysis.worlds import Size
    from returnsim.scenario.schema import Scenario

LEAST_WIDTH, MOST_WIDTH = 118, 130
WIDTHS = (40, 14, 18, 16, 6, 18)
"""Of the columns of a card."""

NAIVE_IN_WORDS = {"carried": "the last value carried on", "trend": "a straight line"}
ROUNDING = 1e-9
"""Sums of fractions of people that cancel leave less than this."""
FEW = 10


def print_validation(
    scenario: "Scenario",
    validation: "Validation | None",
    held: "Sequence[Held]",
    size: "Size",
) -> None:
    """Print what came of it.

    Parameters
    ----------
    scenario : Scenario
        What was held against the record.
    validation : Validation or None
        None where there are no observations.
    held : sequence of Held
        The scenario's own first; empty without a card.
    size : Size
        Of the runs.
    """
    from shutil import get_terminal_size

    from rich.console import Console
    from rich.text import Text

    width = min(MOST_WIDTH, max(LEAST_WIDTH, get_terminal_size().columns))
    console = Console(width=width, highlight=False)
    console.print(Text(scenario.title))
    if validation is not None:
        for part in _validation_parts(validation):
            console.print(part)
    for line in _pattern_parts(held):
        console.print(line)
    console.print(Text(_rests_on(scenario, size)))


def _validation_parts(validation: "Validation") -> "Iterator[Table | str]":
    told = [point for point in validation.points if point.is_told]
    judged = [point for point in told if not point.used]
    used = [point for point in told if point.used]
    until = f" that end by {validation.fitted.until}" if validation.fitted.until else ""
    kinds = " and ".join(validation.fitted.use) or "no"
    if judged:
        yield _points_table("Not used to fit: these judge", judged)
        yield from _coverage_lines(validation)
        yield from _score_lines(validation)
    else:
        yield "No observation was left to judge by."
    if used:
        yield _points_table(f"Used to fit ({kinds} rows{until}): agreement is no test", used)
    missing = len(validation.points) - len(told)
    if missing:
        what = "observation" if missing == 1 else "observations"
        yield f"Of {missing} {what} the run says nothing: the days are not recorded."


def _points_table(title: str, points: "Sequence[Point]") -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("observation")
    named = ("simulated", "50 %", "90 %", "observed", "range", "error", "in", "CRPS")
    for name in named:
        table.add_column(name, justify="right", no_wrap=True)
    for point in points:
        one = point.observation
        table.add_row(
            Text(_name(point)),
            number(point.median),
            _range(point.low50, point.high50),
            _range(point.low90, point.high90),
            number(one.best),
            _range(one.low, one.high),
            number(point.error, signed=True),
            next((f"{100 * band:.0f} %" for band in (0.5, 0.9) if point.is_within(band)), "out"),
            number(point.crps),
        )
    return table


def _name(point: "Point") -> str:
    one = point.observation
    what = one.quantity.replace("_", " ")
    if one.guarantor:
        what += f" ({one.guarantor})"
    if one.unit in ("percent", "parties"):
        what += f", {one.unit}"
    if one.start is None:
        return f"{what}, {_day(one.end)}"
    same = (one.start.year, one.start.month) == (one.end.year, one.end.month)
    first = str(one.start.day) if same else _day(one.start)
    return f"{what}, {first}–{_day(one.end)}"


def _day(day: "date") -> str:
    return f"{day.day} {day:%b} {day:%y}"


def _coverage_lines(validation: "Validation") -> Iterator[str]:
    for one in validation.coverage:
        verdict = f": the bands are {one.verdict}" if one.verdict else ""
        yield (
            (
                f"The middle {one.band:.0%} hold {one.within} of {one.points} observations "
                f"({one.within / one.points:.0%}, 90 % interval {one.low:.0%} to {one.high:.0%})"
                f"{verdict}"
            )
            .replace("%", " %")
            .replace("  %", " %")
        )


def _score_lines(validation: "Validation") -> Iterator[str]:
    for score in validation.scores:
        what = score.quantity.replace("_", " ") or "all"
        parts = [f"{score.points} observation{'' if score.points == 1 else 's'}"]
        if math.isfinite(score.relative_difference):
            parts.append(f"averaged relative difference {score.relative_difference:.2f}")
        if math.isfinite(score.crps):
            parts.append(f"CRPS {number(score.crps)}")
        if math.isfinite(score.relative_crps):
            parts.append(f"relative {score.relative_crps:.2f}")
        yield f"{what}: {', '.join([*parts, *_skills(score)])}"


def _skills(score: "Score") -> Iterator[str]:
    for name, skill in score.skill.items():
        if math.isfinite(skill):
            yield f"skill over {NAIVE_IN_WORDS[name]} {skill:+.2f}"


def _pattern_parts(held: "Sequence[Held]") -> "Iterator[Table | Text | str]":
    if not held:
        return
    yield from _pattern_tables(held[0])
    failed = held[0].failed()
    number_of = len(held[0].ruled())
    yield f"{number_of - len(failed)} of {number_of} patterns hold" + (
        f"; these do not: {', '.join(failed)}" if failed else ""
    )
    if len(held) > 1:
        yield _rivals_table(held)
        for one in held[1:]:
            rival = one.rival or ""
            yield (
                f"{rival}: {one.loaded.card.rivals[rival].says} Fails "
                f"{', '.join(one.failed()) or 'nothing'}."
            )


def _pattern_tables(held: "Held") -> "Iterator[Table | Text]":
    """A sentence for each pattern and a line for each check, in columns that go through."""
    from rich.table import Table
    from rich.text import Text

    yield Text(held.loaded.card.title or "Patterns", style="bold")
    heads: tuple[str, ...] = ("", "median", "middle 90 %", "rule", "met by", "")
    for pattern, told in held.loaded.card.patterns.items():
        yield Text(f"{pattern}: {told.says}")
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=bool(heads))
        for place, width in enumerate(WIDTHS):
            side = "left" if place in (0, len(WIDTHS) - 1) else "right"
            table.add_column(heads[place] if heads else "", width=width, justify=side)  # type: ignore[arg-type]
        for one in held.judged:
            if one.pattern == pattern:
                table.add_row(*map(Text, _check_cells(one)))
        heads = ()
        yield table


def _check_cells(one: "Judged") -> tuple[str, ...]:
    share = f"{100 * one.share:.0f} %" if math.isfinite(one.share) else ""
    return (
        f"  {one.name}",
        f"{number(one.value)} {one.check.unit}".strip(),
        _range(one.low90, one.high90),
        one.check.in_words(),
        share,
        one.verdict,
    )


def _rivals_table(held: "Sequence[Held]") -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from returnsim.analysis.validation_tables import rivals_table

    frame = rivals_table(held)
    table = Table(title="Rules of decision", title_justify="left", box=box.SIMPLE_HEAD)
    for name in frame.columns:
        table.add_column(Text(str(name)))
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _range(low: float, high: float) -> str:
    return f"{number(low)}–{number(high)}" if low >= 0 else f"{number(low)} to {number(high)}"


def number(value: float, *, signed: bool = False) -> str:
    """A number as few digits tell it."""
    if not math.isfinite(value):
        return "none"
    if abs(value) < ROUNDING:
        value = 0.0
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{value:,.0f}" if abs(value) >= FEW else f"{sign}{value:.3g}"


def _rests_on(scenario: "Scenario", size: "Size") -> str:
    return (
        f"{size.replicates:,} replicates, seed {size.seed}. {scenario.rests_on()} The structure of "
        "the model and its defaults were made with the record in view: agreement is weaker "
        "evidence than it looks."
    )
