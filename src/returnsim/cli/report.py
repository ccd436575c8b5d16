"""``returnsim report``: a page on some results, for those who did not make them."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT...", help="Folders of results, of any kind."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="Where the page goes; beside the first result by default."
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="SCENARIO",
            help="Tell runs apart from this scenario file; from what they extend by default.",
        ),
    ] = None,
) -> None:
    """Write a page on results that stands alone, and the same in Markdown beside it.

    Question, levers and what differs, the answer with its intervals, figures, the harm beside every
    count of returns, who was pushed, how much is guessed, what it cannot tell, and the commands
    that make it again. The page needs no network, opens from disk and prints.
    """
    from returnsim.report import usual_file, write_report

    words = ["returnsim", "report", *map(str, results)]
    words += ["--out", str(out)] if out is not None else []
    words += ["--base", str(base)] if base is not None else []
    page, markdown = write_report(results, out or usual_file(results), shlex.join(words), base)
    typer.echo(f"The report is in {page} and in {markdown}", err=True)
