"""Metrics for rules only, which are not published: events, ages, and what is judged from several numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from monitor.alerts.inputs import AlertInputs, AlertMetric, LabelledValues
from monitor.model import Change, JobPosition, NodeRole

_RECENT_CHANGE_BLOCKS: Final = 30 * 144
"""A change of a share counts as recent for this many blocks: until the share after it is measured, not estimated."""
_LONGER: Final = 4
"""The hashrate of a window is compared with that before it, in a window of at least so many times its length."""
_TURNED_SECONDS: Final = 7 * 86_400
"""A change of direction counts as recent for so long."""
_LEAST_MISSES: Final = 3
"""Blocks that passed over a transaction of the user's list: fewer are no pattern."""
_RECENT_CASE_BLOCKS: Final = 7 * 144
"""A transaction of the user's list counts for this many blocks."""
LONG_STREAK: Final = 5
"""Minimum length in blocks. Shorter streaks of very small pools are improbable too, but not worth an alert."""


def _unlabelled(value: float | None) -> LabelledValues | None:
    return None if value is None else [((), float(value))]


def _stale(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.snapshot is None:
        return None
    races = inputs.snapshot.signals.races if inputs.snapshot.signals else ()
    return [
        ((str(race.height + above), loser or "unknown"), 1.0)
        for race in races
        for above, (block, loser) in enumerate(zip(race.stale, race.losers, strict=True))
        if block in inputs.stale
    ]


def _changes(inputs: AlertInputs) -> LabelledValues | None:
    """The least size of each recent change; 0 where only labels changed.

    Of two changes that belong together, what one entity lost and another gained, the one that was detected first has
    the larger of both: they are one event.
    """
    if inputs.snapshot is None or inputs.snapshot.estimates is None:
        return None
    newest, sizes = inputs.snapshot.tip.height, dict[tuple[str, ...], float]()
    recent = [each for each in inputs.snapshot.estimates.changes if newest - each.height < _RECENT_CHANGE_BLOCKS]
    for change in recent:
        other = counterpart(change, recent)
        if other is None:
            sizes[(change.entity,)] = 0.0 if change.labelling else change.at_least
        elif (change.found_height, change.entity) < (other.found_height, other.entity):
            sizes[(change.entity,)] = max(change.at_least, other.at_least)
    return sizes.items()


def counterpart(change: Change, changes: Iterable[Change]) -> Change | None:
    """The change of the entity that won, at about the same time, what this one lost, or the other way round."""
    if change.counterpart is None:
        return None
    pairs = (each for each in changes if (each.entity, each.counterpart) == (change.counterpart, change.entity))
    return min(pairs, key=lambda each: abs(each.height - change.height), default=None)


def _hashrate_drops(inputs: AlertInputs) -> LabelledValues | None:
    """By how much the network's hashrate in a window is at least below that before it; below 0 if it may have grown."""
    if inputs.snapshot is None:
        return None
    rates = {name: rate for name, rate in inputs.snapshot.network_rate.items() if rate}
    windows = {one.window.name: one.window for one in inputs.snapshot.concentration}
    spans = sorted((window.expected_seconds, name) for name, window in windows.items() if name in rates)
    drops = []
    for at, (seconds, name) in enumerate(spans):
        longer = next((span for span in spans[at + 1 :] if span[0] >= _LONGER * seconds), None)
        if longer is None or longer[1] in inputs.incomplete:
            continue
        rate, over = rates[name], rates[longer[1]]
        before = (over.value * longer[0] - rate.value * seconds) / (longer[0] - seconds)
        drops.append(((name,), 1 - rate.upper / before if before > 0 else 0.0))
    return drops


def _long_streaks(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.snapshot is None or inputs.snapshot.signals is None:
        return None
    streaks = inputs.snapshot.signals.streaks
    return [((each.pool,), each.probability) for each in streaks if each.blocks >= LONG_STREAK]


def _empty(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.snapshot is None or inputs.snapshot.signals is None:
        return None
    blocks, empty = Counter[str](), Counter[str]()
    for row in inputs.snapshot.signals.empty:
        blocks[row.window] += row.blocks
        empty[row.window] += row.empty
    return [((window,), empty[window] / many) for window, many in blocks.items() if many]


def _split_depth(inputs: AlertInputs) -> LabelledValues | None:
    """0 without a split, once it is known where the nodes are."""
    if inputs.nodes is None or (inputs.nodes.split is None and not inputs.nodes.is_known):
        return None
    return _unlabelled(float(inputs.nodes.split.depth if inputs.nodes.split else 0))


def _replaced(inputs: AlertInputs) -> LabelledValues | None:
    """By the node that stands in. While the counted node does not answer, another may be about to."""
    if inputs.nodes is None or (inputs.nodes.nodes[0].followed and not inputs.nodes.nodes[0].up):
        return None
    return [((each.name,), 1.0) for each in inputs.nodes.nodes if each.followed and each.role is not NodeRole.COUNTED]


def _stale_sources(inputs: AlertInputs) -> LabelledValues | None:
    """Of the sources that are fetched; one that never answered counts from the edition in use."""
    if inputs.economy is None:
        return None
    states = {each.name: each.state for each in inputs.economy.sources if each.updated and each.state}
    answered = {name: state.succeeded_at or state.fetched_at for name, state in states.items()}
    return [((name,), max(0.0, inputs.now - at)) for name, at in answered.items() if at]


def _turned(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.economy is None:
        return None
    return [((side,), 1.0) for side, at in inputs.economy.changed.items() if inputs.now - at < _TURNED_SECONDS]


def _match_drops(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.audit is None or inputs.audit.newest is None:
        return None
    return [((pool,), drop) for pool, drop in inputs.audit.drops.items() if pool != "unknown"]


def _sanctioned(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.audit is None or inputs.snapshot is None:
        return None
    earliest = inputs.snapshot.tip.height - _RECENT_CASE_BLOCKS
    recent = (each for each in inputs.audit.sanctioned if each.first_height > earliest)
    return [((each.txid,), each.missed_ratio) for each in recent if each.waited >= _LEAST_MISSES]


def _new_groups(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.builders is None or not inputs.builders.edition:
        return None
    return [((group,), float(pools)) for group, pools in inputs.builders.new_groups.items()]


def _off_tip(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.stratum is None or inputs.stratum.off is not None:
        return None
    known = (each for each in inputs.stratum.pools if each.position not in {None, JobPosition.UNKNOWN})
    return [((each.pool,), float(each.position is not JobPosition.TIP)) for each in known]


def _faulty_jobs(inputs: AlertInputs) -> LabelledValues | None:
    if inputs.stratum is None or inputs.stratum.off is not None:
        return None
    return [((each.pool,), float(each.pace.faults)) for each in inputs.stratum.pools if each.pace]


def _increased_recently(counter: str) -> str:
    """A counter that increased, or a new series, which `increase` does not see."""
    return f"increase({counter}{{selector}}[1h]) > 0 or ({counter}{{selector}} unless {counter}{{selector}} offset 1h)"


ALERT_METRICS: Final = (
    AlertMetric(
        name="reorg_depth", help="Depth of a reorganisation in blocks, when it happens.", labels=("height",),
        samples=lambda inputs: [((str(height),), float(depth)) for height, depth in inputs.reorgs.items()],
        promql="pool_monitor_reorg_depth_blocks and increase(pool_monitor_reorgs_total[1h]) > 0",
    ),
    AlertMetric(
        name="stale_block", help="1 for a block that becomes stale, when it happens.", labels=("height", "pool"),
        samples=_stale, promql=_increased_recently("pool_monitor_stale_blocks_total"),
    ),
    AlertMetric(
        name="attribution_conflict", help="New blocks with evidence for several pools, when they arrive.",
        labels=("pool",),
        samples=lambda inputs: [((pool,), float(blocks)) for pool, blocks in inputs.conflicts.items()],
        promql=_increased_recently("pool_monitor_attribution_conflicts_total"),
    ),
    AlertMetric(
        name="share_change_ratio",
        help="Size that a change of a pool's share has at least (95 % interval), for 30 days after it.",
        labels=("pool",), samples=_changes, placeholders=("change",),
        promql="clamp_min(pool_monitor_share_change_lower_ratio{selector} "
        "> -pool_monitor_share_change_upper_ratio{selector} or -pool_monitor_share_change_upper_ratio{selector}, 0) "
        "and changes(pool_monitor_share_change_timestamp_seconds{selector}[1d]) > 0",
    ),
    AlertMetric(
        name="long_streak_probability",
        help=f"Probability of the pool's current streak, given its share; streaks of at least {LONG_STREAK} blocks.",
        labels=("pool",), samples=_long_streaks,
        promql="pool_monitor_streak_probability{selector} "
        f"and pool_monitor_streak_blocks{{selector}} >= {LONG_STREAK}",
    ),
    AlertMetric(
        name="empty_ratio", help="Share of the window's blocks with no transaction except the coinbase.",
        labels=("window",), samples=_empty,
        promql="sum without (pool) (pool_monitor_empty_blocks{selector}) / pool_monitor_window_blocks{selector}",
    ),
    AlertMetric(
        name="network_hashrate_drop_ratio",
        help="By how much the network's hashrate in the window is at least below that before it (95 % interval); what "
        f"was before comes from the next window of at least {_LONGER} times the length.",
        labels=("window",), samples=_hashrate_drops,
        promql="1 - pool_monitor_network_hashrate_upper_hashes_per_second{selector} / ignoring(window) group_left() "
        'pool_monitor_network_hashrate_hashes_per_second{window="30d"}',
    ),
    AlertMetric(
        name="block_age_seconds", help="Seconds since the newest block arrived.",
        samples=lambda inputs: _unlabelled(None if inputs.block_at is None else max(0.0, inputs.now - inputs.block_at)),
        promql="time() - pool_monitor_block_timestamp_seconds",
    ),
    AlertMetric(
        name="node_away_seconds", help="Seconds since the node last answered; 0 while it does.",
        samples=lambda inputs: _unlabelled(inputs.node_away),
        promql="time() - pool_monitor_node_last_contact_timestamp_seconds",
    ),
    AlertMetric(
        name="node_behind_blocks", help="Blocks of which the node has the header only.",
        samples=lambda inputs: _unlabelled(inputs.node_behind), promql="pool_monitor_node_behind_blocks",
    ),
    AlertMetric(
        name="split_depth_blocks",
        help="Blocks of the longest branch of the deepest split; 0 without a split.",
        samples=_split_depth, promql="pool_monitor_split_depth_blocks",
    ),
    AlertMetric(
        name="node_replaced", help="1 while another node stands in for the counted one.", labels=("node",),
        samples=_replaced,
        promql="pool_monitor_node_followed{selector} == 1 and on (node) pool_monitor_node_observer == 1",
    ),
    AlertMetric(
        name="audit_match_drop_ratio",
        help="By how much a pool's match rate of 7 days is at least below that of the 30 days before: the distance of "
        "their 95 % intervals; negative where they overlap.",
        labels=("pool",), samples=_match_drops,
        promql='pool_monitor_audit_template_match_lower_ratio{window="30d"} offset 7d - ignoring(window) '
        '(pool_monitor_audit_template_match_upper_ratio{window="7d"} and '
        "pool_monitor_audit_template_match_upper_ratio{selector})",
    ),
    AlertMetric(
        name="sanctioned_passed_over_ratio",
        help=f"Share of the audited blocks that passed over a transaction of your list, of those that could have mined "
        f"it; for a week, from {_LEAST_MISSES} such blocks on.",
        labels=("txid",), samples=_sanctioned, promql="pool_monitor_audit_sanctioned_passed_over_ratio{selector}",
    ),
    AlertMetric(
        name="new_template_group_pools",
        help="How many pools more build templates together, by this monitor's own evidence, than are counted together.",
        labels=("group",), samples=_new_groups, promql="pool_monitor_template_group_new_pools{selector}",
    ),
    AlertMetric(
        name="pool_off_tip",
        help="1 while a pool's jobs build on another block than the newest counted one, of those that a node has.",
        labels=("pool",), samples=_off_tip, promql="1 - pool_monitor_stratum_on_tip{selector}",
    ),
    AlertMetric(
        name="faulty_jobs", help="Jobs of a pool, of 7 days, of which nodes would refuse the block.",
        labels=("pool",), samples=_faulty_jobs, promql="pool_monitor_stratum_faulty_jobs{selector}",
    ),
    AlertMetric(
        name="behind_seconds", help="Seconds since the published data last matched the node's tip.",
        samples=lambda inputs: _unlabelled(inputs.behind), promql="pool_monitor_behind_seconds",
    ),
    AlertMetric(
        name="self_check_findings",
        help="How much the last self-check has found that should never be; 0 if nothing.", labels=("check",),
        samples=lambda inputs: [((check,), float(many)) for check, many in inputs.self_check.items()] or None,
        promql="increase(pool_monitor_self_check_failures_total{selector}[1h])",
    ),
    AlertMetric(
        name="economy_source_stale_seconds",
        help="Seconds since a source of the AI economy was last asked with success, if it is fetched.",
        labels=("source",), samples=_stale_sources,
        promql="time() - pool_monitor_economy_source_success_timestamp_seconds{selector} "
        "and on (source) pool_monitor_economy_source_up",
    ),
    AlertMetric(
        name="economy_direction_changed",
        help="1 for 7 days after the direction of a side of the two economies has changed.", labels=("side",),
        samples=_turned, promql="changes(pool_monitor_economy_direction{selector}[7d])",
    ),
)  # fmt: skip
