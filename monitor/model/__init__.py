"""The values that cross a door between rooms: frozen, plain, without behaviour beyond reading themselves.

Conventions: hashes are hex in display order, money is satoshi, time is seconds (a block's is its header's), shares are
ratios in 0..1, and `None` means "there is no such number", never zero.
"""

from monitor.model.attribution import (
    Attribution,
    BlockRecord,
    BlockRow,
    Candidate,
    Cluster,
    Judged,
    Method,
    StaleRow,
)
from monitor.model.chain import (
    Block,
    BlockRef,
    Coinbase,
    Header,
    NodeFacts,
    Notice,
    Output,
    Plan,
)
from monitor.model.estimates import (
    Change,
    Difference,
    Envelope,
    Estimate,
    Estimates,
    Likely,
    Trend,
)
from monitor.model.measures import (
    Concentration,
    Indices,
    Interval,
    Rate,
    Share,
    Window,
)
from monitor.model.names import (
    NO_BLOCK,
    PSEUDONYM,
    BlockHash,
    PoolSlug,
)
from monitor.model.signals import (
    EmptyBlocks,
    Following,
    Forecast,
    Luck,
    Period,
    Race,
    RaceRecord,
    Reward,
    Signalling,
    Signals,
    Spacing,
    Streak,
)
from monitor.model.snapshot import (
    Snapshot,
    Tally,
    Update,
)

__all__ = [
    "NO_BLOCK",
    "PSEUDONYM",
    "Attribution",
    "Block",
    "BlockHash",
    "BlockRecord",
    "BlockRef",
    "BlockRow",
    "Candidate",
    "Change",
    "Cluster",
    "Coinbase",
    "Concentration",
    "Difference",
    "EmptyBlocks",
    "Envelope",
    "Estimate",
    "Estimates",
    "Following",
    "Forecast",
    "Header",
    "Indices",
    "Interval",
    "Judged",
    "Likely",
    "Luck",
    "Method",
    "NodeFacts",
    "Notice",
    "Output",
    "Period",
    "Plan",
    "PoolSlug",
    "Race",
    "RaceRecord",
    "Rate",
    "Reward",
    "Share",
    "Signalling",
    "Signals",
    "Snapshot",
    "Spacing",
    "StaleRow",
    "Streak",
    "Tally",
    "Trend",
    "Update",
    "Window",
]
