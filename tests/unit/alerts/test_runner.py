"""The watch over hub and clock: what is judged when, stored before it is told, and told once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.views import split_view

from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.parse import parse
from monitor.alerts.runner import AlertRunner
from monitor.analysis import POOL, BlockTable, snapshot
from monitor.errors import NodeAway, StoreError
from monitor.hub import Hub
from monitor.model import (
    NO_BLOCK,
    Alert,
    AlertState,
    Attribution,
    Block,
    BlockEvents,
    BlockRef,
    BlockRow,
    Judged,
    NodesView,
    Plan,
    PoolSlug,
    Relation,
    Snapshot,
    Tally,
    Window,
)
from monitor.vitals import Vitals

RULES = """
[[rule]]
name = "half"
value = "share_ratio"
where = { window = "10b" }
above = 0.5
until = 0.4
severity = "critical"
summary = "{entity} has {value}"

[[rule]]
name = "reorganisation"
value = "reorg_depth"
above = 1
keep = "1h"
severity = "warning"
summary = "{value} above {height}"

[[rule]]
name = "conflict"
value = "attribution_conflict"
above = 0
keep = "1h"
severity = "info"
summary = "{pool}"

[[rule]]
name = "away"
value = "node_away_seconds"
above = 0
severity = "warning"
summary = "away for {value}"

[[rule]]
name = "lag"
value = "node_behind_blocks"
above = 2
severity = "warning"
summary = "{value} behind"
"""
PAUSE = """
[[rule]]
name = "pause"
value = "block_age_seconds"
above = 3600
severity = "info"
summary = "{value}"
"""
SPLIT = """
[[rule]]
name = "split"
value = "split_depth_blocks"
above = 0
severity = "critical"
summary = "{value}"
"""
WINDOW = Window.parse("10b")
TICK = 0.02


@dataclass
class Notebook:
    """A memory that can fail."""

    kept: tuple[Alert, ...] = ()
    changes: list[Alert] = field(default_factory=list)
    fails: bool = False

    async def load(self) -> list[Alert]:
        return list(self.kept)

    async def save(self, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
        if self.fails:
            raise StoreError("the disk is full")
        self.kept = tuple(standing)
        self.changes += changed


@dataclass
class Pulse:
    """A node's, as the test wants it."""

    waiting: str | None = None
    heard_at: float | None = None
    behind: int = 0

    async def node_behind(self) -> int:
        if self.behind < 0:
            raise NodeAway("it does not answer")
        return self.behind


class Bench:
    """A watch, and all that it looks at."""

    def __init__(self) -> None:
        self.vitals = Vitals()
        self.hub = Hub(self.vitals)
        self.memory = Notebook()
        self.pulse = Pulse()
        self.chain: list[Judged] = []

    @asynccontextmanager
    async def watching(self, rules_text: str = RULES) -> AsyncIterator[AlertRunner]:
        rules = parse(rules_text, METRIC_LOOKUP, origin="test")
        watch = AlertRunner(
            rules,
            METRIC_LOOKUP,
            hub=self.hub,
            store=self.memory,
            node=self.pulse,
            vitals=self.vitals,
            tick_seconds=TICK,
        )
        task = asyncio.create_task(watch.run())
        await settle()
        yield watch
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def grow(self, *pools: str, caught_up: bool = True, counted: bool = True, depth: int = 0) -> None:
        """Blocks of these pools, in place of so many."""
        gone = tuple(each.block.ref for each in reversed(self.chain[len(self.chain) - depth :])) if depth else ()
        kept = self.chain[: len(self.chain) - depth]
        onto = kept[-1].block.ref if kept else BEFORE_ALL
        blocks = chain_on(onto, len(pools))
        judged = tuple(one for block, pool in zip(blocks, pools, strict=True) for one in judge([block], pool))
        self.chain = [*kept, *judged]
        tip = blocks[-1].ref
        plan = Plan(onto, tip.hash if caught_up else NO_BLOCK, disconnects=gone, connects=tuple(blocks))
        self.hub.announce(BlockEvents(plan, judged))
        if counted:
            self.hub.publish(self.snapshot(tip, caught_up=caught_up))

    def snapshot(self, tip: BlockRef, *, caught_up: bool) -> Snapshot:
        rows = [
            BlockRow(one.block.height, one.block.header.time, 0x1D00FFFF, one.attribution.pool) for one in self.chain
        ]
        return snapshot(
            BlockTable.of(rows, [POOL]), [WINDOW], Tally(), tip_hash=tip.hash, first_height=0, caught_up=caught_up,
            registry="", pool_names={PoolSlug("a"): "Alpha"},
        )  # fmt: skip

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(alert.rule, alert.state.value) for alert in self.memory.changes]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def settle() -> None:
    """Let it evaluate: in many short steps, of which each gives it a turn, however long the machine stands still."""
    for _ in range(30):
        await asyncio.sleep(TICK / 10)


async def test_a_clock_that_was_ahead_does_not_hide_that_the_numbers_are_old(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    bench.pulse.heard_at = now + 86_400
    async with bench.watching():
        bench.grow("a")
        await settle()
        bench.pulse.waiting = "the node is away"
        monkeypatch.setattr("monitor.alerts.runner.time.time", lambda: now + 100)
        await settle()
        monkeypatch.setattr("monitor.alerts.runner.time.time", lambda: now + 400)
        await settle()

    behind = bench.vitals.registry.get_sample_value("pool_monitor_behind_seconds")
    assert behind is not None
    assert behind >= 300


async def test_what_changes_is_stored_then_told(bench: Bench) -> None:
    with bench.hub.listen_to_alerts("test") as heard:
        async with bench.watching():
            bench.grow(*"aaabbb", "a")
            alert = await asyncio.wait_for(heard.get(), 60)
    assert alert == bench.memory.changes[0]
    assert alert.summary == "Alpha has 57.1 %"
    assert alert.explanation.startswith("Alpha mined 57.1 % of the ")
    assert bench.hub.alerts == bench.memory.kept == (alert,)
    firing = bench.vitals.registry.get_sample_value(
        "pool_monitor_alerts_firing", {"rule": "half", "severity": "critical"}
    )
    assert firing == 1


async def test_while_it_catches_up_nothing_is_judged_by_blocks(bench: Bench) -> None:
    async with bench.watching():
        bench.grow(*"aaaa", caught_up=False)
        bench.grow(*"aaaa", counted=False)
        await settle()
        assert bench.told == []
        bench.grow(*"ababababab")
        await settle()
    assert bench.told == []


async def test_how_it_stood_before_a_restart_is_how_it_stands(bench: Bench) -> None:
    async with bench.watching():
        bench.grow(*"aaaa")
        await settle()
    kept = bench.memory.kept
    async with bench.watching():
        await settle()
        assert bench.hub.alerts == kept
        bench.grow("a")
        await settle()
        assert bench.told == [("half", "firing")]
        bench.grow(*"bbbbbbbb")
        await settle()
    assert ("half", "resolved") in bench.told


async def test_what_happens_is_told_though_it_is_over_at_once(bench: Bench) -> None:
    async with bench.watching():
        bench.grow(*"abab")
        await settle()
        bench.grow(*"abab", depth=2)
        await settle()
        await settle()
    (alert,) = bench.memory.changes
    assert (alert.rule, alert.summary, alert.labels) == ("reorganisation", "2 above 1", {"height": "1"})


async def test_a_conflict_is_news_only_in_new_blocks(bench: Bench) -> None:
    contradictory = Attribution(PoolSlug("c"), None, "", conflict=True, candidates=(), registry="")

    def joins(blocks: list[Block], *, caught_up: bool) -> None:
        tip = blocks[-1].ref
        bench.chain = [Judged(block, contradictory) for block in blocks]
        plan = Plan(BEFORE_ALL, tip.hash if caught_up else NO_BLOCK, connects=tuple(blocks))
        bench.hub.announce(BlockEvents(plan, tuple(bench.chain)))
        bench.hub.publish(bench.snapshot(tip, caught_up=caught_up))

    async with bench.watching() as watch:
        watch.set_rules([rule for rule in watch.rules if rule.name == "conflict"])
        joins(chain_on(BEFORE_ALL, 3), caught_up=False)
        await settle()
        assert bench.told == []
        joins(chain_on(BEFORE_ALL, 3), caught_up=True)
        await settle()
    assert [(alert.rule, alert.labels) for alert in bench.memory.changes] == [("conflict", {"pool": "c"})]


async def test_the_clock_alone_tells_that_the_node_is_away(bench: Bench) -> None:
    bench.pulse.heard_at = 1.0
    async with bench.watching():
        bench.pulse.waiting = "nothing listens at 127.0.0.1:8332"
        await settle()
        bench.pulse.waiting = None
        await settle()
    assert bench.told == [("away", "firing"), ("away", "resolved")]
    assert "nothing listens at 127.0.0.1:8332" in bench.memory.changes[0].explanation


async def test_a_node_that_is_still_away_after_a_restart_has_been_away_all_the_time(bench: Bench) -> None:
    async with bench.watching():
        bench.pulse.waiting = "nothing listens at 127.0.0.1:8332"
        await settle()
    (fired,) = bench.memory.kept
    bench.memory.kept = (replace(fired, value=700.0),)
    bench.pulse = Pulse()  # it has not been asked yet
    async with bench.watching(RULES.replace("above = 0\nseverity", "above = 600\nseverity")):
        await settle()
        bench.pulse.waiting = "nothing listens at 127.0.0.1:8332"
        await settle()
        assert bench.told == [("away", "firing")]
        bench.pulse.waiting, bench.pulse.heard_at = None, 1.0
        await settle()
    assert bench.told == [("away", "firing"), ("away", "resolved")]


async def test_a_split_is_not_over_after_a_restart_until_the_nodes_have_said_where_they_are(bench: Bench) -> None:
    split = split_view(3)
    home, friend, far = split.nodes
    nowhere = [replace(each, relation=Relation.UNKNOWN, tip=None) for each in (home, friend, far)]
    async with bench.watching(SPLIT):
        bench.hub.show_nodes(split)
        await settle()
    bench.hub.nodes = None
    async with bench.watching(SPLIT):
        for nodes in (nowhere, (home, nowhere[1], far), (home, replace(nowhere[1], up=False, starting=True), far)):
            bench.hub.show_nodes(NodesView(tuple(nodes)))
            await settle()
        bench.hub.show_nodes(split)
        await settle()
        assert bench.told == [("split", "firing")]
        bench.hub.show_nodes(NodesView((home, replace(friend, relation=Relation.SAME), far)))
        await settle()
    assert bench.told == [("split", "firing"), ("split", "resolved")]


async def test_the_node_tells_that_it_is_behind_or_does_not(bench: Bench) -> None:
    async with bench.watching():
        bench.pulse.behind = 7
        await settle()
        bench.pulse.behind = -1
        await settle()
    assert bench.told == [("lag", "firing")]


async def test_what_could_not_be_stored_is_not_told_and_not_forgotten(bench: Bench) -> None:
    async with bench.watching():
        bench.memory.fails = True
        bench.grow(*"ab")
        bench.grow(*"bab", depth=2)
        await settle()
        assert bench.hub.alerts == ()
        bench.memory.fails = False
        await settle()
    assert bench.told == [("half", "firing"), ("reorganisation", "firing")]
    assert (bench.vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "alerts"}) or 0) >= 1


async def test_a_database_that_is_away_is_logged_with_its_reason_and_no_traceback(bench: Bench) -> None:
    with capture_logs() as logs:
        async with bench.watching():
            bench.memory.fails = True
            bench.grow(*"ab")
            bench.grow(*"bab", depth=2)
            await settle()

    failed = [line for line in logs if line["event"] == "alert evaluation failed"]
    assert failed
    assert all(line["reason"] and "exc_info" not in line for line in failed)


async def test_a_reorganisation_waits_for_the_snapshot_that_counts_it(bench: Bench) -> None:
    """The newest snapshot is of the tip before, so the rules for numbers have nothing to look at yet."""
    async with bench.watching():
        bench.grow(*"abab")
        await settle()
        looks = len(bench.memory.changes)
        bench.grow(*"aaaaaaab", depth=2, counted=False)
        await settle()
        assert [name for name, _ in bench.told[looks:]] == ["reorganisation"]
        bench.hub.publish(bench.snapshot(bench.chain[-1].block.ref, caught_up=True))
        await settle()
    assert [name for name, _ in bench.told[looks:]] == ["reorganisation", "half"]


async def test_other_rules_are_in_force_with_the_next_look(bench: Bench) -> None:
    async with bench.watching() as watch:
        bench.grow(*"aaaa")
        await settle()
        watch.set_rules(())
        await settle()
    assert bench.told == [("half", "firing"), ("half", "resolved")]
    assert [alert.state for alert in bench.hub.alerts] == [AlertState.RESOLVED]


async def test_old_blocks_are_no_pause_while_it_catches_up(bench: Bench) -> None:
    """The toy's blocks are years old."""
    async with bench.watching() as watch:
        watch.set_rules(parse(PAUSE, METRIC_LOOKUP, origin="test"))
        bench.grow("a", caught_up=False)
        await settle()
        bench.grow("a")
        await settle()
        assert ("pause", "firing") not in bench.told
    async with bench.watching() as watch:  # after a restart, its own memory begins with the newest block's time
        watch.set_rules(parse(PAUSE, METRIC_LOOKUP, origin="test"))
        await settle()
    assert ("pause", "firing") in bench.told
