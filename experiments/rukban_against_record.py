"""Print each count on record beside the simulated one.

    .venv/bin/python experiments/rukban_against_record.py

The scenario draws what was fitted to a part of this record, and the rest of it was written with all
of it in view: this shows where the model bends to it and where it does not, and is no test of it.
"""

from pathlib import Path

import numpy as np

import returnsim
from returnsim.analysis.observations import load_observations
from returnsim.analysis.simulated import simulated

SCENARIO = Path(__file__).parents[1] / "scenarios/rukban/2019-2025.yaml"
REPLICATES = 16


def main() -> None:
    scenario = returnsim.load_scenario(SCENARIO)
    trajectories = returnsim.simulate(scenario, replicates=REPLICATES, seed=1)
    print("| what | when | simulated, median (middle 90 %) | on record (range) | |")
    print("|---|---|---|---|---|")
    for seen in load_observations(scenario.observations):
        low, median, high = np.nanquantile(simulated(trajectories, seen), [0.05, 0.5, 0.95])
        when = f"{seen.start} to {seen.end}" if seen.start else f"{seen.end}"
        inside = "" if seen.low <= median <= seen.high else "outside"
        name = seen.quantity.replace("_", " ") + (f", {seen.guarantor}" if seen.guarantor else "")
        print(
            f"| {name} | {when} | {median:,.0f} ({low:,.0f} to {high:,.0f}) "
            f"| {seen.best:,.0f} ({seen.low:,.0f} to {seen.high:,.0f}) | {inside} |"
        )


if __name__ == "__main__":
    main()
