"""How concentrated mining is. Pure: integers in, numbers out; no blocks, no number.

In go the blocks of the best chain, each with its pool: into a `Ledger`, which counts them at every `Level`.
Out comes a `Snapshot`: shares, indices and intervals per level and window, and what was counted since the start.
"""

from monitor.analysis.concentration import concentrate, concentration
from monitor.analysis.ledger import Ledger
from monitor.analysis.levels import POOL, Alone, Level
from monitor.analysis.snapshot import snapshot
from monitor.analysis.tally import advance
from monitor.analysis.windows import network_hashrate, surplus

__all__ = [
    "POOL",
    "Alone",
    "Ledger",
    "Level",
    "advance",
    "concentrate",
    "concentration",
    "network_hashrate",
    "snapshot",
    "surplus",
]
