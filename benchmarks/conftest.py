"""Camps for the benchmarks, made once."""

import pytest
from benchmarks.camps import Lot, lot_of, plan_of, warm


@pytest.fixture(scope="session", autouse=True)
def _compiled():
    warm()


@pytest.fixture(scope="session")
def block() -> Lot:
    """Sixteen replicates of two thousand households over half a year."""
    return lot_of(plan_of(2000, 26), list(range(16)))
