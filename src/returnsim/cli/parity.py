"""``returnsim parity``: whether the ways to run a scenario agree."""

from typing import TYPE_CHECKING, Annotated

import typer

from returnsim.cli.options import MOST_REPLICATES, ScenarioFile, Set
from returnsim.errors import UsageError
from returnsim.scenario.limits import FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS

if TYPE_CHECKING:
    from returnsim.parity import Parity
    from returnsim.scenario.schema import Scenario

EXIT_DIFFERENT = 1


def parity(
    file: ScenarioFile,
    replicate: Annotated[
        int, typer.Option(min=0, max=MOST_REPLICATES - 1, help="Which replicate.")
    ] = 0,
    seed: Annotated[
        int, typer.Option(min=0, max=2**64 - 1, help="The seed of the runs compared.")
    ] = 1,
    overrides: Set = None,
    households: Annotated[
        int | None,
        typer.Option(
            min=FEWEST_HOUSEHOLDS,
            max=MOST_HOUSEHOLDS,
            help="Simulate so many households beside the core, in place of the whole camp.",
        ),
    ] = None,
    twin_households: Annotated[
        int,
        typer.Option(
            min=FEWEST_HOUSEHOLDS,
            max=MOST_HOUSEHOLDS,
            help="So many beside the slow twin: it takes its time.",
        ),
    ] = 200,
    weeks: Annotated[
        int | None, typer.Option(min=1, help="So many weeks in place of all of the scenario.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Compare the Mesa model with the core, bit for bit, and with a slow twin written apart.

    The twin is compared household by household: counts must be equal, floats to 1e-12. Leaves with
    1 and names the first week and household that differ, if any do, both counted from 0.
    """
    from returnsim.scenario.files import load_scenario

    scenario = load_scenario(file, [*(overrides or ()), *([f"weeks={weeks}"] if weeks else ())])
    outcomes = _compare(scenario, seed, replicate, households, twin_households)
    if json:
        typer.echo(_as_json(scenario, seed, replicate, outcomes))
    else:
        for outcome in outcomes:
            typer.echo(_said(outcome))
    if any(outcome.first is not None for outcome in outcomes):
        raise typer.Exit(EXIT_DIFFERENT)


def _compare(
    scenario: "Scenario", seed: int, replicate: int, households: int | None, twin_households: int
) -> "list[Parity]":
    try:
        from returnsim.parity import against_core, against_twin
    except ModuleNotFoundError as error:
        raise UsageError(
            f"parity needs {error.name}: install the extra mesa "
            "(in a checkout: pip install -e '.[mesa]')"
        ) from None
    return [
        against_core(scenario, seed, replicate, households),
        against_twin(scenario, seed, replicate, twin_households),
    ]


def _said(outcome: "Parity") -> str:
    over = f"over {outcome.households:,} households and {outcome.weeks} weeks"
    if outcome.first is None:
        return f"The Mesa model equals the {outcome.against} {over}."
    return f"The Mesa model and the {outcome.against} differ {over}, first in {outcome.first}"


def _as_json(scenario: "Scenario", seed: int, replicate: int, outcomes: "list[Parity]") -> str:
    import json

    said = {
        "scenario": scenario.name,
        "seed": seed,
        "replicate": replicate,
        "equal": all(outcome.first is None for outcome in outcomes),
        "comparisons": [outcome.as_dict() for outcome in outcomes],
    }
    return json.dumps(said, ensure_ascii=False, indent=2)
