"""What outputs receive: block events and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.model.attribution import BlockRow, Cluster, Confidence, Judged, Method
from monitor.model.chain import Plan
from monitor.model.estimates import Combined, Estimates
from monitor.model.measures import Concentration, Rate
from monitor.model.names import BlockHash, PoolSlug
from monitor.model.published import PublishedShare, for_window, published_shares
from monitor.model.signals import Signals


@dataclass(frozen=True, slots=True)
class Tally:
    """Event counts since the process started."""

    connected: Mapping[tuple[PoolSlug | None, Method | None], int] = field(default_factory=dict)
    conflicts: Mapping[PoolSlug, int] = field(default_factory=dict)
    stale: Mapping[PoolSlug | None, int] = field(default_factory=dict)
    reorgs: int = 0
    last_reorg_depth: int | None = None


@dataclass(frozen=True, slots=True)
class BlockEvents:
    """A stored step along the chain: disconnected blocks, and connected blocks with their attributions."""

    plan: Plan
    judged: tuple[Judged, ...]
    """The blocks of `plan.connects`, each with its attribution."""
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    """Display names of the pools."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All numbers at one tip."""

    tip: BlockRow
    tip_hash: BlockHash
    first_height: int
    """Height of the lowest stored block of the best chain."""
    caught_up: bool
    """Whether `tip` was the node's tip when the blocks were counted."""
    registry: str
    """Content hash of the pool registry."""
    concentration: tuple[Concentration, ...]
    """All levels, and within each all windows in the configured order."""
    tally: Tally
    """Counted since the process started."""
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    """Display names of the pools."""
    signals: Signals | None = None
    """None if they were not computed."""
    network_rate: Mapping[str, Rate | None] = field(default_factory=dict)
    """The network's hashrate, by window name; None if the window has too few blocks."""
    confidence: Mapping[str, Mapping[Confidence, int]] = field(default_factory=dict)
    """Blocks of each window, by its name, with an attribution of each confidence. Unattributed blocks have none."""
    estimates: Estimates | None = None
    """None if they were not computed."""
    unknown_miners: tuple[Cluster, ...] = ()
    """Unknown miners with a pseudonym, most blocks first."""

    def combined(self, one: Concentration) -> Combined | None:
        """The intervals to publish of a level and window; None as long as they are not estimated, or of one block."""
        return for_window(one, self.estimates.combined) if self.estimates else None

    def shares(self, one: Concentration) -> list[PublishedShare]:
        """The shares of a level and window, with the intervals to publish."""
        return published_shares(one, self.combined(one))
