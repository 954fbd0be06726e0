"""Public lists of stale blocks: reads and checks them, one block at a time.

The format is recognised by the content, see docs/how-to/stale-blocks.md. A file is never trusted: each row becomes a
block, or a reason to refuse it, and one bad row spoils no other.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from monitor.errors import InputError, WireError
from monitor.model import BlockHash, BlockRef, Header
from monitor.wire import HEADER_BYTES, decode_header, encode_header, target

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest list of today has less than a megabyte."""
_MAX_HEIGHT: Final = 2**31 - 1
_MAX_NAME: Final = 100
"""Characters of a pool's name."""
_HASH = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(rf"[0-9a-f]{{{2 * HEADER_BYTES}}}")
_POOL_COLUMNS: Final = ("pool_slug", "pool", "miner")
_NOT_STALE: Final = ("invalid block", "RDTS")
"""How notes begin about blocks that lost no race: they break a consensus rule, or are of another chain."""


class ListedBlock(NamedTuple):
    """A stale block of a list."""

    where: str
    """Its line or entry."""
    ref: BlockRef
    header: Header | None
    pool: str | None
    """Its name in the list."""
    by_tag: bool = False
    """Whether the list has the name from the coinbase's tag, as most counted blocks have it."""


class RefusedRow(NamedTuple):
    """A row that cannot be used."""

    where: str
    reason: str


class OmittedRow(NamedTuple):
    """A row about a block that is not stale."""

    where: str
    note: str


ListRow: TypeAlias = ListedBlock | RefusedRow | OmittedRow


def read(file: Path) -> list[ListRow]:
    """The rows of a list.

    Raises:
        InputError: the file cannot be read, or is no list that we know.
    """
    data = _content(file)
    if data.lstrip()[:1] in (b"{", b"["):
        return [*_json_rows(data, file)]
    return [*_csv_rows(data, file)]


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{file} is larger than {MAX_BYTES // 2**20} MiB, which no list of stale blocks is")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{file} is encoded as UTF-16: save it as UTF-8")
    return data.removeprefix(b"\xef\xbb\xbf")


# -- CSV ---------------------------------------------------------------------------------------------------------------


def _csv_rows(data: bytes, file: Path) -> Iterator[ListRow]:
    """A row is a line, so that an unclosed quote ends with it."""
    lines = data.split(b"\n")
    names = [name.strip().lower() for name in _cells(lines[0]) or ()]
    for name in ("height", "hash"):
        if names.count(name) != 1:
            found = ", ".join(names)[:200] or "none"
            raise InputError(
                f"{file} is no list of stale blocks that is known here: it is not JSON, and must then have one column "
                f"{name!r} (columns found: {found})"
            )
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        where, cells = f"line {number}", _cells(line)
        if cells is None:
            yield RefusedRow(where, "the line is not CSV in UTF-8")
        elif len(cells) != len(names):
            yield RefusedRow(where, f"it has {len(cells)} values for {len(names)} columns")
        else:
            yield _row(where, dict(zip(names, cells, strict=True)))


def _cells(line: bytes) -> list[str] | None:
    try:
        return next(csv.reader([line.decode().rstrip("\r")], strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json_rows(data: bytes, file: Path) -> Iterator[ListRow]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(f"{file} is not JSON, although it begins like it") from None
    if isinstance(document, Mapping) and isinstance(entries := document.get("stale_blocks"), list):
        for number, entry in enumerate(entries, start=1):
            yield _entry(f"entry {number}", entry)
    elif isinstance(document, Mapping) and isinstance(document.get("header_infos"), list):
        yield from _tree_rows(document, file)
    else:
        raise InputError(
            f"{file} is no list of stale blocks that is known here: it has neither 'stale_blocks' nor 'header_infos'"
        )


def _entry(where: str, entry: object) -> ListRow:
    return _row(where, entry) if isinstance(entry, Mapping) else RefusedRow(where, "it is not an object")


def _tree_rows(document: Mapping[str, Any], file: Path) -> Iterator[ListRow]:
    """The blocks of a tree of headers that are not below its highest active tip."""
    entries = [entry for entry in document["header_infos"] if isinstance(entry, Mapping)]
    by_id = {str(entry.get("id")): entry for entry in entries}
    tips = [*_tips(document)]
    active = [tip for tip in tips if tip.get("status") == "active"]
    best = max(active, key=lambda tip: _whole(tip.get("height")) or 0, default={}).get("hash")
    ends = {str(tip.get("hash")) for tip in tips if tip.get("status") == "invalid"}
    on_best = _below(entries, by_id, {str(best)}) if best else set()
    if not on_best:
        raise InputError(f"{file} does not say which of its blocks are on the best chain: no node has an active tip")
    invalid = _below(entries, by_id, ends)
    for number, entry in enumerate(document["header_infos"], start=1):
        where = f"entry {number}"
        if not isinstance(entry, Mapping):
            yield RefusedRow(where, "it is not an object")
        elif (own := str(entry.get("id"))) not in on_best:
            yield OmittedRow(where, "invalid block") if own in invalid else _entry(where, _with_header(entry))


def _tips(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    nodes = document.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        tips = node.get("tips") if isinstance(node, Mapping) else None
        yield from (tip for tip in (tips if isinstance(tips, list) else ()) if isinstance(tip, Mapping))


def _below(entries: list[Any], by_id: Mapping[str, Any], ends: set[str]) -> set[str]:
    """The ids of the blocks with these hashes and of all below them."""
    found: set[str] = set()
    for end in (entry for entry in entries if str(entry.get("hash")) in ends):
        at: Any = end
        while at is not None and (own := str(at.get("id"))) not in found:
            found.add(own)
            at = by_id.get(str(at.get("prev_id")))
    return found


def _with_header(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry with the header that its fields make; as it is if they make none."""
    try:
        header = Header(
            BlockHash(""), _signed(entry["version"]), BlockHash(entry["prev_blockhash"]),
            merkle_root=bytes.fromhex(entry["merkle_root"])[::-1], time=entry["time"], bits=entry["bits"],
            nonce=entry["nonce"],
        )  # fmt: skip
        return {**entry, "header": encode_header(header).hex()}
    except Exception:  # noqa: BLE001 -- fields of any type: packing them fails in many ways
        return {**entry, "header": "incomplete"}


def _signed(version: int) -> int:
    return version - 2**32 if version >= 2**31 else version


# -- one block ---------------------------------------------------------------------------------------------------------


def _row(where: str, values: Mapping[str, Any]) -> ListRow:
    height, own = _whole(values.get("height")), _text(values.get("hash")).lower()
    if height is None:
        return RefusedRow(where, f"{_shown(values.get('height'))} is not a block height")
    if not _HASH.fullmatch(own):
        return RefusedRow(where, f"{_shown(values.get('hash'))} is not a block hash: 64 hexadecimal digits")
    if (note := _text(values.get("note"))).startswith(_NOT_STALE):
        return OmittedRow(where, note[:_MAX_NAME])
    raw = _text(values.get("header")).lower()
    if raw and not _HEADER.fullmatch(raw):
        return RefusedRow(where, f"the header of block {own} is not {HEADER_BYTES} bytes in hexadecimal digits")
    try:
        header = decode_header(bytes.fromhex(raw)) if raw else None
    except WireError as error:  # a format that needs more bytes than these
        return RefusedRow(where, str(error))
    if header and (flaw := _flaw(header, own)):
        return RefusedRow(where, flaw)
    name = next((text for column in _POOL_COLUMNS if (text := _text(values.get(column)))), None)
    if name and (len(name) > _MAX_NAME or not name.isprintable()):
        return RefusedRow(where, f"{_shown(name)} is not the name of a pool")
    by_tag = _text(values.get("how")).startswith("coinbase_tag")
    return ListedBlock(where, BlockRef(height, BlockHash(own)), header, pool=name, by_tag=by_tag)


def _flaw(header: Header, claimed: str) -> str | None:
    """What is wrong with a header by itself: another hash than claimed, or no proof of work. None: nothing."""
    if header.hash != claimed:
        return f"the header has the hash {header.hash}, not {claimed}"
    if int(claimed, 16) > target(header.bits):
        return f"the hash {claimed} is above the target of its header: there is no proof of work"
    return None


def _whole(value: object) -> int | None:
    """A block height; None if it is none."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) and int(text) <= _MAX_HEIGHT else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return text if len(text) <= 2 * _MAX_NAME else f"{text[:_MAX_NAME]}…"
