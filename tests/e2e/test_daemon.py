"""The whole of it: a real node, the daemon as a process of its own, a real Prometheus."""

from __future__ import annotations

import hmac
import signal
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all
from support.daemon import Daemon
from support.prometheus import Prometheus, check_metrics
from support.services import get, wait_until

FOUNDRY, ANTPOOL, VIABTC = b"/Foundry USA Pool #dropgold/", b"/AntPool/", b"/ViaBTC/"
T0 = 1_700_000_000

Start = Callable[..., Daemon]


def recipes(*tags: bytes, start: int = T0) -> list[Recipe]:
    """A block with each tag, ten minutes apart."""
    return [Recipe(tag=tag, time=start + 600 * n) for n, tag in enumerate(tags)]


def test_who_mined_a_block_is_in_prometheus(
    bitcoind: Bitcoind, start_daemon: Start, start_prometheus: Callable[..., Prometheus]
) -> None:
    mine_all(bitcoind, recipes(FOUNDRY, FOUNDRY, ANTPOOL, VIABTC))
    daemon = start_daemon(bitcoind)
    prometheus = start_prometheus(daemon.port)
    prometheus.wait_for("pool_monitor_block_height == 4")

    share = 'pool_monitor_share_ratio{level="pool", window="24h", entity="%s"}'
    assert [sample.value for sample in prometheus.query(share % "foundryusa")] == [0.5]
    assert [sample.value for sample in prometheus.query(share % "antpool")] == [0.25]
    assert prometheus.query(share % "f2pool") == []

    mine_all(bitcoind, recipes(ANTPOOL, ANTPOOL, b"/nobody knows/", ANTPOOL, start=T0 + 4 * 600))

    prometheus.wait_for("pool_monitor_block_height == 8")
    assert [sample.value for sample in prometheus.query(share % "antpool")] == [0.5]
    assert [sample.value for sample in prometheus.query(share % "foundryusa")] == [0.25]
    hhi = {
        sample.labels["unknown"]: sample.value
        for sample in prometheus.query('pool_monitor_hhi{level="pool", window="24h"}')
    }
    assert hhi == {"split": pytest.approx(10_000 * (16 + 4 + 1 + 1) / 64), "merged": pytest.approx(10_000 * 22 / 64)}
    (connected,) = prometheus.query('pool_monitor_blocks_connected_total{pool="antpool", method="tag"}')
    assert connected.value == 4
    (up,) = prometheus.query("pool_monitor_node_up")
    assert (up.value, up.labels["node"]) == (1, f"127.0.0.1:{bitcoind.port}")
    assert prometheus.query('up{job="pool-monitor"}')[0].value == 1


async def test_both_expositions_are_well_formed(bitcoind: Bitcoind, start_daemon: Start, promtool: Path) -> None:
    tip = mine_all(bitcoind, recipes(FOUNDRY, ANTPOOL, VIABTC))[-1]
    daemon = start_daemon(bitcoind, metrics__families="all")
    daemon.wait_for(tip)

    assert check_metrics(promtool, get(daemon.port, "/metrics").decode()) == ""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with (
        aiohttp.ClientSession(headers=accept) as session,
        session.get(f"http://127.0.0.1:{daemon.port}/metrics") as response,
    ):
        assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
        text = await response.text()
    assert text.endswith("# EOF\n")
    assert "# TYPE pool_monitor_reorgs counter\n" in text


def test_a_longer_branch_an_invalidated_block_and_a_switch_at_the_same_height_are_followed(
    bitcoind: Bitcoind, start_daemon: Start
) -> None:
    base = mine_all(bitcoind, recipes(*[FOUNDRY] * 5))
    daemon = start_daemon(bitcoind)
    daemon.wait_for(base[-1])
    entities = 'pool_monitor_share_ratio{entity="%s",level="pool",window="24h"}'

    longer = mine_all(bitcoind, recipes(*[ANTPOOL] * 4, start=T0 + 6000), on=base[1])

    daemon.wait_for(longer[-1])
    assert daemon.metric("pool_monitor_block_height") == 6
    assert daemon.metric(entities % "antpool") == pytest.approx(4 / 6)
    assert daemon.metric("pool_monitor_reorgs_total") == 1
    assert daemon.metric("pool_monitor_reorg_depth_blocks") == 3
    assert daemon.metric('pool_monitor_stale_blocks_total{pool="foundryusa"}') == 3
    assert daemon.ask(f"/api/v1/blocks/{base[-1]}")["stale"] is True
    assert [each["hash"] for each in daemon.ask("/api/v1/blocks?limit=3")["blocks"]] == [
        longer[3], longer[2], base[4],
    ]  # fmt: skip

    bitcoind.call("invalidateblock", longer[0])

    daemon.wait_for(base[-1])
    assert daemon.metric(entities % "foundryusa") == 1
    assert daemon.metric(entities % "antpool") is None
    assert daemon.ask(f"/api/v1/blocks/{base[-1]}")["stale"] is False

    rival = mine(bitcoind, Recipe(tag=VIABTC, time=T0 + 9000), on=base[-2])
    assert bitcoind.call("getbestblockhash") == base[-1]
    bitcoind.call("preciousblock", rival)

    daemon.wait_for(rival)
    assert daemon.metric("pool_monitor_block_height") == 5
    assert daemon.metric(entities % "viabtc") == pytest.approx(1 / 5)
    assert daemon.metric("pool_monitor_reorgs_total") == 3
    assert len(daemon.events("ready")) == 1


def test_what_is_stored_is_shown_while_the_node_is_away(bitcoind: Bitcoind, start_daemon: Start) -> None:
    tip = mine_all(bitcoind, recipes(FOUNDRY, ANTPOOL))[-1]
    daemon = start_daemon(bitcoind)
    daemon.wait_for(tip)
    daemon.stop()
    bitcoind.stop()
    daemon.start()
    wait_until(lambda: daemon.metric("pool_monitor_block_height") == 2, seconds=10, what="the stored numbers")
    assert daemon.metric(f'pool_monitor_node_up{{node="127.0.0.1:{bitcoind.port}"}}') == 0
    assert "the node is not running" in daemon.ask("/api/v1/status")["waiting"]
    bitcoind.start()
    daemon.wait_for(mine(bitcoind, Recipe(tag=VIABTC)))


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_node_that_goes_away_is_waited_for(bitcoind: Bitcoind, start_daemon: Start, how: str) -> None:
    tip = mine_all(bitcoind, recipes(*[FOUNDRY] * 3))[-1]
    daemon = start_daemon(bitcoind, node__poll_seconds=0.5)
    daemon.wait_for(tip)

    (bitcoind.stop if how == "restart" else bitcoind.kill)()
    wait_until(lambda: bool(daemon.events("waiting for the node")), seconds=10, what="the daemon to notice")
    with pytest.raises(OSError, match="503") as refusal:
        get(daemon.port, "/readyz")
    assert str(bitcoind.port) in str(refusal.value) or "cookie" in str(refusal.value)
    assert daemon.ask("/healthz") == {"alive": True}
    assert daemon.metric(f'pool_monitor_node_up{{node="127.0.0.1:{bitcoind.port}"}}') == 0
    assert daemon.metric("pool_monitor_block_height") == 3  # what is known stays known
    bitcoind.start()

    # A killed node may have lost its last blocks: they are mined anew, and the old ones go stale.
    tip = mine_all(bitcoind, recipes(*[ANTPOOL] * 3, start=T0 + 6000))[-1]
    daemon.wait_for(tip)
    assert len(daemon.events("waiting for the node")) == 1
    assert len(daemon.events("connection restored")) == 1
    assert len(daemon.events("ready")) == 1


@pytest.mark.parametrize(
    ("settings", "by"),
    [
        ({"node__zmq": "off"}, {"blocks_by": "rest block", "notices_by": "long poll and timer"}),
        ({"node__rest": "off"}, {"blocks_by": "rpc getblock"}),
    ],
)
def test_less_of_the_node_is_enough(
    bitcoind: Bitcoind, start_daemon: Start, settings: dict[str, str], by: dict[str, str]
) -> None:
    tip = mine_all(bitcoind, recipes(FOUNDRY, FOUNDRY))[-1]
    daemon = start_daemon(bitcoind, node__poll_seconds=600, **settings)
    daemon.wait_for(tip)
    assert by.items() <= daemon.events("connected to the node")[0].items()

    time.sleep(0.5)  # the long poll is under way
    daemon.wait_for(mine(bitcoind, Recipe(tag=ANTPOOL)), seconds=5)
    assert daemon.ask("/api/v1/status")["tip"]["pool_slug"] == "antpool"


def test_the_newest_core_is_asked_for_parts(bitcoind_core: Bitcoind, start_daemon: Start) -> None:
    mine_all(bitcoind_core, recipes(FOUNDRY, FOUNDRY))
    daemon = start_daemon(bitcoind_core)
    daemon.wait_for(mine(bitcoind_core, Recipe(tag=ANTPOOL)))
    assert daemon.events("connected to the node")[0]["blocks_by"] == "rest blockpart"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to(bitcoind: Bitcoind, start_daemon: Start, number: int) -> None:
    tip = mine_all(bitcoind, recipes(FOUNDRY, ANTPOOL))[-1]
    daemon = start_daemon(bitcoind)
    daemon.wait_for(tip)
    wait_until(lambda: bool(daemon.events("ready")), seconds=10, what="the daemon to say that it is ready")

    started = time.monotonic()
    assert daemon.stop(number) == 0

    assert time.monotonic() - started < 20
    assert len(daemon.events("ready")) == 1
    assert len(daemon.events("stopped")) == 1
    daemon.start()
    daemon.wait_for(tip)
    assert daemon.metric('pool_monitor_blocks_connected_total{method="tag",pool="antpool"}') is None  # it was stored
    assert daemon.metric('pool_monitor_window_blocks{window="24h"}') == 2


NEEDED = (
    "getblockchaininfo", "getnetworkinfo", "getblockhash", "getblockheader", "getbestblockhash", "getzmqnotifications",
)  # fmt: skip
"""With REST on, all that the daemon cannot do without."""


def test_a_signal_makes_it_look_now(start_bitcoind: Callable[..., Bitcoind], start_daemon: Start) -> None:
    """On a node that lets us use as little as possible, and announces nothing."""
    node = start_bitcoind(
        "-nozmqpubhashblock", "-nozmqpubsequence",
        f"-rpcauth=alice:5a17${hmac.new(b'5a17', b's3cret', 'sha256').hexdigest()}",
        f"-rpcwhitelist=alice:{','.join(NEEDED)}", "-rpcwhitelistdefault=0",
    )  # fmt: skip
    tip = mine_all(node, recipes(FOUNDRY, FOUNDRY))[-1]
    login = {"node__cookie_file": "auto", "node__user": "alice", "node__password": "s3cret"}
    daemon = start_daemon(node, node__poll_seconds=600, **login)
    daemon.wait_for(tip)
    time.sleep(0.5)
    mine(node, Recipe(tag=ANTPOOL))
    time.sleep(0.5)
    assert daemon.metric("pool_monitor_block_height") == 2

    daemon.signal(signal.SIGUSR1)

    daemon.wait_for(node.call("getbestblockhash"), seconds=3)
    assert "s3cret" not in daemon.log
