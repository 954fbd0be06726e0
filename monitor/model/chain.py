"""The chain: blocks as far as their first bytes tell, and the steps along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from monitor.model.names import BlockHash


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A place in a chain: which block, and how high it stands."""

    height: int
    hash: BlockHash


class Output(NamedTuple):
    """One output of a transaction. A tuple, since it is made more often than anything else here."""

    value_sat: int
    script: bytes


@dataclass(frozen=True, slots=True)
class Coinbase:
    """The transaction in which a miner pays itself and may sign its name. All of it is written by the miner."""

    script: bytes
    """scriptSig: at most 100 bytes by consensus, anything at all by content."""
    outputs: tuple[Output, ...]
    version: int = 1
    sequence: int = 0xFFFF_FFFF
    locktime: int = 0

    @property
    def value_sat(self) -> int:
        """What the block pays out: subsidy and fees, as far as the miner claimed them."""
        return sum(output.value_sat for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Header:
    """The 80 bytes that are mined."""

    hash: BlockHash
    version: int
    parent: BlockHash
    merkle_root: bytes
    time: int
    bits: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Block:
    """As much of a block as its first bytes tell: the header, the coinbase, how many transactions follow."""

    height: int
    header: Header
    tx_count: int
    coinbase: Coinbase

    @property
    def hash(self) -> BlockHash:
        """The block's own hash."""
        return self.header.hash

    @property
    def ref(self) -> BlockRef:
        """Its place in the chain."""
        return BlockRef(self.height, self.header.hash)


@dataclass(frozen=True, slots=True)
class Plan:
    """One step along the chain: blocks to leave behind, then blocks to join, in that order.

    The follower has checked that the first of `connects` names `onto` as its parent, and each next one the one before.
    An empty plan says only that there is nothing to do: we have caught up.
    """

    onto: BlockRef
    """Where the step leaves our chain: our tip, or the block below the last of `disconnects`."""
    node_tip: BlockHash
    """The node's best block when the plan was made."""
    disconnects: tuple[BlockRef, ...] = ()
    """Highest first."""
    connects: tuple[Block, ...] = ()
    """Lowest first."""
    noticed: float = 0.0
    """When the node's news reached us: monotonic clock, seconds."""

    @property
    def end(self) -> BlockRef:
        """Our tip after the step."""
        return self.connects[-1].ref if self.connects else self.onto

    @property
    def is_empty(self) -> bool:
        """Whether it moves nothing."""
        return not self.connects and not self.disconnects

    @property
    def caught_up(self) -> bool:
        """Whether it ends at the node's tip."""
        return self.end.hash == self.node_tip


class Notice(NamedTuple):
    """A hint that the node may have news."""

    at: float
    """When it reached us: monotonic clock, seconds."""
    tip: BlockHash | None = None
    """What the node's best block was then, where the notice says so."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node says of itself."""

    network: str
    genesis: BlockHash
    version: str
    tip: BlockRef
    first_height: int
    """The lowest block whose body it still has."""
    rest: bool
    """Whether it serves REST."""
    blockpart: bool
    """Whether it serves parts of blocks over REST."""
    zmq: tuple[str, ...]
    """Where it publishes new blocks."""

    @property
    def blocks_by(self) -> str:
        """The best way by which it gives blocks."""
        return "rest blockpart" if self.blockpart else "rest block" if self.rest else "rpc getblock"

    @property
    def pruned(self) -> bool:
        """Whether it has forgotten the oldest blocks."""
        return self.first_height > 0
