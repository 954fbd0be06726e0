"""Health of the daemon."""

from __future__ import annotations

from monitor.outputs.schemas.base import Schema, field
from monitor.outputs.schemas.blocks import Tip


class Alive(Schema):
    """The process answers."""

    alive: bool = field("Always true", default=True)


class Coverage(Schema):
    """How much of the wanted history is stored."""

    first_height: int = field("The first stored block of the unbroken history up to the tip")
    wanted_height: int = field("Where the history should begin")
    missing_blocks: int = field("Blocks between the two", at="missing")
    ratio: float = field("Stored share of the wanted blocks, 0 to 1")
    by: str | None = field("The source of the backfill that runs; null: none runs")
    seconds_left: float | None = field("How long the backfill will take, as far as is known", default=None)
    reason: str | None = field("Why blocks are missing and no backfill runs, as far as is known")


class Node(Schema):
    """The node that blocks come from."""

    network: str = field("`main`, `testnet4`, `signet` or `regtest`")
    version: str = field("User agent of the node")
    pruned: bool = field("Whether it has deleted the oldest blocks")
    first_height: int = field("The lowest block that it has in full")
    rest: bool = field("Whether it serves REST")
    blockpart: bool = field("Whether it serves parts of blocks over REST")
    zmq: list[str] = field("Addresses of its ZMQ block notifications")


class Ready(Schema):
    """Whether the numbers are those of the node's newest block."""

    ready: bool = field("Whether they are")
    waiting: str | None = field("What the daemon waits for; null when ready")
    writer: bool = field("Whether this monitor writes the database; false while it follows another one that does")
    height: int | None = field("Height of the newest stored block; null before the first")
    first_height: int | None = field("Where the stored history begins")
    pruned: bool | None = field("Whether the node has deleted the oldest blocks; null until it answers")
    history: Coverage | None = field("How much of the wanted history is stored; null until that is known")


class Status(Ready):
    """State of the daemon."""

    version: str = field("Version of pool-monitor")
    tip: Tip | None = field("The newest stored block; null before the first")
    registry: str | None = field("Hash of the pool registry")
    windows: list[str] = field("The configured windows")
    node: Node | None = field("The node; null until it answers")
