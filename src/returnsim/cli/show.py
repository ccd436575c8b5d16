"""``returnsim show``: a scenario with everything that it extends, overrides and leaves unsaid."""

from pathlib import Path

import typer

from returnsim.cli.options import ScenarioFile, Set


def show(file: ScenarioFile, overrides: Set = None) -> None:
    """Print a scenario in full.

    What it extends is merged in and every default is filled.
    """
    from returnsim.scenario.files import dump_scenario, load_scenario

    scenario = load_scenario(file, overrides or ())
    typer.echo(dump_scenario(scenario, relative_to=Path.cwd()), nl=False)
    if scenario.posterior is not None:
        typer.echo(f"Of the numbers, {scenario.posterior}", err=True)
