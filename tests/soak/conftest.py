"""One undisturbed sweep to compare with, and a file of what the faults came to."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.measuring import machine

from tests.experiments.sweeps import CELLS
from tests.soak.rounds import Round, Whole, totals

COUNTS = Path(__file__).parents[2] / ".benchmarks" / "reliability.json"
PROPERTY = "round"
COUNTED = pytest.StashKey[list[dict[str, Any]]]()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A finished sweep that nothing befell."""
    return Whole(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def begin(
    whole: Whole, tmp_path: Path, record_property: Callable[[str, object], None]
) -> Iterator[Callable[[str, int], Round]]:
    """Begins a round of a fault with a seed; counted whether or not the test holds."""
    begun: list[Round] = []

    def begin(fault: str, seed: int) -> Round:
        begun.append(Round(fault, seed, whole, tmp_path))
        return begun[-1]

    yield begin
    for one in begun:
        one.leave()
        record_property(PROPERTY, json.dumps(one.told()))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COUNTED] = []
    config.pluginmanager.register(_Counting(config))


class _Counting:
    """Takes the counts from the reports, which come here from whatever process ran the test."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            told = [value for name, value in report.user_properties if name == PROPERTY]
            self.config.stash[COUNTED].extend(map(json.loads, told))

    def pytest_sessionfinish(self) -> None:
        rounds = self.config.stash[COUNTED]
        if rounds and not hasattr(self.config, "workerinput"):
            COUNTS.parent.mkdir(exist_ok=True)
            told = {"machine": machine(), "cells": CELLS, "faults": totals(rounds)}
            COUNTS.write_text(json.dumps(told, indent=1) + "\n")
