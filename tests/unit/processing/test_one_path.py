"""One history, one result: the same numbers live, backfilled, replayed, exported and re-attributed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.fake_chain import ALL, SPACING, START, FakeNode, block_on

from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.parse import parse
from monitor.backfill import ingest
from monitor.backfill.protocol import BackfillJob, Finished, SourceStarted
from monitor.backtest.backtest import stored_blocks
from monitor.backtest.replay import Replay, Scope
from monitor.chain.follower import Follower
from monitor.config import Config, NodeSection, RegistrySection, StoreSection
from monitor.export.history import ExportOptions, export_history
from monitor.hub import Hub
from monitor.model import Block, Concentration, Confidence, Reach, Snapshot
from monitor.outputs.metrics import CATALOGUE
from monitor.pipeline import Pipeline
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.judging import judge
from monitor.processing.reattribution import reattribute
from monitor.processing.stored_blocks import Span
from monitor.registry.loading import load_registry
from monitor.store.reading import Reading
from monitor.store.rows import RowBatch
from monitor.store.store import Store
from monitor.vitals import Vitals

NETWORK = "main"
POOLS = ((b"/ViaBTC/", b"\x00\x01"), (b"Foundry USA Pool #dropgold", b"\x00\x02"), (b"Mined by AntPool", b"\x00\x03"))
MINERS = ((b"/garden shed/", b"\x00\x11"), (b"/windmill/", b"\x00\x12"))
"""Unknown miners, each recognisable by a text and a payout."""
MOVED = {"pool": "viabtc", "operator": "antpool", "template": "antpool", "since": "2023-11-15"}
"""A membership that begins in the middle of the history."""
COUNTED = [each for each in CATALOGUE if "window" in each.labels]

Numbers = dict[tuple[str, str], Any]


def source(at: int) -> tuple[bytes, bytes]:
    """Text and payout of the block at a height: pools, two unknown miners, and miners without a second block."""
    if at % 7 == 3:
        return MINERS[at // 7 % 2]
    if at % 11 == 5:
        return f"lone {at * at}".encode(), b"\x00\x20" + at.to_bytes(4)
    return POOLS[at * at % 7 % 3]


def header_time(at: int) -> int:
    """Mostly ten minutes after the block before; every ninth goes backward."""
    return START + SPACING * at - (3 * SPACING if at % 9 == 4 else 0)


def extend(node: FakeNode, blocks: int, *, shift: int = 0, depth: int = 0) -> None:
    """Add blocks to the chain of a node, in place of the `depth` highest; `shift` changes their miners."""
    chain: list[Block] = []
    for _ in range(blocks):
        parent = chain[-1].ref if chain else node.chain[-1 - depth].ref
        script, payout = source(parent.height + 1 + shift)
        chain.append(block_on(parent, script=script, payout=payout, time=header_time(parent.height + 1)))
    node.switch(depth=depth, blocks=chain)


def config_of(folder: Path, name: str) -> Config:
    pools = folder / "pools.toml"
    pools.touch()
    return Config(
        store=StoreSection(url=f"sqlite:///{folder / name}"),
        registry=RegistrySection.model_validate({"overrides": [MOVED], "user_file": pools}),
        windows="12h,7d,40b",  # type: ignore[arg-type]
    )


def rulebook(config: Config) -> Rulebook:
    return Rulebook.of(load_registry(config.registry, NETWORK), NETWORK)


class Live:
    """The pipeline between a node and a store."""

    def __init__(self, node: FakeNode, hub: Hub) -> None:
        self._node = node
        self._hub = hub

    async def snapshot(self) -> Snapshot:
        """The snapshot of the node's tip."""
        async with asyncio.timeout(60):
            while not (  # noqa: ASYNC110 -- two things to wait for
                self._node.is_quiet and (shown := self._hub.snapshot) and shown.tip_hash == self._node.best.hash
            ):
                await asyncio.sleep(0.001)
        return shown


@asynccontextmanager
async def live(config: Config, node: FakeNode, reach: Reach = ALL) -> AsyncIterator[Live]:
    """Run the pipeline."""
    async with await Store.open(config.store.url) as store:
        await store.note_network(NETWORK)
        vitals = Vitals()
        hub = Hub(vitals)
        counter = WindowCounter(store, config.windows, rulebook(config))
        pipeline = Pipeline(
            Follower(node, store, reach, vitals=vitals, pause=lambda _state: 0.0),
            store,
            counter,
            hub=hub,
            vitals=vitals,
        )
        tasks = [asyncio.create_task(part) for part in (pipeline.follow(), pipeline.publish())]
        try:
            yield Live(node, hub)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def numbers(concentration: Sequence[Concentration]) -> Numbers:
    return {
        (each.level, each.window.name): (
            each.blocks, each.unknown, each.alone, each.split, each.merged, sorted(each.shares, key=lambda s: s.entity)
        )
        for each in concentration
    }  # fmt: skip


def without_rates(found: Numbers) -> Numbers:
    """Re-attribution compares counts only, not hashrates."""
    return {key: (*rest, [share[:6] for share in map(tuple, shares)]) for key, (*rest, shares) in found.items()}


class History:
    """What the daemon showed, block by block, and the chain and the store behind it."""

    def __init__(self, config: Config, node: FakeNode, shown: Mapping[int, Snapshot]) -> None:
        self.config = config
        self.node = node
        self.shown = shown
        """Snapshots by the height of the tip."""

    @property
    def last(self) -> Snapshot:
        return self.shown[max(self.shown)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sequence[Block], Mapping[int, Snapshot]]:
    """A database, the chain in it, and what was shown: made once."""
    folder = tmp_path_factory.mktemp("live")
    found = asyncio.run(lived(folder))
    return folder / "live.sqlite", found.node.chain, found.shown


@pytest.fixture
def history(made: tuple[Path, Sequence[Block], Mapping[int, Snapshot]], tmp_path: Path) -> History:
    """A copy of it, that a test may change."""
    database, chain, shown = made
    config, node = config_of(tmp_path, database.name), FakeNode(1)
    copyfile(database, tmp_path / database.name)
    node.chain = [*chain]
    node.known = {block.hash: block for block in chain}
    return History(config, node, shown)


async def lived(folder: Path) -> History:
    """Catching up, a reorganisation that changes the blocks of pools and of unknown miners, then block by block."""
    config, node, shown = config_of(folder, "live.sqlite"), FakeNode(1), {}
    extend(node, 199)
    async with live(config, node) as pipeline:
        await pipeline.snapshot()
        extend(node, 8, shift=3, depth=6)
        await pipeline.snapshot()
        for _ in range(7):
            extend(node, 1)
            snapshot = await pipeline.snapshot()
            shown[snapshot.tip.height] = snapshot
    found = History(config, node, shown)
    assert found.last.tally.reorgs == 1
    assert len(found.last.unknown_miners) == len(MINERS)
    operators, pools = (
        {share.entity for each in found.last.concentration if each.level == level for share in each.shares}
        for level in ("operator", "pool")
    )
    assert {each.name for each in found.last.unknown_miners} <= operators & pools
    assert "viabtc" in pools
    assert "antpool" in operators
    return found


async def test_backfilled_numbers_are_those_of_the_live_chain(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, node = config_of(tmp_path, "backfilled.sqlite"), history.node
    async with live(config, node, Reach(seconds=0, blocks=1)) as pipeline:
        assert numbers((await pipeline.snapshot()).concentration) != numbers(history.last.concentration)
    registry = rulebook(config).registry

    @asynccontextmanager
    async def running_worker(order: BackfillJob) -> AsyncIterator[AsyncIterator[object]]:
        async def messages() -> AsyncIterator[object]:
            yield SourceStarted("test")
            for top in range(order.wanted.top.height + 1, 0, -order.wanted.size):
                yield RowBatch.of(judge(node.chain[max(0, top - order.wanted.size) : top], registry))
            yield Finished()

        yield messages()

    monkeypatch.setattr(ingest, "running_worker", running_worker)
    async with await Store.open(config.store.url) as store:
        missing = await ingest.missing(store, 0, size=37)
        assert missing
        order = BackfillJob(NodeSection(), config.registry, NETWORK, wanted=missing)
        assert await ingest.fill(store, order, lambda _progress: None) == Finished()

    async with live(config, node) as pipeline:
        snapshot = await pipeline.snapshot()

    assert numbers(snapshot.concentration) == numbers(history.last.concentration)
    assert snapshot.network_rate == history.last.network_rate
    assert snapshot.confidence == history.last.confidence
    assert snapshot.confidence["7d"][Confidence.LOW]
    assert snapshot.estimates
    assert history.last.estimates
    assert snapshot.estimates.combined == history.last.estimates.combined


async def test_replayed_numbers_are_those_of_the_live_chain(history: History) -> None:
    book = rulebook(history.config)
    rules = parse(
        '[[rule]]\nname = "r"\nvalue = "difficulty"\nabove = 1e30\nseverity = "info"\nsummary = "s"',
        METRIC_LOOKUP, origin="test",
    )  # fmt: skip
    replay = Replay(rules, Scope(book.levels, history.config.windows))

    def work(reading: Reading) -> dict[int, Snapshot]:
        found = {}
        for block in stored_blocks(reading, load_registry(history.config.registry, NETWORK), Span()):
            replay.take(block)
            if block.row.height in history.shown:
                found[block.row.height] = replay.snapshot()
        return found

    async with await Store.open(history.config.store.url, beside=True) as store:
        found = await store.reading(work)

    assert found.keys() == history.shown.keys()
    for height, snapshot in found.items():
        assert numbers(snapshot.concentration) == numbers(history.shown[height].concentration)
        assert snapshot.network_rate == history.shown[height].network_rate
        assert snapshot.confidence == history.shown[height].confidence


def samples(file: Path) -> dict[float, dict[tuple[object, ...], float]]:
    """The values in an OpenMetrics file, by time, then by name and labels."""
    exported: defaultdict[float, dict[tuple[object, ...], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(file.read_text()):
        for sample in family.samples:
            exported[float(str(sample.timestamp))][sample.name, *sorted(sample.labels.items())] = sample.value
    return exported


async def test_exported_numbers_are_those_of_the_live_chain(history: History, tmp_path: Path) -> None:
    file = tmp_path / "history.txt"
    span = Span(min(history.shown), None)
    await export_history(history.config, ExportOptions(SPACING, history.config.windows, span), file)

    exported = await asyncio.to_thread(samples, file)
    compared = set()
    for found in exported.values():
        height = int(next(value for (name, *_), value in found.items() if name == "pool_monitor_block_height"))
        compared.add(height)
        counted = replace(history.shown[height], estimates=None, signals=None)
        for metric in COUNTED:
            expected = {
                (metric.full_name, *sorted(zip(metric.labels, labels, strict=True))): value
                for labels, value in metric.samples(counted)
            }
            assert {key: value for key, value in found.items() if key[0] == metric.full_name} == expected
    assert len(compared) > 5


async def test_reattributed_numbers_are_those_of_the_daemon_before_and_after(history: History) -> None:
    book = rulebook(history.config)
    unchanged = await reattribute(history.config, lambda _done, _total: None)
    assert unchanged.moved == []
    assert numbers(unchanged.before) == numbers(unchanged.after)
    assert without_rates(numbers(unchanged.before)) == without_rates(numbers(history.last.concentration))

    assert history.config.registry.user_file
    history.config.registry.user_file.write_text(
        '[[main.pool]]\nname = "Windmill"\nslug = "windmill"\nkind = "pool"\ntags = ["/windmill/"]\n'
    )
    assert rulebook(history.config).registry.hash != book.registry.hash
    result = await reattribute(history.config, lambda _done, _total: None)
    async with live(history.config, history.node) as pipeline:
        after = await pipeline.snapshot()

    assert [(each.before, each.after) for each in result.moved] == [(None, "windmill")]
    assert without_rates(numbers(result.before)) == without_rates(numbers(history.last.concentration))
    assert without_rates(numbers(result.after)) == without_rates(numbers(after.concentration))
    assert numbers(result.before) != numbers(result.after)
