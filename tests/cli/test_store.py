"""``returnsim store``: what is kept is listed, found out where it was changed, and cleared."""

import json
import shutil
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from returnsim.experiments.cells import key_given
from returnsim.experiments.files import load_experiment
from returnsim.experiments.store import Store, _checksum
from returnsim.experiments.sweep import Tally, sweep
from tests.cli.typed import Run, command_line
from tests.experiments.made import contents
from tests.experiments.sweeps import CAMP, every_byte, here, swept, tables

EXPERIMENT = """
title: A siege and its pair
base: camp.yaml
replicates: 32
households: 40
cases:
  besieged: {}
  eased: {set: {levers.siege.severity: 0.2}}
outcomes: {pushed: {without: siege}}
"""
ALONE = EXPERIMENT.replace("  eased: {set: {levers.siege.severity: 0.2}}\n", "")
CELLS = 2 * (2 + 1)
"""Two blocks of two cases; the pairs of both are one."""


def written(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """An experiment and its camp as files; gives the experiment's."""
    (folder / "camp.yaml").write_text(CAMP.replace("weeks: 30", "weeks: 10"))
    (folder / "small.yaml").write_text(experiment)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    assert swept(written(folder), folder / "out").ran == CELLS
    return folder / "out"


@pytest.fixture
def kept(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished sweep to do anything with, in the folder to stand in."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def returnsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return command_line(monkeypatch, capsys, "store")


def keys(folder: Path) -> list[str]:
    return list(Store(folder / "store").names())


def file_of(folder: Path, key: str, ending: str) -> Path:
    return folder / "store" / key[:2] / f"{key}{ending}"


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def rewrite(folder: Path, key: str, /, weekly: bytes | None = None, **changes: object) -> None:
    """Change a cell and all its checksums with it, so that only running it again finds out."""
    path = file_of(folder, key, ".json")
    record = json.loads(path.read_text()) | changes
    if weekly is not None:
        file_of(folder, key, ".weekly.parquet").write_bytes(weekly)
        record["files"]["weekly"] = sha256(weekly).hexdigest()
    path.write_text(json.dumps(record | {"checksum": _checksum(record)}) + "\n")


def moved(folder: Path, key: str, column: str, by: float) -> bytes:
    """The weeks of a cell with one number of a column multiplied."""
    table = pq.read_table(BytesIO(file_of(folder, key, ".weekly.parquet").read_bytes()))
    values = table[column].to_numpy().copy()
    values[np.flatnonzero(values)[0]] *= by
    place = table.column_names.index(column)
    buffer = BytesIO()
    pq.write_table(table.set_column(place, column, pa.array(values)), buffer)
    return buffer.getvalue()


def test_every_cell_is_listed_with_its_case(returnsim: Run, kept: Path):
    code, out, err = returnsim("ls", "out")
    assert code == 0
    assert len(out.splitlines()) == 1 + CELLS
    for key in keys(kept):
        (line,) = [line for line in out.splitlines() if line.startswith(key[:12])]
        assert line.endswith("  kept")
    size = sum(path.stat().st_size for path in (kept / "store").glob("??/*"))
    assert err == f"{CELLS} cells, {size / 1e6:.1f} MB\n"
    code, out, _ = returnsim("ls", "out", "--json")
    rows = json.loads(out)
    assert [row["key"] for row in rows] == keys(kept)
    assert sum(row["bytes"] for row in rows) == size
    told = sorted((row["case"], row["without"], row["block"]) for row in rows)
    cells = [("besieged", ""), ("besieged", "siege"), ("eased", "")]
    assert told == [(*cell, block) for cell in cells for block in (0, 1)]
    assert {(row["seed"], row["households"], row["state"]) for row in rows} == {(1, 40, "kept")}
    assert all(row["engine"].startswith("numpy ") for row in rows)


def test_all_cells_run_again_are_the_same_bit_for_bit(returnsim: Run, kept: Path):
    before = every_byte(kept)
    code, out, err = returnsim("verify", "out", "--cells", 100)
    assert (code, err) == (0, "")
    first, *rest = out.splitlines()
    assert first == f"{CELLS} of {CELLS} cells match their checksums"
    assert sorted(rest) == [f"{key[:12]}: run again: the same, bit for bit" for key in keys(kept)]
    assert every_byte(kept) == before


def test_a_seed_draws_the_same_cells_again(returnsim: Run, kept: Path):
    drawn = [
        returnsim("verify", "out", "--cells", 1, "--seed", seed)[1] for seed in (1, 1, *range(12))
    ]
    assert drawn[0] == drawn[1] == drawn[3]
    assert len(set(drawn)) > 2


@pytest.mark.parametrize("ending", [".json", ".weekly.parquet", ".events.parquet"])
def test_a_changed_bit_is_found_and_the_next_sweep_mends_it(
    returnsim: Run, kept: Path, made: Path, ending: str
):
    key = keys(kept)[2]
    flip(file_of(kept, key, ending))
    code, out, _ = returnsim("verify", "out", "--cells", 1)
    assert code == 1
    assert out.splitlines()[0].startswith(f"{key[:12]}: its ")
    assert "; the next sweep sets it aside" in out
    assert f"{CELLS - 1} of {CELLS} cells match their checksums" in out
    listed = json.loads(returnsim("ls", "out", "--json")[1])
    (row,) = [row for row in listed if row["key"] == key]
    assert row["state"] in out.splitlines()[0]
    assert swept(kept.parent / "small.yaml", kept).ran == 1
    assert returnsim("verify", "out", "--cells", 100)[0] == 0
    assert contents(kept / "store") == contents(made / "store")
    assert tables(kept) == tables(made)


def test_numbers_that_were_changed_with_their_checksums_are_found(returnsim: Run, kept: Path):
    key = keys(kept)[0]
    rewrite(kept, key, moved(kept, key, "departures", 2))
    code, out, _ = returnsim("verify", "out", "--cells", 100)
    assert code == 1
    assert f"{CELLS} of {CELLS} cells match their checksums" in out
    assert f"{key[:12]}: run again: DIFFERENT, on the engine that made it\n" in out
    assert out.count("the same, bit for bit") == CELLS - 1


def test_a_cell_that_bears_the_name_of_another_is_found(returnsim: Run, kept: Path):
    key = keys(kept)[0]
    given = json.loads(file_of(kept, key, ".json").read_text())["given"]
    rewrite(kept, key, given=given | {"seed": 2})
    code, out, _ = returnsim("verify", "out", "--cells", 100)
    assert code == 1
    assert f"{key[:12]}: what it was given does not make its name" in out


def test_a_cell_of_another_version_of_the_model_is_said_and_not_run(returnsim: Run, kept: Path):
    old = keys(kept)[0]
    given = json.loads(file_of(kept, old, ".json").read_text())["given"] | {"model_version": 0}
    key = key_given(json.dumps(given))
    file_of(kept, key, ".json").parent.mkdir(exist_ok=True)
    for ending in (".json", ".weekly.parquet", ".events.parquet"):
        file_of(kept, old, ending).rename(file_of(kept, key, ending))
    rewrite(kept, key, key=key, given=given)
    code, out, _ = returnsim("verify", "out", "--cells", 100)
    assert code == 0
    assert f"{key[:12]}: made by another version of the model, which cannot be run again" in out
    assert out.count("the same, bit for bit") == CELLS - 1


@pytest.mark.parametrize(
    ("column", "by", "code", "said"),
    [
        ("trust_settlement", 1 + 1e-14, 0, "the same but for last digits, on another engine"),
        ("trust_settlement", 1 + 1e-9, 1, "DIFFERENT, on another engine than made it"),
        ("departures", 2, 1, "DIFFERENT, on another engine than made it"),
    ],
)
def test_another_engine_may_differ_in_last_digits_and_in_nothing_else(
    returnsim: Run, kept: Path, column: str, by: float, code: int, said: str
):
    key = keys(kept)[0]
    engine = {"engine": "numpy 0.1", "machine": "an abacus"}
    rewrite(kept, key, moved(kept, key, column, by), engine=engine)
    left, out, _ = returnsim("verify", "out", "--cells", 100)
    assert left == code
    assert f"{key[:12]}: run again: {said}\n" in out


def test_what_the_tables_need_is_kept_and_the_rest_removed(
    returnsim: Run, kept: Path, tmp_path: Path
):
    file = written(kept.parent, ALONE)
    assert swept(file, kept).ran == 0
    states = [row["state"] for row in json.loads(returnsim("ls", "out", "--json")[1])]
    assert sorted(states) == ["kept"] * 4 + ["not needed"] * 2
    before = every_byte(kept)
    code, out, _ = returnsim("gc", "out", "--dry-run")
    assert (code, every_byte(kept)) == (0, before)
    assert out.startswith("2 cells and 0 leftovers would be removed, ")
    code, out, _ = returnsim("gc", "out")
    assert code == 0
    assert out.startswith("2 cells and 0 leftovers removed, ")
    assert out.endswith("; 4 cells are needed\n")
    after = every_byte(kept)
    assert after == {name: before[name] for name in after}
    assert swept(file, kept).ran == 0
    assert every_byte(kept) == after
    swept(file, tmp_path / "fresh")
    assert contents(kept / "store") == contents(tmp_path / "fresh" / "store")


def test_what_breaks_have_left_is_removed(returnsim: Run, kept: Path):
    whole = every_byte(kept)
    key = keys(kept)[0]
    beside = kept / "store" / key[:2]
    # As a sweep leaves it that was killed while it wrote: a file, a cell, the tables.
    (beside / f".{key}.json.123.abc.partial").write_text("half")
    (beside / f"{key[:2]}{'0' * 62}.weekly.parquet").write_text("half")
    (kept / ".abc.partial" / "weekly").mkdir(parents=True)
    (kept / ".abc.partial" / "weekly" / "part-00000.parquet").write_text("half")
    code, out, _ = returnsim("gc", "out")
    assert code == 0
    assert out.startswith("0 cells and ")
    assert out.endswith(f"; {CELLS} cells are needed\n")
    assert every_byte(kept) == whole
    assert not (kept / ".abc.partial").exists()


def test_nothing_is_removed_while_another_uses_the_store(returnsim: Run, kept: Path):
    swept(written(kept.parent, ALONE), kept)
    before = every_byte(kept)
    with Store(kept / "store").at_work():
        code, out, err = returnsim("gc", "out")
    assert (code, out) == (2, "")
    assert err == "out/store: is being used by another command; try when it has ended\n"
    assert every_byte(kept) == before


def test_what_an_unfinished_sweep_has_run_is_not_removed(returnsim: Run, kept: Path):
    more = EXPERIMENT.replace(
        "outcomes:", "  shut: {set: {levers.corridor.open: false}}\noutcomes:"
    )
    file = written(kept.parent, more)

    def interrupted(tally: Tally) -> None:
        if tally.ran:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(load_experiment(file), kept, here(), command="", progress=interrupted)
    before = every_byte(kept)
    assert len(keys(kept)) > CELLS
    code, out, err = returnsim("gc", "out")
    assert (code, out) == (2, "")
    assert "run the sweep to its end first" in err
    assert every_byte(kept) == before
    assert swept(file, kept).failed == 0
    assert returnsim("gc", "out")[1].startswith("0 cells and 0 leftovers removed, ")


def test_what_a_sweep_has_run_is_not_removed_though_another_came_to_its_end_meanwhile(
    returnsim: Run, kept: Path
):
    file = kept.parent / "small.yaml"
    before = len(keys(kept))

    def overtaken(tally: Tally) -> None:
        if tally.ran:
            assert swept(file, kept).failed == 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(load_experiment(file), kept, here(), command="", replicates=48, progress=overtaken)
    assert len(keys(kept)) > before
    there = every_byte(kept)
    code, out, err = returnsim("gc", "out")
    assert (code, out) == (2, "")
    assert "run the sweep to its end first" in err
    assert every_byte(kept) == there
    assert swept(file, kept).ran == 0
    assert returnsim("gc", "out")[0] == 0
    assert len(keys(kept)) == before


@pytest.mark.parametrize(
    ("name", "data"),
    [("cells.csv", b"case,without"), ("cells.csv", b"\xff\xfe"), ("run.json", b'{"format": ')],
)
def test_no_cell_is_called_needless_by_tables_that_were_changed(
    returnsim: Run, kept: Path, name: str, data: bytes
):
    (kept / name).write_bytes(data)
    for command in ("ls", "gc"):
        code, out, err = returnsim(command, "out")
        assert (code, out) == (2, "")
        assert err.startswith(f"out/{name}: is damaged: ")


def test_no_cell_is_called_needless_where_no_table_tells_what_is_needed(returnsim: Run, kept: Path):
    (kept / "run.json").unlink()
    rows = json.loads(returnsim("ls", "out", "--json")[1])
    assert {(row["case"], row["state"]) for row in rows} == {("", "kept")}


def test_nothing_is_removed_where_no_table_tells_what_is_needed(returnsim: Run, kept: Path):
    (kept / "run.json").unlink()
    before = every_byte(kept)
    code, out, err = returnsim("gc", "out")
    assert (code, out) == (2, "")
    assert "run the sweep to its end first" in err
    assert every_byte(kept) == before


@pytest.mark.parametrize("command", ["ls", "verify", "gc"])
@pytest.mark.parametrize("folder", ["none", "mine"])
def test_a_folder_without_a_store_is_told_and_left_alone(
    returnsim: Run, kept: Path, command: str, folder: str
):
    (kept.parent / "mine").mkdir()
    (kept.parent / "mine" / "notes.txt").write_text("not to be lost")
    before = sorted(kept.parent.rglob("*"))
    code, out, err = returnsim(command, folder)
    assert (code, out) == (2, "")
    assert err == f"{folder}: no results of a sweep are there; name its folder\n"
    assert sorted(kept.parent.rglob("*")) == before


@pytest.mark.parametrize("arguments", [("verify", "out", "--cells", 0), ("ls",), ("prune", "out")])
def test_a_wrong_command_line_leaves_with_2(returnsim: Run, kept: Path, arguments: tuple[str, ...]):
    code, out, err = returnsim(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_an_empty_store_is_told(returnsim: Run, kept: Path):
    (kept.parent / "empty" / "store").mkdir(parents=True)
    code, out, err = returnsim("verify", "empty")
    assert (code, out, err) == (2, "", "empty: no cell is kept there\n")
