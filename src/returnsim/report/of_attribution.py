"""What an attribution has to tell: whose return each lever brought about, and what befell them."""

from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.analysis.summary import NOT_DEFINED
from returnsim.analysis.switch import (
    DID_NOT_RETURN,
    EVERYBODY,
    FEW,
    HARMS,
    RETURNED,
    VOLUNTARY,
    as_if,
    brought_about,
    prevented,
)
from returnsim.experiments.attributed import SWITCH
from returnsim.report.content import Block, Commands, Part, Table, Words
from returnsim.report.pictures import pictures_of
from returnsim.report.reading import Told, damaged, plain, read_table
from returnsim.report.words import (
    guesses_said,
    limits,
    number,
    provenance_table,
    ranged,
    scale_said,
)
from returnsim.scenario.neutral import GUARANTOR

if TYPE_CHECKING:
    import pandas as pd

RATES = tuple(f"{harm}_per_100{end}" for harm in HARMS for end in ("", "_low90", "_high90"))
ENDS = ("people", "low90", "high90")
WORDS_OF = {
    "ever_in_camp": "ever in the camp",
    RETURNED: "returned",
    VOLUNTARY: "voluntary: home by then without it too",
    "delayed": "of these, without it home over a year before",
    "hastened": "hastened: without it home within a year after",
    "not_yet_known": "not yet known: home less than a year ago",
    "in_one_run": "in one run only: without it not there in time",
    DID_NOT_RETURN: "did not return",
    "never_stayed": "never, in either: still in the camp",
    "never_onward": "never, in either: went on elsewhere",
    "never_died": "never, in either: died in the camp",
}


def part_of_attribution(folder: Path, told: Told) -> Part:
    """Tell of an attribution.

    Parameters
    ----------
    folder : Path
        That `returnsim attribute` has written.
    told : Told
        Its ``run.json``.
    """
    words = ("lever", "by", "group", "category")
    table = read_table(folder / SWITCH, words, (*ENDS, *RATES))
    levers = [plain(lever) for lever in told.list("levers")]
    whole = {
        lever: table[(table["lever"] == lever) & (table["by"] == EVERYBODY)].set_index("category")
        for lever in levers
    }
    for lever, rows in whole.items():
        if RETURNED not in rows.index or brought_about(lever) not in rows.index:
            raise damaged(folder / SWITCH, f"has no rows for {lever!r}")
    least = FEW * told.number("weight") / told.count_or_length("replicates")
    return Part(
        told.text("title"),
        f"An attribution by {_pairs(told.count_or_length('replicates'))}, {scale_said(told)}; in "
        f"{plain(folder)}.",
        {
            "question": [
                Words(f"Whose return did {named(lever)} bring about or prevent, and at what harm?")
                for lever in levers
            ],
            "levers": [
                Words(
                    f"Without {named(lever)}: the same camp with {as_if(lever)}, and all else as "
                    "it was."
                )
                for lever in levers
            ],
            "answer": [_answer(lever, rows, least) for lever, rows in whole.items()],
            "figures": pictures_of(folder),
            "harm": [_harm(lever, rows, least) for lever, rows in whole.items()],
            "switch": [_switch(lever, rows) for lever, rows in whole.items()],
            "guesses": guesses_said(told),
            "limits": limits(
                [
                    "Harm is counted to the end of the run: those who returned earlier lived "
                    "longer with the risk."
                ]
            ),
            "provenance": [provenance_table(told), Commands([told.command()])],
        },
    )


def named(lever: str) -> str:
    """What a lever is called in a sentence."""
    if lever.startswith(GUARANTOR):
        return f"the word of {lever.removeprefix(GUARANTOR)}"
    return f"the {lever.replace('_', ' ')}"


def _pairs(number_of: int) -> str:
    return f"{number_of:,} pair{'' if number_of == 1 else 's'} of runs with the same draws"


def _said(rows: "pd.DataFrame", category: str) -> str:
    row = rows.loc[category]
    return ranged(row["people"], row["low90"], row["high90"], "people")


def _rate(rows: "pd.DataFrame", category: str, harm: str, least: float) -> str:
    row, name = rows.loc[category], f"{harm}_per_100"
    if row["people"] < least:
        return "too few to tell" if row["people"] else NOT_DEFINED
    return ranged(row[name], row[f"{name}_low90"], row[f"{name}_high90"], "per 100")


def _answer(lever: str, rows: "pd.DataFrame", least: float) -> Block:
    brought, kept = brought_about(lever), prevented(lever)
    return Words(
        f"Of {_said(rows, RETURNED)} who returned, {_said(rows, brought)} were {brought} by "
        f"{named(lever)}: without it they would have come home more than a year later or never. "
        f"{_said(rows, VOLUNTARY)} would have been home by then without it too. Detained, "
        f"conscripted or killed after return were, per 100 of the {brought}, "
        f"{_rate(rows, brought, 'any_harm', least)}; per 100 of the voluntary, "
        f"{_rate(rows, VOLUNTARY, 'any_harm', least)}. Of those who did not return, "
        f"{_said(rows, kept)} were {kept}: without it they would have been home over a year "
        "before the end. Numbers are means over the pairs, in brackets the middle 90 % of them."
    )


def _switch(lever: str, rows: "pd.DataFrame") -> Block:
    brought, kept = brought_about(lever), prevented(lever)
    words = WORDS_OF | {
        brought: f"{brought}: without it home later still, or never",
        kept: f"{kept}: without it home over a year ago",
        f"{kept}_stayed": "of these, still in the camp",
        f"{kept}_onward": "of these, went on elsewhere",
        f"{kept}_died": "of these, died in the camp",
        f"{kept}_not_yet_known": "not yet known: without it home in the last year",
    }
    told = [
        (
            words.get(str(name), plain(name)),
            number(row["people"], "people"),
            f"{number(row['low90'], 'people')} to {number(row['high90'], 'people')}",
        )
        for name, row in rows.iterrows()
    ]
    caption = f"Everyone who was in the camp, by what the same people did without {named(lever)}"
    return Table(caption, ("people", "mean", "middle 90 %"), told)


def _harm(lever: str, rows: "pd.DataFrame", least: float) -> Block:
    returned = (RETURNED, VOLUNTARY, "hastened", brought_about(lever), "not_yet_known")
    heads = [harm.replace("any_harm", "any of the last three") for harm in HARMS]
    told = [
        (
            name.replace("_", " "),
            _said(rows, name),
            *(_rate(rows, name, harm, least) for harm in HARMS),
        )
        for name in returned
    ]
    caption = f"Harm per 100 who returned, by what the same people did without {named(lever)}"
    return Table(caption, ("", "returned, people", *heads), told)
