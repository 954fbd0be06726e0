"""Blocks: who mined them, and how we know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor import model, wire
from monitor.model import Confidence, Method
from monitor.outputs.schemas.base import Hex, OptionalName, Schema, Time, field

Difficulty = Annotated[float, BeforeValidator(wire.difficulty)]
"""From the header's bits."""


class Tip(Schema):
    """The newest block, read from a snapshot."""

    height: int = field("Height of the block", at="tip.height")
    hash: str = field("Hash of the block", at="tip_hash")
    time: Time = field("Header time", at="tip.time")
    difficulty: Difficulty = field("Difficulty of the block", at="tip.bits")
    pool_slug: str | None = field("The pool that mined it; null: unknown", at="tip.pool")
    pool_name: OptionalName = field("Name of the pool; null: unknown", at="tip.pool")


class Candidate(Schema):
    """An address or text of a pool that was found in a coinbase."""

    pool_slug: str = field("The pool", at="pool")
    method: Method = field("`address` or `tag`")
    evidence: str = field("The address or text, as the registry has it")


@dataclass(slots=True)
class Output:
    """An output of a coinbase. Not a `Schema`: a page of blocks has thousands, and this takes a fifth of the time."""

    value_sat: Annotated[int, Field(description="Satoshi")]
    script_hex: Annotated[str, Field(description="The script that it pays, in hex")]


MAX_OUTPUTS = 1000
"""Of a coinbase in an answer: a block has room for 90,000, and an answer has many blocks."""


def _outputs(outputs: Iterable[model.Output]) -> list[Output]:
    return [Output(each.value_sat, each.script.hex()) for each in islice(outputs, MAX_OUTPUTS)]


class Coinbase(Schema):
    """A coinbase transaction."""

    script_hex: Hex = field("The input script, in hex: the miner chooses most of it", at="script")
    output_count: Annotated[int, BeforeValidator(len)] = field("Number of outputs", at="outputs")
    outputs: Annotated[list[Output], BeforeValidator(_outputs)] = field(
        "In the order of the transaction, the first 1,000 at most"
    )


class BlockSummary(Schema):
    """A block and who mined it, read from a `BlockRecord`."""

    height: int = field("Height of the block", at="judged.block.height")
    hash: str = field("Hash of the block", at="judged.block.hash")
    time: Time = field("Header time", at="judged.block.header.time")
    tx_count: int = field("Transactions, the coinbase among them", at="judged.block.tx_count")
    value_sat: int = field("What the coinbase pays, in satoshi: subsidy and fees", at="judged.block.coinbase.value_sat")
    pool_slug: str | None = field("The pool that mined it; null: unknown", at="judged.attribution.pool")
    pool_name: OptionalName = field("Name of the pool; null: unknown", at="judged.attribution.pool")
    method: Method | None = field("Identified by `address` or `tag`; null: unknown", at="judged.attribution.method")
    evidence: str = field("The address or text that decided; empty: unknown", at="judged.attribution.evidence")
    conflict: bool = field("Whether the candidates name more than one pool", at="judged.attribution.conflict")
    confidence: Confidence | None = field(
        "What a forgery would have cost: `high` (most of the reward), `medium` (a part) or `low` (nothing); null: "
        "unknown pool, or stored by an older version",
        at="judged.attribution.confidence",
    )
    miner: str | None = field("Miner inside the pool, as the coinbase names it", at="judged.attribution.miner")


class Block(BlockSummary):
    """A block, who mined it, and how we know."""

    parent: str = field("Hash of the previous block", at="judged.block.header.parent")
    stale: bool = field("Whether the block is not on the counted chain: left, or of a branch that another node follows")
    candidates: list[Candidate] = field(
        "All that points to a pool; the decisive one first", at="judged.attribution.candidates"
    )
    registry: str = field("Hash of the pool registry that decided", at="judged.attribution.registry")
    coinbase: Coinbase = field("The coinbase, for a check of your own", at="judged.block.coinbase")


class Blocks(Schema):
    """Blocks, highest first, stale ones included."""

    blocks: list[Block] = field("The blocks")
    next_below: int | None = field("`below` for the next page; null: there is none")


class BlockLine(BlockSummary):
    """A block in a table: its fields are the columns."""

    parent: str = field("Hash of the previous block", at="judged.block.header.parent")
    stale: bool = field("Whether the block is not on the counted chain")
    registry: str = field("Hash of the pool registry that decided", at="judged.attribution.registry")


class UnknownMiner(Schema):
    """Blocks of one unidentified miner, under a pseudonym."""

    name: str = field("The pseudonym, such as `unknown-7f3a`")
    blocks: int = field("How many; at least two")
    evidence: list[str] = field("What the blocks have in common, the most frequent first")


class UnknownMiners(Schema):
    """Recurring unidentified miners."""

    miners: list[UnknownMiner] = field("Most blocks first")


class BlockRef(Schema):
    """A block by height and hash."""

    height: int = field("Height of the block")
    hash: str = field("Hash of the block")


class Reorg(BlockRef):
    """A reorganisation; height and hash are those of the last block that both branches have."""

    depth: int = field("How many blocks left the best chain")


class ReorgBlocks(Reorg):
    """A reorganisation with the blocks that left."""

    left: list[BlockRef] = field("Highest first")


class SnapshotEvent(Schema):
    """New numbers are ready."""

    tip: Tip = field("The block they are of")
    caught_up: bool = field("Whether that is the node's newest block")
