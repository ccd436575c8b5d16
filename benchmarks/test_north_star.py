"""The case that matters most: the camp of Rukban, all of it, in 64 replicates, on every core."""

import os
from datetime import timedelta

import pytest
from benchmarks.camps import RUKBAN, SEED

from returnsim import load_scenario, simulate
from returnsim.core.engines import ENGINES

pytestmark = pytest.mark.benchmark(group="Rukban, whole, 64 replicates")
REPLICATES = 64


@pytest.mark.parametrize("history", [False, True], ids=["", "history"])
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_rukban(benchmark, engine, history):
    scenario = load_scenario(RUKBAN)
    if not history:
        last = scenario.start + timedelta(weeks=scenario.weeks - 1)
        scenario = load_scenario(RUKBAN, {"record_from": last.isoformat()})
    run = benchmark.pedantic(
        simulate,
        (scenario, REPLICATES, SEED),
        {"engine": engine, "workers": os.cpu_count()},
        rounds=1,
    )
    benchmark.extra_info["household_weeks"] = run.households * REPLICATES * scenario.weeks
