"""How concentrated mining is. Pure: integers in, numbers out; no blocks, no number.

In go the blocks of the best chain, each with its pool: into a `Ledger`, which counts them at every `Level`.
Out comes a `Snapshot`: shares, indices and intervals per level and window, and what was counted since the start.
What takes longer is added to it by `estimated`: how sure the indices are, where they are going, what changed.
"""

from monitor.analysis.concentration import concentrate, concentration
from monitor.analysis.envelope import Question
from monitor.analysis.estimates import estimates
from monitor.analysis.ledger import Ledger
from monitor.analysis.levels import POOL, Alone, Level
from monitor.analysis.posterior import estimate
from monitor.analysis.rules import Rules
from monitor.analysis.signals import signals
from monitor.analysis.snapshot import estimated, snapshot
from monitor.analysis.tally import advance
from monitor.analysis.windows import network_hashrates, surplus

__all__ = [
    "POOL",
    "Alone",
    "Ledger",
    "Level",
    "Question",
    "Rules",
    "advance",
    "concentrate",
    "concentration",
    "estimate",
    "estimated",
    "estimates",
    "network_hashrates",
    "signals",
    "snapshot",
    "surplus",
]
