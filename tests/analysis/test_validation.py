"""A validation says how far a model is off, and when it is surer than it may be."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from returnsim.analysis.baselines import naive
from returnsim.analysis.calibration.targets import targets_of
from returnsim.analysis.observations import Observation
from returnsim.analysis.validation import (
    Validation,
    crps,
    error_of,
    fitted_of,
    foretold,
    is_used,
    judged_rows,
    misfit_of,
    validate,
)
from returnsim.scenario.posterior import Fitted
from tests.agents.camp import camp

START = date(2020, 1, 6)
POINTS, REPLICATES, SPREAD = 400, 64, 0.3
NOTHING_USED = Fitted(use=())


def seen(best: float, first: int | None, last: int, **other: object) -> Observation:
    """An observation between two days after `START`, of one day where there is no first."""
    parts = {"quantity": "departures" if first is not None else "camp_population"}
    parts |= {"low": best, "high": best, "unit": "people", "guarantor": None}
    parts |= {"use": "calibrate", "source": "", "note": ""} | other
    start = None if first is None else START + timedelta(first)
    return Observation(start=start, end=START + timedelta(last), best=best, **parts)


def histories(scale: float) -> Validation:
    """One history each at many points, foretold by a model whose spread is off by a factor."""
    rng = np.random.default_rng(7)
    middles = rng.uniform(50, 5000, POINTS)
    # Observed with an error of a tenth, as the ranges say.
    truth = middles * np.exp(SPREAD * rng.standard_normal(POINTS))
    error = 0.1 * truth
    best = np.maximum(truth + error * rng.standard_normal(POINTS), 0)
    spread = scale * SPREAD * rng.standard_normal((POINTS, REPLICATES))
    rows = [
        seen(value, None, day, low=max(value - 1.645 * e, 0), high=value + 1.645 * e)
        for day, (value, e) in enumerate(zip(best, error, strict=True))
    ]
    answers = middles[:, None] * np.exp(spread)
    return validate(rows, answers, np.zeros(REPLICATES), NOTHING_USED)


def test_bands_of_a_model_that_is_right_hold_the_share_that_they_say():
    for one in histories(1.0).coverage:
        error = math.sqrt(one.band * (1 - one.band) / POINTS)
        assert abs(one.within / POINTS - one.band) < 4 * error
        assert one.low < one.within / POINTS < one.high


def test_bands_that_are_too_narrow_are_told_so_and_those_too_wide():
    assert {one.verdict for one in histories(0.4).coverage} == {"too narrow"}
    assert {one.verdict for one in histories(3.0).coverage} == {"too wide"}


def test_a_misfit_that_was_found_makes_the_bands_wide_enough_again():
    narrow = [[100.0] * REPLICATES]
    point = seen(140.0, None, 3, low=139, high=141)
    bare, wide = (
        validate([point], np.array(narrow), np.full(REPLICATES, misfit), NOTHING_USED)
        for misfit in (0.0, 0.3)
    )
    assert bare.coverage[1].within == 0
    assert wide.coverage[1].within == 1


@pytest.mark.parametrize("observed", [-1.5, 0.0, 0.3, 2.0])
def test_the_score_of_a_normal_is_that_of_its_closed_form(observed: float):
    from scipy.stats import norm

    steps = np.sort(norm.ppf((np.arange(20_000) + 0.5) / 20_000))
    exact = (
        observed * (2 * norm.cdf(observed) - 1) + 2 * norm.pdf(observed) - 1 / math.sqrt(math.pi)
    )
    assert crps(steps, observed) == pytest.approx(exact, abs=1e-3)


def test_the_score_of_a_single_value_is_its_distance():
    assert crps(np.array([7.0]), 10.0) == 3.0


def test_what_is_foretold_is_never_below_nothing_and_may_be_nothing():
    whole = foretold(np.zeros(8), np.zeros(8), error=5.0)
    assert whole[0] == 0
    assert np.median(whole) == pytest.approx(0, abs=0.2)
    assert whole[-1] > 5


def test_a_share_is_never_foretold_to_be_more_than_all():
    share = seen(95.0, None, 0, low=90, high=98, quantity="intention_share", unit="percent")
    point = validate([share], np.full((1, 4), 95.0), np.full(4, 0.25), NOTHING_USED).points[0]
    assert point.high90 == 100
    assert point.median == pytest.approx(95, abs=1)


def test_the_error_of_an_observation_is_that_of_its_ninety_percent_range():
    observation = seen(1000.0, None, 0, low=900, high=1100)
    whole = foretold(np.full(4, 1000.0), np.zeros(4), error_of(observation))
    assert np.quantile(whole, [0.05, 0.95]) == pytest.approx([900, 1100], rel=0.01)


def test_rows_count_as_used_by_what_was_fitted_and_until_when():
    early, late = seen(1.0, None, 0), seen(1.0, None, 700)
    kept = seen(1.0, None, 0, use="validate")
    fitted = Fitted(use=("calibrate",), until=START + timedelta(365))
    assert [is_used(one, fitted) for one in (early, late, kept)] == [True, False, False]
    found = validate([early, late, kept], np.ones((3, 4)), np.zeros(4), fitted)
    assert [point.used for point in found.points] == [True, False, False]
    assert found.coverage[0].points == 2


def test_without_a_posterior_the_rows_to_fit_to_count_as_used_and_there_is_no_misfit():
    assert fitted_of(camp()).use == ("calibrate",)
    assert misfit_of(camp(), 1, 3).tolist() == [0, 0, 0]


def test_a_posterior_that_does_not_say_what_it_was_fitted_to_may_have_seen_the_rows_to_fit_to():
    draws = {"behaviour.intercept": [0.5, 0.6]}
    assert fitted_of(camp(posterior={"draws": draws})).use == ("calibrate",)
    told = {"draws": draws, "fitted": {"use": ["validate"]}}
    assert fitted_of(camp(posterior=told)).use == ("validate",)


def test_each_replicate_has_the_misfit_of_its_own_draw():
    fitted = {"draws": {"behaviour.intercept": [0.5, 0.6, 0.7]}, "discrepancy": [0.1, 0.2, 0.3]}
    found = misfit_of(camp(posterior=fitted), 1, 40)
    assert set(found.tolist()) == {0.1, 0.2, 0.3}


def test_context_is_not_judged():
    rows = [seen(1.0, None, 0, use="context"), seen(1.0, None, 0)]
    assert judged_rows(rows) == rows[1:]


def test_a_point_that_the_run_does_not_reach_judges_nothing():
    rows = [seen(5.0, None, 1, use="validate"), seen(5.0, None, 9, use="validate")]
    answers = np.array([[5.0, 5.0], [np.nan, np.nan]])
    found = validate(rows, answers, np.zeros(2), Fitted(use=("calibrate",)))
    assert [point.is_told for point in found.points] == [True, False]
    assert found.coverage[0].points == 1


# Naive forecasts


def test_a_stock_is_carried_on_and_a_flow_goes_on_at_its_last_rate():
    stocks = [seen(900.0, None, 0), seen(800.0, None, 10)]
    assert naive(seen(0.0, None, 30), stocks).carried == 800
    flows = [seen(70.0, 0, 6), seen(28.0, 14, 27)]
    assert naive(seen(0.0, 40, 49), flows).carried == pytest.approx(20)


def test_a_trend_is_the_straight_line_and_never_below_nothing():
    stocks = [seen(900.0, None, 0), seen(800.0, None, 10)]
    assert naive(seen(0.0, None, 30), stocks).trend == pytest.approx(600)
    assert naive(seen(0.0, None, 300), stocks).trend == 0


def test_counts_since_the_same_day_are_taken_as_what_came_in_between():
    since = [seen(70.0, 0, 6), seen(140.0, 0, 20)]
    found = naive(seen(0.0, 0, 27), since)
    assert found.carried == pytest.approx(140 + 7 * 70 / 14)


def test_what_comes_later_and_what_was_not_used_is_not_known_to_the_naive():
    later = [seen(500.0, None, 40)]
    assert np.isnan(naive(seen(0.0, None, 30), later)).all()
    rows = [seen(900.0, None, 0, use="validate"), seen(800.0, None, 10, use="validate")]
    found = validate(rows, np.ones((2, 3)), np.zeros(3), Fitted(use=("calibrate",)))
    assert np.isnan(found.points[1].naive).all()


def test_skill_is_one_for_the_truth_and_nothing_for_what_the_naive_say():
    used, kept = seen(800.0, None, 0), seen(500.0, None, 10, use="validate")
    fitted = Fitted(use=("calibrate",))
    for told, skill in ((500.0, 1.0), (800.0, 0.0)):
        found = validate([used, kept], np.full((2, 4), told), np.zeros(4), fitted)
        # Half a person of error is left to every count.
        assert found.scores[0].skill["carried"] == pytest.approx(skill, abs=1e-3)
        assert found.scores[1].relative_difference == pytest.approx(abs(told - 500) / 500, abs=1e-3)


def test_a_trend_of_a_share_ends_at_all():
    shares = [
        seen(value, None, day, quantity="intention_share", unit="percent")
        for value, day in ((40.0, 0), (80.0, 10))
    ]
    asked = seen(90.0, None, 30, quantity="intention_share", unit="percent")
    assert naive(asked, shares).trend == 100


def test_of_two_counts_of_one_window_the_surer_is_carried_on():
    unsure, sure = seen(70.0, 0, 6, low=50, high=90), seen(77.0, 0, 6, low=70, high=84)
    for known in ([unsure, sure], [sure, unsure]):
        assert naive(seen(0.0, 0, 13), known).carried == pytest.approx(2 * 77)


# Scores of all together


NEAR_NOTHING = [
    seen(1000.0, None, 0),
    *(seen(best, None, day, use="validate") for best, day in ((800.0, 10), (700.0, 20), (0.0, 30))),
]


def test_points_of_one_quantity_have_together_the_score_of_that_quantity():
    told = np.array([[1000.0], [750.0], [650.0], [500.0]]) * np.ones(4)
    found = validate(NEAR_NOTHING, told, np.zeros(4), Fitted(use=("calibrate",)))
    together, alone = found.scores
    assert together.relative_crps == pytest.approx(alone.relative_crps)
    assert together.skill == pytest.approx(alone.skill)
    assert alone.skill["carried"] == pytest.approx(1 - 600 / 1500, abs=0.01)


def test_the_relative_score_of_all_is_the_mean_over_points_of_those_of_their_quantities():
    flows = [seen(30.0, 40, 49, use="validate"), seen(10.0, 50, 59, use="validate")]
    told = np.array([[1000.0], [750.0], [650.0], [500.0], [24.0], [20.0]]) * np.ones(4)
    found = validate([*NEAR_NOTHING, *flows], told, np.zeros(4), Fitted(use=("calibrate",)))
    together, stocks, gone = found.scores
    expected = (3 * stocks.relative_crps + 2 * gone.relative_crps) / 5
    assert together.relative_crps == pytest.approx(expected)


@pytest.mark.parametrize("best", [0.0, 0.01])
def test_a_quantity_of_which_nearly_nothing_was_seen_is_scored_in_its_error(best: float):
    rows = [seen(best, 0, 6, low=0, high=2 * 1.645 * 4, use="validate")]
    found = validate(rows, np.full((1, 4), 8.0), np.zeros(4), NOTHING_USED)
    assert [one.relative_crps for one in found.scores] == pytest.approx(
        [found.points[0].crps / 4] * 2, rel=1e-3
    )


def test_no_count_is_surer_to_a_validation_than_to_a_fit():
    sure = seen(0.0, 0, 6)
    (target,) = targets_of((sure,), ("calibrate",), None)
    assert error_of(sure) == target.sd > 0
