"""Ctrl-C ends every long command with 130 and a word, and leaves nothing half-written."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from returnsim.digests import check_written
from tests.experiments.sweeps import CAMP
from tests.fuzz.mutations import ROOT
from tests.fuzz.typed import standing_in, tree, typed

ANSWERED = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "sys.argv[0] = 'returnsim'; from returnsim.cli import main; main()"
)
"""As from a terminal: what runs in the background of a shell does not hear of Ctrl-C."""

PRESSED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = "returnsim"

def press(event, arguments):
    if event == "open" and str(arguments[0]).endswith("report.html.j2"):
        signal.raise_signal(signal.SIGINT)

sys.addaudithook(press)
from returnsim.cli import main
main()
"""
"""Pressed at the moment at which the page is made, or what else is named in its place."""

LONG = ["--replicates", "2000", "--workers", "1", "--engine", "numpy"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 400"))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("attribute", "camp.yaml", *LONG),
        pytest.param(
            ("validate", str(ROOT / "scenarios/kosovo/macedonia-1999.yaml"), *LONG),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_that_is_stopped_leaves_130_and_the_folder_as_it_was(
    folder: Path, words: tuple[str, ...]
):
    before = tree(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", ANSWERED, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": "120"},
    )
    assert process.stderr is not None
    heard = b""
    # Some part of it is done, and there is more to do.
    while not re.search(rb"[1-9]\d*%", heard):
        part = process.stderr.read1(4096)
        assert part, heard
        heard += part
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == b""
    assert b"stopped; nothing was written" in err
    assert b"Traceback" not in heard + err
    assert tree(folder) == before


@pytest.mark.slow
def test_a_report_that_is_stopped_leaves_130_and_no_page(folder: Path):
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 4"))
    with standing_in(folder):
        few = ("--replicates", 1, "--households", 20, "--workers", 1, "--no-figures")
        assert typed("run", "camp.yaml", *few, "--out", "run").code == 0
    before = tree(folder)
    done = subprocess.run(
        [sys.executable, "-c", PRESSED, "report", "run"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "stopped; nothing was written" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(folder) == before


@pytest.mark.slow
def test_a_comparison_that_is_stopped_says_what_is_kept(folder: Path):
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 4"))
    with standing_in(folder):
        few = ("--replicates", 2, "--households", 20, "--workers", 1, "--no-figures")
        assert typed("run", "camp.yaml", *few, "--out", "run").code == 0
    done = subprocess.run(
        [sys.executable, "-c", PRESSED.replace("report.html.j2", "series.png"), "compare", "run"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "stopped; what was written is kept in run: the same command writes the" in done.stderr
    assert (folder / "run" / "compare.csv").is_file()
    check_written(folder / "run")
