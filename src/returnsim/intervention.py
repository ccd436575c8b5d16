"""Levers moved by hand while a camp is stepped: from the next week on, in the words of the file.

The numbers are those of the real camp, as in a scenario file. Weeks already lived stay as they
were; a lever that is set holds for all weeks still to come.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from returnsim.errors import UsageError
from returnsim.scenario.choices import choice
from returnsim.scenario.dated import ALWAYS, DatedLimit, DatedNumber, DatedShare, Entry
from returnsim.scenario.lever_types import Corridor, ExitBan
from returnsim.scenario.lever_types import Levers as LeverTypes
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.problems import problems_of
from returnsim.scenario.quantities import CLASSES, Quantity
from returnsim.scenario.schema import Guarantor, Scenario
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


NONE, ONE = Quantity(value=0), Quantity(value=1)


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
            rule = self._fixed or choice(field, tuple(self._fields))
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
            raise LeverError(f"levers.{name}: no such lever; {choice(name, tuple(self._levers))}")
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
        self.weekly = _weekly(scenario, scenario.guarantors)
        self._own = _own_numbers(scenario)
        self._shares = _shares(scenario)
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

    def _put(self, array: str, values: Any, *guarantor: int) -> None:
        getattr(self.weekly, array)[(self._to_come(), *guarantor)] = values
        self._changed(self.weekly)

    def _put_share(self, array: str, *guarantor: int) -> None:
        """Put what is left of a number where it holds for a share of a week only."""
        to_come = (self._to_come(), *guarantor)
        number, share = getattr(self._own, array)[to_come], getattr(self._shares, array)[to_come]
        # A number may be no limit, of which there is no share of nothing.
        holds = share > 0
        self._put(array, np.where(holds, number * np.where(holds, share, 1.0), 0.0), *guarantor)

    def _single(self, lever: str, field: str, array: str) -> Field:
        values: np.ndarray = getattr(self.weekly, array)

        def write(value: object) -> None:
            self._put(array, _checked_lever(lever, field, value))

        return Field(lambda: values[self._now()].item(), write)

    def _by_origin(self, lever: str, field: str, array: str) -> Field:
        values: np.ndarray = getattr(self.weekly, array)
        origins = self.scenario.origin_names

        def read() -> object:
            now = values[self._now()]
            if (now == now[0]).all():
                return now[0].item()
            return dict(zip(origins, now.tolist(), strict=True))

        def write(value: object) -> None:
            named = value if isinstance(value, Mapping) else dict.fromkeys(origins, value)
            for name in named:
                if name not in origins:
                    rule = f"no such place of origin; {choice(name, origins)}"
                    raise UsageError(f"levers.{lever}.{field}: {name!r}: {rule}")
            new = values[self._now()].copy()
            for name, number in named.items():
                new[origins.index(name)] = _checked_lever(lever, field, number)
            self._put(array, new)

        return Field(read, write)

    def _corridor(self) -> Mapping[str, Field]:
        weekly, free = self.weekly, self._own.parties_per_week
        share_open = self._shares.parties_per_week

        def set_open(value: object) -> None:
            new = _checked_lever("corridor", "open", value)
            weekly.corridor_open[self._to_come()] = new
            share_open[self._to_come()] = float(new)
            self._put_share("parties_per_week")

        def set_parties(value: object) -> None:
            free[self._to_come()] = _checked_lever("corridor", "parties_per_week", value)
            self._put_share("parties_per_week")

        return {
            "open": Field(lambda: bool(weekly.corridor_open[self._now()]), set_open),
            "parties_per_week": Field(lambda: _limit(free[self._now()]), set_parties),
        }

    def _exit_ban(self) -> Mapping[str, Field]:
        barred, strengths = self._shares.ban, self._own.ban

        def members() -> tuple[str, ...]:
            return tuple(c for c, b in zip(CLASSES, barred[self._now()], strict=True) if b > 0)

        def strength() -> float:
            return float(strengths[self._now(), 0]) if members() else 0.0

        def set_members(value: object) -> None:
            named = _checked("levers.exit_ban", LeverTypes, "exit_ban", "members", value).members
            barred[self._to_come()] = [c in named for c in CLASSES]
            self._put_share("ban")

        def set_strength(value: object) -> None:
            new = _checked_lever("exit_ban", "strength", value)
            if not members():
                raise UsageError(
                    "levers.exit_ban.strength: nobody is banned; set levers.exit_ban.members first"
                )
            strengths[self._to_come()] = new
            self._put_share("ban")

        return {
            "members": Field(members, set_members),
            "strength": Field(strength, set_strength),
        }

    def _guarantor(self, name: str, g: int) -> Mapping[str, Field]:
        weekly, free, share_active = self.weekly, self._own.files, self._shares.files
        later, share_same = (way.enforcement_after_grace for way in (self._own, self._shares))

        def number(field: str, array: str, entry: type[Entry]) -> Field:
            def write(value: object) -> None:
                new = _checked_promise(name, field, entry, value)
                weeks = self._to_come()
                if field == "enforcement":
                    after = later[weeks, g] + share_same[weeks, g] * new
                    weekly.enforcement_after_grace[weeks, g] = after
                elif field == "enforcement_after_grace":
                    later[weeks, g], share_same[weeks, g] = new, 0.0
                self._put(array, new, g)

            return Field(lambda: getattr(weekly, array)[self._now(), g].item(), write)

        def set_active(value: object) -> None:
            if not isinstance(value, bool | np.bool_):
                raise UsageError(f"guarantors.{name}.active: {value!r}: must be true or false")
            weekly.active[self._to_come(), g] = value
            share_active[self._to_come(), g] = float(value)
            self._put_share("files", g)

        def set_files(value: object) -> None:
            new = _checked_promise(name, "capacity_files_per_week", DatedLimit, value)
            free[self._to_come(), g] = new
            self._put_share("files", g)

        fields = {f: number(f, array, entry) for f, (array, entry) in PROMISED.items()}
        fields["active"] = Field(lambda: bool(weekly.active[self._now(), g]), set_active)
        fields["capacity_files_per_week"] = Field(lambda: _limit(free[self._now(), g]), set_files)
        return fields


_GATES = ("active", "capacity_files_per_week")


def known_guarantor(name: str, known: Any) -> str:
    """The name, if there is such a guarantor.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in known:
        raise UsageError(f"guarantors.{name}: no such guarantor; {choice(name, tuple(known))}")
    return name


def _own_numbers(scenario: Scenario) -> WeeklyLevers:
    """The numbers of the file that hold for a share of each week, as if for the whole of it.

    As if the corridor were always open, every guarantor always active and everybody banned; and of
    a word after grace what is said of it alone.
    """
    levers = scenario.levers
    alone = {"active": ALWAYS, "enforcement": (DatedShare.model_construct(value=NONE),)}
    guarantors = {name: g.model_copy(update=alone) for name, g in scenario.guarantors.items()}
    ban = (ExitBan.model_construct(members=CLASSES), *_with(levers.exit_ban, members=CLASSES))
    return _weekly(scenario, guarantors, corridor=_with(levers.corridor, open=True), exit_ban=ban)


def _shares(scenario: Scenario) -> WeeklyLevers:
    """For which share of each week these numbers hold: the levers if each of them were 1.

    Of a word after grace: the share in which it is the one before, for nothing is said of it.
    """
    levers, guarantors = scenario.levers, {}
    files, word = (DatedLimit.model_construct(value=ONE),), (DatedShare.model_construct(value=ONE),)
    for name, g in scenario.guarantors.items():
        later = g.enforcement_after_grace and _with(g.enforcement_after_grace, value=NONE)
        ones = {"capacity_files_per_week": files, "enforcement": word}
        guarantors[name] = g.model_copy(update=ones | {"enforcement_after_grace": later})
    ban = _with(levers.exit_ban, strength=ONE)
    limited = _with(levers.corridor, parties_per_week=ONE)
    corridor = (Corridor.model_construct(parties_per_week=ONE), *limited)
    return _weekly(scenario, guarantors, corridor=corridor, exit_ban=ban)


def _with(entries: tuple[Entry, ...], **fields: object) -> tuple[Entry, ...]:
    return tuple(entry.model_copy(update=fields) for entry in entries)


def _weekly(
    scenario: Scenario, guarantors: Mapping[str, Guarantor], **levers: tuple[Entry, ...]
) -> WeeklyLevers:
    changed = scenario.levers.model_copy(update=levers)
    other = scenario.model_copy(update={"levers": changed, "guarantors": guarantors})
    return WeeklyLevers(*(field.copy() for field in weekly_levers(other)))


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
