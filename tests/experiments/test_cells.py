"""A cell is named by what it was given, and comes out the same however it is run."""

import json
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from returnsim.assemble import simulate
from returnsim.experiments.cells import (
    CELL,
    Cell,
    cell_of,
    key_given,
    run_cells,
    scenario_given,
)
from returnsim.scenario.files import scenario_from, scenario_hash
from tests.agents.camp import CAMP, camp
from tests.experiments.made import HOUSEHOLDS, cells, digests

SCENARIO = camp(weeks=8)


@pytest.mark.parametrize("rows", [1, 3, 16, 32, 64])
def test_the_bytes_of_a_cell_do_not_depend_on_how_many_rows_are_stepped_together(rows: int):
    given = cells(4, events=True)
    assert digests(run_cells(given, rows)) == digests(run_cells(given))


def test_the_bytes_of_a_cell_do_not_depend_on_the_cells_beside_it():
    given = cells(3, events=True)
    alone = [result for cell in given for result in run_cells([cell])]
    assert digests(run_cells(given[::-1])) == digests(alone)


def test_cells_of_unlike_shapes_go_into_one_task():
    other = camp(weeks=5, population__people=300)
    mixed = [*cells(2), cell_of(other, None, 1, 0), *cells(2, seed=2)]
    assert digests(run_cells(mixed)) == digests([r for cell in mixed for r in run_cells([cell])])


def test_a_cell_holds_what_simulate_gives_for_its_replicates():
    (result,) = run_cells([cell_of(SCENARIO, HOUSEHOLDS, 5, 1)])
    cell = pq.read_table(BytesIO(result.files["weekly"])).to_pandas()
    run = simulate(SCENARIO, 2 * CELL, 5, households=HOUSEHOLDS).to_frame()
    expected = run[run["replicate"] >= CELL].reset_index(drop=True)
    pd.testing.assert_frame_equal(cell, expected, check_exact=True, check_dtype=False)


def test_the_events_of_a_cell_are_those_that_simulate_gives():
    (result,) = run_cells([cell_of(SCENARIO, HOUSEHOLDS, 5, 0, events=True)])
    cell = pq.read_table(BytesIO(result.files["events"]))
    events = simulate(SCENARIO, CELL, 5, households=HOUSEHOLDS, events=True).events
    assert events is not None
    order = np.argsort(events.replicate, kind="stable")
    for name, values in events._asdict().items():
        np.testing.assert_array_equal(cell[name].to_numpy(), values[order], err_msg=name)


def test_titles_sources_and_ranges_do_not_name_a_cell():
    told = scenario_from(
        CAMP
        | {
            "title": "Another title",
            "question": "Another question",
            "behaviour": {"intercept": {"value": 0.5, "range": [0, 1], "source": "a survey"}},
        }
    )
    assert cell_of(told, None, 1, 0).key == cell_of(camp(), None, 1, 0).key


@pytest.mark.parametrize(
    "other",
    [
        cell_of(camp(weeks=8, behaviour__intercept=0.4), HOUSEHOLDS, 1, 0),
        cell_of(SCENARIO, HOUSEHOLDS + 1, 1, 0),
        cell_of(SCENARIO, None, 1, 0),
        cell_of(SCENARIO, HOUSEHOLDS, 2, 0),
        cell_of(SCENARIO, HOUSEHOLDS, 1, 1),
    ],
)
def test_whatever_changes_the_numbers_names_another_cell(other: Cell):
    assert other.key != cell_of(SCENARIO, HOUSEHOLDS, 1, 0).key


def test_what_a_cell_was_given_is_enough_to_name_and_build_it():
    cell = cell_of(SCENARIO, HOUSEHOLDS, 3, 2)
    assert key_given(cell.given) == cell.key
    assert scenario_hash(scenario_given(cell.given)) == scenario_hash(SCENARIO)
    assert "A made-up camp" not in cell.given


def test_a_cell_that_fails_takes_no_other_with_it():
    good = cells(2)
    told = json.loads(good[0].given)
    told["scenario"]["population"]["household_size"] = 1
    bad = Cell("0" * 64, json.dumps(told), False)
    first, failed, second = run_cells([good[0], bad, good[1]])
    assert failed.error is not None
    assert "household" in failed.error
    assert failed.files == {}
    assert digests([first, second]) == digests(run_cells(good))
