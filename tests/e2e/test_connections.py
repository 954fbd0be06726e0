"""How many connections the daemon has to its node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.fullnode import Full
from support.proxy import CountingProxy
from support.services import wait_until

from monitor.node.connections import MAX_CONNECTIONS

pytestmark = pytest.mark.service("bitcoind")

WAYS: dict[str, dict[str, Any]] = {
    "rest, zmq": {},
    "rest, long poll": {"node__zmq": "off"},
    "rpc, long poll": {"node__zmq": "off", "node__rest": "off"},
}


@pytest.mark.parametrize("way", WAYS)
def test_never_more_than_four_and_idle_ones_are_closed(full: Full, scratch: Path, way: str) -> None:
    """From the start through a backfill with new blocks until nothing happens any more."""
    node = full()
    with (
        CountingProxy(node.port) as proxy,
        Daemon(
            scratch / "daemon", windows="500b", store__history_from=1_500,
            node__url=proxy.url, node__cookie_file=node.cookie_file, node__poll_seconds=600, **WAYS[way],
        ) as daemon,
    ):  # fmt: skip
        daemon.wait_for(node.call("getbestblockhash"))
        at_start = proxy.most
        wait_until(lambda: bool(daemon.events("backfilling")), seconds=30, what="the backfill to begin")
        mine_all(node, [Recipe(tag=b"/AntPool/")] * 2)
        for _ in range(5):
            daemon.wait_for(*mine_all(node, [Recipe(tag=b"/AntPool/")]))
        wait_until(lambda: bool(daemon.events("history is complete")), seconds=60, what="the backfill to end")
        assert 1 < at_start <= MAX_CONNECTIONS
        assert 1 < proxy.most <= MAX_CONNECTIONS == 4

        left = 0 if "zmq" in way else 1  # the long poll
        daemon.wait_for(*mine_all(node, [Recipe(tag=b"/ViaBTC/")]))  # ends a long poll from before the first notice
        wait_until(lambda: proxy.open == left, seconds=20, what="idle connections to be closed")
        daemon.wait_for(*mine_all(node, [Recipe(tag=b"/F2Pool/")]))  # and they are opened again
