"""The page of faults tells what was counted, and what could not be tried."""

from benchmarks.measuring import machine
from benchmarks.reliability import page_of

from tests.soak.rounds import totals

NOTHING = {"injected": 0, "survived": 0, "lost": 0, "again": 0, "tracebacks": 0}
KILL = NOTHING | {
    "fault": "a kill",
    "injected": 3,
    "survived": 3,
    "left": {"0": 1, "killed": 3},
    "said": {},
    "not_possible": "",
}
FULL = NOTHING | {"fault": "a full disk", "left": {}, "said": {}, "not_possible": "no mounts"}


def page(*rounds: dict) -> str:
    told = {"machine": machine(), "cells": 16, "faults": totals(rounds)}
    return page_of(told)


def test_the_rounds_of_a_fault_are_summed():
    lost = KILL | {"survived": 0, "lost": 2, "left": {"1": 4}, "said": {"no `room`": 4}}
    told = page(KILL, lost)
    assert "| a kill | 2 | 6 | 3 | 2 | 0 | 0 | 1 × 0, 4 × 1, 3 × killed |" in told
    assert "6 faults in sweeps of 16 cells" in told
    assert "; 2 cells lost." in told
    assert "- 4 × `` no `room` ``" in told


def test_a_fault_that_could_not_be_tried_is_told_with_the_reason():
    assert "| a full disk | – | – | – | – | – | – | no mounts |" in page(KILL, FULL)
