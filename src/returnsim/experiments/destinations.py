"""Folders of fits and studies: what anything else has left in one is not written over."""

import json
from collections.abc import Collection
from pathlib import Path

from returnsim.digests import CHECKSUMS, RUN
from returnsim.errors import UsageError
from returnsim.folders import reason_of
from returnsim.results.contents import FIGURES, foreign_in

POSTERIOR = "posterior.parquet"
PARAMETERS, TARGETS, SIZE, SEARCH = "parameters.csv", "targets.csv", "size.csv", "search.csv"
CHECK, RANKS = "check.json", "ranks.csv"
GENERATIONS = "generations"
FIT = (RUN, POSTERIOR, PARAMETERS, TARGETS, SIZE, SEARCH, CHECKSUMS, GENERATIONS)
CHECKED = (CHECK, RANKS, CHECKSUMS, GENERATIONS)

SCREENING, INDICES = "screening", "indices"
MORRIS, SOBOL, OVER_TIME = "morris.csv", "sobol.csv", "sobol_over_time.csv"
WHOLE = "sensitivity.json"
STUDY = (MORRIS, SOBOL, OVER_TIME, WHOLE, CHECKSUMS, SCREENING, INDICES)


def check_fit_folder(folder: Path, experiment: str, *, check: bool) -> None:
    """Make sure that a folder is free for a fit, or for a check of one, or holds the same.

    The one would remove the figures of the other.

    Parameters
    ----------
    folder : Path
        Where to.
    experiment : str
        What is fitted.
    check : bool
        Whether a check is to go there.

    Raises
    ------
    UsageError
        If it holds the other of the two, or anything else.
    """
    fitted = _told(folder / RUN, "calibration")
    checked = _told(folder / CHECK, "check_of")
    what = ""
    if fitted is not None and (check or fitted != experiment):
        what = f"the fit of {fitted!r}" if fitted else "results of another kind"
    elif checked is not None and (not check or checked != experiment):
        what = f"a check of {checked!r}" if check else "a check of a fit"
    if what:
        raise UsageError(f"{folder}: holds {what}; name another folder with --out")
    is_known = fitted is not None or checked is not None or (folder / GENERATIONS).is_dir()
    _check_foreign(folder, CHECKED if check else FIT, "calibrate", is_known=is_known)


def check_study_folder(folder: Path, experiment: str) -> None:
    """Make sure that a folder is free for a study of sensitivity, or holds the same.

    Parameters
    ----------
    folder : Path
        Where to.
    experiment : str
        What is studied.

    Raises
    ------
    UsageError
        If it holds anything else.
    """
    studied = _told(folder / WHOLE, "experiment")
    if studied and studied != experiment:
        raise UsageError(
            f"{folder}: holds the study of {studied!r}; name another folder with --out"
        )
    is_known = bool(studied) or (folder / SCREENING).is_dir()
    _check_foreign(folder, STUDY, "sensitivity", is_known=is_known)


def _check_foreign(folder: Path, own: Collection[str], command: str, *, is_known: bool) -> None:
    """Refuse a folder with anything that a command did not leave there."""
    if not folder.is_dir():
        return
    # What is being written, and was when a command was killed, has a hidden name.
    foreign = [name for name in foreign_in(folder, own) if not name.startswith(".")]
    if not foreign and not is_known:
        foreign = sorted(path.name for path in folder.iterdir() if path.name in (*own, FIGURES))
    if foreign:
        raise UsageError(
            f"{folder}: holds files that returnsim {command} did not write, such as {foreign[0]}; "
            "they are left alone. Name another folder with --out"
        )


def _told(file: Path, key: str) -> str | None:
    """What results say under a key; empty if they do not, None if there are none."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))[key])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{file}: {reason_of(error)}") from None
    except (ValueError, KeyError, TypeError):
        return ""
