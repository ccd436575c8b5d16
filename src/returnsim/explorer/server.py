"""The server of the page: bound to this machine unless told otherwise."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from returnsim.errors import UsageError
from returnsim.explorer.changes import Source
from returnsim.explorer.desk import Desk, Errand, SupersededError
from returnsim.explorer.picture import Kept, key_of, live_half, neutral, steps
from returnsim.scenario.schema import Scenario

HOST = "127.0.0.1"
RECONNECT_SECONDS = 3.0

HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page is made in the browser from scripts of its own; it may ask no other server anything."""


def bound(host: str, port: int) -> socket.socket:
    """A socket to listen on.

    Raises
    ------
    UsageError
        If it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"--host {host}: is no address of this machine") from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen()
    except PermissionError:
        listening.close()
        raise UsageError(f"--port {port}: may not be used; name one above 1023") from None
    except OSError as error:
        listening.close()
        if error.errno is not None and "in use" in (error.strerror or ""):
            raise UsageError(
                f"--port {port}: is in use; name another, or 0 for any that is free"
            ) from None
        raise UsageError(f"--host {host}: {error.strerror or error}") from None
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a browser finds the page."""
    host, port = listening.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = HOST
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(
    source: Source, listening: socket.socket, workers: int, ready: Callable[[], None]
) -> None:
    """Serve the page until it is stopped.

    Parameters
    ----------
    source : Source
        The scenario.
    listening : socket
        From `bound`.
    workers : int
        Processes that simulate.
    ready : callable
        Called when the page can be opened.
    """
    import uvicorn
    from fastapi import FastAPI
    from nicegui import ui
    from nicegui.client import Client
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import Response

    from returnsim.explorer.page import Page, serve_visitor

    # What a browser leaves half done is no news to whoever started the page.
    logging.getLogger("nicegui").setLevel(logging.ERROR)
    app, desk, kept = FastAPI(openapi_url=None), Desk(workers), Kept()
    if ip_address(listening.getsockname()[0]).is_loopback:
        # A name that leads here from elsewhere would let a foreign page read this one.
        own = urlsplit(address_of(listening)).netloc.rpartition(":")[0]
        hosts = ["localhost", "127.0.0.1", "[::1]", own]
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    @app.middleware("http")
    async def own_only(request: Request, call_next: Callable[..., Any]) -> Response:
        response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @ui.page("/", title="returnsim explore", language="en-US")
    def page(client: Client, request: Request) -> None:
        query = request.query_params.multi_items()
        serve_visitor(client, lambda: Page(source, desk, kept, query))

    ui.run_with(
        app,
        title="returnsim explore",
        dark=None,
        tailwind=False,
        reconnect_timeout=RECONNECT_SECONDS,
        show_welcome_message=False,
    )
    config = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)

    async def run() -> None:
        warming = asyncio.create_task(_warm(source, desk, kept))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        ready()
        await serving
        warming.cancel()

    try:
        # Ctrl-C is how it ends.
        with suppress(KeyboardInterrupt):
            asyncio.run(run())
    finally:
        desk.close()


async def _warm(source: Source, desk: Desk, kept: Kept) -> None:
    """Simulate the first of the scenario as written before anybody asks."""
    errand = Errand(desk)
    numbers = steps(source.replicates)[0]

    async def half(scenario: Scenario) -> None:
        key = key_of(scenario, source.seed, source.households, numbers)
        how = (source.seed, source.households, source.engine, numbers)
        kept.keep(key, await errand.run(live_half, scenario, *how))

    try:
        await asyncio.gather(half(source.scenario), half(neutral(source.scenario)))
    except SupersededError:
        return
    finally:
        errand.give_up()
