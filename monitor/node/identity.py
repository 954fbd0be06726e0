"""Asks a node which chain and network it is on, and refuses one that is not the wanted one."""

from __future__ import annotations

from typing import get_args

from monitor.config import Network, NodeSection
from monitor.consensus.identity import Statement, fork_heights, identify
from monitor.errors import NodeRefused, OnAnotherChain
from monitor.model import BlockHash, BlockRef, ChainIdentity
from monitor.node.answers import block_hash
from monitor.node.rpc import Rpc

_NETWORKS = {
    BlockHash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"): "main",
    BlockHash("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"): "testnet4",
    BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"): "regtest",
}
"""By genesis block. A signet is what `getblockchaininfo` calls one."""


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


def network_of(node: NodeSection, chain: str, genesis: BlockHash) -> str:
    """The network of a node, by its genesis block; that of a signet by what `getblockchaininfo` calls its chain.

    Raises:
        NodeRefused: it is not supported, or not the one that is configured.
    """
    network = "signet" if chain == "signet" else _NETWORKS.get(genesis, chain)
    if network not in get_args(Network):
        raise NodeRefused(
            f"the node at {node.url} follows {'testnet3' if network == 'test' else network}",
            remedy=f"use a node of one of these networks: {', '.join(get_args(Network))}",
        )
    if node.network not in {"auto", network}:
        raise NodeRefused(
            f"the node at {node.url} follows {network}, the configuration says {node.network}",
            remedy="change node.network or node.url",
        )
    return network
