"""Text from outside, made safe to log, to show and to send."""

from __future__ import annotations


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
