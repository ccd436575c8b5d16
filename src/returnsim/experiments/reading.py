"""Results read back, of sweeps and of single runs, and put side by side."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from returnsim.errors import UsageError
from returnsim.experiments.compare import SHOWN_CASES, Case, Comparison, OutcomeInfo, Series
from returnsim.experiments.outcomes import DEFAULTS, HARMS, filled, measure, title
from returnsim.experiments.schema import Outcome
from returnsim.experiments.tables import OUTCOMES, WEEKLY_FOLDER, run_in
from returnsim.results import FORMAT, RUN, WEEKLY
from returnsim.scenario.problems import choice

if TYPE_CHECKING:
    import pandas as pd

DRAWN = ("camp_population", "departures", *HARMS)
"""Columns of the weekly record that a comparison draws."""

LEAST_APART = 0.05
"""Share of the range over all cases below which two of many are not both drawn."""


class Result(NamedTuple):
    """A folder of results.

    Attributes
    ----------
    folder : Path
        Where it is.
    told : dict
        Its ``run.json``.
    cases : tuple of Case
        What is in it.
    outcomes : dict of str to OutcomeInfo
        What was measured.
    is_sweep : bool
        Whether it is of a sweep, or of a single run.
    """

    folder: Path
    told: Mapping[str, Any]
    cases: tuple[Case, ...]
    outcomes: Mapping[str, OutcomeInfo]
    is_sweep: bool


def load_comparison(
    folders: Sequence[Path], baseline: str | None = None, wanted: Sequence[str] = ()
) -> Comparison:
    """Put results side by side.

    Parameters
    ----------
    folders : sequence of Path
        Of sweeps or of runs; of one seed and one size of camp, or no draw would be shared.
    baseline : str, optional
        The case that others are compared with; that of the first result if not given.
    wanted : sequence of str
        Outcomes to tell; all that every result has if empty. The harm is always told with returns.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        With all that is wrong.
    """
    results = _read_all(folders)
    _check_same(results)
    first = results[0]
    cases = _named_apart(results)
    common = [n for n in first.outcomes if all(n in result.outcomes for result in results)]
    wrong = [
        f"--outcome: {name}: no such outcome; {choice(name, tuple(common))}"
        for name in wanted
        if name not in common
    ]
    base = baseline or (first.told["baseline"] if first.is_sweep else cases[0][1].name)
    names = tuple(case.name for _, case in cases)
    if base not in names:
        wrong.append(f"--baseline: {base}: no such case; {choice(base, names)}")
    if not common:
        wrong.append("these results have no outcome in common")
    if wrong:
        raise UsageError("\n".join(wrong))
    asked = [n for n in common if not wanted or n in wanted or n.removesuffix("_per_100") in HARMS]
    chosen = _told_apart([case for _, case in cases], base)
    return Comparison(
        title=str(first.told["title"]) if len(results) == 1 else "Results side by side",
        question=str(first.told.get("question", "")) if len(results) == 1 else "",
        cases=tuple(case for _, case in cases),
        baseline=base,
        outcomes={name: first.outcomes[name] for name in asked},
        factors=first.told.get("factors", {}) if len(results) == 1 else {},
        series=tuple(_series(r, case) for r, case in cases if case.name in chosen),
        seed=int(first.told["seed"]),
        households=first.told.get("households"),
        guesses=int(first.told["guesses"]),
        numbers=int(first.told["numbers"]),
        notes=_notes([case for _, case in cases]),
    )


def _read_all(folders: Sequence[Path]) -> list[Result]:
    results, wrong = [], []
    for folder in folders:
        try:
            results.append(_read(folder))
        except UsageError as error:
            wrong.append(str(error))
    if wrong:
        raise UsageError("\n".join(wrong))
    return results


def _read(folder: Path) -> Result:
    import pandas as pd

    said = run_in(folder)
    try:
        if said is not None:
            return _of_sweep(folder, said, pd.read_parquet(folder / OUTCOMES))
        told = json.loads((folder / RUN).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise KeyError("format")
        return _of_run(folder, told, pd.read_parquet(folder / WEEKLY))
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder}: holds no finished results; name a folder that `returnsim sweep` or "
            "`returnsim run` has written, or run it again"
        ) from None


def _of_sweep(folder: Path, said: Mapping[str, Any], table: "pd.DataFrame") -> Result:
    outcomes = {
        name: OutcomeInfo(o["title"], o["unit"], o["good"]) for name, o in said["outcomes"].items()
    }
    by_case = dict(iter(table.groupby("case", sort=False)))
    cases = tuple(
        Case(
            case["name"],
            case["title"],
            case["factors"],
            by_case[case["name"]]["replicate"].to_numpy(),
            {name: by_case[case["name"]][name].to_numpy() for name in outcomes},
        )
        for case in said["cases"]
        if case["name"] in by_case
    )
    return Result(folder, said, cases, outcomes, is_sweep=True)


def _of_run(folder: Path, told: Mapping[str, Any], table: "pd.DataFrame") -> Result:
    defaults = {name: filled(name, Outcome()) for name in DEFAULTS}
    replicates, columns, dates = _arrays(table)
    case = Case(
        str(told["scenario"]),
        str(told["title"]),
        {},
        replicates,
        {name: measure(outcome, columns, dates) for name, outcome in defaults.items()},
    )
    outcomes = {
        name: OutcomeInfo(title(name, o), str(o.unit), o.good) for name, o in defaults.items()
    }
    return Result(folder, told, (case,), outcomes, is_sweep=False)


def _check_same(results: list[Result]) -> None:
    first = results[0]
    wrong = []
    for other in results[1:]:
        for what in ("seed", "weight"):
            a, b = first.told[what], other.told[what]
            if a != b:
                words = {"seed": "the seed", "weight": "people that a simulated one stands for"}
                wrong.append(
                    f"{other.folder}: {words[what]}: {b:g} where {first.folder} has {a:g}: their "
                    "people would not meet the same luck; run both with one seed and size"
                )
    if wrong:
        raise UsageError("\n".join(wrong))


def _named_apart(results: list[Result]) -> list[tuple[Result, Case]]:
    """All cases; those of the same name in several results also bear the folder's."""
    names = [case.name for result in results for case in result.cases]
    cases = []
    for result in results:
        for case in result.cases:
            twice = names.count(case.name) > 1 if len(results) > 1 else False
            name = f"{case.name} ({result.folder.name})" if twice else case.name
            cases.append((result, Case(name, *_rest(case))))
    if not cases:
        raise UsageError("there is no finished case in these results; run the sweep to its end")
    return cases


def _rest(case: Case) -> tuple[str, Mapping[str, Any], np.ndarray, Mapping[str, np.ndarray]]:
    return case.title, case.factors, case.replicates, case.outcomes


def _told_apart(cases: list[Case], baseline: str) -> set[str]:
    """The baseline and other cases as unlike in returns as can be, as many as can be told apart.

    Each next one is the furthest from all before it (Gonzalez 1985), so that a design's extremes
    and what lies between are drawn, not many lines that are one.
    """
    name = "returned" if "returned" in cases[0].outcomes else next(iter(cases[0].outcomes))
    middle = {case.name: _median(case.outcomes[name]) for case in cases}
    if len(cases) <= SHOWN_CASES:
        return set(middle)
    chosen = [baseline]
    least = LEAST_APART * (max(middle.values()) - min(middle.values()))
    while len(chosen) < SHOWN_CASES:
        apart = {n: min(abs(m - middle[c]) for c in chosen) for n, m in middle.items()}
        furthest = max(apart, key=apart.__getitem__)
        if apart[furthest] <= least:
            break
        chosen.append(furthest)
    return set(chosen)


def _median(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(np.median(there)) if len(there) else 0.0


def _series(result: Result, case: Case) -> Series:
    import pyarrow.dataset as ds

    if result.is_sweep:
        # A case that stood in several results bears the folder's name besides its own.
        name = case.name.removesuffix(f" ({result.folder.name})")
        whole = ds.dataset(result.folder / WEEKLY_FOLDER)
        drawn = [n for n in whole.schema.names if n in DRAWN or n.startswith("pushed_without_")]
        columns = ["replicate", "week", "date", *drawn]
        table = whole.to_table(columns=columns, filter=ds.field("case") == name).to_pandas()
    else:
        import pandas as pd

        columns = ["replicate", "week", "date", *DRAWN]
        table = pd.read_parquet(result.folder / WEEKLY, columns=columns)
    _, values, dates = _arrays(table)
    return Series(case.name, dates, values)


def _arrays(table: "pd.DataFrame") -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    replicates = table["replicate"].unique()
    shape = (len(replicates), -1)
    dates = table["date"].to_numpy().reshape(shape)[0].astype("datetime64[D]")
    names = [n for n in table.columns if n not in {"replicate", "week", "date"}]
    return replicates, {n: table[n].to_numpy().reshape(shape) for n in names}, dates


def _notes(cases: list[Case]) -> tuple[str, ...]:
    numbers = {len(case.replicates) for case in cases}
    if len(numbers) == 1:
        return ()
    return (
        f"Cases have from {min(numbers)} to {max(numbers)} replicates; differences are over those "
        "that both have.",
    )
