"""Alert rules, and a chain of a real node on which a pool comes to have most of the blocks."""

from __future__ import annotations

import time

from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.services import wait_until

FOUNDRY, OTHERS = b"/Foundry USA Pool #dropgold/", (b"/AntPool/", b"/ViaBTC/", b"/slush/")
WINDOW = 50
MAJORITY = """
[[rule]]
name = "majority"
value = "share_above_probability"
where = { level = "pool", window = "50b", threshold = "0.5" }
above = 0.95
until = 0.5
for_blocks = 2
severity = "critical"
summary = "{entity} has more than half"
"""
OFTEN = """
[[rule]]
name = "share"
value = "share_ratio"
where = { level = "pool", window = "12b", entity = "*" }
above = 0.3
until = 0.3
severity = "info"
summary = "{entity} has much"
"""
"""Its alerts come and go all the time."""


def mine(node: Bitcoind, *, share: float, blocks: int) -> None:
    """So many blocks, of which the pool has its share, evenly spread."""
    found = 0
    for number in range(1, blocks + 1):
        mine_all(node, [Recipe(tag=FOUNDRY if found + 1 <= share * number else OTHERS[number % 3])])
        found += found + 1 <= share * number


def followed(daemon: Daemon, node: Bitcoind) -> None:
    """Wait until it shows the newest block, and has looked at it."""
    daemon.wait_for(node.call("getbestblockhash"))
    height = node.call("getblockcount")
    wait_until(lambda: daemon.metric("pool_monitor_estimates_block_height") == height, seconds=10, what="the estimates")
    time.sleep(0.1)
