"""Rounds of the stratum watch, on both engines."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import BlockHash, BlockRef, PoolTurn, StratumRound
from monitor.store.store import Store

FIRST = StratumRound(
    BlockRef(900_000, BlockHash("0a" * 32)), 1_700_000_000.25,
    {"antpool": PoolTurn(20, 12, 0.0, empty_first=True), "poolin": PoolTurn(19, 12, None, empty_first=False, faults=2)},
    {("antpool", "poolin"): 12}, 3200,
)  # fmt: skip
SECOND = replace(FIRST, parent=BlockRef(900_001, BlockHash("0b" * 32)), at=FIRST.at + 600, shared={})


async def test_what_was_stored_is_read_oldest_first(store: Store) -> None:
    for each in (SECOND, FIRST):
        await store.stratum.save(each)

    assert await store.stratum.rounds(0) == [FIRST, SECOND]
    assert await store.stratum.rounds(FIRST.at + 1) == [SECOND]


async def test_the_rest_of_a_round_after_a_restart_does_not_replace_it(store: Store) -> None:
    await store.stratum.save(FIRST)
    await store.stratum.save(replace(FIRST, pools={}, shared={}))

    assert await store.stratum.rounds(0) == [FIRST]
