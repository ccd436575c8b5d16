"""The camp of Rukban by the plain Mesa twin or by an engine of the core, a step a week."""

import json
import sys
from importlib.metadata import version

from benchmarks.camps import lots_of, plan_of, step_in_turn, step_twin, warm
from benchmarks.measuring import seconds_of

from returnsim.assemble import BLOCK, COMPILED_BLOCK
from returnsim.core.engines import ENGINES, NUMBA

WEEKS = 104

by = sys.argv[1]
if by in ENGINES:
    warm([by])
    lots = lots_of(plan_of(2000, WEEKS), 16, COMPILED_BLOCK if by == NUMBA else BLOCK)
    seconds, used = seconds_of(lambda: step_in_turn(lots, by)), "returnsim"
else:
    lots = lots_of(plan_of(400, WEEKS), 1, 1)
    seconds, used = seconds_of(lambda: step_twin(lots[0])), "mesa"
steps = sum(lot.household_weeks for lot in lots)
told = {"version": version(used), "agent_steps": steps, "seconds": seconds}
print(json.dumps(told))
