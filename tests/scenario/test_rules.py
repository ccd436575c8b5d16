import pytest

from returnsim.errors import ScenarioError
from returnsim.scenario.files import scenario_from
from tests.scenario.files import HEAD, START, camp, problem, problems


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = (
        "titel: x\nstart: 2020-13-01\nweeks: 0\nlevers:\n  sige: {severity: 1}\n"
        "  siege: {severty: 1}\n  threat: {level: -1}\n  corridor:\n"
        "  - {from: 2020-02-01, open: yes}\nbehaviour: {cost: '1'}\n"
    )
    found = problems(tmp_path, text)
    assert [(p.line, p.path) for p in found] == [
        (1, "title"),
        (1, "titel"),
        (2, "start"),
        (3, "weeks"),
        (5, "levers.sige"),
        (6, "levers.siege.severty"),
        (7, "levers.threat.level"),
        (9, "levers.corridor[1].open"),
        (10, "behaviour.cost"),
    ]


def test_a_problem_reads_file_line_column_path_value_rule(tmp_path):
    found = problem(tmp_path, HEAD + "levers: {siege: {severity: 1.5}}\n")
    assert str(found) == (
        f"{tmp_path / 'camp.yaml'}:4:28: levers.siege.severity: 1.5: must be a number from 0 to 1"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("behavior: {}", "did you mean 'behaviour'?"),
        ("levers: {sige: {}}", "did you mean 'siege'?"),
        (
            "guarantors: {a: {enforcment: 1, track_record: {harms: 1, exposure_weeks: 1}}}",
            "'enforcement'",
        ),
        ("levers: {severity: 1}", "did you mean 'levers.siege.severity'?"),
        ("severity: 1", "did you mean 'levers.siege.severity'?"),
        ("passage: {xyz: 1}", "one of: lorry_sharing, lorry_sharing_parties, retry_weeks"),
        ("levers: {exit_ban: {members: [womn]}}", "did you mean 'women'?"),
        ("levers: {exit_ban: {members: [men]}}", "one of: men_conscription_age, men_older"),
        ("levers: {threat: {origins: {hme: 2}}}", "did you mean 'home'?"),
        ("levers: {services: {origins: {xyz: 2}}}", "one of: home"),
        ("behaviour: {cost: {value: 1, sorce: x}}", "did you mean 'source'?"),
    ],
)
def test_an_unknown_name_brings_the_nearest_known_one(tmp_path, text, hint):
    assert hint in problem(tmp_path, HEAD + text).rule


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("record_from: 2020-03-16", "record_from", "must lie within the run"),
        ("record_from: 2020-01-05", "record_from", "must lie within the run"),
        ("question: 5", "question", "must be text"),
        ("levers:", "levers", "leave the key out to keep the defaults"),
        ("population: {shares: {women: 0.5}}", "population.shares", "must sum to 1"),
        ("population: {origins: {a: 0.5, b: 0.4}}", "population.origins", "must sum to 1"),
        ("population: {origins: {}}", "population.origins", "at least one place of origin"),
        ("population: {people: 0}", "population.people", "must be more than 0"),
        ("population: {people: true}", "population.people", "must be a number"),
        ("population: {household_size: 1}", "population.household_size", "more than 1"),
        ("population: {contacts: 7}", "population.contacts", "an even number from 2 to 40"),
        ("beliefs: {threat_news_weeks: 0.5}", "beliefs.threat_news_weeks", "1 or more"),
        (
            "custody: {released_share: 0, disappeared_share: 0, died_share: 0}",
            "custody",
            "detention must be able to end",
        ),
        ("behaviour: {splits: {all_but: []}}", "behaviour.splits.all_but", "some classes must go"),
        ("behaviour: {splits: {a: [women, women]}}", "behaviour.splits.a", "names a class twice"),
        ("behaviour: {splits: {a b: [women]}}", "behaviour.splits.a b", "letters, digits"),
        ("guarantors: {a: {}}", "guarantors", "at least one guarantor needs a track_record"),
        ("levers: {siege: []}", "levers.siege", "the list is empty"),
        ("levers: {siege: 0.5}", "levers.siege", "must be a mapping"),
        ("levers: {corridor: {open: 1}}", "levers.corridor.open", "must be true or false"),
        (
            "behaviour: {cost: {value: 2, range: [3, 4]}}",
            "behaviour.cost.range",
            "must contain the value, 2",
        ),
        ("behaviour: {cost: {value: 2, range: [4, 1]}}", "behaviour.cost.range", "comes first"),
        ("behaviour: {cost: {value: 2, range: [-1, 4]}}", "behaviour.cost.range", "both ends"),
        ("behaviour: {cost: {value: 2, range: [1]}}", "behaviour.cost.range", "must be a pair"),
        ("behaviour: {cost: {range: [1, 2]}}", "behaviour.cost.value", "is missing"),
    ],
)
def test_a_rule_that_does_not_hold_is_told_where(tmp_path, text, path, rule):
    found = problem(tmp_path, HEAD + text)
    assert found.path == path
    assert rule in found.rule
    assert found.line == 4


def test_the_start_is_in_the_calendar_of_draws(tmp_path):
    assert "1971-01-04 or later" in problem(tmp_path, HEAD.replace("2020", "1969")).rule


def test_the_run_ends_within_the_calendar(tmp_path):
    text = "title: x\nstart: 9990-01-01\nweeks: 5200\n"
    assert problem(tmp_path, text).rule == "the run would end after 9999-12-31"


def test_a_time_of_day_is_no_date(tmp_path):
    text = HEAD.replace("2020-01-06", "2020-01-06 10:00:00")
    assert "must be a date" in problem(tmp_path, text).rule


@pytest.mark.parametrize(
    ("entries", "path", "rule"),
    [
        (
            "[{from: 2020-02-01, severity: 1}, {from: 2020-02-01, severity: 0}]",
            "levers.siege[2].from",
            "dates out of order",
        ),
        (
            "[{from: 2020-02-01, until: 2020-02-01, severity: 1}]",
            "levers.siege[1].until",
            "must be later than `from`",
        ),
        (
            "[{from: 2020-02-01, severity: 1}, {severity: 0}]",
            "levers.siege[2]",
            "`from` is missing",
        ),
        (
            "[{from: 2020-02-01, severity: 1, linear: true}]",
            "levers.siege[1].linear",
            "no next one",
        ),
        ("{severity: 1, until: 2020-02-01}", "levers.siege", "`from` is missing"),
        ("[{from: 2020-02-30, severity: 1}]", "levers.siege[1].from", "a date that exists"),
    ],
)
def test_dated_entries_keep_their_rules(tmp_path, entries, path, rule):
    found = problem(tmp_path, HEAD + f"levers: {{siege: {entries}}}\n")
    assert found.path == path
    assert rule in found.rule


@pytest.mark.parametrize(
    ("field", "path", "rule"),
    [
        ("active: [2020-02-01, 2020-01-01]", "active[2]", "later than the first date"),
        ("active: [2020-02-01]", "active[1]", "must be a pair"),
        ("active: 2020-02-01", "active", "must be true, a pair"),
        (
            "active: [[2020-01-01, 2020-03-01], [2020-02-01, null]]",
            "active[2][1]",
            "dates out of order",
        ),
        ("enforcement: 2", "enforcement", "from 0 to 1"),
        ("enforcement: [{from: 2020-01-01, value: 2}]", "enforcement[1].value", "from 0 to 1"),
        ("enforcement: {value: 0, range: [0.1, 1]}", "enforcement.range", "must contain the value"),
        ("enforcement: null", "enforcement", "must be a number"),
        ("capacity_files_per_week: -1", "capacity_files_per_week", "0 or more"),
        ("origins: [hme]", "origins[1]", "did you mean 'home'?"),
        ("track_record: {harms: 1}", "track_record.exposure_weeks", "is missing"),
    ],
)
def test_a_guarantor_keeps_its_rules(tmp_path, field, path, rule):
    anchor = "anchor: {track_record: {harms: 1, exposure_weeks: 100}}"
    found = problem(tmp_path, HEAD + f"guarantors: {{{anchor}, un: {{{field}}}}}\n")
    assert found.path == f"guarantors.un.{path}"
    assert rule in found.rule


@pytest.mark.parametrize("name", ["UN", "a b", "1st", "women", "the_men_older"])
def test_a_guarantor_has_a_short_name_of_its_own(tmp_path, name):
    record = "{track_record: {harms: 1, exposure_weeks: 100}}"
    found = problem(tmp_path, HEAD + f"guarantors: {{{name}: {record}}}\n")
    assert found.path == f"guarantors.{name}"
    assert found.rule.startswith("a name")


def test_problems_of_plain_data_carry_the_name_instead_of_a_place():
    with pytest.raises(ScenarioError, match=r"^scenario: weeks: 0: must be 1 or more$"):
        scenario_from({"title": "x", "start": "2020-01-06", "weeks": 0})


def test_every_section_has_a_default():
    scenario = camp()
    assert scenario.start == START
    assert scenario.guarantor_names == ("settlement",)
    assert scenario.origin_names == ("home",)
    assert scenario.population.people.value == 10000
    assert scenario.observations is None


def test_a_scenario_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        camp().weeks = 3
