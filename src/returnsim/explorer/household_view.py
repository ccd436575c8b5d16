"""One household: who they are, what they heard, why they choose so, and whom they know."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from nicegui import ui
from nicegui.events import GenericEventArguments

from returnsim.analysis.explain import (
    NOT_FOR,
    STAY,
    TERMS,
    ExplainedHousehold,
    Offer,
    as_chosen,
    being_registered,
    day_of,
)
from returnsim.errors import ReturnsimError
from returnsim.explorer import charts
from returnsim.explorer.desk import Errand, SupersededError
from returnsim.explorer.parts import Button, Field, Tag, Text, table
from returnsim.explorer.session import Session
from returnsim.explorer.story import Story, explained, households_of, story_of
from returnsim.explorer.words import PLACES, members, named
from returnsim.scenario.schema import Scenario

NUMBERS = (("household", "Household"), ("replicate", "Replicate"), ("week", "Week"))
FIRST = {"household": "0", "replicate": "0", "week": ""}
"""What is looked at where nothing is named; without a week, the first with a way home."""

TALLEST = 4.0
"""Log-odds that fill a bar."""

OPTIONS: Mapping[str, str] = {
    "stay": "stay",
    "onward": "go elsewhere",
    "whole": "go home, all",
    "without_men": "go home, without the men",
}


class HouseholdView:
    """A household of the session's scenario.

    Parameters
    ----------
    session : Session
        Whose.
    numbers : mapping
        Household, replicate and week to begin with, as far as a link names them.
    looked : callable
        Called whenever another household or week is looked at.
    """

    def __init__(
        self, session: Session, numbers: Mapping[str, int], looked: Callable[[], None]
    ) -> None:
        self._session, self._looked = session, looked
        self._errand: Errand | None = None
        self._fields: dict[str, Field] = {}
        self._is_asked = bool(numbers)
        with Tag("details", "x-card", data_block="household", id="household") as card:
            if numbers:
                card.props["open"] = True
            Text("summary", "One household")
            Text("p", NOT_FOR, "x-about")
            with Tag("div", "x-adder"):
                for name, text in NUMBERS:
                    with Tag("label", "x-inline"):
                        Text("span", text.lower())
                        asked = str(numbers.get(name, ""))
                        self._fields[name] = Field(
                            "number", text, lambda _: self.look(), asked, min=0, step=1
                        )
                Button("Look", self.look)
                Button("Another", self._another)
            Text("p", "Without a week, the first in which a way home is open to them.", "x-about")
            self._status = Text("p", "", "x-status", role="status")
            self._told = Tag("div", "x-told")
        card.on("toggle", self._toggled, js_handler="(event) => emit(event.target.open)")
        self._card, self._is_open = card, bool(numbers)

    def numbers(self) -> dict[str, int]:
        """What is looked at, for a link; nothing where nobody is."""
        if not self._is_asked:
            return {}
        found = {name: self._number(name) for name, _ in NUMBERS}
        return {name: number for name, number in found.items() if number is not None}

    def refresh(self) -> None:
        """Look again, after the scenario was changed."""
        # Behind a closed lid it would only hold up the picture that is looked at.
        if self._is_asked and self._is_open:
            self._start()

    def look(self) -> None:
        """Look at the household that is named."""
        self._is_asked = True
        for name, first in FIRST.items():
            if self._number(name) is None:
                self._fields[name].set(first)
        self._looked()
        self._start()

    def stop(self) -> None:
        """Give up what is being simulated."""
        if self._errand is not None:
            self._errand.give_up()
            self._errand = None

    def _toggled(self, event: GenericEventArguments) -> None:
        self._is_open = bool(event.args)
        self._card.props["open"] = self._is_open or None
        self.refresh()

    def _another(self) -> None:
        source = self._session.source
        number = households_of(self._session.scenario, source.seed, source.households)
        self._go_to(((self._number("household") or 0) + 1) % number)

    def _go_to(self, household: int) -> None:
        self._fields["household"].set(str(household))
        self.look()

    def _number(self, name: str) -> int | None:
        text = self._fields[name].text.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def _start(self) -> None:
        self.stop()
        self._errand = self._session.errand()
        asyncio.create_task(self._tell(self._errand))  # noqa: RUF006

    async def _tell(self, errand: Errand) -> None:
        source, scenario = self._session.source, self._session.scenario
        household, replicate = self._number("household") or 0, self._number("replicate") or 0
        how = (scenario, source.seed, source.households, household, replicate)
        self._status.text = "Living through it."
        try:
            why, story = await asyncio.gather(
                errand.run(explained, *how, self._number("week")), errand.run(story_of, *how)
            )
        except SupersededError:
            return
        except ReturnsimError as error:
            if self._errand is errand:
                self._told.clear()
                self._status.text = str(error)
            return
        finally:
            errand.give_up()
        if self._errand is errand:
            self._show(scenario, why, story)

    def _show(self, scenario: Scenario, why: ExplainedHousehold, story: Story) -> None:
        first = ", the first with a way home open to them" if why.first_offer else ""
        self._status.text = (
            f"Household {why.household} in replicate {why.replicate}: week {why.week}, "
            f"from {why.date.day} {why.date:%B %Y}{first}."
        )
        self._told.clear()
        with self._told:
            with Tag("section"):
                Text("h3", "Who they are")
                with Tag("dl", "x-facts"):
                    for name, fact in facts(why):
                        Text("dt", name)
                        Text("dd", fact)
            with Tag("section"):
                Text("h3", "What they heard")
                _heard(scenario, why, story)
            if why.offers:
                with Tag("section"):
                    Text("h3", "Why they choose so")
                    _choice(why)
            with Tag("section"):
                Text("h3", "Whom they know")
                Text("p", "Where they are at the end of the week.", "x-about")
                with Tag("ul", "x-contacts"):
                    for place, contact in enumerate(story.contacts):
                        with Tag("li"):
                            Button(f"Household {contact}", partial(self._go_to, contact), "x-link")
                            Text("span", f": {story.contact_at(place, why.week)}")


def facts(why: ExplainedHousehold) -> Iterator[tuple[str, str]]:
    """Who a household is, how it stands in the week, and what befell those no longer there."""
    who = why.who
    later = "" if why.arrival_week is None else f", arrives in week {why.arrival_week}"
    yield "now", f"{'none left in the camp' if why.status == 'gone' else why.status}{later}"
    yield "from", who.origin
    yield "age of the head", f"{who.head_age:.0f}"
    in_camp = [members(n, name) for name, n in who.in_camp.items() if n]
    yield "in the camp", ", ".join(in_camp) or "nobody"
    away = [f"{n} {PLACES[name]}" for name, n in who.places.items() if n and name != "camp"]
    if away:
        yield "no longer there", ", ".join(away)
    yield "wanted", "one of their men" if who.wanted else "nobody"
    yield "vulnerable", "somebody ill, pregnant or an infant" if who.vulnerable else "nobody"
    yield "hardship", f"{who.hardship:.2f}, from 0 to 1"
    yield "purse", f"{who.reserves:.1f} weeks of subsistence, goods worth {who.goods:.1f}"
    yield "danger at home", f"{who.perceived_threat:.2g} as perceived"
    if who.registration is not None:
        yield (
            "registered",
            (
                f"to {OPTIONS.get(who.registration.option, who.registration.option)}, with "
                f"{named(who.registration.guarantor)}, since {who.registration.date}"
            ),
        )
    for party in who.parties:
        yield "left for home", f"{party.date}, with {named(party.guarantor)}"


def _heard(scenario: Scenario, why: ExplainedHousehold, story: Story) -> None:
    names = [named(name) for name in scenario.guarantor_names]
    # Once none of them is in the camp, nothing more is heard.
    heard = np.flatnonzero(~np.isnan(story.hardship))
    end = 2 + max(why.week, int(heard.max(initial=0)))
    trust, hardship = story.trust[:, :end], story.hardship[:end]
    days = [str(day_of(scenario, week)) for week in range(len(hardship))]
    options = charts.story(days, names, trust, hardship, why.week)
    chart = ui.echart(options, renderer="svg").classes("x-chart x-low")
    chart.props["role"] = "img"
    chart.props["aria-label"] = "Trust in each guarantor and hardship, week by week"
    rows = [
        (
            name,
            _share(story.trust[g, why.week]),
            f"{story.harms[g, why.week]:.2f}",
            f"{story.weeks_lived[g, why.week]:,.0f}",
            f"{_share(story.trust[g, 0])}",
        )
        for g, name in enumerate(names)
    ]
    head = ("guarantor", "trust", "harms in mind", "weeks of safety in mind", "trust at first")
    table(head, rows)
    who = why.who
    Text("p", f"{who.moving} of the {who.known} households they know have gone or registered.")


def offer_rows(why: ExplainedHousehold) -> list[tuple[str, str, str, str]]:
    """What is before a household this week: in words, how likely, its log-odds, and with whom."""
    return [
        (
            as_chosen(offer.option, why, OPTIONS),
            f"{offer.probability:.1%}",
            "" if offer.utility is None else f"{offer.utility:+.2f}",
            _with_whom(offer),
        )
        for offer in why.offers
    ]


def _with_whom(offer: Offer) -> str:
    if offer.closed:
        return f"closed: {offer.closed}"
    return named(offer.guarantor or "") + (", barred" if offer.barred else "")


def _choice(why: ExplainedHousehold) -> None:
    table(("before them this week", "probability", "log-odds", ""), offer_rows(why))
    likeliest, chose = (
        as_chosen(name or STAY, why, OPTIONS) for name in (why.likeliest, why.chose)
    )
    Text("p", f"Likeliest: {likeliest}. By the luck of this replicate: {chose}.")
    for way in why.ways:
        option = OPTIONS.get(way.option, way.option)
        Text("h4", f"{option[0].upper()}{option[1:]}, with {named(way.guarantor)}")
        with Tag("table", "x-table x-terms"):
            with Tag("thead"), Tag("tr"):
                for text in ("what weighs", "log-odds against staying", ""):
                    Text("th", text, scope="col")
            with Tag("tbody"):
                for name, value in way.terms.items():
                    if abs(value) >= 0.005:
                        _term(TERMS.get(name, name), value)
                _term("together", way.utility)
        if why.who.registration is not None and way.option == why.who.registration.option:
            Text("p", being_registered(why.who.registration), "x-about")
        Text(
            "p",
            f"Trust in the guarantor {way.trust:.2f}; perceived risk of harm "
            f"{way.perceived_harm:.2f}, of conscription {way.perceived_conscription:.2f}.",
            "x-about",
        )


def _term(name: str, value: float) -> None:
    with Tag("tr"):
        Text("th", name, scope="row")
        Text("td", f"{value:+.2f}")
        with Tag("td"), Tag("div", "x-bar", aria_hidden="true"):
            width = min(1.0, abs(value) / TALLEST) * 50
            side = "left: 50%" if value > 0 else f"left: {50 - width:.1f}%"
            with Tag("span", "x-for" if value > 0 else "x-against") as fill:
                fill.style(f"width: {width:.1f}%; {side}")


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
