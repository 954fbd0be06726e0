"""Each fault in front of a real node, at the start and after good service, as `check` and `run` see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import inside
from support.faulty import (
    PAGE,
    Answer,
    Fault,
    FaultyProxy,
    Request,
    calls,
    error,
    every_get,
    every_request,
    one_in,
    result,
)
from support.services import program

from monitor.chain import follower
from monitor.cli.check.finding import Finding, Grade
from monitor.cli.check.findings import check
from monitor.config import Config
from monitor.errors import Exit, NodeRefused

pytestmark = pytest.mark.service("bitcoind")

READY, WAITS, REFUSED = Exit.STOPPED, Exit.CRASHED, Exit.MISCONFIGURED
"""What becomes of a daemon, and the exit status of `check` that says so."""
FULL = Answer(503, b"Work queue depth exceeded", "text/plain")
TESTNET3 = "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and what must become of it when it is there at the start."""

    fault: Fault
    verdict: Exit
    said: str = ""
    """In the reason; for a verdict of ready in what `check` finds."""
    content_type: str | None = None


def nothing(_request: Request) -> None:
    """No fault."""


def on_testnet3(request: Request) -> Answer | None:
    """The chain that no pool list has."""
    if request.name == "getblockchaininfo":
        tip = {"blocks": 0, "bestblockhash": TESTNET3, "initialblockdownload": True, "verificationprogress": 1e-7}
        return result({"chain": "test", **tip})
    return result(TESTNET3) if request.name == "getblockhash" else None


def in_json(status: int, body: bytes) -> Fault:
    """An error page of a proxy, for programs."""
    return every_request(Answer(status, body, "application/json"))


STATUSES = {
    401: (REFUSED, "does not accept our credentials"),
    403: (REFUSED, "forbids getblockchaininfo"),
    404: (REFUSED, "does not speak Bitcoin's RPC (HTTP 404"),
    429: (WAITS, "work queue is full"),
    500: (WAITS, "no answer from the node"),
    502: (WAITS, "no answer from the node"),
    503: (WAITS, "work queue is full"),
    504: (WAITS, "no answer from the node"),
}
"""What becomes of a daemon by the status alone, whatever the content type and the body."""
JSON_PAGES = {
    f"{status} in JSON, {how}": Case(in_json(status, body), *outcome)
    for status, outcome in STATUSES.items()
    for how, body in {
        "with a message": b'{"message":"Service Unavailable"}',
        "with an error": b'{"error":{"code":%d,"message":"no"}}' % status,
        "empty": b"",
    }.items()
}
CASES = {
    **JSON_PAGES,
    "401": Case(every_request(Answer(401)), REFUSED, "does not accept our credentials"),
    "403": Case(every_request(Answer(403)), REFUSED, "forbids getblockchaininfo"),
    "404": Case(every_request(Answer(404, b"<html>")), REFUSED, "does not speak Bitcoin's RPC (HTTP 404"),
    "a login page": Case(every_request(PAGE), REFUSED, "does not speak Bitcoin's RPC (HTTP 200"),
    "another API": Case(every_request(Answer(200, b"{}", "application/json")), REFUSED, "does not speak Bitcoin's RPC"),
    "testnet3": Case(on_testnet3, REFUSED, "follows testnet3"),
    "getblock is not whitelisted": Case(calls({"getblock"}, Answer(403)), REFUSED, "forbids getblock"),
    "429": Case(every_request(Answer(429)), WAITS, "work queue is full"),
    "500": Case(every_request(Answer(500, b"<html>")), WAITS, "no answer from the node"),
    "502": Case(every_request(Answer(502, b"<html>")), WAITS, "no answer from the node"),
    "503": Case(every_request(FULL), WAITS, "work queue is full"),
    "starting": Case(calls({"getblockchaininfo"}, error(-28, "Loading")), WAITS, "the node is starting: Loading"),
    "unknown error": Case(calls({"getblockchaininfo"}, error(-77, "Odd")), WAITS, "with error -77: Odd"),
    "another shape": Case(calls({"getblockchaininfo"}, result({})), WAITS, "another shape than expected"),
    "no block": Case(
        calls({"getblock"}, error(-1, "Block not found on disk")), WAITS,
        "any more, or not yet: the node answered getblock with error -1: Block not found on disk",
    ),
    "built without ZMQ": Case(
        lambda request: error(-32601, "Method not found") if request.name == "getzmqnotifications" else None, READY,
        "does not publish blocks over ZMQ",
    ),
    "ZMQ is not whitelisted": Case(
        lambda request: Answer(403) if request.name == "getzmqnotifications" else None, READY,
        "does not publish blocks over ZMQ",
    ),
    "only what is needed is whitelisted": Case(
        calls({"getzmqnotifications", "getchainstates", "getnetworkinfo", "waitfornewblock"}, Answer(403)), READY,
        "unknown version",
    ),
    "GET 404": Case(every_get(Answer(404)), READY, "REST interface is off"),
    **{
        f"GET {status}": Case(every_get(Answer(status)), READY, f"GET /rest/headers was answered HTTP {status}")
        for status in (401, 403, 405, 500, 501, 502)
    },
    "GET is busy": Case(every_get(FULL), READY, "There is no REST interface"),
    "GET leads to a login page": Case(every_get(PAGE), READY, "something else than the header of the best block"),
    "GET is redirected": Case(every_get(Answer(302)), READY, "GET /rest/headers was answered HTTP 302"),
    "charset": Case(nothing, READY, "The node answers", content_type="application/json; charset=utf-8"),
    "one in ten is refused": Case(one_in(10, FULL), READY, "The node answers"),
}  # fmt: skip
UNNOTICED = {name for name, case in CASES.items() if case.verdict == READY}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower._PAUSE, "max", 0.1)  # noqa: SLF001 -- up to five seconds else


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoind]:
    """One for all tests; each leaves it in order."""
    with Bitcoind(program("bitcoind"), tmp_path_factory.mktemp("bitcoind") / "data") as running:
        mine_all(running, [Recipe(tag=b"/ViaBTC/")] * 5)
        yield running


def settings(node: Bitcoind, url: str, folder: Path) -> Config:
    """How a monitor is configured that knows the proxy only."""
    section = {"url": url, "cookie_file": node.cookie_file, "timeout_seconds": 5.0, "poll_seconds": 0.5}
    store = {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}
    return Config.model_validate({"node": section, "store": store, "web": {"port": 0}, "windows": "24h"})


async def mined(node: Bitcoind) -> str:
    return (await asyncio.to_thread(mine_all, node, [Recipe(tag=b"/%d/" % time.monotonic_ns())]))[-1]


# -- at the start ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", CASES)
async def test_check_and_run_come_to_the_same_verdict(node: Bitcoind, tmp_path: Path, what: str) -> None:
    case = CASES[what]
    async with FaultyProxy(node.url, case.fault) as proxy:
        proxy.content_type = case.content_type
        config = settings(node, proxy.url, tmp_path)

        found = [each async for each in check(config)]
        bad = [each for each in found if each.grade is Grade.BAD]
        assert max(each.exit_code for each in found) == case.verdict, bad
        assert case.said.lower() in "\n".join(each.what for each in (bad or found)).lower()

        if case.verdict == REFUSED:
            with pytest.raises(NodeRefused) as refused:
                async with inside(config) as daemon:
                    await daemon.wait_for()
            assert case.said in str(refused.value)
            assert same(bad, str(refused.value))
        else:
            async with inside(config) as daemon:
                tip = await mined(node) if case.verdict == READY else None
                status = await daemon.wait_for(tip, waiting=case.said if case.verdict == WAITS else None)
                assert same(bad, status["waiting"])


def same(bad: list[Finding], reason: str | None) -> bool:
    """Whether `check` found what the daemon says."""
    return not bad if reason is None else [reason.lower().startswith(each.what.lower()[:-1]) for each in bad] == [True]


# -- after good service ------------------------------------------------------------------------------------------------


class Clock:
    """The follower's clock, and how far it is ahead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        monkeypatch.setattr(follower, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + self.ahead))


async def test_what_fails_after_ten_good_minutes_is_waited_out(
    node: Bitcoind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    async with FaultyProxy(node.url) as proxy, inside(settings(node, proxy.url, tmp_path)) as daemon:
        await daemon.wait_for(await mined(node))
        for what, case in CASES.items():
            clock.ahead += 600
            proxy.fault, proxy.content_type = case.fault, case.content_type
            tip = await mined(node)
            if what in UNNOTICED:
                await daemon.wait_for(tip)
            elif what not in {"another shape", "unknown error", "starting", "testnet3"}:  # calls of the start only
                status = await daemon.wait_for(waiting="")
                assert status["ready"] is False
                clock.ahead += 600
                await daemon.wait_for(waiting="")
            proxy.fault, proxy.content_type = nothing, None
            await daemon.wait_for(tip)
            await daemon.wait_for(await mined(node))


@pytest.mark.parametrize("what", ["401", "403", "404", "a login page", "getblock is not whitelisted"])
async def test_a_refusal_after_good_service_is_final_when_it_lasts(
    node: Bitcoind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    clock = Clock(monkeypatch)

    async def live(proxy: FaultyProxy) -> None:
        async with inside(settings(node, proxy.url, tmp_path)) as daemon:
            await daemon.wait_for(await mined(node))
            proxy.fault = CASES[what].fault
            tip = await mined(node)
            await daemon.wait_for(waiting="")
            clock.ahead += 901
            await daemon.wait_for(tip)

    async with FaultyProxy(node.url) as proxy:
        with pytest.raises(NodeRefused):
            await live(proxy)


async def test_a_restart_while_a_proxy_refuses_is_waited_out(node: Bitcoind, tmp_path: Path) -> None:
    async with FaultyProxy(node.url) as proxy:
        config = settings(node, proxy.url, tmp_path)
        async with inside(config) as daemon:
            await daemon.wait_for(await mined(node))
        proxy.fault = CASES["401"].fault
        async with inside(config) as daemon:
            await daemon.wait_for(waiting="does not accept our credentials")
            proxy.fault = nothing
            await daemon.wait_for(await mined(node))
