"""Blocks that are not counted, and when each node had which block."""

from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.model import BlockHash, BlockRef, Plan, PoolSlug, Sighting
from monitor.store.branches import StaleHeader
from monitor.store.store import Store
from monitor.wire import encode_header


async def test_a_block_of_a_branch_is_stored_as_stale_until_the_chain_takes_it(store: Store) -> None:
    main = chain_on(BEFORE_ALL, 4)
    own, other = main[:3], chain_on(main[1].ref, 2)
    await store.apply(Plan(BEFORE_ALL, own[-1].hash, connects=tuple(own)), judge(own, "toy"))
    await store.branches.add(judge(other, "rival"))
    await store.branches.add(judge(own, "rival"))  # changes nothing

    assert await store.tip() == own[-1].ref
    places = [await store.branches.find(block.hash) for block in (own[2], other[0], other[1])]
    assert [found and (found.ref, found.counted, found.pool) for found in places] == [
        (own[2].ref, True, "toy"), (other[0].ref, False, "rival"), (other[1].ref, False, "rival"),
    ]  # fmt: skip
    assert await store.branches.find(main[3].hash) is None
    assert await store.branches.best_at(own[2].height) == own[2].hash
    assert await store.branches.best_at(99) is None

    await store.apply(
        Plan(main[1].ref, other[-1].hash, disconnects=(own[2].ref,), connects=tuple(other)), judge(other, "rival")
    )
    assert await store.tip() == other[-1].ref


async def test_the_first_time_of_a_sighting_stays_and_its_status_changes(store: Store) -> None:
    block = BlockRef(7, BlockHash("ab" * 32))
    await store.branches.note_sightings([Sighting(block, "home", 100.0, 0.0), Sighting(block, "far", 102.5, 2.5)])
    await store.branches.note_sightings([Sighting(block, "home", None, None, "valid-fork")])
    await store.branches.note_sightings([Sighting(block, "home", 300.0, 9.0)])
    assert await store.branches.sightings() == [
        Sighting(block, "home", 100.0, 0.0, "valid-fork"), Sighting(block, "far", 102.5, 2.5),
    ]  # fmt: skip
    assert await store.branches.sightings(lowest=8) == []
    assert await store.branches.first_seen(block.hash) == 100.0
    assert await store.branches.first_seen(BlockHash("cd" * 32)) is None


async def test_a_sighting_has_the_pool_of_its_block(store: Store) -> None:
    known, unknown, bare = *chain_on(BEFORE_ALL, 2), *chain_on(BlockRef(5, BlockHash("cd" * 32)), 1)
    judged = [*judge([known], "toy"), *judge([unknown], None)]
    await store.apply(Plan(BEFORE_ALL, unknown.hash, connects=(known, unknown)), judged)
    seen = [Sighting(block.ref, "home", 1.0, 0.0) for block in (bare, unknown, known)]
    await store.branches.note_sightings(seen)

    assert [each.pool for each in await store.branches.sightings()] == [None, None, "toy"]


async def test_of_a_header_the_block_may_come_later(store: Store) -> None:
    [block] = chain_on(BEFORE_ALL, 1)
    bare, full = StaleHeader(block.ref, None, None, "list"), StaleHeader(block.ref, b"raw", PoolSlug("toy"), "other")
    assert await store.branches.note_headers([bare]) == 1
    assert await store.branches.note_headers([full]) == 0
    assert await store.branches.headers() == [StaleHeader(block.ref, b"raw", PoolSlug("toy"), "list")]
    await store.branches.add(judge([block], "toy"))
    assert await store.branches.headers() == []
    assert await store.branches.note_headers([full]) == 0


async def test_stale_blocks_without_a_coinbase_are_races_too(store: Store) -> None:
    main = chain_on(BEFORE_ALL, 4)
    await store.apply(Plan(BEFORE_ALL, main[-1].hash, connects=tuple(main)), judge(main, "toy"))
    [whole], [rival] = chain_on(main[1].ref, 1), chain_on(main[2].ref, 1)
    [above] = chain_on(main[3].ref, 1)
    bare = BlockRef(2, BlockHash("ab" * 32))
    await store.branches.note_headers([
        StaleHeader(bare, None, None, "list"),
        StaleHeader(rival.ref, encode_header(rival.header), PoolSlug("rival"), "list"),
        StaleHeader(whole.ref, encode_header(whole.header), PoolSlug("rival"), "list"),
        StaleHeader(above.ref, encode_header(above.header), PoolSlug("rival"), "list"),  # nothing is beside it yet
    ])  # fmt: skip
    await store.branches.add(judge([whole], "other"))

    found = await store.stale(seconds=10**9)
    assert {(row.height, row.hash, row.parent, row.time, row.pool) for row in found} == {
        (2, bare.hash, main[2].header.parent, main[2].header.time, None),
        (2, whole.hash, main[1].hash, whole.header.time, "other"),
        (3, rival.hash, main[2].hash, rival.header.time, "rival"),
    }
    assert {(row.height, row.winner_pool, row.builder) for row in found} == {(2, "toy", "toy"), (3, "toy", None)}
    assert {row.height for row in found if not row.stored} == {2, 3}
    assert [row.hash for row in found if row.stored] == [whole.hash]
    assert await store.stale(seconds=0) == []

    await store.branches.note_sightings([Sighting(rival.ref, "far", None, None, "invalid")])
    assert {row.height for row in await store.stale(seconds=10**9)} == {2}
    assert await store.branches.bits_at([1, 1, 99]) == {1: main[1].header.bits}


async def test_blocks_of_a_branch_that_a_node_follows_are_not_stale_yet(store: Store) -> None:
    main = chain_on(BEFORE_ALL, 4)
    followed, left = chain_on(main[0].ref, 5), chain_on(main[2].ref, 1)
    await store.apply(Plan(BEFORE_ALL, main[-1].hash, connects=tuple(main)), judge(main, "toy"))
    await store.branches.add(judge([*followed, *left], "rival"))

    await store.branches.note_followed_tips([followed[-1].hash])
    assert [row.hash for row in await store.stale(seconds=10**9)] == [left[0].hash]
    await store.branches.note_followed_tips([])
    lost = {row.hash for row in await store.stale(seconds=10**9)}
    assert lost == {left[0].hash, *(block.hash for block in followed[:3])}
