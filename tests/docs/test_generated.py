"""The tables of the documentation are those that the code gives."""

import json
import re
import subprocess
import sys

import pytest
from docs.generate import BLOCK, DOCS, ROOT, RUKBAN, TABLES, blocks, fields_of, processes, write

from returnsim.core.inputs import Conditions, Population
from returnsim.core.state import State
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import load_scenario

ODD = DOCS / "odd.md"
PAGES = sorted(page for page in DOCS.glob("*.md") if BLOCK.search(page.read_text("utf-8")))
SCHEMA = json.loads((ROOT / "scenarios/schema.json").read_text("utf-8"))
DEFINITION = re.compile(r"#/\$defs/(\w+)")
FIRST_CELL = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def generate(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, DOCS / "generate.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def named_in(table: str) -> list[str]:
    (text,) = [block.text for block in blocks(ODD) if block.name == table]
    return FIRST_CELL.findall(text)


def properties(definition: str) -> dict[str, dict]:
    """The fields of one part of a scenario file, as the schema in the repository has them."""
    return SCHEMA["$defs"][definition]["properties"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_up_to_date(page):
    assert [block.name for block in blocks(page) if block.is_stale] == []


def test_every_table_that_can_be_made_is_on_a_page():
    assert {block.name for page in PAGES for block in blocks(page)} == TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_changed_by_hand_is_found_and_named_and_written_anew(tmp_path, name):
    written = ODD.read_text("utf-8")
    page = tmp_path / "page.md"
    start = written.index(f"<!-- generated: {name} -->")
    cell = written.index("` |", start)
    page.write_text(written[:cell] + "x" + written[cell:], "utf-8")
    assert [block.name for block in blocks(page) if block.is_stale] == [name]
    write(page)
    assert page.read_text("utf-8") == written


def test_the_command_leaves_one_and_writes_nothing_where_a_table_is_stale(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: week -->\n| old |\n<!-- end -->\n", "utf-8")
    told = generate("--check", page)
    assert (told.returncode, told.stdout) == (1, f"{page}: week: stale\n")
    assert "| old |" in page.read_text("utf-8")
    assert generate(page).returncode == 0
    told = generate("--check", page)
    assert (told.returncode, told.stdout) == (0, "")


def test_a_page_that_names_an_unknown_table_is_told(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: weak -->\n<!-- end -->\n", "utf-8")
    with pytest.raises(ValueError, match=r"page\.md: no such table: weak"):
        blocks(page)


@pytest.mark.parametrize(
    ("table", "kind"),
    [("state", State), ("household-traits", Population), ("conditions", Conditions)],
)
def test_every_field_of_the_state_appears_with_its_meaning(table, kind):
    assert named_in(table) == list(kind._fields)


def test_a_field_without_a_meaning_is_refused():
    class Untold(State):
        """Attributes that nobody told."""

    with pytest.raises(ValueError, match="told and there, but not both"):
        fields_of(Untold)


def test_every_lever_appears():
    dated = ("from", "until", "linear", "why", "source")
    wanted = [
        f"levers.{name}.{field}"
        for name, lever in properties("Levers").items()
        for field in properties(DEFINITION.search(json.dumps(lever))[1])
        if field not in dated
    ]
    assert [name for name in named_in("levers") if name.startswith("levers.")] == wanted


def test_all_that_a_guarantor_does_appears():
    names = {name.split(".")[2] for name in named_in("levers") if name.startswith("guarantors.")}
    assert names == properties("Guarantor").keys()


def test_every_number_of_rukban_appears_with_its_source_or_as_a_guess():
    scenario = load_scenario(RUKBAN)
    assert sorted(named_in("rukban") + named_in("rukban-levers")) == sorted(
        path for path, _ in quantities(scenario)
    )
    rows = [
        line
        for block in blocks(ODD)
        if block.name.startswith("rukban")
        for line in block.text.splitlines()[2:]
    ]
    guesses, numbers = scenario.guesses()
    assert len(rows) == numbers
    assert sum(row.split(" | ")[-1].startswith("guess") for row in rows) == guesses


def test_the_steps_of_the_week_are_numbered_without_gaps_and_none_is_empty():
    steps = list(processes())
    assert [int(title.partition(".")[0]) for title, _ in steps] == list(range(1, 11))
    assert all(functions for _, functions in steps)


def test_the_page_of_the_model_has_the_steps_of_the_week():
    page = (DOCS / "model.md").read_text("utf-8")
    assert re.findall(r"^### (\d+)\. ", page, re.MULTILINE) == [
        title.partition(".")[0] for title, _ in processes()
    ]
