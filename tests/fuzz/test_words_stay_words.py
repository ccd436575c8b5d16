"""What a scenario calls its places and cases is drawn and told as it stands, whatever is in it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.typed import Run, command_line
from tests.experiments.sweeps import CAMP
from tests.fuzz.typed import standing_in, typed
from tests.report.made import Page, quoted

FEW = ("--replicates", 2, "--households", 40, "--workers", 1)
NAMES = (
    *("$x$", r"\frac{1}{", "$\\alpha", "_hidden", "{}", "%s %(x)d", "{0.__class__}", "a,b;c"),
    *("<script>alert(1)</script>", "]]>", "&amp;&#x3c;b>", "<!--", "'\"`", "{{ 7 * 7 }}"),
    *("{% x %}", "[bold]x[/bold]", "[/]", "=1+1", "@x", "مخيم", "e\u0301\u0301", "|a|b|", "日本"),
)
EXPERIMENT = """
title: {title}
question: {title}
base: camp.yaml
replicates: 16
households: 20
cases: {{{cases}}}
factors: {{{factor}: {{path: behaviour.age, values: [{{label: {factor}, value: 0}}], title: {title}, unit: {title}}}}}
outcomes: {{returned: {{}}, {outcome}: {{column: departures, unit: {outcome}}}}}
"""  # noqa: E501


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, an attribution and a sweep with odd names, drawn."""
    folder = tmp_path_factory.mktemp("made")
    shares = ", ".join(f"{quoted(name)}: {1 / len(NAMES)}" for name in NAMES)
    camp = CAMP.replace("weeks: 30", "weeks: 8").replace("north: 0.5, south: 0.5", shares)
    title = quoted(" ".join(NAMES[:16]) + "\n second\tline")
    camp = camp.replace("title: A made-up camp", f"title: {title}\nquestion: {title}")
    (folder / "camp.yaml").write_text(camp, encoding="utf-8")
    cases = ", ".join(
        f"{quoted(name)}: {{set: {{levers.siege.severity: {i / 40}}}, title: {quoted(name)}}}"
        for i, name in enumerate(NAMES)
    )
    text = EXPERIMENT.format(
        title=title, cases=cases, factor=quoted(NAMES[0]), outcome=quoted(NAMES[8])
    )
    (folder / "odd.yaml").write_text(text, encoding="utf-8")
    with standing_in(folder):
        for words in (
            ("run", "camp.yaml", *FEW, "--out", "run"),
            ("attribute", "camp.yaml", *FEW, "--out", "attributed"),
            ("sweep", "odd.yaml", "--workers", 1, "--engine", "numpy", "--out", "swept"),
            ("compare", "swept"),
            *(("report", name, "--out", f"{name}.html") for name in ("run", "attributed", "swept")),
        ):
            left = typed(*words)
            assert left.code == 0, left.err
    return folder


@pytest.fixture
def returnsim(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(made)
    return command_line(monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "attributed", "swept"])
def test_every_figure_is_a_drawing_and_runs_nothing(made: Path, name: str):
    figures = sorted((made / name / "figures").glob("*.svg"))
    assert figures
    for file in figures:
        for element in ElementTree.parse(file).iter():
            tag = element.tag.rpartition("}")[2]
            assert tag not in ("script", "foreignObject", "image", "a", "iframe"), file
            assert not any(key.lower().startswith("on") for key in element.attrib), file


def test_cases_are_named_in_a_drawing_as_they_are_called(made: Path):
    texts = "\n".join(
        "".join(element.itertext())
        for file in (made / "swept" / "figures").glob("*.svg")
        for element in ElementTree.parse(file).iter()
        if element.tag.endswith("}text")
    ) + "\n".join(re.findall("<!--(.*?)-->", _svgs(made / "swept"), re.DOTALL))
    for name in ("$x$", r"\frac{1}{", "_hidden", "{0.__class__}"):
        assert name in texts, name


def _svgs(folder: Path) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in (folder / "figures").glob("*.svg"))


@pytest.mark.parametrize("name", ["run", "attributed", "swept"])
def test_a_page_has_no_element_that_a_name_made(made: Path, name: str):
    page = Page((made / f"{name}.html").read_text(encoding="utf-8"))
    assert not page.of("script")
    assert not page.of("b")
    assert page.text.count("{{ 7 * 7 }}") == page.text.count("{% x %}")
    assert "{{ 7 * 7 }}" in page.text
    assert "$x$" in page.text
    assert "&amp;&#x3c;b>" in page.text


def test_every_case_is_in_the_table_as_it_is_called(made: Path):
    import pandas as pd

    table = pd.read_csv(made / "swept" / "compare.csv", keep_default_na=False)
    assert len(set(table["case"])) == len(NAMES)
    for name in NAMES:
        assert any(name in case for case in table["case"]), name


def test_the_terminal_is_told_names_without_marks_of_its_own(returnsim: Run):
    code, out, err = returnsim("compare", "swept", "--no-figures", "--out", "again")
    assert code == 0, err
    for name in ("[bold]x[/bold]", "[/]"):
        assert name in out or len(NAMES) > 12
    code, out, err = returnsim("run", "camp.yaml", *FEW, "--no-figures", "--out", "again-run")
    assert code == 0, err
    assert "[bold]x[/bold]" in " ".join(out.split())
    assert "\x1b" not in out
