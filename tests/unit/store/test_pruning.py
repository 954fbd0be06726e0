"""Old details are deleted a day at a time, newer ones and blocks are kept; on both engines."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from support.audits import audit_of
from support.stored import fill, judged

from monitor.model import Sighting
from monitor.store.pruning import Retention
from monitor.store.store import Store

from .test_stratum import FIRST

FOREVER = 10**9
BLOCKS = 1_200
KEPT = Retention(audit_transactions=3, stratum_rounds=2, blocks=5)


async def filled(store: Store) -> None:
    """Eight days of blocks; every hundredth has an audit and a sighting."""
    chain = [*islice(judged(), BLOCKS)]
    await fill(store, iter(chain))
    for each in chain[::100]:
        await store.audits.save(audit_of(each.block.ref, time=each.block.header.time), keep_seconds=FOREVER)
    await store.branches.note_sightings([Sighting(each.block.ref, "home", 1.0, lag_seconds=0) for each in chain[::100]])
    for each in (chain[0], chain[1], chain[-1]):
        await store.stratum.save(replace(FIRST, parent=each.block.ref))


async def test_what_would_be_deleted_is_what_is_deleted(store: Store) -> None:
    await filled(store)
    expected = await store.expired(KEPT)
    assert 0 < expected["audits"] == expected["sightings"] < expected["audit_transactions"] < BLOCKS // 100
    assert expected["stratum_rounds"] == 2

    assert await store.prune(KEPT) == expected
    assert not any((await store.expired(KEPT)).values())
    assert len(await store.branches.sightings()) == BLOCKS // 100 - expected["sightings"]
    assert len(await store.blocks(BLOCKS + 1)) == BLOCKS
    oldest = (await store.audits.newest(BLOCKS))[-1].audit
    assert oldest.transactions == ()
    newest = (await store.audits.newest(1))[0].audit
    found = await store.audits.find(newest.ref.hash)
    assert found
    assert len(found.transactions) == 1


async def test_details_of_blocks_are_kept_for_ever_by_default(store: Store) -> None:
    await filled(store)

    await store.prune(Retention(audit_transactions=1, stratum_rounds=1))

    assert len(await store.audits.newest(BLOCKS)) == len(await store.branches.sightings()) == BLOCKS // 100


async def test_an_empty_database_has_nothing_to_delete(store: Store) -> None:
    assert not any((await store.prune(KEPT)).values())


async def test_free_space_is_given_back(store: Store) -> None:
    await filled(store)
    await store.prune(KEPT)
    before, _ = await store.space()

    await store.compact()

    after, free = await store.space()
    if store.engine == "sqlite":  # a server notes in files of its own what is free
        assert after < before
    assert free == 0


async def test_blocks_below_a_height_are_forgotten(store: Store) -> None:
    await filled(store)
    tip = await store.tip()
    assert tip

    await store.forget(tip.height - 500)

    first = await store.first()
    assert first
    assert first.height == tip.height - 500
    assert not await store.chain_problems(BLOCKS)
    assert len(await store.branches.sightings()) == 5
