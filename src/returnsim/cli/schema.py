"""``returnsim schema``: the scenario file as a JSON Schema."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of scenarios.

    Editors complete and check scenario files by it.
    """
    from returnsim.scenario.json_schema import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))
