"""An attribution written down: the returns of each lever, and what they rest on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from returnsim.analysis.followed import Followed
from returnsim.digests import RUN, write_run
from returnsim.errors import RunError, UsageError
from returnsim.folders import is_free, reason_of, write_text, written_whole
from returnsim.results.contents import FIGURES, foreign_in, told_in
from returnsim.results.identity import Identity, identity_in
from returnsim.results.provenance import provenance_of

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "returnsim attribution 1"
SWITCH = "switch.csv"


def check_attribution(
    target: Path, identity: Identity, levers: tuple[str, ...], *, overwrite: bool = False
) -> None:
    """Find out before the runs whether an attribution can go where it is meant to.

    Parameters
    ----------
    target : Path
        Where to.
    identity : Identity
        Of the run.
    levers : tuple of str
        What the same camp goes without.
    overwrite : bool
        Whether another attribution may be replaced.

    Raises
    ------
    UsageError
        If something else is there, or nothing can be written there.
    """
    if is_free(target):
        return
    there, foreign = identity_in(target, FORMAT), foreign_in(target, (SWITCH, RUN))
    if there is None or foreign:
        what = f", such as {foreign[0]}" if foreign else ""
        raise UsageError(
            f"{target}: holds files that returnsim attribute did not write{what}; they are left "
            "alone. Name another folder with --out"
        )
    without = tuple(map(str, told_in(target, FORMAT).get("levers") or ()))
    if (there, without) != (identity, levers) and not overwrite:
        raise UsageError(
            f"{target}: holds another attribution.\n"
            f"  there:    {there}, without {', '.join(without)}\n"
            f"  this one: {identity}, without {', '.join(levers)}\n"
            "Add --overwrite to replace it, or name another folder with --out"
        )


def write_attribution(
    runs: Sequence[Followed],
    table: "pd.DataFrame",
    target: Path,
    command: str,
    draw: Callable[[Path], object] | None,
) -> None:
    """Write ``switch.csv``, ``run.json`` and with ``draw`` ``figures``: all of it, or nothing.

    Parameters
    ----------
    runs : sequence of Followed
        One a lever.
    table : pandas.DataFrame
        From `returnsim.analysis.switch.switch_table`.
    target : Path
        Where to.
    command : str
        What to type to have it again.
    draw : callable, optional
        Draws into the folder that it is given.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    told = provenance_of(runs[0].trajectories, command)
    told |= {"format": FORMAT, "levers": [run.lever for run in runs]}
    told |= {"created": datetime.now(UTC).isoformat(timespec="seconds")}
    text = table.to_csv(index=False, float_format="%.8g", lineterminator="\n")
    try:
        with written_whole(target.resolve()) as folder:
            write_text(folder / SWITCH, text)
            if draw is not None:
                (folder / FIGURES).mkdir()
                draw(folder / FIGURES)
            write_run(folder, told)
    except OSError as error:
        raise RunError(f"{target}: the results could not be written: {reason_of(error)}") from error
