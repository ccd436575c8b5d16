"""Where numbers come from: what was run, by what, in which versions."""

import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from returnsim import __version__
from returnsim.core.engines import NUMBA
from returnsim.core.run import MODEL_VERSION
from returnsim.draws import STREAM_VERSION
from returnsim.results.contents import FORMAT
from returnsim.results.identity import SHOWN_HASH, identity_of
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import population_hash
from returnsim.trajectories import Trajectories


def provenance_of(trajectories: Trajectories, command: str) -> dict[str, Any]:
    """All that is needed to make a run again, as it stands in ``run.json``.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    command : str
        What to type to run it again.
    """
    scenario, identity = trajectories.scenario, identity_of(trajectories)
    guesses, numbers = scenario.guesses()
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "title": scenario.title,
        "scenario_hash": identity.scenario_hash,
        "seed": identity.seed,
        "replicates": len(identity.replicates),
        "replicate_numbers": list(identity.replicates),
        "households": identity.households,
        "weight": trajectories.weight,
        "numbers": numbers,
        "guesses": guesses,
        "ground": ground_of(scenario),
        "command": command,
        **made_with(trajectories.engine),
        "platform": {"system": platform.system(), "machine": platform.machine()},
    }


def made_with(engine: str) -> dict[str, Any]:
    """What stepped a run, and the versions of all that its numbers come from.

    Parameters
    ----------
    engine : str
        ``numpy`` or ``numba``, or both where runs differ.
    """
    compiler = {NUMBA: version(NUMBA)} if NUMBA in engine else {}
    return {"engine": engine, "versions": versions() | compiler}


def versions() -> dict[str, Any]:
    """What results depend on whatever the engine, besides what was run."""
    return {
        "returnsim": __version__,
        "model": MODEL_VERSION,
        "draws": STREAM_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def ground_of(scenario: Scenario) -> dict[str, Any]:
    """What two runs must share for their households to be the same, and their totals of one span.

    Parameters
    ----------
    scenario : Scenario
        Any.

    Returns
    -------
    dict
        ``population`` (a fingerprint), ``start``, ``weeks`` and ``recorded_from``.
    """
    first = scenario.record_from or scenario.start
    return {
        "population": population_hash(scenario)[:SHOWN_HASH],
        "start": str(scenario.start),
        "weeks": scenario.weeks,
        "recorded_from": str(first),
    }
