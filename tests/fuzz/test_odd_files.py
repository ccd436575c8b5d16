"""Files that are no plain files, and paths that lead elsewhere."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import BIN, CAMP
from tests.fuzz.typed import tree

FEW = ("--replicates", 1, "--households", 20, "--workers", 1, "--no-figures")
EXPERIMENT = "title: a few\nbase: camp.yaml\nreplicates: 16\nhouseholds: 20\n"
READING = (
    *(("check",), ("show",), ("run", "--no-figures"), ("explain",), ("attribute",), ("validate",)),
    *(("parity",), ("sweep",), ("verdict",), ("calibrate",), ("sensitivity",)),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, within one that is watched, with a camp in it."""
    inner = tmp_path / "around" / "here"
    inner.mkdir(parents=True)
    (inner / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 4"))
    monkeypatch.chdir(inner)
    return inner


@pytest.fixture
def returnsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return command_line(monkeypatch, capsys)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        # The name of a socket may not be long.
        one.bind(os.path.relpath(path))


def loop(path: Path) -> None:
    other = path.with_name("other.yaml")
    path.symlink_to(other)
    other.symlink_to(path)


def directory(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


ODD = (pipe, listening, loop, directory, dangling)


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_file_is_told_by_every_command_and_not_waited_for(
    folder: Path, returnsim: Run, odd
):
    odd(folder / "odd.yaml")
    before = tree(folder)
    for name, *options in READING:
        code, out, err = returnsim(name, "odd.yaml", *options)
        assert (code, out) == (2, ""), name
        assert err.startswith("odd.yaml: "), name
    assert tree(folder) == before


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("key", ["extends", "observations", "patterns", "posterior"])
def test_what_a_scenario_names_and_is_no_file_is_told(folder: Path, returnsim: Run, key: str, odd):
    odd(folder / "odd")
    (folder / "other.yaml").unlink(missing_ok=True)
    (folder / "what-if.yaml").write_text(
        f"extends: camp.yaml\n{key}: odd\n".removeprefix(
            "extends: camp.yaml\n" if key == "extends" else ""
        )
    )
    code, out, err = returnsim("check", "what-if.yaml")
    assert (code, out) == (2, "")
    told = {directory: "this is a folder", pipe: "a pipe", listening: "a pipe or a device"}
    rule = told.get(odd, "no such file")
    assert re.match(rf"what-if\.yaml(:\d+:\d+)?: {key}: .*{rule}", err)


@pytest.mark.parametrize("odd", ODD)
def test_what_an_experiment_names_and_is_no_file_is_told(folder: Path, returnsim: Run, odd):
    odd(folder / "odd.csv")
    points = "factors: {a: {path: behaviour.age}}\ndesign: {kind: points, file: odd.csv}\n"
    for name, text in (
        ("base", "title: a few\nbase: odd.csv\n"),
        ("case", EXPERIMENT + "cases: {a: {scenario: odd.csv}}\n"),
        ("points", EXPERIMENT + points),
    ):
        (folder / f"{name}.yaml").write_text(text)
        code, out, err = returnsim("check", f"{name}.yaml")
        assert (code, out) == (2, ""), name
        assert "odd.csv" in err


@pytest.mark.parametrize("odd", ODD)
def test_results_that_are_no_files_are_told(folder: Path, returnsim: Run, odd):
    assert returnsim("run", "camp.yaml", *FEW, "--out", "run")[0] == 0
    for name in ("run.json", "weekly.parquet", "summary.csv", "scenario.yaml"):
        kept = (folder / "run" / name).read_bytes()
        (folder / "run" / name).unlink()
        odd(folder / "run" / name)
        before = tree(folder)
        for command in ("compare", "report"):
            if command == "report" and name == "weekly.parquet":
                continue
            if command == "compare" and name in ("summary.csv", "scenario.yaml"):
                continue
            code, out, err = returnsim(command, "run")
            assert (code, out) == (2, ""), (command, name)
            assert "run" in err
        assert tree(folder) == before
        path = folder / "run" / name
        path.rmdir() if path.is_dir() else path.unlink()
        path.with_name("other.yaml").unlink(missing_ok=True)
        path.write_bytes(kept)


@pytest.mark.parametrize("odd", [pipe, listening, loop])
def test_results_are_not_written_over_what_is_no_folder(folder: Path, returnsim: Run, odd):
    odd(folder / "out")
    before = tree(folder.parent)
    for command in ("run", "attribute"):
        code, out, err = returnsim(command, "camp.yaml", *FEW, "--out", "out")
        assert (code, out) == (2, ""), (command, err)
        assert err.startswith("out: ")
    assert tree(folder.parent) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(folder: Path, returnsim: Run):
    (folder / "camp.yaml").chmod(0)
    code, out, err = returnsim("run", "camp.yaml")
    assert (code, out) == (2, "")
    assert err == "camp.yaml: cannot be read: Permission denied\n"


ELSEWHERE = (
    *("../../../../../../etc/passwd", "/etc/passwd", '"\\0"', '"a\\0b"', "~/x.yaml", "~root"),
    *("x" * 5000, "x/" * 3000, "''", "' '", ".", "..", "/", "/dev/null", "/dev/zero", "/proc/self"),
)


@pytest.mark.parametrize("key", ["extends", "observations", "patterns", "posterior"])
def test_a_path_that_leads_elsewhere_writes_nothing_and_shows_nothing_of_what_is_there(
    folder: Path, returnsim: Run, key: str
):
    for path in ELSEWHERE:
        above = "" if key == "extends" else "extends: camp.yaml\n"
        (folder / "what-if.yaml").write_text(f"{above}title: x\n{key}: {path}\n")
        before = tree(folder.parent)
        code, out, err = returnsim("check", "what-if.yaml")
        assert (code, out) == (2, ""), path
        assert key in err or "etc/passwd" in err or "/dev/null" in err, path
        assert "nologin" not in out + err
        assert tree(folder.parent) == before, path


def test_what_is_read_from_elsewhere_is_named_where_it_is_wrong(folder: Path, returnsim: Run):
    (folder.parent / "far.yaml").write_text("title: far\nstart: 2021-01-04\nweeks: none\n")
    (folder / "what-if.yaml").write_text("extends: ../far.yaml\n")
    code, _, err = returnsim("check", "what-if.yaml")
    assert code == 2
    assert err == "../far.yaml:3:8: weeks: none: must be a whole number\n"


def test_the_name_of_a_file_leads_nowhere_but_below_the_results(folder: Path, returnsim: Run):
    text = (folder / "camp.yaml").read_text()
    for name in ("...yaml", "-x.yaml", "a b.yaml", "ي.yaml", "a\nb.yaml", "~.yaml", "$HOME.yaml"):
        (folder / name).write_text(text)
        code, _, err = returnsim("run", f"./{name}", *FEW)
        assert code in (0, 2), err
    known = {"camp.yaml", "results"}
    assert {path.name for path in folder.iterdir() if path.suffix != ".yaml"} <= known
    assert [path.name for path in folder.parent.iterdir()] == ["here"]
    assert [path.name for path in folder.parent.parent.iterdir()] == ["around"]


def test_names_in_an_experiment_never_become_paths(folder: Path, returnsim: Run):
    names = ("../../x", "/x", "a/b", "..", "a\\b", "x.parquet")
    change = "{set: {levers.siege.severity: 0.5}}"
    cases = ", ".join(f"'{name}': {change}" for name in names)
    outcomes = ", ".join(f"'{name}': {{column: departures}}" for name in names)
    (folder / "few.yaml").write_text(f"{EXPERIMENT}cases: {{{cases}}}\noutcomes: {{{outcomes}}}\n")
    assert returnsim("sweep", "few.yaml", "--workers", 1, "--engine", "numpy")[0] == 0
    assert returnsim("compare", "results/few")[0] == 0
    assert returnsim("report", "results/few")[0] == 0
    assert [path.name for path in folder.parent.iterdir()] == ["here"]
    assert [path.name for path in folder.parent.parent.iterdir()] == ["around"]
    assert {path.name for path in folder.iterdir()} == {"camp.yaml", "few.yaml", "results"}


def test_a_factor_path_and_a_design_may_not_leave_the_scenario(folder: Path, returnsim: Run):
    for path in ("extends", "observations.x", "../x", "a/b", "_name", "__class__", "model_fields"):
        (folder / "few.yaml").write_text(
            EXPERIMENT + f"factors: {{f: {{path: {path}, values: [1, 2]}}}}\n"
        )
        code, out, _ = returnsim("check", "few.yaml")
        assert (code, out) == (2, ""), path


def test_lines_are_counted_alike_whatever_ends_them(folder: Path, returnsim: Run):
    text = (folder / "camp.yaml").read_text() + "beliefs: {spillover: 2}\n"
    line = text[: text.index("beliefs")].count("\n") + 1
    for mark in (b"", b"\xef\xbb\xbf"):
        for end in ("\n", "\r\n"):
            (folder / "other.yaml").write_bytes(mark + text.replace("\n", end).encode())
            code, _, err = returnsim("check", "other.yaml")
            assert code == 2
            assert err.startswith(f"other.yaml:{line}:22: beliefs.spillover: 2: must be"), err


def test_windows_line_ends_and_a_byte_order_mark_make_no_other_run(folder: Path, returnsim: Run):
    data = (folder / "camp.yaml").read_bytes()
    (folder / "windows").mkdir()
    (folder / "windows" / "camp.yaml").write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    assert returnsim("run", "camp.yaml", *FEW, "--out", "one")[0] == 0
    assert returnsim("run", "windows/camp.yaml", *FEW, "--out", "other")[0] == 0
    for name in ("summary.csv", "harm.csv", "guarantors.csv", "scenario.yaml"):
        assert (folder / "one" / name).read_bytes() == (folder / "other" / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("population.people=1e15", "population.people: 1000000000000000.0: must be no further"),
        ("population.people=1e9", "of memory, and this machine has"),
        ("levers.arrivals.people_per_week=1e18", "must be no further from 0 than 1,000,000"),
        ("weeks=1000000", "weeks: 1000000: must be 5200 or less"),
        ("livelihood.hunger_width=1e-320", "no closer than 1e-12"),
        ("behaviour.cost=1e308", "must be no further from 0 than 1,000,000,000"),
        ("beliefs.passage_weeks=1e9", "must be no further from 0 than 100,000"),
        ("behaviour.cost=1" + "0" * 400, "must be a"),
    ],
)
def test_what_no_machine_can_run_is_refused_before_anything_is_made(
    folder: Path, returnsim: Run, change: str, what: str
):
    before = tree(folder)
    code, out, err = returnsim("run", "camp.yaml", "--set", change)
    assert (code, out) == (2, "")
    assert what in err
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("replicates: 1000000000", "few.yaml:6:13: replicates: 1000000000: must be 100000 or less"),
        ("households: 1000000000000", "must be 10000000 or less"),
        (
            "factors: {f: {path: behaviour.cost, range: [0, 1.0e+20], levels: 2}}",
            "no further from 0 than",
        ),
        ("factors: {f: {path: weeks, range: [1, 1.0e+20], levels: 2}}", "must be"),
        ("design: {kind: sobol, samples: 1000000000}", "must be 1000000 or less"),
    ],
)
def test_what_no_machine_can_sweep_is_refused(folder: Path, returnsim: Run, line: str, what: str):
    text = EXPERIMENT.replace("replicates: 16\n", "").replace("households: 20\n", "")
    (folder / "few.yaml").write_text(text + "question: ''\nseed: 1\noutcomes: {}\n" + line + "\n")
    before = tree(folder)
    code, out, err = returnsim("sweep", "few.yaml")
    assert (code, out) == (2, "")
    assert what in err
    assert tree(folder) == before


@pytest.mark.parametrize("size", [60, 2_000])
def test_too_many_names_are_refused(folder: Path, returnsim: Run, size: int):
    guarantors = "".join(f"  g{i}: {{}}\n" for i in range(size))
    (folder / "many.yaml").write_text(f"extends: camp.yaml\nguarantors:\n{guarantors}")
    code, _, err = returnsim("check", "many.yaml")
    assert code == 2
    assert "more than 50 guarantors" in err


def test_a_posterior_that_unfolds_to_more_than_memory_is_refused(folder: Path, returnsim: Run):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000), pa.array([1.0]))
    table = pa.table({"behaviour.cost": column.cast(pa.float64())})
    pq.write_table(table, folder / "bomb.parquet", compression="zstd")
    (folder / "what-if.yaml").write_text("extends: camp.yaml\nposterior: bomb.parquet\n")
    code, _, err = returnsim("check", "what-if.yaml")
    assert code == 2
    assert "more than 40,000 numbers" in err


def test_a_fit_or_a_study_is_not_swept(folder: Path, returnsim: Run):
    factor = "{path: behaviour.age, range: [0, 1]}"
    factors = f"factors: {{a: {factor}, b: {factor.replace('age', 'cost')}}}\n"
    for part, command in (("calibration", "calibrate"), ("sensitivity", "sensitivity")):
        (folder / "few.yaml").write_text(f"{EXPERIMENT}{factors}{part}: {{}}\n")
        code, out, err = returnsim("sweep", "few.yaml")
        assert (code, out) == (2, "")
        assert f"few.yaml:6: {part}: " in err
        assert f"use `returnsim {command}`" in err
        assert not (folder / "results").exists()


def test_in_a_process_of_its_own_nothing_else_is_on_stderr(folder: Path):
    (folder / "deep.yaml").write_text("title: " + "[" * 100_000)
    done = subprocess.run(
        [BIN / "returnsim", "check", "deep.yaml"], capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"deep\.yaml:1:\d+: no valid YAML: nested deeper than 20 levels\n", done.stderr
    )


@pytest.mark.parametrize("command", ["run", "attribute"])
def test_a_folder_that_leads_back_from_nowhere_is_not_replaced(
    folder: Path, returnsim: Run, command: str
):
    (folder / "mine").mkdir()
    (folder / "mine" / "kept.txt").write_text("something of mine")
    before = tree(folder.parent)
    for out in ("nowhere/..", "mine/nowhere/..", "nowhere/../mine", "nowhere/../.."):
        code, _, err = returnsim(command, "camp.yaml", "--households", 20, "--out", out)
        assert code == 2, out
        assert err.startswith(f"{out}: "), err
        assert tree(folder.parent) == before, out
