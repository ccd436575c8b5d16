import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark(group="start-up")
PYTHON = Path(sys.executable)
STARTS = {
    "returnsim --help": (PYTHON.with_name("returnsim"), "--help"),
    "import returnsim": (PYTHON, "-c", "import returnsim"),
    "import what simulates": (PYTHON, "-c", "from returnsim import load_scenario, simulate"),
    "Python alone": (PYTHON, "-c", "pass"),
}


@pytest.mark.parametrize("start", STARTS)
def test_start(benchmark, start):
    run = {"check": True, "capture_output": True}
    benchmark.pedantic(subprocess.run, (STARTS[start],), run, rounds=7)
