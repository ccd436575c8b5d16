"""A policy is called better only where the space says so, and never by its returns alone."""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from returnsim.errors import ScenarioError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.compare import Case, Comparison, OutcomeInfo, paired_difference
from returnsim.experiments.discovery import FALSE_BOXES, Axis, Box, find_boxes
from returnsim.experiments.files import load_experiment
from returnsim.experiments.frontier import in_words, standings_of
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.unknowns import (
    HARMED,
    NEEDED,
    SAFE,
    Sample,
    notes_of,
    prepared_verdict,
    sample_of,
)
from returnsim.experiments.verdict import (
    BETTER,
    NOT_DECIDABLE,
    NOT_DEFINED,
    SAME,
    Judgement,
    Points,
    judge,
    points_of,
    verdict_of,
)
from returnsim.experiments.verdict_tables import as_json, as_text, write_verdict
from returnsim.figures.verdict import write_verdict_figures
from tests.experiments.sweeps import written

NAN = np.nan
POINTS = 64
EXPERIMENT = f"""
title: Three policies over what nobody knows
base: camp.yaml
replicates: 16
households: 40
cases:
  as it is: {{}}
  kept: {{set: {{guarantors.settlement.enforcement: 0.9}}}}
  eased: {{set: {{levers.siege.severity: 0.1}}}}
design: {{kind: latin_hypercube, samples: {POINTS}, seed: 3}}
factors:
  fear: {{path: behaviour.perceived_risk, range: [2, 20]}}
  hunger: {{path: livelihood.hunger_point, range: [0.4, 0.9]}}
  harm: {{path: hazards.harm_per_week, range: [0.001, 0.1], log: true}}
outcomes:
  pushed: {{without: siege}}
"""
Value = Callable[[str, Mapping[str, float]], float]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> LoadedExperiment:
    """The experiment, read and made ready."""
    return prepared_verdict(load_experiment(written(tmp_path_factory.mktemp("asked"), EXPERIMENT)))


def refused(folder: Path, experiment: str) -> list[str]:
    with pytest.raises(ScenarioError) as told:
        prepared_verdict(load_experiment(written(folder, experiment)))
    places = [(problem.line, problem.column) for problem in told.value.problems]
    assert places == sorted(places)
    return [re.split(r"small.yaml:\d+:\d+: ", str(p))[1] for p in told.value.problems]


def compared(
    asked: LoadedExperiment, values: Mapping[str, Value], without: tuple[str, ...] = ()
) -> Comparison:
    """Results made by hand: each outcome by policy and point, with luck that all policies share."""
    luck = np.array([-3.0, -1.0, 1.0, 3.0])
    names = outcomes_of(asked.experiment)

    def made(name: str, policy: str, factors: Mapping[str, float]) -> np.ndarray:
        if name.endswith("_per_100"):
            harm = made(name.removesuffix("_per_100"), policy, factors)
            return 100 * harm / made("returned", policy, factors)
        return values.get(name, lambda *_: 0.0)(policy, factors) + luck * (name in values)

    cases = tuple(
        Case(
            case.name,
            case.title,
            case.factors,
            np.arange(len(luck)),
            {name: made(name, case.named or "", case.factors) for name in names},
        )
        for case in asked.cases
        if case.name not in without
    )
    return Comparison(
        title="Made by hand",
        question="",
        cases=cases,
        baseline=cases[0].name,
        outcomes={n: OutcomeInfo(n, str(o.unit), o.good) for n, o in names.items()},
        factors={},
        series=(),
        seed=1,
        guesses=3,
        numbers=7,
        weight=1.0,
        design="latin_hypercube",
    )


LIVED: Mapping[str, Value] = MappingProxyType(
    {
        "returned": lambda policy, _: 1000.0,
        "voluntary": lambda policy, _: {"as it is": 400.0, "kept": 500.0, "eased": 450.0}[policy],
        "hastened": lambda policy, _: 200.0,
        "pushed": lambda policy, _: {"as it is": 300.0, "kept": 75.0, "eased": 50.0}[policy],
        "detained": lambda policy, _: {"as it is": 60.0, "kept": 30.0, "eased": 50.0}[policy],
        "conscripted": lambda policy, _: 30.0,
        "killed": lambda policy, _: 10.0,
        "hardship": lambda policy, f: 60 - 100 * f["hunger"] if policy == "eased" else 0.0,
    }
)
"""Kept is better in harm everywhere; eased is worse in hardship where the hunger point is low."""


def judged(found: object, outcome: str, policy: str, other: str) -> Judgement:
    (one,) = [
        j for j in found.judgements if (j.outcome, j.policy, j.other) == (outcome, policy, other)
    ]
    return one


# What a point tells


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*(st.sampled_from([NAN, 0.0, 1.0, 2.5, 7.0]) for _ in "ab")),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["more", "less"]),
)
def test_a_point_tells_what_the_paired_interval_tells(pairs: list[tuple[float, float]], good: str):
    a, b = np.array(pairs).T
    found = points_of(a[np.newaxis], b[np.newaxis], good)
    expected = paired_difference(a, b)
    above = bool(expected.low > 1e-12)
    below = bool(expected.high < -1e-12)
    if min(abs(expected.low), abs(expected.high)) > 1e-12:
        told = (bool(found.policy_better[0]), bool(found.other_better[0]))
        assert told == ((above, below) if good == "more" else (below, above))
    assert bool(found.same[0]) == expected.is_none
    assert bool(found.defined[0]) == (expected.pairs > 0)
    assert found.difference[0] == pytest.approx(expected.mean, nan_ok=True)


def test_a_single_replicate_tells_no_difference():
    found = points_of(np.array([[5.0, NAN]]), np.array([[1.0, 2.0]]), "more")
    assert not (found.policy_better | found.other_better | found.same).any()
    assert found.defined.all()


# What the points together tell


def told(
    better: int, worse: int, *, silent: int = 0, same: int = 0, undefined: int = 0
) -> Judgement:
    """Judge so many points of each kind."""
    kinds = np.repeat([0, 1, 2, 3, 4], [better, worse, silent, same, undefined])
    points = Points(kinds == 0, kinds == 1, kinds == 3, kinds < 4, np.where(kinds == 0, 2.0, 0.0))
    return judge("a", "b", "x", points)


@pytest.mark.parametrize(
    ("points", "verdict", "better"),
    [
        ({"better": 20, "worse": 0}, BETTER, "a"),
        ({"better": 0, "worse": 20}, BETTER, "b"),
        ({"better": 18, "worse": 2}, BETTER, "a"),
        ({"better": 17, "worse": 2}, NOT_DECIDABLE, "a"),
        ({"better": 10, "worse": 0, "silent": 10}, BETTER, "a"),
        ({"better": 10, "worse": 0, "silent": 11}, NOT_DECIDABLE, "a"),
        ({"better": 10, "worse": 0, "same": 11}, NOT_DECIDABLE, "a"),
        ({"better": 10, "worse": 10}, NOT_DECIDABLE, ""),
        ({"better": 0, "worse": 0, "silent": 5}, NOT_DECIDABLE, ""),
        ({"better": 0, "worse": 0, "same": 5}, SAME, ""),
        ({"better": 0, "worse": 0}, NOT_DEFINED, ""),
    ],
)
def test_the_rule_of_the_verdict(points: dict[str, int], verdict: str, better: str):
    found = told(**points)
    assert (found.verdict, found.better) == (verdict, better)
    assert found.is_decided == (verdict == BETTER)
    assert found.is_undecided == (verdict == NOT_DECIDABLE)


@pytest.mark.parametrize(("hits", "number"), [(20, 20), (18, 20), (0, 7), (5, 9)])
def test_the_interval_of_the_share_solves_the_equation_of_the_score(hits: int, number: int):
    found = told(hits, 0, silent=number - hits)
    z = stats.norm.ppf(0.95)
    share = hits / number
    for end in {found.low, found.high} - {0.0, 1.0}:
        score = (share - end) / math.sqrt(end * (1 - end) / number)
        assert abs(score) == pytest.approx(z)
    assert found.low <= share <= found.high


def test_a_verdict_says_all_shares_in_words():
    assert told(18, 2).in_words() == (
        "a is better than b in 90 % of the space (74 % to 97 %), worse in 10 %"
    )
    assert told(9, 5, silent=6).in_words() == (
        "not decidable: a is better in 45 % of the space, b in 25 %, and no difference is told in "
        "30 %"
    )
    assert told(0, 0, same=3).in_words() == "a and b: the same in every point"
    assert told(0, 0).in_words() == "a and b: not defined in any point"


def test_a_verdict_says_of_which_points_its_shares_are_where_an_outcome_is_not_always_defined():
    of = "the 20 points of 25 at which it is defined"
    assert told(18, 2, undefined=5).in_words().startswith(f"a is better than b in 90 % of {of} (")
    assert f"a is better in 45 % of {of}, b" in told(9, 5, silent=6, undefined=5).in_words()
    assert told(0, 0, same=3, undefined=1).in_words() == (
        "a and b: the same in every point at which it is defined"
    )


def test_a_share_that_is_nearly_all_or_nothing_is_not_said_to_be():
    found = told(299, 1)
    assert "in over 99 % of the space" in found.in_words()
    assert found.in_words().endswith("worse in under 1 %")


def test_a_policy_that_is_better_everywhere_is_better(asked: LoadedExperiment):
    found = verdict_of(sample_of(asked, compared(asked, LIVED)), 0.1)
    one = judged(found, HARMED, "as it is", "kept")
    assert (one.verdict, one.better, one.worse) == (BETTER, "kept", "as it is")
    assert (one.points, one.told, one.policy_better, one.other_better) == (64, 64, 0, 64)
    assert (one.share, one.high, one.flips) == (1, 1, ())
    z = stats.norm.ppf(0.95)
    assert one.low == pytest.approx(POINTS / (POINTS + z**2))
    assert one.difference == pytest.approx(30)


def test_a_tie_is_the_same_and_no_box_is_sought_for_it(asked: LoadedExperiment):
    found = verdict_of(sample_of(asked, compared(asked, LIVED)), 0.1)
    one = judged(found, "conscripted", "as it is", "eased")
    assert (one.verdict, one.same, one.told, one.difference) == (SAME, 64, 0, 0)
    one = judged(found, "hardship", "as it is", "kept")
    assert (one.verdict, one.flips) == (SAME, ())


def test_an_outcome_that_is_not_defined_is_judged_where_it_is(asked: LoadedExperiment):
    # Hardship is undefined where the camp is empty, here wherever fear is below 11.
    def hardship(policy: str, factors: Mapping[str, float]) -> float:
        return NAN if factors["fear"] < 11 else 10.0 * (policy == "eased")

    values = {**LIVED, "hardship": hardship, "died_in_camp": lambda *_: NAN}
    found = verdict_of(sample_of(asked, compared(asked, values)), 0.1)
    one = judged(found, "hardship", "as it is", "eased")
    assert (one.points, one.verdict, one.better) == (32, BETTER, "as it is")
    one = judged(found, "died_in_camp", "as it is", "eased")
    assert (one.points, one.verdict) == (0, NOT_DEFINED)
    assert math.isnan(one.share)
    assert "NaN" not in as_text(as_json(found, compared(asked, values), "returnsim verdict"))


# Where it flips


def test_the_box_has_the_threshold_at_which_the_sign_flips(asked: LoadedExperiment):
    found = verdict_of(sample_of(asked, compared(asked, LIVED)), 0.1)
    one = judged(found, "hardship", "as it is", "eased")
    assert one.verdict == NOT_DECIDABLE
    boxes = {flip.better: flip.box for flip in one.flips}
    assert set(boxes) == {"as it is", "eased"}
    # Of a Latin hypercube one point lies in each of 64 strata: neighbours are less than two strata
    # apart, and a threshold in the middle between them is off by less than one.
    stratum = (0.9 - 0.4) / POINTS
    for better, side in (("as it is", "high"), ("eased", "low")):
        box = boxes[better]
        assert [s.name for s in box.sides] == ["hunger"]
        assert getattr(box.sides[0], side) == pytest.approx(0.6, abs=stratum)
        assert (box.coverage, box.density) == (1, 1)
        assert box.held_out_density > 0.9
        assert box.chance <= FALSE_BOXES
    assert (boxes["as it is"].sides[0].low, boxes["eased"].sides[0].high) == (0.4, 0.9)
    assert boxes["as it is"].points + boxes["eased"].points == POINTS


def unit_axes(number: int, points: int = POINTS, seed: int = 5) -> list[Axis]:
    values = stats.qmc.LatinHypercube(number, rng=np.random.default_rng(seed)).random(points)
    return [Axis(f"x{i}", "", values[:, i], 0.0, 1.0) for i in range(number)]


def found_box(axes: list[Axis], interest: np.ndarray) -> Box:
    (box,) = find_boxes(axes, [interest])
    assert box is not None
    return box


def test_a_box_is_bounded_by_both_parameters_that_matter():
    axes = unit_axes(5)
    interest = (axes[1].values > 0.3) & (axes[4].values <= 0.6)
    box = found_box(axes, interest)
    ends = {side.name: (side.low, side.high) for side in box.sides}
    assert set(ends) == {"x1", "x4"}
    assert (box.coverage, box.density) == (1, 1)
    inside = (axes[1].values > ends["x1"][0]) & (axes[4].values <= ends["x4"][1])
    np.testing.assert_array_equal(inside, interest)
    assert (ends["x1"][1], ends["x4"][0]) == (1, 0)


def test_coverage_and_density_are_those_of_the_points():
    axes = unit_axes(3)
    interest = axes[0].values > 0.5
    interest[np.flatnonzero(interest)[:6]] = False
    box = found_box(axes, interest)
    inside = np.ones(POINTS, dtype=bool)
    for s in box.sides:
        values = axes[int(s.name[1:])].values
        inside &= (values > s.low) & (values <= s.high)
    assert box.points == inside.sum()
    assert box.coverage == pytest.approx((inside & interest).sum() / interest.sum())
    assert box.density == pytest.approx((inside & interest).sum() / inside.sum())
    assert 0 < box.held_out_density <= 1


def test_a_parameter_sampled_by_its_logarithm_is_split_by_it():
    (axis,) = unit_axes(1)
    values = 0.001 * 100**axis.values
    box = found_box([Axis("harm", "a week", values, 0.001, 0.1, log=True)], values > 0.01)
    (side,) = box.sides
    assert math.log(side.low / 0.01) == pytest.approx(0, abs=math.log(100) / POINTS)
    assert side.high == 0.1
    assert side.words == f"harm above {side.low:.3g} a week"


def test_labels_within_a_box_are_named():
    places = np.repeat([0.0, 1.0, 2.0], 20)
    axis = Axis("word", "", places, 0.0, 2.0, labels=("none", "given", "kept"))
    box = found_box([axis, *unit_axes(2, 60)], places >= 1)
    (side,) = box.sides
    assert (side.labels, side.words) == (("given", "kept"), "word given or kept")
    assert (side.low, side.high) == (1, 2)


def test_noise_gives_no_box():
    axes = unit_axes(6)
    rng = np.random.default_rng(11)
    noise = [rng.permutation(POINTS) < number for number in (8, 16, 24, 32, 40) for _ in range(4)]
    assert find_boxes(axes, noise) == [None] * len(noise)


def test_a_box_that_is_there_is_found_among_noise():
    axes = unit_axes(6)
    rng = np.random.default_rng(12)
    noise = [rng.permutation(POINTS) < 24 for _ in range(6)]
    found = find_boxes(axes, [*noise, axes[2].values < 0.4])
    assert found[:-1] == [None] * len(noise)
    assert found[-1] is not None


@pytest.mark.parametrize("interest", [np.zeros(20, bool), np.ones(20, bool), np.arange(20) < 1])
def test_what_is_nowhere_or_everywhere_or_once_has_no_box(interest: np.ndarray):
    assert find_boxes(unit_axes(2, 20), [interest]) == [None]


def test_boxes_are_the_same_every_time():
    axes = unit_axes(4)
    interest = axes[0].values + 0.2 * axes[1].values > 0.6
    assert find_boxes(axes, [interest]) == find_boxes(axes, [interest])


# The frontier


def lived(**policies: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Safe, harm, hardship, deaths, returned, pushed of each policy, the same at every point."""
    names = ("safe_voluntary", "harmed", "hardship", "died_in_camp", "returned", "pushed")
    rows = np.array(list(policies.values()))
    values = {name: np.tile(rows[:, i, None, None], (1, 3, 2)) for i, name in enumerate(names)}
    kept = values["returned"] - values["pushed"]
    return values | {"voluntary": 0.75 * kept, "hastened": 0.25 * kept}


def test_the_frontier_is_of_those_that_none_equals_in_all_and_beats_in_one():
    policies = {
        "best": (90, 5, 0.2, 1, 100, 5),
        "worse": (80, 5, 0.2, 1, 100, 5),
        "safer": (50, 2, 0.2, 1, 100, 5),
        "twin": (90, 5, 0.2, 1, 100, 5),
        "pushing": (99, 1, 0.1, 0, 100, 11),
    }
    found = standings_of(tuple(policies), lived(**policies), 0.1)
    on = {one.policy: one.is_on_frontier for one in found}
    assert on == {"best": True, "worse": False, "safer": True, "twin": True, "pushing": False}
    beaten = {one.policy: one.beaten_by for one in found}
    assert beaten["worse"] == ("best", "twin")
    assert [one.is_within for one in found] == [True, True, True, True, False]
    told = " ".join(in_words(found, 0.1))
    assert told.startswith("On the frontier: best, safer, twin.")
    assert "as good in all of these and better in one: worse (best, twin)." in told
    assert told.endswith("more than 10 % of the returns are pushed by the siege: pushing (11.0 %).")


def test_where_every_policy_pushes_too_many_it_says_so_and_what_would_be():
    policies = {"a": (9, 5, 0.2, 1, 100, 30), "b": (8, 5, 0.2, 1, 100, 20)}
    found = standings_of(("a", "b"), lived(**policies), 0.1)
    assert not any(one.is_on_frontier for one in found)
    assert in_words(found, 0.1) == [
        "No policy is on the frontier, for more than 10 % of the returns are pushed by the siege: "
        "b (20.0 %), a (30.0 %).",
        "Without that limit it would be: a.",
    ]
    assert [one.is_on_frontier for one in standings_of(("a", "b"), lived(**policies), 0.2)] == [
        False,
        True,
    ]


def test_shares_of_no_returns_are_not_defined_and_push_nobody():
    (one,) = standings_of(("a",), lived(a=(0, 0, 0.2, 1, 0, 0)), 0.0)
    assert math.isnan(one.measures["pushed_share"].mean)
    assert one.is_on_frontier


def test_a_standing_is_the_mean_over_points_with_the_middle_of_them():
    values = lived(a=(0, 0, 0.2, 1, 100, 10))
    means = np.arange(21.0)
    values = {name: np.repeat(v[:, :1], 21, axis=1) for name, v in values.items()}
    values["safe_voluntary"] = np.stack([means - 1, means + 1], axis=1)[np.newaxis]
    values["pushed"] = values["pushed"] * np.array([0.5, 1.5])
    (one,) = standings_of(("a",), values, 0.1)
    assert one.measures["safe_voluntary"] == (10, 1, 19)
    # Of their sums over replicates: 5 and 15 of 100.
    assert one.measures["pushed_share"].mean == pytest.approx(0.1)
    assert one.measures["untold_share"].mean == pytest.approx(0)


def test_the_pushed_are_a_share_of_the_returns_of_which_it_is_known():
    values = lived(a=(9, 5, 0.2, 1, 100, 10))
    values["voluntary"] = values["voluntary"] - 40
    (one,) = standings_of(("a",), values, 0.1)
    assert one.measures["untold_share"].mean == pytest.approx(0.4)
    assert one.measures["pushed_share"].mean == pytest.approx(10 / 60)
    assert not one.is_on_frontier


def test_where_it_is_not_yet_known_of_most_nobody_is_said_to_push_few():
    values = lived(a=(9, 5, 0.2, 1, 100, 0))
    values["voluntary"] = values["voluntary"] - 60
    (one,) = standings_of(("a",), values, 0.1)
    assert not one.is_on_frontier
    assert "of most of their returns it is not yet known" in " ".join(in_words([one], 0.1))


def test_safe_voluntary_returns_are_less_their_part_of_the_harmed(asked: LoadedExperiment):
    flat = {name: value for name, value in LIVED.items() if name != "hardship"}
    sample = sample_of(asked, compared(asked, flat))
    # As it is, at the mean: (400 + 200) of 1000, of whom 60 + 30 + 10 harmed: 600 * 0.9.
    luck = np.array([-3.0, -1.0, 1.0, 3.0])
    willing, share = 600 + 2 * luck, (100 + 3 * luck) / (1000 + luck)
    np.testing.assert_allclose(sample.values[SAFE][0, 0], willing * (1 - share))
    np.testing.assert_allclose(sample.values[HARMED][0, 0], 100 + 3 * luck)


def test_where_nobody_returns_there_are_no_safe_returns(asked: LoadedExperiment):
    nobody = {"returned": lambda *_: NAN}
    comparison = compared(asked, nobody)
    sample = sample_of(asked, comparison)
    assert np.isnan(sample.values["detained_per_100"]).all()
    assert (sample.values[SAFE] == 0).all()


# What may be asked


def test_what_a_verdict_needs_is_measured_beside_what_was_asked_for(asked: LoadedExperiment):
    found = outcomes_of(asked.experiment)
    assert next(iter(found)) == "pushed"
    assert set(NEEDED) < set(found)
    assert (found["voluntary"].without, found["hastened"].without) == ("siege", "siege")


def test_an_experiment_that_names_nothing_keeps_the_usual_outcomes(tmp_path: Path):
    text = EXPERIMENT.partition("outcomes")[0]
    found = prepared_verdict(load_experiment(written(tmp_path, text)))
    assert {"in_camp", *NEEDED} < set(outcomes_of(found.experiment))


@pytest.mark.parametrize("kind", ["full_factorial", "one_at_a_time"])
def test_a_design_that_is_no_sample_is_refused(tmp_path: Path, kind: str):
    text = EXPERIMENT.replace(f"latin_hypercube, samples: {POINTS}, seed: 3", kind)
    (problem,) = refused(tmp_path, text)
    assert problem.startswith(f"design.kind: {kind} is no sample of what nobody knows")
    assert problem.endswith("take one of: latin_hypercube, sobol, points")


def test_a_sequence_and_a_table_of_points_are_samples(tmp_path: Path):
    sobol = EXPERIMENT.replace("latin_hypercube", "sobol")
    assert prepared_verdict(load_experiment(written(tmp_path, sobol)))
    table = "fear,hunger\n3,0.5\n4,0.6\n"
    (tmp_path / "points.csv").write_text(table)
    head = EXPERIMENT.partition("design:")[0]
    text = head + (
        "design: {kind: points, file: points.csv}\n"
        "factors: {fear: {path: behaviour.perceived_risk}, hunger: {path: livelihood.hunger_point}}"
    )
    loaded = prepared_verdict(load_experiment(written(tmp_path, text)))
    sample = sample_of(loaded, compared(loaded, LIVED))
    assert [(axis.name, axis.low, axis.high) for axis in sample.axes] == [
        ("fear", 3, 4),
        ("hunger", 0.5, 0.6),
    ]


def test_a_lever_among_the_factors_is_refused_by_its_name(tmp_path: Path):
    lever = "  aid: {path: levers.aid.coverage, range: [0, 1]}\n"
    text = EXPERIMENT.replace("factors:\n", "factors:\n" + lever)
    (problem,) = refused(tmp_path, text)
    assert problem.startswith("factors.aid: is a lever, which somebody sets")
    unknown = lever.replace("[0, 1]", "[0, 1], kind: uncertainty")
    text = EXPERIMENT.replace("factors:\n", "factors:\n" + unknown)
    assert prepared_verdict(load_experiment(written(tmp_path, text)))


def test_one_policy_or_nothing_unknown_is_refused(tmp_path: Path):
    one = EXPERIMENT.partition("  kept: {set")[0] + "design" + EXPERIMENT.partition("design")[2]
    assert refused(tmp_path, one) == ["cases: a verdict is between policies: name at least two"]
    head, _, rest = EXPERIMENT.partition("design")
    (problem,) = refused(tmp_path, head + "outcomes" + rest.partition("outcomes")[2])
    assert problem.startswith("factors: name what nobody knows")


def test_names_that_a_verdict_needs_are_kept_for_it(tmp_path: Path):
    text = EXPERIMENT.replace("  fear:", "  harmed:")
    text += (
        "  hastened: {column: hastened, without: corridor}\n  safe_voluntary: {column: onward}\n"
    )
    assert refused(tmp_path, text) == [
        "factors.harmed: is also a column of the verdict; call it another",
        "outcomes.hastened: has a meaning of its own in a verdict; call yours another",
        "outcomes.safe_voluntary: has a meaning of its own in a verdict; call yours another",
    ]


@pytest.mark.parametrize(
    "outcomes",
    ["returned: {}", "home: {column: at_home}", "men: {column: departures_men_conscription_age}"],
)
def test_a_ranking_by_returns_alone_is_refused_unless_it_is_asked_for(
    tmp_path: Path, outcomes: str
):
    text = EXPERIMENT.replace("pushed: {without: siege}", outcomes)
    (problem,) = refused(tmp_path, text)
    assert problem.startswith("outcomes: names returns alone, and a ranking by returns alone puts")
    assert problem.endswith("say --returns-alone")
    loaded = load_experiment(written(tmp_path, text))
    assert set(NEEDED) < set(outcomes_of(prepared_verdict(loaded, returns_alone=True).experiment))
    with_harm = text + "  killed: {}\n"
    assert prepared_verdict(load_experiment(written(tmp_path, with_harm)))


# From the results of a sweep


def test_points_that_lack_a_policy_are_left_out(asked: LoadedExperiment):
    gone = asked.cases[5].name
    sample = sample_of(asked, compared(asked, LIVED, without=(gone,)))
    assert (sample.points, sample.left_out) == (POINTS - 1, 1)
    assert asked.cases[5].factors["fear"] not in sample.axes[0].values
    whole = sample_of(asked, compared(asked, LIVED))
    assert (whole.points, whole.left_out) == (POINTS, 0)


def test_points_of_which_only_some_replicates_failed_are_left_out_too(asked: LoadedExperiment):
    half = asked.cases[5].name
    sample = sample_of(asked, compared(asked, LIVED), {half})
    assert (sample.points, sample.left_out) == (POINTS - 1, 1)
    assert asked.cases[5].factors["fear"] not in sample.axes[0].values


def test_without_a_point_of_every_policy_nothing_is_said(asked: LoadedExperiment):
    gone = tuple(case.name for case in asked.cases if case.named == "kept")
    with pytest.raises(UsageError, match="no point has results of every policy"):
        sample_of(asked, compared(asked, LIVED, without=gone))


def test_policies_are_said_to_differ_in_people_only_where_they_meet(asked: LoadedExperiment):
    def ground(case: str, **changes: object) -> dict[str, object]:
        usual = {"population": "one", "start": "2021", "weeks": 30, "recorded_from": "2021"}
        return {"name": case, "ground": usual | changes}

    by_point = [ground(c.name, population=str(c.factors["fear"])) for c in asked.cases]
    assert notes_of(asked, {"cases": by_point, "replicates": 16}) == ()
    (note,) = notes_of(asked, {"cases": by_point, "replicates": 7})
    assert note.startswith("With fewer than 8 replicates")
    by_policy = [ground(c.name, population=c.named) for c in asked.cases]
    (note,) = notes_of(asked, {"cases": by_policy, "replicates": 16})
    assert note.startswith("Policies have unlike populations")
    longer = [ground(c.name, weeks=30 + (c.named == "kept")) for c in asked.cases]
    (note,) = notes_of(asked, {"cases": longer, "replicates": 16})
    assert note.startswith("Policies span unlike weeks")


def test_what_is_written_says_what_was_found(asked: LoadedExperiment, tmp_path: Path):
    comparison = compared(asked, LIVED)
    found = verdict_of(sample_of(asked, comparison), 0.1)
    write_verdict(found, comparison, tmp_path / "verdict", "", write_verdict_figures)
    pairs = pd.read_csv(tmp_path / "verdict" / "verdict.csv")
    assert len(pairs) == 3 * pairs["outcome"].nunique()
    assert {SAFE, HARMED, "pushed", "hardship", "died_in_camp"} < set(pairs["outcome"])
    assert "returned" not in set(pairs["outcome"])
    (row,) = pairs[(pairs.outcome == "hardship") & (pairs.other == "eased")].to_dict("records")[:1]
    assert (row["policy"], row["verdict"], row["told"]) == ("as it is", NOT_DECIDABLE, POINTS)
    assert "as it is where hunger up to 0." in row["boxes"]
    policies = pd.read_csv(tmp_path / "verdict" / "policies.csv").set_index("policy")
    assert list(policies.index) == ["as it is", "kept", "eased"]
    assert policies.loc["kept", "harmed"] == pytest.approx(70)
    assert policies["frontier"].to_dict() == {"as it is": False, "kept": True, "eased": True}
    told = json.loads((tmp_path / "verdict" / "verdict.json").read_text())
    assert len(told["pairs"]) == len(pairs)
    assert told["points"] == POINTS
    (pair,) = [p for p in told["pairs"] if p["outcome"] == "hardship" and p["boxes"]][:1]
    assert {box["better"] for box in pair["boxes"]} == {"as it is", "eased"}
    captions = json.loads((tmp_path / "verdict" / "figures" / "captions.json").read_text())
    assert set(captions) == {"shares", "frontier"}
    assert captions["frontier"].startswith("On the frontier: kept, eased.")
    files = {path.name for path in (tmp_path / "verdict" / "figures").iterdir()}
    assert files == {f"{n}.{e}" for n in captions for e in ("png", "svg")} | {"captions.json"}


def test_sample_and_values_have_one_place_for_each_policy_point_and_replicate(
    asked: LoadedExperiment,
):
    sample: Sample = sample_of(asked, compared(asked, LIVED))
    assert sample.policies == ("as it is", "kept", "eased")
    assert {v.shape for v in sample.values.values()} == {(3, POINTS, 4)}
    assert sample.values["pushed"][2, 7].mean() == pytest.approx(50)
