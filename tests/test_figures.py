"""Figures can be drawn of any run, say what they rest on, and are the same for the same run."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.observations import Observation, load_observations
from returnsim.assemble import simulate
from returnsim.figures import drawings, ledgers, write_figures
from returnsim.figures.observed import short_source
from returnsim.figures.style import caption, in_style, save, time_axis
from returnsim.scenario.files import load_scenario, scenario_from
from returnsim.trajectories import Trajectories
from tests.analysis.made import made

RUKBAN = Path(__file__).parents[1] / "scenarios" / "rukban" / "2019-2025.yaml"
START = date(2020, 1, 6)


@pytest.fixture(scope="module")
def followed() -> Followed:
    return follow(load_scenario(RUKBAN, {"weeks": 40}), replicates=3, households=150)


@pytest.fixture(scope="module")
def run(followed: Followed) -> Trajectories:
    return followed.trajectories


@pytest.fixture(scope="module")
def observations(run: Trajectories) -> tuple[Observation, ...]:
    assert run.scenario.observations is not None
    return load_observations(run.scenario.observations)


@pytest.fixture(scope="module")
def figures(run: Trajectories, observations: tuple[Observation, ...]) -> dict[str, Figure]:
    with in_style():
        return {name: draw(run, observations) for name, draw in drawings().items()}


def drawn(trajectories: Trajectories, name: str, *observations: Observation) -> Figure:
    """A figure, laid out and rendered."""
    with in_style():
        figure = drawings()[name](trajectories, observations)
        figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> str:
    found = [figure.get_suptitle(), figure.get_supxlabel()]
    for axes in figure.axes:
        found += [axes.get_title("left"), axes.get_ylabel(), *(t.get_text() for t in axes.texts)]
    return "\n".join(found)


def panel(figure: Figure, title: str) -> Axes:
    (found,) = [axes for axes in figure.axes if axes.get_title("left").startswith(title)]
    return found


@pytest.fixture(scope="module")
def written(
    followed: Followed,
    observations: tuple[Observation, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder of every figure."""
    folder = tmp_path_factory.mktemp("figures")
    files = write_figures(followed, observations, folder)
    assert sorted(files) == sorted(folder.iterdir())
    return folder


def test_each_figure_is_written_as_png_and_svg(written: Path):
    drawn = (*drawings(), *ledgers())
    names = {f"{name}.{ending}" for name in drawn for ending in ("png", "svg")}
    assert {file.name for file in written.iterdir()} == names
    assert all(file.stat().st_size > 5_000 for file in written.iterdir())


@pytest.mark.parametrize("name", ["camp_population", "trust"])
def test_the_same_run_gives_the_same_bytes(
    run: Trajectories,
    observations: tuple[Observation, ...],
    written: Path,
    tmp_path: Path,
    name: str,
):
    with in_style():
        again = save(drawings()[name](run, observations), tmp_path, name)
    for file in again:
        assert file.read_bytes() == (written / file.name).read_bytes(), file.name


def test_drawing_leaves_the_settings_of_others_as_they_were(written: Path):
    assert mpl.rcParams["svg.hashsalt"] is None
    assert mpl.rcParams["text.parse_math"]


def test_every_figure_says_what_it_rests_on(run: Trajectories, figures: dict[str, Figure]):
    guesses, numbers = run.scenario.guesses()
    for figure in figures.values():
        rests_on = " ".join(figure.get_supxlabel().split())
        assert f"3 replicates (seed 1) of {run.households} households" in rests_on
        assert f"{guesses} of the {numbers} numbers" in rests_on
        assert "not a forecast" in rests_on
        assert run.scenario.title in figure.get_suptitle()


def test_every_panel_of_numbers_has_a_unit(figures: dict[str, Figure]):
    for name, figure in figures.items():
        for axes in figure.axes:
            beside = name == "trust" and axes is not figure.axes[0]
            if axes.axison and not beside:
                assert axes.get_ylabel(), (name, axes.get_title("left"))


def test_returns_are_never_drawn_without_the_harm(figures: dict[str, Figure]):
    assert panel(figures["departures"], "Returned to date")
    said = texts(figures["departures"])
    for harm in ("held at a checkpoint", "detained", "conscripted", "disappeared", "killed"):
        assert re.search(rf"^{harm} [\d,.]+$", said, re.MULTILINE)


def test_the_classes_are_stacked_up_to_all_who_returned(
    run: Trajectories, figures: dict[str, Figure]
):
    axes = panel(figures["departures"], "Returned to date")
    top = max(area.get_datalim(axes.transData).y1 for area in axes.collections[:5])
    assert top == pytest.approx(run["departures"].sum(axis=1).mean())


def test_observations_within_the_weeks_recorded_are_drawn_and_sourced(
    figures: dict[str, Figure],
):
    said = texts(figures["camp_population"])
    assert "25 Aug 2019, UN/SARC mission head count" in said
    assert "2020" not in said.partition("Observed")[2]
    assert "22 May 2019, OCHA" in texts(figures["harm"])


def test_a_convoy_of_one_guarantor_is_not_taken_for_all_departures(figures: dict[str, Figure]):
    assert "29 Sep 2019" not in texts(figures["departures"])


def test_observed_departures_start_from_the_simulated_median():
    run = made(weeks=4, departures=[[70, 70, 70, 70]])
    seen = Observation(
        *("departures", date(2020, 1, 13), date(2020, 1, 19), 20.0, 30.0, 40.0, "people", None),
        *("validate", "a count", ""),
    )
    axes = panel(drawn(run, "departures", seen), "Returned to date")
    (marker,) = [line for line in axes.lines if line.get_marker() == "D"]
    assert float(marker.get_ydata()[0]) == 70 + 30


@pytest.mark.parametrize("name", drawings())
def test_one_week_of_one_replicate_can_be_drawn(name: str):
    assert drawn(made(weeks=1, replicates=1, camp_population=9, hardship=0.5), name).axes


@pytest.mark.parametrize("name", drawings())
def test_a_camp_that_empties_or_was_empty_can_be_drawn(name: str):
    empty = {"hardship": np.nan, "reserves": np.nan, "price_index": np.nan}
    trust = {f"trust_settlement{of}": np.nan for of in ("", "_men_conscription_age")}
    figure = drawn(made(**empty, **trust), name)
    if name in {"hardship", "trust"}:
        assert "nobody was in camp" in texts(figure)
    half = {key: [0.5, 0.5, np.nan, np.nan] for key in empty | trust}
    assert "nobody was in camp" not in texts(drawn(made(**half), name))


def test_every_figure_of_departures_tells_the_pushed_or_that_they_were_not_computed(
    run: Trajectories,
):
    assert "pushed by the siege" in texts(drawn(run, "departures"))
    assert "was not computed" in texts(drawn(made(), "departures"))


def test_those_pushed_are_a_median_as_the_caption_says():
    pushed = np.array([[1.0], [2.0], [60.0]]) * np.ones(4)
    many = made(replicates=3, departures=90)
    many = replace(many, columns={**many.columns, "pushed_without_siege": pushed})
    assert "pushed by the siege 8" in texts(drawn(many, "departures"))


def test_too_few_returns_are_not_turned_into_rates():
    said = texts(drawn(made(departures=1, at_home=[1, 2, 3, 4], detained=1), "harm"))
    assert "fewer than 100 people have returned" in said


def test_harm_per_hundred_is_said_to_be_of_the_weeks_recorded():
    run = made(departures=200, at_home=[200, 400, 600, 800], detained=1)
    later = replace(run, weeks=run.weeks + 20)
    said = "among them those who returned before"
    for trajectories, when in ((run, "to date"), (later, "since 6 Jan 2020")):
        figure = drawn(trajectories, "harm")
        axes = panel(figure, f"Harm {when}, per 100 ever returned")
        assert axes.get_ylabel() == "per 100 returned"
        assert (said in figure.get_supxlabel().replace("\n", " ")) == (trajectories is later)


@pytest.mark.parametrize("name", ["departures", "harm"])
def test_a_median_between_two_whole_numbers_is_not_rounded_away(name: str):
    halves = [[0, 0, 0, 0], [1, 0, 0, 0]]
    run = made(departures=20, detained=halves, killed=[[0, 0, 0, 0], [15, 0, 0, 30]])
    said = texts(drawn(run, name)).splitlines()
    assert "detained 0.5" in said
    assert "killed 22" in said
    assert "conscripted 0" in said


def test_many_guarantors_have_a_panel_each():
    record = {"harms": 1, "exposure_weeks": 100}
    guarantors = {f"party_{i}": {"track_record": record} for i in range(7)}
    guarantors["party_6"]["active"] = [date(2030, 1, 1), None]
    scenario = scenario_from(
        {
            "title": "many",
            "start": START,
            "weeks": 3,
            "guarantors": guarantors,
            "population": {"people": 200},
        }
    )
    figure = drawn(simulate(scenario, replicates=1, households=30), "trust")
    assert len(figure.axes) == 7
    assert texts(figure).count("cannot be asked in these weeks") == 1


def test_a_title_is_shown_as_written_whatever_is_in_it():
    title = "Food at $5 a day & $\\frac{1}{0$ <b>100 %</b>, 难民营"
    scenario = scenario_from(
        {"title": title, "start": START, "weeks": 2, "population": {"people": 100}}
    )
    figure = drawn(simulate(scenario, replicates=1, households=20), "camp_population")
    assert figure.get_suptitle().startswith(title)


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("OCHA, 26 May 2019", "OCHA"),
        ("Derived: a sum", "Derived"),
        ("", "no source given"),
        ("The yearly report of the committee for everything", "The yearly report of the ..."),
    ],
)
def test_sources_are_shortened_to_who_said_it(source: str, short: str):
    assert short_source(source) == short


def test_a_camp_drawn_to_scale_says_so(run: Trajectories):
    assert "each standing for" in caption(run)
    assert "each standing for" not in caption(made())
    assert " 1 replicate (" in " " + caption(made(replicates=1))


@pytest.mark.parametrize("columns", [1, 3])
def test_dates_are_laid_out_without_complaint_however_long_a_run_is(
    run: Trajectories, columns: int
):
    for weeks in (2, 9, 30, 52, 80, 103, 104, 105, 150, 208, 331, 1040, 5217):
        with in_style():
            figure = Figure()
            axes = figure.subplots(1, columns, squeeze=False)[0, -1]
            dates = np.datetime64(START) + 7 * np.arange(weeks)
            time_axis(axes, replace(run, weeks=np.arange(weeks), dates=dates))
            figure.canvas.draw()
            assert 1 <= len(axes.get_xticks()) <= 9, weeks
