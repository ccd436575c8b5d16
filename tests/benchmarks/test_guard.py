"""The guard against a core that became slower."""

import json

import pytest
from benchmarks.guard import BASELINE, falls
from benchmarks.ratios import HISTORY, QUOTED, TWIN, Sizes, quoted_of


def test_a_ratio_may_lose_a_quarter_and_no_more():
    before = {"one": 20.0, "block": 60.0}
    assert falls(before, {"one": 15.0, "block": 90.0}) == []
    (fall,) = falls(before, {"one": 14.9, "block": 90.0})
    assert str(fall) == "one: 20.0 before, 14.9 now: 26% lost"


def test_a_ratio_that_was_not_measured_is_no_success():
    with pytest.raises(ValueError, match="not measured: block"):
        falls({"one": 20.0, "block": 60.0}, {"one": 20.0})


def test_ratios_are_quoted_with_and_without_history_and_like_is_set_against_like():
    rates = {
        TWIN: [1.0, 2.0],
        "NumPy one": [30.0, 50.0],
        TWIN + HISTORY: [1.0, 1.0],
        "NumPy one" + HISTORY: [10.0, 12.0],
    }
    name = QUOTED[0].name
    assert quoted_of(rates) == {name: (27.5, 25.0, 30.0), name + HISTORY: (11.0, 10.0, 12.0)}


def test_the_baseline_holds_every_ratio_to_the_twin_at_the_sizes_that_are_measured():
    baseline = json.loads(BASELINE.read_text())
    assert baseline["sizes"] == Sizes()._asdict()
    alone = {quoted.name for quoted in QUOTED if quoted.to == TWIN and "threads" not in quoted.name}
    assert set(baseline["ratios"]) == {name + end for name in alone for end in ("", HISTORY)}
