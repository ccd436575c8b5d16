"""``returnsim parity`` says whether the ways to run a scenario agree, and where they part."""

import json
import sys
from pathlib import Path

import pytest

from returnsim import ReturnModel, parity, scenario_from
from returnsim.assemble import run_plan
from tests.cli.typed import Run, command_line

CAMP = """
title: A made-up camp
start: 2021-01-04
weeks: 10
record_from: 2021-01-18
population: {people: 200}
levers: {siege: {severity: 0.5}, corridor: {parties_per_week: 6}}
behaviour: {intercept: 0}
"""


@pytest.fixture
def returnsim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camp.yaml").write_text(CAMP)
    return command_line(monkeypatch, capsys, "parity")


def test_equal_runs_are_said_to_be_equal(returnsim: Run):
    code, out, err = returnsim("camp.yaml", "--twin-households", 20, "--seed", 5, "--replicate", 3)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "The Mesa model equals the core over 43 households and 10 weeks.",
        "The Mesa model equals the slow twin over 20 households and 10 weeks.",
    ]


def test_json_is_all_that_is_on_stdout(returnsim: Run):
    asked = ("--twin-households", 20, "--households", 30, "--weeks", 4, "--json")
    code, out, _ = returnsim("camp.yaml", *asked, "--set", "levers.corridor.open=false")
    told = json.loads(out)
    assert (code, told["equal"], told["scenario"], told["seed"]) == (0, True, "camp", 1)
    assert told["comparisons"] == [
        {"against": "core", "households": 30, "weeks": 4, "first": None, "equal": True},
        {"against": "slow twin", "households": 20, "weeks": 4, "first": None, "equal": True},
    ]


def test_a_mistake_in_the_scenario_ends_with_code_two(returnsim: Run):
    code, out, err = returnsim("camp.yaml", "--set", "levers.sieg.severity=0")
    assert (code, out) == (2, "")
    assert "did you mean" in err


class Meddled(ReturnModel):
    """Gives one household means in the sixth week that nobody else knows of."""

    def step(self) -> None:
        if self.t == 5:
            household = next(h for h in self.households[3:] if h.in_camp)
            household.reserves += 4
        super().step()


def test_the_first_household_and_week_that_differ_are_named(
    returnsim: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parity, "ReturnModel", Meddled)
    code, out, _ = returnsim("camp.yaml", "--twin-households", 20, "--json")
    assert code == 1
    core, twin = json.loads(out)["comparisons"]
    assert (core["first"]["week"], core["first"]["household"]) == (5, None)
    assert (twin["first"]["week"], twin["first"]["what"]) == (5, "hardship")
    assert twin["first"]["household"] >= 3
    assert twin["first"]["mesa"] < twin["first"]["other"]
    _, out, _ = returnsim("camp.yaml", "--twin-households", 20)
    assert f"first in week 5: household {twin['first']['household']}, hardship: " in out


def test_a_column_that_differs_in_its_last_bit_is_found(monkeypatch: pytest.MonkeyPatch):
    scenario = scenario_from({"title": "t", "start": "2021-01-04", "weeks": 6})

    def disturbed(*arguments: object) -> object:
        run = run_plan(*arguments)
        run.columns["hardship"][0, 3] += 2.0**-60
        return run

    monkeypatch.setattr(parity, "run_plan", disturbed)
    first = parity.against_core(scenario, households=20).first
    assert first is not None
    assert (first.week, first.what) == (3, "hardship")


def test_without_mesa_it_says_what_to_install(returnsim: Run, monkeypatch: pytest.MonkeyPatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "mesa"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("household", "mesa_model", "parity"):
        monkeypatch.delitem(sys.modules, f"returnsim.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "mesa", None)
    code, out, err = returnsim("camp.yaml")
    assert (code, out) == (2, "")
    assert "pip install -e '.[mesa]'" in err
