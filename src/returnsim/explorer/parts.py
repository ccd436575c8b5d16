"""The elements that the page is made of. Whatever they are given is shown as text."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from returnsim.explorer.controls import Control


class Tag(Element):
    """An element of HTML that holds others.

    Parameters
    ----------
    tag : str
        Of HTML.
    look : str
        Classes of the style sheet.
    **attributes
        Of the element; an underscore stands for a hyphen.
    """

    def __init__(self, tag: str, look: str = "", **attributes: Any) -> None:
        super().__init__(tag)
        self.classes(look)
        _give(self, attributes)


class Text(TextElement):
    """An element of HTML that holds a text, in whatever direction it is written."""

    def __init__(self, tag: str, text: str, look: str = "", **attributes: Any) -> None:
        super().__init__(tag=tag, text=text)
        self.classes(look)
        _give(self, attributes)


class Button(Text):
    """A button.

    Parameters
    ----------
    text : str
        What stands on it.
    pressed : callable
        Called when it is pressed.
    """

    def __init__(
        self, text: str, pressed: Callable[[], Any], look: str = "", **attributes: Any
    ) -> None:
        super().__init__("button", text, f"x-button {look}", type="button", **attributes)
        self.on("click", lambda _: pressed())


class Slider(Element, component="slider.js"):
    """A slider for a control that is a number.

    Parameters
    ----------
    control : Control
        What it moves.
    label : str
        What a reader who does not see it is told.
    moved : callable
        Is given the number, or None for none.
    """

    def __init__(self, control: Control, label: str, moved: Callable[[float | None], Any]) -> None:
        super().__init__()
        self._stamp = 0
        self.set(control, label)
        self.on("move", lambda event: moved(event.args))

    def set(self, control: Control, label: str) -> None:
        """Show another value."""
        self._stamp += 1
        values = {
            "stamp": self._stamp,
            "value": control.value,
            "low": control.low,
            "high": control.high,
            "step": control.step,
            "label": label,
            "unit": control.unit,
            "nothing": control.nothing,
            "varies": control.varies,
            "data-path": control.path,
        }
        _give(self, values)
        self.update()


class Field(Element, component="field.js"):
    """An input of HTML for a number or a day."""

    def __init__(
        self,
        kind: str,
        label: str,
        changed: Callable[[str], Any] | None = None,
        text: str = "",
        **attributes: Any,
    ) -> None:
        super().__init__()
        self._stamp, self._changed = 0, changed
        _give(self, {"type": kind, "aria-label": label} | attributes)
        self.set(text)
        self.on("typed", self._heard)

    def set(self, text: str) -> None:
        """Show another text."""
        self.text = text
        self._stamp += 1
        _give(self, {"text": text, "stamp": self._stamp})
        self.update()

    def _heard(self, event: GenericEventArguments) -> None:
        self.text = str(event.args)
        if self._changed is not None:
            self._changed(self.text)


class Choice(Element):
    """A choice of HTML among some texts."""

    def __init__(self, label: str, texts: Sequence[str]) -> None:
        super().__init__("select")
        self.place = 0
        _give(self, {"aria-label": label})
        with self:
            for place, text in enumerate(texts):
                Text("option", text, value=str(place))
        self.on("change", self._heard, js_handler="(event) => emit(event.target.selectedIndex)")

    def _heard(self, event: GenericEventArguments) -> None:
        self.place = int(event.args)


class Checkbox(Element):
    """A box to tick, with its text."""

    def __init__(
        self, text: str, is_ticked: bool, ticked: Callable[[bool], Any], label: str = ""
    ) -> None:
        super().__init__("label")
        self.classes("x-box")
        with self:
            self._input = Element("input")
            _give(self._input, {"type": "checkbox", "aria-label": label or text})
            self.set(is_ticked)
            self._words = Text("span", text)

        def heard(event: GenericEventArguments) -> None:
            self._input.props["checked"] = bool(event.args)
            ticked(bool(event.args))

        self._input.on("change", heard, js_handler="(event) => emit(event.target.checked)")

    def set(self, is_ticked: bool) -> None:
        """Tick it or not."""
        self._input.props["checked"] = is_ticked
        self._input.update()

    def say(self, text: str) -> None:
        """Put another text beside it."""
        self._words.text = text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of texts; the first column names its row."""
    with Tag("table", "x-table"):
        with Tag("thead"), Tag("tr"):
            for text in head:
                Text("th", text, scope="col")
        with Tag("tbody"):
            for row in rows:
                with Tag("tr"):
                    for place, text in enumerate(row):
                        if place:
                            Text("td", text)
                        else:
                            Text("th", text, scope="row")


def _give(element: Element, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        element.props[name.strip("_").replace("_", "-")] = value
