"""Views of several nodes, made by hand."""

from __future__ import annotations

from monitor.model import (
    BlockHash,
    BlockRef,
    Branch,
    BranchBlock,
    NodeRole,
    NodeState,
    NodesView,
    PoolSlug,
    Relation,
    Split,
)

START = 1_700_000_000


def ref(height: int, branch: str = "a") -> BlockRef:
    """A block of a branch, which is a hexadecimal digit."""
    return BlockRef(height, BlockHash(f"{branch * 8}{height:056x}"))


def block(
    height: int, branch: str = "a", *, on: str | None = None, pool: str | None = "antpool", attributed: bool = True
) -> BranchBlock:
    """The block of a branch at a height; `a` is counted. Its parent is on the same branch, or on another."""
    return BranchBlock(
        ref(height, branch), ref(height - 1, on or branch).hash, START + 600 * height, 0x1D00FFFF, 0x2000_0000,
        pool=PoolSlug(pool) if pool and attributed else None, attributed=attributed, counted=branch == "a",
    )  # fmt: skip


def node(
    name: str, tip: BlockRef | None, relation: Relation, *, fork: BlockRef | None = None, **more: object
) -> NodeState:
    """A node that answers; `home` is the counted one."""
    counted = name == "home"
    known = {
        "role": NodeRole.COUNTED if counted else NodeRole.OBSERVER, "up": True, "network": "main",
        "version": "Satoshi:31.0.0", "tip": tip, "relation": relation, "fork": fork or tip, "followed": counted,
        "heard_at": START + 600.0 * 100,
    }  # fmt: skip
    return NodeState(name, **(known | more))  # type: ignore[arg-type]


def split_view(depth: int = 3, *, lasting: bool = True) -> NodesView:
    """`home` and `far` on the counted branch, `friend` on another one since height 100."""
    ours = [block(height) for height in range(60, 101 + depth)]
    theirs = [block(height, "b", on="a" if height == 101 else "b", pool="f2pool") for height in range(101, 101 + depth)]
    tip, other, fork = ours[-1].ref, theirs[-1].ref, ref(100)
    pools = {"pool": {"antpool": depth}, "template": {"antpool": depth}, "country": {"CN": depth}}
    branches = (
        Branch(tip, ("home", "far"), counted=True, length=depth, work=10**22, known=depth, entities=pools, bits={4: 1}),
        Branch(
            other, ("friend",), counted=False, length=depth, work=10**22, known=depth,
            entities={"pool": {"f2pool": depth}}, bits={},
        ),
    )  # fmt: skip
    return NodesView(
        (
            node("home", tip, Relation.SAME),
            node("friend", other, Relation.BRANCH, fork=fork),
            node("far", tip, Relation.SAME),
        ),
        tuple(sorted((*ours[-50:], *theirs), key=lambda each: (-each.ref.height, not each.counted))),
        (Split(fork, START + 600.0 * 101, branches, lasting),),
    )
