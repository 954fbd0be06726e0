"""What a tag is worth where it stands in a coinbase: who can write there?

A pool signs in a place of its own. Workers and customers write elsewhere: an account's name behind `Mined by`, the
second name of a DATUM or Stratum V2 text, an OP_RETURN output. What stands there names no pool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

from monitor.attribution.layout import datum_names, start_of_text, stratum_v2_names
from monitor.registry.index import Found, Tag

_MINED_BY = re.compile(rb"[Mm]ined [Bb]y ")
_TEXT_END = re.compile(rb"[\x00-\x1f\x7f]")


class Standing(IntEnum):
    """The lowest number weighs the most."""

    SIGNATURE = 0
    """Where the text of the script starts: a pool signs here, and no worker can write."""
    FREE = 1
    """Elsewhere in the script, of a pool that may sign there."""
    DISPLACED = 2
    """Elsewhere in the script, of a pool that signs at the start of the text."""
    WRITTEN = 3
    """Where a worker or customer can write."""
    COVERED = 4
    """Only as part of a longer tag."""

    __hash__ = int.__hash__  # that of an enumeration is slow, and this one is hashed for every block


Standings: TypeAlias = frozenset[tuple[int, Standing]]
"""Tags, as places in the registry's index, with the best standing that each has."""
NOWHERE: Standings = frozenset()


def standings(text: bytes, script_length: int, *, found: Sequence[Found], tags: Sequence[Tag]) -> Standings:
    """What the tags found in a text are worth.

    Args:
        text: of the script, then of the outputs.
        script_length: how much of it is the script's.
        found: every place where a tag stands.
        tags: the registry's.
    """
    if not found:
        return NOWHERE
    script = text[:script_length]
    first, word = start_of_text(script)
    written = _written(script, word)
    best: dict[int, Standing] = {}
    longest = (0, 0)
    signature = len(text)
    for at, start, end in sorted(found, key=_from_left_longest_first) if len(found) > 1 else found:
        if end <= longest[1] and (start, end) != longest:
            standing = Standing.COVERED
        elif start >= script_length or (written and any(begin <= start < stop for begin, stop in written)):
            standing = Standing.WRITTEN
        elif first <= start <= min(word, signature):
            standing = Standing.SIGNATURE
            signature = start
        else:
            standing = Standing.DISPLACED if tags[at].at_start else Standing.FREE
        best[at] = min(standing, best.get(at, standing))
        if end > longest[1]:
            longest = (start, end)
    return frozenset(best.items())


def _from_left_longest_first(found: Found) -> tuple[int, int]:
    _, start, end = found
    return start, -end


def _written(script: bytes, word: int) -> list[tuple[int, int]]:
    """Where workers and customers can write, each with its end."""
    found = []
    if b"ined " in script:
        at = word
        while words := _MINED_BY.search(script, at):
            end = _TEXT_END.search(script, words.end())
            at = end.start() if end else len(script)
            found.append((words.start(), at))
    if b"\x0f" in script and (names := datum_names(script)):
        found.append(names.span("miner"))
    if b"Sv2/" in script and (names := stratum_v2_names(script)):
        found.append((names.start("miner") - 1, names.end()))  # with the delimiters, as in `/slush/`
    return found
