"""``returnsim diff``: in what two scenarios differ."""

from pathlib import Path
from typing import Annotated

import typer

from returnsim.cli.options import Set

HEADINGS = ("path", "A", "B")


def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A scenario file (YAML).")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    overrides: Set = None,
) -> None:
    """Print the values that differ between two scenarios, one line each.

    With --set the values are changed in B.
    """
    from returnsim.scenario.compare import differences
    from returnsim.scenario.files import load_scenario

    found = differences(load_scenario(first), load_scenario(second, overrides or ()))
    if not found:
        typer.echo("no difference in what is simulated", err=True)
        return
    typer.echo(f"A is {first}\nB is {second}", err=True)
    rows = [HEADINGS, *found]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        typer.echo(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")
