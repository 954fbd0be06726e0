"""Between the values of `model` and the rows of the tables: nothing else knows how either looks from the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from monitor.model import (
    Attribution,
    Block,
    BlockHash,
    BlockRecord,
    Candidate,
    Coinbase,
    Header,
    Judged,
    Method,
    PoolSlug,
)
from monitor.wire import decode_outputs, encode_outputs


def attribution_row(attribution: Attribution) -> dict[str, Any]:
    """A judgement as a row of `attributions`; the miner, of whom there are many, is the block's."""
    row: dict[str, Any] = {
        "pool": attribution.pool,
        "method": attribution.method,
        "evidence": attribution.evidence,
        "conflict": attribution.conflict,
        "candidates": [[each.pool, each.method, each.evidence] for each in attribution.candidates],
        "registry": attribution.registry,
    }
    row["digest"] = blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()
    return row


def block_row(block: Block, attribution: int, miner: str | None) -> dict[str, Any]:
    """A block as a row of `blocks`, on the best chain."""
    header, coinbase = block.header, block.coinbase
    return {
        "hash": bytes.fromhex(header.hash),
        "height": block.height,
        "stale": False,
        "version": header.version,
        "parent": bytes.fromhex(header.parent),
        "merkle_root": header.merkle_root,
        "time": header.time,
        "bits": header.bits,
        "nonce": header.nonce,
        "tx_count": block.tx_count,
        "coinbase_script": coinbase.script,
        "coinbase_outputs": encode_outputs(coinbase.outputs),
        "coinbase_version": coinbase.version,
        "coinbase_sequence": coinbase.sequence,
        "coinbase_locktime": coinbase.locktime,
        "coinbase_value": coinbase.value_sat,
        "attribution": attribution,
        "miner": miner,
    }


def record(row: Mapping[str, Any]) -> BlockRecord:
    """A block with its attribution, from a row of both tables joined."""
    header = Header(
        hash=block_hash(row["hash"]),
        version=row["version"],
        parent=block_hash(row["parent"]),
        merkle_root=row["merkle_root"],
        time=row["time"],
        bits=row["bits"],
        nonce=row["nonce"],
    )
    coinbase = Coinbase(
        script=row["coinbase_script"],
        outputs=decode_outputs(row["coinbase_outputs"])[0],
        version=row["coinbase_version"],
        sequence=row["coinbase_sequence"],
        locktime=row["coinbase_locktime"],
    )
    attribution = attribution_of(row)
    return BlockRecord(Judged(Block(row["height"], header, row["tx_count"], coinbase), attribution), row["stale"])


def attribution_of(row: Mapping[str, Any]) -> Attribution:
    """A judgement, from a row of `attributions`; with its miner, where the row is a block's too."""
    return Attribution(
        pool=_slug(row["pool"]),
        method=Method(row["method"]) if row["method"] else None,
        evidence=row["evidence"],
        conflict=row["conflict"],
        candidates=tuple(Candidate(PoolSlug(p), Method(m), e) for p, m, e in row["candidates"]),
        miner=row.get("miner"),
        registry=row["registry"],
    )


def block_hash(stored: bytes) -> BlockHash:
    """A hash as people write it."""
    return BlockHash(stored.hex())


def _slug(stored: str | None) -> PoolSlug | None:
    return None if stored is None else PoolSlug(stored)
