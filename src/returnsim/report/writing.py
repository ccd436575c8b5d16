"""A report of some results, written whole or not at all, and over nothing but a report."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from returnsim.digests import RUN, check_written
from returnsim.errors import RunError, UsageError
from returnsim.experiments.calibration import CHECK
from returnsim.experiments.sensitivity_tables import WHOLE as STUDY
from returnsim.experiments.verdict_tables import VERDICT
from returnsim.folders import check_writable, reason_of, write_in_place
from returnsim.interrupts import interrupts_held
from returnsim.report.content import Block, Commands, Part, Report, Table
from returnsim.report.of_attribution import part_of_attribution
from returnsim.report.of_calibration import part_of_calibration, part_of_check
from returnsim.report.of_run import part_of_run
from returnsim.report.of_sensitivity import part_of_sensitivity
from returnsim.report.of_sweep import part_of_comparison, part_of_sweep
from returnsim.report.of_validation import part_of_validation
from returnsim.report.of_verdict import part_of_verdict
from returnsim.report.reading import damaged, is_outdated, kind_of, read_told, unmarked
from returnsim.report.rendering import MARK, as_html, as_markdown
from returnsim.report.side_by_side import part_side_by_side

PAGE, MARKDOWN = ".html", ".md"
LONGEST_NAME, SHOWN_HASH = 80, 8
BEGIN = 2048
"""Bytes within which the mark of a report stands."""


def usual_file(folders: Sequence[Path]) -> Path:
    """Where the report of some results goes if nothing else is said: beside the first of them."""
    first = folders[0].resolve()
    name = "+".join(folder.resolve().name for folder in folders)
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{sha256(name.encode()).hexdigest()[:SHOWN_HASH]}"
    return first.parent / f"{name}-report{PAGE}"


def write_report(
    folders: Sequence[Path], page: Path, command: str, base: Path | None = None
) -> tuple[Path, Path]:
    """Write a page, and the same in Markdown beside it.

    Parameters
    ----------
    folders : sequence of Path
        Of results, of any kind.
    page : Path
        Where to; its name ends in ``.html``.
    command : str
        What was typed.
    base : Path, optional
        A scenario file to tell the scenarios of runs apart from.

    Returns
    -------
    tuple of Path
        Page and Markdown.

    Raises
    ------
    UsageError
        If a file of a result is missing or damaged, if something else than a report is in the
        place, or nothing can be written there. Nothing is written then.
    RunError
        If the disk does not take it.
    """
    check_places(page)
    files = page, page.with_suffix(MARKDOWN)
    report = report_of(folders, command, base)
    texts = as_html(report), as_markdown(report, files[1])
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        # The one is not to stand without the other.
        with interrupts_held():
            for file, text in zip(files, texts, strict=True):
                write_in_place(file, text)
    except OSError as error:
        raise RunError(f"{page}: the report could not be written: {reason_of(error)}") from error
    return files


def check_places(page: Path) -> None:
    """Find out whether page and Markdown may be written there.

    Raises
    ------
    UsageError
        If not.
    """
    if page.suffix != PAGE:
        raise UsageError(f"--out: {page}: the name of a report ends in {PAGE}")
    check_writable(page)
    for file in (page, page.with_suffix(MARKDOWN)):
        if not file.exists():
            continue
        try:
            begin = file.read_bytes()[:BEGIN] if file.is_file() else b""
        except OSError as error:
            raise UsageError(f"{file}: {reason_of(error)}") from None
        if MARK.encode() not in begin:
            raise UsageError(
                f"{file}: is not a report of returnsim, and is left alone; name another file with "
                "--out"
            )


def report_of(folders: Sequence[Path], command: str, base: Path | None = None) -> Report:
    """Read results, and lay out what they have to tell.

    Raises
    ------
    UsageError
        With the path of what is missing or damaged.
    """
    twice = [f for i, f in enumerate(folders) if f.resolve() in {x.resolve() for x in folders[:i]}]
    if twice:
        raise UsageError(f"{twice[0]}: is named twice")
    kinds = [kind_of(folder) for folder in folders]
    parts = [part_of(f, kind, base) for f, kind in zip(folders, kinds, strict=True)]
    beside = part_side_by_side(folders, kinds)
    if beside is not None:
        parts.insert(0, beside)
    titles = list(dict.fromkeys(part.title for part in parts if part is not beside))
    closing: list[tuple[str, str, Sequence[Block]]] = [
        ("made", "This report", [Commands([unmarked(command)])])
    ]
    if len(parts) > 1:
        closing.insert(0, ("contents", "What it was made of", [_listed(parts)]))
    title = titles[0] if len(titles) == 1 else f"{len(folders)} results"
    return Report(title, parts, closing)


def part_of(folder: Path, kind: str, base: Path | None) -> Part:
    """What a folder of results has to tell; of a sweep with a verdict, the verdict.

    Raises
    ------
    UsageError
        With the path of what is missing or damaged.
    """
    for place in (folder, folder / VERDICT):
        check_written(place)
    try:
        return _part_of(folder, kind, base)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        what = f"{type(error).__name__}: {unmarked(error)}"
        raise damaged(folder, f"its files do not fit together ({what})") from error


def _part_of(folder: Path, kind: str, base: Path | None) -> Part:
    if kind == "sensitivity":
        return part_of_sensitivity(folder, read_told(folder / STUDY))
    if kind == "check":
        return part_of_check(folder, read_told(folder / CHECK))
    if kind == "comparison":
        return part_of_comparison(folder)
    told = read_told(folder / RUN)
    if kind == "run":
        return part_of_run(folder, told, base)
    if kind == "sweep" and (folder / VERDICT).is_dir() and not is_outdated(folder / VERDICT, told):
        return part_of_verdict(folder, told)
    tell = {
        "sweep": part_of_sweep,
        "attribution": part_of_attribution,
        "validation": part_of_validation,
        "calibration": part_of_calibration,
    }[kind]
    return tell(folder, told)


def _listed(parts: Sequence[Part]) -> Table:
    rows = [(part.title, part.what) for part in parts]
    return Table("The results told above", ("result", "what it is"), rows, words=2)
