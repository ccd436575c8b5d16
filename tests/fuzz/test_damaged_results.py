"""A byte that changed on the disk is found by whoever reads it: no other number is told."""

import json
import random
import shutil
from pathlib import Path

import pytest

from returnsim.digests import CHECKSUMS, check_written, digests_of, vouch
from returnsim.errors import UsageError
from returnsim.experiments.reading import load_comparison
from returnsim.experiments.store import Store
from tests.cli.typed import Run, command_line
from tests.experiments.made import contents
from tests.experiments.sweeps import CAMP, every_byte, swept, tables
from tests.fuzz.typed import typed

FEW = ("--replicates", 2, "--households", 20, "--workers", 1)
EXPERIMENT = """
title: A siege and its pair
base: camp.yaml
replicates: 16
households: 20
cases:
  besieged: {}
  eased: {set: {levers.siege.severity: 0.2}}
outcomes: {returned: {}, pushed: {without: siege}}
"""
TIMES = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with figures, an attribution, a finished sweep and what was compared of it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 6"))
    (folder / "small.yaml").write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (
            ("run", "camp.yaml", *FEW, "--events", "--out", "run"),
            ("attribute", "camp.yaml", *FEW, "--out", "attributed", "--no-figures"),
        ):
            assert typed(*words).code == 0
        assert swept(folder / "small.yaml", folder / "swept").failed == 0
        assert typed("compare", "swept", "--out", "compared").code == 0
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of it, in the folder to stand in."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def returnsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return command_line(monkeypatch, capsys)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """One bit, anywhere, the other way."""
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def emptied(data: bytes, chance: random.Random) -> bytes:
    return b""


def overwritten(data: bytes, chance: random.Random) -> bytes:
    """A few bytes, anywhere, replaced by others."""
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(8) + data[at + 8 :]


DAMAGES = (flipped, cut, emptied, overwritten)
OF_A_RUN = (
    *("run.json", "weekly.parquet", "summary.csv", "scenario.yaml", "harm.csv", "guarantors.csv"),
    *("events.parquet", "households.parquet", "figures/harm.svg", "figures/harm.png"),
)
OF_A_SWEEP = ("run.json", "outcomes.parquet", "summary.csv", "cells.csv", "experiment.yaml")
OF_A_COMPARISON = (
    *("compare.csv", "checksums.json", "figures/captions.json", "figures/series.svg"),
    "figures/series.png",
)
SHIPPED = Path(__file__).parents[2] / "results"
WRITTEN_BESIDE = (
    *("calibrate-check/check.json", "calibrate-check/ranks.csv"),
    *("calibrate-rukban/run.json", "calibrate-rukban/targets.csv"),
    *("sensitivity-rukban/sensitivity.json", "sensitivity-rukban/sobol.csv"),
    "policies-under-uncertainty/verdict/policies.csv",
    "policies-under-uncertainty/verdict/figures/captions.json",
)


def each_damage(file: Path):
    """Damage a file in many ways, one after the other, and mend it after each."""
    whole = file.read_bytes()
    chance = random.Random(file.name)
    for damage in DAMAGES:
        for _ in range(TIMES):
            changed = damage(whole, chance)
            if changed != whole:
                file.write_bytes(changed)
                yield damage.__name__
    file.write_bytes(whole)


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_changed_file_of_a_run_is_found_by_a_report(here: Path, returnsim: Run, name: str):
    for damage in each_damage(here / "run" / name):
        code, out, err = returnsim("report", "run", "--out", "told.html")
        assert (code, out) == (2, ""), damage
        # A scenario or a table that cannot be read is told by its own line.
        assert f"run/{name}" in err, (damage, err)
        assert not Path("told.html").exists()


@pytest.mark.parametrize("name", ["switch.csv", "run.json"])
def test_a_changed_file_of_an_attribution_is_found(here: Path, returnsim: Run, name: str):
    for damage in each_damage(here / "attributed" / name):
        code, out, err = returnsim("report", "attributed", "--out", "told.html")
        assert (code, out) == (2, ""), damage
        assert f"attributed/{name}" in err, (damage, err)


@pytest.mark.parametrize("name", OF_A_SWEEP)
def test_a_changed_table_of_a_sweep_is_found_by_a_report(here: Path, returnsim: Run, name: str):
    for damage in each_damage(here / "swept" / name):
        code, out, err = returnsim("report", "swept", "--out", "told.html")
        assert (code, out) == (2, ""), damage
        assert f"swept/{name}" in err, (damage, err)


@pytest.mark.parametrize("name", OF_A_COMPARISON)
def test_a_changed_file_of_a_comparison_is_found(here: Path, returnsim: Run, name: str):
    for damage in each_damage(here / "compared" / name):
        code, out, err = returnsim("report", "compared", "--out", "told.html")
        assert (code, out) == (2, ""), damage
        assert f"compared/{name}: " in err, (damage, err)


@pytest.mark.parametrize("name", ["compare.csv", "checksums.json"])
def test_a_comparison_that_is_made_again_mends_what_was_changed(
    here: Path, returnsim: Run, name: str
):
    before = every_byte(here / "compared")
    (here / "compared" / name).write_bytes(b"another")
    assert returnsim("compare", "swept", "--out", "compared")[0] == 0
    assert every_byte(here / "compared") == before


@pytest.mark.parametrize("name", WRITTEN_BESIDE)
def test_a_changed_file_of_a_fit_a_study_or_a_verdict_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returnsim: Run, name: str
):
    monkeypatch.chdir(tmp_path)
    result = Path(name).parts[0]
    shutil.copytree(SHIPPED / result, result, ignore=shutil.ignore_patterns("store", "weekly"))
    written = Path(result, "verdict") if "verdict" in name else Path(result)
    files = [path for path in written.rglob("*") if path.is_file() and path.name != CHECKSUMS]
    names = [path.relative_to(written).as_posix() for path in files]
    vouch(written / CHECKSUMS, {}, digests_of(written, names))
    for damage in each_damage(Path(name)):
        code, out, err = returnsim("report", result, "--out", "told.html")
        assert (code, out) == (2, ""), damage
        assert f"{name}: " in err, (damage, err)
    assert returnsim("report", result, "--out", "told.html")[0] == 0


@pytest.mark.parametrize(
    "name",
    [
        *("run/run.json", "run/weekly.parquet", "swept/run.json", "swept/outcomes.parquet"),
        "swept/weekly/part-00000.parquet",
    ],
)
def test_a_changed_number_is_found_by_a_comparison(here: Path, returnsim: Run, name: str):
    folder = Path(name).parts[0]
    for damage in each_damage(here / name):
        code, out, err = returnsim("compare", folder, "--no-figures", "--out", "anew")
        assert (code, out) == (2, ""), damage
        assert name in err, (damage, err)
        assert not Path("anew").exists()
        with pytest.raises(UsageError):
            load_comparison([Path(folder)])


def test_files_that_changed_places_are_found(here: Path, returnsim: Run):
    for first, second in (
        ("run/harm.csv", "run/guarantors.csv"),
        ("run/weekly.parquet", "run/events.parquet"),
        ("run/figures/harm.svg", "run/figures/trust.svg"),
        ("swept/outcomes.parquet", "swept/weekly/part-00000.parquet"),
        ("run/run.json", "swept/run.json"),
    ):
        one, other = (here / first).read_bytes(), (here / second).read_bytes()
        (here / first).write_bytes(other)
        (here / second).write_bytes(one)
        for folder in {Path(first).parts[0], Path(second).parts[0]}:
            with pytest.raises(UsageError):
                check_written(here / folder)
        (here / first).write_bytes(one)
        (here / second).write_bytes(other)
    check_written(here / "run")
    check_written(here / "swept")


@pytest.mark.parametrize("name", OF_A_SWEEP)
def test_a_sweep_that_goes_on_makes_changed_tables_anew(here: Path, made: Path, name: str):
    for _ in each_damage(here / "swept" / name):
        assert swept(here / "small.yaml", here / "swept").ran == 0
        assert tables(here / "swept") == tables(made / "swept")
        check_written(here / "swept")


@pytest.mark.parametrize("ending", [".json", ".weekly.parquet", ".events.parquet"])
def test_a_changed_cell_is_run_again_and_never_read(
    here: Path, made: Path, returnsim: Run, ending: str
):
    store = Store(here / "swept" / "store")
    key = next(iter(store.names()))
    file = here / "swept" / "store" / key[:2] / f"{key}{ending}"
    for damage in each_damage(file):
        assert not store.has(key, events=True), damage
        code, out, _ = returnsim("store", "verify", "swept", "--cells", 1)
        assert (code, key[:12] in out.splitlines()[0]) == (1, True), damage
        assert swept(here / "small.yaml", here / "swept").ran == 1
        assert contents(here / "swept" / "store") == contents(made / "swept" / "store")


def test_cells_that_changed_places_are_run_again(here: Path, made: Path):
    store = Store(here / "swept" / "store")
    first, second, *_ = store.names()
    paths = [store.folder / key[:2] / f"{key}.weekly.parquet" for key in (first, second)]
    one, other = (path.read_bytes() for path in paths)
    paths[0].write_bytes(other)
    paths[1].write_bytes(one)
    assert swept(here / "small.yaml", here / "swept").ran == 2
    assert contents(store.folder) == contents(made / "swept" / "store")


def test_cells_are_not_cleared_by_a_changed_table_of_them(here: Path, returnsim: Run):
    kept = contents(here / "swept" / "store")
    for damage in each_damage(here / "swept" / "cells.csv"):
        code, out, err = returnsim("store", "gc", "swept")
        assert (code, out) == (2, ""), damage
        assert "swept/cells.csv: is damaged" in err
        assert contents(here / "swept" / "store") == kept


def test_results_of_earlier_versions_that_vouch_for_nothing_are_read(here: Path, returnsim: Run):
    file = here / "run" / "run.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({k: v for k, v in told.items() if k not in ("files", "checksum")}))
    assert returnsim("report", "run", "--out", "told.html")[0] == 0
    assert returnsim("compare", "run", "--no-figures", "--out", "anew")[0] == 0
