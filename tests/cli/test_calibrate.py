"""``returnsim calibrate`` fits an experiment to a record, and leaves nothing half done."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from returnsim.digests import CHECKSUMS, check_written, vouched_for
from returnsim.experiments.destinations import check_fit_folder
from returnsim.scenario.files import load_scenario
from tests.cli.typed import command_line
from tests.experiments.sweeps import every_byte

CAMP = """
title: A camp by the road
start: 2019-02-04
weeks: 24
observations: record.csv
population: {people: 2000}
levers:
  siege: {severity: 0.8}
  corridor: {open: true, parties_per_week: 20}
behaviour:
  intercept: {value: -1, range: [-4, 1]}
  separation: 2
"""
RECORD = """quantity,from,to,low,best,high,unit,guarantor,use,source,note
departures,2019-02-04,2019-03-31,300,350,400,people,,calibrate,counted,
departures,2019-02-04,2019-05-26,520,600,680,people,,calibrate,counted,
camp_population,,2019-05-26,1350,1400,1450,people,,calibrate,counted,
camp_population,,2019-07-07,1100,1200,1300,people,,validate,counted,
"""
EXPERIMENT = """
title: The camp by the road, fitted
base: camp.yaml
seed: 3
households: 60
calibration:
  prior_runs: 64
  generations: 2
  candidates: 4
  shared_replicates: 2
  waves: [2, 1]
  runs_a_wave: 40
  steps: 200
  draws: 50
  full_size_draws: 8
factors:
  inclination: {path: behaviour.intercept}
  fear: {path: behaviour.perceived_risk, range: [2, 20], log: true}
  places: {path: levers.corridor.parties_per_week, range: [5, 60], log: true}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camp.yaml").write_text(CAMP)
    (tmp_path / "record.csv").write_text(RECORD)
    (tmp_path / "fit.yaml").write_text(EXPERIMENT)
    return tmp_path


@pytest.fixture
def returnsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    return command_line(monkeypatch, capsys)


def test_a_fit_gives_a_posterior_that_a_scenario_can_take(folder, returnsim) -> None:
    code, out, _ = returnsim("calibrate", "fit.yaml", "--workers", 1)
    assert code == 0
    assert "inclination" in out
    made = folder / "results" / "fit"
    table = pq.read_table(made / "posterior.parquet")
    assert table.num_rows == 50
    told = json.loads(table.schema.metadata[b"returnsim"])
    assert told["fitted"] == {"use": ["calibrate"], "until": None}
    assert len(told["checksum"]) == 64
    check_written(made)
    written = every_byte(made).keys() - {CHECKSUMS}
    assert vouched_for(made / CHECKSUMS).keys() == {
        name for name in written if not name.startswith("generations/")
    }
    figures = sorted(path.stem for path in (made / "figures").glob("*.png"))
    assert figures == ["fit", "marginals", "pairs"]
    assert {path.name for path in made.glob("*.csv")} == {
        *("parameters.csv", "targets.csv", "size.csv", "search.csv")
    }
    (folder / "fitted.yaml").write_text(
        "extends: camp.yaml\ntitle: Fitted\nposterior: results/fit/posterior.parquet\n"
    )
    assert load_scenario("fitted.yaml").posterior.rows == 50
    code, _, err = returnsim("run", "fitted.yaml", "--replicates", 2, "--households", 40)
    assert code == 0, err


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte(folder, returnsim) -> None:
    for workers, name in ((1, "one"), (2, "two")):
        assert returnsim("calibrate", "fit.yaml", "--workers", workers, "--out", name)[0] == 0
    for file in ("posterior.parquet", "parameters.csv", "targets.csv", "size.csv"):
        assert (folder / "one" / file).read_bytes() == (folder / "two" / file).read_bytes()


@pytest.mark.slow
def test_what_was_run_is_not_run_again_and_what_is_damaged_is(folder, returnsim) -> None:
    assert returnsim("calibrate", "fit.yaml", "--workers", 1, "--no-figures")[0] == 0
    made = folder / "results" / "fit"
    kept = {path: path.stat().st_mtime_ns for path in (made / "generations").iterdir()}
    before = (made / "posterior.parquet").read_bytes()
    damaged = sorted(kept)[2]
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert returnsim("calibrate", "fit.yaml", "--workers", 1, "--no-figures")[0] == 0
    again = {path: path.stat().st_mtime_ns for path in (made / "generations").iterdir()}
    assert [path for path in kept if again[path] != kept[path]] == [damaged]
    assert (made / "posterior.parquet").read_bytes() == before


@pytest.mark.slow
def test_other_errors_of_the_record_make_another_scale_on_which_nothing_is_kept(
    folder, returnsim
) -> None:
    words = ("calibrate", "fit.yaml", "--workers", 1, "--no-figures", "--out")
    assert returnsim(*words, "kept")[0] == 0
    (folder / "record.csv").write_text(RECORD.replace("300,350,400", "100,350,600"))
    code, _, err = returnsim(*words, "kept")
    assert code == 0, err
    code, _, err = returnsim(*words, "anew")
    assert code == 0, err
    kept, anew = (folder / name / "posterior.parquet" for name in ("kept", "anew"))
    assert kept.read_bytes() == anew.read_bytes()


@pytest.mark.parametrize(
    ("options", "then"),
    [((), "the same command goes on from there"),
     pytest.param(("--check", "16"), "the runs over the prior are kept", marks=pytest.mark.slow)],
)  # fmt: skip
def test_ctrl_c_leaves_130_and_says_what_the_same_command_does(folder, options, then) -> None:
    # Long enough to be stopped in the middle.
    long = EXPERIMENT.replace("prior_runs: 64", "prior_runs: 20000")
    (folder / "long.yaml").write_text(long.replace("generations: 2", "generations: 40"))
    command = [sys.executable, "-m", "returnsim.cli", "calibrate", "long.yaml", "--workers", "1"]
    command += options
    code = (
        "import signal, sys; from returnsim.cli import main; sys.argv[0] = 'returnsim'; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
    )
    command[1:3] = ["-c", code]
    process = subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    name = "long-check" if options else "long"
    marks = folder / "results" / name / "generations"
    while process.poll() is None and not marks.is_dir():
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert then in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("  inclination: {path: behaviour.intercept}", "  inclination: {path: behaviour.norm}", 17,
         "gives no range"),
        ("range: [5, 60]", "values: [5, 60]", 19, "is for a range"),
        ("households: 60", "households: 60\ncases: {a: {}}", 6, "leave the cases out"),
        ("  draws: 50", "  draws: 50\n  use: [context]", 15, "no such row"),
        ("  waves: [2, 1]", "  waves: [0.5]", 11, "must be 1.0 or more"),
        ("calibration:", "calibrations:", 6, "calibration"),
        ("behaviour.perceived_risk", "behaviour.perceived_rsk", 18, "no such key"),
        ("  draws: 50", "  draws: 50\n  discrepancy: 1e300", 15, "must be 10.0 or less"),
        ("behaviour.perceived_risk", "behaviour.horizon_weeks", 18, "behaviour.horizon_weeks: a "
         "posterior may not hold it"),
        ("levers.corridor.parties_per_week, range: [5, 60]",
         "population.household_size, range: [4, 6]", 19, "a posterior may not hold it"),
        ("  draws: 50", "  draws: 20000", 14, "is more than a scenario can take of 3 numbers; at "
         "most 13,333"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(folder, returnsim, old, new, line, rule) -> None:
    assert old in EXPERIMENT
    (folder / "fit.yaml").write_text(EXPERIMENT.replace(old, new))
    code, out, err = returnsim("calibrate", "fit.yaml")
    assert code == 2
    assert f"fit.yaml:{line}" in err
    assert rule in err
    assert "Traceback" not in err
    assert out == ""
    assert not (folder / "results").exists()


def test_check_tells_all_that_stands_against_a_fit_at_once(folder, returnsim) -> None:
    text = EXPERIMENT.replace("households: 60", "households: 60\ncases: {a: {}}")
    text = text.replace(", range: [5, 60], log: true", ", values: [5, 60]")
    text = text.replace(
        "behaviour.perceived_risk, range: [2, 20]", "population.people, range: [9, 99]"
    )
    (folder / "fit.yaml").write_text(text.replace("  draws: 50", "  draws: 20000"))
    for words in (("check", "fit.yaml"), ("calibrate", "fit.yaml")):
        code, out, err = returnsim(*words)
        assert (code, out) == (2, "")
        for rule in (
            "fit.yaml:6:8: cases: a fit is of the base alone",
            "calibration.draws: is more than a scenario can take of 3 numbers",
            "factors.fear: population.people: a posterior may not hold it",
            "factors.places: a fit needs a range",
        ):
            assert rule in err
        assert len(err.splitlines()) == 4


def test_check_asks_for_a_record_to_fit_to(folder, returnsim) -> None:
    assert returnsim("check", "fit.yaml")[0] == 0
    (folder / "camp.yaml").write_text(CAMP.replace("observations: record.csv\n", ""))
    code, _, err = returnsim("check", "fit.yaml")
    assert code == 2
    assert "the base scenario's record has no such row" in err


def test_a_folder_that_cannot_be_made_is_told_before_anything_runs(folder, returnsim) -> None:
    (folder / "file").write_text("")
    for check in ((), ("--check", 16)):
        code, _, err = returnsim("calibrate", "fit.yaml", "--out", "file", *check)
        assert code == 2
        assert err.startswith("file")
        assert "name a folder with --out" in err


@pytest.mark.parametrize(
    ("there", "options", "what"),
    [
        ('check.json: {"check_of": "fit"}', (), "a check of a fit"),
        ('run.json: {"calibration": "fit"}', ("--check", 16), "the fit of 'fit'"),
        ('run.json: {"calibration": "other"}', (), "the fit of 'other'"),
        ('run.json: {"experiment": "small"}', (), "results of another kind"),
        ('check.json: {"check_of": "other"}', ("--check", 16), "a check of 'other'"),
    ],
)
def test_a_fit_and_a_check_leave_the_folder_of_the_other_alone(
    folder, returnsim, there, options, what
) -> None:
    name, _, text = there.partition(": ")
    (folder / "made").mkdir()
    (folder / "made" / name).write_text(text)
    before = every_byte(folder)
    code, out, err = returnsim("calibrate", "fit.yaml", "--out", "made", *options)
    assert (code, out) == (2, "")
    assert err == f"made: holds {what}; name another folder with --out\n"
    assert every_byte(folder) == before


@pytest.mark.slow
def test_a_fit_of_whole_camps_leaves_no_table_of_a_small_one(folder, returnsim) -> None:
    (folder / "camp.yaml").write_text(CAMP.replace("people: 2000", "people: 200"))
    text = EXPERIMENT.replace("households: 60", "households: 40")
    for written in (text, text.replace("households: 40\n", "")):
        (folder / "fit.yaml").write_text(written)
        assert returnsim("calibrate", "fit.yaml", "--workers", 1, "--no-figures")[0] == 0
        made = folder / "results" / "fit"
        is_small = "households: 40" in written
        assert (made / "size.csv").exists() == is_small
        assert ("size.csv" in vouched_for(made / CHECKSUMS)) == is_small
        check_written(made)


@pytest.mark.parametrize("options", [(), ("--check", 16)])
@pytest.mark.parametrize("name", ["posterior.parquet", "camp.yaml", "figures/fit.png", "ranks.csv"])
def test_files_of_others_are_left_alone(folder, returnsim, name, options) -> None:
    file = folder / "mine" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = every_byte(folder)
    code, out, err = returnsim("calibrate", "fit.yaml", "--out", "mine", *options)
    assert (code, out) == (2, "")
    assert f"did not write, such as {name.partition('/')[0]}; they are left alone" in err
    assert every_byte(folder) == before


@pytest.mark.parametrize(
    ("name", "told", "check"),
    [("run.json", '{"calibration": "fit"}', False), ("check.json", '{"check_of": "fit"}', True)],
)
def test_a_fit_may_be_written_again_without_its_runs(folder, name, told, check) -> None:
    made = folder / "made"
    made.mkdir()
    check_fit_folder(made, "fit", check=check)
    (made / name).write_text(told)
    check_fit_folder(made, "fit", check=check)
    (made / name).unlink()
    (made / "generations").mkdir()
    (made / ".run.json.0f3a.partial").write_text("")
    check_fit_folder(made, "fit", check=check)


def test_a_camp_for_which_there_is_no_memory_is_refused_before_anything_runs(
    folder, returnsim
) -> None:
    (folder / "camp.yaml").write_text(CAMP.replace("people: 2000", "people: 1.0e+9"))
    # The camp that is fitted is small; the whole of it is run in the end.
    code, out, err = returnsim("calibrate", "fit.yaml")
    assert (code, out) == (2, "")
    assert "would take about" in err
    assert not (folder / "results").exists()


def test_rows_of_the_record_outside_the_weeks_are_told_and_written_down(folder, returnsim) -> None:
    late = "camp_population,,2019-12-29,900,1000,1100,people,,calibrate,counted,\n"
    (folder / "record.csv").write_text(RECORD + late)
    words = ("calibrate", "fit.yaml", "--workers", 1, "--no-figures", "--engine", "numpy")
    code, _, err = returnsim(*words)
    assert code == 0
    assert "1 row of the record left out, outside the weeks run: " in err
    told = json.loads((folder / "results" / "fit" / "run.json").read_text())
    assert len(told["left_out"]) == 1
    assert "2019-12-29" in told["left_out"][0]
    assert told["targets"] == 3
    assert told["engine"] == "numpy"
    assert told["command"] == "returnsim calibrate fit.yaml --engine numpy"


def test_an_experiment_without_a_calibration_is_told_what_is_missing(folder, returnsim) -> None:
    start, end = EXPERIMENT.index("calibration:"), EXPERIMENT.index("factors:")
    (folder / "fit.yaml").write_text(EXPERIMENT[:start] + EXPERIMENT[end:])
    code, _, err = returnsim("calibrate", "fit.yaml")
    assert code == 2
    assert "calibration" in err
    assert "is missing" in err


@pytest.mark.slow
def test_a_check_writes_ranks_and_draws_them(folder, returnsim) -> None:
    words = ("calibrate", "fit.yaml", "--check", 16, "--workers", 1, "--json")
    code, out, _ = returnsim(*words)
    assert code == 0
    assert [path.name for path in (folder / "results").iterdir()] == ["fit-check"]
    made = folder / "results" / "fit-check"
    ranks = pd.read_csv(made / "ranks.csv")
    assert list(ranks["parameter"]) == ["inclination", "fear", "places"]
    counts = [sum(map(int, row.split())) for row in ranks["trials_by_rank"]]
    assert counts == [16, 16, 16]
    assert (made / "figures" / "ranks.png").is_file()
    assert {"check.json", "ranks.csv"} < vouched_for(made / CHECKSUMS).keys()
    told = json.loads(out)
    assert (told["check_of"], told["trials"]) == ("fit", 16)
    assert [row["parameter"] for row in told["ranks"]] == list(ranks["parameter"])


@pytest.mark.slow
def test_what_an_earlier_fit_found_does_not_come_into_a_new_one(folder, returnsim) -> None:
    assert returnsim("calibrate", "fit.yaml", "--workers", 1, "--no-figures")[0] == 0
    first = (folder / "results" / "fit" / "posterior.parquet").read_bytes()
    (folder / "draws.parquet").write_bytes(first)
    (folder / "camp.yaml").write_text(CAMP + "posterior: draws.parquet\n")
    assert (
        returnsim("calibrate", "fit.yaml", "--workers", 1, "--no-figures", "--out", "new")[0] == 0
    )
    assert (folder / "new" / "posterior.parquet").read_bytes() == first
