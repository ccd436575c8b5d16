"""A scenario file: closed, unchangeable models whose field docstrings are the reference."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from returnsim.scenario.choices import choice
from returnsim.scenario.dated import ALWAYS, Dated, DatedLimit, DatedNumber, DatedShare, Periods
from returnsim.scenario.evidence import guesses_of, rested_on
from returnsim.scenario.lever_types import Levers
from returnsim.scenario.parameters import (
    Behaviour,
    Beliefs,
    Custody,
    Hazards,
    Livelihood,
    Passage,
)
from returnsim.scenario.posterior import Posterior
from returnsim.scenario.quantities import (
    CLASSES,
    SUM_TOLERANCE,
    Date,
    EvenCount,
    LogSd,
    Model,
    MoreThanOne,
    NonNegative,
    Positive,
    PositiveWeeks,
    Rules,
    Share,
    Text,
    Weeks,
)

EARLIEST_START = date(1971, 1, 4)
MOST_WEEKS = 5200
MOST_GUARANTORS, MOST_ORIGINS = 50, 200
GUARANTOR_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _check_sum(rules: Rules, total: float, *where: str) -> None:
    if abs(total - 1) > SUM_TOLERANCE:
        rules.broken(where, f"the shares must sum to 1; they sum to {total:.7g}")


def _check_origin(
    rules: Rules, where: tuple[str | int, ...], name: str, known: tuple[str, ...]
) -> None:
    if name not in known:
        hint = choice(name, known)
        rules.broken(where, f"no such place of origin in population.origins; {hint}")


class Shares(Model):
    """Share of each class among the people; together 1."""

    men_conscription_age: Share = Share(value=0.14)
    """Men of 18 to 42."""
    men_older: Share = Share(value=0.05)
    """Men of 43 to 59."""
    women: Share = Share(value=0.21)
    """Women of 18 to 59."""
    children: Share = Share(value=0.56)
    """Under 18."""
    elderly: Share = Share(value=0.04)
    """Women and men of 60 and over."""

    @model_validator(mode="after")
    def _make_a_whole(self) -> Self:
        rules = Rules()
        _check_sum(rules, sum(getattr(self, name).value for name in type(self).model_fields))
        rules.settle()
        return self


class Population(Model):
    """The people of the camp at the start."""

    people: Positive = Positive(value=10000)
    """People in the camp."""
    household_size: MoreThanOne = MoreThanOne(value=4.7)
    """Mean number of members of a household."""
    shares: Shares = Shares()
    """Share of each class among the people; together 1."""
    single_men_households: Share = Share(value=0.05)
    """Share of the households that are one man of conscription age."""
    women_headed_households: Share = Share(value=0.15)
    """Share of the families (all households but single men) that a woman heads."""
    origins: Mapping[str, Share] = {"home": Share(value=1)}
    """Places that people come from, by name, with their share of the households; together 1."""
    wanted_share: Share = Share(value=0.2)
    """Share of the households with a man of 18 to 59 in which one is wanted."""
    vulnerable_share: Share = Share(value=0.3)
    """Share of households with chronic illness, pregnancy or infants."""
    contacts: EvenCount = EvenCount(value=12)
    """Households that a household knows: an even number from 2 to 40."""
    contacts_rewired: Share = Share(value=0.1)
    """Share of these links that go to anywhere in the camp rather than to neighbours."""
    reserves_weeks: Weeks = Weeks(value=27)
    """Median of a household's savings, in weeks of its subsistence."""
    reserves_log_sd: LogSd = LogSd(value=1)
    """Standard deviation of the logarithm of savings."""
    income: NonNegative = NonNegative(value=1.2)
    """Median income without siege, in weeks of subsistence a week."""
    income_log_sd: LogSd = LogSd(value=0.5)
    """Standard deviation of the logarithm of income."""
    remittance_share: Share = Share(value=0.2)
    """Share of households that get money from abroad."""
    remittance: NonNegative = NonNegative(value=0.3)
    """What those get, in weeks of subsistence a week."""
    goods_weeks: Weeks = Weeks(value=3)
    """Median of what a household could sell, in weeks of its subsistence."""
    goods_log_sd: LogSd = LogSd(value=1)
    """Standard deviation of the logarithm of goods."""

    @model_validator(mode="after")
    def _origins_make_a_whole(self) -> Self:
        rules = Rules()
        for name in self.origins:
            if not name.strip() or not name.isprintable():
                rules.broken(("origins", name), "a name is one line of printable text", key=True)
        if len(self.origins) > MOST_ORIGINS:
            rules.broken(("origins",), f"more than {MOST_ORIGINS} places", key=True)
        if not self.origins:
            rules.broken(("origins",), "name at least one place of origin")
        else:
            _check_sum(rules, sum(s.value for s in self.origins.values()), "origins")
        rules.settle()
        return self


class TrackRecord(Model):
    """What is known of a guarantor's past: the anchor of the belief in its word."""

    harms: NonNegative
    """Harms counted."""
    exposure_weeks: PositiveWeeks
    """Weeks lived under its word by men of conscription age, among whom they were counted."""


class Guarantor(Model):
    """Who promises safety: a state, the United Nations, notables, a broker, or nobody."""

    active: Periods = ALWAYS
    """When it can be asked: true, a pair [from, until] or a list of pairs; until null: open end."""
    neutrality: Share = Share(value=0)
    """0 a party to the conflict, 1 wholly apart from it."""
    enforcement: Dated[DatedShare] = (DatedShare(value=Share(value=0)),)
    """Share of harm that it prevents during the grace period."""
    enforcement_after_grace: Dated[DatedShare] | None = None
    """Share of harm that it prevents afterwards; null: the same as before."""
    grace_weeks: Weeks | None = None
    """Weeks after return for which the grace period lasts; null: it never ends."""
    card_protection: Dated[DatedShare] = (DatedShare(value=Share(value=0)),)
    """Share of the danger at checkpoints from which its papers protect."""
    settles_wanted: Share = Share(value=0)
    """Share of the files of wanted men that it settles in truth."""
    believed_settles: Share = Share(value=0)
    """Share that households believe it settles."""
    vetting_refusal: Share = Share(value=0)
    """Share of files that it refuses at first."""
    capacity_files_per_week: Dated[DatedLimit] = (DatedLimit(value=None),)
    """Household files that it can work through in a week; null: no limit."""
    persuasion: Dated[DatedNumber] = (DatedNumber(value=NonNegative(value=0)),)
    """Claimed safety that its go-betweens spread, in exposure-weeks a week."""
    persuasion_reach: Share = Share(value=1)
    """Share of households that its go-betweens reach."""
    price_per_person: Dated[DatedNumber] = (DatedNumber(value=NonNegative(value=0)),)
    """What it asks for a person who goes, in weeks of subsistence of one person."""
    origins: tuple[Text, ...] | None = None
    """Places of origin for which it stands, by name; null: all."""
    track_record: TrackRecord | None = None
    """Its record; null: none, and households take it for as good as the first that has one."""


DEFAULT_GUARANTORS: Mapping[str, Guarantor] = {
    "settlement": Guarantor(
        track_record=TrackRecord(
            harms=NonNegative(value=1.6), exposure_weeks=PositiveWeeks(value=170)
        )
    )
}


class Scenario(Model):
    """A camp, its people and the world around it, over a number of weeks."""

    title: Annotated[Text, Field(min_length=1)]
    """What the scenario is, in a line."""
    question: Text = ""
    """What it is meant to answer."""
    extends: Text | None = None
    """A file that this one differs from, as a path from this one; merged in when read."""
    start: Date
    """First day of the first week."""
    weeks: Annotated[int, Field(strict=True, ge=1, le=MOST_WEEKS)]
    """How many weeks to run."""
    record_from: Date | None = None
    """Record from the week of this day on; null: from the start."""
    observations: Path | None = None
    """Table of what was observed (CSV), as a path from the file in which it is written."""
    patterns: Path | None = None
    """What the camp must show (YAML), as a path from the file in which it is written."""
    posterior: Posterior | None = None
    """Draws of numbers that were fitted (Parquet), as a path from the file in which it is written.

    Each replicate takes a row of them in place of the numbers that stand here.
    """
    population: Population = Population()
    """The people of the camp at the start."""
    guarantors: Mapping[str, Guarantor] = DEFAULT_GUARANTORS
    """Who promises safety, by a short name in lower case."""
    levers: Levers = Levers()
    """What can be changed from outside, each as one value or as dated entries."""
    behaviour: Behaviour = Behaviour()
    """How a household weighs going home."""
    beliefs: Beliefs = Beliefs()
    """How households learn whether a guarantor's word holds."""
    livelihood: Livelihood = Livelihood()
    """Hunger, the purse and what they do to a household."""
    hazards: Hazards = Hazards()
    """What can befall people, at home and in camp."""
    custody: Custody = Custody()
    """Shelters, detention and how they end."""
    passage: Passage = Passage()
    """The way home."""

    _name: str = PrivateAttr(default="scenario")

    @property
    def name(self) -> str:
        """Short name: the stem of the file it was read from."""
        return self._name

    @property
    def origin_names(self) -> tuple[str, ...]:
        """Places of origin, in the order of the axis of origins."""
        return tuple(self.population.origins)

    @property
    def guarantor_names(self) -> tuple[str, ...]:
        """Guarantors, in the order of the axis of guarantors."""
        return tuple(self.guarantors)

    @property
    def end(self) -> date:
        """First day after the last week."""
        return self.start + timedelta(weeks=self.weeks)

    def guesses(self) -> tuple[int, int]:
        """As `returnsim.scenario.evidence.guesses_of`."""
        return guesses_of(self)

    def rests_on(self) -> str:
        """As `returnsim.scenario.evidence.rested_on`."""
        return rested_on(self)

    @field_validator("start")
    @classmethod
    def _start_in_the_calendar(cls, start: date) -> date:
        if start < EARLIEST_START:
            raise ValueError(f"must be {EARLIEST_START} or later")
        return start

    @field_validator("weeks")
    @classmethod
    def _end_in_the_calendar(cls, weeks: int, info: ValidationInfo) -> int:
        start = info.data.get("start")
        if start is not None and date.max - start < timedelta(weeks=weeks):
            raise ValueError(f"the run would end after {date.max}")
        return weeks

    @field_validator("record_from")
    @classmethod
    def _record_within_the_run(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day is None or not {"start", "weeks"} <= info.data.keys():
            return day
        start, weeks = info.data["start"], info.data["weeks"]
        if not start <= day < start + timedelta(weeks=weeks):
            end = start + timedelta(weeks=weeks)
            raise ValueError(f"must lie within the run, from {start} to before {end}")
        return day

    @field_validator("guarantors")
    @classmethod
    def _guarantors_hold_together(
        cls, guarantors: Mapping[str, Guarantor], info: ValidationInfo
    ) -> Mapping[str, Guarantor]:
        rules = Rules()
        for name, guarantor in guarantors.items():
            if not GUARANTOR_NAME.fullmatch(name):
                rules.broken(
                    (name,), "a name has lower-case letters, digits and underscores only", key=True
                )
            if name in CLASSES or name.endswith(CLASSES):
                rules.broken((name,), "a name must not end like a class of members", key=True)
            if "population" in info.data:
                origins = tuple(info.data["population"].origins)
                for i, origin in enumerate(guarantor.origins or ()):
                    _check_origin(rules, (name, "origins", i), origin, origins)
        if len(guarantors) > MOST_GUARANTORS:
            rules.broken((), f"more than {MOST_GUARANTORS} guarantors", key=True)
        if all(g.track_record is None for g in guarantors.values()):
            rules.broken(
                (),
                "at least one guarantor needs a track_record {harms, exposure_weeks}: "
                "without one, households have nothing to judge any promise by",
                key=True,
            )
        rules.settle()
        return guarantors

    @field_validator("levers")
    @classmethod
    def _levers_name_origins(cls, levers: Levers, info: ValidationInfo) -> Levers:
        if "population" not in info.data:
            return levers
        rules = Rules()
        origins = tuple(info.data["population"].origins)
        for lever in ("threat", "services"):
            for i, entry in enumerate(getattr(levers, lever)):
                for name in entry.origins:
                    _check_origin(rules, (lever, i, "origins", name), name, origins)
        rules.settle()
        return levers
