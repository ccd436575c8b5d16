"""Whatever moment a sweep is killed at, run to the end it leaves what an undisturbed one leaves."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.experiments.cluster import dask_cluster
from tests.experiments.made import contents
from tests.experiments.sweeps import command, run, written

TABLES = ("outcomes.parquet", "summary.csv", "cells.csv", "weekly/part-00000.parquet")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A finished sweep, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    done = run("sweep", written(folder), "--out", folder / "out", "--workers", 2)
    assert done.returncode == 0, done.stderr
    return folder / "out", time.monotonic() - started


def killed(words: list[str], after: float) -> bool:
    """Run a command and kill it with all that cannot be caught; gives whether it was in time."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=after)
        return False
    except subprocess.TimeoutExpired:
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    return True


def assert_same(folder: Path, whole: Path) -> None:
    assert contents(folder / "store") == contents(whole / "store")
    for name in TABLES:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
def test_three_kills_leave_no_trace_in_the_results(undisturbed: tuple[Path, float], tmp_path: Path):
    whole, seconds = undisturbed
    file = written(tmp_path)
    words = command("sweep", file, "--out", tmp_path / "out", "--workers", 2)
    moments = random.Random(3)
    in_time = sum(killed(words, moments.uniform(0.3, seconds)) for _ in range(3))
    assert in_time > 0
    done = run("sweep", file, "--out", tmp_path / "out", "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "out", whole)


@pytest.mark.slow
def test_two_sweeps_at_once_in_one_folder_leave_what_one_leaves(
    undisturbed: tuple[Path, float], tmp_path: Path
):
    file = written(tmp_path)
    words = command("sweep", file, "--out", tmp_path / "out", "--workers", 1, "--json")
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert_same(tmp_path / "out", undisturbed[0])


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_leaves_no_trace_in_the_results(
    undisturbed: tuple[Path, float], tmp_path: Path, workers: int
):
    done = run("sweep", written(tmp_path), "--out", tmp_path / "out", "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "out", undisturbed[0])


@pytest.mark.slow
def test_a_cluster_whose_worker_is_killed_leaves_no_trace_in_the_results(
    undisturbed: tuple[Path, float], tmp_path: Path
):
    (tmp_path / "cluster").mkdir()
    with dask_cluster(tmp_path / "cluster", workers=2) as cluster:
        words = command("sweep", written(tmp_path), "--out", tmp_path / "out")
        process = subprocess.Popen(
            [*words, "--scheduler", cluster.address], stderr=subprocess.PIPE, text=True
        )
        store = tmp_path / "out" / "store"
        while process.poll() is None and not list(store.glob("??/*.json")):
            pass
        cluster.workers[0].kill()
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert_same(tmp_path / "out", undisturbed[0])
