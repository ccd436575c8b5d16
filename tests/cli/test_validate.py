"""``returnsim validate`` holds a scenario against the record and its card, and says how it went."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import every_byte

CAMP = """
title: A made-up [bold]camp[/bold]
start: 2020-01-06
weeks: 12
observations: seen.csv
patterns: card.yaml
population: {people: 400}
behaviour: {intercept: -1}
levers: {siege: {severity: 0.5}}
"""
SEEN = """quantity,from,to,low,best,high,unit,guarantor,use,source,note
camp_population,,2020-01-12,380,400,420,people,,calibrate,A count,
camp_population,,2020-02-02,150,250,380,people,,validate,A count,
departures,2020-01-06,2020-02-02,50,150,250,people,,validate,A count,
intention_share,,2020-02-02,0,20,100,percent,,validate,A survey,
camp_population,,2020-03-01,0,10000,20000,people,,context,A plan,
"""
CARD = """
title: What the camp shows
patterns:
  going:
    says: Many go.
    checks:
      gone: {measure: {quantity: departures, from: 2020-01-06, to: 2020-02-02}, at_least: 20}
      pushed:
        measure: {quantity: departures, from: 2020-01-06, to: 2020-02-02}
        than: {set: {levers.siege.severity: 0}}
        report: true
  staying:
    says: Nobody goes.
    checks:
      gone: {measure: {quantity: departures, from: 2020-01-06, to: 2020-02-02}, at_most: 0}
rivals:
  nobody: {says: Nobody ever goes., set: {behaviour.intercept: -60}}
"""
FEW = ("--replicates", 5)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a scenario, a record and a card in it."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("camp.yaml", CAMP), ("seen.csv", SEEN), ("card.yaml", CARD)):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "validate")


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_points_that_were_used_are_told_apart_from_those_that_judge(returnsim: Run, folder: Path):
    code, out, _ = returnsim("camp.yaml", *FEW)
    assert code == 0
    assert "[bold]" in out
    assert out.index("Not used to fit") < out.index("Used to fit")
    told = rows(folder / "results/camp-validated/validation.csv")
    assert [row["role"] for row in told] == ["used", "judged", "judged", "judged"]
    assert "10000" not in [row["observed"] for row in told]
    assert float(told[1]["carried"]) == 400


def test_a_pattern_that_fails_is_a_finding_and_an_error_only_if_strict(returnsim: Run):
    code, out, _ = returnsim("camp.yaml", *FEW, "--no-figures")
    assert code == 0
    assert "1 of 2 patterns hold; these do not: staying" in out
    assert returnsim("camp.yaml", *FEW, "--no-figures", "--strict")[0] == 1


def test_a_pattern_that_is_told_only_is_not_one_that_holds(returnsim: Run, folder: Path):
    told = """
  telling:
    says: So many go.
    checks:
      gone: {measure: {quantity: departures, from: 2020-01-06, to: 2020-02-02}, report: true}
rivals:"""
    (folder / "card.yaml").write_text(CARD.replace("\nrivals:", told))
    _, out, _ = returnsim("camp.yaml", *FEW, "--rivals")
    assert "1 of 2 patterns hold; these do not: staying" in out
    captions = json.loads((folder / "results/camp-validated/figures/captions.json").read_text())
    assert captions["patterns"].startswith("1 of 2 patterns hold; these fail: staying.")
    assert captions["rivals"].startswith("Patterns of 2 that fail")


def test_rivals_are_told_with_the_patterns_that_each_fails(returnsim: Run, folder: Path):
    code, out, _ = returnsim("camp.yaml", *FEW, "--rivals", "--out", "here")
    assert code == 0
    assert "nobody: Nobody ever goes. Fails going." in out
    assert rows(folder / "here/rivals.csv") == [
        {"pattern": "going", "as it is": "pass", "nobody": "FAIL"},
        {"pattern": "staying", "as it is": "FAIL", "nobody": "pass"},
    ]
    drawn = {path.name for path in (folder / "here/figures").iterdir()}
    names = ("validation", "patterns", "rivals")
    assert drawn == {f"{name}.{end}" for name in names for end in ("png", "svg")} | {
        "captions.json"
    }


def test_json_is_whole_and_says_the_same(returnsim: Run, folder: Path):
    _, out, _ = returnsim("camp.yaml", *FEW, "--json", "--rivals", "--engine", "numpy")
    told = json.loads(out)
    assert told["failed"] == {"as it is": ["staying"], "nobody": ["going"]}
    assert [one["band"] for one in told["coverage"]] == [0.5, 0.9]
    assert len(told["points"]) == 4
    assert told["fitted"] == {"use": ["calibrate"], "until": None}
    run = json.loads((folder / told["results"] / "run.json").read_text())
    assert run["replicates"] == 5
    assert run["command"].endswith(" --rivals --engine numpy")
    assert run["engine"] == "numpy"


@pytest.mark.slow
def test_workers_change_no_byte_of_the_tables(returnsim: Run, folder: Path):
    for workers in (1, 2):
        options = ("--replicates", 20, "--workers", workers, "--out", f"by-{workers}")
        assert returnsim("camp.yaml", *options, "--no-figures", "--rivals")[0] == 0
    names = {path.name for path in (folder / "by-1").iterdir()} - {"run.json"}
    assert names == {"validation.csv", "scores.csv", "patterns.csv", "rivals.csv"}
    for name in names:
        assert (folder / "by-1" / name).read_bytes() == (folder / "by-2" / name).read_bytes()


def test_a_card_alone_and_a_record_alone_will_do(returnsim: Run, folder: Path):
    assert returnsim("camp.yaml", *FEW, "--set", "observations=null", "--out", "card")[0] == 0
    assert not (folder / "card/validation.csv").exists()
    assert returnsim("camp.yaml", *FEW, "--no-patterns", "--out", "record")[0] == 0
    assert not (folder / "record/patterns.csv").exists()


def test_with_neither_it_is_said_what_to_name(returnsim: Run):
    code, _, err = returnsim("camp.yaml", "--no-patterns", "--set", "observations=null")
    assert code == 2
    assert "`observations:`" in err
    assert "`patterns:`" in err


def test_rivals_that_are_not_there_are_asked_for_in_vain(returnsim: Run, folder: Path):
    (folder / "card.yaml").write_text(CARD[: CARD.index("rivals:")])
    code, _, err = returnsim("camp.yaml", "--rivals")
    assert code == 2
    assert "`rivals:`" in err


def test_what_is_wrong_in_the_card_is_told_with_its_line(returnsim: Run, folder: Path):
    (folder / "card.yaml").write_text(CARD.replace("at_most: 0", "at_mots: 0"))
    code, _, err = returnsim("camp.yaml")
    assert code == 2
    assert "card.yaml:15:" in err
    assert "at_most" in err


def test_files_of_others_are_left_alone(returnsim: Run, folder: Path):
    (folder / "mine").mkdir()
    (folder / "mine/notes.txt").write_text("mine")
    code, _, err = returnsim("camp.yaml", *FEW, "--out", "mine")
    assert code == 2
    assert "left alone" in err


def test_its_own_results_are_replaced(returnsim: Run):
    for _ in range(2):
        assert returnsim("camp.yaml", *FEW, "--no-figures")[0] == 0


@pytest.mark.parametrize(
    "other",
    [
        ("--seed", 2),
        ("--households", 40),
        ("--rivals",),
        ("--no-patterns",),
        ("--set", "behaviour.norm=0.1"),
        ("--replicates", 6),
    ],
)
def test_another_validation_is_replaced_only_if_that_is_asked_for(
    returnsim: Run, folder: Path, other: tuple[object, ...]
):
    assert returnsim("camp.yaml", *FEW, "--no-figures", "--out", "here")[0] == 0
    before = every_byte(folder)
    words = ("camp.yaml", *FEW, "--no-figures", "--out", "here", *other)
    code, out, err = returnsim(*words)
    assert (code, out) == (2, "")
    assert err.startswith("here: holds another validation.\n")
    assert "Add --overwrite to replace it" in err
    assert every_byte(folder) == before
    assert returnsim(*words, "--overwrite")[0] == 0
    assert returnsim(*words)[0] == 0


def test_a_record_that_has_grown_is_no_other_validation(returnsim: Run, folder: Path):
    assert returnsim("camp.yaml", *FEW, "--no-figures")[0] == 0
    (folder / "seen.csv").write_text(SEEN.replace("A plan", "Another plan"))
    assert returnsim("camp.yaml", *FEW, "--no-figures")[0] == 0


def test_a_validation_of_an_earlier_version_is_replaced_by_the_same(returnsim: Run, folder: Path):
    assert returnsim("camp.yaml", *FEW, "--no-figures", "--out", "here")[0] == 0
    told = json.loads((folder / "here/run.json").read_text())
    del told["options"]
    (folder / "here/run.json").write_text(json.dumps(told))
    assert returnsim("camp.yaml", *FEW, "--no-figures", "--out", "here")[0] == 0


def test_a_posterior_says_which_rows_were_used_and_how_far_the_model_is_off(
    returnsim: Run, folder: Path
):
    draws = "{behaviour.intercept: [-1, -1.2]}"
    wide: dict[float, float] = {}
    for misfit in (0, 0.5):
        fitted = (
            f"fitted: {{use: [calibrate], until: 2020-01-10}}, discrepancy: [{misfit}, {misfit}]"
        )
        (folder / "camp.yaml").write_text(CAMP + f"posterior: {{draws: {draws}, {fitted}}}\n")
        options = ("--no-figures", "--no-patterns", "--out", f"misfit-{misfit}")
        assert returnsim("camp.yaml", *FEW, *options)[0] == 0
        told = rows(folder / f"misfit-{misfit}/validation.csv")
        assert {row["role"] for row in told} == {"judged"}
        wide[misfit] = float(told[0]["high90"]) - float(told[0]["low90"])
    assert wide[0.5] > 2 * wide[0]


def test_a_day_beyond_the_run_is_told_and_judges_nothing(returnsim: Run, folder: Path):
    late = "camp_population,,2021-01-01,0,1,2,people,,validate,A count,\n"
    (folder / "seen.csv").write_text(SEEN + late)
    code, out, _ = returnsim("camp.yaml", *FEW, "--no-figures", "--no-patterns")
    assert code == 0
    assert "Of 1 observation the run says nothing" in out
