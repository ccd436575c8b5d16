"""The camp of Rukban shows the regimes of its record, for the reasons that the model claims."""

from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from returnsim.assemble import simulate as simulate_by
from returnsim.core.engines import NUMPY
from returnsim.events import events_frame
from returnsim.posterior_rows import posterior_rows
from returnsim.scenario.files import load_scenario
from returnsim.trajectories import Trajectories

# That the engines agree is asked elsewhere: here nothing has to be compiled first.
simulate = partial(simulate_by, engine=NUMPY)

RUKBAN = Path(__file__).parents[1] / "scenarios" / "rukban"
LONG = RUKBAN / "2019-2025.yaml"
REPLICATES = 4


def week_of(run: Trajectories, day: str) -> int:
    """Position of the week in which a day lies."""
    return int((np.datetime64(day) - run.dates[0]).astype(int) // 7)


def total(run: Trajectories, column: str, start: str, end: str) -> np.ndarray:
    """Sum of a flow over the weeks from the one of ``start`` to before the one of ``end``."""
    return run[column][:, week_of(run, start) : week_of(run, end)].sum(axis=1)


BY_HAND = {"posterior": None}
"""Leaves the numbers as they stand in the file, where a test is about how the model works."""


@pytest.fixture(scope="module")
def rukban() -> Trajectories:
    return simulate(load_scenario(LONG, BY_HAND), replicates=REPLICATES, seed=1)


@pytest.fixture(scope="module")
def fitted() -> Trajectories:
    """Each replicate with its own draw of the posterior."""
    return simulate(load_scenario(LONG), replicates=16, seed=1, households=1500)


def test_over_the_posterior_the_wave_is_that_of_the_record(fitted: Trajectories):
    gone = np.median(total(fitted, "departures", "2019-02-04", "2019-08-12"))
    assert 15_000 < gone < 20_000


def test_over_the_posterior_thousands_stay_for_five_years(fitted: Trajectories):
    plateau = np.median(fitted["camp_population"], axis=0)
    plateau = plateau[week_of(fitted, "2020-06-01") : week_of(fitted, "2024-11-01")]
    assert plateau.min() > 6_000
    assert plateau.max() < 13_000


def test_over_the_posterior_hardly_anyone_leaves_in_the_blockade(fitted: Trajectories):
    gone = total(fitted, "departures", "2024-04-22", "2024-12-02")
    stayed = fitted["camp_population"][:, week_of(fitted, "2024-04-15")]
    assert np.median(gone / stayed) < 0.02


def test_over_the_posterior_some_tens_leave_in_july_2022(fitted: Trajectories):
    assert 20 <= np.median(total(fitted, "departures", "2022-07-04", "2022-08-01")) <= 110


def test_each_replicate_of_the_fitted_camp_has_numbers_of_its_own(fitted: Trajectories):
    scenario = fitted.scenario
    rows = posterior_rows(scenario, 1, [0, 1, 2])
    assert len(set(map(int, rows))) == 3
    assert "behaviour.intercept" in scenario.posterior.draws


def test_the_whole_camp_is_simulated_at_full_size(rukban: Trajectories):
    assert rukban.weight == 1.0
    assert 6_500 < rukban.households < 9_000
    assert len(rukban.weeks) == 331
    assert rukban["camp_population"][:, 0].min() > 32_000


def test_about_eighteen_thousand_have_left_by_august_2019(rukban: Trajectories):
    gone = np.median(total(rukban, "departures", "2019-02-04", "2019-08-12"))
    assert 16_500 < gone < 19_500


def test_the_wave_is_over_by_october_2019(rukban: Trajectories):
    wave = total(rukban, "departures", "2019-04-01", "2019-09-30") / 26
    after = total(rukban, "departures", "2019-10-07", "2020-10-05") / 52
    assert (after < wave / 10).all()


def test_from_2020_to_2024_some_eight_to_eleven_thousand_stay(rukban: Trajectories):
    plateau = np.median(rukban["camp_population"], axis=0)
    plateau = plateau[week_of(rukban, "2020-06-01") : week_of(rukban, "2024-11-01")]
    assert plateau.min() > 7_000
    assert plateau.max() < 11_000


def test_hardly_anyone_leaves_in_the_blockade_of_2024(rukban: Trajectories):
    assert (total(rukban, "departures", "2024-04-22", "2024-12-02") < 250).all()


def test_some_tens_of_people_leave_in_july_2022(rukban: Trajectories):
    gone = np.median(total(rukban, "departures", "2022-07-04", "2022-08-01"))
    assert 20 <= gone <= 110


def test_the_camp_is_nearly_empty_by_june_2025(rukban: Trajectories):
    left = rukban["camp_population"][:, week_of(rukban, "2025-06-02")]
    assert np.median(left) < 350


def test_with_the_road_open_from_2020_most_are_still_there_in_november_2024():
    run = simulate(load_scenario(RUKBAN / "open-corridor.yaml", BY_HAND), replicates=2, seed=1)
    assert (run["camp_population"][:, week_of(run, "2024-11-04")] > 5_000).all()


@pytest.mark.parametrize(
    "without",
    [{"behaviour.perceived_risk": 0}, {"levers.transport": {"cost_weeks_of_subsistence": 0}}],
    ids=["fear", "the price of a lorry"],
)
def test_where_the_road_is_open_few_stay_without(without: dict):
    run = simulate(
        load_scenario(RUKBAN / "open-corridor.yaml", BY_HAND | without), replicates=1, seed=1
    )
    assert (run["camp_population"][:, week_of(run, "2024-11-04")] < 2_000).all()


def test_trust_at_the_end_of_2021_is_no_higher_than_at_the_start(rukban: Trajectories):
    trust = rukban["trust_settlement"].mean(axis=0)
    assert trust[week_of(rukban, "2021-12-27")] <= trust[0]


def test_few_of_the_men_who_returned_are_arrested_within_nine_months(rukban: Trajectories):
    end = "2019-12-30"
    arrested = total(rukban, "detained_men_conscription_age", "2019-02-04", end)
    returned = total(rukban, "departures_men_conscription_age", "2019-02-04", end)
    share = np.median(arrested / returned)
    assert 0.02 < share < 0.11


def test_men_are_among_the_leavers_of_april_2019_as_they_were(rukban: Trajectories):
    names = ("men_conscription_age", "men_older")
    men = sum(total(rukban, f"departures_{c}", "2019-03-25", "2019-04-22") for c in names)
    men = men + total(rukban, "departures_elderly", "2019-03-25", "2019-04-22") / 2
    share = np.median(men / total(rukban, "departures", "2019-03-25", "2019-04-22"))
    assert 0.16 < share < 0.26


def test_people_with_less_to_fear_are_the_first_to_go(rukban: Trajectories):
    gone = {
        name: total(rukban, f"departures_{name}", "2019-02-04", "2019-10-07")
        / rukban[f"camp_{name}"][:, 0]
        for name in ("elderly", "women", "men_conscription_age")
    }
    assert (gone["elderly"] > gone["men_conscription_age"]).all()
    assert (gone["women"] > gone["men_conscription_age"]).all()


def share_gone(run: Trajectories, name: str, weeks: int) -> np.ndarray:
    return run[f"departures_{name}"][:, :weeks].sum(axis=1) / run[f"camp_{name}"][:, 0]


FREE_ROAD = BY_HAND | {
    "weeks": 12,
    "guarantors.settlement.active": True,
    "levers.corridor": {"open": True, "parties_per_week": None},
    "behaviour.splits": {},
    "behaviour.age": 0,
    "behaviour.intercept": -2.5,
}


def test_the_old_go_first_though_age_itself_weighs_nothing():
    run = simulate(load_scenario(LONG, FREE_ROAD), replicates=4, seed=2)
    gap = share_gone(run, "elderly", 12) - share_gone(run, "men_conscription_age", 12)
    assert (gap > 0.03).all()


def test_without_risk_and_draft_the_old_go_no_sooner_than_young_men():
    free = FREE_ROAD | {"behaviour.perceived_risk": 0, "behaviour.conscription": 0}
    run = simulate(load_scenario(LONG, free), replicates=12, seed=2)
    gap = share_gone(run, "elderly", 12) - share_gone(run, "men_conscription_age", 12)
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    assert abs(gap.mean()) < 4 * error


SHORT = BY_HAND | {
    "weeks": 30,
    "levers.siege.severity": 0.8,
    "levers.corridor.open": True,
    "guarantors.settlement.active": True,
}


BARE = {
    "neutrality": 0,
    "enforcement": 0.1,
    "card_protection": 0.3,
    "persuasion": 0.2,
    "track_record": {"harms": 0.5, "exposure_weeks": 200},
}


def test_a_second_guarantor_identical_in_every_field_changes_no_weekly_count():
    one = load_scenario(LONG, SHORT | {"guarantors.settlement": BARE})
    two = load_scenario(LONG, SHORT | {"guarantors.settlement": BARE, "guarantors.again": BARE})
    once, doubled = (simulate(s, replicates=2, seed=3, households=1500) for s in (one, two))
    for name in once.columns:
        np.testing.assert_array_equal(once[name], doubled[name], err_msg=name)
    assert once["departures_settlement"].sum() > 0
    assert (doubled["departures_again"] == 0).all()


def test_what_will_set_two_guarantors_apart_changes_nothing_before():
    later = BARE | {"enforcement": [{"from": "2019-02-04", "value": 0.1}]}
    later["enforcement"] = [*later["enforcement"], {"from": "2019-06-03", "value": 0.9}]
    both = {"guarantors.settlement": BARE, "weeks": 30}
    runs = [
        simulate(load_scenario(LONG, SHORT | both | {"guarantors.again": other}), 2, households=400)
        for other in (BARE, later)
    ]
    step = week_of(runs[0], "2019-06-03")
    for name in runs[0].columns:
        one, two = (run[name] for run in runs)
        np.testing.assert_array_equal(one[:, :step], two[:, :step], err_msg=name)
    assert not np.array_equal(runs[0]["departures"], runs[1]["departures"])


@pytest.mark.parametrize(
    "own_default",
    ["levers.services.conditions=1", "behaviour.reunite=0.5", "levers.news.reach=1"],
)
def test_a_lever_set_to_what_it_is_changes_nothing(own_default: str):
    path, value = own_default.split("=")
    resolved = load_scenario(LONG, SHORT)
    again = load_scenario(LONG, SHORT | {path: float(value)})
    one, other = (simulate(s, replicates=2, households=800) for s in (resolved, again))
    for name in one.columns:
        np.testing.assert_array_equal(one[name], other[name])


def test_recording_a_window_leaves_the_run_as_it_was():
    window = simulate(load_scenario(RUKBAN / "reconciliation-centre-2022.yaml"), 1, households=800)
    whole = simulate(load_scenario(LONG), 1, households=800)
    first = week_of(whole, "2022-05-02")
    assert window.dates[0] == np.datetime64(date(2022, 5, 2))
    for name in window.columns:
        np.testing.assert_array_equal(
            window[name][0], whole[name][0, first : first + len(window.weeks)], err_msg=name
        )


def test_results_are_bit_equal_whatever_the_block_or_the_worker():
    scenario = load_scenario(LONG, SHORT)
    one = simulate(scenario, replicates=19, households=300, workers=1)
    two = simulate(scenario, replicates=19, households=300, workers=2)
    few = simulate(scenario, replicates=3, households=300)
    for name in one.columns:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
        np.testing.assert_array_equal(one[name][:3], few[name], err_msg=name)


def test_a_camp_of_fewer_households_stands_for_as_many_people():
    scenario = load_scenario(LONG, SHORT)
    small = simulate(scenario, replicates=8, households=1000)
    full = simulate(scenario, replicates=2)
    assert small.weight == pytest.approx(full.households / 1000, rel=0.01)
    for name in ("camp_population", "departures"):
        few, all_ = (run[name].sum(axis=1).mean() for run in (small, full))
        assert few == pytest.approx(all_, rel=0.05)


SHIPPED = sorted(file for file in RUKBAN.glob("*.yaml") if file.name != "patterns.yaml")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda p: p.stem)
def test_every_scenario_shipped_runs(file: Path):
    run = simulate(load_scenario(file), replicates=1, households=300)
    assert np.isfinite(run["camp_population"]).all()


def test_events_tell_the_same_story_as_the_weekly_columns():
    run = simulate(load_scenario(LONG, SHORT), replicates=3, households=500, events=True)
    events = events_frame(run)
    left = events[(events["from"] == "camp") & events["to"].str.match("home|held")]
    for replicate in range(3):
        mine = left[left["replicate"] == replicate]
        by_week = mine.groupby("week")["number"].sum().reindex(range(30), fill_value=0)
        np.testing.assert_allclose(by_week * run.weight, run["departures"][replicate])
    arrested = events[events["to"].str.startswith("detained")]["number"].sum()
    assert arrested * run.weight == pytest.approx(run["detained"].sum())


def test_the_camp_of_rukban_is_peopled_as_its_file_says():
    scenario = load_scenario(LONG, BY_HAND)
    run = simulate(scenario, replicates=8, households=3000)
    first = {name: run[name][:, 0] for name in run.columns if name.startswith("camp_")}
    people = scenario.population
    assert first["camp_population"].mean() == pytest.approx(people.people.value, rel=0.02)
    for name in ("men_conscription_age", "men_older", "women", "children", "elderly"):
        share = first[f"camp_{name}"] / first["camp_population"]
        error = share.std(ddof=1) / np.sqrt(len(share))
        assert abs(share.mean() - getattr(people.shares, name).value) < 5 * error + 0.002
