"""``returnsim check``: whether scenario and experiment files are right, and what they rest on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from returnsim.cli.options import Set
from returnsim.errors import UsageError


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Scenario or experiment files (YAML), on disk: the paths in each lead from its "
            "folder.",
        ),
    ],
    overrides: Set = None,
) -> None:
    """Check scenario and experiment files.

    Prints everything that is wrong, with its place; leaves with 0 if all is fine, with 2 if not.
    """
    from returnsim.scenario.yaml_text import kind_of

    wrong = False
    for file in files:
        try:
            told = CHECKS[kind_of(file)](file, overrides)
        except UsageError as error:
            typer.echo(str(error), err=True)
            wrong = True
            continue
        typer.echo(f"{file}: fine ({told})")
    if wrong:
        raise typer.Exit(UsageError.exit_code)


def _scenario(file: Path, overrides: list[str] | None) -> str:
    from returnsim.analysis.card import load_card
    from returnsim.analysis.observations import observations_of
    from returnsim.assemble import check_population
    from returnsim.scenario.files import load_scenario, require_observations, require_patterns

    scenario = load_scenario(file, overrides or ())
    require_observations(scenario, file)
    require_patterns(scenario, file)
    if scenario.patterns is not None:
        load_card(scenario.patterns)
    observations_of(scenario)
    check_population(scenario, file)
    guesses, numbers = scenario.guesses()
    told = f"{numbers} numbers, {guesses} of them guesses"
    return told if scenario.posterior is None else f"{told}, {scenario.posterior}"


def _experiment(file: Path, overrides: list[str] | None) -> str:
    from returnsim.experiments.calibration import prepared_fit
    from returnsim.experiments.files import load_experiment

    if overrides:
        raise UsageError(f"{file}: --set is for scenarios; write changes under `cases`")
    loaded = load_experiment(file)
    cases, told = len(loaded.cases), loaded.experiment
    if told.calibration is not None:
        prepared_fit(loaded)
        return f"{len(told.factors)} factors to fit to the record"
    if told.sensitivity is not None:
        return f"{len(told.factors)} factors to screen"
    return f"{cases:,} cases of {told.replicates:,} replicates, {len(told.factors)} factors"


def _card(file: Path, overrides: list[str] | None) -> str:
    from returnsim.analysis.card import load_card

    if overrides:
        raise UsageError(f"{file}: --set is for scenarios; a card has `set` in its checks")
    card = load_card(file).card
    return f"{len(card.patterns)} patterns, {len(card.rivals)} rivals"


CHECKS: Mapping[str, Callable[[Path, list[str] | None], str]] = {
    "scenario": _scenario,
    "experiment": _experiment,
    "card": _card,
}
