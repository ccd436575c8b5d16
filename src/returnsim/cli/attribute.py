"""``returnsim attribute``: which returns a lever brought about, and at what harm."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from returnsim.cli.options import (
    MOST_REPLICATES,
    RESULTS,
    Engine,
    Households,
    NoFigures,
    ScenarioFile,
    Seed,
    Set,
    Workers,
    cores,
)

if TYPE_CHECKING:
    import pandas as pd

    from returnsim.analysis.followed import Followed
    from returnsim.results import Identity
    from returnsim.scenario.schema import Scenario

USUAL = "siege"
SWITCH = "switch.csv"
FORMAT = "returnsim attribution 1"


class Asked(NamedTuple):
    """What was asked for."""

    levers: tuple[str, ...]
    replicates: int
    seed: int
    households: int | None


def attribute(
    file: ScenarioFile,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LEVER",
            help="What the same camp goes without: a lever, or guarantor:NAME; may be repeated. "
            f"{USUAL} by default.",
        ),
    ] = None,
    replicates: Annotated[
        int,
        typer.Option(min=1, max=MOST_REPLICATES, help="Pairs of runs, each with luck of its own."),
    ] = 16,
    seed: Seed = 1,
    households: Households = None,
    workers: Workers = None,
    engine: Engine = "auto",
    overrides: Set = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results; results/NAME-attribution by default."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of another attribution.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the table as JSON, not for reading.")
    ] = False,
    no_figures: NoFigures = False,
) -> None:
    """Tell which returns a lever brought about or prevented, and the harm that came of them.

    The same camp is run with and without the lever, with the same draws, and every return is set
    against what the same people did without it.
    """
    from returnsim.analysis.switch import switch_table
    from returnsim.cli.attribute_text import as_json, as_text, cautions_of
    from returnsim.results import planned
    from returnsim.scenario.files import load_scenario
    from returnsim.scenario.neutral import without as pair_without

    scenario = load_scenario(file, overrides or ())
    asked = Asked(tuple(dict.fromkeys(without or (USUAL,))), replicates, seed, households)
    for lever in asked.levers:
        pair_without(scenario, lever)
    folder = RESULTS / f"{scenario.name}-attribution" if out is None else out
    identity = planned(scenario, replicates, seed, households)
    _check_folder(folder, identity, asked.levers, overwrite=overwrite)
    runs = _follow(scenario, asked, workers or cores(), engine)
    table = switch_table(runs)
    _write(runs, table, folder, _command(file, asked, overrides, out), figures=not no_figures)
    typer.echo(as_json(runs, table, folder) if json else as_text(runs, table))
    for caution in cautions_of(runs):
        typer.echo(f"note: {caution}", err=True)
    what = "The table is" if no_figures else "The table and the figures are"
    typer.echo(f"{what} in {folder}", err=True)


def _follow(scenario: "Scenario", asked: Asked, workers: int, engine: str) -> "list[Followed]":
    """Run the pairs, with a bar for each and the time left on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    from returnsim.analysis.followed import follow

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeLeft(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def one(lever: str) -> "Followed":
            what = f"{asked.replicates} pairs of {scenario.weeks} weeks, without {lever}"
            task: TaskID = bar.add_task(what, total=None)
            return follow(
                scenario,
                asked.replicates,
                asked.seed,
                lever=lever,
                households=asked.households,
                workers=workers,
                engine=engine,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )

        return [one(lever) for lever in asked.levers]


def _command(file: Path, asked: Asked, overrides: list[str] | None, out: Path | None) -> str:
    """What to type to have the same table again, paths as they were typed."""
    words = ["returnsim", "attribute", str(file)]
    for lever in asked.levers:
        words += ["--without", lever]
    words += ["--replicates", str(asked.replicates), "--seed", str(asked.seed)]
    for override in overrides or ():
        words += ["--set", override]
    if asked.households is not None:
        words += ["--households", str(asked.households)]
    if out is not None:
        words += ["--out", str(out)]
    return shlex.join(words)


def _write(
    runs: "Sequence[Followed]", table: "pd.DataFrame", target: Path, command: str, *, figures: bool
) -> None:
    """Write ``switch.csv``, ``run.json`` and the figures: all of it, or nothing."""
    from returnsim.digests import write_run
    from returnsim.errors import RunError
    from returnsim.folders import write_text, written_whole
    from returnsim.results import FIGURES, provenance_of

    told = provenance_of(runs[0].trajectories, command)
    told |= {"format": FORMAT, "levers": [run.lever for run in runs]}
    told |= {"created": datetime.now(UTC).isoformat(timespec="seconds")}
    text = table.to_csv(index=False, float_format="%.8g", lineterminator="\n")
    try:
        with written_whole(target.resolve()) as folder:
            write_text(folder / SWITCH, text)
            if figures:
                from returnsim.figures.attribution import write_attribution_figures

                (folder / FIGURES).mkdir()
                write_attribution_figures(runs, table, folder / FIGURES)
            write_run(folder, told)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"{target}: the results could not be written: {reason}") from error


def _check_folder(
    target: Path, identity: "Identity", levers: tuple[str, ...], *, overwrite: bool
) -> None:
    """Find out before the runs whether the results can go where they are meant to."""
    from returnsim.errors import UsageError
    from returnsim.folders import check_writable

    try:
        check_writable(target)
        if not target.exists():
            return
        if not target.is_dir():
            raise UsageError(f"{target}: is a file; name a folder with --out")
        if Path.cwd().resolve().is_relative_to(target.resolve()):
            raise UsageError(f"{target}: is the folder you are in; name another with --out")
        if not any(target.iterdir()):
            return
        there, foreign = _there(target), _foreign(target)
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}") from None
    if there is None or foreign:
        what = f", such as {foreign[0]}" if foreign else ""
        raise UsageError(
            f"{target}: holds files that returnsim attribute did not write{what}; they are left "
            "alone. Name another folder with --out"
        )
    if there != (identity, levers) and not overwrite:
        raise UsageError(
            f"{target}: holds another attribution.\n"
            f"  there:    {there[0]}, without {', '.join(there[1])}\n"
            f"  this one: {identity}, without {', '.join(levers)}\n"
            "Add --overwrite to replace it, or name another folder with --out"
        )


def _there(target: Path) -> "tuple[Identity, tuple[str, ...]] | None":
    """Which attribution a folder holds; None if it does not say."""
    import json

    from returnsim.digests import RUN
    from returnsim.results import Identity

    try:
        said = json.loads((target / RUN).read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            return None
        replicates = tuple(int(number) for number in said["replicates"])
        run = (str(said["scenario_hash"]), int(said["seed"]), replicates, int(said["households"]))
        return Identity(*run), tuple(map(str, said["levers"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _foreign(target: Path) -> list[str]:
    """Names of what is not a part of an attribution."""
    from returnsim.digests import RUN
    from returnsim.results import FIGURE_ENDINGS, FIGURES

    names = []
    for path in sorted(target.iterdir()):
        if path.name == FIGURES and path.is_dir():
            within = sorted(path.iterdir())
            names += [f"{FIGURES}/{p.name}" for p in within if p.suffix not in FIGURE_ENDINGS]
        elif path.name not in (SWITCH, RUN):
            names.append(path.name)
    return names
