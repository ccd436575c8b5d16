"""Two runs of the benchmarks: what is called faster or slower, and what is not."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.compare import (
    FASTER,
    NOTHING,
    SLOWER,
    TOO_FEW,
    compare,
    timings_of,
    verdict_of,
)

ROOT = Path(__file__).parents[2]
STEADY = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98]


def times(factor: float) -> list[float]:
    return [factor * seconds for seconds in STEADY]


def run_file(folder: Path, name: str, timings: dict[str, list[float]]) -> Path:
    file = folder / name
    benchmarks = [{"fullname": key, "stats": {"data": data}} for key, data in timings.items()]
    file.write_text(json.dumps({"benchmarks": benchmarks}))
    return file


def typed(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "benchmarks.compare", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.2, 1.4, SLOWER),
        (1.05, 1.4, NOTHING),
        (0.8, 1.3, NOTHING),
        (0.8, 0.95, NOTHING),
        (0.7, 0.8, FASTER),
    ],
)
def test_a_verdict_is_given_only_where_the_whole_interval_is_beyond_the_noise(low, high, verdict):
    assert verdict_of(low, high, noise=0.1) == verdict


@pytest.mark.parametrize(("factor", "verdict"), [(1.5, SLOWER), (1.0, NOTHING), (0.5, FASTER)])
def test_what_takes_longer_is_slower(factor, verdict):
    compared = compare("it", STEADY, times(factor))
    assert compared.verdict == verdict
    assert compared.low <= compared.ratio <= compared.high
    assert compared.ratio == pytest.approx(factor)


def test_the_same_run_twice_shows_no_difference_however_it_scatters():
    wild = list(np.geomspace(0.5, 4, 9))
    assert compare("it", wild, wild).verdict == NOTHING


def test_what_became_slower_is_faster_the_other_way_round():
    one, other = STEADY, times(1.6)
    assert compare("it", one, other).verdict == SLOWER
    assert compare("it", other, one).verdict == FASTER


def test_a_few_rounds_say_nothing():
    assert compare("it", [1.0], [9.0]).verdict == TOO_FEW


def test_timings_are_read_by_benchmark(tmp_path):
    file = run_file(tmp_path, "a.json", {"one": STEADY, "two": times(2)})
    assert timings_of(file) == {"one": STEADY, "two": times(2)}


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"benchmarks": [{"fullname": "a"}]}'])
def test_a_file_that_is_no_run_is_named(tmp_path, text):
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"odd\.json: not the JSON of a run"):
        timings_of(file)


def test_the_exit_code_says_whether_anything_is_slower(tmp_path):
    before = run_file(tmp_path, "before.json", {"one": STEADY, "two": STEADY})
    slower = run_file(tmp_path, "slower.json", {"one": STEADY, "two": times(2)})
    told = typed(before, slower)
    assert told.returncode == 1
    assert [line.rsplit("  ")[-1].strip() for line in told.stdout.splitlines()] == [NOTHING, SLOWER]
    assert typed(slower, before).returncode == 0
    missing = typed(before, tmp_path / "none.json")
    assert missing.returncode == 2
    assert "none.json" in missing.stderr
