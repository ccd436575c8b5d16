"""Those of a household who went home together (``docs/model.md``, steps 7 to 9)."""

import math
from typing import TYPE_CHECKING

from returnsim.core.inputs import UNIT, Class, Place

from .plain_chance import binomial, event, pick

if TYPE_CHECKING:
    from .plain_household import PlainHousehold
    from .plain_mesa import PlainModel

PLACES = (
    (Place.HOME_0, Place.HELD_0, Place.DETAINED_0),
    (Place.HOME_1, Place.HELD_1, Place.DETAINED_1),
)


class Party:
    """Members of one household who left in the same week, under the same promise.

    They are counted in the household's own table, at the places of this party.

    Parameters
    ----------
    household : PlainHousehold
        Whose members they are.
    number : int
        0 for the first of a household to go, 1 for those who follow.
    guarantor : int
        Who promised their safety.
    settled : bool
        Whether the file of a wanted household was settled before they left.
    """

    def __init__(
        self, household: "PlainHousehold", number: int, guarantor: int, settled: bool
    ) -> None:
        self.household = household
        self.guarantor = guarantor
        self.week = household.model.t
        self.home, self.held, self.detained = PLACES[number]
        par = household.model.parameters
        unsettled = household.wanted and not settled
        self.exposure_each: list[int] = par.exposure_wanted if unsettled else par.exposure

    @property
    def model(self) -> "PlainModel":
        """The camp that they left."""
        return self.household.model

    def exposures(self, counts: list[int]) -> list[int]:
        """Exposure by class of some members, in 1/1024 of a man of conscription age."""
        return [n * m for n, m in zip(counts, self.exposure_each, strict=True)]

    def exposures_at(self, place: Place) -> list[int]:
        """Exposure by class of those of the party who are in one place."""
        return self.exposures(self.household.members[place])

    def pass_checkpoint(self, goers: list[int], lot: float) -> None:
        """Some are held in the shelter by the party's lot, the others come home."""
        household, model, g = self.household, self.model, self.guarantor
        household.passage_made[g] += sum(self.exposures(goers))
        danger = model.now.threat[household.origin] * (1 - model.now.card_protection[g])
        for kind, people in enumerate(goers):
            chance = -math.expm1(-model.parameters.hold[kind] * danger)
            held, lot = binomial(lot, people, chance)
            household.move(Place.CAMP, self.held, kind, held)
            household.move(Place.CAMP, self.home, kind, people - held)
            household.harm_made[g] += held * model.parameters.harm_held
            model.flows.newly_held += held

    # 7. Custody

    def release_hazard(self) -> float:
        """Hazard that all who are held are let go."""
        held = any(self.household.members[self.held])
        return float(self.model.parameters.held_release_per_week) if held else 0.0

    def arrest_hazard(self) -> float:
        """Hazard that one of those held is arrested."""
        exposed = sum(self.exposures_at(self.held)) / UNIT
        now = self.model.now
        danger = now.threat[self.household.origin] * (1 - now.card_protection[self.guarantor])
        return float(self.model.parameters.held_arrest_per_week * danger * exposed)

    def detention_hazards(self) -> list[float]:
        """Hazards that one of the detained is released, disappears or dies."""
        par = self.model.parameters
        detained = sum(self.household.members[self.detained])
        return [
            detained * par.detained_released_per_week,
            detained * par.detained_disappeared_per_week,
            detained * par.detained_died_per_week,
        ]

    def let_go(self, _: float) -> None:
        """All who are held go home."""
        self.model.flows.held_released += self.household.move_all(self.held, self.home)

    def arrest(self, z: float) -> None:
        """One of those held is detained, chosen by exposure."""
        self.detain(self.held, pick(z, self.exposures_at(self.held)))

    def release(self, z: float) -> None:
        """One of the detained comes home."""
        self.household.move(self.detained, self.home, self.one_detained(z))
        self.model.flows.released += 1

    def disappear(self, z: float) -> None:
        """One of the detained disappears."""
        self.household.move(self.detained, Place.DISAPPEARED, self.one_detained(z))
        self.model.flows.disappeared += 1

    def die_detained(self, z: float) -> None:
        """One of the detained dies, which counts as killed."""
        self.kill(self.detained, self.one_detained(z))

    def one_detained(self, z: float) -> int:
        """The class of one of the detained, chosen by their numbers."""
        return pick(z, self.household.members[self.detained])

    def detain(self, place: Place, kind: int) -> None:
        """One person is detained, and those who know the household will hear of it."""
        self.household.move(place, self.detained, kind)
        self.household.harm_made[self.guarantor] += self.model.parameters.harm_detained
        self.model.flows.detained += 1

    def kill(self, place: Place, kind: int) -> None:
        """One person is killed, and those who know the household will hear of it."""
        self.household.move(place, Place.KILLED, kind)
        self.household.harm_made[self.guarantor] += self.model.parameters.harm_killed
        self.model.flows.killed += 1

    # 9. At home

    def spend_week_at_home(self, u: float) -> None:
        """One person at most is killed, detained or conscripted."""
        household, par, now = self.household, self.model.parameters, self.model.now
        there = household.members[self.home]
        if not any(there):
            return
        g, age = self.guarantor, self.model.t - self.week
        in_grace = age < par.grace_weeks[g]
        unenforced = 1 - (now.enforcement[g] if in_grace else now.enforcement_after_grace[g])
        deferred = age < now.deferral
        exposed = self.exposures(there)
        threat = now.threat[household.origin]
        harm = par.harm_per_week * threat * sum(exposed) / UNIT * unenforced
        draft = par.conscription_per_week * now.enforced * there[Class.MEN_CONSCRIPTION_AGE]
        if deferred:
            draft *= unenforced
        killed = par.killed_share * harm
        struck = event(u, [killed, harm - killed, draft])
        if struck is None:
            return
        what, z = struck
        if what == 0:
            self.kill(self.home, pick(z, exposed))
        elif what == 1:
            self.detain(self.home, pick(z, exposed))
        else:
            self.conscript(deferred)

    def conscript(self, early: bool) -> None:
        """One man of conscription age is conscripted; before the deferral ends that is news."""
        self.household.move(self.home, Place.CONSCRIPTED, Class.MEN_CONSCRIPTION_AGE)
        if early:
            par = self.model.parameters
            self.household.harm_made[self.guarantor] += par.harm_conscripted_early
        self.model.flows.conscripted += 1
