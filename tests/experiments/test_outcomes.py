"""Outcomes are what their words say, and no number of returns comes without the harm."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from returnsim.analysis.attribution import LABELS
from returnsim.analysis.summary import outcomes
from returnsim.assemble import simulate
from returnsim.core.record import column_names
from returnsim.experiments.outcomes import (
    BUILT_IN,
    DEFAULTS,
    HARMS,
    RETURNED,
    TITLES,
    filled,
    is_mean,
    is_stock,
    measure,
    outcomes_of,
    title,
)
from returnsim.experiments.schema import Experiment, Outcome
from tests.agents.camp import camp

START = date(2020, 1, 6)
NAN = np.nan
HARM_NAMES = {"held", *HARMS, "disappeared", *(f"{harm}_per_100" for harm in HARMS)}
MEASURES = ("end", "date", "cumulative", "peak", "mean")
COLUMNS = {"flow": "departures", "stock": "at_home", "mean": "hardship"}


def weeks(number: int) -> np.ndarray:
    return np.datetime64(START) + np.arange(number) * np.timedelta64(7, "D")


def day(number: int) -> date:
    return START + timedelta(days=number)


def told(name: str, columns: dict[str, object], **written: object) -> list[float]:
    """The outcome of that name, measured of weekly columns with a row a replicate."""
    given_ = {n: np.atleast_2d(np.asarray(v, dtype=float)) for n, v in columns.items()}
    dates = weeks(next(iter(given_.values())).shape[1])
    return measure(filled(name, Outcome(**written)), given_, dates).tolist()


def experiment(**outcomes: object) -> Experiment:
    return Experiment(title="A test", base="camp.yaml", outcomes=outcomes)


def series(low: int = 0, *, gaps: bool = False) -> st.SearchStrategy:
    number = st.integers(low, 1000).map(float)
    return st.integers(1, 6).flatmap(
        lambda w: arrays(float, (3, w), elements=number | st.just(NAN) if gaps else number)
    )


def test_every_column_of_the_record_is_a_stock_a_flow_or_a_mean():
    columns = column_names(("state",))
    places = ("at_home", "held", "in_custody", "waiting", "hungry", "without_care")
    stocks = {n for n in columns if n.startswith("camp_") or n.endswith("_to_date")} | {*places}
    means = {"hardship", "reserves", "price_index", "perceived_threat", "intention_share"}
    means |= {"trust_state", "trust_state_men_conscription_age"}
    assert {name for name in columns if is_stock(name)} == stocks
    assert {name for name in columns if is_mean(name)} == means
    assert not any(is_stock(name) or is_mean(name) for name in LABELS)


@pytest.mark.parametrize(
    ("kind", "measured", "value"),
    [
        ("flow", "cumulative", 17),
        ("flow", "end", 4),
        ("flow", "peak", 8),
        ("flow", "mean", 17 / 4),
        ("stock", "end", 4),
        ("stock", "peak", 8),
        ("stock", "mean", 17 / 4),
        ("stock", "cumulative", 17),
        ("mean", "end", 4),
        ("mean", "peak", 8),
        ("mean", "mean", 17 / 4),
    ],
)
def test_a_measure_says_when(kind: str, measured: str, value: float):
    found = told(COLUMNS[kind], {COLUMNS[kind]: [2, 8, 3, 4]}, measure=measured)
    assert found == [value]


def test_nothing_said_flows_are_summed_up_stocks_taken_at_the_end_and_means_averaged():
    weekly = {name: [2, 8, 3, 3] for name in COLUMNS.values()}
    found = {kind: told(name, weekly, column=name) for kind, name in COLUMNS.items()}
    assert found == {"flow": [16], "stock": [3], "mean": [4]}


def test_each_replicate_is_measured_by_itself():
    weekly = {"departures": [[1, 2], [30, 40]]}
    assert told("returned", weekly) == [3, 70]
    assert told("returned", weekly, measure="peak") == [2, 40]


@pytest.mark.parametrize(
    ("number", "flow", "stock"),
    [(0, 2, 2), (6, 2, 2), (7, 10, 8), (13, 10, 8), (21, 17, 4), (27, 17, 4)],
)
def test_at_a_date_a_stock_is_that_of_its_week_and_a_flow_all_up_to_it(
    number: int, flow: float, stock: float
):
    at = {"measure": "date", "date": day(number)}
    assert told("returned", {"departures": [2, 8, 3, 4]}, **at) == [flow]
    assert told("in_camp", {"camp_population": [2, 8, 3, 4]}, **at) == [stock]
    assert told("hardship", {"hardship": [2, 8, 3, 4]}, **at) == [stock]


@pytest.mark.parametrize("number", [-1, 28])
def test_a_day_outside_the_weeks_is_told(number: int):
    with pytest.raises(ValueError, match=f"{day(number)} lies outside the weeks recorded"):
        told("returned", {"departures": [1, 1, 1, 1]}, measure="date", date=day(number))


def test_the_unit_of_the_dates_does_not_matter():
    outcome = filled("returned", Outcome(measure="date", date=day(13)))
    columns = {"departures": np.array([[1.0, 2.0, 4.0]])}
    found = [measure(outcome, columns, weeks(3).astype(f"datetime64[{u}]")) for u in ("D", "ms")]
    assert found == [[3], [3]]


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(KeyError, match="killed"):
        told("killed", {"departures": [1]})


def test_columns_named_together_are_added_up_before_they_are_measured():
    weekly = {"detained": [1, 5, 0], "conscripted": [4, 0, 2]}
    columns = ("detained", "conscripted")
    assert told("x", weekly, column=columns) == [12]
    assert told("x", weekly, column=columns, measure="peak") == [5]


def test_weeks_in_which_nobody_has_a_value_are_left_out():
    weekly = {"hardship": [[NAN, 0.2, 0.6, NAN], [NAN] * 4]}
    for measured, value in (("mean", 0.4), ("end", 0.6), ("peak", 0.6)):
        found = told("hardship", weekly, measure=measured)
        assert found == pytest.approx([value, NAN], nan_ok=True)
    found = told("hardship", weekly, measure="date", date=day(0))
    assert np.isnan(found).all()


def test_harm_is_told_per_hundred_of_all_who_have_returned_wherever_they_are_now():
    weekly = {name: [0, 0] for name in RETURNED} | {
        "at_home": [10, 60],
        "held": [5, 7],
        "in_custody": [9, 8],
        "disappeared_to_date": [0, 1],
        "conscripted_to_date": [0, 20],
        "killed_to_date": [1, 4],
    }
    assert told("killed_per_100", weekly | {"killed": [1, 3]}) == [4]
    assert told("detained_per_100", weekly | {"detained": [10, 10]}) == [20]
    at = {"measure": "date", "date": day(6)}
    assert told("killed_per_100", weekly | {"killed": [1, 3]}, **at) == [4]


def test_a_flow_is_divided_by_a_flow_of_the_same_weeks():
    weekly = {"killed": [1, 2, 9], "departures": [10, 20, 60]}
    asked = {"column": "killed", "per_100": "departures"}
    assert told("x", weekly, **asked) == pytest.approx([100 * 12 / 90])
    assert told("x", weekly, **asked, measure="date", date=day(7)) == [10]
    assert told("x", weekly, **asked, measure="peak") == [15]


def test_a_stock_is_divided_by_the_stocks_beside_it():
    weekly = {"in_custody": [3, 4], "at_home": [10, 36]}
    asked = {"column": "in_custody", "per_100": ("at_home", "in_custody")}
    assert told("x", weekly, **asked) == [10]


def test_outcomes_agree_with_the_summary_of_the_same_run():
    changes = {"weeks": 40, "record_from": "2021-03-01", "hazards__conscription_per_week": 0.03}
    run = simulate(camp(**changes, levers__conscription__deferral_weeks=0), 3)
    summary = {(outcome.name, outcome.unit): outcome.values for outcome in outcomes(run)}
    whose, base = "in these weeks, whenever they returned", "per 100 of all who had returned"
    same = {
        "returned": ("returned in the weeks recorded", "people"),
        "in_camp": ("in camp at the end", "people"),
        "died_in_camp": ("died in camp", "people"),
        "hardship": ("hardship, mean over the weeks", "0 to 1"),
        **{harm: (f"{harm} {whose}", "people") for harm in HARMS},
        **{f"{harm}_per_100": (f"{harm} {whose}", base) for harm in HARMS},
    }
    for name, there in same.items():
        found = measure(filled(name, Outcome()), run.columns, run.dates)
        np.testing.assert_allclose(found, summary[there], err_msg=name)
        assert found.sum() > 0, name


def test_where_nobody_has_returned_harm_among_the_returned_is_not_defined():
    weekly = {name: [[0, 0], [0, 50]] for name in RETURNED[:1]}
    weekly |= {name: [[0, 0], [0, 0]] for name in RETURNED[1:]} | {"killed": [[0, 0], [0, 1]]}
    assert told("killed_per_100", weekly) == pytest.approx([NAN, 2], nan_ok=True)


@settings(deadline=None)
@given(series(gaps=True))
def test_a_mean_lies_between_the_lowest_and_the_highest(values: np.ndarray):
    weekly = {"hardship": values}
    mean, peak, end = (
        np.array(told("hardship", weekly, measure=m)) for m in ("mean", "peak", "end")
    )
    there = ~np.isnan(values).all(axis=1)
    for found in (mean, peak, end):
        np.testing.assert_array_equal(np.isnan(found), ~there)
    lowest, highest = np.nanmin(values[there], axis=1), np.nanmax(values[there], axis=1)
    np.testing.assert_array_equal(peak[there], highest)
    for found in (mean, end):
        assert (lowest - 1e-9 <= found[there]).all()
        assert (found[there] <= highest + 1e-9).all()


@settings(deadline=None)
@given(series())
def test_at_the_last_date_a_flow_is_its_sum_and_a_stock_its_end(values: np.ndarray):
    at = {"measure": "date", "date": day(7 * values.shape[1] - 1)}
    assert told("returned", {"departures": values}, **at) == values.sum(axis=1).tolist()
    assert told("in_camp", {"camp_population": values}, **at) == values[:, -1].tolist()


@settings(deadline=None)
@given(series(), st.integers(0, 100))
def test_returns_to_a_date_never_fall_as_the_date_moves_on(values: np.ndarray, number: int):
    number %= 7 * values.shape[1]
    to_date = [
        told("returned", {"departures": values}, measure="date", date=day(n))
        for n in range(number + 1)
    ]
    assert (np.diff(to_date, axis=0) >= 0).all()


@settings(deadline=None)
@given(
    series(low=1),
    st.sampled_from([{}, {"measure": "date", "date": START}, {"measure": "peak"}]),
    st.sampled_from(sorted(COLUMNS.values())),
)
def test_anything_is_a_hundred_per_hundred_of_itself(
    values: np.ndarray, when: dict[str, object], column: str
):
    found = told("x", {column: values}, column=column, per_100=column, **when)
    assert found == pytest.approx([100] * 3)


@settings(deadline=None)
@given(series(), series(low=1), st.floats(0.5, 40))
def test_what_a_simulated_person_stands_for_scales_counts_but_not_rates(
    harm: np.ndarray, returns: np.ndarray, weight: float
):
    number = min(harm.shape[1], returns.shape[1])
    one = {"killed": harm[:, :number], "departures": returns[:, :number]}
    many = {name: weight * values for name, values in one.items()}
    rate = {"column": "killed", "per_100": "departures"}
    assert told("x", many, **rate) == pytest.approx(told("x", one, **rate))
    counted = np.array(told("killed", one))
    np.testing.assert_allclose(told("killed", many), weight * counted)


@pytest.mark.parametrize(
    "outcome",
    [
        {"returned": {}},
        {"returned": {"measure": "date", "date": START}},
        {"x": {"column": "departures_women"}},
        {"x": {"column": ("camp_population", "departures_state")}},
        {"x": {"column": "at_home"}},
        *({label: {"without": "siege"}} for label in LABELS),
    ],
)
def test_returns_bring_the_harm_after_them(outcome: dict[str, object]):
    found = outcomes_of(experiment(**outcome))
    unknown = {"not_yet_known"} if "pushed" in outcome else set()
    assert set(found) == {*outcome, *unknown, *HARM_NAMES}
    assert all(found[name].good == "less" for name in HARM_NAMES)


def test_where_no_returns_are_counted_only_what_was_named_is_measured():
    named = ("in_camp", "died_in_camp", "onward", "hardship", "held")
    assert tuple(outcomes_of(experiment(**{name: {} for name in named}))) == named


def test_harm_that_was_named_stays_as_it_was_written_and_in_its_place():
    found = outcomes_of(experiment(killed={"measure": "peak"}, returned={}))
    assert list(found)[:2] == ["killed", "returned"]
    assert found["killed"].measure == "peak"


def test_an_experiment_that_names_nothing_measures_the_defaults_the_harm_among_them():
    assert tuple(outcomes_of(experiment())) == DEFAULTS
    assert set(DEFAULTS) >= {"returned", *HARM_NAMES}


def test_a_return_has_no_good_direction_and_harm_has():
    good = {name: filled(name, Outcome()).good for name in BUILT_IN}
    neither = {name for name, direction in good.items() if direction is None}
    assert neither == {"returned", "in_camp", "onward", "not_yet_known"}
    assert "more" not in good.values()
    assert set(TITLES) == set(BUILT_IN)


def test_what_is_written_stands_above_what_is_built_in():
    written = Outcome(measure="end", unit="of 1", good="more")
    found = filled("hardship", written)
    assert (found.column, found.measure, found.unit, found.good) == (
        *("hardship", "end"),
        *("of 1", "more"),
    )


def test_an_outcome_with_a_column_of_its_own_takes_nothing_from_the_built_in_one():
    found = filled("killed_per_100", Outcome(column="births"))
    assert (found.column, found.per_100, found.good) == ("births", None, None)


def test_a_name_that_is_not_built_in_is_its_own_column():
    found = filled("departing_parties", Outcome())
    assert (found.column, found.measure, found.unit) == (
        *("departing_parties", "cumulative"),
        "parties",
    )


@pytest.mark.parametrize(
    ("name", "written", "unit"),
    [
        ("returned", {}, "people"),
        ("returned", {"measure": "peak"}, "people a week"),
        ("returned", {"measure": "mean"}, "people a week"),
        ("in_camp", {"measure": "peak"}, "people"),
        ("in_camp", {"measure": "mean"}, "people"),
        ("in_camp", {"measure": "cumulative"}, "people-weeks"),
        ("waiting", {}, "households"),
        ("registered", {}, "households"),
        ("departures_state", {}, "people"),
        ("hardship", {}, "0 to 1"),
        ("trust_state", {}, "0 to 1"),
        ("reserves", {}, ""),
        ("killed_per_100", {}, "per 100"),
        ("pushed", {}, "people"),
        ("returned", {"unit": "persons"}, "persons"),
    ],
)
def test_the_unit_follows_from_column_and_measure(name: str, written: dict[str, str], unit: str):
    assert filled(name, Outcome(**written)).unit == unit


@given(st.sampled_from([*BUILT_IN, "births", "trust_state"]), st.sampled_from([*MEASURES, None]))
def test_an_outcome_that_is_filled_stays_as_it_is(name: str, measured: str | None):
    once = filled(name, Outcome() if measured is None else Outcome(measure=measured))
    assert once.column is not None
    assert once.measure is not None
    assert filled(name, once) == once


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("killed", {}, "killed after return"),
        ("returned", {"measure": "date", "date": START}, "returned, 2020-01-06"),
        ("killed", {"measure": "peak"}, "killed, at the peak"),
        ("hardship", {"measure": "end"}, "hardship, in the last week"),
        ("in_camp", {"measure": "mean"}, "in camp, mean over the weeks"),
        ("pushed", {"without": "aid"}, "pushed, told from a run without aid"),
        ("hastened", {"without": "guarantor:un"}, "hastened, told from a run without guarantor un"),
        ("my_own", {"column": "births"}, "my own"),
    ],
)
def test_a_title_says_what_is_measured_and_when(name: str, written: dict[str, object], told: str):
    assert title(name, filled(name, Outcome(**written))) == told


def test_a_record_that_begins_later_says_so_of_flows_and_rates_but_not_of_stocks():
    told = {name: title(name, filled(name, Outcome()), is_window=True) for name in BUILT_IN}
    flows = {name for name in BUILT_IN if filled(name, Outcome()).measure == "cumulative"}
    assert {name for name in told if "in the weeks recorded" in told[name]} == flows
    assert told["returned"] == "returned, in the weeks recorded"
    assert told["killed_per_100"] == (
        "killed in the weeks recorded, per 100 of all who had returned"
    )
    assert told["in_camp"] == TITLES["in_camp"]
