import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returnsim.scenario.compare import differences
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import dump_scenario, load_scenario, scenario_hash
from returnsim.scenario.schema import Scenario
from tests.scenario.files import camp, day

HERE = Path(__file__).parents[2]
CARD = "patterns.yaml"
SHIPPED = sorted(f for f in (HERE / "scenarios").glob("*/*.yaml") if f.name != CARD)
STARTER = sorted((HERE / "src" / "returnsim" / "starter").glob("*.yaml"))
RECORD = {"harms": 1, "exposure_weeks": 100}


def again(scenario: Scenario, folder: Path, relative_to: Path | None = None) -> Scenario:
    file = folder / "again.yaml"
    file.write_text(dump_scenario(scenario, relative_to), encoding="utf-8")
    return load_scenario(file)


@pytest.mark.parametrize("file", SHIPPED + STARTER, ids=lambda file: file.stem)
def test_a_scenario_written_out_and_read_again_simulates_the_same(file, tmp_path):
    scenario = load_scenario(file)
    copy = again(scenario, tmp_path)
    assert scenario_hash(copy) == scenario_hash(scenario)
    assert copy.guesses() == scenario.guesses()
    assert differences(copy, scenario) == []
    assert again(copy, tmp_path) == copy


@given(
    first=st.integers(-20, 80),
    until=st.integers(1, 30) | st.none(),
    linear=st.booleans(),
    number=st.floats(0, 1e6).filter(lambda x: x == 0 or x > 1e-12),
    limit=st.floats(0, 1e9).filter(lambda x: x == 0 or x > 1e-12) | st.none(),
)
@settings(max_examples=20, deadline=None)
def test_any_dated_lever_survives_being_written(
    first, until, linear, number, limit, tmp_path_factory
):
    entry = {"from": day(first), "linear": linear, "salience": number, "why": "$%: é\n#"}
    if until is not None:
        entry["until"] = day(first + until)
    scenario = camp(
        levers={
            "news": [entry, {"from": day(90), "reach": 0.1}],
            "corridor": [{"from": day(first), "parties_per_week": limit}],
        }
    )
    folder = tmp_path_factory.mktemp("written")
    copy = again(scenario, folder)
    assert scenario_hash(copy) == scenario_hash(scenario)
    assert again(copy, folder) == copy


def test_a_written_scenario_leaves_no_default_unsaid():
    text = dump_scenario(camp())
    assert "retry_weeks: 26" in text
    assert "coverage: 0" in text
    assert "without_men: [children, women, men_older, elderly]" in text


def test_observations_are_written_from_where_they_will_be_read(tmp_path):
    scenario = camp(observations=str(tmp_path / "data" / "table.csv"))
    assert "observations: data/table.csv" in dump_scenario(scenario, relative_to=tmp_path)
    for relative_to in (None, tmp_path, tmp_path / "elsewhere"):
        folder = relative_to or tmp_path
        folder.mkdir(exist_ok=True)
        assert again(scenario, folder, relative_to).observations == scenario.observations


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_names_and_titles_may_be_in_any_script(tmp_path_factory, name):
    scenario = camp(title=name, population={"origins": {name: 1}})
    copy = again(scenario, tmp_path_factory.mktemp("written"))
    assert (copy.title, copy.origin_names) == (name, (name,))


@pytest.mark.parametrize(
    "unheard",
    [
        {"title": "another", "question": "why?", "observations": "table.csv"},
        {"behaviour": {"cost": {"value": 2, "range": [1, 3], "source": "a survey", "why": "x"}}},
        {"behaviour": {"cost": 2.0}},
        {"behaviour": {"age": -0.0}},
        {"levers": {"aid": {"coverage": 0, "source": "a survey"}}},
        {"guarantors": {"settlement": {"track_record": {"harms": 1.6, "exposure_weeks": 170}}}},
    ],
)
def test_what_changes_no_simulation_leaves_the_hash(unheard):
    assert scenario_hash(camp(**unheard)) == scenario_hash(camp())


@pytest.mark.parametrize(
    "heard",
    [
        {"weeks": 11},
        {"start": day(7)},
        {"record_from": day(7)},
        {"behaviour": {"cost": 2.0000001}},
        {"behaviour": {"splits": {}}},
        {"levers": {"aid": [{"from": day(7), "coverage": 0.1}]}},
        {"levers": {"corridor": {"parties_per_week": 0}}},
        {"guarantors": {"other": {"track_record": {"harms": 1.6, "exposure_weeks": 170}}}},
        {"population": {"origins": {"elsewhere": 1}}},
    ],
)
def test_what_changes_the_simulation_changes_the_hash(heard):
    assert scenario_hash(camp(**heard)) != scenario_hash(camp())


def test_the_order_of_guarantors_and_origins_counts():
    def ordered(*names: str) -> str:
        guarantors = {name: {"track_record": RECORD} for name in names}
        return scenario_hash(camp(guarantors=guarantors))

    assert ordered("a", "b") != ordered("b", "a")


def test_defaults_are_counted_as_guesses():
    guesses, numbers = camp().guesses()
    assert guesses == numbers > 100


def test_a_source_makes_a_number_no_guess():
    plain, _ = camp().guesses()
    sourced, _ = camp(behaviour={"cost": {"value": 2, "source": "a survey"}}).guesses()
    assert sourced == plain - 1


def test_the_source_of_a_dated_entry_speaks_for_what_it_names_and_no_more():
    _, numbers = camp().guesses()
    news = [{"from": day(0), "reach": 1, "source": "a survey"}, {"from": day(7), "reach": 0.5}]
    assert camp(levers={"news": news}).guesses() == (numbers, numbers + 1)


def test_entries_after_the_run_are_not_counted():
    news = [{"from": day(0), "reach": 1}, {"from": day(70), "reach": 0.5}]
    assert camp(levers={"news": news}).guesses() == camp().guesses()


def test_quantities_are_named_by_path_and_date():
    scenario = camp(
        levers={"news": [{"from": day(0), "reach": 1}], "threat": {"origins": {"home": 2}}},
        guarantors={
            "un": {"track_record": RECORD, "enforcement": [{"from": day(7), "value": 0.2}]}
        },
    )
    found = {path: quantity.value for path, quantity in quantities(scenario)}
    assert found["levers.news[2020-01-06].reach"] == 1
    assert found["levers.threat.origins.home"] == 2
    assert found["guarantors.un.enforcement[2020-01-13]"] == 0.2
    assert found["population.contacts"] == 12
    assert found["beliefs.harm_weight.killed"] == 2


def test_a_scenario_can_be_sent_to_another_process():
    scenario = camp(guarantors={"un": {"track_record": RECORD, "active": [day(0), None]}})
    copy = pickle.loads(pickle.dumps(scenario))
    assert (copy, copy.name) == (scenario, scenario.name)


def test_differences_tell_dated_entries_that_the_other_has_not():
    one = camp(levers={"aid": [{"from": day(0), "coverage": 1}, {"from": day(7), "coverage": 0.5}]})
    other = camp(levers={"aid": [{"from": day(0), "coverage": 1}]}, behaviour={"cost": 3})
    assert differences(one, other) == [
        (
            "levers.aid",
            ["2020-01-13: coverage 0.5", "(1 as in the other)"],
            ["(1 as in the other)"],
        ),
        ("behaviour.cost", ["2"], ["3"]),
    ]


def test_differences_tell_the_same_draws_in_another_order():
    scenario = load_scenario(HERE / "scenarios" / "rukban" / "2019-2025.yaml")
    drawn = scenario.posterior
    path, draws = next(iter(drawn.draws.items()))
    turned = drawn.keeping({**drawn.draws, path: draws[::-1]})
    other = scenario.model_copy(update={"posterior": turned})
    (told,) = differences(scenario, other)
    assert told[0] == f"posterior: {path}"
    assert told[1] != told[2]


def test_differences_tell_what_only_one_has():
    one = camp(guarantors={"a": {"track_record": RECORD}})
    other = camp(guarantors={"a": {"track_record": RECORD}, "b": {}})
    found = {path: (left, right) for path, left, right in differences(one, other)}
    assert found["guarantors"] == (["[a]"], ["[a, b]"])
    assert found["guarantors.b.neutrality"] == (["-"], ["0"])
