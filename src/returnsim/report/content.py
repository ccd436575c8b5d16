"""What a report consists of, whatever it is rendered as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Points:
    """A list."""

    kind: ClassVar[str] = "points"
    items: Sequence[str]


@dataclass(frozen=True)
class Commands:
    """What to type, a line each."""

    kind: ClassVar[str] = "commands"
    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    caption : str
        What it tells, with units.
    columns : sequence of str
        Heads.
    rows : sequence of sequence of str
        As many cells as there are columns.
    words : int
        How many columns from the left are words, not numbers.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes
    ----------
    name : str
        Of its file.
    shows : str
        What is seen on it, for those who do not see it.
    caption : str
        What it says.
    file : Path
        The PNG or SVG to which Markdown links.
    address : str
        The picture itself, as a data URL.
    is_paper : bool
        Whether it keeps the colours of a light page on a dark one.
    """

    kind: ClassVar[str] = "picture"
    name: str
    shows: str
    caption: str
    file: Path
    address: str
    is_paper: bool


Block = Words | Points | Commands | Table | Picture

SECTIONS = {
    "question": "The question",
    "levers": "What is set, and what differs",
    "answer": "The answer",
    "figures": "Figures",
    "harm": "Harm",
    "switch": "Pushed or willing",
    "guesses": "What it rests on",
    "limits": "What it cannot tell",
    "provenance": "How to make it again",
}
"""Every section of a report by its name, in order."""


@dataclass(frozen=True)
class Part:
    """What one result has to tell.

    Attributes
    ----------
    title : str
        Of what was run.
    what : str
        What kind of result it is, and where it lies.
    blocks : dict of str to sequence of Block
        By the name of the section; a section without any is left out.
    """

    title: str
    what: str
    blocks: Mapping[str, Sequence[Block]]

    @property
    def sections(self) -> list[tuple[str, str, Sequence[Block]]]:
        """Name, heading and blocks of each section, in order."""
        return [
            (name, title, self.blocks[name])
            for name, title in SECTIONS.items()
            if self.blocks.get(name)
        ]


@dataclass(frozen=True)
class Report:
    """Everything that is rendered.

    Attributes
    ----------
    title : str
        Above it all.
    parts : sequence of Part
        One a result, and one for what they say side by side.
    closing : sequence of (str, str, sequence of Block)
        Sections that hold for all parts: name, heading and blocks.
    """

    title: str
    parts: Sequence[Part]
    closing: Sequence[tuple[str, str, Sequence[Block]]] = field(default=())
