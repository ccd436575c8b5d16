"""The documentation builds without a warning and needs nothing from another host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.explorer.shown import browser_options

LOADED = {
    ("audio", "src"),
    ("embed", "src"),
    ("form", "action"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("use", "href"),
    ("video", "poster"),
    ("video", "src"),
}
"""What a browser fetches, or sends to, without being asked by the reader to go there."""

ELSEWHERE = re.compile(r"(?:^|[\s,'\"(])(?:https?:)?//[\w.-]+\.\w", re.IGNORECASE)
IN_STYLES = re.compile(r"url\(([^)]*)\)|@import\s+([^;]+)")
NO_NETWORK = """
import runpy, socket, sys

def refuse(*_, **__):
    raise OSError("nothing may be fetched")

socket.socket.connect = socket.getaddrinfo = refuse
sys.argv = ["sphinx", *sys.argv[1:]]
runpy.run_module("sphinx", run_name="__main__")
"""


class Fetched(HTMLParser):
    """What a page loads, by itself, and where it leads within the site."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.styles: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        for name, value in attrs:
            if (tag, name) in LOADED:
                self.loads.append(value or "")
            elif name == "style":
                self.styles.append(value or "")
            elif name == "id":
                self.anchors.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.styles.append(data)


def read(page: Path) -> Fetched:
    parser = Fetched()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, without a way out of this machine."""
    folder = tmp_path_factory.mktemp("site")
    wanted = ["-q", "-E", "-W", "--keep-going", "-b", "html", "-d", folder / "doctrees"]
    words = [sys.executable, "-c", NO_NETWORK, *wanted, ROOT / "docs", folder / "html"]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, ""), built.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_without_network(site: Path):
    assert (site / "index.html").exists()


def test_the_site_is_built_by_make_as_here():
    told = subprocess.run(
        ["make", "--dry-run", "docs"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "docs/generate.py" in told
    assert "-m sphinx -q -E -W --keep-going -b html docs docs/_build" in told


@pytest.mark.slow
def test_no_page_loads_anything_from_another_host(site: Path):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        fetched = read(page)
        for what in (*fetched.loads, *fetched.styles):
            assert not ELSEWHERE.search(f" {what}"), f"{page.name}: {what}"


@pytest.mark.slow
def test_no_style_loads_anything_from_another_host(site: Path):
    for style in site.rglob("*.css"):
        for found in IN_STYLES.findall(style.read_text(encoding="utf-8")):
            fetched = "".join(found).strip("\"'")
            assert fetched.startswith("data:") or not ELSEWHERE.search(f" {fetched}"), style.name


@pytest.mark.slow
def test_a_browser_asks_nobody_else_for_anything(site: Path):
    playwright = pytest.importorskip("playwright.sync_api")
    options = browser_options()
    asked: list[str] = []
    wrong: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(**options)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for name in ("index", "results", "reference/python", "search"):
            page.goto((site / f"{name}.html").as_uri() + ("?q=siege" if name == "search" else ""))
            page.wait_for_load_state("networkidle")
        found = page.locator("#search-results li").first.inner_text()
        browser.close()
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert (wrong, bool(found)) == ([], True)


def test_what_a_page_loads_from_another_host_is_seen():
    page = Fetched()
    page.feed('<script src="https://cdn.example.org/x.js"></script><a href="https://a.org">a</a>')
    assert page.loads == ["https://cdn.example.org/x.js"]
    assert ELSEWHERE.search(" //fonts.example.org/a.woff")
    assert not ELSEWHERE.search(" ../_static/a.css")


@pytest.mark.slow
def test_every_page_of_the_docs_is_in_the_table_of_contents(site: Path):
    listed = set(read(site / "index.html").links)
    for page in (ROOT / "docs").rglob("*.md"):
        path = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert path in {*listed, "index.html"}, path


@pytest.mark.slow
def test_every_link_within_the_site_leads_somewhere(site: Path):
    pages = {page: read(page) for page in site.rglob("*.html")}
    for page, fetched in pages.items():
        for link in (*fetched.links, *fetched.loads):
            path, _, anchor = link.partition("#")
            if ":" in path or link == "#":
                continue
            target = Path(os.path.normpath(page.parent / path.partition("?")[0])) if path else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor and target in pages and not anchor.startswith(("svg-", "furo-")):
                assert anchor in pages[target].anchors, f"{page.name}: {link}"


@pytest.mark.slow
def test_the_reference_names_every_command_and_field(site: Path):
    told = (site / "reference/command-line.html").read_text(encoding="utf-8")
    for command in ("new", "run", "sweep", "attribute", "store verify", "schema"):
        assert f"returnsim {command}</span>" in told.replace('</span> <span class="pre">', " ")
    assert "--until-ci" in told
    fields = (site / "reference/scenario.html").read_text(encoding="utf-8")
    for field in ("siege.severity", "household_size", "track_record.harms", "harm_weight.held"):
        assert field in fields
    api = (site / "reference/python.html").read_text(encoding="utf-8")
    for name in ("returnsim.simulate", "returnsim.ReturnModel", "returnsim.Trajectories"):
        assert f'id="{name}"' in api
