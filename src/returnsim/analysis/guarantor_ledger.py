"""What each guarantor's word was worth: promises kept and broken, and what was believed of it."""

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.analysis.followed import Followed
from returnsim.analysis.harm_ledger import EVERYONE, MEN
from returnsim.analysis.periods import (
    WHOLE,
    Measure,
    Periods,
    Rows,
    counted,
    lines,
    periods_of,
    ratio,
    table,
)
from returnsim.analysis.returns import CONSCRIPTED_KIND, DISAPPEARED_KIND
from returnsim.analysis.survival import FIRST_KINDS, UNHARMED, Lives, by_replicate, curves, lives_of
from returnsim.assemble import inputs_of, plan_of
from returnsim.core.inputs import Class

if TYPE_CHECKING:
    import pandas as pd

PROMISES, CREDIBILITY = "promises", "credibility"
PER_TRUSTED = "per 100 who trusted it"


class Promises(NamedTuple):
    """What became of the promise made to each of those who returned, row for row of `Lives`.

    Attributes
    ----------
    weeks : int
        How long it is looked at: ``behaviour.horizon_weeks``, in whole weeks.
    time : array, shape (P,)
        Weeks from the return to the breach, or as far as it is looked at or the run goes.
    breach : array, shape (P,)
        What broke it first, a place in `FIRST_KINDS`, or `UNHARMED`.
    kept : array, shape (P,)
        Whether all these weeks have passed without a breach.
    drafted_late : array, shape (P,)
        Whether they were conscripted in these weeks after the deferral was over; no breach.
    """

    weeks: int
    time: Int64[np.ndarray, "P"]
    breach: Int64[np.ndarray, "P"]
    kept: Bool[np.ndarray, "P"]
    drafted_late: Bool[np.ndarray, "P"]


class Credibility(NamedTuple):
    """Believed against true of one guarantor, by period.

    Attributes
    ----------
    people, men : array, shape (R, P)
        Who returned under it, and of them the men of conscription age, in people of the real camp.
    believed, believed_men : Measure
        Mean trust in it over the weeks of the period: of all households in camp, and of those with
        a man of conscription age.
    true, unheld : Measure
        Share of the men who stayed unharmed, in the sense of a promise, and of those who moreover
        had not been held on the way.
    gap : Measure
        What the households with such men believed, less what was true of the men who went.
    """

    people: Float[np.ndarray, "R P"]
    men: Float[np.ndarray, "R P"]
    believed: Measure
    believed_men: Measure
    true: Measure
    unheld: Measure
    gap: Measure


def guarantor_ledger(followed: Followed) -> "pd.DataFrame":
    """Tell who trusted each guarantor, what became of its promise, and what was believed of it.

    A promise is broken when someone who returned under it is detained, killed, or conscripted
    before the deferral in force that week is over, within ``behaviour.horizon_weeks`` of the
    return: as in the news that the model's households hear, but for those held on the way, who are
    told beside it. It is kept when those weeks have passed without, and not yet due otherwise.

    Parameters
    ----------
    followed : Followed
        A run in which every return was followed.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` of ``analysis.periods``, as in the harm ledger; for the same scenario the
        same rows in the same order. By ``part``:

        promises
            Of those who returned in the weeks recorded: everyone, and the men of conscription age.
            The last row of each says how many promises are broken in the end, by Kaplan-Meier, as
            those not yet due have been followed for less long.
        credibility
            By period, what `credibility_of` says.
    """
    lives, periods = lives_of(followed), periods_of(followed.trajectories)
    promises = promises_of(followed, lives)
    rows: list[tuple[object, ...]] = []
    for g, name in enumerate(followed.trajectories.scenario.guarantor_names):
        theirs = lives.guarantor == g
        men = theirs & (lives.person_class == Class.MEN_CONSCRIPTION_AGE)
        for who, chosen in ((EVERYONE, theirs), (MEN, men)):
            measures = _kept(lives, promises, chosen, followed.trajectories.weight)
            rows += lines(Rows(PROMISES, name, who, (WHOLE,)), measures)
    for g, name in enumerate(followed.trajectories.scenario.guarantor_names):
        found = credibility_of(followed, lives, promises, periods, g)
        of_all = [counted("trusted it", "people", found.people), found.believed]
        of_men = [counted("trusted it", "people", found.men), *found[3:]]
        rows += lines(Rows(CREDIBILITY, name, EVERYONE, periods.names), of_all)
        rows += lines(Rows(CREDIBILITY, name, MEN, periods.names), of_men)
    return table(rows)


def promises_of(followed: Followed, lives: Lives) -> Promises:
    """Look for the first breach of each promise.

    Parameters
    ----------
    followed : Followed
        A run.
    lives : Lives
        Of the same run, from `lives_of`.
    """
    trajectories = followed.trajectories
    weeks = ceil(trajectories.scenario.behaviour.horizon_weeks.value)
    numbers = trajectories.replicates.tolist()
    deferral = inputs_of(plan_of(trajectories), numbers).conditions.deferral
    # One column for all replicates, or one for each.
    deferral = np.broadcast_to(deferral, (len(deferral), len(numbers)))
    week_returned = int(trajectories.weeks[-1]) + 1 - lives.reach
    week = week_returned[lives.harm_person] + lives.harm_time - 1
    drafted = lives.harm_kind == CONSCRIPTED_KIND
    # As the core has it: the week of the return is age 0, and the deferral is that week's.
    is_late = drafted & (lives.harm_time - 1 >= deferral[week, lives.replicate[lives.harm_person]])
    within = lives.harm_time <= weeks
    broke = np.flatnonzero(within & ~is_late & (lives.harm_kind != DISAPPEARED_KIND))
    broke = broke[np.lexsort((lives.harm_time[broke], lives.harm_person[broke]))]
    person, place = np.unique(lives.harm_person[broke], return_index=True)
    time, breach = np.minimum(lives.reach, weeks), np.full(len(lives.reach), UNHARMED)
    time[person] = lives.harm_time[broke[place]]
    breach[person] = lives.harm_kind[broke[place]]
    drafted_late = np.zeros(len(breach), dtype=bool)
    drafted_late[lives.harm_person[within & is_late]] = True
    kept = (breach == UNHARMED) & (lives.reach >= weeks)
    return Promises(weeks, time, breach, kept, drafted_late)


def _kept(
    lives: Lives, promises: Promises, chosen: Bool[np.ndarray, "P"], weight: float
) -> list[Measure]:
    broken = promises.breach != UNHARMED
    groups = {
        "trusted it": chosen,
        "kept": promises.kept,
        "broken": broken,
        "not yet due": ~(promises.kept | broken),
        **{f"broken, {kind}": promises.breach == k for k, kind in enumerate(FIRST_KINDS)},
        "held on the way": lives.held,
        "kept, conscripted after the deferral": promises.kept & promises.drafted_late,
    }
    counts = {
        name: weight
        * np.bincount(lives.replicate[chosen & which], minlength=lives.replicates)[:, None]
        for name, which in groups.items()
    }
    trusted = counts["trusted it"]
    shares = [ratio(name, PER_TRUSTED, n, trusted, 100) for name, n in counts.items()][1:]
    return [
        *(counted(name, "people", n) for name, n in counts.items()),
        *shares,
        _broken_in_the_end(lives, promises, chosen),
    ]


def _broken_in_the_end(lives: Lives, promises: Promises, chosen: Bool[np.ndarray, "P"]) -> Measure:
    kind = f"broken within {promises.weeks} weeks, as far as followed"
    _, _, each, together = _unharmed(lives, promises, [np.flatnonzero(chosen)], "")
    return Measure(kind, PER_TRUSTED, 100 * (1 - each), 100 * (1 - together))


def _unharmed(
    lives: Lives, promises: Promises, groups: list[Int64[np.ndarray, "n"]], kind: str
) -> Measure:
    """Share of each group whose promise was not broken when due."""

    def estimate(of: np.ndarray) -> float:
        broken = np.where(promises.breach[of] == UNHARMED, UNHARMED, 0)
        found = curves(promises.time[of], broken, lives.reach[of], promises.weeks, kinds=1)
        return float(found.unharmed[-1])

    each = [[estimate(of) for of in by_replicate(lives, rows)] for rows in groups]
    return Measure(kind, "0 to 1", np.array(each).T, np.array([estimate(rows) for rows in groups]))


def _also_held(lives: Lives, promises: Promises) -> Promises:
    """The same if to be held on the way were a breach."""
    return promises._replace(
        time=np.where(lives.held, 1, promises.time),
        breach=np.where(lives.held, FIRST_KINDS.index("detained"), promises.breach),
    )


def credibility_of(
    followed: Followed, lives: Lives, promises: Promises, periods: Periods, guarantor: int
) -> Credibility:
    """Set what the camp believed of a guarantor beside what was true for the men who trusted it.

    Both are chances of a man of conscription age to stay unharmed for ``behaviour.horizon_weeks``;
    what is true is estimated by Kaplan-Meier, and missing where nobody of the period could be
    followed for so long. Their difference is a measure of credit given too freely or too sparingly,
    and no error of arithmetic, for the two are not of the same men and not of the same danger:

    - Trust is stated at threat 1 and for a man whom nobody seeks. What was true is lived at the
      threat of the day, above or below 1, and the wanted are among those who lived it.
    - Trust is that of families still in camp, in all weeks of the period, whether or not the
      guarantor could then be asked; what was true is that of men who left, and those with least to
      fear leave first.
    - Beliefs weigh each harm that is told, the held on the way among them; what was true counts
      detention, killing and early conscription alike, and not the held: beside it is told the share
      who, moreover, were not held.

    Parameters
    ----------
    followed, lives, promises, periods
        Of the same run.
    guarantor : int
        Its place among the scenario's.
    """
    trajectories, number = followed.trajectories, len(periods.names)
    name = trajectories.scenario.guarantor_names[guarantor]
    theirs = lives.guarantor == guarantor
    men = theirs & (lives.person_class == Class.MEN_CONSCRIPTION_AGE)

    def count(chosen: np.ndarray) -> np.ndarray:
        cell = lives.replicate[chosen] * number + lives.period[chosen]
        people = np.bincount(cell, minlength=lives.replicates * number)
        return trajectories.weight * people.reshape(lives.replicates, number)

    def trust(of: str) -> Measure:
        weekly = trajectories[f"trust_{name}{of}"]
        told = ~np.isnan(weekly)
        total, weeks = periods.sums(np.where(told, weekly, 0.0)), periods.sums(1.0 * told)
        return ratio("believed", "0 to 1", total, weeks)

    rows = [np.flatnonzero(men & (lives.period == period)) for period in range(number)]
    true = _unharmed(lives, promises, rows, "true")
    unheld = _unharmed(lives, _also_held(lives, promises), rows, "true, and not held")
    believed = trust(f"_{MEN}")
    gap = Measure(
        "gap", "believed - true", believed.values - true.values, believed.mean - true.mean
    )
    return Credibility(count(theirs), count(men), trust(""), believed, true, unheld, gap)
