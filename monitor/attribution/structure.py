"""How a block is built: the traits of its coinbase, header and order that software decides, not chance.

Each trait is a short text. What a pool writes (its name, its addresses) is folded away, so that two pools with the same
builder have the same traits, and what changes from block to block (extra nonces, hashes, times) is reduced to where and
how long it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from monitor.attribution.commitments import AUXPOW, AUXPOW_BYTES, OP_RETURN
from monitor.model import Block, Coinbase, Disorder
from monitor.wire import after_height, bip34_height

_TEXT: Final = re.compile(rb"[ -~\x80-\xff]{4,}")
_WORD: Final = re.compile(rb"[A-Za-z]{3}")
_OPENS_TEXT: Final = re.compile(rb"[/A-Za-z0-9]")
_LEAST_TEXT: Final = 4
_MOST_BESIDE: Final = 16
"""Bytes that a push has beside its text."""
_FISH: Final = b"\xf0\x9f\x90\x9f"
"""F2Pool's signature."""
_FINAL: Final = 0xFFFF_FFFF
_ROLLED: Final = 0x1FFF_E000
"""Version bits that miners change as they search (BIP320)."""
_COMMITMENTS: Final = (
    (b"\xaa\x21\xa9\xed", "witness"), (b"RSKBLOCK:", "rsk"), (b"CORE", "core"), (b"EXSAT", "exsat"), (b"sys", "sys"),
    (b"Hath", "hathor"), (b"\xb9\xe1\x1b\x6d", "vcash"), (AUXPOW, "auxpow"), (b"OCB1", "ocean"),
)  # fmt: skip
"""What an OP_RETURN output commits to, by the beginning of its data."""
_NEAR_SECONDS: Final = 3 * 3600
_BUCKETS: Final = ((0, "0"), (5, "1 to 5 s"), (60, "6 to 60 s"), (600, "up to 10 min"))


def structure(block: Block, disorder: Disorder | None = None) -> dict[str, str]:
    """The traits of a block, by name. Left out are those of what is not known: outputs, or order."""
    found = {**script_traits(block.coinbase.script), **_transaction_traits(block.coinbase, block.height)}
    if block.coinbase.outputs:
        found |= _output_traits(block.coinbase)
    if disorder:
        found["out of order"] = disorder.value
    return found | _header_traits(block)


def script_traits(script: bytes) -> dict[str, str]:
    """The traits of a coinbase script alone."""
    parts = list(_parts(script))
    names = [part.name for part in parts]
    text = next((part for part in parts if part.name == "text"), None)
    end = parts[-1].data if parts and parts[-1].name == "bytes" else b""
    before = parts[: names.index("text")] if text else parts
    return {
        "before the text": " ".join(f"{part.name} {len(part.data)}" for part in before) or "nothing",
        "push of the text": _push(script, text) if text else "no text",
        "merge mining": _merge(script, names),
        "order": " ".join(names) or "nothing",
        "end": _end(end),
    }


def _end(data: bytes) -> str:
    """Extra nonces that end the script. Their length is rounded up, as the text before may seem a little longer."""
    rounded = -(-len(data) // 4) * 4
    return f"up to {rounded} bytes" + (", zeros last" if data.endswith(b"\0\0\0\0") else "")


class _Part(NamedTuple):
    name: str
    """`number` (a push of four bytes, such as the time), `text`, `auxpow`, or `bytes`."""
    start: int
    data: bytes


def _parts(script: bytes) -> Iterator[_Part]:
    """The script after the height, cut into at most one text, the merge-mining commitment, and what is between."""
    at = after_height(script)
    while script[at : at + 1] == b"\x04" and len(script) >= at + 5 and not _WORD.search(script, at + 1, at + 5):
        yield _Part("number", at, script[at : at + 5])
        at += 5
    for start, end, name in sorted(span for span in (_text(script, at), _auxpow(script)) if span is not None):
        if start > at:
            yield _Part("bytes", at, script[at:start])
        yield _Part(name, start, script[start:end])
        at = end
    if at < len(script):
        yield _Part("bytes", at, script[at:])


def _text(script: bytes, at: int) -> tuple[int, int, str] | None:
    """The first text with a word in it, outside of the merge-mining commitment."""
    merge = _auxpow(script)
    for found in _TEXT.finditer(script, at):
        start, end = found.span()
        if merge and merge[0] <= start < merge[1]:
            start = min(merge[1], end)
        elif merge and start < merge[0] < end:
            end = merge[0]
        if not _WORD.search(script, start, end):
            continue
        beside = script[start] - (end - start - 1)  # a push of 32 to 75 bytes begins with a printable byte
        if 0 <= beside <= _MOST_BESIDE and end - start > _LEAST_TEXT and not _OPENS_TEXT.match(script, start):
            start += 1
        return start, end, "text"
    return None


def _auxpow(script: bytes) -> tuple[int, int, str] | None:
    start = script.find(AUXPOW)
    return None if start < 0 else (start, start + AUXPOW_BYTES, "auxpow")


def _push(script: bytes, text: _Part) -> str:
    """Whether the byte before a text is the length of a push, and of what."""
    beside = script[text.start - 1] - len(text.data) if text.start else -1
    if beside == 0:
        return "the text"
    return "the text and more" if 0 < beside <= _MOST_BESIDE else "none"


def _merge(script: bytes, names: list[str]) -> str:
    if "auxpow" not in names:
        return "none"
    at = script.find(AUXPOW)
    pushed = "pushed" if at and script[at - 1] == AUXPOW_BYTES else "not pushed"
    leaves, nonce = int.from_bytes(script[at + 36 : at + 40], "little"), script[at + 40 : at + 44]
    kind = "no nonce" if not any(nonce) else "the fish" if nonce == _FISH else "a nonce"
    place = "after" if "text" in names[: names.index("auxpow")] else "before"
    return f"{place} the text, {pushed}, {'one leaf' if leaves == 1 else 'leaves'}, {kind}"


def _transaction_traits(coinbase: Coinbase, height: int) -> dict[str, str]:
    names = {_FINAL: "final", _FINAL - 1: "final - 1", 0: "0"}
    if coinbase.locktime in {0, height - 1, height}:
        locktime = "0" if not coinbase.locktime else f"height {coinbase.locktime - height:+}"
    else:
        locktime = "other"
    return {
        "version": str(coinbase.version), "sequence": names.get(coinbase.sequence, "other"), "locktime": locktime,
    }  # fmt: skip


def _output_traits(coinbase: Coinbase) -> dict[str, str]:
    paid = [output for output in coinbase.outputs if output.value_sat]
    total = coinbase.value_sat
    shown = [
        "most" if 2 * output.value_sat > total else "small" if output.value_sat <= 10_000 else "part"
        for output in paid
    ]  # fmt: skip
    notes = [_commitment(output.script) for output in coinbase.outputs if output.script[:1] == OP_RETURN]
    first_note = next((at for at, each in enumerate(coinbase.outputs) if each.script[:1] == OP_RETURN), len(paid))
    return {
        "payouts": " ".join(shown) if len(shown) <= 4 else "many",
        "commitments": " ".join(notes) or "none",
        "payouts first": "yes" if first_note >= len(paid) else "no",
    }


def _commitment(script: bytes) -> str:
    """What an OP_RETURN output commits to, and whether it is pushed in a longer form than needed."""
    data = script[3:] if script[1:2] == b"\x4c" else script[2:]
    name = next((name for mark, name in _COMMITMENTS if data.startswith(mark)), f"{len(data)} bytes")
    return f"{name} (pushdata)" if script[1:2] == b"\x4c" and len(data) <= 75 else name


def _header_traits(block: Block) -> dict[str, str]:
    found = {"version rolling": "yes" if block.header.version & _ROLLED else "no"}
    if (offset := time_offset(block)) is not None:
        sign = "" if offset == 0 else "later by " if offset > 0 else "earlier by "
        name = next((name for most, name in _BUCKETS if abs(offset) <= most), "more")
        found["header time against coinbase"] = f"{sign}{name}"
    return found


def time_offset(block: Block) -> int | None:
    """Header time less the time that the coinbase states after its height; None if it states none."""
    script = block.coinbase.script
    if bip34_height(script) is None:
        return None
    rest = script[after_height(script) :].lstrip(b"\0")
    if rest[:1] != b"\x04" or len(rest) < 5:
        return None
    offset = block.header.time - int.from_bytes(rest[1:5], "little")
    return offset if abs(offset) <= _NEAR_SECONDS else None
