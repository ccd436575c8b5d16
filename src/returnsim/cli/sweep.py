"""``returnsim sweep``: run an experiment on every core or on a cluster, once."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from returnsim.cli.options import (
    RESULTS,
    Engine,
    Out,
    Scheduler,
    Workers,
    cores,
    engine_words,
    goes_on,
    kept_if_stopped,
    out_words,
)

if TYPE_CHECKING:
    from returnsim.experiments.cases import LoadedExperiment
    from returnsim.experiments.execute import Site
    from returnsim.experiments.sweep import Progress, Tally

SECONDS_A_LINE = 10.0
MOST_FAILURES = 5


def sweep(
    file: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="An experiment file (YAML).")],
    out: Out = None,
    workers: Workers = None,
    engine: Engine = "auto",
    scheduler: Scheduler = None,
    until_ci: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Add replicates until the 90 % interval of each case's difference from the "
            "baseline reaches no further than this share of the baseline's mean.",
        ),
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(help="The outcome that --until-ci is about.")
    ] = None,
    most_replicates: Annotated[
        int | None, typer.Option(min=1, help="Where --until-ci gives up; at 1,024 if not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Run what is missing of an experiment and write its tables.

    Stop it whenever you like: what is finished is kept, and the same command goes on from there.
    Nothing is ever run twice.
    """
    from returnsim.experiments.files import load_experiment
    from returnsim.experiments.sweep import sweep as run_sweep
    from returnsim.experiments.tightness import Tightness, until_tight

    experiment = load_experiment(file)
    _refuse_other(experiment)
    tightness = Tightness.checked(experiment, until_ci, outcome, most_replicates)
    folder = RESULTS / experiment.name if out is None else out
    site = site_of(workers, scheduler, engine)
    command = _command(file, out, until_ci, outcome, most_replicates, engine)

    def run(replicates: int) -> "Tally":
        with shown_progress(experiment.name) as progress:
            return run_sweep(
                experiment,
                folder,
                site,
                command=command,
                replicates=replicates,
                progress=progress,
            )

    with kept_if_stopped(goes_on(folder)):
        if tightness is None:
            tally, told = run(experiment.experiment.replicates), None
        else:
            tally, told = until_tight(tightness, folder, run)
        _report(tally, folder, told, as_json=json)
    if tally.failed:
        raise typer.Exit(1)


def _refuse_other(experiment: "LoadedExperiment") -> None:
    """Make sure that the points are those of a design: otherwise the base alone would be run."""
    from returnsim.errors import UsageError

    told = experiment.experiment
    for part, command in (("calibration", "calibrate"), ("sensitivity", "sensitivity")):
        if getattr(told, part) is not None:
            mark = experiment.mark_of(part)
            where = f"{experiment.file}:{mark.line}" if mark.line else str(experiment.file)
            raise UsageError(
                f"{where}: {part}: chooses the points as it goes, and there is no design to sweep; "
                f"use `returnsim {command}`"
            )


def site_of(workers: int | None, scheduler: str | None, engine: str) -> "Site":
    """Where cells are run, as it was asked for."""
    from returnsim.errors import UsageError
    from returnsim.experiments.execute import dask_cluster, this_machine

    if scheduler is None:
        return this_machine(workers or cores(), engine)
    if workers is not None:
        raise UsageError(
            "--workers and --scheduler: the cluster has its own workers; leave one of the two out"
        )
    return dask_cluster(scheduler, engine)


def _command(
    file: Path,
    out: Path | None,
    until_ci: float | None,
    outcome: str | None,
    most_replicates: int | None,
    engine: str,
) -> str:
    """What to type to have the same tables again, paths as they were typed."""
    words = ["returnsim", "sweep", str(file), *out_words(out)]
    if until_ci is not None:
        words += ["--until-ci", f"{until_ci:g}"]
    if outcome is not None:
        words += ["--outcome", outcome]
    if most_replicates is not None:
        words += ["--most-replicates", str(most_replicates)]
    return shlex.join([*words, *engine_words(engine)])


@contextmanager
def shown_progress(name: str) -> "Iterator[Progress]":
    """Show progress on stderr: a bar where somebody watches, plain lines where it is kept."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        lines = _Lines(name)
        yield lines.show
        lines.end()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(name, total=None, told="")
        started = time.monotonic()

        def show(tally: "Tally") -> None:
            told = _told(tally, time.monotonic() - started)
            bar.update(task, completed=tally.done, total=tally.total, told=told)

        yield show


class _Lines:
    """Progress as a line now and then."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = self.last = time.monotonic()
        self.tally: Tally | None = None

    def show(self, tally: "Tally") -> None:
        """Say how far it is, if that was not said just now."""
        self.tally = tally
        now = time.monotonic()
        if now - self.last >= SECONDS_A_LINE:
            self.last = now
            self._say(tally, now)

    def end(self) -> None:
        """Say how it ended."""
        if self.tally is not None:
            self._say(self.tally, time.monotonic())

    def _say(self, tally: "Tally", now: float) -> None:
        seconds = now - self.started
        line = f"{self.name}: {_told(tally, seconds)}"
        if tally.ran > 0 and tally.done < tally.total:
            left = seconds / tally.ran * (tally.total - tally.done)
            line += f", about {_in_words(left)} left"
        typer.echo(line, err=True)


def _told(tally: "Tally", seconds: float) -> str:
    text = f"{tally.done:,} of {tally.total:,} cells"
    if tally.cached:
        text += f", {tally.cached:,} were there"
    if tally.failed:
        text += f", {tally.failed:,} failed"
    if tally.ran and seconds > 0:
        text += f", {tally.ran / seconds:.3g} a second"
    return text


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _report(tally: "Tally", folder: Path, told: Any, *, as_json: bool) -> None:
    from returnsim.experiments.cells import CELL
    from returnsim.experiments.sweep import STORE

    if as_json:
        import json

        said = {
            "results": str(folder),
            "cells": {
                "total": tally.total,
                "ran": tally.ran,
                "cached": tally.cached,
                "failed": tally.failed,
            },
            "failures": [failure._asdict() for failure in tally.failures],
            "until_ci": told and told._asdict(),
        }
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        typer.echo(
            f"{tally.total:,} cell{'' if tally.total == 1 else 's'} of {CELL} replicates: "
            f"{tally.ran:,} run, {tally.cached:,} were there, {tally.failed:,} failed"
        )
        if told is not None:
            typer.echo(told.in_words())
    for failure in tally.failures[:MOST_FAILURES]:
        pair = f" without {failure.without}" if failure.without else ""
        where = f"{failure.case!r}{pair}, block {failure.block}"
        typer.echo(f"failed: {where} (cell {failure.key[:12]}): {failure.reason}", err=True)
    if tally.failures:
        typer.echo(
            f"{tally.failed:,} failed; each with its error in {folder / STORE / 'failed'}. The "
            "tables go without them; the same command tries them again",
            err=True,
        )
    typer.echo(f"The results are in {folder}; next: returnsim compare {folder}", err=True)
