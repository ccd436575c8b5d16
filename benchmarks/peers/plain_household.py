"""One household of the plain Mesa model: its traits, its state and its week (``docs/model.md``)."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import mesa

from returnsim.core.inputs import WEEKS_PER_YEAR, Class, Place

from .plain_chance import event, logistic
from .plain_choice import ONWARD, STAY, Choice
from .plain_news import News
from .plain_party import Party

if TYPE_CHECKING:
    from .plain_mesa import PlainModel

NOBODY = -1

# Who becomes whom, and the chance of it a week for one person.
AGEING = (
    (Class.CHILDREN, Class.MEN_CONSCRIPTION_AGE, 1 / (2 * 18 * WEEKS_PER_YEAR)),
    (Class.CHILDREN, Class.WOMEN, 1 / (2 * 18 * WEEKS_PER_YEAR)),
    (Class.WOMEN, Class.ELDERLY, 1 / (42 * WEEKS_PER_YEAR)),
    (Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER, 1 / (25 * WEEKS_PER_YEAR)),
    (Class.MEN_OLDER, Class.ELDERLY, 1 / (17 * WEEKS_PER_YEAR)),
)
GROWING_OLDER_AT = (Place.CAMP, Place.HOME_0, Place.HOME_1)
# After a birth, what camp life can bring, in the order of its hazards: from where and whom to
# where and whom.
CAMP_LIFE = (
    *((place, before, place, after) for place in GROWING_OLDER_AT for before, after, _ in AGEING),
    *((Place.CAMP, kind, Place.DIED, kind) for kind in Class),
)


class PlainHousehold(mesa.Agent):  # type: ignore[misc]
    """The agent. Its methods are the stages of a week, called by the model one after the other.

    ``option`` is 0 while not registered, 1 for whole and 2 onwards for the splits; ``guarantor``
    and ``registered_week`` are -1 while not registered.

    Parameters
    ----------
    model : PlainModel
        The camp.
    number : int
        The household's number, from 0; it finds the household's draws.
    traits : dict
        Its values of the fields of `Population`.
    """

    model: "PlainModel"

    def __init__(self, model: "PlainModel", number: int, traits: dict[str, Any]) -> None:
        super().__init__(model)
        par = model.parameters
        guarantors = range(model.guarantors)
        self.number = number
        self.family: list[int] = traits["members"]
        self.arrival_week: int = traits["arrival_week"]
        self.origin: int = traits["origin"]
        self.head_age: float = traits["head_age"]
        self.wanted: bool = traits["wanted"]
        self.vulnerable: bool = traits["vulnerable"]
        self.attachment: float = traits["attachment"]
        self.income: float = traits["income"]
        self.remittance: float = traits["remittance"]
        self.goods: float = traits["goods"]
        self.reserves: float = traits["reserves"]
        self.queue_lot: float = traits["queue_lot"]
        self.ban_lot: float = traits["ban_lot"]
        self.persuasion_lot: float = traits["persuasion_lot"]
        self.vetting_lot: float = traits["vetting_lot"]
        self.settling_lot: float = traits["settling_lot"]
        self.checkpoint_lots: list[float] = traits["checkpoint_lots"]
        self.contacts: list[PlainHousehold] = []

        self.arrived = False
        self.known = 0
        self.moving = False
        self.members = [[0] * len(Class) for _ in Place]
        self.parties: list[Party] = []
        self.hardship = 0.0
        self.kappa: list[float] = list(par.kappa0)
        self.omega: list[float] = list(par.omega0)
        self.trust = [self.trusts(g) for g in guarantors]
        self.refusals = 0
        self.closed_until = [0.0 for _ in guarantors]
        self.end_registration()

        # By guarantor: what befell its own people this week, and what others hear of it the next.
        self.harm_made, self.harm_last = [0 for _ in guarantors], [0 for _ in guarantors]
        self.passage_made, self.passage_last = [0 for _ in guarantors], [0 for _ in guarantors]
        self.safe = [0 for _ in guarantors]

    # What can be said of it

    @property
    def in_camp(self) -> bool:
        """At least one member is in the camp."""
        return any(self.members[Place.CAMP])

    @property
    def registered(self) -> bool:
        """The household waits to go home."""
        return self.option != STAY

    @property
    def place_in_queue(self) -> tuple[int, float, int]:
        """Those with the smallest go first."""
        return self.registered_week, self.queue_lot, self.number

    @property
    def party_week(self) -> list[int]:
        """When each of the two parties left, -1 for one that has not."""
        return ([party.week for party in self.parties] + [NOBODY, NOBODY])[:2]

    @property
    def party_guarantor(self) -> list[int]:
        """Who promised the safety of each of the two parties, -1 for one that has not left."""
        return ([party.guarantor for party in self.parties] + [NOBODY, NOBODY])[:2]

    def count(self, *places: Place) -> int:
        """How many members are in some places."""
        return sum(sum(self.members[place]) for place in places)

    def goers(self, option: int) -> list[int]:
        """Members in camp, by class, who go under an option."""
        classes = self.model.parameters.options[option - 1]
        camp = self.members[Place.CAMP]
        return [n if goes else 0 for n, goes in zip(camp, classes, strict=True)]

    def barred(self, goers: list[int]) -> bool:
        """The exit ban strikes a class among the goers."""
        bans = self.model.now.ban
        return any(n and self.ban_lot < ban for n, ban in zip(goers, bans, strict=True))

    def fee(self, people: int, g: int) -> float:
        """What a guarantor asks of some of those in camp, in weeks of subsistence."""
        return float(self.model.now.price[g] * people / sum(self.members[Place.CAMP]))

    def fare(self, people: int, g: int) -> float:
        """What it costs some of those in camp to go, in weeks of subsistence."""
        return self.model.lorry_fare() + self.fee(people, g)

    def norm(self) -> float:
        """Share of the known contacts who stood registered or had left by the last week's end."""
        if not self.known:
            return 0.0
        return sum(contact.moving for contact in self.contacts) / self.known

    def trusts(self, g: int) -> float:
        """Chance that one man of conscription age stays unharmed over the horizon at threat 1."""
        omega = self.omega[g]
        return math.pow(omega / (omega + self.model.parameters.horizon_weeks), self.kappa[g])

    # What changes it

    def move(self, source: Place, target: Place, kind: int, people: int = 1) -> None:
        """Bring some members of one class from a place to another."""
        self.members[source][kind] -= people
        self.members[target][kind] += people

    def move_all(self, source: Place, target: Place) -> int:
        """Bring everyone from a place to another, and say how many they were."""
        people = sum(self.members[source])
        for kind, count in enumerate(self.members[source]):
            self.move(source, target, kind, count)
        return people

    def end_registration(self) -> None:
        """Leave the queue, for whatever reason."""
        self.option = STAY
        self.guarantor = NOBODY
        self.registered_week = NOBODY
        self.cleared = False

    # 2. Arrivals

    def enter(self) -> None:
        """Come to the camp, now or before the first week."""
        self.arrived = True
        self.members[Place.CAMP] = list(self.family)
        self.hardship = self.hardship_target()
        for contact in self.contacts:
            contact.known += 1

    def arrive(self) -> None:
        """Come to the camp this week."""
        self.enter()
        self.model.flows.arrivals += sum(self.family)

    # 3. Hardship and the purse

    def endure(self) -> None:
        """A week of want, and what it does to the purse."""
        par, now = self.model.parameters, self.model.now
        self.hardship += par.hardship_speed * (self.hardship_target() - self.hardship)
        earned = self.income * (1 - now.severity) + self.remittance
        spent = par.purchased_share * self.model.price_index() * (1 - now.aid)
        self.reserves = max(0.0, self.reserves + earned - spent)

    def hardship_target(self) -> float:
        """Where hardship goes if the week's conditions last."""
        par, now = self.model.parameters, self.model.now
        s = now.severity * (1 - now.aid)
        x = s * (1 - par.relief * self.reserves / (self.reserves + par.relief_half_weeks))
        floor = logistic(-par.hunger_point / par.hunger_width)
        want = (logistic((x - par.hunger_point) / par.hunger_width) - floor) / (1 - floor)
        without_care = par.medical_hardship * (1 - now.medical) if self.vulnerable else 0.0
        return float(want + (1 - want) * without_care)

    # 4. Camp life

    def live(self, luck: list[float]) -> None:
        """One birth, birthday of note or death in camp at most."""
        struck = event(luck[self.number], self.camp_life_hazards())
        if struck is None:
            return
        which, _ = struck
        flows = self.model.flows
        if which == 0:
            self.members[Place.CAMP][Class.CHILDREN] += 1
            flows.births += 1
            return
        source, before, target, after = CAMP_LIFE[which - 1]
        self.members[source][before] -= 1
        self.members[target][after] += 1
        if target == Place.DIED:
            flows.died_in_camp += 1
        if not self.in_camp:
            self.end_registration()

    def camp_life_hazards(self) -> list[float]:
        """Of a birth and of everything in `CAMP_LIFE`."""
        par = self.model.parameters
        camp = self.members[Place.CAMP]
        hazards = [par.births_per_woman * camp[Class.WOMEN]]
        for place in GROWING_OLDER_AT:
            there = self.members[place]
            hazards += [there[before] * chance for before, _, chance in AGEING]
        distress = self.hardship + par.death_closed_care * (1 - self.model.now.medical)
        hazards += [n * m * distress for n, m in zip(camp, par.death_per_week, strict=True)]
        return hazards

    # 5. News and trust

    def hear(self, public: News) -> None:
        """Take in last week's news of one's own people, of contacts and of everybody."""
        model, par, now = self.model, self.model.parameters, self.model.now
        own = News((h for h in (*self.contacts, self) if h.parties), model.guarantors)
        threat = model.perceived[self.origin]
        loud = par.public_weight * par.weight
        dk = [
            now.reach * now.salience * (near + loud * far)
            for near, far in zip(own.harm, public.harm, strict=True)
        ]
        do = [
            now.reach
            * (
                threat * (own.safe[g] + loud * public.safe[g])
                + par.passage_weeks * (own.passage[g] + loud * public.passage[g])
            )
            for g in range(model.guarantors)
        ]
        f = par.forgetting
        for g, (spill, k0, o0) in enumerate(zip(now.spill, par.kappa0, par.omega0, strict=True)):
            news_k = sum(share * made for share, made in zip(spill, dk, strict=True))
            news_o = sum(share * made for share, made in zip(spill, do, strict=True))
            self.kappa[g] = k0 + f * (self.kappa[g] - k0) + news_k
            self.omega[g] = o0 + f * (self.omega[g] - o0) + news_o + self.claim(g)
            self.trust[g] = self.trusts(g)

    def claim(self, g: int) -> float:
        """What the go-betweens of a guarantor make this household believe, in exposure-weeks."""
        now = self.model.now
        persuaded = self.persuasion_lot < self.model.parameters.persuasion_reach[g]
        return float(now.reach * now.persuasion[g]) if now.active[g] and persuaded else 0.0

    # 6. The choice

    def choose(self, luck: list[float]) -> None:
        """Decide whether to go, or whether to go on waiting."""
        choice = Choice(self)
        self.model.flows.intentions.append(choice.intention())
        if self.registered:
            self.reconsider(choice, luck[self.number])
        else:
            self.decide(choice, luck[self.number])

    def decide(self, choice: Choice, u: float) -> None:
        """Not registered: stay, go onward or register to go home."""
        flows = self.model.flows
        option, g = choice.way(u)
        if option == ONWARD:
            flows.onward += self.move_all(Place.CAMP, Place.ONWARD)
        elif option != STAY:
            self.option, self.guarantor = option, g
            self.registered_week = self.model.t
            flows.registered += 1

    def reconsider(self, choice: Choice, u: float) -> None:
        """Registered: lapse, withdraw, change to a split or go on waiting."""
        goers = self.goers(self.option)
        q = 1.0
        if self.model.now.active[self.guarantor] and any(goers):
            commitment = self.model.parameters.commitment
            bound = choice.value(self.option, self.guarantor) + commitment
            sure = 1.0 if bound < 0 else 0.0
            q = sure if self.model.parameters.threshold else logistic(-bound)
        if u < q:
            self.end_registration()
            self.model.flows.withdrawn += 1
        elif self.barred(goers):
            option, g = choice.split((u - q) / (1 - q))
            if option != STAY:
                self.cleared = self.cleared and g == self.guarantor
                self.option, self.guarantor = option, g

    # 7. Custody

    def bear_custody(self, luck: list[float]) -> None:
        """One event at most among those held or detained."""
        parties = self.parties
        hazards = [party.release_hazard() for party in parties]
        hazards += [party.arrest_hazard() for party in parties]
        for party in parties:
            hazards += party.detention_hazards()
        struck = event(luck[self.number], hazards)
        if struck is None:
            return
        happenings: list[Callable[[float], None]] = [party.let_go for party in parties]
        happenings += [party.arrest for party in parties]
        for party in parties:
            happenings += [party.release, party.disappear, party.die_detained]
        which, z = struck
        happenings[which](z)

    # 8. Passage

    def undergo_vetting(self) -> None:
        """The guarantor clears the file or refuses it."""
        model, g = self.model, self.guarantor
        if self.vetting_lot < model.parameters.refusal[g] ** (self.refusals + 1):
            self.refusals += 1
            self.closed_until[g] = model.t + model.parameters.retry_weeks
            self.end_registration()
            model.flows.refused += 1
        else:
            self.cleared = True

    def can_leave(self) -> bool:
        """Cleared, not barred and able to pay."""
        if not self.cleared:
            return False
        goers = self.goers(self.option)
        everyone = goers == self.members[Place.CAMP]
        purse = self.reserves + self.goods if everyone else self.reserves
        return not self.barred(goers) and purse >= self.fare(sum(goers), self.guarantor)

    def leave(self) -> None:
        """A party sets out for home."""
        g, goers = self.guarantor, self.goers(self.option)
        somebody_stays = goers != self.members[Place.CAMP]
        if somebody_stays:
            self.reserves = max(0.0, self.reserves - self.fare(sum(goers), g))
        number = len(self.parties)
        settled = self.settling_lot < self.model.parameters.settles_wanted[g]
        party = Party(self, number, g, settled)
        self.parties.append(party)
        self.end_registration()
        self.model.flows.depart(goers, g, somebody_stays)
        party.pass_checkpoint(goers, self.checkpoint_lots[number])

    # 9. At home

    def live_at_home(self, *luck: list[float]) -> None:
        """A week of each party at home."""
        for party, drawn in zip(self.parties, luck, strict=False):
            party.spend_week_at_home(drawn[self.number])

    # 10. Record

    def end_week(self) -> None:
        """What contacts will see and hear of next week."""
        self.moving = self.registered or (self.arrived and not self.in_camp)
        if self.parties:
            nothing = [0] * self.model.guarantors
            self.harm_last, self.harm_made = self.harm_made, list(nothing)
            self.passage_last, self.passage_made = self.passage_made, list(nothing)
            self.safe = nothing
            for party in self.parties:
                self.safe[party.guarantor] += sum(party.exposures_at(party.home))
