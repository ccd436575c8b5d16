"""A summary tells returns with their harm, and says where a number is not defined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from returnsim.analysis.summary import (
    COLUMNS,
    NOT_DEFINED,
    as_text,
    bands,
    outcomes,
    percentiles,
    returned_to_date,
    summarise,
)
from returnsim.assemble import simulate
from returnsim.scenario.files import scenario_from
from returnsim.scenario.quantities import CLASSES
from returnsim.trajectories import Trajectories
from tests.analysis.made import START, made


@pytest.fixture(scope="module")
def run() -> Trajectories:
    scenario = scenario_from(
        {
            "title": "small",
            "start": START,
            "weeks": 40,
            "population": {"people": 700},
            "behaviour": {"intercept": -1},
            "levers": {"siege": {"severity": 0.8}, "conscription": {"enforced": 1}},
        }
    )
    return simulate(scenario, replicates=6, seed=3)


def row(trajectories: Trajectories, outcome: str, unit: str = "people") -> tuple[float, ...]:
    table = summarise(trajectories)
    (found,) = table[(table.outcome == outcome) & (table.unit == unit)].itertuples(index=False)
    return (found.median, found.low90, found.high90)


def test_totals_are_sums_over_the_weeks():
    run = made(departures=[[1, 2, 3, 4], [2, 2, 2, 2]], newly_held=1)
    assert row(run, "returned") == pytest.approx((9, 8.1, 9.9))
    assert row(run, "held at some time") == (4, 4, 4)


def test_the_same_rows_come_in_the_same_order(run: Trajectories):
    table = summarise(run)
    assert tuple(table.columns) == COLUMNS
    assert not table.duplicated(["outcome", "unit"]).any()
    hand_made = summarise(made())
    assert table[["outcome", "unit"]].equals(hand_made[["outcome", "unit"]])


def test_the_harm_stands_right_after_the_returns(run: Trajectories):
    names = list(summarise(run).outcome)
    after = names[names.index("returned") + 1 :][:10]
    for harm in ("detained", "conscripted", "killed", "disappeared"):
        assert after.count(f"{harm} after return") == 2


def test_harm_is_told_per_hundred_who_have_returned():
    run = made(at_home=[[0, 0, 30, 150]], held=[[0, 0, 0, 40]], killed_to_date=[[0, 0, 0, 10]])
    run.columns["detained"][:] = 1
    assert row(run, "detained after return", "per 100 returned") == pytest.approx((2, 2, 2))


def test_where_nobody_returned_harm_among_the_returned_is_not_defined():
    run = made(camp_population=10)
    assert np.isnan(row(run, "detained after return", "per 100 returned")).all()
    assert np.isnan(row(run, "returned, men of conscription age", "percent")).all()


def test_deaths_in_camp_are_set_against_the_months_lived_there():
    run = made(weeks=1, camp_population=990, died_in_camp=20)
    months = (1010 + 990) / 2 * 7 / (365.25 / 12)
    rate = 1000 * 20 / months
    assert row(run, "died in camp", "per 1,000 person-months") == pytest.approx((rate,) * 3)


def test_trust_at_the_end_is_the_last_while_somebody_was_in_camp():
    run = made(trust_settlement=[0.5, 0.4, np.nan, np.nan], hardship=[0.2, 0.4, np.nan, np.nan])
    assert row(run, "trust in settlement at the start", "0 to 1") == (0.5,) * 3
    assert row(run, "trust in settlement at the end", "0 to 1") == (0.4,) * 3
    assert row(run, "hardship, mean over the weeks", "0 to 1") == pytest.approx((0.3,) * 3)


def test_a_camp_that_was_never_lived_in_has_no_trust_to_tell():
    run = made(trust_settlement=np.nan, hardship=np.nan)
    assert np.isnan(row(run, "trust in settlement at the end", "0 to 1")).all()
    assert np.isnan(row(run, "hardship, mean over the weeks", "0 to 1")).all()


def test_everyone_who_left_is_somewhere(run: Trajectories):
    to_date = run["departures"].cumsum(axis=1)
    np.testing.assert_allclose(returned_to_date(run), to_date, atol=1e-9)
    assert to_date[:, -1].min() > 0


def test_classes_and_guarantors_add_up_to_the_returned(run: Trajectories):
    found = {o.name: o.values for o in outcomes(run) if o.unit == "people"}
    by_class = [v for n, v in found.items() if n.startswith("returned, ")]
    assert len(by_class) == len(CLASSES)
    np.testing.assert_allclose(np.sum(by_class, axis=0), found["returned"])
    np.testing.assert_allclose(found["returned under settlement"], found["returned"])


def test_people_are_neither_lost_nor_made(run: Trajectories):
    found = {o.name: o.values for o in outcomes(run) if o.unit == "people"}
    came = found["in camp at the start"] + found["born in camp"] + found["arrived in camp"]
    went = found["returned"] + found["went on elsewhere"] + found["died in camp"]
    np.testing.assert_allclose(came - went, found["in camp at the end"])


@settings(max_examples=50, deadline=None)
@given(
    arrays(
        float, (5, 3), elements=st.one_of(st.floats(-1e6, 1e6, allow_nan=False), st.just(np.nan))
    )
)
def test_bands_are_in_order_and_ignore_the_replicates_without_a_value(values: np.ndarray):
    found = np.array(bands(values))
    for week in range(values.shape[1]):
        there = values[~np.isnan(values[:, week]), week]
        if there.size == 0:
            assert np.isnan(found[:, week]).all()
            continue
        assert (np.diff(found[:, week]) >= -1e-9).all()
        assert there.min() <= found[0, week] <= found[-1, week] <= there.max()
        assert found[2, week] == pytest.approx(np.median(there))


def test_one_replicate_is_its_own_median():
    assert percentiles(np.array([[3.0]]), (5.0, 50.0, 95.0))[:, 0].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (18786.6, "people", "18,787"),
        (0.0, "households", "0"),
        (21.64, "percent", "21.6"),
        (0.318, "per 100 returned", "0.32"),
        (np.nan, "people", NOT_DEFINED),
    ],
)
def test_numbers_are_written_as_a_reader_wants_them(value: float, unit: str, text: str):
    assert as_text(value, unit) == text
