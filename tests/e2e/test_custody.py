"""Rewards of real wallets on a real node: who spends together is found, and who was sent dust is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.command import pool_monitor
from support.daemon import Daemon
from support.databases import EmptyDatabase
from support.services import wait_until
from support.wallet import Wallet

pytestmark = [pytest.mark.service("bitcoind"), pytest.mark.timeout(300)]

Start = Callable[..., Daemon]
FOUNDRY, ANTPOOL, VIABTC = b"/Foundry USA Pool #dropgold/", b"/AntPool/", b"/ViaBTC/"
REWARDS = 3


class Treasury:
    """The coins of several pools in one wallet, which spends only what it is told to."""

    def __init__(self, node: Bitcoind) -> None:
        self.node = node
        self.wallet = Wallet(node)
        self.elsewhere = node.call("getnewaddress")

    def mine(self, tag: bytes, address: str, count: int = 1) -> list[str]:
        """Mine blocks of a pool; their hashes."""
        script = bytes.fromhex(self.node.call("getaddressinfo", address)["scriptPubKey"])
        return [self.wallet.mine([], tag=tag, payout=script) for _ in range(count)]

    def bury(self, blocks: int) -> None:
        """Mine blocks of nobody."""
        self.node.call("generatetoaddress", blocks, self.elsewhere)

    def spend(self, blocks: Iterable[str], *, to: str, beside: Iterable[dict[str, Any]] = ()) -> None:
        """Send the rewards of these blocks, and other coins, to one address."""
        inputs, total = [*beside], Decimal(0)
        for block in blocks:
            coinbase = self.node.call("getblock", block, 2)["tx"][0]
            inputs.append({"txid": coinbase["txid"], "vout": 0})
            total += coinbase["vout"][0]["value"]
        raw = self.node.call("createrawtransaction", inputs, [{to: str(total - Decimal("0.01"))}])
        signed = self.node.call("signrawtransactionwithwallet", raw)
        assert signed["complete"]
        self.node.call("sendrawtransaction", signed["hex"], 0)

    def dust(self, *addresses: str) -> list[dict[str, Any]]:
        """Send a little to each address; the coins."""
        coin = next(each for each in self.node.call("listunspent", 1) if each["amount"] == 1)  # no pool's
        inputs = [{"txid": coin["txid"], "vout": coin["vout"]}]
        outputs = [{address: 0.00001} for address in addresses]
        sent = self.node.call("send", outputs, None, "unset", 20, {"inputs": inputs})["txid"]
        paid = self.node.call("gettransaction", sent, True, True)["decoded"]["vout"]  # noqa: FBT003 -- the node's own
        by_address = {each["scriptPubKey"]["address"]: each["n"] for each in paid}
        return [{"txid": sent, "vout": by_address[address]} for address in addresses]


def test_pools_that_consolidate_together_are_one_custodian(
    start_bitcoind: Callable[..., Bitcoind], start_daemon: Start, new_database: str
) -> None:
    """Whoever sends them dust, or writes the name of another pool into a block of its own, is not united with them."""
    treasury = Treasury(start_bitcoind("-disablewallet=0", "-fallbackfee=0.0001"))
    node = treasury.node
    own = {tag: node.call("getnewaddress") for tag in (FOUNDRY, ANTPOOL, VIABTC)}
    mined = {tag: treasury.mine(tag, address, REWARDS) for tag, address in own.items()}
    (forged,) = treasury.mine(VIABTC, own[FOUNDRY])
    treasury.bury(101)
    daemon = start_daemon(node, custody__enabled=True, store__url=new_database)
    daemon.wait_for(node.call("getbestblockhash"))

    first, second, third = treasury.dust(own[FOUNDRY], own[ANTPOOL], own[VIABTC])
    treasury.spend([*mined[FOUNDRY], *mined[ANTPOOL], forged], to=node.call("getnewaddress"), beside=[first, second])
    treasury.spend(mined[VIABTC], to=node.call("getnewaddress"), beside=[third])
    treasury.bury(1)

    wait_until(lambda: _shares(daemon).get("antpool-custody") == 2 * REWARDS, seconds=30, what="the custody cluster")
    assert _shares(daemon)["viabtc"] == REWARDS + 1
    assert daemon.ask("/api/v1/pools/viabtc")["belongs"]["custodian"] is None
    assert "antpool-custody" in daemon.text("/builders?level=custodian")
    assert daemon.metric('pool_monitor_measured_group_pools{group="antpool-custody",level="custodian"}') == 2
    done = pool_monitor("registry", "proposals", "--json", folder=daemon.folder, environment=daemon.environment)
    assert {(each["pool"], each["until"]) for each in json.loads(done.stdout)} == {
        ("antpool", None), ("foundryusa", None),
    }  # fmt: skip
    assert daemon.events("output failed, restarting") == []


@pytest.fixture
def new_database(empty_database: EmptyDatabase) -> Iterator[str]:
    """The URL of an empty database, of either engine."""
    with empty_database() as url:
        yield url


def _shares(daemon: Daemon) -> dict[str, int]:
    """Blocks by custodian; none before the level is there."""
    with suppress(OSError):  # 400
        (window,) = daemon.ask("/api/v1/shares?level=custodian&window=1y")["windows"]
        return {each["entity"]: each["blocks"] for each in window["shares"]}
    return {}
