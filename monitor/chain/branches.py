"""Which branches nodes are on, and whether that is a split. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.model import Block, BlockHash, BlockRef, Branch, BranchBlock, Judged, NodeState, Relation, Split
from monitor.wire import work


@dataclass(frozen=True, slots=True)
class BranchCounts:
    """What the blocks of a branch are counted for."""

    entities: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Blocks by level and entity, most first."""
    bits: Mapping[int, int] = field(default_factory=dict)
    """Blocks that signal with each version bit, most first."""


@dataclass(frozen=True, slots=True)
class BranchRules:
    """How blocks of branches are attributed and counted, and which branches are more than an everyday race."""

    judge: Callable[[Sequence[Block]], Sequence[Judged]]
    """Attributes blocks."""
    count: Callable[[Sequence[BranchBlock]], BranchCounts]
    """Counts attributed blocks."""
    split_depth: int
    """Blocks of a branch beside the counted one that make it a split."""
    split_seconds: float
    """Age of such a branch, since its first block was seen."""


@dataclass(frozen=True, slots=True)
class Line:
    """The blocks of a node's best chain above the counted one, lowest first."""

    fork: BlockRef
    """The highest counted block below."""
    blocks: tuple[BranchBlock, ...] = ()
    """The highest of them; more may be missing above the fork."""

    @property
    def tip(self) -> BlockRef:
        """Its highest block, or the fork where there is none above it."""
        return self.blocks[-1].ref if self.blocks else self.fork

    @property
    def is_checked(self) -> bool:
        """Whether every block above the fork was fetched, and so checked: a header alone may be invented."""
        return self.is_whole and all(block.attributed for block in self.blocks)

    @property
    def is_whole(self) -> bool:
        """Whether there are no blocks between the fork and the lowest one."""
        return not self.blocks or self.blocks[0].parent == self.fork.hash


def completed(line: Line, judged: Sequence[Judged]) -> Line:
    """A line with blocks that have been attributed: in place of their headers, or below its lowest."""
    known = {each.block.hash: _branch_block(each) for each in judged}
    blocks = [known.pop(block.ref.hash, block) for block in line.blocks]
    below = sorted(known.values(), key=lambda block: block.ref.height)
    return Line(line.fork, (*below, *blocks))


def relation(tip: BlockRef, fork: BlockRef, counted: BlockRef) -> Relation:
    """Position of `tip` relative to `counted`, the counted tip; `fork` is the highest counted block below `tip`."""
    if tip == counted:
        return Relation.SAME
    if tip == fork:
        return Relation.BEHIND
    return Relation.AHEAD if fork == counted else Relation.BRANCH


def splits(
    nodes: Sequence[NodeState],
    lines: Mapping[str, Line],
    counted: Sequence[BranchBlock],
    *,
    since: Mapping[BlockHash, float],
    now: float,
    rules: BranchRules,
) -> tuple[Split, ...]:
    """The branches that nodes follow besides the counted one, deepest first.

    Args:
        nodes: all nodes.
        lines: the branch of each node, by its name.
        counted: the blocks of the counted chain above every fork, lowest first.
        since: when the lowest block of a branch was first seen, Unix time.
        now: Unix time.
        rules: what counts as a split, and how blocks are counted.
    """
    followers: dict[BlockHash, list[str]] = {}
    for node in nodes:
        if node.relation is Relation.BRANCH and not node.followed and (line := lines.get(node.name)):
            followers.setdefault(line.blocks[0].ref.hash, []).append(node.name)
    trusted = {node.name for node in nodes if node.trusted}
    chains = {node.name: node.chain for node in nodes}
    found = []
    for lowest, beside in followers.items():
        credible = [name for name in beside if name in trusted or lines[name].is_checked]
        line = max((lines[name] for name in credible or beside), key=lambda each: each.tip.height)
        here = [
            node.name for node in nodes if node.name not in beside and node.fork and node.fork.height > line.fork.height
        ]
        ours = Line(line.fork, tuple(block for block in counted if block.ref.height > line.fork.height))
        branches = (
            _branch(ours, {name: chains[name] for name in here}, rules, counted=True),
            _branch(line, {name: chains[name] for name in beside}, rules, counted=False),
        )
        began = since.get(lowest, now)
        lasting = bool(credible) and branches[1].length >= rules.split_depth and now - began >= rules.split_seconds
        found.append(Split(line.fork, began, branches, lasting=lasting))
    return tuple(sorted(found, key=lambda split: -split.depth))


def _branch(line: Line, chains: Mapping[str, str | None], rules: BranchRules, *, counted: bool) -> Branch:
    """Count a branch; `chains` has the nodes that follow it."""
    attributed = [block for block in line.blocks if block.attributed]
    counts = rules.count(attributed)
    return Branch(
        tip=line.tip,
        nodes=tuple(chains),
        counted=counted,
        length=line.tip.height - line.fork.height,
        work=sum(work(block.bits) for block in line.blocks),
        known=len(attributed),
        entities=counts.entities,
        bits=counts.bits,
        chain=next(filter(None, chains.values()), None),
    )


def _branch_block(judged: Judged) -> BranchBlock:
    block, header = judged.block, judged.block.header
    return BranchBlock(
        block.ref,
        header.parent,
        time=header.time,
        bits=header.bits,
        version=header.version,
        pool=judged.attribution.pool,
        attributed=True,
        counted=False,
    )
