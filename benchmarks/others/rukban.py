"""The camp of Rukban by the plain Mesa twin or by an engine of the core, a step a week."""

import json
import sys
from importlib.metadata import version

from benchmarks.camps import ENGINES, lot_of, plan_of, step_twin, warm
from benchmarks.measuring import seconds_of

WEEKS = 104

by = sys.argv[1]
if by in ENGINES:
    warm([by])
    lot = lot_of(plan_of(2000, WEEKS), list(range(16)))
    seconds, used = seconds_of(lambda: lot.step(by)), by
else:
    lot = lot_of(plan_of(400, WEEKS), [0])
    seconds, used = seconds_of(lambda: step_twin(lot)), "mesa"
told = {"version": version(used), "agent_steps": lot.household_weeks, "seconds": seconds}
print(json.dumps(told))
