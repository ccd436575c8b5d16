"""What a run gives back: weekly columns for every replicate, in people of the real camp."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int64

from returnsim.core.engines import NUMPY
from returnsim.core.log import Deeds, Events
from returnsim.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Weekly results of some replicates of one scenario.

    Attributes
    ----------
    scenario : Scenario
        What was run, every default filled.
    seed : int
        With the replicate's number it fixes every draw.
    replicates : array, shape (R,)
        The replicates by number, ascending.
    households : int
        Simulated households, those who arrive later included.
    weight : float
        People of the real camp that one simulated person stands for.
    weeks : array, shape (W,)
        Weeks since the start of the scenario, ascending; row ``w`` is the week from ``dates[w]``.
    dates : array of datetime64[D], shape (W,)
        First day of each week.
    columns : dict of str to array, shape (R, W)
        Flows of the week and stocks at its end; NaN where nobody is left to have a value.
    events : Events or None
        Movements of members, where the run was asked to keep them.
    deeds : Deeds or None
        Registrations and what came of them, where it was asked to keep events.
    engine : str
        What stepped it: ``numpy`` or ``numba``.
    """

    scenario: Scenario
    seed: int
    replicates: Int64[np.ndarray, "R"]
    households: int
    weight: float
    weeks: Int64[np.ndarray, "W"]
    dates: np.ndarray
    columns: dict[str, np.ndarray]
    events: Events | None = None
    deeds: Deeds | None = None
    engine: str = NUMPY

    def __getitem__(self, column: str) -> Float[np.ndarray, "R W"]:
        """One column, shape (replicates, weeks)."""
        return self.columns[column]

    def to_frame(self) -> "pd.DataFrame":
        """Lay the columns out as a table, one row a replicate and week, sorted so.

        Returns
        -------
        pandas.DataFrame
            Columns ``replicate``, ``week``, ``date`` and then all of `columns`.
        """
        import pandas as pd

        rows, weeks = len(self.replicates), len(self.weeks)
        identifiers = {
            "replicate": np.repeat(self.replicates, weeks),
            "week": np.tile(self.weeks, rows),
            "date": np.tile(self.dates, rows),
        }
        return pd.DataFrame(
            identifiers | {name: values.ravel() for name, values in self.columns.items()}
        )
