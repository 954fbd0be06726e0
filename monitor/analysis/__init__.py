"""How concentrated mining is. Pure: integers in, numbers out; no blocks, no number.

In go the blocks of the best chain, each with its pool: into a `BlockTable`, which counts them at every `Level`.
Out comes a `Snapshot`: shares, indices and intervals per level and window, and what was counted since the start.
What takes longer is added to it by `estimated`: how sure the indices are, where they are going, what changed.
"""

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.concentration import concentrate, concentration
from monitor.analysis.counting.levels import POOL, Alone, Level
from monitor.analysis.counting.tally import advance
from monitor.analysis.counting.windows import network_hashrates, surplus
from monitor.analysis.signals.compute import signals
from monitor.analysis.snapshot import snapshot
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.analysis.uncertainty.estimates import estimated
from monitor.analysis.uncertainty.posterior import estimate
