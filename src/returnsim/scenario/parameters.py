"""The parameters of the model: how households decide, learn, live, and what can befall them.

Formulas are in ``docs/model.md``; the paths there are those of the fields here.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from returnsim.scenario.quantities import (
    CLASSES,
    ClassName,
    Model,
    NonNegative,
    Number,
    OneWeekOrMore,
    Positive,
    PositiveWeeks,
    Ratio,
    Rules,
    Share,
    Weeks,
)

DEFAULT_SPLITS: Mapping[str, tuple[ClassName, ...]] = {
    "without_men": ("children", "women", "men_older", "elderly")
}

MOST_SPLITS = 20


class Behaviour(Model):
    """How a household weighs going home: coefficients in log-odds, unless another unit is said."""

    intercept: Number = Number(value=-1.8)
    """Log-odds, each week, of going home where nothing else weighs for or against it."""
    hardship: NonNegative = NonNegative(value=5)
    """Weight of hardship, which goes from 0 to 1."""
    age: Number = Number(value=0)
    """Weight of the head's age, per 15 years away from 45."""
    attachment: NonNegative = NonNegative(value=1)
    """Weight of attachment to home, per standard deviation."""
    services: NonNegative = NonNegative(value=1)
    """Weight of conditions at home, per unit away from 1."""
    norm: NonNegative = NonNegative(value=0.45)
    """Weight of the share of known households that have gone or are about to."""
    reunite: Number = Number(value=0.5)
    """Weight of having a part of the household at home already."""
    perceived_risk: NonNegative = NonNegative(value=7)
    """Weight of the perceived probability of harm."""
    conscription: NonNegative = NonNegative(value=1)
    """Weight of the expected probability that a man of the household is drafted."""
    cost: NonNegative = NonNegative(value=2)
    """Weight of the share of the cost that the household cannot pay from its reserves."""
    separation: Number = Number(value=2.5)
    """What parting the household costs."""
    onward_intercept: Number = Number(value=-7.5)
    """Log-odds, each week, of going on elsewhere."""
    commitment: Number = Number(value=2.4)
    """How much a registration binds: added to the utility before it is withdrawn."""
    horizon_weeks: PositiveWeeks = PositiveWeeks(value=52)
    """Weeks ahead over which a household judges safety and the draft."""
    intention_weeks: PositiveWeeks = PositiveWeeks(value=52)
    """Weeks ahead over which a stated intention is meant."""
    choice: Literal["logit", "threshold"] = "logit"
    """How it chooses: logit, by chance and the likelier the better; threshold, always the best."""
    splits: Mapping[str, tuple[ClassName, ...]] = DEFAULT_SPLITS
    """Ways of going in parts: by name, the classes that go first; empty: nobody parts."""

    @model_validator(mode="after")
    def _splits_leave_somebody(self) -> Self:
        rules = Rules()
        if len(self.splits) > MOST_SPLITS:
            rules.broken(("splits",), f"more than {MOST_SPLITS} ways of going in parts", key=True)
        for name, goers in self.splits.items():
            if not name.isidentifier():
                rules.broken(
                    ("splits", name), "a name has letters, digits and underscores only", key=True
                )
            if len(set(goers)) != len(goers):
                rules.broken(("splits", name), "names a class twice")
            if not 0 < len(set(goers)) < len(CLASSES):
                rules.broken(("splits", name), "some classes must go and some must stay")
        rules.settle()
        return self


class HarmWeight(Model):
    """How much news of a harm weighs, with one arrest as the unit."""

    held: Ratio = Ratio(value=0.3)
    """Held at a checkpoint or in a shelter."""
    detained: Ratio = Ratio(value=1)
    """Detained."""
    killed: Ratio = Ratio(value=2)
    """Killed, or died in detention."""
    conscripted_early: Ratio = Ratio(value=0.5)
    """Drafted before the promised deferral was over."""


class Beliefs(Model):
    """How households learn whether a guarantor's word holds."""

    neutrality_weight: NonNegative = NonNegative(value=0.5)
    """How many more harms are expected of a guarantor that is a party, as a share of its record."""
    memory_half_life_weeks: PositiveWeeks = PositiveWeeks(value=45)
    """Weeks after which news counts half."""
    spillover: Share = Share(value=0.5)
    """Share at which news of one guarantor counts for another."""
    public_weight: NonNegative = NonNegative(value=0.0003)
    """Weight of what befell any household, beside that of households one knows."""
    passage_weeks: Weeks = Weeks(value=1)
    """Weeks of safety for which a safe journey counts."""
    threat_news_weeks: OneWeekOrMore = OneWeekOrMore(value=4)
    """Weeks it takes for a change of the danger at home to be believed."""
    harm_weight: HarmWeight = HarmWeight()
    """How much news of a harm weighs, with one arrest as the unit."""


class Livelihood(Model):
    """Hunger, the purse and what they do to a household."""

    hardship_speed: Share = Share(value=0.15)
    """Share of the way to its target that hardship goes in a week."""
    hunger_point: Share = Share(value=0.75)
    """Shortage at which want rises most steeply."""
    hunger_width: Positive = Positive(value=0.2)
    """Width of that rise, in the units of shortage."""
    relief: Share = Share(value=0.3)
    """Largest share of the shortage that reserves can relieve."""
    relief_half_weeks: PositiveWeeks = PositiveWeeks(value=4)
    """Reserves that relieve half of that, in weeks of subsistence."""
    medical_hardship: Share = Share(value=0.3)
    """What closed care adds to the hardship of a vulnerable household, as a share of the rest."""
    price_rise: NonNegative = NonNegative(value=1)
    """Rise of prices under full siege: 1 doubles them."""
    purchased_share: NonNegative = NonNegative(value=0.35)
    """Share of its subsistence that a household buys, at prices without siege."""


class Exposure(Model):
    """Danger of a member at home, with a man of conscription age as the unit."""

    men_conscription_age: Ratio = Ratio(value=1)
    """Men of 18 to 42."""
    men_older: Ratio = Ratio(value=0.35)
    """Men of 43 to 59."""
    women: Ratio = Ratio(value=0.045)
    """Women of 18 to 59."""
    elderly: Ratio = Ratio(value=0.045)
    """Women and men of 60 and over."""
    children: Ratio = Ratio(value=0.009)
    """Children and young people under 18."""


class DeathPerWeek(Model):
    """Deaths a week and person in camp, at full hardship; added again where care is shut."""

    children: NonNegative = NonNegative(value=0.0001)
    """Under 18."""
    women: NonNegative = NonNegative(value=0.00005)
    """Women of 18 to 59."""
    men_conscription_age: NonNegative = NonNegative(value=0.00005)
    """Men of 18 to 42."""
    men_older: NonNegative = NonNegative(value=0.0001)
    """Men of 43 to 59."""
    elderly: NonNegative = NonNegative(value=0.0006)
    """60 and over."""


class Hazards(Model):
    """What can befall people, at home and in camp."""

    harm_per_week: NonNegative = NonNegative(value=0.0015)
    """Killings and arrests a week of a man of conscription age at home, at threat 1."""
    killed_share: Share = Share(value=0.05)
    """Share of these harms that are killings."""
    exposure: Exposure = Exposure()
    """Danger by class, with a man of conscription age as the unit."""
    wanted_multiplier: Ratio = Ratio(value=4.5)
    """How many times the danger is for the men of a household with a wanted man."""
    conscription_per_week: NonNegative = NonNegative(value=0.005)
    """Drafts a week and man of conscription age at home, where fully enforced."""
    births_per_woman: NonNegative = NonNegative(value=0.0027)
    """Births a week and woman of 18 to 59 in camp."""
    death_per_week: DeathPerWeek = DeathPerWeek()
    """Deaths a week and person in camp, at full hardship."""
    death_closed_care: NonNegative = NonNegative(value=1)
    """What wholly closed care adds to mortality, in the units of full hardship."""


class Hold(Model):
    """Hazard of being held at the checkpoint on the way home, at threat 1."""

    men_conscription_age: NonNegative = NonNegative(value=0.25)
    """Men of 18 to 42."""
    men_older: NonNegative = NonNegative(value=0.25)
    """Men of 43 to 59."""
    women: NonNegative = NonNegative(value=0.08)
    """Women of 18 to 59."""
    children: NonNegative = NonNegative(value=0.06)
    """Under 18."""
    elderly: NonNegative = NonNegative(value=0.05)
    """60 and over."""


class Custody(Model):
    """Shelters, detention and how they end."""

    hold: Hold = Hold()
    """Hazard of being held at the checkpoint, by class."""
    held_release_per_week: NonNegative = NonNegative(value=0.083)
    """Releases a week of all who are held together."""
    held_arrest_per_week: NonNegative = NonNegative(value=0.005)
    """Arrests a week from the shelter, per unit of exposure, at threat 1."""
    mean_weeks: PositiveWeeks = PositiveWeeks(value=51)
    """Mean time in detention."""
    released_share: Share = Share(value=0.51)
    """Share of detentions that end in release; the three shares are scaled to a sum of 1."""
    disappeared_share: Share = Share(value=0.32)
    """Share that end in disappearance."""
    died_share: Share = Share(value=0.01)
    """Share that end in death."""

    @model_validator(mode="after")
    def _detention_ends(self) -> Self:
        ends = (self.released_share, self.disappeared_share, self.died_share)
        rules = Rules()
        if sum(share.value for share in ends) <= 0:
            rules.broken(
                (),
                "released_share, disappeared_share and died_share cannot all be 0: "
                "detention must be able to end",
                key=True,
            )
        rules.settle()
        return self


class Passage(Model):
    """The way home."""

    lorry_sharing: Share = Share(value=0.3)
    """Largest share of the cost that sharing lorries saves."""
    lorry_sharing_parties: Positive = Positive(value=100)
    """Parties a week at which half of that is saved."""
    retry_weeks: Weeks = Weeks(value=26)
    """Weeks after a refusal before a household may ask the same guarantor again."""
