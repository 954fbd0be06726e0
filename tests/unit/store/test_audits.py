"""Audits are stored: what is counted for ever, transactions for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.audits import TXID, audit_of
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.model import NO_BLOCK, BlockHash, Disorder, Plan, StoredAudit
from monitor.processing.auditing import AuditQueries
from monitor.store.store import Store

DAY = 86_400


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as store:
        yield store


async def test_an_audit_is_found_as_it_was_stored(store: Store) -> None:
    (block,) = chain = chain_on(BEFORE_ALL, 1)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    audit = audit_of(block.ref)

    await store.audits.save(audit, keep_seconds=DAY)
    await store.audits.save(audit, keep_seconds=DAY)  # after a restart, for example

    found = await store.audits.find(block.hash)
    assert found == audit
    assert found.transactions == audit.transactions
    assert await store.audits.find(BlockHash("ab" * 32)) is None
    assert await store.audits.newest(10) == [StoredAudit(audit, judge(chain)[0].attribution.pool)]


async def test_transactions_are_deleted_and_numbers_stay(store: Store) -> None:
    first, second = chain = chain_on(BEFORE_ALL, 2)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))

    await store.audits.save(audit_of(first.ref, time=1_700_000_000), keep_seconds=DAY)
    await store.audits.save(audit_of(second.ref, time=1_700_000_000 + 2 * DAY, missed=0), keep_seconds=DAY)

    old = await store.audits.find(first.hash)
    assert old
    assert old.transactions == ()
    assert old.counts == audit_of(first.ref).counts
    rows = await store.audits.rows(0)
    assert [(row.height, row.missed_weight) for row in rows] == [(first.height, 561), (second.height, 0)]
    sightings = await store.audits.sanctioned()
    assert [(each.txid, each.height, each.mined) for each in sightings] == [
        (TXID, first.height, False), (TXID, second.height, True),
    ]  # fmt: skip


async def test_the_audit_of_an_earlier_block_has_what_was_found_until_then(store: Store) -> None:
    first, second = chain = chain_on(BEFORE_ALL, 2)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    for block in chain:
        await store.audits.save(audit_of(block.ref, missed=561 if block is second else 0), keep_seconds=DAY)
    queries = AuditQueries(store.audits, lambda *_: {})

    then, now = [await queries.view(block.ref, 1_700_000_000) for block in chain]
    assert [sum(each.blocks for each in view.pools if each.level == "pool") for view in (then, now)] == [3, 6]
    assert [sum(each.missed_blocks for each in view.pools if each.level == "pool") for view in (then, now)] == [0, 3]
    assert [each.audit.ref for each in await queries.newest(10, below=second.height)] == [first.ref]


async def test_the_audit_of_an_earlier_block_reads_nothing_later(store: Store) -> None:
    first, second = chain = chain_on(BEFORE_ALL, 2)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    await store.audits.save(audit_of(first.ref, time=1_700_000_000), keep_seconds=DAY)
    await store.audits.save(audit_of(second.ref, time=1_700_000_000 + DAY), keep_seconds=DAY)

    assert [row.height for row in await store.audits.rows(0, until=1_700_000_000)] == [first.height]
    assert [each.height for each in await store.audits.sanctioned(up_to=first.height)] == [first.height]


async def test_the_order_of_blocks_is_read_by_height_as_far_as_it_is_known(store: Store) -> None:
    first, second, gone = chain = chain_on(BEFORE_ALL, 3)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    await store.audits.save(replace(audit_of(first.ref), disorder=Disorder.FRONT), keep_seconds=DAY)
    await store.audits.save(replace(audit_of(second.ref), disorder=None), keep_seconds=DAY)
    await store.audits.save(audit_of(gone.ref), keep_seconds=DAY)
    await store.apply(Plan(second.ref, NO_BLOCK, disconnects=(gone.ref,)), [])

    assert await store.reading(lambda reading: reading.disorders(0)) == {first.height: Disorder.FRONT}
    assert await store.reading(lambda reading: reading.disorders(1_800_000_000)) == {}


async def test_stale_and_empty_blocks_count_for_nothing(store: Store) -> None:
    kept, gone = chain = chain_on(BEFORE_ALL, 2)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    await store.audits.save(replace(audit_of(kept.ref), tx_count=0), keep_seconds=DAY)
    await store.audits.save(audit_of(gone.ref), keep_seconds=DAY)

    await store.apply(Plan(kept.ref, NO_BLOCK, disconnects=(gone.ref,)), [])

    assert await store.audits.rows(0) == []
    assert await store.audits.find(gone.hash)
    assert len(await store.audits.newest(10)) == 1
