"""The harm ledger tells of everyone who returned, by when, and of those who stayed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.analysis.followed import Followed, follow
from returnsim.analysis.harm_ledger import bin_edges, bin_names, harm_ledger
from returnsim.analysis.periods import COLUMNS, periods_of
from returnsim.analysis.returns import HARM_KINDS
from returnsim.analysis.summary import summarise
from returnsim.analysis.survival import (
    FIRST_KINDS,
    UNHARMED,
    curves,
    incidence,
    lives_of,
    weekly_risk,
)
from returnsim.core.inputs import Class
from tests.agents.camp import camp
from tests.analysis.ledgers import value
from tests.analysis.lived import MEN, WOMEN, Person, lived
from tests.analysis.made import made

DETAINED, CONSCRIPTED, KILLED = range(len(FIRST_KINDS))
MANY = 200_000
STANDARD_ERRORS = 4.0
SIEGE = camp(weeks=80, behaviour__intercept=-0.5)
RECORDED = camp(weeks=80, behaviour__intercept=-0.5, record_from="2021-05-03")


@pytest.fixture(scope="module", params=[SIEGE, RECORDED], ids=["all weeks", "a window"])
def run(request: pytest.FixtureRequest) -> Followed:
    found = follow(request.param, 3, lever=None, households=70)
    assert found.trajectories.weight > 1
    return found


def sums(ledger: pd.DataFrame, part: str, kind: str, unit: str, **given_: str) -> float:
    """The sum of a number over the groups that are not all."""
    chosen = ledger[(ledger.part == part) & (ledger.kind == kind) & (ledger.unit == unit)]
    chosen = chosen[chosen.group != "all"]
    for name, wanted in ({"guarantor": "(any)", "who": "everyone"} | given_).items():
        chosen = chosen[chosen[name] == wanted]
    return float(chosen["mean"].sum())


# The curves.


def test_the_curves_of_a_few_people_are_those_worked_out_on_paper():
    # Of four, one is detained in week 1, one is followed for 2, one is killed in week 3.
    time, reach = np.array([1, 2, 3, 3]), np.array([5, 2, 5, 3])
    kind = np.array([DETAINED, UNHARMED, KILLED, UNHARMED])
    found = curves(time, kind, reach, 5)
    assert found.unharmed.tolist() == pytest.approx([1, 3 / 4, 3 / 4, 3 / 8, 3 / 8, 3 / 8])
    assert found.by_kind[DETAINED].tolist() == pytest.approx([0, *[1 / 4] * 5])
    assert found.by_kind[CONSCRIPTED].tolist() == [0] * 6
    assert found.by_kind[KILLED].tolist() == pytest.approx([0, 0, 0, *[3 / 8] * 3])


people = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(-1, 2)), min_size=1, max_size=40
)


def cut(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, kind and reach of people harmed at a time, if they were followed for so long."""
    harm, reach, kind = np.array(rows).T
    seen = (kind != UNHARMED) & (harm <= reach)
    return np.where(seen, harm, reach), np.where(seen, kind, UNHARMED), reach


@settings(deadline=None)
@given(people)
def test_the_unharmed_and_those_whom_each_kind_befell_first_are_everyone(
    rows: list[tuple[int, int, int]],
):
    time, kind, reach = cut(rows)
    found = curves(time, kind, reach, 15)
    known = np.arange(16) <= reach.max()
    whole = found.unharmed + found.by_kind.sum(axis=0)
    np.testing.assert_allclose(whole[known], 1.0, rtol=0, atol=1e-14)
    assert np.isnan(whole[~known]).all()


@settings(deadline=None)
@given(people)
def test_the_share_of_each_kind_is_the_sum_of_those_still_unharmed_times_its_hazard(
    rows: list[tuple[int, int, int]],
):
    time, kind, reach = cut(rows)
    found = curves(time, kind, reach, 12)
    unharmed, shares = 1.0, np.zeros(3)
    for week in range(1, int(reach.max()) + 1):
        at_risk = int((time >= week).sum())
        for k in range(3) if at_risk else ():
            shares[k] += unharmed * ((time == week) & (kind == k)).sum() / at_risk
        unharmed = 1.0 - shares.sum()
        np.testing.assert_allclose(found.by_kind[:, week], shares, atol=1e-12)


@settings(deadline=None)
@given(people)
def test_where_all_are_followed_to_the_end_the_curves_are_plain_shares(
    rows: list[tuple[int, int, int]],
):
    time, _, kind = np.array(rows).T
    time = np.where(kind == UNHARMED, 12, time)
    found = curves(time, kind, np.full_like(time, 12), 12)
    for week in range(13):
        plain = [((kind == k) & (time <= week)).mean() for k in range(3)]
        np.testing.assert_allclose(found.by_kind[:, week], plain, atol=1e-12)


def test_at_constant_hazards_the_shares_are_those_of_exponential_waiting():
    rng = np.random.default_rng(20)
    rates = np.array([0.004, 0.012, 0.001])
    reach = rng.integers(1, 105, MANY)
    harm = np.ceil(rng.exponential(1 / rates.sum(), MANY)).astype(int)
    kind = rng.choice(3, MANY, p=rates / rates.sum())
    found = curves(*cut(list(zip(harm, reach, kind, strict=True))), 104)
    for week in (4, 26, 52, 104):
        harmed = 1 - np.exp(-rates.sum() * week)
        expected = harmed * np.array([1, *(rates / rates.sum())])
        # Those followed for so long tell at least this much.
        error = np.sqrt(expected * (1 - expected) / (reach >= week).sum())
        given_ = np.array([1 - found.unharmed[week], *found.by_kind[:, week]])
        assert (np.abs(given_ - expected) < STANDARD_ERRORS * error).all()


def test_without_anybody_there_is_no_curve():
    none = np.empty(0, dtype=np.int64)
    assert np.isnan(curves(none, none, none, 5).unharmed).all()


# From returns and harms to time at risk.


def test_the_week_of_the_return_is_the_first_in_which_harm_is_counted():
    lives = lives_of(lived([Person(7, (("killed", 7),)), Person(9)], weeks=10))
    assert lives.time.tolist() == [1, 1]
    assert lives.kind.tolist() == [KILLED, UNHARMED]
    assert lives.reach.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("harms", "first"),
    [
        ((("detained", 5), ("disappeared", 8)), (DETAINED, 6)),
        ((("killed", 9), ("detained", 3)), (DETAINED, 4)),
        ((("conscripted", 2),), (CONSCRIPTED, 3)),
        ((("disappeared", 4),), (UNHARMED, 20)),
    ],
)
def test_the_first_of_what_befell_someone_is_what_counts(
    harms: tuple[tuple[str, int], ...], first: tuple[int, int]
):
    lives = lives_of(lived([Person(0, harms)], weeks=20))
    assert (int(lives.kind[0]), int(lives.time[0])) == first


def test_each_week_has_those_at_risk_and_those_harmed():
    run = lived(
        [Person(0, (("detained", 1),)), Person(2), Person(0, replicate=1)], weeks=4, replicates=2
    )
    lives = lives_of(run)
    weekly = weekly_risk(lives, np.ones(3, dtype=bool))
    assert weekly.at_risk.tolist() == [[2, 2, 0, 0], [1, 1, 1, 1]]
    assert weekly.harmed[DETAINED].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_the_means_of_the_shares_are_of_all_replicates_together_and_the_range_between_them():
    harmed = [Person(0, (("killed", 0),), replicate=0)]
    run = lived([*harmed, *[Person(0, replicate=1)] * 3], weeks=2, replicates=2)
    found = incidence(lives_of(run), np.ones(4, dtype=bool))
    assert found.harmed.mean.tolist() == [0, 0.25, 0.25]
    assert found.harmed.median[1] == 0.5
    assert (found.harmed.low90[1], found.harmed.high90[1]) == pytest.approx((0.05, 0.95))
    assert sum(kind.mean for kind in found.by_kind).tolist() == found.harmed.mean.tolist()


# The ledger.


def test_nothing_that_befell_anyone_is_lost_or_counted_twice(run: Followed):
    ledger, record = harm_ledger(run), run.trajectories
    columns = {"held on the way": "newly_held"} | {kind: kind for kind in HARM_KINDS}
    for kind, column in columns.items():
        total = value(ledger, "after return", kind, "people")
        if kind in HARM_KINDS:
            total += value(ledger, "after a return before the record", kind, "people")
        assert total == pytest.approx(record[column].sum(axis=1).mean()), kind
        assert total > 0
    returned = value(ledger, "after return", "returned", "people")
    assert returned == pytest.approx(record["departures"].sum(axis=1).mean())


def test_cohorts_and_guarantors_add_up_to_all_who_returned(run: Followed):
    ledger = harm_ledger(run)
    people = ("returned", "held on the way", *HARM_KINDS, "harmed")
    for kind, unit in (*((kind, "people") for kind in people), ("at risk", "person-weeks")):
        whole = value(ledger, "after return", kind, unit)
        assert sums(ledger, "after return", kind, unit) == pytest.approx(whole), kind
        by_guarantor = (
            value(ledger, "after return", kind, unit, guarantor=name)
            for name in run.trajectories.scenario.guarantor_names
        )
        assert sum(by_guarantor) == pytest.approx(whole), kind


@pytest.mark.parametrize("guarantor", ["(any)", "state", "elders"])
def test_weeks_since_return_add_up_to_the_time_at_risk_and_to_those_harmed(
    run: Followed, guarantor: str
):
    ledger = harm_ledger(run)
    for kind, unit in (("at risk", "person-weeks"), ("harmed", "people")):
        whole = value(ledger, "after return", kind, unit, guarantor=guarantor)
        found = sums(ledger, "by weeks since return", kind, unit, guarantor=guarantor)
        assert found == pytest.approx(whole)
        assert whole > 0
    firsts = (
        sums(ledger, "by weeks since return", f"{kind} first", "people", guarantor=guarantor)
        for kind in FIRST_KINDS
    )
    assert sum(firsts) == pytest.approx(found)


def test_the_first_year_is_told_again_of_those_who_were_followed_through_it():
    # Whoever returned in week 49 is followed for 51 weeks.
    early = [Person(0, (("killed", 0),)), Person(48, (("killed", 52),)), Person(48)]
    ledger = harm_ledger(lived([*early, *[Person(49)] * 10], weeks=100))
    first, second = ({"group": f"weeks {a} to {a + 3}"} for a in (1, 5))
    kinds = ("at risk", "person-weeks"), ("harmed", "people")
    everyone, a_year = (
        "by weeks since return",
        "by weeks since return, of those followed for a year",
    )
    assert [value(ledger, everyone, *kind, **first) for kind in kinds] == [1 + 8 + 40, 1]
    assert [value(ledger, a_year, *kind, **first) for kind in kinds] == [1 + 8, 1]
    assert [value(ledger, a_year, *kind, **second) for kind in kinds] == [1 + 4, 1]


def test_those_never_harmed_are_at_risk_for_as_long_as_they_are_followed():
    ledger = harm_ledger(lived([Person(0), Person(6)], weeks=10))
    assert value(ledger, "after return", "followed", "weeks a person") == 7
    assert value(ledger, "after return", "at risk", "person-weeks") == 14


def test_time_at_risk_is_that_of_the_real_camp_and_ends_with_the_first_harm(run: Followed):
    ledger = harm_ledger(run)
    returned = value(ledger, "after return", "returned", "people")
    lived_through = returned * value(ledger, "after return", "followed", "weeks a person")
    harmed = value(ledger, "after return", "harmed", "per 100 returned") / 100
    at_risk = value(ledger, "after return", "at risk", "person-weeks")
    assert (1 - harmed) * lived_through < at_risk < lived_through


def test_a_harm_belongs_to_the_cohort_of_the_return_whenever_it_came():
    # Weeks 0 and 60 are in the first quarters of 2020 and 2021.
    run = lived([Person(0, (("killed", 60),)), Person(60), Person(60)], weeks=100)
    ledger = harm_ledger(run)
    for group, returned, killed in (("2020-Q1", 1, 1), ("2021-Q1", 2, 0)):
        assert value(ledger, "after return", "returned", "people", group=group) == returned
        assert value(ledger, "after return", "killed", "people", group=group) == killed
    assert value(ledger, "after return", "followed", "weeks a person", group="2021-Q1") == 40


def test_rates_are_of_all_replicates_together_and_where_nobody_is_there_is_none():
    people = [Person(0, (("detained", 3),)), *[Person(0)] * 3, Person(0, replicate=1)]
    ledger = harm_ledger(lived(people, replicates=3))
    share = ("after return", "detained", "per 100 returned")
    assert value(ledger, *share) == 100 / 5
    # The third replicate has nobody and no share.
    assert value(ledger, *share, column="median") == pytest.approx((25 + 0) / 2)
    assert value(ledger, "after return", "detained", "people") == pytest.approx(1 / 3)
    assert np.isnan(value(ledger, *share, group="2020-Q4"))


def test_men_of_conscription_age_are_told_apart():
    people = [Person(0, (("conscripted", 9),)), Person(0, person_class=WOMEN)]
    ledger = harm_ledger(lived(people))
    men = {"who": "men_conscription_age"}
    assert value(ledger, "after return", "returned", "people", **men) == 1
    assert value(ledger, "after return", "conscripted", "per 100 returned", **men) == 100
    assert value(ledger, "after return", "conscripted", "per 100 returned") == 50


def families(ledger: pd.DataFrame, group: str = "all") -> tuple[float, float]:
    names = ("families returned", "families harmed")
    return tuple(value(ledger, "after return", name, "families", group=group) for name in names)


def test_a_family_of_which_two_are_harmed_is_one_family():
    harmed = (("detained", 5), ("disappeared", 9))
    people = [Person(0, harmed), Person(0, (("killed", 7),)), Person(0, person_class=WOMEN)]
    ledger = harm_ledger(lived([*people, *[Person(3, household=1)] * 2]))
    assert families(ledger) == (2, 1)
    assert value(ledger, "after return", "families harmed", "per 100 families returned") == 50


def test_a_man_alone_is_no_family_and_one_who_left_his_behind_is_of_one():
    people = [Person(0, (("detained", 5),), household=h) for h in (0, 1)]
    assert families(harm_ledger(lived(people))) == (0, 0)
    assert families(harm_ledger(lived(people, staying={(0, 1): 1}))) == (1, 1)


def test_a_family_that_returned_in_two_periods_is_told_in_both_and_once_in_all():
    ledger = harm_ledger(lived([Person(0), Person(60, (("killed", 61),), person_class=WOMEN)]))
    assert families(ledger, "2020-Q1") == (1, 0)
    assert families(ledger, "2021-Q1") == (1, 1)
    assert families(ledger) == (1, 1)


def test_households_that_left_in_stages_are_those_of_the_weekly_record():
    run = lived(
        [Person(0)], departing_households=[[4] * 50 + [0] * 50], departing_households_split=1
    )
    ledger = harm_ledger(run)
    assert value(ledger, "after return", "left in stages", "households") == 100
    assert value(ledger, "after return", "left in stages", "per 100 households that left") == 50


def test_the_share_harmed_is_told_at_round_numbers_of_weeks_with_how_many_are_left():
    # The last is killed in the fourth week since the return, the other in the thirteenth.
    people = [Person(0, (("killed", 12),)), *[Person(0)] * 2, Person(85, (("killed", 88),))]
    ledger = harm_ledger(lived(people, weeks=100))
    share = ledger[(ledger.part == "share harmed") & (ledger.guarantor == "(any)")]
    assert share.group.unique().tolist() == [f"within {m} weeks" for m in (4, 13, 26, 52)]
    for weeks, harmed, at_risk in ((4, 25, 4), (13, 50, 3), (26, 50, 2)):
        within = {"group": f"within {weeks} weeks"}
        assert value(ledger, "share harmed", "harmed", "per 100 returned", **within) == harmed
        assert value(ledger, "share harmed", "killed first", "per 100 returned", **within) == harmed
        assert value(ledger, "share harmed", "at risk in the last", "people", **within) == at_risk


def test_want_in_camp_stands_beside_the_harm_by_the_same_periods():
    run = lived(
        [],
        weeks=26,
        camp_population=200,
        hungry=[[200] * 13 + [0] * 13],
        without_care=3,
        died_in_camp=[[1] * 13 + [0] * 13],
        hardship=[[0.5] * 13 + [np.nan] * 13],
    )
    ledger = harm_ledger(run)
    assert value(ledger, "in camp", "hungry", "person-weeks") == 2600
    assert value(ledger, "in camp", "hungry", "per 100 person-weeks") == 50
    assert value(ledger, "in camp", "hungry", "per 100 person-weeks", group="2020-Q1") == 100
    assert value(ledger, "in camp", "hungry", "per 100 person-weeks", group="2020-Q2") == 0
    assert value(ledger, "in camp", "without care", "household-weeks") == 78
    assert value(ledger, "in camp", "hardship", "0 to 1") == 0.5
    assert np.isnan(value(ledger, "in camp", "hardship", "0 to 1", group="2020-Q2"))


def test_deaths_in_camp_are_those_of_the_summary(run: Followed):
    ledger, summary = harm_ledger(run), summarise(run.trajectories)
    for unit in ("people", "per 1,000 person-months"):
        (row,) = summary[(summary.outcome == "died in camp") & (summary.unit == unit)].itertuples()
        given_ = value(ledger, "in camp", "died in camp", unit, column="median")
        assert given_ == pytest.approx(row.median)


def test_the_rows_are_the_same_whatever_happened():
    quiet, busy = (
        harm_ledger(lived(people, replicates=2)) for people in ([], [Person(0, (("killed", 4),))])
    )
    names = list(COLUMNS[:6])
    assert list(busy.columns) == list(COLUMNS)
    assert quiet[names].equals(busy[names])
    assert not busy[names].duplicated().any()
    assert (quiet[quiet.unit == "people"]["mean"].dropna() == 0).all()


# Periods and bins.


def test_a_record_of_three_years_is_cut_into_half_years_and_a_shorter_one_into_quarters():
    assert periods_of(made(157)).names[:3] == ("2020-H1", "2020-H2", "2021-H1")
    assert periods_of(made(156)).names[:3] == ("2020-Q1", "2020-Q2", "2020-Q3")
    assert len(periods_of(made(157)).of_week) == 157


def test_a_week_belongs_to_the_period_in_which_it_begins():
    # The thirteenth week, of 30 March, reaches into April.
    assert periods_of(made(14)).of_week.tolist() == [0] * 13 + [1]


@pytest.mark.parametrize(
    ("weeks", "edges"),
    [
        (1, [0, 1]),
        (4, [0, 4]),
        (10, [0, 4, 8, 10]),
        (52, [*range(0, 53, 4)]),
        (70, [*range(0, 53, 4), 65, 70]),
    ],
)
def test_bins_are_of_four_weeks_in_the_first_year_and_of_thirteen_later(
    weeks: int, edges: list[int]
):
    assert bin_edges(weeks).tolist() == edges


def test_bins_say_which_weeks_they_hold():
    assert bin_names(bin_edges(9)) == ("weeks 1 to 4", "weeks 5 to 8", "week 9")


# What it is for.

GRACE = 24
QUIET = {
    "weeks": 90,
    "guarantors__elders__active": [],
    "guarantors__state__grace_weeks": GRACE,
    "guarantors__state__enforcement_after_grace": 0,
    "guarantors__state__card_protection": 1,
    "levers__conscription__deferral_weeks": 0,
    "levers__conscription__enforced": 0,
}


def rates(followed: Followed) -> tuple[float, float]:
    """People harmed per person-week in the grace period and after it."""
    lives = lives_of(followed)
    weekly = weekly_risk(lives, np.ones(len(lives.time), dtype=bool))
    harmed, at_risk = weekly.harmed.sum(axis=(0, 1)), weekly.at_risk.sum(axis=0)
    return tuple(
        float(harmed[part].sum() / at_risk[part].sum())
        for part in (slice(0, GRACE), slice(GRACE, None))
    )


def test_under_a_word_that_holds_for_a_while_harm_begins_when_it_ends():
    kept = rates(follow(camp(**QUIET, guarantors__state__enforcement=1), 4, lever=None))
    empty = rates(follow(camp(**QUIET, guarantors__state__enforcement=0), 4, lever=None))
    assert kept[0] == 0
    assert kept[1] > 0
    # Where nothing is kept, the first weeks are no quieter than the later.
    assert empty[0] > empty[1] / 2


def test_women_are_harmed_less_than_men(run: Followed):
    lives = lives_of(run)
    harmed = lives.kind != UNHARMED
    assert (
        harmed[lives.person_class == MEN].mean() > harmed[lives.person_class == Class.WOMEN].mean()
    )
