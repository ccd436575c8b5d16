"""``returnsim diff``: in what two scenarios differ."""

from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from returnsim.cli.options import Set


def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A scenario file (YAML).")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    overrides: Set = None,
) -> None:
    """Print in what two scenarios differ.

    Of dated values only the entries that differ are printed. With --set the values are changed in
    B.
    """
    from returnsim.scenario.compare import differences
    from returnsim.scenario.files import load_scenario

    found = differences(load_scenario(first), load_scenario(second, overrides or ()))
    typer.echo(f"A is {first}\nB is {second}", err=True)
    if not found:
        typer.echo("no difference in what is simulated", err=True)
        return
    lines = [
        cells
        for path, one, other in [("path", ["A"], ["B"]), *found]
        for cells in zip_longest([path], one, other, fillvalue="")
    ]
    widths = [max(len(cells[column]) for cells in lines) for column in range(2)]
    for path, one, other in lines:
        typer.echo(f"{path:<{widths[0]}}  {one:<{widths[1]}}  {other}".rstrip())
