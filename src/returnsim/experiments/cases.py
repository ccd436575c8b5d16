"""The cases of an experiment: what each is called, what it changes, and its scenario."""

from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from returnsim.assemble import check_population
from returnsim.errors import Problem, ScenarioError, UsageError
from returnsim.experiments.checks import check_outcomes, problems_of_sensitivity
from returnsim.experiments.design import (
    SAMPLED,
    Levels,
    Place,
    full_factorial,
    one_at_a_time,
    place_at,
    read_points,
    sample,
    value_at,
)
from returnsim.experiments.schema import Design, Experiment, Factor, Outcome, paths_of
from returnsim.scenario.files import load_tree
from returnsim.scenario.overrides import Override
from returnsim.scenario.problems import in_order, shown
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, at, is_file, plain, why_no_file
from returnsim.scenario.variants import Variants

if TYPE_CHECKING:
    import pandas as pd

MOST_PROBLEMS = 20
FEWEST_DIGITS, MOST_DIGITS = 4, 17
Value = bool | int | float | str | None


class DesignedCase(NamedTuple):
    """One case of an experiment: what it is called and what it changes.

    Attributes
    ----------
    name : str
        Unlike that of any other case.
    title : str
        What it is, in a line.
    factors : dict of str to value
        Value of every factor, or None where the scenario's own stands.
    named : str or None
        The entry under ``cases`` that it comes from.
    places : tuple
        Where in the levels of each factor it lies.
    """

    name: str
    title: str
    factors: dict[str, Value]
    named: str | None
    places: tuple[Place, ...]


class LoadedExperiment:
    """An experiment that has been read and checked.

    Attributes
    ----------
    experiment : Experiment
        As written, with its defaults.
    file : Path
        Where it stands.
    text : str
        The file as it was read.
    name : str
        The file's, without its ending.
    cases : tuple of DesignedCase
        In a fixed order: the named cases in that of the file, each with the points of the design.
    baseline : str
        Name of the case that others are compared with.
    camps : tuple of (Scenario, int)
        A scenario for each size of camp and length of run, and how many cases have it.
    """

    camps: "tuple[tuple[Scenario, int], ...]" = ()

    def __init__(self, experiment: Experiment, file: Path, root: Node, text: str) -> None:
        self.experiment = experiment
        self.file = file
        self.text = text
        self.name = file.stem
        self._root = root
        self._variants: dict[str | None, Variants] = {}
        self._chosen: list[tuple[Place, ...]] | None = None
        self._table = self._points_table()
        self.cases = tuple(self._designed())
        self.baseline = self._baseline()

    def scenario(self, case: DesignedCase) -> Scenario:
        """Make the scenario of a case.

        Raises
        ------
        ScenarioError
            If it is none, with the places of the experiment file.
        """
        return self._variants_of(case.named).scenario(case.name, list(self._changes(case)))

    def mark_of(self, path: str) -> Mark:
        """Where a part of the experiment file stands; where nothing does, what it would be in."""
        keys = path.split(".")
        places = (at(self._root, keys[:number]) for number in range(len(keys), -1, -1))
        return next((place.mark for place in places if place is not None), Mark(self.file))

    def at_points(
        self, shares: Mapping[str, np.ndarray], outcomes: Mapping[str, Outcome]
    ) -> "LoadedExperiment":
        """Make the same experiment at other points than those of its design.

        Parameters
        ----------
        shares : dict of str to array, shape (P,)
            For each point how far within its range a factor lies, from 0 to 1; factors that are
            not there are left as in the scenario.
        outcomes : dict of str to Outcome
            What is measured.

        Raises
        ------
        ScenarioError
            With all that is wrong at any point.
        """
        told = self.experiment
        levels = {name: levels_of(name, told.factors[name]) for name in shares}
        number = len(next(iter(shares.values())))
        other = copy(self)
        other.experiment = told.model_copy(
            update={"design": Design(kind="points"), "outcomes": dict(outcomes)}
        )
        other._chosen = [
            tuple(
                place_at(levels[name], float(shares[name][i])) if name in shares else None
                for name in told.factors
            )
            for i in range(number)
        ]
        other.cases = tuple(other._designed())
        other.baseline = other.cases[0].name
        check_cases(other, other._root)
        return other

    def require_sensitivity(self) -> None:
        """Make sure that the experiment says what a study of sensitivity needs.

        Raises
        ------
        ScenarioError
            With all that is missing.
        """
        problems = list(problems_of_sensitivity(self.experiment, self._root))
        if problems:
            raise ScenarioError(in_order(problems))

    def kind_of(self, factor: str) -> str:
        """Whether a factor is a ``lever``, which an actor sets, or an ``uncertainty``."""
        told = self.experiment.factors[factor]
        first = paths_of(factor, told)[0]
        usual = "lever" if first.startswith(("levers", "guarantors")) else "uncertainty"
        return told.kind or usual

    def _variants_of(self, named: str | None) -> Variants:
        if named not in self._variants:
            case = self.experiment.cases.get(named) if named is not None else None
            written = case.scenario if case is not None and case.scenario else None
            path = ("base",) if written is None else ("cases", named or "", "scenario")
            place = at(self._root, path)
            scenario = self.file.parent / (written or self.experiment.base)
            if not is_file(scenario) and place is not None:
                rule = why_no_file(scenario, "*.yaml", f"no such file: {scenario}")
                raise ScenarioError([named_problem(place, path, rule)])
            changes = at(self._root, ("cases", named or "", "set"))
            parts = changes.value if changes is not None else None
            own = parts.items() if isinstance(parts, dict) else ()
            shared = [Override(where, node) for where, node in own]
            self._variants[named] = Variants(load_tree(scenario), shared)
        return self._variants[named]

    def _changes(self, case: DesignedCase) -> Iterator[Override]:
        for i, (name, factor) in enumerate(self.experiment.factors.items()):
            place = case.places[i]
            if place is None:
                continue
            for path in paths_of(name, factor):
                yield Override(path, self._node(name, factor, place))

    def _node(self, name: str, factor: Factor, place: Place) -> Node:
        """What a factor puts into the scenario, with its place in the experiment file."""
        written = at(self._root, ("factors", name, "values"))
        if self._table is not None:
            value = self._table[name].iloc[int(place or 0)]
            mark = at(self._root, ("design", "file"))
            return Node(
                value.item() if hasattr(value, "item") else value,
                mark.mark if mark else Mark(self.file),
            )
        if factor.values is not None and written is not None and isinstance(written.value, list):
            node = written.value[int(place or 0)]
            inner = at(node, ("value",))
            return inner if _is_labelled(node) and inner is not None else node
        span = at(self._root, ("factors", name, "range")) or at(self._root, ("factors", name))
        return Node(_number(factor, name, place), span.mark if span else Mark(self.file))

    def _points_table(self) -> "pd.DataFrame | None":
        design = self.experiment.design
        if design.kind != "points" or design.file is None:
            return None
        table = self.file.parent / design.file
        if not is_file(table):
            place = at(self._root, ("design", "file")) or self._root
            rule = why_no_file(table, "*.csv", f"no such file: {table}")
            raise ScenarioError([named_problem(place, ("design", "file"), rule)])
        return read_points(table, tuple(self.experiment.factors))

    def _places(self) -> list[tuple[Place, ...]]:
        factors = [levels_of(name, f) for name, f in self.experiment.factors.items()]
        design = self.experiment.design
        if not factors:
            return [()]
        if self._chosen is not None:
            return self._chosen
        if self.experiment.chooses_points:
            # The case is the scenario as it is.
            return [(None,) * len(factors)]
        if self._table is not None:
            return [(row,) * len(factors) for row in range(len(self._table))]
        if design.kind in SAMPLED:
            return sample(factors, design.kind, design.samples or 0, design.seed)
        if design.kind == "one_at_a_time":
            return one_at_a_time(factors)
        return full_factorial(factors)

    def _designed(self) -> Iterator[DesignedCase]:
        told = self.experiment
        places = self._places()
        numbered = bool(told.factors) and told.design.kind in (*SAMPLED, "points")
        digits = MOST_DIGITS if numbered else self._digits(places)
        for named in (*told.cases, *([] if told.cases else [None])):
            for number, place in enumerate(places, start=1):
                factors = {
                    name: self._value(name, factor, place[i])
                    for i, (name, factor) in enumerate(told.factors.items())
                }
                point = (
                    f"point {number:0{len(str(len(places)))}}"
                    if numbered
                    else ", ".join(
                        f"{name}={_short(value, digits)}"
                        for (name, value), p in zip(factors.items(), place, strict=True)
                        if p is not None
                    )
                )
                # One case that all points share tells none of them from another.
                shared = len(told.cases) == 1 and bool(point)
                parts = (None if shared else named, point)
                name = ", ".join(part for part in parts if part) or "as it is"
                title = (told.cases[named].title if named is not None else None) or name
                yield DesignedCase(name, title, factors, named, place)

    def _digits(self, places: list[tuple[Place, ...]]) -> int:
        """As few digits as tell the values of every factor apart."""
        for digits in range(FEWEST_DIGITS, MOST_DIGITS):
            for i, (name, factor) in enumerate(self.experiment.factors.items()):
                at_all = {place[i] for place in places if place[i] is not None}
                values = {self._value(name, factor, place) for place in at_all}
                if len({_short(value, digits) for value in values}) < len(values):
                    break
            else:
                return digits
        return MOST_DIGITS

    def _value(self, name: str, factor: Factor, place: Place) -> Value:
        """A factor's value for a column of a table."""
        if place is None:
            return None
        node = self._node(name, factor, place)
        if factor.values is not None and self._table is None:
            written = at(self._root, ("factors", name, "values"))
            if written is not None and isinstance(written.value, list):
                whole = written.value[int(place)]
                if _is_labelled(whole):
                    node = at(whole, ("label",)) or node
        value = plain(node)
        # None says that the factor was left as it is; null is a value.
        return shown(node) if value is None or not isinstance(value, Value) else value

    def _baseline(self) -> str:
        wanted = self.experiment.baseline
        return self.cases[0].name if wanted is None else wanted


def levels_of(name: str, factor: Factor) -> Levels:
    """The values of a factor, as a design sees them."""
    if factor.values is not None:
        return Levels(name, None, None, False, len(factor.values))
    low, high = factor.range or (0.0, 0.0)
    return Levels(name, low, high, factor.log, factor.levels)


def _number(factor: Factor, name: str, place: Place) -> float | int:
    levels = levels_of(name, factor)
    value = value_at(levels, place) if isinstance(place, int) else float(place or 0.0)
    # Between whole ends, whole numbers are whole: weeks can be cut into levels.
    whole = value.is_integer() and all(end.is_integer() for end in factor.range or ())
    return int(value) if whole else value


def _is_labelled(node: Node) -> bool:
    return isinstance(node.value, dict) and set(node.value) == {"label", "value"}


def _short(value: Value, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def check_cases(loaded: LoadedExperiment, root: Node) -> None:
    """Make every case's scenario once, and tell each problem once."""
    found: dict[Problem, None] = {}
    distinct: dict[object, Scenario] = {}
    populations: set[str] = set()
    names: dict[str, int] = {}
    camps: dict[object, tuple[Scenario, int]] = {}
    for case in loaded.cases:
        names[case.name] = names.get(case.name, 0) + 1
        try:
            scenario = loaded.scenario(case)
        except ScenarioError as error:
            found |= dict.fromkeys(error.problems)
            continue
        days = (scenario.start, scenario.weeks, scenario.record_from)
        distinct.setdefault((scenario.guarantor_names, days), scenario)
        population = scenario.population.model_dump_json()
        size = (population, scenario.weeks, scenario.levers.arrivals)
        first, number = camps.get(size, (scenario, 0))
        camps[size] = (first, number + 1)
        if population not in populations:
            populations.add(population)
            found |= dict.fromkeys(_population_problems(scenario, case, root))
    twice = [name for name, number in names.items() if number > 1]
    for name in twice:
        found[
            named_problem(root, ("factors",), f"two cases are called {name!r}; no value twice")
        ] = None
    if loaded.baseline not in names:
        node = at(root, ("baseline",)) or root
        listed = ", ".join(list(names)[:8])
        found[named_problem(node, ("baseline",), f"no such case; cases are: {listed}")] = None
    for scenario in distinct.values():
        found |= dict.fromkeys(check_outcomes(loaded.experiment, root, scenario))
    if found:
        problems = in_order(list(found))
        if len(problems) > MOST_PROBLEMS:
            rest = len(problems) - MOST_PROBLEMS
            more = Problem(loaded.file, None, None, "", "", f"and {rest:,} more like these")
            problems = [*problems[:MOST_PROBLEMS], more]
        raise ScenarioError(problems)
    loaded.camps = tuple(camps.values())


def _population_problems(scenario: Scenario, case: DesignedCase, root: Node) -> Iterator[Problem]:
    try:
        check_population(scenario)
    except UsageError as error:
        yield named_problem(root, ("cases",), f"case {case.name!r}: {error}")


def named_problem(node: Node, path: tuple[str, ...], rule: str) -> Problem:
    """What is wrong with a part of the file, told by its path, at the place of a node."""
    mark = node.mark
    value = "" if isinstance(node.value, dict) else shown(node)
    return Problem(mark.file, mark.line, mark.column, ".".join(path), value, rule)
