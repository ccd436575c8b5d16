"""Controls come of the schema: every number of a lever or a guarantor moves within its bounds."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from returnsim.explorer.changes import Source, source_of
from returnsim.explorer.controls import (
    Control,
    ControlBlock,
    Group,
    guarantor_blocks,
    lever_blocks,
    text_of,
)
from returnsim.explorer.page import what_changed
from returnsim.explorer.panel import value_on
from returnsim.explorer.words import UNITS, unit_of
from returnsim.scenario.evidence import quantities
from returnsim.scenario.quantities import NonNegative, Share, Weeks
from tests.explorer.shown import CAMP

LARGEST = Path("scenarios/rukban/2019-2025.yaml")
SCENARIOS = (
    Path("src/returnsim/starter/camp.yaml"),
    Path("scenarios/kosovo/macedonia-1999.yaml"),
    Path("scenarios/rohingya/listed-2018-2019.yaml"),
    Path("scenarios/rukban/two-words.yaml"),
    LARGEST,
)


def controls_of(source: Source) -> list[Control]:
    blocks = [*lever_blocks(source.scenario), *guarantor_blocks(source.scenario)]
    return [
        control
        for block in blocks
        for group in (*block.groups, *block.rest)
        for control in (group.whole, *group.steps)
    ]


def source_from(file: Path) -> Source:
    return source_of(file, (), households=60, seed=1, replicates=8)


@pytest.fixture(params=SCENARIOS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def source(request: pytest.FixtureRequest) -> Source:
    return source_from(request.param)


@pytest.mark.parametrize("file", [file for file in SCENARIOS if file != LARGEST], ids=str)
def test_every_control_moves_from_end_to_end(file: Path):
    # Each row of a posterior would be looked at again for each value.
    source = source_of(file, ("posterior=null",), households=60, seed=1, replicates=8)
    for control in controls_of(source):
        values = {"switch": (True, False), "classes": ([], ["women"])}.get(
            control.kind, (control.low, control.high, *((None,) if control.nothing else ()))
        )
        for value in values:
            source.changed({control.path: value})


def test_every_number_lies_within_its_slider_and_on_a_step(source: Source):
    for control in controls_of(source):
        if control.kind == "number" and control.value is not None:
            assert control.low <= control.value <= control.high, control
            steps = (control.value - control.low) / control.step
            assert steps == pytest.approx(round(steps), abs=1e-6), control


def test_every_number_of_levers_and_guarantors_has_a_control(source: Source):
    moved = {control.path for control in controls_of(source)}
    start = f"[{source.scenario.start}]"
    for path, _ in quantities(source.scenario):
        if path.startswith(("levers.", "guarantors.")) and ".origins" not in path:
            whole = path.replace(start, ""), path.replace(start, f"{start[:-1]}:]")
            assert moved & {path, *whole}, path


def test_a_unit_is_told_by_kind_or_by_name_and_never_made_up():
    assert unit_of("any", Share) == "share from 0 to 1"
    assert unit_of("any", Weeks) == "weeks"
    assert unit_of("level", NonNegative) == "times the danger stated"
    with pytest.raises(ValueError, match=r"litres: .*UNITS"):
        unit_of("litres", NonNegative)


def test_no_unit_is_told_of_a_field_that_is_not_there(source: Source):
    there = {control.path.rpartition(".")[2] for control in controls_of(source)}
    assert set(UNITS) - there <= {"origins", "harms", "exposure_weeks"}


def test_a_moved_value_leaves_every_control_in_its_place(source: Source):
    before = [control.path for control in controls_of(source)]
    step = next(c for c in controls_of(source) if c.kind == "number" and not c.varies)
    changed = source.changed({step.path: step.high})
    assert [control.path for control in controls_of(replace(source, scenario=changed))] == before


def test_a_control_says_its_unit_its_range_and_its_source(tmp_path: Path):
    (tmp_path / "camp.yaml").write_text(CAMP)
    source = source_from(tmp_path / "camp.yaml")
    told = {control.path: control.about for control in controls_of(source)}
    enforcement = told["guarantors.mediator.enforcement"]
    assert "Unit: share from 0 to 1." in enforcement
    assert "Plausible from 0.3 to 0.9. Source: a survey." in enforcement
    assert "No source: a guess. A road is opened." in told["levers.siege[2021-04-05].severity"]


DATED = """
title: Levers from before the run, and from long after its start
start: 2021-01-04
weeks: 60
population: {people: 600}
guarantors:
  settlement:
    enforcement: 0.3
    enforcement_after_grace: [{from: 2021-06-07, value: 0.1}]
    persuasion: [{from: 2030-01-01, value: 2}]
    track_record: {harms: 5, exposure_weeks: 200}
levers:
  siege:
    - {from: 2018-01-01, severity: 0.1}
    - {from: 2020-01-01, severity: 0.9}
    - {from: 2020-06-01, until: 2020-09-01, severity: 0.5}
    - {from: 2021-08-02, severity: 0.3}
  aid:
    - {from: 2018-01-01, coverage: 0.1}
    - {from: 2020-01-01, coverage: 0.2}
  medical: [{from: 2021-06-07, access: 0.5}]
  exit_ban: [{from: 2021-06-07, members: [men_older]}]
  corridor: [{from: 2021-06-07, parties_per_week: 3}]
"""


@pytest.fixture
def dated(tmp_path: Path) -> Source:
    (tmp_path / "dated.yaml").write_text(DATED)
    return source_from(tmp_path / "dated.yaml")


def block_of(source: Source, path: str) -> ControlBlock:
    blocks = [*lever_blocks(source.scenario), *guarantor_blocks(source.scenario)]
    return next(block for block in blocks if block.path == path)


def group_of(source: Source, path: str, name: str) -> Group:
    block = block_of(source, path)
    return next(group for group in (*block.groups, *block.rest) if group.name == name)


def test_of_entries_before_the_run_only_the_one_in_force_is_shown(dated: Source):
    siege, aid = (
        group_of(dated, "levers.siege", "severity"),
        group_of(dated, "levers.aid", "coverage"),
    )
    assert [(str(step.since), step.value) for step in siege.steps] == [
        ("2020-01-01", 0.9),
        ("2021-08-02", 0.3),
    ]
    assert siege.whole.varies == "0.3 to 0.9"
    assert (aid.whole.value, list(aid.steps)) == (0.2, [])


def test_what_holds_before_the_first_step_is_the_default(dated: Source):
    assert group_of(dated, "levers.medical", "access").whole.varies == "0.5 to 1"
    assert group_of(dated, "levers.exit_ban", "strength").whole.varies == "1"
    persuasion = group_of(dated, "guarantors.settlement", "persuasion").whole
    assert (persuasion.kind, persuasion.value) == ("number", 0)


@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        ("levers.siege", "severity", 0.9),
        ("levers.medical", "access", 1),
        ("levers.exit_ban", "members", []),
        ("levers.corridor", "parties_per_week", None),
        ("guarantors.settlement", "enforcement_after_grace", 0.3),
    ],
)
def test_a_step_may_be_added_before_the_first(dated: Source, block: str, name: str, value: object):
    group = group_of(dated, block, name)
    assert value_on(block_of(dated, block), name, date(2021, 2, 1)) == value
    changed = dated.changed({group.addable.format("2021-02-01:2021-03-01"): value})
    added = group_of(replace(dated, scenario=changed), block, name).steps
    assert date(2021, 2, 1) in [step.since for step in added]


def test_a_number_is_told_to_three_digits_and_never_by_a_power_of_ten():
    told = [text_of(value) for value in (0.1234, 999.4, 999.5, 999.7, 1000, 12345)]
    assert told == ["0.123", "999", "1,000", "1,000", "1,000", "12,345"]


def test_a_number_that_is_moved_to_where_it_was_is_said_to_be_drawn_no_more():
    source = source_from(LARGEST)
    drawn = next(
        c for c in controls_of(source) if "draws its own" in c.about and c.value is not None
    )
    changed = source.changed({drawn.path: drawn.value})
    rows, words = what_changed(source.scenario, changed)
    assert rows == []
    assert words == "1 number is no longer drawn: every replicate has the same."
