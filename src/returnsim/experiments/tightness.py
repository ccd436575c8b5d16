"""Replicates until a difference is known well enough, and what the same draws have saved."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from returnsim.errors import UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.cells import CELL
from returnsim.experiments.compare import paired_difference
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.sweep import Tally
from returnsim.experiments.tables import OUTCOMES, told_cells
from returnsim.scenario.choices import choice

LARGEST_STEP = 2.0
"""By how much an interval may be narrowed at once: the first ones are rough."""
USUALLY_MOST = 1024
FEWEST_PAIRS = 2
"""Replicates in which a case and the baseline must both be defined for an interval to be told."""


class Tightness(NamedTuple):
    """How well a difference shall be known.

    Attributes
    ----------
    share : float
        Largest half-width of the 90 % interval of the mean paired difference, as a share of the
        baseline's mean. Not of the difference: that may be nothing, and would never be reached.
    outcome : str
        The outcome.
    baseline : str
        The case that others are compared with.
    first, most : int
        Replicates to begin with, and at which to give up.
    """

    share: float
    outcome: str
    baseline: str
    first: int
    most: int

    @classmethod
    def checked(
        cls,
        experiment: LoadedExperiment,
        share: float | None,
        outcome: str | None,
        most: int | None,
    ) -> "Tightness | None":
        """Take what was asked for; None if nothing was.

        Raises
        ------
        UsageError
            If it cannot be met.
        """
        if share is None:
            for option, value in (("--outcome", outcome), ("--most-replicates", most)):
                if value is not None:
                    raise UsageError(f"{option}: is for --until-ci, which is missing")
            return None
        names = tuple(outcomes_of(experiment.experiment))
        wrong = []
        if not 0 < share < math.inf:
            wrong.append(f"--until-ci: {share:g}: must be more than 0, such as 0.05")
        if outcome is None:
            wrong.append(f"--outcome: say which --until-ci is about; one of: {', '.join(names)}")
        elif outcome not in names:
            wrong.append(f"--outcome: {outcome}: no such outcome; {choice(outcome, names)}")
        if len(experiment.cases) < 2:
            wrong.append("--until-ci: there is only one case, and nothing to compare it with")
        first = max(CELL, experiment.experiment.replicates)
        if most is not None and most < first:
            wrong.append(f"--most-replicates: {most}: the experiment begins with {first}")
        if wrong or outcome is None:
            raise UsageError("\n".join(wrong))
        return cls(share, outcome, experiment.baseline, first, most or max(first, USUALLY_MOST))


class Tightened(NamedTuple):
    """How well the difference is known now.

    Attributes
    ----------
    outcome : str
        The outcome.
    replicates : int
        Of each case.
    reached : bool
        Whether it is as well as was asked for.
    half_width : float or None
        The widest half-width over cases, as a share of the baseline's mean; None where the
        baseline's mean is nothing, or some case is defined in too few replicates.
    never_differed : tuple of str
        Cases of which no replicate differed from the baseline's: that nothing was seen to differ
        does not say how rare a difference is.
    unpaired_replicates : int
        Replicates of each case that would have told as much without the same draws.
    saved_runs : int
        Replicates of all cases that were not needed, of those under several names once.
    """

    outcome: str
    replicates: int
    reached: bool
    half_width: float | None
    never_differed: tuple[str, ...]
    unpaired_replicates: int
    saved_runs: int

    def in_words(self) -> str:
        """Say it in a few sentences."""
        if self.half_width is None:
            return (
                f"The differences in {self.outcome} cannot be told as a share of the baseline's "
                f"mean: in {self.replicates:,} replicates that is nothing, or {self.outcome} is "
                "hardly ever defined in some case."
            )
        told = (
            f"The differences in {self.outcome} are known to {self.half_width:.1%} of the "
            f"baseline's mean with {self.replicates:,} replicates a case"
        )
        if not self.reached and not self.never_differed:
            told += ", which is not as tight as was asked for: raise --most-replicates"
        told += "."
        if self.never_differed:
            told += (
                f" In none of them did {', '.join(map(repr, self.never_differed))} differ from it: "
                f"if a difference exists, it is in fewer than about 3 of {self.replicates:,}."
            )
        if self.saved_runs == 0:
            return f"{told} Pairing saved no runs."
        return (
            f"{told} Without the same draws it would have taken {self.unpaired_replicates:,}: "
            f"pairing saved {self.saved_runs:,} runs."
        )


def until_tight(
    wanted: Tightness, folder: Path, run: Callable[[int], Tally]
) -> tuple[Tally, Tightened | None]:
    """Add replicates until the differences are tight enough, or there are too many.

    The interval is looked at more than once, so that at the end it holds a little less often than
    nine times in ten.

    Parameters
    ----------
    wanted : Tightness
        How tight.
    folder : Path
        Of the results.
    run : callable
        Runs the experiment with a number of replicates.

    Returns
    -------
    Tally
        Of all rounds together.
    Tightened or None
        How tight it became; None if a cell failed, for then nothing can be said.
    """
    replicates = wanted.first
    total = Tally()
    while True:
        tally = run(replicates)
        total = Tally(
            tally.total,
            total.ran + tally.ran,
            tally.total - tally.failed - total.ran - tally.ran,
            tally.failed,
            tally.failures,
        )
        if tally.failed:
            return total, None
        found = _tightened(wanted, folder, replicates)
        if found.reached or found.half_width is None or replicates >= wanted.most:
            return total, found
        factor = min(LARGEST_STEP, found.half_width / wanted.share) ** 2
        if found.never_differed:
            factor = LARGEST_STEP**2
        needed = CELL * math.ceil(max(replicates + 1, replicates * factor) / CELL)
        replicates = min(wanted.most, needed)


def _tightened(wanted: Tightness, folder: Path, replicates: int) -> Tightened:
    import pandas as pd

    columns = ["case", "replicate", wanted.outcome]
    table = pd.read_parquet(folder / OUTCOMES, columns=columns)
    by_case = {
        str(name): rows.set_index("replicate")[wanted.outcome]
        for name, rows in table.groupby("case", sort=False)
    }
    base = by_case.pop(wanted.baseline)
    level = abs(float(base.mean()))
    if not level > 0:
        return Tightened(wanted.outcome, replicates, False, None, (), replicates, 0)
    cells = _cells_of(folder)
    found = {
        name: paired_difference(*(part.to_numpy() for part in values.align(base, join="inner")))
        for name, values in by_case.items()
        if name not in cells or cells[name] != cells.get(wanted.baseline)
    }
    if any(d.pairs < FEWEST_PAIRS for d in found.values()):
        return Tightened(wanted.outcome, replicates, False, None, (), replicates, 0)
    widest = max((d.half_width for d in found.values()), default=0.0)
    never = tuple(name for name, d in found.items() if d.is_none)
    # As many as would bring the widest of the unpaired intervals down to the widest that is paired.
    apart = max((d.unpaired_half_width for d in found.values()), default=0.0)
    ratio = apart / widest if widest > 0 else 1.0
    unpaired = math.ceil(replicates * max(1.0, ratio**2))
    return Tightened(
        wanted.outcome,
        replicates,
        widest <= wanted.share * level and not never,
        widest / level,
        never,
        unpaired,
        (unpaired - replicates)
        * len({cells.get(name, name) for name in (*by_case, wanted.baseline)}),
    )


def _cells_of(folder: Path) -> dict[str, frozenset[str]]:
    """The cells of each case: one under another name has the same, and runs nothing."""
    keys: dict[str, set[str]] = {}
    for row in told_cells(folder):
        if not row["without"]:
            keys.setdefault(row["case"], set()).add(row["key"])
    return {name: frozenset(own) for name, own in keys.items()}
