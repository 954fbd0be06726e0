"""Blocks from a file: a row for each block, or the number or share of blocks of each pool."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.model import BlockRow, PoolSlug
from monitor.processing.files import cells, headings
from monitor.processing.files.headings import Role
from monitor.processing.files.json_sheet import JsonSheet
from monitor.processing.files.sheet import MAX_NAME, Sheet
from monitor.processing.files.text_sheet import TextSheet, binary
from monitor.registry.names import PoolNames

MAX_ROWS: Final = 3_000_000
"""Three times as many as there are blocks."""
MAX_POOLS: Final = 10_000
"""A hundred times as many as there are pools; the time of the estimates grows with them."""
_MAX_HEIGHT: Final = 2**31 - 1
_OTHER_FORMATS: Final = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet", "save the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "save the table as CSV"),
    (b"SQLite format 3", "a database", "write its blocks to a file with pool-monitor export csv"),
    (b"%PDF", "a PDF document", "save the table as CSV"),
    (b"BZh", "compressed with bzip2", "decompress it first"),
    (b"\xfd7zXZ", "compressed with xz", "decompress it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it first"),
)
"""How other files begin, what they are, and what to do."""
_MOST_FRACTIONS: Final = 1.5
"""No fractions sum to more, and no percentages to less."""
_ROUNDING: Final = 0.01
"""How far rounded shares may be from their sum."""
_TOTALS: Final = frozenset({"total", "totals", "sum", "all", "gesamt", "summe", "всего", "合计", "总计"})


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a file does not say of itself."""

    columns: Mapping[Role, str] = field(default_factory=dict)
    """Names of columns that are not among the usual ones."""
    encoding: str | None = None
    """Of a text; None: by its byte order mark, else UTF-8."""
    blocks: int | None = None
    """How many blocks the shares of a file of shares are of."""
    undated: int | None = None
    """Unix time of blocks in a file without times, for memberships; None: a file must have times."""


@dataclass(frozen=True, slots=True)
class BlockFile:
    """The blocks of a file, and what had to be assumed."""

    blocks: list[BlockRow]
    """Lowest first."""
    dated: bool
    """Whether the file has times."""
    unrecognised: Mapping[str, int]
    """Blocks of each name that the registry does not have, most first."""
    notes: Sequence[str] = ()
    """What was assumed, as sentences."""


def read(file: Path, options: FileOptions = FileOptions(), names: PoolNames | None = None) -> BlockFile:
    """The blocks of a file, lowest first.

    Args:
        file: CSV, TSV, JSON or Parquet, recognised by its content.
        options: what the file does not say.
        names: recognises pools by name; None: names are taken for slugs.

    Raises:
        InputError: it cannot be read, or can be read in several ways; with the remedy.
        ExtraMissing: it is Parquet, and the extra `parquet` is not installed.
    """
    try:
        sheet = _sheet(file, options.encoding)
        return _Reader(file, sheet, options=options, names=names).read()
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:  # wherever it is read: at the beginning or far behind
        raise InputError(f"{file} is damaged: {error}", remedy="download or compress it again") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None


def _sheet(file: Path, encoding: str | None) -> Sheet:
    with binary(file) as opened:
        head = opened.read(512)
    for beginning, what, remedy in _OTHER_FORMATS:
        if head.startswith(beginning):
            raise InputError(f"{file} is {what}", remedy=remedy)
    if head.startswith(b"PAR1"):
        from monitor.processing.parquet_blocks import ParquetSheet  # noqa: PLC0415 -- an extra

        return ParquetSheet(file)
    begins = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")[:9].lower()
    if begins.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{file} is a web page, not a table", remedy="download the file itself")
    return JsonSheet(file, encoding) if begins.startswith((b"{", b"[")) else TextSheet(file, encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What a row says of a pool."""

    name: str
    size: float
    """Number or share of blocks."""
    time: int
    pool: PoolSlug | None


class _Reader:
    """Reads one file. The roles of its columns decide which kind it is."""

    def __init__(self, file: Path, sheet: Sheet, *, options: FileOptions, names: PoolNames | None) -> None:
        self._file, self._sheet, self._options, self._names = file, sheet, options, names
        self._roles = headings.roles(sheet.names, options.columns, file)
        self._slugs: dict[str, PoolSlug | None] = {}
        self._spellings: dict[str, PoolSlug] = {}
        self._foreign: set[str] = set()
        self._notes: list[str] = []
        self._day_first: bool | None = None
        self._undated = options.undated or cells.GENESIS
        required: tuple[Role, ...] = ("pool",) if options.undated else ("time", "pool")
        for role in required:
            if role not in self._roles:
                raise headings.missing(role, sheet.names, file)

    def read(self) -> BlockFile:
        if "time" in self._roles:
            self._find_order_of_dates()
        if "height" in self._roles:
            blocks = self._blocks()
        elif "count" in self._roles:
            blocks = self._counted()
        elif "share" in self._roles:
            blocks = self._shared()
        else:
            raise headings.missing("height", self._sheet.names, self._file)
        if not blocks:
            raise InputError(f"{self._file} has no blocks", remedy="it needs a row for each block or pool")
        of_pools = Counter(block.pool for block in blocks)
        foreign = {name: of_pools[PoolSlug(name)] for name in self._foreign if PoolSlug(name) in of_pools}
        ordered = dict(sorted(foreign.items(), key=lambda item: (-item[1], item[0])))
        return BlockFile(blocks, "time" in self._roles, ordered, notes=tuple(self._notes))

    def _blocks(self) -> list[BlockRow]:
        """A row for each block."""
        blocks: list[BlockRow] = []
        for row, (height, time, pool) in self._rows("height", "time", "pool"):
            number = self._number("height", height, row)
            if number > _MAX_HEIGHT:
                raise InputError(f"{self._file}, row {row}: height is {number}, which is not a block height")
            # A file says nothing of the work, and no index asks for it.
            blocks.append(BlockRow(number, self._time(time, row), bits=0, pool=self._pool(pool, row)))
        blocks.sort(key=lambda block: block.height)
        for below, above in pairwise(blocks):
            if below.height == above.height:
                raise InputError(
                    f"{self._file} has block {above.height} twice", remedy="keep the one that is on the best chain"
                )
        return blocks

    def _counted(self) -> list[BlockRow]:
        """As many rows for each pool, and time if there is one, as the file counts blocks."""
        counts = self._without_total([
            _Part(
                name=str(pool),
                size=self._number("count", count, row),
                time=self._time(time, row),
                pool=self._pool(pool, row),
            )
            for row, (count, time, pool) in self._rows("count", "time", "pool")
            if not cells.is_empty(count)
        ])  # fmt: skip
        if (total := sum(part.size for part in counts)) > MAX_ROWS:
            raise InputError(f"{self._file} counts {total:,.0f} blocks, which is more than there are")
        return _blocks_of((part, int(part.size)) for part in sorted(counts, key=lambda part: part.time))

    def _shared(self) -> list[BlockRow]:
        """As many rows for each pool as its share of the blocks; the rest has no known pool."""
        if self._options.blocks is None:
            raise InputError(
                f"{self._file} has shares without a number of blocks, so nothing can be said of their uncertainty",
                remedy="add --blocks N, the number of blocks that the shares are of",
            )
        heading = self._roles["share"].casefold()
        percent = any(mark in heading for mark in ("%", "percent", "pct"))
        shares: list[_Part] = []
        for row, (share, pool) in self._rows("share", "pool"):
            try:
                size = 0.0 if cells.is_empty(share) else cells.fraction(share)
            except ValueError:
                raise InputError(f"{self._file}, row {row}: share is {_given(share)}, which is not a share") from None
            percent = percent or "%" in str(share)
            shares.append(_Part(name=str(pool), size=size, time=self._undated, pool=self._pool(pool, row)))
        shares = self._without_total(shares)
        total = sum(part.size for part in shares)
        whole = 100.0 if percent or total > _MOST_FRACTIONS else 1.0
        if total > whole * (1 + _ROUNDING):
            raise InputError(
                f"{self._file}: the shares sum to {total / whole:.1%}", remedy="keep the shares of one time and level"
            )
        if (rest := max(whole - total, 0.0)) > whole * _ROUNDING:
            self._notes.append(f"the shares sum to {total / whole:.1%}; the rest counts as unknown")
            shares.append(_Part(name="", size=rest, time=self._undated, pool=None))
        return _blocks_of(_apportioned(shares, self._options.blocks))

    def _rows(self, *roles: Role) -> Iterator[tuple[int, tuple[object, ...]]]:
        """The values of these roles, None for a column that the file does not have, and the number of the row."""
        wanted = [self._roles[role] for role in roles if role in self._roles]
        places = [wanted.index(self._roles[role]) if role in self._roles else None for role in roles]
        for row, values in enumerate(self._sheet.rows(wanted), start=1):
            if row > MAX_ROWS:
                raise InputError(f"{self._file} has more than {MAX_ROWS:,} rows, which is more than there are blocks")
            yield row, tuple(None if place is None else values[place] for place in places)

    def _without_total(self, parts: list[_Part]) -> list[_Part]:
        """The parts without one that is named as a total and is the sum of the others."""
        total = sum(part.size for part in parts)
        for part in parts:
            name = part.name.strip()
            if name.casefold() in _TOTALS and abs(2 * part.size - total) <= _ROUNDING * total:
                self._notes.append(f"the row {name!r} is the sum of the others and was left out")
                return [other for other in parts if other is not part]
        return parts

    def _number(self, role: Role, value: object, row: int) -> int:
        meaning = "a block height" if role == "height" else "a number of blocks"
        return self._cell(role, value, row, read=lambda: cells.whole(value, self._sheet.separator), meaning=meaning)

    def _time(self, value: object, row: int) -> int:
        if "time" not in self._roles:
            return self._undated
        read = lambda: cells.seconds(value, day_first=self._day_first)  # noqa: E731
        meaning = "a time since the first block: Unix seconds or an ISO 8601 date"
        return self._cell("time", value, row, read=read, meaning=meaning)

    def _cell(self, role: Role, value: object, row: int, *, read: Callable[[], int], meaning: str) -> int:
        try:
            return read()
        except cells.Ambiguous as error:
            problem = str(error)
            remedy = "write dates as 2024-04-20" if role == "time" else "write numbers without separators"
        except (ValueError, OverflowError):
            problem = f"is not {meaning}"
            remedy = f"if another column has it, add --columns {role}=NAME"
        column = self._roles[role]
        name = role if column == role else f"{column} ({role})"
        raise InputError(f"{self._file}, row {row}: {name} is {_given(value)}, which {problem}", remedy=remedy)

    def _pool(self, value: object, row: int) -> PoolSlug | None:
        name = "" if value is None else str(value).strip()
        if name not in self._slugs:
            self._slugs[name] = self._recognised(name, row)
            if len(self._slugs) > MAX_POOLS:
                raise InputError(
                    f"{self._file} has more than {MAX_POOLS:,} pools", remedy="leave miners that are not pools empty"
                )
        return self._slugs[name]

    def _recognised(self, name: str, row: int) -> PoolSlug | None:
        if len(name) > MAX_NAME or not name.isprintable():
            raise InputError(f"{self._file}, row {row}: pool is {name[:MAX_NAME]!r}, which is not a printable name")
        if cells.unknown(name):
            return None
        if self._names is None:
            return PoolSlug(name)
        if slug := self._names.slug(name):
            return slug
        spelling = " ".join(name.casefold().split())
        first = self._spellings.setdefault(spelling, PoolSlug(name))
        self._foreign.add(first)
        return first

    def _find_order_of_dates(self) -> None:
        times = (values[0] for values in self._sheet.rows([self._roles["time"]]))
        first = next((value for value in times if not cells.is_empty(value)), None)
        if first is not None and cells.is_slashed(first):
            self._day_first = cells.day_comes_first(values[0] for values in self._sheet.rows([self._roles["time"]]))


def _given(value: object) -> str:
    return "empty" if cells.is_empty(value) else repr(str(value)[:MAX_NAME])


def _apportioned(parts: Sequence[_Part], blocks: int) -> Iterator[tuple[_Part, int]]:
    """Whole blocks in proportion to the parts: the largest remainders are rounded up."""
    total = sum(part.size for part in parts) or 1.0
    exact = [part.size / total * blocks for part in parts]
    counts = [floor(number) for number in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: counts[place] - exact[place])
    for place in by_remainder[: blocks - sum(counts)]:
        counts[place] += 1
    return zip(parts, counts, strict=True)


def _blocks_of(parts: Iterable[tuple[_Part, int]]) -> list[BlockRow]:
    every = (part for part, number in parts for _ in range(number))
    return [BlockRow(place, part.time, bits=0, pool=part.pool) for place, part in enumerate(every)]
