"""What a fit is held to: increments between the dates of a record, on a scale where zero can be."""

import itertools
import math
from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.observations import Observation
from returnsim.analysis.quantities import PERCENT, most_of
from returnsim.analysis.simulated import simulated
from returnsim.trajectories import Trajectories

NINETY_PERCENT = 1.6448536269514722
"""Standard deviations from the middle to each end of a 90 % range of the normal distribution."""


SMALLEST_ERROR = 0.5
"""No count is surer than to half a person, or half a percent."""


class Target(NamedTuple):
    """One thing that a fit is held to.

    Attributes
    ----------
    name : str
        For tables and figures.
    observation : Observation
        What was observed.
    before : Observation or None
        An earlier count of the same since the same day, which is taken off.
    best, sd : float
        What was observed and its standard error, in the observation's unit.
    """

    name: str
    observation: Observation
    before: Observation | None
    best: float
    sd: float

    @property
    def offset(self) -> float:
        """What is added before the logarithm: the standard error.

        Far above it the scale is logarithmic, near it plain, so that nothing can be observed.
        """
        return self.sd


def targets_of(
    observations: tuple[Observation, ...], uses: tuple[str, ...], until: date | None
) -> tuple[Target, ...]:
    """Take the rows to fit to, as increments.

    Counts of the same thing since the same day are not independent: each holds the earlier ones.
    What is fitted is what came in between. Errors that add up from week to week make its variance
    the difference of theirs, and no smaller than what the later count's relative error gives for
    so many. Where the later count is as sure as the earlier, errors do not add up, and it is their
    sum. Of several counts to one day each is a target, against a count to the last day before: of
    its own source if there is one, and otherwise the surest.

    Parameters
    ----------
    observations : tuple of Observation
        The record.
    uses : tuple of str
        The kinds of rows to fit to, such as ``calibrate``.
    until : date, optional
        Rows that end later are left out.

    Returns
    -------
    tuple of Target
        By the day on which they end, stocks beside flows.
    """
    chosen = [o for o in observations if o.use in uses and (until is None or o.end <= until)]
    groups: dict[object, list[Observation]] = defaultdict(list)
    for number, one in enumerate(chosen):
        key: object = number if one.start is None else (one.quantity, one.guarantor, one.start)
        # A share is of all who left since the first day; it cannot be taken apart.
        groups[(key, number) if one.unit in PERCENT else key].append(one)
    found = [target for group in groups.values() for target in _increments(group)]
    return tuple(sorted(found, key=lambda target: target.observation.end))


def _increments(group: list[Observation]) -> list[Target]:
    found: list[Target] = []
    earlier: list[Observation] = []
    for _, of_a_day in itertools.groupby(sorted(group, key=_end), key=_end):
        counts = list(of_a_day)
        found += [_target(one, _before(one, earlier)) for one in counts]
        earlier = counts
    return found


def _end(observation: Observation) -> date:
    return observation.end


def _before(one: Observation, earlier: list[Observation]) -> Observation | None:
    # Sources count differently: across two of them an increment is partly how they differ.
    def rank(other: Observation) -> tuple[bool, float]:
        return other.source != one.source, other.high - other.low

    return min(earlier, key=rank, default=None)


def _target(one: Observation, before: Observation | None) -> Target:
    sd = (one.high - one.low) / (2 * NINETY_PERCENT)
    best = one.best
    if before is not None:
        best = max(one.best - before.best, 0.0)
        earlier = (before.high - before.low) / (2 * NINETY_PERCENT)
        share = sd / one.best if one.best > 0 else 0.0
        # A later count that is no less sure did not add to the earlier one's error: each errs
        # by itself.
        grown = (sd**2 - earlier**2) ** 0.5 if sd > earlier else math.hypot(sd, earlier)
        sd = max(grown, share * best)
    return Target(_name(one, before), one, before, best, max(sd, SMALLEST_ERROR))


def _name(one: Observation, before: Observation | None) -> str:
    what = one.quantity.replace("_", " ")
    if one.guarantor:
        what += f" ({one.guarantor})"
    start = one.start if before is None else before.end
    return f"{what}, {one.end}" if start is None else f"{what}, {start} to {one.end}"


def on_scale(
    targets: tuple[Target, ...], values: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n m"]:
    """Put values in the units of the record on the scale of the fit, ``log(x + offset)``.

    Parameters
    ----------
    targets : tuple of Target
        One a column.
    values : array, shape (n, m)
        What is not defined, such as a share of nobody, counts as nothing.

    Returns
    -------
    array, shape (n, m)
    """
    offsets = np.array([target.offset for target in targets])
    scaled: np.ndarray = np.log(np.maximum(np.nan_to_num(values), 0.0) + offsets)
    return scaled


def off_scale(
    targets: tuple[Target, ...], scaled: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n m"]:
    """Take values back to the units of the record; none is below nothing, no share above 100."""
    offsets = np.array([target.offset for target in targets])
    most = np.array([most_of(target.observation.unit) for target in targets])
    values: np.ndarray = np.clip(np.exp(scaled) - offsets, 0.0, most)
    return values


def observed_on_scale(
    targets: tuple[Target, ...],
) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """What was observed on the scale of the fit, and its variance there."""
    best = np.array([[target.best for target in targets]])
    sd = np.array([target.sd for target in targets])
    variance: np.ndarray = (sd / (best[0] + sd)) ** 2
    return on_scale(targets, best)[0], variance


def values_of(trajectories: Trajectories, targets: tuple[Target, ...]) -> Float[np.ndarray, "R m"]:
    """What each replicate of a run says of the targets, in the units of the record."""
    columns = []
    for target in targets:
        value = simulated(trajectories, target.observation)
        if target.before is not None:
            value = value - simulated(trajectories, target.before)
        columns.append(value)
    return np.column_stack(columns)
