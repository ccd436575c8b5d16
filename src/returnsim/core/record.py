"""The weekly record: flows of the week and stocks at its end, in people of the real camp."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.hardship import price_index
from returnsim.core.inputs import Class, Place, week_of
from returnsim.core.passage import single_men
from returnsim.core.state import (
    BORN,
    CLASSES,
    DETAINED,
    HELD,
    HOME,
    OUTSIDE,
    PLACES,
    Moves,
    Rows,
)
from returnsim.core.week import Camp, Happened

CLASS_NAMES = ("children", "women", "men_conscription_age", "men_older", "elderly")
HUNGER = 0.5
"""Hardship from which a household is counted as hungry."""

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


class Flows(NamedTuple):
    """People who moved in a week, by replicate, from place, to place and class before."""

    people: Int64[np.ndarray, "R from to K"]

    def between(self, sources: tuple[int, ...], targets: tuple[int, ...]) -> np.ndarray:
        """People who went from any of some places to any of others, by class, shape (R, K)."""
        return np.asarray(self.people[:, sources, :][:, :, targets].sum(axis=(1, 2)))


def flows_of(moves: Moves, replicates: int, households: int) -> Flows:
    """Count a week's moves; growing older within a place is none."""
    places = PLACES + 2
    shape = (replicates, places, places, CLASSES)
    keep = moves.source != moves.target
    cell = np.ravel_multi_index(
        (moves.rows // households, moves.source, moves.target, moves.source_class), shape
    )
    count = np.bincount(cell[keep], weights=moves.number[keep], minlength=int(np.prod(shape)))
    return Flows(count.astype(np.int64).reshape(shape))


def mean_by_replicate(
    values: Float[np.ndarray, "n"], rows: Rows, replicates: int
) -> Float[np.ndarray, "R"]:
    """Mean over some households of each replicate, NaN where there are none.

    The one place where floats are summed over households: in the order of the households, so that
    a replicate's mean is the same in any block.
    """
    total = np.bincount(rows.replicate, weights=values, minlength=replicates)
    number = np.bincount(rows.replicate, minlength=replicates)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def record_week(
    camp: Camp, happened: Happened, t: int, guarantors: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """All columns of one week, each of shape (R,)."""
    replicates, households, _ = camp.people.members.shape
    flows = flows_of(happened.moves, replicates, households)
    counts = (
        _stocks(camp) | _in_want(camp, t) | _flows(flows) | _passage(camp, happened, guarantors)
    )
    weight = camp.inputs.parameters.weight
    columns = {name: count * weight for name, count in counts.items()}
    return columns | _means(camp, happened, t, guarantors)


def _stocks(camp: Camp) -> dict[str, np.ndarray]:
    stock = camp.state.stock
    people = stock.sum(axis=2)
    in_camp = {f"camp_{name}": stock[:, Place.CAMP, c] for c, name in enumerate(CLASS_NAMES)}
    return (
        {"camp_population": people[:, Place.CAMP]}
        | in_camp
        | {
            "at_home": people[:, list(HOME)].sum(axis=1),
            "held": people[:, list(HELD)].sum(axis=1),
            "in_custody": people[:, list(DETAINED)].sum(axis=1),
        }
        | {f"{name}_to_date": people[:, place] for name, place in GONE_FOR_GOOD.items()}
    )


def _in_want(camp: Camp, t: int) -> dict[str, np.ndarray]:
    """People in hunger, and households that need care and have no access to it."""
    state = camp.state
    replicates, households, _ = camp.people.members.shape
    rows = Rows(np.flatnonzero(state.camp_size > 0), households)
    week = week_of(camp.inputs.conditions, t)
    hungry = rows.subset(state.hardship[rows.index] >= HUNGER)
    in_need = rows.subset(camp.people.vulnerable.ravel()[rows.index])
    people = np.bincount(
        hungry.replicate, weights=state.camp_size[hungry.index], minlength=replicates
    )
    needing = np.bincount(in_need.replicate, minlength=replicates)
    return {"hungry": people, "without_care": needing * (1.0 - week.medical)}


def _flows(flows: Flows) -> dict[str, np.ndarray]:
    camp, out = (Place.CAMP,), (*HOME, *HELD)
    departures = flows.between(camp, out)
    arrests = flows.between(out, DETAINED)
    total = {
        "arrivals": flows.between((OUTSIDE,), camp),
        "births": flows.between((BORN,), camp),
        "died_in_camp": flows.between(camp, (Place.DIED,)),
        "onward": flows.between(camp, (Place.ONWARD,)),
        "departures": departures,
        "newly_held": flows.between(camp, HELD),
        "held_released": flows.between(HELD, HOME),
        "detained": arrests,
        "released": flows.between(DETAINED, HOME),
        "disappeared": flows.between(DETAINED, (Place.DISAPPEARED,)),
        "conscripted": flows.between(HOME, (Place.CONSCRIPTED,)),
        "killed": flows.between((*HOME, *DETAINED), (Place.KILLED,)),
    }
    return (
        {name: by_class.sum(axis=1) for name, by_class in total.items()}
        | {f"departures_{name}": departures[:, c] for c, name in enumerate(CLASS_NAMES)}
        | {"detained_men_conscription_age": arrests[:, Class.MEN_CONSCRIPTION_AGE]}
    )


def _passage(camp: Camp, happened: Happened, guarantors: tuple[str, ...]) -> dict[str, np.ndarray]:
    state, choices, d = camp.state, happened.choices, happened.departures
    replicates, households, _ = camp.people.members.shape

    def by_replicate(rows: Rows, chosen: np.ndarray) -> np.ndarray:
        return np.bincount(rows.replicate[chosen], minlength=replicates)

    size = d.goers.sum(axis=0)
    everyone = np.ones(len(d.rows), dtype=bool)
    counts = {
        "registered": by_replicate(happened.rows, (choices.option > 0) & ~choices.changed),
        "waiting": (state.option > 0).reshape(replicates, households).sum(axis=1),
        "withdrawn": by_replicate(happened.rows, choices.withdrawn | choices.lapsed),
        "refused": np.bincount(happened.files.refused.replicate, minlength=replicates),
        "departing_parties": by_replicate(d.rows, everyone),
        "departing_households": by_replicate(d.rows, size >= 2),
        "departing_households_split": by_replicate(d.rows, (size >= 2) & d.is_split),
        "departing_single_men": by_replicate(d.rows, single_men(d)),
    }
    for g, name in enumerate(guarantors):
        mine = d.guarantor == g
        counts[f"departures_{name}"] = np.bincount(
            d.rows.replicate[mine], weights=size[mine], minlength=replicates
        )
    return counts


def _means(
    camp: Camp, happened: Happened, t: int, guarantors: tuple[str, ...]
) -> dict[str, np.ndarray]:
    state = camp.state
    replicates = len(state.perceived)
    week = week_of(camp.inputs.conditions, t)
    stayed = np.flatnonzero(state.camp_size[happened.rows.index] > 0)
    rows = happened.rows.subset(stayed)
    with_men = np.flatnonzero(state.members[Place.CAMP, Class.MEN_CONSCRIPTION_AGE, rows.index])

    def mean(values: np.ndarray, of: Rows = rows) -> np.ndarray:
        return mean_by_replicate(values, of, replicates)

    price = price_index(week.severity, camp.inputs.parameters.price_rise)
    origin = camp.people.origin.ravel()[rows.index]
    columns = {
        "intention_share": mean(happened.choices.intention, happened.rows),
        "hardship": mean(state.hardship[rows.index]),
        "reserves": mean(state.reserves[rows.index]),
        "price_index": np.where(
            np.bincount(rows.replicate, minlength=replicates) > 0, price, np.nan
        ),
        "perceived_threat": mean(state.perceived[rows.replicate, origin]),
    }
    for g, name in enumerate(guarantors):
        trust = happened.beliefs.trust[g][stayed]
        columns[f"trust_{name}"] = mean(trust)
        columns[f"trust_{name}_men_conscription_age"] = mean(trust[with_men], rows.subset(with_men))
    return columns
