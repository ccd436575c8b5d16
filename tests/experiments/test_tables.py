"""The tables of a sweep: one dataset to whoever reads it, true to the core, made once."""

import json
import shutil
import weakref
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from returnsim.analysis.attribution import Movements, attribute
from returnsim.assemble import members_of, plan_of, simulate
from returnsim.digests import check_written
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.dataset import Dataset
from returnsim.experiments.files import load_experiment
from returnsim.experiments.pieces import Piece, Source
from returnsim.experiments.store import Store
from returnsim.experiments.sweep import Tally, sweep
from returnsim.experiments.tables import run_in, told_cells
from returnsim.scenario.neutral import without
from returnsim.trajectories import Trajectories
from tests.experiments.made import contents
from tests.experiments.made import failure as error_of
from tests.experiments.sweeps import CAMP, every_byte, here, swept, tables

HOUSEHOLDS, REPLICATES, SEED, WEEKS = 40, 20, 2**63 + 7, 66
MANY = f"""
title: Many kinds of columns
base: camp.yaml
replicates: {REPLICATES}
seed: {SEED}
households: {HOUSEHOLDS}
cases:
  alone: {{}}
  elders: {{scenario: elders.yaml}}
factors:
  siege: {{path: levers.siege.severity, values: [0, 0.9]}}
  open: {{path: levers.corridor.open, values: [false]}}
  word: {{path: guarantors.settlement.enforcement, values: [{{label: kept, value: 0.9}}]}}
design: {{kind: one_at_a_time}}
outcomes:
  returned: {{}}
  pushed: {{without: siege}}
  in_camp: {{}}
  at_worst: {{column: held, measure: peak}}
  by_spring: {{column: departures, measure: date, date: 2021-03-01}}
  want: {{column: hardship}}
"""
ELDERS = "extends: camp.yaml\nguarantors: {elders: {neutrality: 0.8, enforcement: 0.5}}\n"
FACTORS = ["siege", "open", "word"]
HARMS = ["detained", "conscripted", "killed"]
ALONG = ["held", *HARMS, "disappeared", *(f"{harm}_per_100" for harm in HARMS)]
ORDER = ["", ", siege=0", ", siege=0.9", ", open=False", ", word=kept"]
SMALL = f"""
title: Two sieges
base: camp.yaml
replicates: 16
households: {HOUSEHOLDS}
factors:
  siege: {{path: levers.siege.severity, values: [0, 0.6]}}
"""
SHUT = "{as it is: {}, shut: {set: {levers.corridor.open: false}}}"


def written(folder: Path, text: str, weeks: int = 12) -> Path:
    """An experiment and what it is based on as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", f"weeks: {weeks}"))
    (folder / "elders.yaml").write_text(ELDERS)
    file = folder / "small.yaml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep with columns of every kind, the weekly ones in several parts."""
    folder = tmp_path_factory.mktemp("many")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("returnsim.experiments.dataset.ROWS_A_GROUP", 900)
        patch.setattr("returnsim.experiments.dataset.ROWS_A_PART", 3_000)
        assert swept(written(folder, MANY, WEEKS), folder / "out").failed == 0
    return folder / "out"


@pytest.fixture(scope="module")
def experiment(many: Path) -> LoadedExperiment:
    return load_experiment(many.parent / "small.yaml")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two cells."""
    folder = tmp_path_factory.mktemp("small")
    assert tally(swept(written(folder, SMALL), folder / "out")) == (2, 2, 0, 0)
    return folder / "out"


def tally(found: Tally) -> tuple[int, int, int, int]:
    return found.total, found.ran, found.cached, found.failed


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table as Python has it, where each reader has its own kinds of nothing."""
    return table.astype(object).where(table.notna(), None)


@pytest.mark.parametrize("name", ["weekly", "outcomes.parquet"])
def test_pandas_polars_duckdb_and_arrow_read_the_same_dataset(many: Path, name: str):
    path = many / name
    files = str(path / "*.parquet") if path.is_dir() else str(path)
    by_pandas = plain(pd.read_parquet(path))
    others = {
        "polars": pl.read_parquet(files).to_pandas(),
        "duckdb": duckdb.sql(f"select * from read_parquet('{files}')").df(),
        "arrow": ds.dataset(path).to_table().to_pandas(),
    }
    for reader, table in others.items():
        pd.testing.assert_frame_equal(plain(table), by_pandas, check_exact=True, obj=reader)
    first = ["case", *FACTORS, "replicate", "seed", *(["week", "date"] if path.is_dir() else [])]
    assert list(by_pandas.columns[: len(first)]) == first
    assert set(by_pandas["seed"]) == {SEED}


def test_rows_are_those_of_every_case_replicate_and_week_in_order(
    many: Path, experiment: LoadedExperiment
):
    assert len(list((many / "weekly").glob("part-*.parquet"))) > 2
    weekly = pl.read_parquet(many / "weekly" / "*.parquet")
    outcomes = pl.read_parquet(many / "outcomes.parquet")
    names = [f"{case}{point}" for case in ("alone", "elders") for point in ORDER]
    rows = list(product(names, range(REPLICATES), range(WEEKS)))
    assert weekly.select("case", "replicate", "week").rows() == rows
    days = [datetime(2021, 1, 4) + timedelta(weeks=week) for _, _, week in rows]
    assert weekly["date"].to_list() == days
    assert outcomes.select("case", "replicate").rows() == list(product(names, range(REPLICATES)))
    cases = [{"case": case.name, **case.factors} for case in experiment.cases]
    for table in (weekly, outcomes):
        assert table.select("case", *FACTORS).unique(maintain_order=True).to_dicts() == cases


def test_factors_are_numbers_yes_and_no_or_text_and_nothing_where_left_alone(many: Path):
    schema = ds.dataset(many / "weekly").schema
    assert [str(schema.field(name).type) for name in FACTORS] == ["double", "bool", "string"]
    assert str(schema.field("seed").type) == "uint64"
    rows = pl.read_parquet(many / "outcomes.parquet").filter(pl.col("replicate") == 0)
    assert rows["siege"].to_list()[:5] == [None, 0.0, 0.9, None, None]
    assert rows["open"].to_list()[:5] == [None, None, None, False, None]
    assert rows["word"].to_list()[:5] == [None, None, None, None, "kept"]


def alone(experiment: LoadedExperiment, name: str, lever: str | None = None) -> Trajectories:
    """One case of the experiment, simulated by itself."""
    (case,) = (case for case in experiment.cases if case.name == name)
    scenario = experiment.scenario(case)
    scenario = scenario if lever is None else without(scenario, lever)
    return simulate(scenario, REPLICATES, SEED, households=HOUSEHOLDS, events=True)


CASE = "elders, siege=0.9"


@pytest.fixture(scope="module")
def run(experiment: LoadedExperiment) -> Trajectories:
    return alone(experiment, CASE)


def of_case(many: Path, name: str, case: str) -> pd.DataFrame:
    table = pd.read_parquet(many / name)
    return table[table["case"] == case].reset_index(drop=True)


def test_the_weeks_of_a_case_are_those_that_simulate_gives(many: Path, run: Trajectories):
    expected = run.to_frame()
    found = of_case(many, "weekly", CASE)[list(expected.columns)]
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def test_columns_of_a_guarantor_are_empty_where_there_is_none(many: Path):
    weekly = pl.read_parquet(many / "weekly" / "*.parquet")
    is_alone = pl.col("case").str.starts_with("alone")
    assert weekly.filter(is_alone)["trust_elders"].null_count() == 5 * REPLICATES * WEEKS
    assert weekly.filter(~is_alone)["departures_elders"].null_count() == 0


def test_outcomes_are_those_measured_from_simulate(many: Path, run: Trajectories):
    found = of_case(many, "outcomes.parquet", CASE)
    returned = run["departures"].sum(axis=1)
    expected = {
        "returned": returned,
        "in_camp": run["camp_population"][:, -1],
        "at_worst": run["held"].max(axis=1),
        # The week from the first of March is the ninth.
        "by_spring": run["departures"][:, :9].sum(axis=1),
        "want": np.nanmean(run["hardship"], axis=1),
        **{harm: run[harm].sum(axis=1) for harm in HARMS},
        **{f"{harm}_per_100": 100 * run[harm].sum(axis=1) / returned for harm in HARMS},
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)
    assert returned.min() > 0


def test_pushed_is_told_by_the_same_people_without_the_siege(
    many: Path, experiment: LoadedExperiment, run: Trajectories
):
    pair = alone(experiment, CASE, "siege")
    assert run.events is not None
    assert pair.events is not None
    mine, theirs = (
        Movements(one.events, members_of(plan_of(one), list(range(REPLICATES))))
        for one in (run, pair)
    )
    labels = attribute(mine, theirs, range(REPLICATES), WEEKS).weekly(0, run.weight)
    weekly = of_case(many, "weekly", CASE)
    total = np.zeros((REPLICATES, WEEKS))
    for label, values in labels.items():
        found = weekly[f"{label}_without_siege"].to_numpy().reshape(REPLICATES, WEEKS)
        np.testing.assert_array_equal(found, values, err_msg=label)
        total += found
    np.testing.assert_allclose(total, run["departures"])
    outcomes = of_case(many, "outcomes.parquet", CASE)
    np.testing.assert_array_equal(outcomes["pushed"], labels["pushed"].sum(axis=1))
    assert outcomes["pushed"].sum() > 0
    assert of_case(many, "outcomes.parquet", "elders, siege=0")["pushed"].sum() == 0


def test_the_summary_has_a_row_a_case_and_outcome_in_order_with_harm_beside_returns(many: Path):
    summary = pd.read_csv(many / "summary.csv")
    outcomes = pd.read_parquet(many / "outcomes.parquet")
    names = ["returned", "pushed", "in_camp", "at_worst", "by_spring", "want"]
    names += ["not_yet_known", *ALONG]
    assert list(outcomes.columns[6:]) == names
    order = [(case, name) for case in outcomes["case"].unique() for name in names]
    assert list(summary[["case", "outcome"]].itertuples(index=False)) == order
    for row in summary.itertuples():
        values = outcomes.loc[outcomes["case"] == row.case, row.outcome].dropna()
        assert (row.replicates, row.defined) == (REPLICATES, len(values))
        told = [row.mean, row.median, row.low90, row.high90]
        if len(values):
            expected = [values.mean(), *np.percentile(values, [50, 5, 95])]
            np.testing.assert_allclose(told, expected, rtol=1e-6)
        else:
            assert np.isnan(told).all()


def test_where_nobody_can_return_there_is_no_rate_of_harm(many: Path):
    shut = of_case(many, "outcomes.parquet", "alone, open=False")
    assert shut["returned"].sum() == 0
    assert shut["detained_per_100"].isna().all()
    lines = (many / "summary.csv").read_text().splitlines()
    line = next(x for x in lines if "open=False" in x and "detained_per_100" in x)
    assert line.endswith(f",per 100,less,{REPLICATES},0,,,,")


def test_in_how_many_parts_the_weeks_are_written_changes_no_row(many: Path, tmp_path: Path):
    file = written(tmp_path, MANY, WEEKS)
    # With the same cells only the tables are written again.
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "store").symlink_to(many / "store")
    assert swept(file, tmp_path / "out").ran == 0
    assert [p.name for p in (tmp_path / "out" / "weekly").iterdir()] == ["part-00000.parquet"]
    for name in ("weekly", "outcomes.parquet"):
        found, expected = (pd.read_parquet(folder / name) for folder in (tmp_path / "out", many))
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_sweeping_again_runs_nothing_and_changes_no_byte(many: Path):
    before = every_byte(many)
    found = swept(many.parent / "small.yaml", many)
    assert (found.ran, found.failed, found.cached) == (0, 0, found.total)
    assert every_byte(many) == before


@pytest.mark.parametrize(
    ("change", "ran"),
    [
        (("[0, 0.6]", "[0, 0.6, 0.9]"), 1),
        (("[0, 0.6]", "[0.6, 0]"), 0),
        (("replicates: 16", "replicates: 17"), 2),
        (("replicates: 16", "replicates: 10"), 0),
        (
            (
                "factors:",
                "cases: {as it is: {}, shut: {set: {levers.corridor.open: false}}}\nfactors:",
            ),
            2,
        ),
        (("factors:", "outcomes: {in_camp: {}}\nfactors:"), 0),
        (("title: Two sieges", "title: Another title"), 0),
        (("replicates: 16", "replicates: 16\nseed: 2"), 2),
    ],
    ids=lambda value: str(value),
)
def test_what_is_added_is_all_that_is_run(
    small: Path, tmp_path: Path, change: tuple[str, str], ran: int
):
    before = every_byte(small / "store")
    file = written(tmp_path, SMALL)
    swept(file, tmp_path / "out")
    file.write_text(SMALL.replace(*change))
    found = swept(file, tmp_path / "out")
    assert (found.ran, found.cached, found.failed) == (ran, found.total - ran, 0)
    kept = every_byte(tmp_path / "out" / "store")
    assert kept == kept | before
    fresh = tmp_path / "fresh"
    swept(file, fresh)
    assert tables(tmp_path / "out") == tables(fresh)


def said_of(folder: Path) -> dict[str, Any]:
    """What the sweep says of its tables."""
    said = run_in(folder)
    assert said is not None
    return said


def test_a_number_that_is_given_its_source_is_no_longer_counted_as_a_guess(tmp_path: Path):
    file = written(tmp_path, SMALL)
    swept(file, tmp_path / "out")
    before = said_of(tmp_path / "out")["guesses"]
    camp = tmp_path / "camp.yaml"
    sourced = "{value: 300, source: a count at the gate}"
    camp.write_text(camp.read_text().replace("people: 300", f"people: {sourced}"))
    assert swept(file, tmp_path / "out").ran == 0
    assert said_of(tmp_path / "out")["guesses"] == before - 1


def test_other_words_for_the_same_tables_are_taken_over_and_the_tables_stay(
    small: Path, tmp_path: Path
):
    shutil.copytree(small, tmp_path / "out")
    before, made = said_of(tmp_path / "out"), every_byte(tmp_path / "out")
    file = written(tmp_path, "# Looked at again.\n" + SMALL)
    command = "returnsim verdict small.yaml"
    assert sweep(load_experiment(file), tmp_path / "out", here(), command=command).ran == 0
    after = said_of(tmp_path / "out")
    assert (tmp_path / "out" / "experiment.yaml").read_text() == file.read_text()
    assert after["command"] == command
    changed = {"experiment.yaml", "run.json"}
    is_other = {
        name for name, digest in every_byte(tmp_path / "out").items() if digest != made[name]
    }
    assert is_other == changed
    # What was made of the tables is as true as it was.
    assert (after["fingerprint"], after["created"]) == (before["fingerprint"], before["created"])
    check_written(tmp_path / "out")


def test_cases_that_are_the_same_cell_share_it(tmp_path: Path):
    text = SMALL.partition("factors:")[0] + "cases: {a: {}, b: {set: {weeks: 12}}}\n"
    assert tally(swept(written(tmp_path, text), tmp_path / "out")) == (1, 1, 0, 0)
    assert len(list(Store(tmp_path / "out" / "store").names())) == 1
    outcomes = pd.read_parquet(tmp_path / "out" / "outcomes.parquet").set_index("replicate")
    a, b = (outcomes[outcomes["case"] == name].drop(columns="case") for name in ("a", "b"))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_a_pair_that_is_another_case_shares_its_cell(tmp_path: Path):
    text = SMALL + "outcomes: {pushed: {without: siege}}\n"
    # Both pairs go without the siege, and so does the first case.
    assert tally(swept(written(tmp_path, text), tmp_path / "out")) == (2, 2, 0, 0)
    pairs = [(row["case"], row["without"]) for row in told_cells(tmp_path / "out")]
    assert pairs == [(case, pair) for case in ("siege=0", "siege=0.6") for pair in ("", "siege")]
    assert len({row["key"] for row in told_cells(tmp_path / "out")}) == 2


@pytest.mark.parametrize("name", ["summary.csv", "cells.csv", "run.json", "weekly"])
def test_tables_that_were_lost_or_changed_are_made_again_from_the_cells(
    small: Path, tmp_path: Path, name: str
):
    file = written(tmp_path, SMALL)
    swept(file, tmp_path / "out")
    path = tmp_path / "out" / name
    if name == "summary.csv":
        path.write_text(path.read_text() + "mine\n")
    else:
        path.rename(tmp_path / "gone")
    assert swept(file, tmp_path / "out").ran == 0
    assert tables(tmp_path / "out") == tables(small)
    assert run_in(tmp_path / "out") is not None


def test_a_damaged_cell_is_run_again_and_leaves_no_trace_in_the_tables(small: Path, tmp_path: Path):
    file = written(tmp_path, SMALL)
    swept(file, tmp_path / "out")
    victim = next((tmp_path / "out" / "store").glob("??/*.weekly.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1])
    assert tally(swept(file, tmp_path / "out")) == (2, 1, 1, 0)
    assert contents(tmp_path / "out" / "store") == contents(small / "store")
    assert tables(tmp_path / "out") == tables(small)


TOO_MANY = "1.0e+9"
"""More people than any machine has room for: the file is right, and a cell of it fails where the
sweep has begun."""


def test_a_cell_that_fails_stops_no_other_and_is_all_that_is_tried_again(tmp_path: Path):
    text = SMALL.replace(f"households: {HOUSEHOLDS}\n", "") + (
        "  people: {path: population.people, values: [200, " + TOO_MANY + "]}\n"
    )
    file = written(tmp_path, text)
    out = tmp_path / "out"
    assert tally(swept(file, out)) == (4, 2, 0, 2)
    before = every_byte(out)
    again = swept(file, out)
    assert tally(again) == (4, 0, 2, 2)
    assert every_byte(out) == before
    for failure in again.failures:
        assert "would take about" in failure.reason
        assert error_of(out / "store", failure.key) == failure.error
    failed = [row for row in told_cells(out) if row["state"] == "failed"]
    assert [row["case"] for row in failed] == [
        "siege=0, people=1e+09",
        "siege=0.6, people=1e+09",
    ]
    # They fail in whatever order their workers come to them.
    assert {(row["case"], row["key"]) for row in failed} == {
        (failure.case, failure.key) for failure in again.failures
    }
    outcomes = pd.read_parquet(out / "outcomes.parquet")
    assert list(outcomes["case"].unique()) == ["siege=0, people=200", "siege=0.6, people=200"]
    summary = pd.read_csv(out / "summary.csv").set_index(["case", "outcome"])
    row = summary.loc["siege=0, people=1e+09", "returned"]
    assert row["replicates"] == 0
    assert np.isnan(row["mean"])
    file.write_text(text.replace(TOO_MANY, "300"))
    assert tally(swept(file, out)) == (4, 2, 2, 0)
    assert pd.read_csv(out / "summary.csv")["replicates"].eq(16).all()


def test_a_sweep_of_which_every_cell_fails_has_tables_without_rows(tmp_path: Path):
    text = SMALL.replace(f"households: {HOUSEHOLDS}\n", "") + (
        "  people: {path: population.people, values: [" + TOO_MANY + "]}\n"
    )
    assert tally(swept(written(tmp_path, text), tmp_path / "out")) == (2, 0, 0, 2)
    for name in ("weekly", "outcomes.parquet"):
        table = pd.read_parquet(tmp_path / "out" / name)
        assert len(table) == 0
        assert {"case", "siege", "people", "replicate", "seed"} <= set(table.columns)


def test_run_json_says_what_the_tables_rest_on(many: Path, experiment: LoadedExperiment):
    told = json.loads((many / "run.json").read_text())
    scenario = experiment.scenario(experiment.cases[0])
    guesses, numbers = scenario.guesses()
    assert (told["guesses"], told["numbers"]) == (guesses, numbers)
    assert (told["seed"], told["replicates"]) == (SEED, REPLICATES)
    assert told["households_asked"] == HOUSEHOLDS
    assert told["weight"] == alone(experiment, "alone").weight
    assert [case["name"] for case in told["cases"]] == [case.name for case in experiment.cases]
    assert told["baseline"] == "alone"
    assert (many / "experiment.yaml").read_bytes() == (many.parent / "small.yaml").read_bytes()


def test_what_waits_to_be_written_keeps_no_weeks_in_memory(tmp_path: Path):
    experiment = load_experiment(written(tmp_path, SMALL))
    source = Source(experiment, (), (), 16, 1, {}, ())
    outcomes = Dataset(source, ("returned",), tmp_path / "outcomes.parquet", time=False)
    weeks = np.zeros((16, 50))
    piece = Piece(
        source.experiment.cases[0],
        np.arange(16),
        {"week": np.arange(50)},
        {"departures": weeks},
        {"returned": np.ones(16)},
    )
    kept = weakref.ref(weeks)
    outcomes.add(piece, piece.outcomes)
    del weeks, piece
    assert kept() is None
    outcomes.close()
    assert pq.read_table(tmp_path / "outcomes.parquet")["returned"].to_pylist() == [1.0] * 16
