"""How pool software lays out a coinbase script: where its text starts, and where it names a miner inside the pool."""

from __future__ import annotations

import re

from monitor.wire import bip34_height

_START = re.compile(
    rb"(?:\x00|\x01.|\x02..|\x03.{3}|\x04.{4}|\x05.{5})*"  # the height, the time, counters
    rb"(?P<text>).?[\x00-\x1f]?"  # the length of the text, which reads as a letter when it is above 47
    rb"[ -/:-@\[-`{-~]*(?:Sv2/)?(?:(?:[Mm]ined|[Pp]owered) [Bb]y )?"  # as in `< OCEAN.XYZ >`, `Mined by AntPool`
    rb"(?P<word>)",
    re.DOTALL,
)
_DATUM = re.compile(rb"(?P<pool>[^\x00-\x08\x0a-\x1f\x7f]*)\x0f(?P<miner>[^\x00-\x0e\x10-\x1f\x7f]*)\x00?")
_SV2 = re.compile(rb"[\x00-\x4b]?Sv2/(?P<pool>[^/\x00-\x08\x0a-\x1f\x7f]*)/(?P<miner>[^/\x00-\x1f\x7f]*)/")
_SLASHES = re.compile(rb"[\x00-\x4b]?/(?P<pool>[ -.0-~]+)/(?P<miner>[ -.0-~]{2,})/[\x00\x08\x0c\x10\x20]")
"""As `_SV2` before it had a mark: the whole text is of this form, and the push of an extra nonce follows. Less would
take the noise behind another pool's `/signature/` for a name."""
_SLASHES_IN_TEXT = 3
_FIRST_SV2_HEIGHT = 800_000
"""July 2023. Texts in slashes of the years before hold votes, as in `/pool/NYA/`."""


def start_of_text(script: bytes) -> tuple[int, int]:
    """Where the text of a script starts, and the first word of it that can be a name.

    Pushes of at most five bytes are numbers, such as the time; a longer one may be a text.
    """
    found = _START.match(script)
    return (found.start("text"), found.start("word")) if found else (0, 0)


def datum_names(script: bytes) -> re.Match[bytes] | None:
    """DATUM's text: after the height one push of names apart by 0x0f, the pool's own first."""
    if b"\x0f" not in script:
        return None
    at, _ = start_of_text(script)
    if script[at : at + 1] == b"\x4c":  # OP_PUSHDATA1: the length is in the next byte
        at += 1
    length = script[at] if at < len(script) else 0
    return _DATUM.fullmatch(script, at + 1, at + 1 + length)


def stratum_v2_names(script: bytes) -> re.Match[bytes] | None:
    """The text of a job by Stratum V2: `Sv2/pool/miner/`, without a miner if the pool made the template."""
    return _SV2.match(script, start_of_text(script)[0]) if b"Sv2/" in script else None


def slashed_names(script: bytes) -> re.Match[bytes] | None:
    """The same in its former form, `/pool/miner/`. A guess: other texts look alike."""
    if script.count(b"/") < _SLASHES_IN_TEXT or (bip34_height(script) or 0) < _FIRST_SV2_HEIGHT:
        return None
    return _SLASHES.match(script, start_of_text(script)[0])
