"""Real nodes that refuse some requests, or do not have some blocks: what was fetched is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.bitcoind import Bitcoind
from support.daemon import Inside, inside
from support.faulty import Answer, Fault, FaultyProxy, Request, error, one_in, result
from support.proxy import CountingProxy
from support.services import pauses

from monitor.backfill import scheduler
from monitor.backfill.protocol import BackfillJob, Finished, Message
from monitor.backfill.segments import MissingBlocks
from monitor.backfill.worker import work
from monitor.config import Config
from monitor.model import BlockHash, BlockRef
from monitor.store.rows import RowBatch

pytestmark = pytest.mark.service("bitcoind")

BLOCKS = 600
BASE = 300
"""Height of the UTXO snapshot."""
FULL = Answer(503, b"Work queue depth exceeded", "text/plain")


@pytest.fixture
def node(bitcoind: Bitcoind) -> Bitcoind:
    """A node with blocks."""
    bitcoind.call("generatetodescriptor", BLOCKS, "raw(51)")
    return bitcoind


def settings(node: Bitcoind, url: str, folder: Path, **of_node: object) -> Config:
    section = {"url": url, "cookie_file": node.cookie_file, "timeout_seconds": 5.0, "poll_seconds": 0.5} | of_node
    store = {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}
    return Config.model_validate({"node": section, "store": store, "web": {"port": 0}, "windows": f"{BLOCKS + 1}b"})


def job(node: Bitcoind, config: Config) -> BackfillJob:
    tip = BlockRef(BLOCKS, BlockHash(node.call("getbestblockhash")))
    return BackfillJob(config.node, config.registry, "regtest", wanted=MissingBlocks(tip, 0, tip, 250))


async def worked(order: BackfillJob) -> tuple[list[int], Finished]:
    """The heights that a backfill obtains, and how it ends."""
    said: list[Message] = []
    ended = await asyncio.to_thread(work, order, said.append)
    batches = [each for each in said if isinstance(each, RowBatch)]
    return sorted(
        height for batch in batches for height in range(batch.first_height, batch.first_height + len(batch.chain))
    ), ended


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_one_refused_request_in_a_hundred_costs_a_few_requests(node: Bitcoind, tmp_path: Path, rest: str) -> None:
    tip = node.call("getbestblockhash")
    needed: dict[str, list[int]] = {"caught up": [], "backfilled": []}
    for fault in (lambda _request: None, one_in(100, FULL)):
        folder = tmp_path / str(len(needed["caught up"]))
        folder.mkdir()
        async with FaultyProxy(node.url, fault) as proxy:
            config = settings(node, proxy.url, folder, rest=rest)
            async with inside(config) as daemon:
                await daemon.wait_for(tip)
                needed["caught up"].append(proxy.asked.total())
            proxy.asked.clear()
            heights, ended = await worked(job(node, config))
            assert (heights, ended) == ([*range(BLOCKS + 1)], Finished())
            needed["backfilled"].append(proxy.asked.total())
    for without, refusing in needed.values():
        assert without > BLOCKS
        assert refusing < 1.05 * without, needed


async def test_what_a_backfill_fetched_above_a_block_that_fails_is_stored(node: Bitcoind, tmp_path: Path) -> None:
    lacking = node.call("getblockhash", 100)

    def fault(request: Request) -> Answer | None:
        if request.name == "getblock" and request.params[0] == lacking:
            return error(-1, "Block not found on disk")
        return Answer(404) if lacking in request.path and "/block" in request.path else None

    async with FaultyProxy(node.url, fault) as proxy:
        heights, ended = await worked(job(node, settings(node, proxy.url, tmp_path)))
    assert heights == [*range(101, BLOCKS + 1)]
    assert ended.fault
    assert ended.fault.endswith("the node answered getblock with error -1: Block not found on disk")


def from_snapshot(node: Bitcoind) -> Fault:
    """It began at a UTXO snapshot, and has downloaded some of the blocks before it."""
    absent = {node.call("getblockhash", height) for height in range(101, BASE + 1)}
    states = [
        {"blocks": 100, "validated": True},
        {"blocks": BLOCKS, "validated": False, "snapshot_blockhash": node.call("getblockhash", BASE)},
    ]

    def fault(request: Request) -> Answer | None:
        if request.name == "getchainstates":
            return result({"headers": BLOCKS, "chainstates": states})
        if request.name == "getblock" and request.params[0] in absent:
            return error(-1, "Block not available (not fully downloaded)")
        if request.path.startswith("/rest/block/") and request.path[12:76] in absent:
            return Answer(404, b"not available (not fully downloaded)", "text/plain")
        return None

    return fault


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_node_from_a_snapshot_is_served_like_a_pruned_one_and_the_gap_is_filled_later(
    node: Bitcoind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setattr(scheduler, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(scheduler, "_AGAIN_SECONDS", 0.5)
    async with (
        FaultyProxy(node.url, from_snapshot(node)) as proxy,
        inside(settings(node, proxy.url, tmp_path, rest=rest)) as daemon,
    ):
        await daemon.wait_for(node.call("getbestblockhash"))
        status = await history(daemon, missing=BASE + 1)
        assert status["first_height"] == BASE + 1
        assert status["history"]["reason"] == (
            "the node began with a UTXO snapshot and is still downloading the blocks below 301"
        )
        proxy.fault = lambda _request: None
        await history(daemon, missing=0)


async def history(daemon: Inside, *, missing: int) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """The answer of `/readyz`, once it says that so many blocks are missing, and why."""
    pause = pauses()
    async with asyncio.timeout(60):
        while True:
            status = await daemon.ask("/readyz")
            known = status["history"]
            if known and known["missing_blocks"] == missing and (not missing or known["reason"]):
                return status
            await asyncio.sleep(next(pause))


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_node_that_accepts_few_connections_is_followed_with_fewer(
    node: Bitcoind, tmp_path: Path, rest: str
) -> None:
    with capture_logs() as log, CountingProxy(node.port, capacity=3) as proxy:
        config = settings(node, proxy.url, tmp_path, rest=rest, zmq="off")
        async with inside(config) as daemon:
            await daemon.wait_for(node.call("getbestblockhash"), seconds=30)
            cut = proxy.cut
            for _ in range(3):
                await daemon.wait_for(node.call("generatetodescriptor", 1, "raw(51)")[0])
        assert cut
        assert proxy.cut - cut <= 2
    assert [line["connections"] for line in log if "accepts no more" in line["event"]] in ([3], [3, 2])
