"""Which policy is better over what nobody knows, pair by pair and point by point."""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from returnsim.analysis.defined import mean_of
from returnsim.analysis.summary import percent
from returnsim.experiments.compare import CONFIDENCE
from returnsim.experiments.discovery import Box, find_boxes
from returnsim.experiments.frontier import Standing, standings_of
from returnsim.experiments.unknowns import Sample

LEAST_AGREEING = 0.9
"""Share of the points that tell a difference in which the same policy must be better."""
LEAST_TELLING = 0.5
"""Share of the points that must tell a difference."""

BETTER, SAME, NOT_DECIDABLE, NOT_DEFINED = "better", "the same", "not decidable", "not defined"
RULE = (
    f"At a point a policy is better if the {CONFIDENCE:.0%} interval of the mean difference, "
    "replicate by replicate with the same draws, does not hold zero. It is not decidable which is "
    f"better if neither is in at least {LEAST_AGREEING:.0%} of the points that tell a difference, "
    f"or fewer than {LEAST_TELLING:.0%} of the points tell one."
).replace("%", " %")


class Points(NamedTuple):
    """What each point tells of two policies and one outcome.

    Attributes
    ----------
    policy_better, other_better : array, shape (P,)
        Whether the interval of the mean difference lies on that side of zero.
    same : array, shape (P,)
        Whether all replicates came out the same.
    defined : array, shape (P,)
        Whether any replicate has a value of both.
    difference : array, shape (P,)
        Mean difference, the policy less the other, in the outcome's unit; NaN if not defined.
    """

    policy_better: Bool[np.ndarray, "P"]
    other_better: Bool[np.ndarray, "P"]
    same: Bool[np.ndarray, "P"]
    defined: Bool[np.ndarray, "P"]
    difference: Float[np.ndarray, "P"]


class Flip(NamedTuple):
    """Where one of two policies is better.

    Attributes
    ----------
    better : str
        The policy.
    box : Box
        Where it is better.
    """

    better: str
    box: Box


class Judgement(NamedTuple):
    """Two policies and one outcome, over the whole space.

    Attributes
    ----------
    policy, other, outcome : str
        What is compared, in the order of the experiment.
    points, told, same : int
        Points at which the outcome is defined for both; those that tell a difference; those in
        which all replicates came out the same.
    policy_better, other_better : int
        Points in which each is better; together, those that tell a difference.
    share, low, high : float
        Share of the points in which the one is better that more often is, and its 90 % interval
        (Wilson 1927); NaN without a point.
    difference : float
        Mean difference over the points, the policy less the other, in the outcome's unit.
    verdict : str
        One of ``better``, ``not decidable``, ``the same``, ``not defined``.
    sampled : int
        Points of the space, also those at which the outcome is not defined for both.
    flips : tuple of Flip
        Where it is not decidable, the boxes in which the one or the other is better.
    """

    policy: str
    other: str
    outcome: str
    points: int
    told: int
    same: int
    policy_better: int
    other_better: int
    share: float
    low: float
    high: float
    difference: float
    verdict: str
    sampled: int
    flips: tuple[Flip, ...] = ()

    @property
    def is_decided(self) -> bool:
        """Whether one of the two is better."""
        return self.verdict == BETTER

    @property
    def is_undecided(self) -> bool:
        """Whether it cannot be told which of the two is better."""
        return self.verdict == NOT_DECIDABLE

    @property
    def better(self) -> str:
        """The one that is better in more points; empty where neither is."""
        if self.policy_better == self.other_better:
            return ""
        return self.policy if self.policy_better > self.other_better else self.other

    @property
    def worse(self) -> str:
        """The other one of `better`."""
        return {self.policy: self.other, self.other: self.policy}.get(self.better, "")

    @property
    def where(self) -> str:
        """What its shares are shares of."""
        if self.points == self.sampled:
            return "the space"
        return f"the {self.points} points of {self.sampled} at which it is defined"

    def in_words(self) -> str:
        """Say it in a sentence."""
        pair = f"{self.policy} and {self.other}"
        if self.verdict == NOT_DEFINED:
            return f"{pair}: not defined in any point"
        if self.verdict == SAME:
            rest = "" if self.points == self.sampled else " at which it is defined"
            return f"{pair}: the same in every point{rest}"
        shares = [n / self.points for n in (self.policy_better, self.other_better)]
        if self.verdict == BETTER:
            return (
                f"{self.better} is better than {self.worse} in {percent(max(shares))} of "
                f"{self.where} ({percent(self.low)} to {percent(self.high)}), worse in "
                f"{percent(min(shares))}"
            )
        return (
            f"not decidable: {self.policy} is better in {percent(shares[0])} of {self.where}, "
            f"{self.other} in {percent(shares[1])}, and no difference is told in "
            f"{percent(1 - sum(shares))}"
        )


@dataclass(frozen=True)
class Verdict:
    """All that is said of some policies.

    Attributes
    ----------
    sample : Sample
        What it is said from.
    judgements : tuple of Judgement
        Every pair and outcome that has a good direction.
    standings : tuple of Standing
        Every policy over the space, in the order of the experiment.
    pushed_at_most : float
        The largest share of the returns that a policy on the frontier may push.
    boxes_sought : int
        How many boxes were looked for.
    """

    sample: Sample
    judgements: tuple[Judgement, ...]
    standings: tuple[Standing, ...]
    pushed_at_most: float
    boxes_sought: int


def verdict_of(sample: Sample, pushed_at_most: float) -> Verdict:
    """Judge every two policies, and find the frontier.

    Parameters
    ----------
    sample : Sample
        From `sample_of`.
    pushed_at_most : float
        The largest share of the returns that a policy on the frontier may push.

    Raises
    ------
    UsageError
        If boxes are to be looked for and scikit-learn is not installed.
    """
    judged: list[Judgement] = []
    sought: list[tuple[int, str]] = []
    interests: list[np.ndarray] = []
    for outcome, info in sample.outcomes.items():
        if info.good is None:
            continue
        values = sample.values[outcome]
        for i, j in combinations(range(len(sample.policies)), 2):
            names = sample.policies[i], sample.policies[j]
            found = points_of(values[i], values[j], info.good)
            judgement = judge(*names, outcome, found)
            if judgement.verdict == NOT_DECIDABLE:
                sought += [(len(judged), name) for name in names]
                interests += [found.policy_better, found.other_better]
            judged.append(judgement)
    for (place, name), box in zip(sought, find_boxes(sample.axes, interests), strict=True):
        if box is not None:
            flips = (*judged[place].flips, Flip(name, box))
            judged[place] = judged[place]._replace(flips=flips)
    standings = standings_of(sample.policies, sample.values, pushed_at_most)
    return Verdict(sample, tuple(judged), standings, pushed_at_most, len(sought))


def points_of(
    values: Float[np.ndarray, "P R"], others: Float[np.ndarray, "P R"], good: str
) -> Points:
    """Tell at each point which of two policies is better.

    Parameters
    ----------
    values, others : array, shape (P, R)
        An outcome of the one and of the other, the same replicates; NaN where it is not defined.
    good : str
        Whether ``more`` or ``less`` is better.

    Returns
    -------
    Points
        By the interval of `paired_difference`; a single replicate has none and tells nothing.
    """
    from scipy.stats import t

    d = values - others
    there = ~np.isnan(d)
    number = there.sum(axis=1)
    mean = mean_of(d)
    squares = np.where(there, (d - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1)
    freedom = np.maximum(number - 1, 1)
    error = np.sqrt(squares / freedom / np.maximum(number, 1))
    half = np.where(number > 1, t.ppf(0.5 + CONFIDENCE / 2, freedom) * error, np.inf)
    above, below = mean - half > 0, mean + half < 0
    if good == "less":
        above, below = below, above
    defined = number > 0
    same = defined & np.where(there, d == 0, True).all(axis=1)
    return Points(above, below, same, defined, mean)


def judge(policy: str, other: str, outcome: str, points: Points) -> Judgement:
    """Say which of two policies is better over the whole space.

    The interval takes points for independent draws. Those of an even sample are spread better than
    that; but all points share their replicates' luck, and a lucky draw is lucky at all of them, so
    that with few replicates it is too narrow.

    Parameters
    ----------
    policy, other, outcome : str
        What is compared.
    points : Points
        What each point tells.
    """
    number, sampled = int(points.defined.sum()), len(points.defined)
    wins = int(points.policy_better.sum()), int(points.other_better.sum())
    told, same = sum(wins), int(points.same.sum())
    names = (policy, other, outcome)
    if number == 0:
        nan = float("nan")
        return Judgement(*names, 0, 0, 0, 0, 0, nan, nan, nan, nan, NOT_DEFINED, sampled)
    if same == number:
        verdict = SAME
    elif told < LEAST_TELLING * number or max(wins) < LEAST_AGREEING * told:
        verdict = NOT_DECIDABLE
    else:
        verdict = BETTER
    low, high = interval_of_share(max(wins), number)
    difference = float(points.difference[points.defined].mean())
    counts = (number, told, same, *wins)
    share = max(wins) / number
    return Judgement(*names, *counts, share, low, high, difference, verdict, sampled)


def interval_of_share(hits: int, number: int) -> tuple[float, float]:
    """90 % interval of a share, by the score of Wilson (1927).

    Parameters
    ----------
    hits, number : int
        How many out of how many.
    """
    from scipy.stats import binomtest

    found = binomtest(hits, number).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
