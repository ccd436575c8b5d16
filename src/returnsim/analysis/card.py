"""A pattern card: what a camp must show, whatever the numbers; read with the manners of scenarios.

A pattern is a sentence about the world and one or several checks. A check takes a measure of a run,
in the scenario itself or in another world, alone or against the same measure in a third, and holds
it to a rule.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from returnsim.analysis.quantities import PERCENT, observable
from returnsim.errors import Problem, ScenarioError
from returnsim.scenario.problems import in_order, problems_of, shown
from returnsim.scenario.quantities import Date, Finite, Model, Rules, Text, YesNo
from returnsim.scenario.tree import Node, plain
from returnsim.scenario.yaml_text import Unreadable, read_text, read_yaml

Name = Annotated[Text, Field(min_length=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
KINDS = ("quantity", "lag", "households_with", "family_size", "later_by")

HarmName = Literal["detained", "conscripted", "killed", "disappeared"]
TraitName = Literal[
    "children", "women", "men_conscription_age", "men_older", "elderly", "wanted", "vulnerable"
]
NumberName = Literal["head_age", "attachment", "income", "remittance", "goods", "reserves"]


class Measure(Model):
    """A number of a run: one of five kinds, put together with others if need be."""

    quantity: Name | None = None
    """A column of the weekly record: a flow over days, or a stock at the end of a day."""
    lag: HarmName | None = None
    """Weeks from return to the first harm of this kind: a quantile over the people it befell."""
    households_with: TraitName | None = None
    """Percent of the households in camp on a day that have somebody like this there."""
    family_size: Literal["leaving"] | None = None
    """Mean number of people in the parties of two or more that left for home over some days."""
    later_by: NumberName | None = None
    """Weeks by which the fifth with the least of this leaves later than the fifth with the most,
    by the median of each; of those in camp on the first day, who leaves never leaves last."""
    on: Date | None = None
    """The day of a stock."""
    from_: Date | None = Field(default=None, alias="from")
    """First day."""
    to: Date | None = None
    """Last day, counted in."""
    until: Date | None = None
    """Of a lag: the last day on which the harm may come; null: `to`."""
    quantile: Probability = 0.5
    """Of a lag: which quantile."""
    over: tuple["Measure", ...] = ()
    """Measures to divide by, one after the other; in a quotient, percent count as shares."""
    percent: YesNo = False
    """Whether the quotient is told in percent."""
    minus: "Measure | None" = None
    """What is taken off in the end."""

    @property
    def kind(self) -> str:
        """Which of `KINDS` it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def unit(self) -> str:
        """Its unit."""
        return ("%" if self.percent else "") if self.over else self.own_unit

    @property
    def own_unit(self) -> str:
        """Its unit before anything is divided."""
        if self.quantity is not None:
            kind = observable().get(self.quantity)
            usual = "people" if self.quantity.startswith("departures_") else ""
            unit = kind.units[0] if kind is not None else usual
            return "%" if unit in PERCENT else unit
        units = {"households_with": "%", "family_size": "people"}
        return units.get(self.kind, "weeks")

    def parts(self) -> tuple["Measure", ...]:
        """Itself and all that it is put together with."""
        others = (*self.over, *(() if self.minus is None else (self.minus,)))
        return (self, *(part for other in others for part in other.parts()))

    @model_validator(mode="after")
    def _one_kind_with_its_days(self) -> Self:
        rules = Rules()
        named = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            said = " and ".join(named) or "none"
            rules.broken((), f"must say one of {', '.join(KINDS)}; it says {said}", key=True)
            rules.settle()
        days = self.on is not None, self.from_ is not None and self.to is not None
        if self.kind == "households_with" and not days[0]:
            rules.broken((), "needs a day: `on`", key=True)
        elif self.kind in ("lag", "family_size", "later_by") and not days[1]:
            rules.broken((), "needs days: `from` and `to`", key=True)
        elif days[0] == days[1] or (self.on is not None and (self.from_ or self.to)):
            rules.broken((), "needs either a day, `on`, or days, `from` and `to`", key=True)
        if self.from_ is not None and self.to is not None and self.to < self.from_:
            rules.broken(("to",), "must not be earlier than `from`")
        if self.until is not None and self.kind != "lag":
            rules.broken(("until",), "belongs to a lag")
        if "quantile" in self.model_fields_set and self.kind != "lag":
            rules.broken(("quantile",), "belongs to a lag")
        if self.percent and not self.over:
            rules.broken(("percent",), "belongs to a quotient: say what to divide by with `over`")
        rules.settle()
        return self


class World(Model):
    """Another world than that of the scenario."""

    scenario: Name | None = None
    """A scenario file, as a path from the card; null: the scenario itself."""
    set: Mapping[str, Any] = {}
    """What differs in it: values by dotted path, as with `--set`."""


class Than(World):
    """What a measure is set against: the same measure in another world, replicate by replicate."""

    as_: Literal["difference", "ratio"] = Field(default="difference", alias="as")
    """How."""


class Check(World):
    """A measure and the rule that it is held to."""

    measure: Measure
    """What is measured."""
    than: Than | None = None
    """The same measure in another world, to be set against; the rule is then for what differs."""
    between: tuple[Finite, Finite] | None = None
    """Lowest and highest value that pass."""
    at_least: Finite | None = None
    """Lowest value that passes."""
    at_most: Finite | None = None
    """Highest value that passes."""
    report: YesNo = False
    """Whether the number is told only: it passes and fails nothing."""

    @property
    def unit(self) -> str:
        """Unit of the number that the rule is for."""
        return "times" if self.than is not None and self.than.as_ == "ratio" else self.measure.unit

    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that pass."""
        if self.between is not None:
            return self.between
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low, high

    def in_words(self) -> str:
        """The rule."""
        if self.between is not None:
            return f"{self.between[0]:,g} to {self.between[1]:,g}"
        if self.at_least is not None:
            return f"at least {self.at_least:,g}"
        return "told only" if self.at_most is None else f"at most {self.at_most:,g}"

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        rules = Rules()
        given = [n for n in ("between", "at_least", "at_most") if getattr(self, n) is not None]
        if len(given) > 1 or not (given or self.report):
            said = " and ".join(given) or "none"
            one = "must say one of between, at_least, at_most, or `report: true`"
            rules.broken((), f"{one}; it says {said}", key=True)
        if given and self.report:
            rules.broken(("report",), f"what is told only has no rule; leave out {given[0]}")
        if self.between is not None and self.between[0] > self.between[1]:
            rules.broken(("between",), "the lower end comes first: [lowest, highest]")
        rules.settle()
        return self


class Pattern(Model):
    """Something that the record shows."""

    says: Name
    """What, in a sentence."""
    checks: Annotated[Mapping[str, Check], Field(min_length=1)]
    """What must hold for it, by name."""


class Rival(World):
    """Another rule of decision: what differs from the scenario, in every world of the card."""

    says: Name
    """What it leaves out or does otherwise, in a sentence."""


class Card(Model):
    """What a camp must show, whatever its numbers."""

    title: Text = ""
    """What the card is."""
    patterns: Annotated[Mapping[str, Pattern], Field(min_length=1)]
    """Patterns by name."""
    rivals: Mapping[str, Rival] = {}
    """Rival rules of decision by name."""


class LoadedCard(NamedTuple):
    """A card and where every part of it stands."""

    card: Card
    file: Path
    root: Node


def load_card(path: str | Path) -> LoadedCard:
    """Read a pattern card.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Raises
    ------
    ScenarioError
        With all that is wrong, each with its place.
    """
    file = Path(path)
    problems: list[Problem] = []
    try:
        root = read_yaml(read_text(file), file, problems)
    except Unreadable as error:
        raise ScenarioError(in_order(problems + error.problems)) from None
    if not isinstance(root.value, dict):
        rule = "a pattern card is a mapping: lines of the form `key: value`"
        mark = root.mark
        raise ScenarioError([Problem(file, mark.line, mark.column, "", shown(root), rule)])
    try:
        card = Card.model_validate(plain(root))
    except ValidationError as error:
        raise ScenarioError(in_order(problems + problems_of(error, root, Card))) from None
    if problems:
        raise ScenarioError(in_order(problems))
    return LoadedCard(card, file, root)
