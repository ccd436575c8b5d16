"""``returnsim attribute`` tells which returns a lever brought about, with the harm, in a folder."""

import csv
import json
from pathlib import Path

import pytest

from returnsim.analysis.switch import HARMS, categories
from returnsim.cli.attribute_text import _in_words
from tests.cli.typed import Run, command_line

CAMP = """
title: A made-up [bold]camp[/bold]
start: 2021-01-04
weeks: 56
population: {people: 300, origins: {north: 0.5, a place with a very long name indeed: 0.5}}
levers: {siege: {severity: 0.8}}
behaviour: {intercept: -1}
hazards: {harm_per_week: 0.02}
"""
SMALL = ("camp.yaml", "--replicates", 2, "--households", 30, "--workers", 1, "--no-figures")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with one scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camp.yaml").write_text(CAMP)
    return tmp_path


@pytest.fixture
def attribute(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "attribute")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_table_tells_who_was_pushed_and_the_harm_in_eighty_columns(attribute: Run):
    code, out, err = attribute(*SMALL)
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "A made-up [bold]camp[/bold]"
    words = [line.strip() for line in lines]
    for said in ("ever in the camp", "pushed:", "trapped:", "never, in either: died in the camp"):
        assert any(word.startswith(said) for word in words), said
    (head,) = [line for line in lines if line.split()[:2] == ["held", "detained"]]
    assert lines[lines.index(head) + 1].startswith("returned ")
    assert any(word.startswith("a place with a very l") for word in words)
    assert "Without siege: the same camp with no siege" in out
    rests_on = " ".join(words)
    assert "2 pairs of replicates with the same draws, seed 1, of 30 households" in rests_on
    assert "guesses without a source" in rests_on
    assert "The labels are of the model's people, and of no family" in rests_on
    assert words[-1].endswith("it is not a forecast.")
    assert "2 pairs of 56 weeks, without siege" in err
    assert "100%" in err
    assert "The table is in results/camp-attribution\n" in err


def test_every_row_is_told_in_plain_words():
    for lever in ("siege", "conscription", "guarantor:settlement"):
        assert list(_in_words(lever)) == [row.name for row in categories(lever)]


def test_several_levers_each_have_their_table_and_the_same_returns(attribute: Run, folder: Path):
    code, out, _ = attribute(*SMALL, "--without", "siege", "--without", "guarantor:settlement")
    assert code == 0
    assert "Without guarantor:settlement: the same camp with settlement never there" in out
    assert "induced:" in out
    rows = rows_of(folder / "results" / "camp-attribution" / "switch.csv")
    assert {row["lever"] for row in rows} == {"siege", "guarantor:settlement"}
    returned = {
        (row["by"], row["group"], row["people"]) for row in rows if row["category"] == "returned"
    }
    assert len(returned) == 1 + 2 + 3 + 2 + 2


def test_a_lever_asked_for_twice_is_told_once(attribute: Run, folder: Path):
    _, out, _ = attribute(*SMALL, "--without", "siege", "--without", "siege")
    assert out.count("Without siege") == 1


def test_the_folder_holds_the_table_and_what_it_came_of(attribute: Run, folder: Path):
    changed = ("--set", "behaviour.intercept=-2", "--engine", "numpy")
    attribute(*SMALL, "--without", "siege", *changed, "--out", "of it")
    assert {p.name for p in (folder / "of it").iterdir()} == {"switch.csv", "run.json"}
    told = json.loads((folder / "of it" / "run.json").read_text())
    assert told["format"] == "returnsim attribution 1"
    assert told["command"] == (
        "returnsim attribute camp.yaml --without siege --replicates 2 --seed 1 "
        "--set behaviour.intercept=-2 --households 30 --engine numpy --out 'of it'"
    )
    assert told["engine"] == "numpy"
    assert (told["levers"], told["seed"], told["replicates"]) == (["siege"], 1, 2)
    assert told["households"] == 30
    assert len(told["scenario_hash"]) == 64
    assert told["versions"].keys() == {"returnsim", "model", "draws", "python", "numpy"}
    rows = rows_of(folder / "of it" / "switch.csv")
    (nobody,) = [
        row for row in rows if (row["by"], row["category"]) == ("everybody", "never_stayed")
    ]
    assert nobody["any_harm_per_100"] == ""


def test_json_is_all_that_is_on_stdout_with_every_row_and_gaps_null(attribute: Run, folder: Path):
    code, out, _ = attribute(*SMALL, "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["scenario"], told["seed"], told["replicates"]) == ("camp", 1, [0, 1])
    assert told["without"] == {"siege": "no siege"}
    assert told["guesses"] <= told["numbers"]
    written = rows_of(folder / "results" / "camp-attribution" / "switch.csv")
    assert len(told["switch"]) == len(written)
    for one, other in zip(told["switch"], written, strict=True):
        assert one.keys() == other.keys()
        assert one["category"] == other["category"]
        for harm in HARMS:
            value = one[f"{harm}_per_100"]
            assert (value is None) == (other[f"{harm}_per_100"] == "")
            assert value is None or float(other[f"{harm}_per_100"]) == pytest.approx(value)


def test_the_same_command_gives_the_same_table(attribute: Run, folder: Path):
    _, first, _ = attribute(*SMALL)
    file = folder / "results" / "camp-attribution" / "switch.csv"
    before = file.read_bytes()
    code, second, _ = attribute(*SMALL)
    assert (code, second) == (0, first)
    assert file.read_bytes() == before


def test_figures_are_drawn_unless_unwanted(attribute: Run, folder: Path):
    code, _, err = attribute(*SMALL[:-1], "--without", "guarantor:settlement", "--out", "here")
    assert code == 0
    assert "The table and the figures are in here" in err
    assert {p.name for p in (folder / "here" / "figures").iterdir()} == {
        f"{name}_without_guarantor_settlement.{ending}"
        for name in ("returns", "groups")
        for ending in ("png", "svg")
    }


def test_a_run_of_a_year_or_less_warns_that_nobody_can_be_told_to_be_pushed(attribute: Run):
    code, out, err = attribute(*SMALL, "--set", "weeks=20")
    assert code == 0
    assert "note: nobody can be told to be pushed" in err
    assert "Note: nobody can be told to be pushed" in out
    told = json.loads(attribute(*SMALL, "--set", "weeks=20", "--json")[1])
    assert len(told["notes"]) == 1


def test_a_run_long_enough_warns_of_nothing(attribute: Run):
    longer = attribute(*SMALL, "--set", "weeks=80", "--json")
    assert json.loads(longer[1])["notes"] == []
    assert "note:" not in longer[2]


def test_rates_of_few_people_are_not_told_and_of_nobody_said_so(attribute: Run):
    _, out, _ = attribute(*SMALL, "--set", "levers.corridor.open=false")
    lines = [line.split() for line in out.splitlines()]
    assert ["returned", *["nobody"] * 5] in lines
    few = ("camp.yaml", "--replicates", 1, "--households", 20, "--no-figures", "--seed", 3)
    _, out, _ = attribute(*few, "--workers", 1, "--out", "few")
    assert any(line.split()[1:] == ["few"] * 5 for line in out.splitlines())


def test_another_attribution_in_the_folder_is_told_before_any_time_is_lost(
    attribute: Run, folder: Path
):
    attribute(*SMALL)
    file = folder / "results" / "camp-attribution" / "run.json"
    before = file.read_bytes()
    for other in (("--seed", 2), ("--without", "conscription")):
        code, out, err = attribute(*SMALL, *other)
        assert (code, out) == (2, "")
        assert "holds another attribution" in err
        assert "%" not in err
        assert file.read_bytes() == before
    assert attribute(*SMALL, "--seed", 2, "--overwrite")[0] == 0
    assert file.read_bytes() != before


@pytest.mark.parametrize("name", ["mine.txt", "figures/mine.txt"])
def test_files_of_others_are_left_alone(attribute: Run, folder: Path, name: str):
    attribute(*SMALL)
    mine = folder / "results" / "camp-attribution" / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    code, _, err = attribute(*SMALL, "--overwrite")
    assert code == 2
    assert f"such as {name}" in err
    assert mine.read_text() == "mine"


def test_results_of_a_run_are_not_taken_for_an_attribution(attribute: Run, folder: Path):
    (folder / "there").mkdir()
    (folder / "there" / "run.json").write_text('{"format": "returnsim results 1"}')
    code, _, err = attribute(*SMALL, "--out", "there", "--overwrite")
    assert code == 2
    assert "did not write" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.yaml",), "none.yaml"),
        (("camp.yaml", "--without", "seige"), "did you mean 'siege'?"),
        (("camp.yaml", "--without", "siege", "--without", "guarantor:russia"), "no such guarantor"),
        (("camp.yaml", "--replicates", 0), "--replicates"),
        (("camp.yaml", "--seed", -1), "--seed"),
        (("camp.yaml", "--households", 19), "--households"),
        (("camp.yaml", "--workers", 0), "--workers"),
        (("camp.yaml", "--set", "levers.sieg.severity=0"), "did you mean"),
        (("camp.yaml", "--out", "camp.yaml"), "is a file"),
        (("camp.yaml", "--out", "."), "is the folder you are in"),
        (("camp.yaml", "--out", "camp.yaml/in"), "is a file"),
    ],
)
def test_a_mistake_ends_with_code_two_and_writes_nothing(
    attribute: Run, folder: Path, arguments: tuple[object, ...], said: str
):
    code, out, err = attribute(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "%" not in err
    assert [p.name for p in folder.iterdir()] == ["camp.yaml"]
