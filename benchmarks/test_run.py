import pytest
from benchmarks.camps import lot_of, plan_of

from returnsim.core.engines import ENGINES

pytestmark = pytest.mark.benchmark(group="a run")
SIZES = {
    "one replicate, 2,000 households": (2000, 1, 52, 5),
    "block of 16, 2,000 households": (2000, 16, 52, 5),
    "one replicate, 20,000 households": (20_000, 1, 52, 5),
    "one replicate, 200,000 households": (200_000, 1, 12, 3),
}


@pytest.fixture(scope="module", params=SIZES)
def camp(request):
    households, replicates, weeks, rounds = SIZES[request.param]
    return lot_of(plan_of(households, weeks), list(range(replicates))), rounds


@pytest.mark.parametrize("history", [False, True], ids=["", "history"])
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_a_run(benchmark, camp, engine, history):
    lot, rounds = camp
    seen = lot if history else lot.without_history()
    benchmark.extra_info["household_weeks"] = lot.household_weeks
    benchmark.pedantic(seen.step, (engine,), rounds=rounds)
