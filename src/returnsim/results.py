"""The folder that a run leaves behind: written whole or not at all, never over another run."""

import json
import platform
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from returnsim import __version__
from returnsim.analysis.summary import summarise
from returnsim.assemble import check_room, plan_run
from returnsim.core.engines import AUTO, NUMBA
from returnsim.core.run import MODEL_VERSION
from returnsim.digests import CHECKSUMS, DIGESTS, RUN, write_run
from returnsim.draws import STREAM_VERSION
from returnsim.errors import RunError, UsageError
from returnsim.folders import as_json, is_free, reason_of, write_text, written_whole
from returnsim.scenario.files import dump_scenario, require_observations, scenario_hash
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import population_hash
from returnsim.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas as pd

WEEKLY = "weekly.parquet"
SUMMARY = "summary.csv"
SCENARIO = "scenario.yaml"
OBSERVATIONS = "observations.csv"
PATTERNS = "patterns.yaml"
FIGURES = "figures"
HARM, GUARANTORS = "harm.csv", "guarantors.csv"
EVENTS, HOUSEHOLDS = "events.parquet", "households.parquet"
COMPARED, CAPTIONS = "compare.csv", "captions.json"
FILES = (
    *(WEEKLY, SUMMARY, SCENARIO, OBSERVATIONS, PATTERNS, RUN, COMPARED, CHECKSUMS),
    *(HARM, GUARANTORS, EVENTS, HOUSEHOLDS),
)
PAIRED = "pair"
LEFT_OUT = {
    PAIRED: "who was pushed, and who would have gone anyway",
    EVENTS: EVENTS,
    HOUSEHOLDS: HOUSEHOLDS,
    FIGURES: FIGURES,
}
"""What the same run may be made with or without, and what of it would be lost."""

FIGURE_ENDINGS = (".png", ".svg")
FORMAT = "returnsim results 1"
SHOWN_HASH = 12


class Identity(NamedTuple):
    """What makes two runs the same: they then have the same numbers, week by week.

    Attributes
    ----------
    scenario_hash : str
        Of everything in the scenario that changes the simulation.
    seed : int
        The seed.
    replicates : tuple of int
        The replicates by number.
    households : int
        Simulated households, later arrivals included.
    """

    scenario_hash: str
    seed: int
    replicates: tuple[int, ...]
    households: int

    def __str__(self) -> str:
        """Say in a line what the run is."""
        return (
            f"scenario {self.scenario_hash[:SHOWN_HASH]}, seed {self.seed}, "
            f"{_numbered(self.replicates)}, {self.households:,} households"
        )


def identity_of(trajectories: Trajectories) -> Identity:
    """What a finished run is.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    Identity
    """
    return Identity(
        scenario_hash(trajectories.scenario),
        trajectories.seed,
        tuple(trajectories.replicates.tolist()),
        trajectories.households,
    )


def planned(
    scenario: Scenario, replicates: int, seed: int, households: int | None = None
) -> Identity:
    """What a run will be, before it is simulated. Arguments and errors as for `simulate`."""
    plan = plan_run(scenario, seed, households).by(AUTO, replicates)
    check_room(plan, replicates)
    return Identity(scenario_hash(scenario), seed, tuple(range(replicates)), plan.all_households)


def check_destination(
    directory: str | Path,
    identity: Identity,
    *,
    overwrite: bool = False,
    without: Collection[str] = (),
) -> None:
    """Find out before a run whether its results can go where they are meant to.

    Parameters
    ----------
    directory : str or Path
        Where the results are meant to go.
    identity : Identity
        Of the run.
    overwrite : bool
        Whether results of another run may be replaced.
    without : collection of str
        Those of `LEFT_OUT` that the run will not make.

    Raises
    ------
    UsageError
        If something else is there; if without ``overwrite`` another run is, or the same with what
        this one will not make; or if nothing can be written there.
    """
    target = Path(directory)
    if is_free(target):
        return
    there, foreign = identity_in(target, FORMAT), foreign_in(target, FILES)
    if there is None or foreign:
        what = f"such as {foreign[0]}" if foreign else f"with no {RUN} that says what they are"
        raise UsageError(
            f"{target}: holds files that returnsim did not write, {what}; they are left alone. "
            "Name another folder with --out"
        )
    if there != identity and not overwrite:
        raise UsageError(
            f"{target}: holds the results of another run.\n"
            f"  there:    {there}\n"
            f"  this one: {identity}\n"
            "Add --overwrite to replace them, or name another folder with --out"
        )
    lost = [what for name, what in LEFT_OUT.items() if name in without and _holds(target, name)]
    if lost and not overwrite:
        raise UsageError(
            f"{target}: holds the same run with what this one leaves out: {', '.join(lost)}.\n"
            "Add --overwrite to do without, or name another folder with --out"
        )


def left_out(*, pair: bool, events: bool, figures: bool) -> list[str]:
    """Which of `LEFT_OUT` a run will not make.

    Parameters
    ----------
    pair, events, figures : bool
        Whether it is set against the same camp without a lever, writes what befell each household,
        and is drawn.
    """
    made = {PAIRED: pair, EVENTS: events, HOUSEHOLDS: events, FIGURES: figures}
    return [name for name, is_made in made.items() if not is_made]


def _holds(target: Path, name: str) -> bool:
    """Whether a run that is there has made one of `LEFT_OUT`; a comparison's figures are none."""
    told = told_in(target, FORMAT)
    if name == PAIRED:
        return told.get(PAIRED) is not None
    # Earlier versions did not say which files are theirs.
    files = told.get(DIGESTS) or [path.name for path in target.iterdir()]
    return any(Path(file).parts[0] == name for file in files)


def write_results(
    trajectories: Trajectories,
    directory: str | Path,
    *,
    command: str,
    overwrite: bool = False,
    tables: Mapping[str, "pd.DataFrame"] | None = None,
    pair: str | None = None,
    notes: Sequence[str] = (),
    figures: Callable[[Path], object] | None = None,
) -> None:
    """Write a run into a folder of its own: all of it, or nothing.

    The folder holds ``weekly.parquet`` (every column, replicate and week), ``summary.csv``, the
    further tables, ``scenario.yaml`` (complete, and with ``observations.csv`` and ``patterns.yaml``
    beside it to be run from there), ``run.json`` (what was run, with which versions) and
    ``figures``. It is written under another name and renamed when complete. Results of the same run
    are replaced, unless they have what this one leaves out.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    directory : str or Path
        Where to; parents are made.
    command : str
        What to type to run it again.
    overwrite : bool
        Whether results of another run may be replaced.
    tables : dict of str to DataFrame, optional
        Further tables by the names of their files, CSV or Parquet.
    pair : str, optional
        The lever that the run was set against being without.
    notes : sequence of str
        What a reader of the results must know.
    figures : callable, optional
        Draws figures (PNG and SVG) into the folder that it is given.

    Raises
    ------
    UsageError
        As for `check_destination`.
    RunError
        If the disk does not take it; nothing is left behind then.
    """
    without = left_out(
        pair=pair is not None, events=EVENTS in (tables or {}), figures=figures is not None
    )
    identity = identity_of(trajectories)
    check_destination(directory, identity, overwrite=overwrite, without=without)
    require_observations(trajectories.scenario)
    target = Path(directory)
    try:
        with written_whole(target.resolve()) as folder:
            told = provenance_of(trajectories, command) | {PAIRED: pair, "notes": list(notes)}
            _write_files(trajectories, folder, told, notes)
            for name, table in (tables or {}).items():
                _write_table(table, folder / name)
            if figures is not None:
                (folder / FIGURES).mkdir()
                figures(folder / FIGURES)
            created = datetime.now(UTC).isoformat(timespec="seconds")
            write_run(folder, told | {"created": created})
    except OSError as error:
        raise RunError(f"{target}: the results could not be written: {reason_of(error)}") from error


def _write_table(table: "pd.DataFrame", file: Path) -> None:
    if file.suffix == ".parquet":
        table.to_parquet(file, index=False, compression="zstd")
    else:
        table.to_csv(file, index=False, float_format="%.8g", lineterminator="\n")


def _write_files(
    trajectories: Trajectories, folder: Path, provenance: dict[str, Any], notes: Sequence[str]
) -> None:
    scenario = trajectories.scenario
    if scenario.observations is not None:
        shutil.copyfile(scenario.observations, folder / OBSERVATIONS)
        scenario = scenario.model_copy(update={"observations": folder / OBSERVATIONS})
    if scenario.patterns is not None and scenario.patterns.is_file():
        shutil.copyfile(scenario.patterns, folder / PATTERNS)
        scenario = scenario.model_copy(update={"patterns": folder / PATTERNS})
    write_text(folder / SCENARIO, dump_scenario(scenario, relative_to=folder))
    _write_table(summarise(trajectories, notes), folder / SUMMARY)
    _write_weekly(trajectories, folder / WEEKLY, provenance)


def _write_weekly(trajectories: Trajectories, file: Path, provenance: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(trajectories.to_frame(), preserve_index=False)
    metadata = {**table.schema.metadata, b"returnsim": as_json(provenance).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")


def provenance_of(trajectories: Trajectories, command: str) -> dict[str, Any]:
    """All that is needed to make a run again, as it stands in ``run.json``.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    command : str
        What to type to run it again.
    """
    scenario, identity = trajectories.scenario, identity_of(trajectories)
    guesses, numbers = scenario.guesses()
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "title": scenario.title,
        "scenario_hash": identity.scenario_hash,
        "seed": identity.seed,
        "replicates": len(identity.replicates),
        "replicate_numbers": list(identity.replicates),
        "households": identity.households,
        "weight": trajectories.weight,
        "numbers": numbers,
        "guesses": guesses,
        "ground": ground_of(scenario),
        "command": command,
        **made_with(trajectories.engine),
        "platform": {"system": platform.system(), "machine": platform.machine()},
    }


def made_with(engine: str) -> dict[str, Any]:
    """What stepped a run, and the versions of all that its numbers come from.

    Parameters
    ----------
    engine : str
        ``numpy`` or ``numba``, or both where runs differ.
    """
    compiler = {NUMBA: version(NUMBA)} if NUMBA in engine else {}
    return {"engine": engine, "versions": versions() | compiler}


def versions() -> dict[str, Any]:
    """What results depend on whatever the engine, besides what was run."""
    return {
        "returnsim": __version__,
        "model": MODEL_VERSION,
        "draws": STREAM_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def ground_of(scenario: Scenario) -> dict[str, Any]:
    """What two runs must share for their households to be the same, and their totals of one span.

    Parameters
    ----------
    scenario : Scenario
        Any.

    Returns
    -------
    dict
        ``population`` (a fingerprint), ``start``, ``weeks`` and ``recorded_from``.
    """
    first = scenario.record_from or scenario.start
    return {
        "population": population_hash(scenario)[:SHOWN_HASH],
        "start": str(scenario.start),
        "weeks": scenario.weeks,
        "recorded_from": str(first),
    }


def foreign_in(target: Path, own: Collection[str]) -> list[str]:
    """Names of what is not a part of results, which have files of their own and figures.

    Raises
    ------
    UsageError
        If the folder cannot be read.
    """
    names = []
    try:
        for path in sorted(target.iterdir()):
            if path.name == FIGURES and path.is_dir():
                drawn = _drawn_in(target)
                figures = (p for p in sorted(path.iterdir()) if p.name != CAPTIONS)
                names += [f"{FIGURES}/{p.name}" for p in figures if not drawn(p)]
            elif path.name not in own:
                names.append(path.name)
    except OSError as error:
        raise UsageError(f"{target}: {reason_of(error)}") from None
    return names


def _drawn_in(target: Path) -> Callable[[Path], bool]:
    """What tells the figures of results from pictures that somebody else has put there."""
    files = _json_in(target / RUN).get(DIGESTS)
    if not isinstance(files, dict):
        # Earlier versions did not say which are theirs.
        return lambda file: file.suffix in FIGURE_ENDINGS
    captions = _json_in(target / FIGURES / CAPTIONS)
    compared = {f"{name}{ending}" for name in captions for ending in FIGURE_ENDINGS}
    return lambda file: f"{FIGURES}/{file.name}" in files or file.name in compared


def told_in(target: Path, form: str) -> dict[str, Any]:
    """What results of one format say of themselves; nothing if they are none."""
    told = _json_in(target / RUN)
    return told if told.get("format") == form else {}


def _json_in(file: Path) -> dict[str, Any]:
    """What a file says; nothing if it says nothing that can be read."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def identity_in(target: Path, form: str) -> Identity | None:
    """Which run's results a folder holds; None if it does not say."""
    told = told_in(target, form)
    try:
        # Earlier versions had the numbers under the name of how many there are.
        numbers = told["replicate_numbers" if "replicate_numbers" in told else "replicates"]
        there = Identity(
            str(told["scenario_hash"]),
            int(told["seed"]),
            tuple(int(number) for number in numbers),
            int(told["households"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return there if there.replicates else None


def _numbered(replicates: tuple[int, ...]) -> str:
    whole = all(after == before + 1 for before, after in pairwise(replicates))
    if replicates[0] == 0 and whole:
        return f"{len(replicates)} replicates"
    return f"{len(replicates)} replicates ({replicates[0]} to {replicates[-1]})"
