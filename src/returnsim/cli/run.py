"""``returnsim run``: simulate a scenario and write what came of it."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from returnsim.cli.options import (
    RESULTS,
    Engine,
    Households,
    NoFigures,
    Out,
    Replicates,
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
    from returnsim.analysis.observations import Observation
    from returnsim.scenario.schema import Scenario
    from returnsim.trajectories import Trajectories


class Asked(NamedTuple):
    """What was asked for."""

    replicates: int
    seed: int
    households: int | None
    workers: int
    pair: bool
    events: bool
    engine: str


def run(
    file: ScenarioFile,
    replicates: Replicates = 64,
    seed: Seed = 1,
    overrides: Set = None,
    households: Households = None,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another run, or one with more in it.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON, not as a table.")
    ] = False,
    no_pair: Annotated[
        bool,
        typer.Option(
            "--no-pair",
            help="Leave out the same camp without the siege, which tells whom that pushed.",
        ),
    ] = False,
    events: Annotated[
        bool,
        typer.Option(
            "--events", help="Write everything that befell each household, and who they are."
        ),
    ] = False,
    no_figures: NoFigures = False,
) -> None:
    """Simulate a scenario, write its results into a folder and print a summary.

    Returns are printed with the harm that came of them, each as the median of the replicates and
    the range of the middle 90 % of them. The same camp is run without the siege too, with the same
    draws, to tell the returns that the siege pushed from those that would have come about anyway.
    """
    from returnsim.analysis.horizon import horizon_warnings
    from returnsim.analysis.observations import observations_of
    from returnsim.analysis.summary import cautions
    from returnsim.results.contents import FIGURES
    from returnsim.results.destination import check_destination, left_out
    from returnsim.results.identity import planned
    from returnsim.results.writing import write_results
    from returnsim.scenario.files import load_scenario, require_observations

    scenario = load_scenario(file, overrides or ())
    require_observations(scenario, file)
    observed = observations_of(scenario)
    folder = RESULTS / scenario.name if out is None else out
    identity = planned(scenario, replicates, seed, households)
    without = left_out(pair=not no_pair, events=events, figures=not no_figures)
    check_destination(folder, identity, overwrite=overwrite, without=without)
    asked = Asked(replicates, seed, households, workers or cores(), not no_pair, events, engine)
    followed = _follow(scenario, asked)
    trajectories = followed.trajectories
    notes = [*cautions(trajectories), *horizon_warnings(scenario, followed)]
    write_results(
        trajectories,
        folder,
        command=_command(file, asked, overrides, out),
        overwrite=overwrite,
        tables=_tables(followed, asked),
        pair=followed.lever,
        notes=notes,
        figures=None if no_figures else _drawer(followed, observed),
    )
    with kept_if_stopped(f"the results are kept in {folder}"):
        if json:
            typer.echo(_as_json(followed, notes, folder))
        else:
            _print_table(trajectories, notes)
    said = (
        f"The results are in {folder}" if no_figures else f"The figures are in {folder / FIGURES}"
    )
    typer.echo(said, err=True)


def _follow(scenario: "Scenario", asked: Asked) -> "Followed":
    """Run with a bar and the time left on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    from returnsim.analysis.followed import follow
    from returnsim.analysis.summary import PAIR

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeLeft(elapsed_when_finished=True),
    )
    what = f"{asked.replicates} replicates of {scenario.weeks} weeks"
    if asked.pair:
        what += f", and without the {PAIR}"
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        return follow(
            scenario,
            asked.replicates,
            asked.seed,
            lever=PAIR if asked.pair else None,
            households=asked.households,
            workers=asked.workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            events=asked.events,
            engine=asked.engine,
        )


def _tables(followed: "Followed", asked: Asked) -> "dict[str, pd.DataFrame]":
    from returnsim.analysis.guarantor_ledger import guarantor_ledger
    from returnsim.analysis.harm_ledger import harm_ledger
    from returnsim.events import events_frame, households_frame
    from returnsim.results.contents import EVENTS, GUARANTORS, HARM, HOUSEHOLDS

    tables = {HARM: harm_ledger(followed), GUARANTORS: guarantor_ledger(followed)}
    if asked.events:
        tables[EVENTS] = events_frame(followed.trajectories)
        tables[HOUSEHOLDS] = households_frame(followed.trajectories)
    return tables


def _drawer(followed: "Followed", observed: "Sequence[Observation]") -> "Callable[[Path], object]":
    from returnsim.figures import write_figures

    return partial(write_figures, followed, observed)


def _command(file: Path, asked: Asked, overrides: list[str] | None, out: Path | None) -> str:
    """What to type to have the same run again, paths as they were typed."""
    words = ["returnsim", "run", str(file)]
    words += ["--replicates", str(asked.replicates), "--seed", str(asked.seed)]
    for override in overrides or ():
        words += ["--set", override]
    if asked.households is not None:
        words += ["--households", str(asked.households)]
    if not asked.pair:
        words.append("--no-pair")
    if asked.events:
        words.append("--events")
    return shlex.join([*words, *engine_words(asked.engine), *out_words(out)])


def _as_json(followed: "Followed", notes: "Sequence[str]", folder: Path) -> str:
    import json

    from returnsim.analysis.summary import summarise
    from returnsim.results.identity import identity_of

    trajectories = followed.trajectories
    # pandas writes what is not defined as null.
    rows = json.loads(summarise(trajectories, notes).to_json(orient="records", double_precision=10))
    said = {
        "scenario": trajectories.scenario.name,
        "title": trajectories.scenario.title,
        **identity_of(trajectories)._asdict(),
        "results": str(folder),
        "pair": followed.lever,
        "notes": list(notes),
        "summary": rows,
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def _print_table(trajectories: "Trajectories", notes: "Sequence[str]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from returnsim.analysis.attribution import column_of_pair
    from returnsim.analysis.summary import PAIR, PLAIN_UNITS, as_text, summarise

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
    if column_of_pair("pushed", PAIR) not in trajectories.columns:
        console.print("pushed: not computed")
    for note in notes:
        console.print(Text(note))


def _rests_on(trajectories: "Trajectories") -> str:
    number = len(trajectories.replicates)
    return (
        f"{number:,} replicate{'' if number == 1 else 's'}, seed {trajectories.seed}. "
        f"{trajectories.scenario.rests_on()} "
        "This shows what follows from them; it is not a forecast."
    )
