"""Several nodes: what each says, the blocks of every branch, and whether the nodes agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from monitor.model.chain import BlockRef
from monitor.model.names import BlockHash, PoolSlug

TREE_HEIGHTS = 50
"""How many heights the tree of branches shows."""


class NodeRole(StrEnum):
    """What a node is for."""

    COUNTED = "counted"
    """Its best chain is the one that is counted."""
    OBSERVER = "observer"
    """Its blocks are compared with those that are counted; it may stand in for the counted node."""


class Relation(StrEnum):
    """Where a node's tip is, seen from the tip that is counted."""

    SAME = "same"
    BEHIND = "behind"
    """It is one of the counted blocks below."""
    AHEAD = "ahead"
    """It stands on the counted tip."""
    BRANCH = "branch"
    """It is on another branch."""
    UNKNOWN = "unknown"
    """The node has not said, or its blocks below are not known yet."""


class ChainTip(NamedTuple):
    """The end of a branch that a node knows, as `getchaintips` has it."""

    tip: BlockRef
    length: int
    """Blocks above the node's best chain; 0 is its end."""
    status: str
    """active, valid-fork, valid-headers, headers-only or invalid."""


class HeaderFacts(NamedTuple):
    """A header as a node describes it: of any version, also where the block itself is not there."""

    ref: BlockRef
    parent: BlockHash
    time: int
    bits: int
    version: int
    chain_work: int
    """Expected hashes behind the chain that ends here, by the word of the node."""


class Sighting(NamedTuple):
    """That a node has a block."""

    block: BlockRef
    node: str
    seen_at: float | None
    """Unix time; None if the node had the block before it was asked."""
    lag_seconds: float | None
    """After the first node that had it, by one monotonic clock; 0 is the first."""
    status: str | None = None
    """Of the branch that ends here; see `ChainTip`."""
    pool: PoolSlug | None = None
    """The block's; None if it is unknown, or the block is not stored."""


class BranchBlock(NamedTuple):
    """A block of the tree of branches."""

    ref: BlockRef
    parent: BlockHash
    time: int
    bits: int
    version: int
    pool: PoolSlug | None
    attributed: bool
    """Whether we have its coinbase; without it the pool is unknown for another reason."""
    counted: bool
    """Whether it is on the chain that is counted."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node, as last heard."""

    name: str
    role: NodeRole
    up: bool
    """Whether it answered the last request."""
    reason: str | None = None
    """Why it is not up, or not believed."""
    network: str | None = None
    version: str | None = None
    tip: BlockRef | None = None
    relation: Relation = Relation.UNKNOWN
    fork: BlockRef | None = None
    """The highest counted block below its tip, the tip included."""
    chain: str | None = None
    """The chain that its rules make; None if it does not say."""
    trusted: bool = True
    heard_at: float | None = None
    """Unix time of its last answer about its tip."""
    followed: bool = False
    """Whether the counted chain is taken from it now: the counted node, or the one that stands in for it."""
    starting: bool = False
    """Whether the daemon has started so recently that a node may not be asked again yet, or be starting, too."""

    @property
    def is_awaited(self) -> bool:
        """Whether its position is not known, and it is about to say."""
        return self.relation is Relation.UNKNOWN and (self.up or self.starting)

    @property
    def apart(self) -> int:
        """Blocks of its branch above the counted chain."""
        return self.tip.height - self.fork.height if self.tip and self.fork else 0


@dataclass(frozen=True, slots=True)
class Branch:
    """Blocks above the block where branches part."""

    tip: BlockRef
    nodes: tuple[str, ...]
    """Those whose best chain it is."""
    counted: bool
    length: int
    work: int
    """Expected hashes behind its known blocks and headers. Those of different hash functions cannot be compared."""
    known: int
    """Blocks whose coinbase we have: what follows is counted among them."""
    entities: Mapping[str, Mapping[str, int]]
    """Blocks by level and entity, most first; those of unknown entities are left out."""
    bits: Mapping[int, int]
    """Blocks that signal with each version bit, most first."""
    chain: str | None = None
    """The chain that the rules of its nodes make, by `ChainIdentity.name`; None if none says."""


@dataclass(frozen=True, slots=True)
class Split:
    """Nodes that are caught up and on different branches."""

    ancestor: BlockRef
    """The highest common block."""
    since: float
    """When both branches had a block, as first seen, Unix time."""
    branches: tuple[Branch, ...]
    """The counted one first."""
    lasting: bool
    """Whether it is deep and old enough not to be an everyday race."""

    @property
    def depth(self) -> int:
        """Blocks of the longest branch."""
        return max(each.length for each in self.branches)


@dataclass(frozen=True, slots=True)
class NodesView:
    """All nodes and branches at one moment."""

    nodes: tuple[NodeState, ...]
    """The counted node first."""
    tree: tuple[BranchBlock, ...] = ()
    """The newest blocks of every branch, highest first. Of long branches some are left out."""
    splits: tuple[Split, ...] = ()
    """Deepest first; one for each branch that a node follows besides the counted one."""
    followed_blocks: frozenset[BlockHash] = frozenset()
    """Those that are not counted, but on the best chain of a node, or were before it stopped answering: not stale."""
    folded: Mapping[BlockHash, BlockHash] = field(default_factory=dict)
    """Where blocks are left out: the next block below, by the hash of the one above."""

    @property
    def is_known(self) -> bool:
        """Whether every node that answers has said where it is. Without that, a split that is not seen has not ended.

        A node that went away while it was on another branch may be there still.
        """
        left = any(not each.up and each.relation is Relation.BRANCH for each in self.nodes)
        settled = self.followed.relation not in {Relation.UNKNOWN, Relation.BRANCH}
        return settled and not left and not any(each.is_awaited for each in self.nodes)

    @property
    def agree(self) -> bool | None:
        """Whether no node is on another branch; None while that is not known."""
        return False if self.splits else True if self.is_known else None

    @property
    def split(self) -> Split | None:
        """The deepest split that lasts."""
        return next((each for each in self.splits if each.lasting), None)

    def below(self, block: BranchBlock) -> BlockHash:
        """The next block below on the same branch that the tree shows: the parent, unless that is left out."""
        return self.folded.get(block.ref.hash, block.parent)

    @property
    def followed(self) -> NodeState:
        """The node from which the counted chain is taken now."""
        return next((node for node in self.nodes if node.followed), self.nodes[0])

    @property
    def names_by_tip(self) -> dict[BlockHash, list[str]]:
        """The names of the nodes, by their best block."""
        found = dict[BlockHash, list[str]]()
        for node in self.nodes:
            if node.tip:
                found.setdefault(node.tip.hash, []).append(node.name)
        return found

    def unheard(self, reason: str) -> NodesView:
        """This view when it is no longer known where the nodes are. A split stays until it is known to have ended."""
        nodes = (
            replace(each, up=False, reason=reason, tip=None, fork=None, relation=Relation.UNKNOWN)
            for each in self.nodes
        )
        return replace(self, nodes=tuple(nodes))

    @property
    def outline(self) -> tuple[object, ...]:
        """What people would call a change: not the time when a node was last heard."""
        return tuple(replace(node, heard_at=None) for node in self.nodes), self.tree, self.splits
