"""What became of those who returned, by when and under whose word, and of those who stayed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.analysis.followed import Followed
from returnsim.analysis.periods import (
    ANY,
    WHOLE,
    Measure,
    Periods,
    Rows,
    counted,
    lines,
    periods_of,
    ratio,
    table,
    with_whole,
)
from returnsim.analysis.returns import HARM_KINDS
from returnsim.analysis.simulated import camp_at_start
from returnsim.analysis.summary import WEEKS_PER_MONTH
from returnsim.analysis.survival import (
    FIRST_KINDS,
    UNHARMED,
    Lives,
    followed_for_a_year,
    incidence,
    lives_of,
    weekly_risk,
)
from returnsim.core.inputs import Class
from returnsim.core.record import CLASS_NAMES

if TYPE_CHECKING:
    import pandas as pd

COHORTS, BEFORE = "after return", "after a return before the record"
SINCE, SHARES = "by weeks since return", "share harmed"
SINCE_OF_A_YEAR = "by weeks since return, of those followed for a year"
STAYED = "in camp"
EVERYONE, MEN = "everyone", CLASS_NAMES[Class.MEN_CONSCRIPTION_AGE]
HARMED = "harmed"
FINE_WEEKS, FINE_UNTIL, COARSE_WEEKS = 4, 52, 13
MARKS = (4, 13, 26)
"""Weeks at which the share harmed is told, and every year from then on."""
PER_RETURNED, PER_FAMILIES = "per 100 returned", "per 100 families returned"


class View(NamedTuple):
    """Some of those who returned.

    Attributes
    ----------
    guarantor, who : str
        Under whose word, and whether everyone or the men of conscription age.
    chosen : array, shape (P,)
        Of `Lives`.
    """

    guarantor: str
    who: str
    chosen: Bool[np.ndarray, "P"]


def harm_ledger(followed: Followed) -> "pd.DataFrame":
    """Tell the harm after return by cohort, by weeks since return and by guarantor.

    Parameters
    ----------
    followed : Followed
        A run in which every return was followed.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` of ``analysis.periods``; for the same scenario the same rows in the same
        order. ``guarantor`` is a name or ``(any)``, ``who`` is everyone or men_conscription_age
        (as they returned). ``mean`` is over the replicates for counts and of all replicates
        together for shares and rates; the others are percentiles over the replicates in which the
        number is defined. Counts are people, or families, of the real camp. By ``part``:

        after return
            Of those who returned in a period (``group``; ``all``: in the weeks recorded), whenever
            it befell them, as far as the run goes: ``followed`` says how far that is. ``detained``
            counts arrests, so that the sums are those of the weekly record. ``harmed`` are people
            detained, conscripted or killed at least once; their rate is the first harms in the
            time at risk of one. A family has had two people or more; it is told in each period in
            which members of it returned, and ``harmed`` if one of them was detained, conscripted,
            killed or disappeared. ``left in stages`` are households of which two or more left, with
            somebody staying behind, as the weekly record has them.
        after a return before the record
            Harm in the weeks recorded to those who had returned before them.
        by weeks since return
            First harms, and the time at risk of one, by weeks since return (1 is that of the
            return); of everyone, and again of those followed for a year, who are the same people
            throughout it (``analysis.survival.followed_for_a_year`` says why that matters).
        share harmed
            Kaplan-Meier and, by kind, Aalen-Johansen estimates (``analysis.survival.curves``), and
            how many were still at risk in the last of these weeks: of few, little can be said.
        in camp
            Want and deaths in the camp in each period: to stay is not harmless either.
    """
    trajectories = followed.trajectories
    lives, periods, weight = lives_of(followed), periods_of(trajectories), trajectories.weight
    chosen = list(views(lives, trajectories.scenario.guarantor_names))
    families = _families(followed)
    groups = (WHOLE, *periods.names)
    rows: list[tuple[object, ...]] = []
    for view in chosen:
        measures = _after_return(lives, view.chosen, len(periods.names), weight)
        measures += _of_families(lives, view.chosen, families, len(periods.names), weight)
        if view.guarantor == ANY and view.who == EVERYONE:
            measures += _in_stages(followed, periods)
        rows += lines(Rows(COHORTS, *view[:2], groups), measures)
    rows += lines(Rows(BEFORE, ANY, EVERYONE, (WHOLE,)), _before(followed))
    a_year = followed_for_a_year(lives)
    for part, whom in ((SINCE, np.ones_like(a_year)), (SINCE_OF_A_YEAR, a_year)):
        for view in chosen:
            of = view._replace(chosen=view.chosen & whom)
            rows += _since_return(lives, of, weight, part)
    for view in chosen:
        rows += _share_harmed(lives, view, weight)
    rows += lines(Rows(STAYED, ANY, EVERYONE, groups), _stayed(followed, periods))
    return table(rows)


def views(lives: Lives, guarantors: tuple[str, ...]) -> Iterator[View]:
    """Everyone who returned, the men of conscription age, and everyone by guarantor."""
    yield View(ANY, EVERYONE, np.ones(len(lives.time), dtype=bool))
    yield View(ANY, MEN, lives.person_class == Class.MEN_CONSCRIPTION_AGE)
    for g, name in enumerate(guarantors):
        yield View(name, EVERYONE, lives.guarantor == g)


def bin_edges(weeks: int) -> Int64[np.ndarray, "bins_plus_1"]:
    """Where bins of weeks since return begin, and where the last ends: fine first, then coarse."""
    coarse = range(FINE_UNTIL, weeks, COARSE_WEEKS)
    return np.array([*range(0, min(FINE_UNTIL, weeks), FINE_WEEKS), *coarse, weeks])


def bin_names(edges: Int64[np.ndarray, "bins_plus_1"]) -> tuple[str, ...]:
    """Say which weeks a bin holds, counted from 1, that of the return."""
    ends = zip((edges[:-1] + 1).tolist(), edges[1:].tolist(), strict=True)
    return tuple(f"weeks {a} to {b}" if a < b else f"week {a}" for a, b in ends)


def _by_period(
    lives: Lives, of: np.ndarray, number: int, amount: np.ndarray | None = None
) -> Float[np.ndarray, "R P_plus_1"]:
    """Count people (or add up an amount of theirs) by replicate: all, then by period."""
    cell = lives.replicate[of] * number + lives.period[of]
    shape = (lives.replicates, number)
    return with_whole(np.bincount(cell, amount, minlength=shape[0] * shape[1]).reshape(shape))


def _after_return(
    lives: Lives, chosen: Bool[np.ndarray, "P"], number: int, weight: float
) -> list[Measure]:
    of = np.flatnonzero(chosen)
    returned = weight * _by_period(lives, of, number)
    reach, time = (
        weight * _by_period(lives, of, number, weeks[of]) for weeks in (lives.reach, lives.time)
    )
    theirs = chosen[lives.harm_person]
    befell = {"held on the way": np.flatnonzero(chosen & lives.held)}
    for k, kind in enumerate(HARM_KINDS):
        befell[kind] = lives.harm_person[theirs & (lives.harm_kind == k)]
    befell[HARMED] = np.flatnonzero(chosen & (lives.kind != UNHARMED))
    counts = {name: weight * _by_period(lives, rows, number) for name, rows in befell.items()}
    return [
        counted("returned", "people", returned),
        ratio("followed", "weeks a person", reach, returned),
        *(counted(name, "people", count) for name, count in counts.items()),
        *(ratio(name, PER_RETURNED, count, returned, 100) for name, count in counts.items()),
        counted("at risk", "person-weeks", time),
        ratio(HARMED, "per 1,000 person-weeks", counts[HARMED], time, 1000),
    ]


def _families(followed: Followed) -> Bool[np.ndarray, "R N"]:
    """Which households have ever been of two people or more."""
    fates, returns = followed.others.fates, followed.returns
    cell = np.ravel_multi_index((returns.replicate, returns.household), fates.shape[:2])
    gone = np.bincount(cell, minlength=fates.shape[0] * fates.shape[1])
    return np.asarray(fates.sum(axis=(2, 3)) + gone.reshape(fates.shape[:2]) > 1)


def _of_families(
    lives: Lives,
    chosen: Bool[np.ndarray, "P"],
    families: Bool[np.ndarray, "R N"],
    number: int,
    weight: float,
) -> list[Measure]:
    def count(of: np.ndarray) -> np.ndarray:
        there = np.zeros((*families.shape, number), dtype=bool)
        there[lives.replicate[of], lives.household[of], lives.period[of]] = True
        there &= families[..., None]
        whole = there.any(axis=2).sum(axis=1)
        return weight * np.column_stack([whole, there.sum(axis=1)])

    returned = count(np.flatnonzero(chosen))
    harmed = count(lives.harm_person[chosen[lives.harm_person]])
    return [
        counted("families returned", "families", returned),
        counted("families harmed", "families", harmed),
        ratio("families harmed", PER_FAMILIES, harmed, returned, 100),
    ]


def _in_stages(followed: Followed, periods: Periods) -> list[Measure]:
    left, split = (
        with_whole(periods.sums(followed.trajectories[f"departing_households{name}"]))
        for name in ("", "_split")
    )
    return [
        counted("left in stages", "households", split),
        ratio("left in stages", "per 100 households that left", split, left, 100),
    ]


def _before(followed: Followed) -> list[Measure]:
    """What befell those who had returned before the weeks recorded, in these weeks."""
    trajectories, returns, harms = followed.trajectories, followed.returns, followed.harms
    first, number = int(trajectories.weeks[0]), len(trajectories.replicates)
    early = returns.week < first
    theirs = early[harms.person] & (harms.week >= first)

    def count(replicate: np.ndarray) -> np.ndarray:
        return trajectories.weight * np.bincount(replicate, minlength=number)[:, None]

    by_kind = [
        count(returns.replicate[harms.person[theirs & (harms.kind == k)]])
        for k in range(len(HARM_KINDS))
    ]
    return [
        counted("returned", "people", count(returns.replicate[early])),
        *(counted(name, "people", n) for name, n in zip(HARM_KINDS, by_kind, strict=True)),
    ]


def _since_return(lives: Lives, view: View, weight: float, part: str) -> list[tuple[object, ...]]:
    edges = bin_edges(lives.weeks)
    weekly = weekly_risk(lives, view.chosen)
    at_risk = weight * np.add.reduceat(weekly.at_risk, edges[:-1], axis=1)
    by_kind = weight * np.add.reduceat(weekly.harmed, edges[:-1], axis=2)
    harmed = {HARMED: by_kind.sum(axis=0)}
    harmed |= {f"{name} first": n for name, n in zip(FIRST_KINDS, by_kind, strict=True)}
    measures = [
        counted("at risk", "person-weeks", at_risk),
        *(counted(name, "people", n) for name, n in harmed.items()),
        *(ratio(name, "per 1,000 person-weeks", n, at_risk, 1000) for name, n in harmed.items()),
    ]
    return lines(Rows(part, *view[:2], bin_names(edges)), measures)


def _share_harmed(lives: Lives, view: View, weight: float) -> list[tuple[object, ...]]:
    marks = [m for m in (*MARKS, *range(52, lives.weeks + 1, 52)) if m <= lives.weeks]
    found = incidence(lives, view.chosen)
    at_risk = weight * weekly_risk(lives, view.chosen).at_risk
    names = (HARMED, *(f"{name} first" for name in FIRST_KINDS))
    rows = []
    for mark in marks:
        of = Rows(SHARES, *view[:2], (f"within {mark} weeks",))
        rows += lines(of, [counted("at risk in the last", "people", at_risk[:, mark - 1, None])])
        for name, spread in zip(names, (found.harmed, *found.by_kind), strict=True):
            values = (100 * float(curve[mark]) for curve in spread)
            rows.append((*of[:3], *of.groups, name, PER_RETURNED, *values))
    return rows


def _stayed(followed: Followed, periods: Periods) -> list[Measure]:
    trajectories = followed.trajectories
    ends = trajectories["camp_population"]
    starts = np.column_stack([camp_at_start(trajectories), ends[:, :-1]])
    hardship = trajectories["hardship"]

    def sums(weekly: np.ndarray) -> np.ndarray:
        return with_whole(periods.sums(weekly))

    lived, hungry, died = (
        sums(v) for v in (ends, trajectories["hungry"], trajectories["died_in_camp"])
    )
    months = sums((starts + ends) / 2 / WEEKS_PER_MONTH)
    told = ~np.isnan(hardship)
    return [
        counted("in camp", "person-weeks", lived),
        counted("hungry", "person-weeks", hungry),
        ratio("hungry", "per 100 person-weeks", hungry, lived, 100),
        counted("without care", "household-weeks", sums(trajectories["without_care"])),
        counted("died in camp", "people", died),
        ratio("died in camp", "per 1,000 person-months", died, months, 1000),
        ratio("hardship", "0 to 1", sums(np.where(told, hardship, 0.0)), sums(1.0 * told)),
    ]
