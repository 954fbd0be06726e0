"""Regtest blocks with a coinbase of one's choice.

`build` makes one on a given parent, `mine` makes one and hands it to a node, `mine_all` many of them. On regtest every
second hash is a proof of work, and the subsidy halves every 150 blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

from monitor.model import BlockHash, Coinbase, Header, Output
from monitor.wire import decode_header, double_sha256, encode_coinbase, encode_compact, encode_header

ANYONE = b"\x51"
"""OP_TRUE: a script that needs no key."""
SPACING = 600
"""Seconds between blocks that state no time."""
BITS = 0x207F_FFFF
TARGET = 0x7F_FFFF << 8 * (0x20 - 3)
VERSION = 0x2000_0000


class Node(Protocol):
    """What a node must answer to be mined on."""

    def call(self, method: str, *parameters: object) -> Any:  # noqa: ANN401
        """One RPC."""
        ...


@dataclass(frozen=True, slots=True)
class Parent:
    """A block to build upon."""

    hash: str
    height: int
    time: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the next block should say."""

    tag: bytes = b"/regtest/"
    """Follows the height in the coinbase script."""
    payout: bytes = ANYONE
    """The script that gets the subsidy, or what `extra` leaves of it."""
    extra: tuple[Output, ...] = ()
    """More outputs, after the payout."""
    time: int | None = None
    """Header time; without it, `SPACING` after the parent."""
    version: int = VERSION
    witness: bool = False
    """Whether the coinbase has a witness, and a commitment (BIP141) as its last output."""
    transactions: tuple[bytes, ...] = ()
    """What follows the coinbase, without witnesses. The commitment would not fit to it."""
    segwit: tuple[tuple[bytes, bytes], ...] = ()
    """What follows the coinbase with witnesses: the identifier of each, as hashed, and its bytes. The commitment to the
    witnesses must be one of `extra`."""


@dataclass(frozen=True, slots=True)
class Built:
    """A finished block."""

    height: int
    header: Header
    raw: bytes

    @property
    def hash(self) -> BlockHash:
        """Its own hash."""
        return self.header.hash

    @property
    def parent(self) -> Parent:
        """Itself, as the next one's parent."""
        return Parent(self.hash, self.height, self.header.time)


def build(parent: Parent, recipe: Recipe | None = None) -> Built:
    """A valid block on `parent`."""
    recipe = recipe or Recipe()
    assert not (recipe.witness and recipe.transactions)
    height = parent.height + 1
    extra = recipe.extra + ((_commitment(),) if recipe.witness else ())
    reward = (50_0000_0000 >> height // 150) - sum(output.value_sat for output in extra)
    coinbase = Coinbase(push_height(height) + recipe.tag, (Output(reward, recipe.payout), *extra))
    transaction = encode_coinbase(coinbase, witness=bytes(32) if recipe.witness or recipe.segwit else None)
    header = solve(
        Header(
            hash=BlockHash(""),
            version=recipe.version,
            parent=BlockHash(parent.hash),
            merkle_root=_merkle_root(
                [double_sha256(each) for each in (encode_coinbase(coinbase), *recipe.transactions)]
                + [txid for txid, _ in recipe.segwit]
            ),
            time=parent.time + SPACING if recipe.time is None else recipe.time,
            bits=BITS,
            nonce=0,
        )
    )
    following = (*recipe.transactions, *(raw for _, raw in recipe.segwit))
    filling = encode_compact(1 + len(following)) + transaction + b"".join(following)
    return Built(height, header, encode_header(header) + filling)


def mine(node: Node, recipe: Recipe | None = None, *, on: str | None = None) -> BlockHash:
    """Build one block and submit it: on the node's best block, or on the one whose hash is given.

    Raises:
        AssertionError: the node does not want it; the message says why.
    """
    return mine_all(node, [recipe or Recipe()], on=on)[0]


def mine_all(node: Node, recipes: Iterable[Recipe], *, on: str | None = None) -> list[BlockHash]:
    """The same, one block upon the other. A branch shorter than the node's best chain is accepted too."""
    tip = parent_of(node, on or node.call("getbestblockhash"))
    mined = []
    for recipe in recipes:
        block = build(tip, recipe)
        verdict = node.call("submitblock", block.raw.hex())
        assert verdict in (None, "inconclusive"), f"block {block.height} is refused: {verdict}"
        mined.append(block.hash)
        tip = block.parent
    return mined


def parent_of(node: Node, block_hash: str) -> Parent:
    """A block that the node knows, as a parent."""
    header = node.call("getblockheader", block_hash)
    return Parent(block_hash, header["height"], header["time"])


def solve(header: Header) -> Header:
    """The header with the first nonce that makes it a proof of work."""
    for nonce in count():
        solved = replace(header, nonce=nonce)
        if int.from_bytes(double_sha256(encode_header(solved)), "little") <= TARGET:
            return decode_header(encode_header(solved))
    raise AssertionError("unreachable")


def push_height(height: int) -> bytes:
    """The height as a script starts with it by BIP34: small numbers have opcodes of their own."""
    if height == 0:
        return b"\x00"
    if height <= 16:
        return bytes((0x50 + height,))
    number = height.to_bytes(height.bit_length() // 8 + 1, "little")  # one bit more, for the sign
    return bytes((len(number),)) + number


def _merkle_root(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [double_sha256(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def _commitment() -> Output:
    """BIP141's, for a block whose only transaction is the coinbase: its witness hash counts as zero."""
    return Output(0, bytes.fromhex("6a24aa21a9ed") + double_sha256(bytes(32) + bytes(32)))
