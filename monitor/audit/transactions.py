"""Whole transactions: identifiers, weight, what they spend, and the traits that policies differ about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from hashlib import new as new_hash
from hashlib import sha256
from struct import Struct

from monitor.errors import WireError
from monitor.model import Output, Trait
from monitor.wire import (
    HEADER_BYTES,
    MAX_BLOCK_BYTES,
    MIN_TX_BYTES,
    decode_compact,
    decode_header,
    decode_outputs,
    double_sha256,
)

_VERSION = Struct("<I")
_OUTPOINT_BYTES = 36
_LARGE_OP_RETURN = 83
"""Bytes of script: the default of -datacarriersize before Bitcoin Core 30."""
_DUST_SAT = 240
"""Limit of the cheapest output to spend (anyone-can-spend anchors) at the default dust fee rate."""
_ENVELOPE = re.compile(rb"\x00\x63[\x01-\x4e]")
"""OP_FALSE OP_IF and a push: what follows is never executed."""
_ORDINALS = b"\x00\x63\x03ord"
_LEAST_DATA = 100
"""Bytes of a script with an envelope that is taken for data."""
_OP_RETURN, _RUNESTONE = 0x6A, b"\x6a\x5d"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction other than a coinbase."""

    txid: str
    weight: int
    spends: tuple[bytes, ...]
    """The outputs that it spends: txid in serialised order, and index; 36 bytes each."""
    traits: frozenset[Trait]
    """Without `LOW_FEE`, which depends on what it is mined with."""
    touches: frozenset[bytes]
    """The watched scripts that it pays or spends."""
    spends_from: frozenset[bytes]
    """The watched scripts that it spends."""
    value_sat: int
    """Sum of its outputs."""

    @property
    def parents(self) -> Iterator[str]:
        """Identifiers of the transactions that it spends."""
        return (each[31::-1].hex() for each in self.spends)


def decode_transaction(raw: bytes, watched: AbstractSet[bytes] = frozenset()) -> Transaction:
    """Decode a transaction.

    Args:
        raw: all of it, and nothing else.
        watched: output scripts to look for.

    Raises:
        WireError: the bytes are something else.
    """
    decoded, end = _decode(raw, 0, watched)
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes follow the transaction")
    return decoded


def decode_transactions(raw: bytes, watched: AbstractSet[bytes] = frozenset()) -> list[Transaction]:
    """The transactions of a whole block, without its coinbase.

    Raises:
        WireError: the bytes are not a block.
    """
    header = decode_header(raw)
    count, at = decode_compact(raw, HEADER_BYTES + len(header.extension))
    if count > MAX_BLOCK_BYTES // MIN_TX_BYTES:
        raise WireError(f"{count} transactions cannot fit into a block")
    found = []
    for _ in range(count):
        transaction, at = _decode(raw, at, watched)
        found.append(transaction)
    if at != len(raw):
        raise WireError(f"{len(raw) - at} bytes follow the block")
    return found[1:]


def decode_spent(raw: bytes) -> list[tuple[Output, ...]]:
    """The outputs that each transaction of a block spends, the coinbase first, as REST `spenttxouts` has them.

    Raises:
        WireError: the bytes are something else.
    """
    count, at = decode_compact(raw, 0)
    if count > MAX_BLOCK_BYTES // MIN_TX_BYTES:
        raise WireError(f"{count} transactions cannot fit into a block")
    found = []
    for _ in range(count):
        outputs, at = decode_outputs(raw, at)
        found.append(outputs)
    if at != len(raw):
        raise WireError("more bytes than the block spends")
    return found


def with_spent(transaction: Transaction, spent: tuple[Output, ...], watched: AbstractSet[bytes]) -> Transaction:
    """The transaction with the watched scripts that it spends, by the outputs that it spends."""
    found = {each.script for each in spent} & watched
    if found <= transaction.spends_from:
        return transaction
    return replace(transaction, touches=transaction.touches | found, spends_from=transaction.spends_from | found)


def _decode(data: bytes, start: int, watched: AbstractSet[bytes]) -> tuple[Transaction, int]:
    try:
        return _decoded(data, start, watched)
    except IndexError:
        raise WireError(f"the bytes end inside the transaction at byte {start}") from None


def _decoded(data: bytes, start: int, watched: AbstractSet[bytes]) -> tuple[Transaction, int]:
    at = start + 4
    has_witness = data[at] == 0 and data[at + 1] == 1
    body = at = at + 2 if has_witness else at
    count, at = decode_compact(data, at)
    if count * 41 > MAX_BLOCK_BYTES:
        raise WireError(f"{count} inputs cannot fit into a block")
    spends, scripts = [], []
    for _ in range(count):
        spends.append(data[at : at + _OUTPOINT_BYTES])
        script, at = _bytes(data, at + _OUTPOINT_BYTES)
        scripts.append(script)
        at += 4
    outputs, at = decode_outputs(data, at)
    end = at
    witnesses: list[list[bytes]] = []
    for _ in range(count if has_witness else 0):
        items, at = decode_compact(data, at)
        if items > MAX_BLOCK_BYTES:
            raise WireError("a witness of so many items cannot fit into a block")
        witness = []
        for _ in range(items):
            item, at = _bytes(data, at)
            witness.append(item)
        witnesses.append(witness)
    at += 4
    if at > len(data):
        raise WireError(f"the bytes end inside the transaction at byte {start}")
    version, locktime = data[start : start + 4], data[at - 4 : at]
    txid = double_sha256(version + data[body:end] + locktime)[::-1].hex()
    stripped = 8 + end - body
    paid = {each.script for each in outputs} & watched if watched else set()
    spent = _revealed(scripts, witnesses) & watched if watched else set()
    return Transaction(
        txid,
        3 * stripped + at - start,
        tuple(spends),
        traits=frozenset(_traits(version, outputs, witnesses)),
        touches=frozenset(paid | spent),
        spends_from=frozenset(spent),
        value_sat=sum(each.value_sat for each in outputs),
    ), at


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length = data[at]
    at += 1
    if length >= 0xFD:
        length, at = decode_compact(data, at - 1)
    end = at + length
    if end > len(data):
        raise WireError(f"{length} bytes are announced at byte {at}, {len(data) - at} are there")
    return data[at:end], end


def _traits(version: bytes, outputs: tuple[Output, ...], witnesses: list[list[bytes]]) -> Iterator[Trait]:
    if not 1 <= _VERSION.unpack(version)[0] <= 2:
        yield Trait.VERSION
    data = [each.script for each in outputs if each.script[:1] == b"\x6a"]
    if data:
        yield Trait.OP_RETURN
        if len(data) > 1:
            yield Trait.SEVERAL_OP_RETURN
        if any(len(script) > _LARGE_OP_RETURN for script in data):
            yield Trait.LARGE_OP_RETURN
        if any(script.startswith(_RUNESTONE) for script in data):
            yield Trait.RUNESTONE
    if any(each.value_sat < _DUST_SAT and each.script[:1] != b"\x6a" for each in outputs):
        yield Trait.DUST
    if any(script[-1:] == b"\xae" and 0x51 <= script[0] <= 0x60 for _, script in outputs):
        yield Trait.BARE_MULTISIG
    scripts = [_leaf(witness) for witness in witnesses if witness]
    if any(_ORDINALS in script for script in scripts):
        yield Trait.INSCRIPTION
    elif any(len(script) >= _LEAST_DATA and _ENVELOPE.search(script) for script in scripts):
        yield Trait.OTHER_DATA


def _leaf(witness: list[bytes]) -> bytes:
    """The script that a witness reveals: the last item, or that before the control block of a taproot output."""
    last = witness[-1]
    is_control_block = len(witness) > 1 and len(last) % 32 == 1 and last[0] >= 0xC0
    return witness[-2] if is_control_block else last


def _revealed(scripts: list[bytes], witnesses: list[list[bytes]]) -> set[bytes]:
    """The output scripts that inputs show to spend. A taproot output shows only when it is paid."""
    found = set[bytes]()
    for at, script in enumerate(scripts):
        witness = witnesses[at] if witnesses else []
        if script:
            last = _last_push(script)
            found.add(b"\xa9\x14" + _hash160(last) + b"\x87")
            if len(last) in {33, 65}:
                found.add(b"\x76\xa9\x14" + _hash160(last) + b"\x88\xac")
        elif witness:
            found.add(b"\x00\x20" + sha256(witness[-1]).digest())
            if len(witness) == 2 and len(witness[1]) == 33:
                found.add(b"\x00\x14" + _hash160(witness[1]))
    return found


def _last_push(script: bytes) -> bytes:
    """The last string that a script of pushes pushes; empty if it does something else."""
    at, last = 0, b""
    while at < len(script):
        code = script[at]
        size = {0x4C: 1, 0x4D: 2, 0x4E: 4}.get(code, 0)
        if size:
            length, at = int.from_bytes(script[at + 1 : at + 1 + size], "little"), at + 1 + size
        elif code <= 0x4B:
            length, at = code, at + 1
        else:
            length, at = 0, at + 1
        last, at = script[at : at + length], at + length
    return last


def _ripemd() -> Callable[[bytes], bytes]:
    try:
        new_hash("ripemd160")
    except ValueError:  # OpenSSL without its old algorithms
        from embit.util.py_ripemd160 import ripemd160  # noqa: PLC0415 -- slow, and hardly ever needed

        return lambda data: bytes(ripemd160(data))
    return lambda data: new_hash("ripemd160", data).digest()


_RIPEMD160 = _ripemd()


def _hash160(data: bytes) -> bytes:
    return _RIPEMD160(sha256(data).digest())
