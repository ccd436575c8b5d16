"""What the store holds of an experiment, case by case, with the outcomes measured."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from returnsim.analysis.attribution import Movements, attribute, column_of_pair
from returnsim.assemble import members_of, plan_run
from returnsim.core.log import Events
from returnsim.experiments.cases import DesignedCase, LoadedExperiment
from returnsim.experiments.cells import CELL, EVENTS, WEEKLY, key_of
from returnsim.experiments.outcomes import measure
from returnsim.experiments.schema import Outcome
from returnsim.experiments.store import Store
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario

IDENTIFIERS = ("replicate", "week", "date")


class Source(NamedTuple):
    """What the tables are made from, besides the store.

    Attributes
    ----------
    experiment : LoadedExperiment
        With its cases in order.
    hashes : tuple of dict
        For each case the fingerprint of its scenario, and by lever those of its pairs.
    pairs : tuple of str
        The levers of which pairs are run.
    replicates : int
        How many are told of.
    blocks : int
        Cells of each case and pair.
    outcomes : dict of str to Outcome
        What is measured, every default filled, in order.
    columns : tuple of str
        Columns of the weekly record of any case, in order.
    """

    experiment: LoadedExperiment
    hashes: tuple[Mapping[str | None, str], ...]
    pairs: tuple[str, ...]
    replicates: int
    blocks: int
    outcomes: Mapping[str, Outcome]
    columns: tuple[str, ...]

    def key(self, case: int, pair: str | None, block: int) -> str:
        """Key of a cell of the experiment."""
        told = self.experiment.experiment
        return key_of(self.hashes[case][pair], told.households, told.seed, block)


class Piece(NamedTuple):
    """What the tables tell of one cell."""

    case: DesignedCase
    replicates: np.ndarray
    identifiers: dict[str, np.ndarray]  # flat, as in the cell
    columns: dict[str, np.ndarray]  # shape (R, W)
    outcomes: dict[str, np.ndarray]  # shape (R,)


def pieces(source: Source, store: Store, i: int) -> Iterator[Piece]:
    """Go through the cells of a case that are there, each with the pairs that its outcomes want.

    Parameters
    ----------
    source : Source
        The experiment.
    store : Store
        Holds the cells.
    i : int
        Which case.

    Yields
    ------
    Piece
        One for each block of replicates, in order.
    """
    case = source.experiment.cases[i]
    scenario = source.experiment.scenario(case) if source.pairs else None
    for block in range(source.blocks):
        keys = {pair: source.key(i, pair, block) for pair in (None, *source.pairs)}
        if not all(store.has_record(k, events=bool(source.pairs)) for k in keys.values()):
            continue
        table = _read(store, keys[None], WEEKLY)
        flat = {name: table[name].to_numpy() for name in table.column_names}
        dates = flat["date"][: len(flat["date"]) // CELL]
        shape = (CELL, len(dates))
        columns = {n: v.reshape(shape) for n, v in flat.items() if n not in IDENTIFIERS}
        labels = (
            _labels(source, store, keys, scenario, block, int(flat["week"][0])) if scenario else {}
        )
        wanted = min(CELL, source.replicates - CELL * block)
        outcomes = {
            name: measure(outcome, {**columns, **labels.get(outcome.without or "", {})}, dates)[
                :wanted
            ]
            for name, outcome in source.outcomes.items()
        }
        of_pairs = {
            column_of_pair(label, pair): values
            for pair, by_label in labels.items()
            for label, values in by_label.items()
        }
        yield Piece(
            case,
            np.arange(CELL * block, CELL * block + wanted),
            {name: flat[name][: wanted * len(dates)] for name in IDENTIFIERS},
            {name: values[:wanted] for name, values in (columns | of_pairs).items()},
            outcomes,
        )


def _labels(
    source: Source,
    store: Store,
    keys: Mapping[str | None, str],
    scenario: Scenario,
    block: int,
    record_from: int,
) -> dict[str, Mapping[str, np.ndarray]]:
    """Returns a week by label, for each pair, shape (R, W)."""
    told = source.experiment.experiment
    replicates = list(range(CELL * block, CELL * (block + 1)))
    variants = {pair: without(scenario, pair) if pair else scenario for pair in keys}
    plans = {pair: plan_run(one, told.seed, told.households) for pair, one in variants.items()}
    lived = {
        pair: Movements(_events(store, key), members_of(plans[pair], replicates))
        for pair, key in keys.items()
    }
    weight = float(plans[None].inputs.parameters.weight[0])
    return {
        pair: attribute(lived[None], lived[pair], replicates, scenario.weeks).weekly(
            record_from, weight
        )
        for pair in source.pairs
    }


def _events(store: Store, key: str) -> Events:
    table = _read(store, key, EVENTS)
    return Events(*(table[name].to_numpy().astype(np.int64) for name in Events._fields))


def _read(store: Store, key: str, kind: str) -> Any:
    import pyarrow.parquet as pq

    # So small a table is read sooner by one thread.
    return pq.ParquetFile(BytesIO(store.read(key, kind))).read(use_threads=False)
