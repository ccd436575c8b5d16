"""``returnsim compare``: results side by side, every difference one of the same people's luck."""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from returnsim.cli.options import NoFigures, kept_if_stopped, out_words

if TYPE_CHECKING:
    from returnsim.experiments.compare import Case, Comparison

FIRST_TOLD = (
    "returned",
    "pushed",
    "not_yet_known",
    "detained_per_100",
    "conscripted_per_100",
    "killed_per_100",
    "held",
    "disappeared",
    "in_camp",
    "died_in_camp",
)
TOLD_PER_100 = ("detained", "conscripted", "killed")
"""Harm that the terminal tells per hundred only; the table has the numbers of people too."""
MOST_CASES = 12
NUMBERS_WIDTH = 44
NARROWEST_NAME = 34


def compare(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Folders of sweeps or of runs.")
    ],
    baseline: Annotated[
        str | None, typer.Option(help="The case that others are compared with.")
    ] = None,
    outcome: Annotated[
        list[str] | None, typer.Option(help="Tell this outcome; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for table and figures; that of the result by default."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    no_figures: NoFigures = False,
) -> None:
    """Put results side by side and tell how they differ.

    Replicate by replicate the same households met the same luck in every case, so a difference is
    the doing of what differs. The harm stands beside the returns, asked for or not.
    """
    from returnsim.experiments.compare import table
    from returnsim.experiments.reading import load_comparison
    from returnsim.experiments.written import write_results
    from returnsim.results.contents import COMPARED

    comparison = load_comparison(results, baseline, outcome or ())
    told = _told(comparison, results, _command(results, baseline, outcome, out))
    folder = out or _usual_folder(results)
    rows = table(comparison)
    draw = None if no_figures else partial(_draw, comparison)
    with kept_if_stopped(f"what was written is kept in {folder}: the same command writes the rest"):
        write_results(folder, "the comparison", {COMPARED: rows}, {}, draw, told=told)
        if json:
            typer.echo(rows.to_json(orient="records", indent=1, double_precision=10))
        else:
            _print(comparison, outcome or ())
    what = "The table is" if no_figures else "The table and the figures are"
    typer.echo(f"{what} in {folder}", err=True)


def _draw(comparison: "Comparison", folder: Path) -> dict[str, str]:
    from returnsim.figures.comparison import write_comparison_figures

    return write_comparison_figures(comparison, folder)


def _told(comparison: "Comparison", results: list[Path], command: str) -> dict[str, Any]:
    """What a reader of the table must know, which does not stand in it."""
    from returnsim.experiments.written import MADE_OF
    from returnsim.report.compared import POPULATIONS, populations_in

    populations = set[str]().union(*map(populations_in, results))
    return {
        MADE_OF: comparison.fingerprint,
        "command": command,
        "baseline": comparison.baseline,
        "notes": list(comparison.notes),
        "guesses": comparison.guesses,
        "numbers": comparison.numbers,
        POPULATIONS: sorted(populations),
    }


def _command(
    results: list[Path], baseline: str | None, outcomes: list[str] | None, out: Path | None
) -> str:
    """What to type to have the same comparison again, paths as they were typed."""
    words = ["returnsim", "compare", *map(str, results)]
    if baseline is not None:
        words += ["--baseline", baseline]
    for outcome in outcomes or ():
        words += ["--outcome", outcome]
    return shlex.join([*words, *out_words(out)])


def _usual_folder(results: list[Path]) -> Path:
    if len(results) == 1:
        return results[0]
    return Path("results") / "-".join(["compare", *(path.resolve().name for path in results)])


def _print(comparison: "Comparison", asked: "list[str] | tuple[str, ...]") -> None:
    told = [name for name in comparison.outcomes if asked or name not in TOLD_PER_100]
    told.sort(key=lambda name: FIRST_TOLD.index(name) if name in FIRST_TOLD else len(FIRST_TOLD))
    width = _name_width(comparison)
    typer.echo(comparison.title)
    if comparison.question:
        typer.echo(comparison.question)
    for name in told or comparison.outcomes:
        _print_outcome(comparison, name, width)
    typer.echo("")
    lines = [
        f"Differences from {comparison.baseline!r} are of the same replicates with the same draws; "
        "in brackets the 90 % interval of their mean.",
        *comparison.notes,
        f"{comparison.guesses} of the {comparison.numbers} numbers are guesses without a source. "
        "This shows what follows from them; it is not a forecast.",
    ]
    for line in lines:
        typer.echo(line)


def _name_width(comparison: "Comparison") -> int:
    """As wide as the longest name, as far as the terminal allows."""
    from shutil import get_terminal_size

    names = [len(case.name) + 2 for case in comparison.cases]
    longest = max(*names, *(len(_head(comparison, name)) for name in comparison.outcomes))
    return max(NARROWEST_NAME, min(longest, get_terminal_size().columns - NUMBERS_WIDTH))


def _head(comparison: "Comparison", name: str) -> str:
    info = comparison.outcomes[name]
    return info.title if info.unit in ("people", "per 100", "") else f"{info.title}, {info.unit}"


def _print_outcome(comparison: "Comparison", name: str, width: int) -> None:
    head = _head(comparison, name)
    typer.echo(f"\n{head:{width}}  {'median':>9}  difference")
    cases = sorted(comparison.cases, key=lambda case: case.name != comparison.baseline)
    for case in cases[:MOST_CASES]:
        typer.echo(_line(comparison, case, name, width))
    if len(cases) > MOST_CASES:
        typer.echo(f"  and {len(cases) - MOST_CASES:,} more in compare.csv")


def _line(comparison: "Comparison", case: "Case", name: str, width: int) -> str:
    import math

    import numpy as np

    shown = case.name if len(case.name) <= width - 2 else case.name[: width - 3] + "…"
    values = case.outcomes[name]
    there = values[~np.isnan(values)]
    unit = comparison.outcomes[name].unit
    median = _number(float(np.median(there)), unit) if len(there) else "none"
    line = f"  {shown:{width - 2}}  {median:>9}"
    if case.name == comparison.baseline:
        return f"{line}  baseline"
    d = comparison.difference(case, name)
    if d.is_none:
        return f"{line}  the same"
    if math.isnan(d.mean):
        return line
    if math.isnan(d.low):
        return f"{line}  {_number(d.mean, unit, sign=True)} (one pair)"
    ends = f"{_number(d.low, unit, sign=True)} to {_number(d.high, unit, sign=True)}"
    return f"{line}  {_number(d.mean, unit, sign=True)} ({ends})"


def _number(value: float, unit: str, *, sign: bool = False) -> str:
    plus = "+" if sign else ""
    places = 0 if unit == "people" else 2
    # Adding zero makes minus zero zero.
    return f"{round(value, places) + 0.0:{plus},.{places}f}"
