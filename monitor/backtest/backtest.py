"""Which alerts rules would have raised over a past, or over made-up chains on which nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from monitor.alerts.loading import load_rules, read_rules
from monitor.alerts.parse import missing_windows
from monitor.alerts.rules import Rule
from monitor.analysis import ConsensusParams
from monitor.analysis.distributions import gamma_quantiles
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.backtest.replay import Episode, Happening, Replay, Scope
from monitor.config import Config
from monitor.errors import InputError
from monitor.model import BlockRow, Race, StoredBlock
from monitor.processing.block_file import read
from monitor.processing.levels import levels
from monitor.processing.stored_blocks import Span, StoredBlocks
from monitor.registry.loading import Knowledge, load_knowledge, network_of
from monitor.store.reading import Reading
from monitor.store.store import Store

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then with how many blocks are done, of how many."""

_YEAR: Final = 365.25 * 86_400
_BLOCK_SECONDS: Final = 600
_BLOCKS_A_YEAR: Final = 52_560
_TOLD_EVERY: Final = 2_000
_NOWHERE: Final = frozenset({"node_away_seconds", "node_behind_blocks", "behind_seconds"})
"""What no past remembers."""
_IN_BLOCKS: Final = frozenset({
    "attribution_conflict", "reorg_depth", "stale_block", "empty_ratio", "empty_blocks", "fees_btc", "signalling_ratio",
    "signalling_blocks", "signalling_threshold_probability", "bip54_ready_ratio", "difficulty",
    "network_hashrate_hashes_per_second", "network_hashrate_lower_hashes_per_second",
    "network_hashrate_upper_hashes_per_second", "hashrate_hashes_per_second",
})  # fmt: skip
"""What needs more of a block than height, time and pool."""
_SINCE_START: Final = frozenset({
    "blocks_connected", "reorgs", "reorg_depth_blocks", "stale_blocks", "attribution_conflicts",
})  # fmt: skip
"""What is counted since a daemon's start."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to hold against what."""

    rules: Path | None = None
    """A file of rules; None: those in force."""
    file: Path | None = None
    """Blocks as CSV or Parquet with height, time and pool; None: those that are stored."""
    span: Span = field(default_factory=Span)
    years: int | None = None
    """So many years of made-up chains, with the shares of the past's last year; None: the past itself."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule would have told."""

    rule: Rule
    episodes: tuple[Episode, ...]
    years: float
    end: float
    """Unix time up to which was judged."""

    @property
    def rate(self) -> float:
        """Alerts a year."""
        return len(self.episodes) / self.years

    @property
    def interval(self) -> tuple[float, float]:
        """95 % credible interval of the rate: alerts as a Poisson process, Jeffreys' prior."""
        found = len(self.episodes)
        lower, upper = gamma_quantiles(TAILS, found + PRIOR) / self.years
        return (float(lower) if found else 0.0), float(upper)

    @property
    def firing(self) -> float:
        """Share of the time during which at least one of its alerts fired."""
        spans = sorted((one.alert.since, one.ended or self.end) for one in self.episodes)
        total, until = 0.0, float("-inf")
        for begin, end in spans:
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        return total / (self.years * _YEAR)


@dataclass(frozen=True, slots=True)
class Report:
    """What all rules would have told."""

    results: tuple[Result, ...]
    left: dict[str, str]
    """Rules that could not be judged, with the reason."""
    first: BlockRow
    last: BlockRow
    blocks: int
    years: float
    simulated: bool


async def backtest(config: Config, asked: Asked, progress: Progress | None = None) -> Report:
    """Hold rules against the past.

    Raises:
        RulesError: the rules cannot be used.
        InputError: there is no such past.
        StoreRefused: there is no store.
    """
    if asked.file:
        knowledge = load_knowledge(config.registry, network_of(config))
        file = asked.file

        def read_and_judge() -> Report:
            past = _Past(_within(read(file), asked.span), in_full=False)
            return _report(config, asked, knowledge, past, progress)

        return await asyncio.to_thread(read_and_judge)
    async with await Store.open(config.store.url, beside=True) as store:
        network = await store.network() or network_of(config)
        knowledge = load_knowledge(config.registry, network)

        def work(reading: Reading) -> Report:
            past = list(_happenings(reading, knowledge, asked.span))
            return _report(
                config, asked, knowledge, _Past(past, in_full=True, rules=ConsensusParams.of(network)), progress
            )

        return await store.reading(work)


@dataclass(frozen=True, slots=True)
class _Past:
    """Blocks, lowest first."""

    blocks: Sequence[BlockRow | Happening]
    in_full: bool
    """Whether they are known with their coinbases."""
    rules: ConsensusParams = field(default_factory=ConsensusParams)

    def row(self, at: int) -> BlockRow:
        one = self.blocks[at]
        return one.row if isinstance(one, Happening) else one


def _report(config: Config, asked: Asked, knowledge: Knowledge, past: _Past, progress: Progress | None) -> Report:
    rules = read_rules(asked.rules) if asked.rules else load_rules(config)
    fitting, left = judgeable(rules, config, in_full=past.in_full and asked.years is None)
    windows = [window for window in config.windows if any(_names(rule, window.name) for rule in fitting)]
    longest = max((window.seconds or (window.blocks or 0) * _BLOCK_SECONDS for window in windows), default=0)
    replay = Replay(fitting, Scope(levels(knowledge), config.windows, knowledge.registry.names, past.rules))
    blocks: Iterable[BlockRow | Happening] = past.blocks
    total = len(past.blocks)
    if asked.years is not None:
        total = asked.years * _BLOCKS_A_YEAR + longest // _BLOCK_SECONDS
        blocks = _made_up(past, total, asked.seed)
    begin: BlockRow | None = None
    last: BlockRow | None = None
    judged = 0
    start = None
    for number, one in enumerate(blocks):
        happening = one if isinstance(one, Happening) else Happening(one)
        last = happening.row
        start = last.time if start is None else start
        if begin is None and last.time - start < longest:
            replay.warm(last)
        else:
            begin = begin or last
            judged += 1
            replay.take(happening)
        if progress and number % _TOLD_EVERY == 0:
            progress(number, total)
    if progress:
        progress(total, total)
    if begin is None or last is None or last.time <= begin.time:
        raise InputError("there is too little to judge: the windows of the rules are longer than the past")
    years = (last.time - begin.time) / _YEAR
    results = tuple(
        Result(rule, tuple(one for one in replay.episodes if one.alert.rule == rule.name), years, last.time)
        for rule in fitting
    )
    return Report(results, left, begin, last, judged, years, asked.years is not None)


def judgeable(rules: Sequence[Rule], config: Config, *, in_full: bool) -> tuple[list[Rule], dict[str, str]]:
    """The rules that a past can be held against, and for the others the reason why not."""
    fitting, left = [], {}
    for rule in rules:
        if rule.value in _NOWHERE:
            left[rule.name] = "no past remembers it"
        elif rule.value in _SINCE_START:
            left[rule.name] = "it is counted since a daemon's start"
        elif rule.value in _IN_BLOCKS and not in_full:
            left[rule.name] = "it needs whole blocks, from the store"
        elif missing := missing_windows(rule, config.windows):
            left[rule.name] = f"{missing[0]} is none of the windows"
        else:
            fitting.append(rule)
    return fitting, left


def _names(rule: Rule, window: str) -> bool:
    return window in rule.where.get("window", ())


def _within(rows: list[BlockRow], span: Span) -> list[BlockRow]:
    first = rows[0].height if span.first is None else span.first
    last = rows[-1].height if span.last is None else span.last
    found = [row for row in rows if first <= row.height <= last]
    if not found:
        raise InputError(f"none of these blocks is in the file: it has {rows[0].height} to {rows[-1].height}")
    return found


def _happenings(reading: Reading, knowledge: Knowledge, span: Span) -> Iterator[Happening]:
    """The stored blocks of the best chain, each with the race that it ended."""
    first, last = span.within(reading)
    lost: list[StoredBlock] = []
    stored = StoredBlocks(reading, knowledge).blocks(first, last, stale=True)
    for _, blocks in groupby(stored, key=lambda block: block.row.height):
        found = list(blocks)
        gone = [block for block in found if block.stale]
        over = [] if gone else lost
        lost = [*lost, *gone] if gone else []
        for block in found:
            if not block.stale:
                yield Happening(block.row, block.conflict, _race(over) if over else None)


def _race(lost: Sequence[StoredBlock]) -> Race:
    by_height = sorted({one.row.height: one for one in lost}.values(), key=lambda one: one.row.height)
    return Race(
        by_height[0].row.height, by_height[0].row.time, tuple(one.hash for one in by_height),
        losers=tuple(one.row.pool for one in by_height), winners=(),
    )  # fmt: skip


def _made_up(past: _Past, blocks: int, seed: int) -> Iterator[BlockRow]:
    """A chain on which nobody's share changes: that of the past's last year, block by block by lot."""
    end = past.row(-1)
    year = []
    for at in range(len(past.blocks) - 1, -1, -1):
        row = past.row(at)
        if row.time < end.time - _YEAR:
            break
        year.append(row)
    chance = np.random.default_rng(seed)
    height, now = end.height, float(end.time)
    for drawn, pause in _drawn(chance, len(year), blocks):
        height, now = height + 1, now + pause
        yield replace(year[drawn], height=height, time=int(now))


def _drawn(chance: np.random.Generator, choices: int, blocks: int) -> Iterator[tuple[int, float]]:
    at_once = 10_000
    batches = (
        zip(
            chance.integers(choices, size=min(at_once, blocks - done)).tolist(),
            chance.exponential(_BLOCK_SECONDS, size=min(at_once, blocks - done)).tolist(),
            strict=True,
        )
        for done in range(0, blocks, at_once)
    )
    return chain.from_iterable(batches)
