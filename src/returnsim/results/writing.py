"""A run is written into a folder of its own: whole or not at all, never over another run."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.analysis.summary import summarise
from returnsim.digests import write_run
from returnsim.errors import RunError
from returnsim.folders import as_json, reason_of, write_text, written_whole
from returnsim.results.contents import (
    EVENTS,
    FIGURES,
    OBSERVATIONS,
    PATTERNS,
    SCENARIO,
    SUMMARY,
    WEEKLY,
)
from returnsim.results.destination import PAIRED, check_destination, left_out
from returnsim.results.identity import identity_of
from returnsim.results.provenance import provenance_of
from returnsim.scenario.files import dump_scenario, require_observations
from returnsim.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas as pd


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
