"""What is measured of a case: one number of each replicate, its unit and its good direction."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import numpy as np

from returnsim.analysis.attribution import LABELS
from returnsim.analysis.defined import mean_of
from returnsim.analysis.quantities import observable, per_hundred
from returnsim.analysis.survival import FIRST_KINDS
from returnsim.experiments.schema import Experiment, Outcome
from returnsim.scenario.limits import DAYS

Measure = Literal["end", "date", "cumulative", "peak", "mean"]
MEANS = ("hardship", "reserves", "price_index", "perceived_threat", "intention_share", "trust_")
"""Columns that are means over households, which cannot be added up."""

SUMMARY_COLUMNS = (
    *("outcome", "unit", "good", "replicates", "defined", "mean", "median", "low90", "high90"),
)
"""Of ``summary.csv``, after the case and its factors."""

NOT_YET_KNOWN = "not_yet_known"
HARMS = FIRST_KINDS
ALONG = ("held", *HARMS, "disappeared", *(f"{harm}_per_100" for harm in HARMS))
"""What is measured beside returns, named or not. The disappeared were detained before."""
RETURNED = (
    *("at_home", "held", "in_custody"),
    *("disappeared_to_date", "conscripted_to_date", "killed_to_date"),
)
"""Stocks that together are all who have returned, those before the first week recorded too."""

BUILT_IN: Mapping[str, Outcome] = {
    "returned": Outcome(column="departures"),
    "in_camp": Outcome(column="camp_population"),
    "held": Outcome(column="newly_held", good="less"),
    "detained": Outcome(column="detained", good="less"),
    "conscripted": Outcome(column="conscripted", good="less"),
    "killed": Outcome(column="killed", good="less"),
    "disappeared": Outcome(column="disappeared", good="less"),
    **{f"{harm}_per_100": Outcome(column=harm, per_100=RETURNED, good="less") for harm in HARMS},
    "died_in_camp": Outcome(column="died_in_camp", good="less"),
    "onward": Outcome(column="onward"),
    "hardship": Outcome(column="hardship", measure="mean", good="less"),
    "pushed": Outcome(column="pushed", without="siege", good="less"),
    "not_yet_known": Outcome(column="not_yet_known", without="siege"),
}
"""Outcomes that need only be named. A return is not good in itself, so it has no direction."""

TITLES: Mapping[str, str] = {
    "returned": "returned",
    "in_camp": "in camp at the end",
    "held": "held at some time",
    "detained": "detained after return",
    "conscripted": "conscripted after return",
    "killed": "killed after return",
    "disappeared": "disappeared after return",
    "detained_per_100": "detained per 100 returned",
    "conscripted_per_100": "conscripted per 100 returned",
    "killed_per_100": "killed per 100 returned",
    "died_in_camp": "died in camp",
    "onward": "went on elsewhere",
    "hardship": "hardship in camp, mean over the weeks",
    "pushed": "returned, pushed by the siege",
    NOT_YET_KNOWN: "returned, not yet known whether pushed",
}
WINDOWED = (
    "returned",
    "held",
    "pushed",
    NOT_YET_KNOWN,
    "died_in_camp",
    "onward",
    *HARMS,
    "disappeared",
)
"""Flows, which a record that begins later holds less of."""

DEFAULTS = (
    *("returned", "in_camp", *ALONG),
    *("died_in_camp", "hardship"),
)
"""What is measured where an experiment names nothing."""


def outcomes_of(experiment: Experiment) -> dict[str, Outcome]:
    """All that an experiment measures, every default filled, in order.

    Where returns are counted, the harm after them is measured too, whether it was named or not: a
    number of returns is never told alone. Where those pushed are counted, so are those of whom it
    is not yet known.

    Parameters
    ----------
    experiment : Experiment
        Any experiment.

    Returns
    -------
    dict of str to Outcome
    """
    named = dict(experiment.outcomes) or {name: Outcome() for name in DEFAULTS}
    found = {name: filled(name, outcome) for name, outcome in named.items()}
    levers = {o.without for o in found.values() if o.without and "pushed" in columns_of(o)}
    for lever in sorted(levers):
        # Without it, none pushed could mean that it is too early to tell.
        name = NOT_YET_KNOWN if len(levers) == 1 else f"{NOT_YET_KNOWN}_without_{lever}"
        found.setdefault(name, filled(name, Outcome(column=NOT_YET_KNOWN, without=lever)))
    if any(_counts_returns(outcome) for outcome in found.values()):
        for name in ALONG:
            found.setdefault(name, filled(name, Outcome()))
    return found


def filled(name: str, outcome: Outcome) -> Outcome:
    """Fill in what an outcome leaves open: from the built-in one of its name, then by its column.

    Parameters
    ----------
    name : str
        Its name.
    outcome : Outcome
        As it was written.

    Returns
    -------
    Outcome
        With column, measure and unit.
    """
    told = outcome.model_fields_set
    built_in = BUILT_IN.get(name)
    if built_in is not None and not told & {"column", "per_100"}:
        missing = built_in.model_fields_set - told
        outcome = outcome.model_copy(update={field: getattr(built_in, field) for field in missing})
    if outcome.column is None:
        outcome = outcome.model_copy(update={"column": name})
    first = columns_of(outcome)[0]
    measure = outcome.measure or _usual_measure(first)
    unit = outcome.unit or _usual_unit(first, measure, outcome.per_100 is not None)
    return outcome.model_copy(update={"measure": measure, "unit": unit})


def columns_of(outcome: Outcome) -> tuple[str, ...]:
    """The columns that an outcome adds up."""
    return _tuple(outcome.column)


def base_of(outcome: Outcome) -> tuple[str, ...]:
    """The columns that an outcome is divided by; none where it is no number per hundred."""
    return _tuple(outcome.per_100)


def title(name: str, outcome: Outcome, *, is_window: bool = False) -> str:
    """Say in plain words what an outcome is.

    Parameters
    ----------
    name : str
        Its name.
    outcome : Outcome
        From `filled`.
    is_window : bool
        Whether the record begins after the scenario does: most of the harm in a window befalls
        those who returned before it.
    """
    built_in = BUILT_IN.get(name)
    if built_in is None or outcome != filled(name, built_in):
        return _title_as_written(name, outcome)
    if is_window and outcome.per_100 is not None:
        words = TITLES[name.removesuffix("_per_100")].removesuffix(" after return")
        return f"{words} in the weeks recorded, per 100 of all who had returned"
    if is_window and name in WINDOWED:
        return f"{TITLES[name]}, in the weeks recorded"
    return TITLES[name]


def _title_as_written(name: str, outcome: Outcome) -> str:
    words = name.replace("_", " ")
    if outcome.without is not None:
        words += f", told from a run without {outcome.without.replace(':', ' ')}"
    if outcome.date is not None:
        return f"{words}, {outcome.date}"
    usual = _usual_measure(columns_of(outcome)[0])
    how = {
        "peak": "at the peak",
        "mean": "mean over the weeks",
        "end": "in the last week",
        "cumulative": "summed over the weeks",
    }
    return words if outcome.measure == usual else f"{words}, {how[str(outcome.measure)]}"


def measure(outcome: Outcome, columns: Mapping[str, np.ndarray], dates: np.ndarray) -> np.ndarray:
    """Measure an outcome.

    Parameters
    ----------
    outcome : Outcome
        From `filled`.
    columns : dict of str to array, shape (R, W)
        The weekly record, and with a pair the returns by label.
    dates : array of datetime64, shape (W,)
        First day of each week.

    Returns
    -------
    array, shape (R,)
        In the outcome's unit; NaN where it is not defined.

    Raises
    ------
    KeyError
        If a column is not there.
    ValueError
        If the outcome's date lies outside the weeks.
    """
    value = _measured(outcome, columns_of(outcome), columns, dates)
    if outcome.per_100 is None:
        return value
    base = base_of(outcome)
    if outcome.measure in {"cumulative", "end"}:
        outcome = outcome.model_copy(update={"measure": _usual_measure(base[0])})
    return per_hundred(value, _measured(outcome, base, columns, dates))


def is_stock(column: str) -> bool:
    """Whether a column is counted at the end of the week rather than over it."""
    kind = observable().get(column)
    return kind is not None and kind.is_stock and not is_mean(column)


def is_mean(column: str) -> bool:
    """Whether a column is a mean over households."""
    return column.startswith(MEANS)


def _measured(
    outcome: Outcome, names: tuple[str, ...], columns: Mapping[str, np.ndarray], dates: np.ndarray
) -> np.ndarray:
    values: np.ndarray = np.sum([columns[name] for name in names], axis=0)
    accumulates = not (is_stock(names[0]) or is_mean(names[0]))
    if outcome.measure == "peak":
        return np.asarray(np.fmax.reduce(values, axis=1))
    if outcome.measure == "mean":
        return mean_of(values)
    if outcome.measure == "cumulative":
        return np.asarray(values.sum(axis=1))
    if outcome.measure == "end":
        return _last(values)
    week = _week_of(outcome.date, dates)
    return np.asarray(values[:, : week + 1].sum(axis=1) if accumulates else values[:, week])


def _last(values: np.ndarray) -> np.ndarray:
    """The last value that is defined: nobody may be left at the end to have one."""
    there = ~np.isnan(values)
    place = values.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return np.asarray(values[np.arange(len(values)), place])


def _week_of(day: date | None, dates: np.ndarray) -> int:
    if day is None:
        raise ValueError("an outcome measured at a date needs one")
    place = int(np.searchsorted(dates, np.datetime64(day), side="right")) - 1
    if place < 0 or np.datetime64(day) >= dates[-1] + np.timedelta64(DAYS, "D"):
        raise ValueError(f"{day} lies outside the weeks recorded")
    return place


def _usual_measure(column: str) -> Measure:
    if is_mean(column):
        return "mean"
    return "end" if is_stock(column) else "cumulative"


def _usual_unit(column: str, measure: Measure, is_share: bool) -> str:
    if is_share:
        return "per 100"
    if is_mean(column):
        return "0 to 1" if column.startswith(("hardship", "trust_", "intention")) else ""
    flow = measure in {"peak", "mean", "end"} and not is_stock(column)
    kind = observable().get(column)
    unit = kind.units[0] if kind is not None else "people"
    if measure == "cumulative" and is_stock(column):
        return f"{unit}-weeks"
    return f"{unit} a week" if flow else unit


def _counts_returns(outcome: Outcome) -> bool:
    return any(
        name.startswith(("departures", "departing")) or name == "at_home" or name in LABELS
        for name in columns_of(outcome)
    )


def _tuple(names: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else names
