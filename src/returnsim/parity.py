"""Whether the ways to run a scenario agree: the Mesa model, the bare core, and the slow twin.

The twin is the same model a second time, as a plain Mesa model, written apart from the core. It
lies in ``benchmarks/peers`` of a checkout, and in ``returnsim/peers`` of an installed package.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from returnsim.assemble import plan_run, run_plan
from returnsim.core.inputs import Place
from returnsim.core.week import Camp
from returnsim.draws import Draws
from returnsim.errors import UsageError
from returnsim.folders import with_nulls
from returnsim.mesa_model import ReturnModel
from returnsim.population import make_population
from returnsim.posterior_rows import drawn
from returnsim.scenario.schema import Scenario

TOLERANCE = 1e-12
"""How far floats of the core and of the twin may lie apart, relative to the larger of 1 and them.

They are sums of the same numbers in another order; counts must be equal.
"""

PEERS = "returnsim.peers"


@dataclass(frozen=True)
class Difference:
    """The first thing in which two ways to run a scenario differ.

    Attributes
    ----------
    week : int
        From 0.
    household : int or None
        Its row, where it is something of a household; None for a column of the weekly record.
    what : str
        The column, or what of the household.
    mesa, other : object
        What the Mesa model has, and what the other has.
    """

    week: int
    household: int | None
    what: str
    mesa: object
    other: object

    def __str__(self) -> str:
        """Say it in a line."""
        whose = "" if self.household is None else f"household {self.household}, "
        return f"week {self.week}: {whose}{self.what}: {self.mesa} and {self.other}"


@dataclass(frozen=True)
class Parity:
    """What came of a comparison.

    Attributes
    ----------
    against : str
        What the Mesa model was compared with.
    households, weeks : int
        How many of each.
    first : Difference or None
        The first difference; None if all is equal.
    """

    against: str
    households: int
    weeks: int
    first: Difference | None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        first = self.first and {key: with_nulls(value) for key, value in asdict(self.first).items()}
        return {**asdict(self), "equal": self.first is None, "first": first}


def against_core(
    scenario: Scenario, seed: int = 1, replicate: int = 0, households: int | None = None
) -> Parity:
    """Compare the Mesa model with the core that `returnsim.simulate` runs, bit for bit.

    Parameters
    ----------
    scenario : Scenario
    seed, replicate : int
        Which run.
    households : int, optional
        How many to simulate; by default the full camp.

    Returns
    -------
    Parity
        Over every column of the weekly record.
    """
    plan = plan_run(scenario, seed, households)
    # With another beside it: a replicate is the same in any block.
    columns = run_plan(plan, [replicate, replicate + 1]).columns
    model = ReturnModel(scenario, rng=seed, replicate=replicate, households=households)
    first = next(_columns_apart(model, columns, plan.inputs.record_from), None)
    return Parity("core", _rows(model), scenario.weeks, first)


def against_twin(
    scenario: Scenario, seed: int = 1, replicate: int = 0, households: int = 200
) -> Parity:
    """Compare the Mesa model with the slow twin, household by household and week by week.

    Counts and places must be equal, floats to `TOLERANCE`.

    Parameters
    ----------
    scenario : Scenario
    seed, replicate : int
        Which run.
    households : int
        How many to simulate; the twin takes far longer than the core.

    Returns
    -------
    Parity
        Over every household, and then over every column of the weekly record.

    Raises
    ------
    UsageError
        If the twin is not there.
    """
    twin_of = _twin()
    plan = plan_run(drawn(scenario, seed, replicate), seed, households)
    people = make_population(plan.spec, plan.arrival_weeks, Draws(seed, [replicate]))
    twin = twin_of(plan.inputs, people, seed, replicate)
    model = ReturnModel(scenario, rng=seed, replicate=replicate, households=households)
    first = next(_twins_apart(model, twin, plan.inputs.record_from), None)
    return Parity("slow twin", _rows(model), scenario.weeks, first)


def _rows(model: ReturnModel) -> int:
    return len(model.camp.state.camp_size)


def _columns_apart(
    model: ReturnModel, columns: dict[str, np.ndarray], record_from: int
) -> Iterator[Difference]:
    for t in range(model.given.weeks):
        model.step()
        if t < record_from:
            continue
        for name, values in columns.items():
            mine, other = model.week[name], float(values[0, t - record_from])
            if not (mine == other or (math.isnan(mine) and math.isnan(other))):
                yield Difference(t, None, name, mine, other)


def _twins_apart(model: ReturnModel, twin: Any, record_from: int) -> Iterator[Difference]:
    named = {str(g): name for g, name in enumerate(model.guarantor_names)}
    for t in range(model.given.weeks):
        model.step()
        twin.step()
        for row, household in enumerate(twin.households):
            for what, mine, other in _household_beside(model.camp, row, household):
                if not _alike(mine, other):
                    yield Difference(t, row, what, _alone(mine), _alone(other))
        if t < record_from:
            continue
        for name, values in twin.columns.items():
            column = _in_words(name, named)
            if not _alike(model.week[column], values[-1]):
                yield Difference(t, None, column, model.week[column], values[-1])


def _household_beside(
    camp: Camp, row: int, twin: Any
) -> Iterator[tuple[str, Sequence[float], Sequence[float]]]:
    """What both have of a household: its name, and the values of each."""
    state = camp.state
    for place in Place:
        mine = state.members[place, :, row].tolist()
        yield f"members in {place.name.lower()}", mine, list(twin.members[place])
    yield "registered for", [int(state.option[row])], [twin.option]
    yield "week of each party", state.party_week[:, row].tolist(), list(twin.party_week)
    with_whom = state.party_guarantor[:, row].tolist()
    yield "guarantor of each party", with_whom, list(twin.party_guarantor)
    if twin.option:
        yield "registered with", [int(state.guarantor[row])], [twin.guarantor]
        yield "registered in week", [int(state.registered_week[row])], [twin.registered_week]
        yield "file cleared", [bool(state.cleared[row])], [bool(twin.cleared)]
    yield "hardship", [float(state.hardship[row])], [twin.hardship]
    yield "reserves", [float(state.reserves[row])], [twin.reserves]
    if state.camp_size[row]:
        yield "kappa", state.kappa[:, row].tolist(), list(twin.kappa)
        yield "omega", state.omega[:, row].tolist(), list(twin.omega)


def _alike(mine: Any, other: Any) -> bool:
    one, two = (np.atleast_1d(np.asarray(values)) for values in (mine, other))
    if one.dtype.kind != "f" and two.dtype.kind != "f":
        return bool(np.array_equal(one, two))
    return bool(np.allclose(one, two, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))


def _alone(values: Sequence[float]) -> object:
    return values[0] if len(values) == 1 else list(values)


def _in_words(column: str, named: dict[str, str]) -> str:
    """The column by the name of the guarantor; the twin knows its number alone."""
    for stem in ("trust_", "departures_"):
        number, _, rest = column.removeprefix(stem).partition("_")
        if column.startswith(stem) and number in named:
            return "_".join(part for part in (stem + named[number], rest) if part)
    return column


def _twin() -> Any:
    if find_spec(PEERS) is None:
        _from_checkout(Path(__file__).parents[2] / "benchmarks" / "peers")
    return import_module(f"{PEERS}.plain_mesa").PlainModel


def _from_checkout(folder: Path) -> None:
    """Import the package in ``folder`` under the name that it has once installed."""
    spec = spec_from_file_location(
        PEERS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise UsageError(
            f"the slow twin is not there: neither {PEERS} is installed nor is there {folder}"
        )
    module = module_from_spec(spec)
    sys.modules[PEERS] = module
    spec.loader.exec_module(module)
