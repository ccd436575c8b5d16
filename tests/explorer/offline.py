"""Looks at a page where there is no network but loopback, and prints what was asked of whom.

Run as ``unshare -rn python -m tests.explorer.offline SCENARIO``.
"""

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.explorer.shown import SIEGE, browser_options, move, served, text, whole

SET_FLAGS, UP = 0x8914, 1


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, SET_FLAGS, struct.pack("16sh", b"lo", UP))


def main(file: Path) -> None:
    bring_loopback_up()
    asked: list[str] = []
    with served(file) as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_options())
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda opened: asked.append(opened.url))
        page.goto(address)
        whole(page)
        move(page, SIEGE, "0")
        whole(page)
        headline, charts = text(page, "#headline"), page.locator("figure svg").count()
        browser.close()
    interfaces = [name for _, name in socket.if_nameindex()]
    told = {"asked": asked, "headline": headline, "charts": charts, "interfaces": interfaces}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
