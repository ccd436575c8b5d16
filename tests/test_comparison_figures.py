"""Figures of comparisons show what was compared, say what it rests on, and never returns alone."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from returnsim.analysis.attribution import column_of_pair
from returnsim.analysis.summary import PAIR
from returnsim.experiments.compare import Case, Comparison, OutcomeInfo, Series
from returnsim.experiments.outcomes import TITLES
from returnsim.figures.comparison import (
    differences_figure,
    new_figure,
    series_figure,
    write_comparison_figures,
)
from returnsim.figures.factors import design_figures
from returnsim.figures.style import in_style

WEEKS, REPLICATES = 5, 4
UNITS = {
    "returned": ("people", None),
    "pushed": ("people", "less"),
    "detained": ("people", "less"),
    "conscripted": ("people", "less"),
    "killed": ("people", "less"),
    "detained_per_100": ("per 100", "less"),
    "conscripted_per_100": ("per 100", "less"),
    "killed_per_100": ("per 100", "less"),
}
RATES = [name for name in UNITS if name.endswith("_per_100")]
OUTCOMES = {name: OutcomeInfo(TITLES[name], *unit) for name, unit in UNITS.items()}
Factors = Mapping[str, object]
TWO = {f"{a}, {b}": {"siege": a, "word": b} for a in (0.0, 0.5, 1.0) for b in ("none", "kept")}
THREE = {
    f"{a}, {b}, {c}": {"siege": a, "word": b, "open": c}
    for a in (0.0, 0.5)
    for b in ("none", "kept")
    for c in (True, False)
}


def values(place: int) -> dict[str, np.ndarray]:
    """Outcomes of the case of that place, that can be worked out on paper."""
    luck = np.array([-3.0, -1.0, 1.0, 3.0])
    returned = 1000.0 + 100 * place + luck
    harm = {"detained": 20.0 + 10 * place, "conscripted": 8.0, "killed": 2.0 + place}
    found = {"returned": returned, "pushed": 100.0 * place + 0 * luck}
    found |= {name: number + 0 * luck for name, number in harm.items()}
    return found | {f"{name}_per_100": 100 * found[name] / 1000 for name in harm}


def compared(cases: Mapping[str, Factors], **changes: object) -> Comparison:
    """A comparison of cases with those factors, the first of them the baseline."""
    made = [
        Case(name, name, factors, np.arange(REPLICATES), values(place))
        for place, (name, factors) in enumerate(cases.items())
    ]
    dates = np.datetime64("2021-01-04") + 7 * np.arange(WEEKS)
    series = [
        Series(case.name, dates, {name: weekly(case, name) for name in DRAWN}, is_whole=True)
        for case in made[:8]
    ]
    factors = {name: {} for case in cases.values() for name in case}
    found = Comparison(
        title="A comparison made by hand",
        question="",
        cases=tuple(made),
        baseline=made[0].name,
        outcomes=OUTCOMES,
        factors={name: {"title": f"the {name}", "unit": "", "kind": "lever"} for name in factors},
        series=tuple(series),
        seed=11,
        guesses=17,
        numbers=90,
        weight=1.0,
        design="full_factorial",
    )
    return replace(found, **changes)


DRAWN = ("camp_population", "departures", "detained", "conscripted", "killed")


def weekly(case: Case, column: str) -> np.ndarray:
    """Weeks that add up to the case's outcomes, the same number in each."""
    if column == "camp_population":
        return np.repeat(5000.0 - case.outcomes["returned"][:, None], WEEKS, axis=1)
    total = case.outcomes["returned" if column == "departures" else column]
    return np.repeat(total[:, None] / WEEKS, WEEKS, axis=1)


def drawn(comparison: Comparison) -> dict[str, tuple[Figure, str]]:
    """Every figure, laid out and rendered, with its sentence."""
    with in_style():
        figures = {"series": series_figure(comparison)}
        figures["differences"] = differences_figure(comparison)
        designs = design_figures(comparison, new_figure)
        figures |= {name: (figure, sentence) for name, figure, sentence in designs}
        for figure, _ in figures.values():
            figure.draw_without_rendering()
    return figures


@pytest.fixture(scope="module")
def two() -> dict[str, tuple[Figure, str]]:
    """Figures of a full design of two factors."""
    return drawn(compared(TWO))


@pytest.fixture(scope="module")
def three() -> dict[str, tuple[Figure, str]]:
    """Figures of a full design of three factors."""
    return drawn(compared(THREE))


def rests_on(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def panel(figure: Figure, title: str) -> Axes:
    (found,) = [axes for axes in figure.axes if " ".join(axes.get_title("left").split()) == title]
    return found


def titles(figure: Figure) -> list[str]:
    found = [axes.get_title("left") for axes in figure.axes if axes.get_visible()]
    return [" ".join(title.split()) for title in found if title]


def dots(axes: Axes) -> list[tuple[float, float]]:
    """Every point that is drawn with a marker."""
    lines = [line for line in axes.lines if line.get_marker() == "o"]
    return [(float(x), float(y)) for line in lines for x, y in line.get_xydata()]


def test_two_factors_are_drawn_as_heat_maps_and_more_as_effects(two, three):
    assert list(two) == ["series", "differences", "heat-maps", "returns-and-harm"]
    assert list(three) == ["series", "differences", "effects", "returns-and-harm"]


def designs(cases: Mapping[str, Factors]) -> list[str]:
    with in_style():
        return [name for name, _, _ in design_figures(compared(cases), new_figure)]


def test_two_factors_that_do_not_meet_everywhere_are_drawn_as_effects():
    some = dict(list(TWO.items())[:-1])
    assert designs(some) == ["effects", "returns-and-harm"]


def test_a_factor_with_one_value_is_none():
    one = {name: {**factors, "open": True} for name, factors in TWO.items()}
    assert designs(one) == ["heat-maps", "returns-and-harm"]
    assert designs({"as it is": {}, "eased": {}}) == []


@pytest.mark.parametrize("design", ["two", "three"])
def test_every_figure_says_what_it_rests_on(design: str, request: pytest.FixtureRequest):
    figures = request.getfixturevalue(design)
    cases = {"two": 6, "three": 8}[design]
    assert len(figures) == 4
    for figure, sentence in figures.values():
        told = rests_on(figure)
        assert f"{cases} cases of 4 replicates (seed 11), the same draws in each" in told
        assert "17 of the 90 numbers" in told
        assert "are guesses without a source" in told
        assert "it is not a forecast." in told
        assert figure.get_suptitle().startswith("A comparison made by hand\n")
        assert sentence.endswith(".")


def test_a_camp_that_is_not_whole_is_said_so():
    said = rests_on(series_figure(compared(TWO, weight=4.25))[0])
    assert "each person simulated stands for 4.25 of the camp's" in said
    assert "the whole camp" in rests_on(series_figure(compared(TWO))[0])


def test_what_else_is_to_be_known_of_the_cases_stands_in_the_caption():
    note = "Without 'too many': their cells failed in results."
    assert note in rests_on(series_figure(compared(TWO, notes=(note,)))[0])


def test_a_record_that_begins_later_is_not_said_to_be_of_all_returns():
    whole = compared(TWO)
    later = tuple(replace(series, is_whole=False) for series in whole.series)
    with in_style():
        figure, _ = series_figure(replace(whole, series=later))
    assert titles(figure)[1:] == [
        "Returned, since the first week recorded",
        "Detained, conscripted or killed after return, since the first week recorded",
    ]


def test_every_figure_of_returns_shows_the_harm_after_them(two, three):
    rates = {TITLES[name] for name in RATES}
    for figures in (two, three):
        assert "Detained, conscripted or killed after return, to date" in titles(
            figures["series"][0]
        )
        told = " ".join(titles(figures["differences"][0]))
        assert all(rate in told for rate in rates)
        assert set(titles(figures["returns-and-harm"][0])) == rates
        for _, sentence in figures.values():
            assert "return" not in sentence or "detained" in sentence or "harm" in sentence
    assert rates < set(titles(two["heat-maps"][0]))
    rows = {" ".join(axes.get_ylabel().split()) for axes in three["effects"][0].axes}
    assert rates < rows


def test_a_heat_map_holds_the_means_of_its_cases(two):
    figure, sentence = two["heat-maps"]
    axes = panel(figure, "returned")
    shown = np.asarray(axes.images[0].get_array())
    # Up is the word, across the siege; the cases come with the word moving fastest.
    np.testing.assert_allclose(shown, [[1000, 1200, 1400], [1100, 1300, 1500]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "0.5", "1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["none", "kept"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("the siege", "the word")
    assert {text.get_text() for text in axes.texts} >= {"1,000", "1,500"}
    assert "returned: 1,000 (0.0, none) to 1,500 (1.0, kept)" in sentence
    assert f"{TITLES['conscripted_per_100']}: 0.80 in every case" in sentence


def test_effects_are_means_over_the_other_factors(three):
    figure, sentence = three["effects"]
    grid = np.array(figure.axes).reshape(-1, 3)
    returned = {axes.get_title("left"): axes for axes in grid[0]}
    assert list(returned) == ["the siege", "the word", "the open"]
    for title, expected in (
        ("the siege", [1150, 1550]),
        ("the word", [1250, 1450]),
        ("the open", [1300, 1400]),
    ):
        np.testing.assert_allclose([y for _, y in dots(returned[title])], expected)
    ranges = [bar.get_segments()[0] for bar in returned["the siege"].collections]
    assert [list(ends[:, 1]) for ends in ranges] == [[1000, 1300], [1400, 1700]]
    assert "returned moves most with siege: from 1,150 to 1,550" in sentence


def test_differences_are_drawn_from_the_baseline_case_by_case(two):
    figure, sentence = two["differences"]
    axes = panel(figure, "returned")
    assert dots(axes) == [(100.0 * place, place - 1.0) for place in range(1, 6)]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(TWO)[1:]
    assert panel(figure, "killed after return (less is better)")
    assert "returned: +500 (1.0, kept)" in sentence
    assert "detained after return: +50 (1.0, kept)" in sentence
    assert "No case changes by as much as one person: conscripted after return." in sentence


def test_series_run_to_the_medians_at_the_end(two):
    figure, sentence = two["series"]
    for title, first, step in (
        ("People in camp", 4000, -100),
        ("Returned, to date", 1000, 100),
        ("Detained, conscripted or killed after return, to date", 30, 11),
    ):
        ends = [line.get_ydata()[-1] for line in panel(figure, title).lines]
        np.testing.assert_allclose(ends, [first + step * place for place in range(6)])
        assert {text.get_text() for text in panel(figure, title).texts} == set(TWO)
    assert sentence == (
        "From 1,000 people return (0.0, none; detained, conscripted or killed after it: 30) to "
        "1,500 (1.0, kept; 85)."
    )


def test_each_case_is_set_against_its_harm(two):
    figure, sentence = two["returns-and-harm"]
    axes = panel(figure, TITLES["killed_per_100"])
    assert sorted(dots(axes)) == [
        (1000.0 + 100 * i, pytest.approx(0.2 + 0.1 * i)) for i in range(6)
    ]
    (base,) = [line for line in axes.lines if line.get_marker() == "s"]
    assert (base.get_xdata()[0], base.get_ydata()[0]) == (1000, pytest.approx(0.2))
    assert "Most return in '1.0, kept' (1,500 people, 7.00 detained per 100 returned)" in sentence
    assert "the least detained per 100 returned are in '0.0, none' (1,000 people, 2.00)" in sentence


@pytest.mark.parametrize("design", ["two", "three"])
def test_the_word_baseline_lies_on_no_dot(design: str, request: pytest.FixtureRequest):
    figure, _ = request.getfixturevalue(design)["returns-and-harm"]
    for axes in figure.axes:
        (word,) = [text for text in axes.texts if text.get_text() == "baseline"]
        box = Text.get_window_extent(word)
        assert box.count_contains(axes.transData.transform(dots(axes))) == 0
    assert "The square is the baseline's." in rests_on(figure)


def test_a_factor_of_many_words_has_those_beyond_its_colours_taken_together():
    many: dict[str, Factors] = {f"word {i}": {"word": f"word {i}"} for i in range(20)}
    figure, _ = drawn(compared(many))["returns-and-harm"]
    axes = figure.axes[-1]
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == [*(f"word {i}" for i in range(11)), "others"]
    assert len(dots(axes)) == 20


def test_a_factor_of_many_values_is_drawn_as_a_cloud_with_its_course():
    many = {f"point {i}": {"siege": i / 20, "word": i % 7 / 7} for i in range(20)}
    figures = drawn(compared(many))
    assert list(figures)[2:] == ["effects", "returns-and-harm"]
    axes = figures["effects"][0].axes[0]
    cloud, course = axes.lines
    assert len(cloud.get_xdata()) == 20
    assert np.all(np.diff(course.get_ydata()) > 0)


def test_figures_are_written_as_png_and_svg_by_the_names_of_their_captions(tmp_path: Path):
    told = write_comparison_figures(compared(dict(list(TWO.items())[:2])), tmp_path)
    assert set(told) == {"series", "differences", "effects"}
    files = {f"{name}.{ending}" for name in told for ending in ("png", "svg")}
    assert {path.name for path in tmp_path.iterdir()} == files
    assert mpl.rcParams["svg.hashsalt"] is None


def test_a_case_alone_has_its_series_and_nothing_to_be_compared_with(tmp_path: Path):
    told = write_comparison_figures(compared({"as it is": {}}), tmp_path)
    assert told == {
        "series": "1,000 people return (as it is); detained, conscripted or killed after it: 30."
    }


def test_of_many_cases_a_few_are_drawn_and_their_differences_left_to_the_table(tmp_path: Path):
    many = compared({f"case {i}": {} for i in range(13)})
    assert set(write_comparison_figures(many, tmp_path)) == {"series"}
    with in_style():
        figure, _ = series_figure(many)
    assert "Drawn are the baseline and 7 cases" in rests_on(figure)
    assert len(panel(figure, "Returned, to date").lines) == 8


def test_one_replicate_of_one_week_can_be_drawn():
    whole = compared(TWO)
    cases = [
        replace(c, replicates=c.replicates[:1], outcomes={n: v[:1] for n, v in c.outcomes.items()})
        for c in whole.cases
    ]
    series = [
        replace(s, dates=s.dates[:1], columns={n: v[:1, :1] for n, v in s.columns.items()})
        for s in whole.series
    ]
    figures = drawn(replace(whole, cases=tuple(cases), series=tuple(series)))
    assert "6 cases of 1 replicate (" in rests_on(figures["series"][0])


def test_a_single_week_is_seen_as_points_with_their_ranges():
    whole = compared(TWO)
    pushed = column_of_pair("pushed", PAIR)
    series = tuple(
        replace(
            s,
            dates=s.dates[:1],
            columns={
                n: v[:, :1] for n, v in (s.columns | {pushed: s.columns["departures"]}).items()
            },
        )
        for s in whole.series
    )
    figure, _ = drawn(replace(whole, series=series))["series"]
    for axes in figure.axes:
        assert len(dots(axes)) == len(TWO) * (2 if axes.get_title("left").startswith("R") else 1)
        assert sum(isinstance(one, LineCollection) for one in axes.collections) == len(TWO)
    assert "Hollow: of those returned, whom the siege pushed." in rests_on(figure)


def test_long_titles_and_names_are_shortened_and_shown_as_written():
    name = "a word with $5 & <b> in it, and more words than there is room for in any panel"
    comparison = compared({name: {}, "eased": {}}, title=f"{name}, {name}, {name}")
    figure = drawn(comparison)["series"][0]
    assert figure.get_suptitle().partition("\n")[0].endswith(" ...")
    label = panel(figure, "Returned, to date").texts[0].get_text()
    assert label.startswith("a word with $5 & <b>")
    assert label.endswith("…")


@pytest.mark.parametrize(
    "design",
    [
        pytest.param(TWO, id="two"),
        pytest.param(THREE, id="three"),
    ],
)
def test_where_nobody_returns_no_rate_of_harm_is_made_up(design: Mapping[str, Factors]):
    none = {name: np.full(REPLICATES, np.nan if name in RATES else 0.0) for name in UNITS}
    whole = compared(design)
    cases = tuple(replace(case, outcomes=none) for case in whole.cases)
    for _, sentence in drawn(replace(whole, cases=cases)).values():
        assert "nan" not in sentence


def test_a_factor_of_many_labels_can_be_drawn():
    many: dict[str, Factors] = {f"word {i}": {"word": f"word {i}"} for i in range(13)}
    assert "effects" in drawn(compared(many))


def test_names_without_spaces_are_cut_and_not_left_out():
    name = "guarantors.settlement.enforcement=0.123456"
    figure = drawn(compared({name: {}, "eased": {}}))["series"][0]
    (label,) = {text.get_text() for text in panel(figure, "Returned, to date").texts} - {"eased"}
    assert label.startswith("guarantors.settlement.")


def test_every_sentence_says_something_where_only_hardship_is_measured():
    hardship = {"hardship": OutcomeInfo("hardship in camp", "0 to 1", "less")}
    whole = compared(TWO, outcomes=hardship)
    cases = tuple(
        replace(case, outcomes={"hardship": np.full(REPLICATES, place / 10)})
        for place, case in enumerate(whole.cases[:3])
    )
    for name, (_, sentence) in drawn(replace(whole, cases=cases)).items():
        assert len(sentence) > 40, name
