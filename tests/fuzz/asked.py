"""What holds of every input, however wrong: a few words and an exit code, and nothing written."""

import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.mutations import ROOT
from tests.fuzz.typed import Left, standing_in, tree, typed

FEW, MANY = 60, 2_000
"""Inputs of each kind: in every test, and where there is time."""

QUICK = settings(
    max_examples=FEW,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    max_examples=MANY,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
FILE, ELSEWHERE = "f.yaml", "/etc/passwd"
NOT_FOR_READERS = re.compile(r"Traceback|Warning|pydantic|ruamel|<class|object at 0x|errors\.")
TINY = (
    *("--replicates", 1, "--households", 20, "--workers", 1, "--engine", "numpy", "--no-figures"),
    *("--set", "weeks=4", "--set", "record_from=null"),
)


def assert_told_well(left: Left, *, by_place: bool) -> None:
    """Make sure that who typed it can tell what to mend, and where."""
    assert left.code in (0, 2), left.err
    assert not NOT_FOR_READERS.search(left.err), left.err
    if left.code == 0:
        assert left.err == ""
        return
    assert left.err.strip()
    for line in left.err.splitlines() if by_place else ():
        named = "|".join(
            ("--set", FILE, ELSEWHERE, rf"{re.escape(str(ROOT))}/\S+\.(yaml|csv|parquet)")
        )
        assert re.match(rf"({named})(:\d+){{0,2}}: \S", line), line


def check_of(data: bytes, *overrides: str) -> Left:
    """Check a file in an empty folder, and run it if it is right; gives what the check left."""
    with tempfile.TemporaryDirectory() as name, standing_in(Path(name)):
        Path(FILE).write_bytes(data)
        before = tree(Path(name))
        sets = [word for override in overrides for word in ("--set", override)]
        left = typed("check", FILE, *sets)
        assert tree(Path(name)) == before
        assert_told_well(left, by_place=not overrides)
        if left.code == 0 and "numbers" in left.out:
            _assert_runs(Path(name), sets)
        return left


def _assert_runs(folder: Path, sets: list[str]) -> None:
    """A right scenario can be run; where a size makes it impossible, nothing is written."""
    before = tree(folder)
    left = typed("run", FILE, *sets, *TINY, "--out", "out")
    assert left.code in (0, 2), left.err
    assert not NOT_FOR_READERS.search(left.err), left.err
    if left.code == 2:
        assert tree(folder) == before
