"""``returnsim explore``: a page in the browser to move a scenario's levers on."""

import webbrowser
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from returnsim.cli.options import Engine, Seed, Set, cores
from returnsim.errors import UsageError
from returnsim.scenario.limits import FEWEST_HOUSEHOLDS

if TYPE_CHECKING:
    from returnsim.explorer.changes import Source

MOST_REPLICATES, MOST_HOUSEHOLDS, MOST_WORKERS = 1000, 20_000, 8


def explore(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A scenario file (YAML); a small invented camp if none is named.",
        ),
    ] = None,
    overrides: Set = None,
    replicates: Annotated[
        int, typer.Option(min=1, max=MOST_REPLICATES, help="How many a picture grows to.")
    ] = 64,
    households: Annotated[
        int,
        typer.Option(
            min=FEWEST_HOUSEHOLDS,
            max=MOST_HOUSEHOLDS,
            help="Simulate at most so many households, each for several of the camp's.",
        ),
    ] = 300,
    seed: Seed = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_WORKERS,
            help="Processes that simulate; by default as many as cores, up to the most.",
        ),
    ] = None,
    engine: Engine = "auto",
    host: Annotated[
        str, typer.Option(help="Address to listen on; others reach the page only if you say so.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any that is free.")
    ] = 8765,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only print the address, open no browser.")
    ] = False,
) -> None:
    """Look at a scenario in the browser: move its levers, and see what follows at once.

    Harm is shown beside returns throughout, and the scenario as written behind what you change. The
    page is served from this machine and asks nothing of any other. Ctrl-C ends it.
    """
    if find_spec("nicegui") is None:
        raise UsageError(
            "explore needs nicegui: install the extra explore "
            "(in a checkout: pip install -e '.[explore]')"
        )
    from returnsim.explorer.server import address_of, bound, serve

    source = _source(file, overrides or [], households, seed, replicates, engine)
    with bound(host, port) as listening:
        address = address_of(listening)

        def ready() -> None:
            typer.echo(address)
            typer.echo("Ctrl-C ends it.", err=True)
            if not no_open:
                # Some are waited for until they are closed, and would wait for the page.
                Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        serve(source, listening, workers or min(cores(), MOST_WORKERS), ready)


def _source(file: Path | None, *how: Any) -> "Source":
    from importlib.resources import as_file, files

    from returnsim.explorer.changes import source_of

    if file is not None:
        return source_of(file, *how)
    with as_file(files("returnsim.starter").joinpath("camp.yaml")) as starter:
        return source_of(starter, *how)
