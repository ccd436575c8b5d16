"""A command in a terminal, and Ctrl-C in the middle of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil

# Where the tests run in the background of a shell, the interrupt is ignored from the start.
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from returnsim.cli import main; main()"
)


class Interrupted(NamedTuple):
    """What a command left that was interrupted."""

    code: int
    out: bytes
    told: bytes  # in the terminal
    workers: list[psutil.Process]  # that it had then


def interrupted(words: list[str], folder: Path, once: bytes) -> Interrupted:
    """Press Ctrl-C once something is told.

    Parameters
    ----------
    words : list of str
        After ``returnsim``.
    folder : Path
        Where it is typed.
    once : bytes
        What is waited for.
    """
    terminal, inner = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", START, *words],
        stdout=subprocess.PIPE,
        stderr=inner,
        cwd=folder,
        start_new_session=True,
    ) as process:
        os.close(inner)
        told = b""
        while once not in told:
            told += os.read(terminal, 1024)
        workers = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        told += _rest(terminal)
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(terminal)
    return Interrupted(process.returncode, out, told, workers)


def _rest(terminal: int) -> bytes:
    """What is said until the other side is closed, which Linux tells as an error."""
    told = b""
    while True:
        try:
            more = os.read(terminal, 1024)
        except OSError:
            return told
        if not more:
            return told
        told += more
