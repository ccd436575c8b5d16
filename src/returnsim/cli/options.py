"""Arguments that several commands have."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario file (YAML).")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a value, as in levers.siege.severity=0; may be repeated. What stood there is "
        "replaced wholly, be it dated or not.",
    ),
]


EXIT_INTERRUPTED = 130


def interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Leave with the code for an interruption, whatever the command line library makes of it."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo("stopped; nothing was written", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return wrapped


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
