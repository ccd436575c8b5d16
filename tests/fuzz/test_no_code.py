"""Nothing that is read is run: no pickles, no code from text, no tags of YAML, no shell."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "returnsim"
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
    "code",
}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {"read_pickle", "to_pickle", "unsafe_load", "full_load", "load_all"}
OF_THE_SYSTEM = {"system", "popen"}


def _risks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {a.name}" for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            yield from _risks_of_call(node)


def _risks_of_call(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.func.id
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in METHODS:
            yield node.func.attr
        if node.func.attr in OF_THE_SYSTEM and ast.unparse(node.func.value) == "os":
            yield node.func.attr
    for keyword in node.keywords:
        is_false = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if keyword.arg in ("shell", "allow_pickle") and not is_false:
            yield f"{keyword.arg}="
        if keyword.arg == "typ" and ast.literal_eval(keyword.value) != "safe":
            yield "typ="
    is_reader = isinstance(node.func, ast.Name) and node.func.id == "YAML"
    if is_reader and "typ" not in {keyword.arg for keyword in node.keywords}:
        yield "YAML without typ"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_nothing_that_is_read_is_run(file: Path):
    assert list(_risks(ast.parse(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    [
        *("import pickle", "from pickle import loads", "import yaml", "eval('1')", "exec(x)"),
        *(
            "pd.read_pickle(f)",
            "os.system('x')",
            "run(x, shell=True)",
            "np.load(f, allow_pickle=y)",
        ),
        *("YAML()", "YAML(typ='unsafe')"),
    ],
)
def test_what_would_run_is_seen(text: str):
    assert list(_risks(ast.parse(text)))
