"""A result that is not whole is named, and nothing is written; nor over what is no report."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from returnsim.digests import sealed, write_run
from tests.cli.typed import Run


def gone(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def garbled(file: Path) -> None:
    file.write_bytes(b"\x00\xff{not what was written")


def emptied(file: Path) -> None:
    file.write_bytes(b"")


TABLES = ("run/scenario.yaml", "run/summary.csv", "run/harm.csv", "run/guarantors.csv")
OTHERS = (
    *("attributed/run.json", "compared/run.json", "compared/summary.csv"),
    *("compared/figures/series.svg", "compared/figures/captions.json"),
)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *((file, gone) for file in (*TABLES, "attributed/switch.csv")),
        *((file, garbled) for file in (*TABLES, "attributed/switch.csv", *OTHERS)),
        *((file, emptied) for file in (*TABLES, "attributed/switch.csv", *OTHERS)),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_written(
    here: Path, report: Run, file: str, damage: Callable[[Path], None]
):
    damage(Path(file))
    code, out, err = report(Path(file).parts[0], "--out", "told.html")
    assert (code, out) == (2, "")
    assert file in err
    assert "Traceback" not in err
    assert not Path("told.html").exists()
    assert not Path("told.md").exists()


@pytest.mark.parametrize(
    "file", ["run/figures/harm.png", "run/figures/harm.svg", "compared/outcomes.parquet"]
)
def test_half_a_file_is_no_file(here: Path, report: Run, file: str):
    if file.endswith(".png"):
        Path(file).with_suffix(".svg").unlink()
    cut(Path(file))
    code, _, err = report(Path(file).parts[0], "--out", "told.html")
    assert code == 2
    assert file in err
    assert not Path("told.html").exists()


def test_a_figure_that_is_told_of_and_gone_is_missed(here: Path, report: Run):
    for ending in ("png", "svg"):
        Path(f"compared/figures/series.{ending}").unlink()
    code, _, err = report("compared", "--out", "told.html")
    assert code == 2
    assert "compared/figures/series.png: is missing" in err


@pytest.mark.parametrize(
    ("key", "value"),
    [("title", None), ("seed", "one"), ("versions", []), ("notes", {}), ("format", "another 3")],
)
def test_a_value_of_another_kind_is_named(here: Path, report: Run, key: str, value: object):
    file = Path("run/run.json")
    told = json.loads(file.read_text(encoding="utf-8")) | {key: value}
    file.write_text(json.dumps(sealed(told)), encoding="utf-8")
    code, _, err = report("run", "--out", "told.html")
    assert code == 2
    assert "run/run.json" in err
    assert (str(value) if key == "format" else repr(key)) in err
    assert not Path("told.html").exists()


def test_files_that_do_not_fit_together_are_named_by_their_folder(here: Path, report: Run):
    file = Path("compared/run.json")
    told = json.loads(file.read_text(encoding="utf-8"))
    told["cases"] = [{"name": "as it is"}]
    file.write_text(json.dumps(sealed(told)), encoding="utf-8")
    code, _, err = report("compared", "--out", "told.html")
    assert code == 2
    assert err.startswith("compared")
    assert not Path("told.html").exists()


def test_a_scenario_other_than_that_which_was_run_is_not_told(here: Path, report: Run):
    Path("run/scenario.yaml").write_bytes(Path("eased/scenario.yaml").read_bytes())
    write_run(Path("run"), json.loads(Path("run/run.json").read_text(encoding="utf-8")))
    code, _, err = report("run", "--out", "told.html")
    assert code == 2
    assert "run/scenario.yaml: is not the scenario that was run" in err


def test_a_folder_without_results_is_named(here: Path, report: Run):
    Path("empty").mkdir()
    for name, what in (("empty", "holds no results"), ("nowhere", "no such folder")):
        code, _, err = report(name)
        assert code == 2
        assert f"{name}: {what}" in err


def test_a_result_named_twice_is_told_once_or_not_at_all(here: Path, report: Run):
    code, _, err = report("run", "./run")
    assert code == 2
    assert "named twice" in err


@pytest.mark.parametrize("mine", ["told.html", "told.md"])
def test_what_is_no_report_is_left_alone(here: Path, report: Run, mine: str):
    Path(mine).write_text("something of mine", encoding="utf-8")
    code, _, err = report("run", "--out", "told.html")
    assert code == 2
    assert f"{mine}: is not a report of returnsim" in err
    assert Path(mine).read_text(encoding="utf-8") == "something of mine"
    assert {file.name for file in Path.cwd().glob("told.*")} == {mine}


def test_a_report_is_replaced_by_a_later_one(here: Path, report: Run):
    assert report("run", "--out", "told.html")[0] == 0
    assert report("compared", "--out", "told.html")[0] == 0
    assert "differ" in Path("told.md").read_text(encoding="utf-8")


def test_a_report_that_fails_leaves_the_earlier_one(here: Path, report: Run):
    assert report("run", "--out", "told.html")[0] == 0
    before = Path("told.html").read_bytes()
    garbled(Path("run/harm.csv"))
    assert report("run", "--out", "told.html")[0] == 2
    assert Path("told.html").read_bytes() == before


def test_the_name_of_a_page_ends_as_that_of_a_page(here: Path, report: Run):
    code, _, err = report("run", "--out", "told.txt")
    assert code == 2
    assert ".html" in err


def test_a_place_that_is_no_folder_is_refused(here: Path, report: Run):
    code, _, err = report("run", "--out", "camp.yaml/told.html")
    assert code == 2
    assert "camp.yaml" in err
