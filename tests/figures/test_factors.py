"""Figures of designs tell a value by its colour, and draw what is defined where not all is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba
from matplotlib.figure import Figure

from returnsim.experiments.compare import Case, Comparison, OutcomeInfo
from returnsim.figures.comparison import new_figure
from returnsim.figures.factors import design_figures
from returnsim.figures.style import in_style

NAN = np.nan
DETAINED = "detained_per_100"
OUTCOMES = {
    "returned": OutcomeInfo("returned", "people", "more"),
    DETAINED: OutcomeInfo("detained per 100 returned", "per 100", "less"),
}
MANY = 20
SPACINGS = {
    "even": np.linspace(0.0, 9.5, MANY),
    "even in the logarithm": np.geomspace(0.2, 300.0, MANY),
    "over very many powers of ten": np.geomspace(1e-9, 1e9, MANY),
}


def drawn(
    factors: Sequence[Mapping[str, float]], detained: Sequence[float]
) -> dict[str, tuple[Figure, str]]:
    """Figures of cases with these factors, in which so many of 100 returned are detained."""
    cases = tuple(
        Case(
            f"case {place}",
            "",
            own,
            np.arange(2),
            {"returned": np.full(2, 100.0 + 10 * place), DETAINED: np.full(2, float(harm))},
        )
        for place, (own, harm) in enumerate(zip(factors, detained, strict=True))
    )
    comparison = Comparison(
        title="Made by hand",
        question="",
        cases=cases,
        baseline="case 0",
        outcomes=OUTCOMES,
        factors={name: {"title": name, "unit": "", "kind": "uncertainty"} for name in factors[0]},
        series=(),
        seed=1,
        guesses=1,
        numbers=2,
        weight=1.0,
        design="full_factorial",
    )
    with in_style():
        figures = design_figures(comparison, new_figure)
        for _, figure, _ in figures:
            figure.draw_without_rendering()
    return {name: (figure, sentence) for name, figure, sentence in figures}


def row_of_detained(figure: Figure) -> Axes:
    return figure.axes[len(figure.axes) // 2]


def ranges(axes: Axes) -> list[tuple[float, float]]:
    lines = [one for one in axes.collections if isinstance(one, LineCollection)]
    return [(ends[0][1], ends[1][1]) for one in lines for ends in one.get_segments()]


@pytest.mark.parametrize("values", SPACINGS.values(), ids=list(SPACINGS))
def test_the_bar_has_the_colour_of_every_dot_at_its_value(values: np.ndarray):
    figure, _ = drawn([{"fear": float(v)} for v in values], np.arange(MANY))["returns-and-harm"]
    bar = next(axes for axes in figure.axes if axes.get_label() == "<colorbar>")
    (mesh,) = bar.collections[-1:]
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(dots) == MANY
    for value, dot in zip(values, dots, strict=True):
        assert to_rgba(dot.get_markerfacecolor()) == pytest.approx(mesh.to_rgba(value))
    assert (bar.get_ylim()[0], bar.get_ylim()[1]) == pytest.approx((values[0], values[-1]))


@pytest.mark.parametrize("values", SPACINGS.values(), ids=list(SPACINGS))
def test_dots_spread_over_the_bar_however_the_values_were_sampled(values: np.ndarray):
    figure, _ = drawn([{"fear": float(v)} for v in values], np.arange(MANY))["returns-and-harm"]
    (mesh,) = next(a for a in figure.axes if a.get_label() == "<colorbar>").collections[-1:]
    norm: Normalize = mesh.norm
    np.testing.assert_allclose(norm(values), np.linspace(0, 1, MANY), atol=1e-9)


@pytest.mark.parametrize("values", SPACINGS.values(), ids=list(SPACINGS))
def test_a_cloud_spreads_over_its_axis_however_the_values_were_sampled(values: np.ndarray):
    figure, _ = drawn([{"fear": float(v)} for v in values], np.arange(MANY))["effects"]
    panel = row_of_detained(figure)
    across = panel.transData.transform(np.column_stack([values, np.zeros(MANY)]))[:, 0]
    steps = np.diff(across)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)


@pytest.mark.parametrize("undefined", [0, 1, 2])
def test_the_range_of_a_level_is_that_of_its_defined_cases(undefined: int):
    harm = [3.0, 5.0, 4.0, 7.0, 8.0, 9.0]
    harm[undefined] = NAN
    there = sorted(value for value in harm[:3] if not np.isnan(value))
    factors = [{"siege": a, "word": b, "open": a + b} for a in (0.0, 1.0) for b in (0.0, 1.0, 2.0)]
    figure, _ = drawn(factors, harm)["effects"]
    assert ranges(row_of_detained(figure)) == [(there[0], there[-1]), (7.0, 9.0)]


def test_a_level_without_a_defined_case_has_no_range():
    factors = [{"siege": a, "word": b, "open": a + b} for a in (0.0, 1.0) for b in (0.0, 1.0)]
    figure, _ = drawn(factors, [NAN, NAN, 2.0, 3.0])["effects"]
    assert ranges(row_of_detained(figure)) == [(2.0, 3.0)]


def test_a_moving_average_is_of_the_values_that_are_defined():
    harm = np.arange(MANY, dtype=float)
    harm[7] = NAN
    figure, _ = drawn([{"fear": float(i)} for i in range(MANY)], harm)["effects"]
    cloud, course = row_of_detained(figure).lines
    assert len(cloud.get_xdata()) == MANY - 1
    x, y = np.asarray(course.get_xdata()), np.asarray(course.get_ydata())
    assert len(x) == MANY - 1 - 2
    assert not np.isnan(y).any()
    there = np.delete(harm, 7)
    np.testing.assert_allclose(y, [there[i : i + 3].mean() for i in range(MANY - 3)])
    np.testing.assert_allclose(x, there[1:-1])


def test_too_few_defined_values_have_no_moving_average():
    harm = np.full(MANY, NAN)
    harm[3:5] = 1.0
    figure, _ = drawn([{"fear": float(i)} for i in range(MANY)], harm)["effects"]
    assert len(row_of_detained(figure).lines) == 1


def test_a_baseline_without_a_rate_of_harm_can_be_drawn():
    figures = drawn([{"fear": float(i)} for i in range(4)], [NAN, 1.0, 2.0, 3.0])
    assert "returns-and-harm" in figures
