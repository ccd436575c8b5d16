"""Ranges that an experiment leaves to its base scenario."""

from pathlib import Path

from returnsim.errors import Problem, ScenarioError
from returnsim.experiments.checks import problem_at
from returnsim.experiments.schema import Experiment, paths_of
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import load_tree, scenario_of
from returnsim.scenario.tree import Node, is_file, why_no_file


def with_ranges(experiment: Experiment, file: Path, root: Node) -> tuple[Experiment, list[Problem]]:
    """Give every factor without values or a range that of the base scenario at its path.

    Parameters
    ----------
    experiment : Experiment
        As validated.
    file : Path
        Where it stands.
    root : Node
        The file, with its places.

    Returns
    -------
    Experiment
        With a range for every factor that has one there.
    list of Problem
        Of those that have none.
    """
    open_ = {
        name: factor
        for name, factor in experiment.factors.items()
        if factor.values is None and factor.range is None and factor.path != ()
    }
    if not open_ or experiment.design.kind == "points":
        return experiment, []
    base = file.parent / experiment.base
    if not is_file(base):
        rule = why_no_file(base, "*.yaml", f"no such file: {base}")
        return experiment, [problem_at(root, ("base",), rule)]
    try:
        known = dict(quantities(scenario_of(load_tree(base), base.stem, ())))
    except ScenarioError as error:
        return experiment, error.problems
    found, problems = {}, []
    for name, factor in open_.items():
        ranges = {known[path].range if path in known else None for path in paths_of(name, factor)}
        span = ranges.pop() if len(ranges) == 1 else None
        if span is None:
            rule = (
                "needs either `values`, a list, or `range`, [lowest, highest]: the base scenario "
                f"gives no range at {' and '.join(paths_of(name, factor))}"
            )
            problems.append(problem_at(root, ("factors", name), rule))
        else:
            found[name] = factor.model_copy(update={"range": span})
    factors = {name: found.get(name, factor) for name, factor in experiment.factors.items()}
    return experiment.model_copy(update={"factors": factors}), problems
