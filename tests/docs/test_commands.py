"""Whatever the pages have the reader type can be typed, at a size that is quick."""

import io
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.typed import Run, command_line
from tests.docs.pages import PAGES, ROOT, TUTORIAL, commands, python_of

SMALL = "--replicates 2 --households 60 --workers 1 --no-figures"
APPENDED: Mapping[str, str] = {
    "attribute": SMALL,
    "calibrate": "--workers 1",
    "calibrate --check": "--workers 1 --check 16",
    "check": "",
    "compare": "--no-figures",
    "diff": "",
    "explain": "--households 60 --no-figures",
    "explore": "--help",  # a page that is served until it is stopped: tests/explorer/
    "new": "",
    "parity": "--households 60 --twin-households 20 --weeks 20",
    "report": "",
    "run": SMALL,
    "sensitivity": "--workers 1",
    "show": "",
    "store": "",
    "sweep": "--workers 1",
    "sweep --scheduler": "--help",  # with one that runs: tests/experiments/test_cluster.py
    "validate": SMALL,
    "verdict": "--workers 1",
}
"""What a command, or one with an option, is given besides what the page says."""

LONG = ("calibrate", "sensitivity", "verdict", "validate")
"""What takes a while at any size."""

SMALLER: Mapping[str, Mapping[str, object]] = {
    "": {"replicates": 16, "households": 20},
    "design": {"samples": 4},
    "sensitivity": {"trajectories": 4, "samples": 8, "keep": 2, "resamples": 100},
    "calibration": {
        "prior_runs": 64,
        "generations": 1,
        "candidates": 4,
        "shared_replicates": 1,
        "waves": [2.0, 1.0],
        "runs_a_wave": 64,
        "steps": 200,
        "draws": 32,
        "full_size_draws": 8,
    },
}
"""What the shipped experiments say instead, by section."""

MADE_BEFORE: Mapping[str, list[str]] = {
    "docs/howto/run-on-a-cluster.md": ["returnsim sweep experiments/small.yaml"],
    "docs/report.md": [
        "returnsim sweep experiments/rukban-what-if.yaml",
        "returnsim run scenarios/rukban/2019-2025.yaml --out results/rukban-2019-2025",
        "returnsim attribute scenarios/rukban/2019-2025.yaml "
        "--out results/rukban-2019-2025-attribution",
        "returnsim validate scenarios/rukban/2019-2025.yaml --out results/rukban-validated",
    ],
}
"""What other pages, or `make`, have made by the time a page is read."""

PYTHON_IN: Mapping[str, str] = {
    "docs/experiments.md": "tests/experiments/test_documented.py",
    "docs/mesa.md": "tests/agents/test_tools.py",
}
"""Tests that run the Python of a page, where it needs more than these sizes."""

SMALLER_PYTHON = {"replicates=4, seed=1": "replicates=1, seed=1, households=60"}

WITH_COMMANDS = [
    page
    for page in PAGES
    if page != TUTORIAL and any(c.startswith("returnsim") for c in commands(page))
]
QUICK = [
    page
    for page in WITH_COMMANDS
    if not any(c.split()[1] in LONG for c in (*MADE_BEFORE.get(page, ()), *commands(page)))
]
FIRST = ("README.md", "docs/quickstart.md")
"""What a newcomer types first is run at every commit."""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like that of the repository, with experiments that are quick."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shutil.copytree(ROOT / "src/returnsim/starter", tmp_path / "src/returnsim/starter")
    (tmp_path / "experiments").mkdir()
    for file in (ROOT / "experiments").glob("*.yaml"):
        (tmp_path / "experiments" / file.name).write_text(smaller(file), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def returnsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return command_line(monkeypatch, capsys)


def smaller(experiment: Path) -> str:
    """An experiment as it is written, but for its sizes."""
    yaml = YAML()
    said = yaml.load(experiment.read_text(encoding="utf-8"))
    for section, sizes in SMALLER.items():
        if section in said or not section:
            (said[section] if section else said).update(sizes)
    written = io.StringIO()
    yaml.dump(said, written)
    return written.getvalue()


def typed(command: str) -> list[str]:
    """The words after `returnsim`, with what they are given besides and the files they mean."""
    words = shlex.split(command)[1:]
    rules = [
        rule for rule in APPENDED if words[0] == rule.split()[0] and {*rule.split()} <= {*words}
    ]
    if not rules:
        pytest.fail(f"no rule says how `{command}` is to be run: add one to APPENDED")
    words += shlex.split(APPENDED[max(rules, key=len)])
    meant = [sorted(map(str, Path().glob(word))) if "*" in word else [word] for word in words]
    return [word for files in meant for word in files]


def type_all(page: str, returnsim: Run) -> None:
    """Type what a page says, and run its Python."""
    for command in (*MADE_BEFORE.get(page, ()), *commands(page)):
        if command.startswith("returnsim"):
            code, _, err = returnsim(*typed(command))
            assert code == 0, f"{page}: {command}: {err}"
    if page in PYTHON_IN:
        return
    shared: dict[str, object] = {}
    for text in python_of(page):
        for usual, small in SMALLER_PYTHON.items():
            text = text.replace(usual, small)
        exec(compile(text, page, "exec"), shared)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "page",
    [page if page in FIRST else pytest.param(page, marks=pytest.mark.slow) for page in QUICK],
)
def test_every_command_of_a_page_runs(page: str, scratch: Path, returnsim: Run):
    type_all(page, returnsim)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", sorted(set(WITH_COMMANDS) - set(QUICK)))
def test_every_command_of_a_page_that_fits_or_judges_runs(page: str, scratch: Path, returnsim: Run):
    type_all(page, returnsim)


@pytest.mark.parametrize("page", sorted(set(WITH_COMMANDS) - set(QUICK)))
def test_every_command_of_a_page_that_fits_or_judges_is_understood(page: str, returnsim: Run):
    for command in commands(page):
        code, out, err = returnsim(*typed(command), "--help")
        assert (code, out[:6]) == (0, "Usage:"), f"{page}: {command}: {err}"


def test_a_command_that_no_rule_covers_is_told_by_its_name():
    with pytest.raises(pytest.fail.Exception, match="returnsim dance"):
        typed("returnsim dance")


def test_every_target_that_a_page_names_can_be_made():
    named = {c.split()[1] for page in PAGES for c in commands(page) if c.startswith("make")}
    assert {"demo", "test", "docs"} <= named
    for target in sorted(named):
        told = ["make", "--dry-run", "--always-make", target]
        asked = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=False)
        assert asked.returncode == 0, asked.stderr


def test_all_python_of_the_pages_is_run():
    with_python = {page for page in PAGES if python_of(page)}
    assert with_python <= {*QUICK, *PYTHON_IN}
    for page, test in PYTHON_IN.items():
        assert page.rpartition("/")[2] in (ROOT / test).read_text(encoding="utf-8")
