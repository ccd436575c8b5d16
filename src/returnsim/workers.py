"""Blocks of replicates over processes: the same results whatever their number."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.sharedctypes import Synchronized
from typing import Any, TypeVar

from returnsim.errors import RunError
from returnsim.interrupts import interrupts_held

AfterWeek = Callable[[int], None]
Result = TypeVar("Result")
AnyPool = TypeVar("AnyPool", "Pool", "Threads")
Job = Callable[[list[int], AfterWeek], Result]
Progress = Callable[[int], None]

POLL_SECONDS = 0.1
LOST = (
    "a process that simulated was ended from outside: it may need more memory than there is; fewer "
    "--workers need less"
)
STOP = -(2**62)
"""A count of finished replicate-weeks that tells the workers to stop."""


class CancelledError(BaseException):
    """Raised in a worker when its parent gives up."""


def run_blocks(
    job: Job[Result],
    blocks: list[list[int]],
    workers: int,
    progress: Progress | None,
    *,
    in_threads: bool = False,
) -> list[Result]:
    """Run each block, here or in other processes or threads.

    Parameters
    ----------
    job : callable
        Takes the numbers of a block's replicates and what to call after each week. Picklable when
        there is more than one worker.
    blocks : list of list of int
        Replicates by number.
    workers : int
        Processes at most; with one block or one worker everything happens here.
    progress : callable, optional
        Called in this thread with the replicate-weeks done so far; what it raises ends the run.
    in_threads : bool
        Whether to take threads: for a job that seldom holds the interpreter's lock.

    Returns
    -------
    list
        What the job gave, in the order of ``blocks``.
    """
    workers = min(workers, len(blocks))
    if workers <= 1:
        return _run_here(job, blocks, progress)
    if in_threads:
        with _stopped_by_errors(Threads(workers)) as threads:
            started = [threads.submit(threads.run, job, block) for block in blocks]
            return _gathered(threads, started, progress)
    with process_pool(workers) as pool:
        started = [pool.submit(_run_there, job, block) for block in blocks]
        return _gathered(pool, started, progress)


def _gathered(
    pool: "Pool | Threads", futures: "list[Future[Result]]", progress: Progress | None
) -> list[Result]:
    """Wait for results, and tell of progress meanwhile; the first error ends it."""
    while not all(future.done() for future in futures):
        if progress is not None:
            progress(pool.done)
        time.sleep(POLL_SECONDS)
        for future in futures:
            if future.done() and future.exception():
                future.result()
    runs = [future.result() for future in futures]
    if progress is not None:
        progress(pool.done)
    return runs


class Threads(ThreadPoolExecutor):
    """Threads that end their work before its next week when told to.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        self._lock = threading.Lock()
        self._done = 0
        self._stopped = False
        super().__init__(workers)

    @property
    def done(self) -> int:
        """Replicate-weeks that the threads have counted so far."""
        return self._done

    def run(self, job: Job[Result], block: list[int]) -> Result:
        """Run one block, in one of the threads."""

        def after_week(_: int) -> None:
            if self._stopped:
                raise CancelledError
            with self._lock:
                self._done += len(block)

        return job(block, after_week)

    def stop(self) -> None:
        """Let the threads give up what they are at."""
        self._stopped = True
        self.shutdown(wait=True, cancel_futures=True)


class Pool(ProcessPoolExecutor):
    """Processes that leave Ctrl-C to their parent, stop when told to, and end when it is gone.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.workers = workers
        self._counter = context.Value("q", 0)
        super().__init__(workers, context, _start_worker, (self._counter,))

    @property
    def done(self) -> int:
        """Replicate-weeks that the workers have counted so far."""
        return int(self._counter.value)

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        """As an executor does; the processes that it starts ignore Ctrl-C."""
        with interrupts_held():
            return super().submit(*args, **kwargs)

    def stop(self) -> None:
        """Let the workers give up what they are at, before its next week."""
        with self._counter.get_lock():
            self._counter.value = STOP
        self.shutdown(wait=True, cancel_futures=True)


def process_pool(workers: int) -> AbstractContextManager[Pool]:
    """Give a pool of processes; when its use ends in an error, they are stopped.

    Parameters
    ----------
    workers : int
        How many.

    Raises
    ------
    RunError
        On leaving it, if one of them was killed.
    """
    return _stopped_by_errors(Pool(workers))


@contextmanager
def _stopped_by_errors(pool: AnyPool) -> Iterator[AnyPool]:
    try:
        yield pool
    except BrokenProcessPool as error:
        # The others are ended already, and one that was killed may hold the lock of the counter.
        pool.shutdown()
        raise RunError(LOST) from error
    except BaseException:
        pool.stop()
        raise
    pool.shutdown()


def stop_if_told(_: int = 0) -> None:
    """End the work of a process of a pool if its parent has told it to; called after each week."""
    done = getattr(_Worker, "done", None)
    if done is not None and done.value < 0:
        raise CancelledError


def _run_here(job: Job[Result], blocks: list[list[int]], progress: Progress | None) -> list[Result]:
    done = 0
    runs = []
    for block in blocks:

        def after_week(_: int, replicates: int = len(block)) -> None:
            nonlocal done
            done += replicates
            if progress is not None:
                progress(done)

        runs.append(job(block, after_week))
    return runs


class _Worker:
    """What a worker process shares with its parent; set once when it starts."""

    done: Synchronized  # type: ignore[type-arg]


def _start_worker(done: "Synchronized") -> None:  # type: ignore[type-arg]
    _Worker.done = done
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell its workers; without this they would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_there(job: Job[Result], block: list[int]) -> Result:
    done = _Worker.done

    def after_week(_: int) -> None:
        with done.get_lock():
            if done.value < 0:
                raise CancelledError
            done.value += len(block)

    return job(block, after_week)
