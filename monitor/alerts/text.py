"""Text of alerts: summary and explanation, with values, intervals and units as users read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from monitor.alerts.rule_metrics import counterpart
from monitor.alerts.rules import Rule
from monitor.model import (
    PSEUDONYM,
    Alert,
    AlertState,
    Change,
    Concentration,
    Interval,
    PoolSlug,
    Share,
    Snapshot,
)

_Labels = Mapping[str, str]

_ENTITY_LABELS = ("entity", "pool")
"""Labels with a slug as value, shown as display name."""


def summary(rule: Rule, alert: Alert, snapshot: Snapshot | None) -> str:
    """The rule's summary with the alert's labels and value filled in."""
    labels = {
        name: display_name(value, snapshot) if name in _ENTITY_LABELS else value for name, value in alert.labels.items()
    }
    known = labels | {"value": format_value(rule.value, alert.value)}
    if rule.value == "share_change_ratio":
        known["change"] = _change_summary(alert.labels["pool"], snapshot) or f"by at least {known['value']}"
    return rule.summary.format_map(known)


def explanation(rule: Rule, alert: Alert, snapshot: Snapshot | None, *, waiting: str = "") -> str:
    """The values behind an alert with their intervals, its two thresholds and the rule's meaning."""
    sentences = list(details(rule.value, alert.labels, snapshot)) if snapshot else []
    fires, resolves = ("above", "at or below") if rule.rising else ("below", "at or above")
    value, enter, leave = (format_value(rule.value, number) for number in (alert.value, rule.enter, rule.leave))
    sentences.append(
        f"{rule.value} is {value}; the alert fires {fires} {enter}{_duration_of(rule)} and resolves {resolves} {leave}."
    )
    sentences += [rule.meaning] if rule.meaning else []
    sentences += [f"Waiting for the node: {waiting}."] if waiting else []
    return " ".join(sentences)


def resolved(alert: Alert, now: float, height: int | None, *, value: float | None = None, reason: str = "") -> Alert:
    """The firing alert as resolved, with its duration and the reason in the explanation."""
    reason = reason or ("the condition no longer holds" if value is None else f"the value is now {value:.4g}")
    duration = format_duration(now - (alert.started or alert.since))
    return replace(
        alert, state=AlertState.RESOLVED, since=now, height=height, value=value,
        summary=f"Resolved: {alert.summary}" if alert.summary else "Resolved",
        explanation=f"Resolved after {duration}: {reason}. Original alert: {alert.explanation}",
    )  # fmt: skip


def _duration_of(rule: Rule) -> str:
    parts = [f"{rule.for_blocks} {'block' if rule.for_blocks == 1 else 'blocks'}"] if rule.for_blocks else []
    parts += [format_duration(rule.for_seconds)] if rule.for_seconds else []
    return f" for {' and '.join(parts)}" if parts else ""


# -- details of a metric -----------------------------------------------------------------------------------------------


def details(metric: str, labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    """Sentences with the data behind one sample of a metric."""
    yield from _DETAILS.get(metric, _window_details)(labels, snapshot)


def _streak_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for streak in snapshot.signals.streaks if snapshot.signals else ():
        if streak.pool == labels["pool"]:
            yield (
                f"{display_name(streak.pool, snapshot)} mined the last {streak.blocks} blocks. A streak of this length "
                f"is expected by chance about {_rounded(streak.a_year)} times a year; the pool's longest streak in the "
                f"longest window is {streak.longest} blocks."
            )


def _change_of(pool: str, snapshot: Snapshot) -> tuple[Change | None, Change | None]:
    """The pool's newest change, and that of its counterpart."""
    told = snapshot.estimates.changes[::-1] if snapshot.estimates else ()
    change = next((each for each in told if each.entity == pool), None)
    return change, counterpart(change, told) if change else None


def _change_summary(pool: str, snapshot: Snapshot | None) -> str:
    """For example: 19.3 % → 24.3 % (+5.0 points, 95 % interval +3.1 to +6.9), what F2Pool lost (-4.2 points, …)."""
    change, other = _change_of(pool, snapshot) if snapshot else (None, None)
    if change is None:
        return ""
    text = f"{100 * change.before.share:.1f} → {format_percent(change.after.share)} ({_size(change)})"
    if other is not None:
        how = "gained" if change.size.upper < 0 else "lost"
        text += f"; {display_name(other.entity, snapshot)} {how} at the same time ({_size(other)})"
    return text


def _size(change: Change) -> str:
    """With sign and interval, in percentage points."""
    size, lower, upper = (
        100 * each for each in (change.after.share - change.before.share, change.size.lower, change.size.upper)
    )
    return f"{size:+.1f} points, 95 % interval {lower:+.1f} to {upper:+.1f}"


def _change_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    change, other = _change_of(labels["pool"], snapshot)
    for each in (change, other):
        if each is not None:
            yield (
                f"{display_name(each.entity, snapshot)}: {_share_with_interval(each.before)} of the blocks before "
                f"about block {each.height}, {_share_with_interval(each.after)} since ({_size(each)}); the change was "
                f"detected at block {each.found_height}."
            )
    if change and other:
        yield "Hashrate may have moved from one to the other."
    if change and change.labelling:
        yield "Blocks of unknown miners changed by as much the other way: labels changed, probably not hashrate."


def _hashrate_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    if rate := snapshot.network_rate.get(labels["window"]):
        value, lower, upper = (each / 1e18 for each in rate)
        yield (
            f"The network's hashrate over {labels['window']} is {value:,.1f} EH/s "
            f"(95 % interval {lower:,.1f}–{upper:,.1f})."
        )


def _stale_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for race in snapshot.signals.races if snapshot.signals else ():
        if race.height <= int(labels["height"]) < race.height + race.depth:
            winners = ", ".join(display_name(winner or "unknown", snapshot) for winner in race.winners) or "other pools"
            yield f"The block lost a race of depth {race.depth} from block {race.height} on; it was won by {winners}."
            return


def _empty_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    rows = [row for row in snapshot.signals.empty if row.window == labels["window"]] if snapshot.signals else []
    worst = sorted((row for row in rows if row.empty), key=lambda row: -row.empty)[:3]
    if worst:
        counts = (f"{display_name(row.pool or 'unknown', snapshot)} {row.empty} of {row.blocks}" for row in worst)
        yield f"Most empty blocks: {', '.join(counts)}."


def _signalling_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for forecast in snapshot.signals.forecasts if snapshot.signals else ():
        if (str(forecast.bit), f"{forecast.ratio:g}") == (labels["bit"], labels["threshold"]):
            yield (
                f"{forecast.signalling:,} of the required {forecast.threshold:,} blocks signal bit {forecast.bit}; "
                f"{forecast.remaining:,} blocks remain in this retarget period."
            )


_DETAILS: Final[Mapping[str, Callable[[_Labels, Snapshot], Iterator[str]]]] = {
    "long_streak_probability": _streak_details,
    "streak_probability": _streak_details,
    "streak_blocks": _streak_details,
    "share_change_ratio": _change_details,
    "network_hashrate_drop_ratio": _hashrate_details,
    "stale_block": _stale_details,
    "empty_ratio": _empty_details,
    "signalling_threshold_probability": _signalling_details,
}


def _window_details(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    """Of an entity's share, or of the indices, over a window."""
    for one in snapshot.concentration:
        if (one.level, one.window.name) == (labels.get("level", "pool"), labels.get("window")):
            for share in one.shares:
                if share.entity == (labels.get("entity") or labels.get("pool")):
                    yield _share_details(one, share, snapshot)
                    yield from _probability_details(share, labels.get("threshold", ""))
            if "unknown" in labels:
                yield from _index_details(one, labels["unknown"], snapshot)


def _share_details(one: Concentration, share: Share, snapshot: Snapshot) -> str:
    level, sampling = (f" at level {one.level}" if one.level != "pool" else ""), Interval(share.lower, share.upper)
    published = snapshot.combined(one)
    interval = published.shares.get(share.entity, sampling) if published else sampling
    more = "" if interval == sampling else f"; by sampling alone {_percent_range(share.lower, share.upper)}"
    return (
        f"{display_name(share.entity, snapshot)} mined {format_percent(share.share)} of the {one.blocks:,} blocks in "
        f"window {one.window.name}{level}; estimated hashrate share {_percent_range(interval.lower, interval.upper)} "
        f"(95 % interval{more})."
    )


def _probability_details(share: Share, threshold: str) -> Iterator[str]:
    if (probability := share.above.get(threshold)) is not None:
        limit = f"{100 * float(threshold):.3g} %"
        yield f"By sampling alone, the probability of a hashrate share above {limit} is {format_percent(probability)}."


def _index_details(one: Concentration, unknown: str, snapshot: Snapshot) -> Iterator[str]:
    indices = one.merged if unknown == "merged" else one.split
    if indices is None:
        return
    published = snapshot.combined(one)
    hhi, nakamoto = (_interval(published.hhi), _interval(published.nakamoto)) if published else ("", "")
    largest = (f"{display_name(share.entity, snapshot)} {format_percent(share.share)}" for share in one.shares[:3])
    yield (
        f"Level {one.level}, window {one.window.name} ({one.blocks:,} blocks): HHI {indices.headline_hhi:,.0f}{hhi}, "
        f"Nakamoto coefficient {indices.nakamoto}{nakamoto}; largest entities: {', '.join(largest)}."
    )


# -- values ------------------------------------------------------------------------------------------------------------


def display_name(slug: str, snapshot: Snapshot | None) -> str:
    """The name of an entity as users know it."""
    if slug.startswith(PSEUDONYM):
        return f"unidentified miner {slug}"
    return snapshot.pool_names.get(PoolSlug(slug), slug) if snapshot else slug


def format_value(metric: str, value: float | None) -> str:
    """A value with its unit, which the metric's name gives."""
    if value is None:
        return "unknown"
    if metric.endswith(("_probability", "_p_value")):
        return f"{100 * value:.1f} %" if 0.001 <= value <= 0.999 else f"{value:.2g}"
    if "ratio" in metric:
        return f"{100 * value:.1f} %"
    if metric.endswith("_seconds"):
        return format_duration(value)
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def format_duration(seconds: float) -> str:
    """A duration in days, hours, minutes or seconds."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} seconds"


def format_percent(ratio: float) -> str:
    """A ratio as percentage; a value just below 1 is not rounded to 100 %."""
    return "more than 99.9 %" if 0.999 < ratio < 1 else f"{100 * ratio:.1f} %"


def _rounded(number: float) -> str:
    """To three significant digits."""
    return f"{float(f'{number:.3g}'):,.10g}"


def _interval(interval: Interval) -> str:
    return f" (95 % interval {interval.lower:,.0f}–{interval.upper:,.0f})"


def _percent_range(lower: float, upper: float) -> str:
    return f"{100 * lower:.1f}–{100 * upper:.1f} %"


def _share_with_interval(share: Share) -> str:
    return f"{format_percent(share.share)} (95 % interval {_percent_range(share.lower, share.upper)})"
