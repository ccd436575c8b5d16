"""``returnsim run`` prints returns with their harm, writes a folder, and stops without a trace."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from returnsim.cli.options import EXIT_INTERRUPTED
from returnsim.scenario.files import load_scenario, scenario_hash
from tests.cli.interrupted import interrupted
from tests.cli.typed import Run, command_line

CAMP = """
title: A made-up [bold]camp[/bold]
start: 2021-01-04
weeks: 8
population: {people: 300}
behaviour: {intercept: -1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with one scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camp.yaml").write_text(CAMP)
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "run")


SMALL = ("camp.yaml", "--replicates", 2, "--workers", 1, "--no-figures")


def test_the_table_tells_the_harm_beside_the_returns(returnsim: Run):
    code, out, err = returnsim(*SMALL)
    assert code == 0
    assert "A made-up [bold]camp[/bold]" in out
    lines = [line.strip() for line in out.splitlines()]
    names = [line.partition("  ")[0] for line in lines]
    returned = names.index("returned")
    assert "detained after return, per 100 returned" in names[returned : returned + 17]
    assert "not a forecast" in " ".join(lines)
    assert "100%" in err
    assert "The results are in results/camp\n" in err


def test_the_table_fits_a_narrow_terminal(returnsim: Run):
    _, out, _ = returnsim(*SMALL)
    assert max(map(len, out.splitlines())) <= 80


def test_results_go_to_a_folder_of_the_scenarios_name(returnsim: Run, folder: Path):
    returnsim(*SMALL)
    assert {p.name for p in (folder / "results" / "camp").iterdir()} == {
        *("weekly.parquet", "summary.csv", "scenario.yaml", "run.json"),
        *("harm.csv", "guarantors.csv"),
    }


def test_the_pushed_are_told_unless_the_pair_is_left_out(returnsim: Run, folder: Path):
    code, out, err = returnsim(*SMALL)
    assert code == 0
    assert "of these, pushed by the siege" in out
    assert "and without the siege" in err
    weekly = pd.read_parquet(folder / "results" / "camp" / "weekly.parquet")
    labelled = [name for name in weekly if name.endswith("_without_siege")]
    np.testing.assert_allclose(weekly[labelled].sum(axis=1), weekly["departures"])
    code, out, err = returnsim(*SMALL, "--no-pair", "--out", "alone")
    assert code == 0
    assert "pushed: not computed" in out
    assert "without the siege" not in err
    told = json.loads((folder / "alone" / "run.json").read_text())
    assert told["pair"] is None
    assert "--no-pair" in told["command"]
    alone = pd.read_parquet(folder / "alone" / "weekly.parquet")
    pd.testing.assert_frame_equal(alone, weekly.drop(columns=labelled), check_exact=True)


def test_what_the_same_run_would_leave_out_is_lost_only_when_asked(returnsim: Run, folder: Path):
    assert returnsim(*SMALL, "--events")[0] == 0
    code, _, err = returnsim(*SMALL)
    assert code == 2
    assert "events.parquet" in err
    assert "--overwrite" in err
    assert "%" not in err
    assert (folder / "results" / "camp" / "events.parquet").exists()
    assert returnsim(*SMALL, "--overwrite")[0] == 0
    assert not (folder / "results" / "camp" / "events.parquet").exists()


def test_events_are_written_on_request_and_tell_what_the_weeks_tell(returnsim: Run, folder: Path):
    returnsim(*SMALL)
    assert not (folder / "results" / "camp" / "events.parquet").exists()
    code, _, _ = returnsim(*SMALL, "--events", "--out", "told")
    assert code == 0
    weekly = pd.read_parquet(folder / "told" / "weekly.parquet")
    pd.testing.assert_frame_equal(
        weekly, pd.read_parquet(folder / "results" / "camp" / "weekly.parquet"), check_exact=True
    )
    events = pd.read_parquet(folder / "told" / "events.parquet")
    households = pd.read_parquet(folder / "told" / "households.parquet")
    number = events.groupby("kind", observed=True)["number"].sum()
    assert number["came_home"] + number["held"] == weekly["departures"].sum()
    assert number["registered"] == weekly["registered"].sum()
    assert number["born"] == weekly["births"].sum()
    assert (events.loc[events["kind"] == "came_home", "guarantor"] == "settlement").all()
    assert len(households) == 2 * households["household"].nunique()
    classes = ["children", "women", "men_conscription_age", "men_older", "elderly"]
    people = households.groupby("replicate")[classes].sum().sum(axis=1)
    first = weekly[weekly["week"] == 0].set_index("replicate")
    lost = first[["departures", "onward", "died_in_camp"]].sum(axis=1) - first["births"]
    np.testing.assert_array_equal(people, first["camp_population"] + lost)


def test_a_horizon_within_a_guarantors_grace_is_told_and_kept_in_the_summary(
    returnsim: Run, folder: Path
):
    grace = (
        "--set",
        "guarantors.settlement.grace_weeks=26",
        "--set",
        "guarantors.settlement.enforcement=0.8",
        "--set",
        "guarantors.settlement.enforcement_after_grace=0.1",
    )
    code, out, _ = returnsim(*SMALL, *grace)
    assert code == 0
    assert "not yet visible" in " ".join(out.split())
    summary = pd.read_csv(folder / "results" / "camp" / "summary.csv")
    assert summary.loc[summary["unit"] == "note", "outcome"].str.contains("not yet visible").any()
    told = json.loads((folder / "results" / "camp" / "run.json").read_text())
    assert any("not yet visible" in note for note in told["notes"])
    _, out, _ = returnsim(*SMALL, "--out", "plain")
    assert "not yet visible" not in " ".join(out.split())


def test_json_is_all_that_is_on_stdout_and_gaps_are_null(returnsim: Run):
    code, out, _ = returnsim(*SMALL, "--json", "--set", "levers.corridor.open=false")
    assert code == 0
    told = json.loads(out)
    assert (told["scenario"], told["seed"], told["replicates"]) == ("camp", 1, [0, 1])
    assert told["results"] == "results/camp"
    by_name = {(row["outcome"], row["unit"]): row for row in told["summary"]}
    assert by_name["returned", "people"]["median"] == 0
    assert by_name["detained after return", "per 100 returned"]["median"] is None


def test_what_is_not_defined_is_said_so(returnsim: Run):
    _, out, _ = returnsim(*SMALL, "--set", "levers.corridor.open=false")
    (line,) = [ln for ln in out.splitlines() if "killed after return, per 100 returned" in ln]
    assert line.split("  ")[-1].strip() == "not defined"


def test_the_command_written_down_gives_the_same_run_again(returnsim: Run, folder: Path):
    override = "population.origins={the hill towns: 1}"
    asked = (*SMALL, "--seed", 7, "--households", 25, "--set", override)
    _, first, _ = returnsim(*asked, "--json", "--out", "first run")
    told = json.loads((folder / "first run" / "run.json").read_text())
    again = (
        "returnsim run camp.yaml --replicates 2 --seed 7 "
        "--set 'population.origins={the hill towns: 1}' --households 25 --out 'first run'"
    )
    assert told["command"] == again
    assert told["households"] == 25
    inside = load_scenario(folder / "first run" / "scenario.yaml")
    assert scenario_hash(inside) == told["scenario_hash"]
    code, second, _ = returnsim(*asked, "--json", "--out", "first run")
    assert code == 0
    assert json.loads(second)["summary"] == json.loads(first)["summary"]


def test_figures_are_drawn_unless_unwanted(returnsim: Run, folder: Path):
    code, _, err = returnsim(*SMALL[:-1], "--out", "here")
    assert code == 0
    assert "The figures are in here/figures" in err
    names = {p.name for p in (folder / "here" / "figures").iterdir()}
    assert {"camp_population.png", "departures.svg", "harm.png", "trust.svg"} <= names


def test_another_run_in_the_folder_is_told_before_any_time_is_lost(returnsim: Run, folder: Path):
    returnsim(*SMALL)
    before = (folder / "results" / "camp" / "run.json").read_bytes()
    code, out, err = returnsim(*SMALL, "--seed", 2)
    assert (code, out) == (2, "")
    assert "another run" in err
    assert "--overwrite" in err
    assert "%" not in err
    assert (folder / "results" / "camp" / "run.json").read_bytes() == before
    assert returnsim(*SMALL, "--seed", 2, "--overwrite")[0] == 0
    assert (folder / "results" / "camp" / "run.json").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.yaml",), "none.yaml"),
        (("camp.yaml", "--replicates", 0), "--replicates"),
        (("camp.yaml", "--replicates", 10_001), "--replicates"),
        (("camp.yaml", "--seed", -1), "--seed"),
        (("camp.yaml", "--seed", 2**64), "--seed"),
        (("camp.yaml", "--households", 19), "--households"),
        (("camp.yaml", "--workers", 0), "--workers"),
        (("camp.yaml", "--set", "levers.sieg.severity=0"), "did you mean"),
        (("camp.yaml", "--set", "observations=none.csv"), "none.csv"),
        (("camp.yaml", "--out", "camp.yaml"), "is a file"),
    ],
)
def test_a_mistake_ends_with_code_two_and_writes_nothing(
    returnsim: Run, folder: Path, arguments: tuple[object, ...], said: str
):
    code, out, err = returnsim(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert [p.name for p in folder.iterdir()] == ["camp.yaml"]


def test_a_mistake_in_the_observations_is_told_before_the_run(returnsim: Run, folder: Path):
    (folder / "seen.csv").write_text("quantity\n")
    code, _, err = returnsim(*SMALL, "--set", "observations=seen.csv")
    assert code == 2
    assert "seen.csv:1:1" in err
    assert not (folder / "results").exists()


def test_an_interrupted_run_leaves_with_130_and_writes_nothing(folder: Path):
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 8", "weeks: 5000"))
    words = ["run", "camp.yaml", "--replicates", "64", "--workers", "2"]
    code, out, told, _ = interrupted(words, folder, once=b"1%")
    assert (code, out) == (EXIT_INTERRUPTED, b"")
    assert b"nothing was written" in told
    assert b"Traceback" not in told
    assert [p.name for p in folder.iterdir()] == ["camp.yaml"]


def test_a_scenario_with_patterns_runs_twice_into_its_folder(returnsim: Run, folder: Path):
    (folder / "patterns.yaml").write_text("patterns: []\n")
    scenario = (folder / SMALL[0]).read_text()
    (folder / SMALL[0]).write_text(f"{scenario}\npatterns: patterns.yaml\n")
    for _ in range(2):
        code, _, err = returnsim(*SMALL)
        assert code == 0, err
