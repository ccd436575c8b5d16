"""``returnsim schema``: scenario and experiment files as JSON Schemas."""

import json
from typing import Annotated

import typer


def schema(
    experiment: Annotated[
        bool, typer.Option("--experiment", help="That of experiments in place of scenarios.")
    ] = False,
) -> None:
    """Print the JSON Schema of scenarios, or of experiments.

    Editors complete and check files by it.
    """
    from returnsim.experiments.schema import Experiment
    from returnsim.scenario.json_schema import scenario_schema, schema_of

    told = schema_of(Experiment) if experiment else scenario_schema()
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
