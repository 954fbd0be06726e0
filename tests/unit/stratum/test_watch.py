"""The watch keeps one connection to each server, whatever the servers do."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import trustme
from pydantic import ValidationError
from structlog.testing import capture_logs
from support.services import PATIENCE, free_port
from support.stratum import StratumServer, Template, job, line
from support.tunnel import Tunnel

from monitor.config import StratumEndpoint, StratumSection
from monitor.errors import StratumError
from monitor.model import BlockHash, BlockRef, EndpointState, StratumRound
from monitor.stratum import connection
from monitor.stratum.probe import probe
from monitor.stratum.rounds import KnownBlock
from monitor.stratum.watch import StratumWatch, Timing, pause_of

BITS = 0x1702_F128
TXIDS = tuple(f"{number:064x}" for number in range(1, 41))


def hash_of(height: int) -> BlockHash:
    return BlockHash(f"{height:064x}")


def template(height: int = 900) -> Template:
    return Template(hash_of(height), height + 1, BITS, 1_700_000_000, TXIDS)


@dataclass
class Chain:
    """What a node knows, as the test says."""

    known: dict[BlockHash, KnownBlock] = field(default_factory=dict)
    tip: BlockRef | None = None
    caught_up: bool = True

    async def look_up(self, parents: Iterable[BlockHash]) -> None:
        """Nothing else is stored."""

    def grow(self, height: int) -> None:
        self.known[hash_of(height)] = KnownBlock(height, BITS, counted=True, time=0, transactions=3000)
        self.tip = BlockRef(height, hash_of(height))


class Running:
    """A watch at work."""

    def __init__(self, section: StratumSection, chain: Chain) -> None:
        self.found: list[StratumRound] = []
        self.failures: list[int] = []
        self._changed = asyncio.Event()
        self.watch = StratumWatch(
            section, chain, found=self._found, show=self._changed.set, timing=Timing(self._pause, look_seconds=0.02)
        )

    async def _found(self, found: StratumRound) -> None:
        self.found.append(found)

    def _pause(self, failures: int) -> float:
        self.failures.append(failures)
        self._changed.set()
        return 0.02

    async def until(self, there: Callable[[], object]) -> None:
        """Return when it is so."""
        async with asyncio.timeout(20 * PATIENCE):
            while not there():
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await self._changed.wait()

    def parents(self) -> set[BlockHash]:
        return {now.job.parent for now in self.watch.rounds.now.values()}

    def state(self, pool: str) -> EndpointState:
        return next(each for each in self.watch.endpoints.values() if each.pool == pool)


@asynccontextmanager
async def watching(*servers: StratumServer, chain: Chain | None = None, **settings: Any) -> AsyncIterator[Running]:  # noqa: ANN401
    endpoints = [{"pool": f"pool{number}", "url": each.url} for number, each in enumerate(servers)]
    section = StratumSection.model_validate({"endpoints": endpoints, **settings})
    running = Running(section, chain or Chain())
    task = asyncio.create_task(running.watch.run())
    try:
        yield running
        assert not task.done(), "the watch has ended"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_it_subscribes_reads_jobs_and_never_submits() -> None:
    chain = Chain()
    chain.grow(900)
    with StratumServer() as one, StratumServer() as other:
        one.announce(job(template()))
        other.announce(job(template()))
        async with watching(one, other, chain=chain, user="account.monitor") as running:
            await running.until(lambda: len(running.watch.rounds.now) == 2)
            for height in (901, 902, 903):
                chain.grow(height)
                for server in (one, other):
                    server.announce(job(template(height)))
                await running.until(lambda: running.parents() == {hash_of(height)})  # noqa: B023
            await running.until(lambda: len(running.found) == 2)

    assert one.methods() == ["mining.subscribe", "mining.authorize"]
    assert one.received[0]["params"][0].startswith("pool-monitor/")
    assert one.received[1]["params"] == ["account.monitor", "x"]
    joined, whole = running.found
    assert (joined.parent.height, whole.parent.height) == (900, 901)
    assert joined.pools["pool0"].lag_seconds is None
    lags = [turn.lag_seconds for turn in whole.pools.values()]
    assert 0.0 in lags
    assert None not in lags
    assert whole.shared == {("pool0", "pool1"): 1}
    assert whole.transactions == 3000
    assert running.state("pool0").up


async def test_without_a_user_name_it_does_not_authorise() -> None:
    with StratumServer() as server:
        server.announce(job(template()))
        async with watching(server) as running:
            await running.until(lambda: running.watch.rounds.now)

    assert server.methods() == ["mining.subscribe"]


async def test_a_refused_user_name_is_said_and_jobs_are_read_all_the_same() -> None:
    with StratumServer() as server:
        server.authorises = False
        async with watching(server, user="nobody") as running:
            await running.until(lambda: running.state("pool0").reason)
            assert running.state("pool0").reason == "the user name was refused: unknown worker"
            server.announce(job(template()))
            await running.until(lambda: running.state("pool0").up)

    assert server.connections == 1


async def test_it_connects_again_and_once_only() -> None:
    with StratumServer() as server:
        server.announce(job(template()))
        async with watching(server) as running:
            await running.until(lambda: running.state("pool0").up)
            server.drop()
            await running.until(lambda: running.failures)
            await running.until(lambda: server.connections == 2 and running.state("pool0").up)
            assert len(server._miners) == 1  # noqa: SLF001 -- those that are connected now

    assert server.connections == 2


async def test_a_server_that_is_away_is_waited_for() -> None:
    server = StratumServer()
    server.port = free_port()
    async with watching(server) as running:
        await running.until(lambda: len(running.failures) > 3)
        assert "cannot be reached" in (running.state("pool0").reason or "")
        assert running.failures[:3] == [1, 2, 3]
        with server:
            server.announce(job(template()))
            await running.until(lambda: running.state("pool0").up)


def test_pauses_grow_with_jitter_up_to_ten_minutes() -> None:
    for failures, most in ((0, 5.0), (1, 10.0), (3, 40.0), (50, 600.0)):
        drawn = [pause_of(failures) for _ in range(200)]
        assert most / 2 <= min(drawn) < max(drawn) <= most
        assert max(drawn) - min(drawn) > most / 4


async def test_it_does_not_go_where_a_server_sends_it() -> None:
    with StratumServer() as server, StratumServer() as decoy:
        server.announce(job(template()))
        async with watching(server) as running:
            await running.until(lambda: running.state("pool0").up)
            server.send(line("client.reconnect", "127.0.0.1", decoy.port, 0))
            await running.until(lambda: running.state("pool0").reconnects_refused == 1)
            server.announce(job(template(901)))
            await running.until(lambda: running.watch.rounds.now["pool0"].job.parent == hash_of(901))

    assert (server.connections, decoy.connections) == (1, 0)


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(json.dumps({"id": 1, "result": [[], "a1b2c3d4", 8], "error": None}).encode() + b"\n")


def sending(*parts: bytes, times: int = 1) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server that sends these after the subscription, and waits for the client to go."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hello(reader, writer)
        for _ in range(times):
            for part in parts:
                writer.write(part)
                await writer.drain()
        await reader.read()

    return handler


HOSTILE = {
    "an endless line": (sending(b"x" * 65536, times=1000), "a line of more than"),
    "a flood": (sending(line("client.show_message", "hello"), times=10_000), "more than 300 messages"),
    "much": (sending(line("client.show_message", "x" * 100_000), times=200), "more than 300 messages or 2 MB"),
    "garbage": (sending(b"\xff\xfe garbage\x1b[2J\n"), "a line that is not JSON"),
    "HTTP": (sending(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "a line that is not JSON: HTTP/1.1 400"),
    "deep nesting": (sending(b"[" * 100_000 + b"\n"), "a line that is not JSON"),
    "many branches": (
        sending(line("mining.notify", *job(template())[:4], ["00" * 32] * 1500, *["20000000"] * 3)),
        "a list of branches that no block has",
    ),
    "wrong types": (sending(line("mining.notify", *[{}] * 9)), "a job without a name"),
    "an empty job": (sending(line("mining.notify")), "a job of 0 parts"),
    "a huge extra nonce": (sending(line("mining.set_extranonce", "00", 10**9)), "an extra nonce without a size"),
    "a refusal": (sending(b'{"id": 1, "result": null, "error": [20, "go away", null]}\n'), "was refused: go away"),
    "an end": (sending(b""), None),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_server_harms_no_other(kind: str) -> None:
    handler, reason = HOSTILE[kind]
    with StratumServer(handler=handler) as hostile, StratumServer() as honest:
        honest.announce(job(template()))
        async with watching(hostile, honest) as running:
            if reason:
                await running.until(lambda: reason in (running.state("pool0").reason or ""))
                assert (running.state("pool0").reason or "").isprintable()
                await running.until(lambda: hostile.connections > 1)
            await running.until(lambda: running.state("pool1").up)
            assert not running.state("pool0").up
            honest.announce(job(template(901)))
            await running.until(lambda: running.watch.rounds.now["pool1"].job.parent == hash_of(901))

    assert honest.connections == 1


async def test_a_server_that_drips_or_says_nothing_counts_as_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hello(reader, writer)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        del writer

    with StratumServer(handler=drip) as one, StratumServer(handler=silent) as other:
        async with watching(one, other) as running:
            for pool in ("pool0", "pool1"):
                await running.until(lambda: running.state(pool).reason == "no message for 0.3 seconds")  # noqa: B023


async def test_a_resolver_that_hangs_takes_no_thread_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those threads read the database."""
    release, asked = threading.Event(), threading.Semaphore(0)

    def hang(*_: Any, **__: Any) -> list[Any]:  # noqa: ANN401
        asked.release()
        release.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    endpoints = [{"pool": f"pool{number}", "url": f"stratum+tcp://p{number}.example:3333"} for number in range(20)]
    running = Running(StratumSection.model_validate({"endpoints": endpoints}), Chain())
    task = asyncio.create_task(running.watch.run())
    try:
        await asyncio.to_thread(lambda: [asked.acquire(timeout=10) for _ in range(2)])
        done = await asyncio.gather(*(asyncio.to_thread(lambda: True) for _ in range(50)))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        release.set()

    assert all(done)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


async def test_tls_is_checked(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with StratumServer(context=context) as server:
        server.announce(job(template()))
        async with watching(server) as running:
            await running.until(lambda: running.state("pool0").reason)
            assert "its certificate is not trusted" in (running.state("pool0").reason or "")
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        monkeypatch.setattr(connection, "_certificates", lambda: trusting)
        async with watching(server) as running:
            await running.until(lambda: running.state("pool0").up)


async def test_names_are_resolved_by_the_proxy() -> None:
    with ExitStack() as running_servers:
        server = running_servers.enter_context(StratumServer())
        tunnel = running_servers.enter_context(Tunnel(server.port, socks=True))
        server.announce(job(template()))
        section = StratumSection.model_validate({
            "endpoints": [{"pool": "hidden", "url": "stratum+tcp://pool.onion:3333"}],
            "proxy": f"socks5://127.0.0.1:{tunnel.port}",
        })  # fmt: skip
        found = await probe(section.endpoints[0], section.proxy)

    assert tunnel.asked == {("pool.onion", 3333)}
    assert found.jobs[0].coinbase


async def test_a_proxy_that_is_away_is_said() -> None:
    endpoint = StratumEndpoint(pool="hidden", url="stratum+tcp://pool.onion:3333")

    with pytest.raises(StratumError, match="the proxy says"):
        await probe(endpoint, f"socks5://127.0.0.1:{free_port()}")


async def test_a_probe_that_gets_no_job_says_so() -> None:
    with StratumServer() as server, pytest.raises(StratumError, match=r"no job within 0.2 seconds"):
        await probe(StratumEndpoint(pool="x", url=server.url), None, seconds=0.2)


async def test_a_pool_with_ever_new_faults_does_not_fill_the_log() -> None:
    chain = Chain()
    chain.grow(900)
    with StratumServer() as server, capture_logs() as logged:
        async with watching(server, chain=chain) as running:
            await running.until(lambda: server.received)
            for bits in range(50):
                server.announce(job(replace(template(), bits=bits)))
            await running.until(lambda: len(running.watch.rounds.faults) == 50)

    assert len([each for each in logged if each["event"] == "faulty job"]) == 1


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1", "socks5://127.0.0.1:99999", "socks4://[::1", "http://a:1", "a"]
)
def test_what_is_no_proxy_is_refused_at_startup(proxy: str) -> None:
    with pytest.raises(ValidationError, match="proxy must look like"):
        StratumSection(proxy=proxy)
