"""Blocks: who mined them, and how we know."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from monitor import wire
from monitor.model import Method
from monitor.outputs.schemas.base import Hex, OptionalName, PreciseTime, Schema, Time, at

Difficulty = Annotated[float, BeforeValidator(wire.difficulty)]
"""From the header's bits."""


class Tip(Schema):
    """The newest block, read from a snapshot."""

    height: int = at("tip", "height")
    """Height of the block."""
    hash: str = at("tip_hash")
    """Hash of the block."""
    time: Time = at("tip", "time")
    """Header time."""
    difficulty: Difficulty = at("tip", "bits")
    """Difficulty of the block."""
    pool_slug: str | None = at("tip", "pool")
    """The pool that mined it; null: unknown."""
    pool_name: OptionalName = at("tip", "pool")
    """Name of the pool; null: unknown."""


class Candidate(Schema):
    """An address or text of a pool that was found in a coinbase."""

    pool_slug: str = at("pool")
    """The pool."""
    method: Method
    """`address` or `tag`."""
    evidence: str
    """The address or text, as the registry has it."""


class Output(Schema):
    """An output of a coinbase."""

    value_sat: int
    """Satoshi."""
    script_hex: Hex = at("script")
    """The script that it pays, in hex."""


class Coinbase(Schema):
    """A coinbase transaction."""

    script_hex: Hex = at("script")
    """The input script, in hex: the miner chooses most of it."""
    outputs: list[Output]
    """In the order of the transaction."""


class BlockSummary(Schema):
    """A block and who mined it, read from a `BlockRecord`."""

    height: int = at("judged", "block", "height")
    """Height of the block."""
    hash: str = at("judged", "block", "hash")
    """Hash of the block."""
    time: Time = at("judged", "block", "header", "time")
    """Header time."""
    tx_count: int = at("judged", "block", "tx_count")
    """Transactions, the coinbase among them."""
    value_sat: int = at("judged", "block", "coinbase", "value_sat")
    """What the coinbase pays, in satoshi: subsidy and fees."""
    pool_slug: str | None = at("judged", "attribution", "pool")
    """The pool that mined it; null: unknown."""
    pool_name: OptionalName = at("judged", "attribution", "pool")
    """Name of the pool; null: unknown."""
    method: Method | None = at("judged", "attribution", "method")
    """How the pool was identified: `address` or `tag`; null: unknown."""
    evidence: str = at("judged", "attribution", "evidence")
    """The address or text that decided, as the registry has it; empty: unknown."""
    conflict: bool = at("judged", "attribution", "conflict")
    """Whether the candidates name more than one pool."""
    miner: str | None = at("judged", "attribution", "miner")
    """The miner inside the pool, where the coinbase names one. Written by the miner; sanitised and short."""


class TipMessage(Tip):
    """The newest block, in a message."""

    time: PreciseTime = at("tip", "time")
    """Header time."""


class BlockMessage(BlockSummary):
    """A block, in a message."""

    time: PreciseTime = at("judged", "block", "header", "time")
    """Header time."""


class Block(BlockSummary):
    """A block, who mined it, and how we know."""

    parent: str = at("judged", "block", "header", "parent")
    """Hash of the previous block."""
    stale: bool
    """Whether the block has left the best chain."""
    candidates: list[Candidate] = at("judged", "attribution", "candidates")
    """Everything that points to a pool; the one that decided comes first."""
    registry: str = at("judged", "attribution", "registry")
    """Hash of the pool registry that decided."""
    coinbase: Coinbase = at("judged", "block", "coinbase")
    """The coinbase, for a check of your own."""


class Blocks(Schema):
    """Blocks, highest first, stale ones included."""

    blocks: list[Block]
    """The blocks."""


class UnknownMiner(Schema):
    """Blocks of one unidentified miner, under a pseudonym."""

    name: str
    """The pseudonym, such as `unknown-7f3a`."""
    blocks: int
    """How many; at least two."""
    evidence: list[str]
    """What the blocks have in common, the most frequent first."""


class UnknownMiners(Schema):
    """Recurring unidentified miners."""

    miners: list[UnknownMiner]
    """Most blocks first."""


class BlockRef(Schema):
    """A block by height and hash."""

    height: int
    """Height of the block."""
    hash: str
    """Hash of the block."""


class Reorg(BlockRef):
    """A reorganisation; height and hash are those of the last block that both branches have."""

    depth: int
    """How many blocks left the best chain."""


class ReorgBlocks(Reorg):
    """A reorganisation with the blocks that left."""

    left: list[BlockRef]
    """Highest first."""


class SnapshotEvent(Schema):
    """New numbers are ready."""

    tip: Tip
    """The block they are of."""
    caught_up: bool
    """Whether that is the node's newest block."""
