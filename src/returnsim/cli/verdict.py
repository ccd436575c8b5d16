"""``returnsim verdict``: which policy is better, over everything that nobody knows."""

import math
import shlex
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
    from returnsim.experiments.compare import Comparison
    from returnsim.experiments.execute import Site
    from returnsim.experiments.frontier import Spread
    from returnsim.experiments.sweep import Tally
    from returnsim.experiments.verdict import Judgement, Verdict

LEAST_WIDTH, MOST_WIDTH = 80, 110
FIRST_TOLD = ("safe_voluntary", "harmed", "pushed", "hardship", "died_in_camp")
IN_THE_TABLE = (
    *(f"{h}{per}" for h in ("detained", "conscripted", "killed") for per in ("", "_per_100")),
    *("held", "disappeared"),
)
"""Outcomes that the terminal does not tell of every pair."""
MEASURES = {
    "safe_voluntary": ("safe", "voluntary"),
    "harmed": ("harm after", "return"),
    "hardship": ("hardship", "in camp"),
    "died_in_camp": ("died", "in camp"),
    "pushed_share": ("pushed by", "the siege"),
}
NARROWEST_NAME, SHARES_WIDTH = 14, 34
USUALLY_PUSHED = 0.1
GAP = "  "


Experiment = Annotated[
    Path,
    typer.Argument(
        metavar="EXPERIMENT",
        help="An experiment file (YAML): its cases are policies, its factors what nobody knows, "
        "sampled.",
    ),
]
ReturnsAlone = Annotated[
    bool,
    typer.Option("--returns-alone", help="Also rank by returns alone, which is refused otherwise."),
]
PushedAtMost = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="Largest share of the returns that the siege may push of a policy on the frontier.",
    ),
]


def verdict(
    file: Experiment,
    out: Out = None,
    workers: Workers = None,
    engine: Engine = "auto",
    scheduler: Scheduler = None,
    returns_alone: ReturnsAlone = False,
    pushed_at_most: PushedAtMost = USUALLY_PUSHED,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    no_figures: NoFigures = False,
) -> None:
    """Tell which policy is better, over everything that nobody knows.

    Runs what is missing of the experiment, judges every two policies point by point with the same
    draws, and says where it is not decidable. Policies are ranked by safe voluntary returns
    against harm and suffering, never by returns alone.
    """
    from returnsim.experiments.verdict_tables import VERDICT, as_json, as_text, write_verdict

    experiment = _prepared(file, returns_alone)
    folder = RESULTS / experiment.name if out is None else out
    site = site_of(workers, scheduler, engine)
    command = _command(file, out, engine, pushed_at_most, returns_alone=returns_alone)
    with kept_if_stopped(goes_on(folder)):
        tally = _run(experiment, folder, site, command)
        found, comparison = _found(experiment, folder, pushed_at_most)
        write_verdict(found, comparison, folder / VERDICT, command, None if no_figures else _draw)
        if json:
            typer.echo(as_text(as_json(found, comparison, command)), nl=False)
        else:
            for line in _lines(found, comparison, returns_alone=returns_alone):
                typer.echo(line)
    what = "tables are" if no_figures else "tables and the figures are"
    typer.echo(f"The {what} in {folder / VERDICT}", err=True)
    if tally.failed:
        raise typer.Exit(1)


def _prepared(file: Path, returns_alone: bool) -> "LoadedExperiment":
    from returnsim.experiments.discovery import require_tree
    from returnsim.experiments.files import load_experiment
    from returnsim.experiments.unknowns import prepared_verdict

    experiment = prepared_verdict(load_experiment(file), returns_alone=returns_alone)
    # What is missing is better told before the sweep than after it.
    require_tree()
    return experiment


def _command(
    file: Path, out: Path | None, engine: str, pushed_at_most: float, *, returns_alone: bool
) -> str:
    """What to type to have the same tables again, paths as they were typed."""
    words = ["returnsim", "verdict", str(file), *out_words(out), *engine_words(engine)]
    if pushed_at_most != USUALLY_PUSHED:
        words += ["--pushed-at-most", f"{pushed_at_most:g}"]
    return shlex.join([*words, *["--returns-alone"] * returns_alone])


def _run(
    experiment: "LoadedExperiment",
    folder: Path,
    site: "Site",
    command: str,
) -> "Tally":
    """Run what is missing; tell of what failed."""
    from returnsim.experiments.sweep import STORE, sweep

    with shown_progress(experiment.name) as progress:
        tally = sweep(experiment, folder, site, command=command, progress=progress)
    for failure in tally.failures[:MOST_FAILURES]:
        typer.echo(
            f"failed: {failure.case!r} (cell {failure.key[:12]}): {failure.reason}", err=True
        )
    if tally.failed:
        typer.echo(
            f"{tally.failed:,} failed; each with its error in {folder / STORE / 'failed'}. The "
            "verdict goes without their points; the same command tries them again",
            err=True,
        )
    return tally


def _found(
    experiment: "LoadedExperiment", folder: Path, pushed_at_most: float
) -> "tuple[Verdict, Comparison]":
    from dataclasses import replace

    from returnsim.experiments.reading import load_comparison
    from returnsim.experiments.tables import run_of, told_cells
    from returnsim.experiments.unknowns import notes_of, sample_of
    from returnsim.experiments.verdict import verdict_of

    failed = {row["case"] for row in told_cells(folder) if row["state"] == "failed"}
    whole = [case.name for case in experiment.cases if case.name not in failed]
    # The baseline plays no part here: that it failed should not stand in the way.
    comparison = load_comparison([folder], whole[0] if whole else None)
    comparison = replace(comparison, notes=notes_of(experiment, run_of(folder)))
    sample = sample_of(experiment, comparison, failed)
    return verdict_of(sample, pushed_at_most), comparison


def _draw(verdict: "Verdict", comparison: "Comparison", folder: Path) -> dict[str, str]:
    from returnsim.figures.verdict import write_verdict_figures

    return write_verdict_figures(verdict, comparison, folder)


def _width() -> int:
    from shutil import get_terminal_size

    return min(MOST_WIDTH, max(LEAST_WIDTH, get_terminal_size().columns))


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(text, _width(), initial_indent=indent, subsequent_indent=indent)


def _lines(verdict: "Verdict", comparison: "Comparison", *, returns_alone: bool) -> Iterator[str]:
    yield from _wrapped(comparison.title)
    yield from _wrapped(comparison.question)
    yield ""
    yield from _policy_lines(verdict)
    if returns_alone:
        yield ""
        yield from _returns_lines(verdict)
    for outcome in _told(verdict):
        yield ""
        yield from _outcome_lines(verdict, outcome)
    yield ""
    for note in _notes(verdict, comparison):
        yield from _wrapped(note)


def _told(verdict: "Verdict") -> list[str]:
    judged = dict.fromkeys(one.outcome for one in verdict.judgements)
    return list(dict.fromkeys((*FIRST_TOLD, *(n for n in judged if n not in IN_THE_TABLE))))


def _notes(verdict: "Verdict", comparison: "Comparison") -> Iterator[str]:
    import numpy as np

    from returnsim.experiments.frontier import UNTOLD
    from returnsim.experiments.unknowns import SAFE_IN_WORDS
    from returnsim.experiments.verdict import RULE

    sample = verdict.sample
    yield SAFE_IN_WORDS
    unknown = max(np.nan_to_num(one.measures[UNTOLD].mean) for one in verdict.standings)
    if unknown > 0:
        yield (
            f"Of up to {unknown:.1%} of a policy's returns it cannot be told whether they were "
            "pushed, for it is too early or the person is in one of the two runs only; they count "
            "as neither."
        ).replace("%", " %")
    yield (
        f"The space: {sample.points} points over {len(sample.axes)} parameters that nobody knows. "
        f"{RULE} In brackets the 90 % interval of the share."
    )
    if sample.left_out:
        yield f"{sample.left_out} more points are left out, for cells failed."
    if verdict.boxes_sought:
        yield (
            f"Boxes, {verdict.boxes_sought} sought: coverage is how many of the points in which "
            "that policy is better lie within; density, in how many of the points within it is; "
            "held out, the same for points that had no part in the search. Boxes no better than "
            "chance are not told."
        )
    yield from comparison.notes
    yield (
        f"{comparison.guesses} of the {comparison.numbers} numbers are guesses without a source. "
        "This shows what follows from them; it is not a forecast."
    )


def _policy_lines(verdict: "Verdict") -> Iterator[str]:
    from returnsim.experiments.frontier import in_words

    number = verdict.sample.points
    yield f"Every policy: its mean over the {number} points, below it the middle 90 % of them"
    ranked = sorted(verdict.standings, key=lambda one: -one.measures["safe_voluntary"].mean)
    rows = [("", *(words[place] for words in MEASURES.values())) for place in (0, 1)]
    for one in ranked:
        spreads = {name: one.measures[name] for name in MEASURES}
        mark = "*" if one.is_on_frontier else " "
        rows.append((f"{mark} {one.policy}", *(_number(n, s.mean) for n, s in spreads.items())))
        rows.append(("", *(_ends(name, spread) for name, spread in spreads.items())))
    yield from _table(rows)
    yield ""
    for sentence in in_words(verdict.standings, verdict.pushed_at_most):
        yield from _wrapped(sentence)


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as they need to be, the first cut where the terminal ends."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    others = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
    first = max(NARROWEST_NAME, min(widths[0], _width() - others))
    for name, *cells in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield GAP.join((_short(name, first), *right)).rstrip()


def _returns_lines(verdict: "Verdict") -> Iterator[str]:
    """The ranking that is refused unless it is asked for, with the harm beside it all the same."""
    yield "By returns alone, as was asked for, with the harm beside them"
    ranked = sorted(verdict.standings, key=lambda one: -one.measures["returned"].mean)
    rows: list[tuple[str, ...]] = [("", "returned", "harm after return", "pushed by the siege")]
    for place, one in enumerate(ranked, start=1):
        cells = (_number(n, one.measures[n].mean) for n in ("returned", "harmed", "pushed_share"))
        rows.append((f"{place} {one.policy}", *cells))
    yield from _table(rows)
    yield from _wrapped(
        "This order leaves out whether people went of their own will, what became of them, and "
        "what it is like for those who stay: starving people out brings a policy to its head."
    )


def _outcome_lines(verdict: "Verdict", outcome: str) -> Iterator[str]:
    info = verdict.sample.outcomes[outcome]
    judged = [one for one in verdict.judgements if one.outcome == outcome]
    decided = sorted((one for one in judged if one.is_decided), key=_most_first)
    undecided = [one for one in judged if one.is_undecided]
    width = max(len(name) for name in verdict.sample.policies)
    width = max(NARROWEST_NAME, min(width, (_width() - SHARES_WIDTH) // 2))
    yield from _wrapped(f"{info.title[:1].upper()}{info.title[1:]} ({info.good} is better)")
    fewest = min(one.points for one in judged)
    if fewest < verdict.sample.points:
        least = f"{fewest} of {verdict.sample.points} points at least"
        yield from _wrapped(f"Shares are of the points at which both have one: {least}", GAP)
    if decided:
        yield _pair("better", "than", "in % of the space", width)
    for one in decided:
        yield _pair(one.better, one.worse, _share_of(one), width)
    if undecided:
        yield _pair("not decidable", "or", "in % of the space", width)
    for one in undecided:
        yield _pair(one.policy, one.other, _shares_of(one), width)
        yield from _box_lines(one)
    for one in judged:
        if not (one.is_decided or one.is_undecided):
            yield from _wrapped(one.in_words(), GAP)


def _most_first(one: "Judgement") -> float:
    return -one.share


def _pair(one: str, other: str, told: str, width: int) -> str:
    return GAP.join(("", _short(one, width), _short(other, width), told))


def _share_of(one: "Judgement") -> str:
    rest = min(one.policy_better, one.other_better)
    worse = f", worse in {_whole(rest / one.points)}" if rest else ""
    return f"{_whole(one.share):>3} ({_whole(one.low)} to {_whole(one.high)}){worse}"


def _shares_of(one: "Judgement") -> str:
    first, second = (n / one.points for n in (one.policy_better, one.other_better))
    return f"{_whole(first):>3} or {_whole(second)}, none told in {_whole(1 - first - second)}"


def _box_lines(one: "Judgement") -> Iterator[str]:
    from returnsim.experiments.verdict_tables import flips_in_words

    for line in flips_in_words(one):
        yield from _wrapped(line, GAP * 3)


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _short(name: str, width: int) -> str:
    return f"{name if len(name) <= width else name[: width - 1] + '…':{width}}"


def _number(name: str, value: float) -> str:
    if math.isnan(value):
        return "none"
    if name.endswith("_share"):
        return f"{100 * value:.0f} %"
    return f"{value:.2f}" if name == "hardship" else f"{value:,.0f}"


def _ends(name: str, spread: "Spread") -> str:
    ends = (_number(name, end).removesuffix(" %") for end in (spread.low90, spread.high90))
    return "–".join(ends)
