"""What `check` and the daemon say of several nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.bitcoind import Bitcoind
from support.daemon import inside
from support.faulty import Answer, FaultyProxy, Request, result

from monitor.cli.check.finding import Finding, Grade
from monitor.cli.check.findings import check
from monitor.config import Config

pytestmark = pytest.mark.service("bitcoind")

TESTNET4 = "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"
OTHER_NETWORK = "it is on another network (testnet4) than the counted node"


def on_testnet4(request: Request) -> Answer | None:
    """A node of testnet4 that has only the first block, and a header of an unknown format for it."""
    if request.name == "getblockchaininfo":
        tip = {"blocks": 0, "headers": 0, "bestblockhash": TESTNET4, "initialblockdownload": False}
        return result({"chain": "testnet4", **tip})
    if request.name == "getblockheader":
        return result("00" * 80)
    return result(TESTNET4) if request.name in {"getblockhash", "getbestblockhash"} else None


def settings(node: Bitcoind, observer: str, folder: Path) -> Config:
    own = {"cookie_file": node.cookie_file, "zmq": "off", "poll_seconds": 0.2}
    home = own | {"name": "home", "url": node.url, "trusted": False}
    store = {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}
    nodes = [home, own | {"name": "friend", "url": observer, "rest": "off"}]
    return Config.model_validate({"nodes": nodes, "store": store, "web": {"port": 0}})


async def found(config: Config, words: str) -> Finding:
    """The only finding with these words."""
    [finding] = [each async for each in check(config) if words in each.what]
    return finding


async def test_an_observer_of_another_network_is_named_as_one(bitcoind: Bitcoind, tmp_path: Path) -> None:
    tip = (await asyncio.to_thread(bitcoind.call, "generatetodescriptor", 3, "raw(51)"))[-1]
    async with FaultyProxy(bitcoind.url, on_testnet4) as proxy:
        config = settings(bitcoind, proxy.url, tmp_path)
        finding = await found(config, "The observer friend")
        assert finding.grade is Grade.BETTER
        assert finding.what == f"The observer friend: {OTHER_NETWORK}."
        assert finding.remedy == "correct its url, or remove it from [[nodes]]"
        async with inside(config) as daemon:
            await daemon.wait_for(tip, seconds=20)
            async with asyncio.timeout(20):
                while True:
                    friend = (await daemon.ask("/api/v1/nodes")).get("nodes", [{}])[-1]
                    if str(friend.get("reason")).startswith(OTHER_NETWORK):
                        return
                    await asyncio.sleep(0.05)


async def test_the_counted_node_is_named_and_that_it_is_not_trusted_is_said(bitcoind: Bitcoind, tmp_path: Path) -> None:
    await asyncio.to_thread(bitcoind.call, "generatetodescriptor", 3, "raw(51)")
    async with FaultyProxy(bitcoind.url) as proxy:
        config = settings(bitcoind, proxy.url, tmp_path)
        assert (await found(config, "sends its best block")).what.startswith("The counted node home answers")
        assert (await found(config, "is not trusted")).what.startswith("The counted node home")
        assert (await found(config, "The observer friend")).grade is Grade.GOOD
