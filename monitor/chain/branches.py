"""Which branches nodes are on, and whether that is a split. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.model import Block, BlockHash, BlockRef, Branch, BranchBlock, Judged, NodeState, Relation, Split
from monitor.wire import work

_SPREAD_SECONDS = 60.0
"""A node may have a block so much later than another, without a disagreement."""


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
    """Blocks of the longest branch that make it a split."""
    split_seconds: float
    """Age, since both branches have a block."""


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


def beside(line: Line, counted: Sequence[BranchBlock]) -> Line:
    """The counted branch beside a line, of the blocks of the counted chain."""
    return Line(line.fork, tuple(block for block in counted if block.ref.height > line.fork.height))


def marks(line: Line, counted: Sequence[BranchBlock], depth: int) -> tuple[BranchBlock, ...]:
    """The blocks that decide how old a split is: of both branches the lowest one, and the one that makes it deep."""
    ours, theirs = beside(line, counted).blocks, line.blocks
    return (*ours[:1], *theirs[:1], *ours[depth - 1 : depth], *theirs[depth - 1 : depth])


def splits(
    nodes: Sequence[NodeState],
    lines: Mapping[str, Line],
    counted: Sequence[BranchBlock],
    *,
    seen: Mapping[BlockHash, float],
    now: float,
    rules: BranchRules,
) -> tuple[Split, ...]:
    """The branches that nodes follow besides the counted one, deepest first.

    Nothing depends on which of two branches is counted, so a split stays the same when the other one is.

    Args:
        nodes: all nodes.
        lines: the branch of each node, by its name.
        counted: the blocks of the counted chain above every fork, lowest first.
        seen: when the `marks` of a branch were first seen, Unix time.
        now: Unix time.
        rules: what counts as a split, and how blocks are counted.
    """
    followers: dict[BlockHash, list[str]] = {}
    for node in nodes:
        if node.relation is Relation.BRANCH and not node.followed and (line := lines.get(node.name)):
            followers.setdefault(line.blocks[0].ref.hash, []).append(node.name)
    trusted = {node.name for node in nodes if node.trusted}
    up = {node.name for node in nodes if node.up}
    chains = {node.name: node.chain for node in nodes}
    found = []
    for there in followers.values():
        credible = [name for name in there if name in trusted or lines[name].is_checked]
        line = max((lines[name] for name in credible or there), key=lambda each: each.tip.height)
        here = [
            node.name for node in nodes if node.name not in there and node.fork and node.fork.height > line.fork.height
        ]
        ours = beside(line, counted)
        branches = (
            _branch(ours, {name: chains[name] for name in here}, rules, counted=True),
            _branch(line, {name: chains[name] for name in there}, rules, counted=False),
        )
        began = max((seen.get(each.blocks[0].ref.hash, now) for each in (ours, line) if each.blocks), default=now)
        # Old blocks cost nothing, and a node that is away cannot follow ours: those two need blocks of their own.
        long = [line, ours] if trusted & up & {*there} else [line]
        deep = any(_is_deep(each, seen, now=now, rules=rules) for each in long)
        lasting = bool(credible) and deep and now - began >= rules.split_seconds
        found.append(Split(line.fork, began, branches, lasting=lasting))
    return tuple(sorted(found, key=lambda split: -split.depth))


def _is_deep(line: Line, seen: Mapping[BlockHash, float], *, now: float, rules: BranchRules) -> bool:
    """Whether a branch is long enough for a split, for long enough that the block has reached every node."""
    if line.tip.height - line.fork.height < rules.split_depth:
        return False
    deciding = line.blocks[rules.split_depth - 1 : rules.split_depth]
    age = now - max((seen.get(block.ref.hash, now) for block in deciding), default=0.0)
    return age >= min(_SPREAD_SECONDS, rules.split_seconds)


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
