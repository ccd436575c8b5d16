"""What a comparison says of itself, and of what its cases share and do not."""

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from returnsim.digests import CHECKSUMS, RUN
from returnsim.experiments import grounds
from returnsim.report.content import Block, Words
from returnsim.report.reading import Told, plain, read_told
from returnsim.report.sides import Sides
from returnsim.results.contents import COMPARED

POPULATIONS = "populations"
"""The name under which a comparison says which populations its cases have, by fingerprint."""


def compared_in(folder: Path) -> Told:
    """What a comparison says of itself; nothing if an earlier version wrote it, or none is there.

    Parameters
    ----------
    folder : Path
        Of a comparison, or of results that were compared.
    """
    file = folder / CHECKSUMS
    is_there = (folder / COMPARED).is_file() and file.is_file()
    return read_told(file) if is_there else Told(file, {})


def compare_commands(folder: Path) -> list[str]:
    """What was typed for the comparison in a folder of results, if there is one."""
    if not (folder / COMPARED).is_file():
        return []
    told = compared_in(folder)
    if "command" not in told.content:
        # Earlier versions did not keep it.
        return [shlex.join(["returnsim", "compare", str(folder)])]
    return [told.command()]


def populations_in(folder: Path) -> set[str]:
    """Fingerprints of the populations of a sweep's cases, or of a run's."""
    told = read_told(folder / RUN)
    return {str(ground["population"]) for ground in _grounds(told).values()}


def notes_on(told: Told, sides: Sides) -> list[Block]:
    """What to know of the cases of a sweep before they are told apart.

    Parameters
    ----------
    told : Told
        Its ``run.json``.
    sides : Sides
        Those of its cases that have a result.
    """
    replicates = [int(row["replicates"]) for row in sides.rows.values()]
    return [Words(note) for note in grounds.notes_on(_of_sides(told, sides.cases), replicates)]


def is_of_one_people(told: Told, cases: Collection[str]) -> bool:
    """Whether cases of a sweep have the same households."""
    return grounds.is_of_one_people(_of_sides(told, cases))


def _of_sides(told: Told, cases: Collection[str]) -> list[Mapping[str, Any]]:
    return [ground for name, ground in _grounds(told).items() if name in cases]


def _grounds(told: Told) -> dict[str, Mapping[str, Any]]:
    """What each case stands on, by its name."""
    if "cases" in told.content:
        return {plain(case["name"]): case["ground"] for case in told.list("cases")}
    return {told.text("scenario"): told.mapping("ground")}
