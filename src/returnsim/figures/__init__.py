"""Figures of a run, as PNG and SVG: each says what it rests on, and returns never stand alone."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from returnsim.analysis.followed import Followed
from returnsim.analysis.observations import Observation
from returnsim.figures.camp import camp_population
from returnsim.figures.departures import departures
from returnsim.figures.hardship import hardship
from returnsim.figures.harm import harm
from returnsim.figures.style import in_style, save
from returnsim.figures.trust import trust
from returnsim.trajectories import Trajectories

Drawing = Callable[[Trajectories, Sequence[Observation]], Figure]
Ledger = Callable[[Followed], Figure]


def drawings() -> Mapping[str, Drawing]:
    """Every figure by the name of its file, in the order in which to look at them."""
    return {
        "camp_population": camp_population,
        "departures": departures,
        "harm": harm,
        "trust": trust,
        "hardship": hardship,
    }


def ledgers() -> Mapping[str, Ledger]:
    """The figures that take every return followed, by the name of their file."""
    from returnsim.figures.credibility import credibility
    from returnsim.figures.honeymoon import honeymoon

    return {"honeymoon": honeymoon, "credibility": credibility}


def write_figures(
    followed: Followed, observations: Sequence[Observation], directory: str | Path
) -> list[Path]:
    """Draw every figure of a run and save it as PNG and SVG.

    Parameters
    ----------
    followed : Followed
        A run.
    observations : sequence of Observation
        What was observed; may be empty. Only what lies within the weeks recorded is drawn.
    directory : str or Path
        A folder that exists.

    Returns
    -------
    list of Path
        The files: the same run gives the same bytes with the same versions.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    files = []
    with in_style():
        for name, draw in drawings().items():
            files += save(draw(followed.trajectories, observations), Path(directory), name)
        for name, draw_ledger in ledgers().items():
            files += save(draw_ledger(followed), Path(directory), name)
    return files
