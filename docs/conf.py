"""The documentation as a site: pages in Markdown, and a reference made from the code."""

import os
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import generate_reference  # noqa: E402

from returnsim import __version__  # noqa: E402

project = "returnsim"
author = "The returnsim authors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
show_warning_types = True
default_role = "py:obj"  # a name in a docstring leads to where it is described

highlight_language = "text"  # of blocks that name none: commands and formulas

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]  # a class for a table

autodoc_typehints = "none"  # docstrings tell the types, with shapes where there are any
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"returnsim {release}"
html_copy_source = False
html_show_copyright = False
html_show_search_summary = False  # it would be fetched, which pages opened from disk may not
html_static_path = ["_static"]
html_css_files = ["tables.css"]

MADE = {
    "reference/command-line": generate_reference.command_line,
    "reference/scenario": generate_reference.scenario_fields,
    "reference/experiment": generate_reference.experiment_fields,
}
"""Pages that end in what is made from the code."""

BESIDE = {
    "../CONTRIBUTING.md": "contributing",
    "../CHANGELOG.md": "changes",
    "../results/README.md": "results",
}
"""Files of the repository that are pages of the site."""

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#:]+)\)")


def read(app: Any, page: str, source: list[str]) -> None:
    """Let the links of the repository lead within the site, and add what is made from the code."""
    source[0] = within_the_site(source[0], Path(app.env.doc2path(page)).parent)
    if page in MADE:
        source[0] += f"\n{MADE[page]()}"


def include(_: object, path: Path, page: str, source: list[str]) -> None:  # noqa: ARG001
    """Do the same for files that are included in a page of their own."""
    source[0] = within_the_site(source[0], (DOCS / path).resolve().parent)


def within_the_site(text: str, folder: Path) -> str:
    """Links as they are written from a folder, as they are from the folder of the pages.

    What is a folder, as that of the scenarios, is named without a link.
    """

    def turned(found: re.Match[str]) -> str:
        target = (folder / found[2]).resolve()
        path = os.path.relpath(target, DOCS)
        if target.is_dir():
            return found[1]
        return f"[{found[1]}](/{BESIDE[path]}.md)" if path in BESIDE else f"[{found[1]}](/{path})"

    return LINK.sub(turned, text)


def setup(app: Any) -> None:
    """Hook what is done to pages as they are read."""
    app.connect("source-read", read)
    app.connect("include-read", include)
