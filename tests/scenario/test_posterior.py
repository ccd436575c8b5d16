"""A scenario takes a posterior as data, and what is said later wins over it."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from returnsim.errors import ScenarioError
from returnsim.scenario.drawn import scenarios_drawn
from returnsim.scenario.evidence import quantities
from returnsim.scenario.files import (
    dump_scenario,
    load_scenario,
    require_patterns,
    scenario_from,
    scenario_hash,
)
from returnsim.scenario.neutral import without
from returnsim.scenario.posterior import Posterior, UnfitError, read_posterior, vouching
from returnsim.scenario.schema import Scenario
from tests.posteriors import TOLD, write_draws
from tests.scenario.files import HEAD, problem, problems

DRAWS = {
    "behaviour.hardship": [1.0, 2.0, 3.0],
    "levers.siege[2020-01-20].severity": [0.2, 0.4, 0.6],
    "levers.siege[2020-02-03].severity": [0.3, 0.5, 0.7],
    "levers.aid.coverage": [0.1, 0.2, 0.3],
    "guarantors.settlement.track_record.harms": [1.0, 1.5, 2.0],
}
SIEGE = (
    "levers: {siege: [{from: 2020-01-06, severity: 0}, {from: 2020-01-20, severity: 1}, "
    "{from: 2020-02-03, severity: 0.5}]}\n"
)
CAMP = f"{HEAD}posterior: draws.parquet\n{SIEGE}"


def read(folder: Path, *overrides: str, text: str = CAMP, **columns: object) -> Scenario:
    """A scenario with a posterior, read from files."""
    write_draws(folder / "draws.parquet", DRAWS | {"discrepancy": [0.1, 0.2, 0.3]} | columns)
    (folder / "camp.yaml").write_text(text)
    return load_scenario(folder / "camp.yaml", overrides)


def child(folder: Path, text: str, *overrides: str) -> Scenario:
    """A file that extends the one with the posterior."""
    read(folder)
    (folder / "child.yaml").write_text(f"extends: camp.yaml\n{text}")
    return load_scenario(folder / "child.yaml", overrides)


def drawn(scenario: Scenario) -> set[str]:
    """What is still drawn."""
    assert scenario.posterior is not None
    return set(scenario.posterior.draws)


def dropped(scenario: Scenario) -> set[str]:
    """What is no longer drawn."""
    assert drawn(scenario) <= set(DRAWS)
    return set(DRAWS) - drawn(scenario)


def test_all_that_the_file_says_is_in_the_scenario(tmp_path: Path):
    posterior = read(tmp_path, log_posterior=[-1.0, -2.0, -3.0]).posterior
    assert posterior is not None
    assert posterior.file == tmp_path / "draws.parquet"
    assert posterior.experiment == "a fit"
    assert posterior.fitted.use == ("calibrate",)
    assert posterior.fitted.until == date(2021, 12, 31)
    assert posterior.draws == {path: tuple(values) for path, values in DRAWS.items()}
    assert posterior.discrepancy == (0.1, 0.2, 0.3)


def test_a_file_of_draws_alone_has_no_misfit(tmp_path: Path):
    write_draws(tmp_path / "draws.parquet", DRAWS, {})
    (tmp_path / "camp.yaml").write_text(CAMP)
    posterior = load_scenario(tmp_path / "camp.yaml").posterior
    assert posterior is not None
    assert posterior.discrepancy == (0, 0, 0)


def test_a_row_stands_in_the_places_of_the_numbers(tmp_path: Path):
    _, second, _ = scenarios_drawn(read(tmp_path), range(3))
    numbers = {path: number.value for path, number in quantities(second)}
    assert {path: numbers[path] for path in DRAWS} == {p: v[1] for p, v in DRAWS.items()}
    assert numbers["levers.siege[2020-01-06].severity"] == 0
    assert second.posterior is None


def test_a_posterior_wins_over_the_values_of_its_own_file(tmp_path: Path):
    assert dropped(read(tmp_path, text=f"{CAMP}behaviour: {{hardship: 9}}\n")) == set()


@pytest.mark.parametrize(
    ("override", "gone"),
    [
        ("behaviour.hardship=4", {"behaviour.hardship"}),
        ("behaviour={norm: 1}", {"behaviour.hardship"}),
        ("behaviour.norm=1", set()),
        ("levers.siege.severity=0", {p for p in DRAWS if "siege" in p}),
        ("levers.siege={severity: 0}", {p for p in DRAWS if "siege" in p}),
        ("levers.siege[2020-02-03:].severity=0", {"levers.siege[2020-02-03].severity"}),
        ("levers.siege[2020-01-13:].severity=0", {p for p in DRAWS if "siege" in p}),
        ("levers.siege[2020-02-03].severity=0", {"levers.siege[2020-02-03].severity"}),
        ("levers.siege[2020-02-10:2020-02-17].severity=0", set()),
        ("levers.aid=1", {"levers.aid.coverage"}),
        ("guarantors.settlement.track_record.exposure_weeks=9", set()),
        (
            "guarantors.settlement={track_record: {harms: 1, exposure_weeks: 9}}",
            {"guarantors.settlement.track_record.harms"},
        ),
    ],
)
def test_an_override_takes_what_it_sets_out_of_the_posterior(
    tmp_path: Path, override: str, gone: set[str]
):
    if override == "levers.aid=1":
        override = "levers.aid={coverage: 1}"
    assert dropped(read(tmp_path, override)) == gone


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("behaviour: {hardship: 4}", {"behaviour.hardship"}),
        ("behaviour: {hardship: {value: 4, range: [1, 5]}}", {"behaviour.hardship"}),
        ("behaviour: {norm: 4}", set()),
        ("behaviour: {}", set()),
        ("levers: {siege: {severity: 0}}", {p for p in DRAWS if "siege" in p}),
        ("levers: {aid: {coverage: 1}}", {"levers.aid.coverage"}),
        (
            "guarantors: {settlement: {track_record: {harms: 2, exposure_weeks: 9}}}",
            {"guarantors.settlement.track_record.harms"},
        ),
        ("weeks: 5", set()),
    ],
)
def test_a_file_takes_what_it_sets_out_of_the_posterior_of_its_parent(
    tmp_path: Path, text: str, gone: set[str]
):
    assert dropped(child(tmp_path, text + "\n")) == gone


def test_from_a_day_on_a_value_holds_and_before_it_the_draw(tmp_path: Path):
    scenario = read(tmp_path, "levers.aid[2020-02-10:].coverage=1")
    assert drawn(scenario) - set(DRAWS) == {"levers.aid[2020-01-06].coverage"}
    (first, *_) = scenarios_drawn(scenario, [0])
    assert [entry.coverage.value for entry in first.levers.aid] == [0.1, 1]


def test_draws_from_a_day_on_are_of_the_entry_that_begins_then(tmp_path: Path):
    path = "levers.aid[2020-02-10:].coverage"
    write_draws(tmp_path / "draws.parquet", {path: [0.2, 0.4]})
    (tmp_path / "camp.yaml").write_text(f"{HEAD}posterior: draws.parquet\n")
    scenario = load_scenario(tmp_path / "camp.yaml")
    assert drawn(scenario) == {"levers.aid[2020-02-10].coverage"}
    before, since = scenarios_drawn(scenario, [1])[0].levers.aid
    assert (before.coverage.value, since.coverage.value) == (0, 0.4)
    later = load_scenario(tmp_path / "camp.yaml", ["levers.aid[2020-03-02:].coverage=1"])
    assert [e.coverage.value for e in scenarios_drawn(later, [0])[0].levers.aid] == [0, 0.2, 1]


def test_null_takes_the_posterior_away(tmp_path: Path):
    assert child(tmp_path, "posterior: null\n").posterior is None
    assert read(tmp_path, "posterior=null").posterior is None


def test_a_posterior_of_a_file_replaces_that_of_its_parent(tmp_path: Path):
    write_draws(tmp_path / "other.parquet", {"behaviour.norm": [1.0]})
    assert drawn(child(tmp_path, "posterior: other.parquet\n")) == {"behaviour.norm"}


def test_a_posterior_is_set_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "elsewhere").mkdir()
    write_draws(tmp_path / "elsewhere" / "other.parquet", {"behaviour.norm": [1.0]})
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert drawn(read(tmp_path, "posterior=other.parquet")) == {"behaviour.norm"}


def test_without_a_lever_nothing_of_it_is_drawn(tmp_path: Path):
    scenario = read(tmp_path)
    assert dropped(without(scenario, "siege")) == {p for p in DRAWS if "siege" in p}
    assert dropped(without(scenario, "guarantor:settlement")) == set()


def test_where_nothing_is_drawn_any_more_the_misfit_stays(tmp_path: Path):
    scenario = read(
        tmp_path,
        "levers={}",
        "behaviour.hardship=1",
        "guarantors.settlement.track_record={harms: 1, exposure_weeks: 9}",
    )
    assert scenario.posterior is not None
    assert (scenario.posterior.draws, scenario.posterior.rows) == ({}, 3)
    plain = scenario.model_copy(update={"posterior": None})
    assert scenario_hash(scenario) == scenario_hash(plain)


def test_draws_are_part_of_the_hash_and_the_misfit_is_not(tmp_path: Path):
    scenario = read(tmp_path)
    other = read(tmp_path, discrepancy=[0.0, 0.0, 0.0])
    assert scenario_hash(scenario) == scenario_hash(other)
    changed = read(tmp_path, **{"behaviour.hardship": [1.0, 2.0, 3.5]})
    assert scenario_hash(scenario) != scenario_hash(changed)


def test_a_scenario_written_out_is_complete_without_the_file(tmp_path: Path):
    scenario = read(tmp_path)
    (tmp_path / "shown.yaml").write_text(dump_scenario(scenario, tmp_path))
    (tmp_path / "draws.parquet").unlink()
    again = load_scenario(tmp_path / "shown.yaml")
    assert again.posterior == scenario.posterior
    assert scenario_hash(again) == scenario_hash(scenario)


def test_what_is_drawn_is_no_guess(tmp_path: Path):
    scenario = read(tmp_path)
    bare = scenario.model_copy(update={"posterior": None})
    assert bare.guesses()[0] - scenario.guesses()[0] == len(DRAWS)
    told = dict(quantities(scenario))
    assert told["behaviour.hardship"].source == "posterior of the experiment a fit"


def test_a_posterior_that_names_no_experiment_is_called_a_posterior():
    nameless = Posterior(draws={"behaviour.hardship": (1.0, 2.0)})
    assert str(nameless) == "1 drawn from the 2 rows of the posterior"


@pytest.mark.parametrize(
    ("path", "values", "rule"),
    [
        ("behaviour.hardschip", [1.0], "did you mean 'hardship'?"),
        ("behaviour.hardship", [float("nan")], "finite"),
        ("behaviour.hardship", [1.0, None], "finite"),
        ("behaviour.hardship", ["much"], "must be numbers"),
        ("behaviour.intercept", [-1.0, 1e-15, 1.0], "no closer to it than 1e-12"),
        ("population.wanted_share", [0.2, 1.2], "must be a number from 0 to 1"),
        ("levers.corridor.open", [1.0], "must be true or false"),
        ("levers.siege[2020-01-07].severity", [0.5], "no entry begins on that day"),
        ("levers.siege[2020-01].severity", [0.5], "days are written as"),
        ("guarantors.nobody.neutrality", [0.5], "no such guarantor"),
        ("title", [1.0], "no number of a scenario"),
        ("weeks", [10], "may not hold it"),
        ("population.people", [1000.0], "may not hold it"),
        ("population.shares.women", [0.2], "may not hold it"),
        ("levers.arrivals.people_per_week", [2.0], "may not hold it"),
        ("behaviour.horizon_weeks", [20.0], "may not hold it"),
    ],
)
def test_a_column_that_is_wrong_is_told_at_the_key(
    tmp_path: Path, path: str, values: list[object], rule: str
):
    write_draws(tmp_path / "draws.parquet", {path: values})
    found = problem(tmp_path, CAMP)
    assert (found.file, found.line) == (tmp_path / "camp.yaml", 4)
    assert rule in found.rule
    assert path.partition("[")[0] in f"{found.path} {found.rule}"


@pytest.mark.parametrize(
    ("write", "rule"),
    [
        (lambda file: None, "no such file"),
        (lambda file: file.mkdir(), "this is a folder; name a file in it"),
        (lambda file: file.write_text("a,b\n1,2\n"), "cannot be read as Parquet"),
        (lambda file: write_draws(file, {"behaviour.norm": np.empty(0)}), "no draws"),
        (lambda file: write_draws(file, {"behaviour.norm": [1.0]}, "{"), "no JSON object"),
        (lambda file: write_draws(file, {"behaviour.norm": [1.0] * 40_001}), "keep fewer draws"),
        (
            lambda file: write_draws(file, {"behaviour.norm": [1.0], "discrepancy": [-1.0]}),
            "greater than or equal to 0",
        ),
    ],
)
def test_a_file_that_is_no_posterior_is_told_at_the_key(tmp_path: Path, write, rule: str):
    write(tmp_path / "draws.parquet")
    found = problem(tmp_path, CAMP)
    assert (found.path, found.line) == ("posterior", 4)
    assert rule in found.rule


def test_a_byte_that_changed_is_found_or_changes_nothing_that_is_read(tmp_path: Path):
    file = write_draws(tmp_path / "draws.parquet", DRAWS, vouching(TOLD, DRAWS))
    whole, as_written = file.read_bytes(), read_posterior(file)
    found = 0
    for at in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 8
        file.write_bytes(changed)
        try:
            read = read_posterior(file)
        except UnfitError:
            found += 1
        else:
            assert (read.draws, read.discrepancy) == (as_written.draws, as_written.discrepancy), at
    assert found > len(whole) // 7 // 2


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (DRAWS | {"behaviour.hardship": [1.0, 2.0, 3.5]}, TOLD),
        ({"behaviour.norm": [1.0, 2.0, 3.0], **DRAWS}, TOLD),
        (dict(reversed(DRAWS.items())), TOLD),
        (DRAWS, TOLD | {"experiment": "another fit"}),
        (DRAWS, TOLD | {"fitted": {"use": ["calibrate"], "until": None}}),
    ],
)
def test_numbers_or_words_other_than_those_of_the_fit_are_told_at_the_key(
    tmp_path: Path, columns: dict[str, list[float]], told: dict[str, object]
):
    checksum = vouching(TOLD, DRAWS)["checksum"]
    write_draws(tmp_path / "draws.parquet", columns, told | {"checksum": checksum})
    found = problem(tmp_path, CAMP)
    assert (found.path, found.line) == ("posterior", 4)
    assert "is damaged: it is not as the fit wrote it" in found.rule
    # Of the numbers that a user makes nobody vouches.
    write_draws(tmp_path / "draws.parquet", columns, told)
    assert (tmp_path / "camp.yaml").write_text(CAMP)
    assert drawn(load_scenario(tmp_path / "camp.yaml")) == columns.keys()


def test_every_wrong_column_is_told_at_once(tmp_path: Path):
    columns = {"behaviour.hardship": [float("inf")], "population.people": [5.0]}
    write_draws(tmp_path / "draws.parquet", columns)
    assert len(problems(tmp_path, CAMP)) == 2


def test_numbers_that_no_row_has_together_are_no_fault(tmp_path: Path):
    shares = ("released", "disappeared", "died")
    rows = np.eye(3).T.tolist()
    columns = {f"custody.{end}_share": rows[i] for i, end in enumerate(shares)}
    write_draws(tmp_path / "draws.parquet", columns)
    (tmp_path / "camp.yaml").write_text(CAMP)
    load_scenario(tmp_path / "camp.yaml")
    write_draws(tmp_path / "draws.parquet", {path: [0.0, 1.0] for path in columns})
    assert "detention must be able to end" in problem(tmp_path, CAMP).rule


def test_a_row_that_breaks_a_rule_is_found_wherever_it_stands(tmp_path: Path):
    shares = ("released", "disappeared", "died")
    # Each lowest number comes first in a row that is right.
    rows = np.array([*1 - np.eye(3), [0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]).T.tolist()
    columns = {f"custody.{end}_share": rows[i] for i, end in enumerate(shares)}
    write_draws(tmp_path / "draws.parquet", columns)
    assert "detention must be able to end" in problem(tmp_path, CAMP).rule


def test_patterns_are_found_from_the_file_and_asked_for_by_name(tmp_path: Path):
    (tmp_path / "camp.yaml").write_text(f"{HEAD}patterns: card.yaml\n")
    scenario = load_scenario(tmp_path / "camp.yaml")
    assert scenario.patterns == tmp_path / "card.yaml"
    with pytest.raises(ScenarioError, match="no such file"):
        require_patterns(scenario)
    (tmp_path / "card.yaml").touch()
    require_patterns(scenario)
    assert "patterns: card.yaml\n" in dump_scenario(scenario, tmp_path)


def test_plain_data_may_hold_the_draws(tmp_path: Path):
    told = {"title": "a camp", "start": "2020-01-06", "weeks": 4}
    scenario = scenario_from(told | {"posterior": {"draws": {"behaviour.norm": [1, 2]}}})
    assert drawn(scenario) == {"behaviour.norm"}
    with pytest.raises(ScenarioError, match="must have 2 draws"):
        scenario_from(
            told | {"posterior": {"draws": {"behaviour.norm": [1, 2], "behaviour.age": [1]}}}
        )
