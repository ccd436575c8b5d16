"""What a sweep's store holds: listed, verified by running it again, and cleared."""

import json
import secrets
import shutil
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from returnsim.core.engines import NUMPY
from returnsim.core.run import MODEL_VERSION
from returnsim.digests import check_written
from returnsim.errors import UsageError
from returnsim.experiments.cells import (
    EVENTS,
    Cell,
    Result,
    engine_of,
    key_given,
    made_by,
    run_cells,
)
from returnsim.experiments.store import Store
from returnsim.experiments.sweep import STORE
from returnsim.experiments.tables import CELLS, PARTIAL, told_cells

TOLERANCE = 1e-12
"""Relative difference of floats that another engine may make; counts must be equal."""


class Verified(NamedTuple):
    """What verification found.

    Attributes
    ----------
    lines : list of str
        In words, for the reader.
    is_well : bool
        Whether every cell looked at is what it was.
    """

    lines: list[str]
    is_well: bool


def inventory(folder: Path) -> list[dict[str, Any]]:
    """List the cells of a sweep's store.

    Parameters
    ----------
    folder : Path
        Of the sweep.

    Returns
    -------
    list of dict
        For each cell ``key, case, without, block, seed, households, model_version, engine, bytes,
        state``; the case is the first that the tables make of it, or empty if they make none. No
        cell is said not to be needed where there are no tables, or a sweep was not run to its end.

    Raises
    ------
    UsageError
        If there is no store, or the table that tells which cells are needed is damaged.
    """
    store = _store_in(folder)
    check_written(folder, (CELLS,))
    named = {row["key"]: row for row in reversed(told_cells(folder))}
    is_known = bool(named) and not store.is_unfinished()
    rows = []
    for key in store.names():
        damage = store.damage(key)
        row: dict[str, Any] = {
            "key": key,
            "case": named.get(key, {}).get("case", ""),
            "without": named.get(key, {}).get("without", ""),
        }
        given: dict[str, Any] = {} if damage else store.record(key)["given"]
        row |= {name: given.get(name) for name in ("block", "seed", "households", "model_version")}
        row["engine"] = "" if damage else store.record(key)["engine"]["engine"]
        row["bytes"] = store.size(key)
        spare = is_known and key not in named
        row["state"] = damage.why if damage else ("not needed" if spare else "kept")
        rows.append(row)
    return rows


def verify(folder: Path, cells: int, seed: int | None = None) -> Verified:
    """Check all checksums, and run some cells again from their provenance alone.

    Parameters
    ----------
    folder : Path
        Of the sweep.
    cells : int
        How many to run again, at most.
    seed : int, optional
        The same seed draws the same cells.

    Raises
    ------
    UsageError
        If there is no store, or nothing in it.
    """
    store = _store_in(folder)
    keys = list(store.names())
    if not keys:
        raise UsageError(f"{folder}: no cell is kept there")
    damaged = [found for found in map(store.damage, keys) if found]
    lines = [f"{found.key[:12]}: {found.why}; the next sweep sets it aside" for found in damaged]
    lines.append(f"{len(keys) - len(damaged):,} of {len(keys):,} cells match their checksums")
    lot = secrets.token_hex() if seed is None else str(seed)
    broken = {found.key for found in damaged}
    drawn = sorted(
        (key for key in keys if key not in broken),
        key=lambda key: sha256(f"{lot} {key}".encode()).digest(),
    )[:cells]
    well = not damaged
    for key in drawn:
        line, same = _run_again(store, key)
        lines.append(f"{key[:12]}: {line}")
        well &= same
    return Verified(lines, well)


def collect(folder: Path, *, dry_run: bool = False) -> str:
    """Remove the cells that the tables do not need, and what was left by breaks.

    Parameters
    ----------
    folder : Path
        Of the sweep.
    dry_run : bool
        Whether to remove nothing.

    Returns
    -------
    str
        What was removed, in a line.

    Raises
    ------
    UsageError
        If there is no store or no table that tells which cells are needed, or the store is in use.
    """
    store = _store_in(folder)
    # What is kept is what the table names.
    check_written(folder, (CELLS,))
    with store.at_work(alone=True):
        if store.is_unfinished():
            raise UsageError(
                f"{folder}: a sweep here was not run to its end, and what it has finished would be "
                "removed; run the sweep to its end first"
            )
        needed = {row["key"] for row in told_cells(folder)}
        if not needed:
            raise UsageError(
                f"{folder}: has no finished tables that tell which cells are needed; run the sweep "
                "to its end first"
            )
        spare = [key for key in store.names() if key not in needed]
        waste = [*store.waste(), *folder.glob(f".*{PARTIAL}/**/*")]
        size = sum(map(store.size, spare)) + sum(p.stat().st_size for p in waste if p.is_file())
        if not dry_run:
            store.remove(spare)
            store.remove_waste()
            _remove_partial_tables(folder)
    done = "would be removed" if dry_run else "removed"
    return (
        f"{len(spare):,} cells and {len(waste):,} leftovers {done}, {size / 1e6:,.1f} MB; "
        f"{len(needed):,} cells are needed"
    )


def _store_in(folder: Path) -> Store:
    if not (folder / STORE).is_dir():
        raise UsageError(f"{folder}: no results of a sweep are there; name its folder")
    return Store(folder / STORE)


def _run_again(store: Store, key: str) -> tuple[str, bool]:
    """Run a cell from what its record says it was given; says how it compares."""
    record = store.record(key)
    given = json.dumps(record["given"])
    if key_given(given) != key:
        return "what it was given does not make its name: the record was changed", False
    if record["given"]["model_version"] != MODEL_VERSION:
        return "made by another version of the model, which cannot be run again here", True
    engine = engine_of(record["engine"])
    if find_spec(engine) is None:
        engine = NUMPY
    (result,) = run_cells([Cell(key, given, EVENTS in record["files"])], engine=engine)
    if result.error is not None:
        return f"could not be run again: {result.error.strip().splitlines()[-1]}", False
    if all(store.read(key, kind) == data for kind, data in result.files.items()):
        return "run again: the same, bit for bit", True
    if record["engine"] == made_by(engine):
        return "run again: DIFFERENT, on the engine that made it", False
    if _nearly_same(store, result):
        return "run again: the same but for last digits, on another engine", True
    return "run again: DIFFERENT, on another engine than made it", False


def _nearly_same(store: Store, result: Result) -> bool:
    import pyarrow.parquet as pq

    for kind, data in result.files.items():
        there = pq.read_table(BytesIO(store.read(result.key, kind)))
        here = pq.read_table(BytesIO(data))
        if there.column_names != here.column_names or len(there) != len(here):
            return False
        for name in here.column_names:
            a, b = there[name].to_numpy(), here[name].to_numpy()
            if a.dtype.kind == "f":
                same = np.allclose(a, b, rtol=TOLERANCE, atol=0.0, equal_nan=True)
            else:
                same = np.array_equal(a, b)
            if not same:
                return False
    return True


def _remove_partial_tables(folder: Path) -> None:
    for path in folder.glob(f".*{PARTIAL}"):
        shutil.rmtree(path, ignore_errors=True)
