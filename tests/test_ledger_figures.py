"""Figures of the ledgers show harm with those who returned, and say why they are empty."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.harm_ledger import harm_ledger
from returnsim.figures.credibility import FEWEST_MEN, credibility
from returnsim.figures.honeymoon import FEWEST_HARMED, honeymoon
from returnsim.figures.style import in_style, save
from returnsim.scenario.files import scenario_from
from returnsim.scenario.schema import Scenario
from tests.agents.camp import camp
from tests.analysis.lived import Person, lived
from tests.analysis.made import START

BOTH = pytest.mark.parametrize("draw", [honeymoon, credibility])
Draw = Callable[[Followed], Figure]
GRACE, DEFERRAL = 12, 26
RECORD = {"harms": 1, "exposure_weeks": 100}


@pytest.fixture(scope="module")
def run() -> Followed:
    scenario = camp(
        weeks=80,
        behaviour__intercept=-0.5,
        guarantors__state__grace_weeks=GRACE,
        levers__conscription__deferral_weeks=DEFERRAL,
        guarantors__elders__vetting_refusal=0,
    )
    return follow(scenario, 3, lever=None, households=80)


def scenario(weeks: int, *guarantors: str) -> Scenario:
    given = {name: {"track_record": RECORD} for name in guarantors}
    return scenario_from({"title": "made", "start": START, "weeks": weeks, "guarantors": given})


def drawn(draw: Draw, followed: Followed) -> Figure:
    """A figure, laid out and rendered."""
    with in_style():
        figure = draw(followed)
        figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> str:
    found = [figure.get_suptitle(), figure.get_supxlabel()]
    for axes in figure.axes:
        found += [axes.get_title("left"), axes.get_ylabel(), *(t.get_text() for t in axes.texts)]
    return " ".join("\n".join(found).split())


def panels(figure: Figure, start: str) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_title("left").startswith(start)]


def rates(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Heights and edges of the steps."""
    (steps,) = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    return steps.get_data().values, steps.get_data().edges


@BOTH
def test_every_figure_says_what_it_rests_on(draw: Draw, run: Followed):
    said = texts(drawn(draw, run))
    assert "3 replicates (seed 1) of" in said
    assert "numbers that the scenario rests on are guesses" in said
    assert "not a forecast" in said
    assert run.trajectories.scenario.title in said


def test_each_guarantor_has_those_who_returned_and_those_harmed_above_its_curve(run: Followed):
    figure, ledger = drawn(honeymoon, run), harm_ledger(run)
    for name in run.trajectories.scenario.guarantor_names:
        (axes,) = panels(figure, f"{name}:")
        rows = ledger[
            (ledger.part == "after return")
            & (ledger.guarantor == name)
            & (ledger.group == "all")
            & (ledger.unit == "people")
        ].set_index("kind")["mean"]
        title = " ".join(axes.get_title("left").split())
        expected = f"{rows['returned']:,.0f} returned, {rows['harmed']:,.0f} of them harmed"
        assert title.startswith(f"{name}: {expected}")


def test_what_is_promised_is_marked_where_it_ends(run: Followed):
    figure = drawn(honeymoon, run)
    (state,) = panels(figure, "state:")
    (elders,) = panels(figure, "elders:")
    at = [float(line.get_xdata()[0]) for line in state.lines]
    assert at == [GRACE, DEFERRAL]
    assert [float(line.get_xdata()[0]) for line in elders.lines] == [DEFERRAL]
    assert "grace 12 weeks" in texts(figure)
    assert "deferral 26 weeks" in texts(figure)


def test_the_rate_is_that_of_the_weeks_between_its_edges():
    # As many as it takes for bins of four weeks.
    early = 13 * FEWEST_HARMED - 1
    people = [Person(0, (("killed", 3),))] * early + [Person(0, (("detained", 51),))]
    figure = drawn(honeymoon, lived([*people, *[Person(0)] * 999], 52))
    found, edges = rates(panels(figure, "settlement:")[0])
    assert edges.tolist() == [*range(0, 53, 4)]
    assert found[0] == pytest.approx(1000 * early / (4 * (early + 1000)))
    assert found[1] == 0
    assert found[-1] == pytest.approx(1000 / (4 * 1000))


def test_the_rate_is_of_the_same_people_throughout_the_first_year():
    early = [Person(0, (("killed", 3),))] * FEWEST_HARMED + [Person(0)] * 1000
    figure = drawn(honeymoon, lived([*early, *[Person(20)] * 5000], 52))
    found, _ = rates(panels(figure, "settlement:")[0])
    weeks = 4 * FEWEST_HARMED + 52 * 1000
    assert found.tolist() == pytest.approx([1000 * FEWEST_HARMED / weeks])
    assert "of those followed for a year" in texts(figure)
    short = drawn(honeymoon, lived(early, 51))
    assert "of everyone, as nobody could be followed for a year" in texts(short)
    assert rates(panels(short, "settlement:")[0])[0] > 0


def test_where_few_are_harmed_bins_are_wider():
    people = [Person(0, (("killed", 3),))] * FEWEST_HARMED + [Person(0)] * 1000
    _, edges = rates(panels(drawn(honeymoon, lived(people, 52)), "settlement:")[0])
    assert edges.tolist() == [0, 52]


def test_too_few_weeks_are_not_turned_into_a_rate():
    figure = drawn(honeymoon, lived([Person(0, (("killed", 3),))], 52))
    assert "fewer than 1,000 simulated person-weeks" in texts(figure)
    found, _ = rates(panels(figure, "settlement:")[0])
    assert np.isnan(found).all()


def test_the_share_harmed_ends_where_too_few_are_followed():
    followed = [Person(0, (("killed", 3),))] * 100 + [Person(0)] * 50 + [Person(40)] * 150
    figure = drawn(honeymoon, lived(followed, 60))
    shares = figure.axes[-1]
    weeks = max(len(line.get_xdata()) for line in shares.lines)
    # 200 are at risk up to week 20 and 50 beyond it.
    assert weeks == 21
    assert "killed 33.3" in texts(figure)


def test_no_share_is_told_where_too_few_are_followed_at_all():
    figure = drawn(honeymoon, lived([Person(0, (("killed", 3),))] * 20, 60))
    said = texts(figure)
    assert "fewer than 100 simulated people followed" in said
    assert not any(name in said for name in ("any harm 0", "killed 0", "detained 0"))


@BOTH
def test_whose_returns_are_followed_is_said_where_the_record_begins_later(draw: Draw):
    followed = lived([Person(0)] * 40, 60)
    later = replace(followed.trajectories, weeks=followed.trajectories.weeks + 20)
    said = "Told of those who returned since"
    assert said not in texts(drawn(draw, followed))
    assert said in texts(drawn(draw, replace(followed, trajectories=later)))


def test_where_nobody_returned_the_figure_says_so():
    assert "nobody returned in the weeks recorded" in texts(drawn(honeymoon, lived([])))
    said = texts(drawn(credibility, lived([])))
    assert "settlement: nobody returned under it" in said
    assert "nobody was in camp" not in said


def test_a_guarantor_whom_nobody_trusted_is_named():
    two = lived([Person(0)] * 40, 60, scenario=scenario(60, "one", "two"))
    assert "Nobody returned under two." in texts(drawn(honeymoon, two))
    assert "two: nobody returned under it" in texts(drawn(credibility, two))


def test_truth_is_drawn_by_period_beside_belief_with_the_numbers_who_relied_on_it():
    men = [Person(0, (("detained", 5),))] * 10 + [Person(0, held=True)] * 10 + [Person(0)] * 20
    run = lived(men, 100, trust_settlement_men_conscription_age=0.6, camp_population=10)
    figure = drawn(credibility, run)
    said = texts(figure)
    assert "settlement: 40 trusted it, 10 promises broken, 0 not yet due" in said
    for label in ("believed 0.60", "true 0.75", "and not held 0.50", "not yet due"):
        assert label in said
    assert figure.axes[1].patches[0].get_height() == 40


def test_what_was_true_of_too_few_men_is_not_drawn():
    figures = [
        drawn(credibility, lived([Person(0)] * men, 100)) for men in (FEWEST_MEN - 1, FEWEST_MEN)
    ]
    assert ["true 1.00" in texts(figure) for figure in figures] == [False, True]


def test_a_camp_in_which_nobody_was_says_so():
    run = lived([], 10, trust_settlement_men_conscription_age=np.nan)
    assert "nobody was in camp" in texts(drawn(credibility, run))


def test_belief_of_a_camp_that_is_empty_at_the_end_is_said_to_be_the_last():
    trust = np.where(np.arange(10) < 6, 0.25, np.nan)
    for values, said in ((0.25, "believed 0.25"), (trust, "believed 0.25 at last")):
        figure = drawn(credibility, lived([], 10, trust_settlement_men_conscription_age=values))
        labels = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert said in labels


@BOTH
@pytest.mark.parametrize("weeks", [1, 30, 200])
def test_runs_of_any_length_can_be_drawn(draw: Draw, weeks: int):
    assert drawn(draw, lived([Person(0, (("killed", 0),))] * 30, weeks)).axes


@BOTH
def test_many_guarantors_have_panels_of_their_own(draw: Draw):
    names = [f"party_{i}" for i in range(5)]
    people = [Person(0, guarantor=i) for i in range(5)]
    figure = drawn(draw, lived(people, 60, scenario=scenario(60, *names)))
    assert len(figure.axes) == 10
    assert all(len(panels(figure, f"{name}:")) == 1 for name in names)


@BOTH
def test_the_same_run_gives_the_same_bytes(draw: Draw, run: Followed, tmp_path: Path):
    files = []
    for name in ("one", "other"):
        with in_style():
            files.append(save(draw(run), tmp_path, name))
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
