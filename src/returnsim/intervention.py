"""Levers moved by hand while a camp is stepped: from the next week on, in the words of the file.

The numbers are those of the real camp, as in a scenario file. Weeks already lived stay as they
were; a lever that is set holds for all weeks still to come.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from returnsim.errors import UsageError
from returnsim.scenario.dated import ALWAYS, DatedLimit, DatedNumber, DatedShare, Entry
from returnsim.scenario.lever_types import Corridor
from returnsim.scenario.lever_types import Levers as LeverTypes
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.problems import problems_of
from returnsim.scenario.quantities import CLASSES, Quantity
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, node_of

SINGLE = {
    "siege": {"severity": "severity"},
    "aid": {"coverage": "aid"},
    "medical": {"access": "medical"},
    "conscription": {"enforced": "enforced", "deferral_weeks": "deferral"},
    "transport": {"cost_weeks_of_subsistence": "transport_cost", "subsidy": "subsidy"},
    "onward": {"open": "onward_open", "cost_weeks_of_subsistence": "onward_cost"},
    "news": {"reach": "reach", "salience": "salience"},
}
"""Levers of one value a week: the fields of the file, and their arrays."""

BY_ORIGIN = {"threat": ("level", "threat"), "services": ("conditions", "services")}

PROMISED: Mapping[str, tuple[str, type[Entry]]] = {
    "enforcement": ("enforcement", DatedShare),
    "enforcement_after_grace": ("enforcement_after_grace", DatedShare),
    "card_protection": ("card_protection", DatedShare),
    "persuasion": ("persuasion", DatedNumber),
    "price_per_person": ("price", DatedNumber),
}
"""Dated numbers of a guarantor: the fields of the file, their arrays, and what they may be."""


class LeverError(UsageError, AttributeError):
    """There is no such lever, or it cannot be changed by hand."""


class Field(NamedTuple):
    """One field of a lever: how to look at it and how to set it."""

    read: Callable[[], object]
    write: Callable[[Any], None]


class Lever:
    """The fields of one lever or guarantor, read and set as attributes.

    Reading gives the value of the week to come; setting holds from that week on.
    """

    __slots__ = ("_fields", "_fixed", "_name")
    _name: str
    _fields: Mapping[str, Field]
    _fixed: str

    def __init__(self, name: str, fields: Mapping[str, Field], fixed: str = "") -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_fields", fields)
        object.__setattr__(self, "_fixed", fixed)

    def __getattr__(self, field: str) -> Any:
        return self._field(field).read()

    def __setattr__(self, field: str, value: Any) -> None:
        self._field(field).write(value)

    def _field(self, field: str) -> Field:
        if field.startswith("__"):
            raise AttributeError(field)
        if field not in self._fields:
            rule = self._fixed or nearest(field, self._fields)
            raise LeverError(f"{self._name}.{field}: no such lever; {rule}")
        return self._fields[field]

    def __dir__(self) -> list[str]:
        return sorted(self._fields)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={field.read()!r}" for name, field in self._fields.items())
        return f"{self._name}({values})"


class Levers:
    """All levers of a camp, by the names of the scenario file."""

    __slots__ = ("_levers",)
    _levers: dict[str, Lever]

    def __init__(self, levers: dict[str, Lever]) -> None:
        object.__setattr__(self, "_levers", levers)

    def __getattr__(self, name: str) -> Lever:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._lever(name)

    def __setattr__(self, name: str, value: Any) -> None:
        fields = ", ".join(f"levers.{name}.{field}" for field in dir(self._lever(name)))
        raise LeverError(f"levers.{name}: set one of its fields: {fields}")

    def _lever(self, name: str) -> Lever:
        if name not in self._levers:
            raise LeverError(f"levers.{name}: no such lever; {nearest(name, self._levers)}")
        return self._levers[name]

    def __dir__(self) -> list[str]:
        return sorted(self._levers)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._levers.values()))


class Guarantors(Mapping[str, Lever]):
    """The guarantors by name, each with what can be changed of it over time."""

    def __init__(self, guarantors: dict[str, Lever]) -> None:
        self._guarantors = guarantors

    def __getitem__(self, name: str) -> Lever:
        return self._guarantors[known_guarantor(name, self._guarantors)]

    def __contains__(self, name: object) -> bool:
        return name in self._guarantors

    def __iter__(self) -> Iterator[str]:
        return iter(self._guarantors)

    def __len__(self) -> int:
        return len(self._guarantors)


class Hand:
    """What moves the levers of one camp.

    Parameters
    ----------
    scenario : Scenario
        What holds until something is set.
    week : callable
        Gives the week to come, from 0.
    changed : callable
        Called with all levers after each change.
    """

    def __init__(
        self, scenario: Scenario, week: Callable[[], int], changed: Callable[[WeeklyLevers], None]
    ) -> None:
        self.scenario = scenario
        self.weekly = WeeklyLevers(*(field.copy() for field in weekly_levers(scenario)))
        self._free = _without_gates(scenario)
        self._open = _gates_alone(scenario)
        self._week = week
        self._changed = changed

    def levers(self) -> Levers:
        """Every lever of the file."""
        levers = {
            name: Lever(
                f"levers.{name}",
                {field: self._single(name, field, array) for field, array in fields.items()},
            )
            for name, fields in SINGLE.items()
        }
        for name, (field, array) in BY_ORIGIN.items():
            levers[name] = Lever(f"levers.{name}", {field: self._by_origin(name, field, array)})
        levers["corridor"] = Lever("levers.corridor", self._corridor())
        levers["exit_ban"] = Lever("levers.exit_ban", self._exit_ban())
        fixed = "who arrives is settled when the model is made: give it there, as in the file"
        levers["arrivals"] = Lever("levers.arrivals", {}, fixed)
        return Levers(levers)

    def guarantors(self) -> Guarantors:
        """Every guarantor of the file."""
        fixed = "of a guarantor there are " + ", ".join((*PROMISED, *_GATES))
        return Guarantors(
            {
                name: Lever(f"guarantors.{name}", self._guarantor(name, g), fixed)
                for g, name in enumerate(self.scenario.guarantor_names)
            }
        )

    def _now(self) -> int:
        return min(self._week(), self.scenario.weeks - 1)

    def _to_come(self) -> slice:
        if self._week() >= self.scenario.weeks:
            raise UsageError(
                f"the {self.scenario.weeks} weeks of the scenario are over: "
                "no lever can change them any more"
            )
        return slice(self._week(), None)

    def _put(self, array: str, values: Any, guarantor: int | None = None) -> None:
        whole: np.ndarray = getattr(self.weekly, array)
        weeks = self._to_come()
        whole[weeks if guarantor is None else (weeks, guarantor)] = values
        self._changed(self.weekly)

    def _single(self, lever: str, field: str, array: str) -> Field:
        values: np.ndarray = getattr(self.weekly, array)

        def write(value: object) -> None:
            self._put(array, _checked_lever(lever, field, value))

        return Field(lambda: _plain(values[self._now()]), write)

    def _by_origin(self, lever: str, field: str, array: str) -> Field:
        values: np.ndarray = getattr(self.weekly, array)
        origins = self.scenario.origin_names

        def read() -> object:
            now = values[self._now()]
            if (now == now[0]).all():
                return _plain(now[0])
            return dict(zip(origins, now.tolist(), strict=True))

        def write(value: object) -> None:
            named = value if isinstance(value, Mapping) else dict.fromkeys(origins, value)
            for name in named:
                if name not in origins:
                    rule = f"no such place of origin; {nearest(str(name), origins)}"
                    raise UsageError(f"levers.{lever}.{field}: {name!r}: {rule}")
            new = values[self._now()].copy()
            for name, number in named.items():
                new[origins.index(name)] = _checked_lever(lever, field, number)
            self._put(array, new)

        return Field(read, write)

    def _corridor(self) -> Mapping[str, Field]:
        weekly, free = self.weekly, self._free.parties_per_week
        share_open = self._open.parties_per_week

        def gate() -> None:
            weeks = self._to_come()
            weekly.parties_per_week[weeks] = _let_through(free[weeks], share_open[weeks])
            self._changed(weekly)

        def set_open(value: object) -> None:
            new = _checked_lever("corridor", "open", value)
            weekly.corridor_open[self._to_come()] = new
            share_open[self._to_come()] = float(new)
            gate()

        def set_parties(value: object) -> None:
            free[self._to_come()] = _checked_lever("corridor", "parties_per_week", value)
            gate()

        return {
            "open": Field(lambda: bool(weekly.corridor_open[self._now()]), set_open),
            "parties_per_week": Field(lambda: _limit(free[self._now()]), set_parties),
        }

    def _exit_ban(self) -> Mapping[str, Field]:
        ban = self.weekly.ban

        def members() -> tuple[str, ...]:
            return tuple(c for c, held in zip(CLASSES, ban[self._now()], strict=True) if held > 0)

        def strength() -> float:
            return float(ban[self._now()].max())

        def set_members(value: object) -> None:
            named = _checked("levers.exit_ban", LeverTypes, "exit_ban", "members", value).members
            # As in the file, a ban that says nothing else cannot be got around.
            self._put("ban", [(strength() or 1.0) if c in named else 0.0 for c in CLASSES])

        def set_strength(value: object) -> None:
            new = _checked_lever("exit_ban", "strength", value)
            if not members():
                raise UsageError(
                    "levers.exit_ban.strength: nobody is banned; set levers.exit_ban.members first"
                )
            self._put("ban", np.where(ban[self._now()] > 0, new, 0.0))

        return {
            "members": Field(members, set_members),
            "strength": Field(strength, set_strength),
        }

    def _guarantor(self, name: str, g: int) -> Mapping[str, Field]:
        weekly, free, share_active = self.weekly, self._free.files, self._open.files
        one_promise = self.scenario.guarantors[name].enforcement_after_grace is None

        def number(field: str, array: str, entry: type[Entry]) -> Field:
            def write(value: object) -> None:
                new = _checked_promise(name, field, entry, value)
                if field == "enforcement" and one_promise:
                    weekly.enforcement_after_grace[self._to_come(), g] = new
                self._put(array, new, g)

            return Field(lambda: _plain(getattr(weekly, array)[self._now(), g]), write)

        def gate() -> None:
            weeks = self._to_come()
            weekly.files[weeks, g] = _let_through(free[weeks, g], share_active[weeks, g])
            self._changed(weekly)

        def set_active(value: object) -> None:
            if not isinstance(value, bool | np.bool_):
                raise UsageError(f"guarantors.{name}.active: {value!r}: must be true or false")
            weekly.active[self._to_come(), g] = value
            share_active[self._to_come(), g] = float(value)
            gate()

        def set_files(value: object) -> None:
            new = _checked_promise(name, "capacity_files_per_week", DatedLimit, value)
            free[self._to_come(), g] = new
            gate()

        fields = {f: number(f, array, entry) for f, (array, entry) in PROMISED.items()}
        fields["active"] = Field(lambda: bool(weekly.active[self._now(), g]), set_active)
        fields["capacity_files_per_week"] = Field(lambda: _limit(free[self._now(), g]), set_files)
        return fields


_GATES = ("active", "capacity_files_per_week")


def nearest(name: str, known: Any) -> str:
    """A hint at what was meant."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(known)


def known_guarantor(name: str, known: Any) -> str:
    """The name, if there is such a guarantor.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in known:
        raise UsageError(f"guarantors.{name}: no such guarantor; {nearest(str(name), known)}")
    return name


def _without_gates(scenario: Scenario) -> WeeklyLevers:
    """The levers if the corridor were always open and every guarantor always active."""
    corridor = tuple(e.model_copy(update={"open": True}) for e in scenario.levers.corridor)
    levers = scenario.levers.model_copy(update={"corridor": corridor})
    guarantors = {
        name: g.model_copy(update={"active": ALWAYS}) for name, g in scenario.guarantors.items()
    }
    free = scenario.model_copy(update={"levers": levers, "guarantors": guarantors})
    return WeeklyLevers(*(field.copy() for field in weekly_levers(free)))


def _gates_alone(scenario: Scenario) -> WeeklyLevers:
    """The levers if one could leave, and one file be worked through, in each week of open days."""
    one = Quantity(value=1)
    limited = (e.model_copy(update={"parties_per_week": one}) for e in scenario.levers.corridor)
    corridor = (Corridor.model_construct(parties_per_week=one), *limited)
    levers = scenario.levers.model_copy(update={"corridor": corridor})
    files = (DatedLimit.model_construct(value=one),)
    guarantors = {
        name: g.model_copy(update={"capacity_files_per_week": files})
        for name, g in scenario.guarantors.items()
    }
    alone = scenario.model_copy(update={"levers": levers, "guarantors": guarantors})
    return WeeklyLevers(*(field.copy() for field in weekly_levers(alone)))


def _let_through(limit: np.ndarray, share_open: np.ndarray) -> np.ndarray:
    """A limit counted on open days only; one of them without a limit lifts that of the week."""
    is_open = share_open > 0
    return np.where(is_open, limit * np.where(is_open, share_open, 1.0), 0.0)


def _plain(value: Any) -> object:
    return value.item()


def _limit(value: float) -> float | None:
    return None if np.isinf(value) else float(value)


def _number(value: object) -> Any:
    if isinstance(value, Quantity):
        return value.value
    return np.inf if value is None else value


def _checked_lever(lever: str, field: str, value: object) -> Any:
    return _number(getattr(_checked(f"levers.{lever}", LeverTypes, lever, field, value), field))


def _checked(where: str, types: Any, lever: str, field: str, value: object) -> Any:
    """The entry of a scenario file that sets the field alone, with the file's own bounds."""
    plain = value.item() if isinstance(value, np.generic) else value
    entry = type(types.model_fields[lever].default[0])
    return _valid(entry, {field: plain}, f"{where}.{field}", plain)


def _checked_promise(name: str, field: str, entry: type[Entry], value: object) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    where = f"guarantors.{name}.{field}"
    return _number(getattr(_valid(entry, {"value": plain}, where, plain), "value"))  # noqa: B009


def _valid(entry: type[Entry], raw: dict[str, object], where: str, value: object) -> Entry:
    try:
        return entry.model_validate(raw)
    except ValidationError as error:
        rules = [problem.rule for problem in problems_of(error, node_of(raw, Mark(None)))]
        raise UsageError(f"{where}: {value!r}: {'; '.join(dict.fromkeys(rules))}") from None
