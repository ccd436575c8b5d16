"""Luck is a function of seed, replicate, week, process and household, and of nothing else."""

import ast
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.draws import (
    MOST_CONTACT_DRAWS,
    PROCESSES_A_WEEK,
    STREAM_VERSION,
    Draws,
    Once,
    Weekly,
    calendar_week,
)

SOURCE = Path(__file__).parents[1] / "src" / "returnsim"
MASK = 2**64 - 1
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x64-10 in plain Python, from the paper of Salmon et al. (2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = MULTIPLIERS[0] * c[0], MULTIPLIERS[1] * c[2]
        c = [
            (second >> 64) ^ c[1] ^ k[0],
            second & MASK,
            (first >> 64) ^ c[3] ^ k[1],
            first & MASK,
        ]
        k = [(k[0] + WEYL[0]) & MASK, (k[1] + WEYL[1]) & MASK]
    return c


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, MASK),
    replicate=st.integers(0, 10**6),
    week=st.integers(0, 5000),
    process=st.sampled_from(list(Weekly)),
    household=st.integers(0, 40),
)
def test_a_draw_is_the_documented_word_of_the_documented_block(
    seed: int, replicate: int, week: int, process: Weekly, household: int
):
    drawn = Draws(seed, [replicate]).weekly(process, week, household + 1)[0, household]
    counter = [household // 4 + 1, 0, replicate, PROCESSES_A_WEEK * week + process]
    word = philox(counter, [seed, STREAM_VERSION])[household % 4]
    assert drawn == (word >> 11) * 2.0**-53


def test_more_households_leave_the_luck_of_the_first_as_it_was():
    few, many = (Draws(3, [0, 7]).weekly(Weekly.CHOICE, 2600, n) for n in (5, 999))
    np.testing.assert_array_equal(few, many[:, :5])


def test_a_replicate_has_the_same_luck_in_any_company_and_order():
    block = Draws(3, [4, 1, 9]).weekly(Weekly.CUSTODY, 2600, 50)
    for row, replicate in enumerate([4, 1, 9]):
        alone = Draws(3, [replicate]).weekly(Weekly.CUSTODY, 2600, 50)
        np.testing.assert_array_equal(alone[0], block[row])


def test_drawing_again_or_in_another_order_gives_the_same():
    draws = Draws(8, [0])
    first = draws.weekly(Weekly.CHOICE, 2600, 10).copy()
    draws.weekly(Weekly.HOME_0, 2700, 10)
    draws.once(Once.ORIGIN, 10)
    np.testing.assert_array_equal(draws.weekly(Weekly.CHOICE, 2600, 10), first)


@pytest.mark.parametrize("other", ["seed", "replicate", "week", "process"])
def test_any_other_key_gives_other_luck(other: str):
    base = {"seed": 1, "replicate": 2, "week": 2600, "process": Weekly.CHOICE}
    changed = base | {other: Weekly.CAMP_LIFE if other == "process" else base[other] + 1}
    one, two = (
        Draws(k["seed"], [k["replicate"]]).weekly(k["process"], k["week"], 500)
        for k in (base, changed)
    )
    assert not (one == two).any()
    assert abs(np.corrcoef(one[0], two[0])[0, 1]) < 4.5 / math.sqrt(500)


def test_draws_are_uniform():
    n = 200_000
    u = Draws(5, [0]).weekly(Weekly.CHOICE, 2600, n)[0]
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 4.5 / math.sqrt(12 * n)
    cells = np.bincount((u * 50).astype(int), minlength=50)
    chi2 = ((cells - n / 50) ** 2 / (n / 50)).sum()
    assert abs(chi2 - 49) < 4.5 * math.sqrt(2 * 49)


def test_once_only_draws_never_meet_those_of_a_week():
    assert max(Weekly) < PROCESSES_A_WEEK
    assert Once.CONTACT_0 + MOST_CONTACT_DRAWS == PROCESSES_A_WEEK
    assert calendar_week(date(1970, 1, 12)) == 1


def test_weeks_are_counted_from_the_first_monday_of_1970():
    assert calendar_week(date(1970, 1, 5)) == 0
    assert calendar_week(date(1970, 1, 11)) == 0
    assert calendar_week(date(2019, 2, 4)) == 2561


def test_nothing_but_draws_touches_a_generator():
    for file in SOURCE.rglob("*.py"):
        # A design's points come from SciPy's seeded sequences; nothing is simulated there.
        # A fit draws its own points and predictions: the model's luck goes by replicate there too.
        if (
            file.name in {"draws.py", "design.py", "sensitivity.py"}
            or file.parent.name == "calibration"
        ):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Attribute):
                names = [node.attr]
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                names.append(getattr(node, "module", None) or "")
            for name in names:
                assert name.split(".")[-1] not in {"random", "default_rng", "Generator"}, file
