"""returnsim: whether displaced households go home, willing or pushed, and at what harm.

>>> import returnsim
>>> scenario = returnsim.load_scenario("scenarios/rukban/2019-2025.yaml")  # doctest: +SKIP
>>> returnsim.simulate(scenario, replicates=8).to_frame()  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from returnsim.assemble import simulate
    from returnsim.mesa_model import ReturnModel
    from returnsim.scenario.files import load_scenario, scenario_from
    from returnsim.trajectories import Trajectories

__version__ = "0.1.0"
__all__ = [
    "ReturnModel",
    "Trajectories",
    "__version__",
    "load_scenario",
    "scenario_from",
    "simulate",
]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: the command line starts without NumPy."""
    homes = {
        "ReturnModel": "returnsim.mesa_model",
        "Trajectories": "returnsim.trajectories",
        "load_scenario": "returnsim.scenario.files",
        "scenario_from": "returnsim.scenario.files",
        "simulate": "returnsim.assemble",
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
