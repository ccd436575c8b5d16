"""``returnsim validate``: a scenario held against the record and its pattern card."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from returnsim.cli.options import (
    RESULTS,
    Engine,
    Households,
    NoFigures,
    Replicates,
    ScenarioFile,
    Seed,
    Set,
    Workers,
    cores,
    engine_words,
    kept_if_stopped,
    out_words,
)

if TYPE_CHECKING:
    from returnsim.analysis.observations import Observation
    from returnsim.analysis.patterns import Held, Prepared
    from returnsim.analysis.validation import Validation
    from returnsim.analysis.worlds import Progress, Question, Size
    from returnsim.scenario.schema import Scenario


class Asked(NamedTuple):
    """What a scenario is to be held against."""

    scenario: "Scenario"
    observations: "list[Observation]"
    cards: "list[Prepared]"


def validate(
    file: ScenarioFile,
    replicates: Replicates = 64,
    seed: Seed = 1,
    overrides: Set = None,
    households: Households = None,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; results/NAME-validated by default.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of another validation.")
    ] = False,
    no_patterns: Annotated[
        bool, typer.Option("--no-patterns", help="Leave the pattern card out.")
    ] = False,
    rivals: Annotated[
        bool,
        typer.Option(
            "--rivals", help="Run the card under each of its rival rules of decision too."
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Leave with 1 if a pattern fails or the bands are too narrow."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON, not as tables.")] = False,
    no_figures: NoFigures = False,
) -> None:
    """Hold a scenario against what was observed and not used to fit it, and its pattern card.

    Tells for each observation what the model foretells, how often the middle 50 and 90 % hold what
    was observed, and whether the model does better than carrying the last value on. A pattern that
    fails is a finding, and no error.
    """
    from returnsim.analysis.worlds import Size
    from returnsim.experiments.validated import check_validation, write_validation

    asked = _asked(file, overrides or [], patterns=not no_patterns, rivals=rivals)
    folder = RESULTS / f"{asked.scenario.name}-validated" if out is None else out
    size = Size(replicates, seed, households, workers or cores(), engine)
    options = ["--no-patterns"] * no_patterns + ["--rivals"] * rivals
    check_validation(folder, asked.scenario, size, options, overwrite=overwrite)
    validation, held, stepped_by = _found(asked, size)
    command = _command(file, size, overrides or [], options, out)
    found = (asked.scenario, validation, held, size)
    draw = None if no_figures else partial(_draw, *found)
    write_validation(*found, stepped_by, folder, command, draw, options)
    with kept_if_stopped(f"the tables are kept in {folder}"):
        if json:
            typer.echo(_as_json(*found, folder))
        else:
            from returnsim.cli.validate_text import print_validation

            print_validation(*found)
    what = "tables are" if no_figures else "tables and the figures are"
    typer.echo(f"The {what} in {folder}", err=True)
    narrow = validation is not None and any("narrow" in c.verdict for c in validation.coverage)
    if strict and (narrow or any(one.failed() for one in held[:1])):
        raise typer.Exit(1)


def _asked(file: Path, overrides: list[str], *, patterns: bool, rivals: bool) -> Asked:
    """Read everything, so that what is wrong is told before anything runs."""
    from returnsim.analysis.card import load_card
    from returnsim.analysis.observations import observations_of
    from returnsim.analysis.patterns import prepare
    from returnsim.analysis.validation import judged_rows
    from returnsim.errors import UsageError
    from returnsim.scenario.files import load_scenario, require_observations

    scenario = load_scenario(file, overrides)
    require_observations(scenario, file)
    observations = judged_rows(observations_of(scenario))
    cards = []
    if patterns and scenario.patterns is not None:
        card = load_card(scenario.patterns)
        names = [None, *(card.card.rivals if rivals else ())]
        cards = [prepare(card, file, overrides, name) for name in names]
    if rivals and len(cards) <= 1:
        raise UsageError(f"{file}: --rivals needs a pattern card that names `rivals:`")
    if not observations and not cards:
        raise UsageError(
            f"{file}: nothing to hold it against: name a table with `observations:`, or a card "
            "with `patterns:`"
        )
    return Asked(scenario, observations, cards)


def _found(asked: Asked, size: "Size") -> "tuple[Validation | None, list[Held], str]":
    """What came of it, and what stepped the runs."""
    import numpy as np

    from returnsim.analysis.patterns import hold
    from returnsim.analysis.validation import (
        ObservationQuestion,
        fitted_of,
        misfit_of,
        validate,
    )
    from returnsim.analysis.worlds import ask_all, engines_of
    from returnsim.scenario.written import scenario_hash

    scenario = asked.scenario
    questions = [ObservationQuestion(one) for one in asked.observations]
    pairs: list[tuple[Scenario, Question]] = [
        *((scenario, question) for question in questions),
        *(pair for card in asked.cards for pair in card.pairs()),
    ]
    stepped_by = ", ".join(engines_of(pairs, size))
    with _bar() as told:
        answers = ask_all(pairs, size, told)
    held = [hold(card, answers) for card in asked.cards]
    if not questions:
        return None, held, stepped_by
    rows = np.stack([answers[scenario_hash(scenario), question] for question in questions])
    misfit = misfit_of(scenario, size.seed, size.replicates)
    found = validate(asked.observations, rows, misfit, fitted_of(scenario))
    return found, held, stepped_by


@contextmanager
def _bar() -> "Iterator[Callable[[str], Progress]]":
    """A bar on stderr for the world that is being run, with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeLeft(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def told(what: str) -> "Callable[[int, int], None]":
            bar.reset(task, description=what)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield told


def _command(
    file: Path, size: "Size", overrides: list[str], options: list[str], out: Path | None
) -> str:
    """What to type to have the same again, paths as they were typed."""
    words = ["returnsim", "validate", str(file)]
    words += ["--replicates", str(size.replicates), "--seed", str(size.seed)]
    for override in overrides:
        words += ["--set", override]
    if size.households is not None:
        words += ["--households", str(size.households)]
    return shlex.join([*words, *options, *engine_words(size.engine), *out_words(out)])


def _draw(
    scenario: "Scenario",
    validation: "Validation | None",
    held: "Sequence[Held]",
    size: "Size",
    directory: Path,
) -> dict[str, str]:
    from returnsim.figures.patterns import write_patterns_figures
    from returnsim.figures.validation import write_validation_figure

    told: dict[str, str] = {}
    if validation is not None:
        told |= write_validation_figure(scenario, validation, size, directory)
    if held:
        told |= write_patterns_figures(scenario, held, size, directory)
    return told


def _as_json(
    scenario: "Scenario",
    validation: "Validation | None",
    held: "Sequence[Held]",
    size: "Size",
    folder: Path,
) -> str:
    import json

    from returnsim.analysis.validation_tables import as_plain

    guesses, numbers = scenario.guesses()
    said = {
        "scenario": scenario.name,
        "title": scenario.title,
        "seed": size.seed,
        "replicates": size.replicates,
        "results": str(folder),
        "guesses": guesses,
        "numbers": numbers,
        **as_plain(validation, held),
    }
    return json.dumps(said, ensure_ascii=False, indent=2, allow_nan=False, default=str)
