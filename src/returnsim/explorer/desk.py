"""Where a page's simulations run: a few processes that are kept, and give up what is superseded."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from returnsim.errors import RunError

SLOTS = 1024
"""Errands at once of all visitors, those that have yet to hear of their end among them."""

Result = TypeVar("Result")
Poll = Callable[[int], None]


class SupersededError(Exception):
    """Raised between two weeks of a simulation that nobody waits for any more."""


class _Process:
    """What a process shares with the desk; set once when it starts."""

    flags: Any


class Errand:
    """Some jobs that can be given up together.

    Parameters
    ----------
    desk : Desk
        Where they run.
    """

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._ticket = desk.take_ticket()

    async def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Run ``job(*arguments, poll)`` in a process; ``poll`` is to be called between weeks.

        Raises
        ------
        SupersededError
            If the errand was given up.
        RunError
            If the process died, or too many errands are in force.
        """
        return await self._desk.run(self._ticket, job, arguments)

    def give_up(self) -> None:
        """Let its jobs end before their next week; those not begun never begin.

        Also due once all are done, for there is room for so many errands only.
        """
        self._desk.revoke(self._ticket)


class Desk:
    """Processes that simulate for every visitor, and share nothing between them.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        context = multiprocessing.get_context("spawn")
        # Written by the server alone, and read by all: a whole number needs no lock.
        self._flags = context.RawArray("q", SLOTS)
        self._tickets = 0
        self._pool = self._open()

    def take_ticket(self) -> int:
        """A number of its own for an errand, in force until it is revoked; 0 if none is free."""
        for _ in range(SLOTS):
            self._tickets += 1
            if not self._flags[self._tickets % SLOTS]:
                self._flags[self._tickets % SLOTS] = self._tickets
                return self._tickets
        return 0

    def revoke(self, ticket: int) -> None:
        """Let whatever runs under a ticket end."""
        if self._flags[ticket % SLOTS] == ticket:
            self._flags[ticket % SLOTS] = 0

    async def run(
        self, ticket: int, job: Callable[..., Result], arguments: tuple[Any, ...]
    ) -> Result:
        """Run a job in a process, as `Errand.run` does."""
        if not ticket:
            raise RunError(
                f"{SLOTS:,} simulations are being waited for, by all visitors together, and there "
                "may be no more; move a lever later to try again"
            )
        pool = self._pool
        try:
            return await asyncio.wrap_future(pool.submit(_run_there, ticket, job, arguments))
        except BrokenProcessPool:
            if pool is self._pool:
                self._pool = self._open()
            raise RunError(
                "a simulation was ended from outside, perhaps for want of memory; "
                "move a lever to try again"
            ) from None

    def close(self) -> None:
        """End the processes."""
        for slot in range(SLOTS):
            self._flags[slot] = 0
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, context, _start_process, (self._flags,))


def _start_process(flags: Any) -> None:
    _Process.flags = flags
    # Ctrl-C is the server's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_there(ticket: int, job: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    def poll(_: int = 0) -> None:
        if _Process.flags[ticket % SLOTS] != ticket:
            raise SupersededError

    poll()
    return job(*arguments, poll)
