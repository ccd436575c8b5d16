"""The smallest change of a lever that changes the likeliest choice is one, and the smallest."""

from functools import cache

import numpy as np
import pytest

from returnsim.analysis.flips import (
    SETTLED,
    Flips,
    changed,
    levers_of,
    likeliest,
    smallest_changes,
    today,
)
from returnsim.assemble import plan_run
from returnsim.errors import ScenarioError
from returnsim.scenario.files import scenario_from
from tests.analysis.explained import BANNED, MADE, SEED, made, moment


@cache
def flips(t: int) -> list[Flips]:
    scenario = made()
    return smallest_changes(moment(t), levers_of(scenario, plan_run(scenario, SEED, 60)))


@pytest.mark.parametrize("t", [2, BANNED])
def test_at_the_value_told_the_likeliest_choice_is_the_one_told_and_just_short_of_it_not(t: int):
    was, changes = likeliest(moment(t)), 0
    for flip in flips(t):
        there = np.flatnonzero(~np.isnan(flip.at))
        some, lever = moment(t).take(there), flip.lever
        at, now = flip.at[there], flip.today[there]
        to = likeliest(changed(some, lever, at))
        np.testing.assert_array_equal(to, flip.to[there])
        assert (to != was[there]).all()
        assert ((at >= 0) & (at <= lever.high)).all()
        moves = at != now
        if not lever.is_switch:
            short = at - 1e-6 * lever.high * np.sign(at - now)
            short = np.where(np.abs(at - now) > 1e-6 * lever.high, short, now)
            before = likeliest(changed(some, lever, short))
            np.testing.assert_array_equal(before[moves], was[there][moves])
        changes += int(moves.sum())
    assert changes > 60


def test_no_value_nearer_to_todays_changes_the_choice():
    found = moment(2)
    was, n = likeliest(found), len(found.household)
    for flip in flips(2):
        size = 2 if flip.lever.is_switch else 301
        values = np.linspace(0, flip.lever.high, size)
        tiled = found.take(np.tile(np.arange(n), size))
        choice = likeliest(changed(tiled, flip.lever, np.repeat(values, n))).reshape(size, n)
        eases = SETTLED.get(flip.lever.array, 0) * (values[:, None] - flip.today) >= 0
        distance = np.where((choice != was) & eases, np.abs(values[:, None] - flip.today), np.inf)
        nearest = distance.min(axis=0)
        told = np.where(np.isnan(flip.at), np.inf, np.abs(flip.at - flip.today))
        assert (nearest >= told - 1e-9 * flip.lever.high).all(), flip.lever.path


@pytest.mark.parametrize("t", [2, BANNED, 9])
def test_what_would_make_life_in_camp_worse_is_not_told(t: int):
    worse = 0
    for flip in flips(t):
        eases = SETTLED.get(flip.lever.array)
        if eases is None:
            continue
        assert not (np.nan_to_num(flip.change) * eases < 0).any(), flip.lever.path
        n = len(flip.today)
        worst = np.full(n, flip.lever.high if eases < 0 else 0.0)
        worse += int(
            (likeliest(changed(moment(t), flip.lever, worst)) != likeliest(moment(t))).sum()
        )
    assert worse > 0  # there would be something to tell


FOR_GOING = {
    "levers.siege.severity": 1,
    "levers.aid.coverage": -1,
    "levers.medical.access": -1,
    "levers.conscription.enforced": -1,
    "levers.conscription.deferral_weeks": 1,
    "levers.threat.level": -1,
    "levers.services.conditions": 1,
    "levers.transport.subsidy": 1,
    "levers.exit_ban.strength": -1,
    "guarantors.state.active": 1,
    "guarantors.state.price_per_person": -1,
}


@pytest.mark.parametrize("t", [2, BANNED, 9])
def test_what_favours_going_makes_nobody_stay_and_what_hinders_it_makes_nobody_go(t: int):
    was, moved = likeliest(moment(t)), 0
    for flip in flips(t):
        favours = FOR_GOING.get(flip.lever.path, 0) * np.nan_to_num(flip.change)
        assert (flip.to[favours > 0] != 0).all(), flip.lever.path
        assert (was[favours < 0] != 0).all(), flip.lever.path
        moved += int((favours != 0).sum())
    assert moved > 30


def test_felt_is_hardship_at_its_target_and_danger_at_its_level_and_nothing_else():
    found = moment(3)
    n = len(found.household)
    by_path = {flip.lever.path: flip.lever for flip in flips(3)}
    calm = changed(found, by_path["levers.threat.level"], np.full(n, 0.25))
    assert (calm.state.perceived == 0.25).all()
    assert (calm.state.hardship == found.state.hardship).all()
    fed = changed(found, by_path["levers.aid.coverage"], np.ones(n))
    healthy = ~fed.people.vulnerable[:, 0]
    assert (fed.state.hardship[healthy] == 0).all()
    assert (fed.state.hardship[~healthy] > 0).all()
    for after in (calm, fed):
        assert after.state.reserves is found.state.reserves
        assert after.beliefs is found.beliefs
        assert after.state.moving is found.state.moving


def test_every_lever_that_is_put_to_its_value_of_today_leaves_the_terms_as_they_were():
    found = moment(BANNED)
    settled = found._replace(
        state=changed(found, flips(BANNED)[0].lever, today(found, flips(BANNED)[0].lever)).state
    )
    settled = settled._replace(
        state=settled.state._replace(
            perceived=np.repeat(found.week.threat, len(found.household), 0)
        )
    )
    for flip in flips(BANNED):
        again = changed(settled, flip.lever, today(settled, flip.lever))
        np.testing.assert_array_equal(again.probabilities(), settled.probabilities())


def test_a_range_that_ends_at_one_is_that_of_a_share():
    scenario = scenario_from(MADE, "made")
    shares = [
        lever.path
        for lever in levers_of(scenario, plan_run(scenario, SEED, 60))
        if lever.high == 1.0 and not lever.is_switch
    ]
    assert len(shares) > 5
    for path in shares:
        # An exit ban is for classes of members, and its strength is that for all.
        if path != "levers.exit_ban.strength":
            with pytest.raises(ScenarioError, match="from 0 to 1"):
                scenario_from(MADE, "made", {path: 1.5})
