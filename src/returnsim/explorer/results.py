"""The right of the page: what follows, in words, in charts and in a table."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nicegui import ui
from nicegui.elements.echart.echart import EChart
from nicegui.events import GenericEventArguments

from returnsim.explorer import charts
from returnsim.explorer.comparison import INTERVALS, cautions_of, in_words, rows_of, summary_of
from returnsim.explorer.parts import Tag, Text, table
from returnsim.explorer.picture import Picture
from returnsim.explorer.session import Seen, Session
from returnsim.figures.style import since

Drawn = Callable[[Picture, Picture | None], tuple[dict[str, Any], str]]
CHARTS: tuple[tuple[str, str, Drawn], ...] = (
    ("camp", "People in the camp", charts.camp),
    ("departures", "Returned{}, and whom the siege pushed", charts.departures),
    ("harm", "Harm{}: after the return, and in the camp", charts.harm),
    ("trust", "Trust in each guarantor, mean of those in the camp", charts.trust),
)
"""With the place in the title of since when it is counted."""

BANDS = (
    "Lines are medians, shaded the middle 90 % of the replicates; grey is the scenario as written. "
    "Hastened by the siege: without it they had returned within a year after; pushed by it: later "
    "or never; willing: by then too; cannot be told: the run ends within a year of the return, or "
    "in the run without it the household never had so many members to return. "
    "The disappeared were detained before, and some of the killed died in detention: do not add "
    "them up."
)


class _Chart(NamedTuple):
    figure: Tag
    title: Text
    chart: EChart
    caption: Text


class Results:
    """What there is to see of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        with Tag("section", "x-words", aria_label="What follows"):
            Text("h2", "What follows")
            self._words = Text("p", "The first picture is on its way.", "x-headline", id="headline")
            self._summary = Text("p", "", "x-summary")
            self._caution = Text("p", "", "x-about", id="caution")
            with Tag("div", "x-progress"):
                self._bar = Tag("progress", max=1, value=0, aria_label="Replicates simulated")
                self._status = Text("p", "", "x-status", role="status", id="status")
            self._problem = Text("p", "", "x-problem", role="alert")
        self._charts = []
        with Tag("div", "x-charts"):
            for name, title, _ in CHARTS:
                with Tag("figure", "x-figure", data_chart=name) as figure:
                    heading = Text("h3", title.format(""))
                    chart = ui.echart({}, renderer="svg").classes("x-chart")
                    chart.props["role"] = "img"
                    self._charts.append(_Chart(figure, heading, chart, Text("figcaption", "")))
        Text("p", BANDS, "x-about")
        self._is_table_open = False
        with Tag("details", "x-card", data_block="table") as details:
            Text("summary", "All of it as a table")
            self._table = Tag("div", "x-scroll")
        details.on("toggle", self._open_table, js_handler="(event) => emit(event.target.open)")
        self._details = details

    def show(self, seen: Seen) -> None:
        """Show what there is."""
        self._progress(seen)
        self._problem.text = seen.problem
        pair = seen.pair
        self._fade(pair is None)
        if pair is None:
            return
        written, newest = pair
        is_changed = bool(self._session.changes)
        changed = newest if is_changed else None
        if is_changed:
            self._words.text = in_words(written, newest)
        else:
            self._words.text = "Nothing is changed: this is the scenario as written."
        self._summary.text = (
            f"{INTERVALS} With the changes: {summary_of(newest)}"
            if is_changed
            else f"As written: {summary_of(newest)}"
        )
        self._caution.text = " ".join(cautions_of(written, newest))
        counted = f" {since(written.trajectories)}"
        for shown, (_, title, draw) in zip(self._charts, CHARTS, strict=True):
            shown.title.text = title.format(counted)
            options, caption = draw(written, changed)
            shown.chart.options.clear()
            shown.chart.options.update(options)
            shown.chart.update()
            shown.chart.props["aria-label"] = f"{shown.title.text}. {caption}"
            shown.caption.text = caption
        self._fill_table()

    def _open_table(self, event: GenericEventArguments) -> None:
        self._is_table_open = bool(event.args)
        self._details.props["open"] = self._is_table_open or None
        self._fill_table()

    def _progress(self, seen: Seen) -> None:
        self._bar.props["max"], self._bar.props["value"] = seen.asked, seen.done
        self._bar.props["data-done"] = seen.done
        self._bar.update()
        if seen.problem:
            self._status.text = "Stopped."
        elif seen.is_whole:
            self._status.text = f"All {seen.asked} replicates. {self._scale(seen)}"
        elif seen.done:
            self._status.text = (
                f"{seen.done} of {seen.asked} replicates: it will settle. {self._scale(seen)}"
            )
        else:
            self._status.text = f"Simulating the first of {seen.asked} replicates."

    def _scale(self, seen: Seen) -> str:
        if seen.changed is None:
            return ""
        told = seen.changed.trajectories
        each = "" if told.weight == 1 else f", each for {told.weight:.3g} of the camp's"
        return f"{told.households:,} households{each}; ranges are of the middle 90 %."

    def _fade(self, is_old: bool) -> None:
        for part in (*(shown.figure for shown in self._charts), self._table):
            part.classes(add="x-old" if is_old else "", remove="" if is_old else "x-old")

    def _fill_table(self) -> None:
        self._table.clear()
        pair = self._session.seen.pair
        if not self._is_table_open or pair is None:
            return
        rows = [row.texts() for row in rows_of(*pair)]
        head = ("people, if nothing else is said", "as written", "changed", "difference (90 %)")
        columns = len(head) if self._session.changes else 2
        with self._table:
            table(head[:columns], [row[:columns] for row in rows])
