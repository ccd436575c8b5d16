"""Peak memory of stepping a camp, measured in a process of its own. Linux only.

    .venv/bin/python -m benchmarks.memory --engine numpy --households 20000 --replicates 16
    .venv/bin/python -m benchmarks.memory --engine numpy --households 2000 --replicates 64 --run

What counts is resident memory beyond that of a process that has stepped a tiny camp: the households
and their contacts, their state, and what the engine takes besides while it steps. Making the
households takes more for a moment; that peak is told apart. A whole run (``--run``) steps a few
replicates at a time and keeps their weekly record.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
from benchmarks.camps import ROOT, Lot, lot_of, plan_of, warm
from benchmarks.measuring import seconds_of

from returnsim.assemble import Plan, run_plan
from returnsim.core.engines import ENGINES
from returnsim.core.state import initial_state

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"
NEED = 4_000
"""Bytes a household that are surely enough to make and step it."""

HEADROOM = 2**31


class TooLargeError(Exception):
    """A camp for which this machine has not the memory."""


def resident() -> int:
    """Bytes in memory now."""
    return int(psutil.Process().memory_info().rss)


def peak_of(work: Callable[[], object]) -> tuple[int, float]:
    """The most bytes in memory while something is done, and the seconds it took."""
    CLEAR.write_text(RESET_PEAK)
    seconds = seconds_of(work)
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024, seconds


def arrays_of(lot: Lot) -> dict[str, float]:
    """Bytes a household and replicate that the arrays of the core take, by what they hold."""
    links = {"contact_start", "contact_rows"}
    traits = lot.people._asdict()
    parts = {
        "state": initial_state(lot.inputs, lot.people),
        "traits": [field for name, field in traits.items() if name not in links],
        "contacts": [traits[name] for name in links],
    }
    return {name: sum(field.nbytes for field in part) / lot.rows for name, part in parts.items()}


def child(engines: list[str], households: int, replicates: int, weeks: int, times: int) -> dict:
    """Measure in this process; see `measured`."""
    warm(engines)
    plan, made = plan_of(households, weeks), []
    before = resident()
    making, seconds = peak_of(lambda: made.append(lot_of(plan, list(range(replicates)))))
    lot = made[0].without_history()
    told = {
        "households": households,
        "replicates": replicates,
        "weeks": weeks,
        "making_seconds": seconds,
        "making_bytes": (making - before) / lot.rows,
        "arrays": arrays_of(lot),
        "bytes": {},
        "week_seconds": {},
    }
    for engine in engines:
        runs = [peak_of(lambda engine=engine: lot.step(engine)) for _ in range(times)]
        told["bytes"][engine] = (max(peak for peak, _ in runs) - before) / lot.rows
        told["week_seconds"][engine] = sorted(s / weeks for _, s in runs)
    return told


def child_of_run(engine: str, households: int, replicates: int, weeks: int) -> dict:
    """Measure a whole run in this process: on one worker, its weekly record kept."""
    warm([engine])
    plan: Plan = plan_of(households, weeks)._replace(engine=engine)
    before = resident()
    peak, seconds = peak_of(lambda: [run_plan(plan, block) for block in plan.blocks(replicates)])
    rows = replicates * plan.all_households
    return {"engine": engine, "bytes": (peak - before) / rows, "seconds": seconds}


def measured_run(engine: str, households: int, replicates: int, weeks: int) -> dict:
    """Measure a whole run in a fresh process: ``bytes`` a household and replicate at the peak."""
    return _in_a_process([engine], households, replicates, weeks, "--run")


def measured(
    engines: list[str], households: int, replicates: int, weeks: int, times: int = 1
) -> dict:
    """Measure in a fresh process.

    Returns
    -------
    dict
        Of each engine, ``bytes`` a household and replicate at the peak and ``week_seconds`` of each
        time; and what making the households took.

    Raises
    ------
    TooLargeError
        If less memory is free than the camp may need.
    """
    need = households * replicates * NEED + HEADROOM // 8
    free = psutil.virtual_memory().available - HEADROOM // 8
    if need > free:
        raise TooLargeError(
            f"{households:,} households, {replicates} replicates: may need {need / 1e9:.1f} GB, "
            f"{free / 1e9:.1f} GB are free"
        )
    return _in_a_process(engines, households, replicates, weeks, "--times", str(times))


def _in_a_process(
    engines: list[str], households: int, replicates: int, weeks: int, *more: str
) -> dict:
    command = [sys.executable, "-m", "benchmarks.memory", "--households", str(households)]
    command += ["--replicates", str(replicates), "--weeks", str(weeks), *more]
    for engine in engines:
        command += ["--engine", engine]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return dict(json.loads(ran.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", action="append", choices=sorted(ENGINES))
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--replicates", type=int, default=16)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--run", action="store_true", help="a whole run, of the first engine")
    wanted = parser.parse_args()
    engines = wanted.engine or sorted(ENGINES)
    camp = (wanted.households, wanted.replicates, wanted.weeks)
    told = child_of_run(engines[0], *camp) if wanted.run else child(engines, *camp, wanted.times)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
