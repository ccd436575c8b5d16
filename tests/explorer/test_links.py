"""Links and changes are read as strictly as overrides, and reach levers and guarantors alone."""

import shlex
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from returnsim.errors import UsageError
from returnsim.explorer.changes import (
    MOST_CHANGES,
    Source,
    View,
    as_options,
    query_of,
    source_of,
    typed,
    view_of,
    with_change,
)
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


WHOLE, LATE, LATER = (
    "levers.siege.severity",
    "levers.siege[2021-02-01:].severity",
    "levers.siege[2021-03-01:].severity",
)


def made(source: Source, *moves: tuple[str, object]) -> tuple[list[str], list[float]]:
    """The changes that moves come to, and the severities that follow."""
    changes: dict[str, object] = {}
    for path, value in moves:
        changes = dict(with_change(changes, path, value))
        scenario = source.changed(changes)
    return list(changes), [entry.severity.value for entry in scenario.levers.siege]


def test_the_whole_time_is_set_however_often_it_was_set_before(source: Source):
    paths, values = made(source, (WHOLE, 0.5), (LATE, 0.8), (WHOLE, 0.2))
    assert paths == [LATE, WHOLE]
    assert values == [0.2]


def test_a_step_is_added_however_often_it_was_added_before(source: Source):
    _, values = made(source, (WHOLE, 0.5), (LATER, 0.8), (LATE, 0.6), (LATER, 0.7))
    assert values == [0.5, 0.6, 0.7]


def test_a_moved_step_leaves_those_after_it(source: Source):
    step = LATE.replace(":", "")
    paths, values = made(source, (WHOLE, 0.5), (LATE, 0.8), (LATER, 0.6), (step, 0.1))
    assert paths == [WHOLE, LATE, LATER]
    assert values == [0.5, 0.1, 0.6]


def test_a_step_of_the_file_that_is_added_anew_moves_the_one_that_holds(source: Source):
    step = "levers.siege[2021-04-05].severity"
    _, values = made(source, (step, 0.3), (f"{step[:23]}:].severity", 0.5), (step, 0.7))
    assert values == [0.9, 0.7]


def test_the_whole_time_is_set_although_the_first_of_its_steps_was(source: Source, tmp_path: Path):
    # The file has no entry from the first day: only the whole-time change makes one.
    (tmp_path / "early.yaml").write_text(CAMP.replace("from: 2021-01-04", "from: 2020-01-06"))
    early = source_of(tmp_path / "early.yaml", (), households=60, seed=1, replicates=8)
    first = "levers.siege[2021-01-04].severity"
    _, values = made(early, (WHOLE, 0.5), (LATE, 0.8), (first, 0.3), (WHOLE, 0.2))
    assert values == [0.2]


def test_a_link_that_repeats_a_change_means_what_the_command_line_means(
    source: Source, tmp_path: Path
):
    texts = [f"{WHOLE}=0.5", f"{LATE}=0.8", f"{WHOLE}=0.2"]
    view = view_of([("set", text) for text in texts], source)
    assert source.changed(view.changes) == load_scenario(tmp_path / "camp.yaml", texts)


def test_no_more_is_changed_than_a_link_can_hold(tmp_path: Path):
    names = [f"place {i}" for i in range(MOST_CHANGES + 1)]
    origins = ", ".join(f"{name}: 1.5" for name in names)
    shares = ", ".join(f"{name}: {1 / len(names)}" for name in names)
    text = CAMP.replace("the hills: 0.6, the river: 0.4", shares)
    (tmp_path / "camp.yaml").write_text(text.replace("the river: 1.5", origins))
    source = source_of(tmp_path / "camp.yaml", (), households=60, seed=1, replicates=8)
    changes = {f"levers.threat.origins.{name}": 2 for name in names}
    most = dict(list(changes.items())[:-1])
    source.changed(most)
    view_of([("set", text) for text in typed(most)], source)
    with pytest.raises(UsageError, match=r"100 changes; this one would have 101"):
        source.changed(changes)
