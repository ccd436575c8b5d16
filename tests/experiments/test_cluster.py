"""Cells come out the same on a Dask cluster, also when a worker of it is killed."""

import socket
from pathlib import Path

import pytest

from returnsim.errors import RunError, UsageError
from returnsim.experiments.cells import Result, run_cells
from returnsim.experiments.execute import Task, execute
from returnsim.experiments.execute import dask_cluster as cluster_at
from tests.experiments.cluster import dask_cluster
from tests.experiments.made import cells, digests

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_also_when_a_worker_is_killed(tmp_path: Path):
    given = cells(8, events=True, weeks=30)
    results: list[Result] = []
    with dask_cluster(tmp_path, workers=2) as cluster:

        def keep(result: Result) -> None:
            results.append(result)
            if len(results) == 1:
                cluster.workers[0].kill()

        execute([Task((cell,)) for cell in given], cluster_at(cluster.address), keep)
        assert cluster.workers[0].wait() != 0
    assert len(results) == len(given)
    assert digests(results) == digests(run_cells(given))


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("returnsim.experiments.execute.CONNECT_SECONDS", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(UsageError, match=rf"{address}.*no Dask scheduler answers"):
        execute([Task(tuple(cells(1)))], cluster_at(address), lambda _: None)


def test_a_scheduler_without_workers_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("returnsim.experiments.execute.CONNECT_SECONDS", 2.0)
    with (
        dask_cluster(tmp_path, workers=0) as cluster,
        pytest.raises(UsageError, match="has no workers; start some with `dask worker"),
    ):
        execute([Task(tuple(cells(1)))], cluster_at(cluster.address), lambda _: None)


def test_an_address_that_is_none_is_said():
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        execute([Task(tuple(cells(1)))], cluster_at("not an address"), lambda _: None)


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_said_in_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    results: list[Result] = []
    with dask_cluster(tmp_path, workers=1) as cluster:

        def keep(result: Result) -> None:
            results.append(result)
            cluster.scheduler.kill()
            cluster.scheduler.wait()

        with pytest.raises(RunError, match="workers were lost, and none can be had again: --sch"):
            execute([Task((cell,)) for cell in cells(8)], cluster_at(cluster.address), keep)
    assert len(results) < 8
    assert caplog.records == []


@pytest.mark.slow
def test_a_scheduler_that_is_started_again_is_used_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    given = cells(8)
    results: list[Result] = []
    with dask_cluster(tmp_path, workers=1) as cluster:

        def keep(result: Result) -> None:
            results.append(result)
            if len(results) == 1:
                cluster.scheduler.kill()
                cluster.scheduler.wait()
                cluster.start_scheduler()
                cluster.add_worker()

        execute([Task((cell,)) for cell in given], cluster_at(cluster.address), keep)
    assert digests(results) == digests(run_cells(given))
    assert caplog.records == []
