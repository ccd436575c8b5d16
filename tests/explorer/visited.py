"""A page without a browser: what stands on it, and what is pressed and moved there."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import core, ui
from nicegui.client import Client
from nicegui.element import Element
from nicegui.events import GenericEventArguments, handle_event

from returnsim.explorer.parts import Text


@contextmanager
def visitor() -> Iterator[Client]:
    """A client in whose page elements are made; no browser is connected to it."""
    core.loop = asyncio.get_running_loop()
    client = Client(ui.page("/"))
    try:
        with client:
            yield client
    finally:
        client.delete()
        core.loop = None


def found(client: Client, **attributes: Any) -> list[Element]:
    """The elements with some attributes, in the order in which they were made."""
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [e for e in client.elements.values() if wanted.items() <= e.props.items()]


def text_of(client: Client, name: str) -> str:
    (element,) = found(client, id=name)
    assert isinstance(element, Text)
    return element.text


def texts(client: Client) -> list[str]:
    return [e.text for e in client.elements.values() if isinstance(e, Text)]


def send(element: Element, event: str, value: Any = None) -> None:
    """Let an element hear what a browser would send."""
    for listener in list(element._event_listeners.values()):
        if listener.type == event:
            heard = GenericEventArguments(sender=element, client=element.client, args=value)
            handle_event(listener.handler, heard)


async def all_done() -> None:
    """Wait until nothing is simulated or drawn any more; a page sends as long as it is there."""
    while others := [
        task
        for task in asyncio.all_tasks() - {asyncio.current_task()}
        if not task.get_name().startswith("outbox loop")
    ]:
        await asyncio.wait(others)
