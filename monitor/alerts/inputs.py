"""What rules may look at besides the published metrics: what happened, and how things stand at this very moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.alerts.samples import LabelledValues
from monitor.model import BlockHash, PoolSlug, Snapshot

_TOLD_BLOCKS: Final = 144
"""For so long a change of a share counts as told just now: the test is made once in so many blocks."""

LONG_STREAK: Final = 5
"""Blocks in a row. Two of a pool that hardly ever finds one are less likely still, and no news."""


@dataclass(frozen=True, slots=True)
class AlertInputs:
    """All that is known now. None is: not known."""

    now: float
    """Unix time, seconds."""
    snapshot: Snapshot | None = None
    """With the estimates of its own tip, which is the node's."""
    block_at: float | None = None
    """When the newest block came, Unix time."""
    reorgs: Mapping[int, int] = field(default_factory=dict)
    """Depth of each reorganisation since the last look, by the height that it goes on from."""
    stale: frozenset[BlockHash] = frozenset()
    """The blocks that it took off the best chain."""
    conflicts: Mapping[PoolSlug, int] = field(default_factory=dict)
    """New blocks whose marks name several pools, by the pool that they count for."""
    node_away: float | None = None
    """Seconds since the node last answered; 0 while it does."""
    node_behind: int | None = None
    """Blocks of which the node has the header, and not yet the rest."""
    behind: float | None = None
    """Seconds since our numbers were last known to be those of the node's newest block."""
    waiting: str | None = None
    """Why there is no news from the node."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number that a moment has and that is no metric."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[AlertInputs], LabelledValues | None]
    """None where it is not known."""
    promql: str
    """The nearest that Prometheus can know of it; `{selector}` is for what a rule says of the labels."""


def _alone(value: float | None) -> LabelledValues | None:
    return None if value is None else [((), float(value))]


def _stale(moment: AlertInputs) -> LabelledValues | None:
    if moment.snapshot is None:
        return None
    races = moment.snapshot.signals.races if moment.snapshot.signals else ()
    lost = [
        (str(race.height + above), loser or "unknown")
        for race in races
        for above, (block, loser) in enumerate(zip(race.stale, race.losers, strict=True))
        if block in moment.stale
    ]
    return [(labels, 1.0) for labels in lost]


def _changes(moment: AlertInputs) -> LabelledValues | None:
    if moment.snapshot is None or moment.snapshot.estimates is None:
        return None
    newest = moment.snapshot.tip.height
    return {
        (change.entity,): change.after.share - change.before.share
        for change in moment.snapshot.estimates.changes
        if newest - change.found_height < _TOLD_BLOCKS
    }.items()


def _size_of_changes(moment: AlertInputs) -> LabelledValues | None:
    found = _changes(moment)
    return None if found is None else [(labels, abs(value)) for labels, value in found]


def _long_streaks(moment: AlertInputs) -> LabelledValues | None:
    if moment.snapshot is None or moment.snapshot.signals is None:
        return None
    streaks = moment.snapshot.signals.streaks
    return [((each.pool,), each.probability) for each in streaks if each.blocks >= LONG_STREAK]


def _empty(moment: AlertInputs) -> LabelledValues | None:
    if moment.snapshot is None or moment.snapshot.signals is None:
        return None
    return list(_empty_ratios(moment.snapshot))


def _empty_ratios(snapshot: Snapshot) -> Iterator[tuple[tuple[str, ...], float]]:
    rows = snapshot.signals.empty if snapshot.signals else ()
    for window in dict.fromkeys(row.window for row in rows):
        mine = [row for row in rows if row.window == window]
        if blocks := sum(row.blocks for row in mine):
            yield (window,), sum(row.empty for row in mine) / blocks


def _lately(counter: str) -> str:
    """A counter that rose, or that came into being, which `increase` does not see."""
    return f"increase({counter}{{selector}}[1h]) > 0 or ({counter}{{selector}} unless {counter}{{selector}} offset 1h)"


FACTS: Final = (
    Fact(
        "reorg_depth", "Blocks that a reorganisation took off the best chain, at the moment it happens.", ("height",),
        lambda moment: [((str(height),), float(depth)) for height, depth in moment.reorgs.items()],
        "pool_monitor_reorg_depth_blocks and increase(pool_monitor_reorgs_total[1h]) > 0",
    ),
    Fact(
        "stale_block", "1 for a block that left the best chain, at the moment it happens.", ("height", "pool"), _stale,
        _lately("pool_monitor_stale_blocks_total"),
    ),
    Fact(
        "attribution_conflict", "New blocks whose marks name several pools, at the moment they come.", ("pool",),
        lambda moment: [((pool,), float(blocks)) for pool, blocks in moment.conflicts.items()],
        _lately("pool_monitor_attribution_conflicts_total"),
    ),
    Fact(
        "share_change_ratio", "By how much of all blocks a pool's share changed, for a day after the test told.",
        ("pool",), _size_of_changes,
        "abs(pool_monitor_share_change_after_ratio{selector} - pool_monitor_share_change_before_ratio{selector}) "
        "and changes(pool_monitor_share_change_timestamp_seconds{selector}[1d]) > 0",
    ),
    Fact(
        "long_streak_probability",
        f"Chance that the newest so many blocks are the pool's, given its share; of {LONG_STREAK} in a row and more.",
        ("pool",), _long_streaks, "pool_monitor_streak_probability{selector} "
        f"and pool_monitor_streak_blocks{{selector}} >= {LONG_STREAK}",
    ),
    Fact(
        "empty_ratio", "Share of a window's blocks without a transaction but the coinbase.", ("window",), _empty,
        "sum without (pool) (pool_monitor_empty_blocks{selector}) / pool_monitor_window_blocks{selector}",
    ),
    Fact(
        "block_age_seconds", "Seconds since the newest block came.", (),
        lambda moment: _alone(None if moment.block_at is None else max(0.0, moment.now - moment.block_at)),
        "time() - pool_monitor_block_timestamp_seconds",
    ),
    Fact(
        "node_away_seconds", "Seconds since the node last answered; 0 while it does.", (),
        lambda moment: _alone(moment.node_away),
        "time() - pool_monitor_node_last_contact_timestamp_seconds",
    ),
    Fact(
        "node_behind_blocks", "Blocks of which the node has the header, and not yet the rest.", (),
        lambda moment: _alone(moment.node_behind), "pool_monitor_node_behind_blocks",
    ),
    Fact(
        "behind_seconds", "Seconds since the numbers were last known to be those of the node's newest block.", (),
        lambda moment: _alone(moment.behind), "pool_monitor_behind_seconds",
    ),
)  # fmt: skip
