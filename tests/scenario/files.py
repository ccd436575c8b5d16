"""Scenario files written for a test, and what reading them brings."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.files import load_scenario, scenario_from
from returnsim.scenario.schema import Scenario

START = date(2020, 1, 6)
HEAD = "title: a camp\nstart: 2020-01-06\nweeks: 10\n"


def camp(**sections: object) -> Scenario:
    """A scenario of ten weeks from `START` with some sections changed."""
    return scenario_from({"title": "a camp", "start": START, "weeks": 10} | sections)


def day(number: int) -> date:
    """The day so many days after `START`."""
    return START + timedelta(days=number)


def problems(folder: Path, text: str | bytes, *overrides: str) -> list[Problem]:
    """All problems of a file with this text."""
    file = folder / "camp.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, overrides)
    return caught.value.problems


def problem(folder: Path, text: str | bytes, *overrides: str) -> Problem:
    """The only problem of a file with this text."""
    (found,) = problems(folder, text, *overrides)
    return found
