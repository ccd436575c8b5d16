"""The figure of a pattern card shows where each check lies, also where it leaves the picture."""

import json
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from returnsim.analysis.card import LoadedCard, load_card
from returnsim.analysis.patterns import Held, Judged
from returnsim.analysis.worlds import Size
from returnsim.figures.patterns import patterns_figure
from returnsim.figures.style import in_style
from tests.agents.camp import camp

DAYS = {"quantity": "departures", "from": "2021-01-04", "to": "2021-01-10"}
CHECK = {"measure": DAYS, "between": [10, 20]}


@pytest.fixture
def card(tmp_path: Path) -> LoadedCard:
    pattern = {"says": "Some leave.", "checks": {"leavers": CHECK}}
    (tmp_path / "card.yaml").write_text(json.dumps({"patterns": {"leaving": pattern}}))
    return load_card(tmp_path / "card.yaml")


def drawn(card: LoadedCard, low: float, value: float, high: float) -> Axes:
    check = card.card.patterns["leaving"].checks["leavers"]
    passes = 10 <= value <= 20
    judged = Judged("leaving", "leavers", check, value, low, high, 0.5, passes, None)
    with in_style():
        figure, _ = patterns_figure(camp(), Held(card, (judged,)), Size(2, 1, 60))
        figure.draw_without_rendering()
    return figure.axes[0]


def marked(axes: Axes) -> list[tuple[str, float]]:
    """Every marker and where in the width of the picture it is."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    return [(line.get_marker(), float(line.get_xdata()[0])) for line in lines]


@pytest.mark.parametrize(
    ("low", "value", "high", "expected"),
    [
        (12, 15, 18, [("o", 0.5)]),
        (12, 15, 90, [("o", 0.5), (">", 1.0)]),
        (-90, 15, 90, [("o", 0.5), ("<", 0.0), (">", 1.0)]),
        (60, 70, 90, [(">", 1.0)]),
        (-90, -80, -70, [("<", 0.0)]),
    ],
)
def test_an_arrow_leads_out_where_the_line_does_and_the_dot_is_not_put_elsewhere(
    card: LoadedCard, low: float, value: float, high: float, expected: list[tuple[str, float]]
):
    assert marked(drawn(card, low, value, high)) == expected


def test_an_arrow_is_seen_whole_and_touches_no_words(card: LoadedCard):
    axes = drawn(card, -90, 15, 90)
    for line in axes.lines:
        if line.get_marker() in "<>":
            assert not line.get_clip_on()
            box = line.get_window_extent().padded(line.get_markersize() / 2 * axes.figure.dpi / 72)
            assert not any(box.overlaps(text.get_window_extent()) for text in axes.texts)
