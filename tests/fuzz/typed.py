"""The command line in this process, and what it leaves on the disk."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from returnsim import cli


class Left(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Stand in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def typed(*words: object) -> Left:
    """Type a command; warnings are errors, which leave with 1."""
    before, sys.argv = sys.argv, ["returnsim", *map(str, words)]
    out, err = StringIO(), StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            cli.main()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        sys.argv = before
    return Left(code, out.getvalue(), err.getvalue())


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below one, with its size and when it was last written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        told = path.lstat()
        found[str(path.relative_to(folder))] = (told.st_size, told.st_mtime_ns)
    return found
