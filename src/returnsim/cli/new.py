"""``returnsim new``: a first scenario to change."""

from pathlib import Path
from typing import Annotated

import typer


def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Where to put it; made if not there.")
    ],
) -> None:
    """Write a small invented scenario and a what-if, with comments, to start from.

    Files that are there already are never replaced.
    """
    from returnsim.starter import copy_starter

    for file in copy_starter(directory):
        typer.echo(str(file))
    camp = directory / "camp.yaml"
    what_if = directory / "aid-restored.yaml"
    typer.echo(
        "\nThe camp is invented: read it, change it, then type\n"
        f"  returnsim check {camp} {what_if}\n"
        f"  returnsim run {camp}\n"
        f"  returnsim run {what_if}",
        err=True,
    )
