"""Looking a number up in a ledger."""

import pandas as pd


def value(
    ledger: pd.DataFrame,
    part: str,
    kind: str,
    unit: str,
    *,
    group: str = "all",
    guarantor: str = "(any)",
    who: str = "everyone",
    column: str = "mean",
) -> float:
    """The one number that fits."""
    rows = ledger[
        (ledger.part == part)
        & (ledger.guarantor == guarantor)
        & (ledger.who == who)
        & (ledger.group == group)
        & (ledger.kind == kind)
        & (ledger.unit == unit)
    ]
    assert len(rows) == 1
    return float(rows[column].iloc[0])
