"""``returnsim sweep`` goes on from wherever it was stopped, and says what it did and did not do."""

import json
import resource
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from returnsim.cli.options import EXIT_INTERRUPTED
from tests.cli.interrupted import interrupted
from tests.cli.typed import Run, command_line
from tests.experiments.made import contents
from tests.experiments.sweeps import CAMP, begun, command, every_byte, run, swept, tables

EXPERIMENT = """
title: A siege and a word
base: camp.yaml
replicates: 16
factors:
  siege: {path: levers.siege.severity, values: [0, 0.6]}
  kept: {path: guarantors.settlement.enforcement, values: [0, 0.9]}
"""
CELLS = 4
TOO_MANY = "1.0e+9"
"""More people than any machine has room for: the file is right, and a cell of it fails where the
sweep has begun."""


def written(folder: Path, experiment: str = EXPERIMENT, weeks: int = 12) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", f"weeks: {weeks}"))
    (folder / "small.yaml").write_text(experiment)
    return folder / "small.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with one experiment and its camp."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "sweep")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the experiment, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert swept(written(folder), folder / "out").ran == CELLS
    return folder / "out"


def assert_whole(found: Path, whole: Path) -> None:
    """The cells and the tables are those of an undisturbed sweep, and nothing is beside them."""
    assert files(found) == files(whole)
    assert contents(found / "store") == contents(whole / "store")
    assert tables(found) == tables(whole)


def files(folder: Path) -> list[str]:
    """Every file but the locks."""
    return [name for name in every_byte(folder) if "/." not in name]


def half_written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if "partial" in path.name]


def test_it_says_what_was_run_and_what_was_there(returnsim: Run, folder: Path, whole: Path):
    code, out, err = returnsim("small.yaml", "--workers", 1)
    assert (code, out) == (0, "4 cells of 16 replicates: 4 run, 0 were there, 0 failed\n")
    assert "small: 4 of 4 cells" in err
    assert err.endswith("The results are in results/small; next: returnsim compare results/small\n")
    assert_whole(folder / "results" / "small", whole)
    before = every_byte(folder)
    code, out, err = returnsim("small.yaml")
    assert (code, out) == (0, "4 cells of 16 replicates: 0 run, 4 were there, 0 failed\n")
    assert "small: 4 of 4 cells, 4 were there\n" in err
    assert every_byte(folder) == before


def test_tables_that_were_handed_on_without_their_cells_are_made_anew(
    returnsim: Run, folder: Path, whole: Path
):
    there = folder / "results" / "small"
    shutil.copytree(whole, there, ignore=shutil.ignore_patterns("store"))
    (there / "compare.csv").write_text("beside them")
    code, out, _ = returnsim("small.yaml", "--workers", 1)
    assert (code, out) == (0, "4 cells of 16 replicates: 4 run, 0 were there, 0 failed\n")
    (there / "compare.csv").unlink()
    assert_whole(there, whole)


@pytest.mark.parametrize("cut", [0, 100])
def test_a_damaged_record_is_set_aside_and_its_cell_run_again(
    returnsim: Run, folder: Path, whole: Path, cut: int
):
    there = folder / "results" / "small"
    shutil.copytree(whole, there)
    record = min(there.glob("store/??/*.json"))
    record.write_bytes(record.read_bytes()[:cut])
    code, out, _ = returnsim("small.yaml", "--workers", 1)
    assert (code, out) == (0, "4 cells of 16 replicates: 1 run, 3 were there, 0 failed\n")
    assert any(record.stem in path.name for path in there.glob("store/damaged/*"))
    assert contents(there / "store") == contents(whole / "store")
    assert tables(there) == tables(whole)


def test_json_is_all_that_is_on_stdout(returnsim: Run, folder: Path):
    swept(folder / "small.yaml", folder / "my results")
    code, out, _ = returnsim("small.yaml", "--out", "my results", "--json")
    assert code == 0
    assert json.loads(out) == {
        "results": "my results",
        "cells": {"total": CELLS, "ran": 0, "cached": CELLS, "failed": 0},
        "failures": [],
        "until_ci": None,
    }


def test_the_command_written_down_makes_the_same_tables_again(returnsim: Run, folder: Path):
    asked = ("small.yaml", "--out", "my results", "--until-ci", 0.9, "--outcome", "returned")
    code, out, _ = returnsim(*asked, "--workers", 1)
    assert code == 0
    assert "The differences in returned are known to " in out
    said = json.loads((folder / "my results" / "run.json").read_text())["command"]
    words = shlex.split(said)
    assert words == ["returnsim", "sweep", *map(str, asked)]
    before = every_byte(folder)
    assert returnsim(*words[2:])[0] == 0
    assert every_byte(folder) == before


def test_a_cell_that_fails_is_said_and_is_all_that_is_tried_again(returnsim: Run, folder: Path):
    people = f"  people: {{path: population.people, values: [200, {TOO_MANY}]}}\n"
    (folder / "small.yaml").write_text(EXPERIMENT.partition("  kept")[0] + people)
    begun(folder / "results" / "small")
    code, out, err = returnsim("small.yaml", "--workers", 1)
    assert (code, out) == (1, "4 cells of 16 replicates: 2 run, 0 were there, 2 failed\n")
    assert "Traceback" not in err
    told = [line for line in err.splitlines() if line.startswith("failed: ")]
    for line, siege in zip(told, ("0", "0.6"), strict=True):
        assert line.startswith(f"failed: 'siege={siege}, people=1e+09', block 0 (cell ")
        assert "would take about" in line
    assert "2 failed; each with its error in results/small/store/failed. " in err
    code, out, err = returnsim("small.yaml", "--workers", 1, "--json")
    cells = json.loads(out)["cells"]
    assert (code, cells) == (1, {"total": 4, "ran": 0, "cached": 2, "failed": 2})
    failures = json.loads(out)["failures"]
    names = sorted(path.stem for path in (folder / "results/small/store/failed").iterdir())
    assert sorted(failure["key"] for failure in failures) == names
    assert all(failure["error"].startswith("Traceback") for failure in failures)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path: Path):
    # Cases without pairs have no cell in common: what is done has been run.
    cases = EXPERIMENT.partition("factors")[0] + (
        "factors: {siege: {path: levers.siege.severity, range: [0, 1], levels: 16}}\n"
    )
    file = written(tmp_path, cases, weeks=60)
    words = ["sweep", "small.yaml", "--out", "out", "--workers", "2"]
    code, out, told, workers = interrupted(words, tmp_path, once=b" of 16 cells, ")
    assert (code, out) == (EXIT_INTERRUPTED, b"")
    assert b"what was finished is kept in out: the same command goes on from there" in told
    assert b"Traceback" not in told
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    assert len(workers) >= 2
    kept = list((tmp_path / "out" / "store").glob("??/*.json"))
    assert 0 < len(kept) < 16
    assert half_written(tmp_path) == []
    assert not (tmp_path / "out" / "run.json").exists()
    done = run("sweep", file, "--out", tmp_path / "out", "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert f"{16 - len(kept)} run, {len(kept)} were there" in done.stdout
    swept(file, tmp_path / "undisturbed")
    assert_whole(tmp_path / "out", tmp_path / "undisturbed")


def limited(size: int) -> Callable[[], None]:
    """Let no file of a process grow beyond a size."""
    return partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))


def largest(folder: Path, pattern: str) -> int:
    return max(path.stat().st_size for path in folder.glob(pattern))


@pytest.mark.parametrize("kept", [0, CELLS], ids=["cells", "tables"])
def test_what_the_disk_does_not_take_is_said_and_the_same_command_goes_on(
    folder: Path, whole: Path, returnsim: Run, kept: int
):
    cell, table = largest(whole, "store/??/*"), largest(whole, "weekly/*")
    assert cell < table - 1
    words = command("sweep", "small.yaml", "--out", "out", "--workers", 1)
    size = table - 1 if kept else cell // 2
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limited(size))
    assert (done.returncode, done.stdout) == (1, "")
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    # Progress may have been told before.
    assert done.stderr.splitlines()[-1].startswith("out")
    assert len(list((folder / "out" / "store").glob("??/*.json"))) == kept
    assert half_written(folder / "out") == []
    assert not (folder / "out" / "run.json").exists()
    assert returnsim("small.yaml", "--out", "out", "--workers", 1)[0] == 0
    assert_whole(folder / "out", whole)


OWN_DISKS = ("unshare", "--user", "--map-root-user", "--mount")


@pytest.fixture(scope="module")
def own_disks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where a process may not mount a small disk that nobody else sees."""
    there = tmp_path_factory.mktemp("disk")
    try:
        subprocess.run(
            [*OWN_DISKS, "mount", "-t", "tmpfs", "tmpfs", there], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("processes may not mount disks of their own here")


def on_a_disk(folder: Path, *lines: str) -> str:
    """Run lines of a shell with ``disk`` a place to mount one; gives all that was said."""
    (folder / "disk").mkdir()
    done = subprocess.run(
        [*OWN_DISKS, "sh", "-c", "\n".join(lines)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        timeout=300,
    )
    return done.stdout


def test_on_a_disk_that_is_full_nothing_is_lost_and_more_room_is_enough(
    own_disks: None, folder: Path, whole: Path
):
    cells = sum(path.stat().st_size for path in whole.glob("store/??/*"))
    sweep = shlex.join(command("sweep", "small.yaml", "--out", "disk/out", "--workers", 1))
    said = on_a_disk(
        folder,
        f"mount -t tmpfs -o size={3 * cells // 4} tmpfs disk",
        f"{sweep}; echo left with $?",
        "cp -r disk/out full",
        "mount -o remount,size=50m disk",
        f"{sweep}; echo left with $?",
        "cp -r disk/out more",
    )
    first, _, second = said.partition("left with 1\n")
    assert "disk/out/store: No space left on device" in first
    assert "Traceback" not in said
    kept = len(list((folder / "full" / "store").glob("??/*.json")))
    assert 0 < kept < CELLS
    assert half_written(folder / "full") == []
    assert f"{CELLS - kept} run, {kept} were there" in second
    assert second.endswith("left with 0\n")
    assert_whole(folder / "more", whole)


def test_a_disk_that_cannot_be_written_to_is_said(own_disks: None, folder: Path, whole: Path):
    sweep = shlex.join(command("sweep", "small.yaml", "--out", "disk/out", "--workers", 1))
    said = on_a_disk(
        folder,
        "mount -t tmpfs -o size=50m tmpfs disk",
        "mount -o remount,ro disk",
        f"{sweep}; echo left with $?",
    )
    assert said.startswith("disk/out/store: Read-only file system")
    assert said.endswith("left with 2\n")


WRONG = [
    (("none.yaml",), "none.yaml: no such file"),
    (("camp.yaml",), "camp.yaml: is a scenario: `returnsim run` runs it"),
    (("small.yaml", "--workers", 0), "--workers"),
    (("small.yaml", "--workers", 2, "--scheduler", "tcp://127.0.0.1:1"), "leave one of the two"),
    (("small.yaml", "--until-ci", 0.1), "--outcome: say which --until-ci is about; one of: ret"),
    (("small.yaml", "--outcome", "returned"), "--outcome: is for --until-ci, which is missing"),
    (
        ("small.yaml", "--until-ci", 0.1, "--outcome", "retruned"),
        "--outcome: retruned: no such outcome; did you mean 'returned'?",
    ),
    (("small.yaml", "--until-ci", 0, "--outcome", "returned"), "must be more than 0"),
    (
        ("small.yaml", "--until-ci", 1, "--outcome", "returned", "--most-replicates", 8),
        "--most-replicates: 8: the experiment begins with 16",
    ),
    (("small.yaml", "--out", "camp.yaml"), "camp.yaml: is a file; name a folder with --out"),
    (("small.yaml", "--out", "mine"), "mine: holds files of another kind; they are left alone"),
    (("small.yaml", "--out", "others"), "others: holds the results of the experiment 'other'"),
    (("small.yaml", "--out", "tables"), "tables: holds the results of the experiment 'other'"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_mistake_ends_with_code_two_and_writes_nothing(
    returnsim: Run, folder: Path, whole: Path, arguments: tuple[object, ...], said: str
):
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("not to be lost")
    (folder / "others" / "store").mkdir(parents=True)
    told = json.loads((whole / "run.json").read_text()) | {"experiment": "other"}
    (folder / "tables").mkdir()
    for name in ("others", "tables"):
        (folder / name / "run.json").write_text(json.dumps(told))
    before = sorted(folder.rglob("*"))
    code, out, err = returnsim(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert sorted(folder.rglob("*")) == before


def test_a_folder_below_a_file_is_told_as_a_mistake(returnsim: Run, folder: Path):
    before = sorted(folder.rglob("*"))
    code, out, err = returnsim("small.yaml", "--out", "camp.yaml/out")
    assert (code, out) == (2, "")
    assert err.startswith("camp.yaml/out")
    assert sorted(folder.rglob("*")) == before


def test_without_dask_it_says_what_to_install(folder: Path):
    start = (
        "import sys; sys.modules['distributed'] = None; from returnsim.cli import main; "
        "sys.argv = ['returnsim', 'sweep', 'small.yaml', '--scheduler', 'tcp://127.0.0.1:8786']; "
        "main()"
    )
    before = sorted(folder.rglob("*"))
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "--scheduler needs Dask: install the extra cluster "
        "(in a checkout: pip install -e '.[cluster]'); without it, cells run on this machine\n"
    )
    assert sorted(folder.rglob("*")) == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_scheduler_that_does_not_answer_is_said_and_nothing_written(
    returnsim: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr("returnsim.experiments.execute.CONNECT_SECONDS", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        code, out, err = returnsim("small.yaml", "--scheduler", address)
    assert (code, out) == (2, "")
    assert f"--scheduler {address}: no Dask scheduler answers there" in err
    assert "start one with `dask scheduler`" in err
    assert sorted(folder.rglob("*")) == before


def test_an_address_that_is_none_is_said_without_a_traceback(folder: Path):
    done = run("sweep", "small.yaml", "--scheduler", "not an address", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--scheduler not an address: no Dask scheduler answers there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_camp_for_which_there_is_no_memory_is_refused_before_anything_runs(
    returnsim: Run, folder: Path
):
    people = f"  people: {{path: population.people, values: [200, {TOO_MANY}]}}\n"
    (folder / "small.yaml").write_text(EXPERIMENT.partition("  kept")[0] + people)
    before = every_byte(folder)
    code, out, err = returnsim("small.yaml")
    assert (code, out) == (2, "")
    assert "would take about" in err
    assert every_byte(folder) == before


def test_a_failure_ends_the_search_for_more_replicates(returnsim: Run, folder: Path):
    cases = f"cases:\n  too many: {{set: {{population.people: {TOO_MANY}}}}}\n  as it is: {{}}\n"
    (folder / "small.yaml").write_text(EXPERIMENT.partition("factors")[0] + cases)
    asked = ("--until-ci", 0.5, "--outcome", "returned", "--workers", 1)
    begun(folder / "results" / "small")
    code, out, err = returnsim("small.yaml", *asked)
    assert code == 1
    assert "2 cells of 16 replicates: 1 run, 0 were there, 1 failed\n" in out
    assert "returnsim failed" not in err


def test_a_cell_that_cases_share_is_not_said_to_be_there_where_it_failed(
    returnsim: Run, folder: Path
):
    many = f"{{set: {{population.people: {TOO_MANY}}}}}"
    cases = f"cases: {{one: {many}, other: {many}}}\n"
    (folder / "small.yaml").write_text(EXPERIMENT.partition("factors")[0] + cases)
    begun(folder / "results" / "small")
    code, out, _ = returnsim("small.yaml", "--workers", 1)
    assert code == 1
    assert "0 were there" in out
