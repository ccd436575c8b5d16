"""Small cells, and a look at what came of them."""

import json
from hashlib import sha256
from pathlib import Path

from returnsim.experiments.cells import Cell, Result, cell_of
from tests.agents.camp import camp

HOUSEHOLDS = 40


def cells(number: int, *, seed: int = 1, events: bool = False, weeks: int = 8) -> list[Cell]:
    """Cells of as many cases that differ in their siege."""
    cases = [camp(weeks=weeks, levers__siege__severity=i / number) for i in range(number)]
    return [
        cell_of(
            case,
            HOUSEHOLDS,
            seed,
            0,
            events=events,
        )
        for case in cases
    ]


def digests(results: list[Result]) -> dict[str, list[str]]:
    """What came of each cell, in short."""
    for result in results:
        assert result.error is None, result.error
    return {r.key: [sha256(data).hexdigest() for data in r.files.values()] for r in results}


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file of a store that is a part of a cell."""
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("??/*"))
        if not path.name.startswith(".")
    }


def failure(folder: Path, key: str) -> str | None:
    """The error that a cell of a store last ended in, if it has not been run since."""
    file = folder / "failed" / f"{key}.json"
    return json.loads(file.read_text())["error"] if file.exists() else None
