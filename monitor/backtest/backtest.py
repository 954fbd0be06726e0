"""The alerts that rules would have raised over stored blocks, or over simulated chains."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from monitor.alerts.inputs import OVER_LONGEST
from monitor.alerts.loading import load_rules, read_rules
from monitor.alerts.parse import missing_windows
from monitor.alerts.rules import Rule
from monitor.analysis import ConsensusParams
from monitor.analysis.distributions import gamma_quantiles
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.backtest.replay import Episode, Replay, ReplayedBlock, Scope
from monitor.backtest.simulation import BLOCK_SECONDS, BLOCKS_A_YEAR, YEAR_SECONDS, simulated
from monitor.config import Config
from monitor.errors import InputError
from monitor.model import BlockRow, Race, StoredBlock
from monitor.processing.files import read
from monitor.processing.levels import levels
from monitor.processing.measured import stored_registry
from monitor.processing.stored_blocks import Progress, Span, StoredBlocks
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import Registry, load_registry, network_of
from monitor.registry.names import PoolNames
from monitor.store.reading import Reading
from monitor.store.store import Store

_PROGRESS_BLOCKS: Final = 2_000
_NOT_STORED: Final = frozenset({"node_away_seconds", "node_behind_blocks", "behind_seconds"})
"""Metrics of the node, which are not stored."""
_IN_BLOCKS: Final = frozenset({
    "attribution_conflict", "attribution_confidence_ratio", "network_hashrate_drop_ratio", "reorg_depth",
    "stale_block", "empty_ratio", "empty_blocks", "fees_btc", "signalling_ratio",
    "signalling_blocks", "signalling_threshold_probability", "bip54_ready_ratio", "difficulty",
    "network_hashrate_hashes_per_second", "network_hashrate_lower_hashes_per_second",
    "network_hashrate_upper_hashes_per_second", "hashrate_hashes_per_second",
})  # fmt: skip
"""Metrics that need more of a block than height, time and pool."""
_SINCE_START: Final = frozenset({
    "blocks_connected", "reorgs", "reorg_depth_blocks", "stale_blocks", "attribution_conflicts",
})  # fmt: skip
"""Metrics that count since the start of a daemon."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What to evaluate, over which blocks."""

    rules: Path | None = None
    """A file of rules; None: the configured ones."""
    file: Path | None = None
    """CSV or Parquet with height, time and pool; None: the stored blocks."""
    span: Span = field(default_factory=Span)
    years: int | None = None
    """Years to simulate with the shares of the last year of blocks; None: the blocks themselves."""
    seed: int = 0
    drift: float = 0.0
    """How fast the simulated shares drift, as a multiple of what was measured; 0: they are constant."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The alerts of one rule."""

    rule: Rule
    episodes: tuple[Episode, ...]
    years: float
    end: float
    """Unix time of the last block."""

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
        """Share of the time with at least one alert firing."""
        spans = sorted((one.alert.since, one.ended or self.end) for one in self.episodes)
        total, until = 0.0, float("-inf")
        for begin, end in spans:
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        return total / (self.years * YEAR_SECONDS)


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """The alerts of all rules."""

    results: tuple[RuleResult, ...]
    left: dict[str, str]
    """Rules that could not be evaluated, with the reason."""
    first: BlockRow
    last: BlockRow
    blocks: int
    years: float
    simulated: bool
    drift: float = 0.0


async def backtest(config: Config, options: BacktestOptions, progress: Progress | None = None) -> BacktestReport:
    """Evaluate rules over stored blocks, a file of blocks, or simulated blocks.

    Raises:
        RulesError: the rules are invalid.
        InputError: there are none of these blocks, or too few.
        StoreRefused: there is no store.
    """
    if options.file:
        registry = load_registry(config.registry, network_of(config))
        file = options.file

        def read_and_judge() -> BacktestReport:
            found = read(file, names=PoolNames(registry.pools)).blocks
            blocks = [ReplayedBlock(row) for row in _within(found, options.span)]
            history = _History(blocks, registry)
            return _report(config, options, history, progress=progress)

        return await asyncio.to_thread(read_and_judge)
    async with await Store.open(config.store.reading, beside=True) as store:
        network = await store.network() or network_of(config)
        registry = await stored_registry(store, config)

        def work(reading: Reading) -> BacktestReport:
            blocks = list(stored_blocks(reading, registry, options.span))
            history = _History(blocks, registry, whole=True, consensus=ConsensusParams.of(network))
            return _report(config, options, history, progress=progress)

        return await store.reading(work)


@dataclass(frozen=True, slots=True)
class _History:
    """Blocks, lowest first."""

    blocks: Sequence[ReplayedBlock]
    registry: Registry
    whole: bool = False
    """Whether more than height, time and pool is known of them."""
    consensus: ConsensusParams = field(default_factory=ConsensusParams)


def _report(
    config: Config, options: BacktestOptions, history: _History, *, progress: Progress | None
) -> BacktestReport:
    rules = read_rules(options.rules) if options.rules else load_rules(config)
    fitting, left = judgeable(rules, config, whole=history.whole and options.years is None)
    named = {name for rule in fitting for name in rule.where.get("window", ())}
    windows = [window for window in config.windows if window.name in named]
    longest = max((window.expected_seconds for window in windows), default=0)
    registry = history.registry
    scope = Scope(
        levels(registry), config.windows, registry.pools.names, rules=history.consensus, questions=questions(registry)
    )
    replay = Replay(fitting, scope)
    if options.years is None:
        total, blocks = len(history.blocks), iter(history.blocks)
    else:
        if any(rule.value in OVER_LONGEST for rule in fitting):
            longest = scope.longest.expected_seconds
        total = options.years * BLOCKS_A_YEAR + longest // BLOCK_SECONDS
        rows = [block.row for block in history.blocks]
        blocks = map(ReplayedBlock, simulated(rows, total, seed=options.seed, drift=options.drift))
    first: BlockRow | None = None
    begin: BlockRow | None = None
    last: BlockRow | None = None
    judged = 0
    for number, block in enumerate(blocks):
        last = block.row
        first = first or last
        if begin is None and last.time - first.time < longest:
            replay.warm(last)
        else:
            begin = begin or last
            judged += 1
            replay.take(block)
        if progress and number % _PROGRESS_BLOCKS == 0:
            progress(number, total)
    if progress:
        progress(total, total)
    if first is None or begin is None or last is None or last.time <= begin.time:
        raise InputError("too few blocks: the windows of the rules are longer than the history")
    years = (last.time - begin.time) / YEAR_SECONDS
    complete = (last.time - first.time - scope.longest.expected_seconds) / YEAR_SECONDS
    results = []
    for rule in fitting:
        known = min(years, complete) if rule.value in OVER_LONGEST else years
        if known > 0:
            episodes = tuple(one for one in replay.episodes if one.alert.rule == rule.name)
            results.append(RuleResult(rule, episodes, known, end=last.time))
        else:
            left[rule.name] = f"it needs {scope.longest.name} of blocks"
    return BacktestReport(
        tuple(results), left, begin, last=last, blocks=judged, years=years, simulated=options.years is not None,
        drift=options.drift,
    )  # fmt: skip


def judgeable(rules: Sequence[Rule], config: Config, *, whole: bool) -> tuple[list[Rule], dict[str, str]]:
    """The rules that can be evaluated, and the reasons why others cannot."""
    fitting, left = [], {}
    for rule in rules:
        if rule.value in _NOT_STORED:
            left[rule.name] = "it is not stored"
        elif rule.value in _SINCE_START:
            left[rule.name] = "it counts since the start of a daemon"
        elif rule.value in _IN_BLOCKS and not whole:
            left[rule.name] = "it needs stored blocks"
        elif missing := missing_windows(rule, config.windows):
            left[rule.name] = f"the window {missing[0]} is not configured"
        else:
            fitting.append(rule)
    return fitting, left


def _within(rows: list[BlockRow], span: Span) -> list[BlockRow]:
    first = rows[0].height if span.first is None else span.first
    last = rows[-1].height if span.last is None else span.last
    found = [row for row in rows if first <= row.height <= last]
    if not found:
        raise InputError(f"none of these blocks is in the file, which has {rows[0].height} to {rows[-1].height}")
    return found


def stored_blocks(reading: Reading, registry: Registry, span: Span) -> Iterator[ReplayedBlock]:
    """The stored blocks of the best chain, each with the race that it ended."""
    first, last = span.within(reading)
    lost: list[StoredBlock] = []
    stored = StoredBlocks(reading, registry).blocks(first, last, stale=True)
    for _, blocks in groupby(stored, key=lambda block: block.row.height):
        found = list(blocks)
        gone = [block for block in found if block.stale]
        over = [] if gone else lost
        lost = [*lost, *gone] if gone else []
        for block in found:
            if not block.stale:
                yield ReplayedBlock(block.row, block.conflict, _race(over) if over else None)


def _race(lost: Sequence[StoredBlock]) -> Race:
    by_height = sorted({one.row.height: one for one in lost}.values(), key=lambda one: one.row.height)
    return Race(
        by_height[0].row.height, by_height[0].row.time, tuple(one.hash for one in by_height),
        losers=tuple(one.row.pool for one in by_height), winners=(),
    )  # fmt: skip
