"""The transactions of a block that spend outputs of known coinbases.

Nothing but inputs is looked at until one of them is such an output: most blocks have none, and this takes most of the
time of a scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import sleep

from monitor.errors import Truncated, WireError
from monitor.model import BlockHash, Coinbase, CoinbaseSpend, Output
from monitor.wire import (
    HEADER_BYTES,
    MAX_BLOCK_BYTES,
    MIN_TX_BYTES,
    decode_compact,
    decode_header,
    decode_outputs,
    double_sha256,
    encode_coinbase,
)

_OUTPOINT_BYTES = 36
_MIN_INPUT_BYTES = 41
_TURN = 100
"""Transactions: a fifth of a millisecond."""


def coinbase_txid(coinbase: Coinbase) -> bytes:
    """Identifier of a coinbase transaction, in serialised order."""
    return double_sha256(encode_coinbase(coinbase))


def find_spends(raw: bytes, known: Mapping[bytes, BlockHash]) -> list[CoinbaseSpend]:
    """The inputs of a block that spend outputs of known coinbases.

    Args:
        raw: the whole block, as serialised.
        known: by identifier in serialised order, the block of each coinbase.

    Raises:
        WireError: the bytes are not a block, or it spends an output twice.
    """
    header = decode_header(raw)
    count, at = decode_compact(raw, HEADER_BYTES + len(header.extension))
    if count > MAX_BLOCK_BYTES // MIN_TX_BYTES:
        raise WireError(f"{count} transactions cannot fit into a block")
    found: list[CoinbaseSpend] = []
    try:
        for number in range(count):
            if not number % _TURN:
                sleep(0)  # on a thread, the event loop may take its turn: else it waits for 5 ms
            at = _transaction(raw, at, known, found=found)
    except IndexError:
        raise Truncated("the bytes end inside the block") from None
    if at != len(raw):
        raise WireError(f"the transactions end at byte {at} of {len(raw)}")
    if len({(each.coinbase, each.output) for each in found}) < len(found):
        raise WireError("a reward is spent twice")
    return found


def _transaction(data: bytes, start: int, known: Mapping[bytes, BlockHash], *, found: list[CoinbaseSpend]) -> int:
    """Add the spends of the transaction at `start`; return where it ends."""
    at = start + 4
    has_witness = data[at] == 0 and data[at + 1] == 1
    body = at = at + 2 if has_witness else at
    inputs, at = decode_compact(data, at)
    _demand(inputs, _MIN_INPUT_BYTES)
    spent = []
    for _ in range(inputs):
        if (paid_by := known.get(data[at : at + 32])) is not None:
            spent.append((paid_by, int.from_bytes(data[at + 32 : at + _OUTPOINT_BYTES], "little")))
        at = _skip(data, at + _OUTPOINT_BYTES) + 4
    to_outputs = at
    outputs, at = decode_compact(data, at)
    _demand(outputs, 9)
    for _ in range(outputs):
        at = _skip(data, at + 8)
    end = at
    if has_witness:
        for _ in range(inputs):
            items, at = decode_compact(data, at)
            _demand(items, 1)
            for _ in range(items):
                at = _skip(data, at)
    at += 4
    if spent:
        txid = double_sha256(data[start : start + 4] + data[body:end] + data[at - 4 : at])[::-1].hex()
        swept_to = _main(decode_outputs(data, to_outputs)[0])
        found += [CoinbaseSpend(paid_by, output, txid, swept_to=swept_to) for paid_by, output in spent]
    return at


def _skip(data: bytes, at: int) -> int:
    """Where the counted string at `at` ends."""
    length = data[at]
    if length < 0xFD:
        return at + 1 + length
    length, at = decode_compact(data, at)
    return at + length


def _demand(count: int, least_bytes: int) -> None:
    if count * least_bytes > MAX_BLOCK_BYTES:
        raise WireError(f"{count} parts of a transaction cannot fit into a block")


def _main(outputs: tuple[Output, ...]) -> bytes | None:
    """The script that gets more than half of what a transaction pays."""
    by_script: dict[bytes, int] = {}
    for output in outputs:
        by_script[output.script] = by_script.get(output.script, 0) + output.value_sat
    total = sum(by_script.values())
    return next((script for script, value in by_script.items() if 2 * value > total), None)
