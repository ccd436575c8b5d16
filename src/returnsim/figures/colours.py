"""The colours of every figure, which all can tell apart, in pairs for a light page and a dark one.

Figures are drawn in the colours of a light page. A saved SVG shows itself in those of a dark one
where the reader's screen asks for that; a PNG is for paper.
"""

import re
from collections.abc import Sequence

# Okabe and Ito (2008), "Color universal design"; its black is softened, so that every ink of an SVG
# is written out and can be told from a default. Brown is not among them: it is as far from them as
# a dark colour can be.
BLACK = "#111111"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
BROWN = "#6B3300"
GREY = "#666666"
LIGHT_GREY = "#BBBBBB"
PAPER = "#FFFFFF"
GRID = "#DDDDDD"

WORDS = {BLACK: BLACK, BLUE: BLUE, GREY: GREY, VERMILION: "#B34F00"}
"""The colours that words and numbers have, where a line's own would be too pale to read."""

DARK = {
    BLACK: "#ECEFF1",
    ORANGE: "#FFC94D",
    SKY: "#A6DBFF",
    GREEN: "#2FC093",
    BLUE: "#4A9BE0",
    VERMILION: "#F2793A",
    PURPLE: "#F29BD0",
    BROWN: "#9B6344",
    GREY: "#8A9299",
    LIGHT_GREY: "#5C646B",
    PAPER: "#15191D",
    GRID: "#30373D",
    WORDS[VERMILION]: "#F2793A",
}
"""What each colour of a light page is on a dark one."""

ON_PALE, ON_DEEP = "#101010", "#FEFEFE"
"""Inks of what is written on a map of colours, which is the same on a light and a dark page."""

CASE_COLOURS = (BLACK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, BROWN, GREY)
"""Of the baseline, of the other cases in their order, and of all that are left."""

LABEL_COLOURS = {
    "voluntary": BLUE,
    "hastened": SKY,
    "pushed": VERMILION,
    "not_yet_known": LIGHT_GREY,
    "in_one_run": PURPLE,
}
"""Of ``attribution.LABELS``, the same in every figure; who is induced is coloured as pushed."""


def for_both_pages(svg: str) -> str:
    """Let an SVG of Matplotlib's show itself in the colours of a dark page on a dark screen.

    Parameters
    ----------
    svg : str
        Drawn in the colours of a light page. Programs that know no media queries show those.

    Returns
    -------
    str
    """
    rules = [
        f'[style*="{what}: {light.lower()}"]{{{what}:{dark}!important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    ]
    dark = "@media screen and (prefers-color-scheme:dark){" + "".join(rules) + "}"
    return re.sub(r"(?=</style>)", lambda _: dark, svg, count=1)


def case_colours(names: Sequence[str], baseline: str | None = None) -> dict[str, str]:
    """Give each case its colour, by its place in the experiment: the same in every figure.

    Parameters
    ----------
    names : sequence of str
        All cases in their order, drawn or not.
    baseline : str, optional
        The case that others are compared with; the first if not given.

    Returns
    -------
    dict of str to str
        Cases beyond the palette are grey.
    """
    first = baseline if baseline in names else next(iter(names), None)
    ordered = sorted(names, key=lambda name: name != first)
    last = len(CASE_COLOURS) - 1
    return {name: CASE_COLOURS[min(place, last)] for place, name in enumerate(ordered)}
