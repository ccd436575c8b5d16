"""``returnsim check``: whether a scenario file is right, and on how many guesses it rests."""

from pathlib import Path
from typing import Annotated

import typer

from returnsim.cli.options import Set
from returnsim.errors import UsageError


def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="SCENARIO...", help="Scenario files (YAML).")
    ],
    overrides: Set = None,
) -> None:
    """Check scenario files.

    Prints everything that is wrong, with its place; leaves with 0 if all is fine, with 2 if not.
    """
    from returnsim.analysis.observations import observations_of
    from returnsim.assemble import check_population
    from returnsim.scenario.files import load_scenario, require_observations

    wrong = False
    for file in files:
        try:
            scenario = load_scenario(file, overrides or ())
            require_observations(scenario, file)
            observations_of(scenario)
            check_population(scenario, file)
        except UsageError as error:
            typer.echo(str(error), err=True)
            wrong = True
            continue
        guesses, numbers = scenario.guesses()
        typer.echo(f"{file}: fine ({numbers} numbers, {guesses} of them guesses)")
    if wrong:
        raise typer.Exit(UsageError.exit_code)
