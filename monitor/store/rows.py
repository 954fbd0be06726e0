"""Converts between the values of `model` and the rows of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from sys import intern
from typing import Any, TypeAlias

from monitor.model import (
    Attribution,
    Block,
    BlockHash,
    BlockRecord,
    BlockRow,
    Candidate,
    Coinbase,
    Confidence,
    Header,
    Judged,
    Method,
    PoolSlug,
)
from monitor.store.schema import blocks
from monitor.wire import decode_outputs, encode_outputs

COLUMNS = tuple(column.name for column in blocks.c if column.name != "id")
"""Columns of `blocks` in the order of a `Row`: attribution and miner come last."""

COUNTED = tuple(
    blocks.c[name] for name in (
        "height", "time", "bits", "miner", "version", "tx_count", "coinbase_value", "coinbase_sequence",
        "coinbase_locktime",
    )
)  # fmt: skip
"""The columns that counting needs, besides the pool."""

Row: TypeAlias = tuple[Any, ...]
"""A row of `blocks`. A tuple, because millions are made and passed between processes."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Consecutive blocks as rows, prepared by the backfill worker so that storing them is a single insert."""

    attributions: tuple[Attribution, ...]
    """Each distinct attribution once, without miners."""
    chain: tuple[Row, ...]
    """Blocks of the best chain, lowest first; `attribution` is an index into `attributions`."""
    stale: tuple[Row, ...] = ()
    """Stale blocks of the same heights."""

    @property
    def first_height(self) -> int:
        """Height of the lowest block of the chain."""
        height: int = self.chain[0][COLUMNS.index("height")]
        return height

    @classmethod
    def of(cls, chain: Iterable[Judged], stale: Iterable[Judged] = ()) -> RowBatch:
        """Make rows of attributed blocks."""
        places: dict[Attribution, int] = {}

        def row(each: Judged, *, stale: bool) -> Row:
            place = places.setdefault(without_miner(each.attribution), len(places))
            return block_row(each.block, place, each.attribution.miner, stale=stale)

        best_rows = tuple([row(each, stale=False) for each in chain])
        stale_rows = tuple([row(each, stale=True) for each in stale])
        return cls(tuple(places), best_rows, stale_rows)


def without_miner(attribution: Attribution) -> Attribution:
    """The attribution without its miner, which is stored with the block."""
    return attribution if attribution.miner is None else replace(attribution, miner=None)


def attribution_row(attribution: Attribution) -> dict[str, Any]:
    """An attribution as a row of `attributions`."""
    row: dict[str, Any] = {
        "pool": attribution.pool,
        "method": attribution.method,
        "evidence": _text(attribution.evidence),
        "conflict": attribution.conflict,
        "candidates": [[each.pool, each.method, each.evidence] for each in attribution.candidates],
        "registry": attribution.registry,
        "confidence": attribution.confidence,
    }
    row["digest"] = blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()
    return row


def block_row(block: Block, attribution: int, miner: str | None, *, stale: bool = False) -> Row:
    """A block as a row of `blocks`, in the order of `COLUMNS`."""
    header, coinbase = block.header, block.coinbase
    return (
        bytes.fromhex(header.hash), block.height, stale,
        header.version, bytes.fromhex(header.parent), header.merkle_root, header.time, header.bits, header.nonce,
        block.tx_count,
        coinbase.script, encode_outputs(coinbase.outputs), coinbase.version, coinbase.sequence, coinbase.locktime,
        coinbase.value_sat,
        attribution, None if miner is None else _text(miner),
    )  # fmt: skip


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
    return BlockRecord(
        Judged(Block(row["height"], header, row["tx_count"], coinbase=coinbase), attribution), row["stale"]
    )


def attribution_of(row: Mapping[str, Any]) -> Attribution:
    """An attribution from a row of `attributions`, with the miner if the row has one."""
    return Attribution(
        pool=_slug(row["pool"]),
        method=Method(row["method"]) if row["method"] else None,
        evidence=row["evidence"],
        conflict=row["conflict"],
        candidates=tuple(Candidate(PoolSlug(p), Method(m), e) for p, m, e in row["candidates"]),
        miner=row.get("miner"),
        registry=row["registry"],
        confidence=confidence_of(row["confidence"]),
    )


def counted_row(counted: Sequence[Any], pool: PoolSlug | None, confidence: Confidence | None) -> BlockRow:
    """A block as it is counted, from the values of `COUNTED` and its attribution."""
    height, time, bits, miner, version, tx_count, value, sequence, locktime = counted
    return BlockRow(
        height, time, bits, pool=pool, miner=miner, version=version, tx_count=tx_count, value_sat=value,
        sequence=sequence, locktime=locktime, confidence=confidence,
    )  # fmt: skip


def confidence_of(stored: str | None) -> Confidence | None:
    """A stored confidence."""
    return Confidence(stored) if stored else None


def block_hash(stored: bytes) -> BlockHash:
    """A stored hash in hexadecimal display order."""
    return BlockHash(stored.hex())


def _slug(stored: str | None) -> PoolSlug | None:
    """A stored slug: a year of blocks has few, so equal ones are one object."""
    return None if stored is None else PoolSlug(intern(stored))


def _text(value: str) -> str:
    """Without NUL, which PostgreSQL does not store in text."""
    return value.replace("\0", "\N{SYMBOL FOR NULL}")
