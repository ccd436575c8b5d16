"""What a comparison has to be careful of stands in its report, and nothing that it denies."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from returnsim.digests import sealed, write_run
from returnsim.report.sides import SAME_DRAWS, SAME_LUCK
from tests.cli.typed import Run, command_line
from tests.report.made import CALLED
from tests.report.test_report import unescaped, written

pytestmark = pytest.mark.slow

SAME_PEOPLE = SAME_LUCK.removeprefix(SAME_DRAWS)
UNLIKE_PEOPLE = "Cases have unlike populations: their households are not the same people"
UNLIKE_WEEKS = "Cases span unlike weeks: what is summed up is each one's own."


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Types ``returnsim compare`` with arguments."""
    return command_line(monkeypatch, capsys, "compare")


def changed(folder: str, change: Callable[[Any], None]) -> None:
    """Change what results say of themselves, and vouch for it anew."""
    file = Path(folder) / "run.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    change(told)
    file.write_text(json.dumps(sealed(told)), encoding="utf-8")


def other_people(told: Any) -> None:
    ground = told["cases"][1]["ground"] if "cases" in told else told["ground"]
    ground["population"] = "others"


def fewer_weeks(told: Any) -> None:
    told["cases"][1]["ground"]["weeks"] -= 8


def test_cases_of_one_people_are_said_to_meet_the_same_luck(here: Path, report: Run):
    page, _, _ = written(report, "compared")
    assert SAME_PEOPLE in page.text
    assert "Cases have" not in page.text


def test_a_comparison_that_counts_no_returns_tells_what_it_measured(
    here: Path, report: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    steps = ", ".join(str(n / 20) for n in range(13))
    Path("deaths.yaml").write_text(
        "title: Deaths\nbase: camp.yaml\nreplicates: 16\nhouseholds: 40\n"
        f"factors: {{siege: {{path: levers.siege.severity, values: [{steps}]}}}}\n"
        "outcomes: {died_in_camp: {}}\n",
        encoding="utf-8",
    )
    for words in (("sweep", "deaths.yaml", "--workers", "1"), ("compare", "results/deaths")):
        assert command_line(monkeypatch, capsys, words[0])(*words[1:])[0] == 0
    page, _, _ = written(command_line(monkeypatch, capsys, "report"), "results/deaths")
    assert "”: ." not in page.text
    assert re.search(r"“siege=0.6”: died in camp [+−-]?\d", page.text)
    assert "with the least and the most of this: died in camp" in page.text


@pytest.mark.parametrize("kept", [True, False])
def test_cases_of_unlike_people_are_not_said_to_meet_the_same_luck(
    here: Path, report: Run, kept: bool
):
    changed("compared", other_people)
    if not kept:
        Path("compared/outcomes.parquet").unlink()
    page, _, _ = written(report, "compared")
    assert UNLIKE_PEOPLE in page.text
    assert SAME_DRAWS in page.text
    assert SAME_PEOPLE not in page.text


def test_cases_of_unlike_weeks_are_said_to_be_so(here: Path, report: Run):
    changed("compared", fewer_weeks)
    page, _, _ = written(report, "compared")
    assert UNLIKE_WEEKS in page.text
    assert SAME_PEOPLE in page.text


def test_cases_of_unlike_numbers_of_replicates_are_said_to_be_so(here: Path, report: Run):
    outcomes = pd.read_parquet("compared/outcomes.parquet")
    outcomes.drop(index=outcomes.index[-5:]).to_parquet("compared/outcomes.parquet")
    write_run(Path("compared"), json.loads(Path("compared/run.json").read_text(encoding="utf-8")))
    page, _, _ = written(report, "compared")
    assert "Cases have from 15 to 20 replicates" in page.text


def test_runs_of_unlike_people_are_not_said_to_meet_the_same_luck(here: Path, report: Run):
    changed("eased", other_people)
    page, _, _ = written(report, "run", "eased")
    assert UNLIKE_PEOPLE in page.text
    assert SAME_PEOPLE not in page.text


def test_a_comparison_in_a_folder_of_its_own_keeps_what_to_be_careful_of(
    here: Path, report: Run, compare: Run
):
    changed("eased", other_people)
    words = ("run", "compared", "eased", "--baseline", "eased", "--out", "all")
    assert compare(*words, "--no-figures")[0] == 0
    page, _, markdown = written(report, "all")
    assert UNLIKE_PEOPLE in page.text
    assert "Cases have from 3 to 20 replicates" in page.text
    assert SAME_PEOPLE not in page.text
    assert "In “eased”: returned" in page.text
    assert "are guesses without a source" in page.text
    assert f"returnsim compare {' '.join(words)}" in markdown.splitlines()


def test_a_comparison_in_a_folder_of_its_own_knows_one_people(
    here: Path, report: Run, compare: Run
):
    assert compare("run", "eased", "--no-figures", "--out", "both")[0] == 0
    page, _, _ = written(report, "both")
    assert SAME_PEOPLE in page.text


def test_a_comparison_that_does_not_say_whose_it_is_claims_no_one_people(
    here: Path, report: Run, compare: Run
):
    assert compare("run", "eased", "--no-figures", "--out", "both")[0] == 0
    Path("both/checksums.json").unlink()
    page, _, _ = written(report, "both")
    assert SAME_DRAWS in page.text
    assert SAME_PEOPLE not in page.text


def test_another_baseline_of_the_figures_is_said_and_its_command_is_what_was_typed(
    here: Path, report: Run, compare: Run
):
    _, _, before = written(report, "compared")
    assert "another baseline" not in before
    assert compare("compared", "--baseline", CALLED, "--outcome", "returned")[0] == 0
    page, _, markdown = written(report, "compared")
    assert "In “as it is”: returned" in page.text
    assert "the text tells them from “as it is”" in page.text
    typed = f"returnsim compare compared --baseline '{CALLED}' --outcome returned"
    assert typed in markdown.splitlines()


def test_figures_of_a_run_are_shown_beside_those_of_its_comparison(
    here: Path, report: Run, compare: Run
):
    page, _, _ = written(report, "run")
    before = {picture["alt"] for picture in page.of("img")}
    assert compare("run")[0] == 0
    page, _, markdown = written(report, "run")
    assert before < {picture["alt"] for picture in page.of("img")}
    assert "returnsim compare run" in markdown.splitlines()


def test_a_difference_of_one_pair_is_not_told_as_if_it_were_sure(
    here: Path, report: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = command_line(monkeypatch, capsys, "run")
    few = ("--replicates", 1, "--households", 40, "--workers", 1, "--no-figures")
    for name in ("camp", "eased"):
        assert run(f"{name}.yaml", *few, "--out", f"one-{name}")[0] == 0
    _, _, markdown = written(command_line(monkeypatch, capsys, "report"), "one-camp", "one-eased")
    told = unescaped(markdown).partition("From this the other cases differ.")[2]
    (moved,) = [line for line in told.splitlines() if line.startswith("- “eased”")]
    parts = [part for part in moved.split(";") if "(one pair)" in part]
    assert any("returned" in part for part in parts)
    assert all("not told from none" in part for part in parts)
