"""Write results/README.md: the figures of the shipped experiments, each with what it shows.

Takes what `returnsim sweep`, `compare`, `verdict` and `sensitivity` have left in results/;
`make results` runs them all.
"""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
STUDY, RANKS = "sensitivity.json", "check.json"
HEAD = """# Results

<!-- Written by experiments/gallery.py; `make results` runs the experiments and writes it. -->

What the shipped [experiments](../experiments) show. Every case of an experiment has the same
seed, so that the same household meets the same luck in each. The tables behind the figures are
beside them: `summary.csv` (every outcome by case), `compare.csv` (the same with paired
differences), `run.json` (all that is needed to run it again). Most numbers of these scenarios are
guesses, as each figure says: they show what follows from assumptions, and are no forecast of what
anyone will do or of what is safe.

`returnsim run` writes a folder of its own here for each scenario; those, and all Parquet files, are
not tracked.
"""
ALT = {
    "series": "People in camp, returned and harmed to date, by case",
    "differences": "Paired differences of each case from the baseline, outcome by outcome",
    "heat-maps": "Returns and harm over two factors",
    "effects": "How returns and harm move with each factor",
    "marginals": "Prior and posterior of each parameter",
    "fit": "The rows that were fitted to, and what the fitted model would have them be",
    "pairs": "Parameters that the record tells only together",
    "ranks": "How often the true value had each rank among the draws of its posterior",
    "shares": "Share of the space in which each policy is better, pair by pair",
    "frontier": "Safe voluntary returns against harm, a dot a policy",
    "elementary-effects": "How far each factor moves each outcome over its range",
    "indices": "How much of the variance of each outcome is each factor's, alone and in all",
    "indices-over-time": "How much of the variance is each factor's, day by day",
    "returns-and-harm": "Returns against the harm that comes of them, a dot a case",
}


def section(folder: Path) -> str:
    """One experiment: what it asks, how it was run, and its figures."""
    if (folder / STUDY).is_file():
        return study(folder)
    if (folder / RANKS).is_file():
        return check(folder)
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if "calibration" in told:
        return fit(folder, told)
    words, shown = f"compare results/{folder.name}", folder / "figures"
    if (folder / "verdict").is_dir():
        words, shown = f"verdict experiments/{folder.name}.yaml", folder / "verdict" / "figures"
    captions = json.loads((shown / "captions.json").read_text(encoding="utf-8"))
    number = len(told["cases"])
    scale = _scale(told)
    lines = [
        f"## {told['title']}",
        told["question"],
        f"{number} cases of {told['replicates']} replicates, seed {told['seed']}, {scale}; "
        f"baseline: *{told['baseline']}*. "
        f"{told['guesses']} of the {told['numbers']} numbers that it rests on are guesses.",
        f"```\n.venv/bin/returnsim sweep experiments/{folder.name}.yaml\n"
        f".venv/bin/returnsim {words}\n```",
    ]
    return "\n\n".join([*lines, *pictures(shown, captions)])


def _scale(told: dict[str, Any]) -> str:
    """How large the simulated camp is; earlier versions had it under another name."""
    asked = told.get("households_asked", told.get("households"))
    return f"{asked:,} households" if asked else "the whole camp"


def study(folder: Path) -> str:
    """A study of sensitivity: what it asks, how it was run, and its figures."""
    told = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    shown = folder / "figures"
    captions = json.loads((shown / "captions.json").read_text(encoding="utf-8"))
    scale = _scale(told)
    lines = [
        f"## {told['title']}",
        told["question"],
        f"{len(told['factors'])} factors, {sum(told['points'].values()):,} points of "
        f"{told['replicates']} replicates, seed {told['seed']}, {scale}. "
        f"{told['guesses']} of the {told['numbers']} numbers that it rests on are guesses.",
        f"```\n.venv/bin/{told['command']}\n```",
    ]
    return "\n\n".join([*lines, *pictures(shown, captions)])


def fit(folder: Path, told: dict) -> str:
    """A fit: what it asks, how it was run, and its figures."""
    shown = folder / "figures"
    captions = json.loads((shown / "captions.json").read_text(encoding="utf-8"))
    lines = [
        f"## {told['title']}",
        told["question"],
        f"{told['parameters']} parameters fitted to {told['targets']} rows of the record by "
        f"{told['runs']:,} runs of {told['households']:,} households, seed {told['seed']}.",
        f"```\n.venv/bin/{told['command']}\n```",
    ]
    return "\n\n".join([*lines, *pictures(shown, captions)])


def check(folder: Path) -> str:
    """Records made by the model and fitted."""
    told = json.loads((folder / RANKS).read_text(encoding="utf-8"))
    caption = json.loads((folder / "figures" / "captions.json").read_text(encoding="utf-8"))
    lines = [
        f"## {told['title']}",
        told["question"],
        f"```\n.venv/bin/{told['command']}\n```",
    ]
    return "\n\n".join([*lines, *pictures(folder / "figures", caption)])


def pictures(shown: Path, captions: dict[str, str]) -> list[str]:
    """Every figure of a folder, each with what it shows."""
    lines = []
    for name, caption in captions.items():
        picture = (shown / f"{name}.png").relative_to(RESULTS)
        lines += [f"![{ALT[name]}]({picture})", caption]
    return lines


def main() -> None:
    """Write the page."""
    names = [file.stem for file in sorted((ROOT / "experiments").glob("*.yaml"))]
    sections = [section(RESULTS / name) for name in names if (RESULTS / name).is_dir()]
    text = "\n\n".join([HEAD.rstrip(), *sections]) + "\n"
    (RESULTS / "README.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
