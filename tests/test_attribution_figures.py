"""Figures of an attribution show returns beside the harm, each label in its colour, and why."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.switch import switch_table
from returnsim.figures.attribution import (
    returns_by_group,
    returns_by_label,
    write_attribution_figures,
)
from returnsim.figures.colours import LABEL_COLOURS
from returnsim.figures.style import in_style, save
from tests.agents.camp import camp

SIEGE = {"weeks": 70, "behaviour__intercept": -0.8, "levers__siege__severity": 0.8}
CAMP = camp(**SIEGE)


@pytest.fixture(scope="module")
def run() -> Followed:
    return follow(CAMP, 3)


@pytest.fixture(scope="module")
def over_time(run: Followed) -> Figure:
    return laid_out(run)


@pytest.fixture(scope="module")
def by_group(run: Followed) -> Figure:
    with in_style():
        figure = returns_by_group(run, switch_table([run]))
        figure.draw_without_rendering()
    return figure


def laid_out(run: Followed) -> Figure:
    with in_style():
        figure = returns_by_label(run)
        figure.draw_without_rendering()
    return figure


def areas(axes: Axes) -> list[tuple[str, float, float]]:
    """Colour of each area, and between which heights it ends."""
    found = []
    for area in axes.collections:
        path = area.get_paths()[0].vertices
        end = path[path[:, 0] == path[:, 0].max()][:, 1]
        found.append((to_hex(area.get_facecolor()[0]).upper(), end.min(), end.max()))
    return found


def test_areas_stack_up_by_label_to_all_who_returned_each_in_its_colour(
    run: Followed, over_time: Figure
):
    top = over_time.axes[0]
    below = 0.0
    for label, (colour, low, high) in zip(LABELS, areas(top), strict=True):
        people = run.trajectories[column_of_pair(label, "siege")].sum(axis=1).mean()
        assert colour == LABEL_COLOURS[label]
        assert (low, high) == pytest.approx((below, below + people))
        below += people
    assert below == pytest.approx(run.trajectories["departures"].sum(axis=1).mean())


def test_beneath_them_is_everyone_harmed_once_by_label_on_the_same_weeks(
    run: Followed, over_time: Figure
):
    top, beneath = over_time.axes
    harmed = {
        label: {
            person
            for person, kind in zip(run.harms.person.tolist(), run.harms.kind, strict=True)
            if kind < 3 and run.label[person] == number
        }
        for number, label in enumerate(LABELS)
    }
    heights = [high - low for _, low, high in areas(beneath)]
    assert heights == pytest.approx([len(harmed[label]) / 3 for label in LABELS])
    assert sum(heights) > 10
    assert [colour for colour, _, _ in areas(beneath)] == list(LABEL_COLOURS.values())
    assert top.get_xlim() == beneath.get_xlim()


def test_each_area_is_named_with_how_many_it_is_and_the_harm_per_hundred(
    run: Followed, over_time: Figure
):
    top, beneath = ([text.get_text() for text in axes.texts] for axes in over_time.axes)
    table = switch_table([run])
    row = table[(table["by"] == "everybody") & (table["category"] == "pushed")].iloc[0]
    assert f"pushed {row['people']:,.0f}" in top
    (said,) = [text for text in beneath if text.startswith("pushed")]
    assert said.endswith(f", {row['any_harm_per_100']:.1f} per 100")


def test_a_guarantor_induces_in_the_colour_of_the_pushed():
    figure = laid_out(follow(CAMP, 1, lever="guarantor:state"))
    said = [text.get_text() for text in figure.axes[0].texts]
    assert any(text.startswith("induced") for text in said)
    assert not any(text.startswith("pushed") for text in said)
    assert areas(figure.axes[0])[2][0] == LABEL_COLOURS["pushed"]
    assert "without state" in figure.get_suptitle()


def test_what_went_before_the_first_week_recorded_is_counted_and_not_drawn(run: Followed):
    late = dataclasses.replace(
        run,
        trajectories=follow(camp(**SIEGE, record_from="2021-08-02"), 3, lever=None).trajectories,
    )
    early, whole = (laid_out(one).axes[0] for one in (late, run))
    heights = [[(low, high) for _, low, high in areas(axes)] for axes in (early, whole)]
    np.testing.assert_allclose(*heights)
    first = early.collections[0].get_paths()[0].vertices
    assert first[:, 1].max() > 0
    assert early.get_xlim()[0] > whole.get_xlim()[0]


def test_shares_and_harm_of_each_group_are_those_of_the_table(run: Followed, by_group: Figure):
    table = switch_table([run])
    rows = table[table["category"] == "pushed"].reset_index()
    returned = table[table["category"] == "returned"].reset_index()
    left, right = by_group.axes
    shares = rows["share_of_returned"].where(returned["people"] * 3 >= 100)
    assert left.lines[0].get_xdata() == pytest.approx(shares, nan_ok=True)
    few = rows["people"] * 3 < 100
    shown = rows["any_harm_per_100"].where(~few)
    assert right.lines[1].get_xdata() == pytest.approx(shown, nan_ok=True)
    assert few.any()
    assert not few.all()
    voluntary, pushed = (line.get_color() for line in right.lines)
    assert (voluntary, pushed) == (LABEL_COLOURS["voluntary"], LABEL_COLOURS["pushed"])


def test_each_group_says_how_many_people_of_it_returned(run: Followed, by_group: Figure):
    table = switch_table([run])
    returned = table[table["category"] == "returned"]
    names = [text.get_text() for text in by_group.axes[0].get_yticklabels()]
    assert names == [
        f"{group}  ({people:,.0f})"
        for group, people in zip(returned["group"], returned["people"], strict=True)
    ]
    assert names[1].startswith("men of conscription age")


def test_both_say_what_they_rest_on(run: Followed, over_time: Figure, by_group: Figure):
    guesses, numbers = CAMP.guesses()
    for figure in (over_time, by_group):
        rests_on = " ".join(figure.get_supxlabel().split())
        assert "3 replicates (seed 1)" in rests_on
        assert f"{guesses} of the {numbers} numbers" in rests_on
        assert "not a forecast" in rests_on
        assert "lived longer with the risk" in rests_on
        assert CAMP.title in figure.get_suptitle()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("changes", [{"levers__corridor__open": False}, {"weeks": 1}])
def test_a_camp_from_which_nobody_returned_can_be_drawn(changes: dict[str, object], tmp_path: Path):
    run = follow(camp(**changes), 1, households=20)
    files = write_attribution_figures([run], switch_table([run]), tmp_path)
    assert sorted(files) == sorted(tmp_path.iterdir())
    assert len(files) == 4


def test_the_same_run_gives_the_same_bytes(run: Followed, tmp_path: Path):
    with in_style():
        one, two = (save(returns_by_label(run), tmp_path, name) for name in ("one", "two"))
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.suffix
