"""Which run it is: what two runs have in common when their numbers are the same."""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from returnsim.assemble import check_room, plan_run
from returnsim.core.engines import AUTO
from returnsim.results.contents import told_in
from returnsim.scenario.files import scenario_hash
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories

SHOWN_HASH = 12


class Identity(NamedTuple):
    """What makes two runs the same: they then have the same numbers, week by week.

    Attributes
    ----------
    scenario_hash : str
        Of everything in the scenario that changes the simulation.
    seed : int
        The seed.
    replicates : tuple of int
        The replicates by number.
    households : int
        Simulated households, later arrivals included.
    """

    scenario_hash: str
    seed: int
    replicates: tuple[int, ...]
    households: int

    def __str__(self) -> str:
        """Say in a line what the run is."""
        return (
            f"scenario {self.scenario_hash[:SHOWN_HASH]}, seed {self.seed}, "
            f"{_numbered(self.replicates)}, {self.households:,} households"
        )


def identity_of(trajectories: Trajectories) -> Identity:
    """What a finished run is.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    Identity
    """
    return Identity(
        scenario_hash(trajectories.scenario),
        trajectories.seed,
        tuple(trajectories.replicates.tolist()),
        trajectories.households,
    )


def planned(
    scenario: Scenario, replicates: int, seed: int, households: int | None = None
) -> Identity:
    """What a run will be, before it is simulated. Arguments and errors as for `simulate`."""
    plan = plan_run(scenario, seed, households).by(AUTO, replicates)
    check_room(plan, replicates)
    return Identity(scenario_hash(scenario), seed, tuple(range(replicates)), plan.all_households)


def identity_in(target: Path, form: str) -> Identity | None:
    """Which run's results a folder holds; None if it does not say."""
    told = told_in(target, form)
    try:
        # Earlier versions had the numbers under the name of how many there are.
        numbers = told["replicate_numbers" if "replicate_numbers" in told else "replicates"]
        there = Identity(
            str(told["scenario_hash"]),
            int(told["seed"]),
            tuple(int(number) for number in numbers),
            int(told["households"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return there if there.replicates else None


def _numbered(replicates: tuple[int, ...]) -> str:
    whole = all(after == before + 1 for before, after in pairwise(replicates))
    if replicates[0] == 0 and whole:
        return f"{len(replicates)} replicates"
    return f"{len(replicates)} replicates ({replicates[0]} to {replicates[-1]})"
