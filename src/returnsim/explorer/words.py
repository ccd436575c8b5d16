"""What the page calls things, in which units, and how it says a difference."""

from collections.abc import Mapping

from returnsim.experiments.compare import PairedDifference

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
    "deferral_weeks": "weeks",
    "grace_weeks": "weeks",
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
MEMBERS: Mapping[str, tuple[str, str]] = {
    "children": ("child", "children"),
    "women": ("woman", "women"),
    "men_conscription_age": ("man of 18 to 42", "men of 18 to 42"),
    "men_older": ("man of 43 to 59", "men of 43 to 59"),
    "elderly": ("of 60 and over", "of 60 and over"),
}
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


def unit_of(field: str) -> str:
    """The unit of a number."""
    return UNITS.get(field, "share from 0 to 1")


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
