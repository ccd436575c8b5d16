"""The table of ``returnsim attribute`` for a reader, and as plain data."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.analysis.followed import Followed
from returnsim.analysis.switch import (
    DID_NOT_RETURN,
    EVER,
    EVERYBODY,
    FEW,
    HARMS,
    MEN,
    RETURNED,
    VOLUNTARY,
    as_if,
    brought_about,
    called,
    categories,
    cautions,
    fewest,
    prevented,
)

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 80
NAME, BETWEEN = 52, 18
HARM_NAME, HARM = 15, 13
GROUP, COLUMNS = 25, (9, 9, 10, 10, 8, 9)
HARM_WORDS = ("held", "detained", "conscripted", "killed", "harmed")
NOBODY, TOO_FEW = "nobody", "few"
"""Stand where a rate is not defined, as nobody returned, and where it would say little."""
CROSSINGS = {
    "men": "men of conscription age in the household, as it entered the camp",
    "head_age": "age of its head at the start",
    "wanted": "somebody wanted in it",
    "origin": "its origin",
}
SHORT = dict(zip(MEN, ("some", "none"), strict=True))


def as_text(runs: Sequence[Followed], table: "pd.DataFrame") -> str:
    """Lay out the switch tables for a terminal.

    Parameters
    ----------
    runs : sequence of Followed
        One for each lever.
    table : pandas.DataFrame
        Their `switch_table`.

    Returns
    -------
    str
        Lines of at most 80 characters.
    """
    lines = textwrap.wrap(runs[0].trajectories.scenario.title, WIDTH)
    for run in runs:
        lines += ["", *_of_lever(run, table[table["lever"] == run.lever])]
    return "\n".join([*lines, "", *_rests_on(runs[0])])


def as_json(runs: Sequence[Followed], table: "pd.DataFrame", folder: Path) -> str:
    """Write the same as plain data: every row of the table, and what it rests on."""
    import json

    from returnsim.results.identity import identity_of

    trajectories = runs[0].trajectories
    guesses, numbers = trajectories.scenario.guesses()
    said: dict[str, Any] = {
        "scenario": trajectories.scenario.name,
        "title": trajectories.scenario.title,
        **identity_of(trajectories)._asdict(),
        "weight": trajectories.weight,
        "numbers": numbers,
        "guesses": guesses,
        "without": {run.lever: as_if(run.lever or "") for run in runs},
        "notes": cautions_of(runs),
        "results": str(folder),
        # pandas writes what is not defined as null.
        "switch": json.loads(table.to_json(orient="records", double_precision=10)),
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def cautions_of(runs: Sequence[Followed]) -> list[str]:
    """What a reader must know, each once."""
    return list(dict.fromkeys(caution for run in runs for caution in cautions(run)))


def _of_lever(run: Followed, rows: "pd.DataFrame") -> Iterator[str]:
    lever = run.lever or ""
    heading = f"Without {lever}: the same camp with {as_if(lever)}, and all else as it was"
    yield from textwrap.wrap(heading, WIDTH)
    for caution in cautions(run):
        yield from textwrap.wrap(f"Note: {caution}.", WIDTH)
    whole = rows[rows["by"] == EVERYBODY].set_index("category")
    yield ""
    yield f"{'people':{NAME}}{'mean':>{WIDTH - NAME - BETWEEN}}{'middle 90 %':>{BETWEEN}}"
    for name, words in _in_words(lever).items():
        row = whole.loc[name]
        between = f"{row['low90']:,.0f} to {row['high90']:,.0f}"
        yield (f"{words:{NAME}}{row['people']:>{WIDTH - NAME - BETWEEN},.0f}{between:>{BETWEEN}}")
    yield ""
    yield "harm per 100 returned; harmed: people detained, conscripted or killed"
    yield " " * HARM_NAME + "".join(f"{word:>{HARM}}" for word in HARM_WORDS)
    for category in categories(lever):
        if RETURNED in (category.name, category.part_of):
            row = whole.loc[category.name]
            yield from _harm_lines(called(category.name, lever), row, fewest(run))
    yield from _crossings(lever, rows, fewest(run))


def _in_words(lever: str) -> Mapping[str, str]:
    """Each row in plain words, in the order to read them, indented by what it is a part of."""
    brought, kept = brought_about(lever), prevented(lever)
    return {
        EVER: "ever in the camp",
        RETURNED: "  returned",
        VOLUNTARY: "    voluntary: without it home by then too",
        "delayed": "      of these, without it home over a year before",
        "hastened": "    hastened: without it home within a year after",
        brought: f"    {brought}: without it home later still, or never",
        "not_yet_known": "    not yet known: home less than a year ago",
        "in_one_run": "    in one run only: without it not there in time",
        DID_NOT_RETURN: "  did not return",
        kept: f"    {kept}: without it home over a year ago",
        f"{kept}_stayed": "      of these, still in the camp",
        f"{kept}_onward": "      of these, went on elsewhere",
        f"{kept}_died": "      of these, died in the camp",
        f"{kept}_not_yet_known": "    not yet known: without it home in the last year",
        "never_stayed": "    never, in either: still in the camp",
        "never_onward": "    never, in either: went on elsewhere",
        "never_died": "    never, in either: died in the camp",
    }


def _harm_lines(name: str, row: "pd.Series[Any]", least: float) -> Iterator[str]:
    columns = [f"{harm}_per_100" for harm in HARMS]
    name = "in one run" if name == "in one run only" else name
    values = [_rate(row[c], row["people"], least) for c in columns]
    yield f"{name:{HARM_NAME}}" + "".join(f"{value:>{HARM}}" for value in values)
    if row["people"] >= least:
        ends = [f"{_number(row[f'{c}_low90'])} to {_number(row[f'{c}_high90'])}" for c in columns]
        yield " " * HARM_NAME + "".join(f"{end:>{HARM}}" for end in ends)


def _crossings(lever: str, rows: "pd.DataFrame", least: float) -> Iterator[str]:
    brought, kept = brought_about(lever), prevented(lever)
    yield ""
    share, harmed = sum(COLUMNS[:3]), sum(COLUMNS[3:5])
    yield f"{'':{GROUP}}{'% of':>{share}}{'harmed per 100':>{harmed}}"
    yield _line("people", (RETURNED, brought, RETURNED, VOLUNTARY, brought, kept))
    for by, words in CROSSINGS.items():
        yield words
        for group, of in rows[rows["by"] == by].groupby("group", sort=False):
            row = of.set_index("category")
            values = (
                f"{row.loc[RETURNED, 'people']:,.0f}",
                f"{row.loc[brought, 'people']:,.0f}",
                _rate(row.loc[brought, "share_of_returned"], row.loc[RETURNED, "people"], least),
                *(
                    _rate(row.loc[name, "any_harm_per_100"], row.loc[name, "people"], least)
                    for name in (VOLUNTARY, brought)
                ),
                f"{row.loc[kept, 'people']:,.0f}",
            )
            yield _line(f"  {_shown(str(group))}", values)


def _line(name: str, values: Sequence[str]) -> str:
    ends = (f"{value:>{width}}" for value, width in zip(values, COLUMNS, strict=True))
    return f"{name:{GROUP}}{''.join(ends)}".rstrip()


def _shown(name: str) -> str:
    most, name = GROUP - 3, SHORT.get(name, name)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _rate(value: float, people: float, least: float) -> str:
    if people == 0:
        return NOBODY
    return _number(value) if people >= least else TOO_FEW


def _number(value: float) -> str:
    """So many per hundred, to what it can bear."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _rests_on(run: Followed) -> list[str]:
    trajectories = run.trajectories
    number, households = len(trajectories.replicates), trajectories.households
    scale = "" if trajectories.weight == 1 else f", each for {trajectories.weight:.3g}"
    paragraphs = (
        "Harm is counted to the end of the run: those who returned earlier lived longer with the "
        f"risk. Few: rates of fewer than {FEW} simulated people, in all replicates; they, and the "
        "ranges of the groups, are in switch.csv.",
        "Voluntary is said of the one lever: what else pressed them is the same in both runs.",
        f"{number:,} pair{'' if number == 1 else 's'} of replicates with the same draws, seed "
        f"{trajectories.seed}, of {households:,} households{scale}, from "
        f"{trajectories.scenario.start} on. {trajectories.scenario.rests_on()}",
        "The labels are of the model's people, and of no family. This shows what follows from "
        "the numbers; it is not a forecast.",
    )
    return [line for text in paragraphs for line in textwrap.wrap(text, WIDTH)]
