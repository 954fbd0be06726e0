"""Which layers of both economies stand beside each other, and why a side is empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.model import Layer


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer of the comparison: see `Comparison`. A side has a level or a layer, or a reason why it is empty."""

    key: str
    title: str
    mining_title: str
    ai_title: str
    level: str = ""
    layer: Layer | None = None
    mining_missing: str = ""
    ai_missing: str = ""


PAIRS: Final = (
    Pair(
        "designer",
        "Chip designer",
        mining_title="ASIC makers",
        ai_title="Chips by designer",
        layer=Layer.DESIGNER,
        mining_missing="no public source says which ASICs are running",
    ),
    Pair(
        "owner",
        "Owner of the machines",
        mining_title="Miners and hosting firms",
        ai_title="Chips by owner",
        layer=Layer.OWNERSHIP,
        mining_missing="only public companies report their hashrate, in filings and of no common date; the hashrate of "
        "public miners against that of pools is not measured",
    ),
    Pair(
        "coordinator",
        "Coordinator that chooses the work",
        mining_title="Template builders",
        ai_title="Routers, hosts, labs",
        level="template",
        ai_missing="no source has all of them: one router publishes its own traffic, and the compute "
        "of a few labs is estimated once a year",
    ),
    Pair(
        "flow",
        "Flow of output",
        mining_title="Blocks of 7 days by pool",
        ai_title="Tokens of 7 days by author of the model",
        level="pool",
        layer=Layer.USAGE,
    ),
    Pair(
        "weights",
        "Open weights",
        mining_title="None",
        ai_title="Downloads of 30 days by uploader",
        layer=Layer.OPEN_WEIGHTS,
        mining_missing="mining has nothing that corresponds to weights",
        ai_missing="no edition comes with the program, because no licence of its metadata is known; "
        'economy.update = "daily" or pool-monitor economy update fetches one',
    ),
    Pair(
        "country",
        "Country of registration",
        mining_title="Registered seat of the pool's operator",
        ai_title="Seats and sites",
        level="country",
        ai_missing="the public list of AI clusters covers 10 to 20 % of the compute and another part "
        "each year, and the seat of an author is not where the chips are",
    ),
    Pair(
        "origin",
        "Country of origin",
        mining_title="Country where the pool was founded",
        ai_title="None",
        level="origin",
        ai_missing="no source has it",
    ),
    Pair(
        "edge",
        "Edge and on-device",
        mining_title="Miners at home",
        ai_title="Inference on devices",
        mining_missing="they mine in pools, and no source counts them",
        ai_missing="no public source counts inference at the edge or on devices: shipments of devices, graphics cards "
        "of gamers and pulls of local models say nothing about use",
    ),
)
"""In the order in which they are shown."""
