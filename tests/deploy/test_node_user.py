"""The node's RPC user, made as the guides say: it may ask what we ask, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from support.bitcoind import Bitcoind as RealNode
from support.services import CHECKOUT

from monitor.cli.check.finding import Grade
from monitor.cli.check.findings import check
from monitor.config import Config, NodeSection, StoreSection, WebSection
from monitor.model import NO_BLOCK, BlockRef
from monitor.node.client import NodeClient
from monitor.node.rpc import CALLS
from monitor.vitals import Vitals

DEPLOY = CHECKOUT / "deploy" / "bitcoin"


@pytest.fixture
def password(scratch: Path) -> Path:
    """The password of the user, with the file for bitcoin.conf beside it."""
    subprocess.run(["sh", DEPLOY / "rpcauth.sh", scratch / "password", scratch / "rpcauth.conf"], check=True)
    return scratch / "password"


@pytest.fixture
def real(password: Path, scratch: Path, start_bitcoind: Callable[..., RealNode]) -> RealNode:
    """A node whose configuration takes in both files, as in the guides."""
    conf = scratch / "bitcoin.conf"
    conf.write_text(f"includeconf={DEPLOY / 'rpcwhitelist.conf'}\nincludeconf={password.with_name('rpcauth.conf')}\n")
    node = start_bitcoind(f"-conf={conf}")
    node.call("generatetodescriptor", 3, "raw(51)")  # the cookie's user is left as it was
    return node


async def test_it_can_do_all_that_the_daemon_does(real: RealNode, password: Path, tmp_path: Path) -> None:
    entry = {"url": real.url, "network": "regtest", "user": "pool-monitor", "password_file": password}
    store = StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}")
    config = Config(node=NodeSection.model_validate(entry), store=store, web=WebSection(port=0))

    assert [finding.what async for finding in check(config) if finding.grade is Grade.BAD] == []

    # Without REST and ZMQ every question goes over RPC.
    vitals = Vitals()
    async with NodeClient(NodeSection.model_validate({**entry, "rest": "off", "zmq": "off"}), vitals) as node:
        await node.ready()
        start = await node.start_for(seconds=3600, blocks=1)
        found = await node.successors(BlockRef(-1, NO_BLOCK), 10)
        block = await node.block(BlockRef(3, found[3]))
        assert start.height < 3
        assert block.hash == await node.tip()
        assert await node.hash_at(2) == found[2]
        listening = asyncio.create_task(node.run())
        await asyncio.sleep(1)  # long enough for the long poll to be refused
        await asyncio.to_thread(real.call, "generatetodescriptor", 1, "raw(51)")
        await asyncio.wait_for(node.news(), 60)
        listening.cancel()
        assert vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "hints"}) is None


async def test_it_can_do_nothing_else(real: RealNode, password: Path) -> None:
    lets_in = "Basic " + base64.b64encode(f"pool-monitor:{password.read_text().strip()}".encode()).decode()
    assert {"stop", "sendrawtransaction", "invalidateblock"}.isdisjoint(CALLS)

    async with aiohttp.ClientSession(headers={"Authorization": lets_in}) as session:
        for call, status in (("getblockcount", 200), ("stop", 403), ("invalidateblock", 403), ("getpeerinfo", 403)):
            async with session.post(real.url, json={"id": 1, "method": call, "params": []}) as answer:
                assert answer.status == status, call


def test_a_password_is_not_overwritten(password: Path) -> None:
    before = password.read_text()

    again = subprocess.run(
        ["sh", DEPLOY / "rpcauth.sh", password, password.with_name("other")], capture_output=True, check=False
    )

    assert again.returncode != 0
    assert password.read_text() == before
    assert password.stat().st_mode & 0o077 == 0
