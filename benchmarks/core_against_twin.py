"""How fast the core steps households, beside the plain Mesa twin in the same interleaved run.

    .venv/bin/python benchmarks/core_against_twin.py

Machines differ and are noisy: the ratio is the figure to quote, not the rates.
"""

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.peers.plain_mesa import PlainModel  # noqa: E402

from returnsim.assemble import Plan, plan_run  # noqa: E402
from returnsim.core.run import run_block  # noqa: E402
from returnsim.draws import Draws  # noqa: E402
from returnsim.population import make_population  # noqa: E402
from returnsim.scenario.files import load_scenario  # noqa: E402

ROUNDS = 5
HOUSEHOLDS = 400
WEEKS = 60
BLOCK = 16


def household_weeks_a_second(plan: Plan, replicates: int, slow: bool) -> float:
    draws = Draws(1, list(range(replicates)))
    people = make_population(plan.spec, plan.arrival_weeks, draws)
    start = time.perf_counter()
    if slow:
        PlainModel(plan.inputs, people, 1, 0).run()
    else:
        run_block(plan.inputs, people, draws, plan.guarantors)
    seconds = time.perf_counter() - start
    return people.members.shape[1] * WEEKS * replicates / seconds


def main() -> None:
    scenario = load_scenario(ROOT / "scenarios/rukban/2019-2025.yaml", {"weeks": WEEKS})
    small, full = plan_run(scenario, 1, HOUSEHOLDS), plan_run(scenario, 1)
    cases = {
        f"plain Mesa, {HOUSEHOLDS} households": (small, 1, True),
        "core, full camp, one replicate": (full, 1, False),
        f"core, full camp, a block of {BLOCK}": (full, BLOCK, False),
    }
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            rates[name].append(household_weeks_a_second(*case))
    slowest = statistics.median(next(iter(rates.values())))
    print(f"Rukban, first {WEEKS} weeks, median of {ROUNDS} interleaved rounds")
    for name, values in rates.items():
        rate = statistics.median(values)
        print(f"{name:40} {rate:12,.0f} household-weeks/s  {rate / slowest:6.0f} x")


if __name__ == "__main__":
    main()
