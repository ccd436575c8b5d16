"""Results made once, to be reported of or damaged in copies."""

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from returnsim.cli import _app
from tests.cli.typed import Run, command_line
from tests.report.made import FEW, write_scenarios


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a run, one of the same camp eased, an attribution and a sweep."""
    folder = tmp_path_factory.mktemp("made")
    write_scenarios(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for words in (
            ("run", "camp.yaml", *FEW, "--out", "run"),
            ("run", "eased.yaml", *FEW, "--out", "eased", "--no-figures"),
            ("attribute", "camp.yaml", *FEW, "--out", "attributed", "--no-figures"),
            ("sweep", "compared.yaml", "--workers", "1", "--out", "compared"),
            ("compare", "compared"),
        ):
            done = CliRunner().invoke(_app(), words)
            assert done.exit_code == 0, done.output
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with results of its own."""
    shutil.copytree(made, tmp_path / "here", ignore=shutil.ignore_patterns("store"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Types ``returnsim report`` with arguments."""
    return command_line(monkeypatch, capsys, "report")
