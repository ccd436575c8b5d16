"""A household as a Mesa agent: a view of one row of the core's arrays."""

import math
from collections.abc import Iterator, MutableMapping
from typing import Any, Protocol

import mesa
import numpy as np

from returnsim.core.decision import Outlook
from returnsim.core.inputs import NOT_LATER, WEEKS_PER_YEAR, Place
from returnsim.core.state import DETAINED, HELD, HOME, NOBODY
from returnsim.core.trust import survival
from returnsim.core.week import Camp
from returnsim.errors import UsageError
from returnsim.intervention import known_guarantor
from returnsim.scenario.quantities import CLASSES

WHERE: dict[str, tuple[int, ...]] = {
    "camp": (Place.CAMP,),
    "home": HOME,
    "held": HELD,
    "detained": DETAINED,
    "onward": (Place.ONWARD,),
    "conscripted": (Place.CONSCRIPTED,),
    "disappeared": (Place.DISAPPEARED,),
    "killed": (Place.KILLED,),
    "died_in_camp": (Place.DIED,),
}
STILL_THERE = ("home", "held", "detained", "onward")


class Host(Protocol):
    """What a household needs of the model that it lives in."""

    camp: Camp
    t: int
    origin_names: tuple[str, ...]
    guarantor_names: tuple[str, ...]
    households: list["Household"]

    def outlook(self) -> Outlook:
        """What every household of the camp would decide on now."""

    def touched(self) -> None:
        """Take note that somebody changed a state by hand."""


class Trust(MutableMapping[str, float]):
    """A household's trust in each guarantor, by name: from 0, none, to 1.

    It is the probability, as the household believes, that one man of conscription age stays
    unharmed under the guarantor over the horizon of the decision, at the danger in which hazards
    are stated. Setting it keeps the weight of what was learned (omega) and solves for the harm
    (kappa): ``kappa = -ln(trust) / ln(1 + H / omega)``.

    Parameters
    ----------
    model : Host
        Where the household lives.
    row : int
        Its row.
    """

    def __init__(self, model: Host, row: int) -> None:
        self._model = model
        self._row = row

    def __getitem__(self, name: str) -> float:
        g = self._number(name)
        state = self._model.camp.state
        kappa, omega = state.kappa[g, self._row], state.omega[g, self._row]
        return float(survival(kappa, omega, self._horizon()))

    def __setitem__(self, name: str, value: float) -> None:
        g = self._number(name)
        number = _real("trust", value)
        if not 0 < number < 1:
            raise UsageError(f"trust in {name}: {value!r}: must lie between 0 and 1, without them")
        _in_camp(self._model, self._row, "trust")
        state = self._model.camp.state
        learned = math.log1p(self._horizon() / state.omega[g, self._row])
        if learned == 0:
            raise UsageError("trust is 1 whatever is heard, for behaviour.horizon_weeks is 0")
        state.kappa[g, self._row] = -math.log(number) / learned
        self._model.touched()

    def __delitem__(self, name: str) -> None:
        raise UsageError(f"trust in {name} can be set but not removed")

    def __iter__(self) -> Iterator[str]:
        return iter(self._model.guarantor_names)

    def __len__(self) -> int:
        return len(self._model.guarantor_names)

    def __repr__(self) -> str:
        return repr(dict(self))

    def _number(self, name: str) -> int:
        names = self._model.guarantor_names
        return names.index(known_guarantor(name, names))

    def _horizon(self) -> float:
        return float(self._model.camp.inputs.parameters.horizon_weeks[0])


class Household(mesa.Agent):  # type: ignore[misc]
    """One household. It has no state of its own: all is read from and written to the core.

    Households enter the model when they arrive in the camp and stay in it wherever their members
    go. Only the model creates them.

    Parameters
    ----------
    model : ReturnModel
        Where it lives.
    row : int
        Its row in the core's arrays, from 0.
    """

    model: Any

    def __init__(self, model: Host, row: int) -> None:
        self.row = row
        super().__init__(model)

    # Who they are

    @property
    def age(self) -> float:
        """Age of the head in years, now."""
        return float(self._trait("head_age") + self.model.t / WEEKS_PER_YEAR)

    @property
    def origin(self) -> str:
        """Place of origin, by name."""
        name: str = self.model.origin_names[int(self._trait("origin"))]
        return name

    @property
    def wanted(self) -> bool:
        """Whether one of its men is wanted by those in power at home."""
        return bool(self._trait("wanted"))

    @property
    def vulnerable(self) -> bool:
        """Whether there is chronic illness, a pregnancy or an infant."""
        return bool(self._trait("vulnerable"))

    @property
    def attachment(self) -> float:
        """Attachment to home, in standard deviations from the mean."""
        return float(self._trait("attachment"))

    @property
    def contacts(self) -> list["Household"]:
        """The households it knows that are in the camp or have been."""
        people = self.model.camp.people
        start, end = people.contact_start[self.row : self.row + 2]
        there = self.model.households
        return [there[row] for row in people.contact_rows[start:end] if row < len(there)]

    # Where they are

    @property
    def members(self) -> dict[str, int]:
        """Members in the camp, by class."""
        counts = self._members()[Place.CAMP]
        return dict(zip(CLASSES, counts.tolist(), strict=True))

    @property
    def places(self) -> dict[str, int]:
        """Members of all classes by where they are: in camp, at home, or what befell them."""
        counts = self._members().sum(axis=1)
        return {name: int(counts[list(places)].sum()) for name, places in WHERE.items()}

    @property
    def in_camp(self) -> bool:
        """Whether at least one member is in the camp."""
        return bool(self._state("camp_size") > 0)

    @property
    def status(self) -> str:
        """Where the household stands, in a word.

        While anyone is in the camp: ``waiting`` if they are registered to go home, else ``partly
        home`` if a party of them left before, else ``in camp``. Afterwards the first that holds of
        any member: ``home``, ``held`` (at a shelter or checkpoint), ``detained``, ``onward``; and
        ``none left`` where all have died, disappeared or been conscripted.
        """
        if self.in_camp:
            if self._state("option") > 0:
                return "waiting"
            gone = self.model.camp.state.party_week[0, self.row] != NOBODY
            return "partly home" if gone else "in camp"
        places = self.places
        return next((name for name in STILL_THERE if places[name]), "none left")

    @property
    def guarantor(self) -> str | None:
        """Who vouches for it: where it is registered, or under whom its latest party left."""
        state = self.model.camp.state
        if state.option[self.row] > 0:
            number = state.guarantor[self.row]
        else:
            with_party = state.party_guarantor[:, self.row]
            number = with_party[1] if with_party[1] != NOBODY else with_party[0]
        return None if number == NOBODY else self.model.guarantor_names[int(number)]

    # What they live through

    @property
    def hardship(self) -> float:
        """Hardship from 0, none, to 1; can be set while they are in the camp."""
        return float(self._state("hardship"))

    @hardship.setter
    def hardship(self, value: float) -> None:
        number = _real("hardship", value)
        if not 0 <= number <= 1:
            raise UsageError(f"hardship: {value!r}: must be a number from 0 to 1")
        self._set("hardship", number)

    @property
    def siege_severity(self) -> float:
        """The siege as this household feels it: its hardship."""
        return self.hardship

    @siege_severity.setter
    def siege_severity(self, value: float) -> None:
        self.hardship = value

    @property
    def reserves(self) -> float:
        """Savings in weeks of the household's subsistence; can be set while in the camp."""
        return float(self._state("reserves"))

    @reserves.setter
    def reserves(self, value: float) -> None:
        number = _real("reserves", value)
        if not 0 <= number < math.inf:
            raise UsageError(f"reserves: {value!r}: must be 0 or more")
        self._set("reserves", number)

    @property
    def trust(self) -> Trust:
        """Trust in each guarantor by name; can be set while they are in the camp."""
        return Trust(self.model, self.row)

    # How they see going home

    @property
    def perceived_risk(self) -> float:
        """Probability of harm to them within the horizon, as they see it, if all of them went.

        Under the best offer that they have; NaN where nothing is open to them.
        """
        return float(self.model.outlook().risks.harm[self.row])

    @property
    def conscription_risk(self) -> float:
        """Probability that a man of theirs is conscripted within the horizon, as they see it.

        If all of them went, under the best offer; NaN where nothing is open to them.
        """
        return float(self.model.outlook().risks.conscription[self.row])

    @property
    def best_guarantor(self) -> str | None:
        """Who makes them the best offer of going home, all of them; None if nobody does."""
        number = int(self.model.outlook().guarantor[self.row])
        return None if number == NOBODY else self.model.guarantor_names[number]

    def utilities(self) -> dict[str, float]:
        """What speaks for and against going home, all of them, under the best offer.

        As they stand now and with the levers of the week to come, in log-odds against staying; an
        exit ban is left out. The terms are those of ``docs/model.md``, section 2.6, and their sum
        is the utility. Empty where nothing is open to them.
        """
        outlook: Outlook = self.model.outlook()
        if outlook.guarantor[self.row] == NOBODY:
            return {}
        # Adding zero makes minus zero zero.
        return {name: float(values[self.row]) + 0.0 for name, values in outlook.terms.items()}

    def _trait(self, name: str) -> Any:
        return getattr(self.model.camp.people, name)[0, self.row]

    def _state(self, name: str) -> Any:
        return getattr(self.model.camp.state, name)[self.row]

    def _set(self, name: str, value: float) -> None:
        _in_camp(self.model, self.row, name)
        getattr(self.model.camp.state, name)[self.row] = value
        self.model.touched()

    def _members(self) -> np.ndarray:
        members: np.ndarray = self.model.camp.state.members[:, :, self.row]
        return members


def _in_camp(model: Host, row: int, name: str) -> None:
    if model.camp.state.camp_size[row] == 0:
        raise UsageError(
            f"household {row}: its {name} no longer changes, for nobody is in the camp"
        )


def _real(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{name}: {value!r}: must be a number") from None


def arrived(camp: Camp, t: int) -> int:
    """How many rows have arrived before week ``t``; they are the first ones."""
    weeks = camp.people.arrival_week
    return int(((weeks == NOT_LATER) | (weeks < t)).sum())
