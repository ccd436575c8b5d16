"""Arguments that several commands have."""

from pathlib import Path
from typing import Annotated

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
