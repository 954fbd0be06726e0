"""Which chain a node is on, from what it says about itself. Pure.

Several chains have the genesis block, the port and the addresses of Bitcoin. What tells them apart is the hash of the
first block that only they have; where that is not known, the format of the newest header, and the rules that the node
says it applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from monitor.errors import WireError
from monitor.model import BITCOIN, RDTS, UNKNOWN_CHAIN, BlockHash, BlockRef, ChainIdentity, Header
from monitor.wire import decode_header


class Fork(NamedTuple):
    """The first block that only one chain has."""

    network: str
    height: int
    chain: str
    hash: BlockHash
    bitcoin: BlockHash | None
    """The block of Bitcoin at that height; None if it is not known here."""


FORKS = (
    # 2017-08-01. Both hashes are checkpoints in the sources of nodes and wallets of either chain, such as Electron
    # Cash (networks.py) and bitprim (parser.cpp).
    Fork(
        "main", 478_559, "bitcoin-cash",
        hash=BlockHash("000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec"),
        bitcoin=BlockHash("00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148"),
    ),
    # 2026-08-08: mandatory signalling of BIP110 (reduced data). The header of the first hash is public, with its work;
    # both hashes are in fork-observer's pull request 167.
    Fork(
        "main", 961_632, RDTS,
        hash=BlockHash("0000000000000000000169eb6f811ddbd0daf343af7b62180cdb13e7c78dbc16"),
        bitcoin=BlockHash("00000000000000000000d1e01392faa65ceeaed307f0a3159144b84146ff24ba"),
    ),
    # 2026-08-31: the change to BLAKE2b. Header in fork-observer's pull request 167.
    Fork(
        "testnet4", 150_308, RDTS,
        hash=BlockHash("000000000000b9d1b7e1bb0e77215ee92c6ef7ec8f4473e23908380649e779b6"),
        bitcoin=None,
    ),
)  # fmt: skip

EXTENDED_FROM: Mapping[str, int] = {"main": 961_640, "testnet4": 150_308}
"""Height of the first block with an extended header on the chain RDTS, by network (Bitcoin Knots 29.4.3,
src/kernel/chainparams.cpp). On regtest the node says it."""

_CHAIN_OF = {each.hash: each.chain for each in FORKS}


@dataclass(frozen=True, slots=True)
class Statement:
    """What a node says about its chain. Everything but network and tip may be missing: old versions do not say it."""

    network: str
    tip: BlockRef
    hashes: Mapping[int, BlockHash] = field(default_factory=dict)
    """Hash of its best chain at the heights of `fork_heights`."""
    tip_header: bytes | None = None
    """Header of the tip, as serialised."""
    deployments: Mapping[str, Any] | None = None
    """Answer of `getdeploymentinfo`."""


def fork_heights(network: str, tip: int) -> list[int]:
    """The heights at which known chains part, as far as the node has got."""
    return sorted({each.height for each in FORKS if each.network == network and each.height <= tip})


def identify(said: Statement) -> ChainIdentity:
    """The chain that the node is on."""
    extended_from = _height(said.deployments, "blake2b") or EXTENDED_FROM.get(said.network)
    forks = [each for each in FORKS if each.network == said.network]
    for fork in reversed(forks):
        found = said.hashes.get(fork.height)
        if found == fork.hash:
            extended = extended_from if fork.chain == RDTS else None
            return ChainIdentity(fork.chain, since=fork.height, extended_from=extended)
    if said.tip_header is not None:
        try:
            header = decode_header(said.tip_header)
        except WireError as error:
            return ChainIdentity(UNKNOWN_CHAIN, reason=f"its newest header cannot be read: {error}")
        if header.hash != said.tip.hash:
            return ChainIdentity(
                UNKNOWN_CHAIN,
                reason=f"the {len(said.tip_header)} bytes of its newest header do not have the hash {said.tip.hash}",
            )
        if header.extension:
            return ChainIdentity(RDTS, since=extended_from, extended_from=extended_from)
    for fork in forks:
        found = said.hashes.get(fork.height)
        if fork.bitcoin and found not in {None, fork.bitcoin}:
            return ChainIdentity(UNKNOWN_CHAIN, since=fork.height, reason=f"block {fork.height} is {found}")
    return ChainIdentity(BITCOIN, parts_at=_parting(said))


def chain_of(header: Header) -> str | None:
    """The chain that alone has this block, if the block shows it: an extended header, or a known first block."""
    return RDTS if header.extension else _CHAIN_OF.get(header.hash)


def _parting(said: Statement) -> int | None:
    """The next height from which the node applies rules of another chain."""
    deployments = said.deployments or {}
    heights = (_height(deployments, "blake2b"), _height(deployments.get("deployments"), "reduced_data"))
    return min((each for each in heights if each is not None and each > said.tip.height), default=None)


def _height(deployments: object, name: str) -> int | None:
    """Height at which a deployment begins; None if the answer does not have it, whatever its form."""
    deployment = deployments.get(name) if isinstance(deployments, Mapping) else None
    height = deployment.get("height") if isinstance(deployment, Mapping) else None
    return height if isinstance(height, int) and height >= 0 else None
