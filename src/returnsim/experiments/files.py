"""Experiment files: read with the manners of scenario files, every case checked before any runs."""

from pathlib import Path

from pydantic import ValidationError

from returnsim.errors import Problem, ScenarioError
from returnsim.experiments.cases import LoadedExperiment, check_cases, named_problem
from returnsim.experiments.checks import problems_before_cases
from returnsim.experiments.ranges import with_ranges
from returnsim.experiments.schema import Experiment
from returnsim.scenario.problems import in_order, problems_of
from returnsim.scenario.tree import plain
from returnsim.scenario.yaml_text import Unreadable, read_text, read_yaml

SCENARIO_KEYS = {"extends", "start", "weeks", "population", "levers", "guarantors", "behaviour"}
"""Of a scenario, and of no experiment."""


def load_experiment(path: str | Path) -> LoadedExperiment:
    """Read an experiment file and check every case of it.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Returns
    -------
    LoadedExperiment

    Raises
    ------
    ScenarioError
        With all that is wrong, each with its place.
    """
    file = Path(path)
    problems: list[Problem] = []
    try:
        text = read_text(file)
        root = read_yaml(text, file, problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None
    if not isinstance(root.value, dict):
        rule = "an experiment file is a mapping: lines of the form `key: value`"
        raise ScenarioError([named_problem(root, (), rule)])
    if "base" not in root.value and not root.value.keys().isdisjoint(SCENARIO_KEYS):
        rule = "is a scenario: `returnsim run` runs it. An experiment names it as its `base`"
        raise ScenarioError([Problem(file, None, None, "", "", rule)])
    try:
        told = Experiment.model_validate(plain(root))
    except ValidationError as error:
        raise ScenarioError(in_order(problems + problems_of(error, root, Experiment))) from None
    told, unknown = with_ranges(told, file, root)
    problems += unknown
    problems += problems_before_cases(told, root)
    if problems:
        raise ScenarioError(in_order(problems))
    loaded = LoadedExperiment(told, file, root, text)
    check_cases(loaded, root)
    return loaded
