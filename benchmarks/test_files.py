import pandas as pd
import pytest
from benchmarks.camps import RUKBAN, SEED

from returnsim import load_scenario, simulate
from returnsim.results.contents import WEEKLY
from returnsim.results.writing import write_results

pytestmark = pytest.mark.benchmark(group="files")
ROUNDS = 5


@pytest.fixture(scope="module")
def run():
    return simulate(load_scenario(RUKBAN), 16, SEED, households=200)


def test_reading_a_scenario(benchmark):
    benchmark.pedantic(load_scenario, (RUKBAN,), rounds=ROUNDS)


def test_writing_results(benchmark, run, tmp_path):
    folders = iter(tmp_path / f"out-{number}" for number in range(ROUNDS))

    def write(folder) -> None:
        write_results(run, folder, command="benchmark")

    benchmark.pedantic(write, setup=lambda: ((next(folders),), {}), rounds=ROUNDS)


def test_reading_results(benchmark, run, tmp_path):
    write_results(run, tmp_path / "out", command="benchmark")
    benchmark.pedantic(pd.read_parquet, (tmp_path / "out" / WEEKLY,), rounds=ROUNDS)
