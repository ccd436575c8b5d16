"""What vouches for the files of a result: their checksums, in a file that has one of its own."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from returnsim.errors import UsageError
from returnsim.folders import as_json, reason_of, write_in_place

RUN, CHECKSUMS = "run.json", "checksums.json"
VOUCHERS = RUN, CHECKSUMS
"""What vouches for the files beside it: the first for what is written in one go, the second for
what is written into a folder one after the other."""

CHECKSUM, DIGESTS = "checksum", "files"
"""What these say of themselves, and of the files beside them."""

AGAIN = "run the command again that wrote it"


def sealed(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a checksum of all that it says."""
    said = {name: value for name, value in told.items() if name != CHECKSUM}
    text = json.dumps(said, sort_keys=True)
    return said | {CHECKSUM: sha256(text.encode()).hexdigest()}


def is_whole(told: Mapping[str, Any]) -> bool:
    """Whether what was sealed says what it said then; what never was is taken at its word."""
    return CHECKSUM not in told or sealed(told) == told


def digest(path: Path) -> str:
    """Checksum of a file that may be too large to be held in memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Checksums of files of a folder, by their names."""
    return {name: digest(folder / name) for name in names}


def vouch(file: Path, told: Mapping[str, Any], digests: Mapping[str, str]) -> None:
    """Write a file that vouches for itself and for others beside it.

    Parameters
    ----------
    file : Path
        One of `VOUCHERS`, in the folder of the others.
    told : mapping
        What else it says.
    digests : mapping of str to str
        Of the others, by their paths from its folder.
    """
    in_order = dict(sorted(digests.items()))
    write_in_place(file, as_json(sealed({**told, DIGESTS: in_order})) + "\n")


def write_run(folder: Path, told: Mapping[str, Any]) -> None:
    """Write ``run.json``, which vouches for itself and for every file in the folder.

    Parameters
    ----------
    folder : Path
        Of results that are whole but for it.
    told : mapping
        What it says of the run.
    """
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    vouch(folder / RUN, told, digests_of(folder, (name for name in files if name != RUN)))


def check_written(folder: Path, names: Sequence[str] | None = None) -> None:
    """Make sure that files of a result are those that were written.

    Results of earlier versions vouch for less, and what they do not vouch for is not checked. Files
    that were not kept are left to whoever needs them.

    Parameters
    ----------
    folder : Path
        Of the result.
    names : sequence of str, optional
        Which files or folders of those that ``run.json`` vouches for; all of both if not given.

    Raises
    ------
    UsageError
        With the path of the first that is not.
    """
    try:
        for file in (folder / voucher for voucher in (VOUCHERS if names is None else (RUN,))):
            for name, said in (vouched_for(file) if file.is_file() else {}).items():
                is_asked = names is None or name in names or name.partition("/")[0] in names
                if is_asked and (folder / name).is_file() and digest(folder / name) != said:
                    raise UsageError(
                        f"{folder / name}: is damaged: it is not as it was written; {AGAIN}"
                    )
    except OSError as error:
        raise UsageError(f"{error.filename}: {reason_of(error)}") from None


def vouched_for(file: Path) -> dict[str, str]:
    """Checksums of the files that a file vouches for, by their names.

    Raises
    ------
    UsageError
        If it is not as it was written itself.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        # Earlier versions wrote the one without a checksum, and the other not at all.
        if is_whole(told) and (CHECKSUM in told or file.name == RUN):
            return dict(told.get(DIGESTS) or {})
    except (ValueError, TypeError, AttributeError):
        pass
    raise UsageError(f"{file}: is damaged: it does not match its checksum; {AGAIN}")
