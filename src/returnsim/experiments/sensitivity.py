"""What moves the outcomes: all factors screened, then those that matter looked at closely.

Elementary effects (Morris 1991; Campolongo et al. 2007) over all factors, then first-order and
total indices (Sobol 2001; Saltelli et al. 2010) of those that the screening keeps. Designs and
estimates are SALib's (Herman and Usher 2017).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.defined import mean_of
from returnsim.errors import UsageError
from returnsim.experiments.compare import CONFIDENCE
from returnsim.experiments.design import Levels, share_reached
from returnsim.experiments.destinations import INDICES as INDICES
from returnsim.experiments.destinations import SCREENING as SCREENING
from returnsim.experiments.schema import Sensitivity

MOST_NOISE = 0.5
"""An outcome of which more than this share of the variance is luck has no say in the screening."""
FEWEST_TRAJECTORIES, FEWEST_GROUPS = 4, 8
"""With fewer there is no telling how far the numbers may be off."""
NEARLY = 1e-12

NEEDS = (
    "the study needs SALib, which makes its designs: install the extra sensitivity "
    "(in a checkout: pip install -e '.[sensitivity]')"
)

Shares = Mapping[str, Float[np.ndarray, "P"]]
"""For each factor how far within its range each point lies, from 0 to 1."""
Values = Mapping[str, Float[np.ndarray, "P R"]]
"""Each outcome at every point and replicate; NaN where it is not defined, or the run failed."""
Simulate = Callable[[str, Shares], Values]
"""Runs the points of a stage; factors that are not named stay as in the scenario."""


class Effects(NamedTuple):
    """What each factor does to one outcome, over its whole range and the others'.

    All arrays have one value a factor, in the outcome's unit; with too few trajectories, NaN.

    Attributes
    ----------
    mu, mu_star, sigma : array, shape (D,)
        Mean elementary effect, mean of its absolute values, and its standard deviation.
    mu_star_low, mu_star_high, sigma_low, sigma_high : array, shape (D,)
        Ends of their 90 % bootstrap intervals.
    trajectories : int
        How many it is told from.
    noise : float
        Share of the variance over the points that is the replicates' luck; NaN if not known.
    """

    mu: Float[np.ndarray, "D"]
    mu_star: Float[np.ndarray, "D"]
    mu_star_low: Float[np.ndarray, "D"]
    mu_star_high: Float[np.ndarray, "D"]
    sigma: Float[np.ndarray, "D"]
    sigma_low: Float[np.ndarray, "D"]
    sigma_high: Float[np.ndarray, "D"]
    trajectories: int
    noise: float


class Indices(NamedTuple):
    """Shares of one outcome's variance that are each factor's; NaN where it does not vary.

    Attributes
    ----------
    first, total : array, shape (K,)
        The factor alone; the factor with all that it does together with others.
    first_low, first_high, total_low, total_high : array, shape (K,)
        Ends of their 90 % bootstrap intervals.
    groups : int
        How many base points it is told from.
    mean, deviation : float
        Of the outcome over the ranges, in its unit.
    noise : float
        Share of the variance over the points that is the replicates' luck; NaN if not known.
    """

    first: Float[np.ndarray, "K"]
    first_low: Float[np.ndarray, "K"]
    first_high: Float[np.ndarray, "K"]
    total: Float[np.ndarray, "K"]
    total_low: Float[np.ndarray, "K"]
    total_high: Float[np.ndarray, "K"]
    groups: int
    mean: float
    deviation: float
    noise: float


@dataclass(frozen=True)
class Study:
    """All that is said of some factors.

    Attributes
    ----------
    settings : Sensitivity
        How large it is.
    factors, kept : tuple of str
        All, and those of which there are indices, in the order of the experiment.
    effects : dict of str to Effects
        Of each outcome, over all factors.
    indices : dict of str to Indices
        Of each outcome, over the factors kept.
    voices : tuple of str
        The outcomes that had a say in the screening.
    scores : dict of str to float
        Of each factor its largest mean effect in any of those, as a share of the largest there.
    trajectories_lost, groups_lost : int
        Left out, for a run in them failed.
    """

    settings: Sensitivity
    factors: tuple[str, ...]
    kept: tuple[str, ...]
    effects: Mapping[str, Effects]
    indices: Mapping[str, Indices]
    voices: tuple[str, ...]
    scores: Mapping[str, float]
    trajectories_lost: int
    groups_lost: int


def study_of(
    factors: Sequence[str],
    settings: Sensitivity,
    simulate: Simulate,
    aside: Collection[str] = (),
    levels: Mapping[str, Levels] = {},
) -> Study:
    """Screen all factors, and look at those closely that matter.

    Parameters
    ----------
    factors : sequence of str
        Two or more.
    settings : Sensitivity
        How large the study is.
    simulate : callable
        Gives the outcomes at the points of a stage; in the second it may give more outcomes.
    aside : collection of str
        Outcomes that have no say in the screening.
    levels : dict of str to Levels
        Of the factors: a step between written values is as long as these allow. Those that are not
        there have a range.

    Returns
    -------
    Study

    Raises
    ------
    UsageError
        If SALib is not installed, too few runs came to an end, or nothing moves any outcome.
    """
    require_salib()
    walks = walks_of(len(factors), settings)
    values = simulate(SCREENING, dict(zip(factors, walks.T, strict=True)))
    lost = _lost(values, len(factors) + 1, settings.trajectories, FEWEST_TRAJECTORIES, SCREENING)
    reached = _reached(walks, [levels.get(name) for name in factors])
    effects = {name: effects_of(walks, value, settings, reached) for name, value in values.items()}
    voices, scores = _scores(factors, {n: e for n, e in effects.items() if n not in aside})
    kept = _kept(scores, settings)
    points = base_points_of(len(kept), settings)
    closely = simulate(INDICES, dict(zip(kept, points.T, strict=True)))
    groups_lost = _lost(closely, len(kept) + 2, settings.samples, FEWEST_GROUPS, INDICES)
    return Study(
        settings,
        tuple(factors),
        kept,
        effects,
        {name: indices_of(len(kept), value, settings) for name, value in closely.items()},
        voices,
        scores,
        lost,
        groups_lost,
    )


def require_salib() -> None:
    """Make sure that SALib is installed.

    Raises
    ------
    UsageError
        If it is not.
    """
    if find_spec("SALib") is None:
        raise UsageError(NEEDS)


def walks_of(factors: int, settings: Sensitivity) -> Float[np.ndarray, "P D"]:
    """Points of the screening: each walk changes every factor once, in a drawn order."""
    from SALib.sample import morris

    points = morris.sample(
        _problem(factors),
        settings.trajectories,
        num_levels=settings.levels,
        seed=np.random.default_rng(settings.seed),
    )
    # Sums of steps miss the ends of the range by a last digit.
    return np.asarray(np.clip(points, 0.0, 1.0))


def base_points_of(factors: int, settings: Sensitivity) -> Float[np.ndarray, "P K"]:
    """Points of the indices: a scrambled Sobol sequence crossed as by Saltelli."""
    from SALib.sample import sobol

    rng = np.random.default_rng(settings.seed)
    points = sobol.sample(_problem(factors), settings.samples, calc_second_order=False, seed=rng)
    return np.asarray(points)


def effects_of(
    walks: Float[np.ndarray, "P D"],
    values: Float[np.ndarray, "P R"],
    settings: Sensitivity,
    reached: Float[np.ndarray, "P D"] | None = None,
) -> Effects:
    """Tell elementary effects on one outcome, of the trajectories in which it is defined.

    Parameters
    ----------
    walks : array, shape (P, D)
        From `walks_of`.
    values : array, shape (P, R)
        The outcome.
    settings : Sensitivity
        As for the walks.
    reached : array, shape (P, D), optional
        How far within its range each factor really was, where that is not as in the walks.
    """
    from SALib.analyze import morris

    factors = walks.shape[1]
    means = mean_of(values)
    whole = ~np.isnan(means).reshape(-1, factors + 1).any(axis=1)
    number = int(whole.sum())
    if number < FEWEST_TRAJECTORIES:
        nan = np.full(factors, np.nan)
        return Effects(*(nan,) * 7, number, _noise(values))
    rows = np.repeat(whole, factors + 1)
    x, y = walks[rows], means[rows]
    if reached is not None:
        y = _as_if_reached(x, reached[rows], y)
    found = morris.analyze(_problem(factors), x, y, num_levels=settings.levels, seed=settings.seed)
    single = _elementary(x.reshape(number, factors + 1, -1), y.reshape(number, -1))
    rng = np.random.default_rng(settings.seed)
    drawn = single[rng.integers(number, size=(settings.resamples, number))]
    mu_star = _interval(np.abs(drawn).mean(axis=1))
    sigma = _interval(drawn.std(axis=1, ddof=1))
    return Effects(
        np.asarray(found["mu"], dtype=float),
        np.asarray(found["mu_star"], dtype=float),
        *mu_star,
        np.asarray(found["sigma"], dtype=float),
        *sigma,
        number,
        _noise(values),
    )


def indices_of(factors: int, values: Float[np.ndarray, "P R"], settings: Sensitivity) -> Indices:
    """Tell the indices of one outcome, of the base points at which it is defined throughout.

    Parameters
    ----------
    factors : int
        How many were varied.
    values : array, shape (P, R)
        The outcome at the points of `base_points_of`.
    settings : Sensitivity
        As for the points.
    """
    from SALib.analyze import sobol

    means = mean_of(values)
    whole = ~np.isnan(means).reshape(-1, factors + 2).any(axis=1)
    number = int(whole.sum())
    y = means[np.repeat(whole, factors + 2)]
    # Drawn independently are the first and the last of a group; the others repeat them.
    drawn = y.reshape(-1, factors + 2)[:, [0, -1]]
    mean, deviation = (float(drawn.mean()), float(drawn.std())) if number else (np.nan, np.nan)
    if number < FEWEST_GROUPS or deviation <= NEARLY * max(1.0, abs(mean)):
        nan = np.full(factors, np.nan)
        return Indices(*(nan,) * 6, number, mean, deviation, _noise(values))
    found = sobol.analyze(
        _problem(factors),
        y,
        calc_second_order=False,
        num_resamples=settings.resamples,
        conf_level=CONFIDENCE,
        keep_resamples=True,
        seed=settings.seed,
    )
    return Indices(
        np.asarray(found["S1"], dtype=float),
        *_interval(found["S1_conf_all"]),
        np.asarray(found["ST"], dtype=float),
        *_interval(found["ST_conf_all"]),
        number,
        mean,
        deviation,
        _noise(values),
    )


def rule_in_words(settings: Sensitivity) -> str:
    """Which factors the screening keeps."""
    which = (
        f"the {settings.keep} factors whose mean effect is the largest share of the largest"
        if settings.keep is not None
        else "the factors whose mean effect (mu*) is at least "
        f"{100 * settings.keep_share:.3g} % of the largest"
    )
    return (
        f"Kept are {which}, in any outcome of which luck makes up at most {100 * MOST_NOISE:.0f} % "
        "of the variance; two at least."
    )


def _problem(factors: int) -> dict[str, Any]:
    names = [f"x{i}" for i in range(factors)]
    return {"num_vars": factors, "names": names, "bounds": [[0.0, 1.0]] * factors}


def _reached(
    walks: Float[np.ndarray, "P D"], levels: Sequence[Levels | None]
) -> Float[np.ndarray, "P D"]:
    """How far within its range each factor really is at the points of walks."""
    reached: np.ndarray = walks.copy()
    for i, own in enumerate(levels):
        if own is not None:
            reached[:, i] = [share_reached(own, float(share)) for share in walks[:, i]]
    return reached


def _as_if_reached(
    x: Float[np.ndarray, "P D"], reached: Float[np.ndarray, "P D"], y: Float[np.ndarray, "P"]
) -> Float[np.ndarray, "P"]:
    """An outcome as if each step had gone as far as its walk says, at the slope of the real one."""
    factors = x.shape[1]
    meant = np.diff(x.reshape(-1, factors + 1, factors), axis=1)
    made = np.diff(reached.reshape(meant.shape[0], -1, factors), axis=1)
    moved = np.abs(meant).argmax(axis=2)[..., np.newaxis]
    whole, real = (np.take_along_axis(s, moved, axis=2)[..., 0] for s in (meant, made))
    # A single value cannot be moved, and its step changes nothing.
    longer = np.divide(whole, real, out=np.ones_like(whole), where=real != 0) - 1.0
    shaped: np.ndarray = y.reshape(-1, factors + 1).copy()
    shaped[:, 1:] += np.cumsum(np.diff(shaped, axis=1) * longer, axis=1)
    return shaped.ravel()


def _elementary(
    x: Float[np.ndarray, "T D1 D"], y: Float[np.ndarray, "T D1"]
) -> Float[np.ndarray, "T D"]:
    """Each trajectory's effect of each factor: its step is the one in which that factor moves."""
    steps = np.diff(x, axis=1)
    moved = np.abs(steps).argmax(axis=2)
    slopes = np.diff(y, axis=1) / np.take_along_axis(steps, moved[..., np.newaxis], axis=2)[..., 0]
    single: np.ndarray = np.empty_like(slopes)
    np.put_along_axis(single, moved, slopes, axis=1)
    return single


def _interval(drawn: Float[np.ndarray, "B D"]) -> tuple[np.ndarray, np.ndarray]:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail], axis=0)
    return low, high


def _noise(values: Float[np.ndarray, "P R"]) -> float:
    """Mean squared standard error of the points' means, as a share of the variance of the means."""
    there = ~np.isnan(values)
    number = there.sum(axis=1)
    means = mean_of(values)
    known = number > 1
    varies = means[number > 0]
    if known.sum() < 2 or np.ptp(varies) <= NEARLY * max(1.0, float(np.abs(varies).max())):
        return float("nan")
    squares = np.where(there, (values - means[:, np.newaxis]) ** 2, 0.0).sum(axis=1)[known]
    errors = squares / (number[known] - 1) / number[known]
    return float(errors.mean() / varies.var(ddof=1))


def _lost(values: Values, size: int, asked: int, fewest: int, stage: str) -> int:
    """How many trajectories or groups hold a failed run; refused if too few are left."""
    failed = np.all([np.isnan(value).all(axis=1) for value in values.values()], axis=0)
    lost = int(failed.reshape(-1, size).any(axis=1).sum())
    if asked - lost < fewest:
        what = "trajectories" if stage == SCREENING else "groups of points"
        raise UsageError(
            f"{stage}: {lost} of the {asked} {what} hold a run that failed, and {fewest} at least "
            "must be whole; mend what made them fail, or ask for more of them"
        )
    return lost


def _scores(
    factors: Sequence[str], effects: Mapping[str, Effects]
) -> tuple[tuple[str, ...], dict[str, float]]:
    """Each factor's largest effect as a share of the largest, and the outcomes that have a say."""
    moved = {name: e for name, e in effects.items() if np.nan_to_num(e.mu_star).max() > 0}
    clear = {name: e for name, e in moved.items() if not e.noise > MOST_NOISE} or moved
    if not clear:
        raise UsageError("no factor moves any outcome: there is nothing to tell")
    shares = np.array([e.mu_star / e.mu_star.max() for e in clear.values()])
    return tuple(clear), dict(zip(factors, shares.max(axis=0).tolist(), strict=True))


def _kept(scores: Mapping[str, float], settings: Sensitivity) -> tuple[str, ...]:
    ranked = sorted(scores, key=lambda name: -scores[name])
    above = sum(score >= settings.keep_share for score in scores.values())
    chosen = set(ranked[: settings.keep or max(2, above)])
    return tuple(name for name in scores if name in chosen)
