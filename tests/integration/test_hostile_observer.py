"""An observer that answers with whatever JSON spoils nothing but itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.daemon import Inside, inside
from support.faulty import Answer, Fault, FaultyProxy, Request

from monitor.chain import observer
from monitor.config import Config

pytestmark = pytest.mark.service("bitcoind")

INFINITE = float("inf")
MEGABYTE = "A" * (1 << 20)
UNKNOWN = "ab" * 32
"""The hash of no block."""
ANSWERS: tuple[Any, ...] = (
    None, 5, "no hash", [], {}, {"hash": "ab" * 32}, [{"height": 10**400, "hash": 1, "branchlen": -1}], UNKNOWN,
    {"height": -1, "time": 10**30, "bits": "zz", "version": None, "chainwork": "ff" * 1000, "confirmations": "x"},
    INFINITE, float("nan"), "\ud800", "\x1b[2J\x00", MEGABYTE, {MEGABYTE: MEGABYTE},
)  # fmt: skip
RAW = (
    '{"result": 1e30, "error": null, "id": 1}',
    '{"result": 1e1000000, "error": null, "id": 1}',
    '{"result": {"blocks": [1e999999999]}, "error": null, "id": 1}',
    '{"result": 1, "error": null}',
    '{"result": 1, "error": {"code": Infinity, "message": {"a": []}}}',
    '{"result": ' + "[" * 900 + "]" * 900 + ', "error": null, "id": 1}',
    "[" * 100_000,
    json.dumps({"error": {"code": -1, "message": "\ud800\x1b" + MEGABYTE}}),
    '"error"',
)
"""Bodies that the JSON-RPC library itself trips over, or nearly."""
TWISTED = (
    ("getblockheader", {"version": INFINITE}), ("getblockheader", {"time": INFINITE}),
    ("getblockheader", {"height": 10**300}), ("getblockheader", {"bits": MEGABYTE}),
    ("getblockheader", {"previousblockhash": "\ud800"}), ("getblockchaininfo", {"pruneheight": INFINITE}),
    ("getblockchaininfo", {"blocks": INFINITE}), ("getblockchaininfo", {"chain": MEGABYTE}),
    ("getblockchaininfo", {"backgroundvalidation": {"snapshotheight": -INFINITE}}),
    ("getnetworkinfo", {"subversion": "\ud800x"}), ("getnetworkinfo", {"subversion": MEGABYTE}),
    ("getnetworkinfo", {"subversion": {"deep": [MEGABYTE]}}),
)  # fmt: skip
"""One field of an answer that is honest otherwise."""


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "_LEAST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(observer, "_MOST_PAUSE_SECONDS", 0.2)


def body(text: str) -> Answer:
    return Answer(200, text.encode(), "application/json")


def answer(result: Any) -> Answer:  # noqa: ANN401 -- any JSON
    return body(json.dumps({"result": result, "error": None, "id": 1}, default=float))


def twisted(node: Bitcoind, name: str, fields: dict[str, Any]) -> tuple[asyncio.Event, Fault]:
    """Change fields of the answer to one call; and an event, which is set once that was asked for.

    For headers to be asked for, the best block is one of its own.
    """
    used = asyncio.Event()

    def fault(request: Request) -> Answer | None:
        if request.method == "GET":
            return Answer(404)
        if name == "getblockheader" and request.name == "getbestblockhash":
            return answer(UNKNOWN)
        if request.name != name or request.params[1:] == [False]:
            return None
        known = [node.call("getbestblockhash")] if request.params == [UNKNOWN] else request.params
        used.set()
        return answer(node.call(name, *known) | fields)

    return used, fault


async def until(daemon: Inside, *, up: bool | None, tip: str | None = None) -> dict[str, Any]:
    """The observer, once it is so (None is either), and once the watch shows this tip of the counted node."""
    async with asyncio.timeout(120):
        while True:
            if daemon.task.done():
                await daemon.task
            status, _, document = await daemon.get("/api/v1/nodes")
            assert status in {200, 503}, document
            home, other = json.loads(document)["nodes"] if status == 200 else ({"tip": None}, {"up": None})
            if up in {None, other["up"]} and (tip is None or (home["tip"] and home["tip"]["hash"] == tip)):
                return other
            await asyncio.sleep(0.05)


@asynccontextmanager
async def watched(node: Bitcoind, folder: Path) -> AsyncIterator[tuple[Inside, FaultyProxy]]:
    """A daemon with the node as the counted one, and as an observer behind the proxy."""
    own = {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2}
    await asyncio.to_thread(node.call, "generatetodescriptor", 3, "raw(51)")
    async with FaultyProxy(node.url) as proxy:
        strange = own | {"name": "strange", "url": proxy.url, "zmq": "off", "trusted": False}
        store = {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}
        config = Config.model_validate({"nodes": [own | {"name": "home"}, strange], "store": store, "web": {"port": 0}})
        async with inside(config) as daemon:
            await daemon.wait_for(await asyncio.to_thread(node.call, "getbestblockhash"), seconds=20)
            await until(daemon, up=True)
            yield daemon, proxy


async def mined(node: Bitcoind, daemon: Inside) -> str:
    """A block that is counted."""
    [tip] = await asyncio.to_thread(node.call, "generatetodescriptor", 1, "raw(51)")
    await daemon.wait_for(tip, seconds=20)
    return str(tip)


async def assert_presentable(daemon: Inside) -> None:
    """The watch has not failed, and what it shows is short and can be encoded."""
    metrics = (await daemon.get("/metrics"))[2].decode()
    assert 'pool_monitor_errors_total{kind="output"}' not in metrics
    for path in ("/nodes", "/api/v1/nodes"):
        status, _, document = await daemon.get(path)
        assert status == 200, document
        assert len(document) < 100_000
        assert not {"\x1b", "\x00", "\ud800"} & {*document.decode()}


async def test_any_answer_of_an_observer_is_survived(bitcoind: Bitcoind, tmp_path: Path) -> None:
    async with watched(bitcoind, tmp_path) as (daemon, proxy):
        for given in (*map(answer, ANSWERS), *map(body, RAW)):
            proxy.fault = lambda _request, given=given: given  # type: ignore[misc]
            tip = await mined(bitcoind, daemon)
            assert (await until(daemon, up=False, tip=tip))["reason"]
            await assert_presentable(daemon)
            proxy.fault = lambda _request: None
            await until(daemon, up=True)


async def test_any_field_of_an_observer_is_survived(bitcoind: Bitcoind, tmp_path: Path) -> None:
    async with watched(bitcoind, tmp_path) as (daemon, proxy):
        for name, fields in TWISTED:
            proxy.fault = lambda _request: Answer(502)
            await until(daemon, up=False)
            used, proxy.fault = twisted(bitcoind, name, fields)  # the observer introduces itself again
            await asyncio.wait_for(used.wait(), 60)
            tip = await mined(bitcoind, daemon)
            await until(daemon, up=None, tip=tip)
            await assert_presentable(daemon)
            proxy.fault = lambda _request: None
            await until(daemon, up=True, tip=tip)
