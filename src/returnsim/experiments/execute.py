"""Where cells are run: any `concurrent.futures.Executor`, on this machine or on a cluster."""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple

from returnsim.core.engines import AUTO, NUMPY, choose_engine
from returnsim.errors import RunError, UsageError
from returnsim.experiments.cells import Cell, Result, made_by, run_cells
from returnsim.workers import CancelledError, process_pool

WORKERS_OF_A_CLUSTER = 16
LOGGERS_OF_DASK = ("distributed", "distributed.client", "tornado.application", "asyncio")
MOST_ATTEMPTS = 3
"""How often the process that runs a cell may die before the cell is taken for the cause."""

LOST = (
    f"the process that ran this cell was lost or gave no answer {MOST_ATTEMPTS} times, at last "
    "with nothing beside it: it may need more memory than there is"
)
GO_ON = "what was finished is kept, and the same command goes on from there"
POLL_SECONDS = 1.0
CONNECT_SECONDS = 10.0
MOST_BARREN = 5
"""Sites opened in a row without one result, after which it is no use to open another."""

WITHOUT_WORKERS_SECONDS = 60.0
"""How long to wait for the workers of a cluster to come back."""


class Site(NamedTuple):
    """A place where cells are run.

    Attributes
    ----------
    name : str
        For the reader.
    workers : int
        How many are expected, to cut the work accordingly.
    open : callable
        Gives a fresh executor for use in a ``with`` block; called again when workers were lost.
    width : callable
        How many tasks an executor of its kind can run at once; 0 where no worker is left.
    engine : str
        What steps the cells.
    is_here : bool
        Whether it is this machine, whose memory is known.
    """

    name: str
    workers: int
    open: Callable[[], AbstractContextManager[Executor]]
    width: Callable[[Executor], int]
    engine: str = NUMPY
    is_here: bool = True

    def for_work(self, household_weeks: float) -> "Site":
        """The same place, with an engine chosen for so much work where it is left open."""
        return self._replace(engine=choose_engine(self.engine, household_weeks))


class Task(NamedTuple):
    """Cells that are run together, and how often that has ended in the loss of a worker."""

    cells: tuple[Cell, ...]
    attempts: int = 0


def this_machine(workers: int, engine: str = NUMPY) -> Site:
    """Processes here.

    Parameters
    ----------
    workers : int
        How many.
    engine : str
        As for `returnsim.simulate`.
    """
    return Site(
        f"{workers} worker{'' if workers == 1 else 's'}",
        workers,
        partial(process_pool, workers),
        lambda _: workers,
        engine,
    )


def dask_cluster(address: str, engine: str = NUMPY) -> Site:
    """The workers of a Dask scheduler; each needs this version of returnsim, not its files.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://127.0.0.1:8786``.
    engine : str
        As for `returnsim.simulate`; ``auto`` is numpy: not every worker may have more.

    Raises
    ------
    UsageError
        If Dask is not installed.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask: install the extra cluster "
            "(in a checkout: pip install -e '.[cluster]'); without it, cells run on this machine"
        ) from None
    return Site(
        f"the scheduler at {address}",
        WORKERS_OF_A_CLUSTER,
        partial(_dask_executor, address),
        _dask_width,
        NUMPY if engine == AUTO else engine,
        is_here=False,
    )


@contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    from distributed import Client
    from distributed.comm.addressing import parse_address, parse_host_port

    try:
        scheme, location = parse_address(address)
        if scheme in {"tcp", "tls"}:
            # A client that fails to connect tries for long, and fails loudly.
            socket.create_connection(parse_host_port(location), CONNECT_SECONDS).close()
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise UsageError(
            f"--scheduler {address}: no Dask scheduler answers there ({type(error).__name__}); "
            "start one with `dask scheduler` and name the address that it prints"
        ) from None
    with _unheard(), client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise UsageError(
                f"--scheduler {address}: the scheduler has no workers; start some with "
                f"`dask worker {address}`"
            ) from None
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep from the reader what Dask logs of a scheduler that is gone, which is said in words."""
    loggers = [logging.getLogger(name) for name in LOGGERS_OF_DASK]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _dask_width(executor: Any) -> int:
    try:
        return int(sum(executor._client.ncores().values()))
    except Exception:  # noqa: BLE001
        # The scheduler is gone, or its client has given it up: the tasks there end by themselves.
        return 0


def execute(
    tasks: Iterable[Task],
    site: Site,
    keep: Callable[[Result], None],
    *,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Run tasks, a few ahead of the workers, and hand on each result as it comes.

    A task whose worker is lost is run again; after the second loss its cells are run one by one
    with nothing beside them, and a cell that has lost `MOST_ATTEMPTS` workers has failed.

    Parameters
    ----------
    tasks : iterable of Task
        Taken as they can be run.
    site : Site
        Where.
    keep : callable
        Called in this thread with the result of each cell; what it raises ends all.
    tick : callable
        Called at least once a second.

    Raises
    ------
    UsageError
        If the site cannot be reached.
    RunError
        If it cannot be reached again after a loss.
    """
    queue = _Queue(iter(tasks))
    barren = 0
    while not queue.is_empty():
        results = queue.results
        try:
            with site.open() as executor:
                _drain(site, executor, queue, keep, tick)
        except UsageError as error:
            if queue.losses:
                raise RunError(f"workers were lost, and none can be had again: {error}") from error
            raise
        barren = barren + 1 if queue.results == results else 0
        if barren == MOST_BARREN:
            raise RunError(
                f"{site.name}: workers were lost {queue.losses} times and gave no result since the "
                f"last ({queue.reason}); {GO_ON}"
            )


class _Queue:
    """Tasks to come: those that lost a worker first."""

    def __init__(self, source: Iterator[Task]) -> None:
        self.source = source
        self.waiting = deque[Task]()
        self.losses = 0
        self.reason = ""
        self.results = 0

    def peek(self) -> Task | None:
        """The next task, left where it is."""
        if not self.waiting:
            task = next(self.source, None)
            if task is None:
                return None
            self.waiting.append(task)
        return self.waiting[0]

    def is_empty(self) -> bool:
        """Whether all is done or under way."""
        return self.peek() is None

    def lost(self, task: Task, keep: Callable[[Result], None], reason: str) -> None:
        """Put a task back whose worker was lost, or give it up."""
        self.losses += 1
        self.reason = reason
        attempts = task.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            for cell in task.cells:
                keep(Result(cell.key, cell.given, {}, made_by(), f"{reason}\n{LOST}"))
        elif attempts == MOST_ATTEMPTS - 1:
            self.waiting.extendleft(Task((cell,), attempts) for cell in reversed(task.cells))
        else:
            self.waiting.appendleft(Task(task.cells, attempts))


def _drain(
    site: Site,
    executor: Executor,
    queue: _Queue,
    keep: Callable[[Result], None],
    tick: Callable[[], None],
) -> None:
    """Run all there is, or until a worker is lost."""
    running: dict[Future[list[Result]], Task] = {}
    whole = True
    heard = time.monotonic()
    while whole:
        width = site.width(executor)
        whole = _fill(site, executor, max(1, width), queue, running)
        if not running:
            return
        done, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        tick()
        if width > 0 or done:
            heard = time.monotonic()
        elif time.monotonic() - heard > WITHOUT_WORKERS_SECONDS:
            raise RunError(f"{site.name}: has had no workers for a minute; {GO_ON}")
        for future in done:
            whole &= _settle(future, running.pop(future), queue, keep)
    for future, task in running.items():
        # What broke the executor took these along; which of them did it cannot be told.
        future.cancel()
        _settle(future, task, queue, keep)


def _fill(
    site: Site,
    executor: Executor,
    width: int,
    queue: _Queue,
    running: dict[Future[list[Result]], Task],
) -> bool:
    """Start what may be started; gives whether the executor takes it."""
    while _may_start(queue.peek(), running.values(), width):
        task = queue.waiting.popleft()
        try:
            running[executor.submit(run_cells, task.cells, None, site.engine)] = task
        except Exception:  # noqa: BLE001
            # It was broken before it had this task, which is none the worse for it.
            queue.waiting.appendleft(task)
            return False
    return True


def _settle(
    future: "Future[list[Result]]", task: Task, queue: _Queue, keep: Callable[[Result], None]
) -> bool:
    """Hand on what a task came to; gives whether its worker lived to tell."""
    try:
        results = future.result()
    except (Exception, CancelledError) as error:  # noqa: BLE001
        queue.lost(task, keep, f"{type(error).__name__}: {error}")
        return False
    queue.results += 1
    for result in results:
        keep(result)
    return True


def _may_start(task: Task | None, running: Iterable[Task], width: int) -> bool:
    """Whether a task may be started; one that is suspect runs with nothing beside it."""
    under_way = list(running)
    if task is None:
        return False
    if under_way and any(_is_suspect(one) for one in (task, *under_way)):
        return False
    # One more than can run, so that no worker waits while results are being written.
    return len(under_way) <= width


def _is_suspect(task: Task) -> bool:
    return task.attempts == MOST_ATTEMPTS - 1
