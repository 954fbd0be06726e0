"""The values that cross a door between rooms: frozen, plain, without behaviour beyond reading themselves.

Conventions: hashes are hex in display order, money is satoshi, time is seconds (a block's is its header's), shares are
ratios in 0..1, and `None` means "there is no such number", never zero.
"""

from monitor.model.alerts import Alert, AlertState, Dispatch, Severity
from monitor.model.attribution import (
    Attribution,
    BlockRecord,
    BlockRow,
    Candidate,
    Cluster,
    Judged,
    Method,
    StaleRow,
    StoredBlock,
)
from monitor.model.chain import Block, BlockRef, Coinbase, Header, NodeFacts, Notice, Output, Plan
from monitor.model.coverage import Coverage
from monitor.model.estimates import (
    Change,
    ConfirmationRisk,
    CurrentShare,
    Difference,
    Envelope,
    Estimate,
    Estimates,
    Likely,
    Trend,
)
from monitor.model.history import Asked, Curve, Grid, Group, TimeSeries
from monitor.model.measures import Certainty, Concentration, Indices, Interval, Rate, Reach, Share, Window
from monitor.model.names import NO_BLOCK, PSEUDONYM, BlockHash, PoolSlug
from monitor.model.profile import PoolMembership, Profile
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
from monitor.model.snapshot import BlockEvents, Snapshot, Tally

__all__ = [
    "NO_BLOCK",
    "PSEUDONYM",
    "Alert",
    "AlertState",
    "Asked",
    "Attribution",
    "Block",
    "BlockEvents",
    "BlockHash",
    "BlockRecord",
    "BlockRef",
    "BlockRow",
    "Candidate",
    "Certainty",
    "Change",
    "Cluster",
    "Coinbase",
    "Concentration",
    "ConfirmationRisk",
    "Coverage",
    "CurrentShare",
    "Curve",
    "Difference",
    "Dispatch",
    "EmptyBlocks",
    "Envelope",
    "Estimate",
    "Estimates",
    "Following",
    "Forecast",
    "Grid",
    "Group",
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
    "PoolMembership",
    "PoolSlug",
    "Profile",
    "Race",
    "RaceRecord",
    "Rate",
    "Reach",
    "Reward",
    "Severity",
    "Share",
    "Signalling",
    "Signals",
    "Snapshot",
    "Spacing",
    "StaleRow",
    "StoredBlock",
    "Streak",
    "Tally",
    "TimeSeries",
    "Trend",
    "Window",
]
