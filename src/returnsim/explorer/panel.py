"""The left of the page: levers as sliders and steps, guarantors as cards."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from returnsim.errors import UsageError
from returnsim.explorer.changes import change_at
from returnsim.explorer.controls import (
    Control,
    ControlBlock,
    Group,
    guarantor_blocks,
    lever_blocks,
    text_of,
)
from returnsim.explorer.parts import Button, Checkbox, Choice, Field, Slider, Tag, Text
from returnsim.explorer.session import Session
from returnsim.explorer.words import label_of
from returnsim.scenario.quantities import CLASSES, Quantity
from returnsim.scenario.schema import Scenario

OPEN_AT_FIRST = ("levers.siege", "levers.aid")
Said = Callable[[str], None]


class Panel:
    """Everything that can be moved.

    Parameters
    ----------
    session : Session
        Whose changes it makes.
    say : callable
        Is given what is wrong, or nothing.
    changed : callable
        Called after each change that could be made.
    """

    def __init__(self, session: Session, say: Said, changed: Callable[[], None]) -> None:
        self.session, self._say, self._changed = session, say, changed
        self._written = _controls(_blocks(session.source.scenario))
        levers, guarantors = lever_blocks(session.scenario), guarantor_blocks(session.scenario)
        self._cards = [_Card(self, _as_written(block, self._written)) for block in levers]
        Text("h2", "Guarantors")
        self._cards += [_Card(self, _as_written(block, self._written)) for block in guarantors]

    def refresh(self) -> None:
        """Show the values of the session's scenario."""
        for card, block in zip(self._cards, _blocks(self.session.scenario), strict=True):
            card.show(_as_written(block, self._written))

    def move(self, path: str, value: Any) -> None:
        """Make a change, or say why it cannot be."""
        self._try(lambda: self.session.set(path, value))

    def undo(self, path: str) -> None:
        """Take a change back, or say why it cannot be."""
        self._try(lambda: self.session.undo(path))

    def is_changed(self, path: str) -> bool:
        """Whether there is a change at a control."""
        return change_at(self.session.changes, path) is not None

    def written(self, control: Control) -> str:
        """What stands in the file for a control, for a reader; empty where it has none."""
        there = self._written.get(control.path)
        if there is None:
            return ""
        if there.varies:
            return there.varies
        return there.nothing if there.value is None else text_of(there.value)

    def say(self, text: str) -> None:
        """Say what is wrong."""
        self._say(text)

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except UsageError as error:
            self._say(str(error))
            self.refresh()
            return
        self._say("")
        self._changed()


class _Card:
    """A lever or a guarantor."""

    def __init__(self, panel: Panel, block: ControlBlock) -> None:
        self.panel, self.block = panel, block
        self._groups: dict[str, _Group] = {}
        is_guarantor = block.path.startswith("guarantors.")
        self.is_open = block.path in OPEN_AT_FIRST or is_guarantor
        with Tag("details", "x-card", data_block=block.path) as details:
            if self.is_open:
                details.props["open"] = True
            with Tag("summary"):
                Text("span", block.title, "x-card-title")
                self._now = Text("span", "", "x-card-now")
            if block.about:
                Text("p", block.about, "x-about")
            self._body = Tag("div")
            self._adder = Tag("div")
        details.on(
            "toggle",
            lambda event: details.props.update(open=event.args or None),
            js_handler="(event) => emit(event.target.open)",
        )
        self._fill()
        self._fill_adder()
        self._tell()

    def show(self, block: ControlBlock) -> None:
        before, self.block = self.block, block
        if _names(block) != list(self._groups):
            self._body.clear()
            self._fill()
        else:
            for group in (*block.groups, *block.rest):
                self._groups[group.name].show(group)
        # Apart from the rest, which may be moving on.
        if _addable(block) != _addable(before):
            self._fill_adder()
        self._tell()

    def _fill(self) -> None:
        self._groups = {}
        with self._body:
            for group in self.block.groups:
                self._groups[group.name] = _Group(self.panel, self.block.title, group)
            if self.block.rest:
                with Tag("details", "x-more"):
                    Text("summary", "More of it")
                    for group in self.block.rest:
                        self._groups[group.name] = _Group(self.panel, self.block.title, group)

    def _fill_adder(self) -> None:
        self._adder.clear()
        names = _addable(self.block)
        if not names:
            return
        labels = [group.whole.label for group in self.block.groups if group.name in names]
        scenario = self.panel.session.scenario
        ends: dict[str, Any] = {"min": str(scenario.start), "max": str(scenario.end)}
        with self._adder, Tag("details", "x-more"):
            Text("summary", "Add a step")
            with Tag("div", "x-adder"):
                which = None
                if len(names) > 1:
                    which = Choice("What the step changes", labels)
                with Tag("label", "x-inline"):
                    Text("span", "from")
                    first = Field("date", f"{self.block.title}: first day of the step", **ends)
                with Tag("label", "x-inline"):
                    Text("span", "to")
                    until = Field("date", f"{self.block.title}: day after the step", **ends)
                Button("Add", lambda: self._add(names[which.place if which else 0], first, until))
            rule = "Without an end it holds from that day on, in place of later steps."
            Text("p", rule, "x-about")

    def _add(self, name: str, first: Field, until: Field) -> None:
        group = self._groups[name].group
        try:
            days = [date.fromisoformat(text) for text in (first.text, until.text) if text]
        except ValueError:
            days = []
        if not first.text or not days:
            self.panel.say("A step needs the day from which it holds.")
            return
        end = str(days[1]) if until.text else ""
        path = group.addable.format(f"{days[0]}:{end}")
        self.panel.move(path, value_on(self.block, name, days[0]))

    def _tell(self) -> None:
        controls = [c for g in (*self.block.groups, *self.block.rest) for c in (g.whole, *g.steps)]
        changed = sum(self.panel.is_changed(control.path) for control in controls)
        first = self.block.groups[0].whole
        now = first.varies or _value_text(first)
        self._now.text = f"{now} · {changed} changed" if changed else now


class _Group:
    """A field: its control for the whole time, which stays, and its steps, which come and go."""

    def __init__(self, panel: Panel, title: str, group: Group) -> None:
        self._panel, self._title, self.group = panel, title, group
        with Tag("div", "x-group"):
            label = f"{title}: {group.whole.label}"
            self._whole = _Row(panel, group.whole, label, group.whole.label)
            with Tag("details", "x-steps") as self._details:
                self._count = Text("summary", "")
                self._body = Tag("div")
        self._steps: dict[str, _Row] = {}
        self._fill()

    def show(self, group: Group) -> None:
        self.group = group
        self._whole.show(group.whole)
        if [step.path for step in group.steps] != list(self._steps):
            self._body.clear()
            self._fill()
        for step in group.steps:
            self._steps[step.path].show(step)

    def _fill(self) -> None:
        self._steps = {}
        self._details.set_visibility(bool(self.group.steps))
        number = len(self.group.steps)
        self._count.text = "1 step" if number == 1 else f"{number} steps"
        with self._body:
            for step in self.group.steps:
                since = _day(step.since)
                until = f" to {_day(step.until)}" if step.until else ""
                label = f"{self._title}: {step.label}, from {since}{until}"
                self._steps[step.path] = _Row(self._panel, step, label, f"from {since}{until}")


class _Row:
    """One control with its name, its evidence, and a way back."""

    def __init__(self, panel: Panel, control: Control, label: str, name: str) -> None:
        self._panel, self.control, self._label = panel, control, label
        with Tag("div", "x-control", data_control=control.path) as self._part:
            with Tag("div", "x-control-head"):
                Text("span", name, "x-name", title=control.about)
                Text("span", control.unit, "x-unit")
                with Tag("details", "x-tip"):
                    Text("summary", "i", aria_label=f"About {label}", title=control.about)
                    Text("p", control.about)
                self._undo = Button("undo", self._undone, "x-undo", aria_label=f"Undo {label}")
            self._input = self._make()
            self._was = Text("p", "", "x-was")
        self._tell()

    def show(self, control: Control) -> None:
        before, self.control = self.control, control
        if control.path != before.path:
            self._part.props["data-control"] = control.path
        # What the visitor has just moved is there already, and may be moving on.
        if (control.value, control.varies) != (before.value, before.varies):
            self._set(control)
        self._tell()

    def _set(self, control: Control) -> None:
        if isinstance(self._input, Slider):
            self._input.set(control, self._label)
        elif isinstance(self._input, Checkbox):
            self._input.set(bool(control.value))
        else:
            for name, box in self._input.items():
                box.set(name in (control.value or ()))

    def _undone(self) -> None:
        made = change_at(self._panel.session.changes, self.control.path)
        if made is not None:
            self._panel.undo(made)

    def _make(self) -> Slider | Checkbox | dict[str, Checkbox]:
        control, label = self.control, self._label
        if control.kind == "number":
            return Slider(control, label, self._moved)
        if control.kind == "switch":
            return Checkbox("yes", bool(control.value), self._moved, label)
        with Tag("div", "x-classes"):
            return {
                name: Checkbox(
                    label_of(name),
                    name in (control.value or ()),
                    partial(self._ticked, name),
                    f"{label}: {label_of(name)}",
                )
                for name in CLASSES
            }

    def _moved(self, value: Any) -> None:
        self.control = self.control._replace(value=value, varies="")
        self._panel.move(self.control.path, value)

    def _ticked(self, name: str, is_in: bool) -> None:
        named = set(self.control.value or ())
        named = named | {name} if is_in else named - {name}
        self._moved(tuple(one for one in CLASSES if one in named))

    def _tell(self) -> None:
        is_changed = self._panel.is_changed(self.control.path)
        self._undo.set_visibility(is_changed)
        self._part.classes(**{"add" if is_changed else "remove": "x-changed"})
        written = self._panel.written(self.control)
        self._was.text = f"as written: {written}" if written else "not in the file"
        self._was.set_visibility(is_changed)
        if isinstance(self._input, Checkbox):
            varies = self.control.varies
            self._input.say(f"yes ({varies} now)" if varies else "yes")


def _blocks(scenario: Scenario) -> list[ControlBlock]:
    return [*lever_blocks(scenario), *guarantor_blocks(scenario)]


def _controls(blocks: list[ControlBlock]) -> dict[str, Control]:
    return {
        control.path: control
        for block in blocks
        for group in (*block.groups, *block.rest)
        for control in (group.whole, *group.steps)
    }


def _names(block: ControlBlock) -> list[str]:
    return [group.name for group in (*block.groups, *block.rest)]


def _addable(block: ControlBlock) -> list[str]:
    return [group.name for group in block.groups if group.addable]


def _as_written(block: ControlBlock, written: dict[str, Control]) -> ControlBlock:
    """The same with the scale and the evidence of the file, which do not move with a value."""

    def same(control: Control) -> Control:
        there = written.get(control.path)
        if there is None:
            return control
        kept = control._replace(about=there.about, nothing=there.nothing)
        if control.kind != "number" or (control.value or 0.0) > there.high:
            return kept
        return kept._replace(low=there.low, high=there.high, step=there.step)

    def groups(parts: Sequence[Group]) -> list[Group]:
        return [
            part._replace(whole=same(part.whole), steps=[same(step) for step in part.steps])
            for part in parts
        ]

    return block._replace(groups=groups(block.groups), rest=groups(block.rest))


def value_on(block: ControlBlock, name: str, day: date) -> Any:
    """What a field of a lever or a guarantor has on a day, as plain data."""
    group = next(group for group in (*block.groups, *block.rest) if group.name == name)
    value = group.default if group.steps else group.whole.value
    if isinstance(value, Quantity):
        value = value.value
    for step in group.steps:
        begins, ends = step.since or date.min, step.until or date.max
        if begins <= day < ends:
            value = step.value
    if value is None and name == "enforcement_after_grace":
        # Where nothing is said of it, it is enforced as before.
        return value_on(block, "enforcement", day)
    return list(value) if isinstance(value, tuple) else value


def _value_text(control: Control) -> str:
    if control.value is None:
        return control.nothing
    if control.kind == "switch":
        return "yes" if control.value else "no"
    return text_of(control.value)


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%b %Y}"
