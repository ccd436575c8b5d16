"""``returnsim report`` tells of results in one page: whole, and nothing but what they say."""

import json
import re
import shutil
from base64 import b64decode
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from returnsim.digests import CHECKSUMS, sealed, vouch, write_run
from returnsim.experiments.written import MADE_OF
from returnsim.report import usual_file
from tests.cli.typed import Run, command_line
from tests.report.made import CALLED, FEW, NASTY, SHIPPED, Page

ORDER = [
    "The question",
    "What is set, and what differs",
    "The answer",
    "Figures",
    "Harm",
    "Pushed or willing",
    "What it rests on",
    "What it cannot tell",
    "How to make it again",
]
SHIPPED_RESULTS = (
    *("calibrate-check", "calibrate-rukban", "guarantee-design", "policies-under-uncertainty"),
    *("rukban-validated", "rukban-what-if", "siege-and-trust", "small"),
)


def written(report: Run, *words: object) -> tuple[Page, str, str]:
    """A report of some results: its page, the page's source, and its Markdown."""
    code, out, err = report(*words, "--out", "told.html")
    assert (code, out) == (0, ""), err
    source = Path("told.html").read_text(encoding="utf-8")
    return Page(source), source, Path("told.md").read_text(encoding="utf-8")


def unescaped(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)


def test_a_run_is_told_in_every_section_in_order(here: Path, report: Run):
    page, _, markdown = written(report, "run")
    assert page.headings[1:-1] == ORDER
    assert [line[4:] for line in markdown.splitlines() if line.startswith("### ")][:-1] == ORDER
    assert page.open == []


@pytest.mark.parametrize("name", ["run", "attributed", "compared"])
def test_the_page_needs_nothing_but_itself(here: Path, report: Run, name: str):
    page, source, _ = written(report, name)
    for _, attributes in page.elements:
        for attribute in ("src", "href", "srcset", "action", "data"):
            assert attributes.get(attribute, "#").startswith(("#", "data:image/")), attributes
    assert not page.of("script")
    assert not page.of("link")
    style = "".join(re.findall("<style>(.*?)</style>", source, re.DOTALL))
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [m["content"] for m in page.of("meta") if m.get("http-equiv")]
    assert "default-src 'none'" in policy


def test_every_figure_is_in_the_page_with_words_for_those_who_do_not_see_it(
    here: Path, report: Run
):
    page, _, markdown = written(report, "run")
    pictures = page.of("img")
    drawn = {file.stem for file in Path("run/figures").glob("*.svg")}
    assert len(pictures) == len(drawn) == markdown.count("![")
    assert all(len(picture["alt"]) > 20 for picture in pictures)
    for picture in pictures:
        kind, _, content = picture["src"].partition(";base64,")
        assert kind == "data:image/svg+xml"
        assert b"prefers-color-scheme:dark" in b64decode(content)
        assert "class" not in picture
    for target in re.findall(r"!\[[^\n]*\]\(([^)]+)\)", markdown):
        assert Path(target).is_file()


def test_a_figure_that_was_kept_as_png_alone_keeps_its_paper(here: Path, report: Run):
    for file in Path("run/figures").glob("*.svg"):
        file.unlink()
    page, _, _ = written(report, "run")
    assert page.of("img")
    for picture in page.of("img"):
        assert picture["src"].startswith("data:image/png;base64,")
        assert picture["class"] == "paper"


@pytest.mark.parametrize("name", ["run", "attributed", "compared"])
def test_what_a_scenario_says_stays_words_in_the_page(here: Path, report: Run, name: str):
    page, source, _ = written(report, name)
    assert "<script>alert('x')</script>" in page.text
    assert '"quoted" & | *bold* _it_ # `code` [a](http://evil.example)' in page.text
    assert "onerror" not in {key for _, attributes in page.elements for key in attributes}
    assert not page.of("script")
    assert "\u202e" not in source
    if name == "compared":
        assert "<img src=x onerror=alert(1)> | قضية *" in page.text


@pytest.mark.parametrize("name", ["run", "attributed", "compared"])
def test_what_a_scenario_says_stays_words_in_markdown(here: Path, report: Run, name: str):
    _, _, markdown = written(report, name)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    inside = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"),
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "fence"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        "html_block",
    }
    assert [token.content for token in tokens if token.type == "html_block"] == [
        "<!-- returnsim report 1 -->\n"
    ]
    kinds = {child.type for child in inside} - {"softbreak"}
    assert kinds <= {"text", "text_special", "image"}
    assert not any("evil" in str(child.attrs) for child in inside if child.type == "image")
    words = "".join(child.content for child in inside)
    assert "<script>alert('x')</script>" in words
    assert "\u202e" not in markdown


def test_what_is_written_from_right_to_left_turns_nothing_around_it(here: Path, report: Run):
    page, _, markdown = written(report, "compared")
    for text in (page.text, unescaped(markdown)):
        for arabic in ("مخيم", "قضية"):
            for place in re.finditer(arabic, text):
                before = text[: place.start()]
                assert before.count("\u2068") == before.count("\u2069") + 1


def test_rows_of_tables_have_as_many_cells_as_heads_whatever_is_in_them(here: Path, report: Run):
    _, _, markdown = written(report, "compared")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    heads = 0
    for token in tokens:
        if token.type in ("thead_open", "tr_open"):
            cells = 0
        elif token.type in ("th_open", "td_open"):
            cells += 1
        elif token.type == "thead_close":
            heads = cells
        elif token.type == "tr_close":
            assert cells
    assert heads


def test_the_answer_has_the_harm_in_the_sentence_after_the_returns(here: Path, report: Run):
    page, _, _ = written(report, "run")
    answer = page.text.partition("The answer")[2].partition("Every outcome")[0]
    assert re.search(
        r"returned\. Of these the siege pushed .* would have been home by then", answer
    )
    for harm in ("were detained", "were conscripted", "were killed", "disappeared"):
        assert re.search(rf"\d \([\d,]+ to [\d,]+\) {harm}|\d {harm}", answer), harm


def test_those_in_camp_at_the_start_are_not_said_to_be_all_who_could_return(
    here: Path, report: Run
):
    page, _, _ = written(report, "run")
    assert re.search(r"people were in camp at the start; [\d,]+( \([^)]*\))? returned\.", page.text)


def test_harm_of_a_record_that_begins_later_is_that_of_all_who_had_returned(
    here: Path, report: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    text = Path("eased.yaml").read_text(encoding="utf-8")
    Path("later.yaml").write_text(f"{text}record_from: 2021-10-04\n", encoding="utf-8")
    run = command_line(monkeypatch, capsys, "run")
    assert run("later.yaml", *FEW, "--no-figures", "--out", "later")[0] == 0
    page, _, _ = written(command_line(monkeypatch, capsys, "report"), "later")
    table = pd.read_csv("later/summary.csv").set_index("outcome")["median"]
    everyone = f"{table['all who had returned by the end']:,.0f}"
    assert "returned in the weeks recorded." in page.text
    assert re.search(rf"{everyone} \([^)]*\) had returned by the end, before these", page.text)
    assert "Of those who returned," not in page.text
    assert "What befell those who returned in the weeks recorded, up to the end" in page.text
    assert "who returned in the weeks recorded under each word" in page.text


def test_what_is_no_outcome_is_not_listed_as_one(here: Path, report: Run):
    table = pd.read_csv("run/summary.csv")
    table.loc[len(table)] = {"outcome": "A note of what ends too early.", "unit": "note"}
    table.to_csv("run/summary.csv", index=False)
    write_run(Path("run"), json.loads(Path("run/run.json").read_text(encoding="utf-8")))
    page, _, _ = written(report, "run")
    assert "A note of what ends too early. note" not in page.text


def test_a_single_replicate_is_said_to_tell_nothing_of_luck(
    here: Path, report: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = command_line(monkeypatch, capsys, "run")
    words = ("--replicates", 1, "--households", 40, "--workers", 1, "--no-figures", "--no-pair")
    assert run("eased.yaml", *words, "--out", "one")[0] == 0
    page, _, _ = written(command_line(monkeypatch, capsys, "report"), "one")
    assert "how much of them is luck cannot be told" in page.text
    assert page.text.count("How many of them the siege pushed was not computed") == 2


def test_numbers_come_from_the_result(here: Path, report: Run):
    table = pd.read_csv("run/summary.csv")
    place = table["outcome"] == "of these, pushed by the siege"
    table.loc[place, ["median", "low90", "high90"]] = [123456, 23456, 223456]
    table.to_csv("run/summary.csv", index=False)
    write_run(Path("run"), json.loads(Path("run/run.json").read_text(encoding="utf-8")))
    page, _, _ = written(report, "run")
    assert page.text.count("123,456 (23,456 to 223,456)") == 3


def test_every_case_has_its_returns_beside_its_harm_and_those_pushed(here: Path, report: Run):
    _, _, markdown = written(report, "compared")
    heads = [line for line in markdown.splitlines() if line.startswith("| case |")]
    with_returns = [line for line in heads if "| returned |" in line]
    assert len(with_returns) == 5
    assert all("detained" in line and "killed" in line for line in with_returns)
    assert "pushed by the siege" in with_returns[-1]
    table = pd.read_csv("compared/summary.csv").set_index(["case", "outcome"])
    for case in ("as it is", CALLED):
        assert f"{table.loc[(case, 'pushed'), 'median']:,.0f}" in markdown


def test_a_run_is_told_apart_from_what_its_scenario_extends(here: Path, report: Run):
    _, _, markdown = written(report, "eased")
    told = unescaped(markdown)
    assert "what differs from camp.yaml" in told
    assert "severity 0.2" in told
    assert "Share of the usual supply that does not come in: 0 open, 1 shut." in told


def test_a_run_is_told_apart_from_the_base_that_is_named(here: Path, report: Run):
    _, _, markdown = written(report, "run", "--base", "eased.yaml")
    assert "what differs from eased.yaml" in unescaped(markdown)


def test_a_run_whose_scenario_has_changed_since_is_told_without_a_base(here: Path, report: Run):
    text = Path("eased.yaml").read_text(encoding="utf-8")
    Path("eased.yaml").write_text(text.replace("0.2", "0.3"), encoding="utf-8")
    _, _, markdown = written(report, "eased")
    assert "what differs from" not in markdown
    assert "severity 0.2" in markdown


def test_a_comparison_without_its_sweep_is_told_from_its_table(here: Path, report: Run):
    for file in Path("compared").iterdir():
        if file.name not in ("compare.csv", "figures"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    page, _, _ = written(report, "compared")
    assert "In “as it is”: returned" in page.text
    assert "Harm beside returns, per 100 returned" in page.text


def test_a_sweep_whose_parquet_was_not_kept_is_told_alike(here: Path, report: Run):
    _, _, before = written(report, "compared")
    Path("compared/outcomes.parquet").unlink()
    _, _, after = written(report, "compared")
    assert after == before


def test_figures_of_an_earlier_sweep_are_left_out_and_how_to_renew_them_is_said(
    here: Path, report: Run
):
    page, _, _ = written(report, "compared")
    assert page.of("img")
    told = json.loads(Path("compared/run.json").read_text(encoding="utf-8"))
    later = sealed(told | {"fingerprint": "of later tables"})
    Path("compared/run.json").write_text(json.dumps(later), encoding="utf-8")
    page, _, markdown = written(report, "compared")
    assert not page.of("img")
    assert "figures beside it are of an earlier sweep and are left out" in page.text
    assert "returnsim compare compared" in markdown.splitlines()


def test_a_comparison_of_an_earlier_sweep_does_not_stand_for_one_that_was_not_kept(
    here: Path, report: Run
):
    told = json.loads(Path("compared/run.json").read_text(encoding="utf-8"))
    later = sealed(told | {"fingerprint": "of later tables"})
    Path("compared/run.json").write_text(json.dumps(later), encoding="utf-8")
    Path("compared/outcomes.parquet").unlink()
    code, _, err = report("compared", "--out", "told.html")
    assert code == 2
    assert "compared/outcomes.parquet: is missing, and compare.csv is of an earlier sweep" in err


def verdict_in(folder: Path) -> Path:
    """A verdict with what of its sweep a clone has."""
    made = folder / "policies"
    left = shutil.ignore_patterns("*.parquet", "store", "weekly", "cells.csv", "summary.csv")
    shutil.copytree(SHIPPED / "policies-under-uncertainty", made, ignore=left)
    return made


def test_a_verdict_of_an_earlier_sweep_is_left_out_and_how_to_renew_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run
):
    monkeypatch.chdir(tmp_path)
    made = verdict_in(tmp_path)
    fingerprint = json.loads((made / "run.json").read_text(encoding="utf-8"))["fingerprint"]
    vouch(made / "verdict" / CHECKSUMS, {MADE_OF: fingerprint}, {})
    page, _, _ = written(report, made)
    assert "A verdict over" in page.text
    vouch(made / "verdict" / CHECKSUMS, {MADE_OF: "earlier tables"}, {})
    shutil.copy(SHIPPED / "guarantee-design" / "compare.csv", made)
    page, _, markdown = written(report, made)
    assert "A verdict over" not in page.text
    assert "is of an earlier sweep and is left out; this makes it anew." in page.text
    assert "returnsim verdict experiments/policies-under-uncertainty.yaml" in markdown.splitlines()


def test_every_outcome_that_was_judged_is_told_by_its_title(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run
):
    monkeypatch.chdir(tmp_path)
    made = verdict_in(tmp_path)
    _, _, markdown = written(report, made)
    head = "| outcome | policies | verdict |"
    rows = markdown.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    told = [unescaped(row.split(" | ")[0].removeprefix("| ")) for row in rows]
    judged = pd.read_csv(made / "verdict" / "verdict.csv")["outcome"]
    assert len(told) == len(judged)
    assert len(set(told)) == judged.nunique()
    outcomes = json.loads((made / "run.json").read_text(encoding="utf-8"))["outcomes"]
    assert {outcomes["pushed"]["title"], "safe voluntary returns"} <= set(told)


def test_how_to_make_a_verdict_again_has_the_options_that_it_knows_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run
):
    monkeypatch.chdir(tmp_path)
    made = verdict_in(tmp_path)
    told = json.loads((made / "run.json").read_text(encoding="utf-8"))
    swept = "returnsim sweep 'my file.yaml' --out here --until-ci 0.1 --outcome returned"
    told |= {"command": swept}
    (made / "run.json").write_text(json.dumps(sealed(told)), encoding="utf-8")
    whole = made / "verdict" / "verdict.json"
    # An earlier version did not write down the verdict's own, and nobody vouched for it.
    (made / "verdict" / "checksums.json").unlink(missing_ok=True)
    earlier = json.loads(whole.read_text(encoding="utf-8"))
    earlier.pop("command", None)
    whole.write_text(json.dumps(earlier), encoding="utf-8")
    _, _, markdown = written(report, made)
    assert {swept, "returnsim verdict 'my file.yaml' --out here"} <= set(markdown.splitlines())
    own = "returnsim verdict 'my file.yaml' --out here --pushed-at-most 0.2"
    said = earlier | {"command": own}
    whole.write_text(json.dumps(said), encoding="utf-8")
    _, _, markdown = written(report, made)
    assert {swept, own} <= set(markdown.splitlines())


def test_a_fit_with_a_check_in_the_same_folder_is_told_as_a_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED / "calibrate-rukban", "both")
    for name in ("check.json", "ranks.csv"):
        shutil.copy(SHIPPED / "calibrate-check" / name, "both")
    page, _, _ = written(report, "both")
    assert "parameters fitted to" in page.text


def test_what_stepped_the_runs_is_told(here: Path, report: Run):
    for name in ("run", "compared"):
        _, _, markdown = written(report, name)
        assert "| engine | numpy" in markdown


def test_several_results_are_told_beside_each_other(here: Path, report: Run):
    page, _, markdown = written(report, "run", "eased", "attributed")
    assert "Side by side" in page.text
    assert "From this the other cases differ." in page.text
    assert len(page.of("article")) == 4
    assert {a["href"] for a in page.of("a")} == {f"#part-{i}" for i in range(1, 5)}
    assert markdown.count("### What it cannot tell") == 4


def test_results_that_share_no_luck_are_told_but_not_compared(here: Path, report: Run):
    told = json.loads(Path("eased/run.json").read_text(encoding="utf-8"))
    Path("eased/run.json").write_text(json.dumps(sealed(told | {"seed": 2})), encoding="utf-8")
    page, _, _ = written(report, "run", "eased")
    assert "They cannot be compared." in page.text
    assert "the seed: 2 where" in page.text
    assert len(page.of("article")) == 3


def test_how_to_make_it_again_is_what_was_typed(here: Path, report: Run):
    page, _, markdown = written(report, "run")
    command = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["command"]
    assert command in page.text
    assert command in markdown.splitlines()
    assert "returnsim report run --out told.html" in markdown.splitlines()


def test_the_same_results_give_the_same_report(here: Path, report: Run):
    _, page, markdown = written(report, "run", "compared")
    _, again, in_words = written(report, "run", "compared")
    assert (page, markdown) == (again, in_words)


def test_the_report_of_one_result_lies_beside_it(here: Path, report: Run):
    code, _, err = report("run")
    assert code == 0
    assert Path("run-report.html").is_file()
    assert Path("run-report.md").is_file()
    assert "run-report.html" in err
    assert not [file for file in Path("run").iterdir() if "report" in file.name]


def test_reports_of_other_results_have_other_names(tmp_path: Path):
    long = [tmp_path / f"{'a' * 90}{i}" for i in range(3)]
    asked = [[tmp_path / "a", tmp_path / "b"], [tmp_path / "a-b"], long[:2], [long[0], long[2]]]
    names = [usual_file(folders).name for folders in asked]
    assert len(set(names)) == len(names)
    assert all(len(name) < 120 for name in names)


@pytest.mark.parametrize("name", SHIPPED_RESULTS)
def test_what_is_shipped_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run, name: str
):
    monkeypatch.chdir(tmp_path)
    page, _, markdown = written(report, SHIPPED / name)
    assert page.open == []
    assert "It is about real people, and it is no forecast." in page.text
    assert re.search(r"returnsim (sweep|verdict|validate|calibrate) ", markdown)
    assert all(picture["alt"] for picture in page.of("img"))
    assert "nan" not in page.text.lower().split()


def test_a_study_of_sensitivity_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Run
):
    monkeypatch.chdir(tmp_path)
    study = tmp_path / "study"
    study.mkdir()
    for name in ("morris.csv", "sobol.csv"):
        text = (SHIPPED / "sensitivity-rukban" / name).read_bytes()
        (study / name).write_bytes(text)
    code, _, err = report(study)
    assert code == 2
    assert "sensitivity.json: is missing" in err
    told = {"title": NASTY, "seed": 1, "replicates": 16, "households": 200, "versions": {}}
    told |= {"guesses": 3, "numbers": 4, "command": "returnsim sensitivity study.yaml"}
    (study / "sensitivity.json").write_text(json.dumps(told), encoding="utf-8")
    page, _, _ = written(report, study)
    assert "3 of the 4 numbers that it rests on (75 %) are guesses" in page.text
    assert "No figures were drawn of it." in page.text
    outcomes = set(pd.read_csv(study / "sobol.csv")["outcome"])
    heads = {th for th in page.heads if th.replace(" ", "_") in outcomes}
    assert heads == {name.replace("_", " ") for name in outcomes}
