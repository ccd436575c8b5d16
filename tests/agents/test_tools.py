"""What Mesa and its readers do with the model: batches, a page in the browser, the tutorial."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import mesa
import pytest

from returnsim import ReturnModel, load_scenario, simulate

from .camp import ROOT, RUKBAN, camp


def test_mesas_batch_run_sweeps_replicates_and_levers():
    rows = mesa.batch_run(
        ReturnModel,
        {
            "scenario": str(RUKBAN),
            "households": 40,
            "weeks": 8,
            "levers__siege__severity": [0.0, 0.9],
            "replicate": [0, 1],
        },
        number_processes=1,
        display_progress=False,
    )
    assert len(rows) == 4
    reserves = {(r["levers__siege__severity"], r["replicate"]): r["reserves"] for r in rows}
    assert len(set(reserves.values())) == 4
    kept = simulate(
        load_scenario(RUKBAN, {"weeks": 8, "levers.siege.severity": 0.9}), 2, households=40
    )
    assert reserves[0.9, 1] == kept.columns["reserves"][1, -1]


@pytest.mark.filterwarnings("ignore")
def test_solaraviz_draws_steps_and_resets_the_model():
    solara = pytest.importorskip("solara")
    import ipyvuetify
    from mesa.visualization import SolaraViz, make_plot_component

    given = {"scenario": str(RUKBAN), "households": 40, "weeks": 8}
    slider = {"type": "SliderFloat", "value": 0.5, "min": 0, "max": 1, "step": 0.1}
    model = solara.reactive(ReturnModel(**given))
    page = SolaraViz(
        model,
        components=[make_plot_component(["camp_population", "at_home"])],
        model_params={**given, "levers__siege__severity": slider},
    )
    _, rendered = solara.render(solara.AppLayout(children=[page]), handle_error=False)
    rendered.find(ipyvuetify.Btn, children=["Step"]).widget.click()
    assert model.value.t == 1
    rendered.find(ipyvuetify.Btn, children=["Reset"]).widget.click()
    assert (model.value.t, model.value.levers.siege.severity) == (0, 0.5)
    rendered.close()


@pytest.mark.filterwarnings("ignore")
def test_solaraviz_needs_no_more_than_the_model():
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, make_plot_component

    page = SolaraViz(ReturnModel(camp()), components=[make_plot_component("camp_population")])
    _, rendered = solara.render(page, handle_error=False)
    rendered.close()


def _newer_python() -> str | None:
    beside = Path(sys.base_prefix).parent.glob("3.1[2-9]*/bin/python3")
    named = [shutil.which(f"python3.1{minor}") for minor in (3, 2)]
    for python in [*map(str, beside), *filter(None, named)]:
        asked = subprocess.run(
            [python, "-c", "import sys; print(sys.version_info >= (3, 12))"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == "True":
            return python
    return None


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this is the newer Mesa already")
def test_the_model_works_on_the_mesa_of_newer_pythons(tmp_path: Path):
    python = _newer_python()
    if python is None:
        pytest.skip("there is no Python 3.12 or newer beside this one")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    there = tmp_path / "venv" / "bin" / "python"
    install = [there, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["-c", ROOT / "constraints.txt", f"{ROOT}[dev]"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"its packages cannot be had: {done.stderr.strip().splitlines()[-1]}")
    tests = ["tests/agents", "tests/cli/test_parity.py"]
    run = [there, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    ran = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    version = [there, "-c", "import mesa; print(mesa.__version__)"]
    told = subprocess.run(version, capture_output=True, text=True, check=True).stdout
    assert tuple(map(int, told.split(".")[:2])) >= (3, 5)


@pytest.mark.filterwarnings("ignore")
def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path, monkeypatch, capsys):
    pytest.importorskip("solara")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    text = (ROOT / "docs" / "mesa.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    shared: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/mesa.md", "exec"), shared)
    assert (tmp_path / "camp.png").stat().st_size > 0
    printed = capsys.readouterr().out
    (told,) = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert printed.startswith(told)
    assert "perceived_risk" in printed
