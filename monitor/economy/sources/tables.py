"""Tables as sources publish them: CSV, found in zip files too, with columns that are found by what they mean."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from monitor.economy.entities import name_key
from monitor.errors import InputError

_Key = TypeVar("_Key")
_Figures = TypeVar("_Figures")

MOST_BYTES: Final = 4 * 2**20
"""Of a table: four years of OpenRouter's days, a hundred times the quarters of Epoch."""
LARGEST: Final = 1e18
"""A weight is below: a thousand times what the sources have of tokens, the largest."""
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
_MOST_ROWS: Final = 100_000
_MOST_MEMBERS: Final = 100


def rows(data: bytes, columns: Mapping[str, Sequence[str]], *, origin: str) -> list[dict[str, str]]:
    """The rows of a CSV table, by our names of the columns.

    Args:
        data: the table, UTF-8, with a heading; lines may end in CRLF.
        columns: the spellings of each column; a column that may be missing has an empty one among them.
        origin: what it is, for errors.

    Raises:
        InputError: it is not such a table, or lacks a column.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{origin} is not a table: it is not UTF-8") from None
    if text.lstrip()[:1] in {"<", "{", "["}:
        what = "HTML" if text.lstrip().startswith("<") else "JSON"
        raise InputError(f"{origin} is not a table but {what}", remedy="its publisher may have moved it")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        found = {plain(name): name for name in reader.fieldnames or ()}
    except csv.Error as error:
        raise InputError(f"{origin} is not a table: {error}") from None
    if not found:
        raise InputError(f"{origin} is empty")
    used = {
        ours: next((found[plain(name)] for name in spellings if name and plain(name) in found), None)
        for ours, spellings in columns.items()
    }
    for ours, theirs in used.items():
        if theirs is None and "" not in columns[ours]:
            known = " or ".join(map(repr, columns[ours]))
            raise InputError(
                f"{origin} has no column {known}: its columns are {', '.join(found.values())[:300]}",
                remedy="the publisher has changed the format; the last good edition stays in use",
            )
    try:
        several = list[dict[str, str]]()
        for row in reader:
            if len(several) >= _MOST_ROWS:
                raise InputError(f"{origin} has more than {_MOST_ROWS} rows")
            several.append({ours: (row[theirs] or "").strip() if theirs else "" for ours, theirs in used.items()})
    except csv.Error as error:
        raise InputError(f"{origin} is not a table: {error}") from None
    if not several:
        raise InputError(f"{origin} has no rows")
    return several


def heading(data: bytes) -> frozenset[str]:
    """The names of the columns of a CSV table, or of the fields of the first row of JSON; none of anything else."""
    try:
        text = data.decode("utf-8-sig").lstrip()
        if text.startswith("<"):
            return frozenset()
        if text[:1] not in {"{", "["}:
            return frozenset(map(plain, next(csv.reader(io.StringIO(text, newline="")))))
        document = json.loads(text)
        row = (document["data"] if isinstance(document, dict) else document)[0]
        return frozenset(map(plain, row)) if isinstance(row, dict) else frozenset()
    except (ValueError, csv.Error, StopIteration, LookupError, TypeError, RecursionError):
        return frozenset()


def plain(name: str) -> str:
    """The name of a column, in whatever case, with underscores or spaces."""
    return name_key(name.replace("_", " "))


def put_once(found: dict[_Key, _Figures], key: _Key, figures: _Figures, *, what: str) -> None:
    """Keep the figures of a row. A row that comes twice counts once.

    Raises:
        InputError: another row has the same key and other figures, and which one holds cannot be known.
    """
    if found.setdefault(key, figures) != figures:
        raise InputError(f"{what} has two rows with different figures")


def member(data: bytes, names: Sequence[str], *, origin: str) -> bytes:
    """One file of a zip file, without trusting the sizes that it states.

    Raises:
        InputError: it is not a zip file, has no such file, or that is too long.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.namelist()
            if len(listed) > _MOST_MEMBERS:
                raise InputError(f"{origin} has {len(listed)} files, which is more than it may have")
            name = next((each for want in names for each in listed if each.rsplit("/", 1)[-1] == want), None)
            if name is None:
                raise InputError(
                    f"{origin} has no file {' or '.join(names)}: it has {', '.join(listed)[:300]}",
                    remedy="the publisher has changed the format; the last good edition stays in use",
                )
            with archive.open(name) as file:
                content = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise InputError(f"{origin} is not a usable zip file ({error})") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{name} in {origin} is longer than {MOST_BYTES} bytes")
    return content


def day(text: str, *, origin: str) -> date:
    """A date, as ISO 8601 or as the United States write it.

    Raises:
        InputError: it is neither.
    """
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(re.split("[T ]", text, maxsplit=1)[0], form).date()  # noqa: DTZ007 -- a day
        except ValueError:
            continue
    raise InputError(f"{origin}: {text[:40]!r} is not a date")


def number(text: str, *, origin: str) -> float | None:
    """A number that is zero or more; None of an empty field. Commas may separate thousands.

    Raises:
        InputError: it is something else, or larger than any weight.
    """
    if not text:
        return None
    try:
        value = float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        value = math.nan
    if not 0 <= value < LARGEST:
        raise InputError(f"{origin}: {text[:40]!r} is not a number of zero or more")
    return value
