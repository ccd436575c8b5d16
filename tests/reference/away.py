"""Steps 7 to 9 of ``docs/model.md``: custody, the passage and the week at home."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import Class, Place
from returnsim.draws import Weekly

from .chance import binomial, event, pick
from .choice import Choice
from .household import (
    DETAINED,
    HELD,
    HOME,
    NOBODY,
    Household,
    exposure,
    exposure_of,
    in_units,
    parts,
)

if TYPE_CHECKING:
    from .twin import Twin


# 7. Custody


def step_7_custody(twin: "Twin") -> None:
    luck = twin.draw(Weekly.CUSTODY)
    for household in twin.households:
        hazards, effects = custody(twin, household)
        struck = event(luck[household.number], hazards)
        if struck is not None:
            name, party = effects[struck[0]]
            strike_custody(twin, household, name, party, struck[1])


def custody(twin: "Twin", household: Household) -> tuple[list[float], list[tuple[str, int]]]:
    par, now = twin.parameters, twin.now
    hazards: list[float] = []
    effects: list[tuple[str, int]] = []
    for party in (0, 1):
        any_held = household.count(HELD[party]) > 0
        hazards.append(par.held_release_per_week if any_held else 0.0)
        effects.append(("let go", party))
    for party in (0, 1):
        held = in_units(sum(parts(twin.parameters, household, party, HELD[party])))
        unprotected = 1 - now.card_protection[household.party_guarantor[party]] if held else 0.0
        threat = now.threat[household.origin]
        hazards.append(par.held_arrest_per_week * threat * held * unprotected)
        effects.append(("arrested", party))
    for party in (0, 1):
        detained = household.count(DETAINED[party])
        hazards.append(detained * par.detained_released_per_week)
        hazards.append(detained * par.detained_disappeared_per_week)
        hazards.append(detained * par.detained_died_per_week)
        effects += [("released", party), ("disappeared", party), ("died", party)]
    return hazards, effects


def strike_custody(twin: "Twin", household: Household, name: str, party: int, z: float) -> None:
    if name == "let go":
        for kind, people in enumerate(list(household.members[HELD[party]])):
            household.move(HELD[party], HOME[party], kind, people)
            twin.flows.held_released += people
    elif name == "arrested":
        kind = pick(z, parts(twin.parameters, household, party, HELD[party]))
        detain(twin, household, party, HELD[party], kind)
    else:
        kind = pick(z, household.members[DETAINED[party]])
        if name == "released":
            household.move(DETAINED[party], HOME[party], kind)
            twin.flows.released += 1
        elif name == "disappeared":
            household.move(DETAINED[party], Place.DISAPPEARED, kind)
            twin.flows.disappeared += 1
        else:
            kill(twin, household, party, DETAINED[party], kind)


def detain(twin: "Twin", household: Household, party: int, place: Place, kind: int) -> None:
    household.move(place, DETAINED[party], kind)
    household.harm_made[household.party_guarantor[party]] += twin.parameters.harm_detained
    twin.flows.detained += 1


def kill(twin: "Twin", household: Household, party: int, place: Place, kind: int) -> None:
    household.move(place, Place.KILLED, kind)
    household.harm_made[household.party_guarantor[party]] += twin.parameters.harm_killed
    twin.flows.killed += 1


# 8. Passage


def step_8_passage(twin: "Twin") -> None:
    queue = sorted(
        (household for household in twin.households if household.registered),
        key=lambda waits: (waits.registered_week, waits.queue_lot, waits.number),
    )
    for g in range(twin.guarantors):
        if twin.now.active[g]:
            process_files(twin, g, [h for h in queue if h.guarantor == g and not h.cleared])
    places = twin.now.places if twin.now.corridor_open else 0
    for household in queue:
        if places > 0 and household.cleared and can_leave(twin, household):
            leave(twin, household)
            places -= 1


def process_files(twin: "Twin", g: int, waiting: list[Household]) -> None:
    par = twin.parameters
    for household in waiting[: twin.now.files[g]]:
        if household.vetting_lot < par.refusal[g] ** (household.refusals + 1):
            household.refusals += 1
            household.closed_until[g] = twin.t + par.retry_weeks
            household.end_registration()
            twin.flows.refused += 1
        else:
            household.cleared = True


def can_leave(twin: "Twin", household: Household) -> bool:
    choice = Choice(twin, household)
    fare = choice.fare(household.option, household.guarantor)
    purse = household.reserves
    if choice.everyone_goes(household.option):
        purse += household.goods
    return not choice.barred(household.option) and purse >= fare


def leave(twin: "Twin", household: Household) -> None:
    choice = Choice(twin, household)
    g, option = household.guarantor, household.option
    goers = choice.goers(option)
    somebody_stays = not choice.everyone_goes(option)
    if somebody_stays:
        household.reserves = max(0.0, household.reserves - choice.fare(option, g))
    party = 0 if household.party_week[0] == NOBODY else 1
    household.party_guarantor[party] = g
    household.party_week[party] = twin.t
    household.party_settled[party] = household.settling_lot < twin.parameters.settles_wanted[g]
    unsettled = household.wanted and not household.party_settled[party]
    household.passage_made[g] += exposure(goers, exposure_of(twin.parameters, unsettled))
    household.end_registration()
    twin.flows.depart(goers, g, somebody_stays=somebody_stays)
    checkpoint(twin, household, party, goers)


def checkpoint(twin: "Twin", household: Household, party: int, goers: list[int]) -> None:
    g = household.party_guarantor[party]
    threat = twin.now.threat[household.origin]
    u = household.checkpoint_lots[party]
    for kind, people in enumerate(goers):
        hazard = twin.parameters.hold[kind] * threat * (1 - twin.now.card_protection[g])
        held, u = binomial(u, people, -math.expm1(-hazard))
        household.move(Place.CAMP, HELD[party], kind, held)
        household.move(Place.CAMP, HOME[party], kind, people - held)
        household.harm_made[g] += held * twin.parameters.harm_held
        twin.flows.newly_held += held


# 9. At home


def step_9_at_home(twin: "Twin") -> None:
    luck = [twin.draw(Weekly.HOME_0), twin.draw(Weekly.HOME_1)]
    for household in twin.households:
        for party in (0, 1):
            if household.count(HOME[party]) > 0:
                week_at_home(twin, household, party, luck[party][household.number])


def week_at_home(twin: "Twin", household: Household, party: int, u: float) -> None:
    par, now = twin.parameters, twin.now
    g = household.party_guarantor[party]
    age = twin.t - household.party_week[party]
    in_grace = age < par.grace_weeks[g]
    e = now.enforcement[g] if in_grace else now.enforcement_after_grace[g]
    exposed = parts(twin.parameters, household, party, HOME[party])
    men = household.members[HOME[party]][Class.MEN_CONSCRIPTION_AGE]
    deferred = age < now.deferral
    l_harm = par.harm_per_week * now.threat[household.origin] * in_units(sum(exposed)) * (1 - e)
    l_draft = par.conscription_per_week * now.enforced * men * ((1 - e) if deferred else 1)
    l_killed = par.killed_share * l_harm
    struck = event(u, [l_killed, l_harm - l_killed, l_draft])
    if struck is None:
        return
    if struck[0] == 0:
        kill(twin, household, party, HOME[party], pick(struck[1], exposed))
    elif struck[0] == 1:
        detain(twin, household, party, HOME[party], pick(struck[1], exposed))
    else:
        household.move(HOME[party], Place.CONSCRIPTED, Class.MEN_CONSCRIPTION_AGE)
        household.harm_made[g] += par.harm_conscripted_early if deferred else 0
        twin.flows.conscripted += 1
