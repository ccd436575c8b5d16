import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from tests.scenario.files import camp, day

RECORD = {"track_record": {"harms": 1, "exposure_weeks": 100}}
NO_LIMIT = float("inf")
shares = st.just(0.0) | st.floats(1e-9, 1)


def levers(**changed: object) -> WeeklyLevers:
    return weekly_levers(camp(levers=changed))


def guarantor(**fields: object) -> WeeklyLevers:
    return weekly_levers(camp(guarantors={"un": RECORD | fields}))


def siege(*entries: dict[str, object]) -> list[float]:
    return list(levers(siege=list(entries)).severity)


def test_the_defaults_are_a_calm_camp_with_an_open_road():
    week = weekly_levers(camp())
    assert not week.severity.any()
    assert not week.aid.any()
    assert (week.medical == 1).all()
    assert week.corridor_open.all()
    assert np.isinf(week.parties_per_week).all()
    assert not week.ban.any()
    assert not week.onward_open.any()
    assert week.active.all()
    assert np.isinf(week.files).all()


def test_arrays_have_weeks_then_origins_guarantors_or_classes():
    scenario = camp(
        population={"origins": {"a": 0.5, "b": 0.3, "c": 0.2}},
        guarantors={"one": RECORD, "two": {}},
    )
    week = weekly_levers(scenario)
    assert week.severity.shape == (10,)
    assert week.ban.shape == (10, 5)
    assert week.threat.shape == week.services.shape == (10, 3)
    assert week.active.shape == week.files.shape == week.price.shape == (10, 2)


@given(shares)
@settings(max_examples=50, deadline=None)
def test_a_constant_comes_out_exactly(value):
    assert (levers(siege={"severity": value}).severity == value).all()
    assert siege({"from": day(-3), "severity": value}) == [value] * 10


@given(
    st.lists(
        st.tuples(st.integers(-20, 80), st.integers(1, 60) | st.none(), shares),
        min_size=1,
        max_size=6,
        unique_by=lambda entry: entry[0],
    )
)
@settings(max_examples=50, deadline=None)
def test_a_week_is_the_mean_of_its_days_and_the_last_entry_in_force_counts(entries):
    entries = sorted(entries, key=lambda entry: entry[0])
    written = [
        {"from": day(first), "severity": value}
        | ({} if length is None else {"until": day(first + length)})
        for first, length, value in entries
    ]
    days = np.zeros(70)
    for d in range(70):
        for first, length, value in entries:
            if first <= d and (length is None or d < first + length):
                days[d] = value
    week = levers(siege=written).severity
    np.testing.assert_allclose(week, days.reshape(10, 7).mean(axis=1), rtol=0, atol=1e-15)
    by_week = days.reshape(10, 7)
    assert (by_week.min(axis=1) <= week).all()
    assert (week <= by_week.max(axis=1)).all()


def test_the_value_before_returns_after_until():
    week = siege(
        {"from": day(0), "severity": 0.2}, {"from": day(14), "until": day(28), "severity": 0.9}
    )
    assert week == [0.2, 0.2, 0.9, 0.9] + [0.2] * 6


def test_the_default_returns_where_no_entry_holds():
    week = siege({"from": day(14), "until": day(28), "severity": 0.9})
    assert week == [0, 0, 0.9, 0.9] + [0] * 6


def test_an_entry_before_the_start_sets_the_initial_value():
    assert siege({"from": day(-400), "severity": 0.3}) == [0.3] * 10


def test_entries_after_the_end_change_nothing():
    week = siege({"from": day(0), "severity": 0.3}, {"from": day(70), "severity": 1})
    assert week == [0.3] * 10


def test_a_change_within_a_week_counts_by_days():
    week = siege({"from": day(0), "severity": 0}, {"from": day(5), "severity": 0.7})
    assert week[0] == pytest.approx(0.7 * 2 / 7)
    assert week[1] == 0.7


def test_an_entry_leaves_what_it_does_not_name():
    week = levers(
        corridor=[
            {"from": day(0), "open": False, "parties_per_week": 5},
            {"from": day(7), "open": True},
            {"from": day(14), "parties_per_week": 9},
        ]
    )
    assert list(week.corridor_open[:3]) == [False, True, True]
    assert list(week.parties_per_week[:3]) == [0, 5, 9]


def test_a_linear_entry_draws_a_line_to_the_next():
    week = siege({"from": day(0), "severity": 0, "linear": True}, {"from": day(70), "severity": 1})
    assert week == pytest.approx([(3 + 7 * w) / 70 for w in range(10)])


def test_a_line_that_began_before_the_start_is_met_on_its_way():
    week = siege(
        {"from": day(-70), "severity": 0, "linear": True}, {"from": day(70), "severity": 1}
    )
    assert week[0] == pytest.approx(73 / 140)


def test_a_line_joins_only_numbers_that_both_entries_name():
    week = levers(
        news=[
            {"from": day(0), "reach": 0, "salience": 2, "linear": True},
            {"from": day(70), "reach": 1},
        ]
    )
    assert (week.salience == 2).all()
    assert week.reach[9] > 0.9


@given(shares)
@settings(max_examples=25, deadline=None)
def test_a_line_between_equal_values_is_exactly_constant(value):
    week = siege(
        {"from": day(3), "severity": value, "linear": True}, {"from": day(50), "severity": value}
    )
    assert week[1:] == [value] * 9


def test_no_line_is_drawn_to_where_there_is_no_limit():
    week = levers(
        corridor=[
            {"from": day(0), "parties_per_week": 3, "linear": True},
            {"from": day(35), "parties_per_week": None},
        ]
    )
    assert list(week.parties_per_week) == [3] * 5 + [NO_LIMIT] * 5


@pytest.mark.parametrize(("days_open", "open_"), [(3, False), (4, True)])
def test_a_yes_holds_for_a_week_if_in_force_on_most_of_its_days(days_open, open_):
    week = levers(
        corridor=[
            {"from": day(0), "open": True, "parties_per_week": 14},
            {"from": day(days_open), "open": False},
        ]
    )
    assert week.corridor_open[0] == open_
    assert week.parties_per_week[0] == pytest.approx(2 * days_open)


def test_one_open_day_without_a_limit_lifts_the_limit_of_the_week():
    week = levers(
        corridor=[
            {"from": day(0), "parties_per_week": 7},
            {"from": day(6), "parties_per_week": None},
            {"from": day(7), "parties_per_week": 7},
        ]
    )
    assert list(week.parties_per_week[:2]) == [NO_LIMIT, 7]


def test_a_shut_road_has_no_places_even_without_a_limit():
    assert not levers(corridor={"open": False}).parties_per_week.any()


def test_a_ban_holds_for_the_classes_named_with_its_strength():
    week = levers(
        exit_ban=[
            {"from": day(0), "members": ["men_conscription_age", "women"], "strength": 0.6},
            {"from": day(14), "members": []},
        ]
    )
    assert week.ban[0].tolist() == [0, 0.6, 0.6, 0, 0]
    assert not week.ban[2:].any()


def test_threat_and_services_are_scaled_by_origin():
    scenario = camp(
        population={"origins": {"a": 0.5, "b": 0.5}},
        levers={
            "threat": [
                {"from": day(0), "level": 2, "origins": {"b": 3}},
                {"from": day(14), "level": 1},
                {"from": day(28), "origins": {"a": 0.5}},
            ],
            "services": {"conditions": 0.5, "origins": {"a": 0}},
        },
    )
    week = weekly_levers(scenario)
    assert week.threat[[0, 2, 4]].tolist() == [[2, 6], [1, 3], [0.5, 1]]
    assert week.services[0].tolist() == [0, 0.5]


def test_a_guarantor_is_active_in_its_periods_only():
    week = guarantor(active=[[day(7), day(14)], [day(28), None]])
    assert week.active[:, 0].tolist() == [False, True, False, False] + [True] * 6
    one = guarantor(active=[day(7), day(14)])
    assert one.active[:, 0].tolist() == [False, True] + [False] * 8
    assert not guarantor(active=[]).active.any()
    assert guarantor(active=True).active.all()


def test_files_count_on_active_days_only():
    week = guarantor(active=[day(0), day(12)], capacity_files_per_week=7)
    assert week.files[:, 0].tolist() == [7, 5] + [0] * 8


def test_an_unlimited_capacity_returns_after_a_dated_one():
    steps = [{"from": day(7), "until": day(14), "value": 2}]
    assert guarantor(capacity_files_per_week=steps).files[:3, 0].tolist() == [NO_LIMIT, 2, NO_LIMIT]


def test_enforcement_after_grace_follows_enforcement_unless_it_is_said():
    steps = [{"from": day(0), "value": 0.2}, {"from": day(35), "value": 0.8}]
    same = guarantor(enforcement=steps)
    assert (same.enforcement_after_grace == same.enforcement).all()
    later = [{"from": day(14), "value": 0.1}]
    other = guarantor(enforcement=steps, enforcement_after_grace=later)
    assert other.enforcement_after_grace[[0, 1, 2, 9], 0].tolist() == [0.2, 0.2, 0.1, 0.1]


def test_dated_numbers_may_carry_their_evidence_beside_or_within_the_value():
    steps = [
        {"from": day(0), "value": 0.2, "range": [0.1, 0.3], "source": "a survey"},
        {"from": day(7), "value": {"value": 0.4, "range": [0.1, 0.5]}},
    ]
    scenario = camp(guarantors={"un": RECORD | {"enforcement": steps}})
    first, second = scenario.guarantors["un"].enforcement
    assert (first.value.range, second.value.range) == ((0.1, 0.3), (0.1, 0.5))
    assert weekly_levers(scenario).enforcement[:2, 0].tolist() == [0.2, 0.4]


def test_a_run_of_a_hundred_years_is_resolved():
    scenario = camp(weeks=5200, levers={"siege": [{"from": day(7), "severity": 1}]})
    assert weekly_levers(scenario).severity.sum() == 5199
