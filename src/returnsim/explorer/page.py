"""The page: one for each visitor, with a session of its own."""

import asyncio
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.client import Client

from returnsim.errors import ReturnsimError, UsageError
from returnsim.explorer.changes import Source, View, as_options, query_of, view_of
from returnsim.explorer.desk import Desk, Errand, SupersededError
from returnsim.explorer.downloads import figures_zip, scenario_text, table_text
from returnsim.explorer.household_view import HouseholdView
from returnsim.explorer.panel import Panel
from returnsim.explorer.parts import Button, Tag, Text, table
from returnsim.explorer.picture import Kept
from returnsim.explorer.results import Results
from returnsim.explorer.session import Seen, Session
from returnsim.figures import colours
from returnsim.scenario.compare import differences
from returnsim.scenario.schema import Scenario

STYLE = Path(__file__).with_name("style.css")
COLOURS = {
    "blue": colours.BLUE,
    "vermilion": colours.VERMILION,
    "sky": colours.SKY,
    "green": colours.GREEN,
    "purple": colours.PURPLE,
    "orange": colours.ORANGE,
    "black": colours.BLACK,
}
JUMPS = (("results", "What follows"), ("levers", "Levers"), ("household", "One household"))
PURPOSE = (
    "This shows what follows from assumptions; it is not a forecast. It must never serve to select "
    "people, to plan a return without those who would make it, or to judge that a return is safe."
)
DRAWN = "posterior: "
"""What differences call a number that is drawn."""
HOLDS = "The address of this page holds every change."
NOTHING_YET = "The first picture is on its way: there is nothing to take yet."
CHANGED_MEANWHILE = "No figures: something was changed before they were drawn. Take them anew."


class Page:
    """What one visitor sees.

    Parameters
    ----------
    source : Source
        The scenario as written.
    desk : Desk
        Where it is simulated.
    kept : Kept
        What was simulated before.
    query : iterable of (str, str)
        Of the address.
    """

    def __init__(
        self, source: Source, desk: Desk, kept: Kept, query: Iterable[tuple[str, str]]
    ) -> None:
        self._source = source
        self._session = Session(source, desk, kept, self._seen)
        self._tasks: set[asyncio.Task[None]] = set()
        self._drawing: Errand | None = None
        view, problem = View(), ""
        try:
            view = view_of(query, source)
            self._session.adopt(view.changes)
        except UsageError as error:
            view = View()
            problem = f"The link could not be followed; this is the scenario as written.\n{error}"
        _add_style()
        self._build(view)
        self._say(problem)
        self._show_changes()

    def connected(self) -> None:
        """Simulate what is missing: the visitor is there, or there again."""
        if not self._session.seen.is_whole:
            self._session.start()
        if self._household.numbers():
            self._household.refresh()

    def left(self) -> None:
        """Give up what nobody waits for."""
        self._session.stop()
        self._household.stop()
        self._give_up_drawing()

    def _build(self, view: View) -> None:
        scenario = self._source.scenario
        Text("a", "Skip to what follows", "x-skip", href="#results")
        with Tag("header", "x-header"):
            Text("h1", scenario.title, dir="auto")
            if scenario.question:
                Text("p", scenario.question, "x-question", dir="auto")
            Text("p", f"{scenario.rests_on()} {PURPOSE}", "x-about")
        with Tag("nav", "x-jump", aria_label="Parts of the page"):
            for place, text in JUMPS:
                Text("a", text, href=f"#{place}")
        with Tag("div", "x-page"):
            with Tag("form", "x-left", aria_label="What can be changed") as form:
                form.on("submit", js_handler="(event) => event.preventDefault()")
                with Tag("div", "x-bar-top"):
                    Text("h2", "Levers", id="levers")
                    Button("Reset", self._reset, "x-strong", id="reset")
                self._problem = Text("p", "", "x-problem", role="alert", id="problem")
                self._panel = Panel(self._session, self._say, self._changed)
            with Tag("main", "x-right", id="results", tabindex="-1"):
                self._results = Results(self._session)
                with Tag("section", "x-card x-plain", aria_label="What changed against the file"):
                    Text("h2", "What changed against the file")
                    self._list = Tag("div", "x-scroll", id="changes")
                with Tag("section", "x-card x-plain", aria_label="Take it along"):
                    Text("h2", "Take it along")
                    with Tag("div", "x-adder"):
                        Button("Scenario (YAML)", self._take_scenario, id="take-scenario")
                        Button("Table (CSV)", self._take_table, id="take-table")
                        Button("Figures (PNG, SVG)", self._take_figures, id="take-figures")
                        Button("Copy the link", self._copy_link, id="copy-link")
                    self._taken = Text("p", HOLDS, "x-status", role="status", id="taken")
                self._household = HouseholdView(self._session, view.numbers, self._update_address)

    def _seen(self, seen: Seen) -> None:
        if hasattr(self, "_results"):
            self._results.show(seen)

    def _changed(self) -> None:
        self._give_up_drawing(CHANGED_MEANWHILE)
        self._panel.refresh()
        self._household.refresh()
        self._show_changes()
        self._update_address()

    def _reset(self) -> None:
        self._session.replace({})
        self._say("")
        self._changed()

    def _say(self, text: str) -> None:
        self._problem.text = text

    def _show_changes(self) -> None:
        self._list.clear()
        scenario, changes = self._session.scenario, self._session.changes
        with self._list:
            if not changes:
                Text("p", "Nothing.")
                return
            rows, words = what_changed(self._source.scenario, scenario)
            if rows:
                table(("", "as written", "changed"), rows)
            if words:
                Text("p", words)
            with Tag("details", "x-more"):
                Text("summary", "As overrides for the command line, one by one")
                with Tag("ul", "x-contacts"):
                    for path, text in zip(list(changes), as_options(changes), strict=True):
                        with Tag("li"):
                            Text("code", text)
                            Button("undo", partial(self._panel.undo, path), "x-link")

    def _update_address(self) -> None:
        query = query_of(View(self._session.changes, self._household.numbers()))
        address = json.dumps(f"?{query}" if query else "./")
        ui.run_javascript(f"history.replaceState(null, '', {address})")

    def _copy_link(self) -> None:
        ui.run_javascript("navigator.clipboard?.writeText(location.href)")
        self._taken.text = "The link is copied."

    def _take_scenario(self) -> None:
        session = self._session
        text = scenario_text(session.scenario, is_changed=bool(session.changes))
        self._give(text.encode(), f"{self._name()}.yaml")

    def _take_table(self) -> None:
        pair = self._session.seen.pair
        if pair is None:
            self._taken.text = NOTHING_YET
            return
        self._give(table_text(*pair).encode(), f"{self._name()}.csv")

    def _take_figures(self) -> None:
        task = asyncio.create_task(self._draw_figures())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _draw_figures(self) -> None:
        pair = self._session.seen.pair
        if pair is None:
            self._taken.text = NOTHING_YET
            return
        name, is_changed = f"{self._name()}-figures.zip", bool(self._session.changes)
        self._give_up_drawing()
        errand = self._drawing = self._session.errand()
        self._taken.text = "Drawing the figures."
        try:
            packed = await errand.run(figures_zip, pair[1].trajectories, is_changed)
        except SupersededError:
            return
        except ReturnsimError as error:
            if self._drawing is errand:
                self._give_up_drawing(str(error))
            return
        finally:
            errand.give_up()
        # What was given up may have been done by then.
        if self._drawing is errand:
            self._drawing = None
            with self._list:
                self._give(packed, name)

    def _give_up_drawing(self, said: str = HOLDS) -> None:
        if self._drawing is not None:
            self._drawing.give_up()
            self._drawing = None
            self._taken.text = said

    def _name(self) -> str:
        name = self._source.scenario.name
        return f"{name}-changed" if self._session.changes else name

    def _give(self, content: bytes, name: str) -> None:
        ui.download.content(content, name)
        self._taken.text = f"{name} is on its way."


def what_changed(written: Scenario, changed: Scenario) -> tuple[list[tuple[str, str, str]], str]:
    """Every value before and after, and in words what values do not tell; empty where nothing."""
    told = differences(written, changed)
    rows = [
        (path, " · ".join(before), " · ".join(after))
        for path, before, after in told
        if not path.startswith(DRAWN)
    ]
    fixed = len(told) - len(rows)
    if fixed:
        number = "1 number is" if fixed == 1 else f"{fixed} numbers are"
        return rows, f"{number} no longer drawn: every replicate has the same."
    return rows, "" if rows else "The values are those of the file."


def _add_style() -> None:
    ui.add_css(f"{_colours()}\n{STYLE.read_text(encoding='utf-8')}")


def _colours() -> str:
    light = {**COLOURS, "ink": colours.BLACK, "faint": colours.LIGHT_GREY, "paper": colours.PAPER}
    light |= {"grid": colours.GRID, "written": "#8A8F94", "soft": colours.GREY}
    dark = {name: colours.DARK.get(colour, colour) for name, colour in light.items()}

    def rules(of_page: dict[str, str]) -> str:
        return "".join(f"--{name}: {colour};" for name, colour in of_page.items())

    return (
        f":root {{ color-scheme: light dark; {rules(light)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {rules(dark)} }} }}"
    )


def serve_visitor(client: Client, make: Callable[[], Page]) -> None:
    """Build a page for a visitor, and let go of its simulations when they leave."""
    page: Any = make()
    client.on_connect(page.connected)
    client.on_disconnect(page.left)
    client.on_delete(page.left)
