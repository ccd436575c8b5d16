"""Folders of results: written whole or not at all, and only where that can be."""

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from returnsim.errors import UsageError


def check_writable(target: Path) -> None:
    """Make sure that a folder can be made there.

    Raises
    ------
    UsageError
        If not.
    """
    try:
        whole = target.resolve(strict=True)
    except FileNotFoundError:
        whole = target.resolve()
    except NotADirectoryError:
        whole = target.absolute()
    except (OSError, RuntimeError) as error:
        # Which of the two it is for a circle differs between versions of Python.
        if isinstance(error, OSError) and error.errno != errno.ELOOP:
            raise UsageError(f"{target}: {error.strerror}") from None
        raise UsageError(f"{target}: its links lead in a circle") from None
    if whole.exists() and not target.exists():
        # What is there would be replaced, unseen by whoever looks for it by this name.
        raise UsageError(f"{target}: leads back from a folder that is not there")
    above = whole.parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"{target}: {above.name} is a file, not a folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(f"{target}: no permission to write there; name another with --out")


def is_free(target: Path) -> bool:
    """Whether a folder that is to be written whole has nothing in its place.

    Raises
    ------
    UsageError
        If no folder can be put there.
    """
    try:
        check_writable(target)
        if not target.exists():
            return True
        if not target.is_dir():
            raise UsageError(f"{target}: is a file; name a folder with --out")
        if Path.cwd().resolve().is_relative_to(target.resolve()):
            raise UsageError(f"{target}: is the folder you are in; name another with --out")
        return not any(target.iterdir())
    except OSError as error:
        raise UsageError(f"{target}: {reason_of(error)}") from None


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give an empty folder beside the target, and put it in the target's place when all is well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    folder = target.parent / f".{target.name}.{mark}.partial"
    before = target.parent / f".{target.name}.{mark}.before"
    folder.mkdir()
    try:
        yield folder
        flush_files(folder)
        _swap(folder, target, before)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if target.exists():
            shutil.rmtree(before, ignore_errors=True)


def _swap(folder: Path, target: Path, before: Path) -> None:
    try:
        if target.exists():
            target.rename(before)
        folder.rename(target)
    except BaseException:
        if before.exists() and not target.exists():
            before.rename(target)
        raise


def flush_files(folder: Path) -> None:
    """Wait until the disk has it: a rename must not come before what it names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _flush(path)


def _flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def as_json(content: Mapping[str, Any]) -> str:
    """Write a mapping as JSON, one line for each key: lists would otherwise fill pages."""
    lines = (
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in content.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}"


def with_nulls(value: Any) -> Any:
    """What can be written as JSON: null where a number is not defined."""
    if isinstance(value, Mapping):
        return {key: with_nulls(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_nulls(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value


def write_text(file: Path, text: str) -> None:
    """Write UTF-8 with plain line ends, on any system."""
    file.write_text(text, encoding="utf-8", newline="\n")


def write_in_place(target: Path, text: str) -> None:
    """Write a text whole, or leave what was there."""
    with written_in_place(target) as partial:
        write_text(partial, text)


@contextmanager
def written_in_place(target: Path) -> Iterator[Path]:
    """Give a file beside the target, and put it in the target's place when all is well."""
    partial = target.parent / f".{target.name}.{secrets.token_hex(4)}.partial"
    try:
        yield partial
        _flush(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def reason_of(error: OSError) -> str:
    """Why the disk did not take or give it; Arrow hides the reason in its own words."""
    told = re.search(r"\[errno (\d+)\]", str(error))
    return os.strerror(int(told[1])) if told else error.strerror or str(error)
