"""What people come for, from the start page, with every click counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.async_api import Locator, Page, expect

_DECIDE, _POINT, _CLICK = 1.35, 1.1, 0.2
"""Seconds to decide, to point, and to press: Card, Moran and Newell, The Keystroke-Level Model (1980)."""
_WORDS_PER_SECOND = 4.0
"""Of a reader: M. Brysbaert, How many words do we read per minute? (2019)."""


class Person:
    """Someone at a page: what they press is counted, and what they read."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.clicks = self.loads = self.words = 0
        page.on("domcontentloaded", self._loaded)

    def _loaded(self, _: Page) -> None:
        self.loads += 1

    async def press(self, found: Locator) -> None:
        """Click something that can be seen."""
        self.clicks += 1
        await found.click()

    async def read(self, found: Locator, *, has: str) -> None:
        """Read a text that has the answer."""
        await expect(found).to_contain_text(has)
        self.words += len((await found.inner_text()).split())

    async def save(self, found: Locator) -> str:
        """Click what saves a file; the file."""
        async with self.page.expect_download() as saved:
            await self.press(found)
        return (await (await saved.value).path()).read_text("utf-8")

    @property
    def seconds(self) -> float:
        """Time that a person takes, as a model says."""
        return self.clicks * (_DECIDE + _POINT + _CLICK) + self.words / _WORDS_PER_SECOND


@dataclass(frozen=True)
class Task:
    """A question or a wish."""

    name: str
    clicks: int
    """As many as it may take."""
    do: Callable[[Person], Awaitable[None]]


@dataclass(frozen=True)
class Done:
    """What a task took."""

    clicks: int
    loads: int
    machine_seconds: float
    person_seconds: float


async def done(task: Task, page: Page, base: str) -> Done:
    """Do a task from the start page."""
    person, begin = Person(page, base), time.monotonic()
    await page.goto(base + "/")
    await task.do(person)
    return Done(person.clicks, person.loads, time.monotonic() - begin, person.seconds)


async def _chinese_pools(person: Person) -> None:
    head = person.page.locator("[data-part=head]")
    await person.read(head.locator("h1, p").first, has="Who mines Bitcoin?")
    await person.read(head.locator(".lead"), has="more than half")
    await person.read(head.locator("p.note", has_text="founded in China"), has="registered in China")


async def _operators(person: Person) -> None:
    page = person.page
    await person.press(page.get_by_role("link", name="operator", exact=True))
    shares = page.locator("[data-part=shares]")
    await expect(shares).to_contain_text("Shares of operators")
    found = await person.save(shares.locator(".save button", has_text="CSV"))
    assert "level=operator" in found.splitlines()[0]
    assert "entity" in found.splitlines()[1]


async def _month(person: Person) -> None:
    asked = {"pool": "antpool", "from": "2023-11-01", "to": "2026-12-01", "format": "csv", "limit": 10_000}
    answer = await person.page.request.get(f"{person.base}/api/v1/blocks?{urlencode(asked)}")
    rows = (await answer.text()).splitlines()
    assert len(rows) > 1
    assert all("antpool" in row for row in rows[1:])


async def _members(person: Person) -> None:
    page = person.page
    await person.press(page.get_by_role("link", name="template", exact=True))
    await person.press(page.locator("[data-part=shares] tbody th a", has_text="antpool-and-friends"))
    await expect(page.locator("h1")).to_have_text("antpool-and-friends")
    members = page.locator("[data-part=members] tbody tr").first
    await person.read(members, has="counted")


async def _embedded(person: Person) -> None:
    page = person.page
    await person.press(page.get_by_role("link", name="HHI", exact=True))
    await expect(page.locator(".chart[data-chart*=hhi]")).to_have_count(1)
    await person.press(page.get_by_role("link", name="This chart for other pages"))
    await expect(page.locator("img")).to_have_attribute("alt", "HHI of pools, windows of 7 days")


TASKS = (
    Task("Do Chinese pools have 55 % of the hashrate?", 0, _chinese_pools),
    Task("Shares of operators as CSV", 2, _operators),
    Task("A month of the blocks of one pool as CSV, with one request", 0, _month),
    Task("Members of a group, with evidence", 2, _members),
    Task("The HHI over time, for another page", 2, _embedded),
)
