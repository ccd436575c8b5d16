"""``returnsim explain``: why a household, or groups of them, choose what they do."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from returnsim.cli.options import (
    MOST_REPLICATES,
    RESULTS,
    Households,
    NoFigures,
    ScenarioFile,
    Seed,
    Set,
    kept_if_stopped,
)

if TYPE_CHECKING:
    from returnsim.analysis.explain import ExplainedHousehold
    from returnsim.analysis.groups import Groups
    from returnsim.assemble import Plan
    from returnsim.scenario.schema import Scenario

USUAL_REPLICATES = 4


def explain(
    file: ScenarioFile,
    household: Annotated[
        int | None, typer.Option(help="Explain this household, by its number from 0.")
    ] = None,
    week: Annotated[
        int | None,
        typer.Option(
            help="Week from 0. By default the first in which the household is in camp and has an "
            "offer of return; of groups, the middle one of those recorded."
        ),
    ] = None,
    replicate: Annotated[
        int | None,
        typer.Option(
            min=0, max=MOST_REPLICATES - 1, help="Which luck the household has; 0 by default."
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_REPLICATES,
            help=f"How many the groups are averaged over; {USUAL_REPLICATES} by default.",
        ),
    ] = None,
    seed: Seed = 1,
    overrides: Set = None,
    households: Households = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; results/NAME-explained by default.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another explanation of the same name.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the explanation as JSON, not as tables.")
    ] = False,
    no_figures: NoFigures = False,
) -> None:
    """Take the choice of a household apart, or average it over groups of those in camp.

    Tells the terms of the utility of going home, and the smallest change of a single lever that
    makes another choice the likeliest.
    """
    from returnsim.assemble import plan_run
    from returnsim.cli.explain_text import groups_lines, household_lines
    from returnsim.errors import UsageError
    from returnsim.scenario.files import load_scenario

    if household is None and replicate is not None:
        raise UsageError("--replicate goes with --household; groups take --replicates")
    if household is not None and replicates is not None:
        raise UsageError("--replicates goes with groups; a household takes --replicate")
    scenario = load_scenario(file, overrides or ())
    folder = RESULTS / f"{scenario.name}-explained" if out is None else out
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder with --out")
    together = 1 if household is not None else replicates or USUAL_REPLICATES
    plan = plan_run(scenario, seed, households)
    told: ExplainedHousehold | Groups
    if household is None:
        from returnsim.analysis.groups import explain_groups

        told = explain_groups(scenario, plan, together, week)
        name, lines = f"groups-week-{told.week}", groups_lines(told, scenario, plan)
    else:
        from returnsim.analysis.explain import explain_household

        told = explain_household(scenario, plan, household, replicate or 0, week)
        name = f"household-{household}-replicate-{told.replicate}-week-{told.week}"
        lines = household_lines(told, scenario, plan)
    identity = _identity(scenario, plan, together)
    if not overwrite:
        _check_same(folder / f"{name}.json", identity)
    said = _as_json(told, scenario, plan, identity)
    draw = None if no_figures else partial(_draw, told, scenario, plan)
    with kept_if_stopped(f"what was written is kept in {folder}: the same command writes the rest"):
        _write(folder, name, said, draw)
        typer.echo(said if json else "\n".join(line.rstrip() for line in lines))
    typer.echo(f"The explanation is in {folder}", err=True)


def _identity(scenario: "Scenario", plan: "Plan", replicates: int) -> dict[str, object]:
    """What an explanation is of, beside what its name says."""
    from returnsim.scenario.files import scenario_hash

    return {
        "scenario_hash": scenario_hash(scenario),
        "seed": plan.seed,
        "households": plan.all_households,
        "replicates": replicates,
    }


def _check_same(file: Path, identity: dict[str, object]) -> None:
    """Make sure that no explanation of anything else is replaced."""
    import json

    from returnsim.errors import UsageError

    try:
        there = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        # There is none, or it will be told when it is written.
        return
    except ValueError:
        there = {}
    if not isinstance(there, dict) or any(there.get(key) != identity[key] for key in identity):
        raise UsageError(
            f"{file}: is of another scenario, seed or number of households or replicates.\n"
            "Add --overwrite to replace it, or name another folder with --out"
        )


def _write(
    folder: Path, name: str, said: str, draw: "Callable[[Path, str], object] | None"
) -> None:
    from returnsim.errors import RunError
    from returnsim.folders import reason_of, write_in_place

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_in_place(folder / f"{name}.json", said + "\n")
        if draw is not None:
            draw(folder, name)
    except OSError as error:
        raise RunError(
            f"{folder}: the explanation could not be written: {reason_of(error)}"
        ) from error


def _draw(
    told: "ExplainedHousehold | Groups", scenario: "Scenario", plan: "Plan", folder: Path, name: str
) -> None:
    from returnsim.figures.explain import write_explanation

    write_explanation(told, scenario, plan, folder, name)


def _as_json(
    told: "ExplainedHousehold | Groups",
    scenario: "Scenario",
    plan: "Plan",
    identity: dict[str, object],
) -> str:
    import json

    from returnsim.analysis.explain import FELT, NOT_FOR
    from returnsim.folders import with_nulls

    guesses, numbers = scenario.guesses()
    said = {
        "scenario": scenario.name,
        "title": scenario.title,
        **identity,
        "weight": float(plan.inputs.parameters.weight[0]),
        "explained": with_nulls(_plain(told)),
        "levers": FELT,
        "guesses": guesses,
        "numbers": numbers,
        "not_for": NOT_FOR,
    }
    return json.dumps(said, ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """Turn what was found into what JSON has."""
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, date) else value
