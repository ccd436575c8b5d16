"""Starsim's own first example: an SIR epidemic on a random network, a step a year."""

import json
import time

import starsim as ss

AGENTS, STEPS = 20_000, 100

sim = ss.Sim(n_agents=AGENTS, diseases=ss.SIR(), networks=ss.RandomNet(), dur=STEPS, verbose=0)
sim.init()
started = time.perf_counter()
sim.run()
seconds = time.perf_counter() - started
print(
    json.dumps({"version": ss.__version__, "agent_steps": AGENTS * sim.t.npts, "seconds": seconds})
)
