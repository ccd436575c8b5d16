"""Why one household chooses what it does: what is open to it, what weighs, what would change it.

All of it is the core's own choice of a week, taken apart; nothing is estimated.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from returnsim.analysis.flips import Flips, levers_of, smallest_changes
from returnsim.analysis.moments import Moment, Week, live, moment_of
from returnsim.assemble import Plan, inputs_of
from returnsim.core.decision import CLOSED, HOME_ROW, ONWARD, Weighed
from returnsim.core.inputs import Place
from returnsim.core.state import NOBODY, PARTIES
from returnsim.core.utility import total
from returnsim.errors import UsageError
from returnsim.scenario.quantities import CLASSES
from returnsim.scenario.schema import Scenario

STAY, ONWARDS, WHOLE = "stay", "onward", "whole"
TERMS: Mapping[str, str] = {
    "intercept": "intercept",
    "hardship": "hardship",
    "age": "age of the head",
    "attachment": "attachment to home",
    "services": "conditions at home",
    "norm": "others who go",
    "reunite": "some at home already",
    "perceived_risk": "perceived risk",
    "conscription": "conscription",
    "separation": "separation",
    "cost": "cost",
}
"""The terms of the utility of a way home, in words."""

FELT = (
    "Each lever is changed alone, by no more than it takes, and held until it is felt: hardship "
    "has settled at what the lever brings, and the danger perceived at home is the lever's own. "
    "The purse, beliefs and who else has gone stay as they are. What a guarantor enforces and what "
    "is heard of it work through beliefs, and the corridor and the files decide who leaves, not "
    "who asks to: these levers are not looked at; nor is what would make life in camp worse, a "
    "tighter siege, less aid or less care."
)
NOT_FOR = (
    "This explains a rule in a model whose households are made up, not a family's mind; it must "
    "never serve to select people, to find what would move them, or to judge that a return is safe."
)


class Registration(NamedTuple):
    """What a household is registered for."""

    option: str
    guarantor: str
    week: int
    date: date
    is_cleared: bool
    commitment: float  # what being registered adds to the utility of going


class Party(NamedTuple):
    """A part of a household that has left for home."""

    guarantor: str
    week: int
    date: date


class Who(NamedTuple):
    """A household as the choice of the week finds it."""

    origin: str
    head_age: float
    in_camp: Mapping[str, int]  # members by class
    places: Mapping[str, int]  # members by where they are
    wanted: bool
    vulnerable: bool
    attachment: float
    hardship: float
    reserves: float
    goods: float
    perceived_threat: float
    known: int
    moving: int  # of the households known
    registration: Registration | None
    parties: Sequence[Party]


class Offer(NamedTuple):
    """An alternative: whether it is open, and how likely it is this week."""

    option: str
    probability: float
    utility: float | None  # log-odds against staying; None where it is closed
    guarantor: str | None
    barred: bool  # by an exit ban
    closed: str  # why it is not open; empty where it is


class Way(NamedTuple):
    """A way home that is open, term by term."""

    option: str
    guarantor: str
    terms: Mapping[str, float]
    utility: float  # their sum
    trust: float
    perceived_harm: float
    perceived_conscription: float


class Change(NamedTuple):
    """The smallest change of one lever at which the likeliest choice is another."""

    lever: str
    today: float | bool
    highest: float | bool  # its range begins at 0
    at: float | bool | None  # None: no value within the range
    to: str | None
    change: float | None  # as a share of the range; 0: the lever as it is, once felt


class ExplainedHousehold(NamedTuple):
    """Why one household chooses what it does in a week."""

    household: int
    replicate: int
    week: int
    date: date
    first_offer: bool  # the first week in which it is in camp and has an offer of return
    status: str  # in camp, not yet arrived, gone
    arrival_week: int | None  # of those who come later
    who: Who
    corridor_open: bool
    offers: Sequence[Offer] = ()
    ways: Sequence[Way] = ()
    likeliest: str | None = None
    chose: str | None = None  # what the luck of the replicate made of it
    changes: Sequence[Change] = ()


def explain_household(
    scenario: Scenario,
    plan: Plan,
    household: int,
    replicate: int,
    week: int | None = None,
    poll: Callable[[int], None] | None = None,
) -> ExplainedHousehold:
    """Take one household's choice of a week apart.

    Parameters
    ----------
    scenario : Scenario
        Any.
    plan : Plan
        Made of it.
    household, replicate : int
        By number.
    week : int, optional
        From 0; by default the first in which the household is in camp and some offer of return is
        open to it, or the last of the run where there is none.
    poll : callable, optional
        Called with each week that is lived through; what it raises ends the search.

    Raises
    ------
    UsageError
        If there is no such household or week.
    """

    def is_wanted(t: int) -> bool:
        if poll is not None:
            poll(t)
        return week is None or week == t

    households = plan.all_households
    if not 0 <= household < households:
        raise UsageError(
            f"household {household}: there is none; they are numbered 0 to {households - 1}"
        )
    check_week(scenario, week)
    weeks = live(plan, [replicate], is_wanted)
    seen, first = next(weeks), False
    while week is None and not (first := _has_an_offer(seen, household)):
        following = next(weeks, None)
        if following is None:
            break
        seen = following
    moment = moment_of(seen, [replicate], np.array([household]))
    told = _outline(scenario, seen, moment)._replace(first_offer=first)
    return (
        told if told.status != "in camp" else _with_the_choice(scenario, plan, seen, moment, told)
    )


def check_week(scenario: Scenario, week: int | None) -> None:
    """Make sure that there is such a week.

    Raises
    ------
    UsageError
        If it lies outside the run.
    """
    if week is not None and not 0 <= week < scenario.weeks:
        raise UsageError(f"week {week}: outside the run, whose weeks are 0 to {scenario.weeks - 1}")


def day_of(scenario: Scenario, week: int) -> date:
    """First day of a week."""
    return scenario.start + timedelta(weeks=week)


def as_chosen(
    option: str, told: ExplainedHousehold, words: Mapping[str, str] = MappingProxyType({})
) -> str:
    """An alternative in words that hold for the registered too.

    Parameters
    ----------
    option : str
        The alternative.
    told : ExplainedHousehold
        Who chooses.
    words : mapping, optional
        What alternatives are called; by default by their own names.
    """
    word, registration = words.get(option, option), told.who.registration
    if registration is None:
        return word
    if option == STAY:
        return "take the name back"
    return f"keep the place ({word})" if option == registration.option else word


def being_registered(registration: Registration) -> str:
    """What being registered adds to the sum of the terms, in words."""
    return f"Being registered adds {registration.commitment:.2f} to that."


def alternatives(scenario: Scenario) -> tuple[str, ...]:
    """Names of the alternatives, in their order."""
    return (STAY, ONWARDS, WHOLE, *scenario.behaviour.splits)


def _has_an_offer(week: Week, household: int) -> bool:
    if week.before.camp_size[household] == 0:
        return False
    moment = moment_of(week, [0], np.array([household]))
    return bool((moment.weighed().offers.utility > CLOSED).any())


def _outline(scenario: Scenario, week: Week, moment: Moment) -> ExplainedHousehold:
    household = int(moment.household[0])
    arrival = int(week.camp.people.arrival_week[household])
    status = "in camp" if moment.state.camp_size[0] > 0 else "gone"
    return ExplainedHousehold(
        household=household,
        replicate=int(moment.replicate[0]),
        week=week.t,
        date=day_of(scenario, week.t),
        first_offer=False,
        status=status if week.before.arrived[household] else "not yet arrived",
        arrival_week=arrival if arrival >= 0 else None,
        who=_who(scenario, moment),
        corridor_open=bool(moment.week.corridor_open[0]),
    )


def _with_the_choice(
    scenario: Scenario, plan: Plan, week: Week, moment: Moment, told: ExplainedHousehold
) -> ExplainedHousehold:
    names, seen = alternatives(scenario), moment.weighed()
    offers = [_offer(scenario, moment, seen, a) for a in range(len(names))]
    own = inputs_of(plan, [told.replicate])
    flips = smallest_changes(moment, levers_of(scenario, plan, own))
    return told._replace(
        offers=offers,
        ways=list(_ways(scenario, moment, offers)),
        likeliest=max(offers, key=lambda offer: offer.probability).option,
        chose=names[_chosen(week, moment)],
        changes=[_change(flip, names) for flip in flips],
    )


def _who(scenario: Scenario, moment: Moment) -> Who:
    state, people = moment.state, moment.people
    members = state.members[:, :, 0]
    places: dict[str, int] = {}
    for place in Place:
        name = re.sub("_[01]$", "", place.name.lower())
        places[name] = places.get(name, 0) + int(members[place].sum())
    origin = int(people.origin[0, 0])
    return Who(
        origin=scenario.origin_names[origin],
        head_age=float(moment.head_age[0]),
        in_camp=dict(zip(CLASSES, members[Place.CAMP].tolist(), strict=True)),
        places=places,
        wanted=bool(people.wanted[0, 0]),
        vulnerable=bool(people.vulnerable[0, 0]),
        attachment=float(people.attachment[0, 0]),
        hardship=float(state.hardship[0]),
        reserves=float(state.reserves[0]),
        goods=float(people.goods[0, 0]),
        perceived_threat=float(state.perceived[0, origin]),
        known=int(state.known[0]),
        moving=int(state.moving[0]),
        registration=_registration(scenario, moment),
        parties=list(_parties(scenario, moment)),
    )


def _registration(scenario: Scenario, moment: Moment) -> Registration | None:
    state = moment.state
    if state.option[0] == 0:
        return None
    week = int(state.registered_week[0])
    return Registration(
        option=alternatives(scenario)[HOME_ROW - 1 + int(state.option[0])],
        guarantor=scenario.guarantor_names[int(state.guarantor[0])],
        week=week,
        date=day_of(scenario, week),
        is_cleared=bool(state.cleared[0]),
        commitment=float(moment.parameters.commitment[0]),
    )


def _parties(scenario: Scenario, moment: Moment) -> Iterator[Party]:
    for party in range(PARTIES):
        week = int(moment.state.party_week[party, 0])
        if week != NOBODY:
            guarantor = int(moment.state.party_guarantor[party, 0])
            yield Party(scenario.guarantor_names[guarantor], week, day_of(scenario, week))


def _offer(scenario: Scenario, moment: Moment, seen: Weighed, alternative: int) -> Offer:
    option = alternative - HOME_ROW + 1
    utility, guarantor = float(seen.utilities[alternative, 0]), NOBODY
    if option > 0:
        # What an exit ban bars has its utility all the same.
        utility = float(seen.offers.utility[option - 1, 0])
        guarantor = int(seen.offers.guarantor[option - 1, 0])
    if 0 < option == moment.state.option[0]:
        utility, guarantor = float(seen.offers.registered[0]), int(moment.state.guarantor[0])
    closed = _why_closed(scenario, moment, seen, option) if option >= 0 else ""
    is_home = option > 0 and not closed
    return Offer(
        option=alternatives(scenario)[alternative],
        probability=float(moment.probabilities()[alternative, 0]),
        utility=None if closed else utility,
        guarantor=scenario.guarantor_names[guarantor] if is_home else None,
        barred=is_home and bool(seen.barred[option - 1, 0]),
        closed=closed,
    )


def _why_closed(scenario: Scenario, moment: Moment, seen: Weighed, option: int) -> str:
    """Why an option (0 onward, then those of going home) cannot be chosen; empty where it can."""
    registered = int(moment.state.option[0])
    if registered:
        return _why_not_kept(moment, seen, option, registered)
    if option == 0:
        if not moment.week.onward_open[0]:
            return "no route is open"
        return "" if seen.utilities[1, 0] > CLOSED else "it cannot pay for the route"
    if seen.offers.utility[option - 1, 0] > CLOSED:
        return ""
    goers, size = moment.state.option_size[option - 1, 0], moment.state.camp_size[0]
    if goers == 0:
        return "nobody in camp would go"
    if option > 1 and moment.state.party_week[0, 0] != NOBODY:
        return "a party has gone before"
    if option > 1 and goers == size:
        return "nobody would stay behind"
    there = moment.week.active[0] & moment.parameters.covers[0, :, moment.people.origin[0, 0]]
    if not there.any():
        return "nobody vouches for those of its origin"
    week = int(moment.state.refused_until[there, 0].min())
    return f"refused; it may ask again from {day_of(scenario, week)}"


def _why_not_kept(moment: Moment, seen: Weighed, option: int, registered: int) -> str:
    if option == registered:
        goers = moment.state.option_size[option - 1, 0]
        holds = goers > 0 and seen.offers.registered[0] > CLOSED
        return "" if holds else "the registration lapses"
    may_change = option > 1 and seen.barred[registered - 1, 0]
    if may_change and seen.offers.utility[option - 1, 0] > CLOSED:
        return ""
    return "it is registered"


def _ways(scenario: Scenario, moment: Moment, offers: Sequence[Offer]) -> Iterator[Way]:
    for option, offer in enumerate(offers[HOME_ROW:], start=1):
        if offer.closed or offer.guarantor is None:
            continue
        g = scenario.guarantor_names.index(offer.guarantor)
        seen = moment.way(np.array([option]), np.array([g]))
        # Adding zero makes minus zero zero.
        terms = {name: float(values[0]) + 0.0 for name, values in seen.terms.items()}
        yield Way(
            option=offer.option,
            guarantor=offer.guarantor,
            terms=terms,
            utility=float(total(tuple(terms.values()))),
            trust=float(moment.beliefs.trust[g, 0]),
            perceived_harm=float(seen.risks.harm[0]),
            perceived_conscription=float(seen.risks.conscription[0]),
        )


def _chosen(week: Week, moment: Moment) -> int:
    """Which alternative the luck of the replicate made of it."""
    choices = week.happened.choices
    place = int(np.searchsorted(week.happened.rows.index, moment.household[0]))
    if choices.lapsed[place] or choices.withdrawn[place]:
        return 0
    option = int(choices.option[place])
    if option == ONWARD:
        return 1
    option = option or int(moment.state.option[0])
    return HOME_ROW - 1 + option if option else 0


def _change(flips: Flips, names: Sequence[str]) -> Change:
    lever, at, to = flips.lever, float(flips.at[0]), int(flips.to[0])
    as_is = bool if lever.is_switch else float
    return Change(
        lever=lever.path,
        today=as_is(flips.today[0]),
        highest=as_is(lever.high),
        at=as_is(at) if to >= 0 else None,
        to=names[to] if to >= 0 else None,
        change=float(flips.change[0]) if to >= 0 else None,
    )
