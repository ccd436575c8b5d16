"""What a sweep or a comparison has to tell: cases side by side, returns never without the harm."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.errors import ReturnsimError, UsageError
from returnsim.experiments.compare import COLUMNS, Case, Comparison, OutcomeInfo
from returnsim.experiments.tables import EXPERIMENT, OUTCOMES
from returnsim.experiments.verdict_tables import VERDICT
from returnsim.report.compared import (
    POPULATIONS,
    compare_commands,
    compared_in,
    is_of_one_people,
    notes_on,
)
from returnsim.report.content import Block, Commands, Part, Picture, Table, Words
from returnsim.report.of_verdict import verdict_commands
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, damaged, is_outdated, plain, read_table
from returnsim.report.scenarios import Base, differences_said, meaning
from returnsim.report.sides import WORDS_OF, Sides, answer, harm, sides_of, switch
from returnsim.report.words import (
    counted,
    guesses_said,
    limits,
    provenance_table,
    scale_said,
)
from returnsim.results.contents import COMPARED
from returnsim.scenario.files import scenario_hash

if TYPE_CHECKING:
    import pandas as pd

OUTDATED = (
    "The figures beside it are of an earlier sweep and are left out: `returnsim compare`, as it "
    "stands at the end, draws them anew."
)
MOST_COMPARED = 8
"""Cases beyond which the file of an experiment is not read again for what differs in each."""


def part_of_sweep(folder: Path, told: Told) -> Part:
    """Tell of a sweep.

    Parameters
    ----------
    folder : Path
        That `returnsim sweep` has written; with what `returnsim compare` drew of it, if it did.
    told : Told
        Its ``run.json``.
    """
    outdated = is_outdated(folder, told)
    sides = _sides(folder, told, outdated=outdated)
    cases = told.list("cases")
    question = told.text("question", "")
    return Part(
        told.text("title"),
        f"{counted(len(cases), 'case')} of {counted(told.count('replicates'), 'replicate')}, "
        f"{scale_said(told)}; in {plain(folder)}.",
        {
            "question": [Words(question)] if question else [],
            "levers": _levers(folder, told),
            "answer": [*notes_on(told, sides), *answer(sides), *_left_out(folder, told)],
            "figures": [Words(OUTDATED)] if outdated else _pictures(folder, sides.baseline),
            "harm": harm(sides),
            "switch": switch(sides),
            "guesses": guesses_said(told),
            "limits": limits(_failed(told, sides)),
            "provenance": [
                provenance_table(told, [("baseline", plain(sides.baseline))]),
                Commands([told.command(), *compare_commands(folder)]),
            ],
        },
    )


def part_of_comparison(folder: Path) -> Part:
    """Tell of a comparison that lies in a folder of its own."""
    rows, told = _compared(folder), compared_in(folder)
    baseline = told.text("baseline", "") or _baseline(rows, "")
    populations = told.of(POPULATIONS, list, [])
    sides = Sides(rows, baseline, {}, is_of_one_people=len(populations) == 1)
    notes = [Words(plain(note)) for note in told.of("notes", list, [])]
    return Part(
        "Results side by side",
        f"A comparison of {counted(len(sides.cases), 'case')}; in {plain(folder)}.",
        {
            "answer": [*notes, *answer(sides)],
            "figures": pictures_of(folder),
            "harm": harm(sides),
            "switch": switch(sides),
            "guesses": guesses_said(told) if "guesses" in told.content else [],
            "limits": limits(),
            "provenance": _made_of(told),
        },
    )


def _made_of(told: Told) -> list[Block]:
    if "command" not in told.content:
        # Earlier versions did not keep it.
        return [
            Words(
                "This comparison does not say what it was made of: its figures name the cases, "
                "and the folders of those say how they were run."
            )
        ]
    return [
        Words("The folders of its cases say how they were run."),
        Commands([told.command()]),
    ]


def _pictures(folder: Path, baseline: str) -> list[Block]:
    """The figures of a sweep, and what else than the text they tell differences from."""
    pictures = pictures_of(folder)
    theirs = compared_in(folder).text("baseline", baseline)
    if theirs == baseline or not any(isinstance(one, Picture) for one in pictures):
        return pictures
    return [
        Words(
            "`returnsim compare` was told another baseline: the figures and their captions tell "
            f"differences from “{theirs}”, the text tells them from “{baseline}”."
        ),
        *pictures,
    ]


def _left_out(folder: Path, told: Told) -> list[Block]:
    """What lies beside a sweep and was made of other tables than those that are there."""
    place = folder / VERDICT
    if not place.is_dir() or not is_outdated(place, told):
        return []
    return [
        Words(
            f"The verdict in {plain(place)} is of an earlier sweep and is left out; this makes it "
            "anew."
        ),
        Commands(verdict_commands(folder, told)),
    ]


def _sides(folder: Path, told: Told, *, outdated: bool) -> Sides:
    """From the outcomes of every replicate, or where these were not kept from the comparison."""
    outcomes = told.mapping("outcomes")
    titles = {name: plain(info["title"]) for name, info in outcomes.items()}
    if (folder / OUTCOMES).is_file():
        comparison = _comparison(folder, told)
        names = [plain(case.name) for case in comparison.cases]
        return sides_of(comparison, is_of_one_people=is_of_one_people(told, names))
    if not (folder / COMPARED).is_file():
        raise damaged(folder / OUTCOMES, "is missing, and so is compare.csv")
    if outdated:
        raise damaged(folder / OUTCOMES, "is missing, and compare.csv is of an earlier sweep")
    rows = _compared(folder)
    baseline = compared_in(folder).text("baseline", _baseline(rows, told.text("baseline")))
    is_one = is_of_one_people(told, set(rows["case"]))
    return Sides(rows, baseline, titles, is_of_one_people=is_one)


def _baseline(rows: "pd.DataFrame", likely: str) -> str:
    """The case that differs from itself in nothing; the likely one if others do not either."""
    same = rows[rows["difference"] == 0].groupby("case", sort=False).size()
    if same.empty:
        return str(rows["case"].iloc[0])
    return likely if same.get(likely, 0) == same.max() else str(same.idxmax())


def _compared(folder: Path) -> "pd.DataFrame":
    return read_table(folder / COMPARED, WORDS_OF, COLUMNS[3:])


def _comparison(folder: Path, told: Told) -> Comparison:
    import pandas as pd
    import pyarrow as pa

    try:
        outcomes = pd.read_parquet(folder / OUTCOMES)
        by_case = dict(iter(outcomes.groupby("case", sort=False)))
        infos = {
            name: OutcomeInfo(info["title"], info["unit"], info["good"])
            for name, info in told.mapping("outcomes").items()
        }
        cases = tuple(
            Case(
                case["name"],
                case["title"],
                case["factors"],
                by_case[case["name"]]["replicate"].to_numpy(),
                {name: by_case[case["name"]][name].to_numpy() for name in infos},
            )
            for case in told.list("cases")
            if case["name"] in by_case
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise damaged(folder / OUTCOMES, f"is damaged ({type(error).__name__})") from None
    baseline = told.of("baseline", str)
    if baseline not in by_case:
        raise UsageError(f"{folder / OUTCOMES}: has no row of the baseline {baseline!r}; run it")
    return Comparison(
        *(told.text("title"), told.text("question", ""), cases, baseline, infos, {}, ()),
        seed=told.count("seed"),
        guesses=told.count("guesses"),
        numbers=told.count("numbers"),
        weight=told.number("weight"),
    )


def _failed(told: Told, sides: Sides) -> list[str]:
    gone = [plain(case["name"]) for case in told.list("cases")]
    gone = [name for name in gone if name not in sides.cases]
    return [f"Without {', '.join(gone)}: their cells failed."] if gone else []


def _levers(folder: Path, told: Told) -> list[Block]:
    blocks: list[Block] = []
    factors = told.mapping("factors")
    if factors:
        values = {
            name: [case["factors"].get(name) for case in told.list("cases")] for name in factors
        }
        rows = [
            (
                plain(name),
                plain(factor["title"]),
                plain(factor["unit"]) or "as the title says",
                plain(factor["kind"]),
                _span(values[name]),
            )
            for name, factor in factors.items()
        ]
        head = ("factor", "what it is", "unit", "kind", "values")
        blocks.append(Table("What the design varies", head, rows, words=5))
    blocks += _differences(told) or _written(folder)
    return blocks or [Words("What differs between its cases is said by their names alone.")]


def _span(values: Sequence[Any]) -> str:
    there = list(dict.fromkeys(value for value in values if value is not None))
    if len(there) > 6 and all(isinstance(value, int | float) for value in there):
        return f"{len(there):,} values from {min(there):.4g} to {max(there):.4g}"
    return ", ".join(f"{v:.4g}" if isinstance(v, float) else plain(v) for v in there)


def _differences(told: Told) -> list[Block]:
    """From the file of the experiment, if it is there and still gives what was run."""
    from returnsim.experiments.files import load_experiment

    if len(told.list("cases")) > MOST_COMPARED:
        return []
    hashes = {case["name"]: case["scenario_hash"] for case in told.list("cases")}
    try:
        experiment = load_experiment(Path(shlex.split(told.command())[2]))
        scenarios = {case.name: experiment.scenario(case) for case in experiment.cases}
        if {name: scenario_hash(one) for name, one in scenarios.items()} != hashes:
            return []
    except (ReturnsimError, OSError, ValueError, IndexError):
        return []
    base = told.of("baseline", str)
    others = [(name, one) for name, one in scenarios.items() if name != base]
    return differences_said(Base(base, scenarios[base]), others)


def _written(folder: Path) -> list[Block]:
    """What each case changes, as the experiment says it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    file = folder / EXPERIMENT
    if not file.is_file():
        return []
    try:
        cases = YAML(typ="safe").load(file.read_text(encoding="utf-8")).get("cases") or {}
    except (OSError, ValueError, AttributeError, YAMLError):
        raise damaged(file, "is damaged: it is no experiment") from None
    rows = []
    for name, case in cases.items():
        changes = dict(case.get("set") or {}) if isinstance(case, Mapping) else {}
        if isinstance(case, Mapping) and case.get("scenario"):
            rows.append((plain(name), "the scenario", plain(case["scenario"]), ""))
        rows += [
            (plain(name), plain(path), plain(value), meaning(str(path)))
            for path, value in changes.items()
        ]
    head = ("case", "what", "in the case", "what it is, and its unit")
    return [Table("What each case changes", head, rows, words=4)] if rows else []
