"""Every colour of a figure is told from the others, and from a light page or a dark one."""

import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from returnsim.figures.colours import (
    BLUE,
    CASE_COLOURS,
    DARK,
    LABEL_COLOURS,
    ON_DEEP,
    ON_PALE,
    PAPER,
    SKY,
    WORDS,
    case_colours,
    for_both_pages,
)

# Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
SEEN_AS = {
    "all colours": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no blue": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
APART, APART_TO_ALL = 14.5, 30.0
"""Least distance in CIELAB to those who see fewer colours, and of lines to those who see all: two
blues are nearer than that; 2.3 is just noticed."""


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(TO_XYZ[1] @ linear(c)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(seen @ linear(colour), 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(colours: Sequence[str], page: str, seen: str) -> tuple[float, str, str]:
    """The two that are the least apart, and how far."""
    shown = colours if page == "light" else [DARK[colour] for colour in colours]
    return min(
        (float(np.linalg.norm(lab(one, SEEN_AS[seen]) - lab(other, SEEN_AS[seen]))), one, other)
        for one, other in combinations(shown, 2)
    )


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("seen", SEEN_AS)
@pytest.mark.parametrize("colours", [CASE_COLOURS, tuple(LABEL_COLOURS.values())])
def test_colours_are_told_apart_by_those_who_see_fewer(
    page: str, seen: str, colours: tuple[str, ...]
):
    apart, *which = nearest(colours, page, seen)
    assert apart > APART, which


@pytest.mark.parametrize("page", ["light", "dark"])
def test_lines_of_cases_are_of_other_colours_and_not_of_another_shade(page: str):
    apart, *which = nearest(CASE_COLOURS, page, "all colours")
    assert apart > APART_TO_ALL, which
    blues = nearest((BLUE, SKY), page, "all colours")
    assert blues[0] < apart


@pytest.mark.parametrize("colour", WORDS)
def test_words_can_be_read_on_either_page(colour: str):
    assert contrast(WORDS[colour], PAPER) >= 4.5
    assert contrast(DARK[WORDS[colour]], DARK[PAPER]) >= 4.5


@pytest.mark.parametrize("colour", CASE_COLOURS)
def test_lines_are_seen_on_a_dark_page(colour: str):
    assert contrast(DARK[colour], DARK[PAPER]) >= 3


@pytest.mark.slow
def test_no_colour_of_a_figure_is_without_one_for_a_dark_page(made: Path):
    known = {colour.lower() for colour in (*DARK, ON_PALE, ON_DEEP)}
    drawn = [*(made / "run/figures").glob("*.svg"), *(made / "compared/figures").glob("*.svg")]
    assert len(drawn) > 8
    for file in drawn:
        text = re.sub(r"<style.*?</style>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        used = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", text))
        assert used <= known, file.name


def test_a_figure_without_a_dark_screen_is_as_it_was_drawn():
    svg = '<svg><style type="text/css">*{}</style><path style="fill: #0072b2"/></svg>'
    both = for_both_pages(svg)
    assert both.replace(re.search(r"@media.*\}(?=</style>)", both)[0], "") == svg
    assert both.count("@media screen and (prefers-color-scheme:dark)") == 1


def test_a_case_has_one_colour_and_the_baseline_the_first():
    names = ["a", "b", "c"]
    assert case_colours(names, "b") == {
        "b": CASE_COLOURS[0],
        "a": CASE_COLOURS[1],
        "c": CASE_COLOURS[2],
    }
    many = [str(i) for i in range(20)]
    found = case_colours(many)
    assert found["0"] == CASE_COLOURS[0]
    assert {found[name] for name in many[8:]} == {CASE_COLOURS[-1]}
    assert case_colours([]) == {}
