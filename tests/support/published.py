"""News as the daemon publishes it, of a small chain in memory."""

from __future__ import annotations

from typing import NamedTuple

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL
from monitor.analysis.snapshot import snapshot
from monitor.analysis.uncertainty.estimates import estimated
from monitor.hub import Hub
from monitor.model import BlockEvents, BlockRow, Judged, Plan, PoolSlug, Snapshot, Tally, Window
from monitor.vitals import Vitals
from support.fake_chain import BEFORE_ALL, chain_on, judge

WINDOWS = [Window.parse("24h"), Window.parse("7d")]


class Published(NamedTuple):
    """A step along the chain, and the numbers at its end."""

    events: BlockEvents
    snapshot: Snapshot

    def to(self, hub: Hub) -> None:
        """Send both, in the order of the daemon."""
        hub.announce(self.events)
        hub.publish(self.snapshot)


def published(blocks: int, *, news: int = 1, pool: str = "toy") -> Published:
    """What is published when a chain has so many blocks above its first, the last `news` of which have just come."""
    judged: tuple[Judged, ...] = judge(chain_on(BEFORE_ALL, blocks + 1)[1:], pool)
    rows = [
        BlockRow(each.block.height, each.block.header.time, each.block.header.bits, each.attribution.pool)
        for each in judged
    ]
    tip = judged[-1].block
    table = BlockTable.of(rows, [POOL])
    now = snapshot(
        table, WINDOWS, Tally(), tip_hash=tip.hash, first_height=1, caught_up=True, registry="none",
        pool_names={PoolSlug(pool): pool.title()},
    )  # fmt: skip
    plan = Plan(judged[-1 - news].block.ref, tip.hash, connects=tuple(each.block for each in judged[-news:]))
    return Published(BlockEvents(plan, judged[-news:], now.pool_names), estimated(now, table, WINDOWS))


def hub_after(blocks: int) -> Hub:
    """A hub that was told what is published when a chain has so many blocks."""
    hub = Hub(Vitals())
    published(blocks).to(hub)
    return hub
