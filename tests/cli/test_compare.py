"""``returnsim compare`` sets cases side by side, and never returns without the harm after them."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from returnsim.digests import sealed
from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import CAMP, every_byte, swept

EXPERIMENT = """
title: A siege, a word and a half
question: Who goes home, and at what harm?
base: camp.yaml
replicates: 20
households: 40
factors:
  siege: {path: levers.siege.severity, values: [0, 0.6], title: how tight the siege is}
  kept: {path: guarantors.settlement.enforcement, values: [0, 0.9]}
outcomes:
  returned: {}
  pushed: {without: siege}
  hardship: {}
baseline: siege=0.6, kept=0
"""
CASES = [f"siege={siege}, kept={kept}" for siege in (0, 0.6) for kept in (0, 0.9)]
BASELINE = "siege=0.6, kept=0"
HARMS = ["detained", "conscripted", "killed"]
ALONG = ["held", *HARMS, "disappeared", *(f"{harm}_per_100" for harm in HARMS)]
TOO_MANY = "1.0e+9"
"""More people than any machine has room for: the file is right, and a cell of it fails where the
sweep has begun."""
SHORT = ("--replicates", 3, "--households", 40, "--workers", 1, "--no-figures")


def written(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 60"))
    (folder / "small.yaml").write_text(experiment)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    assert swept(written(folder), folder / "small").failed == 0
    return folder / "small"


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a finished sweep of its own."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    shutil.copytree(made, tmp_path / "small")
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys)


def read(table: Path) -> pd.DataFrame:
    return pd.read_csv(table).set_index(["case", "outcome"])


def sections(out: str) -> dict[str, list[str]]:
    """What is printed of each outcome, by the words it begins with."""
    blocks = [block.strip("\n").splitlines() for block in out.split("\n\n")]
    return {block[0].partition("  ")[0]: block[1:] for block in blocks if block}


def test_the_harm_stands_beside_the_returns_case_by_case(returnsim: Run, folder: Path):
    code, out, err = returnsim("compare", "small", "--no-figures")
    assert code == 0
    assert err == "The table is in small\n"
    assert out.startswith("A siege, a word and a half\nWho goes home, and at what harm?\n\n")
    told = sections(out)
    harm = [f"{name} per 100 returned" for name in HARMS]
    assert [name for name in told if "returned" in name] == [
        "returned",
        "returned, pushed by the siege",
        "returned, not yet known whether pushed",
        *harm,
    ]
    for name in ("returned", *harm):
        names = [line.strip().partition("  ")[0] for line in told[name]]
        assert names == [BASELINE, *(case for case in CASES if case != BASELINE)]
        assert told[name][0].endswith("  baseline")
    assert f"Differences from '{BASELINE}' are of the same replicates with the same draws" in out
    assert out.rstrip().endswith("it is not a forecast.")
    assert not (folder / "small" / "figures").exists()


def test_the_table_is_that_of_the_outcomes(returnsim: Run, folder: Path):
    assert returnsim("compare", "small", "--no-figures")[0] == 0
    found = read(folder / "small" / "compare.csv")
    outcomes = pd.read_parquet(folder / "small" / "outcomes.parquet")
    names = ["returned", "pushed", "hardship", "not_yet_known", *ALONG]
    assert list(found.index) == [(case, name) for case in CASES for name in names]
    by_case = {name: rows.set_index("replicate") for name, rows in outcomes.groupby("case")}
    for (case, name), row in found.iterrows():
        values, base = by_case[case][name], by_case[BASELINE][name]
        np.testing.assert_allclose(row["median"], values.median(), rtol=1e-6)
        np.testing.assert_allclose(row["difference"], (values - base).mean(), rtol=1e-6, atol=1e-9)
        assert row["replicates"] == 20
        assert row["ci90_low"] <= row["difference"] <= row["ci90_high"]
        siege, kept = (float(part.partition("=")[2]) for part in case.split(", "))
        assert (row["siege"], row["kept"]) == (siege, kept)
    assert found.loc[(CASES[0], "returned"), "ci90_high"] < 0


def test_json_is_all_that_is_on_stdout_and_says_what_the_table_says(returnsim: Run, folder: Path):
    code, out, _ = returnsim("compare", "small", "--no-figures", "--json")
    assert code == 0
    rows = pd.DataFrame(json.loads(out)).set_index(["case", "outcome"])
    table = read(folder / "small" / "compare.csv")
    assert list(rows.columns) == list(table.columns)
    table["good"] = table["good"].fillna("")
    pd.testing.assert_frame_equal(rows, table, check_dtype=False, rtol=1e-6)


def test_the_harm_is_told_also_where_only_returns_are_asked_for(returnsim: Run, folder: Path):
    asked = ("--outcome", "returned", "--no-figures", "--out", "mine/here")
    code, out, err = returnsim("compare", "small", *asked)
    assert code == 0
    words = [f"{name} after return" for name in HARMS] + [f"{n} per 100 returned" for n in HARMS]
    assert set(words) < set(sections(out))
    assert "hardship" not in out
    assert err == "The table is in mine/here\n"
    told = pd.read_csv(folder / "mine" / "here" / "compare.csv")["outcome"].unique()
    assert list(told) == ["returned", *ALONG]
    assert not (folder / "small" / "compare.csv").exists()


def test_any_case_may_be_the_baseline_and_has_no_difference_from_itself(returnsim: Run):
    code, out, _ = returnsim("compare", "small", "--no-figures", "--baseline", CASES[0])
    assert code == 0
    lines = sections(out)["returned"]
    assert lines[0].strip().startswith(CASES[0])
    assert lines[0].endswith("  baseline")
    # Nobody is pushed by a siege that is not there, whatever is promised.
    same = sections(out)["returned, pushed by the siege"][1]
    assert same.strip().startswith(CASES[1])
    assert same.endswith("  the same")


@pytest.mark.slow
def test_figures_have_captions_and_the_same_bytes_each_time(returnsim: Run, folder: Path):
    code, _, err = returnsim("compare", "small")
    assert (code, err) == (0, "The table and the figures are in small\n")
    figures = folder / "small" / "figures"
    captions = json.loads((figures / "captions.json").read_text())
    assert set(captions) == {"series", "differences", "heat-maps", "returns-and-harm"}
    names = {f"{name}.{ending}" for name in captions for ending in ("png", "svg")}
    assert {path.name for path in figures.iterdir()} == {*names, "captions.json"}
    for caption in captions.values():
        assert "return" in caption
        assert "detained" in caption or "harm" in caption
    before = every_byte(folder)
    assert returnsim("compare", "small")[0] == 0
    assert every_byte(folder) == before


def test_figures_of_an_earlier_comparison_are_removed_and_nothing_else(
    returnsim: Run, folder: Path
):
    figures = folder / "small" / "figures"
    figures.mkdir()
    (figures / "captions.json").write_text(json.dumps({"heat-maps": "Over the design, ..."}))
    for name in ("heat-maps.png", "heat-maps.svg", "mine.png"):
        (figures / name).write_text("of other cases")
    (folder / "small.yaml").write_text(EXPERIMENT.replace("[0, 0.6]", "[0.6]"))
    assert swept(folder / "small.yaml", folder / "small").ran == 0
    assert returnsim("compare", "small")[0] == 0
    assert not list(figures.glob("heat-maps.*"))
    assert (figures / "mine.png").read_text() == "of other cases"
    assert {"series.png", "differences.svg", "effects.png"} <= {p.name for p in figures.iterdir()}


def test_runs_are_compared_by_the_names_of_their_folders(returnsim: Run, folder: Path):
    assert returnsim("run", "camp.yaml", *SHORT, "--out", "before")[0] == 0
    lifted = ("--set", "levers.siege.severity=0")
    assert returnsim("run", "camp.yaml", *SHORT, *lifted, "--out", "after")[0] == 0
    code, out, err = returnsim("compare", "before", "after")
    assert code == 0
    assert err == "The table and the figures are in results/compare-before-after\n"
    lines = sections(out)["returned"]
    assert lines[0].strip().startswith("camp (before)")
    assert lines[1].strip().startswith("camp (after)")
    assert "detained per 100 returned" in sections(out)
    weekly = [pd.read_parquet(folder / name / "weekly.parquet") for name in ("before", "after")]
    before, after = (run.groupby("replicate")["departures"].sum() for run in weekly)
    there = folder / "results" / "compare-before-after"
    told = read(there / "compare.csv").loc[("camp (after)", "returned"), "difference"]
    np.testing.assert_allclose(told, (after - before).mean(), rtol=1e-6)
    captions = there / "figures" / "captions.json"
    assert set(json.loads(captions.read_text())) == {"series", "differences"}


def test_a_run_and_a_sweep_are_compared_over_the_replicates_of_both(returnsim: Run):
    assert returnsim("run", "camp.yaml", *SHORT, "--set", "weeks=50", "--out", "one")[0] == 0
    code, out, _ = returnsim("compare", "small", "one", "--no-figures")
    assert code == 0
    (line,) = [line for line in sections(out)["returned"] if line.strip().startswith("camp ")]
    assert "Cases have from 3 to 20 replicates; differences are over those that both have." in out
    assert "Cases span unlike weeks: what is summed up is each one's own." in out
    assert " to " in line


OTHER = EXPERIMENT.partition("factors")[0] + (
    "outcomes:\n  returned: {measure: date, date: 2021-08-30}\n  pushed: {without: corridor}\n"
    "  hardship: {column: [killed], per_100: [departures]}\n"
)
"""Outcomes of the same names that mean something else."""


@pytest.fixture
def other(folder: Path) -> Path:
    """A sweep whose outcomes of the same names are others."""
    (folder / "other.yaml").write_text(OTHER)
    assert swept(folder / "other.yaml", folder / "other").failed == 0
    return folder / "other"


def test_outcomes_of_one_name_that_mean_something_else_are_left_out_and_named(
    returnsim: Run, other: Path
):
    code, out, _ = returnsim("compare", "small", "other", "--no-figures")
    assert code == 0
    apart = {
        "returned": "measure 'date' where small has 'cumulative', date '2021-08-30'",
        "pushed": "without 'corridor' where small has 'siege'",
        "not_yet_known": "without 'corridor' where small has 'siege'",
        "hardship": "column 'killed' where small has 'hardship', measure 'cumulative' where "
        "small has 'mean', per_100 'departures' where small has none.",
    }
    for name, how in apart.items():
        assert f"Without the outcome {name!r}, which is another one in other: {how}" in out
    told = read(Path("results/compare-small-other/compare.csv"))
    assert set(told.index.get_level_values("outcome")) == {*ALONG}


def test_an_outcome_that_is_asked_for_and_means_something_else_is_a_mistake(
    returnsim: Run, folder: Path, other: Path
):
    before = every_byte(folder)
    code, out, err = returnsim("compare", "small", "other", "--outcome", "pushed")
    assert (code, out) == (2, "")
    assert err == (
        "--outcome: pushed: is another one in other: without 'corridor' where small has 'siege'\n"
    )
    assert every_byte(folder) == before


def test_what_a_run_means_by_an_outcome_is_held_against_what_a_sweep_does(
    returnsim: Run, folder: Path, other: Path
):
    assert returnsim("run", "camp.yaml", *SHORT, "--out", "one")[0] == 0
    code, out, _ = returnsim("compare", "one", "small", "--no-figures")
    assert code == 0
    assert "Without the outcome" not in out
    assert "returned" in sections(out)
    code, out, _ = returnsim("compare", "one", "other", "--no-figures")
    assert code == 0
    assert "Without the outcome 'returned', which is another one in other: measure 'date'" in out


def as_before(folder: Path) -> None:
    """Let a sweep say of its outcomes only what earlier versions did."""
    told = json.loads((folder / "run.json").read_text())
    kept = ("title", "unit", "good", "measure")
    outcomes = {n: {k: o[k] for k in kept} for n, o in told["outcomes"].items()}
    (folder / "run.json").write_text(json.dumps(sealed(told | {"outcomes": outcomes})))


@pytest.mark.parametrize("old", [("small",), ("other",), ("small", "other")])
def test_results_of_earlier_versions_are_held_against_each_other_by_what_they_say(
    returnsim: Run, folder: Path, other: Path, old: tuple[str, ...]
):
    shutil.copytree(folder / "small", folder / "same")
    for name in old:
        as_before(folder / name)
    code, out, _ = returnsim("compare", "small", "same", "other", "--no-figures")
    assert code == 0
    assert "which is another one in same" not in out
    assert "Without the outcome 'pushed', which is another one in other: title 'pushed, told" in out
    told = sections(out)
    assert "returned" not in told
    assert {f"{name} per 100 returned" for name in HARMS} < set(told)


WRONG = [
    (("compare", "none"), "none: holds no finished results"),
    (("compare", "mine"), "mine: holds no finished results"),
    (("compare", "none", "mine"), "mine: holds no finished results"),
    (("compare", "small", "--outcome", "retruned"), "no such outcome; did you mean 'returned'?"),
    (
        ("compare", "small", "--baseline", "siege=0.6, kept=1"),
        "--baseline: siege=0.6, kept=1: no such case; did you mean 'siege=0.6, kept=0'?",
    ),
    (("compare", "small", "other"), "other: the seed: 2 where small has 1: "),
    (("compare", "small", "larger"), "people that a simulated one stands for: 1 where small has"),
    (("compare", "small", "./small"), "small: is named twice"),
    (("compare",), "RESULT"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_mistake_ends_with_code_two_and_writes_nothing(
    returnsim: Run, folder: Path, arguments: tuple[object, ...], said: str
):
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("not to be lost")
    for name, key, value in (("other", "seed", 2), ("larger", "weight", 1.0)):
        shutil.copytree(folder / "small", folder / name)
        told = json.loads((folder / name / "run.json").read_text())
        (folder / name / "run.json").write_text(json.dumps(sealed(told | {key: value})))
    before = sorted(folder.rglob("*"))
    code, out, err = returnsim(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert sorted(folder.rglob("*")) == before


def test_every_folder_without_results_is_told_at_once(returnsim: Run):
    _, _, err = returnsim("compare", "none", "neither")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["none", "neither"]


def test_a_place_that_cannot_be_written_to_is_said(returnsim: Run, folder: Path):
    code, out, err = returnsim("compare", "small", "--out", "camp.yaml/here", "--no-figures")
    assert (code, out) == (1, "")
    assert err == "camp.yaml/here: the comparison could not be written: Not a directory\n"


def test_a_case_that_failed_is_left_out_of_the_comparison(returnsim: Run, folder: Path):
    text = EXPERIMENT.partition("households")[0] + (
        "cases:\n  as it is: {}\n  too many: {set: {population.people: " + TOO_MANY + "}}\n"
        "  eased: {set: {levers.siege.severity: 0.1}}\n"
    )
    (folder / "small.yaml").write_text(text.replace("20", "16"))
    assert swept(folder / "small.yaml", folder / "out").failed == 1
    code, out, _ = returnsim("compare", "out", "--no-figures")
    assert code == 0
    names = [line.strip().partition("  ")[0] for line in sections(out)["returned"]]
    assert names == ["as it is", "eased"]
    assert "Without 'too many': their cells failed in out.\n" in out


def test_a_sweep_of_which_every_case_failed_is_told(returnsim: Run, folder: Path):
    text = EXPERIMENT.partition("households")[0] + (
        "cases: {too many: {set: {population.people: " + TOO_MANY + "}}}\n"
    )
    (folder / "small.yaml").write_text(text.replace("20", "16"))
    assert swept(folder / "small.yaml", folder / "out").failed == 1
    code, out, err = returnsim("compare", "out")
    assert (code, out) == (2, "")
    assert "there is no finished case in these results" in err


def test_sweeps_with_cases_of_the_same_names_are_told_apart_by_their_folders(
    returnsim: Run, folder: Path
):
    (folder / "small.yaml").write_text(EXPERIMENT.replace("[0, 0.6]", "[0.2, 0.6]"))
    swept(folder / "small.yaml", folder / "other")
    code, out, _ = returnsim("compare", "small", "other", "--no-figures")
    assert code == 0
    assert sections(out)["returned"][0].strip().startswith(f"{BASELINE} (small)")


def test_seeds_that_differ_are_told_to_the_last_digit(returnsim: Run, folder: Path):
    shutil.copytree(folder / "small", folder / "other")
    for name, seed in (("small", 2**63), ("other", 2**63 + 1)):
        told = json.loads((folder / name / "run.json").read_text())
        (folder / name / "run.json").write_text(json.dumps(sealed(told | {"seed": seed})))
    code, _, err = returnsim("compare", "small", "other")
    assert code == 2
    assert f"{2**63 + 1} where small has {2**63}" in err


def test_a_baseline_that_failed_is_said_to_have_failed(returnsim: Run, folder: Path):
    text = EXPERIMENT.partition("households")[0] + (
        "cases:\n  too many: {set: {population.people: " + TOO_MANY + "}}\n  as it is: {}\n"
    )
    (folder / "small.yaml").write_text(text.replace("20", "16"))
    swept(folder / "small.yaml", folder / "out")
    code, _, err = returnsim("compare", "out")
    assert code == 2
    assert "'too many'" in err
    assert "no such case" not in err


def test_a_run_of_the_whole_camp_is_not_said_to_be_of_a_part(returnsim: Run, folder: Path):
    asked = ("--replicates", 2, "--workers", 1, "--no-figures", "--set", "weeks=4")
    assert returnsim("run", "camp.yaml", *asked, "--out", "one")[0] == 0
    assert returnsim("compare", "one")[0] == 0
    drawn = (folder / "one" / "figures" / "series.svg").read_text()
    said = " ".join(line.strip() for line in re.findall("<!--(.*?)-->", drawn))
    assert "(seed 1), the same draws in each; the whole camp. " in said


def test_a_run_that_was_compared_is_run_again_only_if_the_comparison_may_go(
    returnsim: Run, folder: Path
):
    again = ("run", "camp.yaml", *SHORT, "--out", "one")
    assert returnsim(*again)[0] == 0
    assert returnsim(*again)[0] == 0
    assert returnsim("compare", "one", "--no-figures")[0] == 0
    kept = Path("one/compare.csv").read_bytes()
    code, _, err = returnsim(*again)
    assert code == 2
    assert "what `returnsim compare` made of it" in err
    assert Path("one/compare.csv").read_bytes() == kept
    assert returnsim(*again, "--overwrite")[0] == 0
    assert not Path("one/compare.csv").exists()
