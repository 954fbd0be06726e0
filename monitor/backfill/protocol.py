"""What the daemon and a backfill worker tell each other: a job, then messages, each a line of JSON.

Neither side can make the other run code: a worker reads blocks of strangers, and its messages are values only.
"""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter, ValidationError

from monitor.backfill.segments import MissingBlocks
from monitor.config import NodeSection, RegistrySection
from monitor.model import Attribution
from monitor.store.rows import COLUMNS, Row, RowBatch


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """What to fetch, and from where."""

    node: NodeSection
    registry: RegistrySection
    network: str
    _: KW_ONLY
    wanted: MissingBlocks
    niceness: int = 0
    """Scheduling priority of the worker, as in nice(1)."""


@dataclass(frozen=True, slots=True)
class SourceStarted:
    """Blocks come from this source from now on."""

    by: str


@dataclass(frozen=True, slots=True)
class FilesScanned:
    """Number of scanned block files, and of all block files."""

    files: int
    total: int


@dataclass(frozen=True, slots=True)
class SourceExhausted:
    """A source has no more of the wanted blocks, or failed."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last message."""

    gap: str | None = None
    """Why wanted blocks are still missing, if only another node can have them."""
    fault: str | None = None
    """What failed, if a retry may help."""
    refused: bool = False
    """Whether the operator must change something before a retry."""


Message: TypeAlias = SourceStarted | FilesScanned | SourceExhausted | RowBatch | Finished

_KINDS: Final[dict[str, Any]] = {
    each.__name__: each for each in (SourceStarted, FilesScanned, SourceExhausted, Finished)
}
_BYTES: Final = tuple(
    COLUMNS.index(name) for name in ("hash", "parent", "merkle_root", "coinbase_script", "coinbase_outputs")
)
"""Columns of a row that are bytes: in hex on the way."""
_ATTRIBUTIONS: Final = TypeAdapter(tuple[Attribution, ...])
_JOB: Final = TypeAdapter(BackfillJob)


def encode_job(job: BackfillJob) -> bytes:
    """A job as a line; the only place where the node's password is written out, into a pipe."""
    written = _JOB.dump_python(job, mode="json")
    if job.node.password:
        written["node"]["password"] = job.node.password.get_secret_value()
    return _line(written)


def decode_job(line: bytes) -> BackfillJob:
    """A job of `encode_job`.

    Raises:
        ValueError: it is none; the message has nothing of the line, which has a password.
    """
    try:
        return _JOB.validate_json(line)
    except ValidationError as error:
        invalid = ", ".join(".".join(map(str, each["loc"])) or "JSON" for each in error.errors())
        raise ValueError(f"the job cannot be read; invalid: {invalid}") from None


def encode(message: Message) -> bytes:
    """A message as a line."""
    if not isinstance(message, RowBatch):
        return _line({"kind": type(message).__name__, "values": asdict(message)})
    attributions = _ATTRIBUTIONS.dump_python(message.attributions, mode="json")
    rows = {"chain": [*map(_in_hex, message.chain)], "stale": [*map(_in_hex, message.stale)]}
    return _line({"kind": "rows", "attributions": attributions, **rows})


def decode(line: bytes) -> Message:
    """A message of `encode`.

    Raises:
        ValueError, KeyError, TypeError: it is none; a worker that was killed leaves the beginning of a line.
    """
    message = json.loads(line)
    if message["kind"] != "rows":
        found: Message = _KINDS[message["kind"]](**message["values"])
        return found
    attributions = _ATTRIBUTIONS.validate_python(message["attributions"])
    return RowBatch(attributions, _rows(message["chain"]), _rows(message["stale"]))


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _in_hex(row: Row) -> list[Any]:
    cells = [*row]
    for at in _BYTES:
        cells[at] = cells[at].hex()
    return cells


def _rows(rows: list[list[Any]]) -> tuple[Row, ...]:
    for cells in rows:
        for at in _BYTES:
            cells[at] = bytes.fromhex(cells[at])
    return tuple(map(tuple, rows))
