"""``returnsim new``: a first scenario to change."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer


def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Where to put it; made if not there.")
    ],
) -> None:
    """Begin with a small invented camp.

    Writes a scenario and a what-if, with comments. Files that are there already are never replaced.
    """
    from returnsim.starter import copy_starter

    written = copy_starter(directory)
    for file in written:
        typer.echo(str(file))
    camp, what_if = (quote(str(file)) for file in written)
    typer.echo(
        "\nThe camp is invented: read it, change it, then type\n"
        f"  returnsim check {camp} {what_if}\n"
        f"  returnsim run {camp}\n"
        f"  returnsim run {what_if}",
        err=True,
    )
