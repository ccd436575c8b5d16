"""A pattern card is read whole or refused, measures what it says, and every rule of it can fail."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from returnsim.analysis.card import Check, Measure, load_card
from returnsim.analysis.measures import Measured
from returnsim.analysis.patterns import hold, judge, prepare
from returnsim.analysis.worlds import Lived, Size, ask, ask_all
from returnsim.assemble import plan_run, simulate
from returnsim.core.inputs import Class
from returnsim.errors import ScenarioError
from returnsim.events import events_frame, households_frame
from tests.agents.camp import camp

RUKBAN = Path(__file__).parents[2] / "scenarios" / "rukban"
CAMP = RUKBAN / "2019-2025.yaml"
BUSY: dict[str, Any] = {
    "weeks": 60,
    "levers__siege__severity": 0.8,
    "hazards__harm_per_week": 0.02,
    "population__wanted_share": 0.4,
}
SIZE = Size(replicates=6, seed=3, households=120)
NO_FEAR = {"behaviour.perceived_risk": 0, "behaviour.conscription": 0}


def measure(**written: object) -> Measure:
    return Measure.model_validate({k.rstrip("_"): v for k, v in written.items()})


@pytest.fixture(scope="module")
def lived() -> Lived:
    """A run with much harm in it, and every event."""
    scenario = camp(**BUSY)
    run = simulate(scenario, SIZE.replicates, SIZE.seed, households=SIZE.households, events=True)
    return Lived(run, plan_run(scenario, SIZE.seed, SIZE.households))


def day(lived: Lived, week: int) -> date:
    """The last day of a week."""
    return (lived.trajectories.dates[week] + np.timedelta64(6, "D")).item()


def first_day(lived: Lived, week: int) -> date:
    return lived.trajectories.dates[week].item()


# Measures


def test_a_quantity_is_what_the_record_has(lived: Lived):
    run = lived.trajectories
    flow = measure(quantity="departures", from_=first_day(lived, 3), to=day(lived, 8))
    stock = measure(quantity="camp_population", on=day(lived, 8))
    guarantor = run.scenario.guarantor_names[0]
    trust = measure(quantity=f"trust_{guarantor}", on=day(lived, 8))
    answers = [Measured(one).answer(lived) for one in (flow, stock, trust)]
    np.testing.assert_allclose(answers[0], run["departures"][:, 3:9].sum(axis=1))
    np.testing.assert_allclose(answers[1], run["camp_population"][:, 8])
    np.testing.assert_allclose(answers[2], run[f"trust_{guarantor}"][:, 8])


def test_a_quotient_takes_percent_as_shares_and_is_told_in_percent_if_asked(lived: Lived):
    camp_there = {"quantity": "camp_population", "on": day(lived, 8)}
    means = {"quantity": "intention_share", "on": day(lived, 8)}
    gone = {"quantity": "departures", "from": first_day(lived, 9), "to": day(lived, 20)}
    run = lived.trajectories
    found = Measured(measure(**gone, over=[camp_there, means], percent=True))
    expected = run["departures"][:, 9:21].sum(axis=1) / run["camp_population"][:, 8]
    np.testing.assert_allclose(found.answer(lived), 100 * expected / run["intention_share"][:, 8])
    assert found.measure.unit == "%"


def test_the_lag_is_that_of_each_persons_first_arrest(lived: Lived):
    asked = measure(
        lag="detained",
        quantile=1.0,
        from_=first_day(lived, 0),
        to=day(lived, 29),
        until=day(lived, 59),
    )
    run = lived.trajectories
    events = events_frame(run)
    left = events[events["kind"].isin(["came_home", "held"]) & (events["from"] == "camp")]
    for replicate, value in enumerate(Measured(asked).answer(lived)):
        of = events[(events["replicate"] == replicate) & (events["kind"] == "detained")]
        first = left[(left["replicate"] == replicate) & (left["week"] < 30)]
        start = first.groupby("household")["week"].min()
        longest = max(
            week - start[household]
            for household, week in zip(of["household"], of["week"], strict=True)
            if household in start
        )
        assert 0 < value <= longest


def test_a_harm_that_befalls_nobody_has_no_lag(lived: Lived):
    asked = measure(lag="killed", from_=first_day(lived, 0), to=first_day(lived, 0))
    assert np.isnan(Measured(asked).answer(lived)).all()


def test_households_with_somebody_are_counted_among_those_still_there(lived: Lived):
    people = households_frame(lived.trajectories)
    events = events_frame(lived.trajectories)
    week = 10
    asked = measure(households_with="men_conscription_age", on=day(lived, week))
    before = events[(events["week"] <= week) & events["class"].notna()]
    for replicate, value in enumerate(Measured(asked).answer(lived)):
        mine = people[people["replicate"] == replicate].set_index("household")
        men, whole = mine["men_conscription_age"].copy(), mine[list(classes())].sum(axis=1)
        for row in before[before["replicate"] == replicate].itertuples():
            source, target = row[10], row[11]
            for place, cls, sign in ((source, row[6], -1), (target, row[7], 1)):
                if place == "camp" and source != "outside":
                    whole[row.household] += sign * row.number
                    men[row.household] += sign * row.number * (cls == "men_conscription_age")
        later = mine["arrival_week"].fillna(-1) > week
        there = (whole > 0) & ~later
        assert value == pytest.approx(100 * ((men > 0) & there).sum() / there.sum())


def classes() -> tuple[str, ...]:
    return tuple(c.name.lower() for c in Class)


def test_the_size_of_families_leaves_out_those_who_go_alone(lived: Lived):
    asked = measure(family_size="leaving", from_=first_day(lived, 0), to=day(lived, 59))
    run = lived.trajectories
    found = Measured(asked).answer(lived)
    gone = run["departures"].sum(axis=1) / run.weight
    alone = (run["departing_parties"] - run["departing_households"]).sum(axis=1) / run.weight
    families = run["departing_households"].sum(axis=1) / run.weight
    np.testing.assert_allclose(found, (gone - alone) / families)


def test_who_cannot_pay_leaves_later():
    scenario = camp(
        weeks=52,
        behaviour__intercept=0,
        behaviour__cost=8,
        population__income=1,
        population__reserves_weeks=1,
        levers__transport__cost_weeks_of_subsistence=8,
    )
    last = scenario.start + timedelta(weeks=50)
    asked = [
        Measured(measure(later_by=what, from_=scenario.start, to=last))
        for what in ("income", "attachment")
    ]
    income, attachment = ask(scenario, asked, Size(8, 1, 400))
    assert np.median(income) > 4
    assert np.median(attachment) <= 0


def test_a_run_is_cut_after_the_last_day_and_says_the_same():
    scenario = camp(**BUSY)
    short = measure(quantity="departures", from_=scenario.start, to=scenario.start)
    end = date.fromordinal(scenario.end.toordinal() - 1)
    long = measure(quantity="departures", from_=scenario.start, to=end)
    alone = ask(scenario, [Measured(short)], SIZE)
    both = ask(scenario, [Measured(short), Measured(long)], SIZE)
    np.testing.assert_array_equal(alone[0], both[0])


# Rules


def check(**written: object) -> Check:
    asked = {"quantity": "camp_population", "on": "2020-01-06"}
    return Check.model_validate({"measure": asked} | written)


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ({"between": [2, 4]}, True),
        ({"between": [3.5, 4]}, False),
        ({"at_least": 3}, True),
        ({"at_least": 3.1}, False),
        ({"at_most": 3}, True),
        ({"at_most": 2.9}, False),
        ({"report": True}, None),
    ],
)
def test_the_median_passes_or_fails(rule: dict[str, object], passes: bool | None):
    found = judge("a", "b", check(**rule), np.array([1.0, 3.0, 9.0, np.nan]))
    assert (found.value, found.passes) == (3.0, passes)


def test_what_is_defined_nowhere_fails():
    found = judge("a", "b", check(at_least=0), np.full(3, np.nan))
    assert found.passes is False
    assert "not defined" in found.verdict


def test_a_difference_differs_from_none_when_ninety_percent_of_it_do():
    than = {"than": {"set": {"levers.siege.severity": 0}}, "report": True}
    for values, differs in ((np.linspace(1, 3, 50), True), (np.linspace(-1, 3, 50), False)):
        assert judge("a", "b", check(**than), values).differs is differs


def test_a_world_set_against_itself_differs_in_nothing(tmp_path: Path):
    camp_file, card = written(tmp_path, than={"set": {}}, between=[0, 0])
    prepared = prepare(load_card(card), camp_file)
    held = hold(prepared, ask_all(prepared.pairs(), SIZE))
    assert (held.judged[0].value, held.judged[0].differs) == (0, False)


def test_a_rival_changes_every_world_of_the_card(tmp_path: Path):
    camp_file, card = written(
        tmp_path,
        than={"set": {"levers.siege.severity": 0.9}},
        report=True,
        rival={"behaviour.intercept": -60},
    )
    loaded = load_card(card)
    for rival, moved in ((None, True), ("nobody", False)):
        prepared = prepare(loaded, camp_file, rival=rival)
        answers = ask_all(prepared.pairs(), SIZE)
        assert any((values > 0).any() for values in answers.values()) is moved


def test_a_rival_in_a_file_of_its_own_is_laid_over_other_worlds_too(tmp_path: Path):
    camp_file, card = written(tmp_path, scenario="siege.yaml", at_least=0, rival_file="rival.yaml")
    (tmp_path / "siege.yaml").write_text(
        "extends: camp.yaml\ntitle: more siege\nlevers: {siege: {severity: 0.9}}\n"
    )
    (tmp_path / "rival.yaml").write_text(
        "extends: camp.yaml\ntitle: rival\nbehaviour: {intercept: -60, hardship: {value: 1}}\n"
    )
    (question,) = prepare(load_card(card), camp_file, rival="nobody").questions
    world = question.world
    assert world.levers.siege[0].severity.value == 0.9
    assert (world.behaviour.intercept.value, world.behaviour.hardship.value) == (-60, 1)


def test_a_rival_takes_the_draws_that_its_own_file_names(tmp_path: Path):
    camp_file, card = written(tmp_path, at_least=0, rival_file="rivals/rival.yaml")
    (tmp_path / "rivals").mkdir()
    draws = pd.DataFrame({"behaviour.intercept": [-60.0, -61.0], "discrepancy": [0.1, 0.2]})
    draws.to_parquet(tmp_path / "rivals/fit.parquet")
    (tmp_path / "rivals/rival.yaml").write_text(
        "extends: ../camp.yaml\ntitle: rival\nposterior: fit.parquet\n"
        "behaviour: {choice: threshold, intercept: 3}\n"
    )
    prepared = prepare(load_card(card), camp_file, rival="nobody")
    (values,) = ask_all(prepared.pairs(), SIZE).values()
    assert prepared.questions[0].world.behaviour.choice == "threshold"
    assert values.tolist() == [0] * SIZE.replicates


@pytest.mark.parametrize("by_name", [False, True])
def test_a_world_has_the_draws_of_the_scenario_but_for_what_its_file_says(
    tmp_path: Path, by_name: bool
):
    camp_file, card = written(tmp_path, scenario="other.yaml", at_least=0)
    (tmp_path / "other.yaml").write_text(
        "extends: camp.yaml\ntitle: other\nlevers: {siege: {severity: 0.9}}\n"
    )
    draws = {"behaviour.intercept": [-2.0, -1.0], "levers.siege.severity": [0.4, 0.6]}
    pd.DataFrame(draws).to_parquet(tmp_path / "fit.parquet")
    fitted = tmp_path / "fitted.yaml"
    fitted.write_text("extends: camp.yaml\ntitle: fitted\nposterior: fit.parquet\n")
    file = camp_file if by_name else fitted
    overrides = [f"posterior={tmp_path / 'fit.parquet'}"] if by_name else []
    (question,) = prepare(load_card(card), file, overrides).questions
    assert question.world.levers.siege[0].severity.value == 0.9
    assert question.world.posterior is not None
    assert list(question.world.posterior.draws) == ["behaviour.intercept"]


def written(
    folder: Path,
    *,
    rival: dict[str, object] | None = None,
    rival_file: str | None = None,
    **rule: object,
) -> tuple[Path, Path]:
    """A camp and a card with one check."""
    camp_file, card = folder / "camp.yaml", folder / "card.yaml"
    camp_file.write_text(
        "title: a camp\nstart: 2020-01-06\nweeks: 12\npopulation: {people: 600}\n"
        "behaviour: {intercept: 0}\nlevers: {siege: {severity: 0.5}}\n"
    )
    asked = {"quantity": "departures", "from": "2020-01-06", "to": "2020-03-01"}
    told: dict[str, Any] = {
        "patterns": {"going": {"says": "They go.", "checks": {"gone": {"measure": asked} | rule}}}
    }
    if rival is not None or rival_file is not None:
        told["rivals"] = {"nobody": {"says": "Nobody goes.", "set": rival or {}}}
        if rival_file is not None:
            told["rivals"]["nobody"]["scenario"] = rival_file
    card.write_text(json.dumps(told))
    return camp_file, card


# What is wrong is told, all at once


def test_everything_wrong_in_a_card_is_told_with_its_line(tmp_path: Path):
    card = tmp_path / "card.yaml"
    card.write_text(
        "patterns:\n"
        "  one:\n"
        "    says: something\n"
        "    checks:\n"
        "      a: {measure: {quantity: births, on: 2020-01-06, from: 2020-01-06}, at_most: 1}\n"
        "      b: {measure: {lag: detained, from: 2020-01-06, to: 2020-02-01}}\n"
        "      c: {measure: {quantity: departures, family_size: leaving}, at_leest: 1}\n"
        "      d: {measure: {households_with: camels, on: 2020-01-06}, between: [2, 1]}\n"
        "      e: {measure: {quantity: hungry, on: 2020-01-06, quantile: 0.5}, at_most: 1}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load_card(card)
    told = [(p.line, p.rule) for p in caught.value.problems]
    assert {line for line, _ in told} == {5, 6, 7, 8, 9}
    rules = " ".join(rule for _, rule in told)
    for part in ("either a day", "must say one of", "at_least", "camels", "belongs to a lag"):
        assert part in rules or part in str(caught.value)


def test_what_a_world_cannot_answer_is_told_before_anything_runs(tmp_path: Path):
    camp_file, card = written(tmp_path, than={"set": {"levers.sieg.severity": 0}}, at_least=0)
    text = card.read_text().replace('"quantity": "departures"', '"quantity": "departure"')
    other = {"measure": {"quantity": "camp_population", "on": "2031-01-01"}, "at_least": 0}
    told = json.loads(text)
    told["patterns"]["going"]["checks"] |= {
        "late": other,
        "gone by file": {"measure": other["measure"], "scenario": "none.yaml", "at_least": 0},
        "no flow": {"measure": {"quantity": "births", "on": "2020-01-06"}, "at_least": 0},
        "no name": {"measure": {"quantity": "departed", "on": "2020-01-06"}, "at_least": 0},
    }
    card.write_text(json.dumps(told))
    with pytest.raises(ScenarioError) as caught:
        prepare(load_card(card), camp_file)
    message = str(caught.value)
    for part in ("sieg", "2031-01-01 is not recorded", "no such file", "counted over days"):
        assert part in message
    assert "no such quantity" in message


# The card of Rukban


@pytest.fixture(scope="module")
def rukban() -> dict[str, Any]:
    return dict(YAML(typ="safe").load((RUKBAN / "patterns.yaml").read_text(encoding="utf-8")))


FAILS = {
    "leavers with it": {"levers.corridor[2022-06-01].parties_per_week": 0},
    "leavers without it": {"levers.corridor[2022-06-01].parties_per_week": 0},
    "men among the leavers by 22 April 2019": {
        "levers.exit_ban": {"members": ["men_conscription_age", "men_older"], "strength": 1}
    },
    "family size of those leaving in 2021": {"population.household_size": 6.5},
    "households with men of conscription age, 2022 over 2019": NO_FEAR,
    "the same of wanted men, less that of all men": {"hazards.wanted_multiplier": 1},
    "median, in weeks": {"hazards.harm_per_week": 0.3},
    "nine in ten, in weeks": {"custody.hold.men_conscription_age": 0, "custody.hold.men_older": 0}
    | {"hazards.conscription_per_week": 0, "levers.threat[2020-06-01:].level": 12},
    "registered by the end of March 2020, over those without the arrests": {
        "levers.threat[2019-12-13].level": 1
    },
    "the same where no news comes": {"levers.news.reach": 1},
    "trust in the settlement, less that without the arrests": {},
    "leavers of spring and summer 2019, in % of the camp": {"levers.corridor": {"open": False}},
    "leavers of April to November 2024, in % of the camp": NO_FEAR
    | {"levers.corridor[2024-04-15].parties_per_week": None},
    "the same if the road had been open": NO_FEAR,
    "in camp with an open road": NO_FEAR,
    "trust in the kept word, less that in the broken one": {"levers.news.reach": 0},
    "the same without news": {"guarantors.kept.neutrality": 1},
    "in camp on 7 June 2025, in % of 7 December 2024": {"levers.threat[2024-12-08].level": 1},
    "weeks by which the poorest leave later": {
        "levers.transport": {"cost_weeks_of_subsistence": 0}
    },
    "mean to go, in %": {"behaviour.intercept": -6},
    "go, in % of those who mean to": {"levers.corridor": {"open": False}},
}
"""For each check a world in which it fails; none where the scenario itself fails it."""


def test_every_check_of_rukban_has_a_world_in_which_it_fails(rukban: dict[str, Any]):
    ruled = [
        name
        for pattern in rukban["patterns"].values()
        for name, told in pattern["checks"].items()
        if not told.get("report")
    ]
    assert ruled == list(FAILS)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILS)
def test_the_check_fails_where_it_must(name: str, tmp_path: Path, rukban: dict[str, Any]):
    told = next(p["checks"][name] for p in rukban["patterns"].values() if name in p["checks"])
    told = dict(told, set=told.get("set", {}) | FAILS[name])
    if "than" in told:
        told["than"] = dict(told["than"], set=FAILS[name] | told["than"].get("set", {}))
    if "scenario" in told:
        told["scenario"] = str(RUKBAN / told["scenario"])
    card = tmp_path / "card.yaml"
    card.write_text(
        json.dumps({"patterns": {"p": {"says": "so", "checks": {name: told}}}}, default=str)
    )
    # The numbers as they stand in the file: few draws of a posterior would blur how it works.
    prepared = prepare(load_card(card), CAMP, ["posterior=null"])
    (judged,) = hold(prepared, ask_all(prepared.pairs(), Size(8, 1, 400))).judged
    assert np.isfinite(judged.value)
    assert judged.passes is False
