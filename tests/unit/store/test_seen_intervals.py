"""Seconds from a block's parent to the block, as nodes saw them."""

from collections.abc import Mapping

from support.fake_chain import BEFORE_ALL, START, block_on, chain_on, judge

from monitor.model import Block, Plan, Sighting
from monitor.store.store import Store


async def stored(store: Store, seen: Mapping[int, Mapping[str, float | None]]) -> list[Block]:
    """Blocks with header times 600 seconds apart, seen by each node so long after the header time of the genesis."""
    chain = chain_on(BEFORE_ALL, 5)
    await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judge(chain))
    await store.branches.note_sightings(
        Sighting(chain[height].ref, node, None if at is None else START + at, lag_seconds=0.0)
        for height, nodes in seen.items()
        for node, at in nodes.items()
    )
    return chain


async def test_the_first_node_that_had_each_counts(store: Store) -> None:
    await stored(store, {1: {"home": 603.0, "far": 601.0}, 2: {"home": 1210.0, "far": 1214.0}})

    assert await store.seen_intervals([1, 2, 3]) == {2: 609.0}
    assert await store.seen_intervals([1, 3]) == await store.seen_intervals([]) == {}


async def test_of_many_heights_none_is_left_out(store: Store) -> None:
    await stored(store, {3: {"home": 1810.0}, 4: {"home": 2410.0}})

    assert await store.seen_intervals([*range(5, 1200), 4]) == {4: 600.0}


async def test_without_sightings_nothing_is_known(store: Store) -> None:
    await stored(store, {3: {"home": None}, 4: {"home": 2410.0}})

    assert await store.seen_intervals(range(5)) == {}


async def test_blocks_that_were_found_while_no_node_was_there_are_not_timed(store: Store) -> None:
    late, together = {1: {"home": 4000.0}, 2: {"home": 4000.2}}, {3: {"home": 2400.0}, 4: {"home": 2400.5}}
    await stored(store, late | together)

    assert await store.seen_intervals(range(5)) == {}


async def test_a_stale_block_is_not_the_one_at_its_height(store: Store) -> None:
    chain = await stored(store, {3: {"home": 1810.0}, 4: {"home": 2410.0}})
    rival = block_on(chain[3].ref)
    await store.branches.add(judge([rival]))
    await store.branches.note_sightings([Sighting(rival.ref, "home", START + 1900.0, 0.0)])

    assert await store.seen_intervals([4]) == {4: 600.0}
