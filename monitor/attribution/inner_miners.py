"""Who inside a pool found the block, where the coinbase says so.

Whatever a miner writes here is shown to people and machines, so what comes out is short and holds nothing but ASCII
letters, digits, blanks and `._-@#+`: nothing that a terminal, a page, a label or a topic could act upon.
"""

from __future__ import annotations

import re

from monitor.model import PoolSlug

_MAX_LETTERS = 40
_FORBIDDEN = re.compile(r"[^A-Za-z0-9 ._@#+-]+")
_MINED_BY = b"ined by "
"""Without its first letter, which comes in both cases."""
_WORKER = re.compile(rb"[A-Za-z0-9 ._@#+-]{1,40}")


def inner_miner(script: bytes, pool: PoolSlug | None) -> str | None:
    """The miner's name in a coinbase script of this pool; None where there is none."""
    if pool == "ocean":
        return datum(script)
    if pool == "dmnd":
        return demand(script)
    if _MINED_BY in script:
        return mined_by(script, pool)
    return None


def datum(script: bytes) -> str | None:
    """The template's builder at OCEAN: after the height a counted text, names apart by 0x0f, the pool's own first."""
    at = _after_height(script)
    if script[at : at + 1] == b"\x4c":  # OP_PUSHDATA1: the length is in the next byte
        at += 1
    length = script[at] if at < len(script) else 0
    names = script[at + 1 : at + 1 + length].rstrip(b"\0").split(b"\x0f")
    return next((name for name in map(_clean, reversed(names[1:])) if name), None)


def demand(script: bytes) -> str | None:
    """The template's builder at DMND: after the height 0x00, then `/DMND/name/` up to the next 0x00."""
    at = _after_height(script)
    if script[at : at + 1] != b"\0":
        return None
    names = script[at + 1 :].split(b"\0", 1)[0].split(b"/")[1:-1]
    return next((name for name in map(_clean, reversed(names)) if name and name != "DMND"), None)


def mined_by(script: bytes, pool: PoolSlug | None) -> str | None:
    """The worker in `Mined by worker`, unless that is the pool itself."""
    found = _WORKER.match(script, script.find(_MINED_BY) + len(_MINED_BY))
    name = _clean(found[0]) if found else None
    if name and pool and re.sub(r"[^a-z0-9]", "", name.lower()).startswith(pool):
        return None
    return name


def _after_height(script: bytes) -> int:
    """Where the script goes on after the height that BIP34 demands."""
    if not script:
        return 0
    return 1 if 0x51 <= script[0] <= 0x60 else 1 + script[0]  # heights up to 16 are one opcode


def _clean(name: bytes) -> str | None:
    text = _FORBIDDEN.sub("", name.decode("ascii", "ignore"))
    return " ".join(text.split())[:_MAX_LETTERS].strip() or None
