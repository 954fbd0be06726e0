"""The model's values as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor import wire
from monitor.model import (
    Attribution,
    BlockEvents,
    BlockRecord,
    Candidate,
    Cluster,
    Concentration,
    Coverage,
    Indices,
    NodeFacts,
    PoolSlug,
    Share,
    Snapshot,
)


def iso(seconds: float) -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def tip(snapshot: Snapshot) -> dict[str, Any]:
    """The newest block."""
    newest = snapshot.tip
    return {
        "height": newest.height,
        "hash": snapshot.tip_hash,
        "time": iso(newest.time),
        "difficulty": wire.difficulty(newest.bits),
        "pool_slug": newest.pool,
        "pool_name": _name(snapshot, newest.pool),
    }


def node(facts: NodeFacts) -> dict[str, Any]:
    """What the node is."""
    return {
        "network": facts.network,
        "version": facts.version,
        "pruned": facts.pruned,
        "first_height": facts.first_height,
        "rest": facts.rest,
        "blockpart": facts.blockpart,
        "zmq": list(facts.zmq),
    }


def coverage(known: Coverage | None) -> dict[str, Any] | None:
    """How far back history goes."""
    if known is None:
        return None
    return {
        "first_height": known.first_height,
        "wanted_height": known.wanted_height,
        "missing_blocks": known.missing,
        "ratio": known.ratio,
        "by": known.by,
        "reason": known.reason,
    }


def shares(one: Concentration, snapshot: Snapshot) -> dict[str, Any]:
    """Who has how much of one window, largest first."""
    return {**_covers(one), "shares": [share(each, snapshot) for each in one.shares]}


def concentration(one: Concentration) -> dict[str, Any]:
    """The indices of one window."""
    return {**_covers(one), "split": _indices(one.split), "merged": _indices(one.merged)}


def block(record: BlockRecord, snapshot: Snapshot | BlockEvents) -> dict[str, Any]:
    """A block, who mined it, and how we know."""
    block, attribution = record.judged.block, record.judged.attribution
    return {
        "height": block.height,
        "hash": block.hash,
        "parent": block.header.parent,
        "time": iso(block.header.time),
        "tx_count": block.tx_count,
        "value_sat": block.coinbase.value_sat,
        "stale": record.stale,
        **_attribution(attribution, snapshot),
        "coinbase": {
            "script_hex": block.coinbase.script.hex(),
            "outputs": [
                {"value_sat": each.value_sat, "script_hex": each.script.hex()} for each in block.coinbase.outputs
            ],
        },
    }


def cluster(found: Cluster) -> dict[str, Any]:
    """An unknown miner."""
    return {"name": found.name, "blocks": found.blocks, "evidence": list(found.evidence)}


def _attribution(attribution: Attribution, snapshot: Snapshot | BlockEvents) -> dict[str, Any]:
    return {
        "pool_slug": attribution.pool,
        "pool_name": _name(snapshot, attribution.pool),
        "method": attribution.method,
        "evidence": attribution.evidence,
        "conflict": attribution.conflict,
        "candidates": [_candidate(each) for each in attribution.candidates],
        "miner": attribution.miner,
        "registry": attribution.registry,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {"pool_slug": candidate.pool, "method": candidate.method, "evidence": candidate.evidence}


def _covers(one: Concentration) -> dict[str, Any]:
    return {
        "level": one.level,
        "window": one.window.name,
        "blocks": one.blocks,
        "unknown": one.unknown,
        "alone": one.alone,
    }


def share(share: Share, snapshot: Snapshot) -> dict[str, Any]:
    """One entity's part of a window."""
    return {
        "entity": share.entity,
        "name": _name(snapshot, PoolSlug(share.entity)),
        **share._asdict(),
        "hashrate": share.hashrate._asdict() if share.hashrate else None,
    }


def _indices(indices: Indices | None) -> dict[str, Any] | None:
    if indices is None:
        return None
    return {**indices._asdict(), "top_share": {str(n): share for n, share in indices.top_share.items()}}


def _name(snapshot: Snapshot | BlockEvents, pool: PoolSlug | None) -> str | None:
    return None if pool is None else snapshot.pool_names.get(pool, pool)
