"""A page that is served by a real process and looked at in a real browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

REQUIRED = "RETURNSIM_BROWSER_REQUIRED"
"""Set by `make verify`, which does not do without the page."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT = 60_000
"""Milliseconds that a condition may take on a busy machine; a page that is well takes far less."""

CAMP = """
title: A made-up camp
question: Who goes home, and what befalls them?
start: 2021-01-04
weeks: 24
population: {people: 600, origins: {the hills: 0.6, the river: 0.4}}
guarantors:
  settlement: {enforcement: 0.1, track_record: {harms: 5, exposure_weeks: 200}}
  mediator:
    neutrality: 0.8
    enforcement: {value: 0.6, range: [0.3, 0.9], source: "a survey"}
    grace_weeks: 26
levers:
  siege:
    - {from: 2021-01-04, severity: 0.9}
    - {from: 2021-04-05, severity: 0.4, why: "a road is opened"}
  threat: {level: 1, origins: {the river: 1.5}}
hazards: {harm_per_week: 0.01}
behaviour: {intercept: -1}
"""
REPLICATES = 12
SIEGE = '[data-control="levers.siege.severity"] input[type=range]'


def browser_file() -> str:
    """The browser to drive."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and os.environ.get(REQUIRED):
        raise RuntimeError("no browser to drive: run `make browser`, which installs Chromium")
    if found is None:
        pytest.skip("no browser to drive, and none could be installed: try `make browser`")
    return found


def browser_options() -> dict[str, Any]:
    # Chromium's own sandbox does not start as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": browser_file(), "args": arguments}


def command(file: Path, *more: object) -> list[str]:
    asked = (
        "--port",
        0,
        "--no-open",
        "--replicates",
        REPLICATES,
        "--households",
        60,
        "--workers",
        2,
    )
    return [sys.executable, "-c", START, "explore", str(file), *map(str, (*asked, *more))]


START = "import sys; from returnsim.cli import main; sys.argv[0] = 'returnsim'; main()"


@contextmanager
def served(file: Path, *more: object, before: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """The address of a page of its own, and the process that serves it."""
    process = subprocess.Popen(
        [*before, *command(file, *more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=file.parent,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline().strip()
        if not re.fullmatch(r"http://127\.0\.0\.\d:\d+/", line):
            process.kill()
            raise RuntimeError(f"no page is served: {line!r} {process.stderr.read()}")
        yield line, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def whole(page: Any, replicates: int = REPLICATES) -> None:
    """Wait until every replicate is there."""
    page.wait_for_selector(f'progress[data-done="{replicates}"]', timeout=WAIT)


def move(page: Any, selector: str, value: str) -> None:
    """Move a slider, and wait until the page has taken the change up."""
    page.locator(selector).fill(value)
    page.wait_for_function(
        "value => location.search.includes(encodeURIComponent(`=${value}`))",
        arg=value,
        timeout=WAIT,
    )


def text(page: Any, selector: str) -> str:
    shown: str = page.locator(selector).inner_text()
    return shown
