"""Whatever is said later has the last word, and about nothing but what it names."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from returnsim.errors import ScenarioError
from returnsim.scenario.drawn import scenarios_drawn
from returnsim.scenario.files import scenario_from
from returnsim.scenario.levers import WeeklyLevers, weekly_levers
from returnsim.scenario.schema import Scenario

START, WEEKS = date(2020, 1, 6), 16
COST, SUBSIDY = "cost_weeks_of_subsistence", "subsidy"
FIELDS = {COST: "transport_cost", SUBSIDY: "subsidy"}
REPLACED = "a later column of the posterior replaces it"

fields = st.sampled_from([COST, SUBSIDY])
values = st.sampled_from([0.05, 0.35, 0.65, 0.95])
ROWS = 2


def monday(week: int) -> date:
    return START + timedelta(weeks=week)


@st.composite
def dated(draw: st.DrawFn) -> list[dict[str, object]]:
    """Entries of a lever, some of which end, set one field alone, or draw a line to the next."""
    begins = draw(st.lists(st.integers(-2, 14), min_size=1, max_size=4, unique=True).map(sorted))
    entries = []
    for begin in begins:
        entry: dict[str, object] = {"from": str(monday(begin))}
        entry |= draw(st.dictionaries(fields, values, max_size=2))
        if draw(st.integers(0, 3)) == 0:
            entry["until"] = str(monday(begin + draw(st.integers(1, 8))))
        entries.append(entry)
    for entry, _ in pairwise(entries):
        entry["linear"] = draw(st.booleans())
    return entries


levers = st.none() | st.dictionaries(fields, values, min_size=1) | dated()


@st.composite
def days(draw: st.DrawFn, *, until: bool = True) -> str:
    first = draw(st.integers(-1, 15))
    last = str(monday(first + draw(st.integers(1, 6)))) if until and draw(st.booleans()) else ""
    return f"[{monday(first)}:{last}]"


@st.composite
def paths(draw: st.DrawFn, lever: object) -> str:
    """A path to one field, for good, on days, or of an entry."""
    where = [st.just(""), days()]
    if isinstance(lever, list):
        where.append(st.sampled_from([f"[{entry['from']}]" for entry in lever]))
    return f"levers.transport{draw(st.one_of(where))}.{draw(fields)}"


def written(lever: object, **others: object) -> dict[str, object]:
    transport = {} if lever is None else {"levers": {"transport": lever}}
    return {"title": "t", "start": str(START), "weeks": WEEKS, **transport, **others}


def week_by_week(scenario: Scenario) -> dict[str, np.ndarray]:
    weekly: WeeklyLevers = weekly_levers(scenario)
    return {field: getattr(weekly, array) for field, array in FIELDS.items()}


def test_a_draw_of_one_field_leaves_what_is_set_of_another_on_days():
    drawn = {"levers.corridor.parties_per_week": [20.0, 40.0]}
    shut = ["levers.corridor[2020-02-03:].open=false"]
    scenario = scenario_from(written(None, posterior={"draws": drawn}), overrides=shut)
    for row, own in enumerate(scenarios_drawn(scenario, range(ROWS))):
        weekly = weekly_levers(own)
        assert weekly.corridor_open.tolist() == [True] * 4 + [False] * (WEEKS - 4)
        assert weekly.parties_per_week[0] == drawn["levers.corridor.parties_per_week"][row]
        assert not weekly.parties_per_week[4:].any()


def test_a_column_that_a_later_one_replaces_is_refused():
    columns = {
        "levers.siege[2020-02-03:].severity": [0.1, 0.2],
        "levers.siege.severity": [0.3, 0.4],
    }
    with pytest.raises(ScenarioError, match=REPLACED):
        scenario_from(written(None, posterior={"draws": columns}))
    in_order = dict(reversed(columns.items()))
    scenario = scenario_from(written(None, posterior={"draws": in_order}))
    severity = weekly_levers(scenarios_drawn(scenario, [1])[0]).severity
    assert severity.tolist() == [0.4] * 4 + [0.2] * (WEEKS - 4)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_row_of_a_posterior_is_what_the_same_overrides_make_and_later_ones_win(
    data: st.DataObject,
):
    lever = data.draw(levers)
    path = paths(lever)
    columns = st.lists(values, min_size=ROWS, max_size=ROWS)
    draws = data.draw(st.dictionaries(path, columns, min_size=1, max_size=3))
    later = data.draw(st.lists(st.tuples(path, values), max_size=2))
    overrides = [f"{place}={value}" for place, value in later]
    try:
        scenario = scenario_from(written(lever, posterior={"draws": draws}), overrides=overrides)
    except ScenarioError as error:
        refused = str(error)
    else:
        refused = ""
    wanted = []
    for row in range(ROWS):
        set_first = [f"{place}={column[row]}" for place, column in draws.items()]
        try:
            wanted.append(scenario_from(written(lever), overrides=[*set_first, *overrides]))
        except ScenarioError:
            assert refused
            return
    if refused:
        assert REPLACED in refused
        return
    for own, same in zip(scenarios_drawn(scenario, range(ROWS)), wanted, strict=True):
        for field, numbers in week_by_week(same).items():
            np.testing.assert_allclose(week_by_week(own)[field], numbers, err_msg=field)


LINE = [
    {"from": "2020-01-06", COST: 0.0, "linear": True},
    {"from": "2020-03-02", COST: 1.0},
]
FLAT = [
    {"from": "2020-01-20", COST: 0.1, SUBSIDY: 0.0, "linear": True},
    {"from": "2020-02-17", COST: 0.3},
    {"from": "2020-03-30", SUBSIDY: 1.0},
]


@settings(deadline=None, max_examples=150)
@given(dated(), days(), fields, values)
@example(LINE, "[2020-03-02:]", COST, 0.35)
@example(FLAT, "[2020-01-13:]", COST, 0.35)
def test_an_override_on_days_changes_its_number_on_those_days_and_nothing_else(
    lever: list[dict[str, object]], where: str, field: str, value: float
):
    try:
        before = week_by_week(scenario_from(written(lever)))
        path = f"levers.transport{where}.{field}"
        after = week_by_week(scenario_from(written(lever), overrides=[f"{path}={value}"]))
    except ScenarioError:
        assume(False)
    first, _, until = where.strip("[]").partition(":")
    begin = (date.fromisoformat(first) - START).days // 7
    end = (date.fromisoformat(until) - START).days // 7 if until else WEEKS
    week = np.arange(WEEKS)
    named = (week >= begin) & (week < end)
    np.testing.assert_allclose(after[field][named], value)
    np.testing.assert_allclose(after[field][~named], before[field][~named])
    other = SUBSIDY if field == COST else COST
    np.testing.assert_allclose(after[other], before[other])
