"""The values that packages exchange: frozen, without behaviour beyond derived properties.

Conventions: hashes are hex in display order, money is in satoshi, times are Unix seconds (a block's time is that of its
header), shares are ratios in 0..1, and `None` means that there is no such number, never zero.
"""

from monitor.model.alerts import Alert, AlertState, Dispatch, Severity
from monitor.model.attribution import (
    Attribution,
    BlockFilter,
    BlockRecord,
    BlockRow,
    Candidate,
    Cluster,
    Confidence,
    Judged,
    Method,
    StaleRow,
    StoredBlock,
    StoredCoinbase,
)
from monitor.model.audit import (
    ADDED,
    AuditedTransaction,
    AuditRow,
    AuditView,
    BlockAudit,
    BlockTemplate,
    Disorder,
    PassedOver,
    PolicyChange,
    PoolAudit,
    Ratio,
    SanctionedCase,
    SanctionedSighting,
    StoredAudit,
    TemplateEntry,
    Trait,
    Verdict,
)
from monitor.model.chain import (
    BITCOIN,
    EMBEDDED_VERSION,
    RDTS,
    UNKNOWN_CHAIN,
    Block,
    BlockRef,
    ChainIdentity,
    Coinbase,
    CoinbaseSpend,
    Header,
    NodeFacts,
    Notice,
    Output,
    Plan,
)
from monitor.model.coverage import Coverage
from monitor.model.days import beginning, day_of
from monitor.model.economy import (
    HEADLINE_LEVEL,
    UNATTRIBUTED,
    Bounds,
    Claim,
    Comparison,
    Direction,
    EconomySource,
    EconomyView,
    Layer,
    LayerMeasure,
    LayerShare,
    MiningSide,
    Observation,
    SeriesPoint,
    Slope,
    SourceOrigin,
    SourceState,
    Vintage,
)
from monitor.model.estimates import (
    Change,
    Combined,
    ConfirmationRisk,
    CurrentShare,
    Difference,
    Envelope,
    Estimate,
    Estimates,
    IndexIntervals,
    Trend,
)
from monitor.model.evidence import (
    BuildersView,
    CustodyState,
    Evidence,
    EvidenceKind,
    PayoutStyle,
    Proposal,
    TracedReward,
)
from monitor.model.history import Curve, Grid, Group, Moment, SeriesQuery, TimeSeries
from monitor.model.journal import EntryKind, JournalEntry
from monitor.model.measures import (
    HHI_BANDS,
    Certainty,
    Concentration,
    Indices,
    Interval,
    Rate,
    Reach,
    Share,
    Window,
    default_window,
    market,
)
from monitor.model.names import NO_BLOCK, PREFIX, PSEUDONYM, BlockHash, PoolSlug
from monitor.model.nodes import (
    TREE_HEIGHTS,
    Branch,
    BranchBlock,
    ChainTip,
    HeaderFacts,
    NodeRole,
    NodeState,
    NodesView,
    Relation,
    Sighting,
    Split,
)
from monitor.model.profile import PoolMembership, Profile
from monitor.model.published import PublishedShare, for_window, published_shares
from monitor.model.signals import (
    SOON_SECONDS,
    Advantage,
    EmptyBlocks,
    Forecast,
    Luck,
    Period,
    Race,
    RaceRecord,
    Reward,
    Signalling,
    Signals,
    Spacing,
    StaleRate,
    Streak,
    SuccessionTest,
)
from monitor.model.snapshot import BlockEvents, Snapshot, Tally
from monitor.model.stratum import (
    EndpointState,
    FaultReport,
    JobFault,
    JobPosition,
    PoolPace,
    PoolPair,
    PoolTurn,
    PoolWork,
    SharedTemplates,
    StratumRound,
    StratumView,
    TemplateSimilarity,
)
