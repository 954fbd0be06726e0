"""Blocks up to their coinbase, and the steps that a chain takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from monitor.model.names import BlockHash


@dataclass(frozen=True, slots=True)
class BlockRef:
    """Height and hash of a block."""

    height: int
    hash: BlockHash


class Output(NamedTuple):
    """One output of a transaction. A tuple, because more of them are made than of anything else."""

    value_sat: int
    script: bytes


@dataclass(frozen=True, slots=True)
class Coinbase:
    """The coinbase transaction: pays the miner, and may contain its name. All of it is written by the miner."""

    script: bytes
    """scriptSig: at most 100 bytes by consensus, with arbitrary content."""
    outputs: tuple[Output, ...]
    version: int = 1
    sequence: int = 0xFFFF_FFFF
    locktime: int = 0

    @property
    def value_sat(self) -> int:
        """Sum of the outputs: subsidy and fees, as claimed by the miner."""
        return sum(output.value_sat for output in self.outputs)

    @property
    def main_output(self) -> Output | None:
        """The output that gets more than half of the reward; None if none does.

        Where many are paid, the first among them is one customer.
        """
        total = self.value_sat
        return next((output for output in self.outputs if 2 * output.value_sat > total), None)


class CoinbaseSpend(NamedTuple):
    """An output of a stored coinbase as the input of a later transaction."""

    coinbase: BlockHash
    """Of the block that paid it."""
    output: int
    """Its place in the coinbase."""
    txid: str
    """The transaction that spends it."""
    swept_to: bytes | None
    """The script that gets more than half of what that transaction pays; None if none does."""


@dataclass(frozen=True, slots=True)
class Header:
    """A block header."""

    hash: BlockHash
    version: int
    """Without the bit that announces an extension."""
    parent: BlockHash
    merkle_root: bytes
    time: int
    bits: int
    nonce: int
    extension: bytes = b""
    """The 84 bytes that a header of the BLAKE2b chain has in addition, as serialised; empty in Bitcoin."""


@dataclass(frozen=True, slots=True)
class Block:
    """The first part of a block: header, number of transactions, coinbase."""

    height: int
    header: Header
    tx_count: int
    coinbase: Coinbase

    @property
    def hash(self) -> BlockHash:
        """Hash of the block."""
        return self.header.hash

    @property
    def ref(self) -> BlockRef:
        """Height and hash."""
        return BlockRef(self.height, self.header.hash)


@dataclass(frozen=True, slots=True)
class Plan:
    """One step along the chain: blocks to disconnect, then blocks to connect.

    The follower has checked that `onto` is the parent of the first block of `connects`, and each block the parent of
    the next. An empty plan means that the stored chain has caught up.
    """

    onto: BlockRef
    """The highest common block: our tip, or the block below the last of `disconnects`."""
    node_tip: BlockHash
    """The node's best block when the plan was made."""
    disconnects: tuple[BlockRef, ...] = ()
    """Highest first."""
    connects: tuple[Block, ...] = ()
    """Lowest first."""
    noticed: float = 0.0
    """When the notice of the block arrived: monotonic clock, seconds."""

    @property
    def end(self) -> BlockRef:
        """Our tip after the step."""
        return self.connects[-1].ref if self.connects else self.onto

    @property
    def is_empty(self) -> bool:
        """Whether it neither connects nor disconnects a block."""
        return not self.connects and not self.disconnects

    @property
    def caught_up(self) -> bool:
        """Whether it ends at the node's tip."""
        return self.end.hash == self.node_tip


class Notice(NamedTuple):
    """A hint that the node may have a new block."""

    at: float
    """When it arrived: monotonic clock, seconds."""
    tip: BlockHash | None = None
    """The node's best block at that time, if the notice names it."""


BITCOIN, RDTS, UNKNOWN_CHAIN = "bitcoin", "rdts", "unknown"
"""Names of chains. RDTS is the chain of BIP110 (reduced data), with proof of work by BLAKE2b."""


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """The chain that a node is on. `str` says it as a part of a sentence: "the node is …"."""

    name: str = BITCOIN
    since: int | None = None
    """Height of the first block that it does not share with Bitcoin, as far as known."""
    parts_at: int | None = None
    """Height at which its rules will leave Bitcoin, if it is on Bitcoin now."""
    extended_from: int | None = None
    """Height of the first block with a header of 164 bytes, if it has such blocks."""
    reason: str | None = None
    """How an unknown chain shows."""

    def __str__(self) -> str:
        since = "" if self.since is None else f" since block {self.since}"
        match self.name:
            case "bitcoin" if self.parts_at is not None:
                return f"on Bitcoin, with rules that leave it at block {self.parts_at}"
            case "bitcoin":
                return "on Bitcoin"
            case "rdts":
                return f"on another chain{since}: RDTS (BIP110), with proof of work by BLAKE2b"
            case "unknown":
                return f"on an unknown chain{since}: {self.reason}"
            case name:
                return f"on another chain{since}: {name}"


EMBEDDED_VERSION = "pool-monitor:embedded"
"""The version that the embedded node says."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Network, tip and capabilities of a node."""

    network: str
    genesis: BlockHash
    version: str
    tip: BlockRef
    first_height: int
    """Height of the lowest block that it has, with all above it."""
    rest: bool
    """Whether it serves REST."""
    blockpart: bool
    """Whether it serves parts of blocks over REST."""
    zmq: tuple[str, ...]
    """Addresses at which it publishes new blocks."""
    chain: ChainIdentity = ChainIdentity()
    """The chain that it is on."""
    rest_refusal: str | None = None
    """What a request for REST was answered instead, if it was made and REST is not served."""
    snapshot: bool = False
    """Whether it began with a UTXO snapshot and is still downloading the blocks before it."""

    @property
    def blocks_by(self) -> str:
        """The fastest interface for blocks."""
        return "rest blockpart" if self.blockpart else "rest block" if self.rest else "rpc getblock"

    @property
    def is_simulated(self) -> bool:
        """Whether it is the embedded node, which makes blocks without work."""
        return self.version == EMBEDDED_VERSION

    @property
    def pruned(self) -> bool:
        """Whether it lacks the oldest blocks: it has deleted them, or not downloaded them yet."""
        return self.first_height > 0

    @property
    def missing_blocks(self) -> str:
        """Why it lacks the oldest blocks, if it does."""
        if self.snapshot:
            return f"the node began with a UTXO snapshot and is still downloading the blocks below {self.first_height}"
        return f"the node has pruned the blocks below {self.first_height}"
