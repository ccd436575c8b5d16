"""Where the machine code of the compiled loops is kept on this machine."""

import hashlib
import os
from pathlib import Path


def cache_folder() -> Path:
    """A folder for each state of the source that is compiled: of the core, and of the draws.

    Numba looks at the file of a loop only to see whether its machine code is stale, and not at
    those of the rules that it calls and the constants that it takes.
    """
    package = Path(__file__).parent
    state = hashlib.sha256()
    for file in (*sorted((package / "core").rglob("*.py")), package / "draws.py"):
        state.update(file.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "returnsim" / f"compiled-{state.hexdigest()[:16]}"


def is_compiled() -> bool:
    """Whether some of the loops were compiled on this machine before."""
    return next(cache_folder().rglob("*.nbi"), None) is not None
