"""A verdict written down: two tables, all of it as JSON, and figures with what each shows."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.experiments.compare import Comparison
from returnsim.experiments.discovery import Box
from returnsim.experiments.frontier import MEASURES, Standing
from returnsim.experiments.verdict import RULE, Judgement, Verdict
from returnsim.experiments.written import MADE_OF, write_results
from returnsim.folders import with_nulls

if TYPE_CHECKING:
    import pandas as pd

VERDICT = "verdict"
PAIRS, POLICIES, WHOLE = "verdict.csv", "policies.csv", "verdict.json"
Draw = Callable[[Verdict, Comparison, Path], dict[str, str]]


def write_verdict(
    verdict: Verdict, comparison: Comparison, folder: Path, command: str, draw: Draw | None
) -> None:
    """Write the tables, ``verdict.json``, ``checksums.json`` and, with ``draw``, ``figures``.

    Parameters
    ----------
    verdict : Verdict
        Any.
    comparison : Comparison
        What it was made from.
    folder : Path
        Where to; it is made.
    command : str
        What to type to have it again.
    draw : callable, optional
        Draws into a folder and gives for each figure, by its name, a sentence on what it shows.

    Raises
    ------
    RunError
        If the disk does not take it.
    """
    write_results(
        folder,
        "the verdict",
        {PAIRS: pairs_table(verdict), POLICIES: policies_table(verdict)},
        {WHOLE: as_text(as_json(verdict, comparison, command))},
        None if draw is None else partial(draw, verdict, comparison),
        told={MADE_OF: comparison.fingerprint},
    )


def pairs_table(verdict: Verdict) -> "pd.DataFrame":
    """A row for every two policies and each outcome that has a good direction.

    Parameters
    ----------
    verdict : Verdict
        Any.

    Returns
    -------
    pandas.DataFrame
        ``policy, other, outcome, unit, good``; ``points``, of which ``told`` a difference and
        ``same`` came out the same; ``policy_better`` and ``other_better``, points; ``better``,
        the one that more often is, its ``share_better`` of the points with a 90 % interval;
        ``mean_difference``, the policy less the other; ``verdict``; and the ``boxes`` in which
        the one or the other is better, in words.
    """
    import pandas as pd

    rows = []
    for one in verdict.judgements:
        info = verdict.sample.outcomes[one.outcome]
        told = {"policy": one.policy, "other": one.other, "outcome": one.outcome}
        kind = {"unit": info.unit, "good": info.good or ""}
        rows.append(told | kind | _counts(one) | {"boxes": "; ".join(flips_in_words(one))})
    return pd.DataFrame(rows)


def policies_table(verdict: Verdict) -> "pd.DataFrame":
    """A row for every policy.

    Parameters
    ----------
    verdict : Verdict
        Any.

    Returns
    -------
    pandas.DataFrame
        ``policy``; of each measure the mean over the points and the middle 90 % of them
        (``_low90``, ``_high90``); ``within_limit_on_pushed``, ``frontier`` and ``surpassed_by``.
    """
    import pandas as pd

    rows = []
    for one in verdict.standings:
        row: dict[str, Any] = {"policy": one.policy}
        for name in MEASURES:
            spread = one.measures[name]
            row |= {
                name: spread.mean,
                f"{name}_low90": spread.low90,
                f"{name}_high90": spread.high90,
            }
        row |= {"within_limit_on_pushed": one.is_within, "frontier": one.is_on_frontier}
        rows.append(row | {"surpassed_by": ", ".join(one.beaten_by)})
    return pd.DataFrame(rows)


def as_json(verdict: Verdict, comparison: Comparison, command: str) -> dict[str, Any]:
    """All of a verdict, ready for JSON.

    Parameters
    ----------
    verdict : Verdict
        Any.
    comparison : Comparison
        What it was made from.
    command : str
        What to type to have it again.
    """
    sample = verdict.sample
    return {
        "title": comparison.title,
        "question": comparison.question,
        "command": command,
        "points": sample.points,
        "points_left_out": sample.left_out,
        "replicates": max(len(case.replicates) for case in comparison.cases),
        "seed": comparison.seed,
        "guesses": comparison.guesses,
        "numbers": comparison.numbers,
        "rule": RULE,
        "pushed_at_most": verdict.pushed_at_most,
        "boxes_sought": verdict.boxes_sought,
        "uncertainties": [
            {"name": axis.name, "unit": axis.unit, "low": axis.low, "high": axis.high}
            for axis in sample.axes
        ],
        "outcomes": {name: asdict(info) for name, info in sample.outcomes.items()},
        "policies": [_policy(one) for one in verdict.standings],
        "pairs": [_pair(one) for one in verdict.judgements],
        "notes": list(comparison.notes),
    }


def as_text(told: Mapping[str, Any]) -> str:
    """JSON for a file or the terminal; what is not defined is null."""
    return json.dumps(with_nulls(told), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def flips_in_words(judgement: Judgement) -> list[str]:
    """Where the one or the other policy is better, a line for each box."""
    return [f"{flip.better} where {box_in_words(flip.box)}" for flip in judgement.flips]


def box_in_words(box: Box) -> str:
    """A box for a reader: its sides, coverage and density."""
    sides = " and ".join(side.words for side in box.sides)
    out = "none" if math.isnan(box.held_out_density) else f"{box.held_out_density:.2f}"
    return f"{sides} (coverage {box.coverage:.2f}, density {box.density:.2f}, held out {out})"


def _counts(one: Judgement) -> dict[str, Any]:
    return {
        "points": one.points,
        "told": one.told,
        "same": one.same,
        "policy_better": one.policy_better,
        "other_better": one.other_better,
        "better": one.better,
        "share_better": one.share,
        "share_low90": one.low,
        "share_high90": one.high,
        "mean_difference": one.difference,
        "verdict": one.verdict,
    }


def _policy(one: Standing) -> dict[str, Any]:
    return {
        "policy": one.policy,
        "measures": {name: spread._asdict() for name, spread in one.measures.items()},
        "within_limit_on_pushed": one.is_within,
        "frontier": one.is_on_frontier,
        "surpassed_by": list(one.beaten_by),
    }


def _pair(one: Judgement) -> dict[str, Any]:
    names = {"policy": one.policy, "other": one.other, "outcome": one.outcome}
    boxes = [{"better": flip.better, **_box(flip.box)} for flip in one.flips]
    return names | _counts(one) | {"in_words": one.in_words(), "boxes": boxes}


def _box(box: Box) -> dict[str, Any]:
    return box._asdict() | {"sides": [side._asdict() for side in box.sides]}
