"""What /metrics answers, in either format of Prometheus: the mining numbers encoded once for each snapshot.

They are nearly all of it. The daemon's own instruments move all the time and are few, so they are encoded anew, but not
for each of many who ask at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from monitor.hub import Hub
from monitor.outputs.metrics import SnapshotCollector
from monitor.vitals import Vitals

_FRESH_SECONDS = 0.1
"""How old the daemon's own numbers may be: nobody scrapes so often, unless to try how much it bears."""
_END = b"# EOF\n"
"""OpenMetrics ends so, and only once."""


@dataclass(slots=True)
class _Made:
    """What was encoded in one format."""

    of: tuple[object, object]
    """The snapshot and the alerts that it shows; held, so that nothing else can take their place in memory."""
    mining: bytes
    whole: bytes = b""
    at: float = 0.0


class Exposition:
    """Encodes what the hub knows, and the daemon's own instruments."""

    def __init__(self, hub: Hub, vitals: Vitals) -> None:
        self._hub = hub
        self._own = vitals.registry
        self._mining = CollectorRegistry()
        self._mining.register(SnapshotCollector(hub))
        self._made: dict[str, _Made] = {}

    def encode(self, accept: str) -> tuple[bytes, str]:
        """The answer and its content type, in the format that the header `Accept` asks for.

        The same object as long as it says the same.
        """
        encode, content_type = choose_encoder(accept)
        of = (self._hub.snapshot, self._hub.alerts)
        made = self._made.get(content_type)
        if made is None or made.of[0] is not of[0] or made.of[1] is not of[1]:
            made = self._made[content_type] = _Made(of, encode(self._mining).removesuffix(_END))
        if time.monotonic() - made.at > _FRESH_SECONDS:
            made.whole = made.mining + encode(self._own)
            made.at = time.monotonic()
        return made.whole, content_type
