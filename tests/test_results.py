"""A folder of results is whole, says what it is, can be run again and replaces nothing unasked."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from returnsim.analysis.observations import COLUMNS
from returnsim.assemble import simulate
from returnsim.errors import RunError, ScenarioError, UsageError
from returnsim.results.contents import EVENTS, FIGURES, FORMAT, HOUSEHOLDS
from returnsim.results.destination import check_destination
from returnsim.results.identity import Identity, identity_of, planned
from returnsim.results.provenance import made_with, versions
from returnsim.results.writing import write_results
from returnsim.scenario.files import load_scenario, scenario_hash
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories

COMMAND = "returnsim run camp.yaml --replicates 3 --seed 5"
CAMP = """
title: A made-up camp
start: 2021-01-04
weeks: 6
observations: seen/counts.csv
population: {people: 400}
levers: {arrivals: {people_per_week: 10}}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "seen").mkdir()
    line = "camp_population,,2021-01-10,390,400,410,people,,context,a count,"
    (folder / "seen" / "counts.csv").write_text(f"{','.join(COLUMNS)}\n{line}\n")
    file = folder / "camp.yaml"
    file.write_text(CAMP)
    return load_scenario(file)


@pytest.fixture(scope="module")
def run(scenario: Scenario) -> Trajectories:
    return simulate(scenario, replicates=3, seed=5, households=60)


@pytest.fixture(scope="module")
def other(scenario: Scenario) -> Trajectories:
    return simulate(scenario, replicates=2, seed=6, households=60)


def draw_one(folder: Path) -> None:
    (folder / "one.svg").write_text("<svg/>")


def said(folder: Path) -> dict[str, object]:
    return json.loads((folder / "run.json").read_text())


def test_the_folder_holds_what_it_should_and_nothing_lies_beside_it(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "deep" / "one", command=COMMAND)
    assert {p.name for p in (tmp_path / "deep").iterdir()} == {"one"}
    assert {p.name for p in (tmp_path / "deep" / "one").iterdir()} == {
        *("weekly.parquet", "summary.csv", "scenario.yaml", "observations.csv", "run.json")
    }


def test_the_weekly_table_comes_back_as_it_was(run: Trajectories, tmp_path: Path):
    write_results(run, tmp_path / "one", command=COMMAND)
    table = pd.read_parquet(tmp_path / "one" / "weekly.parquet")
    assert list(table.columns) == ["replicate", "week", "date", *run.columns]
    assert len(table) == 3 * 6
    for name, values in run.columns.items():
        np.testing.assert_array_equal(table[name].to_numpy().reshape(values.shape), values)
    assert (table.date.to_numpy()[:6].astype("datetime64[D]") == run.dates).all()


def test_run_and_weekly_table_tell_the_same_provenance(run: Trajectories, tmp_path: Path):
    write_results(run, tmp_path / "one", command=COMMAND)
    told = said(tmp_path / "one")
    assert set(told.pop("files")) == {path.name for path in (tmp_path / "one").iterdir()} - {
        "run.json"
    }
    assert len(str(told.pop("checksum"))) == 64
    metadata = pq.read_schema(tmp_path / "one" / "weekly.parquet").metadata
    created = datetime.fromisoformat(str(told.pop("created")))
    assert created.utcoffset() is not None
    assert json.loads(metadata[b"returnsim"]) == told
    assert (told["replicates"], told["replicate_numbers"]) == (3, [0, 1, 2])
    assert (told["seed"], told["command"], told["scenario"]) == (5, COMMAND, "camp")
    assert told["households"] == run.households
    assert told["scenario_hash"] == scenario_hash(run.scenario)
    assert told["guesses"] == run.scenario.guesses()[0]


def test_the_same_run_gives_the_same_bytes(run: Trajectories, tmp_path: Path):
    for name in ("one", "two"):
        write_results(run, tmp_path / name, command=COMMAND)
    for name in ("weekly.parquet", "summary.csv", "scenario.yaml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_scenario_written_can_be_run_from_anywhere(run: Trajectories, tmp_path: Path):
    write_results(run, tmp_path / "one", command=COMMAND)
    (tmp_path / "one").rename(tmp_path / "moved")
    again = load_scenario(tmp_path / "moved" / "scenario.yaml")
    assert scenario_hash(again) == scenario_hash(run.scenario)
    assert again.observations == (tmp_path / "moved" / "observations.csv").resolve()
    assert run.scenario.observations is not None
    assert again.observations.read_bytes() == run.scenario.observations.read_bytes()


def test_no_path_of_the_machine_is_left_in_the_results(run: Trajectories, tmp_path: Path):
    write_results(run, tmp_path / "one", command=COMMAND)
    for file in (tmp_path / "one").iterdir():
        content = file.read_bytes()
        assert str(tmp_path).encode() not in content
        assert str(Path.home()).encode() not in content


def test_the_summary_is_the_table_with_gaps_where_nothing_is_defined(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "one", command=COMMAND)
    table = pd.read_csv(tmp_path / "one" / "summary.csv")
    assert list(table.columns) == ["outcome", "unit", "median", "low90", "high90"]
    assert table["median"].dtype == float


def test_what_is_planned_is_what_is_run(run: Trajectories, scenario: Scenario):
    assert planned(scenario, 3, 5, 60) == identity_of(run)
    assert run.households > 60
    assert planned(scenario, 3, 5) != identity_of(run)


def test_the_same_run_may_be_written_again(run: Trajectories, tmp_path: Path):
    for command in (COMMAND, "again"):
        write_results(run, tmp_path / "one", command=command)
    assert said(tmp_path / "one")["command"] == "again"
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_another_run_is_not_replaced_unasked(
    run: Trajectories, other: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "one", command=COMMAND)
    with pytest.raises(UsageError) as caught:
        write_results(other, tmp_path / "one", command="other")
    message = str(caught.value)
    for part in ("seed 5, 3 replicates", "seed 6, 2 replicates", "--overwrite", "--out"):
        assert part in message
    assert said(tmp_path / "one")["command"] == COMMAND
    write_results(other, tmp_path / "one", command="other", overwrite=True)
    assert said(tmp_path / "one")["command"] == "other"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("foreign", ["notes.txt", "figures/own.txt", "figures/a-photo.png"])
def test_files_of_others_are_never_touched(
    run: Trajectories, tmp_path: Path, overwrite: bool, foreign: str
):
    write_results(run, tmp_path / "one", command=COMMAND, figures=draw_one)
    file = tmp_path / "one" / foreign
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(UsageError, match="did not write"):
        write_results(run, tmp_path / "one", command="again", overwrite=overwrite, figures=draw_one)
    assert file.read_text() == "mine"
    assert said(tmp_path / "one")["command"] == COMMAND


OF_NOTHING = json.dumps(
    {"format": FORMAT, "scenario_hash": "f", "seed": 1, "replicate_numbers": [], "households": 9}
)


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"format": "other"}', '{"seed": null}', OF_NOTHING]
)
def test_a_folder_that_does_not_say_what_it_is_is_left_alone(
    run: Trajectories, tmp_path: Path, broken: str
):
    (tmp_path / "run.json").write_text(broken)
    with pytest.raises(UsageError, match=r"run\.json"):
        check_destination(tmp_path, identity_of(run), overwrite=True)


def test_a_run_that_can_no_longer_say_what_it_is_may_be_replaced_if_asked(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "one", command=COMMAND)
    with (tmp_path / "one" / "run.json").open("a") as file:
        file.write("{")
    with pytest.raises(UsageError, match=r"run\.json is damaged\.\n.*--overwrite"):
        write_results(run, tmp_path / "one", command="again")
    write_results(run, tmp_path / "one", command="again", overwrite=True)
    assert said(tmp_path / "one")["command"] == "again"


def test_an_empty_folder_may_be_filled(run: Trajectories, tmp_path: Path):
    (tmp_path / "one").mkdir()
    write_results(run, tmp_path / "one", command=COMMAND)
    assert said(tmp_path / "one")["seed"] == 5


def test_a_file_in_the_way_is_told(run: Trajectories, tmp_path: Path):
    (tmp_path / "one").write_text("mine")
    for target in (tmp_path / "one", tmp_path / "one" / "deeper"):
        with pytest.raises(UsageError, match="is a file"):
            check_destination(target, identity_of(run), overwrite=True)
    with pytest.raises(UsageError):
        check_destination(tmp_path / ("x" * 300), identity_of(run))


def test_the_folder_one_stands_in_is_not_replaced(
    run: Trajectories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for target in (".", "..", tmp_path):
        with pytest.raises(UsageError, match="the folder you are in"):
            check_destination(target, identity_of(run), overwrite=True)


def test_figures_are_drawn_into_a_folder_of_their_own(run: Trajectories, tmp_path: Path):
    for _ in range(2):
        write_results(run, tmp_path / "one", command=COMMAND, figures=draw_one)
    assert [p.name for p in (tmp_path / "one" / FIGURES).iterdir()] == ["one.svg"]


def test_figures_of_a_comparison_and_of_an_earlier_version_may_be_replaced(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "one", command=COMMAND, figures=draw_one)
    for name, text in (("series.png", ""), ("captions.json", '{"series": "All of it."}')):
        (tmp_path / "one" / FIGURES / name).write_text(text)
    write_results(run, tmp_path / "one", command=COMMAND, figures=draw_one)
    told = {name: value for name, value in said(tmp_path / "one").items() if name != "files"}
    (tmp_path / "one" / "run.json").write_text(json.dumps(told))
    (tmp_path / "one" / FIGURES / "harm.png").write_text("")
    write_results(run, tmp_path / "one", command=COMMAND, figures=draw_one)
    assert [p.name for p in (tmp_path / "one" / FIGURES).iterdir()] == ["one.svg"]


EVERYTHING: dict[str, Any] = {
    "pair": "siege",
    "tables": {name: pd.DataFrame({"n": [1]}) for name in (EVENTS, HOUSEHOLDS)},
    "figures": draw_one,
}


@pytest.mark.parametrize(
    ("less", "lost"),
    [("pair", "who was pushed"), ("tables", "events.parquet, households"), ("figures", "figures")],
)
def test_what_the_same_run_would_leave_out_is_not_lost_unasked(
    run: Trajectories, tmp_path: Path, less: str, lost: str
):
    for _ in range(2):
        write_results(run, tmp_path / "one", command=COMMAND, **EVERYTHING)
    made = {name: value for name, value in EVERYTHING.items() if name != less}
    with pytest.raises(UsageError, match=f"{lost}.*\n.*--overwrite"):
        write_results(run, tmp_path / "one", command="again", **made)
    assert said(tmp_path / "one")["command"] == COMMAND
    write_results(run, tmp_path / "one", command="again", overwrite=True, **made)
    assert said(tmp_path / "one")["command"] == "again"
    write_results(run, tmp_path / "one", command=COMMAND, **EVERYTHING)


def test_figures_of_a_comparison_do_not_keep_the_same_run_from_being_written(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "one", command=COMMAND)
    (tmp_path / "one" / FIGURES).mkdir()
    for name, text in (("series.png", ""), ("captions.json", '{"series": "All of it."}')):
        (tmp_path / "one" / FIGURES / name).write_text(text)
    write_results(run, tmp_path / "one", command="again")
    assert said(tmp_path / "one")["command"] == "again"


@pytest.mark.parametrize("reason", [KeyboardInterrupt, ValueError, OSError])
def test_a_run_that_is_cut_short_leaves_what_was_there(
    run: Trajectories, tmp_path: Path, reason: type[BaseException]
):
    write_results(run, tmp_path / "one", command=COMMAND)

    def fail(folder: Path) -> None:
        raise reason("stop")

    with pytest.raises(RunError if reason is OSError else reason):
        write_results(run, tmp_path / "one", command="again", figures=fail)
    assert said(tmp_path / "one")["command"] == COMMAND
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(run: Trajectories, tmp_path: Path):
    with files_no_longer_than(4096), pytest.raises(RunError, match="could not be written"):
        write_results(run, tmp_path / "one", command=COMMAND)
    assert not list(tmp_path.iterdir())


def test_observations_that_are_gone_are_told_before_anything_is_written(
    run: Trajectories, tmp_path: Path
):
    scenario = run.scenario.model_copy(update={"observations": tmp_path / "gone.csv"})
    lost = Trajectories(**{**vars(run), "scenario": scenario})
    with pytest.raises(ScenarioError, match="no such file"):
        write_results(lost, tmp_path / "one", command=COMMAND)
    assert not list(tmp_path.iterdir())


def test_runs_of_some_replicates_only_say_which():
    part = Identity("f" * 64, 1, (8, 9, 10), 50)
    assert "3 replicates (8 to 10)" in str(part)
    assert "2 replicates," in str(Identity("f" * 64, 1, (0, 1), 50))


def test_what_stepped_a_run_is_told_with_the_version_of_its_compiler(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "out", command=COMMAND)
    told = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert told["engine"] == run.engine
    assert made_with("numba")["versions"] == versions() | {"numba": version("numba")}
    assert made_with("numpy")["versions"] == versions()


def test_results_of_an_earlier_version_are_known_for_what_they_are(
    run: Trajectories, tmp_path: Path
):
    write_results(run, tmp_path / "out", command=COMMAND)
    file = tmp_path / "out" / "run.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    earlier = told | {"replicates": told.pop("replicate_numbers")}
    file.write_text(json.dumps(earlier), encoding="utf-8")
    check_destination(tmp_path / "out", identity_of(run))
    with pytest.raises(UsageError, match="holds the results of another run"):
        check_destination(tmp_path / "out", identity_of(run)._replace(replicates=(0, 1)))
