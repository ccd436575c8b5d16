"""Experiment files: every mistake is told with its place, every case made before any runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from returnsim.errors import UsageError
from returnsim.experiments.cases import LoadedExperiment
from returnsim.experiments.files import load_experiment
from returnsim.experiments.schema import Experiment
from returnsim.scenario.files import load_scenario, scenario_hash
from returnsim.scenario.json_schema import schema_of
from tests.agents.camp import ROOT
from tests.experiments.sweeps import CAMP

SHIPPED = sorted((ROOT / "experiments").glob("*.yaml"))
HEAD = "title: A test\nbase: camp.yaml\n"
Load = Callable[[str], LoadedExperiment]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load an experiment from its text, the head given."""
    (tmp_path / "camp.yaml").write_text(CAMP)

    def load(text: str) -> LoadedExperiment:
        file = tmp_path / "test.yaml"
        file.write_text(HEAD + text)
        return load_experiment(file)

    return load


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("replicates: 0", "test.yaml:3:13: replicates: 0: must be 1 or more"),
        ("sed: 1", "test.yaml:3:1: sed: no such key here; did you mean 'seed'?"),
        (
            "factors: {x: {path: levers.seige.severity, values: [0]}}",
            "test.yaml:3:53: levers.seige: no such key here; did you mean 'siege'?",
        ),
        (
            "factors: {x: {path: levers.siege.severity, values: [0, 2]}}",
            "test.yaml:3:56: levers.siege.severity: 2: must be a number from 0 to 1",
        ),
        (
            "factors: {x: {path: guarantors.setlement.enforcement, values: [0]}}",
            "no such guarantor; did you mean 'settlement'?",
        ),
        ("factors: {x: {path: a.b, values: []}}", "the list is empty; name at least one value"),
        (
            "factors: {x: {path: levers.siege.severity, range: [0.9, 0.1]}}",
            "test.yaml:3:44: factors.x.range: the lower end comes first",
        ),
        (
            "factors: {x: {path: levers.siege.severity, range: [0, 1], log: true}}",
            "has no logarithm: both ends must be above 0",
        ),
        (
            "factors: {x: {path: levers.siege.severity}}",
            "the base scenario gives no range at levers.siege.severity",
        ),
        (
            "factors: {x: {path: levers.siege, values: [[{from: 2021-01-04, severity: 0}]]}}",
            "needs a short name: {label: NAME, value: ...}",
        ),
        ("design: {kind: sobol}", "there is nothing to combine: `factors` is missing"),
        (
            "factors: {levers.siege.severity: {range: [0, 1]}}\ndesign: {kind: sobol, samples: 12}",
            "must be a power of two, such as 8 or 16",
        ),
        (
            "factors: {levers.siege.severity: {range: [0, 1]}}\ndesign: {kind: latin_hypercube}",
            "needs `samples`, the number of points",
        ),
        (
            "factors: {levers.siege.severity: {range: [0, 1]}}\ndesign: {samples: 12}",
            "is not used by full_factorial; leave it out",
        ),
        (
            "factors: {levers.siege.severity: {}}\ndesign: {kind: points, file: none.csv}",
            "none.csv: no such file",
        ),
        (
            "factors: {levers.siege.severity: {}}\ndesign: {kind: points}",
            "names the table of points",
        ),
        ("baseline: another", "no such case; cases are: as it is"),
        (
            "cases: {a: {scenario: none.yaml}}",
            "test.yaml:3:23: cases.a.scenario: none.yaml: no such",
        ),
        ("cases: {a: {set: {weeks: 0}}}", "test.yaml:3:26: weeks: 0: must be 1 or more"),
        (
            "factors: {week: {path: weeks, values: [4, 5]}}",
            "factors.week: is a column of every result; call it another",
        ),
        (
            "factors: {detained: {path: weeks, values: [4, 5]}}",
            "factors.detained: is also a column of the results",
        ),
        (
            "factors: {difference: {path: weeks, values: [4, 5]}}",
            "factors.difference: is a column of every result; call it another",
        ),
        (
            "factors:\n  a: {path: levers.siege.severity, values: [0]}\n"
            "  b: {path: levers.siege, values: [{label: x, value: {severity: 1}}]}",
            "factors.b: levers.siege is changed by 'a' too; one would hide the other",
        ),
        (
            "cases: {c: {set: {levers.siege.severity: 1}}}\n"
            "factors: {a: {path: levers.siege.severity, values: [0]}}",
            "the factor 'a' changes levers.siege.severity too, and would hide this",
        ),
        (
            "cases: {c: {set: {'levers.siege[2021-06-07:].severity': 1}}}\n"
            "factors: {a: {path: levers.siege.severity, values: [0]}}",
            "levers.siege[2021-06-07:].severity: 1: the factor 'a' changes levers.siege.severity "
            "too, and would hide this, days and all; give levers.siege.severity days too, such as "
            "[2021-06-07:], or leave one out",
        ),
        (
            "factors:\n  a: {path: 'levers.aid[2021-06-07:].coverage', values: [0]}\n"
            "  b: {path: levers.aid, values: [{label: x, value: {coverage: 1}}]}",
            "factors.b: levers.aid is changed by 'a' too; one would hide the other, days and all",
        ),
        (
            "factors:\n  a: {path: 'levers.siege[2021-06-07:].severity', values: [0]}\n"
            "  b: {path: 'levers.siege[2021-05-03:].severity', values: [0]}",
            "factors.b: levers.siege[2021-05-03:].severity is changed by 'a' too; one would hide",
        ),
        (
            "factors: {x: {path: behaviour.norm, range: [0, 1], levels: 1000000000}}",
            "makes 1,000,000,000 cases; at most 1,000,000 can be run",
        ),
        (
            "factors: {x: {path: behaviour.norm, range: [0, 1]}}\ndesign: {kind: sobl, samples: 4}",
            "design.kind: sobl: no such value; did you mean 'sobol'?",
        ),
        (
            'factors: {x: {path: levers.siege, values: [{label: "a\\nb", value: {severity: 0}}]}}',
            "a label is one line of printable text",
        ),
        (
            "outcomes: {returned: {}, killed: {column: died_in_camp}}",
            "outcomes.killed: always stands for the harm after return; call yours another",
        ),
        (
            "outcomes: {x: {column: [departures, at_home]}}",
            "stocks, flows and means cannot be added up",
        ),
        (
            "outcomes: {x: {column: []}}",
            "outcomes.x.column: the list is empty; name at least one column",
        ),
        (
            "outcomes: {x: {column: killed, per_100: []}}",
            "outcomes.x.per_100: the list is empty; name at least one column",
        ),
        (
            "outcomes: {x: {column: killed, per_100: [at_home, departures]}}",
            "outcomes.x.per_100: stocks, flows and means cannot be added up",
        ),
        (
            "outcomes: {x: {column: killed, per_100: hardship}}",
            "outcomes.x.per_100: hardship: a mean is of nobody that there could be a hundred of",
        ),
        (
            "outcomes: {hardship: {measure: cumulative}}",
            "a mean cannot be summed up; take `mean` or `peak`",
        ),
        (
            "outcomes: {x: {column: departuers}}",
            "no column 'departuers'; did you mean 'departures'?",
        ),
        (
            "outcomes: {x: {column: killed, date: 2021-02-01}}",
            "`measure: date` and `date` go together",
        ),
        (
            "outcomes: {x: {column: killed, measure: date, date: 2022-02-01}}",
            "lies outside the days of 'as it is', 2021-01-04 to 2021-08-02",
        ),
        ("outcomes: {pushed: {without: seige}}", "no such lever; did you mean 'siege'?"),
        (
            "outcomes: {pushed: {without: 'guarantor:nobody'}}",
            "outcomes.pushed.without: guarantor:nobody: no such guarantor",
        ),
        ("outcomes: {voluntary: {}}", "needs `without`, the lever that the pair goes without"),
        ("outcomes: {killed: {without: siege}}", "a pair is for a column out of: voluntary"),
        (
            "factors: {siege: {path: 'levers.siege[2021-13-01:].severity', values: [0]}}",
            "names a day that does not exist",
        ),
        (
            "cases: {a: {set: {population.single_men_households: 0.99}}}",
            "case 'a': ",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(load: Load, text: str, told: str):
    with pytest.raises(UsageError) as error:
        load(text)
    assert told in str(error.value)
    assert error.value.exit_code == 2


def test_days_that_are_set_after_a_value_for_all_of_them_hide_nothing(load: Load):
    loaded = load(
        "cases: {c: {set: {levers.siege.severity: 0.2}}}\n"
        "factors:\n"
        "  a: {path: 'levers.siege[2021-05-03:].severity', values: [0.4]}\n"
        "  b: {path: 'levers.siege[2021-06-07:].severity', values: [0.6]}"
    )
    siege = loaded.scenario(loaded.cases[0]).levers.siege
    assert [entry.severity.value for entry in siege] == [0.2, 0.4, 0.6]


def test_a_base_that_is_not_there_is_told_at_its_line(tmp_path: Path):
    (tmp_path / "test.yaml").write_text("title: A test\nbase: none.yaml\n")
    with pytest.raises(UsageError, match=r"test.yaml:2:7: base: none.yaml: no such file"):
        load_experiment(tmp_path / "test.yaml")


def test_all_mistakes_are_told_at_once_and_each_once(load: Load):
    with pytest.raises(UsageError) as error:
        load(
            "factors:\n"
            "  a: {path: levers.siege.severity, values: [0, 3]}\n"
            "  b: {path: behaviour.hardships, values: [1, 2]}\n"
            "outcomes: {x: {column: nothing_like_it}}"
        )
    lines = str(error.value).splitlines()
    assert [line.split("test.yaml:")[1].partition(":")[0] for line in lines] == ["4", "5", "5"]


def test_named_cases_meet_every_point_in_the_order_of_the_file(load: Load):
    loaded = load(
        "cases: {open: {}, shut: {set: {levers.corridor.open: false}}}\n"
        "factors:\n"
        "  siege: {path: levers.siege.severity, values: [0, 0.5]}\n"
        "  kept: {path: guarantors.settlement.enforcement, values: [0.1, 0.9]}"
    )
    assert [case.name for case in loaded.cases] == [
        f"{case}, siege={siege}, kept={kept}"
        for case in ("open", "shut")
        for siege in ("0", "0.5")
        for kept in ("0.1", "0.9")
    ]
    assert loaded.cases[-1].factors == {"siege": 0.5, "kept": 0.9}


def test_a_case_is_the_scenario_with_its_changes(load: Load, tmp_path: Path):
    loaded = load(
        "cases: {shut: {set: {levers.corridor.open: false}}}\n"
        "factors: {siege: {path: levers.siege.severity, values: [0.25]}}"
    )
    expected = load_scenario(
        tmp_path / "camp.yaml", {"levers.corridor.open": False, "levers.siege.severity": 0.25}
    )
    assert scenario_hash(loaded.scenario(loaded.cases[0])) == scenario_hash(expected)


def test_a_table_of_points_gives_a_case_a_row(load: Load, tmp_path: Path):
    points = pd.DataFrame({"siege": [0.1, 0.2, 0.7], "want": [1.0, 2.0, 3.0]})
    points.to_csv(tmp_path / "points.csv", index=False)
    points.to_parquet(tmp_path / "points.parquet")
    for ending in ("csv", "parquet"):
        loaded = load(
            "factors: {siege: {path: levers.siege.severity}, want: {path: behaviour.hardship}}\n"
            f"design: {{kind: points, file: points.{ending}}}"
        )
        assert [case.name for case in loaded.cases] == ["point 1", "point 2", "point 3"]
        assert [tuple(case.factors.values()) for case in loaded.cases] == [
            (0.1, 1.0),
            (0.2, 2.0),
            (0.7, 3.0),
        ]
        third = loaded.scenario(loaded.cases[2])
        assert third.levers.siege[0].severity.value == 0.7


def test_null_is_a_value_and_not_the_factor_left_as_it_is(load: Load):
    loaded = load(
        "factors: {grace: {path: guarantors.settlement.grace_weeks, values: [8, null]}}\n"
        "design: {kind: one_at_a_time}"
    )
    assert [case.name for case in loaded.cases] == ["as it is", "grace=8", "grace=null"]
    assert [case.factors["grace"] for case in loaded.cases] == [None, 8, "null"]


def test_values_that_are_close_have_names_of_their_own(load: Load):
    loaded = load("factors: {want: {path: behaviour.hardship, values: [0.50001, 0.50002]}}")
    assert [case.name for case in loaded.cases] == ["want=0.50001", "want=0.50002"]


def test_a_range_between_whole_numbers_is_cut_into_whole_numbers_where_they_fit(load: Load):
    loaded = load("factors: {span: {path: weeks, range: [4, 8], levels: 3}}")
    assert [loaded.scenario(case).weeks for case in loaded.cases] == [4, 6, 8]


def test_a_table_of_points_with_lists_is_told(load: Load, tmp_path: Path):
    pd.DataFrame({"siege": [[0.1], [0.2]]}).to_parquet(tmp_path / "points.parquet")
    with pytest.raises(UsageError, match="the column 'siege' holds more than numbers and text"):
        load(
            "factors: {siege: {path: levers.siege.severity}}\n"
            "design: {kind: points, file: points.parquet}"
        )


def test_a_table_that_says_nothing_true_of_its_columns_is_told(load: Load, tmp_path: Path):
    table = pa.table({"siege": [0.1, 0.2]}).replace_schema_metadata({b"pandas": b"{}"})
    pq.write_table(table, tmp_path / "points.parquet")
    with pytest.raises(UsageError, match=r"points.parquet: cannot be read as a table"):
        load(
            "factors: {siege: {path: levers.siege.severity}}\n"
            "design: {kind: points, file: points.parquet}"
        )


def test_a_table_with_gaps_or_other_columns_is_told(load: Load, tmp_path: Path):
    (tmp_path / "points.csv").write_text("siege,else\n0.1,1\n,2\n")
    with pytest.raises(UsageError) as error:
        load(
            "factors: {siege: {path: levers.siege.severity}, want: {path: behaviour.hardship}}\n"
            "design: {kind: points, file: points.csv}"
        )
    told = str(error.value)
    assert "has no column for the factor 'want'" in told
    assert "the column 'else' belongs to no factor" in told
    assert "points.csv:3: siege: is missing" in told


def test_one_at_a_time_begins_with_the_scenario_as_it_is(load: Load):
    loaded = load(
        "factors:\n"
        "  siege: {path: levers.siege.severity, values: [0, 1]}\n"
        "  want: {path: behaviour.hardship, values: [3]}\n"
        "design: {kind: one_at_a_time}"
    )
    names = ["as it is", "siege=0", "siege=1", "want=3"]
    assert [case.name for case in loaded.cases] == names
    assert loaded.baseline == "as it is"


def test_levers_are_told_from_uncertainties_by_their_place(load: Load):
    loaded = load(
        "factors:\n"
        "  levers.siege.severity: {values: [0]}\n"
        "  behaviour.hardship: {values: [3]}\n"
        "  guarantors.settlement.neutrality: {values: [0], kind: uncertainty}"
    )
    kinds = [loaded.kind_of(name) for name in loaded.experiment.factors]
    assert kinds == ["lever", "uncertainty", "uncertainty"]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_is_shipped_loads_and_measures_harm_with_returns(file: Path):
    from returnsim.experiments.outcomes import outcomes_of

    loaded = load_experiment(file)
    assert loaded.experiment.question
    if loaded.experiment.calibration is not None:
        return
    outcomes = outcomes_of(loaded.experiment)
    assert {"returned", "pushed", "detained", "conscripted", "killed"} <= set(outcomes)


def test_the_schema_in_the_repository_is_in_step_and_accepts_what_is_shipped():
    written = json.loads((ROOT / "experiments" / "schema.json").read_text(encoding="utf-8"))
    assert written == schema_of(Experiment)
    validator = Draft202012Validator(written)
    for file in SHIPPED:
        read = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        data = json.loads(json.dumps(read, default=str))
        assert [error.message for error in validator.iter_errors(data)] == []
