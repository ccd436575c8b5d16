"""A sweep that faults befall, gone on with until it is whole, and what was counted meanwhile."""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from returnsim.experiments.inventory import collect, verify
from tests.experiments.made import contents
from tests.experiments.sweeps import CELLS, EXPERIMENT, command, every_byte, tables, written

ROUNDS = int(os.environ.get("RETURNSIM_SOAK_ROUNDS", "5"))
"""How often each fault is tried, each time at other moments."""

SMALL = EXPERIMENT + "households: 40\n"
MOST_SECONDS = 300
MOST_GOES = 5
LOOK_SECONDS = 0.01
NUMBERS = ("injected", "survived", "lost", "again", "tracebacks")
TALLIES = ("left", "said")
USUAL = re.compile(r"small: [\d,]+ of [\d,]+ cells|The results are in ")
"""What a sweep that nothing befalls says on stderr."""


class Sweep(subprocess.Popen[bytes]):
    """A sweep in a process of its own, with files for what it says."""

    def __init__(self, words: Sequence[str], name: Path, environment: Mapping[str, str]) -> None:
        self.out, self.err = name.with_suffix(".out"), name.with_suffix(".err")
        with self.out.open("wb") as out, self.err.open("wb") as err:
            super().__init__(words, stdout=out, stderr=err, env=os.environ | environment)

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends so soon; waits until then."""
        try:
            self.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def workers(self) -> list[psutil.Process]:
        """The processes in which it runs its cells."""
        there = []
        for child in psutil.Process(self.pid).children():
            with suppress(psutil.Error):
                if any("spawn_main" in word for word in child.cmdline()):
                    there.append(child)
        return there


class Whole:
    """A finished sweep that nothing befell.

    Parameters
    ----------
    folder : Path
        An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "out"
        words = command("sweep", written(folder, SMALL), "--out", self.folder, "--workers", 2)
        started = time.monotonic()
        subprocess.run(words, check=True, capture_output=True, timeout=MOST_SECONDS)
        self.seconds = time.monotonic() - started
        self.store = contents(self.folder / "store")
        self.tables = tables(self.folder)
        self.files = _files(self.folder)


class Round:
    """One sweep, what befalls it, and what comes of it.

    Attributes
    ----------
    injected : int
        Faults that came before the sweep had ended.
    lost : int
        Cells that are not those of an undisturbed sweep in the end.
    again : int
        Cells that were run although they had been kept.
    tracebacks : int
        Processes that showed one.
    left, said : Counter
        Exit codes, and what was said on stderr beside progress.
    """

    def __init__(self, fault: str, seed: int, whole: Whole, folder: Path) -> None:
        self.fault, self.whole, self.folder = fault, whole, folder
        self.chance = random.Random(f"{fault} {seed}")
        self.file = written(folder, SMALL)
        self.out = folder / "out"
        self.options: tuple[object, ...] = ("--workers", 2)
        self.environment: dict[str, str] = {}
        self.injected = self.survived = self.lost = self.again = self.tracebacks = 0
        self.left: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.not_possible = ""
        self.processes: list[Sweep] = []
        self._seen: dict[str, int] = {}

    def told(self) -> dict[str, Any]:
        """The counts, as JSON has them."""
        names = ("fault", *NUMBERS, *TALLIES, "not_possible")
        return {name: getattr(self, name) for name in names}

    def start(self) -> Sweep:
        """Start the sweep, or go on with it."""
        words = command("sweep", self.file, "--out", self.out, "--json", *self.options)
        name = self.folder / f"{len(self.processes)}"
        self.processes.append(Sweep(words, name, self.environment))
        return self.processes[-1]

    def end(self, process: Sweep) -> dict[str, int]:
        """Wait for the end of a process; gives the cells that it told of, if it came to that."""
        code = process.wait(timeout=MOST_SECONDS)
        self.look()
        self.hear(code, process.err.read_text())
        out = process.out.read_text()
        return json.loads(out)["cells"] if out else {}

    def hear(self, code: int, said: str) -> None:
        """Note how a process left and what it said."""
        self.left["killed" if code == -signal.SIGKILL else str(code)] += 1
        for line in dict.fromkeys(said.splitlines()):
            if not USUAL.match(line):
                self.said[self._in_general(line)] += 1
        self.tracebacks += "Traceback" in said
        assert "Traceback" not in said, said
        assert code in {0, 1, 2, -signal.SIGKILL}, said

    def look(self) -> int:
        """Count the cells that are kept, and those that were and are kept anew or no more."""
        found = {path.stem: path.stat().st_ino for path in self.out.glob("store/??/*.json")}
        self.again += sum(found.get(key) != record for key, record in self._seen.items())
        self._seen = found
        return len(found)

    def is_in_time(self, process: Sweep) -> bool:
        """Wait for a moment drawn by chance; gives whether the process is still there then.

        Some moments are drawn evenly over the time that a sweep takes, others just after some
        number of cells have been kept: while the next is being written, or the tables.
        """
        if self.chance.random() < 0.4:
            return not process.ends_within(self.chance.uniform(0.3, self.whole.seconds))
        wanted = self.chance.randint(self.look(), CELLS)
        while self.look() < wanted:
            if process.ends_within(LOOK_SECONDS):
                return False
        return not process.ends_within(self.chance.uniform(0, 0.1))

    def kill(self, process: Sweep) -> None:
        """Kill a sweep with what cannot be caught; its workers end by themselves."""
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        self.injected += 1
        self.end(process)
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert alive == []

    def finish(self) -> None:
        """Give the same command until it leaves with 0, and compare what is there then.

        The cells and the tables must be those of an undisturbed sweep, with nothing beside them.
        """
        for _ in range(MOST_GOES):
            missing = CELLS - self.look()
            process = self.start()
            told = self.end(process)
            if process.returncode == 0:
                self.again += told["ran"] - missing
                break
        store = contents(self.out / "store")
        names = store.keys() | self.whole.store.keys()
        differing = [name for name in names if store.get(name) != self.whole.store.get(name)]
        self.lost = len({name.partition(".")[0] for name in differing})
        assert differing == []
        assert process.returncode == 0
        assert tables(self.out) == self.whole.tables
        checked = verify(self.out, 2, self.chance.randrange(2**32))
        assert checked.is_well, checked.lines
        collect(self.out)
        assert _files(self.out) == self.whole.files
        assert self.again == 0
        self.survived = self.injected

    def leave(self) -> None:
        """End what a test that fails has left behind."""
        for process in self.processes:
            process.kill()
            process.wait()

    def _in_general(self, line: str) -> str:
        line = line.replace(str(self.out), "OUT").replace("disk/out", "OUT")
        line = re.sub(r"'siege=.*', block \d+", "CASE", line)
        line = re.sub(r"tcp://[\d.]+:\d+", "ADDRESS", line)
        # Wherever Python is on this machine.
        line = re.sub(r"/\S*/lib/python[\d.]+/", "PYTHON/", line)
        return re.sub(r"\b[0-9a-f]{12,64}\b", "KEY", line)


def totals(rounds: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The counts of all rounds of each fault."""
    found: dict[str, dict[str, Any]] = {}
    for told in rounds:
        row = found.setdefault(told["fault"], {"fault": told["fault"], "rounds": 0})
        row["rounds"] += 1
        for name in NUMBERS:
            row[name] = row.get(name, 0) + told[name]
        for name in TALLIES:
            row[name] = dict(Counter(row.get(name, {})) + Counter(told[name]))
        row["not_possible"] = told["not_possible"] or row.get("not_possible", "")
    return [found[fault] for fault in sorted(found)]


def _files(folder: Path) -> list[str]:
    """Every file but the locks."""
    return [name for name in every_byte(folder) if "/." not in name]
