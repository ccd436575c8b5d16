"""Step 6 of ``docs/model.md`` for one household: what each way is worth, and which it takes."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import UNIT, WEEKS_PER_YEAR, Class, Place

from .plain_chance import certain_shares, cut, logit_shares

if TYPE_CHECKING:
    from .plain_household import PlainHousehold

ONWARD = -1
STAY = 0
WHOLE = 1


class Choice:
    """What the ways out of the camp are worth to one household this week.

    ``offers`` has, for each option that is feasible and each guarantor who is active and covers
    the household's origin, the value of going without its cost term.

    Parameters
    ----------
    household : PlainHousehold
        At least one member is in the camp.
    """

    def __init__(self, household: "PlainHousehold") -> None:
        self.household = household
        self.model = household.model
        self.in_camp = sum(household.members[Place.CAMP])
        self.options = range(WHOLE, WHOLE + len(self.model.parameters.options))
        self.goers = {option: household.goers(option) for option in self.options}
        self.common = self.worth_of_going()
        covers, active = self.model.parameters.covers, self.model.now.active
        serving = [
            g for g in range(self.model.guarantors) if active[g] and covers[g][household.origin]
        ]
        self.offers = {
            option: {g: self.value_but_cost(option, g) for g in serving}
            for option in self.options
            if self.feasible(option)
        }

    def feasible(self, option: int) -> bool:
        """Somebody goes; and for a split somebody stays behind and no party has gone before."""
        people = sum(self.goers[option])
        if option == WHOLE:
            return people > 0
        return 0 < people < self.in_camp and not self.household.parties

    # What each way is worth

    def worth_of_going(self) -> float:
        """The terms of ``V_og`` that are the same for all options and guarantors."""
        household, par = self.household, self.model.parameters
        age = household.head_age + self.model.t / WEEKS_PER_YEAR
        return float(
            par.intercept
            + par.hardship * household.hardship
            + par.age * (age - 45) / 15
            + par.attachment * household.attachment
            + par.services * (self.model.now.services[household.origin] - 1)
            + par.norm * household.norm()
            + (par.reunite if household.parties else 0.0)
        )

    def value(self, option: int, g: int) -> float:
        """``V_og``."""
        return self.value_but_cost(option, g) - self.cost(option, g)

    def value_but_cost(self, option: int, g: int) -> float:
        """``V_og`` without its cost term."""
        par, goers = self.model.parameters, self.goers[option]
        value = self.common
        value -= par.perceived_risk * self.perceived_harm(goers, g)
        value -= par.conscription * self.perceived_conscription(goers, g)
        return float(value if option == WHOLE else value - par.separation)

    def perceived_harm(self, goers: list[int], g: int) -> float:
        """``L``."""
        par, household = self.model.parameters, self.household
        m = exposure(goers, par.exposure_wanted if household.wanted else par.exposure)
        if household.wanted:
            m -= par.believed_settles[g] * (m - exposure(goers, par.exposure))
        x = m * self.model.perceived[household.origin]
        omega = household.omega[g]
        return float(1 - (omega / (omega + par.horizon_weeks * x)) ** household.kappa[g])

    def perceived_conscription(self, goers: list[int], g: int) -> float:
        """``C``."""
        par, now = self.model.parameters, self.model.now
        men = goers[Class.MEN_CONSCRIPTION_AGE]
        weeks = max(0.0, par.horizon_weeks - now.deferral * self.household.trust[g])
        return 1 - math.exp(-par.conscription_per_week * now.enforced * weeks * men)

    def cost(self, option: int, g: int) -> float:
        """The cost term: its coefficient times the share that the purse falls short by."""
        household = self.household
        people = sum(self.goers[option])
        full = self.model.now.transport_cost + household.fee(people, g)
        if full == 0:
            return 0.0
        short = max(0.0, household.fare(people, g) - household.reserves) / full
        return float(self.model.parameters.cost * short)

    def onward(self) -> float | None:
        """The value of going onward, None where it is not offered."""
        par, now, household = self.model.parameters, self.model.now, self.household
        cost = now.onward_cost
        if not now.onward_open or household.reserves + household.goods < cost:
            return None
        share = max(0.0, cost - household.reserves) / cost if cost > 0 else 0.0
        return float(par.onward_intercept + par.hardship * household.hardship - par.cost * share)

    # What the household does

    def best(self, option: int) -> tuple[float, int] | None:
        """The best open offer of an option and its guarantor, None where nothing is open."""
        best: tuple[float, int] | None = None
        for g, value in self.offers.get(option, {}).items():
            if self.household.closed_until[g] <= self.model.t:
                value -= self.cost(option, g)
                if best is None or value > best[0]:
                    best = value, g
        return best

    def intention(self) -> float:
        """``1 - (1 - P)^D``, with costs, refusals and the ban left out."""
        onward = self.onward()
        away = [0.0] if onward is None else [0.0, onward]
        home = [max(offers.values()) for offers in self.offers.values() if offers]
        p = sum(self.shares(away + home)[len(away) :])
        return float(1 - (1 - p) ** self.model.parameters.intention_weeks)

    def way(self, u: float) -> tuple[int, int]:
        """The option taken by one who is not registered, and its guarantor."""
        ways = [(0.0, STAY, -1)]
        onward = self.onward()
        if onward is not None:
            ways.append((onward, ONWARD, -1))
        return self.taken(u, ways + self.unbarred(self.options))

    def split(self, u: float) -> tuple[int, int]:
        """The split that one who waits and is barred changes to, or to stay as it is."""
        return self.taken(u, [(0.0, STAY, -1), *self.unbarred(self.options[1:])])

    def unbarred(self, options: range) -> list[tuple[float, int, int]]:
        """Those of some options that are open and not barred: value, option and guarantor."""
        ways = []
        for option in options:
            best = self.best(option)
            if best is not None and not self.household.barred(self.goers[option]):
                ways.append((best[0], option, best[1]))
        return ways

    def taken(self, u: float, ways: list[tuple[float, int, int]]) -> tuple[int, int]:
        """Option and guarantor of the way that the draw falls on."""
        _, option, g = ways[cut(u, self.shares([value for value, _, _ in ways]))]
        return option, g

    def shares(self, values: list[float]) -> list[float]:
        """How likely each way is: by the multinomial logit, or the best for certain."""
        rule = certain_shares if self.model.parameters.threshold else logit_shares
        return rule(values)


def exposure(goers: list[int], each: list[int]) -> float:
    """Exposure of some people, in men of conscription age."""
    return sum(n * m for n, m in zip(goers, each, strict=True)) / UNIT
