"""What a visitor takes along: the changed scenario, the table and the figures."""

import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from returnsim.explorer.comparison import table_of
from returnsim.explorer.desk import Poll
from returnsim.explorer.picture import Picture
from returnsim.scenario.files import dump_scenario
from returnsim.scenario.schema import Scenario
from returnsim.trajectories import Trajectories

CHANGED = ", changed"
"""At the end of the title of what is not as written."""


def scenario_text(scenario: Scenario, *, is_changed: bool) -> str:
    """A scenario as a file that stands alone, wherever it is put: it names no other file."""
    alone: dict[str, object] = {"observations": None, "patterns": None}
    if is_changed:
        alone["title"] = f"{scenario.title}{CHANGED}"
    if scenario.posterior is not None:
        alone["posterior"] = scenario.posterior.model_copy(update={"file": None})
    return dump_scenario(scenario.model_copy(update=alone))


def table_text(written: Picture, changed: Picture) -> str:
    """Every outcome as CSV."""
    table = table_of(written, changed)
    text: str = table.to_csv(index=False, float_format="%.8g", lineterminator="\n")
    return text


def figures_zip(trajectories: Trajectories, is_changed: bool, poll: Poll) -> bytes:
    """The figures of a run, as PNG and SVG, in one archive."""
    from returnsim.figures import drawings
    from returnsim.figures.style import LINE_OF_TITLE, first_words, in_style, save

    if is_changed:
        scenario = trajectories.scenario
        # A long title is cut at its end, where this is said.
        title = f"{first_words(scenario.title, LINE_OF_TITLE - len(CHANGED))}{CHANGED}"
        told = scenario.model_copy(update={"title": title})
        trajectories = replace(trajectories, scenario=told)
    packed = BytesIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        ZipFile(packed, "w", ZIP_DEFLATED) as archive,
        in_style(),
    ):
        for name, draw in drawings().items():
            poll(0)
            for file in save(draw(trajectories, ()), Path(folder), name):
                archive.write(file, file.name)
    return packed.getvalue()
