"""Cells are run wherever there are workers; the loss of one costs its task and nothing more."""

import multiprocessing
import os
import signal

import pytest

from returnsim.experiments.cells import Result, run_cells
from returnsim.experiments.execute import LOST, Task, execute, this_machine
from tests.experiments.made import cells, digests

GIVEN = cells(6, weeks=30)
EXPECTED = digests(run_cells(GIVEN))


def tasks() -> list[Task]:
    return [Task((cell,)) for cell in GIVEN]


SLOWLY = [pytest.param(number, marks=pytest.mark.slow) for number in (1, 3)]


@pytest.mark.parametrize("workers", [2, *SLOWLY])
def test_the_results_do_not_depend_on_the_number_of_workers(workers: int):
    results: list[Result] = []
    execute(tasks(), this_machine(workers), results.append)
    assert digests(results) == EXPECTED


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_only_the_time_of_its_task():
    results: list[Result] = []
    killed: list[int] = []

    def keep(result: Result) -> None:
        results.append(result)
        if len(results) in {1, 3}:
            victim = multiprocessing.active_children()[0]
            killed.append(victim.pid or 0)
            os.kill(victim.pid or 0, signal.SIGKILL)

    execute(tasks(), this_machine(2), keep)
    assert len(set(killed)) == 2
    assert len(results) == len(GIVEN)
    assert digests(results) == EXPECTED


@pytest.mark.slow
def test_a_cell_that_kills_every_worker_is_given_up_and_the_others_are_not():
    results: list[Result] = []
    bad = GIVEN[0]._replace(given=DEADLY)
    execute([Task((bad, GIVEN[1])), *tasks()[2:]], this_machine(2), results.append)
    failed = [result for result in results if result.error is not None]
    assert [result.key for result in failed] == [bad.key]
    assert (failed[0].error or "").endswith(LOST)
    kept = digests([result for result in results if result.error is None])
    assert kept == {key: EXPECTED[key] for key in (cell.key for cell in GIVEN[1:])}


class Deadly(str):
    """What a cell was given, that ends the process which unpacks it."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (9,)


DEADLY = Deadly("{}")


def test_what_keeping_a_result_raises_ends_all_and_leaves_no_process():
    def keep(_: Result) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        execute(tasks(), this_machine(2), keep)
    assert multiprocessing.active_children() == []


def test_nothing_to_do_starts_no_process():
    execute([], this_machine(2), lambda _: None)
    assert multiprocessing.active_children() == []
