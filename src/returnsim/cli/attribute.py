"""``returnsim attribute``: which returns a lever brought about, and at what harm."""

import shlex
from collections.abc import Sequence
from functools import partial
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
    engine_words,
    kept_if_stopped,
    out_words,
)

if TYPE_CHECKING:
    import pandas as pd

    from returnsim.analysis.followed import Followed
    from returnsim.scenario.schema import Scenario

USUAL = "siege"


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
    from returnsim.experiments.attributed import check_attribution, write_attribution
    from returnsim.results.identity import planned
    from returnsim.scenario.files import load_scenario
    from returnsim.scenario.neutral import without as pair_without

    scenario = load_scenario(file, overrides or ())
    asked = Asked(tuple(dict.fromkeys(without or (USUAL,))), replicates, seed, households)
    for lever in asked.levers:
        pair_without(scenario, lever)
    folder = RESULTS / f"{scenario.name}-attribution" if out is None else out
    identity = planned(scenario, replicates, seed, households)
    check_attribution(folder, identity, asked.levers, overwrite=overwrite)
    runs = _follow(scenario, asked, workers or cores(), engine)
    table = switch_table(runs)
    command = _command(file, asked, overrides, engine, out)
    draw = None if no_figures else partial(_draw, runs, table)
    write_attribution(runs, table, folder, command, draw)
    with kept_if_stopped(f"the table is kept in {folder}"):
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


def _draw(runs: "Sequence[Followed]", table: "pd.DataFrame", directory: Path) -> None:
    from returnsim.figures.attribution import write_attribution_figures

    write_attribution_figures(runs, table, directory)


def _command(
    file: Path, asked: Asked, overrides: list[str] | None, engine: str, out: Path | None
) -> str:
    """What to type to have the same table again, paths as they were typed."""
    words = ["returnsim", "attribute", str(file)]
    for lever in asked.levers:
        words += ["--without", lever]
    words += ["--replicates", str(asked.replicates), "--seed", str(asked.seed)]
    for override in overrides or ():
        words += ["--set", override]
    if asked.households is not None:
        words += ["--households", str(asked.households)]
    return shlex.join([*words, *engine_words(engine), *out_words(out)])
