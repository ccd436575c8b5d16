"""``returnsim calibrate``: fit what nobody knows to the record, and say what is left open."""

import shlex
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from returnsim.cli.options import (
    RESULTS,
    Engine,
    NoFigures,
    Out,
    Workers,
    cores,
    engine_words,
    kept_if_stopped,
    out_words,
)

if TYPE_CHECKING:
    from returnsim.analysis.calibration.fit import Progress
    from returnsim.analysis.calibration.ranks import Trial
    from returnsim.experiments.calibration import Fitted
    from returnsim.experiments.cases import LoadedExperiment

MOST_TIES = 8
OF_A_CHECK = "-check"


def calibrate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="EXPERIMENT",
            help="An experiment file (YAML) with `calibration:` and the factors to fit.",
        ),
    ],
    out: Out = None,
    workers: Workers = None,
    engine: Engine = "auto",
    check: Annotated[
        int | None,
        typer.Option(
            min=16,
            metavar="TRIALS",
            help="Fit so many records that the model itself makes instead, to see whether the fit "
            "can be believed.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the fit as JSON.")] = False,
    no_figures: NoFigures = False,
) -> None:
    """Fit an experiment's factors to the record that its base scenario names.

    Writes the posterior for a scenario to take (`posterior: FILE`), and which numbers the record
    identifies and which it does not. Stop it whenever you like: the same command goes on from
    there; of a check only the runs over the prior are kept. A check is written to
    results/NAME-check.
    """
    from returnsim.experiments.calibration import require_libraries
    from returnsim.experiments.files import load_experiment

    experiment = load_experiment(file)
    require_libraries()
    folder = RESULTS / _usual_name(experiment, check) if out is None else out
    started = time.monotonic()

    def say(line: str) -> None:
        typer.echo(f"{experiment.name}: {time.monotonic() - started:5.0f} s: {line}", err=True)

    words = ["returnsim", "calibrate", str(file), *out_words(out), *engine_words(engine)]
    if check is not None:
        words += ["--check", str(check)]
    do = _fit if check is None else partial(_check, trials=check)
    kept = "what was finished is" if check is None else "the runs over the prior are"
    then = "goes on from there" if check is None else "fits the records anew"
    with kept_if_stopped(f"{kept} kept in {folder}: the same command {then}"):
        do(
            experiment,
            folder,
            workers or cores(),
            say,
            shlex.join(words),
            draws=not no_figures,
            engine=engine,
            as_json=json,
        )


def _usual_name(experiment: "LoadedExperiment", check: int | None) -> str:
    """A fit and a check of it each have a folder of their own."""
    name = experiment.name
    return name if check is None or name.endswith(OF_A_CHECK) else f"{name}{OF_A_CHECK}"


def _fit(
    experiment: "LoadedExperiment",
    folder: Path,
    workers: int,
    say: "Progress",
    command: str,
    *,
    draws: bool,
    engine: str,
    as_json: bool,
) -> None:
    from returnsim.experiments.calibration import calibrate as run_calibration
    from returnsim.experiments.calibration_tables import POSTERIOR, summary, write_calibration

    fitted = run_calibration(experiment, folder, workers, progress=say, engine=engine)
    write_calibration(fitted, folder, command, _draw if draws else None)
    if as_json:
        import json

        typer.echo(json.dumps(summary(fitted), indent=2, ensure_ascii=False))
    else:
        _show(fitted)
    typer.echo(
        f"The posterior is {folder / POSTERIOR}; a scenario takes it by `posterior:`", err=True
    )


def _check(
    experiment: "LoadedExperiment",
    folder: Path,
    workers: int,
    say: "Progress",
    command: str,
    *,
    draws: bool,
    engine: str,
    as_json: bool,
    trials: int,
) -> None:
    from returnsim.experiments.calibration import check_fit
    from returnsim.experiments.calibration_tables import RANKS, ranks_as_json, write_ranks

    found = check_fit(experiment, folder, workers, trials, progress=say, engine=engine)
    table = write_ranks(experiment, found, folder, command, _draw_ranks if draws else None)
    if as_json:
        import json

        told = ranks_as_json(experiment, found, table)
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(table.to_string(index=False))
    typer.echo(f"The ranks are in {folder / RANKS}", err=True)


def _draw_ranks(experiment: "LoadedExperiment", found: "list[Trial]", directory: Path) -> str:
    from returnsim.figures.calibration import write_ranks_figure

    return write_ranks_figure(experiment, found, directory)


def _draw(fitted: "Fitted", directory: Path) -> dict[str, str]:
    from returnsim.figures.calibration import write_calibration_figures

    return write_calibration_figures(fitted, directory)


def _show(fitted: "Fitted") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from returnsim.experiments.calibration_tables import said_of, targets_table, ties_of

    console = Console(highlight=False, soft_wrap=False)
    numbers = Table("parameter", "prior", "median", "90 %", "taken away", "", box=box.SIMPLE)
    for prior, said in zip(fitted.priors, said_of(fitted), strict=True):
        numbers.add_row(
            prior.name,
            f"{prior.low:g} to {prior.high:g}",
            f"{said.median:.3g}",
            f"{said.low90:.3g} to {said.high90:.3g}",
            f"{100 * max(said.taken_away, 0):.0f} %",
            said.verdict,
        )
    console.print(numbers)
    rows = Table("target", "observed", "fitted", "90 %", "unit", box=box.SIMPLE)
    for row in targets_table(fitted).itertuples():
        rows.add_row(
            row.target,
            _number(row.observed),
            _number(row.fitted),
            f"{_number(row.low90)} to {_number(row.high90)}",
            row.unit,
        )
    console.print(rows)
    for one, other, r in ties_of(fitted)[:MOST_TIES]:
        typer.echo(f"{one} and {other} are told together only (correlation {r:+.2f})")
    fit = fitted.fit
    typer.echo(
        f"{len(fit.runs.places):,} runs; {fit.posterior.effective:,.0f} effective draws; misfit "
        f"{float(sorted(fit.posterior.discrepancy)[len(fit.posterior.discrepancy) // 2]):.3f} on "
        "the scale of logarithms"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
