"""``returnsim new``: a first scenario to change."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from returnsim.starter import World


def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Where to put it; made if not there.")
    ],
    world: Annotated[
        World | None,
        typer.Option(
            "--from",
            metavar="|".join(World),
            help="Begin with a world that comes with the package.",
        ),
    ] = None,
) -> None:
    """Begin with a small invented camp, or with a copy of a world that comes with the package.

    Writes a scenario and a what-if, with comments; of a world all its scenarios, with the record
    and the patterns they are held against. Files that are there already are never replaced.
    """
    from returnsim.starter import copy_starter, copy_world

    if world is None:
        written = what_next = copy_starter(directory)
        about = "The camp is invented: read it, change it, then type"
    else:
        written = copy_world(world, directory)
        what_next = written[:1]
        about = "Most of its numbers are guesses: read what it rests on, change it, then type"
    for file in written:
        typer.echo(str(file))
    names = [quote(str(file)) for file in what_next]
    lines = [f"check {' '.join(names)}", *(f"run {name}" for name in names)]
    typer.echo("\n".join([f"\n{about}", *(f"  returnsim {line}" for line in lines)]), err=True)
