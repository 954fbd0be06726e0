"""Lines of the stratum protocol: bytes to jobs, and requests to bytes. Pure.

A line that is not of the protocol raises `StratumError`; nothing else is raised, whatever the server sends. Sizes are
bounded by what a block can hold, not by what the server says. Source: https://en.bitcoin.it/wiki/Stratum_mining_protocol
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, NamedTuple, NoReturn

from monitor.errors import StratumError, WireError
from monitor.model import BlockHash, Coinbase
from monitor.text import excerpt
from monitor.wire import decode_coinbase

MAX_LINE_BYTES: Final = 128 << 10
"""Of a line. The longest known jobs pay hundreds of miners in the coinbase, and have about 30 KB."""
_MAX_BRANCHES: Final = 16
"""A block has fewer than 2^16 transactions of 60 bytes or more."""
_MAX_EXTRANONCE: Final = 100
"""Bytes of a coinbase script, by consensus."""
_MAX_ID: Final = 256


class Message(NamedTuple):
    """A notification, a request or a response."""

    method: str | None
    """None of a response."""
    params: list[Any]
    id: int | None = None
    result: Any = None
    error: Any = None


@dataclass(frozen=True)
class Job:
    """A block that miners shall work on, without its coinbase's extra nonce."""

    id: str
    parent: BlockHash
    prefix: bytes
    """The coinbase before the extra nonce."""
    suffix: bytes
    """The coinbase after it."""
    branches: tuple[bytes, ...]
    """Hashes that give the merkle root with the coinbase."""
    version: int
    bits: int
    time: int
    clean: bool
    """Whether older jobs are void."""

    @cached_property
    def template(self) -> bytes | None:
        """The same for the same transactions in the same order; None without transactions."""
        return sha256(b"".join(self.branches)).digest()[:16] if self.branches else None

    def coinbase(self, extranonce: bytes) -> Coinbase | None:
        """The coinbase with this extra nonce; None if the parts are none, or the sizes do not fit."""
        raw = self.prefix + extranonce + self.suffix
        try:
            found, end = decode_coinbase(raw)
        except WireError:
            return None
        return found if end == len(raw) else None


def read(line: bytes) -> Message:
    """Decode a line.

    Raises:
        StratumError: it is no message.
    """
    if len(line) > MAX_LINE_BYTES:
        raise StratumError(f"a line of more than {MAX_LINE_BYTES} bytes")
    try:
        found = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise StratumError(f"a line that is not JSON: {excerpt(line[:80].decode('utf-8', 'replace'), 60)}") from None
    if not isinstance(found, dict):
        raise StratumError("a line that is not an object")
    method, params, number = found.get("method"), found.get("params"), found.get("id")
    if method is not None and not isinstance(method, str):
        raise StratumError("a method that is not a name")
    return Message(
        method,
        params if isinstance(params, list) else [],
        number if isinstance(number, int) and not isinstance(number, bool) else None,
        result=found.get("result"),
        error=found.get("error"),
    )


def read_job(params: list[Any]) -> Job:
    """Decode the parameters of `mining.notify`.

    Raises:
        StratumError: they are no job.
    """
    if len(params) < 8:
        raise StratumError(f"a job of {len(params)} parts instead of 9")
    number, parent, prefix, suffix, branches, version, bits, time = params[:8]
    if not isinstance(number, str | int):
        raise StratumError("a job without a name")
    if not isinstance(branches, list) or len(branches) > _MAX_BRANCHES:
        raise StratumError("a job with a list of branches that no block has")
    return Job(
        str(number)[:_MAX_ID],
        _parent(_hex(parent, "parent", exactly=32)),
        _hex(prefix, "coinbase"),
        suffix=_hex(suffix, "coinbase"),
        branches=tuple(_hex(each, "branch", exactly=32) for each in branches),
        version=_number(version, "version"),
        bits=_number(bits, "nbits"),
        time=_number(time, "ntime"),
        clean=len(params) > 8 and params[8] is True,
    )


def read_extranonce(first: object, size: object) -> tuple[bytes, int]:
    """Decode our part of the extra nonce, and how many bytes the miner adds.

    Raises:
        StratumError: they are none.
    """
    found = _hex(first, "extra nonce") if first else b""
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_EXTRANONCE:
        raise StratumError("an extra nonce without a size")
    if len(found) > _MAX_EXTRANONCE:
        raise StratumError("an extra nonce that is longer than a coinbase script")
    return found, size


def request(number: int, method: str, *params: str) -> bytes:
    """A request, as a line."""
    return json.dumps({"id": number, "method": method, "params": params}).encode() + b"\n"


def _parent(raw: bytes) -> BlockHash:
    """A block hash in display order: the protocol swaps the bytes of each of its eight words."""
    return BlockHash(b"".join(raw[at : at + 4] for at in range(28, -4, -4)).hex())


def _hex(value: object, name: str, *, exactly: int | None = None) -> bytes:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or len(found) * 2 != len(str(value)) or exactly not in {None, len(found)}:
        raise StratumError(f"a job with a {name} that is not hexadecimal of the right length")
    return found


def _number(value: object, name: str) -> int:
    return int.from_bytes(_hex(value, name, exactly=4), "big")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
