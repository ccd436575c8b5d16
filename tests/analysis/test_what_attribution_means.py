"""Attribution says what it is meant to: nothing of itself, the same for longer, and of others."""

import numpy as np
import pytest

from returnsim.analysis.attribution import LABELS, VOLUNTARY
from returnsim.analysis.followed import Followed, follow
from returnsim.core.inputs import Class
from returnsim.scenario.files import load_scenario
from returnsim.scenario.schema import Scenario
from tests.agents.camp import RUKBAN, camp

LONG = {"weeks": 80, "levers__siege__severity": 0.9}


def by_week(run: Followed, weeks: int) -> dict[tuple[int, int, int, int, int], str]:
    """The labels of those who returned before a week, person by person."""
    who = run.returns
    number: dict[tuple[int, int, int, int], int] = {}
    found = {}
    for i in np.flatnonzero(who.week < weeks):
        one = (who.replicate[i], who.household[i], who.person_class[i], who.week[i])
        number[one] = number.get(one, 0) + 1
        found[(*one, number[one])] = LABELS[run.label[i]]
    return found


def test_the_labels_of_each_class_and_week_add_up_to_those_who_returned():
    run = follow(camp(**LONG), 3, 4)
    who, weekly = run.returns, run.trajectories
    shape = (3, len(Class), len(weekly.weeks))
    for c in Class:
        mine = who.person_class == c
        place = tuple(field[mine] for field in (who.replicate, who.person_class, who.week))
        cell = np.ravel_multi_index(place, shape)
        count = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)[:, c]
        np.testing.assert_array_equal(count, weekly[f"departures_{c.name.lower()}"])
    assert len(run.label) == weekly["departures"].sum()


@pytest.mark.slow
def test_the_people_of_2019_keep_their_label_when_the_run_goes_on_to_2025():
    longer = load_scenario(RUKBAN)
    shorter = load_scenario(RUKBAN, {"weeks": 152})
    end_of_2019 = 47
    short, long = (
        by_week(follow(scenario, 2, 1, households=400), end_of_2019)
        for scenario in (shorter, longer)
    )
    assert short == long
    assert {"voluntary", "hastened", "pushed"} <= set(short.values())


def without_risk() -> Scenario:
    """A world in which trust cannot matter, and two who promise the same to everyone."""
    return camp(
        weeks=80,
        behaviour__perceived_risk=0,
        behaviour__conscription=0,
        behaviour__norm=0,
        guarantors__elders__origins=None,
        guarantors__elders__vetting_refusal=0,
        guarantors__state__capacity_files_per_week=None,
        levers__corridor__parties_per_week=None,
    )


@pytest.mark.parametrize("name", ["state", "elders"])
def test_where_trust_cannot_matter_a_guarantor_induces_nobody(name: str):
    run = follow(without_risk(), 3, 4, lever=f"guarantor:{name}")
    assert (run.label == VOLUNTARY).all()
    assert len(run.label) > 100


def test_a_guarantor_moves_those_whom_it_does_not_cover_through_the_fate_of_others():
    # Nobody waits for a place or a file, so that only what is heard and seen of others can.
    without_queues = {
        "guarantors__elders__vetting_refusal": 0,
        "guarantors__state__capacity_files_per_week": None,
        "levers__corridor__parties_per_week": None,
    }
    scenario = camp(**LONG | without_queues)
    assert scenario.guarantors["elders"].origins == ("north",)
    run = follow(scenario, 4, 4, lever="guarantor:elders")
    south = scenario.origin_names.index("south")
    there = run.traits.origin[run.returns.replicate, run.returns.household] == south
    assert there.any()
    assert (run.label[there] != VOLUNTARY).any()
