"""Who mined these? Attribution without a daemon: JSON lines or a raw block in, one plain object for each out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from monitor.attribution import Registry, attribute
from monitor.attribution.address import script_of
from monitor.errors import InputError, PoolMonitorError
from monitor.model import Attribution, Coinbase, Output, PoolSlug
from monitor.wire import HEADER_BYTES, MAX_MONEY_SAT, decode_block, decode_coinbase

_MAX_LINE_BYTES = 16_000_000
"""A coinbase as large as a block, twice over as hex, with its outputs beside it."""
_PEEK_BYTES = 160
_TABLE = "{:<24} {:<8} {:<44} {:<9} {}"
TABLE_HEAD = _TABLE.format("POOL", "METHOD", "EVIDENCE", "CONFLICT", "MINER")


def attribute_file(path: Path, registry: Registry) -> Iterator[dict[str, Any]]:
    """Attribute what a file holds, in order: JSON lines, or one raw block, in binary or as hex.

    Raises:
        InputError: it cannot be read, or is a damaged block.
    """
    try:
        with path.open("rb") as file:
            start = file.peek(_PEEK_BYTES)[:_PEEK_BYTES]
            if _is_block(start):
                yield row(_block(file.read()), registry)
            else:
                yield from attribute_lines(file, registry)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}; name a file, or - for standard input") from None


def attribute_lines(stream: BinaryIO, registry: Registry) -> Iterator[dict[str, Any]]:
    """Attribute JSON lines, in order and one at a time.

    A line that cannot be decoded gives `{"error": ...}` in its place.
    """
    while line := stream.readline(_MAX_LINE_BYTES):
        yield _attribute_line(line, registry)
        while not line.endswith(b"\n") and (line := stream.readline(_MAX_LINE_BYTES)):
            pass  # the rest of a line that is too long; what was read of it does not parse


def row(coinbase: Coinbase, registry: Registry) -> dict[str, Any]:
    """One attribution as the command prints it."""
    return as_row(attribute(coinbase, registry), registry)


def as_row(judged: Attribution, registry: Registry) -> dict[str, Any]:
    """An attribution under the names of the public interface."""
    return {
        "pool_slug": judged.pool,
        "pool_name": _name(judged.pool, registry),
        "method": judged.method,
        "evidence": judged.evidence,
        "conflict": judged.conflict,
        "candidates": [
            {"pool_slug": candidate.pool, "method": candidate.method, "evidence": candidate.evidence}
            for candidate in judged.candidates
        ],
        "template": None,
        "operator": None,
        "country": None,
        "miner": judged.miner,
    }


def as_line(found: Mapping[str, Any]) -> str:
    """A row for people, under `TABLE_HEAD`."""
    if "error" in found:
        return f"error: {found['error']}"
    conflict = "conflict" if found["conflict"] else ""
    name = found["pool_name"] or "unknown"
    return _TABLE.format(name, found["method"] or "", found["evidence"], conflict, found["miner"] or "").rstrip()


def _name(pool: PoolSlug | None, registry: Registry) -> str | None:
    return None if pool is None else registry.pools[pool].name


# -- a raw block -------------------------------------------------------------------------------------------------------


def _is_block(start: bytes) -> bool:
    if b"{" in start[:1] or b"\n{" in start:
        return False
    is_hex = len(start) == _PEEK_BYTES and not start.strip(b"0123456789abcdefABCDEF")
    return is_hex or b"\0" in start[:HEADER_BYTES]


def _block(data: bytes) -> Coinbase:
    try:
        data = data if b"\0" in data[:HEADER_BYTES] else bytes.fromhex(data.decode("ascii", "replace"))
        return decode_block(data, height=0).coinbase
    except (PoolMonitorError, ValueError) as error:
        raise InputError(f"this is no whole block: {error}; give a raw block or JSON lines") from None


# -- lines -------------------------------------------------------------------------------------------------------------


def _attribute_line(line: bytes, registry: Registry) -> dict[str, Any]:
    try:
        return row(_coinbase(line, registry.network), registry)
    except PoolMonitorError as error:
        return {"error": str(error)}


def _coinbase(line: bytes, network: str) -> Coinbase:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("the line is no JSON") from None
    if not isinstance(entry, dict):
        raise InputError("the line is no JSON object")
    if entry.get("raw_tx_hex") is not None:
        data = _bytes(entry, "raw_tx_hex")
        coinbase, end = decode_coinbase(data)
        if end != len(data):
            raise InputError(f"raw_tx_hex goes on for {len(data) - end} bytes after the transaction")
        return coinbase
    if "script_hex" not in entry:
        raise InputError("the line has neither script_hex nor raw_tx_hex")
    return Coinbase(_bytes(entry, "script_hex"), _outputs(entry.get("outputs"), network))


def _outputs(entries: object, network: str) -> tuple[Output, ...]:
    """The outputs as far as they have a script. One of unknown value is taken for a main one."""
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise InputError("outputs is no list")
    found = [(_script(entry, network), _value(entry)) for entry in entries]
    most = max((value for _, value in found if value is not None), default=0)
    return tuple(Output(most if value is None else value, script) for script, value in found if script)


def _script(entry: object, network: str) -> bytes:
    if not isinstance(entry, dict):
        raise InputError("an output is no JSON object")
    if entry.get("script_hex") is not None:
        return _bytes(entry, "script_hex")
    address = entry.get("address")
    if address is None:
        return b""
    if not isinstance(address, str):
        raise InputError("an output's address is no text")
    try:
        return script_of(address, network)
    except ValueError as error:
        raise InputError(f"an output's address is wrong: {error}") from None


def _value(entry: object) -> int | None:
    value = entry.get("value_sat") if isinstance(entry, dict) else None
    if value is not None and (type(value) is not int or not 0 <= value <= MAX_MONEY_SAT):
        raise InputError(f"an output's value_sat is no number of satoshi between 0 and {MAX_MONEY_SAT}")
    return value


def _bytes(entry: Mapping[str, Any], key: str) -> bytes:
    text = entry[key]
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise InputError(f"{key} is not hex") from None
