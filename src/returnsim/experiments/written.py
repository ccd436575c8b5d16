"""A comparison written down: a table, and figures with what each shows."""

import json
from collections.abc import Callable
from pathlib import Path

from returnsim.errors import RunError
from returnsim.experiments.compare import Comparison, table
from returnsim.folders import write_in_place
from returnsim.results import CAPTIONS, COMPARED, FIGURES

Draw = Callable[[Comparison, Path], dict[str, str]]


def write_comparison(comparison: Comparison, folder: Path, draw: Draw | None) -> None:
    """Write ``compare.csv`` and, with ``draw``, ``figures`` and their captions.

    Parameters
    ----------
    comparison : Comparison
        Any.
    folder : Path
        Where to; it is made.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = table(comparison)
        text = rows.to_csv(index=False, float_format="%.8g", lineterminator="\n")
        write_in_place(folder / COMPARED, text)
        if draw is None:
            _remove_others(folder / FIGURES, {})
            return
        (folder / FIGURES).mkdir(exist_ok=True)
        told = draw(comparison, folder / FIGURES)
        _remove_others(folder / FIGURES, told)
        captions = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        write_in_place(folder / FIGURES / CAPTIONS, captions)
    except OSError as error:
        raise RunError(
            f"{folder}: the comparison could not be written: {error.strerror or error}"
        ) from error


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
