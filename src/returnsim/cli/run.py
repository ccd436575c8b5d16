"""``returnsim run``: simulate a scenario and write what came of it."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from returnsim.cli.options import ScenarioFile, Set, cores

if TYPE_CHECKING:
    from returnsim.analysis.observations import Observation
    from returnsim.scenario.schema import Scenario
    from returnsim.trajectories import Trajectories

MOST_REPLICATES = 10_000
FEWEST_HOUSEHOLDS = 20
MOST_HOUSEHOLDS = 10_000_000
RESULTS = Path("results")


def run(
    file: ScenarioFile,
    replicates: Annotated[
        int,
        typer.Option(min=1, max=MOST_REPLICATES, help="How often to run it, each time with luck."),
    ] = 64,
    seed: Annotated[
        int, typer.Option(min=0, max=2**64 - 1, help="The same seed gives the same numbers.")
    ] = 1,
    overrides: Set = None,
    households: Annotated[
        int | None,
        typer.Option(
            min=FEWEST_HOUSEHOLDS,
            max=MOST_HOUSEHOLDS,
            help="Simulate so many households in place of the whole camp, each for several.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes to share the work; all cores by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; results/NAME by default.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of another run.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON, not as a table.")
    ] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
) -> None:
    """Simulate a scenario, write its results into a folder and print a summary.

    Returns are printed with the harm that came of them, each as the median of the replicates and
    the range of the middle 90 % of them.
    """
    from returnsim.analysis.observations import observations_of
    from returnsim.results import FIGURES, check_destination, planned, write_results
    from returnsim.scenario.files import load_scenario, require_observations

    scenario = load_scenario(file, overrides or ())
    require_observations(scenario, file)
    observed = observations_of(scenario)
    folder = RESULTS / scenario.name if out is None else out
    check_destination(folder, planned(scenario, replicates, seed, households), overwrite=overwrite)
    trajectories = _simulate(scenario, replicates, seed, households, workers or cores())
    write_results(
        trajectories,
        folder,
        command=_command(file, replicates, seed, overrides, households, out),
        overwrite=overwrite,
        figures=None if no_figures else _drawer(trajectories, observed),
    )
    if json:
        typer.echo(_as_json(trajectories, folder))
    else:
        _print_table(trajectories)
    said = (
        f"The results are in {folder}" if no_figures else f"The figures are in {folder / FIGURES}"
    )
    typer.echo(said, err=True)


def _simulate(
    scenario: "Scenario", replicates: int, seed: int, households: int | None, workers: int
) -> "Trajectories":
    """Run with a bar and the time left on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    from returnsim.assemble import simulate

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeLeft(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{replicates} replicates of {scenario.weeks} weeks", total=None)
        return simulate(
            scenario,
            replicates,
            seed,
            households=households,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _drawer(
    trajectories: "Trajectories", observed: "Sequence[Observation]"
) -> "Callable[[Path], object]":
    from returnsim.figures import write_figures

    return partial(write_figures, trajectories, observed)


def _command(
    file: Path,
    replicates: int,
    seed: int,
    overrides: list[str] | None,
    households: int | None,
    out: Path | None,
) -> str:
    """What to type to have the same run again, paths as they were typed."""
    words = ["returnsim", "run", str(file), "--replicates", str(replicates), "--seed", str(seed)]
    for override in overrides or ():
        words += ["--set", override]
    if households is not None:
        words += ["--households", str(households)]
    if out is not None:
        words += ["--out", str(out)]
    return shlex.join(words)


def _as_json(trajectories: "Trajectories", folder: Path) -> str:
    import json

    from returnsim.analysis.summary import summarise
    from returnsim.results import identity_of

    # pandas writes what is not defined as null.
    rows = json.loads(summarise(trajectories).to_json(orient="records", double_precision=10))
    said = {
        "scenario": trajectories.scenario.name,
        "title": trajectories.scenario.title,
        **identity_of(trajectories)._asdict(),
        "results": str(folder),
        "summary": rows,
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def _print_table(trajectories: "Trajectories") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from returnsim.analysis.summary import PLAIN_UNITS, as_text, summarise

    console = Console()
    table = Table(
        title=Text(trajectories.scenario.title),
        title_justify="left",
        caption=Text(_rests_on(trajectories)),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("people, if nothing else is said")
    table.add_column("median", justify="right", no_wrap=True)
    table.add_column("middle 90 %", justify="right", no_wrap=True)
    for row in summarise(trajectories).itertuples(index=False):
        what = row.outcome if row.unit in PLAIN_UNITS else f"{row.outcome}, {row.unit}"
        median, low, high = (as_text(v, row.unit) for v in (row.median, row.low90, row.high90))
        between = median if low == high else f"{low} to {high}"
        table.add_row(Text(what), median, between)
    console.print(table)


def _rests_on(trajectories: "Trajectories") -> str:
    guesses, numbers = trajectories.scenario.guesses()
    number = len(trajectories.replicates)
    return (
        f"{number:,} replicate{'' if number == 1 else 's'}, seed {trajectories.seed}. "
        f"{guesses} of {numbers} numbers are guesses without a source. "
        "This shows what follows from them; it is not a forecast."
    )
