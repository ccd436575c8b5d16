"""Writes docs/reliability.md from the counts that the soak left.

    .venv/bin/python -m benchmarks.reliability

Every number on the page comes from that file.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.camps import ROOT
from benchmarks.page import FOLDER, NONE, table, told_of_machine

COUNTS = FOLDER / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"
NUMBERS = {
    "rounds": "rounds",
    "injected": "injected",
    "survived": "survived",
    "lost": "cells lost",
    "again": "run again though kept",
    "tracebacks": "tracebacks",
}
HEADS = ("what befell it", *NUMBERS.values(), "left")


def page_of(told: Mapping) -> str:
    """The page."""
    faults = told["faults"]
    lost = sum(fault["lost"] for fault in faults)
    injected = sum(fault["injected"] for fault in faults)
    return (
        "\n\n".join(
            [
                "# What a sweep survives",
                "<!-- Written by `make soak`; do not edit. -->",
                f"{injected:,} faults in sweeps of {told['cells']} cells, at moments drawn by "
                f"chance; {lost:,} cells lost. A round is one sweep. After its faults the same "
                "command is given until it leaves with 0. A fault counts as survived if then "
                "every cell and every table is, byte for byte, that of a sweep that nothing "
                "befell, `returnsim store verify` finds nothing wrong, and after `returnsim store "
                "gc` nothing else is there. Lost are cells that are not those of that sweep.",
                "Counted by `.venv/bin/python -m pytest tests/soak -m soak` for `make soak`.",
                told_of_machine(told["machine"]),
                table(HEADS, [_line(fault) for fault in faults]),
                "*Left* tells how often the processes left with 0, which is well, with 1, where a "
                "run failed, with 2, where there is something to mend, or killed.",
                "## What was said",
                "On standard error, beside how far it was, and how often.",
                *(_said(fault) for fault in faults if fault["said"]),
            ]
        )
        + "\n"
    )


def _line(fault: Mapping) -> list[object]:
    if not fault["injected"]:
        return [fault["fault"], *[NONE] * (len(HEADS) - 2), fault["not_possible"]]
    left = ", ".join(f"{number} × {code}" for code, number in sorted(fault["left"].items()))
    return [fault["fault"], *(fault[name] for name in NUMBERS), left]


def _said(fault: Mapping) -> str:
    lines = sorted(fault["said"].items(), key=lambda each: (-each[1], each[0]))
    told = [f"- {number} × `` {line} ``" for line, number in lines]
    return f"After {fault['fault']}:\n\n" + "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=Path, default=COUNTS)
    parser.add_argument("--out", type=Path, default=PAGE)
    wanted = parser.parse_args()
    wanted.out.write_text(page_of(json.loads(wanted.counts.read_text())))
    print(f"wrote {wanted.out}")


if __name__ == "__main__":
    main()
