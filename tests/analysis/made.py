"""Runs made by hand, so that what is drawn from them can be worked out on paper."""

from datetime import date

import numpy as np

from returnsim.core.record import column_names
from returnsim.scenario.files import scenario_from
from returnsim.trajectories import Trajectories

START = date(2020, 1, 6)


def made(weeks: int = 4, replicates: int = 2, **columns: object) -> Trajectories:
    """A run whose columns are 0 but for those given, each broadcast to (replicates, weeks)."""
    scenario = scenario_from({"title": "made", "start": START, "weeks": weeks}, "made")
    shape = (replicates, weeks)
    names = column_names(scenario.guarantor_names)
    values = {name: np.zeros(shape) for name in names}
    for name, value in columns.items():
        assert name in names
        values[name] = np.broadcast_to(np.asarray(value, dtype=float), shape).copy()
    numbers = np.arange(weeks)
    return Trajectories(
        scenario=scenario,
        seed=1,
        replicates=np.arange(replicates),
        households=100,
        weight=1.0,
        weeks=numbers,
        dates=np.datetime64(START) + numbers * np.timedelta64(7, "D"),
        columns=values,
    )
