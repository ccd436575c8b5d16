"""What must hold of an experiment beyond the form of its file."""

import math
from collections.abc import Iterator

from returnsim.analysis.attribution import LABELS
from returnsim.core.record import column_names
from returnsim.errors import Problem
from returnsim.experiments.compare import COLUMNS as COMPARED_COLUMNS
from returnsim.experiments.design import SAMPLED
from returnsim.experiments.outcomes import (
    ALONG,
    BUILT_IN,
    SUMMARY_COLUMNS,
    base_of,
    columns_of,
    filled,
    is_mean,
    is_stock,
    outcomes_of,
)
from returnsim.experiments.schema import Experiment, Factor, Outcome, paths_of
from returnsim.scenario.choices import choice
from returnsim.scenario.neutral import problem_of
from returnsim.scenario.paths import Days, ImpossibleError, parsed
from returnsim.scenario.posterior import is_related
from returnsim.scenario.problems import shown
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Node, at

IDENTIFIERS = ("case", "replicate", "seed", "week", "date")
RESERVED = (*IDENTIFIERS, *SUMMARY_COLUMNS, *COMPARED_COLUMNS)
"""Columns of the tables, which a factor's would meet."""

MOST_CASES = 1_000_000


def problems_before_cases(experiment: Experiment, root: Node) -> list[Problem]:
    """What is wrong with names, factors and the design.

    Parameters
    ----------
    experiment : Experiment
        As validated.
    root : Node
        The file, with its places.

    Returns
    -------
    list of Problem
    """
    return [
        *_names(experiment, root),
        *(
            p
            for name, factor in experiment.factors.items()
            for p in _factor(name, factor, root, experiment)
        ),
        *_design(experiment, root),
        *_number_of_cases(experiment, root),
        *_clashes(experiment, root),
        *(problems_of_sensitivity(experiment, root) if experiment.sensitivity else ()),
        *(p for name, outcome in experiment.outcomes.items() for p in _form(name, outcome, root)),
    ]


def check_outcomes(experiment: Experiment, root: Node, scenario: Scenario) -> Iterator[Problem]:
    """What is wrong with the outcomes for cases with the guarantors of a scenario.

    Parameters
    ----------
    experiment : Experiment
        As validated.
    root : Node
        The file, with its places.
    scenario : Scenario
        Of one of its cases.

    Yields
    ------
    Problem
    """
    columns = column_names(scenario.guarantor_names)
    first, end = scenario.record_from or scenario.start, scenario.end
    taken = {*columns, *outcomes_of(experiment)}
    for name in experiment.factors:
        if name in taken:
            yield problem_at(
                root, ("factors", name), "is also a column of the results; call it another"
            )
    for name, outcome in outcomes_of(experiment).items():
        path = ("outcomes", name)
        known = LABELS if outcome.without else columns
        for column in (*columns_of(outcome), *base_of(outcome)):
            if column not in (*known, *columns):
                yield problem_at(
                    root, path, f"no column {column!r}; {choice(column, tuple(known))}"
                )
        if outcome.without and (wrong := problem_of(scenario, outcome.without)):
            yield problem_at(root, (*path, "without"), wrong)
        if outcome.date is not None and not first <= outcome.date < end:
            rule = f"lies outside the days of {scenario.name!r}, {first} to {end}"
            yield problem_at(root, (*path, "date"), rule)
    for day in (experiment.sensitivity and experiment.sensitivity.dates) or ():
        if not first <= day < end:
            rule = f"{day} lies outside the days of {scenario.name!r}, {first} to {end}"
            yield problem_at(root, ("sensitivity", "dates"), rule)


def _names(experiment: Experiment, root: Node) -> Iterator[Problem]:
    for section in ("cases", "factors", "outcomes"):
        for name in getattr(experiment, section):
            if not name.strip() or not name.isprintable():
                yield problem_at(root, (section, name), "a name is one line of printable text")
    for name in experiment.factors:
        if name in RESERVED:
            yield problem_at(
                root, ("factors", name), "is a column of every result; call it another"
            )
    for name in experiment.outcomes:
        if name in IDENTIFIERS:
            yield problem_at(
                root, ("outcomes", name), "is a column of every result; call it another"
            )


def _factor(name: str, factor: Factor, root: Node, experiment: Experiment) -> Iterator[Problem]:
    path = ("factors", name)
    from_table = experiment.design.kind == "points"
    if factor.path == ():
        yield problem_at(root, (*path, "path"), "the list is empty; name at least one path")
    if from_table and (factor.values is not None or factor.range is not None):
        yield problem_at(
            root, path, "takes its values from the table of points; write only its path"
        )
        return
    if factor.values is not None and factor.range is not None:
        yield problem_at(root, path, "needs either `values`, a list, or `range`, [lowest, highest]")
    if factor.values is not None:
        yield from _values(factor, root, path)
    if factor.range is not None:
        low, high = factor.range
        if low >= high:
            yield problem_at(root, (*path, "range"), "the lower end comes first: [lowest, highest]")
        elif factor.log and low <= 0:
            yield problem_at(root, (*path, "range"), "has no logarithm: both ends must be above 0")


def _values(factor: Factor, root: Node, path: tuple[str, ...]) -> Iterator[Problem]:
    if not factor.values:
        yield problem_at(root, (*path, "values"), "the list is empty; name at least one value")
    for value in factor.values or ():
        plain = not isinstance(value, list | dict)
        labelled = isinstance(value, dict) and set(value) == {"label", "value"}
        if not plain and not labelled:
            rule = "a list or mapping needs a short name: {label: NAME, value: ...}"
            yield problem_at(root, (*path, "values"), rule)
        if labelled and not str(value["label"]).isprintable():
            yield problem_at(root, (*path, "values"), "a label is one line of printable text")
    if factor.log:
        yield problem_at(root, (*path, "log"), "is for a range; these values are written out")


def problems_of_sensitivity(experiment: Experiment, root: Node) -> Iterator[Problem]:
    """What stands against a study of sensitivity.

    Parameters
    ----------
    experiment : Experiment
        As validated.
    root : Node
        The file, with its places.

    Yields
    ------
    Problem
    """
    told, path = experiment.sensitivity, ("sensitivity",)
    if told is None:
        yield problem_at(root, path, "is missing: say how large a study, as `sensitivity: {}`")
        return
    number = len(experiment.factors)
    if number < 2:
        rule = "a study needs at least two factors, to tell which of them matter"
        yield problem_at(root, ("factors",), rule)
    if len(experiment.cases) > 1:
        yield problem_at(root, ("cases",), "a study is of one case; name one, or none for the base")
    if told.keep is not None and 2 <= number < told.keep:
        yield problem_at(root, (*path, "keep"), f"there are only {number} factors")
    if told.levels % 2:
        yield problem_at(root, (*path, "levels"), "must be even")
    if told.samples & (told.samples - 1):
        yield problem_at(root, (*path, "samples"), _power_of_two(told.samples))


def _power_of_two(number: int) -> str:
    nearest = 1 << (number.bit_length() - 1)
    return f"must be a power of two, such as {nearest} or {2 * nearest}"


def _design(experiment: Experiment, root: Node) -> Iterator[Problem]:
    design = experiment.design
    if experiment.chooses_points:
        if design.model_fields_set:
            rule = "is not used where a fit or a study chooses the points; leave it out"
            yield problem_at(root, ("design",), rule)
        return
    if not experiment.factors:
        if design.model_fields_set:
            yield problem_at(root, ("design",), "there is nothing to combine: `factors` is missing")
        return
    if design.kind in SAMPLED and design.samples is None:
        yield problem_at(root, ("design",), f"{design.kind} needs `samples`, the number of points")
    if design.kind not in SAMPLED and design.samples is not None:
        yield problem_at(root, ("design", "samples"), f"is not used by {design.kind}; leave it out")
    if design.kind == "sobol" and (design.samples or 0) & ((design.samples or 0) - 1):
        yield problem_at(root, ("design", "samples"), _power_of_two(design.samples or 0))
    if (design.kind == "points") != (design.file is not None):
        rule = "`file` names the table of points, and goes with `kind: points`"
        yield problem_at(root, ("design",), rule)


def _number_of_cases(experiment: Experiment, root: Node) -> Iterator[Problem]:
    sizes = [
        len(f.values) if f.values is not None else f.levels for f in experiment.factors.values()
    ]
    kind = "points" if experiment.chooses_points else experiment.design.kind
    points = experiment.design.samples or 1
    if kind == "full_factorial":
        points = math.prod(sizes)
    elif kind == "one_at_a_time":
        points = 1 + sum(sizes)
    cases = points * max(1, len(experiment.cases))
    if cases > MOST_CASES:
        rule = f"makes {cases:,} cases; at most {MOST_CASES:,} can be run"
        yield problem_at(
            root, ("design",) if experiment.design.model_fields_set else ("factors",), rule
        )


def _clashes(experiment: Experiment, root: Node) -> Iterator[Problem]:
    """Paths that would be changed twice, so that the later change hides the earlier."""
    told: list[tuple[str, str]] = []
    for name, factor in experiment.factors.items():
        for path in paths_of(name, factor):
            for other, where in told:
                if _hides(path, other):
                    rule = f"{path} is changed by {where!r} too; one would hide the other"
                    yield problem_at(root, ("factors", name), f"{rule}{_what_to_do(path, other)}")
            told.append((path, name))
    for case, changes in experiment.cases.items():
        for path in changes.set:
            for other, where in told:
                if _hides(other, path):
                    rule = f"the factor {where!r} changes {other} too, and would hide this"
                    place = ("cases", case, "set", path)
                    yield problem_at(root, place, f"{rule}{_what_to_do(other, path)}")


def _hides(later: str, earlier: str) -> bool:
    """Whether a change leaves nothing of an earlier one; of two without days, either of the other.

    What is wrong with the paths themselves is told where cases are made of them.
    """
    try:
        after, before = parsed(later), parsed(earlier)
    except ImpossibleError:
        return False
    if after.days is not None:
        of_days = before.days is not None and _covers(after.days, before.days)
        return of_days and is_related(after.number, before.number)
    # What has days is a list, which a path without any replaces wholly.
    return is_related(after.number, before.number if before.days is None else before.keys)


def _covers(days: Days, others: Days) -> bool:
    begins_with = days.first == others.first
    if days.is_entry or days.until is not None:
        return begins_with and (days.is_entry or others.is_entry or days.until == others.until)
    return days.first <= others.first


def _what_to_do(later: str, earlier: str) -> str:
    """What mends two changes of which only the earlier one has days."""
    if parsed(later).days is not None or parsed(earlier).days is None:
        return ""
    first = parsed(earlier).days
    assert first is not None  # noqa: S101
    return f", days and all; give {later} days too, such as [{first.first}:], or leave one out"


def _form(name: str, outcome: Outcome, root: Node) -> Iterator[Problem]:
    path = ("outcomes", name)
    empty = [key for key in ("column", "per_100") if getattr(outcome, key) == ()]
    for key in empty:
        yield problem_at(root, (*path, key), "the list is empty; name at least one column")
    if empty:
        return
    full = filled(name, outcome)
    if (full.measure == "date") != (full.date is not None):
        yield problem_at(root, path, "`measure: date` and `date` go together")
    if name in ALONG and {"column", "per_100"} & outcome.model_fields_set:
        yield problem_at(root, path, "always stands for the harm after return; call yours another")
    yield from _kinds(full, root, path)
    asks_pair = any(column in LABELS for column in columns_of(full))
    if asks_pair and full.without is None:
        rule = "needs `without`, the lever that the pair goes without, such as siege"
        yield problem_at(root, path, rule)
    if not asks_pair and full.without is not None:
        built_in = tuple(name for name in BUILT_IN if BUILT_IN[name].without is None)
        what = " (this one is measured in one run)" if name in built_in else ""
        rule = f"a pair is for a column out of: {', '.join(LABELS)}{what}"
        yield problem_at(root, (*path, "without"), rule)


def _kinds(full: Outcome, root: Node, path: tuple[str, ...]) -> Iterator[Problem]:
    """What is added up that cannot be."""
    columns, base = columns_of(full), base_of(full)
    for key, added in (("column", columns), ("per_100", base)):
        if len({(is_stock(column), is_mean(column)) for column in added}) > 1:
            rule = "stocks, flows and means cannot be added up; name columns of one kind"
            yield problem_at(root, (*path, key), rule)
    if base and all(map(is_mean, base)):
        rule = "a mean is of nobody that there could be a hundred of; name what is counted"
        yield problem_at(root, (*path, "per_100"), rule)
    if full.measure == "cumulative" and any(map(is_mean, columns)):
        rule = "a mean cannot be summed up; take `mean` or `peak`"
        yield problem_at(root, (*path, "measure"), rule)


def problem_at(root: Node, path: tuple[str, ...], rule: str) -> Problem:
    """A problem at a path of an experiment file, or at the nearest part of it that was written."""
    node = root
    for i in range(len(path), 0, -1):
        found = at(root, path[:i])
        if found is not None:
            node = found
            break
    mark = node.key_mark or node.mark
    value = "" if isinstance(node.value, dict | list) else shown(node)
    return Problem(mark.file, mark.line, mark.column, ".".join(path), value, rule)
