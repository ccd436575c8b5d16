"""What a folder of results holds: the names of its files, and what in it is not of returnsim."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from returnsim.digests import CHECKSUMS, DIGESTS, RUN
from returnsim.errors import UsageError
from returnsim.folders import reason_of

WEEKLY = "weekly.parquet"
SUMMARY = "summary.csv"
SCENARIO = "scenario.yaml"
OBSERVATIONS = "observations.csv"
PATTERNS = "patterns.yaml"
FIGURES = "figures"
HARM, GUARANTORS = "harm.csv", "guarantors.csv"
EVENTS, HOUSEHOLDS = "events.parquet", "households.parquet"
COMPARED, CAPTIONS = "compare.csv", "captions.json"
FILES = (
    *(WEEKLY, SUMMARY, SCENARIO, OBSERVATIONS, PATTERNS, RUN, COMPARED, CHECKSUMS),
    *(HARM, GUARANTORS, EVENTS, HOUSEHOLDS),
)
FIGURE_ENDINGS = (".png", ".svg")
FORMAT = "returnsim results 1"


def foreign_in(target: Path, own: Collection[str]) -> list[str]:
    """Names of what is not a part of results, which have files of their own and figures.

    Raises
    ------
    UsageError
        If the folder cannot be read.
    """
    names = []
    try:
        for path in sorted(target.iterdir()):
            if path.name == FIGURES and path.is_dir():
                drawn = _drawn_in(target)
                figures = (p for p in sorted(path.iterdir()) if p.name != CAPTIONS)
                names += [f"{FIGURES}/{p.name}" for p in figures if not drawn(p)]
            elif path.name not in own:
                names.append(path.name)
    except OSError as error:
        raise UsageError(f"{target}: {reason_of(error)}") from None
    return names


def _drawn_in(target: Path) -> Callable[[Path], bool]:
    """What tells the figures of results from pictures that somebody else has put there."""
    files = _json_in(target / RUN).get(DIGESTS)
    if not isinstance(files, dict):
        # Earlier versions did not say which are theirs.
        return lambda file: file.suffix in FIGURE_ENDINGS
    captions = _json_in(target / FIGURES / CAPTIONS)
    compared = {f"{name}{ending}" for name in captions for ending in FIGURE_ENDINGS}
    return lambda file: f"{FIGURES}/{file.name}" in files or file.name in compared


def told_in(target: Path, form: str) -> dict[str, Any]:
    """What results of one format say of themselves; nothing if they are none."""
    told = _json_in(target / RUN)
    return told if told.get("format") == form else {}


def is_illegible(target: Path) -> bool:
    """Whether what a run says of itself cannot be read, and its tables show that it is one."""
    is_whole = all((target / name).is_file() for name in (RUN, WEEKLY, SUMMARY, SCENARIO))
    return is_whole and not _json_in(target / RUN)


def _json_in(file: Path) -> dict[str, Any]:
    """What a file says; nothing if it says nothing that can be read."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
