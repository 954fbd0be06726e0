"""Asks a node which chain it is on, and refuses one that is not the wanted chain."""

from __future__ import annotations

from monitor.config import NodeSection
from monitor.consensus.identity import Statement, fork_heights, identify
from monitor.errors import OnAnotherChain
from monitor.model import BlockRef, ChainIdentity
from monitor.node.answers import block_hash
from monitor.node.rpc import Rpc


async def ask_identity(rpc: Rpc, network: str, tip: BlockRef) -> ChainIdentity:
    """The chain that a node with this best block is on, by as much as it says."""
    heights = fork_heights(network, tip.height)
    hashes = [await rpc.optional("getblockhash", height) for height in heights]
    header = await rpc.optional("getblockheader", tip.hash, False)  # noqa: FBT003 -- the call has no names
    return identify(
        Statement(
            network,
            tip,
            hashes={height: block_hash(each) for height, each in zip(heights, hashes, strict=True) if each},
            tip_header=bytes.fromhex(header) if header else None,
            deployments=await rpc.optional("getdeploymentinfo"),
        )
    )


def refusal(node: NodeSection, chain: ChainIdentity) -> OnAnotherChain | None:
    """The error for a node on this chain; None if it is the wanted one."""
    wanted = node.chain
    if wanted == "auto":
        wanted = "any" if node.role == "observer" else "bitcoin"
    if wanted in {"any", chain.name}:
        return None
    return OnAnotherChain(
        f"the node at {node.url} is {chain}",
        remedy=f"use a node that follows {wanted}, or set node.chain to the chain that is to be followed",
    )
