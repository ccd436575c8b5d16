"""Sweeps of an invented camp, run as a user runs them."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path

from returnsim.experiments.execute import Site
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sweep import Tally, sweep

BIN = Path(sys.executable).parent
CAMP = """
title: A made-up camp
start: 2021-01-04
weeks: 30
population: {people: 300, origins: {north: 0.5, south: 0.5}, reserves_weeks: 4}
guarantors:
  settlement: {track_record: {harms: 3, exposure_weeks: 150}, enforcement: 0.2}
levers:
  siege: {severity: 0.6}
  corridor: {open: true, parties_per_week: 9}
  threat: {level: 1.5}
behaviour: {intercept: 0.5}
hazards: {harm_per_week: 0.02}
"""
EXPERIMENT = """
title: A siege and the word of who promises safety
base: camp.yaml
replicates: 32
factors:
  siege: {path: levers.siege.severity, values: [0, 0.3, 0.6, 0.9]}
  kept: {path: guarantors.settlement.enforcement, values: [0, 0.9]}
outcomes:
  returned: {}
  pushed: {without: siege}
"""
CELLS = 2 * 8
"""Two blocks of eight cases; the pairs, without a siege, are among them."""


def written(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP)
    file = folder / "small.yaml"
    file.write_text(experiment)
    return file


def command(*words: object) -> list[str]:
    """The command line, in a process of its own."""
    return [str(BIN / "returnsim"), *map(str, words)]


def run(*words: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    return subprocess.run(command(*words), capture_output=True, text=True, cwd=cwd, timeout=300)


def here() -> Site:
    """A thread of this process: the same cells, without waiting for processes to start.

    Its memory is not asked for before, as that of a cluster is not: a cell too large fails.
    """
    return Site("here", 1, partial(ThreadPoolExecutor, 1), lambda _: 1, is_here=False)


def swept(file: Path, out: Path, replicates: int | None = None) -> Tally:
    """Sweep an experiment in this process."""
    return sweep(
        load_experiment(file), out, here(), command="returnsim sweep", replicates=replicates
    )


def begun(folder: Path) -> None:
    """A folder in which a sweep has kept a cell, of whatever it was then."""
    text = EXPERIMENT.partition("factors")[0].replace("32", "16")
    file = written(folder.parent / f"{folder.name}-begun", text)
    assert swept(file, folder).ran == 1
    (folder / "run.json").unlink()


def every_byte(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tables(folder: Path) -> dict[str, str]:
    """Digest of every table of a sweep: all but what tells when and by whom it was made."""
    names = ("weekly/", "outcomes.parquet", "summary.csv", "cells.csv")
    return {name: d for name, d in every_byte(folder).items() if name.startswith(names)}
