"""What the pages of the documentation name is there, and what should be named is."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ROOT = DOCS.parent
PACKAGE = ROOT / "src/returnsim"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

PAGES = ("architecture.md", "dependencies.md", "ethics.md", "glossary.md", "odd.md", "trace.md")
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(
    r"`((?:benchmarks|docs|experiments|results|scenarios|src|tests)/[^`\s]*|[\w-]+\.toml)`"
)
DISTRIBUTION = re.compile(r"[\w.-]+")
CODE = re.compile(r"`([^`]+)`")
CITED = re.compile(r"\((?:\w+ )?(\d{4})\)")
NAME = re.compile(r"\b[A-Z]\w+")

BUILT = "To build"
ALWAYS = "Always"


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def section(page: str, heading: str) -> str:
    return text_of(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {i - 1 for i, line in enumerate(lines) if re.fullmatch(r"[| -]+", line)}
    rules = {i + 1 for i in heads}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for i, line in enumerate(lines)
        if i not in heads | rules
    ]


def functions_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def modules() -> set[str]:
    """The top-level modules and packages."""
    files = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
    return files | {file.parent.name for file in PACKAGE.glob("*/__init__.py")}


def layers() -> list[set[str]]:
    (contract,) = [c for c in PROJECT["tool"]["importlinter"]["contracts"] if "layers" in c]
    return [
        {name.strip().removeprefix("returnsim.") for name in layer.split("|")}
        for layer in contract["layers"]
    ]


def dependencies() -> dict[str, set[str]]:
    """The packages asked for, by extra; the extras of this package left out."""
    project = PROJECT["project"]
    asked = {
        ALWAYS: project["dependencies"],
        BUILT: PROJECT["build-system"]["requires"],
        **{f"`{extra}`": asked for extra, asked in project["optional-dependencies"].items()},
    }
    return {
        extra: {DISTRIBUTION.match(line)[0].lower() for line in lines} - {"returnsim"}
        for extra, lines in asked.items()
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    targets = [target for _, target in LINK.findall(text_of(page)) if "://" not in target]
    assert [target for target in targets if not (DOCS / target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_folder_named_is_there(page):
    assert [path for path in PATH.findall(text_of(page)) if not any(ROOT.glob(path))] == []


def test_every_test_that_the_record_links_to_exists():
    linked = [
        (f"test_{words.replace(' ', '_')}", DOCS / target)
        for words, target in LINK.findall(text_of("trace.md"))
        if target.startswith("../tests/")
    ]
    assert len(linked) > 1
    assert [name for name, file in linked if name not in functions_in(file)] == []


def test_the_record_has_the_elements_of_trace_in_their_order():
    assert re.findall(r"^## \d\. (.+)$", text_of("trace.md"), re.MULTILINE) == [
        "Problem formulation",
        "Model description",
        "Data evaluation",
        "Conceptual model evaluation",
        "Implementation verification",
        "Model output verification",
        "Model analysis",
        "Model output corroboration",
    ]


def test_the_description_has_the_elements_of_odd_and_of_decisions_in_their_order():
    assert re.findall(r"^### \d\.\d+ (.+)$", text_of("odd.md"), re.MULTILINE) == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Theoretical and empirical background",
        "Individual decision making",
        "Learning",
        "Individual sensing",
        "Individual prediction",
        "Interaction",
        "Collectives",
        "Heterogeneity",
        "Stochasticity",
        "Observation",
        "Implementation",
        "Initialisation",
        "Input data",
        "Submodels",
        "Parameters of Rukban",
    ]


def test_the_architecture_has_the_layers_in_their_order():
    told = [set(CODE.findall(row[0])) for row in rows(section("architecture.md", "Who owns what"))]
    assert told == layers()


def test_every_module_is_named_in_the_architecture():
    assert modules() <= set(CODE.findall(text_of("architecture.md")))


def test_every_module_in_the_diagram_is_there():
    diagram = (DOCS / "figures/architecture.svg").read_text("utf-8")
    labels = re.findall(r'<text class="module"[^>]*>([^<]+)<', diagram)
    drawn = {name for label in labels for name in label.split(", ")}
    assert len(drawn) > 1
    assert drawn <= modules()


def test_exactly_the_dependencies_of_the_project_are_listed():
    told = {
        heading: {row[0].strip("`").lower() for row in rows(text)}
        for heading, text in re.findall(
            r"^## (.+?)\n(.*?)(?=^## |\Z)", text_of("dependencies.md"), re.MULTILINE | re.DOTALL
        )
    }
    # An extra that only takes others has nothing to tell of its own.
    assert told == {extra: packages for extra, packages in dependencies().items() if packages}


def test_every_dependency_has_a_licence_and_a_reason():
    told = rows(text_of("dependencies.md"))
    assert [row[0] for row in told if len(row) != 3 or not all(row)] == []


def test_every_word_says_whose_definition_it_is():
    words = rows(text_of("glossary.md"))
    assert [row[0] for row in words if len(row) != 3 or not row[2]] == []
    assert len({row[0] for row in words}) == len(words)


def test_every_source_that_a_word_names_is_listed_and_none_beside():
    sources = section("glossary.md", "Sources").strip().splitlines()
    cited = {
        source
        for row in rows(text_of("glossary.md"))
        for part in re.split(r"; ", row[2])
        for year in CITED.findall(part)
        for source in [listed(NAME.search(part)[0], year, sources)]
    }
    decree = {source for source in sources if source.startswith("- Legislative Decree")}
    assert cited | decree == set(sources)


def listed(first: str, year: str, sources: list[str]) -> str:
    (source,) = [line for line in sources if line.startswith(f"- {first}") and year in line]
    return source
