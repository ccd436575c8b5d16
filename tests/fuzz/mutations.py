"""Valid files of the repository, changed in ways that somebody or something may change them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SCENARIOS = (
    *("scenarios/kosovo/no-kfor.yaml", "scenarios/kosovo/macedonia-1999.yaml"),
    *("scenarios/rohingya/un-at-home.yaml", "scenarios/rukban/no-siege.yaml"),
    *("src/returnsim/starter/camp.yaml", "scenarios/kosovo/patterns.yaml"),
)
EXPERIMENTS = (
    *("experiments/small.yaml", "experiments/siege-and-trust.yaml"),
    "experiments/sensitivity-rukban.yaml",
)
ELSEWHERE = ("extends", "base", "observations", "patterns", "posterior")
"""Keys that name other files."""

RAW = "\ue000"
"""Stands before YAML that is written as it is."""

MOST_PARTS = 20_000
"""Of a tree that is written: one that holds itself twice would have no end."""

NUMBERS = (
    *("0", "-1", "-0.0", "1e-320", "0.1", "1", "2", "3", "20", "41", "1e3", "1e15", "1e18", "1e20"),
    *(
        "1e100",
        "1e308",
        "-1e308",
        "1e400",
        ".nan",
        ".inf",
        "-.inf",
        "1" + "0" * 400,
        "0x7f",
        "0o17",
    ),
)
DATES = (
    *("0001-01-01", "1970-01-01", "2019-02-30", "2019-13-01", "9999-12-31", "10000-01-01"),
    *("2019-02-04T12:00:00", "2019-02-04 25:61:61", "'2019-W06'", "20190204", "12:30:45"),
)
WORDS = (
    *("''", "' '", "~", "null", "true", "no", "[]", "{}", "[[]]", "{a: 1}", "'\\'", '"\\0"'),
    *(
        '"\\ud800"',
        '"\\u202eabc"',
        '"e\\u0301\\u0301"',
        "'מחנה'",
        "'😀'",
        '"a\\nb"',
        "'{}'",
        "'%s'",
    ),
    *("'$x$'", "'[bold]x[/]'", "'<script>'", "'../../..'", "'/etc/passwd'", "'~/x'", "'.'", "'-'"),
    *("a" * 3000, "'" + "é" * 1000 + "'", "'" + "x." * 500 + "'"),
)
TRAPS = (
    *(
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system",
        "!mine x",
        "!!binary x",
    ),
    *(
        "!!set {a, b}",
        "!!float nan",
        "!!int '7'",
        "!!timestamp x",
        "*nobody",
        "&a [*a]",
        "&a {b: *a}",
    ),
    *("{<<: {a: 1}}", "{<<: [1, 2]}", "{? [a] : b}", "{1: 2}", "{a: 1, a: 2}", "{null: 1}"),
    *("[" * 3000, "{a: " * 3000, "[" * 3000 + "]" * 3000, "| \n x", "> x", "@x", "`x", "%x", "? x"),
)
WRITTEN = (
    st.sampled_from(NUMBERS) | st.sampled_from(DATES + WORDS + TRAPS) | st.sampled_from(NUMBERS)
)
BYTES = (
    *(
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"\xcc\x81",
        b"\r",
    ),
    *(
        b"\t",
        b"\n",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\x1b[2J",
        b"\x07",
        b"---\n",
        b"...\n",
        b"&a ",
        b"*a",
    ),
    *(b"- ", b": ", b"{", b"}", b"[", b"]", b"'", b'"', b"#", b"|", b">", b"%", b"!", b"\\", b"? "),
)


def original(name: str) -> str:
    """The text of a file of the repository, with the files that it names found from anywhere."""
    file = ROOT / name
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(_from_anywhere(line, file.parent) for line in lines) + "\n"


def _from_anywhere(line: str, folder: Path) -> str:
    key, colon, value = line.partition(": ")
    if not colon or key.strip() not in ELSEWHERE or not (folder / value.strip()).is_file():
        return line
    return f"{key}: {folder / value.strip()}"


@st.composite
def changed_text(draw: st.DrawFn, names: tuple[str, ...]) -> bytes:
    """A file with a few of its lines or bytes changed."""
    lines = original(draw(st.sampled_from(names))).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        draw(st.sampled_from(OF_LINES))(lines, at, other)
        if not lines:
            return b""
    data = draw(st.sampled_from(("\n", "\n", "\n", "\r\n", "\r"))).join(lines).encode()
    data = draw(st.sampled_from(OF_ENCODING))(data)
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(BYTES)) + data[at + draw(st.integers(0, 2)) :]
    return data


def _delete(lines: list[str], at: int, _: int) -> None:
    del lines[at]


def _repeat(lines: list[str], at: int, other: int) -> None:
    lines.insert(other, lines[at])


def _swap(lines: list[str], at: int, other: int) -> None:
    lines[at], lines[other] = lines[other], lines[at]


def _indent(lines: list[str], at: int, other: int) -> None:
    lines[at] = " " * (other % 5) + lines[at]


def _outdent(lines: list[str], at: int, _: int) -> None:
    lines[at] = lines[at].lstrip()


def _with_tab(lines: list[str], at: int, _: int) -> None:
    lines[at] = "\t" + lines[at].lstrip()


def _cut(lines: list[str], at: int, other: int) -> None:
    lines[at] = lines[at][: other % (len(lines[at]) + 1)]


def _end(lines: list[str], at: int, _: int) -> None:
    del lines[at:]


OF_LINES: tuple[Callable[[list[str], int, int], None], ...] = (
    *(_delete, _repeat, _swap, _indent, _outdent, _with_tab, _cut, _end),
)
OF_ENCODING: tuple[Callable[[bytes], bytes], ...] = (
    *(bytes, bytes, bytes, bytes, bytes),
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.decode().encode("utf-16"),
    lambda data: data.decode().encode("latin-1", "replace"),
    lambda data: data[::-1],
)


@st.composite
def changed_tree(draw: st.DrawFn, names: tuple[str, ...]) -> bytes:
    """A file with a few of its values or keys changed."""
    tree = YAML(typ="safe", pure=True).load(original(draw(st.sampled_from(names))))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(tree))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        what = draw(st.integers(0, 9))
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, dict):
            holder[draw(st.sampled_from(("titel", "valeu", "", "a" * 300, "\u202e", "a.b")))] = 1
        elif what == 2 and isinstance(holder[key], dict | list):
            holder[key] = [holder[key]] * draw(st.sampled_from((1, 2, 30)))
        elif what == 3:
            other, its = places[draw(st.integers(0, len(places) - 1))]
            holder[key] = other[its] if its in _keys(other) else None
        else:
            holder[key] = RAW + draw(WRITTEN)
        if not tree:
            break
    return "".join(f"{_flow(str(key))}: {_flow(part)}\n" for key, part in tree.items()).encode()


def _places(tree: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    for key in _keys(tree):
        yield tree, key
        if depth < 8:
            yield from _places(tree[key], depth + 1)


def _keys(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return list(tree)
    return list(range(len(tree))) if isinstance(tree, list) else []


def _flow(part: Any, depth: int = 0, left: Iterator[int] | None = None) -> str:
    """A part as YAML in one line; one that holds itself is cut, also where it does so twice."""
    left = iter(range(MOST_PARTS)) if left is None else left
    if depth > 40 or next(left, None) is None:
        return "null"
    if isinstance(part, dict):
        inner = ", ".join(f"{_flow(str(k))}: {_flow(v, depth + 1, left)}" for k, v in part.items())
        return f"{{{inner}}}"
    if isinstance(part, list):
        return f"[{', '.join(_flow(v, depth + 1, left) for v in part)}]"
    if isinstance(part, str):
        return part[1:] if part.startswith(RAW) else json.dumps(part, ensure_ascii=False)
    if part is None or isinstance(part, bool | int | float):
        return json.dumps(part)
    return str(part)
