"""What holds groups of households in camp, and what would move them: means over households."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from returnsim.analysis.explain import check_week, day_of
from returnsim.analysis.flips import Flips, levers_of, smallest_changes
from returnsim.analysis.moments import Moment, live, moment_in
from returnsim.assemble import Plan, inputs_of
from returnsim.core.decision import HOME_ROW
from returnsim.core.state import NOBODY
from returnsim.core.utility import total
from returnsim.errors import UsageError
from returnsim.scenario.schema import Scenario

YOUNG, OLD = 35, 60
EVERYONE = "everyone in camp"
FEW = 30
"""Means over fewer households than this, in all replicates, say little."""


class Moved(NamedTuple):
    """What changes of one lever alone would do in a group; medians are in the lever's own unit."""

    lever: str
    highest: float | bool  # the range begins at 0
    share: float  # of the households, whose likeliest choice a change of it makes another
    median: float
    share_raised: float
    median_raised: float
    share_lowered: float
    median_lowered: float
    share_as_it_is: float  # whose likeliest choice is another once the lever as it is, is felt


class Group(NamedTuple):
    """Means over the households of a group, all replicates together; NaN where there is none."""

    grouping: str
    name: str
    households: float  # a replicate
    home: float  # probability of choosing home this week, or of keeping their place
    likeliest_home: float  # share whose likeliest choice that is
    with_a_way: float  # share that have a way home to choose
    by_a_split: float  # share of these whose best way home is to send some ahead
    terms: Mapping[str, float]  # of the best way home of those who have one
    utility: float
    trust: float  # in its guarantor
    moved: Sequence[Moved]


class Groups(NamedTuple):
    """Groups of the households in camp in a week."""

    week: int
    date: date
    replicates: int
    groups: Sequence[Group]


class Traits(NamedTuple):
    """What is averaged, by household."""

    home: Float[np.ndarray, "n"]
    likeliest_home: Bool[np.ndarray, "n"]
    by_a_split: Float[np.ndarray, "n"]
    terms: Mapping[str, Float[np.ndarray, "n"]]  # NaN where there is no way home
    utility: Float[np.ndarray, "n"]
    trust: Float[np.ndarray, "n"]


def explain_groups(
    scenario: Scenario, plan: Plan, replicates: int, week: int | None = None
) -> Groups:
    """Average the terms, and what would change the choice, over groups of those in camp.

    Parameters
    ----------
    scenario : Scenario
        Any.
    plan : Plan
        Made of it.
    replicates : int
        How many.
    week : int, optional
        From 0; by default the middle of those recorded.

    Raises
    ------
    UsageError
        If there is no such week, or nobody is in camp in it.
    """
    check_week(scenario, week)
    recorded = range(plan.inputs.record_from, scenario.weeks)
    t = recorded[len(recorded) // 2] if week is None else week
    moment = moment_in(plan, replicates, t)
    if not len(moment.household):
        last = max(seen.t for seen in live(plan, [0]) if seen.before.camp_size.any())
        raise UsageError(
            f"week {t}: nobody is in camp in any of the replicates; ask for another week, such as "
            f"--week {last}, the last with anybody in camp in replicate 0"
        )
    traits = traits_of(moment)
    inputs = inputs_of(plan, list(range(replicates)))
    flips = smallest_changes(moment, levers_of(scenario, plan, inputs))
    groups = [
        _group(grouping, name, mask, traits, flips, replicates)
        for grouping, name, mask in groupings(scenario, moment)
    ]
    return Groups(t, day_of(scenario, t), replicates, groups)


def groupings(
    scenario: Scenario, moment: Moment
) -> Iterator[tuple[str, str, Bool[np.ndarray, "n"]]]:
    """Every group: what it is grouped by, its name, and which households are in it."""
    wanted, alone = moment.people.wanted[:, 0], moment.state.camp_size == 1
    age, origin = moment.head_age, moment.people.origin[:, 0]
    yield "", EVERYONE, np.ones(len(age), dtype=bool)
    yield "men of 18 to 42", "with others", moment.men & ~alone
    yield "men of 18 to 42", "one alone", moment.men & alone
    yield "men of 18 to 42", "none", ~moment.men
    yield "wanted", "somebody", wanted
    yield "wanted", "nobody", ~wanted
    yield "age of the head", f"under {YOUNG}", age < YOUNG
    yield "age of the head", f"{YOUNG} to {OLD - 1}", (age >= YOUNG) & (age < OLD)
    yield "age of the head", f"{OLD} and over", age >= OLD
    for o, name in enumerate(scenario.origin_names):
        yield "origin", name, origin == o


def traits_of(moment: Moment) -> Traits:
    """What each household of a moment adds to the means of its groups."""
    chances = moment.probabilities()
    option, guarantor = moment.best_way()
    terms = moment.way(option, guarantor).terms
    whose = np.take_along_axis(moment.beliefs.trust, np.maximum(guarantor, 0)[None], axis=0)[0]
    return Traits(
        home=chances[HOME_ROW:].sum(axis=0),
        likeliest_home=chances.argmax(axis=0) >= HOME_ROW,
        by_a_split=np.where(guarantor == NOBODY, np.nan, option > 1),
        terms=terms,
        utility=np.asarray(total(tuple(terms.values()))),
        trust=np.where(guarantor == NOBODY, np.nan, whose),
    )


def _group(
    grouping: str,
    name: str,
    mask: Bool[np.ndarray, "n"],
    traits: Traits,
    flips: Sequence[Flips],
    replicates: int,
) -> Group:
    return Group(
        grouping=grouping,
        name=name,
        households=int(mask.sum()) / replicates,
        home=_mean(traits.home[mask]),
        likeliest_home=_mean(traits.likeliest_home[mask]),
        with_a_way=_mean(~np.isnan(traits.utility[mask])),
        by_a_split=_mean(traits.by_a_split[mask]),
        # Adding zero makes minus zero zero.
        terms={term: _mean(values[mask]) + 0.0 for term, values in traits.terms.items()},
        utility=_mean(traits.utility[mask]),
        trust=_mean(traits.trust[mask]),
        moved=[_moved(flip, mask) for flip in flips],
    )


def _moved(flips: Flips, mask: Bool[np.ndarray, "n"]) -> Moved:
    change = (flips.at - flips.today)[mask]
    raised, lowered, size = change > 0, change < 0, np.abs(change)
    by_a_change = raised | lowered
    highest = flips.lever.high
    return Moved(
        lever=flips.lever.path,
        highest=bool(highest) if flips.lever.is_switch else highest,
        share=_mean(by_a_change),
        median=_median(size[by_a_change]),
        share_raised=_mean(raised),
        median_raised=_median(size[raised]),
        share_lowered=_mean(lowered),
        median_lowered=_median(size[lowered]),
        share_as_it_is=_mean(change == 0),
    )


def _mean(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _median(values: Float[np.ndarray, "n"]) -> float:
    return float(np.median(values)) if len(values) else float("nan")
