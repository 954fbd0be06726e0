"""What the cells of a file mean: numbers, times, shares and names, where they can be read in one way only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Final

GENESIS: Final = 1_231_006_505
"""Header time of the first block; no time is earlier."""
_LATEST: Final = 2**32 - 1
_UNITS: Final = (1, 1_000, 1_000_000, 1_000_000_000)
"""Parts of a second in which times are counted: they differ so much that no number fits two of them."""
_GROUPED: Final = re.compile(r"\d{1,3}(?P<mark>[.,'\u2019_\s])\d{3}(?:(?P=mark)\d{3})*")
_SLASHES: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(\D.*)?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(\D.*)?")
_NUMBER: Final = re.compile(r"\d+([.,]\d*)?")
_FORMS: Final = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_UNKNOWN: Final = frozenset({
    "unknown", "null", "\\n", "none", "nil", "nan", "na", "n/a", "#n/a", "<na>", "<null>", "(null)", "(none)",
    "undefined", "unidentified", "other", "others", "-", "--", "\u2013", "\u2014", "?",
    "unbekannt", "andere", "inconnu", "autres", "desconocido", "otros", "desconhecido", "outros", "sconosciuto",
    "altri", "onbekend", "nieznany", "bilinmeyen",
    "неизвестно", "неизвестный", "другие", "未知", "其他", "不明", "その他",
    "알수없음", "기타",
})  # fmt: skip
"""What files have in place of a pool; blocks of "others" have no known pool either."""


class Ambiguous(ValueError):  # noqa: N818 -- a state of the cell
    """A cell can be read in several ways; the message names them."""


def is_empty(value: object) -> bool:
    """Whether a cell has no value."""
    return value is None or str(value).strip().casefold() in {"", "null", "\\n", "none", "nan", "nat", "n/a", "<na>"}


def whole(value: object, separator: str | None) -> int:
    """A whole number: 840000, 840000.0, 840,000 in a file separated by commas, 840 000.

    Raises:
        Ambiguous: it can be 840 or 840000.
        ValueError: it is not one.
    """
    if isinstance(value, bool):
        raise ValueError("a truth value")  # noqa: TRY004 -- as for any other cell
    text = str(value).strip()
    if text.isdecimal():
        return int(text)
    if grouped := _GROUPED.fullmatch(text):
        mark = grouped["mark"]
        several = text.count(mark) > 1 or mark not in ".,"
        if several or (mark == "," and separator == ","):
            return int(text.replace(mark, ""))
        if isinstance(value, str):
            raise Ambiguous(f"can be {text[:-4]} or {text.replace(mark, '')}")
    if number := re.fullmatch(r"(\d+)[.,]0+", text):
        return int(number[1])
    raise ValueError(text)


def fraction(value: object) -> float:
    """A share as it is written, with or without a percent sign: 31.2, 31,2 %.

    Raises:
        ValueError: it is not a number from 0 to 100.
    """
    text = re.sub(r"[\s%]", "", str(value))
    text = text.replace(",", ".") if "." not in text else text
    try:
        number = float(Decimal(text))
    except InvalidOperation:
        raise ValueError(text) from None
    if not 0 <= number <= 100:
        raise ValueError(text)
    return number


def unknown(name: str) -> bool:
    """Whether a name says that the pool is not known."""
    return not name or name.casefold().replace(" ", "") in _UNKNOWN


def day_comes_first(values: Iterable[object]) -> bool | None:
    """Whether dates such as 20/04/2024 begin with the day; None if all of them can be read either way."""
    for value in values:
        if found := _SLASHES.match(str(value).strip()):
            first, second = int(found[1]), int(found[2])
            if first != second and max(first, second) > 12:
                return first > second
    return None


def is_slashed(value: object) -> bool:
    """Whether it is a date such as 04/05/2024, which needs `day_comes_first`."""
    return _SLASHES.match(str(value).strip()) is not None


def seconds(value: object, *, day_first: bool | None = None) -> int:
    """A time as Unix seconds; without a time zone it is UTC.

    Numbers may count seconds, milliseconds, microseconds or nanoseconds.

    Raises:
        Ambiguous: a date whose day and month cannot be told apart.
        ValueError: it is no time since the first block.
    """
    if isinstance(value, date):
        value = value.isoformat()
    text = str(value).strip()
    if text.isdecimal() and GENESIS <= (number := int(text)) <= _LATEST:
        return number
    if _NUMBER.fullmatch(text):
        return _of_number(text.replace(",", "."))
    moment = _moment(text, day_first)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _checked(int(moment.timestamp()))


def _of_number(text: str) -> int:
    number = Decimal(text)
    for unit in _UNITS:
        if GENESIS * unit <= number <= _LATEST * unit:
            return int(number / unit)
    if re.fullmatch(r"(19|20)\d{6}", text):
        return _checked(int(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).timestamp()))
    raise ValueError(text)


def _checked(time: int) -> int:
    if not GENESIS - 86_400 < time <= _LATEST:  # the day of the first block begins before it
        raise ValueError(time)
    return max(time, GENESIS)


def _moment(text: str, day_first: bool | None) -> datetime:  # noqa: FBT001 -- private
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    text = re.sub(r"\s*(UTC|GMT|Z)$", "+00:00", text, flags=re.IGNORECASE)
    year_first = re.sub(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", _iso, text)
    try:
        return datetime.fromisoformat(re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", year_first))
    except ValueError:
        pass
    zone = "+00:00" if text.endswith("+00:00") else ""
    bare = text.removesuffix("+00:00").replace(",", " ")
    if found := _DAY_FIRST.fullmatch(bare):
        day, month, year, clock = found.groups()
    elif found := _SLASHES.fullmatch(bare):
        day, month, year, clock = found.groups()
        if day_first is None and day != month:
            raise Ambiguous("can begin with the day or the month")
        if day_first is False:
            day, month = month, day
    else:
        return _named_month(bare, zone)
    moment = datetime(int(year), int(month), int(day), tzinfo=UTC)
    return _with_clock(moment.strftime("%d %b %Y"), clock or "", ("%d %b %Y",))


def _iso(found: re.Match[str]) -> str:
    year, month, day = map(int, found.groups())
    return f"{year:04}-{month:02}-{day:02}"


def _named_month(text: str, zone: str) -> datetime:
    try:
        return _with_clock(text, "", _FORMS)
    except ValueError:  # with a weekday, as in e-mail
        return parsedate_to_datetime(f"{text} {zone.replace(':', '')}".strip())


def _with_clock(day: str, clock: str, forms: Iterable[str]) -> datetime:
    text = " ".join(f"{day} {clock.strip(' T')}".split())
    for form in forms:
        for ending in _CLOCKS:
            try:
                return datetime.strptime(text, form + ending).replace(tzinfo=UTC)
            except ValueError:
                continue
    raise ValueError(text)
