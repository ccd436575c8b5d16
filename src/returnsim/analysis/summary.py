"""A run in a few numbers, each with the range of its replicates; returns never without the harm."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.defined import mean_of
from returnsim.analysis.quantities import per_hundred
from returnsim.analysis.returns import HARM_KINDS
from returnsim.analysis.simulated import camp_at_start
from returnsim.scenario.quantities import CLASSES
from returnsim.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("outcome", "unit", "median", "low90", "high90")
PAIR = "siege"
"""The lever that a run is set against being without."""
NOT_DEFINED = "not defined"
PLAIN_UNITS = ("people", "households")
"""Units that need not be told."""
WHOLE_UNITS = (*PLAIN_UNITS, "person-weeks", "household-weeks")
"""Units of whole counts."""
WEEKS_PER_MONTH = 365.25 / 12 / 7
HARMS = HARM_KINDS
"""What befalls people after their return. The disappeared were detained before, and some of the
killed died in detention: the four are not to be added up."""


class Outcome(NamedTuple):
    """One number of each replicate.

    Attributes
    ----------
    name : str
        What it is, in plain words.
    unit : str
        Its unit.
    values : array, shape (R,)
        NaN where it is not defined.
    """

    name: str
    unit: str
    values: Float[np.ndarray, "R"]


class Bands(NamedTuple):
    """Percentiles over replicates, each of shape (W,); NaN where no replicate has a value."""

    p5: Float[np.ndarray, "W"]
    p25: Float[np.ndarray, "W"]
    p50: Float[np.ndarray, "W"]
    p75: Float[np.ndarray, "W"]
    p95: Float[np.ndarray, "W"]


def bands(values: Float[np.ndarray, "R W"]) -> Bands:
    """Percentiles over replicates, week by week, of the replicates that have a value.

    Parameters
    ----------
    values : array, shape (R, W)
        A column of a run; NaN where a replicate has no value.

    Returns
    -------
    Bands
        In the column's unit.
    """
    return Bands(*percentiles(values, (5.0, 25.0, 50.0, 75.0, 95.0)))


def percentiles(
    values: Float[np.ndarray, "R W"], which: tuple[float, ...]
) -> Float[np.ndarray, "Q W"]:
    """Percentiles over the first axis, without NaN; NaN where there is nothing else.

    Parameters
    ----------
    values : array, shape (R, W)
        Any numbers.
    which : tuple of float
        Percentages, from 0 to 100.

    Returns
    -------
    array, shape (number of percentages, W)
        In the unit of the values, linear between the nearest two (NumPy's default).
    """
    found = np.full((len(which), values.shape[1]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    found[:, some] = np.nanpercentile(values[:, some], which, axis=0)
    return found


def median_and_ends(values: Float[np.ndarray, "R"]) -> tuple[float, float, float]:
    """The 5th percentile over replicates, the median and the 95th, of those that have a value."""
    low, median, high = percentiles(values[:, np.newaxis], (5.0, 50.0, 95.0))[:, 0].tolist()
    return low, median, high


def percent(share: float) -> str:
    """A share for a reader: whole percent, and what is not all or nothing never said to be."""
    whole = round(100 * min(share, 1.0))
    if whole == 100 and share < 1:
        return "over 99 %"
    return "under 1 %" if whole == 0 and share > 0 else f"{whole} %"


def summarise(trajectories: Trajectories, notes: Sequence[str] = ()) -> "pd.DataFrame":
    """Draw a run together: totals over the weeks recorded, median and range of the replicates.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    notes : sequence of str
        What a reader must know; each a row of its own at the end, of unit ``note``, without
        numbers.

    Returns
    -------
    pandas.DataFrame
        Columns ``outcome``, ``unit``, ``median``, ``low90`` and ``high90`` (the 5th and the 95th
        percentile over replicates), always in the same order of rows for the same guarantors.
        NaN where an outcome is not defined, such as harm among those returned where nobody did.
    """
    import pandas as pd

    rows = []
    for outcome in outcomes(trajectories):
        low, median, high = median_and_ends(outcome.values)
        rows.append((outcome.name, outcome.unit, median, low, high))
    rows += [(note, "note", np.nan, np.nan, np.nan) for note in notes]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def outcomes(trajectories: Trajectories) -> tuple[Outcome, ...]:
    """Every outcome of a run, one value a replicate, in the order of the summary.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    tuple of Outcome
        Totals and means over the weeks recorded.
    """
    return (
        Outcome("in camp at the start", "people", camp_at_start(trajectories)),
        Outcome("in camp at the end", "people", trajectories["camp_population"][:, -1]),
        *_returns_and_harm(trajectories),
        *_of_the_returned(trajectories),
        *_in_camp(trajectories),
        *_trust(trajectories),
    )


def returned_to_date(trajectories: Trajectories) -> Float[np.ndarray, "R W"]:
    """People who have left the camp for home by the end of each week, wherever they are now.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    array, shape (R, W)
        People; those who left before the first week recorded are among them.
    """
    names = ("at_home", "held", "in_custody", *(f"{name}_to_date" for name in HARMS[1:]))
    total: np.ndarray = np.sum([trajectories[name] for name in names], axis=0)
    return total


def _total(trajectories: Trajectories, flow: str) -> np.ndarray:
    total: np.ndarray = trajectories[flow].sum(axis=1)
    return total


def _returns_and_harm(trajectories: Trajectories) -> list[Outcome]:
    """How many went home, and what befell people who had; the two are never told apart."""
    gone = returned_to_date(trajectories)[:, -1]
    harm, whose = {name: _total(trajectories, name) for name in HARMS}, _whose(trajectories)
    if trajectories.weeks[0] == 0:
        window, base = "", "per 100 returned"
        before = []
    else:
        # Most of the harm in a window befalls those who returned before it.
        window, base = " in the weeks recorded", "per 100 of all who had returned"
        before = [Outcome("all who had returned by the end", "people", gone)]
    return [
        Outcome(f"returned{window}", "people", _total(trajectories, "departures")),
        *_by_label(trajectories),
        *before,
        Outcome(f"held at some time{window}", "people", _total(trajectories, "newly_held")),
        Outcome("held at the peak", "people", trajectories["held"].max(axis=1)),
        *(Outcome(f"{name}{whose}", "people", total) for name, total in harm.items()),
        *(
            Outcome(f"{name}{whose}", base, per_hundred(total, gone))
            for name, total in harm.items()
        ),
    ]


def cautions(trajectories: Trajectories) -> list[str]:
    """What to know of the pushed: whether it is too early to tell.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    """
    untold = trajectories.columns.get(column_of_pair("not_yet_known", PAIR))
    returned = float(trajectories["departures"].sum())
    if untold is None or returned == 0 or 2 * float(untold.sum()) <= returned:
        return []
    return [
        f"Of most returns it is not yet known whether the {PAIR} pushed them: that takes a year "
        "after the return, and the run ends before."
    ]


def _whose(trajectories: Trajectories) -> str:
    """To whom harm is counted as having come."""
    if trajectories.weeks[0] == 0:
        return " after return"
    return " in these weeks, whenever they returned"


def _by_label(trajectories: Trajectories) -> list[Outcome]:
    """Whose return the siege brought about, where the run was set against one without it."""
    if column_of_pair("pushed", PAIR) not in trajectories.columns:
        return []
    words = {
        "voluntary": f"of these, home by then without the {PAIR} too",
        "hastened": f"of these, hastened by the {PAIR}",
        "pushed": f"of these, pushed by the {PAIR}",
        "not_yet_known": "of these, not yet known whether pushed",
        "in_one_run": f"of these, in camp in time with the {PAIR} only",
    }
    return [
        Outcome(words[label], "people", _total(trajectories, column_of_pair(label, PAIR)))
        for label in LABELS
    ]


def _of_the_returned(trajectories: Trajectories) -> list[Outcome]:
    arrested = _total(trajectories, "detained_men_conscription_age")
    men = _total(trajectories, "departures_men_conscription_age")
    households = _total(trajectories, "departing_households")
    split = _total(trajectories, "departing_households_split")
    return [
        *(
            Outcome(f"returned under {name}", "people", _total(trajectories, f"departures_{name}"))
            for name in trajectories.scenario.guarantor_names
        ),
        *(
            Outcome(
                f"returned, {in_words(name)}", "people", _total(trajectories, f"departures_{name}")
            )
            for name in CLASSES
        ),
        Outcome(f"men of conscription age detained{_whose(trajectories)}", "people", arrested),
        Outcome("returned, men of conscription age", "percent", _share(trajectories, men)),
        Outcome("households returned", "households", households),
        Outcome("of these, leaving someone behind", "households", split),
        Outcome("of these, leaving someone behind", "percent", per_hundred(split, households)),
    ]


def in_words(name: str) -> str:
    """Name of a class of members in plain words, such as ``men of conscription age``."""
    return {"men_conscription_age": "men of conscription age", "men_older": "older men"}.get(
        name, name
    )


def _share(trajectories: Trajectories, part: np.ndarray) -> np.ndarray:
    return per_hundred(part, _total(trajectories, "departures"))


def _in_camp(trajectories: Trajectories) -> list[Outcome]:
    died = _total(trajectories, "died_in_camp")
    ends = trajectories["camp_population"]
    starts = np.column_stack([camp_at_start(trajectories), ends[:, :-1]])
    months = (starts + ends).sum(axis=1) / 2 / WEEKS_PER_MONTH
    rate = 10 * per_hundred(died, months)
    return [
        Outcome("went on elsewhere", "people", _total(trajectories, "onward")),
        Outcome("arrived in camp", "people", _total(trajectories, "arrivals")),
        Outcome("born in camp", "people", _total(trajectories, "births")),
        Outcome("died in camp", "people", died),
        Outcome("died in camp", "per 1,000 person-months", rate),
        Outcome("in hunger", "person-weeks", _total(trajectories, "hungry")),
        Outcome(
            "in need of care without it", "household-weeks", _total(trajectories, "without_care")
        ),
        Outcome("hardship, mean over the weeks", "0 to 1", mean_of(trajectories["hardship"])),
    ]


def _trust(trajectories: Trajectories) -> list[Outcome]:
    found = []
    for name in trajectories.scenario.guarantor_names:
        trust = trajectories[f"trust_{name}"]
        there = ~np.isnan(trust)
        rows = np.arange(len(trust))
        # Without any value, both places hold NaN, which is what is meant.
        first = there.argmax(axis=1)
        last = trust.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
        found.append(Outcome(f"trust in {name} at the start", "0 to 1", trust[rows, first]))
        found.append(Outcome(f"trust in {name} at the end", "0 to 1", trust[rows, last]))
    return found


def as_text(value: float, unit: str) -> str:
    """Write a value of the summary for a reader: counts whole, rates to what they can bear.

    Parameters
    ----------
    value : float
        In ``unit``; NaN where it is not defined.
    unit : str
        From the summary.

    Returns
    -------
    str
        Such as ``18,787``, ``0.32`` or ``not defined``.
    """
    if np.isnan(value):
        return NOT_DEFINED
    if unit in WHOLE_UNITS:
        return f"{value:,.0f}"
    return f"{value:.1f}" if unit == "percent" else f"{value:.2f}"
