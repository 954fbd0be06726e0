"""Commitments in a coinbase: to the block's own witnesses, and to blocks of other chains.

They are hashes of fixed length behind a known mark, and are cut out so that none of their bytes is taken for a tag.
They are recognised only where they are well-formed: as a whole push of a known length or, for AuxPoW in the script,
with a tree size that is a power of two. A mark alone is no commitment: a worker can be called `Hathaway`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from monitor.model import Coinbase
from monitor.wire import after_height

OP_RETURN: Final = b"\x6a"
"""First byte of an output script that carries data and cannot be spent."""
_OP_PUSHDATA1: Final = 0x4C

AUXPOW: Final = b"\xfa\xbe\x6d\x6d"
AUXPOW_BYTES: Final = 44
"""Mark, root of the tree of chains (32), size of the tree (4, little endian, a power of two), nonce (4)."""
_AUXPOW_CHAINS: Final = "AuxPoW (Namecoin, Syscoin, Elastos, Fractal, ...)"
_EXSAT_BYTES: Final = range(6, 20)
"""Mark, version, and an account's name."""

_PAYLOADS: Final = (
    (b"\xaa\x21\xa9\xed", 36, "the block's own witnesses"),  # BIP141
    (b"RSKBLOCK:", 41, "Rootstock"),
    (b"Hath", 36, "Hathor"),
    (b"Hath", 52, "Hathor"),
    (b"\xb9\xe1\x1b\x6d", 36, "VCash"),
    (b"CORE\x01", 45, "Core DAO"),
    (b"sys", 39, "Syscoin"),
    (b"OCB1", 20, "OCEAN's accounts"),
    (AUXPOW, AUXPOW_BYTES, _AUXPOW_CHAINS),
    *((b"EXSAT\x01", length, "exSat") for length in _EXSAT_BYTES),
)
"""What a push may hold: the mark, the bytes with it, and what it commits to."""


def _by_length() -> tuple[dict[int, dict[bytes, str]], dict[int, tuple[bytes, ...]]]:
    payloads: defaultdict[int, dict[bytes, str]] = defaultdict(dict)
    outputs: defaultdict[int, tuple[bytes, ...]] = defaultdict(tuple)
    for mark, length, chain in _PAYLOADS:
        payloads[length][mark] = chain
        for push in (bytes([length]), bytes([_OP_PUSHDATA1, length])):
            outputs[1 + len(push) + length] += (OP_RETURN + push + mark,)
    return dict(payloads), dict(outputs)


_MARKS, _OUTPUTS = _by_length()
"""By length: the marks of payloads with what they commit to; the starts of outputs that are a commitment alone."""
_NONE: Final = ()

_MAX_SCRIPT_BYTES: Final = 1_000
"""Ten times what consensus allows: hostile input is cheap."""
_MAX_NOTES_BYTES: Final = 10_000
"""Far beyond any coinbase seen."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """That a coinbase commits to something."""

    chain: str
    output: int | None
    """In which output; None: in the script."""


def script_text(script: bytes) -> bytes:
    """The script with a NUL in place of each commitment."""
    script = script[:_MAX_SCRIPT_BYTES]
    cuts = _in_script(script)
    return _without(script, cuts) if cuts else script


def notes(coinbase: Coinbase) -> bytes:
    """What the OP_RETURN outputs say besides commitments, apart by NUL: no tag holds one, so none spans two."""
    found = []
    for output in coinbase.outputs:
        script = output.script
        if script.startswith(OP_RETURN) and not script.startswith(_OUTPUTS.get(len(script), _NONE)):
            found.append(_without(script, _pushed(script, 1)))
    return b"\0".join(found)[:_MAX_NOTES_BYTES]


def signed_text(coinbase: Coinbase) -> bytes:
    """All text of a coinbase without its commitments: the script's, a NUL, the outputs'."""
    return b"\0".join(filter(None, (script_text(coinbase.script), notes(coinbase))))


def commitments(coinbase: Coinbase) -> tuple[Commitment, ...]:
    """What `signed_text` leaves out."""
    found = [Commitment(chain, None) for _, _, chain in _in_script(coinbase.script)]
    for at, output in enumerate(coinbase.outputs):
        if output.script.startswith(OP_RETURN):
            chains = dict.fromkeys(chain for _, _, chain in _pushed(output.script, 1))
            found += [Commitment(chain, at) for chain in chains]
    return tuple(found)


def _in_script(script: bytes) -> list[tuple[int, int, str]]:
    """Start, end and chain of the commitments in a coinbase script."""
    found = []
    at = script.find(AUXPOW)
    if at >= 0 and _is_auxpow(script[at : at + AUXPOW_BYTES]):
        found.append((_with_push(script, at), at + AUXPOW_BYTES, _AUXPOW_CHAINS))
    if b"RSKBLOCK:" in script or b"Hath" in script:
        found += [cut for cut in _pushed(script, after_height(script)) if cut[2] != _AUXPOW_CHAINS]
    return sorted(found)


def _with_push(script: bytes, at: int) -> int:
    """Where the push starts whose data starts at `at`; most software writes AuxPoW without one."""
    return at - 1 if at and script[at - 1] == AUXPOW_BYTES else at


def _is_auxpow(data: bytes) -> bool:
    size = int.from_bytes(data[36:40], "little")
    return len(data) == AUXPOW_BYTES and size > 0 and size & (size - 1) == 0


def _pushed(script: bytes, at: int) -> Iterator[tuple[int, int, str]]:
    """Start, end and chain of the pushes that hold a commitment, from `at` up to the first byte that pushes nothing."""
    while at < len(script) and script[at] <= _OP_PUSHDATA1:
        start = at + 2 if script[at] == _OP_PUSHDATA1 else at + 1
        end = start + script[start - 1] if start <= len(script) else len(script) + 1
        if end > len(script):
            return
        body = script[start:end]
        for mark, chain in _MARKS.get(len(body), {}).items():
            if body.startswith(mark) and (mark != AUXPOW or _is_auxpow(body)):
                yield start, end, chain
        at = end


def _without(script: bytes, cuts: Iterable[tuple[int, int, str]]) -> bytes:
    kept, at = [], 0
    for start, end, _ in cuts:
        kept.append(script[at:start])
        at = max(at, end)
    return b"\0".join((*kept, script[at:]))
