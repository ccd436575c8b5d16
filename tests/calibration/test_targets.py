"""A fit is held to increments, on a scale where zero can be observed."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from returnsim.analysis.calibration.priors import Prior, values_at
from returnsim.analysis.calibration.targets import (
    NINETY_PERCENT,
    observed_on_scale,
    off_scale,
    on_scale,
    targets_of,
    values_of,
)
from returnsim.analysis.observations import Observation
from returnsim.assemble import simulate
from returnsim.scenario.files import load_scenario

START = date(2019, 3, 24)


def seen(end, low, best, high, **other):
    parts = {"quantity": "departures", "start": START, "unit": "people", "guarantor": None}
    parts |= {"use": "calibrate", "source": "counted", "note": ""} | other
    return Observation(end=end, low=low, best=best, high=high, **parts)


COUNTS = (
    seen(date(2019, 4, 14), 90, 100, 110),
    seen(date(2019, 5, 31), 270, 300, 330),
    seen(date(2019, 4, 30), 180, 200, 220),
    seen(date(2019, 5, 31), 400, 500, 600, quantity="camp_population", start=None),
    seen(date(2020, 1, 1), 0, 10, 20, use="validate"),
)


def test_cumulative_counts_become_increments_in_the_order_of_their_ends():
    flows = [t for t in targets_of(COUNTS, ("calibrate",), None) if t.observation.start]
    assert [t.best for t in flows] == [100, 100, 100]
    assert [t.before and t.before.best for t in flows] == [None, 100, 200]


def test_variances_of_increments_add_up_to_that_of_the_count():
    flows = [t for t in targets_of(COUNTS, ("calibrate",), None) if t.observation.start]
    whole = ((330 - 270) / (2 * NINETY_PERCENT)) ** 2
    assert sum(t.sd**2 for t in flows) == pytest.approx(whole)


def test_rows_of_another_use_and_later_ones_are_left_out():
    assert len(targets_of(COUNTS, ("calibrate",), None)) == 4
    assert len(targets_of(COUNTS, ("calibrate",), date(2019, 5, 1))) == 2
    assert len(targets_of(COUNTS, ("validate",), None)) == 1


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=4))
def test_the_scale_of_the_fit_can_be_left_again(values):
    targets = targets_of(COUNTS, ("calibrate",), None)
    back = off_scale(targets, on_scale(targets, np.array([values])))
    assert back[0] == pytest.approx(values, rel=1e-9, abs=1e-6)


def test_far_above_its_error_an_observation_has_its_relative_error():
    targets = targets_of((seen(START, 9900, 10000, 10100),), ("calibrate",), None)
    _, variance = observed_on_scale(targets)
    assert variance[0] ** 0.5 == pytest.approx(100 / NINETY_PERCENT / 10000, rel=0.01)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_place_is_how_far_a_value_lies_along_its_range_or_the_logarithm_of_it(one, other):
    priors = (Prior("a", ("a",), -3, 5), Prior("b", ("b",), 0.01, 100, log=True))
    even, log = values_at(priors, np.array([[one, other]]))[0]
    assert (even + 3) / 8 == pytest.approx(one, abs=1e-9)
    assert np.log(log / 0.01) / np.log(1e4) == pytest.approx(other, abs=1e-9)


def test_what_a_run_says_of_increments_adds_up_to_what_it_says_of_the_count():
    run = simulate(load_scenario("scenarios/rukban/2019-2025.yaml", {"weeks": 20}), 2, 1,
                   households=60)  # fmt: skip
    whole = (seen(date(2019, 5, 31), 270, 300, 330),)
    parts = targets_of(COUNTS[:3], ("calibrate",), None)
    total = values_of(run, targets_of(whole, ("calibrate",), None))[:, 0]
    assert values_of(run, parts).sum(axis=1) == pytest.approx(total)
    assert (total > 0).all()


def test_an_increment_between_counts_as_unsure_errs_by_both():
    counts = (seen(START, 300, 350, 400), seen(date(2019, 4, 14), 290, 300, 310))
    later = targets_of(counts, ("calibrate",), None)[1]
    both = np.hypot(100, 20) / (2 * NINETY_PERCENT)
    assert later.best == 0
    assert later.sd == pytest.approx(both)


def test_two_counts_to_one_day_are_both_held_against_the_day_before_by_the_same_source():
    early = date(2019, 4, 14)
    first = seen(early, 400, 500, 600), seen(early, 610, 620, 630, source="others")
    later = date(2019, 4, 30)
    second = seen(later, 650, 700, 750), seen(later, 700, 740, 780, source="others")
    for counts in ((*first, *second), (*second, *first[::-1])):
        flows = targets_of(counts, ("calibrate",), None)
        assert sorted((t.best, t.before and t.before.best) for t in flows[2:]) == [
            (120, 620),
            (200, 500),
        ]
        assert {(t.best, t.before) for t in flows[:2]} == {(500, None), (620, None)}


def test_a_count_of_another_source_is_held_against_the_surest_before_it():
    early = date(2019, 4, 14)
    first = seen(early, 400, 500, 600), seen(early, 610, 620, 630, source="others")
    third = seen(date(2019, 4, 30), 700, 740, 780, source="a third")
    assert targets_of((third, *first[::-1]), ("calibrate",), None)[-1].best == 120


def test_a_share_that_is_taken_back_to_its_unit_is_never_more_than_all():
    share = seen(START, 90, 95, 98, quantity="intention_share", start=None, unit="percent")
    targets = targets_of((share,), ("calibrate",), None)
    assert off_scale(targets, on_scale(targets, np.array([[144.0]]))).tolist() == [[100.0]]
