"""A scenario with the numbers of one row of its posterior in their places."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from returnsim.errors import Problem
from returnsim.scenario.overrides import Override, apply_override
from returnsim.scenario.posterior import Posterior
from returnsim.scenario.precedence import posterior_of, with_posterior
from returnsim.scenario.problems import problems_of
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Mark, Node, at, node_of, plain
from returnsim.scenario.written import plain_scenario


def scenarios_drawn(scenario: Scenario, rows: Sequence[int]) -> list[Scenario]:
    """Set the numbers of some rows of a scenario's posterior.

    Parameters
    ----------
    scenario : Scenario
        With a posterior.
    rows : sequence of int
        Counted from 0.

    Returns
    -------
    list of Scenario
        One a row, without a posterior.
    """
    posterior = scenario.posterior
    if posterior is None:
        return [scenario] * len(rows)
    bare = scenario.model_copy(update={"posterior": None})
    if not posterior.draws:
        return [bare] * len(rows)
    root = node_of(plain_scenario(bare), Mark(None))
    made: dict[int, Scenario] = {}
    for row in dict.fromkeys(rows):
        changes = {path: column[row] for path, column in posterior.draws.items()}
        made[row] = Scenario.model_validate(plain(_set(root, changes, Mark(None), [])))
        made[row]._name = scenario.name
    return [made[row] for row in rows]


def problems_of_draws(root: Node) -> list[Problem]:
    """What is wrong with the draws of a scenario's posterior.

    Every bound of a number, or of a sum, is an interval: where the lowest of all columns together
    make a scenario, and the highest, each row does. Where they do not, it may be that no row has
    them together: then all rows are asked until one is wrong, and of those that have the lowest or
    highest of a column each.

    Parameters
    ----------
    root : Node
        A scenario that is right but for them.
    """
    posterior = posterior_of(root)
    if posterior is None or not posterior.draws:
        return []
    problems: list[Problem] = []
    ends = ends_of(root, posterior.draws, problems)
    if not problems and not any(map(_broken, ends)):
        return []
    outermost = _outermost(posterior)
    found = {
        problem.path: problem
        for row in reversed(outermost)
        for problem in _problems_of_row(root, posterior, row)
    }
    others = (row for row in range(posterior.rows) if row not in outermost)
    while not found and (row := next(others, None)) is not None:
        found = {problem.path: problem for problem in _problems_of_row(root, posterior, row)}
    return list(found.values())


def _problems_of_row(root: Node, posterior: Posterior, row: int) -> list[Problem]:
    problems: list[Problem] = []
    changes = {path: column[row] for path, column in posterior.draws.items()}
    changed = _set_in(root, changes, problems)
    return problems or _broken(changed)


def ends_of(
    root: Node, draws: Mapping[str, Sequence[float]], problems: list[Problem]
) -> list[Node]:
    """A tree with the lowest of some columns of its posterior, and with the highest.

    Parameters
    ----------
    root : Node
        Of a scenario with a posterior.
    draws : mapping of str to sequence of float
        Columns by their paths.
    problems : list of Problem
        Is added to where a path leads nowhere.
    """
    return [
        _set_in(root, {path: end(column) for path, column in draws.items()}, problems)
        for end in (min, max)
    ]


def _broken(root: Node) -> list[Problem]:
    try:
        Scenario.model_validate(plain(root))
    except ValidationError as error:
        return problems_of(error, root)
    return []


def _set_in(root: Node, changes: Mapping[str, float], problems: list[Problem]) -> Node:
    """A tree with numbers in the place of its posterior, where that is told."""
    node = at(root, ("posterior",))
    assert node is not None  # noqa: S101
    return _set(with_posterior(root, None), changes, node.key_mark or node.mark, problems)


def _set(root: Node, changes: Mapping[str, float], mark: Mark, problems: list[Problem]) -> Node:
    for path, value in changes.items():
        root = apply_override(root, Override(path, Node(value, mark, mark)), problems)
    return root


def _outermost(posterior: Posterior) -> dict[int, None]:
    """The rows that have the lowest or highest number of a column, in that order."""
    columns = posterior.draws.values()
    return dict.fromkeys(column.index(end(column)) for column in columns for end in (min, max))
