"""A small invented camp to begin with; it describes no real place and no real people."""

from importlib.resources import files
from pathlib import Path

from returnsim.errors import RunError, UsageError

NAMES = ("camp.yaml", "aid-restored.yaml")


def copy_starter(directory: Path) -> list[Path]:
    """Write the starter scenario.

    Parameters
    ----------
    directory : Path
        Where to; made if it is not there.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    UsageError
        If one of the files is there already, or the path is no directory.
    RunError
        If the files cannot be written.
    """
    targets = [directory / name for name in NAMES]
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise UsageError(f"{', '.join(there)}: there already; name another directory")
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: is a file; name a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for target in targets:
            text = files(__package__).joinpath(target.name).read_text(encoding="utf-8")
            with target.open("x", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise RunError(f"{directory}: cannot be written: {error.strerror or error}") from None
    return targets
