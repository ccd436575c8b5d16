"""Blocks of replicates over processes: the same results whatever their number."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized

from returnsim.core.run import Run

AfterWeek = Callable[[int], None]
Job = Callable[[list[int], AfterWeek], Run]
Progress = Callable[[int], None]

POLL_SECONDS = 0.1
STOP = -(2**62)
"""A count of finished replicate-weeks that tells the workers to stop."""


class _CancelledError(Exception):
    """Raised in a worker when its parent gives up."""


def run_blocks(
    job: Job, blocks: list[list[int]], workers: int, progress: Progress | None
) -> list[Run]:
    """Run each block, here or in other processes.

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
        Called in this process with the replicate-weeks done so far; what it raises ends the run.

    Returns
    -------
    list of Run
        In the order of ``blocks``.
    """
    workers = min(workers, len(blocks))
    if workers <= 1:
        return _run_here(job, blocks, progress)
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _start_worker, (done,)) as pool:
        with _interrupts_ignored():
            futures = [pool.submit(_run_there, job, block) for block in blocks]
        try:
            while not all(future.done() for future in futures):
                if progress is not None:
                    progress(done.value)
                time.sleep(POLL_SECONDS)
                if any(future.done() and future.exception() for future in futures):
                    break
            runs = [future.result() for future in futures]
        except BaseException:
            with done.get_lock():
                done.value = STOP
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if progress is not None:
        progress(done.value)
    return runs


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let processes started meanwhile ignore Ctrl-C: the parent answers it, and stops them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run_here(job: Job, blocks: list[list[int]], progress: Progress | None) -> list[Run]:
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


def _run_there(job: Job, block: list[int]) -> Run:
    done = _Worker.done

    def after_week(_: int) -> None:
        with done.get_lock():
            if done.value < 0:
                raise _CancelledError
            done.value += len(block)

    return job(block, after_week)
