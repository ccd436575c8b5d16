"""Cases side by side, as a report tells them: returns never without the harm after them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from returnsim.experiments.compare import Comparison, table
from returnsim.experiments.outcomes import ALONG, HARMS
from returnsim.report.content import Block, Points, Table, Words
from returnsim.report.reading import plain
from returnsim.report.words import MIDDLE, ranged

if TYPE_CHECKING:
    import pandas as pd

MOST_CASES = 12
RETURNS = ("returned", "pushed", "not_yet_known")
SIDES = (*RETURNS, *(f"{harm}_per_100" for harm in HARMS))
WORDS_OF = ("case", "outcome", "unit", "good")
NOT_PUSHED = (
    "How many of them were pushed was not measured; `pushed: {without: siege}` among the outcomes "
    "of the experiment does."
)
SAME_DRAWS = "Differences are of the same replicates with the same draws"
SAME_LUCK = f"{SAME_DRAWS}, so that the same people meet the same luck in both"
IN_BRACKETS = "in brackets the 90 % interval of their mean."
ONE_PAIR = "(one pair)"
Row = Mapping[str, Any]


class Sides:
    """The rows of a comparison by case and outcome.

    Attributes
    ----------
    baseline : str
        Name of the case that others are compared with.
    cases : list of str
        All of them, the baseline first.
    outcomes : list of str
        In their order.
    is_of_one_people : bool
        Whether all cases are known to have the same households.
    """

    def __init__(
        self,
        rows: "pd.DataFrame",
        baseline: str,
        titles: Mapping[str, str],
        *,
        is_of_one_people: bool,
    ) -> None:
        self.rows: dict[tuple[str, str], Row] = {
            (str(row["case"]), str(row["outcome"])): row for row in rows.to_dict("records")
        }
        self.baseline = baseline
        names = list(dict.fromkeys(case for case, _ in self.rows))
        self.cases = sorted(names, key=lambda name: name != baseline)
        self.outcomes = list(dict.fromkeys(outcome for _, outcome in self.rows))
        self.is_of_one_people = is_of_one_people
        self._titles = titles

    def title(self, outcome: str) -> str:
        """What an outcome is called."""
        return self._titles.get(outcome, outcome.replace("_", " "))

    def said(self, case: str, outcome: str) -> str:
        """The median of an outcome and its range."""
        row = self.rows.get((case, outcome))
        if row is None:
            return ""
        return ranged(row["median"], row["low90"], row["high90"], row["unit"])

    def changed(self, case: str, outcome: str) -> str:
        """The difference from the baseline and its interval."""
        row = self.rows.get((case, outcome))
        if row is None or case == self.baseline:
            return ""
        ends = row["ci90_low"], row["ci90_high"]
        told = ranged(row["difference"], *ends, row["unit"], sign=True)
        return f"{told} {ONE_PAIR}" if _is_of_one_pair(row) else told

    def ranked_by(self) -> str:
        """The outcome by which cases are chosen: returns, or what was measured first."""
        return "returned" if "returned" in self.outcomes else self.outcomes[0]

    def told(self) -> list[str]:
        """The outcomes of a case in a sentence: returns and harm, or what was measured first."""
        return [name for name in SIDES if name in self.outcomes] or self.outcomes[:3]

    def shown(self) -> list[str]:
        """The cases to tell: all, or the baseline with those of most and least by one outcome."""
        if len(self.cases) <= MOST_CASES:
            return self.cases
        name = self.ranked_by()
        rest = sorted(self.cases[1:], key=lambda case: self.rows[case, name]["median"])
        half = MOST_CASES // 2
        return [self.cases[0], *rest[: half - 1], *rest[-half:]]


def sides_of(comparison: Comparison, *, is_of_one_people: bool) -> Sides:
    """The rows of a comparison."""
    titles = {name: plain(info.title) for name, info in comparison.outcomes.items()}
    rows = table(comparison)
    for column in WORDS_OF:
        rows[column] = rows[column].map(plain)
    baseline = plain(comparison.baseline)
    return Sides(rows, baseline, titles, is_of_one_people=is_of_one_people)


def answer(sides: Sides) -> list[Block]:
    """What the cases differ in, in a paragraph, and every outcome of them."""
    shown = sides.shown()
    standing = _standing(sides, sides.baseline)
    blocks: list[Block] = [Words(f"{standing} Numbers are medians, in brackets {MIDDLE}.")]
    moved = [_moved(sides, case) for case in shown if case != sides.baseline]
    if moved:
        shared = SAME_LUCK if sides.is_of_one_people else SAME_DRAWS
        said = f"From this the other cases differ. {shared}; {IN_BRACKETS}"
        blocks += [Words(said), Points(moved)]
    if "pushed" not in sides.outcomes:
        blocks.append(Words(NOT_PUSHED))
    if len(shown) < len(sides.cases):
        ranked = sides.title(sides.ranked_by())
        blocks.append(
            Words(
                f"Of {len(sides.cases):,} cases the baseline is told, and {len(shown) - 1} with "
                f"the least and the most of this: {ranked}; the others are in the tables beside "
                "the result."
            )
        )
    others = [name for name in sides.outcomes if name not in (*SIDES, *ALONG)]
    for name in others:
        row = sides.rows[sides.baseline, name]
        unit = f", {row['unit']}" if row["unit"] not in ("people", "per 100", "") else ""
        rows = [(case, sides.said(case, name), sides.changed(case, name)) for case in shown]
        head = ("case", "median (middle 90 %)", "difference (90 % interval)")
        title = sides.title(name)
        blocks.append(Table(f"{title[:1].upper()}{title[1:]}{unit}", head, rows))
    return blocks


def _standing(sides: Sides, case: str) -> str:
    told = [f"{sides.title(name)} {sides.said(case, name)}" for name in sides.told()]
    return f"In “{case}”: {'; '.join(told)}."


def _moved(sides: Sides, case: str) -> str:
    told = [
        f"{sides.title(name)} {sides.changed(case, name)}{_doubt(sides, case, name)}"
        for name in sides.told()
        if name != "not_yet_known"
    ]
    return f"“{case}”: {'; '.join(told)}."


def _doubt(sides: Sides, case: str, name: str) -> str:
    row = sides.rows.get((case, name))
    if row is None or row["difference"] == 0:
        return ""
    is_none = _is_of_one_pair(row) or row["ci90_low"] <= 0 <= row["ci90_high"]
    return ", not told from none" if is_none else ""


def _is_of_one_pair(row: Row) -> bool:
    """Whether there is a difference, and no second to tell how far luck alone would take it."""
    has_ends = row["ci90_low"] == row["ci90_low"]
    return bool(abs(row["difference"]) > 0) and not has_ends


def harm(sides: Sides) -> list[Block]:
    """The harm after return of each case, beside its returns."""
    blocks: list[Block] = []
    for ending, unit in (("", "people"), ("_per_100", "per 100 returned")):
        told = (f"{harm}{ending}" for harm in ("held", *HARMS, "disappeared"))
        names = [name for name in told if name in sides.outcomes]
        if not names:
            continue
        names = [*(name for name in ("returned",) if name in sides.outcomes), *names]
        head = ("case", *map(sides.title, names))
        rows = [(case, *(sides.said(case, name) for name in names)) for case in sides.shown()]
        blocks.append(Table(f"Harm beside returns, {unit}: median (middle 90 %)", head, rows))
        moved = [
            (case, *(sides.changed(case, name) for name in names))
            for case in sides.shown()
            if case != sides.baseline
        ]
        if moved:
            caption = f"The same, {unit}: difference from “{sides.baseline}” (90 % interval)"
            blocks.append(Table(caption, head, moved))
    return blocks


def switch(sides: Sides) -> list[Block]:
    """Who was pushed and who was not, case by case."""
    if "pushed" not in sides.outcomes or "returned" not in sides.outcomes:
        return [Words(NOT_PUSHED)]
    names = [name for name in SIDES if name in sides.outcomes]
    rows = [(case, *(sides.said(case, name) for name in names)) for case in sides.shown()]
    caption = "Returns in people, with those pushed and the harm: median (middle 90 %)"
    return [
        Words(
            "Pushed are those who without the siege, or what else the head names, would have come "
            "home more than a year later or never; of returns of the last year it cannot be told "
            "yet. All others would have been home within a year without it too, but for those who "
            "are in the camp only with it."
        ),
        Table(caption, ("case", *map(sides.title, names)), rows),
    ]
