"""A scenario held against what was observed and not used to fit it.

What would be observed if the model were right is spread by three things: the luck of a single
history (the replicates, each with its own draw of what was fitted), the error of the observation,
and the misfit that the fit found. The last two are added on the scale ``log(x + c)``, ``c`` the
standard error of the observation: far above it the scale is logarithmic, near it plain, so that
nothing can be observed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.baselines import NAMES, Naive, naive
from returnsim.analysis.calibration.targets import NINETY_PERCENT, SMALLEST_ERROR
from returnsim.analysis.observations import Observation
from returnsim.analysis.quantities import most_of
from returnsim.analysis.simulated import simulated
from returnsim.analysis.worlds import Lived
from returnsim.posterior_rows import posterior_rows
from returnsim.scenario.posterior import Fitted
from returnsim.scenario.schema import Scenario

WITHOUT_A_FIT = Fitted(use=("calibrate",))
"""Numbers set by hand have seen these rows."""

STEPS = 64
"""Points of equal probability by which the errors of a replicate are spread."""

BANDS = (0.5, 0.9)
CHANCE = 0.05
"""Coverage less likely than this is told as too narrow or too wide."""


@dataclass(frozen=True)
class ObservationQuestion:
    """An observation as a question to a run."""

    observation: Observation

    needs_events = False

    @property
    def last_day(self) -> date:
        """The last day that it is about."""
        return self.observation.end

    def answer(self, lived: Lived) -> Float[np.ndarray, "R"]:
        """What each replicate says of it."""
        return simulated(lived.trajectories, self.observation)


class Point(NamedTuple):
    """What is foretold of an observation, and how that was met.

    Attributes
    ----------
    observation : Observation
        What was observed.
    used : bool
        Whether it was fitted to: then it judges nothing.
    median, low50, high50, low90, high90 : float
        What would be observed, in the observation's unit; NaN where the run does not reach.
    crps : float
        Continuous ranked probability score: the mean distance to what was observed, less half the
        mean distance among what is foretold (Gneiting and Raftery 2007); 0 is perfect.
    naive : Naive
        What those say who know no model.
    """

    observation: Observation
    used: bool
    median: float
    low50: float
    high50: float
    low90: float
    high90: float
    crps: float
    naive: Naive

    @property
    def is_told(self) -> bool:
        """Whether the run has anything to say of it."""
        return bool(np.isfinite(self.median))

    @property
    def error(self) -> float:
        """How far the median is above what was observed."""
        return self.median - self.observation.best

    def is_within(self, band: float) -> bool:
        """Whether the best value lies in the middle 50 or 90 % of what is foretold."""
        low, high = (self.low50, self.high50) if band == BANDS[0] else (self.low90, self.high90)
        return low <= self.observation.best <= high


class Coverage(NamedTuple):
    """How many points lie in a band.

    Attributes
    ----------
    band : float
        The share that should.
    within, points : int
        How many do, and of how many.
    low, high : float
        90 % interval of the share (Wilson 1927).
    verdict : str
        ``too narrow``, ``too wide`` or nothing: whether so few or so many would come about in
        fewer than one case in twenty if the bands were right.
    """

    band: float
    within: int
    points: int
    low: float
    high: float
    verdict: str


class Score(NamedTuple):
    """How the points of one quantity, or all, were met.

    Attributes
    ----------
    quantity : str
        Which; empty for all.
    points : int
        How many.
    relative_difference : float
        Sum of the distances of the medians over the sum of what was observed (Suleimenova, Bell
        and Groen 2017); NaN for all together, whose units differ, and where nothing was observed.
    crps, relative_crps : float
        Mean score (NaN for all together), and the mean of each score over the scale of its
        quantity: the mean of what was observed of it in the points that judge, or their mean
        error where that is more. Not over what was observed at the point itself: then one point
        near nothing would outweigh all others.
    skill : dict of str to float
        By naive forecast: 1 less the ratio of scores, each over the scale of its quantity, over
        the points of which it says anything.
    """

    quantity: str
    points: int
    relative_difference: float
    crps: float
    relative_crps: float
    skill: dict[str, float]


class Validation(NamedTuple):
    """A scenario held against the record.

    Attributes
    ----------
    points : tuple of Point
        In the order of the table, those that were used among them.
    fitted : Fitted
        Which rows count as used.
    coverage : tuple of Coverage
        Of the points that were not used.
    scores : tuple of Score
        All first, then by quantity; of the points that were not used.
    """

    points: tuple[Point, ...]
    fitted: Fitted
    coverage: tuple[Coverage, ...]
    scores: tuple[Score, ...]


def judged_rows(observations: Sequence[Observation]) -> list[Observation]:
    """All but those that are context only, which nothing is judged by."""
    return [one for one in observations if one.use != "context"]


def is_used(observation: Observation, fitted: Fitted) -> bool:
    """Whether a row was fitted to."""
    is_early = fitted.until is None or observation.end <= fitted.until
    return observation.use in fitted.use and is_early


def fitted_of(scenario: Scenario) -> Fitted:
    """What a scenario was fitted to, by its posterior, or by hand where that does not say."""
    told = scenario.posterior.fitted if scenario.posterior is not None else WITHOUT_A_FIT
    return told if told.use else WITHOUT_A_FIT


def misfit_of(scenario: Scenario, seed: int, replicates: int) -> Float[np.ndarray, "R"]:
    """Standard deviation of the model's misfit in each replicate, on the log scale."""
    if scenario.posterior is None:
        return np.zeros(replicates)
    rows = posterior_rows(scenario, seed, list(range(replicates)))
    misfit: np.ndarray = np.asarray(scenario.posterior.discrepancy)[rows]
    return misfit


def validate(
    observations: Sequence[Observation],
    answers: Float[np.ndarray, "Q R"],
    misfit: Float[np.ndarray, "R"],
    fitted: Fitted,
) -> Validation:
    """Judge what replicates say by what was observed.

    Parameters
    ----------
    observations : sequence of Observation
        What was observed.
    answers : array, shape (Q, R)
        What each replicate says of it.
    misfit : array, shape (R,)
        From `misfit_of`.
    fitted : Fitted
        Which of the observations were used.
    """
    used = [one for one in observations if is_used(one, fitted)]
    points = tuple(
        _point(one, is_used(one, fitted), values, misfit, naive(one, used))
        for one, values in zip(observations, answers, strict=True)
    )
    told = [point for point in points if point.is_told and not point.used]
    kinds: dict[str, list[Point]] = {}
    for point in told:
        kinds.setdefault(point.observation.quantity, []).append(point)
    scales = {kind: _scale(of_kind) for kind, of_kind in kinds.items()}
    return Validation(
        points,
        fitted,
        tuple(_coverage(told, band) for band in BANDS) if told else (),
        (
            *([_score("", told, scales)] if told else ()),
            *(_score(kind, of_kind, scales) for kind, of_kind in kinds.items()),
        ),
    )


def error_of(observation: Observation) -> float:
    """Standard error of an observation, as in a fit: low and high are the ends of a 90 % range."""
    return max((observation.high - observation.low) / (2 * NINETY_PERCENT), SMALLEST_ERROR)


def foretold(
    values: Float[np.ndarray, "R"],
    misfit: Float[np.ndarray, "R"],
    error: float,
    most: float = np.inf,
) -> Float[np.ndarray, "N"]:
    """What would be observed if the replicates were the truth, ascending, each value as likely.

    Parameters
    ----------
    values : array, shape (R,)
        In the unit of the observation.
    misfit : array, shape (R,)
        Standard deviation on the log scale.
    error : float
        Of the observation, in its unit.
    most : float
        The most that there can be, as 100 of a share in percent.
    """
    scaled = np.log(values + error)
    # An error of so much in the unit is one of so much on the scale.
    spread = np.hypot(misfit, error / (values + error))
    whole = np.exp(scaled[:, None] + spread[:, None] * _normal_steps()) - error
    return np.sort(np.clip(whole, 0.0, most), axis=None)


def crps(ensemble: Float[np.ndarray, "N"], observed: float) -> float:
    """Continuous ranked probability score of ascending values, each as likely as the others."""
    number = len(ensemble)
    weights = 2 * np.arange(1, number + 1) - number - 1
    return float(np.abs(ensemble - observed).mean() - (weights * ensemble).sum() / number**2)


@cache
def _normal_steps() -> np.ndarray:
    from scipy.stats import norm

    return np.asarray(norm.ppf((np.arange(STEPS) + 0.5) / STEPS))


def _point(
    observation: Observation, used: bool, values: np.ndarray, misfit: np.ndarray, by: Naive
) -> Point:
    there = np.isfinite(values)
    if not there.any():
        return Point(observation, used, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, by)
    whole = foretold(values[there], misfit[there], error_of(observation), most_of(observation.unit))
    middle, low50, high50, low90, high90 = np.quantile(
        whole, (0.5, 0.25, 0.75, 0.05, 0.95)
    ).tolist()
    score = crps(whole, observation.best)
    return Point(observation, used, middle, low50, high50, low90, high90, score, by)


def _coverage(points: Sequence[Point], band: float) -> Coverage:
    from scipy.stats import binomtest

    within = sum(point.is_within(band) for point in points)
    low, high = binomtest(within, len(points)).proportion_ci(0.9, method="wilson")
    verdict = ""
    for word, side in (("too narrow", "less"), ("too wide", "greater")):
        if binomtest(within, len(points), band, alternative=side).pvalue < CHANCE:
            verdict = word
    return Coverage(band, within, len(points), float(low), float(high), verdict)


def _scale(points: Sequence[Point]) -> float:
    """What scores of a quantity are divided by to be put together with those of others."""
    observed = np.mean([point.observation.best for point in points])
    return float(max(observed, np.mean([error_of(point.observation) for point in points])))


def _score(quantity: str, points: Sequence[Point], scales: Mapping[str, float]) -> Score:
    """Of one quantity, or of all where it is empty: their units differ."""
    observed = sum(point.observation.best for point in points)
    missed = sum(abs(point.error) for point in points)
    return Score(
        quantity,
        len(points),
        missed / observed if quantity and observed > 0 else np.nan,
        float(np.mean([point.crps for point in points])) if quantity else np.nan,
        float(np.mean([point.crps / scales[point.observation.quantity] for point in points])),
        {name: _skill(name, points, scales) for name in NAMES},
    )


def _skill(name: str, points: Sequence[Point], scales: Mapping[str, float]) -> float:
    """1 less the ratio of scores; a single value's score is its distance."""
    own = theirs = 0.0
    for point in points:
        said = getattr(point.naive, name)
        if np.isfinite(said):
            scale = scales[point.observation.quantity]
            own += point.crps / scale
            theirs += abs(said - point.observation.best) / scale
    return 1 - own / theirs if theirs > 0 else np.nan
