"""Which returns a lever brought about, which it prevented, and what befell those who returned.

Everyone who ever was in the camp in the run with the lever is in one row, by what became of them
and by what they did in the same camp without the lever.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.analysis.attribution import LABELS, NOT_YET_KNOWN, WEEKS_HASTENED
from returnsim.analysis.followed import FATES, Followed, Others
from returnsim.analysis.quantities import per_hundred
from returnsim.analysis.returns import (
    CONSCRIPTED_KIND,
    DETAINED_KIND,
    HARM_KINDS,
    KILLED_KIND,
)
from returnsim.analysis.summary import percentiles
from returnsim.scenario.neutral import GUARANTOR

if TYPE_CHECKING:
    import pandas as pd

EVER, RETURNED, DID_NOT_RETURN = "ever_in_camp", "returned", "did_not_return"
VOLUNTARY, EVERYBODY = "voluntary", "everybody"
AFTER_RETURN = (DETAINED_KIND, CONSCRIPTED_KIND, KILLED_KIND)
HARMS = ("held", *(HARM_KINDS[kind] for kind in AFTER_RETURN), "any_harm")
"""Held on the way; detained, conscripted and killed after return, an event each; and those whom one
of these three befell at least once, a person each."""

MEN = ("men of conscription age", "no men of conscription age")
AGES = (35, 60)
FEW = 100
"""Rates of fewer simulated people than this, in all replicates, say little."""

MIDDLE_90 = (5.0, 95.0)
AS_IF: Mapping[str, str] = {
    "siege": "no siege",
    "aid": "aid for everyone",
    "medical": "care open to everyone",
    "corridor": "the way home open, without limit",
    "exit_ban": "nobody barred from leaving",
    "threat": "no threat at home",
    "conscription": "nobody conscripted",
    "services": "services at home as ordinary",
    "transport": "a journey that costs nothing",
    "onward": "no way to go on elsewhere",
    "arrivals": "nobody who arrives later",
    "news": "no news from home",
}
"""What it is to be without each lever."""


class Category(NamedTuple):
    """A row: its name, and the row of which it is a part."""

    name: str
    part_of: str


class Switch(NamedTuple):
    """The rows of some groups of households, one number a replicate, in simulated people.

    Attributes
    ----------
    by : str
        What the groups are told apart by.
    groups : tuple of str
        Their names.
    people : array, shape (R, G, C)
        By `categories`.
    harm : array, shape (R, G, C, H)
        `HARMS` to them; NaN where a category is not of returns.
    """

    by: str
    groups: tuple[str, ...]
    people: Float[np.ndarray, "R G C"]
    harm: Float[np.ndarray, "R G C H"]


class Away(NamedTuple):
    """Those who did not return, household by household and by `FATES`, in simulated people.

    Attributes
    ----------
    prevented : array, shape (R, N, F)
        They had returned without the lever, more than a year before the end.
    not_yet_known : array, shape (R, N, F)
        They had returned without it within the last year.
    never : array, shape (R, N, F)
        They did not return without it either.
    """

    prevented: Float[np.ndarray, "R N F"]
    not_yet_known: Float[np.ndarray, "R N F"]
    never: Float[np.ndarray, "R N F"]


class Crossing(NamedTuple):
    """Households by some trait of theirs."""

    by: str
    groups: tuple[str, ...]
    group: Int64[np.ndarray, "R N"]


def categories(lever: str) -> tuple[Category, ...]:
    """The rows in their order, in words that fit the lever.

    Parameters
    ----------
    lever : str
        A siege pushes and traps, a guarantor induces; what else prevents a return deters.

    Returns
    -------
    tuple of Category
        Those that are part of ``returned`` and of ``did_not_return`` together are everybody.
    """
    kept = prevented(lever)
    voluntary, *others = labels_of(lever)
    return (
        Category(EVER, ""),
        Category(RETURNED, EVER),
        Category(voluntary, RETURNED),
        Category("delayed", voluntary),
        *(Category(label, RETURNED) for label in others),
        Category(DID_NOT_RETURN, EVER),
        Category(kept, DID_NOT_RETURN),
        *(Category(f"{kept}_{fate}", kept) for fate in FATES),
        Category(f"{kept}_not_yet_known", DID_NOT_RETURN),
        *(Category(f"never_{fate}", DID_NOT_RETURN) for fate in FATES),
    )


def labels_of(lever: str) -> list[str]:
    """The names of ``attribution.LABELS``, in words that fit the lever."""
    return [brought_about(lever) if label == "pushed" else label for label in LABELS]


def brought_about(lever: str) -> str:
    """What returns are called that come about with the lever only."""
    return "induced" if lever.startswith(GUARANTOR) else "pushed"


def prevented(lever: str) -> str:
    """What they are called who would have returned without the lever only."""
    return "trapped" if lever == "siege" else "deterred"


def called(label: str, lever: str) -> str:
    """Name of a label in plain words that fit the lever."""
    words = {"pushed": brought_about(lever), "in_one_run": "in one run only"}
    return words.get(label, label).replace("_", " ")


def as_if(lever: str) -> str:
    """What it is to be without the lever, in words."""
    if lever.startswith(GUARANTOR):
        return f"{lever.removeprefix(GUARANTOR)} never there to be asked"
    return AS_IF[lever]


def switch_table(runs: Sequence[Followed]) -> "pd.DataFrame":
    """Lay out which returns some levers brought about and prevented, and the harm.

    Parameters
    ----------
    runs : sequence of Followed
        One for each lever.

    Returns
    -------
    pandas.DataFrame
        A row a lever, group and category, in a fixed order. ``people`` are of the real camp, mean
        over replicates, with the 5th and 95th percentile; shares in percent; harm per 100 people
        returned over all replicates together, with the percentiles of the replicates that have a
        return. NaN where something is not defined.
    """
    import pandas as pd

    tables = [
        _as_table(found, run) for run in runs for found in (count(run, c) for c in crossings(run))
    ]
    return pd.concat(tables, ignore_index=True)


def crossings(run: Followed) -> tuple[Crossing, ...]:
    """Everybody, and the households by each of their traits.

    Parameters
    ----------
    run : Followed
        Any.
    """
    traits = run.traits
    young, old = AGES
    ages = (f"head under {young}", f"head {young} to {old - 1}", f"head {old} and over")
    return (
        Crossing(EVERYBODY, (EVERYBODY,), np.zeros(traits.origin.shape, dtype=np.int64)),
        Crossing("men", MEN, (~traits.has_men).astype(np.int64)),
        Crossing("head_age", ages, np.digitize(traits.head_age, AGES)),
        Crossing("wanted", ("somebody wanted", "nobody wanted"), (~traits.wanted).astype(np.int64)),
        Crossing("origin", run.trajectories.scenario.origin_names, traits.origin),
    )


def count(run: Followed, crossing: Crossing) -> Switch:
    """Count the rows of every group of a crossing, replicate by replicate.

    Parameters
    ----------
    run : Followed
        With a lever.
    crossing : Crossing
        Of the same run.
    """
    lever = run.lever or ""
    labels, kept = labels_of(lever), prevented(lever)
    by_label, harm = _returned(run, crossing)
    away = {
        name: np.stack([_by_group(of[..., f], crossing) for f in range(len(FATES))], axis=-1)
        for name, of in did_not_return(run.others)._asdict().items()
    }
    returned, gone = by_label.sum(axis=-1), sum(of.sum(axis=-1) for of in away.values())
    people = {
        EVER: returned + gone,
        RETURNED: returned,
        **dict(zip(labels, np.moveaxis(by_label, -1, 0), strict=True)),
        "delayed": _by_group(run.others.delayed.sum(axis=2), crossing),
        DID_NOT_RETURN: gone,
        kept: away["prevented"].sum(axis=-1),
        f"{kept}_not_yet_known": away["not_yet_known"].sum(axis=-1),
    }
    for f, fate in enumerate(FATES):
        people |= {f"{kept}_{fate}": away["prevented"][..., f]}
        people |= {f"never_{fate}": away["never"][..., f]}
    harmed = {RETURNED: harm.sum(axis=2), **dict(zip(labels, np.moveaxis(harm, 2, 0), strict=True))}
    unknown = np.full((*returned.shape, len(HARMS)), np.nan)
    rows = [row.name for row in categories(lever)]
    return Switch(
        crossing.by,
        crossing.groups,
        np.stack([people[name] for name in rows], axis=-1),
        np.stack([harmed.get(name, unknown) for name in rows], axis=-2),
    )


def did_not_return(others: Others) -> Away:
    """Those who did not return, by what they did without the lever and by where they are.

    Where more return without the lever than did not return of the same class with it, the others of
    the household come next: members grow from one class into another. More than did not return are
    never counted. Fates are in the proportion of those of the same class.

    Parameters
    ----------
    others : Others
        Of a run.
    """
    fates = others.fates.astype(np.int64)
    left = fates.sum(axis=3)
    kept = np.minimum(others.deterred, left)
    unknown = np.minimum(others.not_yet_known, left - kept)
    spare = left - kept - unknown
    room = spare.sum(axis=2)
    more_kept = np.minimum((others.deterred - kept).sum(axis=2), room)
    more_unknown = np.minimum((others.not_yet_known - unknown).sum(axis=2), room - more_kept)
    shares = fates / np.maximum(left, 1)[..., None]

    def where(people: np.ndarray) -> np.ndarray:
        return np.asarray((shares * people[..., None]).sum(axis=2))

    def part(people: np.ndarray) -> np.ndarray:
        return np.asarray(where(spare) * (people / np.maximum(room, 1))[..., None])

    return Away(
        where(kept) + part(more_kept),
        where(unknown) + part(more_unknown),
        part(room - more_kept - more_unknown),
    )


def is_harmed(run: Followed) -> np.ndarray:
    """Who was detained, conscripted or killed after the return, shape (P,).

    Parameters
    ----------
    run : Followed
        Any.
    """
    harmed = np.zeros(len(run.label), dtype=bool)
    harmed[run.harms.person[np.isin(run.harms.kind, AFTER_RETURN)]] = True
    return harmed


def fewest(run: Followed) -> float:
    """So many people, mean over the replicates, are `FEW` in all."""
    return FEW * run.trajectories.weight / len(run.trajectories.replicates)


def cautions(run: Followed) -> tuple[str, ...]:
    """What a reader must know before the table, a line each: labels that cannot be known yet.

    Parameters
    ----------
    run : Followed
        With a lever.
    """
    weeks, brought = run.trajectories.scenario.weeks, brought_about(run.lever or "")
    if weeks <= WEEKS_HASTENED:
        return (
            f"nobody can be told to be {brought}: that takes a year after the return, and the run "
            f"has {weeks} weeks",
        )
    unknown = float(per_hundred(np.sum(run.label == NOT_YET_KNOWN), np.array(len(run.label))))
    if unknown > 50:
        return (
            f"without {run.lever}: {unknown:.0f} % of the returns are not yet known; run a year "
            "beyond the weeks that you ask about",
        )
    return ()


def _returned(run: Followed, crossing: Crossing) -> tuple[np.ndarray, np.ndarray]:
    """The returned by label, shape (R, G, labels), and with another axis `HARMS` to them."""
    who, harms, persons = run.returns, run.harms, len(run.label)
    shape = (len(crossing.group), len(crossing.groups), len(LABELS))
    group = crossing.group[who.replicate, who.household]
    cell = np.ravel_multi_index((who.replicate, group, run.label), shape)
    events = [
        np.bincount(harms.person[harms.kind == kind], minlength=persons) for kind in AFTER_RETURN
    ]
    each = (np.ones(persons), who.held, *events, is_harmed(run))
    counts = [
        np.bincount(cell, weights=column, minlength=int(np.prod(shape))).reshape(shape)
        for column in each
    ]
    return counts[0], np.stack(counts[1:], axis=-1)


def _by_group(people: np.ndarray, crossing: Crossing) -> np.ndarray:
    """Sum over the households of each group, shape (R, G)."""
    shape = (len(crossing.group), len(crossing.groups))
    cell = np.arange(shape[0])[:, None] * shape[1] + crossing.group
    total = np.bincount(cell.ravel(), weights=people.ravel(), minlength=int(np.prod(shape)))
    return total.reshape(shape)


def _as_table(found: Switch, run: Followed) -> "pd.DataFrame":
    import pandas as pd

    lever, weight, people = run.lever or "", run.trajectories.weight, found.people
    rows = categories(lever)
    replicates, groups, _ = people.shape
    is_return = [row.name == RETURNED or row.part_of in (RETURNED, VOLUNTARY) for row in rows]
    low, high = percentiles(people.reshape(replicates, -1) * weight, MIDDLE_90)
    columns = {
        "lever": lever,
        "by": found.by,
        "group": np.repeat(found.groups, len(rows)),
        "category": [row.name for row in rows] * groups,
        "part_of": [row.part_of for row in rows] * groups,
        "people": people.mean(axis=0).ravel() * weight,
        "low90": low,
        "high90": high,
        **_ratio("share_of_group", people, people[..., :1]),
        **_ratio("share_of_returned", people, np.where(is_return, people[..., 1:2], 0.0)),
    }
    for number, name in enumerate(HARMS):
        columns |= _ratio(f"{name}_per_100", found.harm[..., number], people)
    return pd.DataFrame(columns)


def _ratio(name: str, part: np.ndarray, whole: np.ndarray) -> dict[str, np.ndarray]:
    """Per hundred over all replicates together, and the range of the replicates."""
    whole = np.broadcast_to(whole, part.shape)
    low, high = percentiles(per_hundred(part, whole).reshape(len(part), -1), MIDDLE_90)
    return {
        name: per_hundred(part.sum(axis=0), whole.sum(axis=0)).ravel(),
        f"{name}_low90": low,
        f"{name}_high90": high,
    }
