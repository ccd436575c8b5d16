"""What charts and sentences say of a record that begins late, of an empty camp, of odd names."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from returnsim.analysis.followed import follow
from returnsim.core.engines import NUMPY
from returnsim.explorer import charts
from returnsim.explorer.changes import source_of
from returnsim.explorer.comparison import in_words, summary_of
from returnsim.explorer.downloads import figures_zip, scenario_text
from returnsim.explorer.picture import Picture
from returnsim.figures.style import LINE_OF_TITLE
from tests.explorer.shown import CAMP

EASED = {"levers.siege.severity": 0.1}


def pictures(folder: Path, *overrides: str, text: str = CAMP) -> tuple[Picture, Picture]:
    """A camp as written, and with the siege eased."""
    (folder / "camp.yaml").write_text(text)
    source = source_of(folder / "camp.yaml", overrides, households=60, seed=3, replicates=4)
    written, changed = (
        Picture(follow(scenario, 4, 3, households=60, engine=NUMPY).trajectories)
        for scenario in (source.scenario, source.changed(EASED))
    )
    return written, changed


def test_totals_of_a_record_that_begins_late_are_said_to_be_of_its_weeks(tmp_path: Path):
    pair = pictures(tmp_path, "record_from=2021-03-01")
    told = (
        in_words(*pair),
        summary_of(pair[1]),
        charts.departures(*pair)[1],
        charts.harm(*pair)[1],
    )
    for said in told:
        assert "in the weeks recorded" in said.lower()
        assert "by the end" not in said
    for said in (*told[:2], told[3]):
        assert "whenever they returned" in said
        assert "after their return" not in said


def test_totals_of_a_whole_record_are_said_to_be_whole(tmp_path: Path):
    pair = pictures(tmp_path)
    told = (
        in_words(*pair),
        summary_of(pair[1]),
        charts.departures(*pair)[1],
        charts.harm(*pair)[1],
    )
    assert not any("in the weeks recorded" in said.lower() for said in told)
    assert "after their return" in told[1]
    assert all("by the end" in said for said in told[2:])


def test_trust_is_said_to_be_that_of_the_end_only_where_somebody_is_in_camp(tmp_path: Path):
    assert charts.trust(*pictures(tmp_path))[1].startswith("Mean trust at the end, medians: ")
    leave = "behaviour.intercept=20"
    left, _ = pictures(tmp_path, leave)
    assert not left.trajectories["camp_population"][:, -1].any()
    said = charts.trust(left, None)[1]
    assert "at the end" not in said
    assert said.count(" when last anybody was in camp") == 2
    late, _ = pictures(tmp_path, leave, "record_from=2021-05-31")
    assert "settlement not defined, mediator not defined" in charts.trust(late, None)[1]


def test_a_guarantor_by_whatever_name_is_told_with_its_own_trust_as_written(tmp_path: Path):
    names = {"settlement": "as_written", "mediator": "hardship"}
    usual, odd = (
        pictures(tmp_path, text=text)
        for text in (
            CAMP,
            CAMP.replace("settlement:", "as_written:").replace("mediator:", "hardship:"),
        )
    )
    said = charts.trust(*usual)[1]
    for name, other in names.items():
        said = said.replace(f"{name} ", f"{other.replace('_', ' ')} ")
    assert charts.trust(*odd)[1] == said
    options, _ = charts.trust(*odd)
    ends = [part["endLabel"] for part in options["series"] if "endLabel" in part]
    assert [end["formatter"] for end in ends if end["show"]] == ["as written", "hardship"]


def test_hardship_is_drawn_beside_the_trust_in_a_guarantor_of_that_name():
    trust, hardship = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.8, 0.9])
    options = charts.story(["2021-01-04", "2021-01-11"], ["hardship", "x"], trust, hardship, 1)
    lines = [part for part in options["series"] if "endLabel" in part]
    assert [line["data"][-1][1] for line in lines] == [0.2, 0.4, 0.9]
    assert len({line["itemStyle"]["color"] for line in lines}) == 3


def test_what_is_taken_along_changed_says_so_in_its_title(tmp_path: Path):
    written, _ = pictures(tmp_path)
    scenario = written.trajectories.scenario
    assert "\ntitle: A made-up camp\n" in f"\n{scenario_text(scenario, is_changed=False)}"
    assert "\ntitle: A made-up camp, changed\n" in f"\n{scenario_text(scenario, is_changed=True)}"


@pytest.mark.slow
@pytest.mark.parametrize("title", ["A made-up camp", "A camp of many words " * 8])
def test_figures_of_what_is_changed_say_so_however_long_the_title(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Words as words, not as outlines.
    monkeypatch.setitem(__import__("matplotlib").rcParams, "svg.fonttype", "none")
    text = CAMP.replace("title: A made-up camp", f"title: {title}")
    written, _ = pictures(tmp_path, text=text)
    for is_changed in (False, True):
        packed = figures_zip(written.trajectories, is_changed, lambda _: None)
        with ZipFile(BytesIO(packed)) as archive:
            svgs = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".svg")]
        assert len(svgs) == 5
        assert all((", changed" in svg) == is_changed for svg in svgs)
    assert len(title) < LINE_OF_TITLE or " ..." in svgs[0]
