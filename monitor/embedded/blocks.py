"""Complete blocks in serialised form, without proof of work.

Headers have the target of the real block, so that hashrates are realistic; the hashes do not meet it. All other rules
that a reader can check hold: parent, merkle root, height in the coinbase (BIP34), witness commitment (BIP141),
transaction count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from hashlib import sha256
from itertools import zip_longest
from struct import Struct

from monitor.model import NO_BLOCK, BlockHash, Coinbase, Header, Output, PoolSlug
from monitor.wire import (
    decode_header,
    double_sha256,
    encode_coinbase,
    encode_compact,
    encode_header,
    encode_outputs,
)

MAX_SCRIPT_BYTES = 100
"""Limit of a coinbase script by consensus."""
HALVING_BLOCKS = 210_000
FIRST_SUBSIDY_SAT = 50 * 100_000_000
VERSION = 0x2000_0000
"""Signals nothing (BIP9)."""
RESERVED = bytes(32)
"""The witness of the coinbase (BIP141)."""
COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed"
"""OP_RETURN, a push of 36 bytes, and BIP141's mark."""

_EXTRA_NONCE = Struct("<Q")
_FILLER = Struct("<i1s32sI1sI")


@dataclass(frozen=True, slots=True)
class Signature:
    """Tag and payout script of a pool."""

    tag: bytes
    script: bytes


@dataclass(frozen=True, slots=True)
class Template:
    """The content of a block before it is finished."""

    height: int
    parent: BlockHash
    time: int
    bits: int
    signature: Signature
    serial: int
    """Distinguishes blocks with the same parent and miner."""
    transactions: int
    """Number of transactions after the coinbase."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The transactions after the coinbase: small fillers, the same in every block."""

    raw: bytes = b""
    ids: tuple[bytes, ...] = ()
    branch: tuple[bytes, ...] = ()
    """Merkle branch of the coinbase, from the leaves to the root."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished block."""

    height: int
    header: Header
    head: bytes
    """Header, count and coinbase."""
    filling: Filling

    @property
    def hash(self) -> BlockHash:
        """Hash of the block."""
        return self.header.hash

    @property
    def raw(self) -> bytes:
        """The serialised block."""
        return self.head + self.filling.raw


def seal(template: Template) -> Sealed:
    """Finish a block.

    Raises:
        ValueError: the tag is too long for a coinbase.
    """
    filling = _filling(template.transactions)
    witness_root = _climb(bytes(32), filling.branch)  # BIP141: the coinbase counts as zeros
    coinbase = _coinbase(template, witness_root=witness_root)
    root = _climb(double_sha256(encode_coinbase(coinbase)), filling.branch)
    nonce = template.serial & 0xFFFF_FFFF
    header = encode_header(
        Header(
            NO_BLOCK, VERSION, template.parent, merkle_root=root, time=template.time, bits=template.bits, nonce=nonce
        )
    )
    head = header + encode_compact(1 + template.transactions) + encode_coinbase(coinbase, witness=RESERVED)
    return Sealed(template.height, decode_header(header), head, filling=filling)


def genesis(network: str) -> Sealed:
    """The real genesis block of `main` or `regtest`, by which clients identify the network."""
    time, bits, nonce = {
        "main": (1231006505, 0x1D00FFFF, 2083236893),
        "regtest": (1296688602, 0x207FFFFF, 2),
    }[network]
    words = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    key = bytes.fromhex(
        "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6"
        "49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"
    )
    script = b"\x04\xff\xff\x00\x1d\x01\x04" + bytes((len(words),)) + words
    coinbase = encode_coinbase(Coinbase(script, (Output(FIRST_SUBSIDY_SAT, bytes((len(key),)) + key + b"\xac"),)))
    root = double_sha256(coinbase)
    header = encode_header(Header(NO_BLOCK, 1, NO_BLOCK, merkle_root=root, time=time, bits=bits, nonce=nonce))
    return Sealed(0, decode_header(header), header + b"\x01" + coinbase, filling=Filling())


def unsigned(pool: PoolSlug) -> Signature:
    """The signature of an unknown miner: no tag, and a key hash of no pool."""
    return Signature(b"", b"\x00\x14" + sha256(b"unnamed miner " + pool.encode()).digest()[:20])


@cache
def _filling(transactions: int) -> Filling:
    raw = [_filler(index) for index in range(transactions)]
    ids = tuple(map(double_sha256, raw))
    branch, row = [], [bytes(32), *ids]
    while len(row) > 1:  # an odd row's last hash is paired with itself
        branch.append(row[1])
        row = [double_sha256(left + right) for left, right in zip_longest(row[::2], row[1::2], fillvalue=row[-1])]
    return Filling(b"".join(raw), ids, tuple(branch))


def _climb(leaf: bytes, branch: tuple[bytes, ...]) -> bytes:
    """The merkle root above the first leaf."""
    return reduce(lambda node, sibling: double_sha256(node + sibling), branch, leaf)


def _coinbase(template: Template, *, witness_root: bytes) -> Coinbase:
    """The coinbase: height, tag and extra nonce in the script; reward and witness commitment as outputs."""
    script = _push_height(template.height) + template.signature.tag + _EXTRA_NONCE.pack(template.serial)
    if len(script) > MAX_SCRIPT_BYTES:
        raise ValueError(f"a tag of {len(template.signature.tag)} bytes does not fit into a coinbase")
    reward = (FIRST_SUBSIDY_SAT >> template.height // HALVING_BLOCKS) + _fees(template)
    commitment = COMMITMENT + double_sha256(witness_root + RESERVED)
    return Coinbase(script, (Output(reward, template.signature.script), Output(0, commitment)))


def _push_height(height: int) -> bytes:
    """The height by BIP34. Up to 16 it is one byte, and a script must have at least two."""
    if height <= 16:
        return bytes((0x50 + height, 0x00))
    number = height.to_bytes(height.bit_length() // 8 + 1, "little")  # the highest bit would mean "negative"
    return bytes((len(number),)) + number


def _fees(template: Template) -> int:
    """Up to 0.04 BTC, constant for a block; zero without transactions."""
    if not template.transactions:
        return 0
    draw = sha256(b"fees" + bytes.fromhex(template.parent) + _EXTRA_NONCE.pack(template.serial)).digest()
    return int.from_bytes(draw[:4], "little") % 4_000_000


def _filler(index: int) -> bytes:
    """A transaction that spends an output that does not exist."""
    never = sha256(b"spent by filler %d" % index).digest()
    head = _FILLER.pack(2, b"\x01", never, 0, b"\x00", 0xFFFF_FFFF)
    return head + encode_outputs((Output(1000, b"\x00\x14" + never[:20]),)) + bytes(4)
