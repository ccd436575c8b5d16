"""Cells: one case and sixteen replicates each, run from their provenance and from nothing else."""

import json
import platform
import traceback
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from returnsim import __version__
from returnsim.assemble import Plan, plan_run, step_together
from returnsim.core.engines import NUMBA, NUMPY
from returnsim.core.run import MODEL_VERSION, Run
from returnsim.draws import STREAM_VERSION
from returnsim.scenario.files import scenario_from
from returnsim.scenario.limits import DAYS
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import numbers_text, scenario_hash
from returnsim.stacking import put_together

CELL = 16
"""Replicates of a cell: always the same sixteen together, however many are asked for."""

WEEKLY, EVENTS = "weekly", "events"
HOUSEHOLDS_A_BLOCK = 100_000
"""Household-replicates stepped as one array, by measurement: fewer spend their time on the calls
of NumPy, more gain little and take more memory."""


HOUSEHOLD_WEEKS_A_TASK = 10_000_000
"""Some seconds of work: what a kill may cost at most, but for a cell that is longer alone."""


class Cell(NamedTuple):
    """One case and one block of replicates.

    Attributes
    ----------
    key : str
        Fingerprint of what the core is given, 64 hexadecimal digits.
    given : str
        What the core is given, as one line of JSON: the scenario's numbers, households, seed,
        block, and the versions of model and draws.
    events : bool
        Whether the movements of members are kept as well.
    """

    key: str
    given: str
    events: bool


class Planned(NamedTuple):
    """A cell made ready to be run."""

    cell: Cell
    scenario: Scenario
    plan: Plan

    @property
    def replicates(self) -> list[int]:
        """The cell's replicates by number."""
        first = CELL * int(json.loads(self.cell.given)["block"])
        return list(range(first, first + CELL))


class Result(NamedTuple):
    """What came of a cell: its files, or the error that it ended in."""

    key: str
    given: str
    files: dict[str, bytes]
    engine: dict[str, Any]
    error: str | None


def key_of(hash_of_scenario: str, households: int | None, seed: int, block: int) -> str:
    """Name a cell by what the core is given.

    Parameters
    ----------
    hash_of_scenario : str
        From `scenario_hash`.
    households : int or None
        Simulated in place of the full camp, where set.
    seed : int
        The seed.
    block : int
        Which sixteen replicates, from 0.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    parts = (MODEL_VERSION, STREAM_VERSION, hash_of_scenario, households, seed, block)
    return sha256(json.dumps(parts).encode()).hexdigest()


def cell_of(
    scenario: Scenario, households: int | None, seed: int, block: int, *, events: bool = False
) -> Cell:
    """Describe a cell. Arguments as for `key_of`; ``events`` as in `Cell`."""
    given = {
        "model_version": MODEL_VERSION,
        "draws_version": STREAM_VERSION,
        "seed": seed,
        "block": block,
        "households": households,
    }
    text = json.dumps(given)[:-1] + f', "scenario": {numbers_text(scenario)}}}'
    return Cell(key_of(scenario_hash(scenario), households, seed, block), text, events)


def scenario_given(given: str) -> Scenario:
    """Build the scenario that a cell was given."""
    return scenario_from({"title": "a cell"} | json.loads(given)["scenario"])


def key_given(given: str) -> str:
    """Name a cell from what it was given alone, whatever version gave it."""
    told = json.loads(given)
    parts = (
        *(told["model_version"], told["draws_version"], scenario_hash(scenario_given(given))),
        *(told["households"], told["seed"], told["block"]),
    )
    return sha256(json.dumps(parts).encode()).hexdigest()


def cells_a_task(scenario: Scenario, households: int | None) -> int:
    """How many cells of a scenario's size are worth stepping as one array."""
    people = scenario.population
    number = households or round(people.people.value / people.household_size.value)
    rows = CELL * max(1, number)
    return max(
        1, min(HOUSEHOLDS_A_BLOCK // rows, HOUSEHOLD_WEEKS_A_TASK // (rows * scenario.weeks))
    )


def run_cells(cells: Sequence[Cell], rows: int | None = None, engine: str = NUMPY) -> list[Result]:
    """Run some cells, as few arrays as their shapes allow.

    Parameters
    ----------
    cells : sequence of Cell
        Any, of one task.
    rows : int, optional
        Replicates stepped as one array at most, of one case or several; by the size of the camp
        if not given. The results do not depend on it.
    engine : str
        ``numpy`` or ``numba``.

    Returns
    -------
    list of Result
        One a cell, in their order; a cell that fails takes no other with it.
    """
    planned: list[Planned] = []
    failed: dict[str, Result] = {}
    for cell in cells:
        try:
            planned.append(_plan(cell, engine))
        except Exception as error:  # noqa: BLE001
            failed[cell.key] = _failure(cell, error)
    done = failed | {
        result.key: result
        for group in _by_shape(planned)
        for batch in _batches(group, rows)
        for result in _run_or_split(batch, rows)
    }
    return [done[cell.key] for cell in cells]


def made_by(engine: str = NUMPY) -> dict[str, Any]:
    """What numbers are computed with; bit for bit the same only where this is the same."""
    found: Any = np.show_config(mode="dicts")
    compiler = f", numba {version('numba')}" if engine == NUMBA else ""
    return {
        "returnsim": __version__,
        "engine": f"numpy {np.__version__}{compiler}",
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu_features": found["SIMD Extensions"].get("found", []),
    }


def engine_of(made: Mapping[str, Any]) -> str:
    """The engine that made some numbers, from what `made_by` told of it."""
    return NUMBA if NUMBA in made["engine"] else NUMPY


def _plan(cell: Cell, engine: str) -> Planned:
    told = json.loads(cell.given)
    scenario = scenario_given(cell.given)
    plan = plan_run(scenario, told["seed"], told["households"])
    return Planned(cell, scenario, plan._replace(engine=engine))


def _by_shape(planned: list[Planned]) -> Iterable[list[Planned]]:
    """Cells that can be stepped as one array: the same weeks, names, options and rows."""
    groups: dict[object, list[Planned]] = {}
    for one in planned:
        plan = one.plan
        conditions, parameters = plan.inputs.conditions, plan.inputs.parameters
        shape = (
            plan.seed,
            plan.guarantors,
            plan.inputs.first_calendar_week,
            plan.inputs.record_from,
            plan.spec.households,
            plan.arrival_weeks.tobytes(),
            conditions.threat.shape,
            (parameters.options.shape, parameters.options.tobytes()),
            one.cell.events,
        )
        groups.setdefault(shape, []).append(one)
    return groups.values()


def _batches(group: list[Planned], rows: int | None) -> Iterable[list[Planned]]:
    size = max(1, (rows or _rows(group[0].plan)) // CELL)
    return (group[i : i + size] for i in range(0, len(group), size))


def _rows(plan: Plan) -> int:
    return max(CELL, HOUSEHOLDS_A_BLOCK // max(1, plan.all_households))


def _run_or_split(batch: list[Planned], rows: int | None) -> list[Result]:
    """Run a batch; where it fails, each cell alone, so that one cannot spoil the others."""
    try:
        runs = _run(batch, rows)
    except Exception as error:  # noqa: BLE001
        if len(batch) == 1:
            return [_failure(batch[0].cell, error)]
        return [result for one in batch for result in _run_or_split([one], rows)]
    told = made_by(batch[0].plan.engine)
    return [
        Result(one.cell.key, one.cell.given, _files(one, run), told, None)
        for one, run in zip(batch, runs, strict=True)
    ]


def _failure(cell: Cell, error: Exception) -> Result:
    told = "".join(traceback.format_exception(error))
    return Result(cell.key, cell.given, {}, made_by(), told)


def _run(batch: list[Planned], rows: int | None) -> list[Run]:
    """Run a batch whole, or a single cell in several goes if so few rows are allowed."""
    numbers = [one.replicates for one in batch]
    plans = [one.plan for one in batch]
    events = batch[0].cell.events
    if rows is None or rows >= CELL:
        return step_together(plans, numbers, events=events)
    parts = [
        step_together(plans, [numbers[0][i : i + rows]], events=events)[0]
        for i in range(0, CELL, rows)
    ]
    return [put_together(parts)]


def _files(one: Planned, run: Run) -> dict[str, bytes]:
    import pyarrow as pa

    weeks = np.arange(one.plan.inputs.record_from, one.scenario.weeks)
    dates = np.datetime64(one.scenario.start) + weeks * np.timedelta64(DAYS, "D")
    weekly = pa.table(
        {
            "replicate": np.repeat(np.asarray(one.replicates, dtype=np.int64), len(weeks)),
            "week": np.tile(weeks, CELL),
            "date": np.tile(dates.astype("datetime64[ms]"), CELL),
        }
        | {name: values.ravel() for name, values in run.columns.items()}
    )
    files = {WEEKLY: _parquet(weekly)}
    if run.events is not None:
        fields = run.events._asdict().items()
        files[EVENTS] = _parquet(pa.table({n: v.astype(np.int32) for n, v in fields}))
    return files


def _parquet(table: Any) -> bytes:
    import pyarrow.parquet as pq

    buffer = BytesIO()
    # Dictionaries and statistics of so few rows cost more than they save.
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()
