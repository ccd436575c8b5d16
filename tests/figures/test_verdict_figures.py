"""Figures of a verdict say what is not known, and of how many points they speak."""

from collections.abc import Callable, Mapping

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.compare import Comparison
from returnsim.experiments.files import load_experiment
from returnsim.experiments.unknowns import prepared_verdict, sample_of
from returnsim.experiments.verdict import Verdict, verdict_of
from returnsim.figures.style import in_style
from returnsim.figures.verdict import frontier_figure, shares_figure
from tests.experiments.sweeps import written
from tests.experiments.test_verdict import EXPERIMENT, LIVED, NAN, POINTS, Value, compared

Draw = Callable[[Verdict, Comparison], tuple[Figure, str]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> LoadedExperiment:
    """Three policies, made ready."""
    return prepared_verdict(load_experiment(written(tmp_path_factory.mktemp("asked"), EXPERIMENT)))


def drawn(asked: LoadedExperiment, values: Mapping[str, Value], draw: Draw) -> tuple[Figure, str]:
    comparison = compared(asked, values)
    found = verdict_of(sample_of(asked, comparison), 0.1)
    with in_style():
        return draw(found, comparison)


def caption(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def panel(figure: Figure, start: str) -> Axes:
    (found,) = [a for a in figure.axes if a.get_title("left").lower().startswith(start)]
    return found


def title(axes: Axes) -> str:
    return " ".join(axes.get_title("left").split())


def brackets(figure: Figure) -> list[str]:
    """What stands in brackets behind the policies, beside the first panel."""
    texts = [text.get_text() for text in figure.axes[0].texts]
    return [text.partition("(")[2].rstrip(")") for text in texts if "(" in text]


def test_a_policy_whose_returns_are_mostly_untold_is_not_said_to_push_few(asked: LoadedExperiment):
    untold = {
        "voluntary": lambda policy, _: {"as it is": 0.0, "kept": 300.0, "eased": 900.0}[policy],
        "hastened": lambda *_: 0.0,
        "pushed": lambda policy, _: {"as it is": 0.0, "kept": 5.0, "eased": 50.0}[policy],
    }
    figure, _ = drawn(asked, {**LIVED, **untold}, frontier_figure)
    assert sorted(brackets(figure)) == ["5 % pushed", "not yet known", "not yet known"]
    assert "hollow: it pushes more, or that is not yet known" in caption(figure)


def test_only_where_nobody_returns_is_it_said(asked: LoadedExperiment):
    none = dict.fromkeys(("returned", "voluntary", "hastened", "pushed"), lambda *_: NAN)
    figure, _ = drawn(asked, {**LIVED, **none}, frontier_figure)
    assert brackets(figure) == ["nobody returns"] * 3


def test_shares_are_said_to_be_of_the_points_at_which_an_outcome_is_defined(
    asked: LoadedExperiment,
):
    def hardship(policy: str, factors: Mapping[str, float]) -> float:
        low = {"as it is": 11.0, "kept": 11.0, "eased": 15.5}[policy]
        return NAN if factors["fear"] < low else 10.0 * (policy == "eased")

    def died(policy: str, factors: Mapping[str, float]) -> float:
        return NAN if factors["fear"] < 11.0 else 1.0 * (policy == "kept")

    values = {**LIVED, "hardship": hardship, "died_in_camp": died}
    figure, _ = drawn(asked, values, shares_figure)
    assert title(panel(figure, "hardship")).endswith("; of 16 to 32 points")
    assert title(panel(figure, "died")).endswith("; of 32 points")
    assert "points" not in title(panel(figure, "pushed"))
    said = "of fewer, at which the outcome is defined, where a panel says so"
    assert f"{POINTS} points" in caption(figure)
    assert said in caption(figure)
    assert said not in caption(drawn(asked, LIVED, shares_figure)[0])


def test_a_share_in_the_sentence_is_of_the_space_only_where_it_is_defined_everywhere(
    asked: LoadedExperiment,
):
    def returned(_: str, factors: Mapping[str, float]) -> float:
        return NAN if factors["fear"] < 11.0 else 1000.0

    assert "of the space)" in drawn(asked, LIVED, shares_figure)[1]
    some = {**LIVED, "conscripted": lambda p, f: returned(p, f) / 50}
    assert "points of 64 at which it is defined)" in drawn(asked, some, shares_figure)[1]
