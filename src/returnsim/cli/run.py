"""``returnsim run``: simulate a scenario and write what came of it."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from returnsim.cli.options import ScenarioFile, Set

if TYPE_CHECKING:
    import pandas as pd

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
    from returnsim.analysis.observations import load_observations
    from returnsim.analysis.summary import summarise
    from returnsim.assemble import simulate
    from returnsim.results import FIGURES, check_destination, planned, write_results
    from returnsim.scenario.files import load_scenario, require_observations

    scenario = load_scenario(file, overrides or ())
    require_observations(scenario, file)
    observed = () if scenario.observations is None else load_observations(scenario.observations)
    folder = RESULTS / scenario.name if out is None else out
    check_destination(folder, planned(scenario, replicates, seed, households), overwrite=overwrite)
    with _progress(f"{scenario.name}: {replicates} x {scenario.weeks} weeks") as progress:
        trajectories = simulate(
            scenario,
            replicates,
            seed,
            households=households,
            workers=workers or _cores(),
            progress=progress,
        )
    drawn = None if no_figures else _drawer(trajectories, observed)
    command = _command(file, replicates, seed, overrides, households, out)
    write_results(trajectories, folder, command=command, overwrite=overwrite, figures=drawn)
    summary = summarise(trajectories)
    if json:
        typer.echo(_as_json(summary))
    else:
        _print_table(scenario, trajectories, summary)
    place = folder if no_figures else folder / FIGURES
    typer.echo(f"{'Results' if no_figures else 'Figures'} are in {place}{os.sep}", err=True)
