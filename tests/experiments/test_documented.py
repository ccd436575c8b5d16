"""What the pages say of experiments can be typed as it stands there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from returnsim.experiments.files import load_experiment
from returnsim.scenario.files import load_scenario
from tests.agents.camp import ROOT
from tests.experiments.sweeps import run


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_experiment_of_the_first_page_loads_over_the_camp_that_new_makes(tmp_path: Path):
    assert run("new", tmp_path / "my-camp").returncode == 0
    (text,) = [block for block in blocks("README.md", "yaml") if "factors:" in block]
    (tmp_path / "experiment.yaml").write_text(text)
    loaded = load_experiment(tmp_path / "experiment.yaml")
    assert len(loaded.cases) == 6


def test_draws_written_as_shown_are_a_posterior(tmp_path: Path):
    (writes,) = [b for b in blocks("docs/experiments.md", "python") if "to_parquet" in b]
    subprocess.run([sys.executable, "-c", writes], cwd=tmp_path, check=True, timeout=300)
    camp = (ROOT / "scenarios" / "rukban" / "2019-2025.yaml").as_posix()
    (tmp_path / "fitted.yaml").write_text(f"extends: {camp}\nposterior: posterior.parquet\n")
    posterior = load_scenario(tmp_path / "fitted.yaml").posterior
    assert posterior is not None
    assert posterior.draws == {"behaviour.hardship": (1.5, 2.0, 2.5)}
    assert posterior.discrepancy == (0.2, 0.1, 0.3)


@pytest.mark.slow
def test_any_executor_can_run_the_cells_and_the_outcomes_are_read_as_shown(tmp_path: Path):
    for name in ("experiments", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.py"))
    _, reads, runs = blocks("docs/experiments.md", "python")
    (tmp_path / "my_sweep.py").write_text(runs)
    done = subprocess.run(
        [sys.executable, "my_sweep.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "were there" in done.stdout
    (tmp_path / "read.py").write_text(reads + "print(sorted(outcomes.columns))")
    read = subprocess.run(
        [sys.executable, "read.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert "'case', 'conscripted'" in read.stdout, read.stderr
