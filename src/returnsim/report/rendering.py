"""A report as a page and as Markdown; whatever a scenario says stays words in both."""

import os
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returnsim.report.content import Picture, Report

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MARK = "returnsim report 1"
"""Stands at the top of every report, by which it is known again."""

TEMPLATES = Path(__file__).parent / "templates"
SPECIAL = re.compile(r"([\\`*_{}\[\]<>~$&|#!@^]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
BEGINS_A_BLOCK = re.compile(r"^([-+=]|\d+(?=[.)](\s|$)))")


def as_html(report: Report) -> str:
    """The page: one file that needs no other, nor a network."""
    return _environment().get_template("report.html.j2").render(report=report, mark=MARK)


def as_markdown(report: Report, file: Path) -> str:
    """The same in Markdown.

    Parameters
    ----------
    report : Report
        Any.
    file : Path
        Where it will stand: figures are linked from there.
    """
    template = _environment().get_template("report.md.j2")
    text = template.render(report=report, mark=MARK, here=file.resolve().parent)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def escaped(text: str) -> str:
    """Words that Markdown takes for nothing else.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        In one line; what means something only at its beginning is left as it is elsewhere.
    """
    line = SPECIAL.sub(r"\\\1", " ".join(_printable(text).split()))
    begin = BEGINS_A_BLOCK.match(line)
    if begin is None:
        return line
    place = begin.end() if begin[0].isdecimal() else 0
    return f"{line[:place]}\\{line[place:]}"


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


def breakable(text: str) -> "Markup":
    """A path that may go on in the next line, after a dot or an underscore."""
    from markupsafe import Markup, escape

    if " " in text.strip():
        return escape(text)
    return Markup(re.sub(r"([._])(?=.)", r"\1<wbr>", str(escape(text))))  # noqa: S704


def _fence(lines: list[str]) -> str:
    """More backticks than there are in a row in what they enclose."""
    runs = [len(run) for line in lines for run in re.findall("`+", line)]
    return "`" * max(3, 1 + max(runs, default=0))


def _link(picture: Picture, here: Path) -> str:
    """Where a figure lies, seen from the report, as a link that no name can break."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(picture.file.resolve(), here)).as_posix())


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "md": escaped,
        "breakable": breakable,
        "fence": _fence,
        "link": _link,
    }
    environment.filters |= filters
    return environment
