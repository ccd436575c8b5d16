"""``returnsim verdict`` runs what is missing and says what can be said, and what cannot."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from returnsim.digests import CHECKSUMS, check_written, vouched_for
from returnsim.errors import UsageError
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sweep import sweep
from returnsim.experiments.tables import run_of
from returnsim.experiments.unknowns import prepared_verdict
from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import CAMP, begun, every_byte, here

pytestmark = pytest.mark.slow

EXPERIMENT = """
title: Two words and a siege, over what nobody knows
question: Which is better?
base: camp.yaml
replicates: 16
households: 40
cases:
  as it is: {}
  word kept: {set: {guarantors.settlement.enforcement: 1}}
  siege eased: {set: {levers.siege.severity: 0.1}}
design: {kind: latin_hypercube, samples: 5}
factors:
  fear: {path: behaviour.perceived_risk, range: [2, 20]}
  harm: {path: hazards.harm_per_week, range: [0.02, 0.1], log: true}
"""
POLICIES = ["as it is", "word kept", "siege eased"]
CELLS = 2 * 3 * 5
"""Each policy at each point, and its pair; those of the eased siege are those of the siege."""
TOO_MANY = "1.0e+9"
"""More people than any machine has room for: the file is right, and a cell of it fails where the
sweep has begun."""
FAST = ("--workers", 1, "--no-figures")


def written(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 60"))
    (folder / "small.yaml").write_text(experiment)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cells of the experiment, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    experiment = prepared_verdict(load_experiment(written(folder)))
    typed = "returnsim verdict small.yaml"
    assert sweep(experiment, folder / "small", here(), command=typed).failed == 0
    return folder / "small"


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with an experiment whose cells have been run."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    shutil.copytree(made, tmp_path / "results" / "small")
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "verdict")


def test_a_sweep_is_run_judged_and_written_down(returnsim: Run, folder: Path):
    code, out, err = returnsim("small.yaml", "--out", "fresh", "--workers", 1)
    assert code == 0, err
    assert "The tables and the figures are in fresh/verdict\n" in err
    names = {path.name for path in (folder / "fresh" / "verdict").iterdir()}
    tables = {"verdict.csv", "policies.csv", "verdict.json"}
    assert names == {*tables, "checksums.json", "figures"}
    check_written(folder / "fresh" / "verdict")
    vouched = vouched_for(folder / "fresh/verdict" / CHECKSUMS)
    assert vouched.keys() == every_byte(folder / "fresh/verdict").keys() - {CHECKSUMS}
    captions = json.loads((folder / "fresh/verdict/figures/captions.json").read_text())
    assert set(captions) == {"shares", "frontier"}
    lines = out.splitlines()
    assert lines[:2] == ["Two words and a siege, over what nobody knows", "Which is better?"]
    assert max(map(len, lines)) <= 80
    assert "Safe voluntary returns (more is better)" in lines
    assert "Detained, conscripted or killed after return (less is better)" in lines
    assert out.endswith("it is not a forecast.\n")
    # Food for those who stay is less want everywhere; of five points out of five one knows so much.
    hardship = lines.index("Hardship in camp, mean over the weeks (less is better)")
    assert [line.split() for line in lines[hardship + 2 : hardship + 4]] == [
        ["siege", "eased", other, *word, "100", "(65", "to", "100)"]
        for other, *word in (["as", "it", "is"], ["word", "kept"])
    ]
    # What was finished is kept: the same again runs nothing and writes the same.
    before = every_byte(folder / "fresh" / "verdict")
    code, again, err = returnsim("small.yaml", "--out", "fresh", "--workers", 1)
    assert (code, again) == (0, out)
    assert "were there" in err
    assert every_byte(folder / "fresh" / "verdict") == before


def test_the_cells_are_those_of_the_sweep(returnsim: Run, folder: Path):
    before = every_byte(folder / "results" / "small")
    code, _, err = returnsim("small.yaml", *FAST)
    assert code == 0, err
    after = every_byte(folder / "results" / "small")
    assert {name: after[name] for name in before} == before
    new = {name.partition("/")[0] for name in set(after) - set(before)}
    assert new == {"verdict"}


def test_shares_are_those_of_the_points_and_their_replicates(returnsim: Run, folder: Path):
    assert returnsim("small.yaml", *FAST)[0] == 0
    table = pd.read_csv(folder / "results/small/verdict/verdict.csv")
    outcomes = pd.read_parquet(folder / "results/small/outcomes.parquet")
    outcomes[["policy", "point"]] = outcomes["case"].str.split(", ", expand=True)
    values = outcomes.pivot(index=["point", "replicate"], columns="policy", values="killed")
    d = (values["word kept"] - values["as it is"]).unstack()
    half = 1.7530503556925547 * d.std(axis=1) / 4  # Student's t of 15 degrees, 0.95
    chosen = (table.outcome == "killed") & (table.policy == "as it is")
    (row,) = table[chosen & (table.other == "word kept")].to_dict("records")
    assert row["points"] == 5
    assert row["other_better"] == ((d.mean(axis=1) + half) < 0).sum()
    assert row["policy_better"] == ((d.mean(axis=1) - half) > 0).sum()
    assert row["mean_difference"] == pytest.approx(-d.mean(axis=1).mean())


def test_policies_are_told_by_the_means_of_their_points(returnsim: Run, folder: Path):
    assert returnsim("small.yaml", *FAST)[0] == 0
    table = pd.read_csv(folder / "results/small/verdict/policies.csv").set_index("policy")
    assert list(table.index) == POLICIES
    outcomes = pd.read_parquet(folder / "results/small/outcomes.parquet")
    outcomes[["policy", "point"]] = outcomes["case"].str.split(", ", expand=True)
    harm = sum(outcomes[name] for name in ("detained", "conscripted", "killed"))
    share = (
        sum(outcomes[f"{name}_per_100"] for name in ("detained", "conscripted", "killed"))
        .div(100)
        .clip(upper=1)
        .fillna(0)
    )
    willing = outcomes["voluntary"] + outcomes["hastened"]
    outcomes = outcomes.assign(harmed=harm, safe_voluntary=willing * (1 - share))
    points = outcomes.groupby(["policy", "point"]).mean(numeric_only=True)
    for name in ("harmed", "safe_voluntary", "hardship", "died_in_camp", "returned"):
        means = points[name].groupby("policy").mean()
        np.testing.assert_allclose(table[name], means[POLICIES], rtol=1e-6)
    # Without the siege that is eased, everyone returns as without the siege itself.
    pushed = points["pushed"] / points[["voluntary", "hastened", "pushed"]].sum(axis=1)
    np.testing.assert_allclose(table["pushed_share"], pushed.groupby("policy").mean()[POLICIES])


def test_json_is_all_that_is_on_stdout(returnsim: Run, folder: Path):
    code, out, _ = returnsim("small.yaml", *FAST, "--json")
    assert code == 0
    told = json.loads(out)
    assert out == (folder / "results/small/verdict/verdict.json").read_text()
    assert [one["policy"] for one in told["policies"]] == POLICIES
    assert {pair["verdict"] for pair in told["pairs"]} <= {
        *("better", "the same", "not decidable", "not defined")
    }
    assert (told["points"], told["replicates"], told["pushed_at_most"]) == (5, 16, 0.1)


def test_no_figures_are_drawn_where_none_are_wanted(returnsim: Run, folder: Path):
    _, _, err = returnsim("small.yaml", *FAST)
    assert err.endswith("The tables are in results/small/verdict\n")
    assert not (folder / "results/small/verdict/figures").exists()


def test_how_many_may_be_pushed_is_for_the_reader_to_say(returnsim: Run, folder: Path):
    told = {}
    for most in (0, 1):
        code, out, _ = returnsim("small.yaml", *FAST, "--json", "--pushed-at-most", most)
        assert code == 0
        told[most] = {one["policy"]: one for one in json.loads(out)["policies"]}
    assert all(one["within_limit_on_pushed"] for one in told[1].values())
    assert any(one["frontier"] for one in told[1].values())
    assert not told[0]["as it is"]["within_limit_on_pushed"]
    assert told[0]["as it is"]["measures"]["pushed_share"]["mean"] > 0


def test_the_command_written_down_gives_the_same_verdict_again(returnsim: Run, folder: Path):
    typed = ("small.yaml", "--out", "results/small", "--pushed-at-most", 0.25, "--returns-alone")
    assert returnsim(*typed, *FAST)[0] == 0
    made = folder / "results/small/verdict"
    before = every_byte(made)
    command = json.loads((made / "verdict.json").read_text())["command"]
    assert command == f"returnsim verdict {' '.join(map(str, typed))}"
    assert returnsim(*command.split()[2:], *FAST)[0] == 0
    assert every_byte(made) == before


def test_a_sweep_that_says_nothing_of_itself_is_named(folder: Path):
    (folder / "results/small/run.json").write_text("{")
    with pytest.raises(UsageError, match=r"results/small/run.json: is missing or damaged"):
        run_of(folder / "results/small")


def test_a_ranking_by_returns_alone_has_the_harm_beside_it(returnsim: Run, folder: Path):
    (folder / "small.yaml").write_text(EXPERIMENT + "outcomes: {returned: {}}\n")
    before = every_byte(folder)
    code, out, err = returnsim("small.yaml", *FAST)
    assert (code, out) == (2, "")
    assert err.startswith(
        "small.yaml:15:11: outcomes: names returns alone, and a ranking by returns "
    )
    assert every_byte(folder) == before
    code, out, _ = returnsim("small.yaml", *FAST, "--returns-alone")
    assert code == 0
    head, _, ranking = out.partition(
        "By returns alone, as was asked for, with the harm beside them"
    )
    assert head
    lines = ranking.splitlines()
    assert lines[1].split() == [
        *("returned", "harm", "after", "return", "pushed", "by", "the", "siege")
    ]
    assert [line[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert lines[5].startswith("This order leaves out whether people went of their own will")
    assert "Safe voluntary returns (more is better)" in ranking


def test_without_the_flag_nothing_is_ranked_by_returns(returnsim: Run):
    _, out, _ = returnsim("small.yaml", *FAST)
    assert "By returns alone" not in out


WRONG = [
    (EXPERIMENT.replace("latin_hypercube, samples: 5", "full_factorial"), "design.kind: full_fact"),
    (
        EXPERIMENT.replace("hazards.harm_per_week", "levers.aid.coverage"),
        "factors.harm: is a lever",
    ),
    (EXPERIMENT + "outcomes: {voluntary: {column: onward}}\n", "outcomes.voluntary: has a meaning"),
    (EXPERIMENT.replace("samples: 5", "samples: five"), "small.yaml:11:42: design.samples"),
]


@pytest.mark.parametrize(("experiment", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_no_question_for_a_verdict_ends_with_code_two_and_runs_nothing(
    returnsim: Run, folder: Path, experiment: str, said: str
):
    (folder / "small.yaml").write_text(experiment)
    before = every_byte(folder)
    code, out, err = returnsim("small.yaml", *FAST)
    assert (code, out) == (2, "")
    assert said in err
    assert every_byte(folder) == before


def test_without_scikit_learn_it_says_what_to_install_and_runs_nothing(folder: Path):
    start = (
        "import sys; sys.modules['sklearn'] = None; from returnsim.cli import main; "
        "sys.argv = ['returnsim', 'verdict', 'small.yaml', '--out', 'fresh']; main()"
    )
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "the verdict needs scikit-learn, which finds where it flips: install the extra verdict "
        "(in a checkout: pip install -e '.[verdict]')\n"
    )
    assert not (folder / "fresh").exists()


def test_points_whose_cells_failed_are_left_out_and_said(returnsim: Run, folder: Path):
    people = f"  people: {{path: population.people, values: [300, {TOO_MANY}]}}\n"
    whole_camp = EXPERIMENT.replace("households: 40\n", "")
    (folder / "small.yaml").write_text(whole_camp + people)
    begun(folder / "fresh")
    code, out, err = returnsim("small.yaml", "--out", "fresh", *FAST, "--json")
    assert code == 1
    told = json.loads(out)
    assert told["points"] + told["points_left_out"] == 5
    assert 0 < told["points_left_out"] < 5
    assert "the same command tries them again" in err
    (folder / "small.yaml").write_text(whole_camp + people.replace("300, ", ""))
    begun(folder / "none")
    code, out, err = returnsim("small.yaml", "--out", "none", *FAST)
    assert (code, out) == (2, "")
