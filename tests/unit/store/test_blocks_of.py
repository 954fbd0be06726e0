"""A pool's own blocks, asked of the store."""

from __future__ import annotations

from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.model import Plan, PoolSlug
from monitor.store.store import Store

TOY = PoolSlug("toy")


async def test_a_pools_blocks_come_highest_first_stale_ones_among_them(url: str) -> None:
    chain = chain_on(BEFORE_ALL, 6)
    async with await Store.open(url) as store:
        for block, pool in zip(chain, ("toy", "other", "toy", "toy", None, "toy"), strict=True):
            await store.apply(
                Plan(await store.tip() or BEFORE_ALL, block.hash, connects=(block,)), judge([block], pool)
            )
        branch = chain_on(chain[4].ref, 1)
        await store.apply(
            Plan(chain[4].ref, branch[0].hash, disconnects=(chain[5].ref,), connects=(branch[0],)), judge(branch, "toy")
        )

        found = await store.blocks_of(TOY, 3)
        assert [(each.judged.block.hash, each.stale) for each in found] == [
            (branch[0].hash, False), (chain[5].hash, True), (chain[3].hash, False),
        ]  # fmt: skip
        assert {each.judged.attribution.pool for each in await store.blocks_of(TOY, 100)} == {TOY}
        assert len(await store.blocks_of(TOY, 100)) == 5
        assert await store.blocks_of(PoolSlug("nobody"), 100) == []
