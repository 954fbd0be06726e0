"""What the outputs receive: block events, and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.model.attribution import BlockRow, Cluster, Judged, Method
from monitor.model.chain import Plan
from monitor.model.estimates import Estimates
from monitor.model.measures import Concentration, Rate
from monitor.model.names import BlockHash, PoolSlug
from monitor.model.signals import Signals


@dataclass(frozen=True, slots=True)
class Tally:
    """What has been counted since the process started."""

    connected: Mapping[tuple[PoolSlug | None, Method | None], int] = field(default_factory=dict)
    conflicts: Mapping[PoolSlug, int] = field(default_factory=dict)
    stale: Mapping[PoolSlug | None, int] = field(default_factory=dict)
    reorgs: int = 0
    last_reorg_depth: int | None = None


@dataclass(frozen=True, slots=True)
class BlockEvents:
    """A stored step along the chain: the blocks that left, and the blocks that joined with their attributions."""

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
    """Where our history of the best chain begins."""
    caught_up: bool
    """Whether `tip` was the node's tip when the blocks were counted."""
    registry: str
    """Content hash of the pool registry."""
    concentration: tuple[Concentration, ...]
    """Every level, and within it every window, in the order configured."""
    network_hashrate: Mapping[str, float | None]
    """Hashes a second, by window name; None where a window is too short to tell."""
    tally: Tally
    """Counted since the process started."""
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    """What to call the pools."""
    signals: Signals | None = None
    """None where they were not asked for."""
    network_rate: Mapping[str, Rate | None] = field(default_factory=dict)
    """The same as `network_hashrate`, with how sure it is."""
    estimates: Estimates | None = None
    """None where they were not asked for."""
    strangers: tuple[Cluster, ...] = ()
    """Unknown miners with a pseudonym, most blocks first."""
