"""What several results say when they are set beside each other."""

from collections.abc import Sequence
from pathlib import Path

from returnsim.digests import RUN
from returnsim.errors import UsageError
from returnsim.experiments.reading import load_comparison
from returnsim.report.compared import populations_in
from returnsim.report.content import Block, Part, Words
from returnsim.report.reading import plain, read_told
from returnsim.report.scenarios import Base, differences_said, scenario_in
from returnsim.report.sides import answer, harm, sides_of, switch
from returnsim.report.words import limits

COMPARABLE = ("run", "sweep")


def part_side_by_side(folders: Sequence[Path], kinds: Sequence[str]) -> Part | None:
    """Compare the runs and sweeps among some results, the first being what others differ from.

    Parameters
    ----------
    folders : sequence of Path
        Of all results.
    kinds : sequence of str
        What each is.

    Returns
    -------
    Part or None
        None where there are not two to compare; a part that says why, where they cannot be.
    """
    mine = [(f, k) for f, k in zip(folders, kinds, strict=True) if k in COMPARABLE]
    if len(mine) < 2:
        return None
    title = "Side by side"
    what = f"{len(mine)} results, the first being what the others are told apart from."
    try:
        comparison = load_comparison([folder for folder, _ in mine])
    except UsageError as error:
        lines = [plain(line) for line in str(error).splitlines()]
        return Part(title, what, {"answer": [Words(f"They cannot be compared. {' '.join(lines)}")]})
    populations = set[str]().union(*(populations_in(folder) for folder, _ in mine))
    sides = sides_of(comparison, is_of_one_people=len(populations) == 1)
    return Part(
        title,
        what,
        {
            "levers": _levers(mine),
            "answer": [*map(Words, map(plain, comparison.notes)), *answer(sides)],
            "harm": harm(sides),
            "switch": switch(sides),
            "limits": limits(),
        },
    )


def _levers(mine: Sequence[tuple[Path, str]]) -> list[Block]:
    runs = [(f, read_told(f / RUN)) for f, kind in mine if kind == "run"]
    if len(runs) < 2:
        return []
    scenarios = [(told.text("scenario"), scenario_in(folder, told)) for folder, told in runs]
    (name, first), *others = scenarios
    return differences_said(Base(name, first), others)
