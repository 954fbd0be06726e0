"""Commitments in a coinbase: to the block's own witnesses, and to blocks of other chains.

They are hashes of fixed length behind a known mark, and are cut out so that none of their bytes is taken for a tag.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Coinbase

OP_RETURN = b"\x6a"
"""First byte of an output script that carries data and cannot be spent."""

_MARKS = (
    (b"\xfa\xbe\x6d\x6d", 40, "AuxPoW (Namecoin, Syscoin, Elastos, Fractal, ...)"),  # hash, tree size, nonce
    (b"RSKBLOCK:", 32, "Rootstock"),
    (b"Hath", 32, "Hathor"),
)
"""Marks inside a text, the number of bytes that follow each, and the chain they commit to."""

_WHOLE_OUTPUTS = {
    b"\x24\xaa\x21\xa9\xed": "the block's own witnesses",  # BIP141
    b"\x29RSKBLOCK:": "Rootstock",
    b"\x4c\x29RSKBLOCK:": "Rootstock",
    b"\x24\xb9\xe1\x1b\x6d": "VCash",
    b"\x24Hath": "Hathor",
    b"\x34Hath": "Hathor",
    b"\x2dCORE\x01": "Core DAO",
    b"\x10EXSAT\x01": "exSat",
    b"\x12EXSAT\x01": "exSat",
}
"""Outputs that are a commitment as a whole: the bytes after OP_RETURN, and the chain."""
_STARTS = tuple(_WHOLE_OUTPUTS)

_MAX_TEXT_BYTES = 10_000
"""Far beyond any coinbase seen; keeps hostile ones cheap."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """That a coinbase commits to something."""

    chain: str
    output: int | None
    """In which output; None: in the script."""


def signed_text(coinbase: Coinbase) -> bytes:
    """Where a miner may have signed: the script and any OP_RETURN output, without commitments."""
    text = _cut(coinbase.script)
    notes = [
        _cut(output.script)
        for output in coinbase.outputs
        if output.script.startswith(OP_RETURN) and not output.script.startswith(_STARTS, 1)
    ]
    if notes:
        text = b"\0".join((text, *notes))  # no tag holds a NUL, so none is found across the seam
    return text[:_MAX_TEXT_BYTES]


def commitments(coinbase: Coinbase) -> tuple[Commitment, ...]:
    """What `signed_text` leaves out."""
    found = [Commitment(chain, None) for mark, _, chain in _MARKS if mark in coinbase.script]
    for at, output in enumerate(coinbase.outputs):
        if output.script.startswith(OP_RETURN):
            whole = [chain for start, chain in _WHOLE_OUTPUTS.items() if output.script.startswith(start, 1)]
            inside = [chain for mark, _, chain in _MARKS if mark in output.script]
            found += [Commitment(chain, at) for chain in dict.fromkeys(whole or inside)]
    return tuple(found)


def _cut(text: bytes) -> bytes:
    for mark, length, _ in _MARKS:
        at = text.find(mark)
        if at >= 0:
            text = b"\0".join((text[:at], text[at + len(mark) + length :]))
    return text
