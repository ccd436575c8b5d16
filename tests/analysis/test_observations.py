"""Tables of observations are read whole or refused with every mistake; a run answers them."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.analysis.observations import (
    COLUMNS,
    Observation,
    load_observations,
)
from returnsim.analysis.quantities import observable
from returnsim.analysis.simulated import camp_at_start, on_day, simulated
from returnsim.core.record import column_names
from returnsim.errors import ScenarioError, UsageError
from tests.analysis.made import START, made

RUKBAN = Path(__file__).parents[2] / "scenarios" / "rukban" / "observations.csv"
HEADER = ",".join(COLUMNS)
GOOD = 'departures,2020-01-06,2020-01-19,90,100,110,people,,calibrate,"A, B",a note'


def observed(quantity: str, first: date | None, last: date, **other: object) -> Observation:
    parts = {"low": 0.0, "best": 0.0, "high": 0.0, "unit": "people", "guarantor": None}
    parts |= {"use": "validate", "source": "", "note": ""} | other
    return Observation(quantity=quantity, start=first, end=last, **parts)


def table(folder: Path, *lines: str) -> Path:
    file = folder / "seen.csv"
    file.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return file


def day(number: int) -> date:
    return START + timedelta(days=number)


def test_the_table_of_rukban_is_read():
    found = load_observations(RUKBAN)
    assert len(found) == len(RUKBAN.read_text(encoding="utf-8").splitlines()) - 1
    held = next(o for o in found if o.quantity == "held")
    assert (held.start, held.end, held.best) == (None, date(2019, 5, 22), 1022)
    assert {o.guarantor for o in found} == {None, "un_sarc"}


def test_a_line_is_read_into_its_parts(tmp_path: Path):
    (one,) = load_observations(table(tmp_path, GOOD, ""))
    assert one == Observation(
        *("departures", day(0), day(13), 90.0, 100.0, 110.0),
        *("people", None, "calibrate", "A, B", "a note"),
    )


def test_marks_of_other_editors_do_no_harm(tmp_path: Path):
    file = tmp_path / "seen.csv"
    file.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{GOOD}\r\n".encode())
    assert len(load_observations(file)) == 1


MISTAKES = {
    "departure": (GOOD.replace("departures", "departure"), "quantity", "did you mean 'departures'"),
    "no date": (GOOD.replace("2020-01-19", "2020-02-30"), "to", "must be a date that exists"),
    "no last day": (GOOD.replace("2020-01-19", ""), "to", "a date is missing"),
    "no first day": (GOOD.replace("2020-01-06", ""), "from", "a date is missing"),
    "backwards": (GOOD.replace("2020-01-19", "2020-01-05"), "to", "not be earlier"),
    "stock over days": (GOOD.replace("departures", "held"), "from", "on one day"),
    "words": (GOOD.replace(",100,", ",many,"), "best", "must be a number of 0 or more"),
    "nan": (GOOD.replace(",100,", ",nan,"), "best", "must be a number of 0 or more"),
    "negative": (GOOD.replace(",90,", ",-9,"), "low", "must be a number of 0 or more"),
    "low": (GOOD.replace(",90,", ",101,"), "low", "not be more than best"),
    "high": (GOOD.replace(",110,", ",99,"), "high", "not be less than best"),
    "unit": (GOOD.replace("people", "families"), "unit", "counted in people"),
    "use": (GOOD.replace("calibrate", "fit"), "use", "calibrate, validate, context"),
    "guarantor": (
        GOOD.replace("people,,", "people,un,").replace("departures", "births"),
        "guarantor",
        "only departures",
    ),
    "percent": (
        GOOD.replace("departures", "departures_men_share").replace("people", "percent"),
        "high",
        "cannot be more than 100",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_file_line_and_column(tmp_path: Path, name: str):
    line, column, rule = MISTAKES[name]
    file = table(tmp_path, GOOD, line)
    with pytest.raises(ScenarioError) as caught:
        load_observations(file)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.path) == (file, 3, column)
    assert rule in problem.rule


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    file = table(tmp_path, *(line for line, _, _ in MISTAKES.values()))
    with pytest.raises(ScenarioError) as caught:
        load_observations(file)
    assert {p.line for p in caught.value.problems} == set(range(2, len(MISTAKES) + 2))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("quantity,form\n", "did you mean 'from'"),
        (HEADER.replace(",note", ""), "note: this column is missing"),
        (f"{HEADER},note\n", "twice"),
        (f"{HEADER}\n{GOOD},more\n", "12 cells"),
        (f'{HEADER}\n{GOOD}"x\n"', "CSV"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused(tmp_path: Path, text: str, said: str):
    file = tmp_path / "seen.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=said):
        load_observations(file)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path):
    file = tmp_path / "seen.csv"
    for content in (b"\xff\xfe\x00", b"x" * 1_000_001):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=r"seen\.csv"):
            load_observations(file)
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UsageError, match="cannot be read"):
            load_observations(path)


def test_every_observable_quantity_is_recorded():
    columns = set(column_names(("settlement",))) | {"departures_men_share"}
    assert set(observable()) <= columns


def test_a_stock_lies_on_a_line_between_the_ends_of_the_weeks():
    run = made(held=[7, 14, 21, 0])
    assert on_day(run, "held", day(6)) == pytest.approx([7, 7])
    assert on_day(run, "held", day(7)) == pytest.approx([8, 8])
    assert on_day(run, "held", day(13)) == pytest.approx([14, 14])
    assert on_day(run, "held", day(24)) == pytest.approx([9, 9])


def test_the_camp_before_its_first_week_follows_from_that_weeks_flows():
    run = made(camp_population=[93, 90, 90, 90], departures=[10, 3, 0, 0], births=[3, 0, 0, 0])
    assert camp_at_start(run) == pytest.approx([100, 100])
    assert on_day(run, "camp_population", day(0)) == pytest.approx([99, 99])


def test_a_day_outside_the_weeks_recorded_has_no_stock():
    run = made(held=5)
    for number in (-1, 28):
        assert np.isnan(on_day(run, "held", day(number))).all()
    assert on_day(run, "held", day(27)) == pytest.approx([5, 5])


def test_an_intention_is_given_in_percent_and_only_while_somebody_is_there():
    run = made(intention_share=[0.2, 0.3, np.nan, np.nan])
    seen = observed("intention_share", None, day(13), unit="percent")
    assert simulated(run, seen) == pytest.approx([30, 30])
    later = observed("intention_share", None, day(14), unit="percent")
    assert np.isnan(simulated(run, later)).all()


def test_a_flow_counts_the_first_and_the_last_day():
    run = made(departures=[[7, 14, 21, 28], [0, 70, 0, 0]])
    one_day = observed("departures", day(8), day(8))
    assert simulated(run, one_day) == pytest.approx([2, 10])
    across = observed("departures", day(5), day(15))
    assert simulated(run, across) == pytest.approx([2 + 14 + 6, 70])


def test_a_window_that_was_not_recorded_in_full_has_no_answer():
    run = made(departures=7)
    for first, last in ((-1, 5), (5, 28)):
        assert np.isnan(simulated(run, observed("departures", day(first), day(last)))).all()
    assert simulated(run, observed("departures", day(0), day(27))) == pytest.approx([28, 28])


def test_departures_of_one_guarantor_are_told_apart():
    run = made(departures=7, departures_settlement=2)
    seen = observed("departures", day(0), day(6), guarantor="settlement")
    assert simulated(run, seen) == pytest.approx([2, 2])
    unknown = observed("departures", day(0), day(6), guarantor="setlement")
    with pytest.raises(UsageError, match="did you mean 'settlement'"):
        simulated(run, unknown)


def test_half_of_the_elderly_count_among_the_men():
    run = made(
        departures=[[10], [0]],
        departures_men_conscription_age=[[1], [0]],
        departures_men_older=[[2], [0]],
        departures_elderly=[[2], [0]],
    )
    seen = observed("departures_men_share", day(0), day(13), unit="percent")
    assert simulated(run, seen) == pytest.approx([40, np.nan], nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(
    weekly=st.lists(st.integers(0, 1000), min_size=4, max_size=4),
    cuts=st.tuples(st.integers(0, 26), st.integers(0, 26), st.integers(0, 26)),
)
def test_windows_side_by_side_add_up(weekly: list[int], cuts: tuple[int, int, int]):
    run = made(departures=weekly)
    first, middle, last = sorted(cuts)

    def between(a: int, b: int) -> np.ndarray:
        return simulated(run, observed("departures", day(a), day(b)))

    whole = between(first, last + 1)
    parts = between(first, middle) + between(middle + 1, last + 1)
    assert parts == pytest.approx(whole)
