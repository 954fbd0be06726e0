"""Tables as text: CSV and its relatives, with the separator and the encoding that they have, also compressed."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.processing.files import headings

_LINE: Final = 1_000_000
"""Characters of the longest line."""
_MOST: Final = 1_000_000_000
"""Characters of a file, also once it is decompressed."""
_SEPARATORS: Final = (",", ";", "\t", "|")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GZIP: Final = b"\x1f\x8b"


class TextSheet:
    """A file of lines, the first of which names the columns.

    Args:
        file: where it is.
        encoding: its encoding; None: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        InputError: it has no line of names.
    """

    def __init__(self, file: Path, encoding: str | None) -> None:
        self._file = file
        self._encoding = known_encoding(encoding) if encoding else _encoding(file)
        self._skipped, heading = self._heading()
        first = [next(csv.reader([heading], delimiter=each), []) for each in _SEPARATORS]
        best = max(first, key=lambda names: (headings.known(names), len(names)))
        self.separator: str | None = _SEPARATORS[first.index(best)]
        self.names: Sequence[str] = [name.strip() for name in best]
        if not headings.known(self.names) and any(name[:1].isdecimal() for name in self.names):
            raise InputError(
                f"{file} does not name its columns: the first line is {heading.strip()[:80]!r}",
                remedy="add a first line such as height,time,pool",
            )

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[object, ...]]:
        """The values of these columns, row by row, as text."""
        places = [self.names.index(name) for name in wanted]
        with _errors(self._file, self._encoding), closing(_lines(self._file, self._encoding)) as lines:
            for _ in range(self._skipped):
                next(lines, None)
            for number, row in enumerate(csv.reader(lines, delimiter=self.separator or ",", strict=True), start=1):
                if not "".join(row).strip():
                    continue
                if len(row) != len(self.names):
                    raise InputError(
                        f"{self._file}, row {number}: there are {len(row)} values for {len(self.names)} columns",
                        remedy=f"quote values that contain {self.separator!r}",
                    )
                yield tuple(row[place] for place in places)

    def _heading(self) -> tuple[int, str]:
        """How many lines come before the first row, and the one with the names."""
        with _errors(self._file, self._encoding), closing(_lines(self._file, self._encoding)) as lines:
            for number, line in enumerate(lines, start=1):
                text = line.strip("\ufeff \r\n")
                if text.lower().startswith("sep=") or not text:
                    continue
                bare = text.lstrip("# ")
                if text.startswith("#") and not any(headings.known(bare.split(each)) > 1 for each in _SEPARATORS):
                    continue  # a comment
                return number, bare
        raise InputError(f"{self._file} is empty", remedy="it needs a row for each block, under height, time and pool")


def _lines(file: Path, encoding: str) -> Generator[str, None, None]:
    """The lines of a file, none of them long, not too many of them."""
    left = _MOST
    with TextIOWrapper(binary(file), encoding, newline="") as opened:
        while line := opened.readline(_LINE):
            left -= len(line)
            if len(line) == _LINE:
                raise InputError(f"{file} has a line of more than {_LINE:,} characters")
            if left < 0:
                raise InputError(f"{file} has more than {_MOST:,} characters, which is more than all blocks need")
            yield line


@contextmanager
def _errors(file: Path, encoding: str) -> Iterator[None]:
    """Errors of decoding as sentences."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not in {encoding.removesuffix('-sig').upper()}: {error.reason}",
            remedy="name its encoding, for example --encoding cp1252",
        ) from None
    except csv.Error as error:
        raise InputError(f"{file} is not a table that can be read: {error}") from None


def binary(file: Path) -> BufferedReader | gzip.GzipFile:
    """The bytes of a file, decompressed if it is compressed with gzip."""
    with file.open("rb") as opened:
        compressed = opened.read(2) == _GZIP
    return gzip.open(file, "rb") if compressed else file.open("rb")


def known_encoding(name: str) -> str:
    """The encoding with this name.

    Raises:
        InputError: there is none.
    """
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise InputError(f"unknown encoding {name!r}", remedy="use for example cp1252") from None


def _encoding(file: Path) -> str:
    with _errors(file, "utf-8"), binary(file) as opened:
        head = opened.read(256)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise InputError(f"{file} is not a text in UTF-8", remedy="if it is UTF-16, add --encoding utf-16-le")
    return "utf-8"
