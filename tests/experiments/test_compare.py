"""Differences are of the same replicates; an interval holds the truth as often as it says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from returnsim.experiments.compare import (
    COLUMNS,
    CONFIDENCE,
    Case,
    Comparison,
    OutcomeInfo,
    PairedDifference,
    paired_difference,
    table,
)

NAN = np.nan
numbers = st.integers(2, 40)
seeds = st.integers(0, 10_000)


def two(number: int, seed: int, *, shared: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """A case and the baseline, that have so much of their luck in common."""
    rng = np.random.default_rng(seed)
    luck, one, other = rng.normal(size=(3, number))
    return 12 + shared * luck + one, 10 + shared * luck + 2 * other


def ends(difference: PairedDifference) -> list[float]:
    return [difference.mean, difference.low, difference.high]


def comparison(cases: dict[str, Case], baseline: str = "base", **factors: str) -> Comparison:
    return Comparison(
        title="A test",
        question="",
        cases=tuple(cases.values()),
        baseline=baseline,
        outcomes={
            "returned": OutcomeInfo("returned", "people", None),
            "killed": OutcomeInfo("killed after return", "people", "less"),
        },
        factors={name: {"title": name, "unit": "", "kind": kind} for name, kind in factors.items()},
        series=(),
        seed=1,
        guesses=0,
        numbers=0,
        weight=1.0,
    )


def case(name: str, replicates: list[int], **outcomes: list[float]) -> Case:
    values = {outcome: np.array(numbers, dtype=float) for outcome, numbers in outcomes.items()}
    return Case(name, name, {}, np.array(replicates), values)


@settings(deadline=None)
@given(numbers, seeds)
def test_the_interval_of_the_mean_difference_is_that_of_the_paired_t_test(number: int, seed: int):
    a, b = two(number, seed)
    found = paired_difference(a, b)
    expected = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert ends(found) == pytest.approx([(a - b).mean(), expected.low, expected.high])
    assert found.half_width == pytest.approx((expected.high - expected.low) / 2)
    assert found.pairs == number


@settings(deadline=None)
@given(numbers, seeds)
def test_the_unpaired_half_width_is_that_of_the_test_of_welch(number: int, seed: int):
    a, b = two(number, seed)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.9)
    half = (expected.high - expected.low) / 2
    assert paired_difference(a, b).unpaired_half_width == pytest.approx(half)


@settings(deadline=None)
@given(numbers, seeds)
def test_the_range_of_the_differences_lies_between_percentiles_5_and_95(number: int, seed: int):
    a, b = two(number, seed)
    found = paired_difference(a, b)
    expected = [stats.scoreatpercentile(a - b, q) for q in (5, 95)]
    assert [found.low90, found.high90] == pytest.approx(expected)


@settings(deadline=None)
@given(numbers, seeds)
def test_seen_from_the_other_case_the_difference_is_the_same_with_its_sign_turned(
    number: int, seed: int
):
    a, b = two(number, seed)
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert [one.mean, one.low, one.high] == [-other.mean, -other.high, -other.low]
    assert (one.low90, one.high90) == pytest.approx((-other.high90, -other.low90))
    assert one.unpaired_half_width == other.unpaired_half_width


@settings(deadline=None)
@given(numbers, seeds)
def test_luck_that_both_cases_share_leaves_the_difference_as_it_was(number: int, seed: int):
    a, b = two(number, seed, shared=0)
    luck = np.random.default_rng(seed + 1).normal(scale=50, size=number)
    alone, lucky = paired_difference(a, b), paired_difference(a + luck, b + luck)
    assert ends(lucky) == pytest.approx(ends(alone), abs=1e-9)


def test_pairing_narrows_the_interval_by_as_much_as_the_luck_is_shared():
    number = 4000
    found = paired_difference(*two(number, 1, shared=3))
    # Of the variances 9 + 1 and 9 + 4, the pairs are left with 1 and 4.
    narrower = math.sqrt(5 / 23)
    ratio = found.half_width / found.unpaired_half_width
    # A standard deviation has a relative standard error of sqrt(1 / 2n), a ratio of two no more
    # than the root of twice its square.
    assert ratio == pytest.approx(narrower, rel=4.5 / math.sqrt(number))


def test_both_intervals_hold_the_true_difference_nine_times_in_ten():
    drawn = 4000
    paired = unpaired = 0
    for seed in range(drawn):
        a, b = two(16, seed, shared=0)
        found = paired_difference(a, b)
        paired += found.low <= 2 <= found.high
        unpaired += abs(found.mean - 2) <= found.unpaired_half_width
    error = math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / drawn)
    assert paired / drawn == pytest.approx(0.9, abs=4.5 * error)
    assert unpaired / drawn == pytest.approx(0.9, abs=4.5 * error)


def test_a_difference_that_is_the_same_in_every_replicate_is_known_exactly():
    b = np.array([1.0, 5.0, 9.0, 2.0])
    found = paired_difference(b + 3, b)
    assert found[:7] == (4, 3, 3, 3, 3, 3, 0)
    assert found.unpaired_half_width > 4
    assert not found.is_none


def test_no_difference_at_all_is_told_apart_from_one_that_cancels_out():
    b = np.array([1.0, 5.0])
    assert paired_difference(b, b).is_none
    assert paired_difference(b[:1], b[:1]).is_none
    turned = paired_difference(b[::-1], b)
    assert turned.mean == 0
    assert not turned.is_none


def test_a_difference_in_a_few_replicates_is_one_though_most_came_out_the_same():
    b = np.zeros(64)
    a = b.copy()
    a[[3, 40]] = 1, -1
    found = paired_difference(a, b)
    assert (found.mean, found.low90, found.high90) == (0, 0, 0)
    assert not found.is_none


def test_cases_without_any_spread_have_no_half_width_to_speak_of():
    found = paired_difference(np.full(4, 7.0), np.full(4, 2.0))
    assert (found.mean, found.half_width, found.unpaired_half_width) == (5, 0, 0)


def test_one_pair_has_a_difference_but_no_interval():
    found = paired_difference(np.array([4.0, NAN]), np.array([1.0, 2.0]))
    assert (found.pairs, found.mean, found.low90, found.high90) == (1, 3, 3, 3)
    assert found.half_width == math.inf
    assert np.isnan([found.low, found.high, found.unpaired_half_width]).all()
    assert not found.is_none


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_without_a_pair_nothing_is_known(values: list[float]):
    found = paired_difference(np.array(values), np.ones(len(values)))
    assert (found.pairs, found.half_width) == (0, math.inf)
    rest = (*ends(found), found.low90, found.high90, found.unpaired_half_width)
    assert np.isnan(rest).all()
    assert not found.is_none


@settings(deadline=None)
@given(numbers, seeds, st.data())
def test_pairs_in_which_either_has_no_value_are_left_out(
    number: int, seed: int, data: st.DataObject
):
    a, b = two(number + 4, seed)
    gaps = data.draw(st.lists(st.integers(0, number + 3), max_size=number, unique=True))
    for i, gap in enumerate(gaps):
        (a, b)[i % 2][gap] = NAN
    kept = np.delete(np.arange(number + 4), gaps)
    assert paired_difference(a, b) == paired_difference(a[kept], b[kept])


def test_replicates_are_paired_by_number_and_those_of_one_case_alone_are_left_out():
    cases = {
        "base": case("base", [0, 1, 2, 3], returned=[10, 20, 30, 40], killed=[0] * 4),
        "more": case("more", [5, 3, 1], returned=[99, 41, 23], killed=[0] * 3),
    }
    found = comparison(cases).difference(cases["more"], "returned")
    assert (found.pairs, found.mean) == (2, 2)
    assert found == paired_difference(np.array([23.0, 41.0]), np.array([20.0, 40.0]))


def test_the_baseline_does_not_differ_from_itself():
    base = case("base", [0, 1], returned=[1, 5], killed=[0, NAN])
    both = comparison({"base": base})
    assert both.difference(base, "returned").is_none
    assert both.case("base") is base


def test_the_table_has_a_row_a_case_and_outcome_with_the_difference_from_the_baseline():
    base = case("base", [0, 1, 2], returned=[10, 20, 60], killed=[NAN, NAN, NAN])
    more = case("more", [0, 1, 2], returned=[12, 24, 66], killed=[1, NAN, 3])
    more = Case("more", "More", {"siege": 0.5}, more.replicates, more.outcomes)
    found = table(comparison({"more": more, "base": base}, siege="lever", word="lever"))
    assert tuple(found.columns) == ("case", "siege", "word", *COLUMNS)
    assert list(zip(found.case, found.outcome, strict=True)) == [
        *(("more", "returned"), ("more", "killed")),
        *(("base", "returned"), ("base", "killed")),
    ]
    returned, killed, of_base, _ = found.to_dict("records")
    assert returned["siege"] == 0.5
    assert np.isnan(of_base["siege"])
    assert found.word.isna().all()
    assert (killed["good"], returned["good"], returned["unit"]) == ("less", "", "people")
    assert [returned[n] for n in ("replicates", "defined", "median")] == [3, 3, 24]
    assert [returned[n] for n in ("low90", "high90")] == pytest.approx([13.2, 61.8])
    d = paired_difference(more.outcomes["returned"], base.outcomes["returned"])
    told = [returned[n] for n in COLUMNS[COLUMNS.index("pairs") :]]
    assert told == [3, d.mean, d.low, d.high, d.low90, d.high90, d.unpaired_half_width]
    assert d.mean == 4
    assert [killed[n] for n in ("replicates", "defined", "median", "pairs")] == [3, 2, 2, 0]
    assert np.isnan(killed["difference"])
    assert (of_base["difference"], of_base["ci90_low"], of_base["ci90_high"]) == (0, 0, 0)
