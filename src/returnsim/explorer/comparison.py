"""What the changes make different: every outcome beside that of the scenario as written."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from returnsim.analysis.attribution import column_of_pair
from returnsim.analysis.summary import PAIR, Outcome, as_text, cautions, outcomes, percentiles
from returnsim.experiments.compare import PairedDifference, paired_difference
from returnsim.explorer.picture import Picture
from returnsim.explorer.words import WHENEVER, WINDOW, people, said

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("outcome", "unit"),
    *("written_median", "written_low90", "written_high90"),
    *("changed_median", "changed_low90", "changed_high90"),
    *("pairs", "difference", "difference_ci90_low", "difference_ci90_high"),
)
RETURNS = (("departures", "return"), (column_of_pair("pushed", PAIR), "pushed by the siege"))
UNTOLD = column_of_pair("not_yet_known", PAIR)
AFTER_RETURN = ("detained", "conscripted", "killed", "disappeared")
IN_CAMP = ("died_in_camp", "died in the camp")
INTERVALS = "In brackets are 90 % intervals of the mean difference, replicate by replicate."


class Row(NamedTuple):
    """One outcome: as written, with the changes, and the difference."""

    outcome: Outcome
    written: tuple[float, float, float]  # median, 5th and 95th percentile
    changed: tuple[float, float, float]
    difference: PairedDifference

    def texts(self) -> tuple[str, str, str, str]:
        """The outcome and its three numbers, for a reader."""
        unit = self.outcome.unit
        name = self.outcome.name if unit == "people" else f"{self.outcome.name}, {unit}"
        return name, _median(self.written, unit), _median(self.changed, unit), self._difference()

    def _difference(self) -> str:
        d, unit = self.difference, self.outcome.unit
        if d.pairs == 0:
            return "not defined"
        if d.is_none:
            return "the same"
        if d.pairs == 1:
            return _signed(d.mean, unit)
        return f"{_signed(d.mean, unit)} ({_signed(d.low, unit)} to {_signed(d.high, unit)})"


def rows_of(written: Picture, changed: Picture) -> list[Row]:
    """Every outcome of two pictures of the same replicates, in the order of a run's summary."""
    before = {(o.name, o.unit): o for o in outcomes(written.trajectories)}
    return [
        Row(
            outcome,
            _spread(before[outcome.name, outcome.unit].values),
            _spread(outcome.values),
            paired_difference(outcome.values, before[outcome.name, outcome.unit].values),
        )
        for outcome in outcomes(changed.trajectories)
        if (outcome.name, outcome.unit) in before
    ]


def table_of(written: Picture, changed: Picture) -> "pd.DataFrame":
    """The same as a table to be kept."""
    import pandas as pd

    rows = [
        (*row.outcome[:2], *row.written, *row.changed, d.pairs, d.mean, d.low, d.high)
        for row in rows_of(written, changed)
        for d in (row.difference,)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_words(written: Picture, changed: Picture) -> str:
    """What the changes make different, harm beside returns."""
    returns = ", ".join(said(_of(written, changed, name), what) for name, what in RETURNS)
    harms = [said(_of(written, changed, name), name) for name in AFTER_RETURN]
    name, what = IN_CAMP
    died = said(_of(written, changed, name), what)
    if written.is_window:
        sentence = f"{WINDOW} {returns}; {', '.join(harms)}, {WHENEVER}; {died}."
    else:
        sentence = f"{returns}; {', '.join([*harms, died])}."
    return sentence[0].upper() + sentence[1:]


def summary_of(picture: Picture) -> str:
    """What a picture shows, in a sentence, harm beside returns."""
    told = picture.trajectories
    returned, pushed = (_spread(_total(picture, name)) for name, _ in RETURNS)
    harms = [f"{people(_spread(_total(picture, name))[0])} {name}" for name in AFTER_RETURN]
    name, what = IN_CAMP
    died = people(_spread(_total(picture, name))[0])
    there = people(float(np.median(told["camp_population"][:, -1])))
    end = told.dates[-1].astype(object)
    untold = _total(picture, UNTOLD)
    later = f" and {_range(_spread(untold))} not yet known" if untold.any() else ""
    when = f" {WINDOW}" if picture.is_window else ""
    whose = f"in these weeks, {WHENEVER}" if picture.is_window else "after their return"
    return (
        f"{_range(returned)} return{when}, {_range(pushed)} of them pushed by the siege{later}; "
        f"{', '.join(harms)} {whose}, {died} {what}; "
        f"{there} are still there in {end:%B %Y}."
    )


def cautions_of(written: Picture, changed: Picture) -> list[str]:
    """What to know of the numbers of either picture before they are believed."""
    pictures = (written, changed)
    return list(dict.fromkeys(said for one in pictures for said in cautions(one.trajectories)))


def _range(spread: tuple[float, float, float]) -> str:
    median, low, high = spread
    return f"{people(median)} ({people(low)} to {people(high)})"


def _of(written: Picture, changed: Picture, name: str) -> PairedDifference:
    return paired_difference(_total(changed, name), _total(written, name))


def _total(picture: Picture, name: str) -> np.ndarray:
    total: np.ndarray = picture.trajectories[name].sum(axis=1)
    return total


def _spread(values: np.ndarray) -> tuple[float, float, float]:
    low, median, high = percentiles(values[:, np.newaxis], (5.0, 50.0, 95.0))[:, 0]
    return float(median), float(low), float(high)


def _median(spread: tuple[float, float, float], unit: str) -> str:
    median, low, high = (as_text(value, unit) for value in spread)
    return median if low == high else f"{median} ({low} to {high})"


def _signed(value: float, unit: str) -> str:
    text = as_text(abs(value), unit)
    return text if not float(text.replace(",", "")) else f"{'+' if value > 0 else '−'}{text}"
