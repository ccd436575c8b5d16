"""``returnsim explain`` tells why, in tables that fit, in JSON that is whole, and in figures."""

import json
import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from returnsim.analysis.explain import NOT_FOR, TERMS, explain_household
from returnsim.analysis.groups import explain_groups
from returnsim.assemble import plan_run
from returnsim.figures.explain import changes_figure, terms_figure, ways_figure
from returnsim.figures.style import in_style
from returnsim.scenario.files import load_scenario
from tests.cli.typed import Run, command_line

ROOT = Path(__file__).parents[2]
CAMP = """
title: A made-up [bold]camp[/bold]
start: 2021-01-04
weeks: 9
population:
  people: 300
  origins: {the hill towns beyond the pass: 0.6, the river towns: 0.4}
levers:
  siege: {severity: 0.8}
  transport: {cost_weeks_of_subsistence: 3}
  conscription: {enforced: 1}
behaviour: {intercept: -1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with one scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camp.yaml").write_text(CAMP)
    return tmp_path


@pytest.fixture
def returnsim(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return command_line(monkeypatch, capsys, "explain")


ONE = ("camp.yaml", "--household", 3, "--no-figures")
ALL = ("camp.yaml", "--replicates", 2, "--no-figures")
EVERYONE_GOES = ("--set", "behaviour.intercept=60", "--set", "levers.transport.subsidy=1")


@pytest.mark.parametrize("asked", [ONE, ALL])
def test_the_last_words_are_what_it_is_not_for_and_every_line_fits(
    returnsim: Run, asked: tuple[object, ...]
):
    code, out, err = returnsim(*asked)
    assert code == 0
    assert out.startswith("A made-up [bold]camp[/bold]\n")
    assert " ".join(out.split()).endswith(NOT_FOR)
    assert out.count("must never serve to select people") == 1
    assert "not a forecast" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    assert err == "The explanation is in results/camp-explained\n"


def test_a_household_is_told_with_its_week_its_terms_and_their_sum(returnsim: Run):
    _, out, _ = returnsim(*ONE)
    text = " ".join(out.split())
    assert "week 0, from 4 January 2021, the first in which it is in camp and has an offer" in text
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("log-odds against staying"))
    terms = lines[start + 1 : start + 2 + len(TERMS)]
    assert [line[:24].strip() for line in terms] == [*TERMS.values(), "sum"]
    values = [float(line.split()[-1]) for line in terms]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.005 * len(TERMS))


def test_json_is_all_that_is_on_stdout_and_the_same_as_in_the_file(returnsim: Run, folder: Path):
    for asked, name in ((ONE, "household-3-replicate-0-week-0"), (ALL, "groups-week-4")):
        code, out, _ = returnsim(*asked, "--json", "--out", "here")
        assert code == 0
        told = json.loads(out)
        assert (told["scenario"], told["seed"], told["not_for"]) == ("camp", 1, NOT_FOR)
        assert out == (folder / "here" / f"{name}.json").read_text()
    assert sorted(p.suffix for p in (folder / "here").iterdir()) == [".json", ".json"]


def test_json_of_a_household_has_every_alternative_term_and_lever(returnsim: Run):
    _, out, _ = returnsim(*ONE, "--json", "--replicate", 2, "--week", 1)
    told = json.loads(out)["explained"]
    assert (told["household"], told["replicate"], told["week"]) == (3, 2, 1)
    assert told["date"] == "2021-01-11"
    assert [offer["option"] for offer in told["offers"]] == [
        *("stay", "onward", "whole", "without_men")
    ]
    assert sum(offer["probability"] for offer in told["offers"]) == pytest.approx(1)
    for way in told["ways"]:
        assert sum(way["terms"].values()) == pytest.approx(way["utility"], abs=1e-12)
    assert len(told["changes"]) == 14
    assert all((change["at"] is None) == (change["to"] is None) for change in told["changes"])


def test_groups_without_households_have_null_means(returnsim: Run):
    _, out, _ = returnsim(*ALL, "--json", "--set", "population.wanted_share=0")
    groups = {(g["grouping"], g["name"]): g for g in json.loads(out)["explained"]["groups"]}
    assert groups["wanted", "somebody"]["households"] == 0
    assert groups["wanted", "somebody"]["home"] is None
    assert groups["wanted", "nobody"]["households"] == groups["", "everyone in camp"]["households"]


def test_the_same_words_give_the_same_words_again(returnsim: Run):
    asked = (*ALL, "--seed", 4, "--households", 30)
    assert returnsim(*asked)[1] == returnsim(*asked)[1]
    assert returnsim(*asked)[1] != returnsim(*asked[:-3], 5, *asked[-2:], "--overwrite")[1]


def test_an_explanation_of_something_else_is_not_replaced_unasked(returnsim: Run, folder: Path):
    file = folder / "results" / "camp-explained" / "groups-week-4.json"
    assert returnsim(*ALL)[0] == 0
    written = file.read_text()
    other = (*ALL, "--set", "levers.siege.severity=0.1")
    code, out, err = returnsim(*other)
    assert (code, out) == (2, "")
    assert "groups-week-4.json: is of another scenario" in err
    assert file.read_text() == written
    assert returnsim(*other, "--overwrite")[0] == 0
    assert file.read_text() != written


def test_figures_are_drawn_unless_unwanted(returnsim: Run, folder: Path):
    for asked in (ONE[:-1], ALL[:-1]):
        assert returnsim(*asked, "--out", "here")[0] == 0
    names = {p.name for p in (folder / "here").iterdir() if p.suffix != ".json"}
    stems = ("household-3-replicate-0-week-0", "groups-week-4-terms", "groups-week-4-changes")
    assert names == {f"{stem}.{ending}" for stem in stems for ending in ("png", "svg")}


def words(figure: Figure) -> str:
    found = [figure.get_suptitle(), figure.get_supxlabel()]
    for axes in figure.axes:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        found += [axes.get_title("left"), axes.get_xlabel()]
        found += [text.get_text() for text in (*axes.texts, *ticks)]
    return " ".join(" ".join(found).split())


def test_figures_show_every_number_told_and_say_what_they_rest_on(folder: Path):
    scenario = load_scenario("camp.yaml")
    plan = plan_run(scenario, 1)
    one = explain_household(scenario, plan, 3, 0)
    groups = explain_groups(scenario, plan, 2)
    with in_style():
        figures = [
            ways_figure(one, scenario, plan),
            terms_figure(groups, scenario, plan),
            changes_figure(groups, scenario, plan),
        ]
        for figure in figures:
            figure.draw_without_rendering()
    for figure, number in zip(
        figures, ("1 replicate", "2 replicates", "2 replicates"), strict=True
    ):
        text = words(figure)
        assert f"{number} (seed 1)" in text
        assert "are guesses without a source" in text
        assert "not a forecast" in text
        assert "must never serve to select people" in text
    assert "Household 3 of replicate 0 in the week from" in words(figures[0])
    for way in one.ways:
        for value in (*way.terms.values(), way.utility):
            assert (f"{value:+.2f}" if value else "0") in words(figures[0])
    for group in groups.groups:
        if group.households:
            assert f"{round(group.utility, 2):+.2f}" in words(figures[1])
            assert group.name in words(figures[2])


def test_who_has_left_is_told_with_what_became_of_them(returnsim: Run, folder: Path):
    asked = ("camp.yaml", "--household", 3, "--week", 8, "--out", "here", *EVERYONE_GOES)
    code, out, _ = returnsim(*asked)
    assert code == 0
    assert "nobody of it is in camp any more" in out
    assert re.search(r"left for home +week \d, from \d+ January 2021, with settlement", out)
    assert re.search(r"\nnow +\d+ \w+", out)
    assert [p.name for p in (folder / "here").iterdir()] == ["household-3-replicate-0-week-8.json"]


def test_who_has_not_arrived_is_told_with_when_they_will(returnsim: Run):
    arrivals = "levers.arrivals=[{from: 2021-01-25, people_per_week: 20}]"
    code, out, _ = returnsim(*ONE[:2], 66, "--no-figures", "--week", 1, "--set", arrivals)
    assert code == 0
    assert re.search(r"not yet in camp +it arrives in week \d", out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.yaml",), "none.yaml"),
        ((*ONE[:2], 999), "they are numbered 0 to 63"),
        ((*ONE[:2], -1), "they are numbered 0 to 63"),
        ((*ONE, "--week", 9), "whose weeks are 0 to 8"),
        ((*ALL, "--week", -1), "whose weeks are 0 to 8"),
        ((*ALL, "--week", "soon"), "--week"),
        ((*ONE, "--replicate", -1), "--replicate"),
        ((*ONE, "--replicate", 10_000), "--replicate"),
        ((*ONE, "--replicates", 2), "--replicates goes with groups"),
        ((*ALL, "--replicate", 0), "--replicate goes with --household"),
        ((*ALL, "--replicates", 0), "--replicates"),
        ((*ALL, "--seed", -1), "--seed"),
        ((*ALL, "--households", 19), "--households"),
        ((*ALL, "--set", "levers.sieg.severity=0"), "did you mean"),
        ((*ALL, "--out", "camp.yaml"), "is a file"),
        ((*ALL, "--week", 8, *EVERYONE_GOES), "nobody is in camp"),
    ],
)
def test_a_mistake_ends_with_code_two_and_writes_nothing(
    returnsim: Run, folder: Path, arguments: tuple[object, ...], said: str
):
    code, out, err = returnsim(*arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert [p.name for p in folder.iterdir()] == ["camp.yaml"]


def test_a_folder_that_cannot_be_written_to_ends_with_code_one(returnsim: Run, folder: Path):
    (folder / "results").write_text("")
    code, out, err = returnsim(*ONE)
    assert (code, out) == (1, "")
    assert "could not be written" in err


def test_the_page_shows_what_the_command_that_it_names_says(returnsim: Run):
    page = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`returnsim explain (scenarios\S+ .*?)`", page)
    (shown,) = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    scenario, *others = command.split()
    code, out, _ = returnsim(ROOT / scenario, *others, "--no-figures")
    assert code == 0
    assert out == shown
