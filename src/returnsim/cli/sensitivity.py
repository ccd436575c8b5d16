"""``returnsim sensitivity``: which of the things that nobody knows move the outcomes."""

import math
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from returnsim.cli.options import (
    RESULTS,
    Engine,
    NoFigures,
    Out,
    Scheduler,
    Workers,
    engine_words,
    goes_on,
    kept_if_stopped,
    out_words,
)
from returnsim.cli.sweep import MOST_FAILURES, shown_progress, site_of

if TYPE_CHECKING:
    from returnsim.experiments.cases import LoadedExperiment
    from returnsim.experiments.execute import Site
    from returnsim.experiments.sensitivity_runs import Studied
    from returnsim.experiments.sweep import Tally

LEAST_WIDTH, MOST_WIDTH = 80, 110
LONGEST_NAME = 30


def sensitivity(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="EXPERIMENT",
            help="An experiment file (YAML) with `factors` and a section `sensitivity`.",
        ),
    ],
    out: Out = None,
    workers: Workers = None,
    engine: Engine = "auto",
    scheduler: Scheduler = None,
    json: Annotated[bool, typer.Option("--json", help="Print the study as JSON.")] = False,
    no_figures: NoFigures = False,
) -> None:
    """Tell which factors move the outcomes, how much alone and together, and when.

    Screens all factors by elementary effects, then tells first-order and total indices of those
    that matter. Stop it whenever you like: the same command goes on from there.
    """
    from returnsim.experiments.files import load_experiment
    from returnsim.experiments.sensitivity_runs import check_study, run_study
    from returnsim.experiments.sensitivity_tables import as_json, write_study
    from returnsim.experiments.verdict_tables import as_text

    experiment = load_experiment(file)
    folder = RESULTS / experiment.name if out is None else out
    check_study(experiment, folder)
    command = shlex.join(
        ["returnsim", "sensitivity", str(file), *out_words(out), *engine_words(engine)]
    )
    stages = _Stages(site_of(workers, scheduler, engine), command)
    with kept_if_stopped(goes_on(folder)):
        studied = run_study(experiment, folder, stages.run)
        write_study(studied, folder, command, None if no_figures else _draw)
        if json:
            typer.echo(as_text(as_json(studied, command)), nl=False)
        else:
            for line in _lines(studied):
                typer.echo(line)
    what = "tables are" if no_figures else "tables and the figures are"
    typer.echo(f"The {what} in {folder}", err=True)
    if stages.failed:
        raise typer.Exit(1)


class _Stages:
    """Sweeps one stage after the other, and tells of what failed."""

    def __init__(self, site: "Site", command: str) -> None:
        self.site = site
        self.command = command
        self.failed = 0

    def run(self, experiment: "LoadedExperiment", folder: Path, stage: str) -> "Tally":
        """Run what is missing of a stage."""
        from returnsim.experiments.sweep import STORE, sweep

        with shown_progress(f"{experiment.name}, {stage}") as progress:
            tally = sweep(experiment, folder, self.site, command=self.command, progress=progress)
        self.failed += tally.failed
        for failure in tally.failures[:MOST_FAILURES]:
            typer.echo(
                f"failed: {failure.case!r} (cell {failure.key[:12]}): {failure.reason}", err=True
            )
        if tally.failed:
            typer.echo(
                f"{tally.failed:,} failed; each with its error in {folder / STORE / 'failed'}. "
                "The study goes without; the same command tries them again",
                err=True,
            )
        return tally


def _draw(studied: "Studied", folder: Path) -> dict[str, str]:
    from returnsim.figures.sensitivity import write_sensitivity_figures

    return write_sensitivity_figures(studied, folder)


def _width() -> int:
    from shutil import get_terminal_size

    return min(MOST_WIDTH, max(LEAST_WIDTH, get_terminal_size().columns))


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(text, _width(), initial_indent=indent, subsequent_indent=indent)


def _lines(studied: "Studied") -> Iterator[str]:
    told = studied.experiment.experiment
    yield from _wrapped(told.title)
    yield from _wrapped(told.question)
    yield ""
    yield from _screening_lines(studied)
    yield ""
    yield "Total and first-order indices of those kept, and what more of the factor makes"
    for outcome in studied.study.effects:
        yield from _outcome_lines(studied, outcome)
    yield ""
    for note in _notes(studied):
        yield from _wrapped(note)


def _screening_lines(studied: "Studied") -> Iterator[str]:
    from returnsim.experiments.sensitivity import rule_in_words

    study = studied.study
    number = len(study.factors)
    yield from _wrapped(
        f"Screening of {number} factors by {study.settings.trajectories} trajectories: the largest "
        f"mean effect of each, in % of the largest in that outcome. {rule_in_words(study.settings)}"
    )
    width = min(LONGEST_NAME, max(map(len, study.factors)))
    for factor in sorted(study.factors, key=lambda name: -study.scores[name]):
        kept = "kept" if factor in study.kept else ""
        share = f"{100 * study.scores[factor]:>4.0f}  {kept:4}"
        yield f"  {_short(factor, width)}  {share}  {_strongest(studied, factor)}"


def _strongest(studied: "Studied", factor: str) -> str:
    """The outcome in which a factor's share is the largest."""
    study = studied.study
    place = study.factors.index(factor)
    shares = {
        name: study.effects[name].mu_star[place] / study.effects[name].mu_star.max()
        for name in study.voices
    }
    return max(shares, key=lambda name: shares[name])


def _outcome_lines(studied: "Studied", outcome: str) -> Iterator[str]:
    from returnsim.experiments.sensitivity_tables import (
        direction,
        drivers_of,
        nothing_told,
        outcome_infos,
        percent,
    )

    study, info = studied.study, outcome_infos(studied)[outcome]
    indices = study.indices[outcome]
    driving = drivers_of(study, outcome)
    head = f"{info['title'][:1].upper()}{info['title'][1:]}"
    if not driving:
        yield from _wrapped(f"{head}: {nothing_told(indices)}")
        return
    luck = "" if math.isnan(indices.noise) else f"; luck {percent(indices.noise)}"
    spread = f"{_number(indices.mean)} ± {_number(indices.deviation)}"
    unit = "" if info["unit"] in {"", "per 100"} else f", {info['unit']}"
    yield from _wrapped(f"{head}{unit}: {spread} over the ranges{luck}")
    width = min(LONGEST_NAME, max(map(len, study.kept)))
    for i in driving:
        total = _ends(indices.total[i], indices.total_low[i], indices.total_high[i])
        first = _ends(indices.first[i], indices.first_low[i], indices.first_high[i])
        way = direction(study, outcome, study.kept[i])
        yield f"  {_short(study.kept[i], width)}  {total}  alone {first}  {way}".rstrip()
    rest = [name for i, name in enumerate(study.kept) if i not in driving]
    if rest:
        yield from _wrapped(f"little or nothing: {', '.join(rest)}", "  ")


def _notes(studied: "Studied") -> Iterator[str]:
    from returnsim.experiments.sensitivity_tables import (
        CAVEATS,
        LEAST_TOLD,
        dropped,
        said_of,
    )

    study, said = studied.study, said_of(studied)
    rest = dropped(study)
    if rest:
        yield f"Of little matter to any outcome within their ranges: {', '.join(rest)}."
    yield (
        f"Told are factors with a total index of {LEAST_TOLD:g} or more, of outcomes that are not "
        "mostly luck; ± is the standard deviation; in brackets 90 % "
        f"bootstrap intervals, from {study.settings.samples} base points. {CAVEATS[0]}"
    )
    yield (
        f"Luck is what {said['replicates']} replicates leave of it in their mean, as a share of "
        "the variance over the points; all points share the same draws, so that it blurs the "
        "comparison of points less than that."
    )
    silent = [name for name in study.effects if name not in study.voices]
    if silent:
        yield (
            "Without a say in the screening, for they are mostly luck, do not move, or are not "
            f"known yet: {', '.join(silent)}."
        )
    if study.trajectories_lost:
        yield (
            f"{study.trajectories_lost} of {study.settings.trajectories} trajectories are left "
            "out, for a run in them failed."
        )
    if study.groups_lost:
        yield (
            f"{study.groups_lost} of {study.settings.samples} groups of points are left out, for a "
            "run in them failed."
        )
    yield CAVEATS[1]
    yield (
        f"{said['guesses']} of the {said['numbers']} numbers are guesses without a source. This "
        "shows what follows from them; it is not a forecast."
    )


def _ends(value: float, low: float, high: float) -> str:
    return f"{_index(value)} ({_index(low)} to {_index(high)})"


def _index(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _short(name: str, width: int) -> str:
    return f"{name if len(name) <= width else name[: width - 1] + '…':{width}}"
