"""A browser and a page for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.explorer.shown import CAMP, WAIT, browser_options, served


# Its loop of events runs in this thread for as long as it is open: other tests have their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(**browser_options())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def camp_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("explored") / "camp.yaml"
    file.write_text(CAMP)
    return file


@pytest.fixture(scope="module")
def address(camp_file: Path) -> Iterator[str]:
    with served(camp_file) as (found, _):
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor's page, in which nothing may go wrong unseen."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1300, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT)
    visited = context.new_page()
    visited.on("pageerror", lambda error: wrong.append(str(error)))
    visited.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield visited
    context.close()
    assert wrong == []
