import numpy as np
import pytest
from benchmarks.camps import SEED

from returnsim.draws import Draws, Once, Weekly

pytestmark = pytest.mark.benchmark(group="draws")
HOUSEHOLDS = 2000


@pytest.mark.parametrize("replicates", [1, 16, 64])
def test_one_process_of_a_week(benchmark, replicates):
    draws, out = Draws(SEED, list(range(replicates))), np.empty((replicates, HOUSEHOLDS))
    benchmark(draws.weekly, Weekly.CHOICE, 100, HOUSEHOLDS, out)


def test_once_in_a_life(benchmark):
    benchmark(Draws(SEED, list(range(16))).once, Once.HEAD_AGE, HOUSEHOLDS)


def test_floor_uniforms_of_one_generator(benchmark):
    out = np.empty(16 * HOUSEHOLDS)
    benchmark(np.random.Generator(np.random.Philox(SEED)).random, out=out)
