"""Controls come of the schema: every number of a lever or a guarantor moves within its bounds."""

from dataclasses import replace
from pathlib import Path

import pytest

from returnsim.explorer.changes import Source, source_of
from returnsim.explorer.controls import Control, guarantor_blocks, lever_blocks
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
