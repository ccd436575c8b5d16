"""Each replicate of a scenario with a posterior has its own row, and the same one everywhere."""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from returnsim import ReturnModel, cli
from returnsim.analysis.explain import explain_household
from returnsim.analysis.flips import changed, levers_of, smallest_changes, today
from returnsim.analysis.followed import follow
from returnsim.analysis.groups import explain_groups
from returnsim.analysis.guarantor_ledger import promises_of
from returnsim.analysis.harm_ledger import lives_of
from returnsim.analysis.moments import moment_in
from returnsim.assemble import (
    block_of,
    inputs_of,
    members_of,
    plan_run,
    run_plan,
    simulate,
    step_together,
)
from returnsim.events import households_frame
from returnsim.experiments.cells import CELL, cell_of, key_given, run_cells
from returnsim.parity import against_core, against_twin
from returnsim.posterior_rows import drawn, posterior_rows
from returnsim.results.writing import write_results
from returnsim.scenario.files import load_scenario, require_patterns, scenario_hash
from returnsim.scenario.neutral import without
from returnsim.scenario.schema import Scenario
from tests.agents.camp import camp
from tests.experiments.sweeps import swept, written
from tests.posteriors import write_draws

HOUSEHOLDS, SEED, ROWS = 40, 3, 50
rng = np.random.default_rng(1)
DRAWS = {
    "behaviour.intercept": rng.uniform(-2, 2, ROWS),
    "levers.siege.severity": rng.uniform(0, 1, ROWS),
    "levers.threat.level": rng.uniform(0.5, 3, ROWS),
    "levers.conscription.deferral_weeks": rng.uniform(1, 12, ROWS),
    "guarantors.state.track_record.harms": rng.uniform(1, 5, ROWS),
    "guarantors.state.enforcement": rng.uniform(0, 1, ROWS),
    "population.wanted_share": rng.uniform(0, 0.5, ROWS),
    "population.reserves_weeks": rng.uniform(1, 30, ROWS),
    "hazards.harm_per_week": rng.uniform(0, 0.05, ROWS),
}


def fitted(**changes: object) -> Scenario:
    draws = {path: values.tolist() for path, values in DRAWS.items()}
    return camp(posterior={"draws": draws}, **changes)


@pytest.fixture(scope="module")
def together() -> dict[str, np.ndarray]:
    """The weekly record of sixteen replicates run together."""
    return simulate(fitted(), 16, SEED, households=HOUSEHOLDS).columns


@pytest.mark.parametrize("replicate", [0, 7, 15])
def test_a_replicate_alone_is_the_same_as_among_others(
    together: dict[str, np.ndarray], replicate: int
):
    alone = run_plan(plan_run(fitted(), SEED, HOUSEHOLDS), [replicate]).columns
    for name, values in together.items():
        assert_array_equal(alone[name][0], values[replicate], err_msg=name)


@pytest.mark.parametrize("replicate", [0, 7, 15])
def test_a_replicate_is_that_of_the_scenario_with_its_row(
    together: dict[str, np.ndarray], replicate: int
):
    own = drawn(fitted(), SEED, replicate)
    assert own.posterior is None
    run = simulate(own, replicate + 1, SEED, households=HOUSEHOLDS).columns
    for name, values in together.items():
        assert_array_equal(run[name][replicate], values[replicate], err_msg=name)


def test_replicates_differ_by_their_rows():
    scenario = fitted()
    rows = posterior_rows(scenario, SEED, list(range(200)))
    assert rows.min() >= 0
    assert rows.max() < ROWS
    for replicate in range(8):
        own = drawn(scenario, SEED, replicate)
        assert own.behaviour.intercept.value == DRAWS["behaviour.intercept"][rows[replicate]]
    assert_array_equal(rows, posterior_rows(without(scenario, "siege"), SEED, list(range(200))))


def test_rows_are_drawn_evenly():
    number = 20_000
    rows = posterior_rows(fitted(), SEED, list(range(number)))
    share = np.bincount(rows, minlength=ROWS) / number
    error = np.sqrt((1 / ROWS) * (1 - 1 / ROWS) / number)
    assert np.abs(share - 1 / ROWS).max() < 4.5 * error


def test_cases_with_and_without_a_posterior_can_be_stepped_together():
    scenarios = [fitted(), fitted(levers__siege__severity=0), camp()]
    plans = [plan_run(scenario, SEED, HOUSEHOLDS) for scenario in scenarios]
    numbers = [[0, 1, 2], [4], [2, 3]]
    for plan, mine, found in zip(
        plans, numbers, step_together(plans, numbers, events=True), strict=True
    ):
        alone = run_plan(plan, mine, events=True)
        for name, values in alone.columns.items():
            assert_array_equal(found.columns[name], values, err_msg=name)


def test_the_members_are_the_same_in_every_draw():
    plan = plan_run(fitted(), SEED, HOUSEHOLDS)
    assert_array_equal(members_of(plan, [0, 5, 9]), block_of(plan, [0, 5, 9])[1].members)


def test_households_are_told_with_the_traits_of_their_replicate():
    told = households_frame(simulate(fitted(), 4, SEED, households=HOUSEHOLDS))
    for replicate in range(4):
        own = households_frame(simulate(drawn(fitted(), SEED, replicate), 4, SEED, households=40))
        mine, theirs = (frame[frame["replicate"] == replicate] for frame in (told, own))
        assert_array_equal(mine["reserves"].to_numpy(), theirs["reserves"].to_numpy())
        assert_array_equal(mine["wanted"].to_numpy(), theirs["wanted"].to_numpy())


def test_the_pair_without_the_siege_has_the_same_rows():
    pair = follow(fitted(), 4, SEED, households=HOUSEHOLDS)
    for replicate in range(4):
        own = follow(drawn(fitted(), SEED, replicate), 4, SEED, households=HOUSEHOLDS)
        for name, values in pair.trajectories.columns.items():
            assert_array_equal(
                values[replicate], own.trajectories.columns[name][replicate], err_msg=name
            )


def test_a_promise_is_held_to_the_deferral_of_its_replicate():
    followed = follow(fitted(), 4, SEED, households=HOUSEHOLDS)
    lives = lives_of(followed)
    promises = promises_of(followed, lives)
    for replicate in range(4):
        alone = follow(drawn(fitted(), SEED, replicate), 4, SEED, households=HOUSEHOLDS)
        theirs = lives_of(alone)
        mine, other = lives.replicate == replicate, theirs.replicate == replicate
        of_alone = promises_of(alone, theirs)
        assert_array_equal(promises.breach[mine], of_alone.breach[other])
        assert_array_equal(promises.drafted_late[mine], of_alone.drafted_late[other])


def test_a_household_is_explained_by_the_numbers_of_its_replicate():
    scenario, household, replicate = fitted(), 5, 3
    plan = plan_run(scenario, SEED, HOUSEHOLDS)
    own = drawn(scenario, SEED, replicate)
    told = explain_household(scenario, plan, household, replicate, 2)
    alone = explain_household(own, plan_run(own, SEED, HOUSEHOLDS), household, replicate, 2)
    assert told._replace(changes=()) == alone._replace(changes=())
    assert [c.today for c in told.changes] == [c.today for c in alone.changes]


def test_a_moment_of_many_replicates_is_that_of_each():
    scenario, week = fitted(), 3
    plan = plan_run(scenario, SEED, HOUSEHOLDS)
    moment = moment_in(plan, 18, week)
    levers = levers_of(scenario, plan, inputs_of(plan, list(range(18))))
    flips = smallest_changes(moment, levers)
    for replicate in (0, 17):
        mine = np.flatnonzero(moment.replicate == replicate)
        own = plan_run(drawn(scenario, SEED, replicate), SEED, HOUSEHOLDS)
        alone = moment_in(own, 18, week)
        alone = alone.take(np.flatnonzero(alone.replicate == replicate))
        assert_array_equal(moment.probabilities()[:, mine], alone.probabilities())
        for lever, flip, single in zip(levers, flips, smallest_changes(alone, levers), strict=True):
            assert_array_equal(today(moment, lever)[mine], today(alone, lever))
            assert_array_equal(flip.at[mine], single.at, err_msg=lever.path)
            level = np.full(len(mine), lever.high)
            some = changed(moment.take(mine), lever, level)
            assert_array_equal(some.probabilities(), changed(alone, lever, level).probabilities())


def test_groups_are_of_all_replicates_each_with_its_numbers():
    scenario = fitted()
    groups = explain_groups(scenario, plan_run(scenario, SEED, HOUSEHOLDS), 3, 3)
    homes, households = 0.0, 0.0
    for replicate in range(3):
        own = plan_run(drawn(scenario, SEED, replicate), SEED, HOUSEHOLDS)
        alone = moment_in(own, 3, 3)
        alone = alone.take(np.flatnonzero(alone.replicate == replicate))
        homes += float(alone.probabilities()[2:].sum())
        households += len(alone.household)
    assert groups.groups[0].home == pytest.approx(homes / households, rel=1e-12)


def test_the_mesa_model_takes_the_row_of_its_replicate():
    model = ReturnModel(fitted(), rng=SEED, replicate=5, households=HOUSEHOLDS)
    assert model.given == drawn(fitted(), SEED, 5)
    assert against_core(fitted(), SEED, 5, HOUSEHOLDS).first is None
    assert against_twin(fitted(weeks=6), SEED, 5, 20).first is None


def test_a_cell_runs_from_what_it_was_given_alone():
    scenario = fitted()
    cell = cell_of(scenario, HOUSEHOLDS, SEED, 0)
    assert cell.key == key_given(cell.given)
    (result,) = run_cells([cell])
    assert result.error is None, result.error
    weekly = pq.read_table(BytesIO(result.files["weekly"]))
    run = simulate(scenario, CELL, SEED, households=HOUSEHOLDS)
    assert_array_equal(weekly["at_home"].to_numpy(), run["at_home"].ravel())


def test_the_folder_of_a_run_is_complete_without_the_files_of_the_scenario(tmp_path: Path):
    card = tmp_path / "card.yaml"
    card.write_text("patterns: []\n")
    scenario = fitted(patterns=str(card))
    run = simulate(scenario, 2, SEED, households=HOUSEHOLDS)
    write_results(run, tmp_path / "out", command="returnsim run")
    card.unlink()
    again = load_scenario(tmp_path / "out" / "scenario.yaml")
    assert scenario_hash(again) == scenario_hash(scenario)
    assert again.patterns == tmp_path / "out" / "patterns.yaml"
    require_patterns(again)


EXPERIMENT = """
title: A siege and its pair, fitted
base: camp.yaml
replicates: 16
households: 40
cases:
  as fitted: {set: {posterior: draws.parquet}}
  eased: {set: {posterior: draws.parquet, levers.siege.severity: 0.2}}
outcomes: {pushed: {without: siege}}
"""


def test_a_sweep_over_a_posterior_is_verified_from_its_store_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = written(tmp_path, EXPERIMENT)
    columns = {"behaviour.intercept": [-1.0, 1.0], "levers.siege.severity": [0.3, 0.9]}
    draws = write_draws(tmp_path / "draws.parquet", columns)
    # Two cases and one pair: without the siege, nothing of it is drawn in either.
    assert swept(file, tmp_path / "out").ran == 3
    draws.unlink()
    words = ["returnsim", "store", "verify", str(tmp_path / "out"), "--cells", "3"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
