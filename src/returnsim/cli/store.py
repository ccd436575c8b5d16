"""``returnsim store``: what a sweep has kept, whether it is true, what is not needed."""

from pathlib import Path
from typing import Annotated

import typer

from returnsim.cli.options import interruptible

Results = Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep.")]

store = typer.Typer(
    name="store",
    help="Look at the cells that a sweep has kept, verify them, remove what is not needed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@store.command()
@interruptible
def ls(
    folder: Results,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List the cells: what they were given, what they were computed with, how large they are."""
    from returnsim.experiments.inventory import inventory

    rows = inventory(folder)
    if json:
        import json as text

        typer.echo(text.dumps(rows, indent=2))
        return
    typer.echo(f"{'cell':12}  {'case':40}  {'block':>5}  {'seed':>6}  {'kB':>7}  state")
    for row in rows:
        name = row["case"] if len(row["case"]) <= 40 else row["case"][:39] + "…"
        typer.echo(
            f"{row['key'][:12]}  {name:40}  {row['block']!s:>5}  {row['seed']!s:>6}  "
            f"{row['bytes'] / 1000:7,.0f}  {row['state']}"
        )
    total = sum(row["bytes"] for row in rows)
    typer.echo(f"{len(rows):,} cells, {total / 1e6:,.1f} MB", err=True)


@store.command()
@interruptible
def verify(
    folder: Results,
    cells: Annotated[int, typer.Option(min=1, help="How many to run again, drawn at random.")] = 3,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draws the same cells again; else others each time.")
    ] = None,
) -> None:
    """Check every cell's checksum, and run some again from their provenance alone.

    Leaves with 0 if all are bit for bit what they were, with 1 if not. Numbers are the same bit
    for bit only on a machine and an engine like those that made them; where these differ, it is
    said.
    """
    from returnsim.experiments.inventory import verify as verified

    found = verified(folder, cells, seed)
    for line in found.lines:
        typer.echo(line)
    if not found.is_well:
        raise typer.Exit(1)


@store.command()
@interruptible
def gc(
    folder: Results,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Remove cells that the tables beside the store no longer need, and what is left of breaks."""
    from returnsim.experiments.inventory import collect

    typer.echo(collect(folder, dry_run=dry_run))
