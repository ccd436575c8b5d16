"""What was observed of a camp: a table, read with every mistake told."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from returnsim.analysis.quantities import PERCENT, observable
from returnsim.errors import Problem, ScenarioError, UsageError
from returnsim.folders import reason_of
from returnsim.scenario.choices import choice
from returnsim.scenario.schema import Scenario

COLUMNS = (
    *("quantity", "from", "to", "low", "best", "high"),
    *("unit", "guarantor", "use", "source", "note"),
)
USES = ("calibrate", "validate", "context")
LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class Observation:
    """One thing that was counted, reported or estimated.

    Attributes
    ----------
    quantity : str
        What: a name from `returnsim.analysis.quantities.observable`.
    start : date or None
        First day of the window of a flow; None for a stock.
    end : date
        Last day of the window, counted in; for a stock the day at whose end it is meant.
    low, best, high : float
        Lowest plausible, best and highest plausible value, in ``unit``.
    unit : str
        people, households (or families), parties or percent.
    guarantor : str or None
        Only departures under this guarantor; None for all.
    use : str
        ``calibrate`` (a model may be fitted to it), ``validate`` (kept apart for judging) or
        ``context`` (shown, neither fitted nor judged by).
    source, note : str
        Who said so, and what to know about it.
    """

    quantity: str
    start: date | None
    end: date
    low: float
    best: float
    high: float
    unit: str
    guarantor: str | None
    use: str
    source: str
    note: str


def load_observations(path: str | Path) -> tuple[Observation, ...]:
    """Read a table of observations.

    Parameters
    ----------
    path : str or Path
        A CSV file with the columns quantity, from, to, low, best, high, unit, guarantor, use,
        source and note. Dates are ISO dates; ``from`` stays empty for a stock.

    Returns
    -------
    tuple of Observation
        In the order of the file.

    Raises
    ------
    ScenarioError
        With everything that is wrong in the table, each with its line.
    UsageError
        If the file cannot be read.
    """
    file = Path(path)
    problems: list[Problem] = []
    found = [
        _observation(_Row(file, line, cells, problems)) for line, cells in _rows(file, problems)
    ]
    if problems:
        raise ScenarioError(problems)
    return tuple(observation for observation in found if observation is not None)


def observations_of(scenario: Scenario) -> tuple[Observation, ...]:
    """Read the observations that a scenario names, and hold them against its guarantors.

    Parameters
    ----------
    scenario : Scenario
        Any scenario; one that names no table has no observations.

    Returns
    -------
    tuple of Observation
        In the order of the file.

    Raises
    ------
    UsageError
        As `load_observations`, and if a row names a guarantor that the scenario does not have.
    """
    if scenario.observations is None:
        return ()
    observations = load_observations(scenario.observations)
    for observation in observations:
        check_guarantor(observation, scenario.guarantor_names)
    return observations


def check_guarantor(observation: Observation, known: tuple[str, ...]) -> None:
    """Make sure that the guarantor of an observation is there.

    Raises
    ------
    UsageError
        If not.
    """
    if observation.guarantor is not None and observation.guarantor not in known:
        raise UsageError(
            f"observations: {observation.guarantor}: no such guarantor in the scenario; "
            + choice(observation.guarantor, known)
        )


class _Row:
    """The cells of one line, read with every mistake noted."""

    def __init__(
        self, file: Path, line: int, cells: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self.cells = cells
        self._place = (file, line)
        self._problems = problems
        self.wrong = False

    def broken(self, column: str, rule: str) -> None:
        self.wrong = True
        file, line = self._place
        shown = self.cells.get(column, "")[:40]
        self._problems.append(Problem(file, line, None, column, shown, rule))

    def day(self, column: str) -> date | None:
        text = self.cells[column]
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.broken(column, "must be a date that exists, such as 2019-02-04")
            return None

    def number(self, column: str) -> float:
        try:
            number = float(self.cells[column])
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number < 0:
            self.broken(column, "must be a number of 0 or more")
        return number


def _rows(file: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines with their number; lines of a wrong length are noted and left out."""
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    header: tuple[str, ...] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problems.append(Problem(file, line, None, "", "", f"is not readable as CSV: {error}"))
            return
        if cells is None:
            break
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header is None:
            header = tuple(cells)
            if _header_broken(file, line, header, problems):
                return
        elif len(cells) != len(header):
            rule = f"must have {len(header)} cells; put text that contains a comma in quotes"
            problems.append(Problem(file, line, None, "", f"{len(cells)} cells", rule))
        else:
            yield line, dict(zip(header, cells, strict=True))
    if header is None:
        problems.append(Problem(file, None, None, "", "", "the file is empty"))


def _header_broken(file: Path, line: int, header: tuple[str, ...], problems: list[Problem]) -> bool:
    missing = [name for name in COLUMNS if name not in header]
    rules = {name: f"no such column; {choice(name, COLUMNS)}" for name in header}
    wrong = [
        Problem(file, line, None, "", name or "(no name)", rules[name])
        for name in header
        if name not in COLUMNS
    ]
    wrong += [Problem(file, line, None, "", name, "this column is missing") for name in missing]
    if len(set(header)) < len(header):
        wrong.append(Problem(file, line, None, "", "", "a column stands there twice"))
    problems.extend(wrong)
    return bool(wrong)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{file}: larger than a table of observations can be")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {reason_of(error)}") from None


def _observation(row: _Row) -> Observation | None:
    start, end = row.day("from"), row.day("to")
    low, best, high = (row.number(name) for name in ("low", "best", "high"))
    _check_names(row)
    _check_days(row, start, end)
    if low > best:
        row.broken("low", "must not be more than best")
    if best > high:
        row.broken("high", "must not be less than best")
    if row.cells["unit"] in PERCENT and high > 100:
        row.broken("high", "a share in percent cannot be more than 100")
    if row.wrong or end is None:
        return None
    names = ("quantity", "unit", "use", "source", "note")
    return Observation(
        start=start,
        end=end,
        low=low,
        best=best,
        high=high,
        guarantor=row.cells["guarantor"] or None,
        **{name: row.cells[name] for name in names},
    )


def _check_names(row: _Row) -> None:
    kinds, quantity = observable(), row.cells["quantity"]
    if quantity not in kinds:
        row.broken("quantity", f"no such quantity; {choice(quantity, tuple(kinds))}")
    elif row.cells["unit"] not in kinds[quantity].units:
        row.broken("unit", f"{quantity} is counted in {' or '.join(kinds[quantity].units)}")
    if row.cells["use"] not in USES:
        row.broken("use", f"must be one of {', '.join(USES)}")
    if row.cells["guarantor"] and quantity != "departures":
        row.broken("guarantor", "only departures are told apart by guarantor; leave this empty")


def _check_days(row: _Row, start: date | None, end: date | None) -> None:
    kind = observable().get(row.cells["quantity"])
    if not row.cells["to"]:
        row.broken("to", "a date is missing")
    if kind is not None and kind.is_stock and row.cells["from"]:
        row.broken("from", "is a count on one day, given in `to`; leave this empty")
    if kind is not None and not kind.is_stock and not row.cells["from"]:
        row.broken("from", "a date is missing: this is counted over days, from the first on")
    if start is not None and end is not None and end < start:
        row.broken("to", "must not be earlier than `from`")
