"""Alert rules evaluated block by block: counted and evaluated as the daemon does, without what no rule needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from monitor.alerts.evaluate import evaluate
from monitor.alerts.inputs import AlertInputs, MetricSamples
from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.rule_metrics import LONG_STREAK
from monitor.alerts.rules import Rule
from monitor.analysis import POOL, ConsensusParams, Level, concentrate, estimated, snapshot
from monitor.analysis.confirmation_risk import confirmation_risks
from monitor.analysis.signals.compute import signals
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.signals.streaks import streaks
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.analysis.uncertainty.change_points import BIN
from monitor.analysis.uncertainty.changes import changes
from monitor.analysis.uncertainty.current_share import current_shares, posteriors
from monitor.backtest.skipping import NO_SKIP, Skip, SkipPlanner
from monitor.model import (
    Alert,
    AlertState,
    BlockHash,
    BlockRef,
    BlockRow,
    Concentration,
    Estimates,
    PoolSlug,
    Race,
    Signals,
    Snapshot,
    Tally,
    Window,
)
from monitor.processing.counted_blocks import CountedBlocks

_TICK_SECONDS: Final = 600
"""Between evaluations while no block comes. The daemon evaluates more often."""
_NO_HASH: Final = BlockHash("00" * 32)
_CLOCK: Final = frozenset({"block_age_seconds"})
_EVENTS: Final = frozenset({"attribution_conflict", "reorg_depth", "stale_block"})
_STREAKS: Final = frozenset({"long_streak_probability"})
_CHANGES: Final = frozenset({"share_change_ratio"})
_BY_WINDOW: Final = frozenset({"window_blocks", "window_attributed_ratio"})
"""Metrics that are the same at each level."""
_RISKS: Final = frozenset({"confirmation_risk_ratio"})
_INTERVALS: Final = frozenset({"share_sampling_lower_ratio", "share_sampling_upper_ratio"})
_SHARES: Final = _BY_WINDOW | _INTERVALS | {"share_ratio", "share_above_probability"}
_INDICES: Final = frozenset({
    "hhi", "hhi_unbiased", "nakamoto_coefficient", "gini_ratio", "shannon_entropy", "effective_entities", "theil_index",
    "top_share_ratio",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReplayedBlock:
    """A block of the best chain, and the events with it."""

    row: BlockRow
    conflict: bool = False
    """Whether its coinbase has evidence for several pools."""
    race: Race | None = None
    """The race that its branch has just won."""


@dataclass(slots=True)
class Episode:
    """One alert from firing to resolved."""

    alert: Alert
    """As it fired."""
    ended: float | None = None
    """Unix time; None while it fires."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted."""

    levels: Sequence[Level]
    windows: Sequence[Window]
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    rules: ConsensusParams = field(default_factory=ConsensusParams)
    """Consensus parameters of the network."""
    questions: Sequence[UncertainMembership] = ()
    """Memberships that are uncertain: they widen the intervals."""

    @property
    def longest(self) -> Window:
        """The window that covers most."""
        return max(self.windows, key=lambda window: window.expected_seconds)


@dataclass(slots=True)
class _Watched:
    """One rule and the state of its alerts."""

    rule: Rule
    standing: tuple[Alert, ...] = ()
    pairs: tuple[tuple[str, Window], ...] = ()
    """The levels, by name, and windows that it needs."""
    skip: Skip = NO_SKIP

    @property
    def with_indices(self) -> bool:
        """Whether it needs more than shares."""
        return self.rule.value in _INDICES


class Replay:
    """Takes blocks, lowest first, and records the alerts.

    The daemon evaluates every rule at every block. Here a rule is evaluated only when its result can differ: a rule on
    shares or indices when they can have reached its threshold (`skipping`), one on events when there is one, one on
    changes when they are tested. The alerts are the same, except for numbers that take long (intervals of indices,
    trends, signals, confirmation risks): they are computed once a day.
    """

    def __init__(self, rules: Sequence[Rule], scope: Scope) -> None:
        self.episodes: list[Episode] = []
        self._scope = scope
        watched = [_Watched(rule) for rule in rules]
        self._counted = [each for each in watched if each.rule.value in _SHARES | _INDICES]
        self._clock = [each for each in watched if each.rule.value in _CLOCK]
        self._events = [each for each in watched if each.rule.value in _EVENTS]
        self._streaks = [each for each in watched if each.rule.value in _STREAKS]
        self._changes = [each for each in watched if each.rule.value in _CHANGES]
        self._risks = [each for each in watched if each.rule.value in _RISKS]
        special = _SHARES | _INDICES | _CLOCK | _EVENTS | _STREAKS | _CHANGES | _RISKS
        self._daily = [each for each in watched if each.rule.value not in special]
        for each in self._counted:
            each.pairs = _needed(each.rule, scope)
        self._with_intervals = any(each.rule.value in _INTERVALS for each in self._counted)
        needed = {pair for each in self._counted for pair in each.pairs}
        self._short = CountedBlocks(
            [level for level in scope.levels if any(level.name == name for name, _ in needed)],
            [window for window in scope.windows if any(window == other for _, other in needed)],
        )
        self._long = (
            CountedBlocks(scope.levels, scope.windows)
            if self._daily or self._risks
            else CountedBlocks([POOL], [scope.longest])
        )
        self._firing: dict[str, Episode] = {}
        self._run: tuple[PoolSlug | None, int] = (None, 0)
        self._first: BlockRow | None = None
        self._last: BlockRow | None = None
        self._now = 0.0

    def warm(self, row: BlockRow) -> None:
        """Count a block without evaluating rules."""
        self._first = self._first or row
        pool, blocks = self._run
        self._run = (row.pool, blocks + 1 if row.pool == pool else 1)
        self._short.add([row])
        self._long.add([row])
        self._last, self._now = row, max(self._now, float(row.time))

    def take(self, block: ReplayedBlock) -> None:
        """Evaluate the rules up to a block and at it."""
        row = block.row
        if self._clock and self._last:
            self._wait(self._last.time, row.time)
        self.warm(row)
        self._look_at_counts(row)
        self._look_at_events(block)
        if self._streaks and (self._run[1] >= LONG_STREAK or _any_standing(self._streaks)):
            found = streaks(SignalInput.of(self._long.table, [self._scope.longest]))
            self._look(self._streaks, self._inputs(row, signals=Signals(streaks=found)))
        if row.height % BIN == BIN - 1:
            self._look_daily(row)

    def _wait(self, last: int, until: int) -> None:
        """Evaluate rules on the age of the tip until the next block."""
        for when in range(last + _TICK_SECONDS, until, _TICK_SECONDS):
            self._now = max(self._now, float(when))
            self._look(self._clock, AlertInputs(self._now, block_at=last))

    def _look_at_counts(self, row: BlockRow) -> None:
        due = [each for each in self._counted if each.skip.is_over(row.height, row.time)]
        if not due:
            return
        wanted: dict[tuple[str, Window], bool] = {}
        for each in due:
            for pair in each.pairs:
                wanted[pair] = wanted.get(pair, False) or each.with_indices
        # numbers that are computed anyway may extend the skips of other rules
        due = [each for each in self._counted if all(wanted.get(pair, -1) >= each.with_indices for pair in each.pairs)]
        table = self._short.table
        ranks = [level.name for level in self._scope.levels]  # metrics by window are read at the first level
        found = [
            one
            for (level, window), with_indices in sorted(wanted.items(), key=lambda each: ranks.index(each[0][0]))
            for one in concentrate(
                table, [window], levels=[level], with_indices=with_indices, with_intervals=self._with_intervals
            )
        ]
        inputs = self._inputs(row, concentration=found)
        planner = SkipPlanner(table.rows)
        for each in due:
            metrics = self._judge(each, inputs)
            windows = {window for _, window in each.pairs}
            filled = inputs.incomplete.isdisjoint(window.name for window in windows)
            each.skip = planner.skip(each.rule, windows, metrics=metrics, standing=each.standing) if filled else NO_SKIP

    def _look_at_events(self, block: ReplayedBlock) -> None:
        if not self._events or not (block.conflict or block.race or _any_standing(self._events)):
            if self._clock and _any_standing(self._clock):
                self._look(self._clock, AlertInputs(self._now, block_at=self._now))
            return
        row, race = block.row, block.race
        inputs = replace(
            self._inputs(row, signals=Signals(races=(race,) if race else ())),
            block_at=self._now,
            reorgs={race.height - 1: race.depth} if race else {},
            stale=frozenset(race.stale) if race else frozenset(),
            conflicts={row.pool: 1} if block.conflict and row.pool else {},
        )
        self._look([*self._events, *self._clock], inputs)

    def _look_daily(self, row: BlockRow) -> None:
        scope, table = self._scope, self._long.table
        if self._changes:
            level = table.levels.index(POOL)
            known = posteriors(table, [scope.longest]).get(POOL.name)
            found = changes(table, [scope.longest], level=level, known=known)
            self._look(
                self._changes, self._inputs(row, estimates=Estimates(BlockRef(row.height, _NO_HASH), changes=found))
            )
        if self._risks:
            risks = confirmation_risks(current_shares(posteriors(table, [scope.longest])))
            estimates = Estimates(BlockRef(row.height, _NO_HASH), confirmation_risks=risks)
            self._look(self._risks, self._inputs(row, estimates=estimates))
        if self._daily:
            taken = replace(
                estimated(self.snapshot(), table, scope.windows, questions=scope.questions),
                signals=signals(table, scope.windows, rules=scope.rules),
            )
            inputs = AlertInputs(self._now, taken, block_at=self._now, incomplete=self._incomplete(row))
            self._look(self._daily, inputs)

    def snapshot(self) -> Snapshot:
        """The counts at the newest block, of all levels and windows if a rule needs them daily."""
        return snapshot(
            self._long.table, self._long.windows, Tally(), tip_hash=_NO_HASH, first_height=0, caught_up=True,
            registry="", pool_names=self._scope.pool_names,
        )  # fmt: skip

    def _inputs(
        self,
        row: BlockRow,
        *,
        concentration: Sequence[Concentration] = (),
        signals: Signals | None = None,
        estimates: Estimates | None = None,
    ) -> AlertInputs:
        """The inputs of rules at a block, with the given numbers only."""
        taken = Snapshot(
            tip=row, tip_hash=_NO_HASH, first_height=0, caught_up=True, registry="",
            concentration=tuple(concentration), tally=Tally(),
            pool_names=self._scope.pool_names, signals=signals, estimates=estimates,
        )  # fmt: skip
        return AlertInputs(self._now, taken, incomplete=self._incomplete(row))

    def _incomplete(self, row: BlockRow) -> frozenset[str]:
        """The windows that reach further back than the blocks taken; none if these begin with the chain."""
        assert self._first
        if self._first.height == 0:
            return frozenset()
        seconds, blocks = row.time - self._first.time, row.height - self._first.height + 1
        return frozenset(
            window.name
            for window in self._scope.windows
            if (window.seconds or 0) > seconds or (window.blocks or 0) > blocks
        )

    def _look(self, watched: Sequence[_Watched], inputs: AlertInputs) -> None:
        for each in watched:
            self._judge(each, inputs)

    def _judge(self, watched: _Watched, inputs: AlertInputs) -> Mapping[str, MetricSamples]:
        metrics = METRIC_LOOKUP.read([watched.rule.value], inputs)
        outcome = evaluate([watched.rule], inputs, metrics, alerts=watched.standing)
        watched.standing = outcome.alerts
        for alert in outcome.changed:
            if alert.state is AlertState.FIRING:
                self._firing[alert.key] = Episode(alert)
                self.episodes.append(self._firing[alert.key])
            else:
                self._firing.pop(alert.key).ended = alert.since
        return metrics


def _any_standing(watched: Sequence[_Watched]) -> bool:
    return any(each.standing for each in watched)


def _needed(rule: Rule, scope: Scope) -> tuple[tuple[str, Window], ...]:
    """The levels and windows of a rule."""
    return tuple(
        (level.name, window)
        for level in ([POOL] if rule.value in _BY_WINDOW else scope.levels)
        for window in scope.windows
        if _fits(rule, "level", level.name) and _fits(rule, "window", window.name)
    )


def _fits(rule: Rule, label: str, value: str) -> bool:
    patterns = rule.where.get(label)
    return patterns is None or any(fnmatchcase(value, pattern) for pattern in patterns)
