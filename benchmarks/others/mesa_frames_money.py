"""The first example of mesa-frames: everyone who has money gives one coin to somebody."""

import json
import time
from importlib.metadata import version

import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

AGENTS, STEPS = 20_000, 100


class Givers(AgentSetPolars):
    """People with coins."""

    def __init__(self, model: ModelDF) -> None:
        super().__init__(model)
        self += pl.DataFrame(
            {"unique_id": pl.arange(AGENTS, eager=True), "wealth": pl.ones(AGENTS, eager=True)}
        )

    def step(self) -> None:
        self.select(self.wealth > 0)
        takers = self.agents.sample(n=len(self.active_agents), with_replacement=True)
        self["active", "wealth"] -= 1
        gains = takers.group_by("unique_id").len()
        self[gains["unique_id"], "wealth"] += gains["len"]


model = ModelDF()
model.agents += Givers(model)
started = time.perf_counter()
for _ in range(STEPS):
    model.agents.do("step")
seconds = time.perf_counter() - started
told = {"version": version("mesa-frames"), "agent_steps": AGENTS * STEPS, "seconds": seconds}
print(json.dumps(told))
