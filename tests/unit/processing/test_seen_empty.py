"""Empty blocks, from the sightings of nodes to the numbers of a snapshot."""

from pathlib import Path

from support.fake_chain import BEFORE_ALL, START, block_on, judge

from monitor.model import Plan, Sighting, Window
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.registry.loading import load_registry
from monitor.store.store import Store


async def test_a_snapshot_knows_how_soon_nodes_saw_empty_blocks(tmp_path: Path) -> None:
    chain = [block_on(BEFORE_ALL, tx_count=2)]
    for height, size in ((1, 1), (2, 2), (3, 1), (4, 1)):
        chain.append(block_on(chain[-1].ref, time=START + 10 * height, tx_count=size))
    plan = Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain))
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as store:
        await store.apply(plan, judge(chain, "foundryusa"))
        await store.branches.note_sightings(
            Sighting(block.ref, "home", START + at, lag_seconds=0.0)
            for block, at in zip(chain[:4], (1.0, 9.0, 20.0, 60.0), strict=True)
        )
        counter = WindowCounter(store, [Window.parse("24h")], Rulebook.of(load_registry(), "main"))
        await counter.recount()
        state = await counter.state(plan)
        assert state

    assert state.intervals == {1: 8.0, 3: 40.0}, "block 2 is not empty, and no node saw block 4 arrive"
    signals = state.snapshot().signals
    assert signals
    (found,) = (each for each in signals.empty if each.pool == "foundryusa")
    assert (found.empty, found.timed, found.soon, found.median_seconds) == (3, 2, 1, 24.0)
