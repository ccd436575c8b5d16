"""What was observed of a camp, and what a run says of the same thing over the same days."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from jaxtyping import Float

from returnsim.analysis.quantities import MEN_SHARE, PERCENT, observable, per_hundred
from returnsim.errors import Problem, ScenarioError, UsageError
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories

COLUMNS = (
    *("quantity", "from", "to", "low", "best", "high"),
    *("unit", "guarantor", "use", "source", "note"),
)
USES = ("calibrate", "validate", "context")
DAYS = 7
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
        _known_guarantor(observation, scenario.guarantor_names)
    return observations


def simulated(trajectories: Trajectories, observation: Observation) -> Float[np.ndarray, "R"]:
    """What each replicate says of the thing observed, in the observation's unit.

    A stock is taken at the end of the day, on a straight line between the week ends around it. A
    flow is summed over the window, a week's flow spread evenly over its days.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observation : Observation
        What was observed.

    Returns
    -------
    array, shape (R,)
        NaN where the day or a part of the window was not recorded, or where there is nobody of
        whom to take a share.

    Raises
    ------
    UsageError
        If the observation is of a guarantor that the scenario does not have.
    """
    columns = trajectories.columns
    if observation.quantity == MEN_SHARE:
        leavers = over_window(trajectories, columns["departures"], observation)
        men = (
            columns["departures_men_conscription_age"]
            + columns["departures_men_older"]
            + columns["departures_elderly"] / 2
        )
        gone = over_window(trajectories, men, observation)
        return per_hundred(gone, leavers)
    if not observable()[observation.quantity].is_stock:
        return over_window(trajectories, _flow(trajectories, observation), observation)
    scale = 100.0 if observation.unit in PERCENT else 1.0
    return scale * on_day(trajectories, observation.quantity, observation.end)


def on_day(trajectories: Trajectories, stock: str, day: date) -> Float[np.ndarray, "R"]:
    """A stock at the end of a day, on a straight line between the ends of the weeks around it.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    stock : str
        Name of a column of stocks. In the first week recorded, where nothing stands before, the
        camp's population is taken from the flows of that week, other stocks from its end.
    day : date
        Any day.

    Returns
    -------
    array, shape (R,)
        In the column's unit; NaN if the day was not recorded.
    """
    days = (np.datetime64(day) - trajectories.dates[0]).astype(int) + 1
    weeks, rest = divmod(int(days), DAYS)
    values = np.column_stack([_before(trajectories, stock), trajectories[stock]])
    if days < 1 or weeks + (rest > 0) >= values.shape[1]:
        return np.full(len(values), np.nan)
    if rest == 0:
        return values[:, weeks]
    ahead = rest / DAYS
    between: np.ndarray = (1 - ahead) * values[:, weeks] + ahead * values[:, weeks + 1]
    return between


def over_window(
    trajectories: Trajectories, flow: Float[np.ndarray, "R W"], observation: Observation
) -> Float[np.ndarray, "R"]:
    """Sum a weekly flow over the days of an observation, the first and the last counted in.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    flow : array, shape (R, W)
        One of its flows, or a sum of some.
    observation : Observation
        Whose window to take.

    Returns
    -------
    array, shape (R,)
        In the flow's unit; NaN where a part of the window was not recorded. Under one guarantor, a
        window that begins and ends within a week takes the whole of that week: it is named for a
        convoy of that guarantor, and a weekly record cannot tell its days apart.
    """
    first = np.datetime64(observation.start or observation.end)
    last = np.datetime64(observation.end)
    begins = trajectories.dates
    if first < begins[0] or last >= begins[-1] + np.timedelta64(DAYS, "D"):
        return np.full(len(flow), np.nan)
    from_day = np.maximum((first - begins).astype(int), 0)
    to_day = np.minimum((last - begins).astype(int) + 1, DAYS)
    share = np.maximum(to_day - from_day, 0) / DAYS
    if observation.guarantor and np.count_nonzero(share) == 1:
        share = np.ceil(share)
    total: np.ndarray = (flow * share).sum(axis=1)
    return total


def camp_at_start(trajectories: Trajectories) -> Float[np.ndarray, "R"]:
    """People in camp before the first week recorded, from that week's end and its flows.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    array, shape (R,)
        People.
    """
    columns = {name: values[:, 0] for name, values in trajectories.columns.items()}
    came = columns["arrivals"] + columns["births"]
    went = columns["departures"] + columns["onward"] + columns["died_in_camp"]
    # Counts times a weight need not cancel to the last digit.
    start: np.ndarray = np.maximum(columns["camp_population"] + went - came, 0.0)
    return start


def _before(trajectories: Trajectories, stock: str) -> np.ndarray:
    if stock == "camp_population":
        return camp_at_start(trajectories)
    return trajectories[stock][:, 0]


def _flow(trajectories: Trajectories, observation: Observation) -> np.ndarray:
    _known_guarantor(observation, trajectories.scenario.guarantor_names)
    if observation.guarantor is None:
        return trajectories[observation.quantity]
    return trajectories[f"{observation.quantity}_{observation.guarantor}"]


def _known_guarantor(observation: Observation, known: tuple[str, ...]) -> None:
    if observation.guarantor is not None and observation.guarantor not in known:
        raise UsageError(
            f"observations: {observation.guarantor}: no such guarantor in the scenario; "
            + _nearest(observation.guarantor, known)
        )


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"


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
    rules = {name: f"no such column; {_nearest(name, COLUMNS)}" for name in header}
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
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from None


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
        row.broken("quantity", f"no such quantity; {_nearest(quantity, tuple(kinds))}")
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
