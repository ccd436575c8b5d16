"""What is written comes to stand in its place whole, and what a disk says is told in its words."""

from pathlib import Path

import pytest

from returnsim.errors import UsageError
from returnsim.folders import is_free, reason_of, written_in_place


def test_what_arrow_says_of_a_full_disk_is_told_in_the_words_of_the_system():
    arrow = "Error writing bytes to file. Detail: [errno 28] No space left on device"
    assert reason_of(OSError(28, arrow)) == "No space left on device"
    assert reason_of(OSError(13, "Permission denied")) == "Permission denied"
    assert reason_of(OSError("in its own words")) == "in its own words"


def test_a_file_that_is_not_written_to_its_end_leaves_the_earlier_one_and_nothing_beside(
    tmp_path: Path,
):
    file = tmp_path / "draws.parquet"
    file.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        write_half(file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    with written_in_place(file) as one, written_in_place(file) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert file.read_text() == "one"


def write_half(file: Path) -> None:
    with written_in_place(file) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt


def test_a_folder_is_free_where_nothing_is_and_a_file_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert is_free(tmp_path / "none")
    assert is_free(tmp_path / "empty")
    assert not is_free(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        is_free(tmp_path / "file")
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match="is the folder you are in"):
        is_free(tmp_path)
