"""Files of results, read with a word on what is wrong and where; nothing in them is trusted."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.digests import AGAIN, CHECKSUMS, RUN
from returnsim.errors import UsageError
from returnsim.experiments.attributed import FORMAT as ATTRIBUTION
from returnsim.experiments.calibration import CHECK
from returnsim.experiments.sensitivity_tables import MORRIS
from returnsim.experiments.sensitivity_tables import WHOLE as STUDY
from returnsim.experiments.tables import FORMAT as SWEEP
from returnsim.experiments.validated import FORMAT as VALIDATION
from returnsim.experiments.written import MADE_OF
from returnsim.folders import reason_of
from returnsim.results.contents import COMPARED, FORMAT

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    SWEEP: "sweep",
    VALIDATION: "validation",
    ATTRIBUTION: "attribution",
    FORMAT: "run",
}
"""What a ``run.json`` of that format belongs to."""

BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
ISOLATE, END = "\u2068", "\u2069"


def plain(text: object) -> str:
    """What somebody wrote, in one line, and unable to turn the words around it about.

    Parameters
    ----------
    text : object
        From a file.

    Returns
    -------
    str
        Without control characters; what is written from right to left is kept to itself.
    """
    line = unmarked(text)
    is_turned = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in line)
    return f"{ISOLATE}{line}{END}" if is_turned else line


def unmarked(text: object) -> str:
    """The same without a mark around it, to be copied as it stands."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in str(text))
    return " ".join(BIDI.sub("", "".join(kept)).split())


class Told:
    """What a JSON file of a result says, each value asked for by its name.

    Parameters
    ----------
    file : Path
        Where it was read from.
    content : mapping
        What stands there.
    """

    def __init__(self, file: Path, content: Mapping[str, Any]) -> None:
        self.file = file
        self.content = content

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        return plain(self.of(key, str, default))

    def command(self) -> str:
        """What to type to make the result again."""
        return unmarked(self.of("command", str))

    def number(self, key: str) -> float:
        """A number."""
        value = self.of(key, (int, float))
        return float(value)

    def count(self, key: str) -> int:
        """A whole number."""
        return int(self.of(key, int))

    def count_or_length(self, key: str) -> int:
        """A whole number, or how many are listed."""
        value = self.of(key, (int, list))
        return len(value) if isinstance(value, list) else int(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Further values by their names."""
        found: Mapping[str, Any] = self.of(key, dict)
        return found

    def list(self, key: str) -> list[Any]:
        """Values in their order."""
        found: list[Any] = self.of(key, list)
        return found

    def of(self, key: str, kind: Any, default: Any = None) -> Any:
        """A value of some kind.

        Raises
        ------
        UsageError
            If there is none, with the path of the file.
        """
        if key not in self.content and default is not None:
            return default
        value = self.content.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise damaged(self.file, f"its {key!r} is missing or is not what it should be")
        return value


def _check_plain(file: Path) -> None:
    """A pipe or a socket in the place of a file would be waited for."""
    if file.exists() and not file.is_file():
        raise damaged(file, "is no file")


def damaged(file: Path, what: str) -> UsageError:
    """The error for a file that is not as it was written."""
    return UsageError(f"{file}: {what}; {AGAIN}")


def read_told(file: Path) -> Told:
    """Read a JSON file of a result.

    Raises
    ------
    UsageError
        If it is missing, or is none.
    """
    _check_plain(file)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise damaged(file, "is missing") from None
    except OSError as error:
        raise UsageError(f"{file}: {reason_of(error)}") from None
    except ValueError as error:
        raise damaged(file, f"is damaged: it is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise damaged(file, "is damaged: it is no mapping of names to values")
    return Told(file, content)


def read_table(file: Path, words: Sequence[str], numbers: Sequence[str] = ()) -> "pd.DataFrame":
    """Read a CSV table of a result.

    Parameters
    ----------
    file : Path
        Where it stands.
    words, numbers : sequence of str
        Columns that it must have, of texts and of numbers; numbers may be missing in a row.

    Returns
    -------
    pandas.DataFrame
        With texts as `plain` makes them, and empty where there is none.

    Raises
    ------
    UsageError
        If it is missing, empty, or not such a table.
    """
    import pandas as pd

    _check_plain(file)
    try:
        table = pd.read_csv(file, encoding="utf-8", dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise damaged(file, "is missing") from None
    except OSError as error:
        raise UsageError(f"{file}: {reason_of(error)}") from None
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise damaged(file, f"is damaged: it is no table ({reason})") from None
    gone = [name for name in (*words, *numbers) if name not in table]
    if gone:
        raise damaged(file, f"is damaged: it has no column {gone[0]!r}")
    if table.empty:
        raise damaged(file, "is damaged: it has no rows")
    for name in numbers:
        try:
            table[name] = pd.to_numeric(table[name].mask(table[name] == ""))
        except ValueError:
            raise damaged(file, f"is damaged: not all of {name!r} are numbers") from None
    for name in set(table.columns) - set(numbers):
        table[name] = table[name].map(plain)
    return table


def is_outdated(place: Path, told: Told) -> bool:
    """Whether what was made of a sweep's tables is of others than those that are there now.

    Parameters
    ----------
    place : Path
        Folder of a comparison or a verdict.
    told : Told
        The sweep's ``run.json``.
    """
    if not (place / CHECKSUMS).is_file():
        # Earlier versions did not say what it was made of.
        return False
    made_of = read_told(place / CHECKSUMS).content.get(MADE_OF)
    return bool(made_of) and made_of != told.content.get("fingerprint")


def kind_of(folder: Path) -> str:
    """What kind of result lies in a folder.

    Returns
    -------
    str
        ``run``, ``attribution``, ``sweep``, ``comparison``, ``validation``, ``calibration``,
        ``check`` or ``sensitivity``.

    Raises
    ------
    UsageError
        If there is none of which a report can be made.
    """
    if not folder.is_dir():
        what = "is a file, not a folder of results" if folder.exists() else "no such folder"
        raise UsageError(f"{folder}: {what}")
    for name in (STUDY, MORRIS):
        if (folder / name).exists():
            return "sensitivity"
    if (folder / RUN).exists():
        told = read_told(folder / RUN)
        kind = KINDS.get(told.text("format"), "")
        if kind:
            return "calibration" if "calibration" in told.content else kind
        raise damaged(told.file, f"is of a format unknown here, {told.text('format')!r}")
    if (folder / CHECK).exists():
        return "check"
    if (folder / COMPARED).exists():
        return "comparison"
    raise UsageError(
        f"{folder}: holds no results; name a folder that `returnsim run`, `attribute`, `sweep`, "
        "`compare`, `verdict`, `validate`, `calibrate` or `sensitivity` has written"
    )
