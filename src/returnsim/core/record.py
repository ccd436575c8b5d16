"""The weekly record: flows of the week and stocks at its end, in people of the real camp."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.hardship import price_index
from returnsim.core.inputs import Class, Conditions, Inputs, Parameters, Place, week_of
from returnsim.core.passage import single_men
from returnsim.core.rows import Rows
from returnsim.core.state import BORN, CLASSES, DETAINED, HELD, HOME, OUTSIDE, PLACES, Moves
from returnsim.core.week import Camp, Happened

CLASS_NAMES = ("children", "women", "men_conscription_age", "men_older", "elderly")
HUNGER = 0.5
"""Hardship from which a household is counted as hungry."""

WEEKS_AT_ONCE = 16
"""Weeks whose columns are worked out together: each call of NumPy costs as much for one."""

GONE_FOR_GOOD = {
    "disappeared": Place.DISAPPEARED,
    "conscripted": Place.CONSCRIPTED,
    "killed": Place.KILLED,
    "died_in_camp": Place.DIED,
    "onward": Place.ONWARD,
}


def column_names(guarantors: tuple[str, ...]) -> tuple[str, ...]:
    """Every column of the record, in its order."""
    by_class = [f"{{}}_{name}" for name in CLASS_NAMES]
    return (
        "camp_population",
        *(name.format("camp") for name in by_class),
        "at_home",
        "held",
        "in_custody",
        *(f"{name}_to_date" for name in GONE_FOR_GOOD),
        "hungry",
        "without_care",
        "arrivals",
        "births",
        "died_in_camp",
        "onward",
        "intention_share",
        "registered",
        "waiting",
        "withdrawn",
        "refused",
        "departures",
        *(f"departures_{name}" for name in guarantors),
        *(name.format("departures") for name in by_class),
        "departing_parties",
        "departing_households",
        "departing_households_split",
        "departing_single_men",
        "newly_held",
        "held_released",
        "detained",
        "detained_men_conscription_age",
        "released",
        "disappeared",
        "conscripted",
        "killed",
        "hardship",
        "reserves",
        "price_index",
        "perceived_threat",
        *(f"trust_{name}" for name in guarantors),
        *(f"trust_{name}_men_conscription_age" for name in guarantors),
    )


class Tally(NamedTuple):
    """A week counted by replicate, in simulated people, households and sums over households."""

    stock: Int64[np.ndarray, "R places K"]  # people, at the end of the week
    flows: Int64[np.ndarray, "R from to K"]  # people, by their class before; ageing is none
    hungry: Int64[np.ndarray, "R"]  # people, at the end of the week
    vulnerable: Int64[np.ndarray, "R"]  # households in camp that need care, likewise
    registered: Int64[np.ndarray, "R"]  # in the week
    waiting: Int64[np.ndarray, "R"]  # at its end
    withdrawn: Int64[np.ndarray, "R"]
    refused: Int64[np.ndarray, "R"]
    parties: Int64[np.ndarray, "R"]
    parties_of_several: Int64[np.ndarray, "R"]
    parties_of_several_split: Int64[np.ndarray, "R"]
    single_men: Int64[np.ndarray, "R"]
    departures: Int64[np.ndarray, "G R"]  # people, by guarantor
    chose: Int64[np.ndarray, "R"]  # households in camp when the week's choices were made
    intention: Float[np.ndarray, "R"]  # sum over them
    stayed: Int64[np.ndarray, "R"]  # of them, in camp at the end of the week
    hardship: Float[np.ndarray, "R"]  # sum over those who stayed, as what follows
    reserves: Float[np.ndarray, "R"]
    perceived: Float[np.ndarray, "R"]
    trust: Float[np.ndarray, "G R"]
    with_men: Int64[np.ndarray, "R"]  # of those who stayed, with men of conscription age
    trust_with_men: Float[np.ndarray, "G R"]


def no_tally(replicates: int, guarantors: int) -> Tally:
    """A tally of nothing, to be counted up."""
    places = PLACES + 2
    sums = {"intention", "hardship", "reserves", "perceived", "trust", "trust_with_men"}
    by_guarantor = {"departures", "trust", "trust_with_men"}
    fields = {
        name: np.zeros(
            (guarantors, replicates) if name in by_guarantor else replicates,
            dtype=np.float64 if name in sums else np.int64,
        )
        for name in Tally._fields
    }
    fields["stock"] = np.zeros((replicates, PLACES, CLASSES), dtype=np.int64)
    fields["flows"] = np.zeros((replicates, places, places, CLASSES), dtype=np.int64)
    return Tally(**fields)


def flows_of(moves: Moves, replicates: int, households: int) -> Int64[np.ndarray, "R from to K"]:
    """Count a week's moves; growing older within a place is none."""
    places = PLACES + 2
    shape = (replicates, places, places, CLASSES)
    keep = moves.source != moves.target
    cell = np.ravel_multi_index(
        (moves.rows // households, moves.source, moves.target, moves.source_class), shape
    )
    count = np.bincount(cell[keep], weights=moves.number[keep], minlength=int(np.prod(shape)))
    return count.astype(np.int64).reshape(shape)


def sum_by_replicate(
    values: Float[np.ndarray, "n"], rows: Rows, replicates: int
) -> Float[np.ndarray, "R"]:
    """Sum over some households of each replicate.

    The one place where floats are summed over households: in the order of the households, so that
    a replicate's sum is the same in any block.
    """
    total = np.bincount(rows.replicate, weights=values, minlength=replicates)
    # Of nothing it counts, in whole numbers.
    return total.astype(np.float64, copy=False)


def tally(camp: Camp, happened: Happened) -> Tally:
    """Count what a week did, and what it left."""
    state, people, d = camp.state, camp.people, happened.departures
    replicates, households, _ = people.members.shape
    choices, rows = happened.choices, happened.rows
    stayed = np.flatnonzero(state.camp_size[rows.index] > 0)
    still = rows.subset(stayed)
    with_men = np.flatnonzero(state.members[Place.CAMP, Class.MEN_CONSCRIPTION_AGE, still.index])
    there = Rows(np.flatnonzero(state.camp_size > 0), households)
    hungry = there.subset(state.hardship[there.index] >= HUNGER)
    size = d.goers.sum(axis=0)

    def number(some: Rows, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        return np.bincount(some.replicate[chosen], minlength=replicates)

    def of_people(some: Rows, sizes: np.ndarray) -> np.ndarray:
        counted = np.bincount(some.replicate, weights=sizes, minlength=replicates)
        return counted.astype(np.int64)

    def summed(values: np.ndarray, over: Rows = still) -> np.ndarray:
        return sum_by_replicate(values, over, replicates)

    trust = happened.trust[:, stayed]
    origin = people.origin.ravel()[still.index]
    return Tally(
        stock=state.stock,
        flows=flows_of(happened.moves, replicates, households),
        hungry=of_people(hungry, state.camp_size[hungry.index]),
        vulnerable=number(there, people.vulnerable.ravel()[there.index]),
        registered=number(rows, (choices.option > 0) & ~choices.changed),
        waiting=(state.option > 0).reshape(replicates, households).sum(axis=1),
        withdrawn=number(rows, choices.withdrawn | choices.lapsed),
        refused=number(happened.files.refused),
        parties=number(d.rows),
        parties_of_several=number(d.rows, size >= 2),
        parties_of_several_split=number(d.rows, (size >= 2) & d.is_split),
        single_men=number(d.rows, single_men(d)),
        departures=np.stack(
            [of_people(d.rows, np.where(d.guarantor == g, size, 0)) for g in range(len(trust))]
        ),
        chose=number(rows),
        intention=summed(choices.intention, rows),
        stayed=number(still),
        hardship=summed(state.hardship[still.index]),
        reserves=summed(state.reserves[still.index]),
        perceived=summed(state.perceived[still.replicate, origin]),
        trust=np.stack([summed(values) for values in trust]),
        with_men=number(still, with_men),
        trust_with_men=np.stack(
            [summed(values[with_men], still.subset(with_men)) for values in trust]
        ),
    )


def columns_of(
    counted: Tally, levers: Conditions, p: Parameters, guarantors: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """All columns of some weeks.

    Parameters
    ----------
    counted : Tally
        Of one week, or of several, with an axis of weeks before all others.
    levers : Conditions
        Of the same weeks.
    p : Parameters
    guarantors : tuple of str
        Their names.

    Returns
    -------
    dict of str to array, shape (R,) or (weeks, R)
    """
    counts = (
        _stocks(counted.stock)
        | {"hungry": counted.hungry, "without_care": counted.vulnerable * (1.0 - levers.medical)}
        | _flows(counted.flows)
        | _passage(counted, guarantors)
    )
    columns = {name: count * p.weight for name, count in counts.items()}
    return columns | _means(counted, levers, p, guarantors)


class Record:
    """The weekly record of a block, filled week by week.

    Parameters
    ----------
    inputs : Inputs
        Of the block.
    replicates : int
        Rows of the block.
    guarantors : tuple of str
        Their names.
    """

    def __init__(self, inputs: Inputs, replicates: int, guarantors: tuple[str, ...]) -> None:
        weeks = len(inputs.conditions.severity) - inputs.record_from
        self._inputs, self._guarantors = inputs, guarantors
        self._columns = {name: np.empty((replicates, weeks)) for name in column_names(guarantors)}
        self._done = 0
        self._waiting: list[Tally] = []

    def add(self, counted: Tally) -> None:
        """Take the tally of the next week that is recorded."""
        self._waiting.append(Tally(*(field.copy() for field in counted)))
        if len(self._waiting) == WEEKS_AT_ONCE:
            self._write()

    def columns(self) -> dict[str, np.ndarray]:
        """All columns, each of shape (R, weeks)."""
        self._write()
        return self._columns

    def _write(self) -> None:
        """Work out the columns of the weeks that wait, in one go."""
        number = len(self._waiting)
        if number == 0:
            return
        first = self._inputs.record_from + self._done
        levers = Conditions(*(f[first : first + number] for f in self._inputs.conditions))
        counted = Tally(*(np.stack(field) for field in zip(*self._waiting, strict=True)))
        told = columns_of(counted, levers, self._inputs.parameters, self._guarantors)
        for name, values in told.items():
            self._columns[name][:, self._done : self._done + number] = values.T
        self._done += number
        self._waiting = []


def record_week(
    camp: Camp, happened: Happened, t: int, guarantors: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """All columns of one week that was lived through, each of shape (R,)."""
    inputs = camp.inputs
    week = week_of(inputs.conditions, t)
    return columns_of(tally(camp, happened), week, inputs.parameters, guarantors)


def _stocks(stock: Int64[np.ndarray, "*weeks R places K"]) -> dict[str, np.ndarray]:
    people = stock.sum(axis=-1)
    in_camp = {f"camp_{name}": stock[..., Place.CAMP, c] for c, name in enumerate(CLASS_NAMES)}
    return (
        {"camp_population": people[..., Place.CAMP]}
        | in_camp
        | {
            "at_home": people[..., list(HOME)].sum(axis=-1),
            "held": people[..., list(HELD)].sum(axis=-1),
            "in_custody": people[..., list(DETAINED)].sum(axis=-1),
        }
        | {f"{name}_to_date": people[..., place] for name, place in GONE_FOR_GOOD.items()}
    )


def _flows(flows: Int64[np.ndarray, "*weeks R from to K"]) -> dict[str, np.ndarray]:
    def between(sources: tuple[int, ...], targets: tuple[int, ...]) -> np.ndarray:
        """People who went from any of some places to any of others, by class."""
        return sum(flows[..., a, b, :] for a in sources for b in targets)  # type: ignore[return-value]

    camp, out = (Place.CAMP,), (*HOME, *HELD)
    departures = between(camp, out)
    arrests = between(out, DETAINED)
    total = {
        "arrivals": between((OUTSIDE,), camp),
        "births": between((BORN,), camp),
        "died_in_camp": between(camp, (Place.DIED,)),
        "onward": between(camp, (Place.ONWARD,)),
        "departures": departures,
        "newly_held": between(camp, HELD),
        "held_released": between(HELD, HOME),
        "detained": arrests,
        "released": between(DETAINED, HOME),
        "disappeared": between(DETAINED, (Place.DISAPPEARED,)),
        "conscripted": between(HOME, (Place.CONSCRIPTED,)),
        "killed": between((*HOME, *DETAINED), (Place.KILLED,)),
    }
    return (
        {name: by_class.sum(axis=-1) for name, by_class in total.items()}
        | {f"departures_{name}": departures[..., c] for c, name in enumerate(CLASS_NAMES)}
        | {"detained_men_conscription_age": arrests[..., Class.MEN_CONSCRIPTION_AGE]}
    )


def _passage(counted: Tally, guarantors: tuple[str, ...]) -> dict[str, np.ndarray]:
    counts = {
        "registered": counted.registered,
        "waiting": counted.waiting,
        "withdrawn": counted.withdrawn,
        "refused": counted.refused,
        "departing_parties": counted.parties,
        "departing_households": counted.parties_of_several,
        "departing_households_split": counted.parties_of_several_split,
        "departing_single_men": counted.single_men,
    }
    by_guarantor = {
        f"departures_{name}": counted.departures[..., g, :] for g, name in enumerate(guarantors)
    }
    return counts | by_guarantor


def _means(
    counted: Tally, levers: Conditions, p: Parameters, guarantors: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Means over households, NaN where there are none."""

    def mean(total: np.ndarray, number: np.ndarray = counted.stayed) -> np.ndarray:
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    price = price_index(levers.severity, p.price_rise)
    columns = {
        "intention_share": mean(counted.intention, counted.chose),
        "hardship": mean(counted.hardship),
        "reserves": mean(counted.reserves),
        "price_index": np.where(counted.stayed > 0, price, np.nan),
        "perceived_threat": mean(counted.perceived),
    }
    for g, name in enumerate(guarantors):
        columns[f"trust_{name}"] = mean(counted.trust[..., g, :])
        columns[f"trust_{name}_men_conscription_age"] = mean(
            counted.trust_with_men[..., g, :], counted.with_men
        )
    return columns
