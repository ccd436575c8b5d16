"""Links and changes are read as strictly as overrides, and reach levers and guarantors alone."""

import shlex
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from returnsim.errors import UsageError
from returnsim.explorer.changes import Source, View, as_options, query_of, source_of, typed, view_of
from returnsim.scenario.files import load_scenario
from tests.explorer.shown import CAMP


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "camp.yaml").write_text(CAMP)
    return source_of(tmp_path / "camp.yaml", (), households=60, seed=1, replicates=8)


CHANGES = {
    "levers.siege[2021-02-01:2021-03-01].severity": 0.2,
    "levers.corridor.parties_per_week": None,
    "levers.exit_ban.members": ["men_conscription_age"],
    "guarantors.mediator.active": False,
}


def test_a_link_comes_back_as_the_view_it_was_made_of(source: Source):
    view = View(CHANGES, {"household": 3, "week": 5})
    assert view_of(parse_qsl(query_of(view)), source) == view


def test_what_is_typed_for_the_command_line_makes_the_same_scenario(source: Source, tmp_path: Path):
    same = load_scenario(tmp_path / "camp.yaml", typed(CHANGES))
    assert source.changed(CHANGES) == same


def test_what_is_typed_for_the_command_line_survives_a_shell(tmp_path: Path):
    file = tmp_path / "camp.yaml"
    file.write_text(CAMP.replace("the river", "king's river; $HOME"))
    changes = {"levers.threat.origins.king's river; $HOME": 2, **CHANGES}
    words = shlex.split(" ".join(as_options(changes)))
    assert words[::2] == ["--set"] * len(changes)
    assert load_scenario(file, words[1::2]) == load_scenario(file, typed(changes))


def test_those_who_come_for_a_few_weeks_are_counted_for_these_weeks(source: Source):
    few = {"levers.arrivals[2021-02-01:2021-02-08].people_per_week": 50_000}
    assert source.changed(few).levers.arrivals
    many = {"levers.arrivals[2021-02-01:2021-02-08].people_per_week": 500_000}
    with pytest.raises(UsageError, match=r"levers\.arrivals\.people_per_week: .* 20,000"):
        source.changed(many)


def test_overrides_of_the_command_line_are_part_of_what_is_written(tmp_path: Path):
    (tmp_path / "camp.yaml").write_text(CAMP)
    asked = ("levers.aid.coverage=0.4",)
    source = source_of(tmp_path / "camp.yaml", asked, households=60, seed=1, replicates=8)
    assert source.changed({}).levers.aid[0].coverage.value == 0.4
    assert source.changed({"levers.siege.severity": 0}).levers.aid[0].coverage.value == 0.4


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ([("set", "levers.siege.severity")], "path.to.key=value"),
        ([("set", "levers.siege.severity=2")], "from 0 to 1"),
        ([("set", "levers.siege.severity=&a [*a]")], "repeat|valid|number"),
        ([("set", f"levers.siege.severity={'[' * 500}")], "nested|valid|long"),
        ([("set", "levers.siege[2021-02-30:].severity=0")], "does not exist"),
        ([("set", "weeks=5000")], "only levers and guarantors"),
        ([("set", "posterior=/etc/passwd")], "only levers and guarantors"),
        ([("set", "patterns=/etc/passwd")], "only levers and guarantors"),
        ([("set", "guarantors.nobody.enforcement=1")], "no such guarantor"),
        ([("set", "levers.arrivals.people_per_week=1e6")], "2,400,000 households .* 20,000"),
        ([("set", "levers.aid.coverage=0.1")] * 101, "101"),
        ([("set", f"levers.aid.coverage={' ' * 3000}0")], "longer than"),
        ([("household", "1e3")], "whole number"),
        ([("household", "²")], "whole number"),
        ([("path", "/etc/passwd")], "has only"),
    ],
)
def test_a_link_that_is_wrong_says_what(source: Source, query: list[tuple[str, str]], rule: str):
    with pytest.raises(UsageError, match=rule):
        view_of(query, source)
