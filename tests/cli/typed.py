"""The command line as it is typed, in this process."""

import sys
from collections.abc import Callable

import pytest

from returnsim import cli

Run = Callable[..., tuple[int, str, str]]


def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str
) -> Run:
    """A function that types a command with arguments; gives exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["returnsim", *command, *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run
