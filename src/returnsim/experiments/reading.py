"""Results read back, of sweeps and of single runs, and put side by side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.summary import PAIR
from returnsim.digests import RUN, check_written
from returnsim.errors import UsageError
from returnsim.experiments.compare import SHOWN_CASES, Case, Comparison, OutcomeInfo, Series
from returnsim.experiments.grounds import notes_on
from returnsim.experiments.outcomes import ALONG, DEFAULTS, HARMS, NOT_YET_KNOWN, filled, measure
from returnsim.experiments.schema import Outcome
from returnsim.experiments.tables import (
    MEANING,
    OUTCOMES,
    WEEKLY_FOLDER,
    outcomes_said,
    run_in,
)
from returnsim.results.contents import FORMAT, WEEKLY
from returnsim.scenario.choices import choice

if TYPE_CHECKING:
    import pandas as pd

DRAWN = ("camp_population", "departures", *HARMS)
"""Columns of the weekly record that a comparison draws."""

SHARED = {
    "seed": "the seed",
    "weight": "people that a simulated one stands for",
    "model": "the version of the model",
    "draws": "the version of the draws",
}
"""What results must have in common, by its name in ``run.json``."""

CALLED = ("title", "unit")
"""What of an outcome must agree where an earlier version has not written down its meaning."""

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
    said : dict of str to dict
        What is said of each outcome, as in a sweep's ``run.json``.
    is_sweep : bool
        Whether it is of a sweep, or of a single run.
    """

    folder: Path
    told: Mapping[str, Any]
    cases: tuple[Case, ...]
    outcomes: Mapping[str, OutcomeInfo]
    said: Mapping[str, Mapping[str, Any]]
    is_sweep: bool


class Named(NamedTuple):
    """A case under the name that tells it from those of other results."""

    result: Result
    case: Case
    name: str


def load_comparison(
    folders: Sequence[Path], baseline: str | None = None, wanted: Sequence[str] = ()
) -> Comparison:
    """Put results side by side.

    Parameters
    ----------
    folders : sequence of Path
        Of sweeps or of runs; of one seed, one size of camp and one version of the model, or no
        draw would be shared.
    baseline : str, optional
        The case that others are compared with; that of the first result if not given.
    wanted : sequence of str
        Outcomes to tell; all that every result has and means alike if empty, and what is left out
        is named. The harm is always told with returns.

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
    named = _named_apart(results)
    base = _baseline(results[0], named, baseline)
    common, apart = _outcomes(results)
    asked = _asked(common, apart, wanted)
    first = results[0]
    is_one = len(results) == 1
    cases = tuple(Case(n.name, *_rest(n.case)) for n in named)
    chosen = _told_apart(cases, base, "returned" if "returned" in common else common[0])
    return Comparison(
        title=str(first.told["title"]) if is_one else "Results side by side",
        question=str(first.told.get("question", "")) if is_one else "",
        cases=cases,
        baseline=base,
        outcomes={name: first.outcomes[name] for name in asked},
        factors=first.told.get("factors", {}) if is_one else {},
        series=tuple(_series(n) for n in named if n.name in chosen),
        seed=int(first.told["seed"]),
        guesses=int(first.told["guesses"]),
        numbers=int(first.told["numbers"]),
        weight=float(first.told["weight"]),
        design=str(first.told.get("design", "")) if is_one else "",
        notes=(*_left_out(apart, wanted), *_notes(results, cases)),
        fingerprint=str(first.told.get("fingerprint", "")) if is_one else "",
    )


def _baseline(first: Result, named: list[Named], asked: str | None) -> str:
    """The name of the baseline; the first result's own may go by another name here."""
    names = [n.name for n in named]
    if asked is not None:
        if asked not in names:
            raise UsageError(f"--baseline: {asked}: no such case; {choice(asked, tuple(names))}")
        return asked
    own = first.told["baseline"] if first.is_sweep else first.cases[0].name
    found = [n.name for n in named if n.result is first and n.case.name == own]
    if not found:
        raise UsageError(
            f"{first.folder}: its baseline {own!r} has no result, for its cells failed; name "
            f"another with --baseline, one of: {', '.join(names[:8])}"
        )
    return found[0]


def _outcomes(results: list[Result]) -> tuple[list[str], dict[str, str]]:
    """The outcomes that all have and mean alike, and of those that some mean otherwise, how."""
    first, *others = results
    common, apart = [], {}
    for name, said in first.said.items():
        if all(name in other.said for other in others):
            unlike = [(other.folder, _unlike(said, other.said[name], first)) for other in others]
            how = [f"is another one in {folder}: {words}" for folder, words in unlike if words]
            if how:
                apart[name] = "; ".join(how)
            else:
                common.append(name)
    if not common:
        told = [f"{name}: {how}" for name, how in apart.items()]
        raise UsageError("\n".join(["these results have no outcome in common", *told]))
    return common, apart


def _unlike(ours: Mapping[str, Any], theirs: Mapping[str, Any], first: Result) -> str:
    """How theirs is another number than that of the first result; nothing if it is the same."""
    is_written = all(what in said for what in MEANING for said in (ours, theirs))
    pairs = (
        (what, _in_words(theirs[what]), _in_words(ours[what]))
        for what in (MEANING if is_written else CALLED)
    )
    return ", ".join(f"{what} {b} where {first.folder} has {a}" for what, b, a in pairs if a != b)


def _in_words(said: str | Sequence[str] | None) -> str:
    if said is None:
        return "none"
    return repr(said if isinstance(said, str) else " + ".join(said))


def _asked(common: list[str], apart: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    wrong = [
        f"--outcome: {name}: "
        + (apart.get(name) or f"no such outcome; {choice(name, tuple(common))}")
        for name in wanted
        if name not in common
    ]
    if wrong:
        raise UsageError("\n".join(wrong))
    return [name for name in common if _is_told(name, wanted)]


def _is_told(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or name in wanted or name in ALONG


def _left_out(apart: Mapping[str, str], wanted: Sequence[str]) -> Iterator[str]:
    for name, how in apart.items():
        if _is_told(name, wanted):
            yield f"Without the outcome {name!r}, which {how}."


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
    import pyarrow as pa

    check_written(folder, (OUTCOMES, WEEKLY_FOLDER, WEEKLY))
    try:
        if not (folder / RUN).is_file():
            # A pipe would be waited for.
            raise KeyError(RUN)
        said = run_in(folder)
        if said is not None:
            return _of_sweep(folder, said, pd.read_parquet(folder / OUTCOMES))
        told = json.loads((folder / RUN).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise KeyError("format")
        return _of_run(folder, told, pd.read_parquet(folder / WEEKLY))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        raise UsageError(
            f"{folder}: holds no finished results; name a folder that `returnsim sweep` or "
            "`returnsim run` has written, or run it again"
        ) from None


def _of_sweep(folder: Path, said: Mapping[str, Any], table: "pd.DataFrame") -> Result:
    outcomes = _infos(said["outcomes"])
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
    return Result(folder, said, cases, outcomes, said["outcomes"], is_sweep=True)


def _of_run(folder: Path, told: Mapping[str, Any], table: "pd.DataFrame") -> Result:
    replicates, columns, dates = _arrays(table)
    own = {label: columns.get(column_of_pair(label, PAIR)) for label in LABELS}
    columns |= {label: values for label, values in own.items() if values is not None}
    named = (*DEFAULTS, *(name for name in ("pushed", NOT_YET_KNOWN) if name in columns))
    defaults = {name: filled(name, Outcome()) for name in named}
    case = Case(
        str(told["scenario"]),
        str(told["title"]),
        {},
        replicates,
        {name: measure(outcome, columns, dates) for name, outcome in defaults.items()},
    )
    is_window = told["ground"]["recorded_from"] != told["ground"]["start"]
    said = outcomes_said(defaults, is_window=is_window)
    return Result(folder, told, (case,), _infos(said), said, is_sweep=False)


def _infos(said: Mapping[str, Mapping[str, Any]]) -> dict[str, OutcomeInfo]:
    return {name: OutcomeInfo(o["title"], o["unit"], o["good"]) for name, o in said.items()}


def _check_same(results: list[Result]) -> None:
    """Make sure that the same household of two results met the same luck."""
    first = results[0]
    wrong = []
    seen = [first.folder.resolve()]
    for other in results[1:]:
        if other.folder.resolve() in seen:
            wrong.append(f"{other.folder}: is named twice")
        seen.append(other.folder.resolve())
        for what, words in SHARED.items():
            a, b = _shared(first.told, what), _shared(other.told, what)
            if a != b:
                wrong.append(
                    f"{other.folder}: {words}: {b} where {first.folder} has {a}: their people "
                    "would not meet the same luck; make both anew alike"
                )
    if wrong:
        raise UsageError("\n".join(wrong))


def _shared(told: Mapping[str, Any], what: str) -> object:
    value = told["versions"].get(what) if what in {"model", "draws"} else told[what]
    return f"{value:g}" if isinstance(value, float) else value


def _named_apart(results: list[Result]) -> list[Named]:
    """All cases; those of the same name in several results also bear the folder's."""
    names = [case.name for result in results for case in result.cases]
    last = [result.folder.resolve().name for result in results]
    cases = []
    for result in results:
        own = result.folder.resolve().name
        folder = own if last.count(own) == 1 else str(result.folder)
        for case in result.cases:
            twice = names.count(case.name) > 1 and len(results) > 1
            cases.append(Named(result, case, f"{case.name} ({folder})" if twice else case.name))
    if not cases:
        raise UsageError("there is no finished case in these results; run the sweep to its end")
    return cases


def _rest(case: Case) -> tuple[str, Mapping[str, Any], np.ndarray, Mapping[str, np.ndarray]]:
    return case.title, case.factors, case.replicates, case.outcomes


def _told_apart(cases: Sequence[Case], baseline: str, outcome: str) -> set[str]:
    """The baseline and other cases as unlike in an outcome as can be; all that can be told apart.

    Each next one is the furthest from all before it (Gonzalez 1985), so that a design's extremes
    and what lies between are drawn, not many lines that are one.
    """
    middle = {case.name: _median(case.outcomes[outcome]) for case in cases}
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


def _series(named: Named) -> Series:
    import pyarrow.dataset as ds

    result = named.result
    if result.is_sweep:
        whole = ds.dataset(result.folder / WEEKLY_FOLDER)
        drawn = [n for n in whole.schema.names if n in DRAWN or n.startswith("pushed_without_")]
        columns = ["replicate", "week", "date", *drawn]
        mine = ds.field("case") == named.case.name
        table = whole.to_table(columns=columns, filter=mine).to_pandas()
    else:
        import pandas as pd

        pushed = column_of_pair("pushed", PAIR)
        table = pd.read_parquet(result.folder / WEEKLY)
        drawn = [*DRAWN, *([pushed] if pushed in table else [])]
        table = table[["replicate", "week", "date", *drawn]]
    _, values, dates = _arrays(table)
    return Series(named.name, dates, values, bool(table["week"].min() == 0))


def _arrays(table: "pd.DataFrame") -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    replicates = table["replicate"].unique()
    shape = (len(replicates), -1)
    dates = table["date"].to_numpy().reshape(shape)[0].astype("datetime64[D]")
    names = [n for n in table.columns if n not in {"replicate", "week", "date"}]
    return replicates, {n: table[n].to_numpy().reshape(shape) for n in names}, dates


def _notes(results: list[Result], cases: Sequence[Case]) -> Iterator[str]:
    grounds = [ground for result in results for ground in _grounds(result)]
    yield from notes_on(grounds, [len(case.replicates) for case in cases])
    for result in results:
        there = {case.name for case in result.cases}
        gone = [c["name"] for c in result.told.get("cases", ()) if c["name"] not in there]
        if gone:
            listed = ", ".join(map(repr, gone[:5])) + (" and others" if len(gone) > 5 else "")
            yield f"Without {listed}: their cells failed in {result.folder}."


def _grounds(result: Result) -> list[Mapping[str, Any]]:
    if result.is_sweep:
        there = {case.name for case in result.cases}
        return [case["ground"] for case in result.told["cases"] if case["name"] in there]
    return [result.told["ground"]]
