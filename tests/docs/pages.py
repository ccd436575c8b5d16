"""The pages of the documentation, and what is written there to be typed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
    if "_build" not in path.parts
)
"""README, CONTRIBUTING and every page, as paths from the root."""

TUTORIAL = "docs/tutorial.md"
"""Run from top to bottom by a test of its own."""

FENCE = re.compile(r"^ *```(\w*)$")
COMMAND = re.compile(r"^(?:\.venv/bin/)?(returnsim .*|make .*)$")
INDENT = " " * 4


class Block(NamedTuple):
    """Lines that stand there as code, in a language that may be named."""

    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks of code of a page, fenced or indented, in their order."""
    language: str | None = None
    inside: list[str] = []
    before = ""
    for line in [*(ROOT / page).read_text(encoding="utf-8").splitlines(), ""]:
        fence = FENCE.match(line)
        if fence and language is None:
            language, inside = fence[1], []
        elif fence:
            yield Block(str(language), "\n".join(inside) + "\n")
            language = None
        elif language is not None:
            inside.append(line)
        elif line.startswith(INDENT) and not before.strip():
            yield Block("", line.removeprefix(INDENT) + "\n")
        before = line


def commands(page: str) -> list[str]:
    """What a page has the reader type, in order, without comments."""
    return [
        found[1].partition("#")[0].strip()
        for block in blocks(page)
        if block.language in {"", "sh", "bash", "console"}
        for line in block.text.splitlines()
        for found in [COMMAND.match(line.strip())]
        if found
    ]


def python_of(page: str) -> list[str]:
    """The Python of a page."""
    return [block.text for block in blocks(page) if block.language == "python"]
