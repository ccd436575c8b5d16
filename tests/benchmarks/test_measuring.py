"""What is made of timings: medians, ratios, intervals, slopes."""

import numpy as np
import pytest
from benchmarks.measuring import (
    WALL,
    Case,
    figure_of,
    interval_of_ratio,
    log_log_slope,
    rates_in_turns,
    ratio,
    short,
)
from benchmarks.memory import TooLargeError, measured


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_slope_is_the_power_with_which_a_cost_grows(power):
    sizes = [10, 100, 5000]
    assert log_log_slope(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_a_slope_needs_two_sizes():
    with pytest.raises(ValueError, match="two sizes"):
        log_log_slope([10, 10], [1, 2])


def test_a_ratio_is_taken_within_each_round():
    slowed = [1.0, 0.5, 1.0]  # the machine was half as fast in the second round
    figure = ratio([6 * speed for speed in slowed], [2 * speed for speed in slowed])
    assert figure == (3.0, 3.0, 3.0)


def test_a_figure_is_the_median_between_the_extremes():
    assert figure_of([5.0, 1.0, 2.0]) == (2.0, 1.0, 5.0)


def test_every_round_runs_every_case_and_begins_with_another():
    order: list[str] = []
    cases = {name: Case(lambda name=name: order.append(name), 1, WALL) for name in "abc"}
    rates = rates_in_turns(cases, 3)
    assert "".join(order) == "abcbcacab"
    assert [len(values) for values in rates.values()] == [3, 3, 3]


def test_an_interval_holds_the_true_ratio_as_often_as_it_says():
    lots = np.random.Generator(np.random.Philox(8))
    trials, inside = 200, 0
    for _ in range(trials):
        before, after = lots.lognormal(0, 0.2, 25), lots.lognormal(np.log(1.5), 0.2, 25)
        low, high = interval_of_ratio(before, after)
        inside += low <= 1.5 <= high
    # Percentile intervals of medians are a little off: three standard errors below 95 in 100.
    assert inside / trials > 0.95 - 3 * np.sqrt(0.95 * 0.05 / trials)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,230"), (12.345, "12.3"), (0.012345, "0.0123"), (0, "0"), (-2.0, "-2.00")],
)
def test_three_figures_are_told(value, text):
    assert short(value) == text


def test_a_camp_for_which_there_is_no_memory_is_not_begun():
    with pytest.raises(TooLargeError, match="GB are free"):
        measured(["numpy"], 10**9, 64, 1)
