"""The command line: one file a command; parse, call, print.

Data goes to stdout, talk to stderr. Commands import what they need when they run, so that help
comes at once.
"""

import sys
from enum import StrEnum
from errno import ENAMETOOLONG
from typing import Annotated

import typer
from typer._completion_classes import completion_init
from typer.completion import install_callback, show_callback

from returnsim import __version__
from returnsim.cli.attribute import attribute
from returnsim.cli.calibrate import calibrate
from returnsim.cli.check import check
from returnsim.cli.compare import compare
from returnsim.cli.diff import diff
from returnsim.cli.explain import explain
from returnsim.cli.explore import explore
from returnsim.cli.new import new
from returnsim.cli.options import interruptible
from returnsim.cli.parity import parity
from returnsim.cli.report import report
from returnsim.cli.run import run
from returnsim.cli.schema import schema
from returnsim.cli.sensitivity import sensitivity
from returnsim.cli.show import show
from returnsim.cli.store import store
from returnsim.cli.sweep import sweep
from returnsim.cli.validate import validate
from returnsim.cli.verdict import verdict
from returnsim.errors import ReturnsimError, UsageError

EXIT_FAILED = 1
DEBUG = "--debug"


class Shell(StrEnum):
    """What completes commands and files as they are typed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SHELLS = "|".join(Shell)


def main() -> None:
    """Run the command line and leave with its exit code: 0 fine, 1 failed, 2 to be mended."""
    arguments = sys.argv[1:]
    debug = DEBUG in arguments
    try:
        # Wherever it is typed: it is asked for in hindsight, at the end of a line.
        _app()(args=[a for a in arguments if a != DEBUG], prog_name="returnsim")
    except ReturnsimError as error:
        if debug:
            raise
        _leave(str(error), error.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == ENAMETOOLONG and not debug:
            _leave(f"{error.filename}: {error.strerror}", UsageError.exit_code)
        if debug:
            raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = f"run again with {DEBUG} for the traceback"
        _leave(f"returnsim failed: {what}; {hint}", EXIT_FAILED)


def _app() -> typer.Typer:
    # Typer's own options take the shell that they are typed in, whatever shell is named after them.
    completion_init()
    app = typer.Typer(
        help="Simulate whether displaced households go home, willing or pushed, at what harm.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for command in (
        *(new, check, show, diff, run, explore, explain, attribute),
        *(sweep, compare, verdict, calibrate, validate, sensitivity, report, parity, schema),
    ):
        app.command()(interruptible(command))
    app.add_typer(store)
    return app


def _leave(message: str, code: int) -> None:
    typer.echo(message, err=True)
    sys.exit(code)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"returnsim {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show the traceback where something fails.")
    ] = False,
    install_completion: Annotated[
        Shell | None,
        typer.Option(
            metavar=SHELLS,
            callback=install_callback,
            is_eager=True,
            help="Have this shell complete what is typed.",
        ),
    ] = None,
    show_completion: Annotated[
        Shell | None,
        typer.Option(
            metavar=SHELLS,
            callback=show_callback,
            is_eager=True,
            help="Print what that would install.",
        ),
    ] = None,
) -> None:
    """Read what stands before the command."""
