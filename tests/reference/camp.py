"""Steps 1 to 5 of ``docs/model.md``: the week in the camp, before anybody decides."""

from typing import TYPE_CHECKING

from returnsim.core.inputs import WEEKS_PER_YEAR, Class, Place
from returnsim.draws import Weekly

from .chance import event, logistic
from .household import HOME, Household, in_units

if TYPE_CHECKING:
    from .twin import Twin


# 1. Conditions


def step_1_conditions(twin: "Twin") -> None:
    for o, threat in enumerate(twin.now.threat):
        twin.perceived[o] += (threat - twin.perceived[o]) / twin.parameters.threat_news_weeks


# 2. Arrivals


def step_2_arrivals(twin: "Twin") -> None:
    for household in twin.households:
        if household.arrival_week == twin.t:
            enter(twin, household)
            twin.flows.arrivals += household.count(Place.CAMP)


def enter(twin: "Twin", household: Household) -> None:
    household.arrived = True
    household.members[Place.CAMP] = list(household.family)
    household.hardship = hardship_target(twin, household)


# 3. Hardship and the purse


def step_3_hardship(twin: "Twin") -> None:
    par, now = twin.parameters, twin.now
    price = 1 + par.price_rise * now.severity
    for household in twin.households:
        if household.in_camp:
            target = hardship_target(twin, household)
            household.hardship += par.hardship_speed * (target - household.hardship)
            household.reserves = max(
                0.0,
                household.reserves
                + household.income * (1 - now.severity)
                + household.remittance
                - par.purchased_share * price * (1 - now.aid),
            )


def hardship_target(twin: "Twin", household: Household) -> float:
    par, now = twin.parameters, twin.now
    s = now.severity * (1 - now.aid)
    r = household.reserves
    x = s * (1 - par.relief * r / (r + par.relief_half_weeks))
    x0, w = par.hunger_point, par.hunger_width
    floor = logistic(-x0 / w)
    want = (logistic((x - x0) / w) - floor) / (1 - floor)
    without_care = par.medical_hardship * (1 - now.medical) * household.vulnerable
    return float(want + (1 - want) * without_care)


# 4. Camp life


def step_4_camp_life(twin: "Twin") -> None:
    luck = twin.draw(Weekly.CAMP_LIFE)
    for household in twin.households:
        hazards, effects = camp_life(twin, household)
        struck = event(luck[household.number], hazards)
        if struck is None:
            continue
        source, before, target, after = effects[struck[0]]
        if source is None:
            twin.flows.births += 1
        else:
            household.members[source][before] -= 1
        household.members[target][after] += 1
        twin.flows.died_in_camp += target == Place.DIED
        if not household.in_camp:
            household.end_registration()


def camp_life(
    twin: "Twin", household: Household
) -> tuple[list[float], list[tuple[Place | None, int, Place, int]]]:
    """Hazards in their order, and for each from where and whom to where and whom it leads."""
    par, y = twin.parameters, WEEKS_PER_YEAR
    camp = household.members[Place.CAMP]
    hazards = [par.births_per_woman * camp[Class.WOMEN]]
    effects: list[tuple[Place | None, int, Place, int]] = [
        (None, Class.CHILDREN, Place.CAMP, Class.CHILDREN)
    ]
    for place in (Place.CAMP, *HOME):
        for before, after, years in (
            (Class.CHILDREN, Class.MEN_CONSCRIPTION_AGE, 2 * 18),
            (Class.CHILDREN, Class.WOMEN, 2 * 18),
            (Class.WOMEN, Class.ELDERLY, 42),
            (Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER, 25),
            (Class.MEN_OLDER, Class.ELDERLY, 17),
        ):
            hazards.append(household.members[place][before] / (years * y))
            effects.append((place, before, place, after))
    distress = household.hardship + par.death_closed_care * (1 - twin.now.medical)
    for kind in Class:
        hazards.append(camp[kind] * par.death_per_week[kind] * distress)
        effects.append((Place.CAMP, kind, Place.DIED, kind))
    return hazards, effects


# 5. News and trust


def step_5_news(twin: "Twin") -> None:
    public = Heard(twin.households, twin.guarantors)
    for household in twin.households:
        if household.in_camp:
            audience = [twin.households[n] for n in household.contacts] + [household]
            hear(twin, household, Heard(audience, twin.guarantors), public)


def hear(twin: "Twin", household: Household, own: "Heard", public: "Heard") -> None:
    par, now = twin.parameters, twin.now
    p = twin.perceived[household.origin]
    loud = par.public_weight * par.weight
    dk, do, claims = [], [], []
    for g in range(twin.guarantors):
        persuaded = now.active[g] and household.persuasion_lot < par.persuasion_reach[g]
        dk.append(now.reach * now.salience * (own.harm[g] + loud * public.harm[g]))
        do.append(
            now.reach
            * (
                p * (own.safe[g] + loud * public.safe[g])
                + par.passage_weeks * (own.passage[g] + loud * public.passage[g])
            )
        )
        claims.append(now.reach * now.persuasion[g] if persuaded else 0.0)
    f = par.forgetting
    for g in range(twin.guarantors):
        spill = par.spill[g]
        k0, o0 = par.kappa0[g], par.omega0[g]
        news_k = sum(spill[j] * dk[j] for j in range(twin.guarantors))
        news_o = sum(spill[j] * do[j] for j in range(twin.guarantors))
        household.kappa[g] = k0 + f * (household.kappa[g] - k0) + news_k
        household.omega[g] = o0 + f * (household.omega[g] - o0) + news_o + claims[g]


class Heard:
    """What some households lived through last week, by guarantor, in the units of the formulas."""

    def __init__(self, households: list[Household], guarantors: int) -> None:
        self.harm = [in_units(sum(h.harm_last[g] for h in households)) for g in range(guarantors)]
        self.safe = [in_units(sum(h.safe[g] for h in households)) for g in range(guarantors)]
        self.passage = [
            in_units(sum(h.passage_last[g] for h in households)) for g in range(guarantors)
        ]
