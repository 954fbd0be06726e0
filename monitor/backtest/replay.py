"""Rules over a past, block by block: the same counting and judging as the daemon's, without what no rule asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from monitor.alerts.evaluate import evaluate
from monitor.alerts.inputs import LONG_STREAK, AlertInputs, Samples
from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.rules import Rule
from monitor.analysis import POOL, BlockTable, ConsensusParams, Level, concentrate, estimated, snapshot, surplus
from monitor.analysis.signals.compute import signals
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.signals.streaks import streaks
from monitor.analysis.uncertainty.changes import BIN, changes
from monitor.backtest.skipping import AWAKE, Nap, Sleep
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

_TICK_SECONDS: Final = 600
"""Between two looks at the clock, where there is no block for long. The daemon looks more often."""
_NO_HASH: Final = BlockHash("00" * 32)
_CLOCK: Final = frozenset({"block_age_seconds"})
_HAPPENINGS: Final = frozenset({"attribution_conflict", "reorg_depth", "stale_block"})
_STREAKS: Final = frozenset({"long_streak_probability"})
_CHANGES: Final = frozenset({"share_change_ratio"})
_BY_WINDOW: Final = frozenset({"window_blocks", "window_attributed_ratio"})
"""Metrics that are the same at each level."""
_SHARES: Final = _BY_WINDOW | {"share_ratio", "share_lower_ratio", "share_upper_ratio", "share_above_probability"}
_INDICES: Final = frozenset({
    "hhi", "hhi_unbiased", "nakamoto_coefficient", "gini_ratio", "entropy_bits", "effective_entities", "theil_index",
    "top_share_ratio",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """A block that joins, and what happened with it."""

    row: BlockRow
    conflict: bool = False
    """Whether its marks name several pools."""
    race: Race | None = None
    """The race that its chain won just now."""


@dataclass(slots=True)
class Episode:
    """One alert, from its beginning to its end."""

    alert: Alert
    """As it began."""
    ended: float | None = None
    """Unix time; None: it still fires."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted."""

    levels: Sequence[Level]
    windows: Sequence[Window]
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    rules: ConsensusParams = field(default_factory=ConsensusParams)
    """The network's."""

    @property
    def longest(self) -> Window:
        """The window that covers most, at ten minutes a block."""
        return max(self.windows, key=lambda window: (window.seconds or 0) + 600 * (window.blocks or 0))


@dataclass(slots=True)
class _Watched:
    """One rule, and how it stands."""

    rule: Rule
    standing: tuple[Alert, ...] = ()
    pairs: tuple[tuple[str, Window], ...] = ()
    """What must be counted for it: the names of levels, and windows."""
    nap: Nap = AWAKE

    @property
    def with_indices(self) -> bool:
        """Whether shares do not suffice."""
        return self.rule.value in _INDICES


class Replay:
    """Takes blocks, lowest first, and records what would have been told.

    The daemon looks at each block with everything it knows. Here a rule is looked at only when that can matter: one
    over shares and indices when they may have come to its threshold (`naps`), one over events when there is one, one
    over changes when they are tested for, which is once in so many blocks. What is found is the same. Only for numbers
    that take a tenth of a second (intervals of indices, trends, signals) it is less: they are looked at once a day.
    """

    def __init__(self, rules: Sequence[Rule], scope: Scope) -> None:
        self.episodes: list[Episode] = []
        self._scope = scope
        watched = [_Watched(rule) for rule in rules]
        self._counted = [each for each in watched if each.rule.value in _SHARES | _INDICES]
        self._clock = [each for each in watched if each.rule.value in _CLOCK]
        self._happenings = [each for each in watched if each.rule.value in _HAPPENINGS]
        self._streaks = [each for each in watched if each.rule.value in _STREAKS]
        self._changes = [each for each in watched if each.rule.value in _CHANGES]
        special = _SHARES | _INDICES | _CLOCK | _HAPPENINGS | _STREAKS | _CHANGES
        self._daily = [each for each in watched if each.rule.value not in special]
        for each in self._counted:
            each.pairs = _asked(each.rule, scope)
        asked = {pair for each in self._counted for pair in each.pairs}
        self._short = _Book(
            [level for level in scope.levels if any(level.name == name for name, _ in asked)],
            [window for window in scope.windows if any(window == other for _, other in asked)],
        )
        self._long = _Book(scope.levels if self._daily else [POOL], scope.windows if self._daily else [scope.longest])
        self._firing: dict[str, Episode] = {}
        self._run: tuple[PoolSlug | None, int] = (None, 0)
        self._last: BlockRow | None = None
        self._now = 0.0

    def warm(self, row: BlockRow) -> None:
        """Take a block that is counted, and not judged."""
        pool, blocks = self._run
        self._run = (row.pool, blocks + 1 if row.pool == pool else 1)
        self._short.add(row)
        self._long.add(row)
        self._last, self._now = row, max(self._now, float(row.time))

    def take(self, happening: Happening) -> None:
        """Judge what was until a block came, and what is with it."""
        row = happening.row
        if self._clock and self._last:
            self._wait(self._last.time, row.time)
        self.warm(row)
        self._look_at_counts(row)
        self._look_at_events(happening)
        if self._streaks and (self._run[1] >= LONG_STREAK or _alive(self._streaks)):
            found = streaks(SignalInput.of(self._long.ledger, [self._scope.longest]))
            self._look(self._streaks, self._moment(row, signals=Signals(streaks=found)))
        if row.height % BIN == BIN - 1:
            self._look_daily(row)

    def _wait(self, last: int, until: int) -> None:
        """Look at the clock until the next block comes."""
        for when in range(last + _TICK_SECONDS, until, _TICK_SECONDS):
            self._now = max(self._now, float(when))
            self._look(self._clock, AlertInputs(self._now, block_at=last))

    def _look_at_counts(self, row: BlockRow) -> None:
        due = [each for each in self._counted if each.nap.is_over(row.height, row.time)]
        if not due:
            return
        wanted: dict[tuple[str, Window], bool] = {}
        for each in due:
            for pair in each.pairs:
                wanted[pair] = wanted.get(pair, False) or each.with_indices
        # what is counted now anyway serves the others, too, who may sleep on afterwards
        due = [each for each in self._counted if all(wanted.get(pair, -1) >= each.with_indices for pair in each.pairs)]
        ledger = self._short.ledger
        found = [
            one
            for (level, window), with_indices in wanted.items()
            for one in concentrate(ledger, [window], levels=[level], with_indices=with_indices)
        ]
        moment = self._moment(row, concentration=found)
        sleep = Sleep(ledger.rows)
        for each in due:
            facts = self._judge(each, moment)
            each.nap = sleep.nap(each.rule, {window for _, window in each.pairs}, facts, each.standing)

    def _look_at_events(self, happening: Happening) -> None:
        if not self._happenings or not (happening.conflict or happening.race or _alive(self._happenings)):
            if self._clock and _alive(self._clock):
                self._look(self._clock, AlertInputs(self._now, block_at=self._now))
            return
        row, race = happening.row, happening.race
        moment = replace(
            self._moment(row, signals=Signals(races=(race,) if race else ())),
            block_at=self._now,
            reorgs={race.height - 1: race.depth} if race else {},
            stale=frozenset(race.stale) if race else frozenset(),
            conflicts={row.pool: 1} if happening.conflict and row.pool else {},
        )
        self._look([*self._happenings, *self._clock], moment)

    def _look_daily(self, row: BlockRow) -> None:
        scope, ledger = self._scope, self._long.ledger
        if self._changes:
            level = ledger.levels.index(POOL)
            found = changes(ledger, [scope.longest], level=level)
            self._look(
                self._changes, self._moment(row, estimates=Estimates(BlockRef(row.height, _NO_HASH), changes=found))
            )
        if self._daily:
            taken = snapshot(
                ledger, scope.windows, Tally(), tip_hash=_NO_HASH, first_height=0, caught_up=True, registry="",
                pool_names=scope.pool_names,
            )  # fmt: skip
            taken = estimated(taken, ledger, scope.windows)
            taken = replace(taken, signals=signals(ledger, scope.windows, rules=scope.rules))
            self._look(self._daily, AlertInputs(self._now, taken, block_at=self._now))

    def _moment(
        self,
        row: BlockRow,
        *,
        concentration: Sequence[Concentration] = (),
        signals: Signals | None = None,
        estimates: Estimates | None = None,
    ) -> AlertInputs:
        """What is known with a block, as far as somebody asks."""
        taken = Snapshot(
            tip=row, tip_hash=_NO_HASH, first_height=0, caught_up=True, registry="",
            concentration=tuple(concentration), network_hashrate={}, tally=Tally(),
            pool_names=self._scope.pool_names, signals=signals, estimates=estimates,
        )  # fmt: skip
        return AlertInputs(self._now, taken)

    def _look(self, watched: Sequence[_Watched], moment: AlertInputs) -> None:
        for each in watched:
            self._judge(each, moment)

    def _judge(self, watched: _Watched, moment: AlertInputs) -> Samples:
        facts = METRIC_LOOKUP.read([watched.rule.value], moment)
        outcome = evaluate([watched.rule], facts, watched.standing)
        watched.standing = outcome.alerts
        for alert in outcome.changed:
            if alert.state is AlertState.FIRING:
                self._firing[alert.key] = Episode(alert)
                self.episodes.append(self._firing[alert.key])
            else:
                self._firing.pop(alert.key).ended = alert.since
        return facts


class _Book:
    """A ledger as far back as some windows reach. Blocks wait until somebody reads it."""

    def __init__(self, levels: Sequence[Level], windows: Sequence[Window]) -> None:
        self._ledger = BlockTable(levels, windows)
        self._windows = windows
        self._waiting: list[BlockRow] = []
        self._added = 0

    def add(self, row: BlockRow) -> None:
        self._waiting.append(row)
        self._added += 1
        if self._added % BIN == 0:  # what is too old is let go of now and then
            self._ledger.forget(surplus(self.ledger, self._windows))

    @property
    def ledger(self) -> BlockTable:
        """With all blocks that came."""
        if self._waiting:
            self._ledger.extend(self._waiting)
            self._waiting.clear()
        return self._ledger


def _alive(watched: Sequence[_Watched]) -> bool:
    return any(each.standing for each in watched)


def _asked(rule: Rule, scope: Scope) -> tuple[tuple[str, Window], ...]:
    """At which levels, and over which windows, a rule looks."""
    return tuple(
        (level.name, window)
        for level in ([POOL] if rule.value in _BY_WINDOW else scope.levels)
        for window in scope.windows
        if _fits(rule, "level", level.name) and _fits(rule, "window", window.name)
    )


def _fits(rule: Rule, label: str, value: str) -> bool:
    patterns = rule.where.get(label)
    return patterns is None or any(fnmatchcase(value, pattern) for pattern in patterns)
