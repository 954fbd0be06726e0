"""A real browser, and what it complains of while it shows a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.outputs.web.sources import Sources
from monitor.vitals import Vitals
from support.served import server
from support.services import CHECKOUT, PATIENCE

expect.set_options(timeout=10_000 * PATIENCE)  # milliseconds
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

SERIOUS = {"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}
"""Rules that axe holds a page against: those of the guidelines, and its own advice."""


@dataclass
class Tab:
    """An open page, with everything that it said and asked for since."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the console: among them whatever the content security policy refuses."""
    asked: list[str] = field(default_factory=list)
    """The addresses that it asked for."""

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "trace"}:
            self.complaints.append(message.text)

    def _see(self, request: Request) -> None:
        self.asked.append(request.url)

    def watch(self) -> None:
        """Note it from now on."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._see)


@asynccontextmanager
async def running(program: Path) -> AsyncIterator[Browser]:
    """The browser, without a window."""
    # Playwright's own program asks for libatomic. A small machine has none: `make services` fetches it with chromium.
    libraries = ":".join(map(str, (CHECKOUT / ".services" / "own").glob("usr/lib/*-linux-*")))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LD_LIBRARY_PATH", libraries)
        playwright = await async_playwright().start()
    try:
        # Root may run it too, as in a container; the pages are our own.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()
    finally:
        await playwright.stop()


@asynccontextmanager
async def tab(browser: Browser, **how: Any) -> AsyncIterator[Tab]:  # noqa: ANN401 -- as playwright takes it
    """A tab that knows nothing of others: `tab(browser, java_script_enabled=False)`."""
    context = await browser.new_context(**{"viewport": DESKTOP, **how})
    try:
        found = Tab(await context.new_page())
        found.watch()
        yield found
    finally:
        await context.close()


@asynccontextmanager
async def page_of(browser: Browser, over: Sources, path: str, **how: object) -> AsyncIterator[Page]:
    """A page of a server that tells it of events. It may not complain, or ask anybody else."""
    async with server([Pages(over), Events(over, Vitals())], over) as serving, tab(browser, **how) as found:
        await found.page.goto(serving.url + path)
        yield found.page
        assert found.complaints == []
        assert [address for address in found.asked if not address.startswith(serving.url)] == []


async def violations(page: Page) -> list[str]:
    """What axe finds wrong, in one line each. A dark page differs from a light one in its colours alone."""
    await page.evaluate(AXE_FILE_PATH.read_text("utf-8"))  # through the debugger: the page's policy forbids its own
    check = "what => axe.run(document, {runOnly: what, resultTypes: ['violations']}).then((found) => found.violations)"
    dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found = await page.evaluate(check, ["color-contrast"] if dark else sorted(SERIOUS))
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]} ({len(each['nodes'])})" for each in found]
