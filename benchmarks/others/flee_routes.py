"""Flee's own kind of model: people walk from a conflict through towns to camps, a step a day."""

import json
import time
from importlib.metadata import version
from pathlib import Path

from flee import flee

AGENTS, STEPS, ROADS = 5000, 60, 4

flee.SimulationSettings.ReadFromYML(str(Path(__file__).with_name("flee_settings.yml")))
country = flee.Ecosystem()
conflict = country.addLocation(name="conflict", x=0, y=0, location_type="conflict")
for road in range(ROADS):
    country.addLocation(name=f"town {road}", x=road, y=1, location_type="town")
    country.addLocation(name=f"camp {road}", x=road, y=2, location_type="camp", capacity=AGENTS)
for road in range(ROADS):
    country.linkUp("conflict", f"town {road}", 100.0)
    country.linkUp(f"town {road}", f"camp {road}", 200.0)
    country.linkUp(f"town {road}", f"town {(road + 1) % ROADS}", 50.0)
for _ in range(AGENTS):
    country.addAgent(conflict, {})
started = time.perf_counter()
for _ in range(STEPS):
    country.evolve()
seconds = time.perf_counter() - started
print(json.dumps({"version": version("flee"), "agent_steps": AGENTS * STEPS, "seconds": seconds}))
