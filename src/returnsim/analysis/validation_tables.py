"""A validation, and patterns held, as tables and as plain data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from returnsim.analysis.baselines import NAMES
from returnsim.analysis.patterns import Held
from returnsim.analysis.validation import BANDS, Point, Validation

if TYPE_CHECKING:
    import pandas as pd

OWN_RULE = "as it is"


def points_table(validation: Validation) -> "pd.DataFrame":
    """Every point, those that were used among them, one row each.

    Parameters
    ----------
    validation : Validation
        Any.
    """
    import pandas as pd

    return pd.DataFrame([_point_row(point) for point in validation.points])


def scores_table(validation: Validation) -> "pd.DataFrame":
    """How the points that were not used were met: all together, then by quantity.

    Parameters
    ----------
    validation : Validation
        Any.
    """
    import pandas as pd

    rows = [
        {
            "quantity": score.quantity or "all",
            "points": score.points,
            "relative_difference": score.relative_difference,
            "crps": score.crps,
            "relative_crps": score.relative_crps,
            **{f"skill_over_{name}": score.skill[name] for name in NAMES},
        }
        for score in validation.scores
    ]
    columns = ["quantity", "points", "relative_difference", "crps", "relative_crps"]
    return pd.DataFrame(rows, columns=[*columns, *(f"skill_over_{name}" for name in NAMES)])


def patterns_table(held: Sequence[Held]) -> "pd.DataFrame":
    """Every check, one row each; under every rival, if there are some.

    Parameters
    ----------
    held : sequence of Held
        The scenario's own first.
    """
    import pandas as pd

    rows = [
        {
            "rule_of_decision": one.rival or OWN_RULE,
            "pattern": judged.pattern,
            "check": judged.name,
            "says": one.loaded.card.patterns[judged.pattern].says,
            "value": judged.value,
            "low90": judged.low90,
            "high90": judged.high90,
            "unit": judged.check.unit,
            "rule": judged.check.in_words(),
            "share_that_meet_it": judged.share,
            "verdict": judged.verdict,
        }
        for one in held
        for judged in one.judged
    ]
    return pd.DataFrame(rows)


def rivals_table(held: Sequence[Held]) -> "pd.DataFrame":
    """Which patterns hold under which rule of decision: pass or FAIL, a row a pattern.

    Parameters
    ----------
    held : sequence of Held
        The scenario's own first.
    """
    import pandas as pd

    patterns = list(held[0].loaded.card.patterns)
    columns = {
        one.rival or OWN_RULE: [_passes(one, pattern) for pattern in patterns] for one in held
    }
    return pd.DataFrame({"pattern": patterns} | columns)


def as_plain(validation: Validation | None, held: Sequence[Held]) -> dict[str, Any]:
    """All of it as JSON has it; what is not defined is null.

    Parameters
    ----------
    validation : Validation or None
        None where there are no observations.
    held : sequence of Held
        The scenario's own first; may be empty.
    """
    told: dict[str, Any] = {}
    if validation is not None:
        told["fitted"] = {
            "use": list(validation.fitted.use),
            "until": validation.fitted.until and str(validation.fitted.until),
        }
        told["points"] = _records(points_table(validation))
        told["scores"] = _records(scores_table(validation))
        told["coverage"] = [one._asdict() for one in validation.coverage]
    if held:
        told["patterns"] = _records(patterns_table(held))
        told["failed"] = {one.rival or OWN_RULE: one.failed() for one in held}
    return told


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{key: _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _passes(held: Held, pattern: str) -> str:
    said = [one.passes for one in held.judged if one.pattern == pattern and one.passes is not None]
    return ("pass" if all(said) else "FAIL") if said else "told"


def _point_row(point: Point) -> dict[str, Any]:
    one = point.observation
    return {
        "role": "used" if point.used else "judged",
        "quantity": one.quantity,
        "guarantor": one.guarantor or "",
        "from": one.start or "",
        "to": one.end,
        "unit": one.unit,
        "simulated": point.median,
        "low50": point.low50,
        "high50": point.high50,
        "low90": point.low90,
        "high90": point.high90,
        "observed": one.best,
        "observed_low": one.low,
        "observed_high": one.high,
        "error": point.error,
        "in50": point.is_within(BANDS[0]) if point.is_told else "",
        "in90": point.is_within(BANDS[1]) if point.is_told else "",
        "crps": point.crps,
        **{name: getattr(point.naive, name) for name in NAMES},
        "source": one.source,
    }
