"""Indices are those of closed forms, and what failed or moves nothing spoils nothing else."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from returnsim.errors import ScenarioError, UsageError
from returnsim.experiments.design import Levels, place_at, share_reached
from returnsim.experiments.files import load_experiment
from returnsim.experiments.schema import Sensitivity
from returnsim.experiments.sensitivity import (
    INDICES,
    SCREENING,
    Shares,
    Simulate,
    Study,
    Values,
    base_points_of,
    effects_of,
    indices_of,
    study_of,
    walks_of,
)
from returnsim.experiments.sensitivity_runs import dated_outcomes, read_values
from returnsim.experiments.sweep import sweep
from tests.experiments.sweeps import here, written

NINETY = 2 * 1.6448536269514722
"""Standard errors from one end of a 90 % interval to the other."""
MOST = 4
"""Standard errors by which a number may be off."""
A, B = 7.0, 0.1


def points(shares: Shares, names: str) -> np.ndarray:
    """Shares by name as columns; in the middle where a factor is left as it is."""
    number = len(next(iter(shares.values())))
    return np.column_stack([shares.get(name, np.full(number, 0.5)) for name in names])


def of(function: Callable[[np.ndarray], np.ndarray], names: str) -> Simulate:
    """A model of one outcome and one replicate."""
    return lambda _, shares: {"y": function(points(shares, names))[:, np.newaxis]}


def ishigami(shares: np.ndarray) -> np.ndarray:
    x = -np.pi + 2 * np.pi * shares.T
    return np.sin(x[0]) + A * np.sin(x[1]) ** 2 + B * x[2] ** 4 * np.sin(x[0])


def test_the_indices_of_the_ishigami_function_are_those_of_its_closed_form():
    study = study_of("abcd", Sensitivity(samples=2048, keep=3), of(ishigami, "abcd"))
    assert study.kept == ("a", "b", "c")
    # Ishigami and Homma 1990.
    alone = np.array([0.5 * (1 + B * np.pi**4 / 5) ** 2, A**2 / 8, 0.0])
    together = B**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = alone.sum() + together
    found = study.indices["y"]
    first_error = (found.first_high - found.first_low) / NINETY
    total_error = (found.total_high - found.total_low) / NINETY
    assert (np.abs(found.first - alone / variance) < MOST * first_error).all()
    total = (alone + np.array([together, 0, together])) / variance
    assert (np.abs(found.total - total) < MOST * total_error).all()
    assert max(*first_error, *total_error) < 0.05
    assert found.deviation == pytest.approx(math.sqrt(variance), rel=0.05)


def test_the_elementary_effects_of_a_linear_function_are_its_slopes():
    slopes = np.array([3.0, -2.0, 0.5, 0.0])
    study = study_of("abcd", Sensitivity(keep_share=0.2), of(lambda x: 5 + x @ slopes, "abcd"))
    found = study.effects["y"]
    np.testing.assert_allclose(found.mu, slopes, atol=1e-12)
    for ends in (found.mu_star, found.mu_star_low, found.mu_star_high):
        np.testing.assert_allclose(ends, abs(slopes), atol=1e-12)
    np.testing.assert_allclose(found.sigma_high, 0, atol=1e-12)
    assert study.kept == ("a", "b")
    assert study.scores == pytest.approx({"a": 1, "b": 2 / 3, "c": 1 / 6, "d": 0})


def test_an_effect_is_over_the_whole_range_however_many_values_a_factor_has():
    numbers = {"one": 1, "two": 2, "three": 3, "five": 5, "nine": 9}
    levels = {name: Levels(name, None, None, False, n) for name, n in numbers.items()}
    levels["range"] = Levels("range", 0.0, 1.0, False, 5)

    def simulate(_: str, shares: Shares) -> Values:
        far = [
            np.array([place_at(levels[name], u) for u in share]) / max(numbers.get(name, 2) - 1, 1)
            for name, share in shares.items()
        ]
        return {"y": np.sum(far, axis=0)[:, np.newaxis]}

    found = study_of(tuple(levels), Sensitivity(), simulate, levels=levels).effects["y"]
    for of_each in (found.mu, found.mu_star, found.mu_star_low, found.mu_star_high):
        np.testing.assert_allclose(of_each, [0, 1, 1, 1, 1, 1], atol=1e-12)
    np.testing.assert_allclose(found.sigma, 0, atol=1e-12)


@pytest.mark.parametrize("levels", [4, 6, 100])
@pytest.mark.parametrize("number", range(2, 12))
def test_a_step_always_moves_a_factor_that_has_values(levels: int, number: int):
    own = Levels("a", None, None, False, number)
    step = levels // 2
    for start in range(levels - step):
        low, high = (share_reached(own, s / (levels - 1)) for s in (start, start + step))
        assert high > low


def test_the_indices_of_a_linear_function_are_the_shares_of_its_squared_slopes():
    slopes = np.array([3.0, -2.0, 0.5])
    study = study_of("abc", Sensitivity(keep=3), of(lambda x: x @ slopes, "abc"))
    found = study.indices["y"]
    shares = slopes**2 / (slopes**2).sum()
    for value, low, high in (
        (found.first, found.first_low, found.first_high),
        (found.total, found.total_low, found.total_high),
    ):
        assert (np.abs(value - shares) < MOST * (high - low) / NINETY).all()


def test_effects_that_depend_on_another_factor_spread():
    # The effect of a is the other's share: on four levels 0, 1/3, 2/3 and 1 alike.
    study = study_of("ab", Sensitivity(trajectories=400), of(lambda x: x[:, 0] * x[:, 1], "ab"))
    found = study.effects["y"]
    expected = np.std([0, 1 / 3, 2 / 3, 1])
    error = (found.sigma_high - found.sigma_low) / NINETY
    assert (np.abs(found.sigma - expected) < MOST * error).all()
    assert (np.abs(found.mu_star - 0.5) < MOST * expected / math.sqrt(400)).all()


def test_intervals_of_elementary_effects_cover_the_mean_as_often_as_they_say():
    settings = [Sensitivity(trajectories=30, seed=seed, resamples=300) for seed in range(1, 101)]

    def covers(told: Sensitivity) -> bool:
        walks = walks_of(2, told)
        found = effects_of(walks, (walks[:, 0] * walks[:, 1])[:, np.newaxis], told)
        return bool(found.mu_star_low[0] <= 0.5 <= found.mu_star_high[0])

    share = np.mean([covers(told) for told in settings])
    assert abs(share - 0.9) < MOST * math.sqrt(0.9 * 0.1 / len(settings))


# What is kept


def test_a_factor_is_kept_that_matters_to_one_outcome_only():
    def simulate(_: str, shares: Shares) -> Values:
        x = points(shares, "abc")
        return {"large": 1e6 * x[:, [0]], "small": 1e-6 * (x[:, [1]] + 0.01 * x[:, [2]])}

    study = study_of("abc", Sensitivity(), simulate)
    assert study.kept == ("a", "b")
    assert study.voices == ("large", "small")


def test_an_outcome_that_is_mostly_luck_has_no_say():
    rng = np.random.default_rng(1)

    def simulate(_: str, shares: Shares) -> Values:
        x = points(shares, "abc")
        luck = rng.normal(size=(len(x), 4))
        return {"clear": x[:, [0]] + 0.01 * luck, "blind": luck + 0.1 * x[:, [1]]}

    study = study_of("abc", Sensitivity(keep_share=0.2), simulate)
    assert study.voices == ("clear",)
    assert study.effects["blind"].noise > 0.5
    assert study.scores["b"] < 0.2


def test_an_outcome_that_is_set_aside_has_no_say_but_is_told():
    def simulate(_: str, shares: Shares) -> Values:
        x = points(shares, "abc")
        return {"asked": x[:, [0]] + 0.5 * x[:, [1]], "aside": x[:, [2]]}

    study = study_of("abc", Sensitivity(), simulate, ["aside"])
    assert (study.kept, study.voices) == (("a", "b"), ("asked",))
    assert study.effects["aside"].mu[2] == pytest.approx(1)


@pytest.mark.parametrize("keep", [2, 3])
def test_as_many_are_kept_as_are_asked_for(keep: int):
    study = study_of("abc", Sensitivity(keep=keep), of(lambda x: x @ [1, 0.1, 0.01], "abc"))
    assert study.kept == tuple("abc"[:keep])


def test_the_share_of_luck_is_the_squared_error_of_the_means_over_their_variance():
    rng = np.random.default_rng(2)
    settings = Sensitivity(samples=1024)
    number = len(base_points_of(2, settings))
    means = rng.normal(scale=2, size=(number, 1))
    found = indices_of(2, means + rng.normal(scale=3, size=(number, 4)), settings)
    expected = (9 / 4) / (4 + 9 / 4)
    # The relative error of a variance of n is the root of 2 / n.
    assert abs(found.noise - expected) < MOST * expected * math.sqrt(2 / number)


# What fails, and what cannot be told


def broken(simulate: Simulate, stage: str, rows: list[int]) -> Simulate:
    """The same model, of which some runs fail in one stage."""

    def run(at: str, shares: Shares) -> Values:
        values = {name: value.copy() for name, value in simulate(at, shares).items()}
        for value in values.values():
            value[rows if at == stage else []] = np.nan
        return values

    return run


LINEAR = of(lambda x: x @ [3.0, -2.0, 0.5], "abc")


def test_trajectories_that_hold_a_failed_run_are_dropped_and_no_others():
    # Four points a trajectory: the first, the second twice, and the last.
    study = study_of("abc", Sensitivity(keep=2), broken(LINEAR, SCREENING, [0, 4, 7, 79]))
    assert (study.trajectories_lost, study.effects["y"].trajectories) == (3, 17)
    np.testing.assert_allclose(study.effects["y"].mu, [3, -2, 0.5])
    assert (study.groups_lost, study.indices["y"].groups) == (0, 128)


def test_groups_that_hold_a_failed_run_are_dropped_and_no_others():
    settings = Sensitivity(keep=2, samples=64)
    study = study_of("abc", settings, broken(LINEAR, INDICES, [3, 4, 255]))
    assert (study.groups_lost, study.indices["y"].groups) == (3, 61)
    rows = np.repeat(~np.isin(np.arange(64), [0, 1, 63]), 4)
    x = base_points_of(2, settings)
    whole = (x @ [3.0, -2.0] + 0.25)[:, np.newaxis]
    kept = indices_of(2, np.where(rows[:, np.newaxis], whole, np.nan), settings)
    np.testing.assert_array_equal(kept.total, study.indices["y"].total)


@pytest.mark.parametrize(
    ("stage", "rows", "told"),
    [
        (SCREENING, [4 * i for i in range(17)], "screening: 17 of the 20 trajectories hold a run"),
        (INDICES, [4 * i for i in range(57)], "indices: 57 of the 64 groups of points hold a run"),
    ],
)
def test_too_few_whole_runs_are_refused(stage: str, rows: list[int], told: str):
    with pytest.raises(UsageError, match=told):
        study_of("abc", Sensitivity(keep=2, samples=64), broken(LINEAR, stage, rows))


def test_an_outcome_that_is_not_defined_somewhere_is_told_from_the_rest():
    def simulate(at: str, shares: Shares) -> Values:
        (y,) = LINEAR(at, shares).values()
        rare = np.where(y < np.quantile(y, 0.03), np.nan, y)
        return {"y": y, "rare": rare, "never": np.full_like(y, np.nan), "same": np.ones_like(y)}

    study = study_of("abc", Sensitivity(keep=2), simulate)
    assert (study.trajectories_lost, study.groups_lost) == (0, 0)
    assert 4 <= study.effects["rare"].trajectories < 20
    np.testing.assert_allclose(study.effects["rare"].mu, [3, -2, 0.5])
    assert np.isnan(study.effects["never"].mu_star).all()
    assert np.isnan(study.indices["never"].total).all()
    np.testing.assert_array_equal(study.effects["same"].mu_star, 0)
    assert np.isnan(study.indices["same"].total).all()
    assert (study.indices["same"].mean, study.indices["same"].deviation) == (1, 0)
    assert study.voices == ("y", "rare")


def test_an_outcome_that_moves_in_points_between_the_drawn_ones_only_has_no_indices():
    settings = Sensitivity(samples=8)
    values = np.zeros((8, 4))
    values[3, 1] = 1
    found = indices_of(2, values.reshape(-1, 1), settings)
    assert np.isnan(found.total).all()
    assert found.deviation == 0


def test_nothing_is_told_where_nothing_moves():
    with pytest.raises(UsageError, match="no factor moves any outcome"):
        study_of("ab", Sensitivity(), of(lambda x: np.ones(len(x)), "ab"))


def test_the_same_seed_tells_the_same_and_another_something_else():
    def total(seed: int) -> list[float]:
        found: Study = study_of("abc", Sensitivity(seed=seed, keep=3), of(ishigami, "abc"))
        return [*found.indices["y"].total, *found.effects["y"].mu_star_low]

    assert total(3) == total(3)
    assert total(3) != total(4)


# What an experiment file says

EXPERIMENT = """
title: What moves an invented camp
base: camp.yaml
replicates: 16
households: 40
sensitivity: {trajectories: 4, samples: 8, keep: 2, resamples: 100}
factors:
  fear: {path: behaviour.perceived_risk, range: [2, 20]}
  harm: {path: hazards.harm_per_week, range: [0.001, 0.1], log: true}
  word: {path: guarantors.settlement.enforcement, values: [0, 0.5, 0.9]}
outcomes: {returned: {}, in_camp: {}, hardship: {}}
"""


def refused(folder: Path, experiment: str) -> list[str]:
    with pytest.raises(ScenarioError) as told:
        load_experiment(written(folder, experiment)).require_sensitivity()
    return [str(problem).rpartition("/")[2] for problem in told.value.problems]


WRONG = [
    ("samples: 8", "samples: 12", "small.yaml:6:32: sensitivity.samples: 12: must be a power of"),
    ("keep: 2", "keep: 4", "small.yaml:6:44: sensitivity.keep: 4: there are only 3 factors"),
    ("keep: 2", "keep: 1", "small.yaml:6:50: sensitivity.keep: 1: must be 2 or more"),
    ("keep: 2", "levels: 5", "small.yaml:6:44: sensitivity.levels: 5: must be even"),
    ("keep: 2", "dates: [2020-01-01]", "2020-01-01 lies outside the days of"),
    ("[2, 20]", "[20, 2]", "small.yaml:8:42: factors.fear.range: the lower end comes first"),
    (", range: [2, 20]", "", "small.yaml:8:3: factors.fear: needs either `values`, a list, or"),
    ("outcomes", "cases: {a: {}, b: {}}\noutcomes", "small.yaml:11:1: cases: a study is of one"),
    ("outcomes", "design: {kind: sobol}\noutcomes", "small.yaml:11:1: design: is not used where"),
]


@pytest.mark.parametrize(("before", "after", "told"), WRONG, ids=[told for *_, told in WRONG])
def test_what_is_wrong_with_a_study_is_told_with_its_place(
    tmp_path: Path, before: str, after: str, told: str
):
    assert any(told in line for line in refused(tmp_path, EXPERIMENT.replace(before, after, 1)))


def test_a_study_needs_two_factors_and_a_section(tmp_path: Path):
    head, _, tail = EXPERIMENT.partition("factors:")
    outcomes = tail[tail.index("outcomes") :]
    assert refused(tmp_path, head + outcomes)[0].startswith("small.yaml:2:1: factors: a study need")
    one = head + "factors:\n  fear: {path: behaviour.perceived_risk, range: [2, 20]}\n" + outcomes
    (told,) = [line for line in refused(tmp_path, one) if "two" in line]
    assert told.startswith("small.yaml:7:1: factors: a study needs at least two factors")
    without = EXPERIMENT.replace("sensitivity:", "# ")
    without = without.replace("factors:", "design: {kind: latin_hypercube, samples: 2}\nfactors:")
    assert "sensitivity: is missing" in refused(tmp_path, without)[0]


def test_a_range_that_is_left_out_is_that_of_the_base_scenario(tmp_path: Path):
    file = written(tmp_path, EXPERIMENT.replace(", range: [2, 20]", ""))
    camp = file.with_name("camp.yaml")
    behaviour = "behaviour: {intercept: 0.5, perceived_risk: {value: 9, range: [3, 12]}}"
    camp.write_text(camp.read_text().replace("behaviour: {intercept: 0.5}", behaviour))
    assert load_experiment(file).experiment.factors["fear"].range == (3, 12)


def test_a_range_that_several_paths_share_is_taken_and_none_where_they_differ(tmp_path: Path):
    paths = "[behaviour.norm, behaviour.cost]"
    text = EXPERIMENT.replace("behaviour.perceived_risk, range: [2, 20]", paths)
    file = written(tmp_path, text)
    camp = file.with_name("camp.yaml")
    before = camp.read_text()
    weights = "norm: {value: 1, range: [0, 2]}, cost: {value: 1, range: [0, 2]}"
    camp.write_text(before.replace("intercept: 0.5", weights))
    assert load_experiment(file).experiment.factors["fear"].range == (0, 2)
    camp.write_text(before.replace("intercept: 0.5", weights.replace("[0, 2]}, c", "[0, 3]}, c")))
    with pytest.raises(ScenarioError, match="no range at behaviour"):
        load_experiment(file)


def test_points_lie_at_their_shares_of_each_range(tmp_path: Path):
    loaded = load_experiment(written(tmp_path, EXPERIMENT))
    shares = {"fear": np.array([0, 0.5, 1]), "harm": np.array([0, 0.5, 1])}
    at_points = loaded.at_points(shares, {})
    told = [case.factors for case in at_points.cases]
    assert [one["fear"] for one in told] == [2, 11, 20]
    assert [one["harm"] for one in told] == pytest.approx([0.001, 0.01, 0.1])
    # What is not named stays as in the scenario.
    assert [one["word"] for one in told] == [None] * 3
    scenario = at_points.scenario(at_points.cases[2])
    assert scenario.behaviour.perceived_risk.value == 20
    assert loaded.cases[0].factors == dict.fromkeys(("fear", "harm", "word"))
    values = loaded.at_points({"word": np.array([0, 0.3, 0.4, 0.9, 1])}, {}).cases
    assert [case.factors["word"] for case in values] == [0, 0, 0.5, 0.9, 0.9]


def test_indices_over_time_are_of_what_is_counted_or_summed_up(tmp_path: Path):
    loaded = load_experiment(written(tmp_path, EXPERIMENT))
    dated = dated_outcomes(loaded, Sensitivity())
    outcomes = dict.fromkeys(there.outcome for there in dated.values())
    assert "hardship" not in outcomes
    assert {"returned", "in_camp", "killed", "killed_per_100"} <= set(outcomes)
    days = sorted({there.day for there in dated.values()})
    assert [str(days[0]), str(days[-1]), len(days)] == ["2021-02-14", "2021-08-01", 5]
    assert dated_outcomes(loaded, Sensitivity(dates=())) == {}


def test_values_of_a_sweep_come_in_the_order_of_the_points(tmp_path: Path):
    file = written(tmp_path, EXPERIMENT)
    loaded = load_experiment(file)
    shares = {"fear": np.linspace(0, 1, 12)}
    at_points = loaded.at_points(shares, loaded.experiment.outcomes)
    sweep(at_points, tmp_path / "out", here(), command="returnsim sensitivity")
    values = read_values(at_points, tmp_path / "out")
    assert {value.shape for value in values.values()} == {(12, 16)}
    one = loaded.at_points({"fear": shares["fear"][[7]]}, loaded.experiment.outcomes)
    sweep(one, tmp_path / "one", here(), command="returnsim sensitivity")
    np.testing.assert_array_equal(
        read_values(one, tmp_path / "one")["returned"][0], values["returned"][7]
    )
    (tmp_path / "one" / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"one/run.json: is missing or damaged"):
        read_values(one, tmp_path / "one")
