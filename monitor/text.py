"""Text from outside, made safe to log, to show and to send."""

from __future__ import annotations

import codecs
import json
import unicodedata
from typing import Final

ENCODABLE: Final = "encodable"
"""Name of the error handler that writes what an encoding lacks with marks that it has."""
_MARKS: Final = {
    "…": "...",
    "\u2013": "-",
    "\u2014": "-",
    "·": "|",
    "•": "*",
    "→": ">",
    "←": "<",
    "≤": "<=",
    "≥": ">=",
    "\xd7": "x",
}


def printable(text: str) -> str:
    """`text` with everything that a terminal might act upon, or that cannot be encoded, written out as an escape."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def excerpt(text: str, most: int) -> str:
    """The beginning of a text, printable, of at most `most` characters."""
    safe = printable(text[: most + 1])
    return safe if len(safe) <= most else f"{safe[: most - 1]}…"


def coinbase_text(script: bytes) -> str:
    """The printable text of a coinbase, with dots between the parts. Untrusted: miners write it."""
    letters = [
        letter if letter.isprintable() and letter != "�" else "\0" for letter in script.decode("utf-8", "replace")
    ]
    return " · ".join(part for part in "".join(letters).split("\0") if part.strip())


def _encodable(error: UnicodeError) -> tuple[str, int]:
    """Lines and bars as ASCII, and letters as escapes that are valid in JSON too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_mark, error.object[error.start : error.end])), error.end


def _mark(letter: str) -> str:
    name = unicodedata.name(letter, "")
    if name.startswith("BOX DRAWINGS"):
        return "-" if "HORIZONTAL" in name else "|"
    if name.endswith(" BLOCK") or "BLOCK" in name.split():
        return "#"
    return _MARKS.get(letter) or json.dumps(letter)[1:-1]


codecs.register_error(ENCODABLE, _encodable)
