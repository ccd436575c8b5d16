"""Names in figures are short, told apart, and lie on nothing that is drawn."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text

from returnsim.figures.colours import BLACK, BLUE, GREEN
from returnsim.figures.labels import (
    CLEARANCE,
    LEAD,
    Label,
    _apart,
    label_ends,
    label_points,
    shortened,
)
from returnsim.figures.style import even_lines, first_words, in_style

DESIGN = [
    f"enforcement={a}, neutrality={b}, grace={c}, deferral=26"
    for a in (0.1, 0.9)
    for b in (0, 1)
    for c in (8, 52)
]


def test_names_that_are_short_enough_stay_as_they_are():
    names = ["as it was", "no siege", "as it was"]
    assert shortened(names, 9) == ({"as it was": "as it was", "no siege": "no siege"}, "")
    assert shortened([], 9) == ({}, "")


def test_parts_that_all_cases_have_are_left_out_and_told():
    found = shortened(DESIGN, 40)
    assert list(found.shown.values())[:2] == [
        "enforcement=0.1, neutrality=0, grace=8",
        "enforcement=0.1, neutrality=0, grace=52",
    ]
    assert found.note == "All have deferral=26."


def test_where_that_is_not_enough_factors_are_named_once_and_for_all():
    found = shortened(DESIGN, 28)
    assert list(found.shown.values())[:2] == ["0.1, 0, 8", "0.1, 0, 52"]
    assert found.note == (
        "Names give, in this order: enforcement, neutrality, grace. All have deferral=26."
    )
    assert found.shown.keys() == set(DESIGN)


def test_a_case_that_is_named_keeps_its_name_beside_the_factors():
    names = [f"{case}, promise kept={x}" for case in ("as it is", "siege eased") for x in (0, 1)]
    found = shortened(names, 16)
    assert list(found.shown.values()) == [
        *("as it is, 0", "as it is, 1", "siege eased, 0", "siege eased, 1"),
    ]
    assert found.note == "Names give, in this order: case, promise kept."


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["the road to the north", "the road to the south"], ["… north", "… south"]),
        (["north of the old road", "south of the old road"], ["north …", "south …"]),
        (["north of the old road", "south of a new road"], ["north of the …", "south of a ne…"]),
        (["north", "north of the old road"], ["north", "north of the …"]),
    ],
)
def test_words_that_all_share_are_left_out_before_names_are_cut(
    names: list[str], expected: list[str]
):
    assert list(shortened(names, 14).shown.values()) == expected


def test_of_names_that_begin_alike_the_ends_are_kept():
    names = [f"guarantors.settlement.{what}" for what in ("enforcement", "neutrality")]
    assert list(shortened(names, 15).shown.values()) == ["guarant…rcement", "guarant…trality"]


@pytest.mark.parametrize("most", [6, 8, 14, 28, 60])
@pytest.mark.parametrize(
    "names",
    [
        DESIGN,
        [f"{'x' * 40}{i}{'y' * 40}" for i in range(99)],
        [f"a {i} b" for i in range(30)],
        ["a, b", "a", "a,  b", "a , b", "a b c d e f g", "a b c d e f h"],
        ["west=1, east=2", "west=2", "west=1, east=2, north=3"],
        ["1: " + "x" * 30, "2: " + "x" * 30, "x" * 30],
        ["no siege", "no siege at all, and no draft either", "no draft"],
    ],
)
def test_no_two_names_are_cut_alike_and_none_is_too_long(names: list[str], most: int):
    shown = shortened(names, most).shown
    assert list(shown) == names
    assert len(set(shown.values())) == len(names)
    assert all(0 < len(text) <= most for text in shown.values())


def test_a_name_alone_is_cut_at_its_end():
    assert shortened(["a name with many words"], 8).shown == {"a name with many words": "a name …"}


def test_lines_of_a_title_are_as_few_and_as_even_as_can_be():
    text = "Which policy is better, over what nobody knows, and why"
    assert even_lines(text, 80) == [text]
    assert even_lines(text, 50) == ["Which policy is better, over", "what nobody knows, and why"]
    assert even_lines("", 50) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a short one", "a short one"),
        ("of many words the first", "of many words ..."),
        ("x" * 40, f"{'x' * 14} ..."),
    ],
)
def test_of_a_long_title_the_first_words_are_shown(text: str, shown: str):
    assert first_words(text, 18) == shown


def test_labels_that_would_touch_are_moved_apart_within_the_panel():
    placed = _apart([0.0, 0.01, 0.5, 0.97, 0.99, 1.0], 0.1)
    assert min(np.diff(placed)) >= 0.1 - 1e-9
    assert placed[0] >= 0
    assert placed[-1] <= 1
    assert _apart([], 0.1) == []


def test_a_piece_of_each_line_leads_to_its_name():
    with in_style():
        figure = Figure()
        axes = figure.subplots()
        axes.set_ylim(0, 10)
        label_ends(
            axes,
            [
                Label(5.0, "one", BLUE),
                Label(5.1, "another", GREEN, "--"),
                Label(float("nan"), "nowhere", BLACK),
                Label(30.0, "above the panel", BLACK),
            ],
        )
        figure.draw_without_rendering()
        texts = {text.get_text(): text for text in axes.texts}
        assert set(texts) == {"one", "another", "above the panel"}
        point = figure.dpi / 72
        for name, height, colour, style in (
            ("one", 5.0, BLUE, "-"),
            ("another", 5.1, GREEN, "--"),
            ("above the panel", 10.0, BLACK, "-"),
        ):
            text, lead = texts[name], texts[name].arrow_patch
            end, *_, begin = lead.get_transform().transform(lead.get_path().vertices)
            assert begin == pytest.approx(axes.transData.transform((axes.get_xlim()[1], height)))
            box = Text.get_window_extent(text)
            assert end[0] < box.x0 <= axes.bbox.x1 + (LEAD + 1) * point
            assert box.y0 < end[1] < box.y1
            assert lead.get_edgecolor() == to_rgba(colour)
            assert lead.get_linestyle() == style


@pytest.mark.parametrize("number", [1, 9, 81])
def test_a_name_lies_on_no_point_however_many_there_are(number: int):
    rng = np.random.default_rng(3)
    points = np.append(rng.uniform(0.05, 0.95, (number, 2)) * (1, 0.6), [[np.nan, np.nan]], axis=0)
    with in_style():
        figure = Figure()
        axes = figure.subplots()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.plot(*points.T, "o")
        figure.draw_without_rendering()
        named = [(x, y, f"name {i}") for i, (x, y) in enumerate(points[[0, number // 2, -1]])]
        label_points(axes, named[: 2 if number > 1 else 1] + named[2:], points)
        figure.draw_without_rendering()
        boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert len(boxes) == min(number, 2)
    dots = axes.transData.transform(points[:-1])
    for box in boxes:
        assert axes.bbox.contains(*box.min)
        assert axes.bbox.contains(*box.max)
        assert box.padded(CLEARANCE).count_contains(dots) == 0
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_where_there_is_no_room_a_name_stays_within_the_panel():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 60)] * 2), axis=-1).reshape(-1, 2)
    points = grid[(grid[:, 0] < 0.5) | (grid[:, 0] > 0.53)]
    with in_style():
        figure = Figure()
        axes = figure.subplots()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        figure.draw_without_rendering()
        label_points(axes, [(points[1700][0], points[1700][1], "crowded")], points)
        figure.draw_without_rendering()
        box = Text.get_window_extent(axes.texts[0])
    assert axes.bbox.contains(*box.min)
    assert axes.bbox.contains(*box.max)
