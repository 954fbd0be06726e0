"""What the answers hold, as types: /api/openapi.json is made of them, and a test holds real answers against it.

Every field is there in every answer; what does not exist is null. Fields may be added.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from monitor.model import Interval


class Alive(TypedDict):
    """The process answers."""

    alive: bool


class Coverage(TypedDict):
    """How far back history goes."""

    first_height: int
    wanted_height: int
    missing_blocks: int
    ratio: float
    by: str | None
    reason: str | None


class Ready(TypedDict):
    """Whether the numbers are those of the node's newest block."""

    ready: bool
    waiting: str | None
    height: int | None
    first_height: int | None
    pruned: bool | None
    history: Coverage | None


class Tip(TypedDict):
    """The newest block."""

    height: int
    hash: str
    time: str
    difficulty: float
    pool_slug: str | None
    pool_name: str | None


class Node(TypedDict):
    """What the node is."""

    network: str
    version: str
    pruned: bool
    first_height: int
    rest: bool
    blockpart: bool
    zmq: list[str]


class Status(Ready):
    """How the daemon is doing."""

    version: str
    tip: Tip | None
    registry: str | None
    windows: list[str]
    node: Node | None


class Hashrate(TypedDict):
    """Hashes a second."""

    value: float
    lower: float
    upper: float


class Share(TypedDict):
    """What one entity has of a window."""

    entity: str
    name: str
    blocks: int
    share: float
    lower: float
    upper: float
    above: dict[str, float]
    hashrate: Hashrate | None


class Covered(TypedDict):
    """Which blocks were counted."""

    level: str
    window: str
    blocks: int
    unknown: int
    alone: int


class WindowShares(Covered):
    """Who has how much of one window."""

    shares: list[Share]


class Shares(TypedDict):
    """Who mined how much."""

    tip: Tip
    windows: list[WindowShares]


class Indices(TypedDict):
    """The indices of one set of counts."""

    hhi: float
    hhi_unbiased: float | None
    nakamoto: int
    gini: float
    entropy_bits: float
    effective_entities: float
    theil: float
    top_share: dict[str, float]


class Likely(TypedDict):
    """The indices of the hashrate behind the blocks."""

    hhi: Interval
    nakamoto: Interval
    nakamoto_probability: dict[str, float]


class Envelope(TypedDict):
    """How far it depends on memberships of which nobody is sure."""

    open: list[str]
    hhi: dict[str, Interval]
    nakamoto: dict[str, Interval]
    shares: dict[str, Interval]


class Estimates(TypedDict):
    """How sure the indices are, and where they are going, as of a block."""

    height: int
    hash: str
    split: Likely | None
    merged: Likely | None
    trend: TrendOfWindow | None
    envelope: Envelope | None
    template_difference: DifferenceOfWindow | None


class TrendOfWindow(TypedDict):
    """Effective entities a year."""

    slope: float
    lower: float
    upper: float
    rising: float


class DifferenceOfWindow(TypedDict):
    """What it changes to ask who builds the blocks."""

    blocks: int
    ratio: float
    hhi: dict[str, float]
    nakamoto: dict[str, int]


class WindowConcentration(Covered):
    """How concentrated one window is."""

    split: Indices | None
    merged: Indices | None
    estimates: Estimates | None


class Concentration(TypedDict):
    """How concentrated mining is."""

    tip: Tip
    windows: list[WindowConcentration]


class ShareOfTime(TypedDict):
    """A share before or after a change."""

    blocks: int
    share: float
    lower: float
    upper: float


class Change(TypedDict):
    """One entity's share is no longer what it was."""

    level: str
    entity: str
    height: int
    time: str
    found_height: int
    before: ShareOfTime
    after: ShareOfTime


class Changes(TypedDict):
    """Whose share of the hashrate changed, and when."""

    tip: Tip
    changes: list[Change] | None


class Miner(TypedDict):
    """An unknown miner, under a pseudonym."""

    name: str
    blocks: int
    evidence: list[str]


class Unknown(TypedDict):
    """Unknown miners of whom only traces are known."""

    miners: list[Miner]


class Candidate(TypedDict):
    """A mark that was found in a coinbase."""

    pool_slug: str | None
    method: str
    evidence: str


class Output(TypedDict):
    """Where a coinbase pays."""

    value_sat: int
    script_hex: str


class Coinbase(TypedDict):
    """What the miner wrote."""

    script_hex: str
    outputs: list[Output]


class Block(TypedDict):
    """A block, who mined it, and how we know."""

    height: int
    hash: str
    parent: str
    time: str
    tx_count: int
    value_sat: int
    stale: bool
    pool_slug: str | None
    pool_name: str | None
    method: str | None
    evidence: str
    conflict: bool
    candidates: list[Candidate]
    miner: str | None
    registry: str
    coinbase: Coinbase


class Blocks(TypedDict):
    """Blocks, highest first."""

    blocks: list[Block]


class Alert(TypedDict):
    """An alert as it stands."""

    rule: str
    severity: str
    state: str
    since: str
    started: str | None
    summary: str
    explanation: str
    labels: dict[str, str]
    value: float | None
    height: int | None
    test: bool


class Alerts(TypedDict):
    """How the alerts stand."""

    alerts: list[Alert]


class Curve(TypedDict):
    """A number for each moment; null where there is none."""

    value: list[float | None]
    lower: list[float | None] | None
    upper: list[float | None] | None


TimeSeries = TypedDict(
    "TimeSeries",
    {
        "level": str,
        "metric": str,
        "window": str,
        "step": int,
        "from": int,
        "to": int,
        "times": list[int],
        "series": dict[str, Curve],
    },
)
"""How an index or the shares went."""


class Pools(TypedDict):
    """Every pool, largest first."""

    tip: Tip
    pools: list[dict[str, Any]]


class OnePool(TypedDict):
    """One pool with everything."""

    tip: Tip


class Document(TypedDict):
    """What is wrong with a question (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
