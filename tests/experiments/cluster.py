"""A Dask cluster of real processes on this machine, as a user would start it in two terminals."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BIN = Path(sys.executable).parent
WAIT_SECONDS = 60


class Cluster:
    """A scheduler, on a free port that it keeps when it is started again, and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = "tcp://127.0.0.1:0"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """Start the scheduler, and wait until it listens."""
        told = self.folder / "scheduler.json"
        told.unlink(missing_ok=True)
        words = [BIN / "dask", "scheduler", "--host", "127.0.0.1", "--no-dashboard"]
        words += ["--port", self.address.rpartition(":")[2], "--scheduler-file", told]
        with (self.folder / "scheduler.log").open("ab") as log:
            self.scheduler = subprocess.Popen(words, stdout=log, stderr=log)
        self.address = _address(told, self.scheduler)

    def add_worker(self) -> None:
        """Start one more worker, without a nanny that would start it again."""
        words = [BIN / "dask", "worker", self.address, "--no-nanny", "--nthreads", "1"]
        words += ["--no-dashboard", "--local-directory", self.folder, "--host", "127.0.0.1"]
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            self.workers.append(subprocess.Popen(words, stdout=log, stderr=log))


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """Start a scheduler on a free port, and workers; end them all at the end."""
    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


def _address(told: Path, scheduler: "subprocess.Popen[bytes]") -> str:
    """The address that the scheduler writes down once it listens."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and scheduler.poll() is None:
        with suppress(FileNotFoundError, ValueError):
            return str(json.loads(told.read_text())["address"])
        time.sleep(0.05)
    raise RuntimeError("the scheduler did not start")
