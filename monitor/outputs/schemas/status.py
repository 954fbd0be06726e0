"""Health of the daemon."""

from __future__ import annotations

from monitor.outputs.schemas.base import Schema, at
from monitor.outputs.schemas.blocks import Tip


class Alive(Schema):
    """The process answers."""

    alive: bool = True
    """Always true."""


class Coverage(Schema):
    """How much of the wanted history is stored."""

    first_height: int
    """The first stored block of the unbroken history up to the tip."""
    wanted_height: int
    """Where the history should begin."""
    missing_blocks: int = at("missing")
    """Blocks between the two."""
    ratio: float
    """Stored share of the wanted blocks, 0 to 1."""
    by: str | None
    """The source of the backfill that runs; null: none runs."""
    reason: str | None
    """Why blocks are missing and no backfill runs, as far as is known."""


class Node(Schema):
    """The node that blocks come from."""

    network: str
    """`main`, `testnet4`, `signet` or `regtest`."""
    version: str
    """User agent of the node."""
    pruned: bool
    """Whether it has deleted the oldest blocks."""
    first_height: int
    """The lowest block that it has in full."""
    rest: bool
    """Whether it serves REST."""
    blockpart: bool
    """Whether it serves parts of blocks over REST."""
    zmq: list[str]
    """Addresses of its ZMQ block notifications."""


class Ready(Schema):
    """Whether the numbers are those of the node's newest block."""

    ready: bool
    """Whether they are."""
    waiting: str | None
    """What the daemon waits for; null when ready."""
    height: int | None
    """Height of the newest stored block; null before the first."""
    first_height: int | None
    """Where the stored history begins."""
    pruned: bool | None
    """Whether the node has deleted the oldest blocks; null until it answers."""
    history: Coverage | None
    """How much of the wanted history is stored; null until that is known."""


class Status(Ready):
    """State of the daemon."""

    version: str
    """Version of pool-monitor."""
    tip: Tip | None
    """The newest stored block; null before the first."""
    registry: str | None
    """Hash of the pool registry."""
    windows: list[str]
    """The configured windows."""
    node: Node | None
    """The node; null until it answers."""
