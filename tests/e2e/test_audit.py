"""Blocks of real wallets on a real node, against the node's templates: each verdict is the right one."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.command import pool_monitor
from support.daemon import Daemon
from support.services import get, wait_until
from support.wallet import Wallet

pytestmark = [
    pytest.mark.service("bitcoind"),
    pytest.mark.timeout(400),
]  # a node gives a new template every five seconds

Start = Callable[..., Daemon]
QUICK = {"audit__interval_seconds": 1, "audit__grace_seconds": 1, "audit__node_time_ratio": 1}
PASSED_OVER = 'pool_monitor_audit_sanctioned_passed_over_ratio{txid="%s"}'
TEMPLATES = 'pool_monitor_node_rpc_seconds_count{method="getblocktemplate"}'


class Audited:
    """A node with a wallet, and a daemon that audits."""

    def __init__(self, wallet: Wallet, daemon: Daemon) -> None:
        self.wallet = wallet
        self.daemon = daemon

    def settle(self, *txids: str) -> None:
        """Return when these are in the node's template, and have been in the daemon's for the grace period."""
        wait_until(lambda: {*txids} <= {*self.wallet.template()}, seconds=30, what="the template")
        before = self.daemon.metric(TEMPLATES) or 0
        # One may be under way. The next has them, and the one after it is a second later.
        wait_until(lambda: (self.daemon.metric(TEMPLATES) or 0) >= before + 3, seconds=60, what="templates")

    def audit(self, block: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """The audit of a block, once it is there."""
        wait_until(lambda: self._is_audited(block), seconds=20, what=f"the audit of {block}")
        return self.daemon.ask(f"/api/v1/audit/{block}")

    def verdicts(self, block: str) -> dict[str, str]:
        """The verdicts on the transactions that are not simply in both."""
        return {each["txid"]: each["verdict"] for each in self.audit(block)["transactions"]}

    def _is_audited(self, block: str) -> bool:
        with suppress(OSError):  # 404
            get(self.daemon.port, f"/api/v1/audit/{block}")
            return True
        return False


@pytest.fixture
def node(start_bitcoind: Callable[..., Bitcoind]) -> Bitcoind:
    return start_bitcoind("-disablewallet=0", "-fallbackfee=0.0001")


def audited(node: Bitcoind, start_daemon: Start, **settings: object) -> Audited:
    """Start auditing."""
    wallet = Wallet(node)
    daemon = start_daemon(node, **{**QUICK, **settings})
    daemon.wait_for(node.call("getbestblockhash"))
    wait_until(lambda: bool(daemon.events("audit on")), seconds=20, what="the audit")
    return Audited(wallet, daemon)


def test_honest_censoring_and_unseen_blocks(node: Bitcoind, start_daemon: Start) -> None:
    world = audited(node, start_daemon)
    wallet, daemon = world.wallet, world.daemon

    first = [wallet.send(20) for _ in range(3)]
    world.settle(*first)
    honest = world.audit(wallet.mine(wallet.template().values()))
    assert honest["counts"] == {"shared": 3}
    assert honest["fees_sat"] > 0
    assert honest["pool_slug"] == "foundryusa"

    victim = wallet.send(40)
    world.settle(victim)
    others = [wallet.send(15) for _ in range(3)]
    world.settle(*others)
    template = wallet.template()
    template.pop(victim)
    secret = [wallet.make(25) for _ in range(10)]  # more than late relay explains
    block = wallet.mine([*template.values(), *secret], tag=b"/AntPool/")
    secret_ids = [node.call("decoderawtransaction", each)["txid"] for each in secret]

    assert world.verdicts(block) == {victim: "missed", **dict.fromkeys(secret_ids, "unseen")}
    censored = world.audit(block)
    assert censored["foregone_sat"] == pytest.approx((40 - 15) * 225, rel=0.05)
    (missed,) = (each for each in censored["transactions"] if each["verdict"] == "missed")
    assert "above the marginal 15" in missed["reason"]

    page = daemon.text("/audit")
    assert "AntPool" in page
    assert "passed over" in daemon.text(f"/block/{block}")
    rate = 'pool_monitor_audit_template_match_ratio{pool="%s",window="7d"}'
    wait_until(lambda: daemon.metric(rate % "antpool") is not None, seconds=10, what="the metric")
    assert daemon.metric(rate % "foundryusa") == 1
    assert 0.5 < (daemon.metric(rate % "antpool") or 0) < 1

    done = pool_monitor("audit", block, "--format", "json", folder=daemon.folder, environment=daemon.environment)
    assert json.loads(done.stdout) == censored
    done = pool_monitor("audit", censored["height"], folder=daemon.folder, environment=daemon.environment)
    assert victim in done.stdout
    assert "missed" in done.stdout
    last = world.audit(wallet.mine(wallet.template().values()))
    assert last["counts"] == {"shared": 1}  # who left it out is not the one that mines it


def test_a_stale_template_and_a_replacement_are_no_censorship(node: Bitcoind, start_daemon: Start) -> None:
    world = audited(node, start_daemon)
    wallet = world.wallet
    old = [wallet.send(10) for _ in range(3)]
    world.settle(*old)
    template = wallet.template()
    young = [wallet.send(50) for _ in range(2)]
    world.settle(*young)

    block = wallet.mine(template.values())

    assert world.audit(block)["counts"] == {"shared": 3}  # of the template that it was made of
    assert world.audit(block)["template_age_seconds"] > QUICK["audit__grace_seconds"]

    conflicting = wallet.make(60)
    (coin,) = node.call("decoderawtransaction", conflicting)["vin"]
    rival = wallet.make(30, coin={"txid": coin["txid"], "vout": coin["vout"]})
    node.call("sendrawtransaction", rival)
    rival_id = node.call("decoderawtransaction", rival)["txid"]
    world.settle(rival_id)
    late = wallet.send(20)
    world.settle(late)
    template = wallet.template()
    del template[rival_id]

    block = wallet.mine([*template.values(), conflicting])

    verdicts = world.verdicts(block)
    assert verdicts[rival_id] == "conflicted"
    assert verdicts[node.call("decoderawtransaction", conflicting)["txid"]] == "replacement"
    assert "missed" not in verdicts.values()


def test_a_transaction_that_ranks_below_is_prioritised(
    start_bitcoind: Callable[..., Bitcoind], start_daemon: Start
) -> None:
    """The node's own templates are so small that only the best transactions fit."""
    node = start_bitcoind("-disablewallet=0", "-fallbackfee=0.0001", "-blockmaxweight=20000")
    world = audited(node, start_daemon)
    wallet = world.wallet
    best = [wallet.send(30 + number) for number in range(24)]
    low = wallet.send(2)
    wait_until(lambda: low in node.call("getrawmempool"), seconds=10, what="the mempool")
    world.settle(best[-1])
    template = wallet.template()
    assert low not in template

    block = wallet.mine([node.call("getrawtransaction", low), *template.values()])

    verdicts = world.verdicts(block)
    assert verdicts[low] == "prioritised"
    assert "missed" not in verdicts.values()


def test_the_order_of_a_block_says_where_its_builder_deviates(node: Bitcoind, start_daemon: Start) -> None:
    world = audited(node, start_daemon)
    wallet = world.wallet
    wallet.split(60)
    world.settle(*[wallet.send(5 + number) for number in range(45)])
    assert world.audit(wallet.mine(wallet.template().values()))["disorder"] == "nowhere"

    wallet.split(60)
    world.settle(*[wallet.send(5 + number) for number in range(45)])
    *others, last, second, third, fourth = wallet.template().values()
    assert world.audit(wallet.mine([last, second, third, fourth, *others]))["disorder"] == "front"


def test_transactions_of_a_list_are_followed_until_they_are_mined(
    node: Bitcoind, start_daemon: Start, tmp_path: Path
) -> None:
    listed = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
    file = tmp_path / "addresses.txt"
    file.write_text(f"# an example\n{listed}\nno address\n")
    world = audited(node, start_daemon, audit__sanctioned_file=file)
    wallet, daemon = world.wallet, world.daemon
    assert daemon.events("lines of the list of addresses are left out")[0]["lines"] == 1
    modified = 'pool_monitor_input_modified_timestamp_seconds{input="%s"}'
    assert daemon.metric(modified % "sanctioned") == pytest.approx(file.stat().st_mtime)
    assert time.time() - (daemon.metric(modified % "template") or 0) < 60
    victim = wallet.send(40, to=listed)
    world.settle(victim)
    for _ in range(3):
        world.settle(wallet.send(15))
        template = wallet.template()
        template.pop(victim)
        assert world.verdicts(wallet.mine(template.values(), tag=b"/AntPool/")) == {victim: "missed"}
        world.settle(victim)
    wait_until(lambda: daemon.metric(PASSED_OVER % victim) == 1, seconds=10, what="the metric")

    world.audit(wallet.mine(wallet.template().values(), tag=b"/ViaBTC/"))

    def followed() -> Any:  # noqa: ANN401 -- JSON is whatever it is
        (case,) = daemon.ask("/api/v1/audit")["sanctioned"]
        return case

    wait_until(lambda: followed()["mined_by"], seconds=20, what="the one who mined it")
    case = followed()
    assert case == {
        "txid": victim, "first_height": 103, "missed_by": ["antpool"] * 3, "mined_by": "viabtc", "mined_height": 106,
    }  # fmt: skip


CALLS = "getblockchaininfo,getnetworkinfo,getblockhash,getblockheader,getbestblockhash,getzmqnotifications"
LOGIN = {"node__cookie_file": "auto", "node__user": "alice", "node__password": "s3cret"}
RIGHTS = (
    f"-rpcauth=alice:5a17${hmac.new(b'5a17', b's3cret', 'sha256').hexdigest()}", f"-rpcwhitelist=alice:{CALLS}",
    "-rpcwhitelistdefault=0",
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "login", "reason"),
    [
        (("-blocksonly",), {}, "relays no transactions"),
        (RIGHTS, LOGIN, "does not allow getblocktemplate"),
    ],
    ids=["blocksonly", "whitelist"],
)
def test_a_node_that_cannot_do_it_is_reported_once(
    start_bitcoind: Callable[..., Bitcoind],
    start_daemon: Start,
    *,
    arguments: tuple[str, ...],
    login: dict[str, str],
    reason: str,
) -> None:
    node = start_bitcoind(*arguments)
    node.call("generatetoaddress", 3, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
    daemon = start_daemon(node, **QUICK, **login)
    daemon.wait_for(node.call("getbestblockhash"))
    wait_until(lambda: bool(daemon.events("audit off")), seconds=20, what="the reason")

    node.call("generatetoaddress", 1, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
    daemon.wait_for(node.call("getbestblockhash"))

    assert len(daemon.events("audit off")) == 1
    assert reason in daemon.events("audit off")[0]["reason"]
    assert reason in daemon.text("/audit")
    assert daemon.metric("pool_monitor_audit_up") == 0
    assert daemon.events("output failed, restarting") == []
