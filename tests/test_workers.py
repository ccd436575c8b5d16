"""Blocks over processes and threads: errors end them at once."""

import os
import signal

import pytest

from returnsim.errors import RunError
from returnsim.workers import AfterWeek, run_blocks


class BrokenError(Exception):
    pass


def lived_until_stopped_or_broken(block: list[int], after_week: AfterWeek) -> None:
    if block == [1]:
        raise BrokenError
    while True:
        after_week(0)


@pytest.mark.parametrize("in_threads", [False, True])
def test_an_error_of_a_later_block_ends_an_earlier_one(in_threads: bool) -> None:
    with pytest.raises(BrokenError):
        run_blocks(lived_until_stopped_or_broken, [[0], [1]], 2, None, in_threads=in_threads)


def killed(block: list[int], after_week: AfterWeek) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_that_a_process_was_killed_is_said_in_words() -> None:
    with pytest.raises(RunError, match="may need more memory than there is"):
        run_blocks(killed, [[0], [1]], 2, None)
