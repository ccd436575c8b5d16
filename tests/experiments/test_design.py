"""Designs meet every combination or are even in every factor; the same seed, the same points."""

from math import prod
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.errors import UsageError
from returnsim.experiments.design import (
    Levels,
    full_factorial,
    one_at_a_time,
    read_points,
    sample,
    value_at,
)


def written(number: int) -> Levels:
    return Levels("written", None, None, False, number)


def span(low: float, high: float, *, log: bool = False, number: int = 5) -> Levels:
    return Levels("span", low, high, log, number)


numbers_of_values = st.lists(st.integers(1, 5), min_size=1, max_size=4)
spans = st.builds(
    lambda low, width, log: span(low, low + width, log=log),
    st.floats(0.001, 50),
    st.floats(0.01, 100),
    st.booleans(),
)
seeds = st.integers(0, 2**32)


def shares(factor: Levels, values: tuple[float, ...]) -> np.ndarray:
    """How far within the range each value lies, from 0 to 1."""
    ends = np.array([factor.low, factor.high])
    found = np.array(values)
    if factor.log:
        ends, found = np.log(ends), np.log(found)
    return (found - ends[0]) / (ends[1] - ends[0])


def counts(shares: np.ndarray, parts: int) -> list[int]:
    """How many shares lie in each of so many equal parts of the range."""
    return np.bincount((shares * parts).astype(int), minlength=parts).tolist()


def test_the_last_factor_of_a_full_factorial_moves_fastest():
    assert full_factorial([written(2), span(0, 1, number=3)]) == [
        *((0, 0), (0, 1), (0, 2)),
        *((1, 0), (1, 1), (1, 2)),
    ]


@settings(deadline=None)
@given(numbers_of_values)
def test_a_full_factorial_meets_every_combination_once_and_in_order(numbers: list[int]):
    points = full_factorial([written(number) for number in numbers])
    assert len(points) == prod(numbers)
    assert points == sorted(set(points))
    assert points[-1] == tuple(number - 1 for number in numbers)


def test_one_at_a_time_begins_with_nothing_changed_and_takes_the_factors_in_turn():
    assert one_at_a_time([written(2), span(0, 1, number=3)]) == [
        (None, None),
        *((0, None), (1, None)),
        *((None, 0), (None, 1), (None, 2)),
    ]


@settings(deadline=None)
@given(numbers_of_values)
def test_one_at_a_time_changes_one_factor_in_every_point_but_the_first(numbers: list[int]):
    points = one_at_a_time([written(number) for number in numbers])
    assert len(points) == len(set(points)) == 1 + sum(numbers)
    changed = [sum(place is not None for place in point) for point in points]
    assert changed == [0] + [1] * sum(numbers)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2, unique=True).map(sorted),
    st.integers(2, 12),
)
def test_the_values_of_a_range_are_evenly_spaced_and_hit_both_ends(ends: list[float], number: int):
    values = [value_at(span(*ends, number=number), place) for place in range(number)]
    assert [values[0], values[-1]] == ends
    np.testing.assert_allclose(values, np.linspace(*ends, number), atol=1e-9)


def test_the_values_of_a_logarithmic_range_grow_by_the_same_factor():
    factor = span(0.01, 100, log=True)
    values = [value_at(factor, place) for place in range(5)]
    assert values == pytest.approx([0.01, 0.1, 1, 10, 100])


def test_written_values_have_no_place_between_them():
    with pytest.raises(ValueError, match="written has no range"):
        value_at(written(3), 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.lists(spans, min_size=1, max_size=5), seeds)
def test_a_latin_hypercube_has_one_point_in_each_stratum_of_each_factor(
    samples: int, factors: list[Levels], seed: int
):
    points = sample(factors, "latin_hypercube", samples, seed)
    assert len(points) == samples
    for factor, values in zip(factors, zip(*points, strict=True), strict=True):
        assert counts(shares(factor, values), samples) == [1] * samples


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 7), st.lists(spans, min_size=1, max_size=6), seeds)
def test_a_sobol_sequence_is_even_in_every_half_quarter_and_finer_part_of_each_factor(
    power: int, factors: list[Levels], seed: int
):
    samples = 2**power
    points = sample(factors, "sobol", samples, seed)
    assert len(points) == samples
    for factor, values in zip(factors, zip(*points, strict=True), strict=True):
        for parts in (2**k for k in range(1, power + 1)):
            assert counts(shares(factor, values), parts) == [samples // parts] * parts


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_sobol_sequence_is_even_over_the_quarters_of_two_factors_together(seed: int):
    points = np.array(sample([span(0, 1), span(0, 1)], "sobol", 64, seed))
    for cells in ((2, 2), (4, 4), (2, 8), (16, 4)):
        cell = np.ravel_multi_index(tuple((points * cells).astype(int).T), cells)
        assert np.bincount(cell).tolist() == [64 // prod(cells)] * prod(cells)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["latin_hypercube", "sobol"]), st.integers(0, 6), st.integers(1, 9), seeds)
def test_written_values_are_met_about_equally_often(kind: str, power: int, number: int, seed: int):
    samples = 2**power
    (places,) = zip(*sample([written(number)], kind, samples, seed), strict=True)
    met = np.bincount(places, minlength=number)
    assert len(met) == number
    # A value's share of the range cuts two strata at most.
    assert (abs(met - samples / number) < 2).all()
    if samples % number == 0:
        assert set(met) == {samples // number}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["latin_hypercube", "sobol"]), st.lists(spans, min_size=1, max_size=4))
def test_every_sampled_value_lies_within_its_range(kind: str, factors: list[Levels]):
    for point in sample(factors, kind, 64, 3):
        for factor, value in zip(factors, point, strict=True):
            assert factor.low * (1 - 1e-12) <= value <= factor.high * (1 + 1e-12)


def test_half_of_a_logarithmic_sample_lies_below_the_geometric_mean():
    (values,) = zip(*sample([span(0.01, 100, log=True)], "sobol", 64, 1), strict=True)
    assert sum(value < 1 for value in values) == 32


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_the_same_seed_gives_the_same_points_and_another_seed_others(kind: str):
    factors = [span(0, 1), written(3), span(1, 9, log=True)]
    points = sample(factors, kind, 16, 5)
    assert sample(factors, kind, 16, 5) == points
    assert not set(sample(factors, kind, 16, 6)) & set(points)


def test_a_latin_hypercube_shuffles_each_factor_by_itself():
    one, two = zip(*sample([span(0, 1), span(0, 1)], "latin_hypercube", 400, 1), strict=True)
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / np.sqrt(400)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_columns_of_a_table_of_points_come_in_the_order_of_the_factors(
    tmp_path: Path, ending: str
):
    file = tmp_path / f"points.{ending}"
    points = pd.DataFrame({"b": [1.5, 2.5], "a": [3, 4]})
    points.to_csv(file, index=False) if ending == "csv" else points.to_parquet(file)
    pd.testing.assert_frame_equal(read_points(file, ["a", "b"]), points[["a", "b"]])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("points.csv", b"a,b\n", "points.csv: has no points"),
        ("points.csv", b"", "points.csv: cannot be read as a table"),
        ("points.csv", b"a,b\n1,2\n3,\n,4\n", "points.csv:3: b: is missing"),
        ("points.csv", b"a,b\n1,2\n3,\n,4\n", "points.csv:4: a: is missing"),
        ("points.csv", b"a,b\n0,2,3\n1,5,6\n", "points.csv: its lines have more values than its"),
        ("points.csv", b"a,b\n1,2,3\n", "points.csv: its lines have more values than its"),
        ("points.parquet", b"a,b\n1,2\n", "points.parquet: cannot be read as a table"),
    ],
)
def test_what_is_no_table_of_points_is_told(tmp_path: Path, name: str, content: bytes, told: str):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_points(file, ["a", "b"])
    assert told in str(error.value)


def test_a_table_of_points_may_be_a_part_of_another(tmp_path: Path):
    file = tmp_path / "points.parquet"
    pd.DataFrame({"a": [1, 2, 3]}).iloc[[2, 0]].to_parquet(file)
    assert list(read_points(file, ["a"])["a"]) == [3, 1]


def test_points_are_numbers_and_text(tmp_path: Path):
    file = tmp_path / "points.parquet"
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [[1], [2]]}).to_parquet(file)
    with pytest.raises(UsageError, match="'c' holds more than numbers and text"):
        read_points(file, ["a", "b", "c"])
