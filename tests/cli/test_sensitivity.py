"""``returnsim sensitivity`` runs what is missing, and says what moves the outcomes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import psutil
import pytest

from returnsim.digests import CHECKSUMS, check_written, vouched_for
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sensitivity_runs import check_study
from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import CAMP, begun, command, every_byte, run

pytestmark = pytest.mark.slow

EXPERIMENT = """
title: What moves an invented camp
question: Which guesses matter?
base: camp.yaml
replicates: 16
households: 40
sensitivity: {trajectories: 4, samples: 8, keep: 3, resamples: 100}
factors:
  inclination: {path: behaviour.intercept, range: [-3, 3]}
  fear: {path: behaviour.perceived_risk, range: [2, 20]}
  harm: {path: hazards.harm_per_week, range: [0.001, 0.1], log: true}
  word: {path: guarantors.settlement.enforcement, range: [0, 0.9]}
  none: {path: behaviour.onward_intercept, range: [-9, -8]}
outcomes: {returned: {}, hardship: {}}
"""
CELLS = 4 * 6 + 8 * 5
TABLES = ("morris.csv", "sobol.csv", "sobol_over_time.csv", "sensitivity.json")
TOO_MANY = "1.0e+9"
"""More people than any machine has room for: the file is right, and a cell of it fails where the
sweep has begun."""


def written(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP)
    (folder / "small.yaml").write_text(experiment)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command leaves with two workers, and what it prints."""
    folder = tmp_path_factory.mktemp("made")
    written(folder)
    done = run("sensitivity", "small.yaml", "--workers", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a study that is finished."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "sensitivity")


def test_its_tables_and_figures_are_vouched_for(made: Path):
    results = made / "results/small"
    check_written(results)
    own = {name for name in every_byte(results) if not name.startswith(("screening/", "indices/"))}
    assert vouched_for(results / CHECKSUMS).keys() == own - {CHECKSUMS}


def test_it_says_in_words_what_moves_each_outcome_and_what_does_not(made: Path):
    lines = (made / "printed.txt").read_text().splitlines()
    assert lines[:2] == ["What moves an invented camp", "Which guesses matter?"]
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "Returned, people: " in text
    # The harm stands beside the returns, asked for or not.
    assert "Killed per 100 returned: " in text
    assert "Of little matter to any outcome within their ranges: " in text
    assert "over the ranges; luck " in text
    assert text.endswith("it is not a forecast.")
    assert "All of this holds of the ranges as they are written: most are guesses" in text


def test_what_has_no_effect_is_told_to_have_none(made: Path):
    told = pd.read_csv(made / "results/small/morris.csv")
    # Nobody can go on elsewhere from this camp, whatever would move them to.
    none = told[told.factor == "none"]
    assert set(none.mu_star) == {0.0}
    assert not none.kept.any()
    kept = told[told.kept].factor.unique()
    assert len(kept) == 3
    assert "inclination" in kept


def test_effects_have_the_direction_that_they_must_have(made: Path):
    told = pd.read_csv(made / "results/small/morris.csv").set_index(["outcome", "factor"])
    assert told.mu["returned", "inclination"] > 0
    assert told.mu["returned", "fear"] < 0
    assert told.mu["killed_per_100", "word"] < 0


def test_tables_are_of_every_outcome_and_factor(made: Path):
    results = made / "results/small"
    morris, sobol, over_time = (pd.read_csv(results / name) for name in TABLES[:3])
    assert len(morris) == 5 * morris.outcome.nunique()
    assert len(sobol) == 3 * sobol.outcome.nunique()
    assert set(morris.outcome) == set(sobol.outcome) >= {"returned", "hardship", "killed_per_100"}
    assert over_time.groupby("outcome").date.nunique().unique() == [5]
    # What is summed up to the last day is what is summed up.
    last = over_time[over_time.date == over_time.date.max()].set_index(["outcome", "factor"])
    whole = sobol.set_index(["outcome", "factor"])
    pd.testing.assert_series_equal(last.loc["returned"].total, whole.loc["returned"].total)
    assert {path.name for path in results.iterdir()} == {
        *TABLES,
        *("checksums.json", "screening", "indices", "figures"),
    }


def test_its_provenance_names_what_it_was_made_from(made: Path):
    told = json.loads((made / "results/small/sensitivity.json").read_text())
    assert told["command"] == "returnsim sensitivity small.yaml"
    assert told["points"] == {"screening": 4 * 6, "indices": 8 * 5}
    assert told["factors"]["harm"]["range"] == [0.001, 0.1]
    assert told["settings"]["trajectories"] == 4
    assert (told["seed"], told["replicates"], told["households_asked"]) == (1, 16, 40)
    assert {"model", "draws"} <= set(told["versions"])
    for stage, fingerprint in told["sweeps"].items():
        said = json.loads((made / "results/small" / stage / "run.json").read_text())
        assert said["fingerprint"] == fingerprint


def test_figures_are_drawn_and_each_says_what_it_shows(made: Path):
    figures = made / "results/small/figures"
    captions = json.loads((figures / "captions.json").read_text())
    names = {"elementary-effects", "indices", "indices-over-time"}
    assert set(captions) == names
    assert all(captions.values())
    assert {path.stem for path in figures.glob("*.png")} == names
    assert {path.stem for path in figures.glob("*.svg")} == names


@pytest.mark.slow
def test_the_number_of_workers_leaves_no_trace_and_a_second_run_runs_nothing(
    returnsim: Run, folder: Path
):
    before = every_byte(folder / "results" / "small")
    code, out, err = returnsim("small.yaml", "--workers", 1)
    assert (code, out) == (0, (folder / "printed.txt").read_text())
    assert "24 of 24 cells, 24 were there" in err
    assert every_byte(folder / "results" / "small") == before
    shutil.rmtree(folder / "results")
    code, again, _ = returnsim("small.yaml", "--workers", 1)
    assert (code, again) == (0, out)
    after = every_byte(folder / "results" / "small")
    same = (*TABLES[:3], "figures/", "screening/outcomes", "indices/outcomes")
    for name in before:
        if name.startswith(same):
            assert after[name] == before[name], name


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_from_there(folder: Path):
    words = command("sensitivity", "small.yaml", "--out", "fresh", "--workers", 1, "--no-figures")
    process = subprocess.Popen(words, cwd=folder, stderr=subprocess.DEVNULL)
    store = folder / "fresh" / "screening" / "store"
    while process.poll() is None and not list(store.glob("??/*.json")):
        pass
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(workers, timeout=60)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "were there" in done.stderr
    for name in TABLES[:3]:
        assert (folder / "fresh" / name).read_bytes() == (
            folder / "results" / "small" / name
        ).read_bytes()


def test_json_is_all_that_is_on_stdout(returnsim: Run, folder: Path):
    code, out, err = returnsim("small.yaml", "--workers", 1, "--json", "--no-figures")
    assert code == 0
    assert out == (folder / "results/small/sensitivity.json").read_text()
    assert err.endswith("The tables are in results/small\n")


def study_begun(folder: Path, name: str) -> None:
    """A folder in which a study has kept a cell, of whatever it was then."""
    begun(folder / "sweep")
    shutil.copytree(folder / "sweep", folder / name / "screening")


def with_people(folder: Path, values: str) -> None:
    """The experiment, with how many people there are as a factor."""
    people = f"  people: {{path: population.people, values: {values}}}\n"
    text = EXPERIMENT.replace("households: 40\n", "").replace("outcomes:", people + "outcomes:")
    (folder / "small.yaml").write_text(text.replace("trajectories: 4", "trajectories: 12"))


@pytest.mark.slow
def test_trajectories_whose_cells_failed_are_left_out_and_said(returnsim: Run, folder: Path):
    # On four levels a walk steps from the first to the third, or from the second to the last.
    with_people(folder, f"[300, 302, 304, {TOO_MANY}]")
    study_begun(folder, "fresh")
    code, out, err = returnsim("small.yaml", "--out", "fresh", "--json", "--no-figures")
    assert code == 1
    told = json.loads(out)
    lost = told["trajectories_lost"]
    assert 0 < lost <= 8
    assert {row["trajectories"] for row in told["screening"]} >= {12 - lost}
    assert "The study goes without; the same command tries them again" in err


def test_too_few_whole_trajectories_end_with_code_two(returnsim: Run, folder: Path):
    with_people(folder, f"[300, {TOO_MANY}]")
    study_begun(folder, "none")
    code, out, err = returnsim("small.yaml", "--out", "none", "--workers", 1)
    # Every walk takes every step, that to so many people too.
    assert (code, out) == (2, "")
    assert "screening: 12 of the 12 trajectories hold a run that failed, and 4 at least" in err


WRONG = [
    ("factors:", "cases: {a: {}, b: {}}\nfactors:", "small.yaml:8:1: cases: a study is of one"),
    ("[2, 20]", "[20, 2]", "small.yaml:10:42: factors.fear.range: the lower end comes first"),
    ("samples: 8", "samples: 9", "small.yaml:7:32: sensitivity.samples: 9: must be a power of two"),
    (EXPERIMENT[EXPERIMENT.index("factors:") :], "", "factors: a study needs at least two factors"),
]


@pytest.mark.parametrize(("before", "after", "said"), WRONG, ids=[said for *_, said in WRONG])
def test_what_is_no_study_ends_with_code_two_and_runs_nothing(
    returnsim: Run, folder: Path, before: str, after: str, said: str
):
    (folder / "small.yaml").write_text(EXPERIMENT.replace(before, after))
    code, out, err = returnsim("small.yaml", "--out", "fresh", "--workers", 1)
    assert (code, out) == (2, "")
    assert said in err
    assert not (folder / "fresh").exists()


@pytest.mark.parametrize(
    ("there", "text", "said"),
    [
        ("screening/mine.txt", "mine", "screening: holds files of another kind"),
        ("notes.txt", "mine", "did not write, such as notes.txt; they are left alone"),
        ("run.json", '{"experiment": "small"}', "did not write, such as run.json"),
        ("figures/mine.txt", "mine", "did not write, such as figures/mine.txt"),
        ("figures/series.png", "", "did not write, such as figures; they are left alone"),
        ("morris.csv", "mine", "did not write, such as morris.csv; they are left alone"),
        ("sensitivity.json", '{"experiment": "other"}', "holds the study of 'other'"),
    ],
)
def test_a_folder_of_another_kind_is_left_alone(
    returnsim: Run, folder: Path, there: str, text: str, said: str
):
    file = folder / "mine" / there
    file.parent.mkdir(parents=True)
    file.write_text(text)
    before = every_byte(folder)
    code, out, err = returnsim("small.yaml", "--out", "mine", "--workers", 1)
    assert (code, out) == (2, "")
    assert said in err
    assert every_byte(folder) == before


def test_tables_that_were_handed_on_without_their_cells_are_written_again(
    returnsim: Run, folder: Path
):
    results = folder / "results" / "small"
    for stage in ("screening", "indices"):
        shutil.move(results / stage, folder / stage)
    (results / "checksums.json").unlink()
    experiment = load_experiment(folder / "small.yaml")
    check_study(experiment, results)
    (results / "screening").mkdir()
    (results / ".morris.csv.0f3a.partial").write_text("")
    check_study(experiment, results)


def test_without_salib_it_says_what_to_install_and_runs_nothing(folder: Path):
    start = (
        "import sys; sys.modules['SALib'] = None; from returnsim.cli import main; "
        "sys.argv = ['returnsim', 'sensitivity', 'small.yaml', '--out', 'fresh']; main()"
    )
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "the study needs SALib, which makes its designs: install the extra sensitivity "
        "(in a checkout: pip install -e '.[sensitivity]')\n"
    )
    assert not (folder / "fresh").exists()
