"""The store: cells on disk under the name of what they were given, whole or not at all.

A cell is ``KEY.json`` (what it was given, what it was computed with, and the checksums of its
files) beside ``KEY.weekly.parquet`` and, where they were asked for, ``KEY.events.parquet``. The
record is written last: a cell without one does not exist.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple

from returnsim.errors import RunError, UsageError
from returnsim.experiments.cells import EVENTS, WEEKLY, Result
from returnsim.folders import reason_of

FORMAT = "returnsim cell 2"
RECORD = ".json"
DATA = ".parquet"
PARTIAL = ".partial"
FAILED, DAMAGED = "failed", "damaged"
AT_WORK, CLAIMS, TABLES = ".at-work", ".claims", ".tables"
ADDING, UNFINISHED = ".adding", ".unfinished"
KEY_DIGITS = 64
CLAIM_DIGITS = 15
"""Digits of a key that number the byte of its claim: below the largest place in a file."""


class Damage(NamedTuple):
    """A cell that is there and cannot be used."""

    key: str
    why: str


class Store:
    """The cells in a folder.

    Parameters
    ----------
    folder : Path
        Is made when the first cell is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claims: IO[bytes] | None = None

    def names(self) -> Iterator[str]:
        """Keys of the cells that have a record, in order."""
        for record in sorted(self.folder.glob(f"??/*{RECORD}")):
            if len(record.stem) == KEY_DIGITS:
                yield record.stem

    def has(self, key: str, *, events: bool = False) -> bool:
        """Whether a cell is there, whole.

        Parameters
        ----------
        key : str
            Of the cell.
        events : bool
            Whether its events are needed too.
        """
        if not self._path(key, RECORD).exists():
            return False
        if self.damage(key) is not None:
            return False
        return not events or EVENTS in self.record(key)["files"]

    def has_record(self, key: str, *, events: bool = False) -> bool:
        """Whether a cell is there, without a look into its files."""
        there = self._path(key, RECORD).exists()
        return there and (not events or self._path(key, f".{EVENTS}{DATA}").exists())

    def damage(self, key: str) -> Damage | None:
        """What is wrong with a cell, by its checksums; None if nothing is."""
        try:
            record = self.record(key)
            files: dict[str, str] = record["files"]
            if record["format"] != FORMAT or WEEKLY not in files:
                return Damage(key, "its record is of another kind")
            if record["key"] != key:
                return Damage(key, "its record is that of another cell")
            if record["checksum"] != _checksum(record):
                return Damage(key, "its record does not match its checksum")
            for kind, told in files.items():
                if sha256(self.read(key, kind)).hexdigest() != told:
                    return Damage(key, f"its {kind} file does not match its checksum")
        except FileNotFoundError as error:
            return Damage(key, f"{Path(error.filename).name} is missing")
        except (ValueError, KeyError, TypeError, AttributeError):
            return Damage(key, "its record cannot be read")
        return None

    def record(self, key: str) -> dict[str, Any]:
        """What is told of a cell: what it was given and what it was computed with."""
        said = json.loads(self._path(key, RECORD).read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise TypeError("a record is a mapping")
        return said

    def read(self, key: str, kind: str) -> bytes:
        """The bytes of a cell's file: ``weekly`` or ``events``, as Parquet."""
        return self._path(key, f".{kind}{DATA}").read_bytes()

    def size(self, key: str) -> int:
        """Bytes that a cell takes."""
        return sum(path.stat().st_size for path in self._files_of(key))

    def commit(self, result: Result) -> None:
        """Keep what came of a cell: its files, then the record that makes them a cell.

        Parameters
        ----------
        result : Result
            Of a cell; a failed one is noted as failed.

        Raises
        ------
        RunError
            If the disk does not take it; what was there before is untouched.
        """
        with self._disk_told():
            if result.error is not None:
                note = {"given": json.loads(result.given), "engine": result.engine}
                text = json.dumps(note | {"error": result.error}, indent=1)
                self._write(self._failed(result.key), text.encode())
                return
            for kind, data in result.files.items():
                self._write(self._path(result.key, f".{kind}{DATA}"), data)
            self._write(self._path(result.key, RECORD), _record(result))
            with suppress(FileNotFoundError):
                self._failed(result.key).unlink()

    @contextmanager
    def at_work(self, *, alone: bool = False) -> Iterator[None]:
        """Use the store: many may at once, unless one must be alone.

        Parameters
        ----------
        alone : bool
            Whether nobody else may use it meanwhile.

        Raises
        ------
        UsageError
            If the folder cannot be written to, or somebody else uses the store.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            door = (self.folder / AT_WORK).open("ab")
            claims = (self.folder / CLAIMS).open("ab")
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(f"{self.folder}: {why}; name another folder with --out") from None
        with door, claims:
            try:
                fcntl.flock(door, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    f"{self.folder}: is being used by another command; try when it has ended"
                ) from None
            self._claims = claims
            try:
                yield
            finally:
                self._claims = None

    @contextmanager
    def alone_with_tables(self) -> Iterator[None]:
        """Keep others from writing the tables beside the store meanwhile."""
        with (self.folder / TABLES).open("ab") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield

    def claim(self, key: str) -> bool:
        """Reserve a cell for this process, until it is released or the process ends.

        Parameters
        ----------
        key : str
            Of the cell; the store must be at work.

        Returns
        -------
        bool
            Whether it was free.
        """
        try:
            fcntl.lockf(self._open_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _claim(key))
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            why = error.strerror or str(error)
            raise RunError(f"{self.folder}: files cannot be locked there: {why}") from error
        return True

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Take note that cells are added which no table tells of yet, until it ends well.

        Where others are adding too, the note is left to whichever ends last.
        """
        with self._disk_told():
            door = (self.folder / ADDING).open("ab")
        with door:
            with self._disk_told():
                # Not before whoever takes back a note has done so.
                fcntl.flock(door, fcntl.LOCK_SH)
                (self.folder / UNFINISHED).touch()
            yield
            with self._disk_told(), suppress(BlockingIOError):
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (self.folder / UNFINISHED).unlink(missing_ok=True)

    def is_unfinished(self) -> bool:
        """Whether a sweep began here that was not run to its end."""
        return (self.folder / UNFINISHED).exists()

    def release(self, key: str) -> None:
        """Give a reserved cell free."""
        fcntl.lockf(self._open_claims(), fcntl.LOCK_UN, 1, _claim(key))

    def remove(self, keys: Iterable[str]) -> int:
        """Delete cells; gives the bytes freed."""
        freed = 0
        for key in keys:
            # The record first: what is left of a cell without one is waste.
            files = sorted(self._files_of(key), key=lambda path: path.suffix != RECORD)
            freed += _delete(files)
        return freed

    def waste(self) -> list[Path]:
        """What no cell needs: files half written, set aside, of failures, or without a record."""
        found = [*self.folder.glob(f"??/.*{PARTIAL}"), *self.folder.glob(f"{FAILED}/.*{PARTIAL}")]
        found += self.folder.glob(f"{DAMAGED}/*")
        found += self.folder.glob(f"{FAILED}/*{RECORD}")
        for data in self.folder.glob(f"??/*{DATA}"):
            if not self._path(data.name[:KEY_DIGITS], RECORD).exists():
                found.append(data)
        return sorted(found)

    def remove_waste(self) -> int:
        """Delete what no cell needs; gives the bytes freed."""
        return _delete(self.waste())

    @contextmanager
    def _disk_told(self) -> Iterator[None]:
        """Tell of what the disk does not take."""
        try:
            yield
        except OSError as error:
            raise RunError(
                f"{self.folder}: {reason_of(error)}; what was finished is kept, and the "
                "same command goes on from there"
            ) from error

    def _open_claims(self) -> IO[bytes]:
        if self._claims is None:
            raise RuntimeError("cells are claimed and released while the store is at work")
        return self._claims

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / key[:2] / f"{key}{ending}"

    def _failed(self, key: str) -> Path:
        return self.folder / FAILED / f"{key}{RECORD}"

    def _files_of(self, key: str) -> list[Path]:
        return sorted((self.folder / key[:2]).glob(f"{key}.*"))

    def set_aside(self, key: str) -> None:
        """Put away a damaged cell; only for who has claimed it."""
        aside = self.folder / DAMAGED
        mark = secrets.token_hex(4)
        with self._disk_told():
            aside.mkdir(exist_ok=True)
            for path in sorted(self._files_of(key), key=lambda path: path.suffix != RECORD):
                with suppress(FileNotFoundError):
                    path.rename(aside / f"{path.name}.{mark}")

    def _write(self, target: Path, data: bytes) -> None:
        if not target.parent.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _flush_folder(target.parent.parent)
        partial = target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}{PARTIAL}"
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        _flush_folder(target.parent)


def _record(result: Result) -> bytes:
    record: dict[str, Any] = {
        "format": FORMAT,
        "key": result.key,
        "given": json.loads(result.given),
        "engine": result.engine,
        "files": {kind: sha256(data).hexdigest() for kind, data in result.files.items()},
    }
    return json.dumps(record | {"checksum": _checksum(record)}).encode() + b"\n"


def _checksum(record: dict[str, Any]) -> str:
    told = {name: value for name, value in record.items() if name != "checksum"}
    return sha256(json.dumps(told).encode()).hexdigest()


def _claim(key: str) -> int:
    return int(key[:CLAIM_DIGITS], 16)


def _delete(paths: Iterable[Path]) -> int:
    freed = 0
    for path in paths:
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            freed += size
    return freed


def _flush_folder(folder: Path) -> None:
    """Wait until the disk has the new name: a rename is lost with the power otherwise."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
