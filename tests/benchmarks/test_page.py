"""The page that tells of a run of the benchmarks."""

import json

import pytest
from benchmarks.measuring import Figure
from benchmarks.page import met, page_of, table
from benchmarks.ratios import HISTORY, QUOTED


def ratios_of_a_run() -> dict:
    names = {name for quoted in QUOTED for name in (quoted.of, quoted.to)}
    rates = {name: [100.0, 100.0] for name in names}
    rates |= {name + HISTORY: [50.0, 50.0] for name in names if "thread" not in name}
    for of in ("one", "block"):
        rates |= {f"{of}: {what}": [1000.0, 400.0] for what in ("random", "bytes", "exp")}
    machine = dict.fromkeys(
        ("processor", "cores", "memory", "system", "Python", "NumPy", "numba", "Mesa", "date"), "x"
    )
    sizes = {"weeks": 8, "twin": 10, "households": 20, "replicates": 4}
    return {"machine": machine | {"load": "1"}, "sizes": sizes, "rates": rates}


@pytest.mark.parametrize(
    ("median", "told"),
    [
        (19.0, "20 (aim 30): **not met**"),
        (25.0, "20 (aim 30): met"),
        (31.0, "20 (aim 30): met, aim too"),
    ],
)
def test_a_target_that_was_missed_is_said_to_be(median, told):
    assert met(Figure(median, 1, 99), 20, 30) == told


def test_a_table_has_a_line_for_each_row():
    assert table(("a", "b"), [(1, 2)]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_page_tells_what_it_has_and_what_it_has_not(tmp_path):
    (tmp_path / "ratios.json").write_text(json.dumps(ratios_of_a_run()))
    page = page_of(tmp_path)
    assert "in 2 interleaved rounds" in page
    for quoted in QUOTED:
        assert f"| {quoted.name} |" in page
    assert "| NumPy one | 0.175 (0.100 to 0.250) |" in page
    assert "Not measured this time: benchmarks.json, scaling.json, peers.json" in page


def test_a_folder_without_ratios_makes_no_page(tmp_path):
    with pytest.raises(ValueError, match="make bench"):
        page_of(tmp_path)
