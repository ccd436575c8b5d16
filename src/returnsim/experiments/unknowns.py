"""Policies over a sample of what nobody knows: what a verdict may be asked of, and its numbers."""

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from returnsim.errors import Problem, ScenarioError, UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.compare import Case, Comparison, OutcomeInfo
from returnsim.experiments.design import SAMPLED
from returnsim.experiments.discovery import Axis
from returnsim.experiments.outcomes import DEFAULTS, HARMS, columns_of, filled, outcomes_of
from returnsim.experiments.schema import Experiment, Factor, Outcome
from returnsim.scenario.problems import in_order

SIEGE = "siege"
RATES = tuple(f"{harm}_per_100" for harm in HARMS)
NEEDED: Mapping[str, Outcome] = {
    "returned": Outcome(),
    **{name: Outcome(column=name, without=SIEGE) for name in ("voluntary", "hastened")},
    **{name: Outcome() for name in ("pushed", *HARMS, *RATES, "hardship", "died_in_camp")},
}
"""What every verdict measures, asked for or not."""

SAFE, HARMED = "safe_voluntary", "harmed"
MADE: Mapping[str, OutcomeInfo] = {
    SAFE: OutcomeInfo("safe voluntary returns", "people", "more"),
    HARMED: OutcomeInfo("detained, conscripted or killed after return", "people", "less"),
}
"""Outcomes that are made of others."""

SAFE_IN_WORDS = (
    "Safe voluntary returns are those that are voluntary or hastened, as told from the same camp "
    "without the siege, less their part of those harmed after return: harm is not told by kind of "
    "return, so that all who return are taken to be harmed alike; who is detained and later killed "
    "counts twice. Safe means this and no more: it is no judgement that a return is safe."
)

SAMPLES = (*SAMPLED, "points")
NOT_BY_RETURNS = (
    "names returns alone, and a ranking by returns alone puts first whoever starves people out or "
    "sends them where they are arrested: name what becomes of them too, or no outcome at all, or "
    "say --returns-alone"
)


@dataclass(frozen=True)
class Sample:
    """What came of every policy at every point, with the same draws.

    Attributes
    ----------
    policies : tuple of str
        Their names, A of them.
    axes : tuple of Axis
        The parameters that nobody knows, over the points.
    outcomes : dict of str to OutcomeInfo
        What was measured, `MADE` first.
    values : dict of str to array, shape (A, P, R)
        Each outcome in its unit; NaN where it is not defined.
    left_out : int
        Points left out, for some policy has no result there.
    """

    policies: tuple[str, ...]
    axes: tuple[Axis, ...]
    outcomes: Mapping[str, OutcomeInfo]
    values: Mapping[str, Float[np.ndarray, "A P R"]]
    left_out: int

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(next(iter(self.values.values())).shape[1])


FEWEST_REPLICATES = 8
"""Below so many, it is said that a difference may be luck."""


def prepared_verdict(loaded: LoadedExperiment, *, returns_alone: bool = False) -> LoadedExperiment:
    """Make sure that a verdict can be asked of an experiment, and that it measures what is needed.

    Parameters
    ----------
    loaded : LoadedExperiment
        From `load_experiment`.
    returns_alone : bool
        Whether it may ask for returns and nothing else.

    Returns
    -------
    LoadedExperiment
        With the outcomes of `NEEDED` beside its own.

    Raises
    ------
    ScenarioError
        With all that stands against it.
    """
    told = loaded.experiment
    own = dict(told.outcomes) or {name: Outcome() for name in DEFAULTS}
    missing = {name: outcome for name, outcome in NEEDED.items() if name not in own}
    whole = copy(loaded)
    whole.experiment = told.model_copy(update={"outcomes": own | missing})
    problems = [*_design(loaded), *_levers(loaded), *_names(whole), *_windows(loaded)]
    if not returns_alone and _is_of_returns_alone(told):
        problems.append(_problem(loaded, "outcomes", NOT_BY_RETURNS))
    if problems:
        raise ScenarioError(in_order(problems))
    return whole


def _windows(loaded: LoadedExperiment) -> Iterator[Problem]:
    """Harm after return cannot be told of those who returned before the weeks recorded."""
    for case in {case.named: case for case in loaded.cases}.values():
        scenario = loaded.scenario(case)
        if scenario.record_from not in (None, scenario.start):
            rule = (
                f"{case.name!r} records from {scenario.record_from} only: harm after that befalls "
                "those who returned before; take a scenario without record_from"
            )
            yield _problem(loaded, "base", rule)


def sample_of(
    loaded: LoadedExperiment, comparison: Comparison, failed: Collection[str] = ()
) -> Sample:
    """Put the results of a sweep in order, by policy and point.

    Parameters
    ----------
    loaded : LoadedExperiment
        From `prepared_verdict`.
    comparison : Comparison
        Its results.
    failed : collection of str
        Cases of which a cell failed, if only of some replicates: points that hold one are left out,
        or one policy would be told from other replicates than another.

    Raises
    ------
    UsageError
        If no point has results of every policy.
    """
    policies = tuple(loaded.experiment.cases)
    there = {case.name: case for case in comparison.cases if case.name not in failed}
    designed = {p: [c for c in loaded.cases if c.named == p] for p in policies}
    number = len(designed[policies[0]])
    whole = [i for i in range(number) if all(designed[p][i].name in there for p in policies)]
    if not whole:
        raise UsageError(
            f"{loaded.file}: no point has results of every policy, for cells failed; their errors "
            "are in the store"
        )
    cases = [[there[designed[policy][i].name] for i in whole] for policy in policies]
    values = {name: _values(cases, name) for name in comparison.outcomes}
    values = {SAFE: _safe(values), HARMED: _harmed(values)} | values
    first = [designed[policies[0]][i].factors for i in whole]
    axes = tuple(
        _axis(name, factor, [point[name] for point in first])
        for name, factor in loaded.experiment.factors.items()
    )
    outcomes = {**MADE, **comparison.outcomes}
    return Sample(policies, axes, outcomes, values, number - len(whole))


def notes_of(loaded: LoadedExperiment, told: Mapping[str, Any]) -> tuple[str, ...]:
    """What else to know of the policies: whether the same people meet them, in the same weeks.

    Parameters
    ----------
    loaded : LoadedExperiment
        From `prepared_verdict`.
    told : dict
        ``run.json`` of its sweep.
    """
    grounds = {case["name"]: case["ground"] for case in told["cases"]}
    points: dict[object, list[Mapping[str, Any]]] = {}
    for case in loaded.cases:
        points.setdefault(tuple(case.factors.values()), []).append(grounds[case.name])
    notes = []
    if any(len({g["population"] for g in point}) > 1 for point in points.values()):
        notes.append(
            "Policies have unlike populations: their households are not the same people, and "
            "differences are not those of the policies alone."
        )
    if len({(g["start"], g["weeks"], g["recorded_from"]) for g in grounds.values()}) > 1:
        notes.append("Policies span unlike weeks: what is summed up is each one's own.")
    if told["replicates"] < FEWEST_REPLICATES:
        notes.append(
            f"With fewer than {FEWEST_REPLICATES} replicates a lucky draw can pass for a "
            "difference, and at every point, for all points share the replicates' luck."
        )
    return tuple(notes)


def _values(cases: list[list[Case]], outcome: str) -> np.ndarray:
    replicates = 1 + max(int(case.replicates.max()) for row in cases for case in row)
    values = np.full((len(cases), len(cases[0]), replicates), np.nan)
    for i, row in enumerate(cases):
        for j, case in enumerate(row):
            values[i, j, case.replicates] = case.outcomes[outcome]
    return values


def _safe(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Voluntary and hastened returns, less their share of those harmed after return.

    Harm is not told by kind of return: they are taken to be harmed in the proportion in which all
    who returned are. Who is detained and later killed is counted twice, so that this is a little
    too low.
    """
    willing = values["voluntary"] + values["hastened"]
    share = np.clip(sum(values[rate] for rate in RATES) / 100, 0.0, 1.0)
    return np.where(willing == 0, 0.0, willing * (1 - share))


def _harmed(values: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.asarray(sum(values[harm] for harm in HARMS))


def _axis(name: str, factor: Factor, values: list[Any]) -> Axis:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not numbers:
        labels = tuple(dict.fromkeys(map(str, _in_order(factor, values))))
        places = np.array([labels.index(str(value)) for value in values], dtype=float)
        return Axis(name, factor.unit, places, 0.0, float(len(labels) - 1), labels=labels)
    found = np.array(values, dtype=float)
    low, high = factor.range or (float(found.min()), float(found.max()))
    log = factor.log and factor.range is not None
    return Axis(name, factor.unit, found, low, high, log=log)


def _in_order(factor: Factor, values: list[Any]) -> list[Any]:
    """What was sampled, in the order in which the file has it."""
    written = [v["label"] if isinstance(v, dict) else v for v in factor.values or ()]
    return [v for v in written if v in values] + values


def _design(loaded: LoadedExperiment) -> Iterator[Problem]:
    told = loaded.experiment
    if len(told.cases) < 2:
        yield _problem(loaded, "cases", "a verdict is between policies: name at least two")
    if not told.factors:
        rule = "name what nobody knows, each with its range: a verdict is over all of it"
        yield _problem(loaded, "factors", rule)
    elif told.design.kind not in SAMPLES:
        rule = (
            f"{told.design.kind} is no sample of what nobody knows, of which shares could be told; "
            f"take one of: {', '.join(SAMPLES)}"
        )
        yield _problem(loaded, "design.kind", rule)


def _levers(loaded: LoadedExperiment) -> Iterator[Problem]:
    for name in loaded.experiment.factors:
        if loaded.kind_of(name) == "lever":
            rule = (
                "is a lever, which somebody sets: make policies of it under `cases`, or say "
                "`kind: uncertainty` if nobody knows it"
            )
            yield _problem(loaded, f"factors.{name}", rule)


def _names(loaded: LoadedExperiment) -> Iterator[Problem]:
    told = loaded.experiment
    taken = {*outcomes_of(told), *MADE}
    for name in told.factors:
        if name in taken:
            rule = "is also a column of the verdict; call it another"
            yield _problem(loaded, f"factors.{name}", rule)
    for name, outcome in told.outcomes.items():
        meant = NEEDED.get(name)
        if name in MADE or (meant and filled(name, outcome) != filled(name, meant)):
            rule = "has a meaning of its own in a verdict; call yours another"
            yield _problem(loaded, f"outcomes.{name}", rule)


def _is_of_returns_alone(experiment: Experiment) -> bool:
    full = [filled(name, outcome) for name, outcome in experiment.outcomes.items()]
    return bool(full) and all(
        outcome.without is None
        and all(c.startswith(("departures", "departing", "at_home")) for c in columns_of(outcome))
        for outcome in full
    )


def _problem(loaded: LoadedExperiment, path: str, rule: str) -> Problem:
    mark = loaded.mark_of(path)
    return Problem(mark.file, mark.line, mark.column, path, "", rule)
