"""A real browser for tests of pages: the Chromium of the machine, driven by Playwright, which watches what a page does."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

PHONE = 390
"""The width of a phone's screen."""

_PATIENCE = 30_000  # milliseconds: a machine may be busy
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Pages:
    """Opens pages and keeps what they ask for and complain about."""

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._open: list[Page] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, address: str, *, width: int = 1280) -> "Page":
        """A page at an address, in a window so wide."""
        page = self._browser.new_page(viewport={"width": width, "height": 900})
        self._open.append(page)
        page.set_default_timeout(_PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", lambda message: self._told(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._refuse)
        page.goto(address)
        return page

    def _told(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def _refuse(self, dialog: "Dialog") -> None:
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        """Close all pages; what they complained about fails the test."""
        for page in self._open:
            page.close()
        assert self.complaints == []


def violations(page: "Page") -> list[str]:
    """What axe-core finds wrong with a page: contrast, names, landmarks and so on."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{each['id']} ({each['impact']}): {node['html'][:200]}" for each in found for node in each["nodes"]]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Headless Chromium. Skips where there is none, or no Playwright; CI has both."""
    chromium = next(filter(None, map(shutil.which, _NAMES)), None)
    try:
        from playwright.sync_api import expect, sync_playwright
    except ModuleNotFoundError:
        chromium = None
    if chromium is None:
        assert not os.environ.get("CI"), "CI installs Chromium and Playwright"
        pytest.skip("needs Chromium and Playwright")
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def pages(browser: "Browser") -> Iterator[Pages]:
    """Pages that are watched; see `Pages`."""
    found = Pages(browser)
    yield found
    found.close()
