"""A block as counting needs it: a record of a few numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]
"""Records, lowest first: `height`, `time`, `work` (hashes), `value` (satoshi, or `UNTOLD`), `entity` (a code for each
level), `bits` (those it signals with), `empty` (no transaction but the coinbase), `bip54` (its coinbase is ready)."""

UNKNOWN, ALONE, FIRST = range(3)
"""Codes: unknown; a miner without a name; and from there on, the entities."""

UNTOLD = -1
"""The value of a coinbase that is not known."""
