"""Every file of a result is vouched for by one beside it, which vouches for itself."""

import json
from pathlib import Path

import pandas as pd
import pytest

from returnsim.digests import (
    CHECKSUMS,
    RUN,
    check_written,
    digest,
    is_whole,
    sealed,
    vouched_for,
    write_run,
)
from returnsim.errors import UsageError
from returnsim.experiments.written import write_results
from returnsim.folders import write_text
from tests.experiments.sweeps import every_byte

TABLE = pd.DataFrame({"case": ["as it is"], "returned": [12.0]})
NAMES = ("weekly.parquet", "LICENCE", "figures/series.png", "deep/er/without-a-dot")


def figure(name: str):
    """A drawer of one figure."""

    def draw(figures: Path) -> dict[str, str]:
        for ending in ("png", "svg"):
            write_text(figures / f"{name}.{ending}", name)
        return {name: "what it shows"}

    return draw


def test_a_run_vouches_for_every_file_whatever_its_name(tmp_path: Path):
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(tmp_path / name, name)
    write_run(tmp_path, {"title": "a run"})
    assert vouched_for(tmp_path / RUN) == {name: digest(tmp_path / name) for name in NAMES}
    check_written(tmp_path)
    for name in NAMES:
        write_text(tmp_path / name, "another")
        with pytest.raises(UsageError, match=f"{name}: is damaged"):
            check_written(tmp_path)
        write_text(tmp_path / name, name)


def test_only_what_is_asked_for_is_looked_at(tmp_path: Path):
    for name in ("a.csv", "weekly/part.parquet", "weekly.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_text(tmp_path / name, name)
    write_run(tmp_path, {})
    write_text(tmp_path / "weekly/part.parquet", "another")
    check_written(tmp_path, ("a.csv", "weekly.parquet"))
    for asked in ("weekly", "weekly/part.parquet"):
        with pytest.raises(UsageError, match=r"weekly/part\.parquet"):
            check_written(tmp_path, (asked,))


def test_what_is_sealed_is_whole_however_it_is_laid_out_and_until_a_word_is_another():
    told = sealed({"title": "a run", "seed": 1, "weights": [0.1, None]})
    assert is_whole(json.loads(json.dumps(told, indent=4)))
    assert is_whole(dict(reversed(told.items())))
    assert sealed(told) == told
    assert not is_whole(told | {"seed": 2})
    assert not is_whole({name: value for name, value in told.items() if name != "seed"})
    # What was never sealed is taken at its word.
    assert is_whole({"seed": 2})


def test_tables_texts_and_figures_are_vouched_for_as_they_are_written(tmp_path: Path):
    write_text(tmp_path / "draws.parquet", "draws")
    tables, texts = {"compare.csv": TABLE}, {"told.json": "{}\n"}
    write_results(tmp_path, "it", tables, texts, figure("series"), beside=("draws.parquet",))
    assert set(vouched_for(tmp_path / CHECKSUMS)) == every_byte(tmp_path).keys() - {CHECKSUMS}
    check_written(tmp_path)


def test_tables_are_vouched_for_although_their_figures_cannot_be_drawn(tmp_path: Path):
    def broken(figures: Path) -> dict[str, str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path, "it", {"compare.csv": TABLE}, {}, broken)
    assert set(vouched_for(tmp_path / CHECKSUMS)) == {"compare.csv"}


def test_what_another_call_wrote_stays_vouched_for_as_it_was_then(tmp_path: Path):
    write_results(tmp_path, "a fit", {"targets.csv": TABLE}, {}, figure("marginals"))
    before = vouched_for(tmp_path / CHECKSUMS)
    write_text(tmp_path / "targets.csv", "another")
    write_results(tmp_path, "a check", {"ranks.csv": TABLE}, {}, figure("ranks"))
    after = vouched_for(tmp_path / CHECKSUMS)
    assert after["targets.csv"] == before["targets.csv"]
    assert after["figures/captions.json"] != before["figures/captions.json"]
    # Its figures are gone, for the captions are of others.
    assert {name for name in after if name.endswith(".png")} == {"figures/ranks.png"}
    with pytest.raises(UsageError, match=r"targets\.csv: is damaged"):
        check_written(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"files": {}}', '{"checksum": "0"}'])
def test_what_vouches_and_is_none_of_ours_is_named(tmp_path: Path, text: str):
    write_text(tmp_path / CHECKSUMS, text)
    with pytest.raises(UsageError, match=r"checksums\.json: is damaged"):
        check_written(tmp_path)
