"""Coinbases from the user's input: JSON lines, or a raw block, binary or hex."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from monitor.errors import InputError, PoolMonitorError
from monitor.model import Block, BlockHash, Coinbase, Output
from monitor.registry.address import script_of
from monitor.wire import HEADER_BYTES, MAX_BLOCK_BYTES, MAX_MONEY_SAT, decode_block, decode_coinbase

_MAX_LINE_BYTES = 16_000_000
"""Enough for a coinbase as large as a block, in hex, with its outputs."""
_PEEK_BYTES = 160


@dataclass(frozen=True, slots=True)
class Given:
    """A coinbase, with what is known about its block."""

    coinbase: Coinbase
    height: int | None = None
    time: int | None = None
    """Header time, unix seconds."""
    hash: BlockHash | None = None

    @classmethod
    def of_block(cls, block: Block, *, height: int | None) -> Given:
        """The coinbase of a complete block. Old blocks do not state their height."""
        return cls(block.coinbase, height, block.header.time, hash=block.hash)


Input: TypeAlias = Given | PoolMonitorError
"""An input, or the error for one that cannot be read."""


def from_file(path: Path, network: str) -> Iterator[Input]:
    """The inputs of a file, in order.

    Args:
        path: JSON lines, or one raw block.
        network: network of the addresses in the lines.

    Raises:
        InputError: the file cannot be read, or contains an invalid block.
    """
    try:
        with path.open("rb") as file:
            start = file.peek(_PEEK_BYTES)[:_PEEK_BYTES]
            if _is_block(start):
                yield Given.of_block(_block(file.read(2 * MAX_BLOCK_BYTES + 2)), height=None)  # in hex, with a newline
            else:
                yield from from_lines(file, network)
    except OSError as error:
        raise InputError(
            f"cannot read {str(path)!r}: {error.strerror}", remedy="name a file, or - for standard input"
        ) from None


def from_lines(stream: BinaryIO, network: str) -> Iterator[Input]:
    """The inputs of JSON lines, in order; an invalid line gives an error in its place."""
    while line := stream.readline(_MAX_LINE_BYTES):
        try:
            yield _given(line, network)
        except PoolMonitorError as error:
            yield error
        while not line.endswith(b"\n") and (line := stream.readline(_MAX_LINE_BYTES)):
            pass  # skip the rest of a line that is too long


# -- a raw block -------------------------------------------------------------------------------------------------------


def _is_block(start: bytes) -> bool:
    if b"{" in start[:1] or b"\n{" in start:
        return False
    is_hex = len(start) == _PEEK_BYTES and not start.strip(b"0123456789abcdefABCDEF")
    return is_hex or b"\0" in start[:HEADER_BYTES]


def _block(data: bytes) -> Block:
    try:
        data = data if b"\0" in data[:HEADER_BYTES] else bytes.fromhex(data.decode("ascii", "replace"))
        return decode_block(data, height=0)
    except (PoolMonitorError, ValueError) as error:
        raise InputError(f"not a complete block: {error}", remedy="give a raw block or JSON lines") from None


# -- lines -------------------------------------------------------------------------------------------------------------


def _given(line: bytes, network: str) -> Given:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("the line is not JSON") from None
    if not isinstance(entry, dict):
        raise InputError("the line is not a JSON object")
    return Given(_coinbase(entry, network), _number(entry, "height"), _number(entry, "time"))


def _coinbase(entry: Mapping[str, Any], network: str) -> Coinbase:
    if entry.get("raw_tx_hex") is not None:
        data = _bytes(entry, "raw_tx_hex")
        coinbase, end = decode_coinbase(data)
        if end != len(data):
            raise InputError(f"raw_tx_hex has {len(data) - end} bytes after the transaction")
        return coinbase
    if "script_hex" not in entry:
        raise InputError("the line has neither script_hex nor raw_tx_hex")
    return Coinbase(_bytes(entry, "script_hex"), _outputs(entry.get("outputs"), network))


def _outputs(entries: object, network: str) -> tuple[Output, ...]:
    """The outputs with a script. An unknown value is replaced by the largest known one."""
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise InputError("outputs is not a list")
    found = [(_script(entry, network), _value(entry)) for entry in entries]
    most = max((value for _, value in found if value is not None), default=0)
    return tuple(Output(most if value is None else value, script) for script, value in found if script)


def _script(entry: object, network: str) -> bytes:
    if not isinstance(entry, dict):
        raise InputError("an output is not a JSON object")
    if entry.get("script_hex") is not None:
        return _bytes(entry, "script_hex")
    address = entry.get("address")
    if address is None:
        return b""
    if not isinstance(address, str):
        raise InputError("an output's address is not a string")
    try:
        return script_of(address, network)
    except ValueError as error:
        raise InputError(f"an output has an invalid address: {error}") from None


def _value(entry: object) -> int | None:
    value = entry.get("value_sat") if isinstance(entry, dict) else None
    if value is not None and (type(value) is not int or not 0 <= value <= MAX_MONEY_SAT):
        raise InputError(f"an output's value_sat must be an integer from 0 to {MAX_MONEY_SAT}")
    return value


def _bytes(entry: Mapping[str, Any], key: str) -> bytes:
    text = entry[key]
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise InputError(f"{key} is not hex") from None


def _number(entry: Mapping[str, Any], key: str) -> int | None:
    value = entry.get(key)
    if value is not None and (type(value) is not int or not 0 <= value < 2**32):
        raise InputError(f"{key} must be an integer from 0 to {2**32 - 1}")
    return value
