"""Dated levers turned into one value a week."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from returnsim.scenario.dated import DatedLimit, Entry, Period
from returnsim.scenario.limits import DAYS
from returnsim.scenario.quantities import CLASSES, Quantity
from returnsim.scenario.schema import Guarantor, Scenario

MOST_DAYS = 4
"""Days of a week on which a yes or no must hold for the week."""

Daily = np.ndarray


class WeeklyLevers(NamedTuple):
    """The levers of a scenario, week by week.

    Axes: weeks ``T``, origins ``O`` and guarantors ``G`` in the order of the scenario, classes
    ``K`` (children, women, men_conscription_age, men_older, elderly). No limit is ``inf``.
    """

    severity: Float[np.ndarray, "T"]
    aid: Float[np.ndarray, "T"]
    medical: Float[np.ndarray, "T"]
    corridor_open: Bool[np.ndarray, "T"]
    parties_per_week: Float[np.ndarray, "T"]
    ban: Float[np.ndarray, "T K"]
    threat: Float[np.ndarray, "T O"]
    enforced: Float[np.ndarray, "T"]
    deferral: Float[np.ndarray, "T"]
    services: Float[np.ndarray, "T O"]
    transport_cost: Float[np.ndarray, "T"]
    subsidy: Float[np.ndarray, "T"]
    onward_open: Bool[np.ndarray, "T"]
    onward_cost: Float[np.ndarray, "T"]
    arrivals_people: Float[np.ndarray, "T"]
    reach: Float[np.ndarray, "T"]
    salience: Float[np.ndarray, "T"]
    active: Bool[np.ndarray, "T G"]
    enforcement: Float[np.ndarray, "T G"]
    enforcement_after_grace: Float[np.ndarray, "T G"]
    card_protection: Float[np.ndarray, "T G"]
    files: Float[np.ndarray, "T G"]
    persuasion: Float[np.ndarray, "T G"]
    price: Float[np.ndarray, "T G"]


def weekly_levers(scenario: Scenario) -> WeeklyLevers:
    """Average every lever over the days of each week of the run.

    An entry holds from its ``from`` up to the day before its ``until``; of several that hold, the
    last one sets a field. A number is the mean of the week's seven days, a yes or no holds if in
    force on at least four. Capacity counts on open (active) days only; one open day without a
    limit lifts the limit of the week.

    Parameters
    ----------
    scenario : Scenario
        Any scenario; entries outside the run's days change nothing but the values held from before.

    Returns
    -------
    WeeklyLevers
    """
    run = _Days(scenario)
    levers = scenario.levers
    open_days = run.yes(levers.corridor, "open")
    parties = np.where(open_days, run.numbers(levers.corridor, "parties_per_week"), 0.0)
    return WeeklyLevers(
        severity=_mean(run.numbers(levers.siege, "severity")),
        aid=_mean(run.numbers(levers.aid, "coverage")),
        medical=_mean(run.numbers(levers.medical, "access")),
        corridor_open=_most(open_days),
        parties_per_week=_mean(parties),
        ban=_mean(run.ban()),
        threat=_mean(run.by_origin(levers.threat, "level")),
        enforced=_mean(run.numbers(levers.conscription, "enforced")),
        deferral=_mean(run.numbers(levers.conscription, "deferral_weeks")),
        services=_mean(run.by_origin(levers.services, "conditions")),
        transport_cost=_mean(run.numbers(levers.transport, "cost_weeks_of_subsistence")),
        subsidy=_mean(run.numbers(levers.transport, "subsidy")),
        onward_open=_most(run.yes(levers.onward, "open")),
        onward_cost=_mean(run.numbers(levers.onward, "cost_weeks_of_subsistence")),
        arrivals_people=_mean(run.numbers(levers.arrivals, "people_per_week")),
        reach=_mean(run.numbers(levers.news, "reach")),
        salience=_mean(run.numbers(levers.news, "salience")),
        **_guarantors(run, tuple(scenario.guarantors.values())),
    )


def _guarantors(run: "_Days", guarantors: tuple[Guarantor, ...]) -> dict[str, np.ndarray]:
    def numbers(steps: Callable[[Guarantor], Sequence[Entry]]) -> Daily:
        return np.stack([run.numbers(steps(g), "value") for g in guarantors], axis=1)

    active = np.stack([run.within(g.active) for g in guarantors], axis=1)
    enforcement = numbers(lambda g: g.enforcement)
    later = [
        enforcement[:, i]
        if g.enforcement_after_grace is None
        else run.numbers(g.enforcement_after_grace, "value", before=enforcement[:, i])
        for i, g in enumerate(guarantors)
    ]
    return {
        "active": _most(active),
        "enforcement": _mean(enforcement),
        "enforcement_after_grace": _mean(np.stack(later, axis=1)),
        "card_protection": _mean(numbers(lambda g: g.card_protection)),
        "files": _mean(np.where(active, numbers(lambda g: g.capacity_files_per_week), 0.0)),
        "persuasion": _mean(numbers(lambda g: g.persuasion)),
        "price": _mean(numbers(lambda g: g.price_per_person)),
    }


class _Days:
    """Resolves dated entries to one value a day of a scenario's run."""

    def __init__(self, scenario: Scenario) -> None:
        self.start = scenario.start
        self.count = DAYS * scenario.weeks
        self.origins = scenario.origin_names
        self.scenario = scenario

    def numbers(
        self, entries: Sequence[Entry], field: str, before: Daily | float | None = None
    ) -> Daily:
        """One number a day; ``before`` holds where no entry does, and stands for the default."""
        days = np.empty(self.count)
        days[:] = _as_number(_default(entries, field)) if before is None else before
        for i, entry in enumerate(entries):
            if field not in entry.model_fields_set:
                continue
            held = self._held(entry)
            value = _as_number(getattr(entry, field))
            days[held] = value
            following = entries[i + 1] if entry.linear and i + 1 < len(entries) else None
            if following is not None and field in following.model_fields_set:
                target = _as_number(getattr(following, field))
                if np.isfinite(value) and np.isfinite(target):
                    days[held] = self._line(entry, following, value, target)[held]
        return days

    def yes(self, entries: Sequence[Entry], field: str) -> Daily:
        """One yes or no a day."""
        days = np.full(self.count, bool(_default(entries, field)))
        for held, value in self._set(entries, field):
            days[held] = value
        return days

    def ban(self) -> Daily:
        """Strength of the exit ban a day and class."""
        entries = self.scenario.levers.exit_ban
        banned = np.zeros((self.count, len(CLASSES)), dtype=bool)
        for held, members in self._set(entries, "members"):
            banned[held] = [name in members for name in CLASSES]  # type: ignore[operator]
        return np.where(banned, self.numbers(entries, "strength")[:, None], 0.0)

    def by_origin(self, entries: Sequence[Entry], field: str) -> Daily:
        """A number a day times the factor of each origin."""
        factors = np.ones((self.count, len(self.origins)))
        for held, named in self._set(entries, "origins"):
            factors[held] = [
                named[name].value if name in named else 1.0  # type: ignore[operator,index]
                for name in self.origins
            ]
        return self.numbers(entries, field)[:, None] * factors

    def within(self, periods: Sequence[Period]) -> Daily:
        """Whether each day lies in one of the periods."""
        days = np.zeros(self.count, dtype=bool)
        for first, until in periods:
            last = self.count if until is None else self._index((until - self.start).days)
            days[self._index((first - self.start).days) : last] = True
        return days

    def _set(self, entries: Sequence[Entry], field: str) -> Iterator[tuple[slice, object]]:
        for entry in entries:
            if field in entry.model_fields_set:
                yield self._held(entry), getattr(entry, field)

    def _held(self, entry: Entry) -> slice:
        first = self._index((entry.first_day - self.start).days)
        if entry.until is None:
            return slice(first, self.count)
        return slice(first, self._index((entry.until - self.start).days))

    def _index(self, day: int) -> int:
        return min(max(day, 0), self.count)

    def _line(self, entry: Entry, following: Entry, value: float, target: float) -> Daily:
        days_since = (self.start - entry.first_day) / timedelta(days=1) + np.arange(self.count)
        length = (following.first_day - entry.first_day).days
        return value + (target - value) * np.minimum(days_since / length, 1.0)


def _default(entries: Sequence[Entry], field: str) -> object:
    info = type(entries[0]).model_fields[field]
    if not info.is_required():
        return info.default
    # A dated number has no default of its own: 0, or no limit where it is one.
    return None if isinstance(entries[0], DatedLimit) else 0.0


def _as_number(value: object) -> float:
    if isinstance(value, Quantity):
        return value.value
    if value is None:
        return float("inf")
    return float(value)  # type: ignore[arg-type]


def _weeks(daily: Daily) -> Daily:
    return daily.reshape(-1, DAYS, *daily.shape[1:])


def _most(daily: Daily) -> Daily:
    return np.asarray(_weeks(daily).sum(axis=1) >= MOST_DAYS)


def _mean(daily: Daily) -> Daily:
    days = _weeks(daily)
    unlimited = np.isinf(days).any(axis=1)
    finite = np.where(np.isinf(days), 0.0, days)
    # The mean of the differences from the first day leaves a constant exactly as it is.
    first = finite[:, 0]
    mean = first + (finite - first[:, None]).sum(axis=1) / DAYS
    return np.where(unlimited, np.inf, np.clip(mean, finite.min(axis=1), finite.max(axis=1)))
