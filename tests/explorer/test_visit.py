"""What a visitor presses and moves, whatever else is going on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from nicegui.client import Client

from returnsim.explorer.changes import Source, source_of
from returnsim.explorer.desk import Desk, Errand, SupersededError
from returnsim.explorer.page import CHANGED_MEANWHILE, HOLDS, Page
from returnsim.explorer.panel import Panel
from returnsim.explorer.picture import Kept
from returnsim.explorer.session import Session
from tests.explorer.shown import CAMP
from tests.explorer.test_session import never_ends
from tests.explorer.visited import all_done, found, send, text_of, texts, visitor

Visit = Callable[[Page, Client], Awaitable[None]]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    opened = Desk(1)
    yield opened
    opened.close()


def source_from(folder: Path, text: str = CAMP) -> Source:
    (folder / "camp.yaml").write_text(text)
    return source_of(folder / "camp.yaml", (), households=60, seed=3, replicates=3)


def visit(source: Source, desk: Desk, visited: Visit) -> None:
    """Visit a page of which the first picture is there."""

    async def look() -> None:
        with visitor() as client:
            page = Page(source, desk, Kept(), ())
            page.connected()
            await all_done()
            await visited(page, client)
            page.left()
            await all_done()

    asyncio.run(look())


async def press(client: Client, name: str) -> None:
    send(*found(client, id=name), "click")
    # What it begins has begun then.
    await asyncio.sleep(0)


def move(client: Client, path: str, value: float) -> None:
    send(*found(client, data_path=path), "move", value)


async def while_busy(desk: Desk, then: Callable[[], Awaitable[None]]) -> None:
    """Do something while the only process is at something else, and wait for what comes of it."""
    other = Errand(desk)
    running = asyncio.create_task(other.run(never_ends))
    await asyncio.sleep(0)
    await then()
    other.give_up()
    with pytest.raises(SupersededError):
        await running
    await all_done()


@pytest.mark.slow
def test_figures_of_what_was_before_a_change_are_not_handed_over(tmp_path: Path, desk: Desk):
    async def visited(_: Page, client: Client) -> None:
        async def pressed_and_moved() -> None:
            await press(client, "take-figures")
            assert text_of(client, "taken") == "Drawing the figures."
            move(client, "levers.siege.severity", 0.5)

        await while_busy(desk, pressed_and_moved)
        assert text_of(client, "taken") == CHANGED_MEANWHILE
        await press(client, "take-figures")
        await all_done()
        assert text_of(client, "taken") == "camp-changed-figures.zip is on its way."

    visit(source_from(tmp_path), desk, visited)


def test_figures_that_are_asked_for_twice_are_both_given_up(tmp_path: Path, desk: Desk):
    async def visited(page: Page, client: Client) -> None:
        async def pressed_twice_and_left() -> None:
            await press(client, "take-figures")
            await press(client, "take-figures")
            assert text_of(client, "taken") == "Drawing the figures."
            page.left()
            assert text_of(client, "taken") == HOLDS

        await while_busy(desk, pressed_twice_and_left)
        assert text_of(client, "taken") == HOLDS

    visit(source_from(tmp_path), desk, visited)


def test_what_is_taken_along_is_called_changed_where_it_is(tmp_path: Path, desk: Desk):
    async def visited(_: Page, client: Client) -> None:
        for changed in ("", "-changed"):
            for button, ending in (("take-scenario", "yaml"), ("take-table", "csv")):
                await press(client, button)
                assert text_of(client, "taken") == f"camp{changed}.{ending} is on its way."
            move(client, "levers.siege.severity", 0.5)
            await all_done()

    visit(source_from(tmp_path), desk, visited)


LINE = CAMP.replace("severity: 0.9}", "severity: 0.9, linear: true}")


def test_a_step_can_be_added_where_and_only_where_the_lever_has_steps(tmp_path: Path, desk: Desk):
    source = source_from(tmp_path, LINE)
    assert any(entry.linear for entry in source.scenario.levers.siege)
    label = "Siege: first day of the step"

    async def look() -> None:
        with visitor() as client:
            session = Session(source, desk, Kept(), lambda _: None)
            panel = Panel(session, lambda _: None, lambda: None)
            slider = found(client, data_path="levers.siege.severity")
            assert not found(client, aria_label=label)
            for changes, adders in (({"levers.siege.severity": 0.5}, 1), ({}, 0)):
                session.adopt(changes)
                panel.refresh()
                assert len(found(client, aria_label=label)) == adders
            # Whoever moves it must not have it taken away.
            assert found(client, data_path="levers.siege.severity") == slider

    asyncio.run(look())


def test_titles_say_since_when_returns_and_harm_are_counted(tmp_path: Path, desk: Desk):
    for text, since in (
        (CAMP, "to date"),
        (f"{CAMP}record_from: 2021-03-01\n", "since 1 Mar 2021"),
    ):

        async def visited(_: Page, client: Client, since: str = since) -> None:
            assert f"Returned {since}, and whom the siege pushed" in texts(client)
            assert f"Harm {since}: after the return, and in the camp" in texts(client)

        visit(source_from(tmp_path, text), desk, visited)
