"""Results written down and vouched for: tables, and figures with what each shows."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.digests import CHECKSUMS, digests_of, vouch, vouched_for
from returnsim.errors import RunError, UsageError
from returnsim.folders import reason_of, write_in_place
from returnsim.results.contents import CAPTIONS, FIGURES

if TYPE_CHECKING:
    import pandas as pd

MADE_OF = "made_of"
"""The name under which results say of which sweep's tables they were made, by its fingerprint."""


def write_results(
    folder: Path,
    what: str,
    tables: Mapping[str, "pd.DataFrame"],
    texts: Mapping[str, str],
    draw: Callable[[Path], dict[str, str]] | None,
    digits: int = 8,
    beside: tuple[str, ...] = (),
    told: Mapping[str, Any] | None = None,
) -> None:
    """Write tables, texts and figures with their captions, each whole or not at all.

    ``checksums.json`` vouches for them, and for what another call has written there and this one
    leaves as it is.

    Parameters
    ----------
    folder : Path
        Where to; it is made.
    what : str
        What they are, for the error.
    tables : mapping of str to pandas.DataFrame
        By the name of the CSV file.
    texts : mapping of str to str
        By the name of the file.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.
        Without it, figures that an earlier call drew are removed: they tell of something else.
    digits : int
        Significant ones in the tables.
    beside : tuple of str
        Names of files that were written there already, to be vouched for too.
    told : mapping, optional
        What else ``checksums.json`` says.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            text = rows.to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n")
            write_in_place(folder / name, text)
        for name, text in texts.items():
            write_in_place(folder / name, text)
        if draw is None:
            _remove_others(folder / FIGURES, {})
        # Before any is drawn, for tables hold whatever becomes of their figures.
        _vouch(folder, (*beside, *tables, *texts), told or {})
        if draw is not None:
            _vouch(folder, _drawn(draw, folder / FIGURES), told or {})
    except OSError as error:
        raise RunError(f"{folder}: {what} could not be written: {reason_of(error)}") from error


def _drawn(draw: Callable[[Path], dict[str, str]], figures: Path) -> list[str]:
    """Draw figures, write their captions, and name the files of both from the folder above."""
    figures.mkdir(exist_ok=True)
    told = draw(figures)
    _remove_others(figures, told)
    write_in_place(figures / CAPTIONS, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    files = [file for name in told for file in figures.glob(f"{name}.*")]
    return [f"{FIGURES}/{file.name}" for file in (figures / CAPTIONS, *files)]


def _vouch(folder: Path, names: Iterable[str], told: Mapping[str, Any]) -> None:
    """Vouch for files, and still for those of an earlier call."""
    try:
        before = vouched_for(folder / CHECKSUMS)
    except (OSError, UsageError):
        before = {}
    there = {name: digest for name, digest in before.items() if (folder / name).is_file()}
    vouch(folder / CHECKSUMS, told, there | digests_of(folder, names))


def _remove_others(figures: Path, told: dict[str, str]) -> None:
    """Remove what an earlier comparison drew and this one does not: it tells of other cases."""
    try:
        before = json.loads((figures / CAPTIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not told:
        (figures / CAPTIONS).unlink()
    for name in set(before) - set(told):
        for file in figures.glob(f"{Path(name).name}.*"):
            file.unlink()
