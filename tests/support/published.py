"""Updates as the daemon publishes them, of a small chain in memory."""

from __future__ import annotations

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL
from monitor.analysis.snapshot import estimated, snapshot
from monitor.model import BlockRow, Judged, Plan, PoolSlug, Tally, Update, Window
from support.fake_chain import BEFORE_ALL, chain_on, judge

WINDOWS = [Window.parse("24h"), Window.parse("7d")]


def published(blocks: int, *, news: int = 1, pool: str = "toy") -> Update:
    """What is told when a chain has so many blocks above its first, the last `news` of which have just come."""
    judged: tuple[Judged, ...] = judge(chain_on(BEFORE_ALL, blocks + 1)[1:], pool)
    rows = [
        BlockRow(each.block.height, each.block.header.time, each.block.header.bits, each.attribution.pool)
        for each in judged
    ]
    tip = judged[-1].block
    ledger = BlockTable.of(rows, [POOL])
    now = snapshot(
        ledger, WINDOWS, Tally(), tip_hash=tip.hash, first_height=1, caught_up=True, registry="none",
        pool_names={PoolSlug(pool): pool.title()},
    )  # fmt: skip
    plan = Plan(judged[-1 - news].block.ref, tip.hash, connects=tuple(each.block for each in judged[-news:]))
    return Update(plan, judged[-news:], estimated(now, ledger, WINDOWS))
