"""However many things a figure shows, and however long their names, it is laid out and readable."""

import json
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from returnsim.analysis.calibration.ranks import Trial
from returnsim.analysis.card import load_card
from returnsim.analysis.explain import explain_household
from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.groups import explain_groups
from returnsim.analysis.patterns import Held, Judged
from returnsim.analysis.switch import switch_table
from returnsim.analysis.validation import validate
from returnsim.analysis.worlds import Size
from returnsim.assemble import plan_run
from returnsim.experiments.calibration import calibrate
from returnsim.experiments.files import load_experiment
from returnsim.experiments.outcomes import outcomes_of
from returnsim.experiments.sensitivity import SCREENING, Effects, Indices, Study
from returnsim.experiments.sensitivity_runs import Dated, Studied
from returnsim.experiments.tables import FORMAT, RUN
from returnsim.experiments.unknowns import prepared_verdict, sample_of
from returnsim.experiments.verdict import verdict_of
from returnsim.figures import drawings, ledgers
from returnsim.figures.attribution import returns_by_group
from returnsim.figures.calibration import (
    fit_figure,
    marginals_figure,
    pairs_figure,
    write_ranks_figure,
)
from returnsim.figures.comparison import differences_figure, new_figure, series_figure
from returnsim.figures.explain import changes_figure, terms_figure, ways_figure
from returnsim.figures.factors import design_figures
from returnsim.figures.patterns import patterns_figure, rivals_figure
from returnsim.figures.sensitivity import effects_figure, indices_figure, over_time_figure
from returnsim.figures.style import WIDTH, in_style
from returnsim.figures.validation import validation_figure
from returnsim.figures.verdict import frontier_figure, shares_figure
from returnsim.scenario.files import scenario_from
from tests.agents.camp import CAMP, camp
from tests.analysis.test_validation import NOTHING_USED, REPLICATES, seen
from tests.cli.test_calibrate import CAMP as FITTED_CAMP
from tests.cli.test_calibrate import EXPERIMENT as FITTED
from tests.cli.test_calibrate import RECORD as FITTED_TO
from tests.cli.test_sensitivity import EXPERIMENT as STUDY
from tests.experiments.sweeps import written
from tests.experiments.test_verdict import compared as judged
from tests.test_comparison_figures import compared

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("error")]
MANY = 24
WORDS = "the villages and hamlets along the old road to the north and beyond it, by their number"
NAMES = {
    "words": [f"{WORDS} {i}" for i in range(MANY)],
    "one word": [f"{'x' * 70}_{i}_{'y' * 60}" for i in range(MANY)],
}
NAMED = pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
SIZE = Size(replicates=2, seed=1, households=60)
LEAST_PANEL = 0.6
"""Inches."""


def laid_out(draw: Callable[[], Figure]) -> Figure:
    """A figure as it is saved; its words are within it, and its panels not squeezed."""
    with in_style():
        figure = draw()
        figure.draw_without_rendering()
    assert figure.get_figwidth() == WIDTH
    for axes in figure.axes:
        if axes.axison and axes.get_label() != "<colorbar>" and axes.get_visible():
            place = axes.get_position()
            assert place.width * WIDTH > LEAST_PANEL
            assert place.height * figure.get_figheight() > LEAST_PANEL
            for label in (*axes.get_yticklabels(), *axes.texts):
                assert label.get_window_extent().x0 >= 0, label.get_text()
    return figure


def title_of(axes: Axes) -> Text:
    """What stands above a panel."""
    texts = [one for one in axes.get_children() if isinstance(one, Text) and one.get_text()]
    (found,) = [one for one in texts if one.get_text() == axes.get_title("left")]
    return found


def keys(names: list[str]) -> list[str]:
    """The same, as names of guarantors."""
    return [name.replace(" ", "_").replace(",", "") for name in names]


@pytest.fixture(scope="module", params=NAMES.values(), ids=list(NAMES))
def run(request: pytest.FixtureRequest) -> Followed:
    """A camp of people from many places, to whom many promise safety."""
    record = {"harms": 3, "exposure_weeks": 150}
    people = {"people": 2000, "origins": dict.fromkeys(request.param, 1 / MANY)}
    scenario = scenario_from(
        CAMP
        | {
            "title": request.param[0] * 3,
            "population": CAMP["population"] | people,
            "guarantors": {name: {"track_record": record} for name in keys(request.param)[:5]},
        }
    )
    return follow(scenario, 2)


@pytest.mark.parametrize("name", [*drawings(), *ledgers()])
def test_a_camp_of_many_origins_and_guarantors_is_drawn(run: Followed, name: str):
    if name in drawings():
        laid_out(lambda: drawings()[name](run.trajectories, ()))
    else:
        laid_out(lambda: ledgers()[name](run))


def test_groups_of_many_origins_are_drawn_each_by_another_name(run: Followed):
    figure = laid_out(lambda: returns_by_group(run, switch_table([run])))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len({name.partition("  (")[0] for name in names}) == len(names) > MANY


def test_an_explanation_of_many_origins_is_drawn(run: Followed):
    scenario = run.trajectories.scenario
    plan = plan_run(scenario, 1, 200)
    groups, one = explain_groups(scenario, plan, 1), explain_household(scenario, plan, 3, 0)
    assert one.ways
    for figure in (
        laid_out(lambda: terms_figure(groups, scenario, plan)),
        laid_out(lambda: changes_figure(groups, scenario, plan)),
    ):
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert len({name.partition(" (")[0] for name in names}) == len(names)
    laid_out(lambda: ways_figure(one, scenario, plan))


def test_titles_of_panels_abreast_do_not_touch(run: Followed):
    scenario = run.trajectories.scenario
    plan = plan_run(scenario, 1, 200)
    one = explain_household(scenario, plan, 3, 0)
    figure = laid_out(lambda: ways_figure(one, scenario, plan))
    assert len(figure.axes) > 1
    for axes, beside in pairwise(figure.axes):
        assert title_of(axes).get_window_extent().x1 < title_of(beside).get_window_extent().x0
    assert title_of(figure.axes[-1]).get_window_extent().x1 <= figure.bbox.x1


@NAMED
@pytest.mark.parametrize("factors", [1, 2, 3])
def test_comparisons_of_many_cases_are_drawn(names: list[str], factors: int):
    others = [(a, b) for a in ("none", names[0]) for b in (True, False)]
    designs: dict[int, dict[str, dict[str, Any]]] = {
        1: {name: {names[1]: name} for name in names},
        2: {f"{a}, {b}": {"one": a, "two": b} for a in names for b in names[:3]},
        3: {
            f"{name}, {a}, {b}": {"one": name, "two": a, "three": b}
            for name in names
            for a, b in others
        },
    }
    comparison = compared(designs[factors], title=names[0])
    drawn = laid_out(lambda: series_figure(comparison)[0])
    labels = [text.get_text() for text in drawn.axes[0].texts]
    assert len(set(labels)) == len(labels) == 8
    few = compared(dict(list(designs[factors].items())[:12]))
    laid_out(lambda: differences_figure(few)[0])
    with in_style():
        figures = [figure for _, figure, _ in design_figures(comparison, new_figure)]
    for figure in figures:
        laid_out(lambda figure=figure: figure)


@NAMED
def test_verdicts_on_many_policies_are_drawn(names: list[str], tmp_path: Path):
    cases = "\n".join(f"  {name!r}: {{}}" for name in names)
    experiment = (
        "title: Many policies\nbase: camp.yaml\nreplicates: 16\nhouseholds: 40\n"
        f"cases:\n{cases}\n"
        "design: {kind: latin_hypercube, samples: 8, seed: 3}\n"
        "factors: {fear: {path: behaviour.perceived_risk, range: [2, 20]}}\n"
        "outcomes: {pushed: {without: siege}}\n"
    )
    asked = prepared_verdict(load_experiment(written(tmp_path, experiment)))
    place = {name: float(i) for i, name in enumerate(names)}
    comparison = judged(
        asked,
        {
            "returned": lambda *_: 1000.0,
            "voluntary": lambda policy, _: 300 + 10 * place[policy],
            "detained": lambda policy, _: 60 - place[policy],
        },
    )
    found = verdict_of(sample_of(asked, comparison), 0.1)
    laid_out(lambda: shares_figure(found, comparison)[0])
    laid_out(lambda: frontier_figure(found, comparison)[0])


@NAMED
def test_a_study_of_many_factors_is_drawn(names: list[str], tmp_path: Path):
    experiment = load_experiment(written(tmp_path, STUDY))
    outcomes = outcomes_of(experiment.experiment)
    told = {name: {"title": name, "unit": "people", "good": None} for name in outcomes}
    said = {"outcomes": told, "replicates": 16, "guesses": 3, "numbers": 7}
    (tmp_path / SCREENING).mkdir()
    (tmp_path / SCREENING / RUN).write_text(json.dumps({"format": FORMAT, **said}))
    some = np.linspace(0.1, 0.9, MANY)
    effects = Effects(some, some, some / 2, 2 * some, some, some, some, 4, 0.1)
    indices = Indices(some, some / 2, 2 * some, some, some / 2, 2 * some, 8, 1.0, 1.0, 0.1)
    dated = {
        f"{name} on {day}": Dated(name, day)
        for name in outcomes
        for day in (date(2021, 2, 1), date(2021, 6, 1))
    }
    study = Study(
        settings=experiment.experiment.sensitivity,
        factors=tuple(names),
        kept=tuple(names),
        effects=dict.fromkeys(outcomes, effects),
        indices=dict.fromkeys([*outcomes, *dated], indices),
        voices=tuple(outcomes),
        scores=dict(zip(names, some, strict=True)),
        trajectories_lost=0,
        groups_lost=0,
    )
    studied = Studied(experiment, study, dated, tmp_path)
    for draw in (effects_figure, indices_figure, over_time_figure):
        laid_out(lambda draw=draw: draw(studied)[0])


@NAMED
def test_a_fit_of_long_names_is_drawn(names: list[str], tmp_path: Path):
    text = FITTED
    for short, name in zip(("inclination", "fear", "places"), names, strict=False):
        text = text.replace(f"{short}:", f"{name!r}:")
    (tmp_path / "camp.yaml").write_text(FITTED_CAMP)
    (tmp_path / "record.csv").write_text(FITTED_TO)
    (tmp_path / "fit.yaml").write_text(text)
    experiment = load_experiment(tmp_path / "fit.yaml")
    fitted = calibrate(experiment, tmp_path / "fit", 1)
    for draw in (marginals_figure, fit_figure, pairs_figure):
        laid_out(lambda draw=draw: draw(fitted)[0])
    trials = [Trial(np.zeros(3), np.full(3, rank), np.full(3, 0.5)) for rank in range(16)]
    write_ranks_figure(experiment, trials, tmp_path)


@NAMED
def test_many_observations_are_drawn(names: list[str]):
    rows = [
        seen(10.0**i, None, day, low=1.0, high=11.0**i, guarantor=name)
        for i in range(4)
        for day, name in enumerate(keys(names))
    ]
    answers = np.array([[one.best + k for k in range(REPLICATES)] for one in rows])
    found = validate(rows, answers, np.zeros(REPLICATES), NOTHING_USED)
    laid_out(lambda: validation_figure(camp(title=names[0]), found, SIZE)[0])


@NAMED
def test_a_card_of_many_patterns_is_drawn(names: list[str], tmp_path: Path):
    day = {"quantity": "departures", "from": "2021-01-04", "to": "2021-01-10"}
    check = {"measure": day, "between": [10, 20]}
    patterns = {name: {"says": name, "checks": {name: check}} for name in names}
    (tmp_path / "card.yaml").write_text(json.dumps({"patterns": patterns}))
    loaded = load_card(tmp_path / "card.yaml")
    made = tuple(
        Judged(name, name, pattern.checks[name], 30.0, 5.0, 5e9, 0.1, False, True)
        for name, pattern in loaded.card.patterns.items()
    )
    held = [Held(loaded, made), *(Held(loaded, made, name) for name in names[:6])]
    laid_out(lambda: patterns_figure(camp(), held[0], SIZE)[0])
    laid_out(lambda: rivals_figure(camp(), held, SIZE)[0])
