"""Views of nodes and branches: one node, three that agree, a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.model import (
    BlockHash,
    BlockRecord,
    BlockRef,
    Branch,
    BranchBlock,
    JournalEntry,
    NodeRole,
    NodeState,
    NodesView,
    PoolSlug,
    Relation,
    Sighting,
    Split,
)

TOP = 900_049
POOLS = tuple(map(PoolSlug, ("foundryusa", "antpool", "viabtc", "f2pool", "foundryusa", "spiderpool", "marapool")))
TIME, BITS, VERSION = 1_750_000_000, 0x17025A1F, 0x2000_0000

LAGS = {"home": (0.0, 0.0, 2.0), "friend": (1.0, 3.0, 0.0)}


def hash_of(height: int, branch: int = 0) -> BlockHash:
    """The hash of a block, by its height and the number of its branch."""
    return BlockHash(f"{branch:02x}{height:062x}")


def block(height: int, branch: int = 0, *, on: int = 0, pool: str | None = "", attributed: bool = True) -> BranchBlock:
    """A block of a branch, of which the block below is on the branch `on`; branch 0 is counted."""
    slug = POOLS[height * 31 % 97 % len(POOLS)] if pool == "" else pool
    return BranchBlock(
        BlockRef(height, hash_of(height, branch)), hash_of(height - 1, on), TIME + 600 * (height - TOP), BITS, VERSION,
        pool=PoolSlug(slug) if slug else None, attributed=attributed, counted=branch == 0,
    )  # fmt: skip


def chain(top: int = TOP, length: int = 50) -> list[BranchBlock]:
    """The counted chain, highest first."""
    return [block(height) for height in range(top, top - length, -1)]


def node(
    name: str = "home", height: int = TOP, branch: int = 0, *, fork: int | None = None, **more: object
) -> NodeState:
    """A node that answers; the first one is counted, by its name."""
    tip = BlockRef(height, hash_of(height, branch))
    base = NodeState(
        name, NodeRole.COUNTED if name == "home" else NodeRole.OBSERVER, up=True, network="main",
        version="/Satoshi:29.4.0/", tip=tip, relation=Relation.SAME,
        fork=BlockRef(fork, hash_of(fork)) if fork else tip,
        heard_at=TIME + 60.0, followed=name == "home",
    )  # fmt: skip
    return replace(base, **more)  # type: ignore[arg-type]


def view(nodes: Sequence[NodeState], *beside: BranchBlock, top: int = TOP, splits: Sequence[Split] = ()) -> NodesView:
    """A view with these blocks besides the counted chain."""
    blocks = sorted([*chain(top), *beside], key=lambda each: (-each.ref.height, not each.counted, each.ref.hash))
    return NodesView(tuple(nodes), tuple(blocks), tuple(splits))


def one() -> NodesView:
    """A single node and two stale blocks."""
    return view([node()], block(TOP - 11, 1, pool="antpool"), block(TOP - 35, 1, pool=None))


def agreeing() -> NodesView:
    """Three nodes on the same chain, one of them two blocks behind, and two stale blocks."""
    behind = node("friend", TOP - 2, relation=Relation.BEHIND, version="/Satoshi:29.3.0/Knots:20260210/")
    return view(
        [node(), behind, node("cellar", trusted=False)], block(TOP - 20, 1, pool=None, attributed=False),
        block(TOP - 21, 2, pool="f2pool"),
    )  # fmt: skip


def split(*, lasting: bool = True, length: int = 4) -> NodesView:
    """One of three nodes is on another branch since 6 blocks of the counted one."""
    fork = TOP - 6
    tip = fork + length
    other = [
        block(height, 1, on=1 if height > fork + 1 else 0, pool="ocean" if height % 2 else "antpool")
        for height in range(tip, fork, -1)
    ]
    apart = node("friend", tip, 1, fork=fork, relation=Relation.BRANCH, version="/Satoshi:29.3.0/Knots:20260210/")
    ours = Branch(
        BlockRef(TOP, hash_of(TOP)), ("home", "cellar"), counted=True, length=6, work=6 * 10**23, known=6,
        entities={
            "pool": {"foundryusa": 3, "antpool": 2}, "template": {"foundry": 3, "bitmain": 2}, "country": {"US": 4},
        },
        bits={4: 5},
    )  # fmt: skip
    theirs = Branch(
        BlockRef(tip, hash_of(tip, 1)), ("friend",), counted=False, length=length, work=length * 10**23, known=length,
        entities={"pool": {"ocean": 2, "antpool": 2}, "template": {"ocean": 2, "bitmain": 2}, "country": {}}, bits={},
    )  # fmt: skip
    found = Split(BlockRef(fork, hash_of(fork)), TIME - 3000.0, (ours, theirs), lasting)
    return view([node(), apart, node("cellar")], *other, block(TOP - 30, 2, pool="f2pool"), splits=[found])


def replaced() -> NodesView:
    """The counted node is away, and another stands in."""
    away = node(up=False, reason="nothing listens at 127.0.0.1:8332", followed=False)
    return view([away, node("friend", followed=True)])


class Stored:
    """What the pages ask of the store."""

    def __init__(self, entries: Sequence[JournalEntry] = ()) -> None:
        self.entries = list(entries)

    async def sightings(self, *, limit: int) -> list[Sighting]:  # noqa: ARG002
        alone = Sighting(BlockRef(TOP, hash_of(TOP)), "home", 1.0, 0.0)
        return [alone] + [
            Sighting(BlockRef(at, hash_of(at)), name, 1.0, lag, pool=POOLS[0] if at else None)
            for name, lags in LAGS.items()
            for at, lag in enumerate(lags)
        ]

    async def newest(self, *, limit: int) -> list[JournalEntry]:
        return self.entries[:limit]

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:  # noqa: ARG002
        return []
