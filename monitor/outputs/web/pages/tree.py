"""The drawing of the tree of branches, as positions in pixels: the template makes an SVG of them.

Newest on top. The counted chain is the leftmost lane, each other branch has a lane beside it. A height has a row, but
stretches without anything special are folded: their blocks stand side by side, as small squares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeAlias

from monitor.model import BlockHash, BranchBlock, NodesView

CELL: Final = 24
"""Side of the square that a block takes, the least that a finger hits."""
LABEL: Final = 20
"""Height of a row of labels."""
GUTTER: Final = 62
"""Width of the column of heights."""
LANE: Final = 132
"""Width of a lane: a block and the name of its pool."""
_LEAST_LANES = 2
"""The width for so many fits into a phone."""
_NEWEST = 3
"""Heights on top that are not folded."""
_FOLDED = 4
"""Fewer heights are not folded."""

_Row: TypeAlias = list[tuple[int, BranchBlock]]
"""The blocks of a height, each with its lane."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A block: its centre is half a `CELL` right and below of x and y."""

    block: BranchBlock
    x: int
    y: int
    named: bool
    """Whether there is room for the name of its pool."""


@dataclass(frozen=True, slots=True)
class Label:
    """Text whose left end and baseline are at x and y."""

    text: str
    x: int
    y: int


@dataclass(slots=True)
class Tree:
    """A drawing."""

    width: int = 0
    height: int = 0
    cells: list[Cell] = field(default_factory=list)
    heights: list[Label] = field(default_factory=list)
    nodes: list[Label] = field(default_factory=list)
    """The names of nodes, above their best block."""
    lines: list[str] = field(default_factory=list)
    """Paths from blocks to their parents."""
    stubs: list[str] = field(default_factory=list)
    """The same of branches that no node follows."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Blocks of one lane on top of each other, highest first."""

    lane: int
    blocks: Sequence[BranchBlock]
    followed: bool
    """Whether it is counted, or the branch of a node."""


def draw(view: NodesView) -> Tree:
    """The tree of a view."""
    tips = view.names_by_tip
    segments = _segments(view, tips)
    tree = Tree()
    lanes = max((each.lane for each in segments), default=0) + 1
    tree.width = GUTTER + LANE * max(lanes, _LEAST_LANES)
    where = _place(tree, segments, tips)
    _connect(tree, view, segments, where=where)
    return tree


# -- lanes -------------------------------------------------------------------------------------------------------------


def _segments(view: NodesView, tips: Collection[BlockHash]) -> list[_Segment]:
    """Every block in a lane: the counted chain and what stands on it first, then the branches, highest first."""
    blocks = view.tree
    known = {block.ref.hash: block for block in blocks}
    counted = sorted((block for block in blocks if block.counted), key=lambda block: -block.ref.height)
    found = [_Segment(0, counted, followed=True)] if counted else []
    taken = {block.ref.hash for block in counted}
    for tip in sorted(blocks, key=lambda block: (-block.ref.height, block.ref.hash)):
        if tip.ref.hash in taken:
            continue
        chain = list(_down(tip, view, known, taken=taken))
        taken |= {block.ref.hash for block in chain}
        on_top = bool(counted) and chain[-1].parent == counted[0].ref.hash
        followed = any(block.ref.hash in tips for block in chain)
        found.append(_Segment(_free_lane(chain, found, least=0 if on_top else 1), chain, followed))
    return found


def _down(
    tip: BranchBlock, view: NodesView, known: Mapping[BlockHash, BranchBlock], *, taken: Collection[BlockHash]
) -> Iterator[BranchBlock]:
    block: BranchBlock | None = tip
    while block and block.ref.hash not in taken:
        yield block
        block = known.get(view.below(block))


def _free_lane(chain: Sequence[BranchBlock], found: Sequence[_Segment], *, least: int) -> int:
    top, bottom = chain[0].ref.height, chain[-1].ref.height
    used = {each.lane for each in found if each.blocks[-1].ref.height <= top and each.blocks[0].ref.height >= bottom}
    return next(lane for lane in range(least, len(found) + 2) if lane not in used)


# -- rows --------------------------------------------------------------------------------------------------------------


def _place(tree: Tree, segments: Sequence[_Segment], tips: Mapping[BlockHash, list[str]]) -> dict[BlockHash, Cell]:
    """Fill in blocks, heights and names of nodes, from the top; return the place of each block."""
    rows: dict[int, _Row] = {}
    for segment in segments:
        for block in segment.blocks:
            rows.setdefault(block.ref.height, []).append((segment.lane, block))
    special = _special(rows, segments, tips)
    where: dict[BlockHash, Cell] = {}
    ordered = sorted(rows, reverse=True)
    run = {height: height + at for at, height in enumerate(ordered)}  # the same for heights without a gap between them
    above: int | None = None
    for _, group in groupby(
        ordered,
        key=lambda height: (run[height], height if height in special else sorted(lane for lane, _ in rows[height])),
    ):
        heights = list(group)
        if above is not None and (missing := above - heights[0] - 1):
            tree.heights.append(Label(f"\N{VERTICAL ELLIPSIS} {missing:,} heights", _x(0) + CELL, tree.height + 15))
            tree.height += LABEL
        above = heights[-1]
        if len(heights) >= _FOLDED:
            _fold(tree, [rows[height] for height in heights], where)
            continue
        for height in heights:
            _row(tree, height, rows[height], tips=tips, where=where)
    tree.cells.extend(where.values())
    return where


def _special(rows: Mapping[int, _Row], segments: Sequence[_Segment], tips: Collection[BlockHash]) -> set[int]:
    """Heights that have a row of their own."""
    special = set(sorted(rows, reverse=True)[:_NEWEST])
    special |= {block.ref.height for row in rows.values() for _, block in row if block.ref.hash in tips}
    for segment in segments:
        if not segment.blocks[0].counted:
            special |= {segment.blocks[0].ref.height, segment.blocks[-1].ref.height, segment.blocks[-1].ref.height - 1}
    return special


def _row(
    tree: Tree, height: int, row: _Row, *, tips: Mapping[BlockHash, list[str]], where: dict[BlockHash, Cell]
) -> None:
    named = [(lane, tips[block.ref.hash]) for lane, block in row if block.ref.hash in tips]
    if named:
        tree.nodes += [Label(", ".join(names), _x(lane) + CELL, tree.height + 15) for lane, names in named]
        tree.height += LABEL
    tree.heights.append(Label(str(height), 0, tree.height + 16))
    for lane, block in row:
        where[block.ref.hash] = Cell(block, _x(lane), tree.height, named=True)
    tree.height += CELL


def _fold(tree: Tree, rows: Sequence[_Row], where: dict[BlockHash, Cell]) -> None:
    lanes = sorted({lane for row in rows for lane, _ in row})
    width = tree.width - GUTTER if len(lanes) == 1 else LANE
    each_row = (width - 4) // CELL
    for at, row in enumerate(rows):
        for lane, block in row:
            x, y = _x(lane) + at % each_row * CELL, tree.height + at // each_row * CELL
            where[block.ref.hash] = Cell(block, x, y, named=False)
    lines = -(-len(rows) // each_row)
    highest, lowest = rows[0][0][1].ref.height, rows[-1][0][1].ref.height
    tree.heights.append(Label(str(highest), 0, tree.height + 16))
    if lines > 1:
        tree.heights.append(Label(f"\N{EN DASH} {lowest}", 0, tree.height + 16 + (lines - 1) * CELL))
    tree.height += lines * CELL


def _x(lane: int) -> int:
    return GUTTER + lane * LANE


# -- lines -------------------------------------------------------------------------------------------------------------


def _connect(tree: Tree, view: NodesView, segments: Sequence[_Segment], *, where: Mapping[BlockHash, Cell]) -> None:
    half = CELL // 2
    for segment in segments:
        lines = tree.lines if segment.followed else tree.stubs
        first, last = where[segment.blocks[0].ref.hash], where[segment.blocks[-1].ref.hash]
        x = _x(segment.lane) + half
        parent = where.get(view.below(segment.blocks[-1]))
        bottom = last.y + half if parent else tree.height
        lines.append(f"M{x} {first.y + half}V{bottom}")
        if parent:
            px, py = parent.x + half, parent.y + half
            corner = py - half  # between the rows, where no text is
            aside = (
                f"V{corner + 5}Q{px} {corner} {px + 5} {corner}H{x - 5}Q{x} {corner} {x} {corner - 5}" if x > px else ""
            )
            lines.append(f"M{px} {py}{aside}V{bottom}")
