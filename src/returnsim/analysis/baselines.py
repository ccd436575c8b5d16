"""What somebody would say who knows the record so far and no model: the last value, or its trend.

They are made from the rows that were fitted to, and of these only from those that were over before
the day that is asked about.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from returnsim.analysis.calibration.targets import Target, targets_of
from returnsim.analysis.observations import Observation
from returnsim.analysis.quantities import PERCENT, most_of

NAMES = ("carried", "trend")


class Naive(NamedTuple):
    """What the naive say of an observation, in its unit; NaN where there is nothing to go by.

    Attributes
    ----------
    carried : float
        A stock or a share stays what it was last; a flow goes on at its last rate. Of several
        counts to one day the surest is taken.
    trend : float
        The straight line through all that was seen, never below nothing, of a share never above
        100 %.
    """

    carried: float
    trend: float


def naive(observation: Observation, used: Sequence[Observation]) -> Naive:
    """Foretell an observation from those that were used.

    Parameters
    ----------
    observation : Observation
        What is asked about.
    used : sequence of Observation
        Rows that were fitted to; those of other quantities are passed over.
    """
    alike = [one for one in used if _is_alike(one, observation) and one.end < observation.end]
    so_far = _count_so_far(observation, alike)
    begin = observation.start or observation.end
    if so_far is not None:
        begin = so_far.end + timedelta(days=1)
    seen = [one for one in alike if one.end < begin]
    if not seen:
        return Naive(np.nan, np.nan)
    targets = targets_of(tuple(seen), tuple({one.use for one in seen}), None)
    targets = tuple(sorted(targets, key=lambda target: (target.observation.end, -target.sd)))
    as_rate = observation.start is not None and observation.unit not in PERCENT
    middles = np.array([_middle(target) for target in targets])
    values = np.array([t.best / _days(t) if as_rate else t.best for t in targets])
    days = (observation.end - begin).days + 1
    trend = values[-1]
    if len(np.unique(middles)) > 1:
        slope, intercept = np.polyfit(middles - middles[-1], values, 1)
        middle = observation.end.toordinal() - (days - 1) / 2
        trend = np.clip(intercept + slope * (middle - middles[-1]), 0.0, most_of(observation.unit))
    before = so_far.best if so_far is not None else 0.0
    scale = days if as_rate else 1
    return Naive(float(before + scale * values[-1]), float(before + scale * trend))


def _count_so_far(observation: Observation, seen: Sequence[Observation]) -> Observation | None:
    """The last count of the same people since the same day, to which only the rest is added."""
    if observation.start is None or observation.unit in PERCENT:
        return None
    same = [one for one in seen if one.start == observation.start]
    return max(same, key=lambda one: (one.end, one.low - one.high), default=None)


def _is_alike(one: Observation, other: Observation) -> bool:
    return (one.quantity, one.guarantor) == (other.quantity, other.guarantor)


def _length(observation: Observation) -> int:
    """Days; one of a count on a day."""
    return 1 if observation.start is None else (observation.end - observation.start).days + 1


def _days(target: Target) -> int:
    one, before = target.observation, target.before
    return _length(one) if before is None else (one.end - before.end).days


def _middle(target: Target) -> float:
    return target.observation.end.toordinal() - (_days(target) - 1) / 2
