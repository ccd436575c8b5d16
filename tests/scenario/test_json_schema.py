import json

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from returnsim.errors import ScenarioError
from returnsim.scenario.files import dump_scenario, load_scenario
from returnsim.scenario.json_schema import scenario_schema
from tests.scenario.files import HEAD
from tests.scenario.test_written import HERE, SHIPPED, STARTER


@pytest.fixture(scope="module")
def validator():
    schema = scenario_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(text: str) -> object:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_schema_in_the_repository_is_in_step():
    written = json.loads((HERE / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    assert written == scenario_schema()


@pytest.mark.parametrize("file", SHIPPED + STARTER, ids=lambda file: file.stem)
def test_the_schema_accepts_every_scenario_and_what_it_resolves_to(file, validator):
    for text in (file.read_text(encoding="utf-8"), dump_scenario(load_scenario(file))):
        assert [error.message for error in validator.iter_errors(as_json(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "levers: {siege: {severity: 2}}",
        "levers: {sige: {severity: 1}}",
        "levers: {siege: [{from: 2020-01-06, severity: -1}]}",
        "levers: {corridor: {open: maybe}}",
        "levers: {exit_ban: {members: [men]}}",
        "population: {contacts: 7}",
        "behaviour: {cost: {value: -1}}",
        "behaviour: {cost: {value: 1, sorce: x}}",
        "guarantors: {a: {active: 5, track_record: {harms: 1, exposure_weeks: 1}}}",
        "guarantors: {a: {enforcement: [{from: 2020-01-06, value: 2}]}}",
        "weeks: 0",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text, validator, tmp_path):
    head = HEAD.replace("weeks: 10\n", "") if text.startswith("weeks") else HEAD
    assert not validator.is_valid(as_json(head + text))
    (tmp_path / "camp.yaml").write_text(head + text)
    with pytest.raises(ScenarioError):
        load_scenario(tmp_path / "camp.yaml")


def test_a_file_that_extends_another_needs_nothing_else(validator):
    assert validator.is_valid({"extends": "base.yaml"})
    assert not validator.is_valid({"title": "x"})


def test_every_field_is_described(validator):
    definitions = validator.schema["$defs"]
    bare = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, field in definition.get("properties", {}).items()
        if "description" not in field and "$ref" not in field
    ]
    assert bare == []
    assert all("description" in definition for definition in definitions.values())
