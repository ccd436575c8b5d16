"""A session simulates what is asked for last, step by step, and what a run says."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.followed import follow
from returnsim.core.engines import NUMPY
from returnsim.errors import RunError
from returnsim.explorer import charts
from returnsim.explorer.changes import Source, source_of
from returnsim.explorer.comparison import cautions_of, in_words, rows_of, summary_of
from returnsim.explorer.desk import SLOTS, Desk, Errand, Poll, SupersededError
from returnsim.explorer.picture import Kept, steps
from returnsim.explorer.session import Seen, Session
from tests.explorer.shown import CAMP

HOW = {"households": 60, "seed": 3, "replicates": 10, "engine": NUMPY}


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    opened = Desk(2)
    yield opened
    opened.close()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "camp.yaml").write_text(CAMP)
    return source_of(tmp_path / "camp.yaml", (), **HOW)


def never_ends(poll: Poll) -> None:
    while True:
        poll(0)


def dies(_: Poll) -> None:
    os._exit(1)


def done(_: Poll) -> str:
    return "done"


def looked(source: Source, desk: Desk, *moves: tuple[str, float]) -> list[Seen]:
    """What a visitor sees who makes some moves at once, until all is there."""

    async def look() -> list[Seen]:
        seen: list[Seen] = []
        whole = asyncio.Event()

        def show(told: Seen) -> None:
            seen.append(told)
            if told.is_whole or told.problem:
                whole.set()

        session = Session(source, desk, Kept(), show)
        session.start()
        for path, value in moves:
            session.set(path, value)
        await whole.wait()
        return seen

    return asyncio.run(look())


def test_a_picture_grows_by_steps_to_all_replicates():
    assert [len(step) for step in steps(64)] == [3, 31, 30]
    for replicates in (1, 2, 3, 4, 34, 35, 100):
        numbers = [number for step in steps(replicates) for number in step]
        assert numbers == list(range(replicates))


def test_what_is_seen_is_what_a_run_gives_with_its_pair(source: Source, desk: Desk):
    seen = looked(source, desk, ("levers.siege.severity", 0.95))
    assert [told.done for told in seen if told.done] == [3, 10]
    changed = source.changed({"levers.siege.severity": 0.95})
    for picture, scenario in ((seen[-1].written, source.scenario), (seen[-1].changed, changed)):
        assert picture is not None
        run = follow(scenario, 10, 3, households=60, engine=source.engine).trajectories
        assert picture.trajectories.columns.keys() == run.columns.keys()
        for name, values in run.columns.items():
            np.testing.assert_array_equal(picture.trajectories[name], values)


def test_the_newest_change_wins(source: Source, desk: Desk):
    moves = [("levers.siege.severity", value) for value in (0.1, 0.5, 0.0)]
    seen = looked(source, desk, *moves)
    pictures = [told.changed for told in seen if told.done]
    assert all(p is not None for p in pictures)
    pushed = column_of_pair("pushed", "siege")
    for picture in pictures:
        assert picture is not None
        assert picture.trajectories.scenario.levers.siege[0].severity.value == 0
        assert picture.trajectories[pushed].sum() == 0


def test_words_tell_harm_beside_returns_and_what_is_the_same(source: Source, desk: Desk):
    last = looked(source, desk)[-1]
    assert last.written is not None
    assert last.changed is not None
    said = in_words(last.written, last.changed)
    assert said.startswith("As many return, as many pushed by the siege; as many detained")
    assert {row.texts()[3] for row in rows_of(last.written, last.changed)} <= {
        *("the same", "not defined"),
    }
    assert "detained" in summary_of(last.changed)


def test_lines_of_the_returned_leave_none_of_them_out(source: Source, desk: Desk):
    last = looked(replace(source, replicates=1), desk)[-1]
    assert last.changed is not None
    told = last.changed.trajectories
    assert sorted(label for labels, _, _ in charts.RETURNED for label in labels) == sorted(LABELS)
    options, caption = charts.departures(last.changed, None)
    ends = [part["data"][-1][1] for part in options["series"] if "endLabel" in part]
    assert sum(ends) == pytest.approx(told["departures"].sum(), abs=len(ends))
    assert "cannot be told" in caption


def test_returns_too_late_to_be_told_are_said_to_be(tmp_path: Path, desk: Desk):
    (tmp_path / "camp.yaml").write_text(CAMP)
    source = source_of(tmp_path / "camp.yaml", ("behaviour.intercept=-4",), **HOW)
    assert source.scenario.weeks < 52
    last = looked(source, desk)[-1]
    assert last.written is not None
    assert "of them pushed by the siege and " in summary_of(last.written)
    assert " not yet known; " in summary_of(last.written)
    (caution,) = cautions_of(last.written, last.written)
    assert "it is not yet known whether the siege pushed them" in caution


def test_an_errand_that_is_given_up_ends_and_frees_its_process(desk: Desk):
    async def errands() -> None:
        for _ in range(3 * desk.workers):
            errand = Errand(desk)
            running = asyncio.create_task(errand.run(never_ends))
            await asyncio.sleep(0)
            errand.give_up()
            with pytest.raises(SupersededError):
                await running

    asyncio.run(errands())


def test_an_errand_of_one_visitor_outlives_that_of_another(source: Source, desk: Desk):
    async def errands() -> list[Seen]:
        other = Errand(desk)
        running = asyncio.create_task(other.run(never_ends))
        await asyncio.sleep(0)
        seen = await asyncio.to_thread(looked, source, desk)
        assert not running.done()
        other.give_up()
        with pytest.raises(SupersededError):
            await running
        return seen

    assert asyncio.run(errands())[-1].is_whole


def test_an_errand_that_is_wanted_outlives_any_number_of_others(desk: Desk):
    wanted = Errand(desk)
    for _ in range(2 * SLOTS):
        Errand(desk).give_up()
    assert asyncio.run(wanted.run(done)) == "done"
    wanted.give_up()


def test_more_errands_than_there_is_room_for_are_refused_until_one_ends(source: Source, desk: Desk):
    # What has ended, such as these simulations, takes no room.
    assert looked(source, desk)[-1].is_whole
    errands = [Errand(desk) for _ in range(SLOTS)]
    assert asyncio.run(errands[-1].run(done)) == "done"
    with pytest.raises(RunError, match=f"{SLOTS:,} simulations"):
        asyncio.run(Errand(desk).run(done))
    (refused,) = [told.problem for told in looked(source, desk) if told.problem]
    assert "move a lever later" in refused
    errands.pop().give_up()
    assert looked(source, desk)[-1].is_whole
    for errand in errands:
        errand.give_up()


def test_a_process_that_dies_is_said_and_replaced(source: Source):
    desk = Desk(1)
    try:
        with pytest.raises(RunError, match="ended from outside"):
            asyncio.run(Errand(desk).run(dies))
        assert looked(source, desk)[-1].is_whole
    finally:
        desk.close()


def test_what_was_seen_before_a_change_is_not_taken_for_what_follows_from_it(
    source: Source, desk: Desk
):
    async def look() -> list[object]:
        whole = asyncio.Event()
        pairs: list[object] = []
        session = Session(source, desk, Kept(), lambda told: whole.set() if told.is_whole else None)
        session.start()
        await whole.wait()
        pairs.append(session.seen.pair)
        session.set("levers.siege.severity", 0.95)
        pairs += [session.seen.pair, session.seen.changed]
        session.stop()
        return pairs

    first, none_yet, still_shown = asyncio.run(look())
    assert first is not None
    assert none_yet is None
    assert still_shown is not None
