"""Between the values of `model` and the rows of the tables: nothing else knows how either looks from the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, TypeAlias

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
from monitor.store.schema import blocks
from monitor.wire import decode_outputs, encode_outputs

COLUMNS = tuple(column.name for column in blocks.c if column.name != "id")
"""Of `blocks`, in the order of a `Row`: the judgement and the miner come last."""

Row: TypeAlias = tuple[Any, ...]
"""A row of `blocks`. A tuple, since it is made a million times, and handed from process to process."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """A part of the past, as rows: what another process can make ready, so that storing it takes no more than that."""

    verdicts: tuple[Attribution, ...]
    """Each distinct judgement once, without miners."""
    chain: tuple[Row, ...]
    """Blocks of the best chain, lowest first; the number of the judgement is its place in `verdicts`."""
    stale: tuple[Row, ...] = ()
    """Blocks that lost against one of the chain."""

    @property
    def first_height(self) -> int:
        """Of the lowest block of the chain."""
        height: int = self.chain[0][COLUMNS.index("height")]
        return height

    @classmethod
    def of(cls, chain: Iterable[Judged], stale: Iterable[Judged] = ()) -> RowBatch:
        """Judged blocks as rows."""
        places: dict[Attribution, int] = {}

        def row(each: Judged, *, gone: bool) -> Row:
            place = places.setdefault(anonymous(each.attribution), len(places))
            return block_row(each.block, place, each.attribution.miner, stale=gone)

        on_chain = tuple([row(each, gone=False) for each in chain])
        beside = tuple([row(each, gone=True) for each in stale])
        return cls(tuple(places), on_chain, beside)


def anonymous(attribution: Attribution) -> Attribution:
    """The judgement without the miner, of whom there are many: he is the block's."""
    return attribution if attribution.miner is None else replace(attribution, miner=None)


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


def block_row(block: Block, attribution: int, miner: str | None, *, stale: bool = False) -> Row:
    """A block as a row of `blocks`, in the order of `COLUMNS`."""
    header, coinbase = block.header, block.coinbase
    return (
        bytes.fromhex(header.hash), block.height, stale,
        header.version, bytes.fromhex(header.parent), header.merkle_root, header.time, header.bits, header.nonce,
        block.tx_count,
        coinbase.script, encode_outputs(coinbase.outputs), coinbase.version, coinbase.sequence, coinbase.locktime,
        coinbase.value_sat,
        attribution, miner,
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
