"""Arguments that several commands have."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from returnsim.scenario.limits import FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS

EXIT_INTERRUPTED = 130
AUTO = "auto"
RESULTS = Path("results")
MOST_REPLICATES = 10_000

ScenarioFile = Annotated[
    Path,
    typer.Argument(
        metavar="SCENARIO",
        help="A scenario file (YAML), on disk: the paths in it lead from its folder.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a value, as in levers.siege.severity=0; may be repeated. What stood there is "
        "replaced wholly, be it dated or not.",
    ),
]
Replicates = Annotated[
    int, typer.Option(min=1, max=MOST_REPLICATES, help="How often to run it, each time with luck.")
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**64 - 1, help="The same seed gives the same numbers.")
]
Households = Annotated[
    int | None,
    typer.Option(
        min=FEWEST_HOUSEHOLDS,
        max=MOST_HOUSEHOLDS,
        help="Simulate so many households in place of the whole camp, each for several.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes to share the work; all cores by default.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Run on the workers of this Dask scheduler instead."),
]
Engine = Annotated[
    str,
    typer.Option(
        help="What steps the camp: numpy, numba (needs returnsim[fast]), or auto, whichever is "
        "faster for so much work. Counts are the same by each."
    ),
]
Out = Annotated[Path | None, typer.Option(help="Folder for the results; results/NAME by default.")]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")]


def out_words(out: Path | None) -> list[str]:
    """What was typed of the folder for the results."""
    return ["--out", str(out)] if out is not None else []


def engine_words(engine: str) -> list[str]:
    """What was typed of the engine."""
    return ["--engine", engine] if engine != AUTO else []


@contextmanager
def kept_if_stopped(told: str) -> Iterator[None]:
    """Say on Ctrl-C what is kept, where something is, and leave with the code for it."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"stopped; {told}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def goes_on(folder: Path) -> str:
    """What is said of a command that goes on from what is finished."""
    return f"what was finished is kept in {folder}: the same command goes on from there"


def interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Leave with the code for an interruption, whatever the command line library makes of it."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        with kept_if_stopped("nothing was written"):
            command(*args, **kwargs)

    return wrapped


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
