"""The tutorial can be followed from top to bottom, and shows what is then seen."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.typed import Run, command_line
from tests.docs.pages import COMMAND, ROOT, TUTORIAL, blocks

SAVED_AS = re.compile(r"Save this as `([^`]+)`")
NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?")
RANGE = re.compile(r"N to N")
QUICKER = {"run": "--workers 1 --no-figures", "sweep": "--workers 1"}
"""What changes no number: other commands are typed as they stand there."""
WITHOUT_FIGURES = ("compare", "attribute", "explain")


def form_of(line: str) -> str:
    """A line with its words, and an N for every number or range."""
    return RANGE.sub("N", " ".join(NUMBER.sub("N", line).split()))


def quicker(words: list[str]) -> list[str]:
    usual = "--no-figures" if words[0] in WITHOUT_FIGURES else ""
    return [*words, *shlex.split(QUICKER.get(words[0], usual))]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_tutorial_is_followed_from_top_to_bottom_and_shows_what_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    returnsim: Run = command_line(monkeypatch, capsys)
    files = iter(SAVED_AS.findall((ROOT / TUTORIAL).read_text(encoding="utf-8")))
    seen: set[str] = set()
    for block in blocks(TUTORIAL):
        if block.language == "yaml":
            Path(next(files)).write_text(block.text, encoding="utf-8")
        for line in block.text.splitlines():
            typed = COMMAND.match(line)
            if block.language == "text":
                assert form_of(line) in seen, line
            elif typed:
                code, out, err = returnsim(*quicker(shlex.split(typed[1])[1:]))
                assert code == 0, f"{line}: {err}"
                seen |= {form_of(told) for told in out.splitlines()}
    assert not [*files]
    told = Path("report.md").read_text(encoding="utf-8")
    assert "aid-restored" in told
    assert "per 100" in told
