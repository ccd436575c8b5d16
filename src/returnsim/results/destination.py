"""Whether a run may go where it is meant to: what is there already is not lost unasked."""

from collections.abc import Collection
from pathlib import Path

from returnsim.digests import DIGESTS, RUN
from returnsim.errors import UsageError
from returnsim.folders import is_free
from returnsim.results.contents import (
    COMPARED,
    EVENTS,
    FIGURES,
    FILES,
    FORMAT,
    HOUSEHOLDS,
    foreign_in,
    is_illegible,
    told_in,
)
from returnsim.results.identity import Identity, identity_in

PAIRED = "pair"
LEFT_OUT = {
    PAIRED: "who was pushed, and who would have gone anyway",
    EVENTS: EVENTS,
    HOUSEHOLDS: HOUSEHOLDS,
    FIGURES: FIGURES,
    COMPARED: "what `returnsim compare` made of it",
}
"""What the same run may be made with or without, and what of it would be lost."""


def check_destination(
    directory: str | Path,
    identity: Identity,
    *,
    overwrite: bool = False,
    without: Collection[str] = (),
) -> None:
    """Find out before a run whether its results can go where they are meant to.

    Parameters
    ----------
    directory : str or Path
        Where the results are meant to go.
    identity : Identity
        Of the run.
    overwrite : bool
        Whether results of another run may be replaced.
    without : collection of str
        Those of `LEFT_OUT` that the run will not make.

    Raises
    ------
    UsageError
        If something else is there; if without ``overwrite`` another run is, or the same with what
        this one will not make; or if nothing can be written there.
    """
    target = Path(directory)
    if is_free(target):
        return
    there, foreign = identity_in(target, FORMAT), foreign_in(target, FILES)
    if not foreign and is_illegible(target):
        if overwrite:
            return
        raise UsageError(
            f"{target}: holds a run whose {RUN} is damaged.\n"
            "Add --overwrite to replace it, or name another folder with --out"
        )
    if there is None or foreign:
        what = f"such as {foreign[0]}" if foreign else f"with no {RUN} that says what they are"
        raise UsageError(
            f"{target}: holds files that returnsim did not write, {what}; they are left alone. "
            "Name another folder with --out"
        )
    if there != identity and not overwrite:
        raise UsageError(
            f"{target}: holds the results of another run.\n"
            f"  there:    {there}\n"
            f"  this one: {identity}\n"
            "Add --overwrite to replace them, or name another folder with --out"
        )
    lost = [what for name, what in LEFT_OUT.items() if name in without and _holds(target, name)]
    if lost and not overwrite:
        raise UsageError(
            f"{target}: holds the same run with what this one leaves out: {', '.join(lost)}.\n"
            "Add --overwrite to do without, or name another folder with --out"
        )


def left_out(*, pair: bool, events: bool, figures: bool) -> list[str]:
    """Which of `LEFT_OUT` a run will not make; it never makes a comparison.

    Parameters
    ----------
    pair, events, figures : bool
        Whether it is set against the same camp without a lever, writes what befell each household,
        and is drawn.
    """
    made = {
        PAIRED: pair,
        EVENTS: events,
        HOUSEHOLDS: events,
        FIGURES: figures,
        COMPARED: False,
    }
    return [name for name, is_made in made.items() if not is_made]


def _holds(target: Path, name: str) -> bool:
    """Whether a run that is there has made one of `LEFT_OUT`; a comparison's figures are none."""
    told = told_in(target, FORMAT)
    if name == PAIRED:
        return told.get(PAIRED) is not None
    if name == COMPARED:
        return (target / COMPARED).exists()
    # Earlier versions did not say which files are theirs.
    files = told.get(DIGESTS) or [path.name for path in target.iterdir()]
    return any(Path(file).parts[0] == name for file in files)
