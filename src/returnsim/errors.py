"""Every error a user can meet, one family.

A message says what is wrong, where, and what to do about it. The command line
prints it without a traceback and leaves with the error's exit code.
"""

from dataclasses import dataclass
from pathlib import Path


class ReturnsimError(Exception):
    """Base of all errors that a user can meet.

    Attributes
    ----------
    exit_code : int
        What the command line returns: 2 where the user can mend it, 1 where a run failed.
    """

    exit_code = 1


class UsageError(ReturnsimError):
    """A file, a path or an argument is wrong; the user can mend it."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file.

    Attributes
    ----------
    file : Path or None
        The file, or None for an override given on the command line.
    line, column : int or None
        Where in the file, counted from 1.
    path : str
        The dotted path in the scenario, such as ``levers.siege.severity``.
    value : str
        What stands there, shortened.
    rule : str
        What must hold, and the nearest valid choice where there is one.
    """

    file: Path | None
    line: int | None
    column: int | None
    path: str
    value: str
    rule: str

    def __str__(self) -> str:
        """``file:line:column: path: value: rule``, without the parts that do not apply."""
        where = str(self.file) if self.file is not None else "--set"
        if self.line is not None:
            where += f":{self.line}:{self.column or 1}"
        told = ": ".join(part for part in (where, self.path, self.value, self.rule) if part)
        # A name may have a line break in it; a problem is a line.
        return " ".join(told.splitlines())


class ScenarioError(UsageError):
    """A scenario cannot be read; carries every problem found, not only the first.

    Parameters
    ----------
    problems : list of Problem
        All that is wrong, in the order of the file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


class RunError(ReturnsimError):
    """A run could not be finished though its inputs were accepted."""
