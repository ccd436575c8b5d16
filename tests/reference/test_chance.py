"""The rules of chance that the twin uses."""

import math

import pytest
from benchmarks.peers.plain_chance import binomial, event, pick
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("u", "expected"), [(0.0, 0), (0.1, 0), (0.39, 1), (0.6, 1), (0.64, None), (0.99, None)]
)
def test_an_event_is_cut_in_the_order_of_the_hazards(u, expected):
    struck = event(u, [0.3, 0.7])
    assert (struck and struck[0]) == expected


def test_the_remainder_of_a_cut_is_the_place_within_it():
    total = 1.0
    u = 0.65 * (1 - math.exp(-total)) / total
    struck = event(u, [0.3, 0.7])
    assert struck == (1, pytest.approx(0.5))


def test_a_pick_passes_over_those_without_a_part():
    assert [pick(z, [0, 2, 0, 3]) for z in (0.0, 0.39, 0.4, 0.99, 1.0)] == [1, 1, 3, 3, 3]


@given(u=st.floats(0, 1, exclude_max=True), n=st.integers(0, 12), q=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_an_inverted_binomial_leaves_a_uniform_behind(u, n, q):
    k, rest = binomial(u, n, q)
    assert 0 <= k <= n
    assert 0 <= rest <= 1 + 1e-9
