"""Policies over the whole space: safe voluntary returns against harm and suffering."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.defined import divided, mean_of
from returnsim.analysis.summary import percentiles

OBJECTIVES: Mapping[str, str] = {
    "safe_voluntary": "more",
    "harmed": "less",
    "hardship": "less",
    "died_in_camp": "less",
}
"""What a policy on the frontier cannot be beaten in all at once, and which direction is good.

Harm is what befalls people after return, hardship and death in camp those who stay.
"""

PUSHED, UNTOLD = "pushed_share", "untold_share"
"""Those pushed by the siege as a share of the returns of which that is known; and the share of all
returns of which it is not."""

MOST_UNTOLD = 0.5
"""Share of returns that may be untold for the pushed to be judged at all."""

NEARLY = 1e-12
"""What a mean of shares may differ by in its last digits."""

MEASURES = (*OBJECTIVES, "returned", PUSHED, UNTOLD)


class Spread(NamedTuple):
    """A quantity over the points.

    Attributes
    ----------
    mean : float
        Over the points at which it is defined; NaN without one.
    low90, high90 : float
        Ends of the middle 90 % of these points: 5th and 95th percentile.
    """

    mean: float
    low90: float
    high90: float


class Standing(NamedTuple):
    """A policy over the whole space.

    Attributes
    ----------
    policy : str
        Its name.
    measures : dict of str to Spread
        Each of `MEASURES`, people and shares: the means over replicates, over the points.
    is_within : bool
        Whether, at the mean, it pushes no larger a share of the returns than is allowed, and that
        is known of most of them.
    beaten_by : tuple of str
        Policies that are as good in every objective and better in one, at the mean, among those
        that do not push too many.
    """

    policy: str
    measures: Mapping[str, Spread]
    is_within: bool
    beaten_by: tuple[str, ...]

    @property
    def is_told(self) -> bool:
        """Whether it is known of most returns, at the mean, whether the siege pushed them."""
        return _is_told(self.measures)

    @property
    def is_on_frontier(self) -> bool:
        """Whether it pushes few enough and nothing beats it."""
        return self.is_within and not self.beaten_by


def standings_of(
    policies: Sequence[str],
    values: Mapping[str, Float[np.ndarray, "A P R"]],
    pushed_at_most: float,
) -> tuple[Standing, ...]:
    """Set policies against each other by safe voluntary returns, harm and suffering.

    Parameters
    ----------
    policies : sequence of str
        Their names, A of them.
    values : dict of str to array, shape (A, P, R)
        The objectives, ``returned``, ``voluntary``, ``hastened`` and ``pushed``; NaN where not
        defined.
    pushed_at_most : float
        The largest share of the returns that may be pushed.

    Returns
    -------
    tuple of Standing
        In the order of the policies.
    """
    points = _by_point(values)
    measures = [{name: _spread(points[name][i]) for name in MEASURES} for i in range(len(policies))]
    # A share of no returns is not defined, and nobody is pushed.
    within = [
        _is_told(measured) and not measured[PUSHED].mean > pushed_at_most + NEARLY
        for measured in measures
    ]
    return tuple(
        Standing(
            policy,
            measures[i],
            within[i],
            tuple(
                other
                for j, other in enumerate(policies)
                if within[j] and beats(measures[j], measures[i])
            ),
        )
        for i, policy in enumerate(policies)
    )


def _is_told(measured: Mapping[str, Spread]) -> bool:
    return not measured[UNTOLD].mean > MOST_UNTOLD


def beats(one: Mapping[str, Spread], other: Mapping[str, Spread]) -> bool:
    """Whether a policy is, at the mean, as good in every objective and better in at least one.

    Parameters
    ----------
    one, other : dict of str to Spread
        Objectives of two policies. Where nobody is in camp there is no hardship.
    """
    gains = []
    for name, good in OBJECTIVES.items():
        gain = float(np.nan_to_num(one[name].mean) - np.nan_to_num(other[name].mean))
        gains.append(gain if good == "more" else -gain)
    return min(gains) >= 0 and max(gains) > 0


def _by_point(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each measure at each point, shape (A, P): means over replicates, shares of their sums."""
    means = {name: mean_of(values[name]) for name in (*OBJECTIVES, "returned")}
    back = np.nansum(values["returned"], axis=2)
    known = sum(np.nansum(values[name], axis=2) for name in ("voluntary", "hastened", "pushed"))
    pushed = np.nansum(values["pushed"], axis=2)
    return means | {PUSHED: divided(pushed, known), UNTOLD: divided(back - known, back)}


def _spread(values: np.ndarray) -> Spread:
    low, high = percentiles(values[:, np.newaxis], (5.0, 95.0))[:, 0]
    return Spread(float(mean_of(values)), float(low), float(high))


def in_words(standings: Sequence[Standing], pushed_at_most: float) -> list[str]:
    """Say which policies are on the frontier and which are not, a sentence each.

    Parameters
    ----------
    standings : sequence of Standing
        From `standings_of`.
    pushed_at_most : float
        As it was given there.
    """
    on = [one.policy for one in standings if one.is_on_frontier]
    beaten = [one for one in standings if one.is_within and one.beaten_by]
    untold = [one for one in standings if not one.is_told]
    over = sorted(
        (one for one in standings if not one.is_within and one not in untold),
        key=lambda one: one.measures[PUSHED].mean,
    )
    told = []
    if on:
        told.append(
            f"On the frontier: {', '.join(on)}. No other within the limit on pushed returns is as "
            "good in safe voluntary returns, harm, hardship and deaths in camp and better in one "
            "of them."
        )
    if beaten:
        listed = "; ".join(f"{one.policy} ({', '.join(one.beaten_by)})" for one in beaten)
        told.append(
            "Not on the frontier, for others are as good in all of these and better in one: "
            f"{listed}."
        )
    if over:
        listed = ", ".join(f"{one.policy} ({one.measures[PUSHED].mean:.1%})" for one in over)
        start = "Not on the frontier" if on else "No policy is on the frontier"
        told.append(
            f"{start}, for more than {pushed_at_most:.0%} of the returns are pushed by the siege: "
            f"{listed}.".replace("%", " %")
        )
    if untold:
        told.append(
            "Not on the frontier, for of most of their returns it is not yet known whether the "
            f"siege pushed them: {', '.join(one.policy for one in untold)}. Let the run go on for "
            "a year after the weeks that are asked about."
        )
    if (over or untold) and not on:
        told.append(f"Without that limit it would be: {', '.join(_unbeaten(standings))}.")
    return told


def _unbeaten(standings: Sequence[Standing]) -> list[str]:
    return [
        one.policy
        for one in standings
        if not any(beats(other.measures, one.measures) for other in standings)
    ]
