"""Figures of designs: how outcomes move with the factors, returns always beside the harm."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from returnsim.experiments.compare import Case, Comparison
from returnsim.figures.colours import BLUE, GREY, ON_DEEP, ON_PALE, ORANGE, PAPER, VERMILION
from returnsim.figures.labels import label_points, shortened
from returnsim.figures.style import first_words

NewFigure = Callable[[Comparison, str, float, str], Figure]
Named = tuple[str, Figure, str]
Key = TypeVar("Key", str, int)
HARMS_PER_100 = ("detained_per_100", "conscripted_per_100", "killed_per_100")
TOLD = ("returned", "pushed", *HARMS_PER_100)
OTHERS = {
    "full_factorial": ", the other factors at all their values",
    "one_at_a_time": ", the other factors as in the case",
    "latin_hypercube": ", the other factors anywhere in their ranges",
    "sobol": ", the other factors anywhere in their ranges",
    "points": ", the other factors as in the table of points",
}
MOST_LEVELS = 12
LONGEST_LEVEL = 18
LINE_OF_TICKS = 76
"""Characters of ticks beneath panels that stand abreast."""

ASLANT = 4
"""Characters that a tick takes up which is written aslant."""

MOST_ANNOTATED = 60
MOST_FACTORS = 4
COLOUR_MAP = "cividis"


class Level(NamedTuple):
    """A value of a factor that several cases have."""

    value: object
    cases: list[Case]


def design_figures(comparison: Comparison, new_figure: NewFigure) -> list[Named]:
    """Draw what the design shows: heat maps of two factors, else effects of each, and the trade.

    Parameters
    ----------
    comparison : Comparison
        With factors, or nothing is drawn.
    new_figure : callable
        Begins a figure.

    Returns
    -------
    list of (str, Figure, str)
        Name, figure, and a sentence on what it shows.
    """
    factors = [f for f in comparison.factors if len(_values(comparison.cases, f)) > 1]
    outcomes = [name for name in TOLD if name in comparison.outcomes] or list(comparison.outcomes)
    if not factors:
        return []
    levels = {name: len(_values(comparison.cases, name)) for name in factors}
    drawn: list[Named] = []
    if len(factors) == 2 and _is_grid(comparison, factors, levels):
        drawn.append(("heat-maps", *_heat_maps(comparison, factors, outcomes, new_figure)))
    else:
        strongest = sorted(factors, key=lambda f: -_spread(comparison, f, outcomes[0]))
        told = [f for f in factors if f in strongest[:MOST_FACTORS]]
        drawn.append(("effects", *_effects(comparison, told, outcomes, new_figure)))
    has_harm = any(name in comparison.outcomes for name in HARMS_PER_100)
    if len(comparison.cases) > 2 and "returned" in comparison.outcomes and has_harm:
        drawn.append(("returns-and-harm", *_trade(comparison, factors, new_figure)))
    return drawn


def _is_grid(comparison: Comparison, factors: Sequence[str], levels: dict[str, int]) -> bool:
    """Whether every combination of values is there, once."""
    points = [tuple(case.factors.get(f) for f in factors) for case in comparison.cases]
    whole = len(points) == int(np.prod(list(levels.values())))
    return whole and len(set(points)) == len(points) and all(None not in p for p in points)


def mean_of(cases: Sequence[Case], outcome: str) -> float:
    """Mean over the replicates of some cases; NaN where none has a value."""
    values = np.concatenate([case.outcomes[outcome] for case in cases])
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _heat_maps(
    comparison: Comparison, factors: Sequence[str], outcomes: Sequence[str], new_figure: NewFigure
) -> tuple[Figure, str]:
    across, up = factors
    xs, ys = _values(comparison.cases, across), _values(comparison.cases, up)
    columns = min(2, len(outcomes))
    rows = -(-len(outcomes) // columns)
    note = "Each cell is the mean over its replicates."
    figure = new_figure(comparison, "Returns and harm over two factors", 1.7 + 2.7 * rows, note)
    grid = figure.subplots(rows, columns, squeeze=False)
    for panel, name in zip(grid.flat, outcomes, strict=False):
        values = np.array(
            [[mean_of(_where(comparison.cases, {across: x, up: y}), name) for x in xs] for y in ys]
        )
        _draw_map(panel, values, name, comparison)
        _name_levels(panel, xs, LINE_OF_TICKS // columns)
        names = _texts(ys)
        shown = _thinned(len(ys))
        panel.set_yticks(shown, [names[place] for place in shown])
        panel.set_xlabel(_wrapped(comparison, across), fontsize=8)
        panel.set_ylabel(_wrapped(comparison, up), fontsize=8)
    for panel in list(grid.flat)[len(outcomes) :]:
        panel.set_visible(False)
    return figure, _range_sentence(comparison, outcomes)


def _draw_map(panel: Axes, values: np.ndarray, name: str, comparison: Comparison) -> None:
    info = comparison.outcomes[name]
    image = panel.imshow(values, cmap=COLOUR_MAP, origin="lower", aspect="auto")
    panel.grid(visible=False)
    panel.set_title(info.title)
    bar = panel.figure.colorbar(image, ax=panel, shrink=0.9, format=FuncFormatter(_number))
    bar.ax.tick_params(labelsize=7)
    if values.size > MOST_ANNOTATED:
        return
    there = values[~np.isnan(values)]
    places = 3 if np.abs(there).max(initial=0.0) < 1 else 2
    middle = (there.min() + there.max()) / 2 if len(there) else 0.0
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        text = f"{value:,.0f}" if info.unit == "people" else f"{value:.{places}f}"
        colour = ON_DEEP if value < middle else ON_PALE
        panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)


def _effects(
    comparison: Comparison, factors: Sequence[str], outcomes: Sequence[str], new_figure: NewFigure
) -> tuple[Figure, str]:
    others = OTHERS.get(comparison.design, "") if len(factors) > 1 else ""
    note = (
        "Dots are means over all cases with that value of the factor, thin lines the range of "
        f"those cases{others}."
    )
    if any(_is_cloud(_levels(comparison.cases, factor)) for factor in factors):
        note += " Where it has many values, a dot is one of them and the line a moving average."
    number = len([f for f in comparison.factors if len(_values(comparison.cases, f)) > 1])
    if number > len(factors):
        first = comparison.outcomes[outcomes[0]].title
        note += f" Of {number} factors the {len(factors)} are drawn that move {first} most."
    height = 1.8 + 1.45 * len(outcomes)
    figure = new_figure(comparison, "What each factor moves", height, note)
    grid = figure.subplots(len(outcomes), len(factors), sharex="col", sharey="row", squeeze=False)
    for row, name in enumerate(outcomes):
        for column, factor in enumerate(factors):
            panel = grid[row, column]
            _draw_effect(panel, comparison, factor, name, LINE_OF_TICKS // len(factors))
            if row == 0:
                width = 72 // len(factors)
                panel.set_title(_wrapped(comparison, factor, width), fontsize=8)
            if column == 0:
                words = textwrap.wrap(comparison.outcomes[name].title, 18)
                panel.set_ylabel("\n".join(words), fontsize=8)
                panel.yaxis.set_major_formatter(FuncFormatter(_number))
    return figure, _effects_sentence(comparison, factors)


def _draw_effect(panel: Axes, comparison: Comparison, factor: str, name: str, room: int) -> None:
    levels = _levels(comparison.cases, factor)
    if _is_cloud(levels):
        there = _defined({i: mean_of(level.cases, name) for i, level in enumerate(levels)})
        x, y = _numbers(levels)[list(there)], np.array(list(there.values()))
        panel.plot(x, y, ".", color=BLUE, alpha=0.4, markersize=4)
        if _is_even_in_logarithm(_numbers(levels)):
            panel.set_xscale("log")
            panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=5))
            panel.xaxis.set_major_formatter(FuncFormatter(_number))
            panel.xaxis.set_minor_locator(NullLocator())
        width = max(3, len(x) // 10)
        if len(x) >= width:
            smooth = np.convolve(y, np.ones(width) / width, mode="valid")
            start = (width - 1) // 2
            panel.plot(x[start : start + len(smooth)], smooth, color=VERMILION)
        return
    for place, level in enumerate(levels):
        means = _defined({case.name: mean_of([case], name) for case in level.cases}).values()
        if means:
            panel.vlines(place, min(means), max(means), color=BLUE, linewidth=0.8, alpha=0.6)
    middles = [mean_of(level.cases, name) for level in levels]
    panel.plot(range(len(levels)), middles, "o-", color=BLUE, markersize=4)
    _name_levels(panel, [level.value for level in levels], room)
    panel.set_xlim(-0.4, len(levels) - 0.6)


def _trade(
    comparison: Comparison, factors: Sequence[str], new_figure: NewFigure
) -> tuple[Figure, str]:
    strongest = max(factors, key=lambda f: _spread(comparison, f, "returned"))
    harms = [name for name in HARMS_PER_100 if name in comparison.outcomes]
    note = (
        f"A dot is the mean of a case; its colour is the {_title(comparison, strongest)}. The "
        "square is the baseline's."
    )
    figure = new_figure(comparison, "Returns against the harm that comes of them", 4.6, note)
    panels = figure.subplots(1, len(harms), squeeze=False)[0]
    all_levels = _levels(comparison.cases, strongest)
    levels = _folded(all_levels)
    names = [*_texts([level.value for level in levels[:-1]]), *_texts([levels[-1].value])]
    base = [comparison.case(comparison.baseline)]
    at = {harm: (mean_of(base, "returned"), mean_of(base, harm)) for harm in harms}
    scale_of = _colour_scale(_numbers(levels)) if _is_cloud(levels) else None
    if scale_of:
        colours = [*scale_of.to_rgba(_numbers(levels))]
    else:
        colours = [*colormaps[COLOUR_MAP](np.linspace(0.0, 0.9, max(2, len(levels))))]
    if len(levels) < len(all_levels):
        colours[-1] = PAPER
    for panel, harm in zip(panels, harms, strict=True):
        for colour, level, label in zip(colours, levels, names, strict=False):
            x = [mean_of([case], "returned") for case in level.cases]
            y = [mean_of([case], harm) for case in level.cases]
            # The ring is seen where the dot is as dark, or as pale, as the page.
            ring = {"markeredgecolor": GREY, "markeredgewidth": 0.6}
            panel.plot(x, y, "o", color=colour, label=label, markersize=5, alpha=0.85, **ring)
        panel.plot(*at[harm], "s", markerfacecolor="none", markeredgecolor=ORANGE, markersize=10)
        panel.set_title("\n".join(textwrap.wrap(comparison.outcomes[harm].title, 22)), fontsize=8.5)
        panel.set_xlabel("returned, people")
        panel.margins(y=0.12)
        panel.set_ylim(bottom=0)
        panel.locator_params(axis="x", nbins=3)
        panel.xaxis.set_major_formatter(FuncFormatter(_number))
    if scale_of:
        bar = figure.colorbar(scale_of, ax=list(panels), label=_wrapped(comparison, strongest))
        if isinstance(scale_of.norm, LogNorm):
            bar.set_ticks(LogLocator(subs=(1.0, 3.0)))
        bar.minorticks_off()
        bar.ax.yaxis.set_major_formatter(FuncFormatter(_number))
    else:
        panels[-1].legend(
            title=_wrapped(comparison, strongest),
            loc="center left",
            bbox_to_anchor=(1.02, 0.5),
            title_fontsize=8,
        )
    figure.draw_without_rendering()
    for panel, harm in zip(panels, harms, strict=True):
        dots = [(mean_of([c], "returned"), mean_of([c], harm)) for c in comparison.cases]
        label_points(panel, [(*at[harm], "baseline")], np.array(dots))
    return figure, _trade_sentence(comparison, harms[0])


def _range_sentence(comparison: Comparison, outcomes: Sequence[str]) -> str:
    parts = []
    for name in outcomes:
        means = _defined({case.name: mean_of([case], name) for case in comparison.cases})
        title = comparison.outcomes[name].title
        if not means:
            parts.append(f"{title}: not defined, for nobody returned")
            continue
        low, high = (choose(means, key=means.__getitem__) for choose in (min, max))
        ends = [_written(comparison, name, means[case]) for case in (low, high)]
        if ends[0] == ends[1]:
            parts.append(f"{title}: {ends[0]} in every case")
        else:
            parts.append(f"{title}: {ends[0]} ({low}) to {ends[1]} ({high})")
    return "Over the design, on average, " + "; ".join(parts) + "."


def _effects_sentence(comparison: Comparison, factors: Sequence[str]) -> str:
    told = [name for name in TOLD if name in comparison.outcomes] or list(comparison.outcomes)[:1]
    parts = []
    for name in told:
        strongest = max(factors, key=lambda f: _spread(comparison, f, name))
        levels = _levels(comparison.cases, strongest)
        means = list(_defined({i: mean_of(x.cases, name) for i, x in enumerate(levels)}).values())
        title = comparison.outcomes[name].title
        if means:
            low, high = (_written(comparison, name, choose(means)) for choose in (min, max))
            parts.append(f"{title} moves most with {strongest}: from {low} to {high}")
        else:
            parts.append(f"{title}: not defined, for nobody returned")
    averaged = len(factors) > 1 and comparison.design != "one_at_a_time"
    start = "On average over the other factors, " if averaged else ""
    return start + "; ".join(parts) + "."


def _trade_sentence(comparison: Comparison, harm: str) -> str:
    cases = comparison.cases
    harmed = _defined({case.name: mean_of([case], harm) for case in cases})
    title = comparison.outcomes[harm].title
    if not harmed:
        return f"{title}: not defined, for nobody returned."
    back = {case.name: mean_of([case], "returned") for case in cases if case.name in harmed}
    most = max(back, key=back.__getitem__)
    safest = min(harmed, key=harmed.__getitem__)
    return (
        f"Most return in {most!r} ({back[most]:,.0f} people, {harmed[most]:.2f} {title}); the "
        f"least {title} are in {safest!r} ({back[safest]:,.0f} people, {harmed[safest]:.2f})."
    )


def _defined(values: dict[Key, float]) -> dict[Key, float]:
    return {key: value for key, value in values.items() if not np.isnan(value)}


def _written(comparison: Comparison, name: str, value: float) -> str:
    return f"{value:,.0f}" if comparison.outcomes[name].unit == "people" else f"{value:.2f}"


def _spread(comparison: Comparison, factor: str, name: str) -> float:
    levels = _levels(comparison.cases, factor)
    means = _defined({i: mean_of(level.cases, name) for i, level in enumerate(levels)})
    return max(means.values(), default=0.0) - min(means.values(), default=0.0)


def _levels(cases: Sequence[Case], factor: str) -> list[Level]:
    """The cases by their value of a factor, numbers ascending, else in the order of the cases."""
    found: dict[object, list[Case]] = {}
    for case in cases:
        if case.factors.get(factor) is not None:
            found.setdefault(case.factors[factor], []).append(case)
    levels = [Level(value, own) for value, own in found.items()]
    if all(_is_number(level.value) for level in levels):
        levels.sort(key=lambda level: float(level.value))  # type: ignore[arg-type]
    return levels


def _values(cases: Sequence[Case], factor: str) -> list[object]:
    return [level.value for level in _levels(cases, factor)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _where(cases: Sequence[Case], factors: dict[str, object]) -> list[Case]:
    return [c for c in cases if all(c.factors.get(name) == v for name, v in factors.items())]


def _title(comparison: Comparison, factor: str) -> str:
    return comparison.factors[factor]["title"]


def _wrapped(comparison: Comparison, factor: str, width: int = 26) -> str:
    """The title of a factor, in three lines at most."""
    shown = first_words(_title(comparison, factor), 3 * width - 6)
    return "\n".join(textwrap.wrap(shown, width))


def _numbers(levels: Sequence[Level]) -> np.ndarray:
    return np.array([level.value for level in levels], dtype=float)


def _colour_scale(values: np.ndarray) -> ScalarMappable:
    """Colours by value."""
    norm = LogNorm if _is_even_in_logarithm(values) else Normalize
    return ScalarMappable(norm(values.min(), values.max()), colormaps[COLOUR_MAP])


def _is_even_in_logarithm(values: np.ndarray) -> bool:
    """Whether values lie more evenly over powers of ten."""
    low, middle, high = values.min(), np.median(values), values.max()
    if low <= 0 or high < 10 * low:
        return False
    return bool(abs(middle - np.sqrt(low * high)) < abs(middle - (low + high) / 2))


def _is_cloud(levels: Sequence[Level]) -> bool:
    """Whether there are more numbers than can be told apart."""
    return len(levels) > MOST_LEVELS and all(_is_number(level.value) for level in levels)


def _folded(levels: list[Level]) -> list[Level]:
    """Levels of which each can have a colour; of many words, the last are taken together."""
    if len(levels) <= MOST_LEVELS or _is_cloud(levels):
        return levels
    rest = [case for level in levels[MOST_LEVELS - 1 :] for case in level.cases]
    return [*levels[: MOST_LEVELS - 1], Level("others", rest)]


def _name_levels(panel: Axes, values: Sequence[object], room: int) -> None:
    """Write levels beneath a panel that has room for so many characters, aslant if need be."""
    texts, shown = _texts(values), _thinned(len(values))
    style: dict[str, Any] = {}
    if sum(len(texts[place]) + 2 for place in shown) > room:
        shown = _thinned(len(values), room // ASLANT)
        style = {"rotation": 35, "ha": "right", "rotation_mode": "anchor", "fontsize": 8}
    panel.set_xticks(shown, [texts[place] for place in shown], **style)


def _thinned(number: int, most: int = MOST_LEVELS) -> list[int]:
    """The places of a few levels, evenly spaced."""
    return list(range(0, number, -(-number // min(most, MOST_LEVELS))))


def _texts(values: Sequence[object]) -> list[str]:
    names = [_text(value) for value in values]
    shown = shortened(names, LONGEST_LEVEL).shown
    return [shown[name] for name in names]


def _number(value: float, _: int = 0) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
