"""Peak memory: told in bytes beside the time that the process took."""

import pytest
from benchmarks.memory import measured, measured_run

from returnsim.core.engines import ENGINES

pytestmark = pytest.mark.benchmark(group="memory")


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_peak_of_a_block(benchmark, engine):
    told = benchmark.pedantic(measured, ([engine], 20_000, 16, 8), rounds=1)
    benchmark.extra_info |= told


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_peak_of_a_run(benchmark, engine):
    told = benchmark.pedantic(measured_run, (engine, 2_000, 64, 104), rounds=1)
    benchmark.extra_info |= told
