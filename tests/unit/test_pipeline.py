"""The pipeline: stored, announced, counted, published; and the same numbers whichever way they came about."""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.examples import few
from support.fake_chain import ALL, SPACING, FakeNode, block_on

from monitor.analysis.counting.levels import POOL, Level
from monitor.chain.follower import Follower
from monitor.errors import NodeRefused, StoreError
from monitor.hub import Hub, News
from monitor.model import Block, BlockEvents, Reach, Snapshot, Tally, Window
from monitor.pipeline import Pipeline
from monitor.processing.counter import CountedState, Rulebook, WindowCounter
from monitor.registry.loading import load_pools
from monitor.store.store import Store
from monitor.vitals import Vitals

REGISTRY = load_pools()
WINDOWS = tuple(map(Window.parse, ("1h", "3d", "24h", "3b")))
LEVELS = (POOL, Level("parity", lambda row: "even" if row.height % 2 == 0 else None))
REACH = Reach(3 * 86_400, 3)
TAGS = (b"/ViaBTC/", b"Foundry USA Pool #dropgold", b"Mined by AntPool", b"/nobody/", b"")
PAYOUTS = (b"\x51", b"\x52", b"\x53")


class Street:
    """The pipeline between a fake node and a real store."""

    def __init__(
        self,
        node: FakeNode,
        store: Store,
        *,
        hub: Hub | None = None,
        windows: tuple[Window, ...] = WINDOWS,
        batch: int = 500,
        reach: Reach = REACH,
    ) -> None:
        self.node = node
        self.vitals = Vitals()
        self.hub = hub or Hub(self.vitals)
        self.news: list[News] = []
        follower = Follower(node, store, reach, vitals=self.vitals, batch=batch, pause=lambda _state: 0.0)
        self.counter = WindowCounter(store, windows, Rulebook(REGISTRY, LEVELS))
        self._pipeline = Pipeline(follower, store, self.counter, hub=self.hub, vitals=self.vitals)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Run it."""
        with self.hub.listen("test", limit=10_000) as listener:
            self._listener = listener
            self._task = asyncio.create_task(self._pipeline.follow())
            publishing = asyncio.create_task(self._pipeline.publish())
            try:
                yield
            finally:
                self._task.cancel()
                publishing.cancel()
                await asyncio.gather(self._task, publishing, return_exceptions=True)

    async def settle(self) -> Snapshot:
        """Wait until everything is published and the follower waits for news; the newest snapshot."""
        async with asyncio.timeout(60):
            while not (self._task.done() or (self.node.is_quiet and self._is_published())):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        if self._task.done():
            await self._task
        while news := self._listener.get_nowait():
            self.news.append(news)
        assert self.hub.snapshot
        return self.hub.snapshot

    def _is_published(self) -> bool:
        snapshot = self.hub.snapshot
        # Each step makes a tally of its own, even one that leads back to a tip of before.
        return snapshot is not None and snapshot.caught_up and snapshot.tally is self.counter._tally  # noqa: SLF001

    @property
    def snapshots(self) -> list[Snapshot]:
        return [each for each in self.news if isinstance(each, Snapshot)]

    @property
    def events(self) -> list[BlockEvents]:
        return [each for each in self.news if isinstance(each, BlockEvents)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blocks.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{path}") as opened:
        yield opened


def mine(node: FakeNode, blocks: Iterable[tuple[bytes, int]], *, depth: int = 0) -> list[Block]:
    """New blocks in place of so many: each with a tag, and seconds after the one before."""
    at = node.chain[-1 - depth]
    mined = []
    for tag, seconds in blocks:
        payout = PAYOUTS[(at.height + len(tag)) % len(PAYOUTS)]
        at = block_on(at.ref, time=max(at.header.time + seconds, 0), script=b"\x03abc" + tag, payout=payout)
        mined.append(at)
    node.switch(depth=depth, blocks=mined)
    return mined


def numbers(snapshot: Snapshot) -> Snapshot:
    """Without what was counted since the process started."""
    return replace(snapshot, tally=Tally())


# -- what comes out ----------------------------------------------------------------------------------------------------


async def test_the_first_start(store: Store) -> None:
    node = FakeNode()
    mine(node, [(TAGS[0], 600)] * 6 + [(TAGS[3], 600)] * 3)
    street = Street(node, store)
    with capture_logs() as log:
        async with street.open():
            snapshot = await street.settle()
    assert (snapshot.tip.height, snapshot.tip_hash, snapshot.first_height) == (9, node.best.hash, 0)
    assert snapshot.caught_up
    assert snapshot.registry == REGISTRY.hash
    day = next(one for one in snapshot.concentration if (one.level, one.window.name) == ("pool", "24h"))
    assert day.blocks == 10
    assert (day.shares[0].entity, day.shares[0].blocks) == ("viabtc", 6)
    assert [line["event"] for line in log].count("ready") == 1


async def test_one_block_one_event_one_snapshot_one_line(store: Store) -> None:
    street = Street(node := FakeNode(5), store)
    async with street.open():
        await street.settle()
        with capture_logs() as log:
            [block] = mine(node, [(TAGS[0], 600)])
            await street.settle()
    events, snapshot = street.news[-2:]
    assert isinstance(events, BlockEvents)
    assert isinstance(snapshot, Snapshot)
    assert [each.block for each in events.judged] == [block] == [*events.plan.connects]
    assert events.judged[0].attribution.pool == "viabtc"
    assert snapshot.tip_hash == block.hash
    assert snapshot.estimates
    assert snapshot.signals
    [line] = log
    assert (line["event"], line["height"], line["pool"]) == ("block", 5, "viabtc")
    for name in ("block_event_seconds", "block_publish_seconds"):
        assert street.vitals.registry.get_sample_value(f"pool_monitor_{name}_count") == 2


async def test_blocks_that_come_during_a_computation_are_announced_at_once_and_share_the_next_snapshot(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Street(node := FakeNode(5), store)
    async with street.open():
        await street.settle()
        street.news.clear()
        began, go_on = Event(), Event()
        compute = CountedState.snapshot

        def slowly(state: CountedState) -> Snapshot:
            began.set()
            assert go_on.wait(20)
            return compute(state)

        monkeypatch.setattr(CountedState, "snapshot", slowly)
        first = mine(node, [(TAGS[0], 600)])[0]
        await asyncio.to_thread(began.wait, 20)
        more = []
        with street.hub.listen("watching") as heard:
            for tag in TAGS[1:4]:
                more += mine(node, [(tag, 600)])
                await asyncio.wait_for(heard.get(), 60)
        go_on.set()
        last = await street.settle()
    assert [each.block for events in street.events for each in events.judged] == [first, *more]
    assert [snapshot.tip_hash for snapshot in street.snapshots] == [first.hash, more[-1].hash]
    assert street.news.index(street.snapshots[0]) == len(street.events)  # every event came before
    assert last.estimates
    assert last.estimates.tip == more[-1].ref
    assert street.vitals.registry.get_sample_value("pool_monitor_block_publish_seconds_count") == 1 + len(
        [first, *more]
    )


async def test_catching_up_is_told_as_that_and_ready_once(store: Store) -> None:
    street = Street(FakeNode(25), store, batch=10)
    with capture_logs() as log:
        async with street.open():
            await street.settle()
    assert [events.plan.caught_up for events in street.events] == [False, False, True]
    assert street.snapshots[-1].caught_up
    assert [line["event"] for line in log if line["event"] != "block"] == ["ready"]


async def test_a_restart_tells_how_things_stand_without_a_new_block(store: Store) -> None:
    node = FakeNode(25)
    async with (street := Street(node, store)).open():
        before = await street.settle()
    async with (street := Street(node, store)).open():
        after = await street.settle()
    assert numbers(after) == numbers(before)
    assert after.tally == Tally()
    assert street.events == []
    assert street.snapshots[-1].caught_up


async def test_a_reorg_is_counted(store: Store) -> None:
    node = FakeNode(10)
    mine(node, [(TAGS[0], 600), (TAGS[3], 600)])
    async with (street := Street(node, store)).open():
        await street.settle()
        mine(node, [(TAGS[1], 600)] * 3, depth=2)
        with capture_logs() as log:
            snapshot = await street.settle()
    assert (snapshot.tally.reorgs, snapshot.tally.last_reorg_depth) == (1, 2)
    assert dict(snapshot.tally.stale) == {"viabtc": 1, None: 1}
    assert log[0]["event"] == "reorganisation"
    assert (log[0]["depth"], log[0]["above"]) == (2, 9)
    assert street.events[-1].plan.disconnects != ()


async def test_a_node_that_lost_its_newest_blocks_changes_nothing_before_it_has_others(store: Store) -> None:
    node = FakeNode(10)
    async with (street := Street(node, store)).open():
        before = await street.settle()
        node.mine(0, depth=4)
        assert (await street.settle()).tip_hash == before.tip_hash
        node.mine(1)
        snapshot = await street.settle()
    assert (snapshot.tip.height, snapshot.tip_hash) == (6, node.best.hash)


async def test_windows_of_blocks_alone(store: Store) -> None:
    """No span of time is asked of the store then."""
    windows = (Window.parse("3b"),)
    node = FakeNode(10)
    for _ in range(2):
        street = Street(node, store, windows=windows, reach=Reach(0, 3))
        async with street.open():
            snapshot = await street.settle()
        assert snapshot.concentration[0].blocks == 3


async def test_header_time_that_goes_back_after_a_restart_uncovers_older_blocks(store: Store) -> None:
    windows = (Window.parse("1h"),)
    node = FakeNode(11)
    async with (street := Street(node, store, windows=windows, reach=ALL)).open():
        await street.settle()
    async with (street := Street(node, store, windows=windows)).open():
        assert (await street.settle()).concentration[0].blocks == 6
        node.switch(blocks=[block_on(node.best, time=node.chain[-1].header.time - 1800)])
        assert (await street.settle()).concentration[0].blocks == 6 + 3 + 1


# -- stored, then told -------------------------------------------------------------------------------------------------


class Witness(Hub):
    """Looks into the database, through a connection of its own, at the moment it is told."""

    def __init__(self, vitals: Vitals, path: Path) -> None:
        super().__init__(vitals)
        self.path = path
        self.told = 0

    def announce(self, events: BlockEvents) -> None:
        connection = sqlite3.connect(self.path)
        best = {hash_.hex() for (hash_,) in connection.execute("SELECT hash FROM blocks WHERE NOT stale")}
        connection.close()
        assert {block.hash for block in events.plan.connects} <= best
        assert not {ref.hash for ref in events.plan.disconnects} & best
        self.told += 1
        super().announce(events)


async def test_outputs_hear_of_a_block_after_its_commit(store: Store, path: Path) -> None:
    node = FakeNode(30)
    witness = Witness(Vitals(), path)
    async with (street := Street(node, store, hub=witness, batch=7)).open():
        for length, depth in ((1, 0), (5, 3), (2, 6), (1, 1)):
            await street.settle()
            node.mine(length, depth=depth)
        await street.settle()
    assert witness.told == 5 + 4


async def test_what_cannot_be_stored_is_not_told_and_ends_it(store: Store) -> None:
    node = FakeNode(5)
    async with (street := Street(node, store)).open():
        before = await street.settle()
        broken = replace(block_on(node.best), tx_count=None)  # type: ignore[arg-type]
        node.switch(blocks=[broken])
        with pytest.raises(StoreError, match="NOT NULL"):
            await street.settle()
        assert street.hub.snapshot is before
    assert await store.tip() == node.chain[-2].ref


async def test_a_node_that_refuses_from_the_start_ends_it(store: Store) -> None:
    node = FakeNode(5)

    def refuse(_question: str) -> None:
        raise NodeRefused("wrong password")

    node.before_answer = refuse
    async with (street := Street(node, store)).open():
        with pytest.raises(NodeRefused, match="wrong password"):
            await street.settle()


# -- the same numbers, whichever way -----------------------------------------------------------------------------------


SECONDS = st.one_of(
    st.integers(-3600, 7200), st.sampled_from([SPACING, 12 * 3600]), st.integers(4 * 86_400, 6 * 86_400)
)
"""Between blocks: header times go back by an hour at most, and now and then there is nothing for days."""
BLOCKS = st.lists(st.tuples(st.sampled_from(TAGS), SECONDS), max_size=12)
RACE_BEFORE_THE_WINDOWS = [
    ([(b"/ViaBTC/", SPACING)], 1, False),
    ([(b"/ViaBTC/", 4 * 86_400)], 1, False),
    ([(b"/ViaBTC/", SPACING), (b"/ViaBTC/", SPACING), (b"/ViaBTC/", 5 * 86_400)], 0, False),
]
"""Its blocks are still in the table, but in no window."""


@example(story=[([(b"/ViaBTC/", 0)] * 3, 0, False), ([(b"/ViaBTC/", 345_600)], 1, False)])
@example(story=RACE_BEFORE_THE_WINDOWS)
@given(story=st.lists(st.tuples(BLOCKS, st.integers(0, 12), st.booleans()), min_size=1, max_size=6))
@few
def test_a_restart_makes_no_difference(story: list[tuple[list[tuple[bytes, int]], int, bool]]) -> None:
    """Forward, back and sideways, with restarts in between: what is shown is what a fresh start counts."""

    async def live(folder: str) -> None:
        node = FakeNode()
        async with await Store.open(f"sqlite:///{folder}/blocks.sqlite") as store, AsyncExitStack() as running:
            await running.enter_async_context((street := Street(node, store)).open())
            for blocks, depth, restart in story:
                # A chain that ends below the lowest stored block is no other one: the node is behind.
                mine(node, blocks, depth=min(depth, node.best.height, len(blocks)))
                shown = await street.settle()
                if restart:
                    await running.aclose()
                    await running.enter_async_context((street := Street(node, store)).open())
            assert (await store.tip(), shown.tip_hash) == (node.best, node.best.hash)
            await running.aclose()
            async with (fresh := Street(node, store)).open():
                assert numbers(await fresh.settle()) == numbers(shown)

    # Estimates are functions of the counts, tested where they are made: here they would only take time.
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("monitor.processing.counter.estimated", lambda taken, *_, **__: taken),
    ):
        asyncio.run(live(folder))
