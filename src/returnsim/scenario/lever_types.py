"""The levers: what authorities, armed actors and aid organisations can change, and when.

Each is one value that always holds, or a list of dated entries.
"""

from collections.abc import Mapping

from returnsim.scenario.dated import Dated, Entry
from returnsim.scenario.quantities import (
    ClassName,
    Model,
    NonNegative,
    PeoplePerWeek,
    Share,
    Weeks,
    YesNo,
)


class Siege(Entry):
    """How far goods are kept out of the camp."""

    severity: Share = Share(value=0)
    """Share of the usual supply that does not come in: 0 open, 1 shut."""


class Aid(Entry):
    """Relief that reaches the camp."""

    coverage: Share = Share(value=0)
    """Share of the camp's subsistence that aid covers."""


class Medical(Entry):
    """Care for the sick, for births and for infants."""

    access: Share = Share(value=1)
    """Share of the care needed that can be had: 1 as usual, 0 none."""


class Corridor(Entry):
    """The road home."""

    open: YesNo = True
    """Whether anyone may pass."""
    parties_per_week: NonNegative | None = None
    """Parties that may leave in a week; null: no limit."""


class ExitBan(Entry):
    """A ban on leaving, by whoever controls the camp's edge."""

    members: tuple[ClassName, ...] = ()
    """Classes that may not leave; an empty list: no ban."""
    strength: Share = Share(value=1)
    """Share of households that cannot get around the ban."""


class Threat(Entry):
    """Danger at home, as a multiple of the danger at which hazards are stated."""

    level: NonNegative = NonNegative(value=1)
    """Multiple of ``hazards.harm_per_week``: 1 as stated, 0 no danger."""
    origins: Mapping[str, NonNegative] = {}
    """Further factor for an origin, by its name; origins not named have 1."""


class Conscription(Entry):
    """The draft at home."""

    enforced: Share = Share(value=0)
    """How far the draft is enforced: 0 not at all, 1 fully."""
    deferral_weeks: Weeks = Weeks(value=0)
    """Weeks after return for which the draft is promised to wait."""


class Services(Entry):
    """Homes, work and services at the places of origin."""

    conditions: NonNegative = NonNegative(value=1)
    """Conditions at home: at 1 they weigh neither way, at 0 nothing stands."""
    origins: Mapping[str, NonNegative] = {}
    """Further factor for an origin, by its name; origins not named have 1."""


class Transport(Entry):
    """What the way home costs."""

    cost_weeks_of_subsistence: NonNegative = NonNegative(value=0)
    """Cost of a household's way home, in weeks of its subsistence."""
    subsidy: Share = Share(value=0)
    """Share of the cost that somebody else pays."""


class Onward(Entry):
    """A way on to somewhere else than home."""

    open: YesNo = False
    """Whether the route can be taken."""
    cost_weeks_of_subsistence: NonNegative = NonNegative(value=0)
    """Cost for a household, in weeks of its subsistence."""


class Arrivals(Entry):
    """People who come to the camp."""

    people_per_week: PeoplePerWeek = PeoplePerWeek(value=0)
    """People a week."""


class News(Entry):
    """How word of those who left comes back to the camp."""

    reach: Share = Share(value=1)
    """Share of the news that arrives."""
    salience: NonNegative = NonNegative(value=5)
    """How much more one harm heard of weighs than one harm counted."""


class Levers(Model):
    """What can be changed from outside, each as one value or as dated entries."""

    siege: Dated[Siege] = (Siege(),)
    """How far goods are kept out of the camp."""
    aid: Dated[Aid] = (Aid(),)
    """Relief that reaches the camp."""
    medical: Dated[Medical] = (Medical(),)
    """Care for the sick, for births and for infants."""
    corridor: Dated[Corridor] = (Corridor(),)
    """The road home: open or shut, and for how many parties a week."""
    exit_ban: Dated[ExitBan] = (ExitBan(),)
    """A ban on leaving for some classes of members."""
    threat: Dated[Threat] = (Threat(),)
    """Danger at home, as a multiple of the danger at which hazards are stated."""
    conscription: Dated[Conscription] = (Conscription(),)
    """The draft at home and its deferral."""
    services: Dated[Services] = (Services(),)
    """Homes, work and services at the places of origin."""
    transport: Dated[Transport] = (Transport(),)
    """What the way home costs, and how much of it is paid by others."""
    onward: Dated[Onward] = (Onward(),)
    """A way on to somewhere else than home."""
    arrivals: Dated[Arrivals] = (Arrivals(),)
    """People who come to the camp."""
    news: Dated[News] = (News(),)
    """How word of those who left comes back to the camp."""
