import json
import subprocess
import sys
from pathlib import Path

import pytest

from returnsim import __version__
from returnsim.scenario.files import load_scenario, scenario_hash
from returnsim.scenario.json_schema import scenario_schema
from tests.cli.typed import command_line
from tests.posteriors import write_draws

ROOT = Path(__file__).parents[2]
CAMP = "title: a camp\nstart: 2020-01-06\nweeks: 10\n"


@pytest.fixture
def returnsim(monkeypatch, capsys):
    return command_line(monkeypatch, capsys)


@pytest.fixture
def camp(tmp_path):
    file = tmp_path / "camp.yaml"
    file.write_text(CAMP)
    return file


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_comes_without_loading_what_runs_a_camp():
    heavy = "{'numpy', 'pandas', 'pydantic', 'ruamel', 'ruamel.yaml', 'scipy', 'matplotlib'}"
    code = f"import sys, returnsim.cli; print(sorted({heavy} & sys.modules.keys()))"
    assert in_a_new_process(code).stdout.strip() == "[]"


def test_the_package_loads_its_parts_when_they_are_asked_for():
    code = (
        "import sys, returnsim; assert 'pydantic' not in sys.modules; "
        "print(returnsim.load_scenario.__module__, 'Trajectories' in dir(returnsim))"
    )
    assert in_a_new_process(code).stdout.split() == ["returnsim.scenario.files", "True"]


def test_a_name_that_the_package_has_not_is_an_attribute_error():
    import returnsim as package

    with pytest.raises(AttributeError, match="nothing_such"):
        package.nothing_such  # noqa: B018


def test_help_names_every_command(returnsim):
    code, out, _ = returnsim("--help")
    assert code == 0
    for command in ("new", "check", "show", "diff", "run", "schema"):
        assert f"\n  {command} " in out


def test_the_version_is_printed(returnsim):
    assert returnsim("--version")[:2] == (0, f"returnsim {__version__}\n")


@pytest.mark.parametrize("arguments", [["bogus"], ["check"], ["show", "--bogus"]])
def test_a_wrong_command_line_leaves_with_2(returnsim, arguments):
    assert returnsim(*arguments)[0] == 2


def test_check_says_that_a_file_is_fine_and_counts_its_guesses(returnsim, camp):
    guesses, numbers = load_scenario(camp).guesses()
    code, out, err = returnsim("check", camp)
    assert (code, err) == (0, "")
    assert out == f"{camp}: fine ({numbers} numbers, {guesses} of them guesses)\n"


def test_check_prints_every_problem_of_every_file(returnsim, camp, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(CAMP + "levers:\n  siege: {severty: 1}\n  aid: {coverage: 2}\n")
    code, out, err = returnsim("check", bad, camp, tmp_path / "none.yaml")
    assert code == 2
    assert out.startswith(f"{camp}: fine")
    assert err.splitlines() == [
        f"{bad}:5:11: levers.siege.severty: no such key here; did you mean 'severity'?",
        f"{bad}:6:19: levers.aid.coverage: 2: must be a number from 0 to 1",
        f"{tmp_path / 'none.yaml'}: no such file",
    ]


def test_a_file_of_another_kind_is_said_to_be_one(returnsim, camp, tmp_path):
    experiment, card = tmp_path / "experiment.yaml", tmp_path / "card.yaml"
    experiment.write_text("title: Many\nbase: camp.yaml\ncases: {one: {}}\n")
    card.write_text("patterns: {one: {}}\n")
    for command in (("run", experiment), ("show", experiment), ("diff", camp, experiment)):
        code, out, err = returnsim(*command)
        assert (code, out) == (2, "")
        assert err.startswith(f"{experiment}: has a `base`, and so is an experiment")
    code, _, err = returnsim("run", card)
    assert (code, err[: len(str(card))]) == (2, str(card))
    assert "is a card of patterns" in err
    for command in ("sweep", "verdict", "sensitivity", "calibrate"):
        code, _, err = returnsim(command, camp)
        assert code == 2
        assert err.startswith(f"{camp}: is a scenario: `returnsim run` runs it")


def test_check_asks_for_the_observations(returnsim, camp):
    camp.write_text(CAMP + "observations: table.csv\n")
    code, _, err = returnsim("check", camp)
    assert code == 2
    assert err.endswith("table.csv: no such file\n")


def test_check_asks_for_the_patterns(returnsim, camp):
    camp.write_text(CAMP + "patterns: card.yaml\n")
    code, _, err = returnsim("check", camp)
    assert code == 2
    assert f"patterns: {camp.parent / 'card.yaml'}: no such file" in err


def test_what_is_drawn_from_a_posterior_is_told(returnsim, camp, tmp_path):
    write_draws(tmp_path / "draws.parquet", {"behaviour.hardship": [1.0, 2.0]})
    guesses = load_scenario(camp).guesses()[0]
    camp.write_text(CAMP + "posterior: draws.parquet\n")
    said = "1 drawn from the 2 rows of the posterior of the experiment a fit"
    _, out, _ = returnsim("check", camp)
    assert f"{guesses - 1} of them guesses, {said}" in out
    _, shown, err = returnsim("show", camp)
    assert said in err
    (tmp_path / "shown.yaml").write_text(shown)
    (tmp_path / "draws.parquet").unlink()
    assert "drawn from the 2 rows" in returnsim("check", tmp_path / "shown.yaml")[1]
    camp.write_text(CAMP)
    _, out, _ = returnsim("diff", camp, tmp_path / "shown.yaml")
    assert "posterior: behaviour.hardship  -  2 draws from 1 to 2, mean 1.5" in out


def test_show_prints_a_file_that_simulates_the_same(returnsim, camp, tmp_path):
    code, out, _ = returnsim("show", camp, "--set", "levers.siege.severity=0.5", "--set", "weeks=4")
    shown = tmp_path / "shown.yaml"
    shown.write_text(out)
    assert code == 0
    expected = load_scenario(camp, ["levers.siege.severity=0.5", "weeks=4"])
    assert scenario_hash(load_scenario(shown)) == scenario_hash(expected)


def test_show_leaves_with_2_and_prints_no_data_where_an_override_is_wrong(returnsim, camp):
    code, out, err = returnsim("show", camp, "--set", "levers.seige.severity=0")
    assert (code, out) == (2, "")
    assert err == "--set: levers.seige: no such key here; did you mean 'siege'?\n"


def test_diff_prints_what_differs_as_a_table(returnsim, camp):
    code, out, _ = returnsim("diff", camp, camp, "--set", "behaviour.cost=3", "--set", "weeks=4")
    assert code == 0
    assert out == "path            A   B\nweeks           10  4\nbehaviour.cost  2   3\n"


def test_diff_of_a_file_with_itself_prints_no_data(returnsim, camp):
    code, out, err = returnsim("diff", camp, camp)
    assert (code, out) == (0, "")
    assert "no difference" in err


def test_schema_prints_the_schema(returnsim):
    code, out, _ = returnsim("schema")
    assert code == 0
    assert json.loads(out) == scenario_schema()


def test_new_writes_scenarios_that_are_fine_and_says_what_to_type_next(returnsim, tmp_path):
    folder = tmp_path / "inner" / "my camp"
    code, out, err = returnsim("new", folder)
    assert code == 0
    files = [Path(line) for line in out.splitlines()]
    assert [file.name for file in files] == ["camp.yaml", "aid-restored.yaml"]
    assert returnsim("check", *files)[0] == 0
    assert "invented" in err
    assert f"returnsim run '{files[0]}'" in err


def test_new_says_plainly_that_the_camp_is_invented(returnsim, tmp_path):
    returnsim("new", tmp_path)
    assert (tmp_path / "camp.yaml").read_text().startswith("# An invented camp: no real place")
    assert load_scenario(tmp_path / "camp.yaml").title.startswith("An invented camp")


def test_new_replaces_nothing(returnsim, tmp_path):
    (tmp_path / "aid-restored.yaml").write_text("mine")
    code, _, err = returnsim("new", tmp_path)
    assert code == 2
    assert "there already" in err
    assert (tmp_path / "aid-restored.yaml").read_text() == "mine"
    assert not (tmp_path / "camp.yaml").exists()


def test_new_cannot_be_put_into_a_file(returnsim, camp):
    code, _, err = returnsim("new", camp)
    assert code == 2
    assert "name a directory" in err


def test_debug_shows_the_traceback_wherever_it_is_typed(camp):
    code = (
        "import sys; from returnsim.cli import main; "
        f"sys.argv = ['returnsim', 'show', {str(camp)!r}, '--set', 'weeks=0', '--debug']; main()"
    )
    done = in_a_new_process(code)
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "weeks: 0: must be 1 or more" in done.stderr


def test_an_unforeseen_failure_is_one_line_and_leaves_with_1(returnsim, camp, monkeypatch):
    def fails(*_: object) -> None:
        raise RuntimeError("the unforeseen")

    monkeypatch.setattr("returnsim.scenario.files.load_scenario", fails)
    code, out, err = returnsim("show", camp)
    assert (code, out) == (1, "")
    assert err == (
        "returnsim failed: RuntimeError: the unforeseen; run again with --debug for the traceback\n"
    )


def test_an_interruption_leaves_with_130(returnsim, camp, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("returnsim.scenario.files.load_scenario", interrupted)
    assert returnsim("show", camp) == (130, "", "stopped; nothing was written\n")


@pytest.mark.parametrize("folder", ["rukban", "kosovo", "rohingya"])
def test_every_scenario_and_card_shipped_is_fine(folder: str, returnsim) -> None:
    files = sorted((ROOT / "scenarios" / folder).glob("*.yaml"))
    code, out, err = returnsim("check", *files)
    assert code == 0, err
    assert "patterns.yaml: fine (" in out
