"""What the page calls things, in which units, and how it says a difference."""

from collections.abc import Mapping
from typing import Any, get_args

from returnsim.experiments.compare import PairedDifference
from returnsim.scenario.dated import Entry
from returnsim.scenario.quantities import PositiveWeeks, Quantity, Share, Weeks

LABELS: Mapping[str, str] = {
    "exit_ban": "Exit ban",
    "services": "Conditions at home",
    "threat": "Danger at home",
    "medical": "Medical care",
    "onward": "Way elsewhere",
    "arrivals": "Arrivals",
    "active": "Can be asked",
    "members": "Who may not leave",
    "parties_per_week": "Parties a week",
    "people_per_week": "People a week",
    "deferral_weeks": "Deferral",
    "cost_weeks_of_subsistence": "Cost",
    "enforcement": "Enforcement",
    "enforcement_after_grace": "After the grace period",
    "grace_weeks": "Grace period",
    "card_protection": "Card: protection at checkpoints",
    "capacity_files_per_week": "Files a week",
    "settles_wanted": "Settles files of the wanted",
    "believed_settles": "Believed to settle",
    "vetting_refusal": "Files refused at first",
    "price_per_person": "Price",
    "persuasion_reach": "Persuasion: reach",
    "harms": "Track record: harms",
    "exposure_weeks": "Track record: weeks lived",
    "men_conscription_age": "Men of 18 to 42",
    "men_older": "Men of 43 to 59",
}
UNITS: Mapping[str, str] = {
    "parties_per_week": "parties a week",
    "people_per_week": "people a week",
    "cost_weeks_of_subsistence": "weeks of subsistence",
    "price_per_person": "weeks of subsistence",
    "level": "times the danger stated",
    "conditions": "1: weighs neither way",
    "salience": "times a harm counted",
    "capacity_files_per_week": "files a week",
    "persuasion": "exposure-weeks a week",
    "harms": "harms",
    "exposure_weeks": "exposure-weeks",
    "origins": "factor",
}
"""Of the fields whose kind of number does not say it."""

UNITS_OF_KINDS: Mapping[type[Quantity] | None, str] = {
    Share: "share from 0 to 1",
    Weeks: "weeks",
    PositiveWeeks: "weeks",
}
MEMBERS: Mapping[str, tuple[str, str]] = {
    "children": ("child", "children"),
    "women": ("woman", "women"),
    "men_conscription_age": ("man of 18 to 42", "men of 18 to 42"),
    "men_older": ("man of 43 to 59", "men of 43 to 59"),
    "elderly": ("of 60 and over", "of 60 and over"),
}
PLACES: Mapping[str, str] = {
    "camp": "in the camp",
    "home": "at home",
    "held": "held on the way",
    "detained": "in detention",
    "onward": "gone elsewhere",
    "conscripted": "conscripted",
    "disappeared": "disappeared",
    "killed": "killed",
    "died": "died in the camp",
}
"""Where members are or what befell them, by the names of `core.inputs.Place` without the party."""

WINDOW, WHENEVER = "in the weeks recorded", "whenever they returned"
"""Of a record that begins after the run: which returns it counts, and the harm of whom."""

NOTHING: Mapping[str, str] = {
    "grace_weeks": "never ends",
    "enforcement_after_grace": "as before",
}


def label_of(name: str) -> str:
    """What a field, a lever or a guarantor is called."""
    plain = name.replace("_", " ")
    return LABELS.get(name, plain[:1].upper() + plain[1:])


def named(guarantor: str) -> str:
    """The name of a guarantor, as a reader would write it."""
    return guarantor.replace("_", " ")


def unit_of(field: str, annotation: Any) -> str:
    """The unit of a number of a lever or a guarantor.

    Parameters
    ----------
    field : str
        Its name.
    annotation : type
        What it is in the schema: a kind of number, be it dated, by name or allowed to be none.

    Raises
    ------
    ValueError
        If neither tells it.
    """
    unit = UNITS.get(field) or UNITS_OF_KINDS.get(_kind_of(annotation))
    if unit is None:
        raise ValueError(f"{field}: its unit is not told; add it to UNITS in {__file__}")
    return unit


def _kind_of(annotation: Any) -> type[Quantity] | None:
    if isinstance(annotation, type):
        if issubclass(annotation, Quantity):
            return annotation
        if issubclass(annotation, Entry) and "value" in annotation.model_fields:
            return _kind_of(annotation.model_fields["value"].annotation)
    inside = (_kind_of(part) for part in get_args(annotation))
    return next((kind for kind in inside if kind is not None), None)


def of_nothing(field: str) -> str:
    """What it means that a field has no number."""
    return NOTHING.get(field, "no limit")


def people(number: float) -> str:
    """A number of people for a sentence."""
    return f"{abs(number):,.0f}"


def members(number: int, name: str) -> str:
    """Some members of a class."""
    one, many = MEMBERS[name]
    return f"{number} {one if number == 1 else many}"


def said(difference: PairedDifference, what: str) -> str:
    """A paired difference in words, with its interval.

    Parameters
    ----------
    difference : PairedDifference
        Of people.
    what : str
        What more or fewer of them do, such as ``return``, or what befalls them.

    Returns
    -------
    str
        Such as ``1,240 more return (900 to 1,580)``.
    """
    if difference.is_none or difference.pairs == 0:
        return f"as many {what}"
    low, high = difference.low, difference.high
    if difference.pairs == 1:
        return f"{_more(difference.mean)} {what} (one replicate: no interval)"
    if low <= 0 <= high:
        return f"whether more or fewer {what} cannot be told ({_signed(low)} to {_signed(high)})"
    ends = sorted((abs(low), abs(high)))
    return f"{_more(difference.mean)} {what} ({people(ends[0])} to {people(ends[1])})"


def _more(number: float) -> str:
    return f"{people(number)} {'more' if number > 0 else 'fewer'}"


def _signed(number: float) -> str:
    return f"{number:+,.0f}".replace("-", "−") if abs(number) >= 0.5 else "0"
