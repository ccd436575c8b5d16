from pathlib import Path

import numpy as np
import pytest

from returnsim.errors import ScenarioError
from returnsim.scenario.files import load_scenario, require_observations, scenario_from
from tests.scenario.files import HEAD, camp, problem

BASE = (
    HEAD
    + """question: what of it?
observations: table.csv
guarantors:
  settlement: {track_record: {harms: 1, exposure_weeks: 100}}
  un:
    enforcement: [{from: 2020-01-06, value: 0.2}, {from: 2020-02-03, value: 0.4}]
levers:
  siege: [{from: 2020-01-06, severity: 0.5}, {from: 2020-02-03, severity: 0.9}]
  news: {reach: 0.5, salience: 3, source: a survey}
behaviour:
  cost: {value: 2, range: [1, 3], source: a survey}
"""
)


@pytest.fixture
def base(tmp_path):
    file = tmp_path / "base.yaml"
    file.write_text(BASE)
    return file


def what_if(base: Path, text: str, *overrides: str):
    file = base.with_name("what-if.yaml")
    file.write_text(f"extends: {base.name}\n{text}")
    return load_scenario(file, overrides)


def test_a_what_if_inherits_all_that_it_does_not_say(base):
    scenario = what_if(base, "title: another\n")
    assert (scenario.title, scenario.question) == ("another", "what of it?")
    assert scenario.name == "what-if"
    assert scenario.levers == load_scenario(base).levers


def test_mappings_merge_and_lists_are_replaced(base):
    text = "guarantors: {un: {neutrality: 1}}\nlevers: {siege: [{from: 2020-01-06, severity: 0}]}\n"
    scenario = what_if(base, text)
    assert scenario.guarantor_names == ("settlement", "un")
    assert scenario.guarantors["un"].neutrality.value == 1
    assert len(scenario.guarantors["un"].enforcement) == 2
    assert [entry.severity.value for entry in scenario.levers.siege] == [0]


def test_a_mapping_replaces_a_dated_list_and_the_other_way_round(base):
    text = "levers: {siege: {severity: 0}, news: [{from: 2020-01-06, reach: 0}]}\n"
    levers = what_if(base, text).levers
    assert (len(levers.siege), levers.siege[0].from_) == (1, None)
    assert levers.news[0].from_ is not None
    assert levers.news[0].salience.value == 5


@pytest.mark.parametrize("cost", ["5", "{value: 5}", "{value: 5, why: a thought}"])
def test_a_new_number_drops_the_evidence_of_the_old(base, cost):
    quantity = what_if(base, f"behaviour: {{cost: {cost}}}\n").behaviour.cost
    assert (quantity.value, quantity.range, quantity.source) == (5, None, None)


def test_a_new_value_of_a_lever_drops_its_source(base):
    (news,) = what_if(base, "levers: {news: {reach: 1}}\n").levers.news
    assert (news.reach.value, news.salience.value, news.source) == (1, 3, None)


def test_a_what_if_may_add_evidence_alone(base):
    quantity = what_if(base, "behaviour: {cost: {why: it was asked}}\n").behaviour.cost
    assert (quantity.value, quantity.source, quantity.why) == (2, "a survey", "it was asked")


def test_a_what_if_may_extend_a_what_if(base):
    what_if(base, "weeks: 8\nbehaviour: {age: 1}\n")
    file = base.with_name("third.yaml")
    file.write_text("extends: what-if.yaml\nbehaviour: {norm: 0}\n")
    scenario = load_scenario(file)
    behaviour = scenario.behaviour
    assert (scenario.weeks, behaviour.age.value, behaviour.norm.value) == (8, 1, 0)


def test_a_problem_is_told_in_the_file_in_which_it_is_written(base):
    base.write_text(BASE.replace("severity: 0.5", "severity: 5"))
    with pytest.raises(ScenarioError) as caught:
        what_if(base, "weeks: 0\n")
    assert {(p.file.name, p.line) for p in caught.value.problems} == {
        ("base.yaml", 11),
        ("what-if.yaml", 2),
    }


def test_observations_are_looked_for_beside_the_file_that_names_them(base, tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    file = folder / "what-if.yaml"
    file.write_text("extends: ../base.yaml\n")
    assert load_scenario(file).observations == tmp_path / "table.csv"


def test_observations_that_are_not_there_are_told_when_asked_for(base, tmp_path):
    scenario = load_scenario(base)
    with pytest.raises(ScenarioError, match=r"observations: .*table\.csv: no such file"):
        require_observations(scenario, base)
    (tmp_path / "table.csv").touch()
    require_observations(scenario, base)


def test_problems_of_a_file_come_with_those_of_what_it_extends(base):
    base.write_text("title: [")
    with pytest.raises(ScenarioError) as caught:
        what_if(base, "weeks: 4\nweeks: 5\n")
    assert [p.file.name for p in caught.value.problems] == ["base.yaml", "what-if.yaml"]


@pytest.mark.parametrize(
    ("extends", "rule"),
    [
        ("nowhere.yaml", "no such file"),
        ('"\\0"', "no such file"),
        ("folder", "this is a folder; name a file in it, such as base.yaml"),
        ("camp.yaml", "in a circle: camp.yaml -> camp.yaml"),
        ("5", "must be the path of a scenario file"),
    ],
)
def test_a_file_that_cannot_be_extended_is_told(tmp_path, extends, rule):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "base.yaml").write_text(HEAD)
    found = problem(tmp_path, HEAD + f"extends: {extends}\n")
    assert (found.line, found.path) == (4, "extends")
    assert rule in found.rule


def test_files_that_extend_one_another_in_a_circle_are_told(tmp_path):
    (tmp_path / "b.yaml").write_text("extends: camp.yaml\n")
    assert "camp.yaml -> b.yaml -> camp.yaml" in problem(tmp_path, "extends: b.yaml\n").rule


def test_an_override_replaces_a_whole_dated_lever(base):
    (siege,) = load_scenario(base, ["levers.siege.severity=0"]).levers.siege
    assert (siege.severity.value, siege.from_) == (0, None)


def test_an_override_replaces_a_dated_number(base):
    un = load_scenario(base, ["guarantors.un.enforcement=0.3"]).guarantors["un"]
    assert [step.value.value for step in un.enforcement] == [0.3]


def test_an_override_drops_the_evidence_of_the_number_it_replaces(base):
    quantity = load_scenario(base, ["behaviour.cost=5"]).behaviour.cost
    assert (quantity.value, quantity.range, quantity.source) == (5, None, None)


def test_later_overrides_stand_on_earlier_ones(base):
    overrides = ["levers.corridor.parties_per_week=7", "levers.corridor.open=false"]
    (corridor,) = load_scenario(base, overrides).levers.corridor
    assert (corridor.open, corridor.parties_per_week.value) == (False, 7)


def test_an_override_may_reach_into_a_default_guarantor():
    scenario = scenario_from(
        {"title": "x", "start": "2020-01-06", "weeks": 3},
        overrides=["guarantors.settlement.enforcement=0.4"],
    )
    settlement = scenario.guarantors["settlement"]
    assert settlement.enforcement[0].value.value == 0.4
    assert settlement.track_record.harms.value == 1.6


def test_an_override_may_be_any_yaml(base):
    scenario = load_scenario(base, ["levers.exit_ban={members: [women], strength: 0.5}"])
    assert scenario.levers.exit_ban[0].members == ("women",)


def test_overrides_may_be_a_mapping(base):
    entries = [{"from": "2020-01-06", "severity": 0.1}]
    scenario = load_scenario(base, {"levers.siege": entries, "weeks": 4})
    assert scenario.weeks == 4
    assert scenario.levers.siege[0].severity.value == 0.1


def test_overrides_may_hold_numbers_of_numpy(base):
    overrides = {"behaviour.cost": np.int64(3), "behaviour.age": np.float32(0.5)}
    behaviour = load_scenario(base, overrides).behaviour
    assert (behaviour.cost.value, behaviour.age.value) == (3, 0.5)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("weeks", "--set: weeks: an override has the form path.to.key=value"),
        ("=1", "a path is key.key.key"),
        ("levers..aid=1", "a path is key.key.key"),
        (
            "levers.siege.sevrity=0",
            "levers.siege.sevrity: no such key here; did you mean 'severity'?",
        ),
        ("guarantors.uno.neutrality=1", "no such guarantor; did you mean 'un'?"),
        ("weeks=many", "--set: weeks: many: must be a whole number"),
        ("weeks=[1", "no valid YAML"),
        ("title=!mine x", "tags are not read"),
        ("extends=other.yaml", "only a file can extend another"),
        (
            "levers.siege.severity=2",
            "--set: levers.siege.severity: 2: must be a number from 0 to 1",
        ),
    ],
)
def test_an_override_that_cannot_be_applied_is_told(base, override, text):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(base, [override])
    assert text in str(caught.value)


def test_problems_of_file_and_overrides_come_together(base):
    base.write_text(BASE + "passage: {retry_weeks: -1}\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(base, ["weeks", "behaviour.cost=-1"])
    assert [(p.line, p.path, p.value) for p in caught.value.problems] == [
        (BASE.count("\n") + 1, "passage.retry_weeks", "-1"),
        (None, "", "weeks"),
        (None, "behaviour.cost", "-1"),
    ]


def test_reading_leaves_the_given_data_as_it_is():
    data = {"title": "x", "start": "2020-01-06", "weeks": 3, "levers": {"aid": {"coverage": 1}}}
    scenario_from(data, overrides=["levers.aid.coverage=0", "behaviour.cost=1"])
    assert data["levers"] == {"aid": {"coverage": 1}}
    assert camp().levers.aid[0].coverage.value == 0
