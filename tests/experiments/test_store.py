"""The store keeps cells whole or not at all, and finds what was damaged."""

import multiprocessing
from pathlib import Path

import pytest

from returnsim.errors import RunError, UsageError
from returnsim.experiments.cells import run_cells
from returnsim.experiments.store import Store
from tests.experiments.made import cells, contents, failure

GIVEN = cells(2, events=True)
RESULTS = run_cells(GIVEN)
KEY = GIVEN[0].key


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two cells."""
    store = Store(tmp_path / "store")
    for result in RESULTS:
        store.commit(result)
    return store


def test_what_is_kept_is_there_with_what_it_was_given(store: Store):
    assert list(store.names()) == sorted(cell.key for cell in GIVEN)
    assert store.has(KEY, events=True)
    record = store.record(KEY)
    assert record["given"]["seed"] == 1
    assert record["given"]["scenario"]["weeks"] == 8
    assert record["engine"]["engine"].startswith("numpy")
    assert store.read(KEY, "weekly") == RESULTS[0].files["weekly"]


def test_a_store_of_the_same_cells_is_the_same_bytes(store: Store, tmp_path: Path):
    other = Store(tmp_path / "other")
    for result in reversed(RESULTS):
        other.commit(result)
    assert contents(other.folder) == contents(store.folder)


@pytest.mark.parametrize("ending", [".json", ".weekly.parquet", ".events.parquet"])
def test_any_changed_byte_is_found_and_the_cell_set_aside(store: Store, ending: str):
    file = store.folder / KEY[:2] / f"{KEY}{ending}"
    whole = file.read_bytes()
    for place in {0, 7, len(whole) // 3, len(whole) // 2, len(whole) - 2}:
        for result in RESULTS:
            store.commit(result)
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert not store.has(KEY), place
        store.set_aside(KEY)
        assert KEY not in list(store.names())
        assert store.has(GIVEN[1].key)
    assert any(KEY in path.name for path in store.waste())


def test_a_cell_renamed_to_another_is_not_taken_for_it(store: Store):
    other = GIVEN[1].key
    for ending in (".json", ".weekly.parquet", ".events.parquet"):
        mine = store.folder / KEY[:2] / f"{KEY}{ending}"
        (store.folder / other[:2] / f"{other}{ending}").write_bytes(mine.read_bytes())
    damage = store.damage(other)
    assert damage is not None
    assert damage.why == "its record is that of another cell"


@pytest.mark.parametrize("ending", [".json", ".weekly.parquet"])
def test_a_file_cut_short_is_found(store: Store, ending: str):
    file = store.folder / KEY[:2] / f"{KEY}{ending}"
    file.write_bytes(file.read_bytes()[:100])
    assert not store.has(KEY)


def test_a_missing_file_is_found(store: Store):
    (store.folder / KEY[:2] / f"{KEY}.weekly.parquet").unlink()
    assert not store.has(KEY)


def test_files_without_their_record_are_no_cell_but_waste(store: Store):
    (store.folder / KEY[:2] / f"{KEY}.json").unlink()
    assert not store.has(KEY)
    assert len(store.waste()) == 2
    assert store.remove_waste() > 0
    assert store.waste() == []


def test_a_cell_kept_without_events_does_not_serve_where_they_are_needed(tmp_path: Path):
    store = Store(tmp_path)
    (result,) = run_cells(cells(1))
    store.commit(result)
    assert store.has(result.key)
    assert not store.has(result.key, events=True)


def test_a_failure_is_kept_until_the_cell_is_run(store: Store):
    store.remove([KEY])
    store.commit(RESULTS[0]._replace(files={}, error="ValueError: no luck"))
    assert not store.has(KEY)
    assert failure(store.folder, KEY) == "ValueError: no luck"
    store.commit(RESULTS[0])
    assert failure(store.folder, KEY) is None
    assert store.has(KEY)


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_run(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises((UsageError, RunError, OSError)), Store(tmp_path / "file" / "s").at_work():
        pass


def _claim_elsewhere(folder: Path, key: str, told: "multiprocessing.Queue[bool]") -> None:
    store = Store(folder)
    with store.at_work():
        told.put(store.claim(key))


def _claimed_elsewhere(folder: Path, key: str) -> bool:
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[bool] = context.Queue()
    process = context.Process(target=_claim_elsewhere, args=(folder, key, told))
    process.start()
    taken = told.get(timeout=60)
    process.join()
    told.close()
    return taken


def test_a_cell_is_claimed_by_one_process_until_it_ends(store: Store):
    with store.at_work():
        assert store.claim(KEY)
        assert not _claimed_elsewhere(store.folder, KEY)
        assert _claimed_elsewhere(store.folder, GIVEN[1].key)
        store.release(KEY)
        assert _claimed_elsewhere(store.folder, KEY)
        # That process has ended, and its claim with it.
        assert store.claim(KEY)


def test_who_must_be_alone_is_told_of_others(store: Store):
    second = Store(store.folder)
    with store.at_work():
        with second.at_work():
            pass
        with pytest.raises(UsageError, match="used by another"), second.at_work(alone=True):
            pass
    with second.at_work(alone=True):
        pass


def test_a_sweep_that_ends_leaves_the_note_of_another_that_is_at_work(store: Store):
    with store.adding():
        with Store(store.folder).adding():
            pass
        assert store.is_unfinished()
    assert not store.is_unfinished()


def test_a_sweep_that_is_broken_off_leaves_its_note_to_the_next_that_ends(store: Store):
    with pytest.raises(KeyboardInterrupt), store.adding():
        raise KeyboardInterrupt
    assert store.is_unfinished()
    with store.adding():
        pass
    assert not store.is_unfinished()


def test_what_the_disk_does_not_take_is_said_and_leaves_no_trace(tmp_path: Path):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / KEY[:2]).write_text("in the way")
    with pytest.raises(RunError, match=str(folder)):
        Store(folder).commit(RESULTS[0])
    assert [path.name for path in folder.iterdir()] == [KEY[:2]]


def test_a_disk_that_does_not_take_a_note_is_said(tmp_path: Path):
    folder = tmp_path / "store"
    said = f"{folder}: No such file.*what was finished is kept"
    with pytest.raises(RunError, match=said), Store(folder).adding():
        pass


def test_a_damaged_cell_that_cannot_be_set_aside_is_said_and_stays(store: Store):
    (store.folder / "damaged").write_text("in the way")
    before = contents(store.folder)
    with pytest.raises(RunError, match=f"{store.folder}: File exists"):
        store.set_aside(KEY)
    assert contents(store.folder) == before
