"""Files and command lines, changed at random: each is refused in words, or does what it says."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import load_scenario
from tests.fuzz.asked import LONG, NOT_FOR_READERS, QUICK, assert_told_well, check_of
from tests.fuzz.mutations import (
    EXPERIMENTS,
    NUMBERS,
    ROOT,
    SCENARIOS,
    WRITTEN,
    changed_text,
    changed_tree,
    original,
)
from tests.fuzz.typed import standing_in, tree, typed

CAMP = "src/returnsim/starter/camp.yaml"
FILES = changed_text(SCENARIOS + EXPERIMENTS) | changed_tree(EXPERIMENTS)
NUMBERS_OF_THE_CAMP = tuple(path for path, _ in quantities(load_scenario(ROOT / CAMP)))
ODD_PATHS = ("", "=", ".", "a.", "weeks.x", "posterior.draws", "levers.siege[2021-02-30:].severity")
PATHS = st.sampled_from(NUMBERS_OF_THE_CAMP) | st.sampled_from(
    (*ODD_PATHS, "weeks", "start", "title", "observations", "patterns", "posterior", "extends")
)
NUMBER = st.sampled_from(NUMBERS) | st.floats(-10, 1e9, width=32).map(str)
OPTIONS = (
    *("--replicates", "--seed", "--households", "--workers", "--engine", "--set", "--out"),
    *("--until-ci", "--outcome", "--most-replicates", "--baseline", "--without", "--week"),
    *(
        "--household",
        "--cells",
        "--returns-alone",
        "--json",
        "--no-figures",
        "--nothing",
        "--",
        "-",
    ),
)
COMMANDS = (
    *("check", "show", "diff", "run", "explain", "attribute", "sweep", "compare", "verdict"),
    *("calibrate", "validate", "sensitivity", "report", "parity", "schema", "new"),
)
WRONG = (
    "nowhere.yaml",
    "",
    ".",
    "\0",
    "../../../etc/passwd",
    "-1",
    "1e400",
    "nan",
    "é" * 300,
    "a" * 5000,
)


def assert_a_scenario_changed_in_its_values_is_told_or_runs(data: bytes) -> None:
    check_of(data)


def assert_a_number_is_told_or_runs(changes: list[tuple[str, str]]) -> None:
    check_of(original(CAMP).encode(), *(f"{path}={value}" for path, value in changes))


def assert_a_command_line_that_cannot_work_leaves_with_2(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "within").mkdir()
        before = tree(Path(name))
        with standing_in(Path(name) / "within"):
            left = typed(*words)
        assert left.code in (0, 2), left.err
        assert not NOT_FOR_READERS.search(left.err), left.err
        if left.code == 2:
            assert tree(Path(name)) == before


LINES = st.tuples(
    st.sampled_from(COMMANDS),
    st.lists(st.sampled_from(WRONG), max_size=2),
    st.lists(st.tuples(st.sampled_from(OPTIONS), st.sampled_from((*WRONG, "5", "0"))), max_size=2),
).map(lambda parts: [parts[0], *parts[1], *(word for option in parts[2] for word in option)])
PROPERTIES: dict[str, tuple[Callable[..., None], st.SearchStrategy]] = {
    "files": (lambda data: assert_told_well(check_of(data), by_place=True), FILES),
    "trees": (assert_a_scenario_changed_in_its_values_is_told_or_runs, changed_tree(SCENARIOS)),
    "numbers": (
        assert_a_number_is_told_or_runs,
        st.lists(st.tuples(PATHS, NUMBER), min_size=1, max_size=2),
    ),
    "overrides": (
        assert_a_number_is_told_or_runs,
        st.lists(st.tuples(PATHS, WRITTEN), min_size=1, max_size=2),
    ),
    "lines": (assert_a_command_line_that_cannot_work_leaves_with_2, LINES),
}


@pytest.mark.parametrize("kind", PROPERTIES)
def test_a_bad_input_is_told_in_words_and_nothing_is_written(kind: str):
    holds, inputs = PROPERTIES[kind]
    QUICK(given(inputs)(holds))()


@pytest.mark.soak
@pytest.mark.parametrize("kind", PROPERTIES)
def test_ten_thousand_bad_inputs_are_told_in_words_and_nothing_is_written(kind: str):
    holds, inputs = PROPERTIES[kind]
    LONG(given(inputs)(holds))()
