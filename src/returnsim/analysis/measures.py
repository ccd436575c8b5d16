"""The measures of a pattern card, taken of a run."""

from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
from jaxtyping import Float

from returnsim.analysis.card import Measure
from returnsim.analysis.defined import divided
from returnsim.analysis.observations import Observation
from returnsim.analysis.quantities import MEN_SHARE, observable
from returnsim.analysis.returns import HARM_KINDS, harms_of, of_replicates, returns_of
from returnsim.analysis.simulated import on_day, over_window, simulated
from returnsim.analysis.worlds import Lived
from returnsim.core.inputs import NOT_LATER, Class, Place
from returnsim.core.log import Events
from returnsim.core.record import column_names
from returnsim.core.state import HELD, HOME, OUTSIDE, PARTY_OF
from returnsim.scenario.choices import choice
from returnsim.scenario.limits import DAYS
from returnsim.scenario.schema import Scenario

WITHOUT_EVENTS = ("quantity",)
FIFTH = 5
MEANS = ("hardship", "reserves", "price_index", "perceived_threat", "trust_")


@dataclass(frozen=True)
class Measured:
    """A measure as a question to a run."""

    measure: Measure

    @property
    def last_day(self) -> date:
        """The last day that it is about."""
        return max(day for part in self.measure.parts() for day in days_of(part))

    @property
    def needs_events(self) -> bool:
        """Whether it is read off the movements of members."""
        return any(part.kind not in WITHOUT_EVENTS for part in self.measure.parts())

    def answer(self, lived: Lived) -> Float[np.ndarray, "R"]:
        """Its value in each replicate; NaN where it is not defined."""
        return _value(self.measure, lived)


def days_of(measure: Measure) -> list[date]:
    """The days that a measure names, without those of what it is put together with."""
    days = (measure.on, measure.from_, measure.to, measure.until)
    return [day for day in days if day is not None]


def rule_broken_by(measure: Measure, scenario: Scenario) -> str:
    """Why a measure, what it is put together with left aside, cannot be taken, or nothing."""
    first = scenario.record_from or scenario.start
    for day in days_of(measure):
        if not first <= day < scenario.end:
            return f"{day} is not recorded: the record is from {first} to before {scenario.end}"
    if measure.quantity is None:
        return ""
    known = (*column_names(scenario.guarantor_names), MEN_SHARE)
    if measure.quantity not in known:
        return f"no such quantity; {choice(measure.quantity, known)}"
    if is_stock(measure.quantity) and measure.on is None:
        return f"{measure.quantity} is of a day: say `on`"
    if not is_stock(measure.quantity) and measure.on is not None:
        return f"{measure.quantity} is counted over days: say `from` and `to`"
    return ""


def is_stock(quantity: str) -> bool:
    """Whether a column of the record is of a day, and not summed over days."""
    kind = observable().get(quantity)
    return quantity.startswith(MEANS) if kind is None else kind.is_stock


def _value(measure: Measure, lived: Lived) -> np.ndarray:
    value = {
        "quantity": _quantity,
        "lag": _lag,
        "households_with": _households_with,
        "family_size": _family_size,
        "later_by": _later_by,
    }[measure.kind](measure, lived)
    if measure.over:
        parts = (_as_share(_value(part, lived), part.unit) for part in measure.over)
        quotient = reduce(divided, parts, _as_share(value, measure.own_unit))
        value = 100.0 * quotient if measure.percent else quotient
    return value if measure.minus is None else value - _value(measure.minus, lived)


def _as_share(values: np.ndarray, unit: str) -> np.ndarray:
    return values / 100.0 if unit == "%" else values


def _quantity(measure: Measure, lived: Lived) -> np.ndarray:
    name, run = measure.quantity or "", lived.trajectories
    kind = observable().get(name)
    if kind is not None:
        first, last = measure.from_, measure.to or measure.on or run.scenario.start
        plain = Observation(name, first, last, 0, 0, 0, kind.units[0], None, "", "", "")
        return simulated(run, plain)
    if measure.on is not None:
        return on_day(run, name, measure.on)
    return over_window(run, run[name], *_window(measure))


def _window(measure: Measure) -> tuple[date, date]:
    if measure.from_ is None or measure.to is None:
        raise ValueError(f"{measure.kind} without days")
    return measure.from_, measure.to


def _week(lived: Lived, day: date) -> int:
    return (day - lived.trajectories.scenario.start).days // DAYS


def _events(lived: Lived) -> Events:
    run = lived.trajectories
    if run.events is None:
        raise ValueError("the run kept no events")
    return of_replicates(run.events, run.replicates.tolist())


def _lag(measure: Measure, lived: Lived) -> np.ndarray:
    """Of people; of each the first such harm."""
    events = _events(lived)
    returns = returns_of(events)
    harms = harms_of(returns, events)
    first, last = _window(measure)
    came = (returns.week >= _week(lived, first)) & (returns.week <= _week(lived, last))
    theirs = harms.kind == HARM_KINDS.index(measure.lag or "")
    theirs &= came[harms.person] & (harms.week <= _week(lived, measure.until or last))
    order = np.lexsort((harms.week[theirs], harms.person[theirs]))
    person, place = np.unique(harms.person[theirs][order], return_index=True)
    lag = harms.week[theirs][order][place] - returns.week[person]
    number = len(lived.trajectories.replicates)
    return np.array(
        [
            np.quantile(mine, measure.quantile) if len(mine) else np.nan
            for r in range(number)
            for mine in (lag[returns.replicate[person] == r],)
        ]
    )


def _in_camp(lived: Lived, week: int) -> np.ndarray:
    """Members in camp at the end of a week, by household and class, shape (R, N, K)."""
    people, events = lived.people(), _events(lived)
    there = people.members.astype(np.int64)
    there[:, people.arrival_week > week] = 0
    for place, of_class, sign in (
        (events.source, events.source_class, -1),
        (events.target, events.target_class, 1),
    ):
        # Those who arrive are counted by the week of their arrival.
        at = (place == Place.CAMP) & (events.week <= week) & (events.source != OUTSIDE)
        where = (events.replicate[at], events.household[at], of_class[at])
        np.add.at(there, where, sign * events.number[at])
    return there


def _households_with(measure: Measure, lived: Lived) -> np.ndarray:
    people = lived.people()
    members = _in_camp(lived, _week(lived, measure.on or lived.trajectories.scenario.start))
    there = members.sum(axis=2) > 0
    trait = measure.households_with or ""
    if trait == "vulnerable":
        having = there & people.vulnerable
    elif trait == "wanted":
        men = members[..., [Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]].sum(axis=2)
        having = people.wanted & (men > 0)
    else:
        having = members[..., Class[trait.upper()]] > 0
    return divided(100.0 * having.sum(axis=1), there.sum(axis=1).astype(float))


def _departures(measure: Measure, lived: Lived) -> Events:
    """Movements from the camp to home or a shelter, within the weeks of the days named."""
    events = _events(lived)
    first, last = (_week(lived, day) for day in _window(measure))
    left = (events.source == Place.CAMP) & np.isin(events.target, (*HOME, *HELD))
    left &= (events.week >= first) & (events.week <= last)
    return Events(*(field[left] for field in events))


def _family_size(measure: Measure, lived: Lived) -> np.ndarray:
    left, run = _departures(measure, lived), lived.trajectories
    shape = (len(run.replicates), run.households, 2)
    party = np.ravel_multi_index((left.replicate, left.household, PARTY_OF[left.target]), shape)
    # Who goes ahead and who follows are two parties, and each leaves in one week.
    size = np.bincount(party, weights=left.number, minlength=int(np.prod(shape))).reshape(shape)
    size[size < 2] = 0
    return divided(size.sum(axis=(1, 2)), (size > 0).sum(axis=(1, 2)).astype(float))


def _later_by(measure: Measure, lived: Lived) -> np.ndarray:
    people, left = lived.people(), _departures(measure, lived)
    first, last = (_week(lived, day) for day in _window(measure))
    there = _in_camp(lived, first - 1).sum(axis=2) > 0
    there &= (people.arrival_week == NOT_LATER) | (people.arrival_week < first)
    never = last + 1
    week = np.full(there.shape, never, dtype=float)
    np.minimum.at(week, (left.replicate, left.household), left.week)
    having = getattr(people, measure.later_by or "")
    return np.array([_gap(having[r][mine], week[r][mine]) for r, mine in enumerate(there)])


def _gap(having: np.ndarray, week: np.ndarray) -> float:
    number = len(having) // FIFTH
    if number == 0:
        return float(np.nan)
    order = np.argsort(having, kind="stable")
    return float(np.median(week[order[:number]]) - np.median(week[order[-number:]]))
