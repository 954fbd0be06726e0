"""All nodes, the branches that they follow, and splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Self

from pydantic import BeforeValidator

from monitor import model
from monitor.model import NodeRole, PoolSlug, Relation, Sighting
from monitor.outputs.lags import lags_by_node, lags_by_pool
from monitor.outputs.node_text import place, summary
from monitor.outputs.schemas.base import OptionalName, PoolRef, PreciseTime, Schema, Time, field, fields_of
from monitor.outputs.schemas.blocks import BlockRef


class NodeState(Schema):
    """One node, as last heard."""

    name: str = field("Name of the node, as configured; its host and port without one")
    role: NodeRole = field("`counted`: its best chain is counted; `observer`: it is compared with it")
    followed: bool = field("Whether the counted chain is taken from it now: the counted node, or one that stands in")
    trusted: bool = field("Whether its word is taken for what cannot be checked")
    up: bool = field("Whether it answered the last request, and is believed")
    reason: str | None = field("Why it is not; null while it is")
    network: str | None = field("Network of the node; null until it answers")
    version: str | None = field("User agent of the node; null until it answers")
    chain: str | None = field("The chain that its rules make; null if it does not say")
    tip: BlockRef | None = field("Its best block; null until it is known")
    relation: Relation = field(
        "Where its tip is, seen from the counted one: the `same`, `behind` or `ahead` on that chain, on a `branch`, "
        "or `unknown`"
    )
    fork: BlockRef | None = field("The highest counted block on its best chain; null if it is not known")
    place: str = field("The relation in words; empty while the node is away")
    apart: int = field("Blocks on its best chain above that one")
    heard_at: PreciseTime | None = field("When it last said which block is its best; null before")


class TreeBlock(Schema):
    """A block of the tree of branches."""

    height: int = field("Height of the block")
    hash: str = field("Hash of the block")
    parent: str = field("Hash of its parent")
    below: str = field("Hash of the next block below on the same branch that is shown: the parent, if that is")
    time: Time = field("Header time")
    pool_slug: str | None = field("The pool; null: unknown", at="pool")
    pool_name: OptionalName = field("Name of the pool; null: unknown", at="pool")
    attributed: bool = field("Whether its coinbase is known; without it the pool is not")
    counted: bool = field("Whether it is on the chain that is counted")
    nodes: list[str] = field("Nodes whose best block it is")


class Branch(Schema):
    """The blocks of a branch above the block where branches part."""

    tip: BlockRef = field("Its highest block")
    nodes: list[str] = field("Nodes whose best chain it is")
    counted: bool = field("Whether it is the branch that is counted")
    blocks: int = field("Its length", at="length")
    chain: str | None = field("The chain that the rules of its nodes make: `bitcoin`, `rdts`, ...; null if none says")
    work: Annotated[str, BeforeValidator(str)] = field(
        "Expected hashes behind its blocks, in decimal: more digits than a number of JSON has. The chain `rdts` hashes "
        "by BLAKE2b, which cannot be compared with Bitcoin's SHA256d"
    )
    attributed: int = field("Blocks whose coinbase is known; the next two count these", at="known")
    entities: dict[str, dict[str, int]] = field("Blocks by level and entity, most first, unknown ones left out")
    signalling: dict[int, int] = field("Blocks that signal with each version bit, most first", at="bits")


class Split(Schema):
    """Nodes on different branches."""

    lasting: bool = field("Whether it is deep and old enough to be a split (`splits.depth`, `splits.seconds`)")
    ancestor: BlockRef = field("The highest block that both branches have")
    since: Time = field("When both branches had a block, as first seen")
    depth: int = field("Blocks of the longest branch")
    branches: list[Branch] = field("The counted one first")


class NodeLag(Schema):
    """How much later than the first node a node had blocks."""

    node: str = field("Name of the node")
    blocks: int = field("Blocks that it and another node announced")
    first: int = field("Number of blocks that it had first: their lag is 0")
    median_seconds: float = field("Median of the lags", at="median")
    p90_seconds: float = field("90 % of the lags are at most this", at="p90")


class PoolLag(PoolRef):
    """How much later than the first node the other nodes had the blocks of a pool."""

    blocks: int = field("Blocks of the pool that several nodes announced")
    median_seconds: float = field("Median of the lags, without the 0 of the first node", at="median")
    p90_seconds: float = field("90 % of the lags are at most this", at="p90")


class Lags(Schema):
    """Latency between these nodes, over the newest 1,000 sightings. Not that of the network."""

    nodes: list[NodeLag] = field("By node; empty until two nodes announced the same block")
    pools: list[PoolLag] = field("By pool of the block, most blocks first")

    @classmethod
    def of_sightings(cls, sightings: Sequence[Sighting], names: Mapping[PoolSlug, str]) -> Self:
        """The lags of these sightings."""
        nodes, pools = lags_by_node(sightings), lags_by_pool(sightings)
        return cls.of(
            {
                "nodes": [{"node": name, **asdict(lag)} for name, lag in nodes.items()],
                "pools": [{"pool": pool, **asdict(lag)} for pool, lag in pools.items()],
            },
            names,
        )


class Nodes(Schema):
    """All nodes and branches."""

    summary: str = field("Whether the nodes agree, and of which branch the numbers are, in words")
    agree: bool | None = field("Whether no node is on another branch; null while that is not known")
    counted: str = field("The node whose chain is counted, by configuration")
    followed: str = field("The node from which it is taken now")
    nodes: list[NodeState] = field("The counted node first")
    splits: list[Split] = field("One for each branch beside the counted one, deepest first")
    tree: list[TreeBlock] = field(
        "The blocks of 50 heights on every branch, highest first: the newest ones, and ends and forks of all branches"
    )
    lags: Lags = field("How much later than the first node the others had blocks")

    @classmethod
    def of_view(
        cls, view: model.NodesView, names: Mapping[PoolSlug, str], *, sightings: Sequence[Sighting] = ()
    ) -> Self:
        """All of a view, and the lags of the newest sightings."""
        tips = view.names_by_tip
        tree = [
            {
                **block._asdict(),
                **fields_of(block.ref),
                "below": view.below(block),
                "nodes": tips.get(block.ref.hash, []),
            }
            for block in view.tree
        ]
        nodes = [{**fields_of(node), "apart": node.apart, "place": place(node, view)} for node in view.nodes]
        return cls.of(
            {
                "summary": summary(view), "agree": view.agree, "counted": view.nodes[0].name,
                "followed": view.followed.name, "nodes": nodes, "splits": view.splits, "tree": tree,
                "lags": Lags.of_sightings(sightings, names),
            },
            names,
        )  # fmt: skip


class SplitEvent(Schema):
    """The splits that last, after one began, grew or ended."""

    splits: list[Split] = field("Deepest first; empty after the last one ended")


class BranchEvent(Schema):
    """The branches that nodes follow, after one appeared, grew or ended."""

    agree: bool | None = field("Whether no node is on another branch; null while that is not known")
    splits: list[Split] = field("One for each branch beside the counted one, deepest first")
