"""What a visitor changes: overrides of levers and guarantors, kept in the page's address.

A link is what somebody else wrote. It is read as overrides are, may change nothing but levers and
guarantors, and so names no file.
"""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from returnsim.assemble import check_population, plan_run
from returnsim.core.engines import AUTO, NUMPY, WORTH_LOADING, choose_engine
from returnsim.errors import Problem, ScenarioError, UsageError
from returnsim.scenario.files import load_scenario, load_tree, scenario_of
from returnsim.scenario.levers import weekly_levers
from returnsim.scenario.overrides import Override, apply_override, read_overrides
from returnsim.scenario.paths import ImpossibleError, ParsedPath, parsed
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, node_of, plain

SET, HOUSEHOLD, WEEK, REPLICATE = "set", "household", "week", "replicate"
NUMBERS = (HOUSEHOLD, WEEK, REPLICATE)
OPEN_SECTIONS = ("levers", "guarantors")
MOST_CHANGES, LONGEST_CHANGE = 100, 2_000
MOST_ARRIVALS = 20_000
"""Households that a picture can let arrive: a link must not ask for more than a machine has."""

Changes = Mapping[str, Any]
"""Plain values by the path of an override, in the order in which they are applied."""


@dataclass(frozen=True)
class Source:
    """The scenario as written.

    Attributes
    ----------
    root : Node
        As it was read, the overrides of the command line applied.
    scenario : Scenario
        What it makes.
    households : int or None
        Simulated households; None for as many as the camp has.
    seed, replicates : int
        How it is simulated.
    engine : str
        One of `returnsim.core.engines.ENGINES`.
    """

    root: Node
    scenario: Scenario
    households: int | None = None
    seed: int = 1
    replicates: int = 64
    engine: str = NUMPY

    def changed(self, changes: Changes) -> Scenario:
        """The scenario with changes.

        Raises
        ------
        UsageError
            With all that is wrong with them.
        """
        overrides = [Override(path, node_of(v, Mark(None))) for path, v in changes.items()]
        if not overrides:
            return self.scenario
        _check_number(len(overrides))
        _check_reach(overrides)
        scenario = scenario_of(self.root, self.scenario.name, overrides)
        check_size(scenario, self.households)
        return scenario


def source_of(
    file: Path,
    overrides: Sequence[str],
    households: int,
    seed: int,
    replicates: int,
    engine: str = AUTO,
) -> Source:
    """Read the scenario to be looked at.

    Parameters
    ----------
    file : Path
        A scenario file.
    overrides : sequence of str
        Of the command line; they are part of the scenario as written.
    households : int
        Simulate at most so many.
    seed, replicates : int
        How it is simulated.
    engine : str
        Or ``auto``: numba where its loops are compiled, for a page is looked at long enough.

    Raises
    ------
    UsageError
        With all that is wrong with it.
    """
    scenario = load_scenario(file, overrides)
    check_population(scenario, file)
    root = load_tree(file)
    for override in read_overrides(overrides, []):
        root = apply_override(root, override, [])
    people = scenario.population
    full = round(people.people.value / people.household_size.value)
    source = Source(
        root,
        scenario,
        households if households < full else None,
        seed,
        replicates,
        choose_engine(engine, WORTH_LOADING),
    )
    check_size(scenario, source.households)
    return source


@dataclass(frozen=True)
class View:
    """What a link shows.

    Attributes
    ----------
    changes : mapping
        Of the scenario.
    numbers : dict of str to int
        The household looked at, its replicate and week, as far as they are named.
    """

    changes: Changes = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


def view_of(query: Iterable[tuple[str, str]], source: Source) -> View:
    """Read a link.

    Parameters
    ----------
    query : iterable of (str, str)
        The parts of the address's query.
    source : Source
        What it changes.

    Raises
    ------
    UsageError
        With what is wrong; nothing of the link is to be used then.
    """
    texts, numbers = [], {}
    for name, text in query:
        if name == SET:
            texts.append(text)
        elif name in NUMBERS:
            numbers[name] = _number(name, text)
        else:
            known = ", ".join((SET, *NUMBERS))
            raise UsageError(f"{name[:40]}: a link of the explorer has only {known}")
    changes = _read(texts)
    source.changed(changes)
    return View(changes, numbers)


def query_of(view: View) -> str:
    """The query of the address that shows a view; without the question mark."""
    parts = [(SET, text) for text in typed(view.changes)]
    parts += [(name, str(number)) for name, number in view.numbers.items()]
    return urlencode(parts)


def typed(changes: Changes) -> list[str]:
    """Changes as ``--set`` takes them."""
    return [f"{path}={_text(value)}" for path, value in changes.items()]


def with_change(changes: Changes, path: str, value: Any) -> Changes:
    """Changes with one more, which is applied last.

    That of a step takes the place of the change that made it: applied last, a step without an end
    would replace those after it.

    Parameters
    ----------
    changes : mapping
        Those before.
    path : str
        Of the change, as its control has it.
    value
        As plain data.
    """
    made = change_at(changes, path)
    if made is None:
        return {**changes, path: value}
    place = parsed(path)
    if place.days is not None and place.days.is_entry:
        return {**changes, made: value}
    # A changed entry may be one that only the change taken from its place had made.
    void = {name for name in changes if place.days is None and _is_entry_of(name, place)}
    kept = {name: old for name, old in changes.items() if name not in {path, *void}}
    return {**kept, path: value}


def change_at(changes: Changes, path: str) -> str | None:
    """The last change of what a control is of: by its own path, or that which made its step."""
    found = (name for name in reversed(list(changes)) if name == path or _makes(name, path))
    return next(found, None)


def as_options(changes: Changes) -> list[str]:
    """Changes as they are typed in a shell."""
    return [f"--set {shlex.quote(text)}" for text in typed(changes)]


def check_size(scenario: Scenario, households: int | None) -> None:
    """Make sure that a picture of a scenario can be simulated.

    Raises
    ------
    UsageError
        If more households arrive than there is room for.
    """
    size, people = scenario.population.household_size.value, scenario.population.people.value
    for_each = people / households if households else size
    arriving = float(weekly_levers(scenario).arrivals_people.sum()) / for_each
    if arriving > MOST_ARRIVALS:
        raise UsageError(
            f"levers.arrivals.people_per_week: {arriving:,.0f} households would arrive, and a "
            f"picture holds at most {MOST_ARRIVALS:,}; let fewer come, or have each stand for more "
            "of the camp's by a smaller --households"
        )
    plan_run(scenario, 0, households)


def _read(texts: Sequence[str]) -> Changes:
    _check_number(len(texts))
    for text in texts:
        if len(text) > LONGEST_CHANGE:
            raise UsageError(f"{text[:40]}…: longer than {LONGEST_CHANGE:,} characters")
    problems: list[Problem] = []
    overrides = read_overrides(texts, problems)
    if problems:
        raise ScenarioError(problems)
    _check_reach(overrides)
    changes: dict[str, Any] = {}
    for path, node in overrides:
        # What is said again holds from where it is said last.
        changes.pop(path, None)
        changes[path] = plain(node)
    return changes


def _check_number(changes: int) -> None:
    if changes > MOST_CHANGES:
        raise UsageError(f"a link may hold {MOST_CHANGES} changes; this one would have {changes}")


def _makes(name: str, path: str) -> bool:
    """Whether a change makes the step that a control is of."""
    try:
        one, two = parsed(path), parsed(name)
    except ImpossibleError:
        return False
    if one.days is None or two.days is None or not one.days.is_entry:
        return False
    return (one.keys, one.field, one.days.first) == (two.keys, two.field, two.days.first)


def _is_entry_of(name: str, place: ParsedPath) -> bool:
    """Whether a change is of one entry of what is replaced as a whole."""
    other = parsed(name)
    return other.days is not None and other.days.is_entry and other.number == place.number


def _check_reach(overrides: Sequence[Override]) -> None:
    for path, _ in overrides:
        try:
            section = parsed(path).keys[0]
        except ImpossibleError as error:
            raise UsageError(f"{path}: {error}") from None
        if section not in OPEN_SECTIONS:
            raise UsageError(
                f"{path}: only levers and guarantors are changed here; change the file for others"
            )


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{name}: {text[:40]}: must be a whole number")
    return int(text)


def _text(value: Any) -> str:
    # What JSON writes, YAML reads the same.
    return json.dumps(value, ensure_ascii=False, default=str)
