"""Figures of a result, put into the page, each with what is seen on it."""

import re
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

from returnsim.errors import UsageError
from returnsim.folders import reason_of
from returnsim.report.content import Block, Picture, Words
from returnsim.report.reading import damaged, plain, read_told
from returnsim.results.contents import CAPTIONS, FIGURES

PNG = b"\x89PNG\r\n\x1a\n"
MOST_OF_SVG = 700_000
"""Bytes beyond which the PNG of a figure is the lighter one to read."""

PLACES = re.compile(r'\b(?:d|x|y)="[^"]+|translate\([^)]+')
"""Where an SVG says where something is: a hundredth of a point is nothing to see."""

FOR_BOTH_PAGES = "prefers-color-scheme"


class Known(NamedTuple):
    """What is seen on a figure, and what to look for where nothing else says it."""

    shows: str
    caption: str = ""


KNOWN = {
    "camp_population": Known(
        "People in camp over time: the median and bands over the replicates, with what was counted",
        "How many people live in the camp, beside what was observed.",
    ),
    "departures": Known(
        "People returned to date by class and by week, with those pushed by the siege and the harm "
        "to those who returned beneath",
        "Who went home and when, whom the siege pushed, and what befell them.",
    ),
    "harm": Known(
        "People held, in detention, harmed after return, the same per 100 returned, and deaths in "
        "camp, over time",
        "Harm on the way home, at home, and to those who stayed.",
    ),
    "honeymoon": Known(
        "Rate of first harm by weeks since return, and the share harmed, for each guarantor",
        "How soon after a return harm comes, under each word given.",
    ),
    "credibility": Known(
        "Trust in each guarantor over time beside what was true for those who relied on it",
        "What the camp believed of each promise, and what it was worth.",
    ),
    "trust": Known(
        "Trust in each guarantor over time, of all households and of those with young men",
        "How far each guarantor is trusted.",
    ),
    "hardship": Known(
        "Hardship, reserves, prices, and the siege and the aid against it, over time",
        "Want in the camp, and the siege behind it.",
    ),
    "series": Known("People in camp, returned to date and harmed to date, case by case"),
    "differences": Known("Paired differences of each case from the baseline, outcome by outcome"),
    "heat-maps": Known("Returns and harm over two factors, as maps of colour"),
    "effects": Known("How returns and harm move with each factor"),
    "returns-and-harm": Known("Returns against the harm that comes of them, a dot a case"),
    "shares": Known("In how much of the space each policy is better than each other one"),
    "frontier": Known("Safe voluntary returns against harm and against hardship, a dot a policy"),
    "validation": Known("Each observation beside the band of what was foretold of it"),
    "patterns": Known("Each check of the pattern card beside its rule"),
    "rivals": Known("Which patterns hold under which rule of decision"),
    "marginals": Known("Prior and posterior of each parameter"),
    "fit": Known("The rows fitted to, beside what the fitted model would have them be"),
    "pairs": Known("Draws of the posterior for the parameters that are told only together"),
    "ranks": Known("How often the true value had each rank among the draws of its posterior"),
    "elementary-effects": Known("How far each factor moves each outcome over its range"),
    "indices": Known("How much of the variance of each outcome is each factor's"),
    "indices-over-time": Known("How much of the variance is each factor's, day by day"),
}
"""Figures by the name of their file, in the order to look at them."""

OF_A_LEVER = {
    "returns": Known(
        "Returns to date by what the same people did without {lever}, and how many were harmed",
        "Whose return it brought about, set against the same camp without {lever}, and the harm.",
    ),
    "groups": Known(
        "Share of the returns that would not have been without {lever}, and the harm, by group",
        "Who was moved, group by group, set against the same camp without {lever}, and the harm.",
    ),
}


def pictures_of(folder: Path, *, is_run: bool = False) -> list[Block]:
    """Every figure of a folder of results.

    Parameters
    ----------
    folder : Path
        Of results, or of a verdict.
    is_run : bool
        Whether it is of a run, whose own figures are shown beside those of a comparison of it:
        only these have their captions with them.

    Returns
    -------
    list of Block
        In the order to look at them; a word where none was drawn.

    Raises
    ------
    UsageError
        If a figure is missing or damaged, with its path.
    """
    shown = folder / FIGURES
    captions = _captions(shown, is_run=is_run)
    if not captions:
        return [Words("No figures were drawn of it.")]
    return [_picture(shown, name, caption) for name, caption in captions.items()]


def _captions(shown: Path, *, is_run: bool) -> dict[str, str]:
    captions = {}
    if (shown / CAPTIONS).exists():
        told = read_told(shown / CAPTIONS)
        captions = {Path(name).name: begun(told.text(name)) for name in told.content}
        if not is_run:
            return captions
    stems = {file.stem for file in shown.glob("*") if file.suffix in (".png", ".svg")}
    order = list(KNOWN)
    first = sorted(
        stems | captions.keys(),
        key=lambda s: (order.index(s) if s in KNOWN else len(order), s),
    )
    return {name: captions.get(name, _known(name).caption) for name in first}


def begun(sentence: str) -> str:
    """A sentence with a large letter at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def _known(name: str) -> Known:
    if name in KNOWN:
        return KNOWN[name]
    begin, _, lever = name.partition("_without_")
    if begin in OF_A_LEVER:
        words = plain(lever.replace("_", " "))
        return Known(*(text.format(lever=words) for text in OF_A_LEVER[begin]))
    return Known(f"The figure {plain(name)}")


def _picture(shown: Path, name: str, caption: str) -> Picture:
    svg, png = shown / f"{name}.svg", shown / f"{name}.png"
    known = _known(name)
    if not svg.exists() and not png.exists():
        raise damaged(png, "is missing")
    text = _svg(svg) if svg.exists() else ""
    linked = png if png.exists() else svg
    if text and (len(text) <= MOST_OF_SVG or not png.exists()):
        address = f"data:image/svg+xml;base64,{b64encode(text.encode()).decode()}"
        return Picture(
            name, known.shows, caption, linked, address, is_paper=FOR_BOTH_PAGES not in text
        )
    address = f"data:image/png;base64,{b64encode(_bytes(png)).decode()}"
    return Picture(name, known.shows, caption, linked, address, is_paper=True)


def _svg(file: Path) -> str:
    """An SVG with as many digits as a screen can show."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {reason_of(error)}") from None
    except ValueError:
        text = ""
    if "<svg" not in text or not text.rstrip().endswith("</svg>"):
        raise damaged(file, "is damaged: it is no whole SVG")
    return PLACES.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), text)


def _bytes(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {reason_of(error)}") from None
    if not content.startswith(PNG) or b"IEND" not in content[-16:]:
        raise damaged(file, "is damaged: it is no whole PNG")
    return content
