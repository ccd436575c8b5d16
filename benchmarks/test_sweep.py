import pytest
from benchmarks.sweep_against_core import CAMP, EXPERIMENT

from returnsim.experiments.execute import this_machine
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sweep import sweep

pytestmark = pytest.mark.benchmark(group="a sweep")
ROUNDS = 3


def test_ten_cells_on_one_worker(benchmark, tmp_path):
    file = tmp_path / "many.yaml"
    file.write_text(EXPERIMENT.format(camp=CAMP, cells=10, households=200, weeks=52))
    experiment = load_experiment(file)
    folders = iter(tmp_path / f"out-{number}" for number in range(ROUNDS))

    def run(folder) -> None:
        tally = sweep(experiment, folder, this_machine(1), command="benchmark")
        assert tally.ran

    benchmark.pedantic(run, setup=lambda: ((next(folders),), {}), rounds=ROUNDS)
