"""What a coinbase says beside its miner's name: commitments to the block's witnesses and to other chains' blocks.

They are hashes, fixed in length behind a known mark. Cut out, none of their bytes can be taken for a pool's tag.
"""

from __future__ import annotations

from monitor.model import Coinbase

_MARKS = (
    (b"\xfa\xbe\x6d\x6d", 40),  # AuxPoW (Namecoin, Syscoin, Elastos, Fractal, ...): hash, tree size, nonce
    (b"RSKBLOCK:", 32),  # Rootstock
    (b"Hath", 32),  # Hathor
)
"""Marks found inside a text, and how many bytes belong to each."""

_WHOLE_OUTPUTS = (
    b"\x24\xaa\x21\xa9\xed",  # the witness commitment, BIP141
    b"\x29RSKBLOCK:",
    b"\x4c\x29RSKBLOCK:",
    b"\x24\xb9\xe1\x1b\x6d",  # VCash
    b"\x24Hath",
    b"\x34Hath",
    b"\x2dCORE\x01",  # Core DAO
    b"\x10EXSAT\x01",  # exSat
    b"\x12EXSAT\x01",
)
"""How outputs begin, after OP_RETURN, that are a commitment as a whole."""

_MAX_TEXT_BYTES = 10_000
"""Far beyond any coinbase seen; keeps hostile ones cheap."""


def signed_text(coinbase: Coinbase) -> bytes:
    """Where a miner may have signed: the script and any OP_RETURN output, without commitments."""
    text = _cut(coinbase.script)
    notes = [
        _cut(output.script)
        for output in coinbase.outputs
        if output.script[:1] == b"\x6a" and not output.script.startswith(_WHOLE_OUTPUTS, 1)
    ]
    if notes:
        text = b"\0".join((text, *notes))  # no tag holds a NUL, so none is found across the seam
    return text[:_MAX_TEXT_BYTES]


def _cut(text: bytes) -> bytes:
    for mark, length in _MARKS:
        at = text.find(mark)
        if at >= 0:
            text = b"\0".join((text[:at], text[at + len(mark) + length :]))
    return text
