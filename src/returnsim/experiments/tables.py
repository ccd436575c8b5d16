"""The tables of a sweep, made from its store: weekly, outcomes, summary, and what was run."""

import csv
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.summary import median_and_ends
from returnsim.assemble import plan_run
from returnsim.core.run import MODEL_VERSION
from returnsim.digests import AGAIN, DIGESTS, RUN, digests_of, is_whole, vouch
from returnsim.errors import RunError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.dataset import Dataset
from returnsim.experiments.outcomes import SUMMARY_COLUMNS, title
from returnsim.experiments.pieces import Source, pieces
from returnsim.experiments.schema import Outcome
from returnsim.experiments.store import Store
from returnsim.folders import flush_files, reason_of, write_in_place
from returnsim.results.provenance import ground_of, versions
from returnsim.scenario.schema import Scenario

FORMAT = "returnsim sweep 1"
CELLS, SUMMARY, OUTCOMES = "cells.csv", "summary.csv", "outcomes.parquet"
PARTIAL = ".partial"
MEANING = ("column", "measure", "date", "per_100", "without")
"""What of an outcome says which number it is, whatever its name."""
EXPERIMENT, WEEKLY_FOLDER = "experiment.yaml", "weekly"


def write_tables(source: Source, store: Store, folder: Path, command: str) -> None:
    """Write the tables of a sweep beside its store; left alone where nothing in them has changed.

    ``weekly/part-*.parquet`` (one dataset: every case, replicate and week), ``outcomes.parquet``
    (a row a case and replicate), ``summary.csv`` (a row a case and outcome), ``cells.csv`` (which
    cells of the store they are made of), ``experiment.yaml`` and ``run.json``. Cells that failed
    are left out.

    Parameters
    ----------
    source : Source
        What they are made from.
    store : Store
        Holds the cells.
    folder : Path
        Where to.
    command : str
        What to type to make them again.

    Raises
    ------
    RunError
        If the disk does not take them; what was there before stays.
    """
    cells = _cells_csv(source, store)
    fingerprint = _fingerprint(source, cells)
    try:
        with store.alone_with_tables():
            if _are_there(folder, fingerprint):
                _tell_anew(source, folder, command)
                return
            for stray in folder.glob(f".*{PARTIAL}"):
                # Nobody else writes tables now: it is what was left when that was broken off.
                shutil.rmtree(stray, ignore_errors=True)
            partial = folder / f".{secrets.token_hex(4)}{PARTIAL}"
            (partial / WEEKLY_FOLDER).mkdir(parents=True)
            try:
                (partial / CELLS).write_text(cells, encoding="utf-8")
                _write_all(source, store, partial)
                (partial / EXPERIMENT).write_text(source.experiment.text, encoding="utf-8")
                said = _run_json(source, command) | {
                    "engines": _engines(source, store),
                    "fingerprint": fingerprint,
                    "created": datetime.now(UTC).isoformat(timespec="seconds"),
                }
                vouch(partial / RUN, said, digests_of(partial, _tables_in(partial)))
                flush_files(partial)
                _put_in_place(partial, folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise RunError(
            f"{folder}: the tables could not be written: {reason_of(error)}; the cells are kept, "
            "and the same command goes on from there"
        ) from error


def run_in(folder: Path) -> dict[str, Any] | None:
    """What a folder's sweep says of itself; None if there is none."""
    try:
        said = json.loads((folder / RUN).read_text(encoding="utf-8"))
        return said if isinstance(said, dict) and said["format"] == FORMAT else None
    except (OSError, ValueError, KeyError):
        return None


def run_of(folder: Path) -> dict[str, Any]:
    """What a folder's sweep says of itself.

    Raises
    ------
    UsageError
        If it says nothing that can be read.
    """
    said = run_in(folder)
    if said is None:
        raise UsageError(f"{folder / RUN}: is missing or damaged; {AGAIN}")
    return said


def told_cells(folder: Path) -> list[dict[str, str]]:
    """The cells that the tables of a folder are made of, failed ones included; none without them.

    Each has ``case, without, block, key, state``.
    """
    if run_in(folder) is None:
        return []
    try:
        with (folder / CELLS).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def outcomes_said(outcomes: Mapping[str, Outcome], *, is_window: bool) -> dict[str, dict[str, Any]]:
    """What ``run.json`` says of outcomes: what each is called, and `MEANING`.

    Parameters
    ----------
    outcomes : dict of str to Outcome
        Every default filled.
    is_window : bool
        Whether the record begins after the scenario does.
    """
    return {
        name: {
            "title": title(name, outcome, is_window=is_window),
            "unit": outcome.unit,
            "good": outcome.good,
            **outcome.model_dump(mode="json", include=set(MEANING)),
        }
        for name, outcome in outcomes.items()
    }


def _cells_csv(source: Source, store: Store) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("case", "without", "block", "key", "state"))
    for i, case in enumerate(source.experiment.cases):
        for pair in (None, *source.pairs):
            for block in range(source.blocks):
                key = source.key(i, pair, block)
                there = store.has_record(key, events=bool(source.pairs))
                state = "kept" if there else "failed"
                writer.writerow((case.name, pair or "", block, key, state))
    return text.getvalue()


def _engines(source: Source, store: Store) -> list[dict[str, Any]]:
    """What the cells were computed with, each once."""
    keys = (
        source.key(i, pair, block)
        for i in range(len(source.experiment.cases))
        for pair in (None, *source.pairs)
        for block in range(source.blocks)
    )
    found = {
        json.dumps(store.record(key)["engine"], sort_keys=True)
        for key in dict.fromkeys(keys)
        if store.has_record(key)
    }
    return [json.loads(engine) for engine in sorted(found)]


def _fingerprint(source: Source, cells: str) -> str:
    told = source.experiment.experiment.model_dump(mode="json")
    cases = [(case.name, case.title, case.factors) for case in source.experiment.cases]
    # Sources and ranges of the scenario change no cell.
    guesses = _baseline(source.experiment).guesses()
    parts = (MODEL_VERSION, versions(), source.replicates, told, cases, guesses, cells)
    return sha256(json.dumps(parts).encode()).hexdigest()


def _are_there(folder: Path, fingerprint: str) -> bool:
    said = run_in(folder)
    if said is None or said.get("fingerprint") != fingerprint:
        return False
    return is_whole(said) and said.get(DIGESTS) == digests_of(folder, _tables_in(folder))


def _tell_anew(source: Source, folder: Path, command: str) -> None:
    """Say how the tables that are there were asked for last; what was made of them still holds."""
    said = run_of(folder)
    text = source.experiment.text
    if said["command"] == command and (folder / EXPERIMENT).read_bytes() == text.encode():
        return
    write_in_place(folder / EXPERIMENT, text)
    digests = said[DIGESTS] | digests_of(folder, (EXPERIMENT,))
    vouch(folder / RUN, said | {"command": command}, digests)


def _tables_in(folder: Path) -> list[str]:
    names = [OUTCOMES, SUMMARY, CELLS, EXPERIMENT]
    names += sorted(f"{WEEKLY_FOLDER}/{path.name}" for path in (folder / WEEKLY_FOLDER).glob("*"))
    return [name for name in names if (folder / name).is_file()]


def _put_in_place(partial: Path, folder: Path) -> None:
    """Rename every table into the folder, the one that vouches for them last."""
    (folder / RUN).unlink(missing_ok=True)
    if (folder / WEEKLY_FOLDER).exists():
        (folder / WEEKLY_FOLDER).rename(partial / "before")
    for name in (WEEKLY_FOLDER, OUTCOMES, SUMMARY, CELLS, EXPERIMENT, RUN):
        os.replace(partial / name, folder / name)  # noqa: PTH105


def _write_all(source: Source, store: Store, folder: Path) -> None:
    outcomes = Dataset(source, tuple(source.outcomes), folder / OUTCOMES, time=False)
    weekly = Dataset(source, _weekly_columns(source), folder / WEEKLY_FOLDER, time=True)
    with (folder / SUMMARY).open("w", encoding="utf-8", newline="") as file:
        summary = csv.writer(file, lineterminator="\n")
        summary.writerow(("case", *source.experiment.experiment.factors, *SUMMARY_COLUMNS))
        for i in range(len(source.experiment.cases)):
            measured = []
            for piece in pieces(source, store, i):
                weekly.add(piece, piece.columns)
                outcomes.add(piece, piece.outcomes)
                measured.append(piece.outcomes)
            summary.writerows(_summary(source, i, measured))
    weekly.close()
    outcomes.close()


def _weekly_columns(source: Source) -> tuple[str, ...]:
    of_pairs = (column_of_pair(label, pair) for pair in source.pairs for label in LABELS)
    return (*source.columns, *of_pairs)


def _summary(
    source: Source, i: int, measured: list[dict[str, np.ndarray]]
) -> Iterator[tuple[Any, ...]]:
    case = source.experiment.cases[i]
    factors = [case.factors.get(name) for name in source.experiment.experiment.factors]
    for name, outcome in source.outcomes.items():
        values = np.concatenate([part[name] for part in measured] or [np.empty(0)])
        there = values[~np.isnan(values)]
        mean = there.mean() if len(there) else np.nan
        low, median, high = median_and_ends(values)
        numbers = (f"{number:.8g}" for number in (mean, median, low, high))
        yield (
            case.name,
            *factors,
            *(name, outcome.unit, outcome.good or "", len(values), len(there)),
            *("" if number == "nan" else number for number in numbers),
        )


def _run_json(source: Source, command: str) -> dict[str, Any]:
    experiment = source.experiment
    told = experiment.experiment
    scenario = _baseline(experiment)
    guesses, numbers = scenario.guesses()
    weight = plan_run(scenario, told.seed, told.households).inputs.parameters.weight
    grounds = [ground_of(experiment.scenario(case)) for case in experiment.cases]
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "title": told.title,
        "question": told.question,
        "seed": told.seed,
        "replicates": source.replicates,
        "households_asked": told.households,
        "weight": float(weight[0]),
        "baseline": experiment.baseline,
        "numbers": numbers,
        "guesses": guesses,
        "command": command,
        "versions": versions(),
        "design": told.design.kind if told.factors else "",
        "factors": {
            name: {"kind": experiment.kind_of(name), "title": f.title or name, "unit": f.unit}
            for name, f in told.factors.items()
        },
        "outcomes": outcomes_said(source.outcomes, is_window=any(map(_is_window, grounds))),
        "cases": [
            {
                "name": case.name,
                "title": case.title,
                "factors": case.factors,
                "scenario_hash": source.hashes[i][None],
                "ground": grounds[i],
            }
            for i, case in enumerate(experiment.cases)
        ],
    }


def _baseline(experiment: LoadedExperiment) -> Scenario:
    case = next(case for case in experiment.cases if case.name == experiment.baseline)
    return experiment.scenario(case)


def _is_window(ground: Mapping[str, Any]) -> bool:
    return bool(ground["recorded_from"] != ground["start"])
