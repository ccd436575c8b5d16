import pytest

from returnsim.core.engines import ENGINES

pytestmark = pytest.mark.benchmark(group="a week")
WEEK = 10


@pytest.mark.parametrize("history", [False, True], ids=["", "history"])
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_a_week_of_a_block(benchmark, block, engine, history):
    def camp_in_its_week() -> tuple:
        live = ENGINES[engine](block.inputs, block.people, block.draws, False)
        for t in range(WEEK):
            live(t)
        return (live,), {}

    def live_through(live) -> None:
        lived = live(WEEK)
        if history:
            lived.tally()

    benchmark.pedantic(live_through, setup=camp_in_its_week, rounds=5)
