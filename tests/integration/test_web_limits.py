"""Many, silent, slow and malformed clients of the web server leave room for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support.served import sources

from monitor.config import WebSection
from monitor.hub import Hub
from monitor.outputs.web import connections
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.connections import MOST_OF_A_CLIENT, RESERVED, LimitedConnection, Limits
from monitor.outputs.web.routes import events
from monitor.outputs.web.routes.events import Events
from monitor.outputs.web.server import Part, WebServer
from monitor.vitals import Vitals

ELSEWHERE = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
"""Addresses that the tests take for other machines."""


class Endless:
    """A response without end."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.short), web.get("/endless", self.endless)]

    async def short(self, _: web.Request) -> web.Response:
        return web.Response(text="short")

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65536))


class Served:
    """A server, and clients of it."""

    def __init__(self, server: WebServer, vitals: Vitals, ended: AsyncExitStack) -> None:
        self._vitals = vitals
        self._ended = ended
        self.url = server.url
        self._port = int(server.url.rpartition(":")[2])

    async def connect(self, source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(source, 0))
        self._ended.callback(lambda: writer.transport.abort())  # noqa: PLW0108 -- keeps the writer
        return reader, writer

    async def get(self, path: str = "/", source: str = "127.0.0.1") -> int:
        connector = aiohttp.TCPConnector(local_addr=(source, 0))
        async with aiohttp.ClientSession(connector=connector) as session, session.get(self.url + path) as response:
            return response.status

    def refused(self, reason: str) -> float:
        return self._vitals.registry.get_sample_value("pool_monitor_web_refused_total", {"reason": reason}) or 0


@pytest.fixture(autouse=True)
def _other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connections, events):
        monkeypatch.setattr(module, "is_local", lambda address: address not in ELSEWHERE)


@asynccontextmanager
async def serving(most: int = 100) -> AsyncIterator[Served]:
    vitals = Vitals()
    over = sources(Hub(vitals))
    settings = WebSection(port=0, max_connections=most)
    parts: list[Part] = [Endless(), Events(over, vitals)]
    async with (
        WebServer(parts, AnswerCache(over.state), vitals, settings=settings) as server,
        AsyncExitStack() as ended,
    ):
        yield Served(server, vitals, ended)


async def test_silent_connections_make_room_for_new_ones() -> None:
    async with serving(50) as server:
        silent = [await server.connect() for _ in range(70)]
        for _ in range(3):
            assert await server.get() == 200
        assert await silent[0][0].read() == b"", "the oldest is closed"
        assert server.refused("connections") >= 20


async def test_one_address_has_a_limited_number_of_connections() -> None:
    async with serving(500) as server:
        mine = [await server.connect(ELSEWHERE[0]) for _ in range(MOST_OF_A_CLIENT + 5)]
        for reader, _ in mine[:5]:
            assert await reader.read() == b""
        assert server.refused("connections") == 5
        assert await server.get(source=ELSEWHERE[1]) == 200


async def test_places_are_reserved_for_this_machine() -> None:
    limits = Limits(Vitals(), 50)

    def busy(client: str, *, local: bool) -> LimitedConnection:
        return Mock(client=client, is_local=local, is_idle=False)

    admitted = [limits.admit(busy(f"198.51.100.{number}", local=False)) for number in range(60)]
    assert admitted == [True] * (50 - RESERVED) + [False] * (10 + RESERVED)
    assert [limits.admit(busy("127.0.0.1", local=True)) for _ in range(25)] == [True] * RESERVED + [False] * 5
    limits.close()


async def test_one_address_has_a_limited_number_of_event_streams() -> None:
    async with serving() as server, AsyncExitStack() as streams:
        connector = aiohttp.TCPConnector(local_addr=(ELSEWHERE[0], 0), limit=0)
        session = await streams.enter_async_context(aiohttp.ClientSession(connector=connector))
        url = f"{server.url}/api/v1/events"
        answers = [await streams.enter_async_context(session.get(url)) for _ in range(22)]
        assert [each.status for each in answers] == [200] * 20 + [503] * 2
        assert server.refused("events") == 2
        local = await streams.enter_async_context(aiohttp.ClientSession())
        assert (await streams.enter_async_context(local.get(url))).status == 200


async def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.2)
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        while not server.refused("slow"):  # noqa: ASYNC110 -- a metric
            await asyncio.sleep(0.05)
        del reader


async def test_a_client_that_sends_no_request_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)
    async with serving() as server:
        for sent in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "):
            reader, writer = await server.connect()
            writer.write(sent)
            assert await reader.read() == b""


async def test_head_of_the_event_stream_is_the_head_alone() -> None:
    """The connection serves the next request, and no place for a client is taken."""
    request = b"%b /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with serving() as server:
        reader, writer = await server.connect()
        for _ in range(2):
            writer.write(request % b"HEAD")
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"Content-Type: text/event-stream" in head
        writer.write(request % b"GET")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"X" * 20_000 + b"\r\n\r\n"]
)
async def test_what_is_not_http_is_counted_and_not_logged(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:
        with capture_logs() as logs:
            reader, writer = await server.connect()
            writer.write(sent)
            assert (await reader.read()).startswith(b"HTTP/1.0 400 Bad Request")
        assert not logs
        assert not caplog.records
        assert server.refused("malformed") == 1
