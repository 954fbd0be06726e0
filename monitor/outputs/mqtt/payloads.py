"""What is said on which topic. Payloads are JSON, times ISO 8601 in UTC; docs/how-to/mqtt.md shows each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor import wire
from monitor.model import (
    Alert,
    AlertState,
    BlockEvents,
    Concentration,
    Dispatch,
    Indices,
    Judged,
    Likely,
    PoolSlug,
    Severity,
    Snapshot,
)
from monitor.outputs.alert_json import as_json, change_as_json, iso

_LARGEST = 10
"""Entities of a window that are told by name."""


_NO_TOPIC = re.compile(r"[+#/\0]")
_GRAVITY = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


class Topics:
    """All topics, below one prefix."""

    def __init__(self, prefix: str) -> None:
        self.status = f"{prefix}/status"
        self.tip = f"{prefix}/tip"
        self.block = f"{prefix}/block"
        self.reorg = f"{prefix}/reorg"
        self.alerts = f"{prefix}/alerts"
        self._prefix = prefix

    def concentration(self, level: str, window: str) -> str:
        """Of one level and window."""
        return f"{self._prefix}/concentration/{level}/{window}"

    def alert(self, rule: str) -> str:
        """Of one rule."""
        return f"{self._prefix}/alert/{_NO_TOPIC.sub('_', rule)}"


def events(events: BlockEvents, topics: Topics) -> Iterator[tuple[str, str]]:
    """Blocks that left, blocks that joined. While catching up, the latter are not published."""
    plan = events.plan
    if plan.disconnects:
        left = [{"height": block.height, "hash": block.hash} for block in plan.disconnects]
        yield (
            topics.reorg,
            _text({"depth": len(left), "height": plan.onto.height, "hash": plan.onto.hash, "left": left}),
        )
    if plan.caught_up:
        for judged in events.judged:
            yield topics.block, _text(block(judged, events.pool_names))


def states(snapshot: Snapshot, topics: Topics) -> Iterator[tuple[str, str]]:
    """How things stand: the newest block, and each level and window."""
    yield topics.tip, _text(tip(snapshot))
    for one in snapshot.concentration:
        yield topics.concentration(one.level, one.window.name), _text(concentration(one, snapshot))


def block(judged: Judged, names: Mapping[PoolSlug, str]) -> dict[str, Any]:
    """A block that joined, and who mined it."""
    block, attribution = judged.block, judged.attribution
    return {
        "height": block.height,
        "hash": block.hash,
        "time": iso(block.header.time),
        "pool_slug": attribution.pool,
        "pool_name": _name(names, attribution.pool),
        "method": attribution.method,
        "evidence": attribution.evidence,
        "conflict": attribution.conflict,
        "miner": attribution.miner,
        "tx_count": block.tx_count,
        "value_sat": block.coinbase.value_sat,
    }


def tip(snapshot: Snapshot) -> dict[str, Any]:
    """The newest block."""
    newest = snapshot.tip
    return {
        "height": newest.height,
        "hash": snapshot.tip_hash,
        "time": iso(newest.time),
        "difficulty": wire.difficulty(newest.bits),
        "pool_slug": newest.pool,
        "pool_name": _name(snapshot.pool_names, newest.pool),
    }


def concentration(one: Concentration, snapshot: Snapshot) -> dict[str, Any]:
    """The indices of one window, how sure they are, and its largest entities."""
    known = snapshot.estimates.indices if snapshot.estimates else ()
    likely = next((each for each in known if (each.level, each.window) == (one.level, one.window.name)), None)
    return {
        "level": one.level,
        "window": one.window.name,
        "height": snapshot.tip.height,
        "time": iso(snapshot.tip.time),
        "blocks": one.blocks,
        "unknown": one.unknown,
        "split": _indices(one.split, likely.split if likely else None),
        "merged": _indices(one.merged, likely.merged if likely else None),
        "largest": [
            {
                "entity": share.entity,
                "name": _name(snapshot.pool_names, PoolSlug(share.entity)),
                "blocks": share.blocks,
                "share": share.share,
                "lower": share.lower,
                "upper": share.upper,
            }
            for share in one.shares[:_LARGEST]
        ],
    }


def alerts(standing: Iterable[Alert]) -> str:
    """All that fire."""
    firing = _firing(standing)
    return _text({"firing": len(firing), "alerts": [as_json(alert) for alert in firing]})


def rule(name: str, standing: Sequence[Alert], change: Dispatch | None) -> str:
    """All alerts of a rule that fire, and the change that makes this message; None where it only repeats them."""
    firing = _firing(alert for alert in standing if alert.rule == name)
    gravest = max((alert.severity for alert in firing), key=_GRAVITY.index, default=None)
    return _text(
        {
            "rule": name,
            "state": AlertState.FIRING if firing else AlertState.RESOLVED,
            "severity": gravest,
            "alerts": [as_json(alert) for alert in firing],
            "change": change_as_json(change) if change else None,
        }
    )


def _firing(standing: Iterable[Alert]) -> list[Alert]:
    return sorted((alert for alert in standing if alert.state is AlertState.FIRING), key=lambda alert: alert.key)


def _indices(indices: Indices | None, likely: Likely | None) -> dict[str, Any] | None:
    if indices is None:
        return None
    said = {**indices._asdict(), "top_share": {str(n): share for n, share in indices.top_share.items()}}
    if likely:
        said |= {
            "hhi_lower": likely.hhi.lower,
            "hhi_upper": likely.hhi.upper,
            "nakamoto_lower": int(likely.nakamoto.lower),
            "nakamoto_upper": int(likely.nakamoto.upper),
        }
    return said


def _name(names: Mapping[PoolSlug, str], pool: PoolSlug | None) -> str | None:
    return None if pool is None else names.get(pool, pool)


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
