"""Replicates until a difference is known well enough, and what the same draws have saved."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from returnsim.errors import UsageError
from returnsim.experiments.cells import CELL
from returnsim.experiments.compare import paired_difference
from returnsim.experiments.files import LoadedExperiment
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.sweep import Tally
from returnsim.experiments.tables import OUTCOMES
from returnsim.scenario.problems import choice

LARGEST_STEP = 4
"""By how much the replicates may grow at once: the first intervals are rough."""


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
        cls, experiment: LoadedExperiment, share: float | None, outcome: str | None, most: int
    ) -> "Tightness | None":
        """Take what was asked for; None if nothing was.

        Raises
        ------
        UsageError
            If it cannot be met.
        """
        if share is None:
            if outcome is not None:
                raise UsageError("--outcome: is for --until-ci, which is missing")
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
        if most < first:
            wrong.append(f"--most-replicates: {most}: the experiment begins with {first}")
        if wrong or outcome is None:
            raise UsageError("\n".join(wrong))
        return cls(share, outcome, experiment.baseline, first, most)


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
    half_width : float
        The widest half-width over cases, as a share of the baseline's mean.
    unpaired_replicates : int
        Replicates of each case that would have told as much without the same draws.
    saved_runs : int
        Replicates of all cases that were not needed.
    """

    outcome: str
    replicates: int
    reached: bool
    half_width: float
    unpaired_replicates: int
    saved_runs: int

    def in_words(self) -> str:
        """Say it in two sentences."""
        known = (
            f"The differences in {self.outcome} are known to {self.half_width:.1%} of the "
            f"baseline's mean with {self.replicates:,} replicates a case"
        )
        if not self.reached:
            known += ", which is not as tight as was asked for: raise --most-replicates"
        if self.saved_runs == 0:
            return f"{known}. Pairing saved no runs."
        return (
            f"{known}. Without the same draws it would have taken {self.unpaired_replicates:,}: "
            f"pairing saved {self.saved_runs:,} runs."
        )


def until_tight(
    wanted: Tightness, folder: Path, run: Callable[[int], Tally]
) -> tuple[Tally, Tightened]:
    """Add replicates until the differences are tight enough, or there are too many.

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
    Tightened
        How tight it became.
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
        found = _tightened(wanted, folder, replicates)
        if found.reached or replicates >= wanted.most or tally.failed:
            return total, found
        factor = min(LARGEST_STEP, (found.half_width / wanted.share) ** 2)
        needed = CELL * math.ceil(max(replicates + 1, replicates * factor) / CELL)
        replicates = min(wanted.most, needed)


def _tightened(wanted: Tightness, folder: Path, replicates: int) -> Tightened:
    import pandas as pd

    columns = ["case", "replicate", wanted.outcome]
    table = pd.read_parquet(folder / OUTCOMES, columns=columns)
    by_case = {
        name: rows.set_index("replicate")[wanted.outcome]
        for name, rows in table.groupby("case", sort=False)
    }
    base = by_case.pop(wanted.baseline)
    widest, needed = 0.0, float(replicates)
    for values in by_case.values():
        mine, other = values.align(base, join="inner")
        a, b = mine.to_numpy(), other.to_numpy()
        half_width = paired_difference(a, b).half_width
        if half_width > 0:
            level = abs(float(base.mean()))
            widest = max(widest, half_width / level if level > 0 else math.inf)
        spread = float(np.nanvar(a - b, ddof=1))
        if spread > 0:
            apart = float(np.nanvar(a, ddof=1) + np.nanvar(b, ddof=1))
            needed = max(needed, replicates * apart / spread)
    unpaired = math.ceil(needed)
    return Tightened(
        wanted.outcome,
        replicates,
        widest <= wanted.share,
        widest,
        unpaired,
        (unpaired - replicates) * (len(by_case) + 1),
    )
