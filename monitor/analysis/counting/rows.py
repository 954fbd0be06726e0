"""A block as counting needs it: a record of a few numbers, with what it says about rules to come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.model import BlockRow, Confidence

Rows = NDArray[np.void]
"""Records, lowest first: `height`, `time`, `work` (hashes), `value` (satoshi, or `UNTOLD`), `entity` (a code for each
level), `bits` (those it signals with), `empty` (no transaction but the coinbase), `bip54` (its coinbase is ready),
`confidence` (the place of its attribution's in `CONFIDENCES`)."""

UNKNOWN, ALONE, FIRST = range(3)
"""Codes: unknown; a miner without a name; and from there on, the entities."""

UNTOLD = -1
"""The value of a coinbase that is not known."""

CONFIDENCES = (None, *Confidence)

BITS = 13
"""Version bits that a block can signal with: 0 to 12. BIP320 gave 13 to 28 to miners, who roll them as they please."""
BITS_323 = 5
"""The same from `BIP323` on: 0 to 4, as it gave 5 to 28 to miners. https://github.com/bitcoin/bips/pull/2116"""
BIP323 = 1_776_816_000
"""Header time: 2026-04-22, when the BIP got its number. It has no activation; since then bits above 4 are noise."""
_TOP_MASK, _TOP = 0b111 << 29, 0b001 << 29
_FINAL = 0xFFFF_FFFF


def version_bits(version: int, time: int) -> int:
    """The bits that a block with this version and header time signals with.

    None unless the three highest are 001 (BIP9): other versions mean something else.
    """
    bits = BITS if time < BIP323 else BITS_323
    return version & (1 << bits) - 1 if version & _TOP_MASK == _TOP else 0


def is_bip54_ready(row: BlockRow) -> bool:
    """Whether BIP54 would accept the coinbase: locked until the block below, and not exempt from the lock."""
    return row.locktime == row.height - 1 and row.sequence != _FINAL
