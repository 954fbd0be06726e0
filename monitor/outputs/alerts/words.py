"""What alerts say: the numbers behind them with their intervals, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from monitor.model import (
    PSEUDONYM,
    Alert,
    AlertState,
    Concentration,
    Estimate,
    Interval,
    PoolSlug,
    Share,
    Snapshot,
)
from monitor.outputs.alerts.rules import Rule

_NAMES = ("entity", "pool")
"""Labels that hold a slug, and are written as people know it."""


def summary(rule: Rule, alert: Alert, snapshot: Snapshot | None) -> str:
    """The rule's sentence about this alert."""
    words = {name: called(value, snapshot) if name in _NAMES else value for name, value in alert.labels.items()}
    return rule.summary.format_map(words | {"value": number(rule.value, alert.value)})


def explanation(rule: Rule, alert: Alert, snapshot: Snapshot | None, note: str = "") -> str:
    """The numbers behind an alert, with their intervals, and the levels at which it begins and ends."""
    sentences = [*(_behind(alert.labels, snapshot) if snapshot else ())]
    beyond, back = ("above", "at most") if rule.rising else ("below", "at least")
    now, enter, leave = (number(rule.value, value) for value in (alert.value, rule.enter, rule.leave))
    sentences.append(
        f"{rule.value} is {now}: the alert begins {beyond} {enter}{_lasting(rule)}, and ends when it is {back} {leave}."
    )
    sentences += [rule.meaning] if rule.meaning else []
    sentences += [f"The daemon waits: {note}."] if note else []
    return " ".join(sentences)


def over(alert: Alert, now: float, height: int | None, *, value: float | None = None, reason: str = "") -> Alert:
    """An alert that ceases to fire."""
    said = reason or ("it is no longer so" if value is None else f"the number is {value:.4g} now")
    return replace(
        alert, state=AlertState.RESOLVED, since=now, height=height, value=value,
        summary=f"Over: {alert.summary}" if alert.summary else "Over",
        explanation=(
            f"Over after {span(now - (alert.started or alert.since))}: {said}. It began with: {alert.explanation}"
        ),
    )  # fmt: skip


def called(slug: str, snapshot: Snapshot | None) -> str:
    """What people call an entity."""
    if slug.startswith(PSEUDONYM):
        return f"the unknown miner {slug}"
    return snapshot.pool_names.get(PoolSlug(slug), slug) if snapshot else slug


def number(name: str, value: float | None) -> str:
    """A number as people write it, by what its name says it is."""
    if value is None:
        return "nothing"
    if name.endswith(("_probability", "_p_value")):
        return f"{value:.1%}".replace("%", " %") if 0.001 <= value <= 0.999 else f"{value:.2g}"
    if "ratio" in name:
        return f"{value:.1%}".replace("%", " %")
    if name.endswith("_seconds"):
        return span(value)
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def span(seconds: float) -> str:
    """A length of time, in the unit that suits it."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} seconds"


def _lasting(rule: Rule) -> str:
    parts = [f"{rule.for_blocks} blocks"] if rule.for_blocks else []
    parts += [span(rule.for_seconds)] if rule.for_seconds else []
    return f" for {' and '.join(parts)}" if parts else ""


def _behind(labels: Mapping[str, str], snapshot: Snapshot) -> Iterator[str]:
    """What is known of the things that the labels name."""
    for one in snapshot.concentration:
        if (one.level, one.window.name) == (labels.get("level", "pool"), labels.get("window")):
            for share in one.shares:
                if share.entity == (labels.get("entity") or labels.get("pool")):
                    yield _of_share(one, share, labels.get("threshold"), snapshot)
            if "unknown" in labels:
                yield from _of_indices(one, labels["unknown"], snapshot)


def _of_share(one: Concentration, share: Share, threshold: str | None, snapshot: Snapshot) -> str:
    counted = f" by {one.level}" if one.level != "pool" else ""
    said = (
        f"{called(share.entity, snapshot)} has {_percent(share.share)} (95 %: {_percent(share.lower)} to "
        f"{_percent(share.upper)}) of the last {one.window.name}'s {one.blocks:,} blocks{counted}"
    )
    chance = share.above.get(threshold or "")
    if chance is None:
        return said + "."
    return f"{said}; the probability that it has more than {_part(threshold)} of the hashrate is {_percent(chance)}."


def _of_indices(one: Concentration, reading: str, snapshot: Snapshot) -> Iterator[str]:
    indices = one.merged if reading == "merged" else one.split
    if indices is None:
        return
    likely = next(_likely(one, reading, snapshot), None)
    top = ", ".join(f"{called(share.entity, snapshot)} {_percent(share.share)}" for share in one.shares[:3])
    unbiased = indices.hhi if indices.hhi_unbiased is None else indices.hhi_unbiased
    yield (
        f"Over the last {one.window.name}, {one.blocks:,} blocks by {one.level}, the HHI is {unbiased:,.0f}"
        f"{_between(likely[0]) if likely else ''} and the Nakamoto coefficient {indices.nakamoto}"
        f"{_between(likely[1]) if likely else ''}; the largest are {top}."
    )


def _likely(one: Concentration, reading: str, snapshot: Snapshot) -> Iterator[tuple[Interval, Interval]]:
    for estimate in snapshot.estimates.indices if snapshot.estimates else ():
        if (estimate.level, estimate.window) == (one.level, one.window.name) and (
            likely := _reading(estimate, reading)
        ):
            yield likely


def _reading(estimate: Estimate, reading: str) -> tuple[Interval, Interval] | None:
    likely = estimate.merged if reading == "merged" else estimate.split
    return (likely.hhi, likely.nakamoto) if likely else None


def _between(interval: Interval) -> str:
    return f" (95 %: {interval.lower:,.0f} to {interval.upper:,.0f})"


def _percent(ratio: float) -> str:
    if 0.999 < ratio < 1:
        return "more than 99.9 %"
    return f"{100 * ratio:.1f} %"


def _part(threshold: str | None) -> str:
    return {"0.25": "a quarter", "0.333": "a third", "0.5": "half"}.get(threshold or "", str(threshold))
