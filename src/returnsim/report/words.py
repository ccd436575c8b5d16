"""Numbers and sentences of a report: every number from a result, none typed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from returnsim.analysis.summary import NOT_DEFINED, as_text
from returnsim.report.content import Block, Points, Table, Words
from returnsim.report.reading import Told, plain

SHOWN_HASH = 12
MIDDLE = "the middle 90 % of the replicates"
NOT_SUMS = (
    "The disappeared were detained before, and some of the killed died in detention: these numbers "
    "are not to be added up."
)
LIMITS = (
    "This is no forecast, of the camp or of anyone in it. It shows what would follow if the model "
    "and its numbers were right.",
    "The model knows households as a few numbers. What a family weighs, fears and hopes for is "
    "more than these, and nothing here says what any family will do or ought to do.",
    "The ranges are of luck, and of what was drawn or varied. That the model itself may be wrong "
    "is in none of them.",
    "Voluntary is said of one lever: the same people would have been home by then without it too. "
    "What else pressed them is the same in both runs. It does not make a return free or safe.",
    "Harm that nobody counted is not in it, nor is harm that comes after the last week.",
    "It must never serve to select people, to plan a return without those who would make it, or "
    "to judge that a return is safe.",
)


def number(value: float, unit: str = "", *, sign: bool = False) -> str:
    """A number in its unit, to what it can bear; with its sign where it is a difference."""
    if math.isnan(value):
        return NOT_DEFINED
    text = as_text(value, unit)
    if text.lstrip("-0.,") == "":
        return text.lstrip("-")
    return f"+{text}" if sign and value > 0 else text.replace("-", "−")


def ranged(middle: float, low: float, high: float, unit: str, *, sign: bool = False) -> str:
    """A number with its range in brackets, or alone where there is none."""
    shown, *ends = (number(v, unit, sign=sign) for v in (middle, low, high))
    if math.isnan(low) or math.isnan(high) or shown == ends[0] == ends[1]:
        return shown
    return f"{shown} ({ends[0]} to {ends[1]})"


def general(value: float) -> str:
    """A number of no unit in particular."""
    if math.isnan(value):
        return NOT_DEFINED
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")


def listed(words: Iterable[str]) -> str:
    """Words in a row, the last with an *and*."""
    *first, last = words
    return f"{'; '.join(first)}; and {last}" if first else last


def counted(count: int, word: str) -> str:
    """So many of something."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def guesses_said(told: Told) -> list[Block]:
    """How many of the numbers are guesses."""
    guesses, numbers = told.count("guesses"), told.count("numbers")
    share = f" ({100 * guesses / numbers:.0f} %)" if numbers else ""
    return [
        Words(
            f"{guesses:,} of the {numbers:,} numbers that it rests on{share} are guesses without a "
            "source. What is drawn from a posterior was fitted to what was observed, and is not "
            "counted among them."
        )
    ]


def scale_said(told: Told) -> str:
    """How large the simulated camp is."""
    # Of a sweep, a fit or a study it is what was asked for; earlier versions did not tell it apart.
    households = told.content.get("households", told.content.get("households_asked"))
    if not isinstance(households, int):
        return "the whole camp, household by household"
    weight = told.content.get("weight")
    if isinstance(weight, int | float) and weight != 1:
        return f"{households:,} households, each person standing for {weight:.3g} of the camp's"
    return f"{households:,} households"


def provenance_table(told: Told, more: Sequence[tuple[str, str]] = ()) -> Table:
    """Everything that a result says of how it was made."""
    versions = told.mapping("versions")
    content = told.content
    rows = [("seed", f"{told.count('seed')}")] if "seed" in content else []
    if "replicates" in content:
        rows.append(("replicates", f"{told.count_or_length('replicates'):,}"))
    if {"households", "households_asked"} & content.keys():
        rows.append(("scale", scale_said(told)))
    rows += more
    if "scenario_hash" in content:
        rows.append(("scenario", told.text("scenario_hash")[:SHOWN_HASH]))
    rows += [("engine", engine) for engine in _engines(content)]
    rows += [(plain(name), plain(version)) for name, version in versions.items()]
    platform: Any = content.get("platform")
    if isinstance(platform, dict):
        rows.append(("machine", plain(" ".join(map(str, platform.values())))))
    if "created" in content:
        rows.append(("made on", told.text("created")))
    return Table("What it was made with", ("", ""), rows, words=2)


def _engines(content: Mapping[str, Any]) -> list[str]:
    """What stepped the runs, each once; earlier versions did not say it of a single run."""
    if isinstance(content.get("engine"), str):
        return [plain(content["engine"])]
    made = content.get("engines")
    cells = made if isinstance(made, list) else []
    return list(dict.fromkeys(plain(one["engine"]) for one in cells))


def limits(more: Sequence[str] = ()) -> list[Block]:
    """What no report of this kind can tell, and what else to know of this one."""
    return [Points([*more, *LIMITS])]
