"""A run that is followed is the run, and who did not return is told household by household."""

import numpy as np
import pytest

from returnsim.analysis.attribution import LABELS, column_of_pair
from returnsim.analysis.followed import FATES, Followed, follow
from returnsim.analysis.returns import HARM_KINDS
from returnsim.assemble import BLOCK, members_of, plan_of, simulate
from returnsim.core.inputs import Place
from returnsim.core.state import BORN
from returnsim.errors import UsageError
from tests.agents.camp import camp

CAMP = camp(
    weeks=80,
    behaviour__intercept=-1,
    levers__siege__severity=0.8,
    levers__onward={"open": True, "cost_weeks_of_subsistence": 3},
    hazards__births_per_woman=0.03,
    hazards__death_per_week__children=0.005,
)
FEW = camp(weeks=60, levers__arrivals={"people_per_week": 0})


@pytest.fixture(scope="module")
def followed() -> Followed:
    return follow(CAMP, 3, events=True)


def test_the_columns_are_those_of_the_run_whatever_the_processes_and_beside_others():
    many = BLOCK + 2
    plain = simulate(FEW, many, households=20)
    alone = follow(FEW, 2, households=20).trajectories
    for workers in (1, 2):
        run = follow(FEW, many, households=20, workers=workers).trajectories
        for name, values in plain.columns.items():
            np.testing.assert_array_equal(run[name], values, name)
        for name, values in alone.columns.items():
            np.testing.assert_array_equal(run[name][:2], values, name)
        assert run.replicates.tolist() == list(range(many))


def test_replicates_of_several_blocks_are_numbered_on():
    many = BLOCK + 2
    run = follow(FEW, many, households=20)
    counted = np.bincount(run.returns.replicate, minlength=many) * run.trajectories.weight
    np.testing.assert_allclose(counted, run.trajectories["departures"].sum(axis=1))
    assert len(run.label) == len(run.returns.week)
    of = run.returns.replicate[run.harms.person]
    for number, name in enumerate(HARM_KINDS):
        counted = np.bincount(of[run.harms.kind == number], minlength=many)
        np.testing.assert_allclose(
            counted * run.trajectories.weight, run.trajectories[name].sum(axis=1)
        )
    assert run.traits.origin.shape == run.others.fates.shape[:2] == (many, 20)


@pytest.mark.parametrize("lever", ["siege", "guarantor:state"])
def test_returns_by_label_are_columns_that_add_up_to_the_departures(lever: str):
    run = follow(FEW, 2, lever=lever).trajectories
    by_label = [run[column_of_pair(label, lever)] for label in LABELS]
    np.testing.assert_allclose(sum(by_label), run["departures"])


def test_without_a_pair_there_are_no_columns_of_labels():
    assert follow(FEW, 1, lever=None).trajectories.columns.keys() == simulate(FEW, 1).columns.keys()


def test_a_lever_that_there_is_not_is_refused_before_the_run():
    with pytest.raises(UsageError, match="no such lever"):
        follow(FEW, 1, lever="seige")


def test_events_are_kept_where_they_are_asked_for(followed: Followed):
    assert followed.trajectories.events is not None
    assert follow(FEW, 1).trajectories.events is None


def test_progress_counts_the_weeks_of_the_pair_too():
    told: list[tuple[int, int]] = []
    follow(FEW, 2, households=20, progress=lambda *done: told.append(done))
    assert told[-1] == (240, 240)


def test_where_those_are_who_did_not_return_is_what_the_weekly_record_has(followed: Followed):
    columns = ("camp_population", "onward_to_date", "died_in_camp_to_date")
    fates = followed.others.fates.sum(axis=(1, 2))
    for number, (fate, column) in enumerate(zip(FATES, columns, strict=True)):
        at_the_end = followed.trajectories[column][:, -1]
        assert fates[:, number].tolist() == at_the_end.tolist(), fate
        assert at_the_end.sum() > 0


def test_everyone_of_a_household_has_returned_or_has_a_fate(followed: Followed):
    events = followed.trajectories.events
    assert events is not None
    there = members_of(plan_of(followed.trajectories), [0, 1, 2]).sum(axis=2).astype(int)
    born = events.source == BORN
    np.add.at(there, (events.replicate[born], events.household[born]), events.number[born])
    np.subtract.at(there, (followed.returns.replicate, followed.returns.household), 1)
    assert there.tolist() == followed.others.fates.sum(axis=(2, 3)).tolist()


def test_nobody_is_called_deterred_or_not_yet_known_who_was_never_in_this_camp(
    followed: Followed,
):
    events, others, who = followed.trajectories.events, followed.others, followed.returns
    assert events is not None
    shape = others.deterred.shape
    ever = np.zeros(shape, dtype=int)
    returned = np.zeros(shape, dtype=int)
    np.add.at(returned, (who.replicate, who.household, who.person_class), 1)
    ever += returned + others.fates.sum(axis=-1)
    # Members who grew out of a class were of it too.
    grown = (events.source == events.target) & (events.source == Place.CAMP)
    np.add.at(
        ever,
        (events.replicate[grown], events.household[grown], events.source_class[grown]),
        events.number[grown],
    )
    assert (returned + others.deterred + others.not_yet_known <= ever).all()
    assert others.deterred.sum() > 0
    assert others.not_yet_known.sum() > 0
    assert (events.source == BORN).sum() > 100
