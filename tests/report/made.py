"""Results to report of: of an invented camp whose names try to be more than words."""

import re
from html.parser import HTMLParser
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "results"
NASTY = (
    "<script>alert('x')</script> \"quoted\" & | *bold* _it_ # `code` [a](http://evil.example) "
    "![i](http://evil.example/i.png) $x$ مخيم \u202edesrever\u202c"
)
FEW = ("--replicates", "3", "--households", "40", "--workers", "1")
CALLED = "<img src=x onerror=alert(1)> | قضية *"
CAMP = """
title: {title}
question: {title}
start: 2021-01-04
weeks: 60
population: {{people: 300, origins: {{north: 0.5, south: 0.5}}, reserves_weeks: 4}}
guarantors:
  settlement: {{track_record: {{harms: 3, exposure_weeks: 150}}, enforcement: 0.2}}
levers:
  siege:
    - {{from: 2021-01-04, severity: 0.6, source: {title}}}
    - {{from: 2021-06-07, severity: 0.8}}
  corridor: {{open: true, parties_per_week: 9}}
  threat: {{level: 1.5}}
behaviour: {{intercept: 0.5}}
hazards: {{harm_per_week: 0.02}}
"""
EASED = """
extends: camp.yaml
title: The same camp with the siege eased
levers: {siege: {severity: 0.2}}
"""
EXPERIMENT = """
title: {title}
question: {title}
base: camp.yaml
replicates: 20
households: 40
cases:
  as it is: {{}}
  {called}: {{set: {{levers.siege.severity: 0.1}}}}
outcomes:
  returned: {{}}
  pushed: {{without: siege}}
  hardship: {{}}
"""


def quoted(text: str) -> str:
    """As YAML writes a text that may have anything in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_scenarios(folder: Path) -> None:
    """The camp, what extends it, and an experiment over it, as files."""
    title = quoted(NASTY)
    (folder / "camp.yaml").write_text(CAMP.format(title=title), encoding="utf-8")
    (folder / "eased.yaml").write_text(EASED, encoding="utf-8")
    text = EXPERIMENT.format(title=title, called=quoted(CALLED))
    (folder / "compared.yaml").write_text(text, encoding="utf-8")


class Page(HTMLParser):
    """What stands on a page: its words, its elements with their attributes, and its structure."""

    VOID = ("meta", "img", "br", "wbr", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.heads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)
        if self.open[-1:] in (["h1"], ["h2"], ["h3"]):
            self.headings.append(data)
        if self.open[-1:] == ["th"]:
            self.heads.append(data)

    @property
    def text(self) -> str:
        """All words, in one line."""
        return re.sub(r"\s+", " ", "".join(self.words))

    def of(self, tag: str) -> list[dict[str, str]]:
        """Attributes of each element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]
