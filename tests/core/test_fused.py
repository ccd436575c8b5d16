"""The compiled loops against the NumPy core: every count the same, other numbers within 1e-12."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.assemble import block_of, plan_run, simulate
from returnsim.compiled import cache_folder
from returnsim.core.engines import (
    AUTO,
    NUMBA,
    NUMPY,
    WORTH_COMPILING,
    WORTH_LOADING,
    choose_engine,
)
from returnsim.core.fused.chance import binomial, cut, pick, uniform, which
from returnsim.core.inputs import Inputs, Population
from returnsim.core.record import column_names
from returnsim.core.run import Run, run_block
from returnsim.draws import Draws, Weekly
from returnsim.errors import UsageError
from returnsim.scenario.files import load_scenario
from tests.reference.busy import busy_inputs, busy_population

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted(
    file for file in (ROOT / "scenarios").rglob("*.yaml") if file.name != "patterns.yaml"
)
GUARANTORS = ("0", "1", "2")
MEANS = {"hardship", "reserves", "price_index", "perceived_threat", "intention_share"}
TOLERANCE = 1e-12


def both(inputs: Inputs, people: Population, numbers: list[int], names=GUARANTORS) -> list[Run]:
    return [
        run_block(inputs, people, Draws(7, numbers), names, events=True, engine=engine)
        for engine in (NUMPY, NUMBA)
    ]


def sorted_rows(log) -> np.ndarray:
    rows = np.stack(log)
    return rows[:, np.lexsort(rows)]


def assert_same(one: Run, other: Run) -> None:
    for name, values in one.columns.items():
        if name in MEANS or name.startswith("trust_"):
            np.testing.assert_allclose(
                other.columns[name], values, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
            )
        else:
            np.testing.assert_array_equal(other.columns[name], values, err_msg=name)
    np.testing.assert_array_equal(sorted_rows(other.events), sorted_rows(one.events))
    np.testing.assert_array_equal(sorted_rows(other.deeds), sorted_rows(one.deeds))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cases=st.sampled_from([1, 2]))
def test_in_any_world_both_engines_tell_the_same(seed: int, cases: int):
    inputs = busy_inputs(seed, weeks=25, cases=cases)
    assert_same(*both(inputs, busy_population(seed, replicates=2), [0, 1]))


def assert_same_over(file: Path, weeks: int | None) -> None:
    overrides = {} if weeks is None else {"weeks": weeks, "record_from": None}
    plan = plan_run(load_scenario(file, overrides), 1, 80)
    inputs, people, _ = block_of(plan, [0, 1])
    assert_same(*both(inputs, people, [0, 1], plan.guarantors))


def test_over_rukban_both_engines_tell_the_same():
    assert_same_over(ROOT / "scenarios/rukban/2019-2025.yaml", weeks=45)


@pytest.mark.slow
@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_over_every_scenario_to_its_end_both_engines_tell_the_same(file: Path):
    assert_same_over(file, weeks=None)


def test_a_replicate_is_bit_equal_to_itself_in_any_block_and_thread():
    scenario = load_scenario(ROOT / "scenarios/rukban/2019-2025.yaml", {"weeks": 40})
    together = simulate(scenario, 40, households=60, engine=NUMBA)
    threads = simulate(scenario, 40, households=60, engine=NUMBA, workers=3)
    plan = plan_run(scenario, 1, 60)
    inputs, people, draws = block_of(plan, [17])
    alone = run_block(inputs, people, draws, plan.guarantors, engine=NUMBA)
    assert together.engine == threads.engine == NUMBA
    for name, values in together.columns.items():
        np.testing.assert_array_equal(threads.columns[name], values, err_msg=name)
        np.testing.assert_array_equal(alone.columns[name][0], values[17], err_msg=name)


def test_events_of_each_household_keep_the_order_of_the_week():
    inputs, people = busy_inputs(11, weeks=30), busy_population(11, replicates=2)
    numpy_run, numba_run = both(inputs, people, [0, 1])

    def by_household(run: Run) -> np.ndarray:
        rows = np.stack(run.events)
        return rows[:, np.lexsort((rows[2], rows[1], rows[0]))]

    np.testing.assert_array_equal(by_household(numba_run), by_household(numpy_run))


def test_a_run_can_be_stopped_in_any_thread():
    class StopError(Exception):
        pass

    def progress(done: int, _: int) -> None:
        if done:
            raise StopError

    scenario = load_scenario(ROOT / "scenarios/rukban/2019-2025.yaml")
    with pytest.raises(StopError):
        simulate(scenario, 64, households=500, engine=NUMBA, workers=2, progress=progress)


STOPPED = """
import os, signal, threading
from returnsim.assemble import plan_run, run_plan
from returnsim.scenario.files import scenario_from

# A shell that starts tests in its background has them ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
camp = {"title": "A camp", "start": "2020-01-06", "weeks": 400}
people = {"people": 90_000, "household_size": 4.5}
plan = plan_run(scenario_from(camp | {"population": people}), 1)._replace(engine="numba")
lived = threading.Event()

def stop():
    lived.wait()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=stop, daemon=True).start()
try:
    run_plan(plan, [0], lambda week: lived.set())
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_in_the_middle_of_a_compiled_week_is_answered_after_it():
    ran = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "stopped\n", "")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    replicate=st.integers(0, 10**6),
    week=st.integers(0, 5000),
    process=st.sampled_from(list(Weekly)),
    household=st.integers(0, 40),
)
def test_a_draw_of_the_loops_is_that_of_the_core(seed, replicate, week, process, household):
    drawn = Draws(seed, [replicate]).weekly(process, week, household + 1)[0, household]
    kept, of_block = np.zeros((5, 4)), np.full(5, -1)
    args = (int(process), household, np.uint64(seed), replicate, week)
    assert uniform(kept, of_block, *args) == drawn
    assert uniform(kept, of_block, *args) == drawn


UNIFORMS = st.floats(0, 1, exclude_max=True)
HAZARDS = st.lists(st.floats(0, 5), min_size=2, max_size=8)


@settings(max_examples=80, deadline=None)
@given(u=UNIFORMS, hazards=HAZARDS, weights=st.lists(st.integers(0, 9), min_size=2, max_size=6))
def test_one_uniform_decides_the_same_in_a_loop_as_in_arrays(u, hazards, weights):
    from returnsim.core import chance
    from returnsim.core.utility import cut as cut_in_arrays

    column = np.array(hazards)[:, None]
    kind, rest = chance.which(np.array([u]), column)
    told = which(u, np.array(hazards), len(hazards))
    assert told[0] == kind[0]
    assert told[1] == pytest.approx(rest[0], rel=1e-9, abs=1e-12)
    if sum(weights):
        here = pick(u, np.array(weights), len(weights))
        assert here == chance.pick(np.array([u]), np.array(weights)[:, None])[0]
    count, left = chance.binomial(np.array([u]), np.array([4]), np.array([hazards[0]]))
    told = binomial(u, 4, hazards[0])
    assert told[0] == count[0]
    assert told[1] == pytest.approx(left[0], rel=1e-9, abs=1e-12)
    assert cut(u, np.exp(column[:, 0] - column.max()), len(hazards)) == cut_in_arrays(
        np.array([u]), column
    )


def test_the_engine_is_chosen_by_the_work_there_is():
    assert choose_engine(AUTO, 1000) == NUMPY
    assert choose_engine(AUTO, max(WORTH_COMPILING, WORTH_LOADING)) == NUMBA
    assert choose_engine(NUMBA, 1) == NUMBA
    assert choose_engine(NUMPY, 1e12) == NUMPY


def test_an_engine_that_there_is_not_is_told():
    with pytest.raises(UsageError, match="fortran: must be one of auto, numpy, numba"):
        choose_engine("fortran", 1)


def test_machine_code_is_kept_by_the_state_of_the_source(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder()
    assert folder == cache_folder()
    assert folder.parent == tmp_path / "returnsim"


def test_the_record_begins_when_it_is_asked_to():
    scenario = load_scenario(
        ROOT / "scenarios/rukban/2019-2025.yaml", {"weeks": 45, "record_from": "2019-07-01"}
    )
    runs = [simulate(scenario, 2, households=50, engine=engine) for engine in (NUMPY, NUMBA)]
    assert list(runs[0].columns) == list(column_names(scenario.guarantor_names))
    np.testing.assert_array_equal(runs[0].weeks, runs[1].weeks)
    np.testing.assert_array_equal(runs[0]["departures"], runs[1]["departures"])
