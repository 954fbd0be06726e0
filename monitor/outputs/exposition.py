"""The body of /metrics in both formats of Prometheus.

The mining numbers, nearly all of it, are encoded once for each snapshot: that takes 18 ms, which would delay blocks if
every scrape did it. The daemon's own instruments are few and change all the time: they are encoded at most ten times a
second.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from monitor.hub import Hub
from monitor.outputs.audit_metrics import AuditCollector
from monitor.outputs.builders_metrics import BuildersCollector
from monitor.outputs.economy_metrics import EconomyCollector
from monitor.outputs.metrics import FAMILIES, SnapshotCollector
from monitor.outputs.node_metrics import NodesCollector
from monitor.outputs.stratum_metrics import StratumCollector
from monitor.vitals import Vitals

_FRESH_SECONDS = 0.1
"""Maximum age of the daemon's own numbers."""
_END = b"# EOF\n"
"""The end of OpenMetrics, allowed once."""


@dataclass(slots=True)
class _Made:
    """The encoded numbers in one format."""

    of: tuple[object, ...]
    """The snapshot, the alerts, and the states of audit and builders that were encoded."""
    mining: bytes
    whole: bytes = b""
    at: float = 0.0


class Exposition:
    """Encodes the newest snapshot, and the daemon's own instruments.

    Args:
        hub: has the snapshot.
        vitals: the instruments.
        families: of metrics that are published besides those that always are.
    """

    def __init__(self, hub: Hub, vitals: Vitals, families: Collection[str] = FAMILIES.keys()) -> None:
        self._hub = hub
        self._own = vitals.registry
        self._own.register(NodesCollector(hub))
        self._own.register(EconomyCollector(hub))
        self._own.register(StratumCollector(hub))
        self._mining = CollectorRegistry()
        self._mining.register(SnapshotCollector(hub, families))
        self._mining.register(AuditCollector(hub))
        self._mining.register(BuildersCollector(hub))
        self._made: dict[str, _Made] = {}

    def encode(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type for this `Accept` header; the same object while it is unchanged."""
        encode, content_type = choose_encoder(accept)
        of = (self._hub.snapshot, self._hub.alerts, self._hub.audit, self._hub.builders)
        made = self._made.get(content_type)
        if made is None or any(old is not new for old, new in zip(made.of, of, strict=True)):
            made = self._made[content_type] = _Made(of, encode(self._mining).removesuffix(_END))
        if time.monotonic() - made.at > _FRESH_SECONDS:
            made.whole = made.mining + encode(self._own)
            made.at = time.monotonic()
        return made.whole, content_type
