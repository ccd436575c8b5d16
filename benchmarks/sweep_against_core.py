"""What a sweep costs beside its simulation: its rate against the bare core's, and its memory.

The bare core steps the same cells in the same arrays in one process and keeps nothing; the sweep
has one worker, checks every case, stores every cell and writes the tables. Both are timed in turns,
and the ratio is the median of the rounds. The parent's memory is sampled all along.

    python benchmarks/sweep_against_core.py --cells 10000 --rounds 1
    python benchmarks/sweep_against_core.py
"""

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psutil

from returnsim.assemble import plan_run, step_together
from returnsim.experiments.cells import CELL, cells_a_task
from returnsim.experiments.execute import this_machine
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sweep import sweep

CAMP = Path(__file__).parents[1] / "src" / "returnsim" / "starter" / "camp.yaml"
EXPERIMENT = """
title: Many small cells
base: {camp}
replicates: 16
households: {households}
cases:
  short: {{set: {{weeks: {weeks}}}}}
factors:
  siege: {{path: levers.siege.severity, range: [0, 1]}}
  hunger: {{path: behaviour.hardship, range: [0, 6]}}
  fear: {{path: behaviour.perceived_risk, range: [2, 20]}}
design: {{kind: latin_hypercube, samples: {cells}}}
"""


class Memory(threading.Thread):
    """Largest resident memory of this process, by tenth of the time."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[int] = []
        self.over = threading.Event()

    def run(self) -> None:
        me = psutil.Process(os.getpid())
        while not self.over.wait(0.5):
            self.samples.append(me.memory_info().rss)

    def told(self) -> str:
        tenth = max(1, len(self.samples) // 10)
        parts = [self.samples[i : i + tenth] for i in range(0, len(self.samples), tenth)]
        return " ".join(f"{max(part) / 1e6:.0f}" for part in parts)


def bare(experiment, households: int, limit: int) -> float:
    """Seconds a cell of the core alone, in arrays of the same size as the sweep's."""
    cases = experiment.cases[:limit]
    scenarios = [experiment.scenario(case) for case in cases]
    plans = [plan_run(scenario, 1, households) for scenario in scenarios]
    size = cells_a_task(scenarios[0], households)
    replicates = list(range(CELL))
    started = time.perf_counter()
    for i in range(0, len(plans), size):
        batch = plans[i : i + size]
        step_together(batch, [replicates] * len(batch), events=False)
    return (time.perf_counter() - started) / len(plans)


def swept(file: Path, folder: Path) -> tuple[float, int, Memory]:
    """Seconds a cell of a whole sweep, checking and tables included."""
    memory = Memory()
    memory.start()
    started = time.perf_counter()
    experiment = load_experiment(file)
    tally = sweep(experiment, folder, this_machine(1), command="benchmark")
    seconds = time.perf_counter() - started
    memory.over.set()
    memory.join()
    return seconds / tally.ran, tally.ran, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--households", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=52)
    wanted = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "many.yaml"
        file.write_text(
            EXPERIMENT.format(
                camp=CAMP,
                cells=wanted.cells,
                households=wanted.households,
                weeks=wanted.weeks,
            )
        )
        experiment = load_experiment(file)
        for number in range(wanted.rounds):
            folder = Path(name) / "out"
            alone = bare(experiment, wanted.households, 200)
            whole, ran, memory = swept(file, folder)
            again = bare(experiment, wanted.households, 200)
            shutil.rmtree(folder)
            ratios.append((alone + again) / 2 / whole)
            rate = wanted.households * CELL * wanted.weeks / whole / 1e6
            print(
                f"round {number + 1}: {ran:,} cells, {rate:.2f} million household-weeks a second "
                f"and worker, {ratios[-1]:.2f} of the bare core; parent MB by tenth of the time: "
                f"{memory.told()}"
            )
    print(f"sweep against the bare core, median of {len(ratios)}: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
