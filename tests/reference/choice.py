"""Step 6 of ``docs/model.md`` for one household: what each way is worth, and which it takes."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import WEEKS_PER_YEAR, Class, Place
from returnsim.draws import Weekly

from .chance import cut, logistic, logit_shares
from .household import NOBODY, Household, exposure, exposure_of, in_units, trust

if TYPE_CHECKING:
    from .twin import Twin

WHOLE = 1


class Choice:
    """One household in one week, at the week's conditions."""

    def __init__(self, twin: "Twin", household: Household) -> None:
        self.twin = twin
        self.household = household
        self.parameters = twin.parameters
        self.now = twin.now
        self.options = range(WHOLE, WHOLE + len(twin.parameters.options))

    # Who goes, and what it costs

    def goers(self, option: int) -> list[int]:
        return self.household.goers(self.parameters.options[option - WHOLE])

    def everyone_goes(self, option: int) -> bool:
        return sum(self.goers(option)) == self.household.count(Place.CAMP)

    def gone_before(self) -> bool:
        return self.household.party_week[0] != NOBODY

    def fee(self, option: int, g: int) -> float:
        in_camp = self.household.count(Place.CAMP)
        return float(self.now.price[g] * sum(self.goers(option)) / in_camp)

    def fare(self, option: int, g: int) -> float:
        par, now = self.parameters, self.now
        parties = self.twin.parties_last_week * par.weight
        sharing = parties / (parties + par.lorry_sharing_parties) if parties > 0 else 0.0
        cost_t = now.transport_cost * (1 - par.lorry_sharing * sharing)
        return float(cost_t * (1 - now.subsidy) + self.fee(option, g))

    def short(self, option: int, g: int) -> float:
        full = self.now.transport_cost + self.fee(option, g)
        if full == 0:
            return 0.0
        return float(max(0.0, self.fare(option, g) - self.household.reserves) / full)

    # The risk as the household sees it

    def perceived_harm(self, option: int, g: int) -> float:
        """``L``."""
        par, household = self.parameters, self.household
        goers = self.goers(option)
        unsettled = in_units(exposure(goers, exposure_of(self.parameters, household.wanted)))
        settled = in_units(exposure(goers, exposure_of(self.parameters, False)))
        m = unsettled - par.believed_settles[g] * (unsettled - settled)
        x = m * self.twin.perceived[household.origin]
        kappa, omega = household.kappa[g], household.omega[g]
        return float(1 - (omega / (omega + par.horizon_weeks * x)) ** kappa)

    def perceived_conscription(self, option: int, g: int) -> float:
        """``C``."""
        par, now = self.parameters, self.now
        men = self.goers(option)[Class.MEN_CONSCRIPTION_AGE]
        tau = trust(self.household.kappa[g], self.household.omega[g], par.horizon_weeks)
        weeks = max(0.0, par.horizon_weeks - now.deferral * tau)
        return 1 - math.exp(-par.conscription_per_week * now.enforced * weeks * men)

    # What each way is worth

    def value(self, option: int, g: int, with_cost: bool = True) -> float:
        """``V_og``; without its cost term for the intention."""
        par, household = self.parameters, self.household
        age = household.head_age + self.twin.t / WEEKS_PER_YEAR
        v = par.intercept
        v += par.hardship * household.hardship
        v += par.age * (age - 45) / 15
        v += par.attachment * household.attachment
        v += par.services * (self.now.services[household.origin] - 1)
        v += par.norm * self.norm()
        v += par.reunite * self.gone_before()
        v -= par.perceived_risk * self.perceived_harm(option, g)
        v -= par.conscription * self.perceived_conscription(option, g)
        if with_cost:
            v -= par.cost * self.short(option, g)
        if option > WHOLE:
            v -= par.separation
        return float(v)

    def norm(self) -> float:
        """``N``."""
        known = [self.twin.households[n] for n in self.household.contacts]
        known = [contact for contact in known if contact.arrived]
        return sum(contact.moving for contact in known) / len(known) if known else 0.0

    def onward(self) -> float | None:
        """The value of going onward, None where it is not offered."""
        par, now, household = self.parameters, self.now, self.household
        cost = now.onward_cost
        if not now.onward_open or household.reserves + household.goods < cost:
            return None
        share = max(0.0, cost - household.reserves) / cost if cost > 0 else 0.0
        return float(par.onward_intercept + par.hardship * household.hardship - par.cost * share)

    # What is open

    def feasible(self, option: int) -> bool:
        """Somebody goes; and for a split somebody stays behind and no party has gone before."""
        if sum(self.goers(option)) == 0:
            return False
        return option == WHOLE or not (self.everyone_goes(option) or self.gone_before())

    def serves(self, g: int, mind_refusals: bool) -> bool:
        """The guarantor is active, covers the origin and has not closed itself to the household."""
        household = self.household
        closed = mind_refusals and household.closed_until[g] > self.twin.t
        covered = self.parameters.covers[g][household.origin]
        return bool(self.now.active[g] and covered and not closed)

    def barred(self, option: int) -> bool:
        """The exit ban strikes a class among the goers."""
        return any(
            people > 0 and self.household.ban_lot < strength
            for people, strength in zip(self.goers(option), self.now.ban, strict=True)
        )

    def best(self, option: int, plainly: bool = False) -> tuple[float, int] | None:
        """The best offer of an option and its guarantor; `plainly` as the intention sees it."""
        if not self.feasible(option):
            return None
        best: tuple[float, int] | None = None
        for g in range(self.twin.guarantors):
            if self.serves(g, mind_refusals=not plainly):
                v = self.value(option, g, with_cost=not plainly)
                if best is None or v > best[0]:
                    best = v, g
        return best

    # What the household does

    def intention(self) -> float:
        """``1 - (1 - P)^D``."""
        onward = self.onward()
        home = [best[0] for o in self.options if (best := self.best(o, plainly=True)) is not None]
        away = [0.0] + ([] if onward is None else [onward])
        p = sum(logit_shares(away + home)[len(away) :])
        return float(1 - (1 - p) ** self.parameters.intention_weeks)

    def decide(self, u: float) -> str:
        """Not registered: stay, go onward or register to go home; says which."""
        ways: list[tuple[str, float, int, int]] = [("stay", 0.0, 0, NOBODY)]
        onward = self.onward()
        if onward is not None:
            ways.append(("onward", onward, 0, NOBODY))
        for option in self.options:
            best = self.best(option)
            if best is not None and not self.barred(option):
                ways.append(("home", best[0], option, best[1]))
        way, _, option, g = ways[cut(u, logit_shares([value for _, value, _, _ in ways]))]
        if way == "home":
            self.household.option = option
            self.household.guarantor = g
            self.household.registered_week = self.twin.t
            self.household.cleared = False
        return way

    def wait(self, u: float) -> bool:
        """Registered: lapse, withdraw, change to a split or go on waiting; True if it ends."""
        household = self.household
        option, g = household.option, household.guarantor
        if not self.now.active[g] or sum(self.goers(option)) == 0:
            household.end_registration()
            return True
        q = logistic(-(self.value(option, g) + self.parameters.commitment))
        if u < q:
            household.end_registration()
            return True
        if self.barred(option):
            self.change_to_a_split((u - q) / (1 - q))
        return False

    def change_to_a_split(self, u: float) -> None:
        ways: list[tuple[float, int, int]] = [(0.0, 0, NOBODY)]
        for option in self.options:
            best = self.best(option)
            if option > WHOLE and best is not None and not self.barred(option):
                ways.append((best[0], option, best[1]))
        _, option, g = ways[cut(u, logit_shares([value for value, _, _ in ways]))]
        if option > 0:
            if g != self.household.guarantor:
                self.household.cleared = False
            self.household.option = option
            self.household.guarantor = g


def step_6_choice(twin: "Twin") -> None:
    luck = twin.draw(Weekly.CHOICE)
    for household in twin.households:
        choice = Choice(twin, household)
        if household.in_camp:
            twin.flows.intentions.append(choice.intention())
        if household.registered:
            twin.flows.withdrawn += choice.wait(luck[household.number])
        elif household.in_camp:
            choose(twin, household, choice, luck[household.number])


def choose(twin: "Twin", household: Household, choice: Choice, u: float) -> None:
    chosen = choice.decide(u)
    if chosen == "onward":
        for kind, people in enumerate(list(household.members[Place.CAMP])):
            household.move(Place.CAMP, Place.ONWARD, kind, people)
            twin.flows.onward += people
    elif chosen == "home":
        twin.flows.registered += 1
