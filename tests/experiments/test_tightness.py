"""Replicates are added by sixteens until the differences are known as well as was asked for."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from returnsim.errors import UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.cells import CELL
from returnsim.experiments.files import load_experiment
from returnsim.experiments.sweep import Tally, sweep
from returnsim.experiments.tables import OUTCOMES
from returnsim.experiments.tightness import LARGEST_STEP, Tightened, Tightness, until_tight
from tests.experiments.sweeps import here, swept, written

LEVEL = 10
LUCK, OTHER = np.array([1, 1, -1, -1]), np.array([1, -1, 1, -1])
"""Two patterns of luck without correlation, whose spread over 4, 8, 12 ... replicates is known."""

EXPERIMENT = """
title: A siege or none
base: camp.yaml
households: 20
replicates: 16
factors:
  siege: {path: levers.siege.severity, values: [0, 0.9]}
outcomes:
  returned: {}
"""


class Made:
    """Runs nothing: writes a table of outcomes made from patterns, as long as it is asked to be."""

    def __init__(self, folder: Path, cases: dict[str, np.ndarray], *, failed: int = 0) -> None:
        self.folder, self.cases, self.failed = folder, cases, failed
        self.asked: list[int] = []

    def __call__(self, replicates: int) -> Tally:
        before = self.asked[-1] if self.asked else 0
        self.asked.append(replicates)
        parts = [
            {"case": name, "replicate": np.arange(replicates), "x": np.resize(pattern, replicates)}
            for name, pattern in self.cases.items()
        ]
        table = pd.concat([pd.DataFrame(part) for part in parts])
        # The pairs are those of a number, in whatever order the table has them.
        table.sample(frac=1, random_state=1).to_parquet(self.folder / OUTCOMES)
        total, old = (len(self.cases) * math.ceil(n / CELL) for n in (replicates, before))
        return Tally(total, total - old - self.failed, old, self.failed, ["key"] * self.failed)


def patterns(*spreads: float, level: float = LEVEL) -> dict[str, np.ndarray]:
    """A baseline with its luck, and cases that differ from it by so much luck of their own."""
    base = level + 2.0 * LUCK
    others = {f"case {i}": base + 3 + spread * OTHER for i, spread in enumerate(spreads)}
    return {"base": base} | others


def tightened(made: Made, share: float, *, first: int = CELL, most: int = 100) -> Tightened:
    _, found = until_tight(Tightness(share, "x", "base", first, most), made.folder, made)
    assert found is not None
    return found


def half_width(spread: float, replicates: int) -> float:
    """Of the interval of the mean difference, as a share of the baseline's mean."""
    return stats.t.ppf(0.95, replicates - 1) * spread / math.sqrt(replicates - 1) / LEVEL


def unpaired_half_width(spread: float, replicates: int) -> float:
    """The same without the same draws: of means with variances 4 and 4 + spread²."""
    n, variances = replicates - 1, np.array([4, 4 + spread**2])
    freedom = n * variances.sum() ** 2 / (variances**2).sum()
    return stats.t.ppf(0.95, freedom) * math.sqrt(variances.sum() / n) / LEVEL


def test_what_is_tight_at_once_needs_no_more(tmp_path: Path):
    made = Made(tmp_path, patterns(1))
    found = tightened(made, half_width(1, 16) * 1.001)
    assert made.asked == [16]
    assert found.reached
    assert found.half_width == pytest.approx(half_width(1, 16))


def test_what_is_just_not_tight_takes_sixteen_more(tmp_path: Path):
    made = Made(tmp_path, patterns(1))
    assert tightened(made, half_width(1, 16) * 0.999).reached
    assert made.asked == [16, 32]


def test_replicates_are_added_as_the_interval_narrows_with_their_root(tmp_path: Path):
    made = Made(tmp_path, patterns(1))
    # (0.0453 / 0.03)² of 16 are 36.4.
    found = tightened(made, 0.03)
    assert made.asked == [16, 48]
    assert (found.replicates, found.reached) == (48, True)
    assert found.half_width == pytest.approx(half_width(1, 48))


def test_what_stays_too_wide_is_given_up_at_the_most(tmp_path: Path):
    made = Made(tmp_path, patterns(9))
    found = tightened(made, 0.01)
    assert made.asked == [16, 64, 100]
    assert (found.replicates, found.reached) == (100, False)
    assert "not as tight as was asked for: raise --most-replicates" in found.in_words()


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.1, 30), st.floats(0.005, 0.5), st.sampled_from([16, 20, 64]), st.integers(64, 900)
)
def test_replicates_grow_by_sixteens_and_not_too_fast(
    tmp_path_factory: pytest.TempPathFactory, spread: float, share: float, first: int, most: int
):
    made = Made(tmp_path_factory.getbasetemp(), patterns(spread))
    found = tightened(made, share, first=first, most=most)
    assert made.asked[0] == first
    for before, after in zip(made.asked, made.asked[1:], strict=False):
        assert before < after <= math.ceil(before * LARGEST_STEP**2 / CELL) * CELL
        assert after % CELL == 0 or after == most
    assert found.replicates == made.asked[-1] <= most
    assert found.reached == (found.half_width <= share)
    assert found.reached or found.replicates == most


@pytest.mark.parametrize("spreads", [(1,), (0.5, 2), (4, 1, 2)])
def test_the_widest_interval_of_all_cases_counts(tmp_path: Path, spreads: tuple[float, ...]):
    found = tightened(Made(tmp_path, patterns(*spreads)), 0.5)
    assert found.half_width == pytest.approx(half_width(max(spreads), 16))


def test_runs_are_saved_as_intervals_narrow_with_the_root_of_the_replicates(tmp_path: Path):
    found = tightened(Made(tmp_path, patterns(1)), 0.5)
    needed = math.ceil(16 * (unpaired_half_width(1, 16) / half_width(1, 16)) ** 2)
    # The variances tell 9 times as many; of so few pairs Student's t is a little wider.
    assert 16 * 8 < needed < 16 * 9
    assert (found.unpaired_replicates, found.saved_runs) == (needed, 2 * (needed - 16))
    told = f"it would have taken {needed}: pairing saved {2 * (needed - 16)} runs."
    assert told in found.in_words()


def test_every_case_would_have_needed_what_brings_the_widest_interval_down(tmp_path: Path):
    found = tightened(Made(tmp_path, patterns(0.5, 2)), 0.5)
    needed = math.ceil(16 * (unpaired_half_width(2, 16) / half_width(2, 16)) ** 2)
    assert (found.unpaired_replicates, found.saved_runs) == (needed, 3 * (needed - 16))


def test_where_the_same_draws_do_not_help_no_runs_are_saved(tmp_path: Path):
    contrary = {"base": LEVEL + 2.0 * LUCK, "contrary": LEVEL - 2.0 * LUCK}
    found = tightened(Made(tmp_path, contrary), 0.5)
    assert (found.unpaired_replicates, found.saved_runs) == (16, 0)
    assert found.in_words().endswith("Pairing saved no runs.")


def test_a_difference_that_never_varies_is_known_exactly(tmp_path: Path):
    found = tightened(Made(tmp_path, patterns(0)), 1e-12)
    assert (found.reached, found.half_width, found.never_differed) == (True, 0, ())
    assert found.saved_runs == 0


def test_that_nothing_was_seen_to_differ_is_not_taken_for_knowing(tmp_path: Path):
    same = {"base": LEVEL + 2.0 * LUCK, "same": LEVEL + 2.0 * LUCK}
    made = Made(tmp_path, same | {"other": LEVEL + 2.0 * LUCK + 0.1 * OTHER})
    found = tightened(made, 0.5)
    assert made.asked == [16, 64, 100]
    assert (found.reached, found.never_differed) == (False, ("same",))
    assert "In none of them did 'same' differ" in found.in_words()
    assert "fewer than about 3 of 100" in found.in_words()
    assert "raise" not in found.in_words()


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_there_is_no_share_of_a_baseline_that_is_nothing_or_not_defined(
    tmp_path: Path, level: float
):
    made = Made(tmp_path, patterns(1, level=level))
    found = tightened(made, 1e6)
    assert made.asked == [16]
    assert (found.reached, found.half_width, found.saved_runs) == (False, None, 0)
    assert "cannot be told as a share of the baseline's mean" in found.in_words()


def test_of_a_case_in_which_nothing_is_defined_nothing_can_be_told(tmp_path: Path):
    made = Made(tmp_path, patterns(1) | {"case 0": np.array([np.nan])})
    found = tightened(made, 1e6)
    assert made.asked == [16]
    assert (found.reached, found.half_width, found.saved_runs) == (False, None, 0)


def test_pairs_in_which_either_has_no_value_are_left_out(tmp_path: Path):
    cases = {name: np.resize(pattern, 16) for name, pattern in patterns(1).items()}
    cases["case 0"][[3, 5]] = np.nan
    found = tightened(Made(tmp_path, cases), 0.5)
    kept = np.delete(np.resize(OTHER, 16), [3, 5])
    half = stats.t.ppf(0.95, 13) * kept.std(ddof=1) / math.sqrt(14)
    assert found.half_width == pytest.approx(half / LEVEL)


def test_the_tally_is_that_of_all_rounds_together(tmp_path: Path):
    made = Made(tmp_path, patterns(9))
    tally, _ = until_tight(Tightness(0.01, "x", "base", 16, 100), tmp_path, made)
    assert (tally.total, tally.ran, tally.cached, tally.failed) == (2 * 7, 2 * 7, 0, 0)


def test_after_a_failure_nothing_is_added_and_nothing_said(tmp_path: Path):
    made = Made(tmp_path, patterns(9), failed=1)
    tally, found = until_tight(Tightness(0.01, "x", "base", 16, 100), tmp_path, made)
    assert made.asked == [16]
    assert found is None
    assert (tally.total, tally.ran, tally.failed, tally.failures) == (2, 1, 1, ["key"])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> LoadedExperiment:
    return load_experiment(written(tmp_path_factory.mktemp("small"), EXPERIMENT))


def test_a_sweep_goes_on_until_it_is_tight_and_runs_nothing_twice(
    small: LoadedExperiment, tmp_path: Path
):
    asked: list[int] = []

    def run(replicates: int) -> Tally:
        asked.append(replicates)
        return sweep(small, tmp_path, here(), command="", replicates=replicates)

    wanted = Tightness.checked(small, 0.08, "returned", 256)
    assert wanted == Tightness(0.08, "returned", "siege=0", 16, 256)
    tally, found = until_tight(wanted, tmp_path, run)
    assert len(asked) > 1
    assert found is not None
    assert found.reached
    assert found.replicates == asked[-1] < 256

    table = pd.read_parquet(tmp_path / OUTCOMES).pivot_table("returned", "replicate", "case")
    assert len(table) == found.replicates
    base, other = table["siege=0"], table["siege=0.9"]
    half, apart = (
        (interval.high - interval.low) / 2
        for interval in (
            stats.ttest_rel(other, base).confidence_interval(0.9),
            stats.ttest_ind(other, base, equal_var=False).confidence_interval(0.9),
        )
    )
    assert found.half_width == pytest.approx(half / base.mean())
    assert found.unpaired_replicates == math.ceil(found.replicates * (apart / half) ** 2)
    assert found.saved_runs == 2 * (found.unpaired_replicates - found.replicates) > 0

    cells = 2 * found.replicates // CELL
    assert (tally.total, tally.ran, tally.cached, tally.failed) == (cells, cells, 0, 0)
    again, as_before = until_tight(wanted._replace(first=found.replicates), tmp_path, run)
    assert (again.total, again.ran, again.cached) == (cells, 0, cells)
    assert as_before == found


def test_a_case_that_is_the_baseline_by_another_name_needs_no_more(tmp_path: Path):
    text = "cases: {one: {}, other: {}}\noutcomes: {returned: {}}"
    file = written(tmp_path, f"title: Twice\nbase: camp.yaml\nhouseholds: 20\n{text}")
    wanted = Tightness(1e-6, "returned", "one", 16, 64)
    _, found = until_tight(
        wanted, tmp_path / "out", lambda replicates: swept(file, tmp_path / "out", replicates)
    )
    assert found is not None
    assert (found.replicates, found.reached, found.half_width) == (16, True, 0)
    assert found.never_differed == ()


def test_runs_that_cases_share_are_saved_once(tmp_path: Path):
    eased = "{set: {levers.siege.severity: 0}}"
    text = f"cases: {{one: {{}}, other: {{}}, eased: {eased}, loose: {eased}}}"
    head = "title: Twice\nbase: camp.yaml\nhouseholds: 20\noutcomes: {returned: {}}"
    file = written(tmp_path, f"{head}\n{text}")
    _, found = until_tight(
        Tightness(0.5, "returned", "one", 16, 16),
        tmp_path / "out",
        lambda replicates: swept(file, tmp_path / "out", replicates),
    )
    assert found is not None
    assert found.saved_runs == 2 * (found.unpaired_replicates - found.replicates) > 0


def test_nothing_asked_for_is_nothing_to_reach(small: LoadedExperiment):
    assert Tightness.checked(small, None, None, None) is None


@pytest.mark.parametrize(
    ("replicates", "first", "most"), [(1, 16, 1024), (40, 40, 1024), (2000, 2000, 2000)]
)
def test_no_fewer_replicates_are_begun_with_than_the_experiment_has(
    tmp_path: Path, replicates: int, first: int, most: int
):
    text = EXPERIMENT.replace("replicates: 16", f"replicates: {replicates}")
    wanted = Tightness.checked(load_experiment(written(tmp_path, text)), 0.1, "returned", None)
    assert wanted == Tightness(0.1, "returned", "siege=0", first, most)


@pytest.mark.parametrize(
    ("share", "outcome", "most", "told"),
    [
        (None, "returned", None, "--outcome: is for --until-ci, which is missing"),
        (None, None, 64, "--most-replicates: is for --until-ci, which is missing"),
        (0.0, "returned", 64, "--until-ci: 0: must be more than 0"),
        (-0.1, "returned", 64, "--until-ci: -0.1: must be more than 0"),
        (math.nan, "returned", 64, "--until-ci: nan: must be more than 0"),
        (math.inf, "returned", 64, "--until-ci: inf: must be more than 0"),
        (0.1, None, 64, "say which --until-ci is about; one of: returned, held, detained"),
        (0.1, "retuned", 64, "no such outcome; did you mean 'returned'?"),
        (0.1, "returned", 8, "--most-replicates: 8: the experiment begins with 16"),
    ],
)
def test_what_cannot_be_met_is_told(
    small: LoadedExperiment, share: float | None, outcome: str | None, most: int | None, told: str
):
    with pytest.raises(UsageError) as error:
        Tightness.checked(small, share, outcome, most)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_all_that_cannot_be_met_is_told_at_once(tmp_path: Path):
    alone = load_experiment(written(tmp_path, "title: One case\nbase: camp.yaml\n"))
    with pytest.raises(UsageError) as error:
        Tightness.checked(alone, 0, "nothing", 1)
    told = str(error.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        *("--until-ci", "--outcome", "--until-ci", "--most-replicates"),
    ]
    assert "there is only one case, and nothing to compare it with" in told[2]
