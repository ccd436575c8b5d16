"""What peers do in a second, each on its own kind of model, in an environment of its own.

    .venv/bin/python -m benchmarks.run_peers --out .benchmarks/peers.json

Only the plain Mesa twin is the same model as the core. The others step other agents through other
rules: what they do in a second says what kind of tool they are, not by how much they are slower. A
peer that cannot be installed or does not run is told with the reason.
"""

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from benchmarks.camps import ROOT
from benchmarks.measuring import figure_of, machine

VENVS = ROOT / ".benchmarks" / "venvs"
SCRIPTS = ROOT / "benchmarks" / "others"
TWIN = ".[mesa,fast]", "psutil"
FRAMES = ("mesa-frames==0.1.0a0",)
"""Its interface changed since; the script is written for this one."""

LONGEST = 300  # seconds


class Peer(NamedTuple):
    """Something to install and to run."""

    name: str
    needs: tuple[str, ...]  # as pip is told
    script: tuple[str, ...]
    model: str
    same_model: bool = False


PEERS = (
    Peer("plain Mesa", TWIN, ("rukban", "twin"), "this model: the twin, 400 households", True),
    Peer("mesa-frames", FRAMES, ("mesa_frames_money",), "coins given, 20,000 people"),
    Peer("Starsim", ("starsim",), ("starsim_sir",), "SIR on a random network, 20,000 people"),
    Peer("Flee", ("flee",), ("flee_routes",), "people on roads to camps, 5,000 people"),
    Peer("returnsim, NumPy", TWIN, ("rukban", "numpy"), "this model: 16 camps of 2,000", True),
    Peer("returnsim, numba", TWIN, ("rukban", "numba"), "this model: 16 camps of 2,000", True),
)


class FailedError(Exception):
    """A peer that could not be installed or run."""


def python_of(peer: Peer) -> Path:
    """The interpreter of its environment, made where there is none.

    Raises
    ------
    FailedError
        If it cannot be installed.
    """
    folder = VENVS / ("returnsim" if peer.needs == TWIN else peer.needs[0].partition("==")[0])
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        pinned = ["-c", str(ROOT / "constraints.txt")] if peer.needs == TWIN else []
        called([str(python), "-m", "pip", "install", "--quiet", *pinned, *peer.needs])
        done.touch()
    return python


def called(command: list[str]) -> str:
    """What a command prints.

    Raises
    ------
    FailedError
        If it fails or takes too long, with the last line of what it complained of.
    """
    try:
        ran = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        raise FailedError(f"took longer than {LONGEST} seconds") from None
    if ran.returncode:
        complaints = [line for line in ran.stderr.splitlines() if line.strip()]
        errors = [line for line in complaints if "error" in line.lower()] or complaints
        raise FailedError(errors[-1] if errors else f"exit code {ran.returncode}")
    return ran.stdout


def ran_once(peer: Peer, python: Path) -> dict:
    """Agent-steps, seconds and version of one run."""
    script, *rest = peer.script
    command = [str(python), "-m", f"benchmarks.others.{script}", *rest]
    return dict(json.loads(called(command).splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    told = {
        peer.name: {"model": peer.model, "same_model": peer.same_model, "rates": []}
        for peer in PEERS
    }
    for _ in range(wanted.rounds):
        for peer in PEERS:
            entry = told[peer.name]
            if "failed" in entry:
                continue
            try:
                once = ran_once(peer, python_of(peer))
            except FailedError as error:
                entry["failed"] = str(error)
                print(f"{peer.name}: could not be installed or run: {error}", file=sys.stderr)
                continue
            entry["version"] = once["version"]
            entry["rates"].append(once["agent_steps"] / once["seconds"])
    for name, entry in told.items():
        if entry["rates"]:
            print(f"{name:20} {figure_of(entry['rates'])} agent-steps a second, {entry['model']}")
    if wanted.out is not None:
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps({"machine": machine(), "peers": told}, indent=1) + "\n")


if __name__ == "__main__":
    main()
