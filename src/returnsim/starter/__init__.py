"""What to begin with: a small invented camp, or one of the worlds that come with the package.

The invented camp describes no real place and no real people. The worlds lie in ``scenarios`` of a
checkout, and in ``returnsim/worlds`` of an installed package.
"""

from enum import StrEnum
from pathlib import Path

from returnsim.errors import RunError, UsageError
from returnsim.folders import reason_of

HERE = Path(__file__).parent
NAMES = ("camp.yaml", "aid-restored.yaml")
SCHEMA = "schema.json"


class World(StrEnum):
    """A world that comes with the package, by its folder."""

    KOSOVO = "kosovo"
    ROHINGYA = "rohingya"
    RUKBAN = "rukban"

    @property
    def scenario(self) -> str:
        """The scenario that the other files of the world belong to."""
        return {
            World.KOSOVO: "macedonia-1999.yaml",
            World.ROHINGYA: "listed-2018-2019.yaml",
            World.RUKBAN: "2019-2025.yaml",
        }[self]


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
    return _write({name: (HERE / name).read_bytes() for name in NAMES}, directory)


def copy_world(world: World, directory: Path) -> list[Path]:
    """Write the scenarios of a world, with the record, patterns and posteriors that they name.

    Parameters
    ----------
    world : World
        Which.
    directory : Path
        Where to; made if it is not there.

    Returns
    -------
    list of Path
        The files written, the scenario that the others belong to first.

    Raises
    ------
    UsageError
        If one of the files is there already, or the path is no directory.
    RunError
        If the files cannot be written.
    """
    worlds = _worlds()
    there = {file.name: file.read_bytes() for file in (worlds / world).iterdir()}
    order = sorted(there, key=lambda name: (name != world.scenario, name))
    # The schema comes to lie beside the files, where editors are told to look for it.
    contents = {
        name: there[name].replace(b"=../schema.json", b"=schema.json")
        if name.endswith(".yaml")
        else there[name]
        for name in order
    }
    return _write({**contents, SCHEMA: (worlds / SCHEMA).read_bytes()}, directory)


def _worlds() -> Path:
    packed = HERE.parent / "worlds"
    return packed if packed.is_dir() else HERE.parents[2] / "scenarios"


def _write(contents: dict[str, bytes], directory: Path) -> list[Path]:
    targets = {directory / name: content for name, content in contents.items()}
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise UsageError(f"{', '.join(there)}: there already; name another directory")
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: is a file; name a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for target, content in targets.items():
            with target.open("xb") as stream:
                stream.write(content)
    except OSError as error:
        raise RunError(f"{directory}: cannot be written: {reason_of(error)}") from None
    return list(targets)
