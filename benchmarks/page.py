"""Writes docs/performance.md from what the benchmarks left in a folder.

    .venv/bin/python -m benchmarks.page

Every number on the page comes from a file that the command named beside it writes.
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.camps import ROOT
from benchmarks.measuring import Figure, figure_of, log_log_slope, ratio, short
from benchmarks.ratios import HISTORY, QUOTED, TWIN, Quoted, quoted_of
from benchmarks.scaling import ENGINES, slope_of

from returnsim.core.engines import NUMBA, NUMPY

PAGE = ROOT / "docs" / "performance.md"
FOLDER = ROOT / ".benchmarks"
MOST_BYTES = 400
FEWEST_SEEN = 20_000  # households
LABELS = {NUMPY: "NumPy", NUMBA: "numba"}
FLOORS = ("random", "bytes", "exp")
NONE = "–"


def met(figure: Figure, target: float | None, aim: float | None) -> str:
    """Whether a target was met, in words."""
    if target is None:
        return NONE
    wanted = f"{target:g}" + (f" (aim {aim:g})" if aim else "")
    if figure.median < target:
        return f"{wanted}: **not met**"
    return f"{wanted}: met" + (", aim too" if aim and figure.median >= aim else "")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def command(name: str) -> str:
    """Say what prints the numbers that follow."""
    return f"Printed by `.venv/bin/python -m benchmarks.{name}`."


def told_of_machine(machine: Mapping[str, str]) -> str:
    """What was measured on, and how busy it was when the measurement ended."""
    m = machine
    return (
        f"{m['processor']}, {m['cores']} cores, {m['memory']}, {m['system']}; "
        f"Python {m['Python']}, NumPy {m['NumPy']}, numba {m['numba']}, Mesa {m['Mesa']}; "
        f"{m['date']}, load {m['load']} at the end."
    )


def ratios_part(told: Mapping) -> str:
    """Ratios, with and without history, and the floors."""
    rates, sizes = told["rates"], told["sizes"]
    figures = quoted_of(rates)

    def line(quoted: Quoted) -> list[object]:
        bare = figures[quoted.name]
        history = figures.get(quoted.name + HISTORY, NONE)
        return [quoted.name, bare, history, met(bare, quoted.target, quoted.aim)]

    heads = ("rate of one to that of the other", "without history", "with history", "wanted")
    return "\n\n".join(
        [
            "## Beside plain Mesa",
            f"The same model, the first {sizes['weeks']} weeks of Rukban, in one process and in "
            f"{len(rates[TWIN])} interleaved rounds; a rate is household-weeks a second, a number "
            "the median of the rounds, with the lowest and highest. History is the weekly record. "
            f"A replicate has {sizes['households']:,} households and a block "
            f"{sizes['replicates']} replicates; the twin, which is slow, is given "
            f"{sizes['twin']:,} households of the same camp and one replicate.",
            command("ratios"),
            table(heads, [line(quoted) for quoted in QUOTED]),
            "## What history costs",
            table(
                ("", "time with history to time without"),
                [
                    (name, ratio(rates[name], rates[name + HISTORY]))
                    for name in rates
                    if name + HISTORY in rates
                ],
            ),
            "## Floors",
            "The share of a run's time that its random numbers, the bytes it moves and its "
            "exponentials take when NumPy does nothing else, on one thread and in the same rounds. "
            "The rest is rules, masks and bookkeeping. A compiled loop draws only for those at "
            "risk and computes while it waits for memory, so that its shares may sum to more "
            "than 1.",
            command("ratios"),
            table(
                ("", "random numbers", "bytes moved", "exponentials", "together"),
                [_floor_line(rates, engine, of) for of in ("one", "block") for engine in ENGINES],
            ),
        ]
    )


def _floor_line(rates: Mapping[str, Sequence[float]], engine: str, of: str) -> list[object]:
    name = f"{LABELS[engine]} {of}"
    shares = [
        [own / floor for own, floor in zip(rates[name], rates[f"{of}: {what}"], strict=True)]
        for what in FLOORS
    ]
    together = [sum(parts) for parts in zip(*shares, strict=True)]
    return [name, *map(figure_of, shares), figure_of(together)]


def benchmarks_part(told: Mapping) -> str:
    """Memory, the largest case, and every other benchmark."""
    groups: dict[str, list[Mapping]] = {}
    for each in told["benchmarks"]:
        groups.setdefault(each["group"], []).append(each)
    memory = [_memory_line(each["extra_info"]) for each in groups.pop("memory", [])]
    times = [
        [group, f"`{each['name'].removeprefix('test_')}`", _seconds(each), _rate(each)]
        for group, members in groups.items()
        for each in members
    ]
    parts = ["Printed by `.venv/bin/python -m pytest benchmarks`."]
    if memory:
        heads = ("", "at the peak", "wanted", "making the households", "arrays of the core")
        parts = [
            "## Memory",
            "Bytes a household and replicate, in a process of its own. The peak holds the "
            "households, their contacts, their state and what the engine takes while it steps. A "
            "run of 64 replicates of 2,000 households steps a few replicates at a time, and keeps "
            "their weekly record; a block is 16 replicates of 20,000 households all at once, "
            "without history. The arrays of the core are counted, not measured.",
            *parts,
            table(heads, memory),
        ]
    return "\n\n".join(
        [
            *parts,
            "## Times",
            "These are of one machine on one day and promise nothing; they are here to be compared "
            "with the next run (`benchmarks/compare.py`).",
            "Printed by `.venv/bin/python -m pytest benchmarks`.",
            table(("group", "", "median", "household-weeks a second"), times),
        ]
    )


def _memory_line(told: Mapping) -> list[object]:
    if "engine" in told:
        return [f"{LABELS[told['engine']]}, a run", *_bytes_wanted(told["bytes"]), NONE, NONE]
    ((engine, peak),) = told["bytes"].items()
    arrays = ", ".join(f"{name} {short(size)}" for name, size in told["arrays"].items())
    name = f"{LABELS[engine]}, a block"
    return [name, *_bytes_wanted(peak), short(told["making_bytes"]), arrays]


def _bytes_wanted(peak: float) -> list[object]:
    verdict = "met" if peak < MOST_BYTES else "**not met**"
    return [short(peak), f"under {MOST_BYTES}: {verdict}"]


def _seconds(each: Mapping) -> str:
    seconds = each["stats"]["median"]
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{short(seconds / size)} {unit}"
    return f"{short(seconds * 1e6)} µs"


def _rate(each: Mapping) -> str:
    steps = each["extra_info"].get("household_weeks")
    return short(steps / each["stats"]["median"]) if steps else NONE


def scaling_part(told: Mapping) -> str:
    """Slopes."""
    parts = [
        "## Growth",
        "A slope is the power with which time grows, from a line through the logarithms: 1 is in "
        "proportion, and below 1 what a call of NumPy costs whatever it is given still counts. "
        "Without history.",
        command("scaling"),
        table(("time by", *(LABELS[engine] for engine in ENGINES)), _slopes(told)),
        "One camp, one replicate, its first weeks, when almost everyone is still there:",
        table(
            (
                "households",
                *(f"a week, {LABELS[engine]}, s" for engine in ENGINES),
                *(f"bytes a household, {LABELS[engine]}" for engine in ENGINES),
                "making them, s",
            ),
            [_camp_line(line) for line in told["households"]],
        ),
        f"More workers, `returnsim.simulate` of {told['sizes']['of_cores']} replicates of "
        f"{told['sizes']['camp']:,} households (processes for NumPy, which take a while to start; "
        "threads for numba):",
        table(
            ("workers", *(f"faster than one, {LABELS[engine]}" for engine in ENGINES)),
            _core_lines(told["cores"]),
        ),
    ]
    return "\n\n".join(parts)


def _slopes(told: Mapping) -> list[list[object]]:
    camps = told["households"]
    sizes = [line["households"] for line in camps]
    rows: list[list[object]] = []
    for count, what in ((0, "households"), (1, "households, the smallest left out")):
        if len(sizes) - count > 1:
            weeks = {e: [figure_of(c["week_seconds"][e]).median for c in camps] for e in ENGINES}
            slopes = [short(log_log_slope(sizes[count:], weeks[e][count:])) for e in ENGINES]
            rows.append([f"{what} ({sizes[count]:,} to {sizes[-1]:,})", *slopes])
    for what in ("weeks", "replicates"):
        ends = [line["size"] for line in told[what][NUMPY]]
        slopes = [short(slope_of(told[what][engine])) for engine in ENGINES]
        rows.append([f"{what} ({ends[0]} to {ends[-1]})", *slopes])
    return rows


def _camp_line(line: Mapping) -> list[object]:
    weeks = [short(figure_of(line["week_seconds"][engine]).median) for engine in ENGINES]
    # A small camp fits into what the process had taken before.
    is_seen = line["households"] >= FEWEST_SEEN
    sizes = [short(line["bytes"][engine]) if is_seen else NONE for engine in ENGINES]
    return [f"{line['households']:,}", *weeks, *sizes, short(line["making_seconds"])]


def _core_lines(cores: Mapping) -> list[list[object]]:
    rows = []
    for number in range(len(cores[NUMPY])):
        first = {engine: cores[engine][0]["seconds"] for engine in ENGINES}
        gains = [ratio(first[e], cores[e][number]["seconds"]) for e in ENGINES]
        rows.append([cores[NUMPY][number]["size"], *gains])
    return rows


def peers_part(told: Mapping) -> str:
    """Other tools."""
    rows = []
    for name, peer in told["peers"].items():
        rate = figure_of(peer["rates"]) if peer["rates"] else NONE
        failed = peer.get("failed")
        model = f"could not be installed or run: {failed}" if failed else peer["model"]
        rows.append([name, peer.get("version", NONE), rate, model])
    return "\n\n".join(
        [
            "## Other tools",
            "Agents stepped in a second, each tool on a model of its own kind and in its own "
            "environment. **These are different models**: an agent of an epidemic is no household "
            "that weighs whether to go home, and the steps are years, days or rounds. Only plain "
            "Mesa runs the same model.",
            "Printed by `make bench-peers`.",
            table(("", "version", "agent-steps a second", "model"), rows),
            told_of_machine(told["machine"]),
        ]
    )


PARTS = {
    "ratios.json": ratios_part,
    "benchmarks.json": benchmarks_part,
    "scaling.json": scaling_part,
    "peers.json": peers_part,
}


def page_of(folder: Path) -> str:
    """The page.

    Raises
    ------
    ValueError
        If the folder has no ratios.
    """
    found = {name: folder / name for name in PARTS if (folder / name).exists()}
    if "ratios.json" not in found:
        raise ValueError(f"{folder}: no ratios.json; `make bench` writes it")
    told = {name: json.loads(file.read_text()) for name, file in found.items()}
    missing = [name for name in PARTS if name not in found]
    parts = [
        "# How fast it is",
        "<!-- Written by `make bench`; do not edit. -->",
        "Measured, not promised: a machine that is shared is at times half as fast, and so what is "
        "to be quoted are ratios within interleaved rounds of one run. What runs on one thread is "
        "timed by the processor time that it takes; what runs on several, and other tools, by the "
        "clock on the wall, which other work on the machine slows.",
        told_of_machine(told["ratios.json"]["machine"]),
        *(PARTS[name](told[name]) for name in found),
    ]
    if missing:
        parts.append(f"Not measured this time: {', '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=PAGE)
    wanted = parser.parse_args()
    wanted.out.write_text(page_of(wanted.folder))
    print(f"wrote {wanted.out}")


if __name__ == "__main__":
    main()
