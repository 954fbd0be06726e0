"""Proof that a block contains its coinbase: the answer of `gettxoutproof`, decoded and checked. Pure.

Source: CMerkleBlock and CPartialMerkleTree in src/merkleblock.cpp of Bitcoin Core. A tree in which two equal hashes are
neighbours is refused (CVE-2012-2459). That a transaction of 64 bytes may be taken for two hashes (CVE-2017-12842) does
not help against a coinbase: 28 or more of its bytes are fixed, and would have to be found by hashing.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from monitor.errors import WireError
from monitor.model import Block, Header
from monitor.wire import (
    HEADER_BYTES,
    MAX_BLOCK_BYTES,
    MIN_TX_BYTES,
    decode_compact,
    decode_header,
    double_sha256,
    encode_coinbase,
)

_MOST_TRANSACTIONS = MAX_BLOCK_BYTES // MIN_TX_BYTES
_HASH_BYTES = 32


class MerkleBlock(NamedTuple):
    """A header and a part of its merkle tree, by which some transactions are proved."""

    header: Header
    tx_count: int
    hashes: tuple[bytes, ...]
    flags: bytes
    """One bit for each node of the tree that is visited, lowest bit first: whether a proved transaction is below."""


class Proved(NamedTuple):
    """What a partial merkle tree proves."""

    root: bytes
    transactions: dict[int, bytes]
    """Hash of each proved transaction by its position in the block."""


def coinbase_id(block: Block) -> bytes:
    """Hash of the coinbase transaction, without its witness: the first leaf of the merkle tree. Internal byte order."""
    return double_sha256(encode_coinbase(block.coinbase))


def contradiction(proof: bytes, block: Block) -> str | None:
    """Why `proof` does not show that the block's header commits to its coinbase; None if it does.

    The proof is a serialised merkle block, as `gettxoutproof` answers; the header has been checked.
    """
    try:
        merkle = decode_merkle_block(proof)
        proved = prove(merkle)
    except WireError as error:
        return f"the proof of its coinbase is invalid: {error}"
    if merkle.header.hash != block.hash:
        return f"the proof of its coinbase is for block {merkle.header.hash}"
    if proved.root != block.header.merkle_root:
        return "its merkle root does not commit to the coinbase: the tree of the proof has another root"
    if proved.transactions.get(0) != coinbase_id(block):
        return "its merkle root does not commit to the coinbase: the block begins with another transaction"
    if merkle.tx_count != block.tx_count:
        return f"it has {merkle.tx_count} transactions, not {block.tx_count}"
    return None


def decode_merkle_block(data: bytes) -> MerkleBlock:
    """Decode a merkle block.

    Raises:
        WireError: `data` is none, or has bytes behind it.
    """
    header = decode_header(data)
    at = HEADER_BYTES + len(header.extension)
    tx_count = int.from_bytes(data[at : at + 4], "little")
    count, at = decode_compact(data, at + 4)
    if count > _MOST_TRANSACTIONS:
        raise WireError(f"{count} hashes are more than the transactions of a block")
    end = at + count * _HASH_BYTES
    hashes = tuple(data[start : start + _HASH_BYTES] for start in range(at, end, _HASH_BYTES))
    size, at = decode_compact(data, end)
    if at + size != len(data):
        raise WireError(f"a merkle block of {at + size} bytes in {len(data)}")
    return MerkleBlock(header, tx_count, hashes, flags=data[at:])


def prove(merkle: MerkleBlock) -> Proved:
    """Rebuild the tree from its part.

    Raises:
        WireError: the part is no tree of so many transactions.
    """
    if not 0 < merkle.tx_count <= _MOST_TRANSACTIONS:
        raise WireError(f"{merkle.tx_count} transactions in a block")
    if len(merkle.hashes) > merkle.tx_count:
        raise WireError(f"{len(merkle.hashes)} hashes for {merkle.tx_count} transactions")
    hashes, flags = iter(merkle.hashes), (byte >> bit & 1 for byte in merkle.flags for bit in range(8))
    proved: dict[int, bytes] = {}

    def node(level: int, position: int) -> bytes:
        """Hash of a node, depth first; transactions are on level 0."""
        is_above_proved = next(flags)
        if level == 0 or not is_above_proved:
            own = next(hashes)
            if level == 0 and is_above_proved:
                proved[position] = own
            return own
        left = node(level - 1, 2 * position)
        width = (merkle.tx_count + (1 << level - 1) - 1) >> level - 1
        if 2 * position + 1 >= width:
            return double_sha256(left + left)
        right = node(level - 1, 2 * position + 1)
        if left == right:
            raise WireError("two equal branches")
        return double_sha256(left + right)

    try:
        root = node((merkle.tx_count - 1).bit_length(), 0)
    except StopIteration:
        raise WireError("too few hashes or flags") from None
    if next(hashes, None) is not None:
        raise WireError("hashes are left over")
    rest = list(islice(flags, 8))
    if len(rest) == 8 or any(rest):
        raise WireError("flags are left over")
    return Proved(root, proved)
